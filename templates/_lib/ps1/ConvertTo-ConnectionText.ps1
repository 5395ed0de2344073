function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
}
