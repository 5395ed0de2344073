<#
.SYNOPSIS
Run MBAM 2.0 setup on the database server.
.DESCRIPTION
Step      database/mbam20-setup, install, file number 341
Run on    MBAMDB (mbamdb.tailspin.com), 64-bit, elevated
Run by    database administrator
Changes   MbamSetup.exe installs Recovery Database, Compliance and Audit Database, Compliance and Audit Reports, in one go; server 1 of 2 in the order of the document
Undo      uninstalls the MBAM server; run it on the servers in the opposite order
Success   the verify finds the features, the databases, the local groups with the web servers, and the job CreateCache
Sources   [documented] How to Install and Configure MBAM 2.0 on Distributed Servers
          [documented] How to Use a Command Line to Install the MBAM 2.0 Server
          [documented] How to Move MBAM 2.0 Features to Another Computer
          [documented] MBAM 2.0 Deployment Prerequisites
          [documented] Release Notes for MBAM 2.0
          [documented] High Availability for MBAM 2.0
          [documented] MBAM 2.0 Security Considerations
          [documented] Upgrading from Previous Versions of MBAM
          [documented] msiexec: command-line options and logging
          [documented] Windows Installer: Installer.FeatureState property
          [documented] Command line process auditing
Inferred  the features that ADDLOCAL names are those of the Windows Installer package, so that their state can be asked there; proved by: the verify asks each feature after setup
Inferred  the computer account of a Self-Service Portal needs the databases too; the document names the Administration and Monitoring Servers; proved by: the verify of the website asks MBAMUserSupportService
Inferred  a log with the switches i, w, e, a, r, m and o holds no property; p and v are what writes them; proved by: the install looks for the password in the logs of setup and overwrites it
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\341-mbam20-setup.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'database/mbam20-setup'
$StepKind = 'install'
$ResultName = 'database.mbam20-setup.install'
$StepHosts = @('MBAMDB', 'mbamdb.tailspin.com')
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
function Assert-SetupFile {
    # Stops unless the file can be read and carries a signature of Microsoft Corporation that this server trusts.
    param([string]$Path)
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('{0} is not there, or this account cannot read it. Nothing was run.' -f $Path) }
    $signature = Get-AuthenticodeSignature -LiteralPath $Path
    if ([string]$signature.Status -ne 'Valid') { Stop-Step 3 ('{0} has no signature that this server trusts ({1}). Nothing was run. Compare the file with the one that Microsoft published.' -f $Path, $signature.Status) }
    $signer = $signature.SignerCertificate.GetNameInfo([System.Security.Cryptography.X509Certificates.X509NameType]::SimpleName, $false)
    if ($signer -ne 'Microsoft Corporation') { Stop-Step 3 ('{0} is signed by {1}, not by Microsoft Corporation. Nothing was run. Take the file that Microsoft published.' -f $Path, $signature.SignerCertificate.Subject) }
    Add-Info -Name $Path -Text ('signed by {0}' -f $signature.SignerCertificate.Subject)
}
function Clear-LogSecret {
    # Overwrites the password in log files that setup left, and says in which it stood. A file that cannot be opened is named.
    param([string[]]$File, [System.Management.Automation.PSCredential]$Credential)
    $secret = $Credential.GetNetworkCredential().Password
    foreach ($path in $File) {
        try {
            $text = [IO.File]::ReadAllText($path)
            if ($text.Contains($secret)) {
                [IO.File]::WriteAllText($path, $text.Replace($secret, '********'), [Text.Encoding]::Unicode)
                'The password stood in {0} and was overwritten there.' -f $path
            }
        } catch { 'Look into {0} for the password, and remove it by hand: {1}' -f $path, $_.Exception.GetBaseException().Message }
    }
}
function Get-AccountSid {
    param([string]$Account)
    try { (New-Object System.Security.Principal.NTAccount $Account).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { Stop-Step 2 ('The account {0} is not found in the directory. Nothing was changed.' -f $Account) }
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
function Get-MbamDatabaseState {
    # Asks an instance, in master, for one database: Server, Collation, State ('' = not there), Schema ('' = not MBAM's).
    # MBAM's is a database with the schema, or with the procedure GetVersion that the web features call.
    param([string]$Connection, [string]$Name, [string]$Schema)
    $rows = @()
    try {
        $rows = @(Get-SqlRow -Connection $Connection -Value @{ '@name' = $Name } -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [Server], CONVERT(nvarchar(128), SERVERPROPERTY(N''Collation'')) AS [Collation], (SELECT d.state_desc FROM sys.databases AS d WHERE d.name = @name) AS [State], N'''' AS [Schema]')
        if ($rows[0].State -eq 'ONLINE') {
            $found = @(Get-SqlRow -Connection $Connection -Value @{ '@name' = $Name; '@schema' = $Schema } -Query 'DECLARE @q nvarchar(max); SET @q = N''SELECT name FROM '' + QUOTENAME(@name) + N''.sys.schemas WHERE name = @schema UNION SELECT @schema FROM '' + QUOTENAME(@name) + N''.sys.procedures WHERE name = N''''GetVersion'''';''; EXEC sys.sp_executesql @q, N''@schema sysname'', @schema = @schema;')
            if ($found.Count -gt 0) { $rows[0].Schema = $found[0].name }
        }
    } catch { Stop-Step 3 ('The instance cannot be asked for the database {0}: {1} Nothing was changed by that.' -f $Name, $_.Exception.GetBaseException().Message) }
    $rows[0]
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
function Get-RegistryText {
    # A value of the registry as text; '' when key or value is not there.
    param([string]$Path, [string]$Name)
    if (-not (Test-Path -LiteralPath $Path)) { return '' }
    [string](Get-Item -LiteralPath $Path).GetValue($Name, '')
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
function Test-AccountPassword {
    # Asks the domain whether name and password belong together: one logon attempt.
    param([string]$Domain, [string]$Name, [System.Management.Automation.PSCredential]$Credential)
    Add-Type -AssemblyName 'System.DirectoryServices.AccountManagement'
    $context = New-Object System.DirectoryServices.AccountManagement.PrincipalContext -ArgumentList ([System.DirectoryServices.AccountManagement.ContextType]::Domain), $Domain
    try { $context.ValidateCredentials($Name, $Credential.GetNetworkCredential().Password) } finally { $context.Dispose() }
}
function Test-CommandLineRecord {
    # Does Windows write the command line of every new process into its Security log?
    $recorded = Get-RegistryText 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit' 'ProcessCreationIncludeCmdLine_Enabled'
    $recorded -ne '' -and $recorded -ne '0'
}
function Write-Changed {
    param([string]$Message)
    $script:Result.outcome = 'changed'
    $script:Result.message = $Message
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
    $Setup = '\\files.tailspin.com\mbam20\MbamSetup.exe'
    $Features = @('KeyDatabase', 'ReportsDatabase', 'Reports')
    $Line = '/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=KeyDatabase,ReportsDatabase,Reports RECOVERYANDHWDB_SQLINSTANCE=MBAMDB COMPLIDB_SQLINSTANCE=MBAMDB ADMINANDMON_MACHINENAMES=TAILSPIN\MBAMWEB$ REPORTS_USERACCOUNT=TAILSPIN\svc-mbam-reports SRS_INSTANCENAME=MBAMDB'
    $before = Get-SetupState -Feature $Features
    $missing = @($Features | Where-Object { $before.Feature -notcontains $_ })
    if ($before.Code -and $missing.Count -gt 0) { Stop-Step 3 ('The MBAM server {0} is installed without {1}. All features of one server are installed together: take it back (Programs and Features; the databases stay), then start this script again. Nothing was changed.' -f $before.Version, ($missing -join ', ')) }
    if ($before.Code) {
        Write-Unchanged ('MBAM {0} is installed with {1}.' -f $before.Version, ($Features -join ', '))
    } else {
    $there = try { Test-Path -LiteralPath '\\files.tailspin.com\mbam20\MbamSetup.exe' -PathType Leaf } catch { $false }
    Add-Check -Name 'MbamSetup.exe can be read' -Ok $there -Expected 'True' -Actual ('{0} ({1})' -f $there, '\\files.tailspin.com\mbam20\MbamSetup.exe')
    $role = [string](Get-CimInstance -ClassName Win32_ComputerSystem).DomainRole
    Add-Check -Name 'member server, no domain controller' -Ok ($role -eq '3') -Expected '3' -Actual $role
    try { $sid = Get-AccountSid 'TAILSPIN\svc-mbam-reports' } catch { $sid = 'not found in the directory' }
    Add-Check -Name ('account {0}' -f 'TAILSPIN\svc-mbam-reports') -Ok ($sid.StartsWith('S-1-5-21-')) -Expected 'a domain account' -Actual $sid
    # Setup registers MBAM's VSS writer, which depends on that of SQL Server; when it fails, setup rolls itself back.
    try {
        $service = Get-ServiceRecord 'SQLWriter'
        $have = '{0}, {1}, {2}' -f $service.State, $service.Mode, $service.Account
        Add-Check -Name 'SQL Server VSS Writer (service SQLWriter)' -Ok ($have -eq 'Running, Auto, LocalSystem') -Expected 'Running, Auto, LocalSystem' -Actual $have
    } catch { Add-Check -Name 'SQL Server VSS Writer (service SQLWriter)' -Ok $false -Expected 'Running, Auto, LocalSystem' -Actual ($_.Exception.GetBaseException().Message) }
    # Setup takes sqlcmd from this path, and an upgrade from SQL Server 2008 leaves the path without the program.
    $tools = 'HKLM:\SOFTWARE\Microsoft\Microsoft SQL Server\100\Tools\ClientSetup'
    try {
        $path = Get-RegistryText $tools 'Path'
        $good = $path -eq '' -or (Test-Path -LiteralPath (Join-Path $path 'SQLCMD.EXE') -PathType Leaf)
        Add-Check -Name 'path of sqlcmd that setup reads' -Ok $good -Expected 'no value, or a folder with SQLCMD.EXE' -Actual $(if ($good) { 'as expected' } else { '{0} without SQLCMD.EXE; rename the value Path of {1} to Path_old until setup is done' -f $path, $tools })
    } catch { Add-Check -Name 'path of sqlcmd that setup reads' -Ok $false -Expected 'no value, or a folder with SQLCMD.EXE' -Actual ($_.Exception.GetBaseException().Message) }
    try {
        $service = Get-ServiceRecord 'SQLSERVERAGENT'
        $have = '{0}, {1}' -f $service.State, $service.Mode
        Add-Check -Name ('SQL Server Agent of {0}' -f 'MBAMDB') -Ok ($have -eq 'Running, Auto') -Expected 'Running, Auto' -Actual $have
    } catch { Add-Check -Name ('SQL Server Agent of {0}' -f 'MBAMDB') -Ok $false -Expected 'Running, Auto' -Actual ($_.Exception.GetBaseException().Message) }
    $have = ''
    $unread = ''
    try {
        $row = @(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [Server], CONVERT(nvarchar(128), SERVERPROPERTY(N''Collation'')) AS [Collation], CASE WHEN IS_SRVROLEMEMBER(N''sysadmin'') = 1 OR IS_SRVROLEMEMBER(N''dbcreator'') = 1 AND IS_SRVROLEMEMBER(N''processadmin'') = 1 THEN N''1'' ELSE N''0'' END AS [Allowed]')[0]
        $have = '{0}, {1}, {2}' -f $row.Server, $row.Collation, $row.Allowed
    } catch { $have = $_.Exception.GetBaseException().Message }
    $want = '{0}, SQL_Latin1_General_CP1_CI_AS, 1' -f 'MBAMDB'
    Add-Check -Name ('{0}: answers by this name, collation, your rights (sysadmin, or dbcreator and processadmin)' -f 'MBAMDB') -Ok ($have -eq $want) -Expected $want -Actual $have
    $have = ''
    $unread = ''
    try { $have = [string]@(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Recovery and Hardware' } -Query 'SELECT COUNT(*) AS [Number] FROM sys.databases WHERE name = @name')[0].Number } catch { $have = $_.Exception.GetBaseException().Message }
    Add-Check -Name ('databases called {0} on {1}' -f 'MBAM Recovery and Hardware', 'MBAMDB') -Ok ($have -eq '0') -Expected '0' -Actual $have
    $have = ''
    $unread = ''
    try { $have = [string]@(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Compliance Status' } -Query 'SELECT COUNT(*) AS [Number] FROM sys.databases WHERE name = @name')[0].Number } catch { $have = $_.Exception.GetBaseException().Message }
    Add-Check -Name ('databases called {0} on {1}' -f 'MBAM Compliance Status', 'MBAMDB') -Ok ($have -eq '0') -Expected '0' -Actual $have
    try {
        $service = Get-ServiceRecord 'ReportServer'
        Add-Check -Name 'Reporting Services' -Ok ($service.State -eq 'Running') -Expected 'Running' -Actual $service.State
    } catch { Add-Check -Name 'Reporting Services' -Ok $false -Expected 'Running' -Actual ($_.Exception.GetBaseException().Message) }
    $answer = Get-PageAnswer -Uri 'http://mbamdb.tailspin.com/ReportServer' -Authenticate $true
    $have = ('{0} {1}' -f $answer.Status, $answer.Fault).Trim()
    Add-Check -Name ('Web Service URL {0}' -f 'http://mbamdb.tailspin.com/ReportServer') -Ok ($answer.Status -eq 200) -Expected '200' -Actual $have
        $bad = @($Result.checks | Where-Object { -not $_.ok })
        if ($bad.Count -gt 0) { Stop-Step 2 ('{0}. Nothing was changed.' -f (@($bad | ForEach-Object { $_.name }) -join '; ')) }
        Assert-SetupFile $Setup
        # Setup takes the password of the reports' account only on its command line, where every administrator of this server can see
        # it while setup runs. It is asked for here, given to setup alone, and looked for in the logs afterwards.
        if (Test-CommandLineRecord) { Stop-Step 3 'This server writes the command lines of new processes into its Security log, and setup takes the password on its command line. Turn the policy "Include command line in process creation events" off for this run, or install with the windows of MbamSetup.exe. Nothing was changed.' }
        if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('{0} {1} and the password of the reports'' account, which is asked for' -f $Setup, $Line))) {
            $Account = $null
            $Account = Get-Credential -UserName 'TAILSPIN\svc-mbam-reports' -Message 'Password of TAILSPIN\svc-mbam-reports, which reads the compliance database for the reports'
            if ($null -eq $Account) { Stop-Step 2 'No password was given. Nothing was changed.' }
            if ((Get-AccountSid $Account.UserName) -ne (Get-AccountSid 'TAILSPIN\svc-mbam-reports')) { Stop-Step 3 ('The account of the plan is {0}, given was {1}. Nothing was changed.' -f 'TAILSPIN\svc-mbam-reports', $Account.UserName) }
            if ($Account.GetNetworkCredential().Password.Contains('"') -or $Account.GetNetworkCredential().Password.Length -lt 8) { Stop-Step 2 'A password with a quotation mark cannot be given to setup, and one of fewer than 8 characters cannot be told from other words in a log. Nothing was changed.' }
            if (-not (Test-AccountPassword -Domain 'TAILSPIN' -Name 'svc-mbam-reports' -Credential $Account)) { Stop-Step 2 'The domain refuses this password. Nothing was changed.' }
            # The switches of a log that could hold properties (p, v) are left out.
            $Log = Join-Path $WorkDir 'mbam20-setup.msi.log'
            $Line = '{0} /liwearmo "{1}"' -f $Line, $Log
            'Setup runs without a window. Its log is {0}.' -f $Log
            $started = [DateTime]::UtcNow
            foreach ($feature in $Features) { Save-Change $feature }
            try {
                $code = Invoke-MbamSetup -Path $Setup -Line $Line -Minutes 60 -Credential $Account
            } finally {
                $logs = @($Log) + @(Get-ChildItem -LiteralPath ([IO.Path]::GetTempPath()) | Where-Object { $_.Extension -eq '.log' -and $_.LastWriteTimeUtc -ge $started } | ForEach-Object { $_.FullName })
                Clear-LogSecret -File @($logs | Where-Object { [IO.File]::Exists($_) }) -Credential $Account
            }
            Add-Info -Name 'Exit code of setup' -Text ([string]$code)
            $after = Get-SetupState -Feature $Features
            $missing = @($Features | Where-Object { $after.Feature -notcontains $_ })
            if ($missing.Count -gt 0) {
                if (-not $after.Code) { $Result.changed = @() }
                Stop-Step 4 ('Setup ended with {0} after {1} minutes and did not install {2}. Look into {3} and into the logs in {4} (MSI*.log, Install*.log, Add*.log). A failure to register the VSS writer rolls setup back: see the event log Application, source VSS.' -f $code, [Math]::Round(([DateTime]::UtcNow - $started).TotalMinutes), ($missing -join ', '), $Log, [IO.Path]::GetTempPath())
            }
            $state = Get-MbamDatabaseState -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Name 'MBAM Recovery and Hardware' -Schema 'RecoveryAndHardwareCore'
            if ($state.State -ne 'ONLINE' -or $state.Schema -eq '') { Stop-Step 4 ('{0} on {1} does not read back as an MBAM database: state [{2}], schema [{3}]. Look into the Install*.log files in {4}.' -f 'MBAM Recovery and Hardware', 'MBAMDB', $state.State, $state.Schema, [IO.Path]::GetTempPath()) }
            $state = Get-MbamDatabaseState -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Name 'MBAM Compliance Status' -Schema 'ComplianceCore'
            if ($state.State -ne 'ONLINE' -or $state.Schema -eq '') { Stop-Step 4 ('{0} on {1} does not read back as an MBAM database: state [{2}], schema [{3}]. Look into the Install*.log files in {4}.' -f 'MBAM Compliance Status', 'MBAMDB', $state.State, $state.Schema, [IO.Path]::GetTempPath()) }
            Write-Changed ('MBAM {0} is installed with {1}. Run the verify of this step before setup goes on on the next server.' -f $after.Version, ($Features -join ', '))
            if ($code -eq 3010 -or $code -eq 1641) { $Result.outcome = 'restart' }
        } else {
            Write-Skipped
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
