function Read-CompareKey {
    param([string]$Path)
    if (-not [IO.File]::Exists($Path)) { Stop-Step 2 ('The compare key is not there: {0}. web/remove-secrets deletes it at the end. To compare again, render with the same secrets file, copy that one file beside this script, and delete it afterwards.' -f $Path) }
    $hex = [IO.File]::ReadAllText($Path).Trim()
    if ($hex -cnotmatch '\A[0-9A-F]{64}\z') { Stop-Step 2 ('{0} does not hold 64 upper-case hex digits. A tree rendered with --redact has a placeholder there: render without it.' -f $Path) }
    $bytes = New-Object byte[] 32
    for ($i = 0; $i -lt 32; $i++) { $bytes[$i] = [Convert]::ToByte($hex.Substring(2 * $i, 2), 16) }
    , $bytes
}
