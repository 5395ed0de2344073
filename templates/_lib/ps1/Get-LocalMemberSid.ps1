function Get-LocalMemberSid {
    # SIDs of the direct members of a local group; $null when there is no such group.
    param([string]$Group)
    $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('WinNT://{0}/{1},group' -f $env:COMPUTERNAME, $Group)
    try { $members = @($entry.psbase.Invoke('Members')) } catch { return }
    foreach ($member in $members) {
        $bytes = $member.GetType().InvokeMember('objectSid', [System.Reflection.BindingFlags]::GetProperty, $null, $member, $null)
        (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $bytes, 0).Value
    }
}
