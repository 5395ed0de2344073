<#
.SYNOPSIS
Verify: prove by MBAM's own events that this node reaches both databases and has its names.
.DESCRIPTION
Step      web/event-proof, verify, file number 855
Run on    WEB2 (web2.cohowinery.com), 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   since the web features were enabled, MBAM-Web logged 200 (Administration Portal: databases reached), 201 (Self-Service Portal: databases reached), 202 (service principal names right), and no error after them. If one is missing, open the portals on this node (directory/kerberos-test asks every node) and run this again
Sources   [documented] MBAM 2.5 Server Event Logs
          [documented] Validating the MBAM 2.5 Server Feature Configuration
          [field] Public MBAM test packages and issue threads
Inferred  200 comes from the Administration Portal and 201 from the Self-Service Portal, when it is opened for the first time after its application pool started; both speak of both databases; proved by: this script demands the number of each portal that is planned, and prints the texts
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Hours
How far back the event log is searched; never further than to the last time that the web features were enabled.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\855-event-proof.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [int]$Hours = 24,
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/event-proof'
$StepKind = 'verify'
$ResultName = 'web.event-proof.verify'
$StepHosts = @('WEB2', 'web2.cohowinery.com')
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
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
}
function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
}
function Get-ChangeTime {
    # When the script of that result file, on this machine, began the run that changed something; nothing when it changed nothing
    # the last time, or never ran here.
    param([string]$Name)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $Name)
    if (-not [IO.File]::Exists($file)) { return }
    $record = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file))
    if ([string]$record.outcome -ne 'changed') { return }
    [DateTime]::Parse([string]$record.started, [Globalization.CultureInfo]::InvariantCulture, [Globalization.DateTimeStyles]::RoundtripKind).ToLocalTime()
}
function Get-EventTime {
    # When an event of a log with one of the numbers came last, since a time; nothing when none came.
    param([string]$Log, [int[]]$Id, [DateTime]$Since)
    try {
        Get-WinEvent -FilterHashtable @{ LogName = $Log; Id = $Id; StartTime = $Since } -MaxEvents 1 | ForEach-Object { $_.TimeCreated }
    } catch { if (-not $_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { throw } }
}
function Get-WebEvent {
    # Events of MBAM's web log with one of the numbers since a time, newest first: "105 at 2026-01-31T10:00:00: first line".
    param([string]$Log, [int[]]$Id, [DateTime]$Since)
    try {
        foreach ($e in @(Get-WinEvent -FilterHashtable @{ LogName = $Log; Id = $Id; StartTime = $Since } -MaxEvents 50)) {
            '{0} at {1}: {2}' -f $e.Id, $e.TimeCreated.ToString('s'), ([string]$e.Message).Trim().Split([char]10)[0].Trim()
        }
    } catch { if (-not $_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { throw } }
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
    $Proofs = @(200, 201, 202)
    $Good = 'Microsoft-Windows-MBAM-Web/Operational'
    $since = [DateTime]::Now.AddHours(-$Hours)
    foreach ($name in @('web.enable-web-applications.install', 'web.take-host-name.install')) {
        foreach ($time in @(Get-ChangeTime $name)) { if ($time -gt $since) { $since = $time } }
    }
    'Events are counted since {0}.' -f $since.ToString('s')
    # Errors count from the oldest of the proofs on: what was logged before all of them were there may be mended by now.
    $from = $since
    $times = @()
    foreach ($id in $Proofs) {
        $last = @(Get-EventTime -Log $Good -Id @($id) -Since $since)
        Add-Check -Name ('Event {0} of MBAM-Web' -f $id) -Ok ($last.Count -gt 0) -Expected ('logged since {0}' -f $since.ToString('s')) -Actual $(if ($last.Count -gt 0) { $last[0].ToString('s') } else { 'not logged: open the portals on this node; when they were open already, restart the application pool and open them again' })
        $times += $last
        foreach ($text in @(Get-WebEvent -Log $Good -Id @($id) -Since $since | Select-Object -First 2)) { Add-Info -Name ('Here event {0} of MBAM-Web' -f $id) -Text $text }
    }
    if ($times.Count -eq $Proofs.Count) { $from = @($times | Sort-Object)[0] }
    $errors = @(Get-WebEvent -Log 'Microsoft-Windows-MBAM-Web/Admin' -Id @(1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112) -Since $from)
    Add-Check -Name ('Errors of MBAM-Web since {0}' -f $from.ToString('s')) -Ok ($errors.Count -eq 0) -Expected 'none' -Actual $(if ($errors.Count -eq 0) { 'none' } else { '{0}; the newest: {1}. When it is mended, restart the application pool, open the portals, and run this again' -f $errors.Count, $errors[0] })
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
