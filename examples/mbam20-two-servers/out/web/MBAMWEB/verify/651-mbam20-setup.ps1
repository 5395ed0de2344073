<#
.SYNOPSIS
Verify: run MBAM 2.0 setup on the web server.
.DESCRIPTION
Step      web/mbam20-setup, verify, file number 651
Run on    MBAMWEB (mbamweb.tailspin.com), 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   the verify finds the features, the site, and every page that the document lists
Sources   [documented] How to Install and Configure MBAM 2.0 on Distributed Servers
          [documented] How to Use a Command Line to Install the MBAM 2.0 Server
          [documented] How to Move MBAM 2.0 Features to Another Computer
          [documented] MBAM 2.0 Deployment Prerequisites
          [documented] High-Level Architecture for MBAM 2.0
          [documented] About MBAM 2.0 SP1
          [documented] msiexec: command-line options and logging
          [documented] Windows Installer: Installer.FeatureState property
Inferred  the features that ADDLOCAL names are those of the Windows Installer package, so that their state can be asked there; proved by: the verify asks each feature after setup
Inferred  the names of the Windows features and of ASP.NET MVC 2 among the installed programs; the document gives titles; proved by: the preflight looks for each before setup starts
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\651-mbam20-setup.ps1
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
$StepName = 'web/mbam20-setup'
$StepKind = 'verify'
$ResultName = 'web.mbam20-setup.verify'
$StepHosts = @('MBAMWEB', 'mbamweb.tailspin.com')
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
function Get-LocalMemberSid {
    # SIDs of the direct members of a local group; $null when there is no such group.
    param([string]$Group)
    $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('WinNT://{0}/{1},group' -f $env:COMPUTERNAME, $Group)
    try { $members = @($entry.psbase.Invoke('Members')) } catch { return }
    foreach ($member in $members) {
        $bytes = $member.GetType().InvokeMember('objectSid', [System.Reflection.BindingFlags]::GetProperty, $null, $member, $null)
        (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $bytes, 0).Value
    }
}
function Get-PageAnswer {
    # One GET of a page. With an address it goes there and not to the balancer, under the host name of the page, and a
    # redirection is not followed: it would lead back to the balancer.
    param([string]$Uri, [bool]$Authenticate, [string]$Address = '')
    $target = New-Object System.UriBuilder -ArgumentList $Uri
    $page = $target.Uri
    if ($Address) {
        $target.Host = $Address
        # .NET takes the name for Kerberos from the host name of the request; where it took the address, this table corrects it.
        [System.Net.AuthenticationManager]::CustomTargetNameDictionary[[string]$target.Uri.AbsoluteUri] = 'HTTP/{0}' -f $page.Host
    }
    $request = [System.Net.WebRequest]::Create($target.Uri)
    if ($Address) {
        $request.Host = $page.Authority
        $request.AllowAutoRedirect = $false
    }
    $request.Timeout = 60000
    $request.Proxy = $null
    $request.UseDefaultCredentials = $Authenticate
    $request.ConnectionGroupName = [Guid]::NewGuid().ToString('N')
    $answer = @{ Status = 0; Mutual = $false; Fault = '' }
    $response = $null
    try {
        $response = $request.GetResponse()
    } catch {
        $web = $_.Exception.InnerException -as [System.Net.WebException]
        if ($null -ne $web) { $response = $web.Response }
        if ($null -eq $response) { $answer.Fault = $_.Exception.GetBaseException().Message }
    }
    if ($null -ne $response) {
        $answer.Status = [int]$response.StatusCode
        $answer.Mutual = [bool]$response.IsMutuallyAuthenticated
        $response.Close()
    }
    New-Object PSObject -Property $answer
}
function Get-SetupState {
    # The MBAM 2.0 server as the Windows Installer knows it: Code ('' = not installed), Version, and which of the features are installed.
    param([string[]]$Feature)
    $state = @{ Code = ''; Version = ''; Feature = @() }
    foreach ($key in @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')) {
        if ([string]$key.GetValue('DisplayName', '') -eq 'Microsoft BitLocker Administration and Monitoring' -and [int]$key.GetValue('WindowsInstaller', 0) -eq 1) {
            $state.Code = [string]$key.PSChildName
            $state.Version = [string]$key.GetValue('DisplayVersion', '')
        }
    }
    if ($state.Code) {
        $installer = New-Object -ComObject WindowsInstaller.Installer
        foreach ($name in $Feature) {
            $is = [int]$installer.GetType().InvokeMember('FeatureState', [System.Reflection.BindingFlags]::GetProperty, $null, $installer, @($state.Code, $name))
            if ($is -eq 3) { $state.Feature += $name }
        }
    }
    New-Object PSObject -Property $state
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
    $Features = @('SelfServiceServer', 'AdministrationMonitoringServer', 'PolicyTemplate')
    $state = Get-SetupState -Feature $Features
    Add-Check -Name 'Microsoft BitLocker Administration and Monitoring' -Ok ($state.Code -ne '' -and [version]$state.Version -ge [version]'2.0' -and [version]$state.Version -lt [version]'2.5') -Expected 'a version from 2.0, below 2.5' -Actual $(if ($state.Code) { $state.Version } else { 'not installed' })
    foreach ($name in $Features) { Add-Check -Name ('feature {0}' -f $name) -Ok ($state.Feature -contains $name) -Expected 'installed' -Actual $(if ($state.Feature -contains $name) { 'installed' } else { 'not installed' }) }
    Import-StepModule -Name WebAdministration -Feature 'It comes with the management tools of IIS.'
    $site = @(Get-Website | Where-Object { $_.Name -eq 'Microsoft BitLocker Administration and Monitoring' })
    $have = if ($site.Count -gt 0) { [string]$site[0].state } else { 'not there' }
    Add-Check -Name 'IIS site' -Ok ($have -eq 'Started') -Expected 'Started' -Actual $have
    Add-Info -Name 'Who may see the pages' -Text 'HelpDesk answers members of the local groups of MBAM only: be in MBAM System Administrators when you run this'
    foreach ($page in @('http://mbamweb.tailspin.com/HelpDesk/default.aspx', 'http://mbamweb.tailspin.com/MBAMAdministrationService/AdministrationService.svc', 'http://mbamweb.tailspin.com/MBAMComplianceStatusService/StatusReportingService.svc', 'http://mbamweb.tailspin.com/MBAMRecoveryAndHardwareService/CoreService.svc', 'http://mbamweb.tailspin.com/SelfService/', 'http://mbamweb.tailspin.com/MBAMUserSupportService/UserSupportService.svc')) {
        $answer = Get-PageAnswer -Uri $page -Authenticate $true
        Add-Check -Name $page -Ok ($answer.Status -eq 200) -Expected '200' -Actual ('{0} {1}' -f $answer.Status, $answer.Fault).Trim()
    }
    foreach ($group in @('MBAM System Administrators', 'MBAM Helpdesk Users', 'MBAM Advanced Helpdesk Users', 'MBAM Report Users')) {
        [string[]]$inside = @(Get-LocalMemberSid -Group $group)
        Add-Info -Name ('members of {0} here' -f $group) -Text $(if ($inside.Count -gt 0) { $inside -join ', ' } else { 'none, or no such group' })
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
