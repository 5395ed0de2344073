<#
.SYNOPSIS
Verify: watch the site of the node and take it out of NLB while it does not answer.
.DESCRIPTION
Step      balancer/nlb-watch, verify, file number 740
Run on    WEB2 (web2.contoso.com), 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   the task is enabled and runs the copy of this tree's watch; the node is not taken out
Sources   [documented] NetworkLoadBalancingClusters module
          [documented] Network Load Balancing WMI classes
          [documented] ScheduledTasks module and the task schema
          [documented] Validating the MBAM 2.5 Server Feature Configuration
          [field] Public MBAM test packages and issue threads
Inferred  SYSTEM may stop and start NLB on its own server; proved by: the drill: stop the site of one node in IIS Manager and see event 740 of source mbamplan, start it and see event 741
Inferred  SYSTEM reads the state of the other nodes in NLB; where it cannot, their answers alone count; proved by: the drill: stop one node in NLB, then the site of another, and see that the second one stays in
Inferred  a time trigger whose repetition has no duration repeats for ever, also after a restart; proved by: the verify reads the last run of the task
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\740-nlb-watch.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'balancer/nlb-watch'
$StepKind = 'verify'
$ResultName = 'balancer.nlb-watch.verify'
$StepHosts = @('WEB2', 'web2.contoso.com')
$ExitCode = 1
$Transcribing = $false
$Saving = $false
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
function Add-Check {
    param([string]$Name, [bool]$Ok, [string]$Expected, [string]$Actual)
    $script:Result.checks += , ([ordered]@{ name = $Name; ok = $Ok; expected = $Expected; actual = $Actual })
    if ($Ok) { '[ok]   {0}: {1}' -f $Name, $Actual } else { '[FAIL] {0}: expected {1}, found {2}' -f $Name, $Expected, $Actual }
}
function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
}
function Get-FileDigest {
    # SHA-256 of a file in hex, '' when there is none.
    param([string]$Path)
    if (-not $Path -or -not [IO.File]::Exists($Path)) { return '' }
    $sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    try { [BitConverter]::ToString($sha.ComputeHash([IO.File]::ReadAllBytes($Path))).Replace('-', '') } finally { $sha.Dispose() }
}
function Get-SourceAddress {
    # The address from which this server would send to a target. The connect of a datagram socket asks the routing table only: no
    # packet is sent, and no firewall is in the way.
    param([string]$Server)
    $client = New-Object System.Net.Sockets.UdpClient ([System.Net.Sockets.AddressFamily]::InterNetwork)
    try {
        $client.Connect($Server, 1433)
        [string]$client.Client.LocalEndPoint.Address
    } catch { 'not known: {0}' -f $_.Exception.GetBaseException().Message } finally { $client.Close() }
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
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
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $ResultName)
    $temp = '{0}.{1}.tmp' -f $file, $PID
    [IO.File]::WriteAllText($temp, (ConvertTo-Json -InputObject $script:Result -Depth 6), (New-Object System.Text.UTF8Encoding $false))
    if ([IO.File]::Exists($file)) { [IO.File]::Replace($temp, $file, [NullString]::Value) } else { [IO.File]::Move($temp, $file) }
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
        Add-History $ResultName (ConvertTo-Json -InputObject $Result -Depth 6 -Compress)
        $Saving = $true
    }
    #endregion
    #region step
    $Task = 'nlb-watch'
    $TaskPath = '\mbamplan\'
    $source = Join-Path ([IO.Path]::GetDirectoryName($PSScriptRoot)) '740-nlb-watch.ps1'
    $copy = Join-Path (Join-Path $env:ProgramFiles 'mbamplan') 'nlb-watch.ps1'
    Import-StepModule -Name ScheduledTasks -Feature 'It is part of Windows Server 2012 and later.'
    $have = @(Get-ScheduledTask | Where-Object { $_.TaskName -eq $Task -and $_.TaskPath -eq $TaskPath })
    Add-Check -Name 'Task' -Ok ($have.Count -eq 1 -and [string]$have[0].State -ne 'Disabled') -Expected 'enabled' -Actual $(if ($have.Count -eq 1) { [string]$have[0].State } else { 'not there' })
    if ($have.Count -eq 1) {
        $user = [string]$have[0].Principal.UserId
        Add-Check -Name 'Task runs as' -Ok (@('SYSTEM', 'S-1-5-18', 'NT AUTHORITY\SYSTEM') -contains $user) -Expected 'SYSTEM' -Actual $user
        $arguments = [string]@($have[0].Actions)[0].Arguments
        Add-Check -Name 'Task starts' -Ok ($arguments.EndsWith(('-File "{0}"' -f $copy), [StringComparison]::OrdinalIgnoreCase)) -Expected $copy -Actual $arguments
        # While one run goes on, the next start is refused, and that refusal may stand as the last result: only the state counts then.
        # A new task starts within 5 minutes; until then the result is that of no run, or of the watch before it.
        $state = [string]$have[0].State
        $last = [long]($have[0] | Get-ScheduledTaskInfo).LastTaskResult
        $new = [IO.File]::Exists($copy) -and [IO.File]::GetLastWriteTimeUtc($copy) -gt [DateTime]::UtcNow.AddMinutes(-10)
        Add-Check -Name 'Watching' -Ok ($state -eq 'Running' -or $new -or $last -eq 0) -Expected 'running, ended with 0 and about to start again, or installed less than 10 minutes ago' -Actual ('{0}, last result {1}' -f $state, $last)
    }
    $there = [IO.File]::Exists($copy)
    Add-Check -Name 'Copy of the watch' -Ok ($there -and (-not [IO.File]::Exists($source) -or (Get-FileDigest $copy) -eq (Get-FileDigest $source))) -Expected 'the watch of this tree' -Actual $(if ($there) { 'SHA-256 {0}' -f (Get-FileDigest $copy) } else { 'not there' })
    $known = [System.Diagnostics.EventLog]::SourceExists('mbamplan')
    Add-Check -Name 'Event source mbamplan' -Ok $known -Expected 'there' -Actual $(if ($known) { 'there' } else { 'not there' })
    $mark = Join-Path $WorkDir 'nlb-watch.stopped'
    $out = [IO.File]::Exists($mark)
    Add-Check -Name 'Taken out by the watch' -Ok (-not $out) -Expected 'no' -Actual $(if ($out) { 'since {0} UTC: {1}' -f [IO.File]::GetLastWriteTimeUtc($mark).ToString('s'), [IO.File]::ReadAllText($mark) } else { 'no' })
    $source = Get-SourceAddress 'mbam-sql.contoso.com'
    Add-Check -Name ('source address towards {0}' -f 'mbam-sql.contoso.com') -Ok ($source -eq '10.1.0.32') -Expected '10.1.0.32' -Actual $source
    Complete-Check
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
