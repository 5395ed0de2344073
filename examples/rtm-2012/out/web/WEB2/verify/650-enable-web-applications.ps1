<#
.SYNOPSIS
Verify: enable MBAM's web features.
.DESCRIPTION
Step      web/enable-web-applications, verify, file number 650
Run on    WEB2 (web2.cohowinery.com), 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   Get-MbamWebApplication shows every feature as planned; MBAM-Web logs 200, 201 and 202 once the portals are opened, which web/event-proof demands. For the install, as for web/ready-gate, whoever runs it needs a login that may open both databases: a member of COHO\MBAM DB RW, or a member of sysadmin, for the night
Sources   [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [documented] Planning for MBAM 2.5 high availability
          [documented] How to Configure the MBAM 2.5 Web Applications
          [documented] Configuring MBAM 2.5 Server Features by Using Windows PowerShell
          [documented] Validating the MBAM 2.5 Server Feature Configuration
          [documented] MBAM 2.5 Server Event Logs
          [documented] KB 896861: BackConnectionHostNames
Inferred  the cmdlet does not refuse a certificate issued to the virtual host name; the document says so of the wizard only; proved by: Test-MbamWebApplication before anything is changed
Inferred  an enabled feature with the planned values may be left alone; proved by: the comparison with Get-MbamWebApplication; a feature with other values is refused
Inferred  which application belongs to which feature, where a farm has not all three; proved by: the verify lists the applications of the site
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Hours
How far back the event log is searched for errors. After a mended fault give a smaller number.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\650-enable-web-applications.ps1
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
$StepName = 'web/enable-web-applications'
$StepKind = 'verify'
$ResultName = 'web.enable-web-applications.verify'
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
function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
}
function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
}
function Test-SameAccount {
    param([string]$One, [string]$Other)
    if ($One -eq $Other) { return $true }
    if (-not $One -or -not $Other) { return $false }
    (ConvertTo-AccountSid $One) -eq (ConvertTo-AccountSid $Other)
}
function Get-WebDifference {
    # Names each property of Get-MbamWebApplication that is not as planned.
    param([object]$State, [System.Collections.IDictionary]$Plan)
    foreach ($name in $Plan.Keys) {
        $property = $State.PSObject.Properties[$name]
        $have = if ($null -eq $property) { '' } else { [string]$property.Value }
        $want = [string]$Plan[$name]
        if ($name.EndsWith('ConnectionString')) { $same = (ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $want) }
        elseif ($name.EndsWith('Group') -or $name.EndsWith('User')) { $same = Test-SameAccount $have $want }
        elseif ($name -eq 'ReportUrl') { $same = ('{0}/' -f $have).StartsWith(('{0}/' -f $want), [StringComparison]::OrdinalIgnoreCase) }
        else { $same = $have.Trim('/').TrimEnd('\') -eq $want.Trim('/').TrimEnd('\') }
        if (-not $same) { '{0} is {1}, planned {2}' -f $name, $have, $want }
    }
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
function Get-WebFeatureState {
    # What Get-MbamWebApplication shows of an enabled feature; nothing while it is not enabled.
    param([string]$Feature, [string]$Site, [string]$Path)
    if (@(Get-Website | Where-Object { $_.Name -eq $Site }).Count -eq 0) { return }
    $state = @()
    try {
        if ($Feature -eq 'AgentService') { $state = @(Get-MbamWebApplication -AgentService) }
        elseif ($Feature -eq 'AdministrationPortal') { $state = @(Get-MbamWebApplication -AdministrationPortal) }
        else { $state = @(Get-MbamWebApplication -SelfServicePortal) }
    } catch {
        $there = @(Get-WebApplication -Site $Site | Where-Object { ([string]$_.path).Trim('/') -eq $Path })
        if ($there.Count -gt 0) { Stop-Step 2 ('The application {0} exists, but Get-MbamWebApplication -{1} fails: {2}' -f $Path, $Feature, $_.Exception.Message) }
    }
    $state | Where-Object { $null -ne $_ -and $null -ne $_.PSObject.Properties['Enabled'] -and $_.Enabled } | Select-Object -Last 1
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
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
    $Site = 'Microsoft BitLocker Administration and Monitoring'
    $Account = 'COHO\svc-mbam-pool'
    $Port = 443
    Import-StepModule -Name Microsoft.MBAM -Feature 'Install the MBAM server software, then open a new window.'
    Import-StepModule -Name WebAdministration -Feature 'Run the install of web/windows-features.'
    $plans = [ordered]@{}
    $paths = @{}
    $paths['AgentService'] = 'MBAMRecoveryAndHardwareService'
    $plans['AgentService'] = [ordered]@{
        'HostName' = 'mbam.cohowinery.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        'RecoveryDBConnectionString' = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
        'WebServiceApplicationPoolUser' = 'COHO\svc-mbam-pool'
    }
    $paths['AdministrationPortal'] = 'HelpDesk'
    $plans['AdministrationPortal'] = [ordered]@{
        'HostName' = 'mbam.cohowinery.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        'RecoveryDBConnectionString' = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
        'WebServiceApplicationPoolUser' = 'COHO\svc-mbam-pool'
        'CertificateThumbprint' = 'B07284951C3DFE607182930A4B5C6D7E8F90A1B2'
        'VirtualDirectory' = 'HelpDesk'
        'ReportUrl' = 'https://rpt1.cohowinery.com/ReportServer'
        'AdvancedHelpdeskAccessGroup' = 'COHO\MBAM Advanced Helpdesk'
        'HelpdeskAccessGroup' = 'COHO\MBAM Helpdesk'
        'ReportsReadOnlyAccessGroup' = 'COHO\MBAM Report Readers'
    }
    $paths['SelfServicePortal'] = 'SelfService'
    $plans['SelfServicePortal'] = [ordered]@{
        'HostName' = 'mbam.cohowinery.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        'RecoveryDBConnectionString' = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
        'WebServiceApplicationPoolUser' = 'COHO\svc-mbam-pool'
        'CertificateThumbprint' = 'B07284951C3DFE607182930A4B5C6D7E8F90A1B2'
        'VirtualDirectory' = 'SelfService'
    }
    foreach ($feature in @($plans.Keys)) {
        $state = Get-WebFeatureState -Feature $feature -Site $Site -Path $paths[$feature]
        $different = @(if ($null -eq $state) { 'it is not enabled' } else { Get-WebDifference $state $plans[$feature] })
        Add-Check -Name $feature -Ok ($different.Count -eq 0) -Expected 'enabled as planned' -Actual $(if ($different.Count -eq 0) { 'enabled as planned' } else { $different -join '; ' })
    }
    # The two strings are shared by all applications of the server.
    $key = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Web'
    $want = [ordered]@{
        ComplianceDBConnectionString = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        RecoveryDBConnectionString = 'Data Source=mbam-sql.cohowinery.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
    }
    foreach ($name in $want.Keys) {
        $have = if (Test-Path -LiteralPath $key) { [string](Get-Item -LiteralPath $key).GetValue($name, '') } else { '' }
        Add-Check -Name ('Registry: {0}' -f $name) -Ok ($have -ne '' -and (ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $want[$name])) -Expected $want[$name] -Actual $(if ($have) { $have } else { 'no value' })
    }
    $websites = @(Get-Website | Where-Object { $_.Name -eq $Site })
    Add-Check -Name 'IIS site' -Ok ($websites.Count -eq 1 -and [string]$websites[0].state -eq 'Started') -Expected ('{0}, Started' -f $Site) -Actual $(if ($websites.Count -eq 1) { '{0}, {1}' -f $Site, $websites[0].state } else { 'not there' })
    if ($websites.Count -eq 1) {
        $applications = @(Get-WebApplication -Site $Site)
        $have = @($applications | ForEach-Object { ([string]$_.path).Trim('/') })
        foreach ($path in @('HelpDesk', 'MBAMAdministrationService', 'SelfService', 'MBAMRecoveryAndHardwareService', 'MBAMComplianceStatusService')) { Add-Check -Name ('Application /{0}' -f $path) -Ok ($have -contains $path) -Expected 'there' -Actual $(if ($have -contains $path) { 'there' } else { 'not among: {0}' -f ($have -join ', ') }) }
        if ($have -notcontains 'MBAMUserSupportService') { Add-Info -Name 'MBAMUserSupportService' -Text 'not there, as on every known 2.5 server, although one document lists its URL' }
        foreach ($pool in @(@($websites[0].applicationPool) + @($applications | ForEach-Object { [string]$_.applicationPool }) | Select-Object -Unique)) {
            $item = Get-Item -LiteralPath ('IIS:\AppPools\{0}' -f $pool)
            $user = [string]$item.processModel.userName
            Add-Check -Name ('Pool {0}: identity' -f $pool) -Ok ([string]$item.processModel.identityType -eq 'SpecificUser' -and (Test-SameAccount $user $Account)) -Expected $Account -Actual ('{0} {1}' -f $item.processModel.identityType, $user).Trim()
            Add-Check -Name ('Pool {0}: runtime' -f $pool) -Ok ([string]$item.managedRuntimeVersion -eq 'v4.0') -Expected 'v4.0' -Actual ([string]$item.managedRuntimeVersion)
            $run = [string](Get-WebAppPoolState -Name $pool).Value
            Add-Check -Name ('Pool {0}: state' -f $pool) -Ok ($run -eq 'Started') -Expected 'Started' -Actual $run
        }
        $bindings = @(Get-WebBinding -Name $Site | Where-Object { [string]$_.protocol -eq 'https' -and @(([string]$_.bindingInformation).Split(':'))[-2] -eq [string]$Port })
        Add-Check -Name 'Binding' -Ok ($bindings.Count -eq 1) -Expected ('one of {0} on port {1}' -f 'https', $Port) -Actual ('{0} ({1})' -f $bindings.Count, (@($bindings | ForEach-Object { [string]$_.bindingInformation }) -join ', '))
        foreach ($binding in $bindings) {
            $name = @(([string]$binding.bindingInformation).Split(':'))[-1]
            Add-Check -Name 'Binding: host name' -Ok ($name -eq '' -or $name -eq 'mbam.cohowinery.com') -Expected ('none, or {0}' -f 'mbam.cohowinery.com') -Actual $(if ($name) { $name } else { 'none' })
            $property = $binding.PSObject.Properties['certificateHash']
            if ($null -eq $property) { Add-Info -Name 'Binding: certificate' -Text 'this version of IIS does not show it; see netsh http show sslcert' }
            else { Add-Check -Name 'Binding: certificate' -Ok ([string]$property.Value -eq 'B07284951C3DFE607182930A4B5C6D7E8F90A1B2') -Expected 'B07284951C3DFE607182930A4B5C6D7E8F90A1B2' -Actual ([string]$property.Value) }
        }
    }
    # A page of the virtual name asked for on the node itself meets the loopback check (401.1), so only the port is tried here.
    $listening = Test-TcpPort -Server 'web2.cohowinery.com' -Port $Port
    Add-Check -Name ('TCP {0}' -f $Port) -Ok $listening -Expected 'open' -Actual $(if ($listening) { 'open' } else { 'closed' })
    $since = [DateTime]::Now.AddHours(-$Hours)
    $errors = @(Get-WebEvent -Log 'Microsoft-Windows-MBAM-Web/Admin' -Id @(1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112) -Since $since)
    Add-Check -Name ('Errors of MBAM-Web in the last {0} hours' -f $Hours) -Ok ($errors.Count -eq 0) -Expected 'none' -Actual $(if ($errors.Count -eq 0) { 'none' } else { '{0}; the newest: {1}' -f $errors.Count, $errors[0] })
    foreach ($id in @(200, 201, 202)) {
        $seen = @(Get-WebEvent -Log 'Microsoft-Windows-MBAM-Web/Operational' -Id @($id) -Since $since)
        Add-Info -Name ('Event {0} of MBAM-Web' -f $id) -Text $(if ($seen.Count -gt 0) { $seen[0] } else { 'not seen yet: it comes when somebody opens a portal (200, 201: databases reached; 202: service principal names right); web/event-proof demands it' })
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
