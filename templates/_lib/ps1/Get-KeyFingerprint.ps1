function Get-KeyFingerprint {
    # HMAC-SHA256 of the values under the compare key, as mbamplan computes it for the farm's own machine key.
    param([string[]]$Value, [byte[]]$Key)
    $hmac = New-Object System.Security.Cryptography.HMACSHA256 -ArgumentList @(, $Key)
    try { [BitConverter]::ToString($hmac.ComputeHash([Text.Encoding]::UTF8.GetBytes(($Value -join '|').ToUpperInvariant()))).Replace('-', '') } finally { $hmac.Dispose() }
}
