function Get-FirewallRule {
    # Rules of the Windows Firewall API, the same on every version: direction 1 is inbound, action 1 allows and 0 blocks,
    # protocol 6 is TCP and 256 every protocol.
    foreach ($r in (New-Object -ComObject HNetCfg.FwPolicy2).Rules) {
        if ($r.Direction -eq 1 -and ($r.Protocol -eq 6 -or $r.Protocol -eq 256)) { New-Object PSObject -Property @{ Name = [string]$r.Name; Allow = ($r.Action -eq 1); Enabled = [bool]$r.Enabled; Program = [string]$r.ApplicationName; Service = [string]$r.ServiceName; Ports = @(([string]$r.LocalPorts).Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ }) } }
    }
}
