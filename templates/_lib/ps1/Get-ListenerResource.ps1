function Get-ListenerResource {
    # Returns the name of the network name resource of a listener: the one resource of the group whose DnsName it is.
    param([string]$Group, [string]$Listener)
    $found = @()
    foreach ($r in @(Get-ClusterGroup -Name $Group | Get-ClusterResource)) {
        $dns = @(Get-ClusterParameter -InputObject $r | Where-Object { $_.Name -eq 'DnsName' })
        if ($dns.Count -eq 1 -and [string]$dns[0].Value -eq $Listener) { $found += [string]$r.Name }
    }
    if ($found.Count -ne 1) { Stop-Step 3 ('The cluster group {0} has {1} network names with the DNS name {2}; exactly one is expected. Nothing was changed.' -f $Group, $found.Count, $Listener) }
    $found[0]
}
