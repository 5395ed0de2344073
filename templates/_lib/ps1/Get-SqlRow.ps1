function Get-SqlRow {
    # Runs a query as the person who runs the script; one object a row, every column as text. Values go in as parameters.
    param([string]$Connection, [string]$Query, [hashtable]$Value = @{})
    $client = New-Object System.Data.SqlClient.SqlConnection -ArgumentList $Connection
    try {
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandText = $Query
        $command.CommandTimeout = 60
        foreach ($name in @($Value.Keys)) { [void]$command.Parameters.AddWithValue($name, [string]$Value[$name]) }
        $reader = $command.ExecuteReader()
        try {
            while ($reader.Read()) {
                $row = @{}
                for ($i = 0; $i -lt $reader.FieldCount; $i++) { $row[$reader.GetName($i)] = [string]$reader.GetValue($i) }
                New-Object PSObject -Property $row
            }
        } finally { $reader.Dispose() }
    } finally { $client.Dispose() }
}
