<#
.SYNOPSIS
Verify: create the MBAM databases.
.DESCRIPTION
Step      database/create-databases, verify, file number 340
Run on    WEB1 (web1.alpine.com), 64-bit, elevated
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   both databases are online on their primary instance, hold MBAM's schemas and have users of the access accounts
Sources   [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [documented] How to Configure the MBAM 2.5 Databases
          [documented] MBAM 2.5 Server Prerequisites
          [documented] MBAM 2.5 Supported Configurations
          [documented] MBAM 2.5 Server Event Logs
          [documented] How to Move the MBAM 2.5 Databases
          [field] Public MBAM test packages and issue threads
Inferred  An MBAM database is told from another by its schema (RecoveryAndHardwareCore is seen on 2.5 servers, ComplianceCore is named for 2.0) or by the procedure GetVersion, which event 111 names.; proved by: the read-back of this script and its verify, which stop with 4 and print the schema that they miss; nothing is undone by that
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\340-create-databases.ps1
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
$StepName = 'database/create-databases'
$StepKind = 'verify'
$ResultName = 'database.create-databases.verify'
$StepHosts = @('WEB1', 'web1.alpine.com')
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
function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
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
function Get-DatabaseUser {
    # The roles of an account's user in a database, by SID: '' when it has no user, 'no role' when the user is in none.
    param([string]$Connection, [string]$Name, [string]$Account)
    $rows = @()
    try {
        $rows = @(Get-SqlRow -Connection $Connection -Value @{ '@name' = $Name; '@account' = $Account } -Query 'DECLARE @q nvarchar(max), @db nvarchar(300); SET @db = QUOTENAME(@name); SET @q = N''SELECT ISNULL(r.name, N''''no role'''') AS [Role] FROM '' + @db + N''.sys.database_principals AS u LEFT JOIN '' + @db + N''.sys.database_role_members AS m ON m.member_principal_id = u.principal_id LEFT JOIN '' + @db + N''.sys.database_principals AS r ON r.principal_id = m.role_principal_id WHERE u.sid = SUSER_SID(@account) ORDER BY 1;''; EXEC sys.sp_executesql @q, N''@account sysname'', @account = @account;')
    } catch { Stop-Step 3 ('The users of the database {0} cannot be read: {1} Nothing was changed by that.' -f $Name, $_.Exception.GetBaseException().Message) }
    @($rows | ForEach-Object { $_.Role }) -join ', '
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
    $Planned = @(
        @{ Name = 'MBAM Compliance Status'; Instance = 'STATUS1\AUDIT'; Master = 'Data Source=status1.alpine.com,14330;Initial Catalog="master";Integrated Security=SSPI'; Schema = 'ComplianceCore'; Users = @('ALPINE\svc-mbam-pool', 'ALPINE\svc-mbam-ro') }
        @{ Name = 'MBAM Recovery and Hardware'; Instance = 'KEYS1'; Master = 'Data Source=keys1.alpine.com,1433;Initial Catalog="master";Integrated Security=SSPI'; Schema = 'RecoveryAndHardwareCore'; Users = @('ALPINE\svc-mbam-pool') }
    )
    foreach ($d in $Planned) {
        $now = Get-MbamDatabaseState -Connection $d.Master -Name $d.Name -Schema $d.Schema
        Add-Check -Name ('{0}: instance that answers' -f $d.Name) -Ok ($now.Server -eq $d.Instance) -Expected $d.Instance -Actual $now.Server
        Add-Check -Name ('{0}: state on {1}' -f $d.Name, $d.Instance) -Ok ($now.State -eq 'ONLINE') -Expected 'ONLINE' -Actual ('[{0}]' -f $now.State)
        Add-Check -Name ('{0}: MBAM schema' -f $d.Name) -Ok ($now.Schema -eq $d.Schema) -Expected $d.Schema -Actual ('[{0}]' -f $now.Schema)
        foreach ($account in $d.Users) {
            $roles = ''
            if ($now.State -eq 'ONLINE') { $roles = Get-DatabaseUser -Connection $d.Master -Name $d.Name -Account $account }
            Add-Check -Name ('{0}: user of {1}' -f $d.Name, $account) -Ok ($roles -ne '') -Expected 'a user of the database' -Actual ('[{0}]' -f $roles)
        }
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
