function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
}
