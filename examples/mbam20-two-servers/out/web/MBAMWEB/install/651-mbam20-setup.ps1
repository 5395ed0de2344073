<#
.SYNOPSIS
Run MBAM 2.0 setup on the web server.
.DESCRIPTION
Step      web/mbam20-setup, install, file number 651
Run on    MBAMWEB (mbamweb.tailspin.com), 64-bit, elevated
Run by    web administrator
Changes   MbamSetup.exe installs Self-Service Portal, Administration and Monitoring Server, MBAM Group Policy template, in one go; server 2 of 2 in the order of the document
Undo      uninstalls the MBAM server; run it on the servers in the opposite order
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
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\651-mbam20-setup.ps1 -WhatIf
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
$StepName = 'web/mbam20-setup'
$StepKind = 'install'
$ResultName = 'web.mbam20-setup.install'
$StepHosts = @('MBAMWEB', 'mbamweb.tailspin.com')
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
function Get-PresentFeature {
    foreach ($f in @(Get-WindowsFeature)) {
        $state = $f.PSObject.Properties['InstallState']
        if ($f.Installed -or ($null -ne $state -and [string]$state.Value -eq 'InstallPending')) { [string]$f.Name }
    }
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
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
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
    $Features = @('SelfServiceServer', 'AdministrationMonitoringServer', 'PolicyTemplate')
    $Line = '/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=SelfServiceServer,AdministrationMonitoringServer,PolicyTemplate RECOVERYANDHWDB_SQLINSTANCE=MBAMDB COMPLIDB_SQLINSTANCE=MBAMDB SRS_REPORTSITEURL=http://mbamdb.tailspin.com/ReportServer ADMINANDMON_WEBSITE_PORT=80 WEBSITE_PORT=80'
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
    $have = ''
    $unread = ''
    try {
        $row = @(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Recovery and Hardware' } -Query 'SELECT state_desc AS [State] FROM sys.databases WHERE name = @name')
        $have = if ($row.Count -gt 0) { [string]$row[0].State } else { 'not there' }
    } catch { $have = $_.Exception.GetBaseException().Message }
    Add-Check -Name ('{0} on {1}, set up before this server' -f 'MBAM Recovery and Hardware', 'MBAMDB') -Ok ($have -eq 'ONLINE') -Expected 'ONLINE' -Actual $have
    $have = ''
    $unread = ''
    try {
        $row = @(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Compliance Status' } -Query 'SELECT state_desc AS [State] FROM sys.databases WHERE name = @name')
        $have = if ($row.Count -gt 0) { [string]$row[0].State } else { 'not there' }
    } catch { $have = $_.Exception.GetBaseException().Message }
    Add-Check -Name ('{0} on {1}, set up before this server' -f 'MBAM Compliance Status', 'MBAMDB') -Ok ($have -eq 'ONLINE') -Expected 'ONLINE' -Actual $have
    $answer = Get-PageAnswer -Uri 'http://mbamdb.tailspin.com/ReportServer' -Authenticate $true
    $have = ('{0} {1}' -f $answer.Status, $answer.Fault).Trim()
    Add-Check -Name ('Web Service URL {0}' -f 'http://mbamdb.tailspin.com/ReportServer') -Ok ($answer.Status -eq 200) -Expected '200' -Actual $have
    Import-StepModule -Name ServerManager -Feature 'It is part of Windows Server.'
    $present = @(Get-PresentFeature)
    $absent = @(@('Web-Server', 'Web-Scripting-Tools', 'Web-Static-Content', 'Web-Default-Doc', 'Web-Asp-Net', 'Web-Net-Ext', 'Web-ISAPI-Ext', 'Web-ISAPI-Filter', 'Web-Windows-Auth', 'Web-Filtering', 'NET-Framework-Core', 'NET-HTTP-Activation', 'NET-Non-HTTP-Activ', 'WAS-Process-Model', 'WAS-NET-Environment', 'WAS-Config-APIs') | Where-Object { $present -notcontains $_ })
    Add-Check -Name 'Windows features of the websites' -Ok ($absent.Count -eq 0) -Expected 'all installed' -Actual $(if ($absent.Count -eq 0) { 'all installed' } else { 'missing: {0}' -f ($absent -join ', ') })
    try {
        $mvc = @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall', 'HKLM:\SOFTWARE\Wow6432Node\Microsoft\Windows\CurrentVersion\Uninstall' | ForEach-Object { [string]$_.GetValue('DisplayName', '') } | Where-Object { $_.StartsWith('Microsoft ASP.NET MVC 2') })
        Add-Check -Name 'ASP.NET MVC 2.0 for the Self-Service Portal' -Ok ($mvc.Count -gt 0) -Expected 'installed' -Actual $(if ($mvc.Count -gt 0) { $mvc[0] } else { 'not among the installed programs' })
    } catch { Add-Check -Name 'ASP.NET MVC 2.0 for the Self-Service Portal' -Ok $false -Expected 'installed' -Actual ($_.Exception.GetBaseException().Message) }
    # The document wants a port that is not in use; the Default Web Site of IIS holds port 80 until it is stopped.
    $busy = @([System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners() | Where-Object { $_.Port -eq 80 }).Count -gt 0
    Add-Check -Name ('port {0}' -f 80) -Ok (-not $busy) -Expected 'not in use' -Actual $(if ($busy) { 'in use; if it is the Default Web Site, stop it' } else { 'not in use' })
        $bad = @($Result.checks | Where-Object { -not $_.ok })
        if ($bad.Count -gt 0) { Stop-Step 2 ('{0}. Nothing was changed.' -f (@($bad | ForEach-Object { $_.name }) -join '; ')) }
        Assert-SetupFile $Setup
        if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('{0} {1}' -f $Setup, $Line))) {
            $Account = $null
            $Log = Join-Path $WorkDir 'mbam20-setup.msi.log'
            $Line = '{0} /l*v "{1}"' -f $Line, $Log
            'Setup runs without a window. Its log is {0}.' -f $Log
            $started = [DateTime]::UtcNow
            foreach ($feature in $Features) { Save-Change $feature }
            $code = Invoke-MbamSetup -Path $Setup -Line $Line -Minutes 60 -Credential $Account
            Add-Info -Name 'Exit code of setup' -Text ([string]$code)
            $after = Get-SetupState -Feature $Features
            $missing = @($Features | Where-Object { $after.Feature -notcontains $_ })
            if ($missing.Count -gt 0) {
                if (-not $after.Code) { $Result.changed = @() }
                Stop-Step 4 ('Setup ended with {0} after {1} minutes and did not install {2}. Look into {3} and into the logs in {4} (MSI*.log, Install*.log, Add*.log).' -f $code, [Math]::Round(([DateTime]::UtcNow - $started).TotalMinutes), ($missing -join ', '), $Log, [IO.Path]::GetTempPath())
            }
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
