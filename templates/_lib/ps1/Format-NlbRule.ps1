function Format-NlbRule {
    param([object[]]$Rule)
    if (@($Rule).Count -eq 0) { return 'none' }
    @($Rule | ForEach-Object { '{0} {1}-{2} {3} {4}' -f $_.Protocol, $_.StartPort, $_.EndPort, $_.FilteringMode, $_.Affinity }) -join ', '
}
