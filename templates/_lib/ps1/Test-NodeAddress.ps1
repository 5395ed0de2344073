function Test-NodeAddress {
    # Checks what DNS gives for a node's own name: its planned address and no other where the plan has one (other adapters
    # beside it with -More), and never the virtual address, which Windows may register like any address of the adapter.
    param([string]$Name, [string]$Address, [string]$Virtual, [bool]$More)
    $found = @(try { [System.Net.Dns]::GetHostAddresses($Name) | Where-Object { $_.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetwork } | ForEach-Object { [string]$_ } } catch { })
    $ok = $found.Count -gt 0 -and $found -notcontains $Virtual
    $expected = 'an address, and not the virtual one, {0}' -f $Virtual
    if ($Address) {
        $ok = $ok -and $found -contains $Address -and ($More -or $found.Count -eq 1)
        $expected = if ($More) { '{0} among them, and not the virtual address {1}' -f $Address, $Virtual } else { 'only {0}' -f $Address }
    }
    if (-not $ok) { $expected += '. Make the record of the node a static one, delete the others, and keep the adapter from registering itself' }
    Add-Check -Name ('{0} in DNS' -f $Name) -Ok $ok -Expected $expected -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' })
}
