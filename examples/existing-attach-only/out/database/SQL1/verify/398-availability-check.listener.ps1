<#
.SYNOPSIS
Verify: verify the whole availability group.
.DESCRIPTION
Step      database/availability-check, verify, file number 398
Run on    instance SQL1 on SQL1 (sql1.corp.fabrikam.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   every copy of every database has joined and moves data, synchronous copies are ready for failover, and the listener leads to the primary
Sources   [documented] Monitor availability groups (Transact-SQL)
          [documented] Connect to an availability group listener
          [documented] Troubleshoot Always On availability groups configuration
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\398-availability-check.listener.ps1
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
$StepName = 'database/availability-check'
$StepKind = 'verify'
$ResultName = 'database.availability-check.verify.listener'
$StepHosts = @('SQL1', 'sql1.corp.fabrikam.com')
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
        @{ Name = 'MBAM Compliance Status'; Connection = 'Data Source=mbam-sql.corp.fabrikam.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True' }
        @{ Name = 'MBAM Recovery and Hardware'; Connection = 'Data Source=mbam-sql.corp.fabrikam.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True' }
    )
    $Replicas = @('SQL1', 'SQL2')
    $Query = 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [server], CONVERT(nvarchar(128), DB_NAME()) AS [database], CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N''Updateability'')) AS [update], (SELECT auth_scheme FROM sys.dm_exec_connections WHERE session_id = @@SPID) AS [scheme]'
    $servers = @()
    foreach ($d in $Planned) {
        $row = $null
        $answer = ''
        try {
            $row = @(Get-SqlRow -Connection $d.Connection -Query $Query)[0]
            $answer = $row.server
        } catch { $answer = $_.Exception.GetBaseException().Message }
        Add-Check -Name ('{0}: answers through the listener' -f $d.Name) -Ok ($Replicas -contains $answer) -Expected ($Replicas -join ' or ') -Actual $answer
        if ($null -ne $row) {
            $servers += $row.server
            Add-Check -Name ('{0}: database' -f $d.Name) -Ok ($row.database -eq $d.Name) -Expected $d.Name -Actual $row.database
            Add-Check -Name ('{0}: writeable there' -f $d.Name) -Ok ($row.update -eq 'READ_WRITE') -Expected 'READ_WRITE' -Actual $row.update
            Add-Info -Name ('{0}: authentication' -f $d.Name) -Text $row.scheme
        }
    }
    $who = if ($servers.Count -gt 0) { $servers -join ', ' } else { 'none' }
    Add-Check -Name 'one server answers for every database' -Ok (@($servers | Select-Object -Unique).Count -eq 1) -Expected 'one' -Actual $who
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
