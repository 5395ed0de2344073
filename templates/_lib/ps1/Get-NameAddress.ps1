function Get-NameAddress {
    # The IPv4 addresses that this computer finds for a name; nothing when it finds none.
    param([string]$Name)
    try { foreach ($a in [System.Net.Dns]::GetHostAddresses($Name)) { if ($a.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetwork) { [string]$a } } } catch { }
}
