function Start-SqlAgent {
    # Starts SQL Server Agent when a restart of the engine has stopped it. Its callers ask ShouldProcess. On a failover cluster
    # instance the cluster starts it, so that it is named only. A failure is reported and does not hide that of the caller.
    param([string]$Service, [bool]$Clustered)
    if (@(Get-Service | Where-Object { $_.Name -eq $Service -and [string]$_.Status -eq 'Running' }).Count -gt 0) { return }
    if ($Clustered) { Add-Info -Name 'SQL Server Agent' -Text 'stopped by the restart: bring its resource online in Failover Cluster Manager'; return }
    try { Start-Service -Name $Service } catch { Add-Info -Name 'SQL Server Agent' -Text ('ran before and does not start, start it by hand: {0}' -f $_.Exception.Message) }
}
