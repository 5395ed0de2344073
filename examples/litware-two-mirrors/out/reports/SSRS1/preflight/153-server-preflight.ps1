<#
.SYNOPSIS
Preflight: check the server before anything is installed.
.DESCRIPTION
Step      reports/server-preflight, preflight, file number 153
Run on    SSRS1 (ssrs1.litware.com), 64-bit, with or without elevation: what you may not read is reported as not checked
Run by    report administrator
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
          [documented] How to Configure the MBAM 2.5 Reports
          [documented] Install SQL Server Reporting Services: a product of its own with one instance since 2017
          [documented] MSReportServer_ConfigurationSetting members
          [documented] Command line process auditing
          [documented] Planning How to Secure the MBAM Websites: service principal names and host names
Inferred  the registry values InstallationType and EditionID name Server Core and the edition, and the keys RebootPending and RebootRequired say that Windows waits for a restart; proved by: the result shows what they say: compare with winver and with Windows Update
Inferred  the registry names a report server instance MSRS10_50 to MSRS13 with its instance up to 2016 and SSRS from 2017; proved by: an elevated run shows the version that the report server gives itself
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\153-server-preflight.ps1
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
$StepName = 'reports/server-preflight'
$StepKind = 'preflight'
$ResultName = 'reports.server-preflight.preflight'
$StepHosts = @('SSRS1', 'ssrs1.litware.com')
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
function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
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
function Get-HttpStatus {
    # Asks without credentials and follows no redirection, past any proxy. Status is 0 when no HTTP answer came.
    param([string]$Url)
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $answer = @{ Status = 0; Text = '' }
    try {
        $request = [Net.WebRequest]::Create($Url)
        $request.AllowAutoRedirect = $false
        $request.Timeout = 15000
        $request.Proxy = $null
        $response = $request.GetResponse()
        $answer.Status = [int]$response.StatusCode
        $response.Close()
    } catch {
        $problem = $_.Exception
        while ($null -ne $problem.InnerException -and $problem -isnot [Net.WebException]) { $problem = $problem.InnerException }
        $answer.Text = $_.Exception.GetBaseException().Message
        if ($problem -is [Net.WebException] -and $null -ne $problem.Response) {
            $answer.Status = [int]$problem.Response.StatusCode
            $problem.Response.Close()
        }
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
function Get-RegistryText {
    # A value of the registry as text; '' when key or value is not there.
    param([string]$Path, [string]$Name)
    if (-not (Test-Path -LiteralPath $Path)) { return '' }
    [string](Get-Item -LiteralPath $Path).GetValue($Name, '')
}
function Get-ReportServer {
    # The report server of that instance on this computer, as its WMI provider shows it; nothing when there is none. The
    # provider encodes the instance in the namespace and puts its version there, so all namespaces are looked through.
    param([string]$Instance)
    $root = 'root\Microsoft\SqlServer\ReportServer'
    $found = $null
    try {
        foreach ($one in @(Get-CimInstance -Namespace $root -ClassName __NAMESPACE | Where-Object { ([string]$_.Name).StartsWith('RS_') })) {
            $space = '{0}\{1}' -f $root, $one.Name
            foreach ($version in @(Get-CimInstance -Namespace $space -ClassName __NAMESPACE | Where-Object { ([string]$_.Name).StartsWith('v') })) {
                foreach ($setting in @(Get-CimInstance -Namespace ('{0}\{1}\Admin' -f $space, $version.Name) -ClassName MSReportServer_ConfigurationSetting)) {
                    if ([string]$setting.InstanceName -eq $Instance) { $found = $setting }
                }
            }
        }
    } catch { Add-Info -Name 'WMI provider of Reporting Services' -Text $_.Exception.Message | Out-Null }
    $found
}
function Get-ServiceRecord {
    # A service of this computer: State ('not installed' when there is none of that name), Mode, Account. Throws where Windows shows
    # none at all, or not its account: then nothing is known.
    param([string]$Name)
    $all = @(Get-CimInstance -ClassName Win32_Service)
    if ($all.Count -eq 0) { throw 'Windows shows you no services' }
    $found = @($all | Where-Object { [string]$_.Name -eq $Name })
    if ($found.Count -eq 0) { return New-Object PSObject -Property @{ State = 'not installed'; Mode = ''; Account = '' } }
    if (-not [string]$found[0].StartName) { throw ('Windows does not show you the account of the service {0}' -f $Name) }
    New-Object PSObject -Property @{ State = [string]$found[0].State; Mode = [string]$found[0].StartMode; Account = [string]$found[0].StartName }
}
function Get-SqlRow {
    # Runs a query as the person who runs the script; one object a row, every column as text. Values go in as parameters.
    param([string]$Connection, [string]$Query, [hashtable]$Value = @{})
    $client = New-Object System.Data.SqlClient.SqlConnection -ArgumentList $Connection
    try {
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandText = $Query
        $command.CommandTimeout = 60
        foreach ($name in @($Value.Keys)) { [void]$command.Parameters.AddWithValue($name, [string]$Value[$name]) }
        $reader = $command.ExecuteReader()
        try {
            while ($reader.Read()) {
                $row = @{}
                for ($i = 0; $i -lt $reader.FieldCount; $i++) { $row[$reader.GetName($i)] = [string]$reader.GetValue($i) }
                New-Object PSObject -Property $row
            }
        } finally { $reader.Dispose() }
    } finally { $client.Dispose() }
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
    Add-Finding -Name 'computer name' -Ok ($names[2] -eq 'ssrs1.litware.com') -Expected 'ssrs1.litware.com' -Actual $names[2] -Remedy 'Certificates, connection strings and service principal names of the plan have this name. Correct the primary DNS suffix of the server, or fqdn of this host in the topology.'
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
        @{ Name = 'ssrs1.litware.com'; Address = '10.20.0.21'; For = 'this server' }
        @{ Name = 'db1.litware.com'; Address = '10.20.0.11'; For = 'instance DB1\STATUS' }
        @{ Name = 'db3.litware.com'; Address = '10.21.0.13'; For = 'instance DB3\STATUS' }
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
    )
    foreach ($w in $Ways) { Add-Info -Name ('TCP {0} of {1} today ({2})' -f $w.Port, $w.Server, $w.For) -Text $(if (Test-TcpPort -Server $w.Server -Port $w.Port -Milliseconds 2000) { 'open' } else { 'closed; its firewall or service may come with a later step' }) }
    $Accounts = @(
        @{ Account = 'LITWARE\svc-mbam-web'; Class = 'user'; Domain = 'litware.com'; For = 'MBAM: identity of the application pool' }
        @{ Account = 'LITWARE\svc-mbam-reports'; Class = 'user'; Domain = 'litware.com'; For = 'MBAM: data source of the reports' }
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
        $service = Get-ServiceRecord 'ReportServer'
        Add-Finding -Name 'Reporting Services service' -About 'ReportServer' -Ok ($service.State -eq 'Running') -Expected 'Running' -Actual $service.State -Remedy 'Install or start Reporting Services (a feature of SQL Server set-up), or correct reports in the topology.'
    } catch { Add-Unchecked -Name 'Reporting Services service' -About 'ReportServer' -Needs ('a look at the services ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $key = Get-RegistryText 'HKLM:\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\RS' 'MSSQLSERVER'
        Add-Finding -Name 'Reporting Services instance' -About 'MSSQLSERVER' -Ok ($key.StartsWith('MSRS13.')) -Expected 'MSRS13. of version 2016' -Actual $(if ($key) { $key } else { 'no such instance' }) -Note -Remedy 'Compare version and instance of reports in the topology with what is installed here.'
    } catch { Add-Unchecked -Name 'Reporting Services instance' -About 'MSSQLSERVER' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    $answer = Get-HttpStatus 'https://ssrs1.litware.com/ReportServer'
    $have = ('{0} {1}' -f $answer.Status, $answer.Text).Trim()
    Add-Finding -Name 'Web Service URL' -About 'https://ssrs1.litware.com/ReportServer' -Ok (@(200, 301, 302, 401, 403) -contains $answer.Status) -Expected '200, 301, 302, 401 or 403' -Actual $have -Remedy 'Finish Report Server Configuration Manager: service, database, Web Service URL and its certificate, which must come before the reports are enabled.'
    if (-not $elevated) {
        Add-Unchecked -Name 'Reporting Services mode' -Needs 'an elevated PowerShell'
    } else {
        $server = Get-ReportServer 'MSSQLSERVER'
        if ($null -eq $server) {
            Add-Finding -Name 'Reporting Services mode' -Ok $false -Expected 'native, configured' -Actual ('no report server of the instance {0}' -f 'MSSQLSERVER') -Remedy 'Install and configure Reporting Services first.'
        } else {
            $have = '{0}, {1}' -f $(if ($server.IsSharePointIntegrated) { 'SharePoint' } else { 'native' }), $(if ($server.IsInitialized) { 'configured' } else { 'not configured' })
            Add-Finding -Name 'Reporting Services mode' -Ok ($have -eq 'native, configured') -Expected 'native, configured' -Actual $have -Remedy 'MBAM needs native mode and a report server database; in a scale-out deployment the server must have joined.'
            Add-Finding -Name 'Reporting Services version' -Ok (([string]$server.Version).StartsWith('13.')) -Expected '13. of version 2016' -Actual ([string]$server.Version) -Note -Remedy 'Compare the version of reports in the topology with what is installed here: keywords of the data source depend on it.'
        }
    }
    try {
        $have = Get-MbamServerVersion
        Add-Finding -Name 'MBAM server software' -Ok ($have -eq '' -or $have -eq '2.5.1152.0' -or $have -eq '2.5.1100.0') -Expected 'none, the release itself or 2.5.1152.0' -Actual $(if ($have) { $have } else { 'none' }) -Remedy 'File number 215 refuses any other version: disable the features of MBAM and uninstall it first, or correct mbam.servicing in the topology. Every server needs the same version.'
        $enabled = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Enabled'
        $on = @(if (Test-Path -LiteralPath $enabled) { $key = Get-Item -LiteralPath $enabled; $key.GetValueNames() | Where-Object { [string]$key.GetValue($_) -eq '1' } })
        Add-Finding -Name 'MBAM features' -Ok ($on.Count -eq 0) -Expected 'none' -Actual $(if ($on.Count -gt 0) { $on -join ', ' } else { 'none' }) -Note -Remedy 'Features are enabled here: right once this plan was run, else mark the node as existing in the topology.'
    } catch { Add-Unchecked -Name 'MBAM server software' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $row = @(Get-SqlRow -Connection 'Data Source=db1.litware.com,14332;Initial Catalog="master";Integrated Security=SSPI' -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [Server], CASE WHEN IS_SRVROLEMEMBER(N''sysadmin'') = 1 OR IS_SRVROLEMEMBER(N''dbcreator'') = 1 AND IS_SRVROLEMEMBER(N''processadmin'') = 1 AND IS_SRVROLEMEMBER(N''securityadmin'') = 1 THEN N''yes'' ELSE N''no'' END AS [Allowed], CONVERT(nvarchar(128), SERVERPROPERTY(N''Collation'')) AS [Collation]')[0]
        Add-Finding -Name 'rights to create the database' -About 'MBAM Compliance Status' -Ok ($row.Allowed -eq 'yes') -Expected 'sysadmin, or dbcreator, processadmin and securityadmin on DB1\STATUS' -Actual ('{0} has {1}' -f $Result.user, $(if ($row.Allowed -eq 'yes') { 'them' } else { 'less' })) -Note -Remedy 'File number 340 is run by somebody who has them; the database administrator gives them for that run.'
        Add-Finding -Name 'collation of the instance' -About $row.Server -Ok ($row.Collation -eq 'SQL_Latin1_General_CP1_CI_AS') -Expected 'SQL_Latin1_General_CP1_CI_AS' -Actual $row.Collation -Remedy 'MBAM takes no other one, and it cannot be changed without rebuilding the instance: ask the database administrator for another instance.'
    } catch { Add-Unchecked -Name 'rights to create the database' -About 'MBAM Compliance Status' -Needs ('an open way to {0} and a login of yours there ({1})' -f 'DB1\STATUS', $_.Exception.GetBaseException().Message) }
    try {
        $row = @(Get-SqlRow -Connection 'Data Source=db1.litware.com,14331;Initial Catalog="master";Integrated Security=SSPI' -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [Server], CASE WHEN IS_SRVROLEMEMBER(N''sysadmin'') = 1 OR IS_SRVROLEMEMBER(N''dbcreator'') = 1 AND IS_SRVROLEMEMBER(N''processadmin'') = 1 AND IS_SRVROLEMEMBER(N''securityadmin'') = 1 THEN N''yes'' ELSE N''no'' END AS [Allowed], CONVERT(nvarchar(128), SERVERPROPERTY(N''Collation'')) AS [Collation]')[0]
        Add-Finding -Name 'rights to create the database' -About 'MBAM Recovery and Hardware' -Ok ($row.Allowed -eq 'yes') -Expected 'sysadmin, or dbcreator, processadmin and securityadmin on DB1\KEYS' -Actual ('{0} has {1}' -f $Result.user, $(if ($row.Allowed -eq 'yes') { 'them' } else { 'less' })) -Note -Remedy 'File number 340 is run by somebody who has them; the database administrator gives them for that run.'
        Add-Finding -Name 'collation of the instance' -About $row.Server -Ok ($row.Collation -eq 'SQL_Latin1_General_CP1_CI_AS') -Expected 'SQL_Latin1_General_CP1_CI_AS' -Actual $row.Collation -Remedy 'MBAM takes no other one, and it cannot be changed without rebuilding the instance: ask the database administrator for another instance.'
    } catch { Add-Unchecked -Name 'rights to create the database' -About 'MBAM Recovery and Hardware' -Needs ('an open way to {0} and a login of yours there ({1})' -f 'DB1\KEYS', $_.Exception.GetBaseException().Message) }
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
