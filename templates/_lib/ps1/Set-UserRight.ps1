function Set-UserRight {
    # Sets the rights that the table names and no others. The caller stands inside ShouldProcess.
    param([System.Collections.IDictionary]$Right)
    $lines = @('[Unicode]', 'Unicode=yes', '[Version]', 'signature="$CHICAGO$"', 'Revision=1', '[Privilege Rights]')
    foreach ($name in @($Right.Keys)) { $lines += ('{0} = {1}' -f $name, (@($Right[$name]) -join ',')) }
    $folder = Join-Path ([IO.Path]::GetTempPath()) ('mbamplan.{0}' -f [Guid]::NewGuid().ToString('N'))
    $file = Join-Path $folder 'rights.inf'
    [void][IO.Directory]::CreateDirectory($folder)
    try {
        [IO.File]::WriteAllText($file, ($lines -join [Environment]::NewLine), [Text.Encoding]::Unicode)
        $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\secedit.exe') @('/configure', '/db', (Join-Path $folder 'rights.sdb'), '/cfg', $file, '/areas', 'USER_RIGHTS', '/quiet')
        $run.Text
        Add-Info -Name 'secedit exit code' -Text ([string]$run.ExitCode)
    } finally { try { [IO.Directory]::Delete($folder, $true) } catch { Add-Info -Name 'Left behind' -Text $folder } }
}
