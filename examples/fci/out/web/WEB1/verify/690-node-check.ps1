<#
.SYNOPSIS
Verify: check the whole web node.
.DESCRIPTION
Step      web/node-check, verify, file number 690
Run on    WEB1 (web1.wingtip.com), 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   every check passes; the result file is collected for web/farm-compare
Sources   [documented] Validating the MBAM 2.5 Server Feature Configuration
          [documented] Planning for MBAM 2.5 high availability
          [documented] MBAM 2.5 Server Event Logs
          [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [documented] MBAM 2.5 Security Considerations
          [documented] MachineKeySection class
          [field] Public MBAM test packages and issue threads
Inferred  a GET without credentials under the virtual host name to the node's own address is answered with 401 by a living application, and does not meet the loopback check, which concerns authentication only; proved by: the status that each application answers with; the pages themselves are tried from outside by directory/kerberos-test
Inferred  the documents disagree on which servers have MBAM's VSS writer; proved by: reported here, and judged by backup/vss-writers
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER CompareKeyFile
File with the compare key of web/machine-key, when it does not lie beside this script under its own name.
.PARAMETER Hours
How far back the event log is searched for errors. After a mended fault give a smaller number.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\690-node-check.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$CompareKeyFile = '',
    [int]$Hours = 24,
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/node-check'
$StepKind = 'verify'
$ResultName = 'web.node-check.verify'
$StepHosts = @('WEB1', 'web1.wingtip.com')
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
function Get-KeyFingerprint {
    # HMAC-SHA256 of the values under the compare key, as mbamplan computes it for the farm's own machine key.
    param([string[]]$Value, [byte[]]$Key)
    $hmac = New-Object System.Security.Cryptography.HMACSHA256 -ArgumentList @(, $Key)
    try { [BitConverter]::ToString($hmac.ComputeHash([Text.Encoding]::UTF8.GetBytes(($Value -join '|').ToUpperInvariant()))).Replace('-', '') } finally { $hmac.Dispose() }
}
function Get-MachineKey {
    # validation, validationKey, decryption and decryptionKey as .NET applies them to an application of a site ("/" is the
    # site itself), everything inherited included. They are secret: they go into a fingerprint and nowhere else.
    param([string]$Site, [string]$Path)
    Add-Type -AssemblyName System.Web
    $section = $null
    $fault = ''
    try { $section = [System.Web.Configuration.WebConfigurationManager]::OpenWebConfiguration($Path, $Site).GetSection('system.web/machineKey') } catch { $fault = $_.Exception.GetBaseException().GetType().Name }
    if ($null -eq $section) { Stop-Step 2 ('The configuration of {0} in the site "{1}" cannot be read ({2}). Open it in IIS Manager to see why.' -f $Path, $Site, $fault) }
    [string]$section.ValidationAlgorithm
    [string]$section.ValidationKey
    [string]$section.Decryption
    [string]$section.DecryptionKey
}
function Get-MbamServerVersion {
    # Version of the server software as it records it itself, else by its entry in Programs and Features; '' when it is not
    # installed. A servicing release moves the value "Installed"; whether it moves the entry is not documented.
    $own = 'HKLM:\SOFTWARE\Microsoft\MBAM Server'
    foreach ($key in @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')) {
        if ([string]$key.GetValue('DisplayName', '') -eq 'Microsoft BitLocker Administration and Monitoring') {
            $version = if (Test-Path -LiteralPath $own) { [string](Get-Item -LiteralPath $own).GetValue('Installed', '') } else { '' }
            if ($version) { return $version }
            return [string]$key.GetValue('DisplayVersion', '')
        }
    }
    ''
}
function Get-SiteAnswer {
    # One GET without credentials, to an address of our choice and under a host name of our choice, as clients reach it through
    # a balancer. Status is 0 when no HTTP answer came, and Text says why: Windows checks chain and name of the certificate.
    param([string]$Address, [int]$Port, [string]$HostName, [string]$Path, [bool]$Tls)
    $answer = @{ Status = 0; Text = ''; Thumbprint = '' }
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $wait = $client.BeginConnect($Address, $Port, $null, $null)
        if ($wait.AsyncWaitHandle.WaitOne(5000)) {
            $client.EndConnect($wait)
            $stream = $client.GetStream()
            $stream.ReadTimeout = 30000
            $stream.WriteTimeout = 30000
            if ($Tls) {
                $secure = New-Object System.Net.Security.SslStream -ArgumentList $stream, $false
                $secure.AuthenticateAsClient($HostName, $null, [System.Security.Authentication.SslProtocols]'Tls, Tls11, Tls12', $false)
                $answer.Thumbprint = [string]$secure.RemoteCertificate.GetCertHashString()
                $stream = $secure
            }
            $request = 'GET {0} HTTP/1.1{2}Host: {1}{2}Connection: close{2}{2}' -f $Path, $HostName, ('{0}{1}' -f [char]13, [char]10)
            $bytes = [Text.Encoding]::ASCII.GetBytes($request)
            $stream.Write($bytes, 0, $bytes.Length)
            $reader = New-Object System.IO.StreamReader -ArgumentList $stream, ([Text.Encoding]::ASCII)
            $line = [string]$reader.ReadLine()
            if ($line -cmatch '\AHTTP/1[.][01] [0-9]{3}.*\z') { $answer.Status = [int]$line.Substring(9, 3) }
            $answer.Text = if ($answer.Status -gt 0) { 'status {0}' -f $answer.Status } else { 'no HTTP answer' }
        } else {
            $answer.Text = 'no TCP connection within 5 seconds'
        }
    } catch { $answer.Text = $_.Exception.GetBaseException().Message } finally { $client.Close() }
    New-Object PSObject -Property $answer
}
function Get-SitePlace {
    # The site and its applications as places of IIS configuration: "Site", "Site/HelpDesk" and so on; stops when there is no site.
    param([string]$Site)
    if (@(Get-Website | Where-Object { $_.Name -eq $Site }).Count -ne 1) { Stop-Step 2 ('IIS has no site "{0}". Run the install of web/enable-web-applications. Nothing was changed.' -f $Site) }
    $Site
    foreach ($a in @(Get-WebApplication -Site $Site)) { '{0}/{1}' -f $Site, ([string]$a.path).Trim('/') }
}
function Get-SiteValue {
    # One attribute of an IIS section as it takes effect at a place such as "Site/HelpDesk", web.config files included.
    param([string]$Place, [string]$Section, [string]$Name)
    $value = Get-WebConfigurationProperty -PSPath ('MACHINE/WEBROOT/APPHOST/{0}' -f $Place) -Filter $Section -Name $Name
    if ($null -ne $value -and $null -ne $value.PSObject.Properties['Value']) { $value = $value.Value }
    [string]$value
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
function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    foreach ($a in $Argument) { if ($a -eq '' -or $a.Contains('"') -or $a.EndsWith('\')) { Stop-Step 2 ('This argument cannot be passed to {0} safely: [{1}]' -f $Path, $a) } }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('Missing program: {0}' -f $Path) }
    $ErrorActionPreference = 'Continue'
    $text = @(& $Path @Argument 2>&1 | ForEach-Object { if ($_ -is [System.Management.Automation.ErrorRecord]) { $_.Exception.Message } else { [string]$_ } })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{ ExitCode = $code; Text = $text }
}
function Read-CompareKey {
    param([string]$Path)
    if (-not [IO.File]::Exists($Path)) { Stop-Step 2 ('The compare key is not there: {0}. web/remove-secrets deletes it at the end. To compare again, render with the same secrets file, copy that one file beside this script, and delete it afterwards.' -f $Path) }
    $hex = [IO.File]::ReadAllText($Path).Trim()
    if ($hex -cnotmatch '\A[0-9A-F]{64}\z') { Stop-Step 2 ('{0} does not hold 64 upper-case hex digits. A tree rendered with --redact has a placeholder there: render without it.' -f $Path) }
    $bytes = New-Object byte[] 32
    for ($i = 0; $i -lt 32; $i++) { $bytes[$i] = [Convert]::ToByte($hex.Substring(2 * $i, 2), 16) }
    , $bytes
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
    $HostName = 'bitlocker.wingtip.com'
    $Account = 'WINGTIP\svc-mbam-pool'
    $Port = 443
    $Tls = $true
    $Alive = @(200, 401, 403)
    Import-StepModule -Name Microsoft.MBAM -Feature 'Install the MBAM server software, then open a new window.'
    Import-StepModule -Name WebAdministration -Feature 'Run the install of web/windows-features.'
    # Facts are compared between the nodes by web/farm-compare, but for those whose name begins with "Here".
    $version = Get-MbamServerVersion
    Add-Info -Name 'Software version' -Text $version
    Add-Info -Name 'Here Windows version' -Text ([string](Get-CimInstance -ClassName Win32_OperatingSystem).Version)
    $Servicing = '2.5.1152.0'
    Add-Check -Name 'MBAM server software' -Ok ($version -eq $Servicing) -Expected $Servicing -Actual $(if ($version) { $version } else { 'not installed' })
    $plans = [ordered]@{}
    $paths = @{}
    $paths['AgentService'] = 'MBAMRecoveryAndHardwareService'
    $plans['AgentService'] = [ordered]@{
        'HostName' = 'bitlocker.wingtip.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI'
        'RecoveryDBConnectionString' = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI'
        'WebServiceApplicationPoolUser' = 'WINGTIP\svc-mbam-pool'
    }
    $paths['AdministrationPortal'] = 'HelpDesk'
    $plans['AdministrationPortal'] = [ordered]@{
        'HostName' = 'bitlocker.wingtip.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI'
        'RecoveryDBConnectionString' = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI'
        'WebServiceApplicationPoolUser' = 'WINGTIP\svc-mbam-pool'
        'CertificateThumbprint' = '5A1C2E3F4B6D7980A1B2C3D4E5F60718293A4B5C'
        'VirtualDirectory' = 'HelpDesk'
        'ReportUrl' = 'https://rpt1.wingtip.com/ReportServer'
        'AdvancedHelpdeskAccessGroup' = 'WINGTIP\MBAM Advanced Helpdesk'
        'HelpdeskAccessGroup' = 'WINGTIP\MBAM Helpdesk'
        'ReportsReadOnlyAccessGroup' = 'WINGTIP\MBAM Report Readers'
    }
    $paths['SelfServicePortal'] = 'SelfService'
    $plans['SelfServicePortal'] = [ordered]@{
        'HostName' = 'bitlocker.wingtip.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI'
        'RecoveryDBConnectionString' = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI'
        'WebServiceApplicationPoolUser' = 'WINGTIP\svc-mbam-pool'
        'CertificateThumbprint' = '5A1C2E3F4B6D7980A1B2C3D4E5F60718293A4B5C'
        'VirtualDirectory' = 'SelfService'
    }
    foreach ($feature in @($plans.Keys)) {
        $state = Get-WebFeatureState -Feature $feature -Site $Site -Path $paths[$feature]
        $different = @(if ($null -eq $state) { 'it is not enabled' } else { Get-WebDifference $state $plans[$feature] })
        Add-Check -Name $feature -Ok ($different.Count -eq 0) -Expected 'enabled as planned' -Actual $(if ($different.Count -eq 0) { 'enabled as planned' } else { $different -join '; ' })
        if ($null -eq $state) { continue }
        foreach ($name in @($plans[$feature].Keys)) {
            $property = $state.PSObject.Properties[$name]
            $prefix = if ($name -eq 'CertificateThumbprint') { 'Here ' } else { '' }
            Add-Info -Name ('{0}{1} {2}' -f $prefix, $feature, $name) -Text $(if ($null -eq $property) { 'not shown' } else { [string]$property.Value })
        }
    }
    $key = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Web'
    $want = [ordered]@{
        ComplianceDBConnectionString = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI'
        RecoveryDBConnectionString = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI'
    }
    foreach ($name in @($want.Keys)) {
        $have = if (Test-Path -LiteralPath $key) { [string](Get-Item -LiteralPath $key).GetValue($name, '') } else { '' }
        Add-Check -Name ('Registry {0}' -f $name) -Ok ($have -ne '' -and (ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $want[$name])) -Expected $want[$name] -Actual $(if ($have) { $have } else { 'no value' })
        Add-Info -Name $name -Text (ConvertTo-ConnectionText $have)
    }
    $websites = @(Get-Website | Where-Object { $_.Name -eq $Site })
    Add-Check -Name 'IIS site' -Ok ($websites.Count -eq 1 -and [string]$websites[0].state -eq 'Started') -Expected ('{0}, Started' -f $Site) -Actual $(if ($websites.Count -eq 1) { '{0}, {1}' -f $Site, $websites[0].state } else { 'not there' })
    if ($websites.Count -eq 1) {
        $applications = @(Get-WebApplication -Site $Site)
        [string[]]$have = @($applications | ForEach-Object { ([string]$_.path).Trim('/') })
        [Array]::Sort($have, [StringComparer]::OrdinalIgnoreCase)
        Add-Info -Name 'Applications' -Text ($have -join ', ')
        foreach ($path in @('HelpDesk', 'MBAMAdministrationService', 'SelfService', 'MBAMRecoveryAndHardwareService', 'MBAMComplianceStatusService')) { Add-Check -Name ('Application {0}' -f $path) -Ok ($have -contains $path) -Expected 'there' -Actual $(if ($have -contains $path) { 'there' } else { 'not there' }) }
        foreach ($pool in @(@([string]$websites[0].applicationPool) + @($applications | ForEach-Object { [string]$_.applicationPool }) | Select-Object -Unique)) {
            $item = Get-Item -LiteralPath ('IIS:\AppPools\{0}' -f $pool)
            $user = [string]$item.processModel.userName
            $run = [string](Get-WebAppPoolState -Name $pool).Value
            Add-Check -Name ('Pool {0}' -f $pool) -Ok ($run -eq 'Started' -and [string]$item.processModel.identityType -eq 'SpecificUser' -and (Test-SameAccount $user $Account)) -Expected ('Started as {0}' -f $Account) -Actual ('{0} as {1} {2}' -f $run, $item.processModel.identityType, $user).Trim()
            Add-Info -Name ('Pool {0}' -f $pool) -Text ('{0} {1} {2}' -f $item.processModel.identityType, $user, $item.managedRuntimeVersion)
        }
        # Who may import keys besides computers; web/farm-compare holds the nodes against each other.
        $group = Get-SiteValue -Place ('{0}/MBAMRecoveryAndHardwareService' -f $Site) -Section 'appSettings/add[@key="DataMigrationUsersGroupName"]' -Name value
        Add-Info -Name 'Data migration group' -Text $(if ($group) { $group } else { 'none' })
        [string[]]$bindings = @(Get-WebBinding -Name $Site | ForEach-Object { '{0} {1}' -f $_.protocol, $_.bindingInformation })
        [Array]::Sort($bindings, [StringComparer]::OrdinalIgnoreCase)
        Add-Info -Name 'Bindings' -Text ($bindings -join ', ')
        $Expected = 'REDACTED'
        if (-not $CompareKeyFile) { $CompareKeyFile = Join-Path $PSScriptRoot '680-machine-key.compareKey.txt' }
        $CompareKeyFile = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($CompareKeyFile)
        if ($Expected -cmatch '\A[0-9A-F]{64}\z' -and [IO.File]::Exists($CompareKeyFile)) {
            $compare = Read-CompareKey $CompareKeyFile
            $wrong = @()
            foreach ($place in @(Get-SitePlace $Site)) {
                $path = if ($place -eq $Site) { '/' } else { $place.Substring($Site.Length) }
                if ((Get-KeyFingerprint -Value @(Get-MachineKey -Site $Site -Path $path) -Key $compare) -cne $Expected) { $wrong += $path }
            }
            Add-Check -Name 'Machine key' -Ok ($wrong.Count -eq 0) -Expected 'the farm''s own for site and applications' -Actual $(if ($wrong.Count -eq 0) { 'the farm''s own' } else { 'another one for {0}' -f ($wrong -join ', ') })
            Add-Info -Name 'Machine key' -Text (Get-KeyFingerprint -Value @(Get-MachineKey -Site $Site -Path '/') -Key $compare)
        } else {
            Add-Info -Name 'Machine key' -Text 'not compared'
            'The compare key does not lie beside this script: the machine key was not compared.'
        }
    }
    $answer = Get-SiteAnswer -Address 'web1.wingtip.com' -Port $Port -HostName $HostName -Path '/HelpDesk/' -Tls $Tls
    Add-Check -Name 'Answer of /HelpDesk/' -Ok ($Alive -contains $answer.Status) -Expected ('status {0}' -f ($Alive -join ', ')) -Actual $answer.Text
    $answer = Get-SiteAnswer -Address 'web1.wingtip.com' -Port $Port -HostName $HostName -Path '/MBAMAdministrationService/AdministrationService.svc' -Tls $Tls
    Add-Check -Name 'Answer of /MBAMAdministrationService/AdministrationService.svc' -Ok ($Alive -contains $answer.Status) -Expected ('status {0}' -f ($Alive -join ', ')) -Actual $answer.Text
    $answer = Get-SiteAnswer -Address 'web1.wingtip.com' -Port $Port -HostName $HostName -Path '/SelfService/' -Tls $Tls
    Add-Check -Name 'Answer of /SelfService/' -Ok ($Alive -contains $answer.Status) -Expected ('status {0}' -f ($Alive -join ', ')) -Actual $answer.Text
    $answer = Get-SiteAnswer -Address 'web1.wingtip.com' -Port $Port -HostName $HostName -Path '/MBAMRecoveryAndHardwareService/CoreService.svc' -Tls $Tls
    Add-Check -Name 'Answer of /MBAMRecoveryAndHardwareService/CoreService.svc' -Ok ($Alive -contains $answer.Status) -Expected ('status {0}' -f ($Alive -join ', ')) -Actual $answer.Text
    $answer = Get-SiteAnswer -Address 'web1.wingtip.com' -Port $Port -HostName $HostName -Path '/MBAMComplianceStatusService/StatusReportingService.svc' -Tls $Tls
    Add-Check -Name 'Answer of /MBAMComplianceStatusService/StatusReportingService.svc' -Ok ($Alive -contains $answer.Status) -Expected ('status {0}' -f ($Alive -join ', ')) -Actual $answer.Text
    Add-Check -Name 'Certificate that answers' -Ok ($answer.Thumbprint -eq '5A1C2E3F4B6D7980A1B2C3D4E5F60718293A4B5C') -Expected '5A1C2E3F4B6D7980A1B2C3D4E5F60718293A4B5C' -Actual $(if ($answer.Thumbprint) { $answer.Thumbprint } else { $answer.Text })
    $source = Get-SourceAddress 'sqlmbam.wingtip.com'
    Add-Check -Name ('source address towards {0}' -f 'sqlmbam.wingtip.com') -Ok ($source -eq '10.30.0.31') -Expected '10.30.0.31' -Actual $source
    $since = [DateTime]::Now.AddHours(-$Hours)
    $errors = @(Get-WebEvent -Log 'Microsoft-Windows-MBAM-Web/Admin' -Id @(1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112) -Since $since)
    Add-Check -Name ('Errors of MBAM-Web in the last {0} hours' -f $Hours) -Ok ($errors.Count -eq 0) -Expected 'none' -Actual $(if ($errors.Count -eq 0) { 'none' } else { '{0}; the newest: {1}' -f $errors.Count, $errors[0] })
    foreach ($id in @(200, 201, 202)) {
        $seen = @(Get-WebEvent -Log 'Microsoft-Windows-MBAM-Web/Operational' -Id @($id) -Since $since)
        Add-Info -Name ('Here event {0} of MBAM-Web' -f $id) -Text $(if ($seen.Count -gt 0) { $seen[0] } else { 'not seen: it comes when somebody opens a portal; web/event-proof demands it' })
    }
    $writers = Invoke-Native (Join-Path $env:SystemRoot 'System32\vssadmin.exe') @('list', 'writers')
    $named = @($writers.Text | Where-Object { $_.Contains('Microsoft BitLocker Administration and Management Writer') }).Count -gt 0
    Add-Info -Name 'Here VSS writer of MBAM' -Text $(if ($named) { 'registered' } else { 'not registered (vssadmin ended with {0})' -f $writers.ExitCode })
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
