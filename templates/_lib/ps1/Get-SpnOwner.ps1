function Get-SpnOwner {
    param([string]$Spn, [string[]]$Server)
    $filter = '(servicePrincipalName={0})' -f (ConvertTo-LdapValue $Spn)
    $owners = @()
    foreach ($s in $Server) {
        $found = if ($s.EndsWith(':3268')) { @(Get-ADObject -Server $s -SearchBase '' -LDAPFilter $filter) } else { @(Get-ADObject -Server $s -LDAPFilter $filter) }
        foreach ($o in @($found)) { if ($owners -notcontains [string]$o.DistinguishedName) { $owners += [string]$o.DistinguishedName } }
    }
    $owners
}
