function Get-ChangeTime {
    # When the script of that result file, on this machine, began the run that changed something; nothing when it changed nothing
    # the last time, or never ran here.
    param([string]$Name)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $Name)
    if (-not [IO.File]::Exists($file)) { return }
    $record = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file))
    if ([string]$record.outcome -ne 'changed') { return }
    [DateTime]::Parse([string]$record.started, [Globalization.CultureInfo]::InvariantCulture, [Globalization.DateTimeStyles]::RoundtripKind).ToLocalTime()
}
