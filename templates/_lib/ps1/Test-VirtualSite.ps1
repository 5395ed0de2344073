function Test-VirtualSite {
    # Checks a balanced site from a client's place: the name in DNS, the answer through the virtual address, whose certificate must be
    # a node's own, and the answer of each node behind it.
    param([string]$HostName, [string]$Address, [string[]]$Node, [int]$Port, [string]$Path, [int[]]$Alive, [bool]$Tls, [string[]]$Thumbprint)
    $found = @(try { [System.Net.Dns]::GetHostAddresses($HostName) | ForEach-Object { [string]$_ } } catch { })
    Add-Check -Name ('{0} in DNS' -f $HostName) -Ok ($found.Count -eq 1 -and $found[0] -eq $Address) -Expected $Address -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' })
    foreach ($place in @(@($Address) + $Node)) {
        $answer = Get-SiteAnswer -Address $place -Port $Port -HostName $HostName -Path $Path -Tls $Tls
        Add-Check -Name ('Answer of {0}' -f $place) -Ok ($Alive -contains $answer.Status) -Expected ('status {0}' -f ($Alive -join ', ')) -Actual $answer.Text
        if (-not $Tls -or -not $answer.Thumbprint) { continue }
        if ($Thumbprint.Count -gt 0) { Add-Check -Name ('Certificate of {0}' -f $place) -Ok ($Thumbprint -contains $answer.Thumbprint) -Expected ($Thumbprint -join ', ') -Actual $answer.Thumbprint }
        else { Add-Info -Name ('Certificate of {0}' -f $place) -Text $answer.Thumbprint }
    }
}
