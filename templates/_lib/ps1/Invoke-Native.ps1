function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    foreach ($a in $Argument) { if ($a -eq '' -or $a.Contains('"') -or $a.EndsWith('\')) { Stop-Step 2 ('This argument cannot be passed to {0} safely: [{1}]' -f $Path, $a) } }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('Missing program: {0}' -f $Path) }
    $ErrorActionPreference = 'Continue'
    $text = @(& $Path @Argument 2>&1 | ForEach-Object { if ($_ -is [System.Management.Automation.ErrorRecord]) { $_.Exception.Message } else { [string]$_ } })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{ ExitCode = $code; Text = $text }
}
