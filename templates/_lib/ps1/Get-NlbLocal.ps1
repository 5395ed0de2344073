function Get-NlbLocal {
    # The NLB cluster that this server belongs to, from its own driver: Name, Address, Mask, Mode, Mac, and the server's Status in it.
    # Nothing while it belongs to none: the namespace or its classes are missing, or no setting has an address. Any other fault
    # is no answer, and taken for "none" it would let a rollback remove the feature under a running cluster.
    $settings = @()
    $nodes = @()
    try {
        $settings = @(Get-CimInstance -Namespace 'root/MicrosoftNLB' -ClassName 'MicrosoftNLB_ClusterSetting' | Where-Object { [string]$_.ClusterIPAddress -and -not ([string]$_.ClusterIPAddress).StartsWith('0.') })
        if ($settings.Count -gt 0) { $nodes = @(Get-CimInstance -Namespace 'root/MicrosoftNLB' -ClassName 'MicrosoftNLB_Node' | Where-Object { $_.StatusCode -ne 0 }) }
    } catch {
        $id = [string]$_.FullyQualifiedErrorId
        # WBEM_E_INVALID_NAMESPACE and WBEM_E_INVALID_CLASS.
        $absent = $id.StartsWith('HRESULT 0x8004100e', [StringComparison]::OrdinalIgnoreCase) -or $id.StartsWith('HRESULT 0x80041010', [StringComparison]::OrdinalIgnoreCase)
        if (-not $absent) { Stop-Step 2 ('Windows does not say whether this server belongs to an NLB cluster: {0} ({1}). Look at it in Network Load Balancing Manager, mend the WMI namespace root/MicrosoftNLB, and start this script again.' -f $_.Exception.Message, $id) }
    }
    $names = @{ 1005 = 'Stopped'; 1006 = 'Converging'; 1007 = 'Converged'; 1008 = 'Converged'; 1009 = 'Draining'; 1013 = 'Suspended' }
    foreach ($s in $settings) {
        $mode = if ($s.IGMPSupport) { 'IgmpMulticast' } elseif ($s.MulticastSupportEnabled) { 'Multicast' } else { 'Unicast' }
        $status = 'unknown'
        if ($nodes.Count -gt 0) { $status = if ($names.ContainsKey([int]$nodes[0].StatusCode)) { $names[[int]$nodes[0].StatusCode] } else { 'code {0}' -f $nodes[0].StatusCode } }
        New-Object PSObject -Property @{ Name = [string]$s.ClusterName; Address = [string]$s.ClusterIPAddress; Mask = [string]$s.ClusterNetworkMask; Mode = $mode; Mac = ([string]$s.ClusterMACAddress).ToUpperInvariant().Replace(':', '-'); Status = $status }
    }
}
