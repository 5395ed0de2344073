function Get-InstallChange {
    param([string]$Name)
    $file = Join-Path $WorkDir ('{0}.result.json' -f $Name)
    if (-not [IO.File]::Exists($file)) { Stop-Step 2 ('There is no record of the install: {0} is missing. Without the record nothing is taken back. Run this script where the install ran, with the same -WorkDir. Nothing was changed.' -f $file) }
    $record = $null
    try { $record = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file)) } catch { Stop-Step 2 ('The record of the install cannot be read: {0}. Without the record nothing is taken back. Nothing was changed.' -f $file) }
    if ($null -eq $record -or $null -eq $record.PSObject.Properties['step'] -or $record.step -ne $StepName -or $null -eq $record.PSObject.Properties['changed']) { Stop-Step 2 ('{0} is not the record of an install of {1}. Without the record nothing is taken back. Nothing was changed.' -f $file, $StepName) }
    foreach ($change in @($record.changed)) { if ($change) { [string]$change } }
}
