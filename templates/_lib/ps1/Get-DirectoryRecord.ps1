function Get-DirectoryRecord {
    # What the directory shows anybody of an account: Class ('' = no such account), Flags (userAccountControl; -1 = hidden from you), Upn.
    param([string]$Account, [string]$Domain)
    $answer = @{ Class = ''; Flags = -1; Upn = '' }
    $sid = ConvertTo-AccountSid $Account
    if ($sid.StartsWith('S-1-')) {
        $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://{0}/<SID={1}>' -f $Domain, $sid)
        try {
            $entry.RefreshCache(@('objectClass', 'userAccountControl', 'userPrincipalName'))
            $classes = @($entry.psbase.Properties['objectClass'] | ForEach-Object { [string]$_ })
            if ($classes.Count -gt 0) { $answer.Class = $classes[-1] }
            if ($entry.psbase.Properties['userAccountControl'].Count -gt 0) { $answer.Flags = [int]$entry.psbase.Properties['userAccountControl'].Value }
            $answer.Upn = [string]$entry.psbase.Properties['userPrincipalName'].Value
        } finally { $entry.psbase.Dispose() }
    }
    New-Object PSObject -Property $answer
}
