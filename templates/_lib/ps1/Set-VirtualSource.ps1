function Set-VirtualSource {
    # Keeps Windows from sending from a virtual address; -Computer names another node, '' is this server. Its callers ask ShouldProcess.
    # A failure is reported and does not stop: the verify reads which address is used.
    param([string]$Address, [string]$InterfaceName, [string]$Computer = '')
    try {
        if ($Computer) { Set-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName -SkipAsSource $true -CimSession $Computer } else { Set-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName -SkipAsSource $true }
    } catch { Add-Info -Name ('source address {0}' -f $Computer).Trim() -Text ('{0} could not be kept from being a source address, run Set-NetIPAddress -SkipAsSource $true on that node: {1}' -f $Address, $_.Exception.Message) }
}
