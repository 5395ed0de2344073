function Get-AccountGroupSid {
    # SIDs of the domain groups that hold the account, nested ones too. Groups of the domain controller itself (S-1-5-32-)
    # say nothing about this server and are left out.
    param([string]$Sid)
    try {
        $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://<SID={0}>' -f $Sid)
        $entry.RefreshCache(@('tokenGroups'))
        foreach ($bytes in $entry.Properties['tokenGroups']) {
            $group = (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $bytes, 0).Value
            if (-not $group.StartsWith('S-1-5-32-')) { $group }
        }
    } catch { Add-Info -Name 'Groups of the account' -Text ('not read from the directory, so only the account itself and IIS_IUSRS count: {0}' -f $_.Exception.Message) | Out-Null }
}
