function Add-Finding {
    # One judged check of a preflight. A difference fails the preflight; with -Note it is told and fails nothing. -Remedy says
    # what to do or whom to ask.
    param([string]$Name, [string]$About = '', [bool]$Ok, [string]$Expected, [string]$Actual, [string]$Remedy = '', [switch]$Note)
    $full = if ($About) { '{0}: {1}' -f $Name, $About } else { $Name }
    $row = [ordered]@{ name = $full; ok = $Ok; expected = $Expected; actual = $Actual }
    if ($Ok) {
        $script:Result.checks += , $row
        '[ok]   {0}: {1}' -f $full, $Actual
        return
    }
    if ($Remedy) { $row.remedy = $Remedy }
    if ($Note) { $script:Result.notes += , $row } else { $script:Result.checks += , $row }
    '{0} {1}: expected {2}, found {3}' -f $(if ($Note) { '[note]' } else { '[FAIL]' }), $full, $Expected, $Actual
    if ($Remedy) { '       {0}' -f $Remedy }
}
