<#
.SYNOPSIS
Drill: watch from PORTAL2 how the connections follow the databases.
.DESCRIPTION
Step      web/drill-connection-watch, drill, file number 986
Run on    PORTAL2 (portal2.litware.com), 64-bit, elevated
Run by    web administrator
Changes   nothing on the servers, only its own log and result
Undo      nothing to undo
Success   one short gap while the databases move, then one server answers for both
Sources   [documented] Connect to an availability group listener
          [documented] Connect clients to a database mirroring session
          [documented] Planning for MBAM 2.5 high availability
Inferred  what a person sees through the planned connection strings, MBAM's application pool sees too; proved by: events 100 to 111 of MBAM-Web/Admin in the sheet, and the Help Desk page
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Minutes
How long it watches, 1 to 240. With -WhatIf it asks once.
.PARAMETER AllowedSeconds
The longest gap that the service accepts.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\986-drill-connection-watch.watch.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [int]$Minutes = 15,
    [int]$AllowedSeconds = 60,
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/drill-connection-watch'
$StepKind = 'drill'
$ResultName = 'web.drill-connection-watch.drill.watch'
$StepHosts = @('PORTAL2', 'portal2.litware.com')
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
function Get-DatabaseIdentity {
    # Opens a connection string as the person who runs the script: Error ('' when it worked), Server, Name, Update
    # (READ_WRITE or READ_ONLY), and Id, which the database and its copies have in common.
    param([string]$Connection)
    $answer = @{ Error = ''; Server = ''; Name = ''; Update = ''; Id = '' }
    try {
        $row = @(Get-SqlRow -Connection $Connection -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [server], name AS [name], CONVERT(nvarchar(60), DATABASEPROPERTYEX(name, N''Updateability'')) AS [update], CONVERT(nvarchar(36), service_broker_guid) AS [id] FROM sys.databases WHERE database_id = DB_ID()')[0]
        $answer.Server = $row.server
        $answer.Name = $row.name
        $answer.Update = $row.update
        $answer.Id = $row.id
    } catch { $answer.Error = $_.Exception.GetBaseException().Message }
    New-Object PSObject -Property $answer
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
    $Planned = @(
        @{ Name = 'MBAM Compliance Status'; Connection = 'Data Source=mbam-sql.litware.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'; Server = ''; Since = $null; Longest = 0; Moves = 0; Fault = '' }
        @{ Name = 'MBAM Recovery and Hardware'; Connection = 'Data Source=mbam-sql.litware.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'; Server = ''; Since = $null; Longest = 0; Moves = 0; Fault = '' }
    )
    if ($Minutes -lt 1 -or $Minutes -gt 240) { Stop-Step 2 'Give -Minutes as 1 to 240. Nothing was asked.' }
    $end = if ($WhatIfPreference) { [DateTime]::UtcNow } else { [DateTime]::UtcNow.AddMinutes($Minutes) }
    'Watching until {0} UTC. Start the failover elsewhere now.' -f $end.ToString('s')
    do {
        foreach ($d in $Planned) {
            $answer = Get-DatabaseIdentity $d.Connection
            $fault = $answer.Error
            if (-not $fault -and ($answer.Name -ne $d.Name -or $answer.Update -ne 'READ_WRITE')) { $fault = '{0} on {1} is {2}' -f $answer.Name, $answer.Server, $answer.Update }
            $now = [DateTime]::UtcNow
            if ($fault) {
                if ($null -eq $d.Since) {
                    $d.Since = $now
                    '{0} {1}: away: {2}' -f $now.ToString('s'), $d.Name, $fault
                }
                $d.Fault = $fault
                $d.Longest = [Math]::Max($d.Longest, [int][Math]::Ceiling(($now - $d.Since).TotalSeconds))
                continue
            }
            if ($null -ne $d.Since) {
                $d.Longest = [Math]::Max($d.Longest, [int][Math]::Ceiling(($now - $d.Since).TotalSeconds))
                '{0} {1}: back on {2}, after {3} seconds' -f $now.ToString('s'), $d.Name, $answer.Server, [int]($now - $d.Since).TotalSeconds
                $d.Since = $null
                $d.Fault = ''
            }
            if ($d.Server -ne $answer.Server) {
                if ($d.Server) { $d.Moves++ }
                '{0} {1}: answered by {2}' -f $now.ToString('s'), $d.Name, $answer.Server
                $d.Server = $answer.Server
            }
        }
        if ([DateTime]::UtcNow -lt $end) { Start-Sleep -Seconds 1 }
    } while ([DateTime]::UtcNow -lt $end)
    foreach ($d in $Planned) {
        Add-Check -Name ('{0}: answers at the end' -f $d.Name) -Ok ($null -eq $d.Since -and $d.Server -ne '') -Expected 'READ_WRITE' -Actual $(if ($d.Fault) { $d.Fault } else { 'READ_WRITE on {0}' -f $d.Server })
        Add-Check -Name ('{0}: longest gap in seconds' -f $d.Name) -Ok ($d.Longest -le $AllowedSeconds) -Expected ('at most {0}' -f $AllowedSeconds) -Actual ([string]$d.Longest)
        Add-Info -Name ('{0}: moves seen' -f $d.Name) -Text ([string]$d.Moves)
    }
    Add-Check -Name 'One server for both databases' -Ok ($Planned[0].Server -eq $Planned[1].Server) -Expected $Planned[0].Server -Actual $Planned[1].Server
    $since = $end.ToLocalTime().AddMinutes(-$Minutes)
    $errors = @(Get-WebEvent -Log 'Microsoft-Windows-MBAM-Web/Admin' -Id @(100, 101, 102, 105, 109, 110, 111) -Since $since)
    Add-Info -Name 'Database errors of MBAM-Web while it watched' -Text $(if ($errors.Count -eq 0) { 'none' } else { '{0}; the newest: {1}' -f $errors.Count, $errors[0] })
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
