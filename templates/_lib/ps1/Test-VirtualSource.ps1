function Test-VirtualSource {
    # May Windows send from an address; -Computer names another node, '' is this server. What cannot be read is told and taken for no: the
    # verify reads which address is used.
    param([string]$Address, [string]$InterfaceName, [string]$Computer = '')
    $found = @()
    try {
        $found = @(if ($Computer) { Get-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName -CimSession $Computer } else { Get-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName })
    } catch { Add-Info -Name ('source address {0}' -f $Computer).Trim() -Text ('whether Windows sends from {0} cannot be read: {1}' -f $Address, $_.Exception.Message) | Out-Null }
    @($found | Where-Object { -not $_.SkipAsSource }).Count -gt 0
}
