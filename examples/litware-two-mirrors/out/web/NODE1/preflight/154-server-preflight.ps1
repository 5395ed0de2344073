<#
.SYNOPSIS
Preflight: check the server before anything is installed.
.DESCRIPTION
Step      web/server-preflight, preflight, file number 154
Run on    NODE1 (node1.litware.com), 64-bit, with or without elevation: what you may not read is reported as not checked
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   no check failed; what is not checked for want of rights is looked at by somebody who has them
Sources   [documented] MBAM 2.5 Supported Configurations
          [documented] MBAM 2.5 Server Prerequisites
          [documented] Planning for MBAM 2.5 Groups and Accounts
          [documented] MBAM 2.0 Supported Configurations
          [documented] Naming conventions in Active Directory for computers, domains, sites and OUs
          [documented] Maximum tolerance for computer clock synchronization
          [documented] RootDSE: currentTime, dnsHostName
          [documented] about_Execution_Policies
          [documented] about_Language_Modes
          [documented] Windows Firewall with Advanced Security (INetFwPolicy2)
          [documented] How to: determine which .NET Framework versions are installed
          [field] Public checks for a pending restart (ComputerManagementDsc, PendingReboot)
          [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] How to Configure the MBAM 2.5 Web Applications
          [documented] Installing the MBAM 2.5 Server Software
          [documented] Applying Hotfixes on MBAM 2.5 SP1
          [documented] ServerManager module
          [documented] NetworkLoadBalancingClusters module
          [documented] VMware KB 1556: Microsoft NLB in unicast mode
Inferred  the registry values InstallationType and EditionID name Server Core and the edition, and the keys RebootPending and RebootRequired say that Windows waits for a restart; proved by: the result shows what they say: compare with winver and with Windows Update
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\154-server-preflight.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$WorkDir = ''
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
if ([string]$ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { throw 'PowerShell runs in a constrained language mode here, in which none of these scripts can work. Ask those who manage AppLocker or Device Guard to let scripts of your signature run, and sign the folder (Set-AuthenticodeSignature). Nothing was changed.' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/server-preflight'
$StepKind = 'preflight'
$ResultName = 'web.server-preflight.preflight'
$StepHosts = @('NODE1', 'node1.litware.com')
$ExitCode = 1
$Transcribing = $false
$Saving = $false
$Result = [ordered]@{ schema = 1; step = $StepName; kind = $StepKind; name = $ResultName; script = ''; host = ''; user = ''; started = [DateTime]::UtcNow.ToString('o'); finished = ''; outcome = 'failed'; exitCode = 1; message = ''; changed = @(); checks = @(); notes = @(); notChecked = @(); facts = [ordered]@{} }
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
    # Without elevation the record lies among the reader's own files. No rollback trusts it.
    if (-not (Test-Elevated)) {
        [void][IO.Directory]::CreateDirectory($script:WorkDir)
        return
    }
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
function Add-Finding {
    # One judged check of a preflight. A difference fails the preflight; with -Note it is told and fails nothing. -Remedy says
    # what to do or whom to ask.
    param([string]$Name, [string]$About = '', [bool]$Ok, [string]$Expected, [string]$Actual, [string]$Remedy = '', [switch]$Note)
    $full = if ($About) { '{0}: {1}' -f $Name, $About } else { $Name }
    $row = [ordered]@{ name = $full; ok = $Ok; expected = $Expected; actual = $Actual }
    if ($Ok) {
        $script:Result.checks += , $row
        '[ok]   {0}: {1}' -f $full, $Actual
        return
    }
    if ($Remedy) { $row.remedy = $Remedy }
    if ($Note) { $script:Result.notes += , $row } else { $script:Result.checks += , $row }
    '{0} {1}: expected {2}, found {3}' -f $(if ($Note) { '[note]' } else { '[FAIL]' }), $full, $Expected, $Actual
    if ($Remedy) { '       {0}' -f $Remedy }
}
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
}
function Add-Unchecked {
    # A check of a preflight that the person who runs it may not make, or that something else prevents: neither passed nor failed.
    param([string]$Name, [string]$About = '', [string]$Needs)
    $full = if ($About) { '{0}: {1}' -f $Name, $About } else { $Name }
    $script:Result.notChecked += , ([ordered]@{ name = $full; needs = $Needs })
    '[--]   {0}: not checked: needs {1}' -f $full, $Needs
}
function Complete-Preflight {
    # Ends a preflight: a table, worst first, and exit code 4 when a check failed.
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    $good = @($script:Result.checks | Where-Object { $_.ok })
    $rows = @()
    foreach ($c in $bad) { $rows += , @('FAIL', $c.name, $c.actual) }
    foreach ($c in @($script:Result.notes)) { $rows += , @('note', $c.name, $c.actual) }
    foreach ($c in @($script:Result.notChecked)) { $rows += , @('not checked', $c.name, ('needs {0}' -f $c.needs)) }
    foreach ($c in $good) { $rows += , @('ok', $c.name, $c.actual) }
    $width = 5
    foreach ($r in $rows) { if ($r[1].Length -gt $width -and $r[1].Length -le 70) { $width = $r[1].Length } }
    ''
    foreach ($r in @(, @('verdict', 'check', 'found')) + $rows) { '{0}  {1}  {2}' -f $r[0].PadRight(11), $r[1].PadRight($width), $r[2] }
    ''
    'Result: {0}' -f (Join-Path $script:WorkDir ('{0}.result.json' -f $ResultName))
    $rest = '{0} noted, {1} not checked' -f @($script:Result.notes).Count, @($script:Result.notChecked).Count
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed, {2}: {3}. Nothing was changed.' -f $bad.Count, @($script:Result.checks).Count, $rest, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = '{0} checks passed, {1}.' -f $good.Count, $rest
}
function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
}
function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
}
function Get-DirectoryClock {
    # A domain controller of the domain, and by how many seconds this computer is ahead of its clock (rootDSE, open to everybody).
    param([string]$Domain)
    $root = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://{0}/RootDSE' -f $Domain)
    try {
        $time = $root.psbase.Properties['currentTime'].Value
        if ($time -isnot [DateTime]) { $time = [DateTime]::ParseExact(([string]$time).Substring(0, 14), 'yyyyMMddHHmmss', [Globalization.CultureInfo]::InvariantCulture, [Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal') }
        New-Object PSObject -Property @{ Server = [string]$root.psbase.Properties['dnsHostName'].Value; Seconds = [int][Math]::Round(([DateTime]::UtcNow - $time).TotalSeconds) }
    } finally { $root.psbase.Dispose() }
}
function Get-DirectoryRecord {
    # What the directory shows anybody of an account: Class ('' = no such account), Flags (userAccountControl; -1 = hidden from you), Upn.
    param([string]$Account, [string]$Domain)
    $answer = @{ Class = ''; Flags = -1; Upn = '' }
    $sid = ConvertTo-AccountSid $Account
    if ($sid.StartsWith('S-1-')) {
        $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://{0}/<SID={1}>' -f $Domain, $sid)
        try {
            $entry.RefreshCache(@('objectClass', 'userAccountControl', 'userPrincipalName'))
            $classes = @($entry.psbase.Properties['objectClass'] | ForEach-Object { [string]$_ })
            if ($classes.Count -gt 0) { $answer.Class = $classes[-1] }
            if ($entry.psbase.Properties['userAccountControl'].Count -gt 0) { $answer.Flags = [int]$entry.psbase.Properties['userAccountControl'].Value }
            $answer.Upn = [string]$entry.psbase.Properties['userPrincipalName'].Value
        } finally { $entry.psbase.Dispose() }
    }
    New-Object PSObject -Property $answer
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
function Get-MvcAssembly {
    # Folder of ASP.NET MVC 4 in the global assembly cache; '' when it is not there. Security updates raise the last number.
    $cache = Join-Path $env:SystemRoot 'Microsoft.NET\assembly\GAC_MSIL\System.Web.Mvc'
    if (Test-Path -LiteralPath $cache) {
        foreach ($folder in @(Get-ChildItem -LiteralPath $cache)) { if ($folder.Name.StartsWith('v4.0_4.0.0.')) { return [string]$folder.Name } }
    }
    ''
}
function Get-NameAddress {
    # The IPv4 addresses that this computer finds for a name; nothing when it finds none.
    param([string]$Name)
    try { foreach ($a in [System.Net.Dns]::GetHostAddresses($Name)) { if ($a.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetwork) { [string]$a } } } catch { }
}
function Get-PendingRestart {
    # What makes Windows wait for a restart; nothing when nothing does.
    $base = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion'
    if (Test-Path -LiteralPath ('{0}\Component Based Servicing\RebootPending' -f $base)) { 'features or updates of Windows' }
    if (Test-Path -LiteralPath ('{0}\WindowsUpdate\Auto Update\RebootRequired' -f $base)) { 'Windows Update' }
}
function Get-PortOwner {
    # The processes that listen on a TCP port, each once; System is HTTP.sys, which serves IIS and Reporting Services.
    param([int]$Port)
    $running = @(Get-Process)
    $ids = @(Get-NetTCPConnection | Where-Object { $_.LocalPort -eq $Port -and [string]$_.State -eq 'Listen' } | ForEach-Object { [int]$_.OwningProcess } | Select-Object -Unique)
    foreach ($id in $ids) {
        $process = @($running | Where-Object { $_.Id -eq $id })
        if ($process.Count -gt 0) { [string]$process[0].ProcessName } else { 'process {0}' -f $id }
    }
}
function Get-RegistryText {
    # A value of the registry as text; '' when key or value is not there.
    param([string]$Path, [string]$Name)
    if (-not (Test-Path -LiteralPath $Path)) { return '' }
    [string](Get-Item -LiteralPath $Path).GetValue($Name, '')
}
function ConvertTo-LdapValue {
    param([string]$Text)
    $Text.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
}
function Get-SpnHolder {
    # Every account of the forest that has the service principal name, from a global catalog: Sid and Name.
    param([string]$Spn)
    $searcher = [System.DirectoryServices.ActiveDirectory.Forest]::GetCurrentForest().FindGlobalCatalog().GetDirectorySearcher()
    $searcher.Filter = '(servicePrincipalName={0})' -f (ConvertTo-LdapValue $Spn)
    foreach ($hit in @($searcher.FindAll())) {
        New-Object PSObject -Property @{
            Sid  = (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $hit.Properties['objectsid'][0], 0).Value
            Name = [string]$hit.Properties['distinguishedname'][0]
        }
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
    if (-not $WorkDir) { $WorkDir = Join-Path $(if (Test-Elevated) { $env:ProgramData } else { [Environment]::GetFolderPath('LocalApplicationData') }) 'mbamplan' }
    $WorkDir = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WorkDir)
    $net = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $names = @([Environment]::MachineName, $net.HostName, ('{0}.{1}' -f $net.HostName, $net.DomainName).TrimEnd('.'))
    $Result.host = $names[2]
    $Result.user = '{0}\{1}' -f [Environment]::UserDomainName, [Environment]::UserName
    if (@($names | Where-Object { $StepHosts -contains $_ }).Count -eq 0) { Stop-Step 2 ('This script is for {0}. This machine is {1}. Nothing was changed.' -f ($StepHosts -join ' / '), $names[2]) }
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
    $elevated = Test-Elevated
    Add-Info -Name 'rights of this run' -Text ('{0}, {1}' -f $Result.user, $(if ($elevated) { 'elevated' } else { 'not elevated' }))
    $Domain = 'litware.com'
    $member = [Environment]::UserDomainName -ne [Environment]::MachineName
    Add-Info -Name 'PowerShell' -Text ([string]$PSVersionTable.PSVersion)
    $remote = Test-Path -LiteralPath 'Variable:\PSSenderInfo'
    Add-Finding -Name 'session' -Ok (-not $remote) -Expected 'on this computer' -Actual $(if ($remote) { 'remote' } else { 'on this computer' }) -Note -Remedy 'A remote session without CredSSP cannot ask the directory or SQL Server, and MBAM''s cmdlets fail in it. Log on here, or connect with CredSSP.'
    $policy = [string](Get-ExecutionPolicy -Scope MachinePolicy)
    Add-Finding -Name 'execution policy' -Ok ($policy -ne 'AllSigned' -and $policy -ne 'Restricted') -Expected 'no Group Policy that wants signed scripts' -Actual $policy -Note -Remedy 'Sign the scripts of this folder (Set-AuthenticodeSignature) with a certificate that this computer trusts; their digests in manifest.json are those of the unsigned files.'
    $directory = $false
    try {
        $clock = Get-DirectoryClock $Domain
        $directory = $true
        Add-Finding -Name 'domain controller' -About $Domain -Ok $true -Expected 'one answers' -Actual ('{0} answers' -f $clock.Server)
        Add-Finding -Name 'clock' -Ok ([Math]::Abs($clock.Seconds) -le 300) -Expected 'at most 300 seconds off' -Actual ('{0} seconds ahead of {1}' -f $clock.Seconds, $clock.Server) -Remedy 'Kerberos takes no more. See where this computer gets its time (w32tm /query /status), and ask those who run the domain controllers.'
    } catch {
        $why = $_.Exception.GetBaseException().Message
        if ($member) {
            Add-Finding -Name 'domain controller' -About $Domain -Ok $false -Expected 'one answers' -Actual $why -Remedy 'Look at the DNS servers of this computer (ipconfig /all) and at the firewalls between it and the domain controllers (TCP 88, 389, 3268).'
        } else {
            Add-Unchecked -Name 'domain controller' -About $Domain -Needs ('a domain account; you are {0}' -f $Result.user)
        }
        Add-Unchecked -Name 'clock' -Needs 'a domain controller that answers you'
    }
    $about = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    try {
        $have = Get-RegistryText $about 'InstallationType'
        Add-Finding -Name 'Windows installation type' -Ok ($have -eq 'Server') -Expected 'Server' -Actual $have -Remedy 'Correct core of this host in the topology and render again: other features and cmdlets are used on Server Core.'
        $have = Get-RegistryText $about 'EditionID'
        Add-Finding -Name 'Windows edition' -Ok (@('ServerStandard', 'ServerDatacenter') -contains $have) -Expected 'ServerStandard, ServerDatacenter' -Actual $have -Note -Remedy 'MBAM''s list of supported configurations names no other edition.'
    } catch { Add-Unchecked -Name 'Windows installation type' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    Add-Finding -Name 'computer name' -Ok ($names[2] -eq 'node1.litware.com') -Expected 'node1.litware.com' -Actual $names[2] -Remedy 'Certificates, connection strings and service principal names of the plan have this name. Correct the primary DNS suffix of the server, or fqdn of this host in the topology.'
    $system = $null
    $windows = $null
    $disks = @()
    try {
        $windows = Get-CimInstance -ClassName Win32_OperatingSystem
        $disks = @(Get-CimInstance -ClassName Win32_LogicalDisk -Filter 'DriveType = 3')
        $system = Get-CimInstance -ClassName Win32_ComputerSystem
    } catch { Add-Unchecked -Name 'Windows version' -Needs ('read access to WMI ({0})' -f $_.Exception.GetBaseException().Message) }
    if ($null -ne $system) {
        Add-Finding -Name 'Windows version' -Ok (([string]$windows.Version).StartsWith('10.0.14393')) -Expected '10.0.14393, Windows Server 2016' -Actual ('{0}, {1}' -f $windows.Version, $windows.Caption) -Remedy 'Correct windows of this host in the topology and render again, or run this on the right server.'
        $role = [int]$system.DomainRole
        Add-Finding -Name 'domain membership' -Ok ($role -ge 3 -and [string]$system.Domain -eq $Domain) -Expected ('a server of {0}' -f $Domain) -Actual ('role {0} in {1}' -f $role, $system.Domain) -Remedy 'Join the server to the domain of the plan before anything else: its computer account, names and certificates hang on it.'
        Add-Finding -Name 'no domain controller' -Ok ($role -lt 4) -Expected 'a member server (role 3)' -Actual ('role {0}' -f $role) -Note -Remedy 'Availability groups and MBAM 2.0 do not run on a domain controller, and nothing else of this plan was meant for one. Use another server.'
        Add-Finding -Name 'memory' -Ok ([Math]::Ceiling($system.TotalPhysicalMemory / 1GB) -ge 8) -Expected '8 GB or more' -Actual ('{0} GB' -f [Math]::Ceiling($system.TotalPhysicalMemory / 1GB)) -Note -Remedy 'Less than MBAM''s documents ask for: add memory before users come.'
        $volumes = @(
            @{ Drive = [string]$env:SystemDrive; MB = 1024; For = 'Windows, set-ups and logs'; Must = $true }
            @{ Drive = 'C:'; MB = 1024; For = 'web applications'; Must = $false }
        )
        foreach ($v in $volumes) {
            $disk = @($disks | Where-Object { [string]$_.DeviceID -eq $v.Drive })
            if ($disk.Count -eq 0) {
                Add-Finding -Name 'drive' -About ('{0} ({1})' -f $v.Drive, $v.For) -Ok $false -Expected 'a local disk' -Actual 'no such drive' -Remedy 'Ask who runs the storage, or correct the path in the topology.'
                continue
            }
            $free = [Math]::Floor($disk[0].FreeSpace / 1MB)
            Add-Finding -Name 'disk space' -About ('{0} ({1})' -f $v.Drive, $v.For) -Ok ($free -ge $v.MB) -Expected ('{0} MB free' -f $v.MB) -Actual ('{0} MB free' -f $free) -Note:(-not $v.Must) -Remedy 'Make room, or ask who runs the storage.'
        }
    }
    try {
        $waiting = @(Get-PendingRestart)
        Add-Finding -Name 'pending restart' -Ok ($waiting.Count -eq 0) -Expected 'none' -Actual $(if ($waiting.Count -gt 0) { $waiting -join ', ' } else { 'none' }) -Remedy 'Restart the server before the first install: set-ups refuse or fail half-way while Windows waits for a restart.'
    } catch { Add-Unchecked -Name 'pending restart' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $release = Get-RegistryText 'HKLM:\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' 'Release'
        $number = if ($release) { [int]$release } else { 0 }
        Add-Finding -Name '.NET Framework' -Ok ($number -ge 393295) -Expected '4.6 or later (release 393295)' -Actual ('release {0}' -f $number) -Remedy 'Install it before the features of IIS.'
    } catch { Add-Unchecked -Name '.NET Framework' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $wall = @(Get-Service | Where-Object { $_.Name -eq 'MpsSvc' })
        $state = if ($wall.Count -gt 0) { [string]$wall[0].Status } else { 'not there' }
        Add-Finding -Name 'Windows Firewall service' -Ok ($state -eq 'Running') -Expected 'Running' -Actual $state -Note -Remedy 'Steps of this folder add rules to it. Where another firewall does its work, have the same ports opened there.'
        if ($state -eq 'Running') {
            $local = [int](New-Object -ComObject HNetCfg.FwPolicy2).LocalPolicyModifyState
            $states = @{ 0 = 'they take effect'; 1 = 'Group Policy overrides them'; 2 = 'all inbound traffic is blocked' }
            Add-Finding -Name 'local firewall rules' -Ok ($local -eq 0) -Expected 'they take effect' -Actual $(if ($states.ContainsKey($local)) { $states[$local] } else { 'state {0}' -f $local }) -Note -Remedy 'Rules that the steps of this folder add do nothing then: have the ports opened by those who own the Group Policy.'
        }
    } catch { Add-Unchecked -Name 'local firewall rules' -Needs ('access to the Windows Firewall ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $set = @(Get-CimInstance -Namespace 'root\rsop\computer' -ClassName RSOP_UserPrivilegeRight | ForEach-Object { [string]$_.UserRight } | Where-Object { @('SeBatchLogonRight', 'SeDenyBatchLogonRight', 'SeImpersonatePrivilege') -contains $_ } | Select-Object -Unique)
        Add-Finding -Name 'user rights by Group Policy' -Ok ($set.Count -eq 0) -Expected 'none of those that MBAM''s accounts need' -Actual $(if ($set.Count -gt 0) { $set -join ', ' } else { 'none' }) -Note -Remedy 'Where the policy leaves MBAM''s account out, file numbers 512 and 610 refuse to go on: have the account added in that policy (gpresult /h names it).'
    } catch { Add-Unchecked -Name 'user rights by Group Policy' -Needs ('an elevated PowerShell ({0})' -f $_.Exception.GetBaseException().Message) }
    $Lookups = @(
        @{ Name = 'node1.litware.com'; Address = '10.20.0.31'; For = 'this server' }
        @{ Name = 'db1.litware.com'; Address = '10.20.0.11'; For = 'instance DB1\STATUS' }
        @{ Name = 'db3.litware.com'; Address = '10.21.0.13'; For = 'instance DB3\STATUS' }
        @{ Name = 'db2.litware.com'; Address = '10.20.0.12'; For = 'instance DB2\KEYS' }
        @{ Name = 'ssrs1.litware.com'; Address = ''; For = 'the reports' }
    )
    foreach ($l in $Lookups) {
        $found = @(Get-NameAddress $l.Name)
        $ok = if ($l.Address) { $found -contains $l.Address } else { $found.Count -gt 0 }
        Add-Finding -Name 'name in DNS' -About ('{0} ({1})' -f $l.Name, $l.For) -Ok $ok -Expected $(if ($l.Address) { $l.Address } else { 'an address' }) -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' }) -Remedy 'Have the record made or corrected in DNS, or correct the address in the topology; then ipconfig /flushdns.'
    }
    $Ways = @(
        @{ Server = 'db1.litware.com'; Port = 14332; For = 'instance DB1\STATUS' }
        @{ Server = 'db3.litware.com'; Port = 14332; For = 'instance DB3\STATUS' }
        @{ Server = 'db1.litware.com'; Port = 14331; For = 'instance DB1\KEYS' }
        @{ Server = 'db2.litware.com'; Port = 14331; For = 'instance DB2\KEYS' }
        @{ Server = 'ssrs1.litware.com'; Port = 443; For = 'the reports' }
    )
    foreach ($w in $Ways) { Add-Info -Name ('TCP {0} of {1} today ({2})' -f $w.Port, $w.Server, $w.For) -Text $(if (Test-TcpPort -Server $w.Server -Port $w.Port -Milliseconds 2000) { 'open' } else { 'closed; its firewall or service may come with a later step' }) }
    $Ports = @(
        @{ Port = 443; Process = 'System'; For = 'site of bitlocker.litware.com' }
    )
    foreach ($p in $Ports) {
        try {
            $owners = @(Get-PortOwner $p.Port)
            $others = @($owners | Where-Object { $_ -ne $p.Process })
            Add-Finding -Name 'port' -About ('{0} ({1})' -f $p.Port, $p.For) -Ok ($others.Count -eq 0) -Expected ('free, or served by {0}' -f $p.Process) -Actual $(if ($owners.Count -gt 0) { 'served by {0}' -f ($owners -join ', ') } else { 'free' }) -Remedy 'Stop that program or move it to another port, or change the port in the topology.'
        } catch { Add-Unchecked -Name 'port' -About ('{0} ({1})' -f $p.Port, $p.For) -Needs ('the list of connections ({0})' -f $_.Exception.GetBaseException().Message) }
    }
    $Accounts = @(
        @{ Account = 'LITWARE\svc-mbam-web'; Class = 'user'; Domain = 'litware.com'; For = 'MBAM: identity of the application pool' }
        @{ Account = 'LITWARE\MBAM Advanced Helpdesk'; Class = 'group'; Domain = 'litware.com'; For = 'MBAM: Advanced Helpdesk role' }
        @{ Account = 'LITWARE\MBAM Helpdesk'; Class = 'group'; Domain = 'litware.com'; For = 'MBAM: Helpdesk role' }
        @{ Account = 'LITWARE\MBAM Report Readers'; Class = 'group'; Domain = 'litware.com'; For = 'MBAM: readers of the reports' }
    )
    foreach ($a in $Accounts) {
        if (-not $directory) {
            Add-Unchecked -Name 'account' -About $a.Account -Needs 'a domain controller that answers you'
            continue
        }
        try {
            $record = Get-DirectoryRecord -Account $a.Account -Domain $a.Domain
            Add-Finding -Name 'account' -About $a.Account -Ok ($record.Class -eq $a.Class) -Expected ('a {0} ({1})' -f $a.Class, $a.For) -Actual $(if ($record.Class) { 'a {0}' -f $record.Class } else { 'no such account' }) -Remedy 'Ask the domain administrator: file number 110 makes or checks the accounts. MBAM takes no managed service accounts.'
            if ($a.Class -ne 'user' -or $record.Class -ne 'user') { continue }
            if ($record.Flags -lt 0) {
                Add-Unchecked -Name 'account is enabled' -About $a.Account -Needs 'the right to read its userAccountControl'
            } else {
                Add-Finding -Name 'account is enabled' -About $a.Account -Ok (($record.Flags -band 2) -eq 0) -Expected 'enabled' -Actual $(if (($record.Flags -band 2) -eq 0) { 'enabled' } else { 'disabled' }) -Remedy 'Have the domain administrator set a password and enable it.'
                Add-Finding -Name 'password never expires' -About $a.Account -Ok (($record.Flags -band 65536) -ne 0) -Expected 'it never expires' -Actual $(if (($record.Flags -band 65536) -ne 0) { 'it never expires' } else { 'it expires' }) -Note -Remedy 'MBAM''s documents ask for it: the day it expires, the pages or the reports stop.'
            }
            Add-Finding -Name 'user principal name' -About $a.Account -Ok ($record.Upn -ne '') -Expected 'a name' -Actual $(if ($record.Upn) { $record.Upn } else { 'none' }) -Remedy 'MBAM does not find an account without one: have the domain administrator set it.'
        } catch { Add-Unchecked -Name 'account' -About $a.Account -Needs ('read access to it in the directory ({0})' -f $_.Exception.GetBaseException().Message) }
    }
    try {
        $have = Get-MbamServerVersion
        Add-Finding -Name 'MBAM server software' -Ok ($have -eq '' -or $have -eq '2.5.1152.0' -or $have -eq '2.5.1100.0') -Expected 'none, the release itself or 2.5.1152.0' -Actual $(if ($have) { $have } else { 'none' }) -Remedy 'File number 215 refuses any other version: disable the features of MBAM and uninstall it first, or correct mbam.servicing in the topology. Every server needs the same version.'
        $enabled = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Enabled'
        $on = @(if (Test-Path -LiteralPath $enabled) { $key = Get-Item -LiteralPath $enabled; $key.GetValueNames() | Where-Object { [string]$key.GetValue($_) -eq '1' } })
        Add-Finding -Name 'MBAM features' -Ok ($on.Count -eq 0) -Expected 'none' -Actual $(if ($on.Count -gt 0) { $on -join ', ' } else { 'none' }) -Note -Remedy 'Features are enabled here: right once this plan was run, else mark the node as existing in the topology.'
        $web = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Web'
        $have = Get-RegistryText $web 'ComplianceDBConnectionString'
        if ($have) { Add-Finding -Name 'connection string in the registry' -About 'Compliance and Audit Database' -Ok ((ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText 'Data Source=db1.litware.com,14332;Failover Partner=db3.litware.com,14332;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;Connect Timeout=30')) -Expected 'Data Source=db1.litware.com,14332;Failover Partner=db3.litware.com,14332;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;Connect Timeout=30' -Actual $have -Note -Remedy 'All applications of this server share it. A step of this folder sets the planned one; look whether anything else uses the old one.' }
        $have = Get-RegistryText $web 'RecoveryDBConnectionString'
        if ($have) { Add-Finding -Name 'connection string in the registry' -About 'Recovery Database' -Ok ((ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText 'Data Source=db1.litware.com,14331;Failover Partner=db2.litware.com,14331;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;Connect Timeout=30')) -Expected 'Data Source=db1.litware.com,14331;Failover Partner=db2.litware.com,14331;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;Connect Timeout=30' -Actual $have -Note -Remedy 'All applications of this server share it. A step of this folder sets the planned one; look whether anything else uses the old one.' }
    } catch { Add-Unchecked -Name 'MBAM server software' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $mvc = Get-MvcAssembly
        Add-Finding -Name 'ASP.NET MVC 4' -Ok ($mvc -ne '') -Expected 'System.Web.Mvc 4.0 in the global assembly cache' -Actual $(if ($mvc) { $mvc } else { 'not there' }) -Remedy 'Install AspNetMVC4Setup.exe by hand: the topology names no set-up for it (mbam.mvc4Media).'
    } catch { Add-Unchecked -Name 'ASP.NET MVC 4' -Needs ('a look into the global assembly cache ({0})' -f $_.Exception.GetBaseException().Message) }
    $Features = @('Web-Server', 'Web-WebServer', 'Web-Scripting-Tools', 'Web-Mgmt-Tools', 'Web-Mgmt-Console', 'Web-Static-Content', 'Web-Default-Doc', 'Web-Asp-Net45', 'Web-Net-Ext45', 'Web-ISAPI-Ext', 'Web-ISAPI-Filter', 'Web-Windows-Auth', 'Web-Filtering', 'NET-Framework-45-Core', 'NET-Framework-45-ASPNET', 'NET-WCF-HTTP-Activation45', 'NET-WCF-TCP-Activation45', 'WAS-Process-Model', 'WAS-NET-Environment', 'WAS-Config-APIs')
    try {
        Import-Module -Name ServerManager
        $all = @(Get-WindowsFeature)
        $known = @($all | ForEach-Object { [string]$_.Name })
        $unknown = @($Features | Where-Object { $known -notcontains $_ })
        Add-Finding -Name 'Windows features' -Ok ($unknown.Count -eq 0) -Expected 'this Windows knows them all' -Actual $(if ($unknown.Count -gt 0) { 'unknown: {0}' -f ($unknown -join ', ') } else { 'known' }) -Remedy 'Compare windows and core of this host in the topology with what runs here.'
        $removed = @($all | Where-Object { ($Features -contains $_.Name -or $_.Name -eq 'NET-Framework-Core' -and $Features -contains 'NET-Non-HTTP-Activ') -and -not $_.Installed -and [string]$_.InstallState -eq 'Removed' } | ForEach-Object { [string]$_.Name })
        Add-Finding -Name 'files of Windows features' -Ok ($removed.Count -eq 0) -Expected 'on the disk' -Actual $(if ($removed.Count -gt 0) { 'missing for {0}' -f ($removed -join ', ') } else { 'on the disk' }) -Note -Remedy 'Have the folder sources\sxs of the Windows media at hand, and give it to file number 205 as -Source; .NET Framework 3.5 is the usual case.'
    } catch { Add-Unchecked -Name 'Windows features' -Needs ('an elevated PowerShell ({0})' -f $_.Exception.GetBaseException().Message) }
    $pool = ConvertTo-AccountSid 'LITWARE\svc-mbam-web'
    foreach ($name in @('bitlocker.litware.com')) {
        if (-not $directory) {
            Add-Unchecked -Name 'service principal name' -About ('http/{0}' -f $name) -Needs 'a domain controller that answers you'
            continue
        }
        try {
            $holders = @(Get-SpnHolder ('http/{0}' -f $name))
            $strange = @($holders | Where-Object { $_.Sid -ne $pool })
            Add-Finding -Name 'service principal name' -About ('http/{0}' -f $name) -Ok ($strange.Count -eq 0 -and $holders.Count -eq 1) -Expected ('{0} alone has it' -f 'LITWARE\svc-mbam-web') -Actual $(if ($holders.Count -gt 0) { @($holders | ForEach-Object { $_.Name }) -join ' and ' } else { 'nobody has it' }) -Remedy 'Ask the domain administrator (file number 120). A wrong owner loses it by setspn -D, which its administrator decides.'
            $holders = @(Get-SpnHolder ('host/{0}' -f $name))
            Add-Finding -Name 'computer of that name' -About $name -Ok ($holders.Count -eq 0) -Expected 'none' -Actual $(if ($holders.Count -gt 0) { @($holders | ForEach-Object { $_.Name }) -join ' and ' } else { 'none' }) -Remedy 'Its HOST name stands for http too, and domain controllers refuse the second owner: have a stale computer account deleted, or choose another virtual host name.'
        } catch { Add-Unchecked -Name 'service principal name' -About ('http/{0}' -f $name) -Needs ('a global catalog that answers you ({0})' -f $_.Exception.GetBaseException().Message) }
    }
    try {
        $store = 'Cert:\LocalMachine\My\{0}' -f '4B3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
        $have = 'not in the computer''s Personal store'
        if (Test-Path -LiteralPath $store) {
            $certificate = Get-Item -LiteralPath $store
            $have = if (-not $certificate.HasPrivateKey) { 'without private key' } elseif ($certificate.NotAfter -le [DateTime]::Now) { 'expired' } else { 'there, with private key' }
        }
        Add-Finding -Name 'certificate' -About '4B3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D' -Ok ($have -eq 'there, with private key') -Expected 'there, with private key' -Actual $have -Note -Remedy 'The PKI team imports it (file number 160). Its names, usages and chain are checked by the preflight of file number 620.'
    } catch { Add-Unchecked -Name 'certificate' -About '4B3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D' -Needs ('read access to the computer''s store ({0})' -f $_.Exception.GetBaseException().Message) }
    Complete-Preflight
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
