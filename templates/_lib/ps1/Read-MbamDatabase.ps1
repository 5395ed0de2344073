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
    } catch {
        $cause = $_.Exception.GetBaseException()
        $answer.Error = $cause.Message
        # 18452, 18456: refused by the server, 4060: by the database.
        if ($cause -is [System.Data.SqlClient.SqlException] -and @(18452, 18456, 4060) -contains $cause.Number) {
            $answer.Error = '{0} (error {1}) The server answers and refuses the person who runs this, who has no login there or may not open the database. That says nothing about the account of the application pool: its own login is proved by the events 200 and 201 of MBAM-Web, once the portals are opened.' -f $cause.Message, $cause.Number
        }
    } finally { $client.Dispose() }
    New-Object PSObject -Property $answer
}
