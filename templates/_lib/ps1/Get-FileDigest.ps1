function Get-FileDigest {
    # SHA-256 of a file in hex, '' when there is none.
    param([string]$Path)
    if (-not $Path -or -not [IO.File]::Exists($Path)) { return '' }
    $sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    try { [BitConverter]::ToString($sha.ComputeHash([IO.File]::ReadAllBytes($Path))).Replace('-', '') } finally { $sha.Dispose() }
}
