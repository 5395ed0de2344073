function Read-MbamDatabase {
    # Opens the connection string as the person who runs the script and reads who answered. Error is '' when it worked.
    param([string]$Connection)
    $answer = @{ Error = ''; Server = ''; Database = ''; Collation = ''; Updateability = ''; Scheme = ''; Transport = '' }
    $client = New-Object System.Data.SqlClient.SqlConnection
    try {
        $client.ConnectionString = $Connection
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandTimeout = 30
        $command.CommandText = 'SELECT CONVERT(nvarchar(128), @@SERVERNAME), DB_NAME(), CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), ''Collation'')), CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), ''Updateability'')), CONVERT(nvarchar(40), CONNECTIONPROPERTY(''auth_scheme'')), CONVERT(nvarchar(40), CONNECTIONPROPERTY(''net_transport''))'
        $reader = $command.ExecuteReader()
        [void]$reader.Read()
        $answer.Server = [string]$reader.GetValue(0)
        $answer.Database = [string]$reader.GetValue(1)
        $answer.Collation = [string]$reader.GetValue(2)
        $answer.Updateability = [string]$reader.GetValue(3)
        $answer.Scheme = [string]$reader.GetValue(4)
        $answer.Transport = [string]$reader.GetValue(5)
        $reader.Close()
    } catch { $answer.Error = $_.Exception.GetBaseException().Message } finally { $client.Dispose() }
    New-Object PSObject -Property $answer
}
