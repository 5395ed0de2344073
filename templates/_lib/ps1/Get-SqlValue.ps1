function Get-SqlValue {
    param([string]$Connection, [string]$Query)
    $client = New-Object System.Data.SqlClient.SqlConnection $Connection
    try {
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandText = $Query
        $value = $command.ExecuteScalar()
        if ($null -ne $value -and $value -isnot [DBNull]) { $value }
    } finally { $client.Dispose() }
}
