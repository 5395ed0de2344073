function Get-DirectoryAccount {
    param([string]$Name, [string]$Server)
    $filter = '(sAMAccountName={0})' -f (ConvertTo-LdapValue $Name)
    $fields = @('DistinguishedName', 'ObjectClass', 'ObjectGUID', 'objectSid', 'userAccountControl', 'userPrincipalName', 'groupType', 'servicePrincipalName', 'description', 'member')
    Get-ADObject -Server $Server -LDAPFilter $filter -Properties $fields | Select-Object -Property $fields
}
