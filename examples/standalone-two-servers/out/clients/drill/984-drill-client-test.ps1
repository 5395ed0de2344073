<#
.SYNOPSIS
Drill: what a client does while web1.alpine.com is away.
.DESCRIPTION
Step      clients/drill-client-test, drill, file number 984
Run on    a management computer of the domain, never a server of the farm; 64-bit, elevated
Run by    client administrator
Changes   nothing but its own log and result on the test computer
Undo      nothing to undo
Success   away: no prompt, no encryption, an error in the client's log. Back: the key is stored, then the drive encrypts
Sources   [documented] High Availability for MBAM 2.0
          [documented] Planning for MBAM 2.5 Group Policy Requirements
          [documented] MBAM 2.5 Client Event Logs
          [documented] Troubleshooting MBAM 2.5 installation problems
          [documented] Win32_EncryptableVolume class: ConversionStatus
Inferred  the sentences about an unreachable server (no prompt, no encryption before the key is stored) stand in the document for 2.0; that of 2.5 has them no longer; proved by: this drill
Inferred  the window that asks the user is the process MBAMClientUI; proved by: the person at the test computer ticks that nothing appeared
Inferred  events 3, 19, 28, 29 and 35 say that the service was reached, 2, 4 and 18 that it was not; proved by: their texts, which the script prints
Inferred  Windows 10 and later show ConversionStatus as a property of Win32_EncryptableVolume; proved by: the script stops when it is missing
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Phase
Before, Away or Back: where in the sheet the drill is.
.PARAMETER Minutes
How far back the client's log is read: the time since the phase began.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\984-drill-client-test.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$Phase = '',
    [int]$Minutes = 150,
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'clients/drill-client-test'
$StepKind = 'drill'
$ResultName = 'clients.drill-client-test.drill'
$FarmHosts = @('KEYS1', 'keys1.alpine.com', 'STATUS1', 'status1.alpine.com', 'WEB1', 'web1.alpine.com')
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
function Get-ClientEvent {
    # Events of the MBAM client with one of the numbers since a time, newest first: "4 at 2026-01-31T10:00:00: first line".
    param([int[]]$Id, [DateTime]$Since)
    foreach ($log in @('Microsoft-Windows-MBAM/Admin', 'Microsoft-Windows-MBAM/Operational')) {
        try {
            foreach ($e in @(Get-WinEvent -FilterHashtable @{ LogName = $log; Id = $Id; StartTime = $Since } -MaxEvents 50)) {
                '{0} at {1}: {2}' -f $e.Id, $e.TimeCreated.ToString('s'), ([string]$e.Message).Trim().Split([char]10)[0].Trim()
            }
        } catch { if (-not $_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { throw } }
    }
}
function Test-TcpPort {
    param([string]$Server, [int]$Port, [int]$Milliseconds = 5000)
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $wait = $client.BeginConnect($Server, $Port, $null, $null)
        if (-not $wait.AsyncWaitHandle.WaitOne($Milliseconds)) { return $false }
        $client.EndConnect($wait)
        return $true
    } catch { return $false } finally { $client.Close() }
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
    if (@($names | Where-Object { $FarmHosts -contains $_ }).Count -gt 0) { Stop-Step 2 ('Run this script on a management computer, not on a server of the farm. This machine is {0}. Nothing was changed.' -f $names[2]) }
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
    $Recovery = 'https://web1.alpine.com/MBAMRecoveryAndHardwareService/CoreService.svc'
    $Status = 'https://web1.alpine.com/MBAMComplianceStatusService/StatusReportingService.svc'
    $Server = 'web1.alpine.com'
    $Port = 443
    if (@('Before', 'Away', 'Back') -notcontains $Phase) { Stop-Step 2 'Give -Phase as Before, Away or Back. Nothing was read.' }
    if ($Minutes -lt 1 -or $Minutes -gt 10080) { Stop-Step 2 'Give -Minutes as 1 to 10080. Nothing was read.' }
    $services = @(Get-Service | Where-Object { $_.Name -eq 'mbamagent' })
    if ($services.Count -eq 0) { Stop-Step 2 'The service mbamagent is missing: the MBAM client is not installed on this computer.' }
    Add-Check -Name 'Service mbamagent' -Ok ([string]$services[0].Status -eq 'Running') -Expected 'Running' -Actual ([string]$services[0].Status)
    $key = 'HKLM:\SOFTWARE\Policies\Microsoft\FVE\MDOPBitLockerManagement'
    $names = @('KeyRecoveryServiceEndPoint', 'StatusReportingServiceEndpoint', 'ClientWakeupFrequency', 'StatusReportingFrequency')
    $policy = @{}
    foreach ($name in $names) {
        $policy[$name] = if (Test-Path -LiteralPath $key) { [string](Get-Item -LiteralPath $key).GetValue($name, '') } else { '' }
        Add-Info -Name ('Policy {0}' -f $name) -Text $policy[$name]
    }
    Add-Check -Name 'Policy: recovery service' -Ok ($policy['KeyRecoveryServiceEndPoint'] -eq $Recovery) -Expected $Recovery -Actual $(if ($policy['KeyRecoveryServiceEndPoint']) { $policy['KeyRecoveryServiceEndPoint'] } else { 'no value' })
    if ($Status) { Add-Check -Name 'Policy: status service' -Ok ($policy['StatusReportingServiceEndpoint'] -eq $Status) -Expected $Status -Actual $(if ($policy['StatusReportingServiceEndpoint']) { $policy['StatusReportingServiceEndpoint'] } else { 'no value' }) }
    $open = Test-TcpPort -Server $Server -Port $Port
    $want = if ($Phase -eq 'Away') { 'closed' } else { 'open' }
    $have = if ($open) { 'open' } else { 'closed' }
    Add-Check -Name ('{0}, port {1}, from this computer' -f $Server, $Port) -Ok ($have -eq $want) -Expected $want -Actual $have
    # Conversion: 0 not encrypted, 1 encrypted, 2 encrypting, 3 decrypting, 4 and 5 paused.
    $volumes = @(Get-CimInstance -Namespace 'root/CIMV2/Security/MicrosoftVolumeEncryption' -ClassName 'Win32_EncryptableVolume' | Where-Object { [string]$_.DriveLetter -eq $env:SystemDrive })
    if ($volumes.Count -ne 1) { Stop-Step 2 ('BitLocker does not know the drive {0} of this computer.' -f $env:SystemDrive) }
    $property = $volumes[0].PSObject.Properties['ConversionStatus']
    if ($null -eq $property) { Stop-Step 2 'This Windows does not show the state of the encryption as a property. Take a test computer with Windows 10 or later, or look at manage-bde -status and fill in the sheet by hand.' }
    $conversion = [int]$property.Value
    $texts = @('not encrypted', 'encrypted', 'encrypting', 'decrypting', 'encryption paused', 'decryption paused')
    $drive = if ($conversion -ge 0 -and $conversion -lt $texts.Count) { $texts[$conversion] } else { 'state {0}' -f $conversion }
    $windows = @(Get-Process | Where-Object { $_.ProcessName -eq 'MBAMClientUI' }).Count
    $since = [DateTime]::Now.AddMinutes(-$Minutes)
    $bad = @(Get-ClientEvent -Id @(2, 4, 18) -Since $since)
    $good = @(Get-ClientEvent -Id @(3, 19, 28, 29, 35) -Since $since)
    Add-Info -Name 'Errors of the client (2, 4, 18)' -Text $(if ($bad.Count -gt 0) { '{0}; the newest: {1}' -f $bad.Count, $bad[0] } else { 'none' })
    Add-Info -Name 'Successes of the client (3, 19, 28, 29, 35)' -Text $(if ($good.Count -gt 0) { '{0}; the newest: {1}' -f $good.Count, $good[0] } else { 'none' })
    Add-Info -Name 'Windows of the client that are open' -Text ([string]$windows)
    if ($Phase -eq 'Before') {
        Add-Check -Name ('Drive {0}' -f $env:SystemDrive) -Ok ($conversion -eq 0) -Expected 'not encrypted' -Actual $drive
    } elseif ($Phase -eq 'Away') {
        Add-Check -Name ('Drive {0}: no encryption before the key is stored' -f $env:SystemDrive) -Ok ($conversion -eq 0) -Expected 'not encrypted' -Actual $drive
        Add-Check -Name 'No prompt for the user' -Ok ($windows -eq 0) -Expected '0' -Actual ([string]$windows)
        Add-Check -Name 'The client has noticed (event 2, 4 or 18)' -Ok ($bad.Count -gt 0) -Expected 'at least one' -Actual $(if ($bad.Count -gt 0) { $bad[0] } else { 'none yet: the client looks every wake-up time, 90 minutes and more by default' })
        Add-Check -Name 'Nothing was reported' -Ok ($good.Count -eq 0) -Expected 'none' -Actual $(if ($good.Count -gt 0) { $good[0] } else { 'none' })
    } else {
        Add-Check -Name 'The client reached the service again (event 3, 19, 28, 29 or 35)' -Ok ($good.Count -gt 0) -Expected 'at least one' -Actual $(if ($good.Count -gt 0) { $good[0] } else { 'none yet: wait for the next wake-up time' })
        Add-Check -Name ('Drive {0}' -f $env:SystemDrive) -Ok (@(1, 2) -contains $conversion) -Expected 'encrypting or encrypted, after the user agreed' -Actual $drive
    }
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
