<#
.SYNOPSIS
Run the T-SQL files of one number on this instance.
.DESCRIPTION
Step      database/sql-runner, tool, file number 300
Run on    instance STATUS1\AUDIT on STATUS1 (status1.alpine.com)
Run by    database administrator
Changes   what the chosen T-SQL files say in their own headers
Undo      the same number with -Kind rollback
Success   each file leaves a result file with its checks in the work folder
Sources   [documented] sqlcmd utility
Inferred  sqlcmd needs -f i:65001 for a UTF-8 file with a byte order mark; only files with non-ASCII names have one; proved by: the file's own instance guard and account look-ups, which fail on a wrongly read name
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Kind
The folder whose files are run: preflight, install, verify or rollback.
.PARAMETER Number
The number of the files that are run. 0 runs nothing and lists what is there, in order.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\300-sql-runner.ps1 -Kind install -Number 320 -WhatIf
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\300-sql-runner.ps1 -Kind verify -Number 320
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\300-sql-runner.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$Kind = 'install',
    [int]$Number = 0,
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'database/sql-runner'
$StepKind = 'tool'
$ResultName = 'database.sql-runner.STATUS1.AUDIT.tool'
$StepHosts = @('STATUS1', 'status1.alpine.com')
$ExitCode = 1
$Transcribing = $false
$Saving = $false
$Earlier = @()
$Result = [ordered]@{ schema = 1; step = $StepName; kind = $StepKind; name = $ResultName; script = ''; host = ''; user = ''; started = [DateTime]::UtcNow.ToString('o'); finished = ''; outcome = 'failed'; exitCode = 1; message = ''; changed = @(); checks = @(); facts = [ordered]@{} }
function Stop-Step {
    param([int]$Code, [string]$Message)
    $script:ExitCode = $Code
    throw $Message
}
function Test-Elevated {
    $me = New-Object System.Security.Principal.WindowsPrincipal ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    $me.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
}
function Initialize-WorkDir {
    # Records in this folder steer rollbacks, so nobody but administrators may have made it or may write into it.
    $trusted = @('S-1-5-32-544', 'S-1-5-18')
    if (-not [IO.Directory]::Exists($script:WorkDir)) {
        $acl = New-Object System.Security.AccessControl.DirectorySecurity
        $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)')
        [void][IO.Directory]::CreateDirectory($script:WorkDir, $acl)
    }
    $acl = Get-Acl -LiteralPath $script:WorkDir
    $owner = $acl.GetOwner([System.Security.Principal.SecurityIdentifier]).Value
    $open = @($acl.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier]) | Where-Object { $_.AccessControlType -eq 'Allow' -and $trusted -notcontains $_.IdentityReference.Value } | ForEach-Object { $_.IdentityReference.Value })
    $link = ([IO.File]::GetAttributes($script:WorkDir) -band [IO.FileAttributes]::ReparsePoint) -ne 0
    if ($link -or $trusted -notcontains $owner -or $open.Count -gt 0) { Stop-Step 2 ('The folder {0} cannot be trusted with records: owner {1}, open to [{2}], link {3}. Give it to Administrators and SYSTEM alone: takeown /F "{0}" /A /R, then icacls "{0}" /inheritance:r /grant:r *S-1-5-32-544:(OI)(CI)F *S-1-5-18:(OI)(CI)F; look at what lies in it; then start this script again. Nothing was changed.' -f $script:WorkDir, $owner, ($open -join ', '), $link) }
}
function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    foreach ($a in $Argument) { if ($a -eq '' -or $a.Contains('"') -or $a.EndsWith('\')) { Stop-Step 2 ('This argument cannot be passed to {0} safely: [{1}]' -f $Path, $a) } }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('Missing program: {0}' -f $Path) }
    $ErrorActionPreference = 'Continue'
    $text = @(& $Path @Argument 2>&1 | ForEach-Object { if ($_ -is [System.Management.Automation.ErrorRecord]) { $_.Exception.Message } else { [string]$_ } })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{ ExitCode = $code; Text = $text }
}
function Write-Skipped {
    $script:Result.outcome = 'skipped'
    $script:Result.message = 'Nothing was changed (-WhatIf, or the question was answered with No).'
}
function Write-Unchanged {
    param([string]$Message)
    $script:Result.outcome = 'unchanged'
    $script:Result.message = $Message
}
function Add-History {
    # A line for each run that begins and for each that ends, which no later run replaces. The line end ahead of it closes what a
    # break of the power has left; past 1 MB the file makes way for a new one.
    param([string]$Name, [string]$Line)
    if ($WhatIfPreference) { return }
    $file = Join-Path $script:WorkDir ('{0}.history.jsonl' -f $Name)
    if ([IO.File]::Exists($file) -and ([IO.FileInfo]$file).Length -gt 1048576) {
        [IO.File]::Copy($file, (Join-Path $script:WorkDir ('{0}.history.old.jsonl' -f $Name)), $true)
        [IO.File]::Delete($file)
    }
    [IO.File]::AppendAllText($file, ('{0}{1}' -f [Environment]::NewLine, $Line), (New-Object System.Text.UTF8Encoding $false))
}
function Write-Record {
    if ($WhatIfPreference) { return }
    if (-not $Saving) { return }
    $mine = @($script:Result.changed)
    $script:Result.changed = @(@($Earlier) + $mine | Select-Object -Unique)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $ResultName)
    $temp = '{0}.{1}.tmp' -f $file, $PID
    [IO.File]::WriteAllText($temp, (ConvertTo-Json -InputObject $script:Result -Depth 6), (New-Object System.Text.UTF8Encoding $false))
    if ([IO.File]::Exists($file)) { [IO.File]::Replace($temp, $file, [NullString]::Value) } else { [IO.File]::Move($temp, $file) }
    $script:Result.changed = $mine
}
function Save-Change {
    # Records what is about to be changed, ahead of the change: what a run did that was cut off, rollback takes back too.
    param([string]$Text)
    $script:Result.changed += $Text
    Write-Record
}
function Save-Result {
    if ($WhatIfPreference) { return }
    if (-not $Saving) { return }
    $script:Result.finished = [DateTime]::UtcNow.ToString('o')
    $script:Result.exitCode = $script:ExitCode
    Write-Record
    Add-History $ResultName (ConvertTo-Json -InputObject $script:Result -Depth 6 -Compress)
}
try {
    if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) { Stop-Step 2 'Start the 64-bit Windows PowerShell: %SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe, from a 64-bit program.' }
    $WorkDir = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WorkDir)
    $net = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $names = @([Environment]::MachineName, $net.HostName, ('{0}.{1}' -f $net.HostName, $net.DomainName).TrimEnd('.'))
    $Result.host = $names[2]
    $Result.user = '{0}\{1}' -f [Environment]::UserDomainName, [Environment]::UserName
    if (@($names | Where-Object { $StepHosts -contains $_ }).Count -eq 0) { Stop-Step 2 ('This script is for {0}. This machine is {1}. Nothing was changed.' -f ($StepHosts -join ' / '), $names[2]) }
    if (-not (Test-Elevated)) { Stop-Step 2 'Start Windows PowerShell with "Run as administrator". Nothing was changed.' }
    $sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    try { $Result.script = [BitConverter]::ToString($sha.ComputeHash([IO.File]::ReadAllBytes($PSCommandPath))).Replace('-', '').ToLowerInvariant() } finally { $sha.Dispose() }
    if (-not $WhatIfPreference) {
        Initialize-WorkDir
        Start-Transcript -Path (Join-Path $WorkDir ('{0}.{1}.log' -f $ResultName, [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) | Out-Null
        $Transcribing = $true
        $record = Join-Path $WorkDir ('{0}.result.json' -f $ResultName)
        if ([IO.File]::Exists($record)) {
            try { $Earlier = @((ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($record))).changed | ForEach-Object { [string]$_ }) } catch { Stop-Step 2 ('The record of an earlier run cannot be read: {0}. Rollback relies on it. Move it away, then start this script again. Nothing was changed.' -f $record) }
        }
        Add-History $ResultName (ConvertTo-Json -InputObject $Result -Depth 6 -Compress)
        $Saving = $true
    }
    #endregion
    #region step
    $Server = 'tcp:status1.alpine.com,14330'
    $InstanceFolder = 'STATUS1.AUDIT'
    $HostFolder = 'STATUS1'
    $TrustSwitch = $true
    $Waits = @('156 needs 152-server-preflight on STATUS1', '345 needs 340-create-databases on WEB1', '352 needs 345-compatibility-level on KEYS1', '390 needs 340-create-databases on WEB1', '397 needs 340-create-databases on WEB1', '397 needs 345-compatibility-level on KEYS1', '397 needs 352-recovery-model on KEYS1', '397 needs 390-mbam-logins on KEYS1', '450 needs 390-mbam-logins on KEYS1', '450 needs 352-recovery-model on KEYS1', '974 needs 390-mbam-logins on KEYS1')
    function Save-FileResult {
        param($Record)
        $run = ConvertTo-Json -InputObject $Record -Depth 6 -Compress
        $file = Join-Path $WorkDir ('{0}.result.json' -f $Record.name)
        if ([IO.File]::Exists($file)) {
            $earlier = @()
            try { $earlier = @((ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file))).changed) } catch { 'The earlier result {0} cannot be read and is replaced.' -f $file }
            $Record.changed = @(@($earlier) + @($Record.changed) | Where-Object { $_ } | Select-Object -Unique)
        }
        $temp = '{0}.{1}.tmp' -f $file, $PID
        [IO.File]::WriteAllText($temp, (ConvertTo-Json -InputObject $Record -Depth 6), (New-Object System.Text.UTF8Encoding $false))
        if ([IO.File]::Exists($file)) { [IO.File]::Replace($temp, $file, [NullString]::Value) } else { [IO.File]::Move($temp, $file) }
        Add-History $Record.name $run
    }
    function Read-Password {
        param([string]$Prompt)
        $secure = Read-Host -Prompt $Prompt -AsSecureString
        $pointer = [Runtime.InteropServices.Marshal]::SecureStringToBSTR($secure)
        try { [Runtime.InteropServices.Marshal]::PtrToStringBSTR($pointer) } finally { [Runtime.InteropServices.Marshal]::ZeroFreeBSTR($pointer) }
    }
    if ($Kind -cnotmatch '\A[a-z]+\z') { Stop-Step 2 'Give -Kind as preflight, install, verify or rollback. Nothing was run.' }
    $folder = Join-Path $PSScriptRoot $Kind
    if (-not (Test-Path -LiteralPath $folder -PathType Container)) { Stop-Step 2 ('There is no folder {0}. Nothing was run.' -f $folder) }
    [string[]]$files = @([IO.Directory]::GetFiles($folder) | ForEach-Object { [IO.Path]::GetFileName($_) } | Where-Object { $_ -cmatch '\A[0-9][0-9][0-9]-.+[.](sql|ps1)\z' })
    [Array]::Sort($files, [StringComparer]::Ordinal)
    if ($Kind -ceq 'rollback') { [Array]::Reverse($files) }
    if ($Number -eq 0) {
        foreach ($file in $files) {
            if ($file.EndsWith('.ps1')) { '{0}   (PowerShell, start it by itself)' -f $file } else { $file }
            if ($Kind -ceq 'install') { foreach ($wait in @($Waits | Where-Object { $_.StartsWith($file.Substring(0, 3)) })) { '    {0}' -f $wait } }
        }
        Write-Unchanged 'Nothing was run. Choose with -Number; the numbers are the same on all servers, so look at what other servers do in between.'
    } else {
        $prefix = '{0:000}-' -f $Number
        $chosen = @($files | Where-Object { $_.StartsWith($prefix) -and $_.EndsWith('.sql') })
        $others = @($files | Where-Object { $_.StartsWith($prefix) -and $_.EndsWith('.ps1') })
        if ($chosen.Count -eq 0 -and $others.Count -gt 0) { Stop-Step 2 ('The files of number {0} are PowerShell, start them by themselves: {1}. Nothing was run.' -f $Number, ($others -join ', ')) }
        if ($chosen.Count -eq 0) { Stop-Step 2 ('No file in {0} has the number {1}. Nothing was run.' -f $folder, $Number) }
        if ($Kind -ceq 'install') { foreach ($wait in @($Waits | Where-Object { $_.StartsWith($prefix.Substring(0, 3)) })) { 'Must be done already: {0}' -f $wait } }
        $programs = @(Get-Command -Name 'sqlcmd.exe' -CommandType Application -ErrorAction SilentlyContinue)
        if ($programs.Count -eq 0) { Stop-Step 2 'sqlcmd.exe is not found. Open a new console after installing the SQL Server command line tools, or run the file in Management Studio. Nothing was run.' }
        $SqlCmd = Join-Path ([IO.Path]::GetDirectoryName([string]$programs[0].Path)) 'sqlcmd.exe'
        $ran = 0
        foreach ($file in $chosen) {
            $path = Join-Path $folder $file
            if ($path.Contains(',')) { Stop-Step 2 ('sqlcmd takes a comma for the end of a file name: move the folder. {0}' -f $path) }
            $bytes = [IO.File]::ReadAllBytes($path)
            $text = [IO.File]::ReadAllText($path)
            $step = [regex]::Match($text, '(?m)^Step +([a-z0-9-]+/[a-z0-9-]+), ').Groups[1].Value
            if (-not $step) { Stop-Step 2 ('{0} has no mbamplan header.' -f $path) }
            $password = [regex]::IsMatch($text, '(?m)^(-- )?Variables:? +MBAMPLAN_TDE_PASSWORD\r?$')
            $arguments = @('-S', $Server, '-E', '-d', 'master', '-b', '-I', '-l', '30', '-w', '4000')
            if ($TrustSwitch) { $arguments += '-C' }
            if ($bytes.Length -ge 3 -and $bytes[0] -eq 0xEF -and $bytes[1] -eq 0xBB) { $arguments += @('-f', 'i:65001') }
            if (-not $password) { $arguments += @('-x', '-X') }
            $arguments += @('-i', $path)
            if ($PSCmdlet.ShouldProcess($Server, ('{0} {1}' -f $SqlCmd, ($arguments -join ' ')))) {
                $name = $step.Replace('/', '.')
                if ($InstanceFolder -ne $HostFolder) { $name = '{0}.{1}' -f $name, $InstanceFolder }
                $part = $file.Substring(4, $file.Length - 8).Substring($step.Split('/')[1].Length)
                $sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
                try { $digest = [BitConverter]::ToString($sha.ComputeHash($bytes)).Replace('-', '').ToLowerInvariant() } finally { $sha.Dispose() }
                $one = [ordered]@{ schema = 1; step = $step; kind = $Kind; name = ('{0}{1}.{2}' -f $name, $part, $Kind); script = $digest; host = $Result.host; user = $Result.user; started = [DateTime]::UtcNow.ToString('o'); finished = ''; outcome = 'failed'; exitCode = 1; message = ''; changed = @(); checks = @(); facts = [ordered]@{} }
                Add-History $one.name (ConvertTo-Json -InputObject $one -Depth 6 -Compress)
                '{0} on {1}: running' -f $file, $Server
                $run = $null
                try {
                    if ($password) {
                        $first = Read-Password 'Password that protects the certificate files'
                        if ($first -cne (Read-Password 'The same password again')) { Stop-Step 2 'The two passwords differ. Nothing was run.' }
                        if ($first.Length -lt 12 -or $first.Contains('''') -or $first.Contains('"') -or $first.Contains('$(')) { Stop-Step 2 'Take a password of 12 characters or more without quotes and without $(. Nothing was run.' }
                        [Environment]::SetEnvironmentVariable('MBAMPLAN_TDE_PASSWORD', $first, 'Process')
                    }
                    $run = Invoke-Native $SqlCmd $arguments
                } finally { if ($password) { [Environment]::SetEnvironmentVariable('MBAMPLAN_TDE_PASSWORD', $null, 'Process'); $first = $null } }
                foreach ($line in $run.Text) {
                    $line
                    $m = [regex]::Match($line, '\A\[(ok|FAIL|info|done|same)\] +(.+?): (.*)\z')
                    $about = $m.Groups[2].Value
                    $rest = $m.Groups[3].Value
                    switch -CaseSensitive ($m.Groups[1].Value) {
                        'ok' { $one.checks += , ([ordered]@{ name = $about; ok = $true; expected = $rest; actual = $rest }) }
                        'FAIL' {
                            $f = [regex]::Match($line, '\A\[FAIL\] +(.+?): expected (.*), found (.*)\z')
                            $one.checks += , ([ordered]@{ name = $f.Groups[1].Value; ok = $false; expected = $f.Groups[2].Value; actual = $f.Groups[3].Value })
                        }
                        'info' { $one.facts[$about] = $rest }
                        'done' { $one.changed += ('{0}: {1}' -f $about, $rest) }
                    }
                }
                $ran++
                $read = @('verify', 'preflight') -contains $Kind
                $one.finished = [DateTime]::UtcNow.ToString('o')
                $one.message = 'sqlcmd ended with {0}.' -f $run.ExitCode
                if ($run.ExitCode -eq 0) {
                    $one.exitCode = 0
                    $one.outcome = if ($read) { 'verified' } elseif ($one.changed.Count -gt 0) { 'changed' } else { 'unchanged' }
                } else {
                    $one.exitCode = if ($read) { 4 } else { 1 }
                    $one.outcome = if ($one.changed.Count -gt 0) { 'partial' } else { 'failed' }
                    $one.message = [string]@(@('sqlcmd printed nothing') + @($run.Text | Where-Object { $_ }))[-1]
                }
                $Result.changed += $one.changed
                $Result.facts[$file] = $one.outcome
                Save-FileResult $one
                if ($run.ExitCode -ne 0) { Stop-Step $one.exitCode ('{0} stopped; sqlcmd ended with {1}. Its last lines say why. Later files were not run.' -f $file, $run.ExitCode) }
            }
        }
        if ($ran -eq 0) {
            Write-Skipped
        } else {
            $Result.outcome = if (@('verify', 'preflight') -contains $Kind) { 'verified' } elseif (@($Result.changed).Count -gt 0) { 'changed' } else { 'unchanged' }
            $Result.message = '{0} of {1} files of number {2} ran without an error.' -f $ran, $chosen.Count, $Number
            if ($others.Count -gt 0) { $Result.message += ' To be started by themselves: {0}.' -f ($others -join ', ') }
        }
    }
    #endregion
    #region frame
    $ExitCode = 0
    if ($Result.outcome -eq 'restart') { $ExitCode = 3010 }
    if ($Result.message) { $Result.message }
} catch {
    if ($ExitCode -eq 0) { $ExitCode = 1 }
    $Result.message = $_.Exception.Message
    $Result.outcome = if (@($Result.changed).Count -gt 0) { 'partial' } else { 'failed' }
    'FAILED ({0}): {1}' -f $ExitCode, $_.Exception.Message
    if ($ExitCode -eq 1) { $_.InvocationInfo.PositionMessage }
} finally {
    try { Save-Result } catch { 'The record of this run could not be written: {0}' -f $_.Exception.Message; if ($ExitCode -eq 0) { $ExitCode = 1 } }
    if ($Transcribing) { Stop-Transcript | Out-Null }
}
exit $ExitCode
#endregion
