function Test-FullControl {
    param([string]$Dn, [string]$Sid, [string]$Server)
    $entry = Get-ObjectEntry -Dn $Dn -Server $Server
    $all = [int][System.DirectoryServices.ActiveDirectoryRights]::GenericAll
    $yes = $false
    foreach ($rule in $entry.psbase.ObjectSecurity.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])) {
        if ($rule.IdentityReference.Value -ne $Sid -or $rule.ObjectType -ne [Guid]::Empty -or ([int]$rule.ActiveDirectoryRights -band $all) -ne $all) { continue }
        if ($rule.AccessControlType -eq 'Deny') { return $false }
        if ($rule.PropagationFlags -ne 'InheritOnly') { $yes = $true }
    }
    $yes
}
