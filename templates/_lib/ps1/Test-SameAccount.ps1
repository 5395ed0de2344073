function Test-SameAccount {
    param([string]$One, [string]$Other)
    if ($One -eq $Other) { return $true }
    if (-not $One -or -not $Other) { return $false }
    (ConvertTo-AccountSid $One) -eq (ConvertTo-AccountSid $Other)
}
