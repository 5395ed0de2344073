function Get-ListenerParameter {
    # Returns RegisterAllProvidersIP and HostRecordTTL of a network name resource as text, by name.
    param([string]$Resource)
    $values = @{ RegisterAllProvidersIP = ''; HostRecordTTL = '' }
    foreach ($p in @(Get-ClusterResource -Name $Resource | Get-ClusterParameter)) { if ($values.ContainsKey($p.Name)) { $values[$p.Name] = [string]$p.Value } }
    $values
}
