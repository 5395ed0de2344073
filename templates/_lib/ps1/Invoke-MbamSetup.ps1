function Invoke-MbamSetup {
    # Starts MbamSetup.exe with a finished command line, waits for its end, and gives the exit code. The password of the reports'
    # account is added here and goes to no other place; no command takes it as a parameter, which logging could record.
    param([string]$Path, [string]$Line, [int]$Minutes, [System.Management.Automation.PSCredential]$Credential)
    $process = New-Object System.Diagnostics.Process
    $process.StartInfo.FileName = $Path
    $process.StartInfo.UseShellExecute = $false
    $process.StartInfo.Arguments = $Line
    if ($null -ne $Credential) { $process.StartInfo.Arguments = '{0} REPORTS_USERACCOUNTPW="{1}"' -f $Line, $Credential.GetNetworkCredential().Password }
    try {
        [void]$process.Start()
        $process.StartInfo.Arguments = ''
        if (-not $process.WaitForExit($Minutes * 60000)) { Stop-Step 4 ('Setup (process {0}) still runs after {1} minutes. Wait for its end or look into its log; then run the verify of this step. The logs that it writes until then have not been searched for a password.' -f $process.Id, $Minutes) }
        $process.ExitCode
    } finally { $process.Dispose() }
}
