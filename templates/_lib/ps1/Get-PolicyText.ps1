function Get-PolicyText {
    param([Guid]$Id, [string]$Domain, [string]$RegistryPath, [string]$Name)
    $setting = $null
    try {
        $setting = Get-GPRegistryValue -Guid $Id -Domain $Domain -Key $RegistryPath -ValueName $Name -ErrorAction Stop
    } catch {
        if (-not $_.FullyQualifiedErrorId.StartsWith('UnableToRetrievePolicyRegistryItem', [StringComparison]::Ordinal)) { throw }
    }
    if ($null -eq $setting) { return 'none' }
    if ($setting.PolicyState -ne 'Set') { return '{0}' -f $setting.PolicyState }
    '{0} {1}' -f $setting.Type, ([string]$setting.Value).TrimEnd([char]0)
}
