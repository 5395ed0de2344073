function Test-NlbRule {
    # Is a port rule the planned one: TCP, one port, all hosts, affinity Single.
    param([object]$Rule, [int]$Port)
    [int]$Rule.StartPort -eq $Port -and [int]$Rule.EndPort -eq $Port -and [string]$Rule.Protocol -eq 'Tcp' -and [string]$Rule.FilteringMode -eq 'Multiple' -and [string]$Rule.Affinity -eq 'Single'
}
