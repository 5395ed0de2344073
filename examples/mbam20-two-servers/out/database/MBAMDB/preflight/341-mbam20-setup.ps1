<#
.SYNOPSIS
Preflight: run MBAM 2.0 setup on the database server.
.DESCRIPTION
Step      database/mbam20-setup, preflight, file number 341
Run on    MBAMDB (mbamdb.tailspin.com), 64-bit, with or without elevation: what you may not read is reported as not checked
Run by    database administrator
Changes   nothing
Undo      nothing to undo
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
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\341-mbam20-setup.ps1
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
$StepName = 'database/mbam20-setup'
$StepKind = 'preflight'
$ResultName = 'database.mbam20-setup.preflight'
$StepHosts = @('MBAMDB', 'mbamdb.tailspin.com')
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
function Add-Check {
    param([string]$Name, [bool]$Ok, [string]$Expected, [string]$Actual)
    $script:Result.checks += , ([ordered]@{ name = $Name; ok = $Ok; expected = $Expected; actual = $Actual })
    if ($Ok) { '[ok]   {0}: {1}' -f $Name, $Actual } else { '[FAIL] {0}: expected {1}, found {2}' -f $Name, $Expected, $Actual }
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
function Get-AccountSid {
    param([string]$Account)
    try { (New-Object System.Security.Principal.NTAccount $Account).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { Stop-Step 2 ('The account {0} is not found in the directory. Nothing was changed.' -f $Account) }
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
    $there = try { Test-Path -LiteralPath '\\files.tailspin.com\mbam20\MbamSetup.exe' -PathType Leaf } catch { $false }
    if (-not $there -and -not (Test-Elevated)) { Add-Unchecked -Name 'MbamSetup.exe can be read' -Needs 'a run by the person who installs: you do not see it' } else { Add-Check -Name 'MbamSetup.exe can be read' -Ok $there -Expected 'True' -Actual ('{0} ({1})' -f $there, '\\files.tailspin.com\mbam20\MbamSetup.exe') }
    try { $sid = Get-AccountSid 'TAILSPIN\svc-mbam-reports' } catch { $sid = 'not found in the directory' }
    Add-Check -Name ('account {0}' -f 'TAILSPIN\svc-mbam-reports') -Ok ($sid.StartsWith('S-1-5-21-')) -Expected 'a domain account' -Actual $sid
    # Setup registers MBAM's VSS writer, which depends on that of SQL Server; when it fails, setup rolls itself back.
    try {
        $service = Get-ServiceRecord 'SQLWriter'
        $have = '{0}, {1}, {2}' -f $service.State, $service.Mode, $service.Account
        Add-Check -Name 'SQL Server VSS Writer (service SQLWriter)' -Ok ($have -eq 'Running, Auto, LocalSystem') -Expected 'Running, Auto, LocalSystem' -Actual $have
    } catch { Add-Unchecked -Name 'SQL Server VSS Writer (service SQLWriter)' -Needs ('a look at the services ({0})' -f $_.Exception.GetBaseException().Message) }
    # Setup takes sqlcmd from this path, and an upgrade from SQL Server 2008 leaves the path without the program.
    $tools = 'HKLM:\SOFTWARE\Microsoft\Microsoft SQL Server\100\Tools\ClientSetup'
    try {
        $path = Get-RegistryText $tools 'Path'
        $good = $path -eq '' -or (Test-Path -LiteralPath (Join-Path $path 'SQLCMD.EXE') -PathType Leaf)
        Add-Check -Name 'path of sqlcmd that setup reads' -Ok $good -Expected 'no value, or a folder with SQLCMD.EXE' -Actual $(if ($good) { 'as expected' } else { '{0} without SQLCMD.EXE; rename the value Path of {1} to Path_old until setup is done' -f $path, $tools })
    } catch { Add-Unchecked -Name 'path of sqlcmd that setup reads' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $service = Get-ServiceRecord 'SQLSERVERAGENT'
        $have = '{0}, {1}' -f $service.State, $service.Mode
        Add-Check -Name ('SQL Server Agent of {0}' -f 'MBAMDB') -Ok ($have -eq 'Running, Auto') -Expected 'Running, Auto' -Actual $have
    } catch { Add-Unchecked -Name ('SQL Server Agent of {0}' -f 'MBAMDB') -Needs ('a look at the services ({0})' -f $_.Exception.GetBaseException().Message) }
    $have = ''
    $unread = ''
    try {
        $row = @(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [Server], CONVERT(nvarchar(128), SERVERPROPERTY(N''Collation'')) AS [Collation], CASE WHEN IS_SRVROLEMEMBER(N''sysadmin'') = 1 OR IS_SRVROLEMEMBER(N''dbcreator'') = 1 AND IS_SRVROLEMEMBER(N''processadmin'') = 1 THEN N''1'' ELSE N''0'' END AS [Allowed]')[0]
        $have = '{0}, {1}, {2}' -f $row.Server, $row.Collation, $row.Allowed
    } catch { $unread = $_.Exception.GetBaseException().Message }
    $want = '{0}, SQL_Latin1_General_CP1_CI_AS, 1' -f 'MBAMDB'
    if ($have -eq ('{0}, SQL_Latin1_General_CP1_CI_AS, 0' -f 'MBAMDB')) { $unread = 'name and collation are right, your rights are not those of the person who installs' }
    if ($unread) { Add-Unchecked -Name ('{0}: answers by this name, collation, your rights (sysadmin, or dbcreator and processadmin)' -f 'MBAMDB') -Needs ('a login there with the rights to install ({0})' -f $unread) } else { Add-Check -Name ('{0}: answers by this name, collation, your rights (sysadmin, or dbcreator and processadmin)' -f 'MBAMDB') -Ok ($have -eq $want) -Expected $want -Actual $have }
    $have = ''
    $unread = ''
    try { $have = [string]@(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Recovery and Hardware' } -Query 'SELECT COUNT(*) AS [Number] FROM sys.databases WHERE name = @name')[0].Number } catch { $unread = $_.Exception.GetBaseException().Message }
    if ($unread) { Add-Unchecked -Name ('databases called {0} on {1}' -f 'MBAM Recovery and Hardware', 'MBAMDB') -Needs ('a login of yours on {0} ({1})' -f 'MBAMDB', $unread) } else { Add-Check -Name ('databases called {0} on {1}' -f 'MBAM Recovery and Hardware', 'MBAMDB') -Ok ($have -eq '0') -Expected '0' -Actual $have }
    $have = ''
    $unread = ''
    try { $have = [string]@(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Compliance Status' } -Query 'SELECT COUNT(*) AS [Number] FROM sys.databases WHERE name = @name')[0].Number } catch { $unread = $_.Exception.GetBaseException().Message }
    if ($unread) { Add-Unchecked -Name ('databases called {0} on {1}' -f 'MBAM Compliance Status', 'MBAMDB') -Needs ('a login of yours on {0} ({1})' -f 'MBAMDB', $unread) } else { Add-Check -Name ('databases called {0} on {1}' -f 'MBAM Compliance Status', 'MBAMDB') -Ok ($have -eq '0') -Expected '0' -Actual $have }
    try {
        $service = Get-ServiceRecord 'ReportServer'
        Add-Check -Name 'Reporting Services' -Ok ($service.State -eq 'Running') -Expected 'Running' -Actual $service.State
    } catch { Add-Unchecked -Name 'Reporting Services' -Needs ('a look at the services ({0})' -f $_.Exception.GetBaseException().Message) }
    $answer = Get-PageAnswer -Uri 'http://mbamdb.tailspin.com/ReportServer' -Authenticate $true
    $have = ('{0} {1}' -f $answer.Status, $answer.Fault).Trim()
    if ($answer.Status -eq 401 -or $answer.Status -eq 403) { Add-Unchecked -Name ('Web Service URL {0}' -f 'http://mbamdb.tailspin.com/ReportServer') -Needs ('rights of yours on the report server, which answers {0}' -f $answer.Status) } else { Add-Check -Name ('Web Service URL {0}' -f 'http://mbamdb.tailspin.com/ReportServer') -Ok ($answer.Status -eq 200) -Expected '200' -Actual $have }
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
