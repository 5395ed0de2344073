function Add-Check {
    param([string]$Name, [bool]$Ok, [string]$Expected, [string]$Actual)
    $script:Result.checks += , ([ordered]@{ name = $Name; ok = $Ok; expected = $Expected; actual = $Actual })
    if ($Ok) { '[ok]   {0}: {1}' -f $Name, $Actual } else { '[FAIL] {0}: expected {1}, found {2}' -f $Name, $Expected, $Actual }
}
