function Get-DatabaseUser {
    # The roles of an account's user in a database, by SID: '' when it has no user, 'no role' when the user is in none.
    param([string]$Connection, [string]$Name, [string]$Account)
    $rows = @()
    try {
        $rows = @(Get-SqlRow -Connection $Connection -Value @{ '@name' = $Name; '@account' = $Account } -Query 'DECLARE @q nvarchar(max), @db nvarchar(300); SET @db = QUOTENAME(@name); SET @q = N''SELECT ISNULL(r.name, N''''no role'''') AS [Role] FROM '' + @db + N''.sys.database_principals AS u LEFT JOIN '' + @db + N''.sys.database_role_members AS m ON m.member_principal_id = u.principal_id LEFT JOIN '' + @db + N''.sys.database_principals AS r ON r.principal_id = m.role_principal_id WHERE u.sid = SUSER_SID(@account) ORDER BY 1;''; EXEC sys.sp_executesql @q, N''@account sysname'', @account = @account;')
    } catch { Stop-Step 3 ('The users of the database {0} cannot be read: {1} Nothing was changed by that.' -f $Name, $_.Exception.GetBaseException().Message) }
    @($rows | ForEach-Object { $_.Role }) -join ', '
}
