function Get-ConnectionExtra {
    # Keywords that the old connection string sets and the new one does not, but for those that say where the database is.
    param([string]$Old, [string]$New)
    $from = New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Old
    $to = New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $New
    foreach ($word in @($from.get_Keys())) {
        if (@('Data Source', 'Failover Partner', 'Initial Catalog', 'Integrated Security', 'Password') -contains $word) { continue }
        if ($from.ShouldSerialize($word) -and -not $to.ShouldSerialize($word)) { '{0}={1}' -f $word, $from[$word] }
    }
}
