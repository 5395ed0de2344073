function Get-NlbMember {
    # The nodes of the cluster on an adapter of this server: Name without its domain, State, Priority, Interface.
    param([string]$InterfaceName)
    foreach ($n in @(Get-NlbClusterNode -HostName '.' -InterfaceName $InterfaceName)) {
        New-Object PSObject -Property @{ Name = ([string]$n.Name).Split('.')[0]; State = [string]$n.State; Priority = [int]$n.HostPriority; Interface = [string]$n.InterfaceName }
    }
}
