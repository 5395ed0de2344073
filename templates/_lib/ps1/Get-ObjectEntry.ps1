function Get-ObjectEntry {
    param([string]$Dn, [string]$Server)
    $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://{0}/{1}' -f $Server, $Dn.Replace('/', '\/'))
    $entry.psbase.Options.SecurityMasks = [System.DirectoryServices.SecurityMasks]::Dacl
    $entry
}
