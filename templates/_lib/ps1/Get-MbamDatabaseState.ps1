function Get-MbamDatabaseState {
    # Asks an instance, in master, for one database: Server, Collation, State ('' = not there), Schema ('' = not MBAM's).
    # MBAM's is a database with the schema, or with the procedure GetVersion that the web features call.
    param([string]$Connection, [string]$Name, [string]$Schema)
    $rows = @()
    try {
        $rows = @(Get-SqlRow -Connection $Connection -Value @{ '@name' = $Name } -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [Server], CONVERT(nvarchar(128), SERVERPROPERTY(N''Collation'')) AS [Collation], (SELECT d.state_desc FROM sys.databases AS d WHERE d.name = @name) AS [State], N'''' AS [Schema]')
        if ($rows[0].State -eq 'ONLINE') {
            $found = @(Get-SqlRow -Connection $Connection -Value @{ '@name' = $Name; '@schema' = $Schema } -Query 'DECLARE @q nvarchar(max); SET @q = N''SELECT name FROM '' + QUOTENAME(@name) + N''.sys.schemas WHERE name = @schema UNION SELECT @schema FROM '' + QUOTENAME(@name) + N''.sys.procedures WHERE name = N''''GetVersion'''';''; EXEC sys.sp_executesql @q, N''@schema sysname'', @schema = @schema;')
            if ($found.Count -gt 0) { $rows[0].Schema = $found[0].name }
        }
    } catch { Stop-Step 3 ('The instance cannot be asked for the database {0}: {1} Nothing was changed by that.' -f $Name, $_.Exception.GetBaseException().Message) }
    $rows[0]
}
