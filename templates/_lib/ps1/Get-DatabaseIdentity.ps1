function Get-DatabaseIdentity {
    # Opens a connection string as the person who runs the script: Error ('' when it worked), Server, Name, Update
    # (READ_WRITE or READ_ONLY), and Id, which the database and its copies have in common.
    param([string]$Connection)
    $answer = @{ Error = ''; Server = ''; Name = ''; Update = ''; Id = '' }
    try {
        $row = @(Get-SqlRow -Connection $Connection -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [server], name AS [name], CONVERT(nvarchar(60), DATABASEPROPERTYEX(name, N''Updateability'')) AS [update], CONVERT(nvarchar(36), service_broker_guid) AS [id] FROM sys.databases WHERE database_id = DB_ID()')[0]
        $answer.Server = $row.server
        $answer.Name = $row.name
        $answer.Update = $row.update
        $answer.Id = $row.id
    } catch { $answer.Error = $_.Exception.GetBaseException().Message }
    New-Object PSObject -Property $answer
}
