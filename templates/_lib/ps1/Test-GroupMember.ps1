function Test-GroupMember {
    param([string]$Group, [string]$Member, [string]$Server)
    $filter = '(&(distinguishedName={0})(member:1.2.840.113556.1.4.1941:={1}))' -f (ConvertTo-LdapValue $Group), (ConvertTo-LdapValue $Member)
    @(Get-ADObject -Server $Server -LDAPFilter $filter).Count -gt 0
}
