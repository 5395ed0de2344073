function Get-NlbLocal {
    # The NLB cluster that this server belongs to, from its own driver: Name, Address, Mask, Mode, and the server's Status in it.
    # Nothing while it belongs to none; the classes are missing while the feature is.
    $settings = @()
    $nodes = @()
    try {
        $settings = @(Get-CimInstance -Namespace 'root/MicrosoftNLB' -ClassName 'MicrosoftNLB_ClusterSetting')
        $nodes = @(Get-CimInstance -Namespace 'root/MicrosoftNLB' -ClassName 'MicrosoftNLB_Node' | Where-Object { $_.StatusCode -ne 0 })
    } catch { $settings = @() }
    $names = @{ 1005 = 'Stopped'; 1006 = 'Converging'; 1007 = 'Converged'; 1008 = 'Converged'; 1009 = 'Draining'; 1013 = 'Suspended' }
    foreach ($s in $settings) {
        if (-not [string]$s.ClusterIPAddress -or ([string]$s.ClusterIPAddress).StartsWith('0.')) { continue }
        $mode = if ($s.IGMPSupport) { 'IgmpMulticast' } elseif ($s.MulticastSupportEnabled) { 'Multicast' } else { 'Unicast' }
        $status = 'unknown'
        if ($nodes.Count -gt 0) { $status = if ($names.ContainsKey([int]$nodes[0].StatusCode)) { $names[[int]$nodes[0].StatusCode] } else { 'code {0}' -f $nodes[0].StatusCode } }
        New-Object PSObject -Property @{ Name = [string]$s.ClusterName; Address = [string]$s.ClusterIPAddress; Mask = [string]$s.ClusterNetworkMask; Mode = $mode; Status = $status }
    }
}
