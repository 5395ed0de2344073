function Restart-ListenerResource {
    # Takes the network name and, with it, the group's own resource offline; starts both and waits for a minute after that.
    param([string]$Group, [string]$Resource)
    $problem = ''
    try { Stop-ClusterResource -Name $Resource -Wait 120 | Out-Null } catch { $problem = $_.Exception.Message }
    try { Start-ClusterResource -Name $Group -Wait 120 | Out-Null } catch { $problem = $_.Exception.Message }
    $states = @()
    for ($i = 0; $i -lt 30; $i++) {
        $states = @([string](Get-ClusterResource -Name $Resource).State, [string](Get-ClusterResource -Name $Group).State)
        if (@($states | Where-Object { $_ -ne 'Online' }).Count -eq 0) { break }
        Start-Sleep -Seconds 2
    }
    if (@($states | Where-Object { $_ -ne 'Online' }).Count -gt 0) { Stop-Step 4 ('{0} is {1} and {2} is {3}: THE DATABASES ARE NOT REACHABLE. Run Start-ClusterResource for {2}, then look into the cluster log. {4}' -f $Resource, $states[0], $Group, $states[1], $problem) }
    if ($problem -ne '') { Stop-Step 4 ('{0} is online, but could not be taken offline and online without an error, so the new values may not be in force: {1}' -f $Resource, $problem) }
    Update-ClusterNetworkNameResource -Name $Resource | Out-Null
}
