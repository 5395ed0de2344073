function Get-PortRule {
    param([string]$Name)
    $rule = Get-NetFirewallRule -Name $Name -PolicyStore PersistentStore
    $port = Get-NetFirewallPortFilter -AssociatedNetFirewallRule $rule
    [string[]]$remote = @((Get-NetFirewallAddressFilter -AssociatedNetFirewallRule $rule).RemoteAddress | ForEach-Object { [string]$_ })
    [Array]::Sort($remote, [StringComparer]::Ordinal)
    '{0} {1} {2} {3} {4} {5}' -f $rule.Enabled, $rule.Direction, $rule.Action, $port.Protocol, (@($port.LocalPort) -join ','), ($remote -join ',')
}
