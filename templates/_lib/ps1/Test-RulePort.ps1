function Test-RulePort {
    # Does a rule of Get-FirewallRule reach the TCP port of a site? Ports are numbers, ranges ("8000-8999") or "*"; none means
    # every port. Sites are served by the process System, so a rule for another program or for one service does not count.
    param($Rule, [int]$Port)
    if (($Rule.Program -ne '' -and $Rule.Program -ne 'System') -or $Rule.Service -ne '') { return $false }
    if (@($Rule.Ports).Count -eq 0) { return $true }
    foreach ($p in @($Rule.Ports)) {
        if ($p -eq '*') { return $true }
        if ($p -cmatch '\A[0-9]{1,5}-[0-9]{1,5}\z') {
            $ends = @($p.Split('-') | ForEach-Object { [int]$_ })
            if ($Port -ge $ends[0] -and $Port -le $ends[1]) { return $true }
        } elseif ($p -eq [string]$Port) { return $true }
    }
    $false
}
