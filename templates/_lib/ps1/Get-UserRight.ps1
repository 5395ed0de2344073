function Get-UserRight {
    # Gives a table: name of a right -> list of "*SID" or account name, as secedit writes them.
    $folder = Join-Path ([IO.Path]::GetTempPath()) ('mbamplan.{0}' -f [Guid]::NewGuid().ToString('N'))
    $file = Join-Path $folder 'rights.inf'
    $rights = @{}
    $inside = $false
    [void][IO.Directory]::CreateDirectory($folder)
    try {
        $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\secedit.exe') @('/export', '/cfg', $file, '/areas', 'USER_RIGHTS', '/quiet')
        if (-not [IO.File]::Exists($file)) { Stop-Step 2 ('secedit did not export the user rights (exit code {0}). Nothing was changed.' -f $run.ExitCode) }
        foreach ($line in [IO.File]::ReadAllLines($file)) {
            $at = $line.IndexOf('=')
            if ($line.StartsWith('[')) { $inside = $line.Trim() -eq '[Privilege Rights]' }
            elseif ($inside -and $at -gt 0) { $rights[$line.Substring(0, $at).Trim()] = @($line.Substring($at + 1).Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ }) }
        }
    } finally { try { [IO.Directory]::Delete($folder, $true) } catch { Add-Info -Name 'Left behind' -Text $folder | Out-Null } }
    if ($rights.Count -eq 0) { Stop-Step 2 'secedit exported no user rights. Nothing was changed.' }
    $rights
}
