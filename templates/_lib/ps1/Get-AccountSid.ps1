function Get-AccountSid {
    param([string]$Account)
    try { (New-Object System.Security.Principal.NTAccount $Account).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { Stop-Step 2 ('The account {0} is not found in the directory. Nothing was changed.' -f $Account) }
}
