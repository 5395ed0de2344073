function Get-VssWriter {
    # Writers as vssadmin lists them, Name and State. Labels are localised; the name in quotes and the number in brackets are not.
    $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\vssadmin.exe') @('list', 'writers')
    if ($run.ExitCode -ne 0) { Add-Info -Name 'vssadmin list writers' -Text ('ended with {0}: {1}' -f $run.ExitCode, ($run.Text -join ' ')) | Out-Null }
    $name = ''
    foreach ($line in $run.Text) {
        $quoted = [regex]::Match($line, '\A[^'']*''(.+)''\s*\z')
        $number = [regex]::Match($line, '\A[^\[]*\[([0-9]+)\].*\z')
        if ($quoted.Success) {
            $name = $quoted.Groups[1].Value
        } elseif ($number.Success -and $name) {
            New-Object PSObject -Property @{ Name = $name; State = [int]$number.Groups[1].Value }
            $name = ''
        }
    }
}
