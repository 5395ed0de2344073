<#
.SYNOPSIS
Take back: run MBAM 2.0 setup on the database server.
.DESCRIPTION
Step      database/mbam20-setup, rollback, file number 341
Run on    MBAMDB (mbamdb.tailspin.com), 64-bit, elevated
Run by    database administrator
Changes   uninstalls the MBAM server; run it on the servers in the opposite order; leaves behind: the databases with everything in them, local groups, log files and backups
Undo      run the install script of this step again
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
$StepKind = 'rollback'
$ResultName = 'database.mbam20-setup.rollback'
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
function Close-InstallRecord {
    param([string]$Name)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $Name)
    if ([IO.File]::Exists($file)) { [IO.File]::Move($file, ('{0}.{1}.rolled-back.json' -f $file, [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) }
}
function Get-InstallChange {
    param([string]$Name)
    $file = Join-Path $WorkDir ('{0}.result.json' -f $Name)
    if (-not [IO.File]::Exists($file)) { Stop-Step 2 ('There is no record of the install: {0} is missing. Without the record nothing is taken back. Run this script where the install ran, with the same -WorkDir. Nothing was changed.' -f $file) }
    $record = $null
    try { $record = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file)) } catch { Stop-Step 2 ('The record of the install cannot be read: {0}. Without the record nothing is taken back. Nothing was changed.' -f $file) }
    if ($null -eq $record -or $null -eq $record.PSObject.Properties['step'] -or $record.step -ne $StepName -or $null -eq $record.PSObject.Properties['changed']) { Stop-Step 2 ('{0} is not the record of an install of {1}. Without the record nothing is taken back. Nothing was changed.' -f $file, $StepName) }
    foreach ($change in @($record.changed)) { if ($change) { [string]$change } }
}
function Get-InstallName {
    '{0}.install' -f $ResultName.Substring(0, $ResultName.LastIndexOf(('.{0}' -f $StepKind), [StringComparison]::Ordinal))
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
function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    foreach ($a in $Argument) { if ($a -eq '' -or $a.Contains('"') -or $a.EndsWith('\')) { Stop-Step 2 ('This argument cannot be passed to {0} safely: [{1}]' -f $Path, $a) } }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('Missing program: {0}' -f $Path) }
    $ErrorActionPreference = 'Continue'
    $text = @(& $Path @Argument 2>&1 | ForEach-Object { if ($_ -is [System.Management.Automation.ErrorRecord]) { $_.Exception.Message } else { [string]$_ } })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{ ExitCode = $code; Text = $text }
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
    $Record = Get-InstallName
    [string[]]$ours = @(Get-InstallChange -Name $Record)
    $Features = @('KeyDatabase', 'ReportsDatabase', 'Reports')
    $state = Get-SetupState -Feature $Features
    if (-not $state.Code) {
        if (-not $WhatIfPreference) { Close-InstallRecord -Name $Record }
        Write-Unchanged 'The MBAM server is not installed any more.'
    } elseif ($ours.Count -eq 0) {
        Stop-Step 3 'The record says that the install found the MBAM server here and made nothing. Nothing was changed.'
    } else {
        $rows = @(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Recovery and Hardware' } -Query 'SELECT TOP (1) CONVERT(nvarchar(30), backup_finish_date, 126) AS [When] FROM msdb.dbo.backupset WHERE database_name = @name AND type = ''D'' AND backup_finish_date > DATEADD(day, -1, GETDATE()) ORDER BY backup_finish_date DESC')
        if ($rows.Count -eq 0) { Stop-Step 3 ('{0} has no full backup of the last 24 hours. Uninstalling leaves the databases, but nothing here rests on that alone: back it up first. Nothing was changed.' -f 'MBAM Recovery and Hardware') }
        $rows = @(Get-SqlRow -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Value @{ '@name' = 'MBAM Compliance Status' } -Query 'SELECT TOP (1) CONVERT(nvarchar(30), backup_finish_date, 126) AS [When] FROM msdb.dbo.backupset WHERE database_name = @name AND type = ''D'' AND backup_finish_date > DATEADD(day, -1, GETDATE()) ORDER BY backup_finish_date DESC')
        if ($rows.Count -eq 0) { Stop-Step 3 ('{0} has no full backup of the last 24 hours. Uninstalling leaves the databases, but nothing here rests on that alone: back it up first. Nothing was changed.' -f 'MBAM Compliance Status') }
        if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('uninstall MBAM {0} with {1}' -f $state.Version, ($state.Feature -join ', ')))) {
            $log = Join-Path $WorkDir 'mbam20-uninstall.msi.log'
            $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\msiexec.exe') @('/x', $state.Code, '/qn', '/norestart', '/l*v', $log)
            $run.Text
            $after = Get-SetupState -Feature $Features
            if ($after.Code) { Stop-Step 4 ('msiexec ended with {0}, and MBAM is still installed. Look into {1}.' -f $run.ExitCode, $log) }
            $Result.changed = @('uninstalled MBAM {0}' -f $state.Version)
            $database = Get-MbamDatabaseState -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Name 'MBAM Recovery and Hardware' -Schema 'RecoveryAndHardwareCore'
            if ($database.State -ne 'ONLINE') { Stop-Step 4 ('MBAM is uninstalled, and {0} on {1} is in the state [{2}]. Restore it from the backup.' -f 'MBAM Recovery and Hardware', 'MBAMDB', $database.State) }
            'Left behind: the database {0} with every recovery key and record in it. A database administrator may drop it when nobody needs it.' -f 'MBAM Recovery and Hardware'
            $database = Get-MbamDatabaseState -Connection 'Data Source=MBAMDB;Initial Catalog="master";Integrated Security=SSPI' -Name 'MBAM Compliance Status' -Schema 'ComplianceCore'
            if ($database.State -ne 'ONLINE') { Stop-Step 4 ('MBAM is uninstalled, and {0} on {1} is in the state [{2}]. Restore it from the backup.' -f 'MBAM Compliance Status', 'MBAMDB', $database.State) }
            'Left behind: the database {0} with every recovery key and record in it. A database administrator may drop it when nobody needs it.' -f 'MBAM Compliance Status'
            Close-InstallRecord -Name $Record
            Write-Changed 'The MBAM server is uninstalled. Databases, local groups and backups stay.'
            if ($run.ExitCode -eq 3010 -or $run.ExitCode -eq 1641) { $Result.outcome = 'restart' }
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
