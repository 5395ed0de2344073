function Get-NlbAdapterFault {
    # What keeps a network adapter of this server from being balanced; nothing when it is fine.
    param([string]$Name)
    $all = @([System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces())
    $found = @($all | Where-Object { $_.Name -eq $Name })
    if ($found.Count -ne 1) { return ('there is no adapter "{0}" here, but {1}; name the right one as interface in the topology' -f $Name, (@($all | ForEach-Object { '"{0}"' -f $_.Name }) -join ', ')) }
    if ([string]$found[0].OperationalStatus -ne 'Up') { return ('the adapter "{0}" is {1}' -f $Name, $found[0].OperationalStatus) }
    if ($found[0].GetIPProperties().GetIPv4Properties().IsDhcpEnabled) { return ('the adapter "{0}" gets its address by DHCP; NLB needs a static one' -f $Name) }
}
