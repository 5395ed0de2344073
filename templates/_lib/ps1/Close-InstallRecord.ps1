function Close-InstallRecord {
    param([string]$Name)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $Name)
    if ([IO.File]::Exists($file)) { [IO.File]::Move($file, ('{0}.{1}.rolled-back.json' -f $file, [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) }
}
