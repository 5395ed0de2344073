function Get-SourceAddress {
    # The address from which this server would send to a target. The connect of a datagram socket asks the routing table only: no
    # packet is sent, and no firewall is in the way.
    param([string]$Server)
    $client = New-Object System.Net.Sockets.UdpClient ([System.Net.Sockets.AddressFamily]::InterNetwork)
    try {
        $client.Connect($Server, 1433)
        [string]$client.Client.LocalEndPoint.Address
    } catch { 'not known: {0}' -f $_.Exception.GetBaseException().Message } finally { $client.Close() }
}
