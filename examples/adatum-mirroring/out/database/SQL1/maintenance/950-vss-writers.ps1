<#
.SYNOPSIS
Prove the VSS writers.
.DESCRIPTION
Step      backup/vss-writers, maintenance, file number 950
Run on    SQL1 (sql1.adatum.com), 64-bit, elevated
Run by    backup administrator
Changes   nothing by the check; by the script in the folder maintenance: a volatile, copy-only shadow copy of E: F:, gone when the script ends; msdb gets an entry for each database in it
Undo      nothing to take back
Downtime  none by the check; by the script in the folder maintenance: writes to the databases of the server wait for some seconds during the shadow copy
Success   the check finds the writers stable; after the script in the folder maintenance msdb knows a copy-only snapshot backup of each database that is primary here
Sources   [documented] Planning for MBAM 2.5 high availability
          [documented] High Availability for MBAM 2.0
          [documented] Configuring MBAM 2.5 Server Features by Using Windows PowerShell
          [documented] vssadmin list writers
          [documented] diskshadow
          [documented] Copy-only backups
Inferred  SQL Server enters a copy-only snapshot of diskshadow into msdb.dbo.backupset, with is_snapshot and is_copy_only 1; proved by: the maintenance script looks for the entries and fails without them
Inferred  the documents disagree about where MBAM's writer is registered: on every server with a web application (MBAM 2.5), on the database servers (2.0), or where Enable-MbamDatabase runs; proved by: this check on every web and database server and the one that made the databases: seen on one of them it is well, seen on none it is missing
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\950-vss-writers.ps1 -WhatIf
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
$StepName = 'backup/vss-writers'
$StepKind = 'maintenance'
$ResultName = 'backup.vss-writers.maintenance'
$StepHosts = @('SQL1', 'sql1.adatum.com')
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
function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    foreach ($a in $Argument) { if ($a -eq '' -or $a.Contains('"') -or $a.EndsWith('\')) { Stop-Step 2 ('This argument cannot be passed to {0} safely: [{1}]' -f $Path, $a) } }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('Missing program: {0}' -f $Path) }
    $ErrorActionPreference = 'Continue'
    $text = @(& $Path @Argument 2>&1 | ForEach-Object { if ($_ -is [System.Management.Automation.ErrorRecord]) { $_.Exception.Message } else { [string]$_ } })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{ ExitCode = $code; Text = $text }
}
function Get-VssWriter {
    # Writers as vssadmin lists them, Name and State. Labels are localised; the name in quotes and the number in brackets are not.
    $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\vssadmin.exe') @('list', 'writers')
    if ($run.ExitCode -ne 0) { Add-Info -Name 'vssadmin list writers' -Text ('ended with {0}: {1}' -f $run.ExitCode, ($run.Text -join ' ')) | Out-Null }
    $name = ''
    foreach ($line in $run.Text) {
        $quoted = [regex]::Match($line, '\A[^'']*''(.+)''\s*\z')
        $number = [regex]::Match($line, '\A[^\[]*\[([0-9]+)\].*\z')
        if ($quoted.Success) {
            $name = $quoted.Groups[1].Value
        } elseif ($number.Success -and $name) {
            New-Object PSObject -Property @{ Name = $name; State = [int]$number.Groups[1].Value }
            $name = ''
        }
    }
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
    $Volumes = @('E:', 'F:')
    $Rendered = Join-Path $PSScriptRoot '950-vss-writers.dsh'
    if (-not (Test-Path -LiteralPath $Rendered -PathType Leaf)) { Stop-Step 2 ('{0} is missing; it belongs beside this script. Nothing was changed.' -f $Rendered) }
    [string[]]$lines = @([IO.File]::ReadAllLines($Rendered))
    $strange = @($lines | Where-Object { $_ -cnotmatch '\A(rem .*|set verbose on|set context volatile|set metadata [A-Za-z0-9:.\\-]+|writer verify [{][0-9a-f-]+[}]|add volume [A-Z]:|create|reset|exit)?\z' })
    $listed = @($lines | Where-Object { $_.StartsWith('add volume ') } | ForEach-Object { $_.Substring(11) }) -join ' '
    if ($strange.Count -gt 0 -or $listed -ne ($Volumes -join ' ')) { Stop-Step 3 ('{0} is not the file that was rendered with this script: volumes {1}, expected {2}; lines that do not belong: {3}. Nothing was changed.' -f $Rendered, $listed, ($Volumes -join ' '), $strange.Count) }
    $Databases = @(
        @{ Name = 'MBAM Compliance Status'; Instance = 'SQL1'; Master = 'Data Source=sql1.adatum.com,1433;Initial Catalog="master";Integrated Security=SSPI' }
        @{ Name = 'MBAM Recovery and Hardware'; Instance = 'SQL1'; Master = 'Data Source=sql1.adatum.com,1433;Initial Catalog="master";Integrated Security=SSPI' }
    )
    $primary = @()
    $copies = @()
    foreach ($d in $Databases) {
        $rows = @(Get-SqlRow -Connection $d.Master -Query 'SELECT CONVERT(nvarchar(128), SERVERPROPERTY(N''ComputerNamePhysicalNetBIOS'')) AS [Computer], CONVERT(nvarchar(60), DATABASEPROPERTYEX(@name, N''Updateability'')) AS [Update], (SELECT MAX(backup_set_id) FROM msdb.dbo.backupset) AS [Last]' -Value @{ '@name' = $d.Name })
        if ($rows[0].Computer -ne $env:COMPUTERNAME) {
            '{0} on {1}: the instance runs on {2} now, so this server has no part of it.' -f $d.Name, $d.Instance, $rows[0].Computer
            continue
        }
        $d.Last = if ($rows[0].Last) { [int]$rows[0].Last } else { 0 }
        $files = @(Get-SqlRow -Connection $d.Master -Query 'SELECT physical_name AS [File] FROM sys.master_files WHERE database_id = DB_ID(@name)' -Value @{ '@name' = $d.Name })
        if ($files.Count -eq 0) { Stop-Step 3 ('There is no database {0} on {1}. Nothing was changed.' -f $d.Name, $d.Instance) }
        foreach ($one in $files) {
            $holder = @(Get-CimInstance -ClassName Win32_Volume | ForEach-Object { [string]$_.Name } | Where-Object { $_ -and $one.File.StartsWith($_, [StringComparison]::OrdinalIgnoreCase) } | Sort-Object -Property Length)
            $where = if ($holder.Count -gt 0) { $holder[-1].TrimEnd('\') } else { 'no volume of this server' }
            if ($Volumes -notcontains $where) { Stop-Step 3 ('{0} of {1} lies on {2}, and the shadow copy is of {3} only: the database would be left out. Write the data and log folders of {4} into the topology and render again; a volume without a drive letter needs the backup product''s own test. Nothing was changed.' -f $one.File, $d.Name, $where, ($Volumes -join ' '), $d.Instance) }
        }
        if ($rows[0].Update -eq 'READ_WRITE') { $primary += $d } else { $copies += $d }
    }
    if ($primary.Count + $copies.Count -eq 0) { Stop-Step 2 'No instance with the databases runs on this server now. Nothing was changed.' }
    $writer = @(Get-VssWriter | Where-Object { $_.Name -eq 'SqlServerWriter' -and $_.State -eq 1 })
    if ($writer.Count -eq 0) { Stop-Step 2 'SqlServerWriter is not listed as stable. Run the verify of this step. Nothing was changed.' }
    if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('diskshadow: copy-only shadow copy of {0}; writes wait for some seconds' -f ($Volumes -join ' ')))) {
        # Run from the work folder: only administrators write there, and its usual path has no blanks.
        $file = Join-Path $WorkDir 'vss-writers.dsh'
        if ($file.Contains(' ')) { Stop-Step 2 ('Give a -WorkDir without blanks: {0}. Nothing was changed.' -f $WorkDir) }
        [IO.File]::WriteAllLines($file, $lines)
        $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\diskshadow.exe') @('/s', $file)
        $run.Text
        Add-Info -Name 'Exit code of diskshadow' -Text ([string]$run.ExitCode)
        if ($run.ExitCode -ne 0) { Stop-Step 4 ('diskshadow ended with {0}; its messages stand above. The shadow copy, if one was made, is gone.' -f $run.ExitCode) }
        foreach ($d in $primary) {
            $seen = @(Get-SqlRow -Connection $d.Master -Query 'SELECT backup_set_id AS [Id] FROM msdb.dbo.backupset WHERE database_name = @name AND is_snapshot = 1 AND is_copy_only = 1 AND backup_set_id > CONVERT(int, @last)' -Value @{ '@name' = $d.Name; '@last' = $d.Last })
            $full = @(Get-SqlRow -Connection $d.Master -Query 'SELECT backup_set_id AS [Id] FROM msdb.dbo.backupset WHERE database_name = @name AND is_snapshot = 1 AND is_copy_only = 0 AND backup_set_id > CONVERT(int, @last)' -Value @{ '@name' = $d.Name; '@last' = $d.Last })
            Add-Check -Name ('{0}: copy-only snapshot in msdb' -f $d.Name) -Ok ($seen.Count -gt 0) -Expected 'one since the start' -Actual ('{0}' -f $seen.Count)
            Add-Check -Name ('{0}: full snapshot in msdb' -f $d.Name) -Ok ($full.Count -eq 0) -Expected 'none since the start' -Actual ('{0}' -f $full.Count)
            if ($seen.Count -gt 0) { $Result.changed += '{0} on {1}: copy-only snapshot, backup set {2}' -f $d.Name, $d.Instance, $seen[-1].Id }
        }
        foreach ($d in $copies) { Add-Info -Name ('{0} on {1}' -f $d.Name, $d.Instance) -Text 'a copy here, not judged: run this script on the primary too' }
        $bad = @($Result.checks | Where-Object { -not $_.ok })
        if ($bad.Count -gt 0) { Stop-Step 4 ('{0}. VSS backups of this server do not hold the databases; see the event log Application, source SQLWRITER and VSS.' -f (@($bad | ForEach-Object { $_.name }) -join '; ')) }
        Write-Changed ('diskshadow and {0} databases in msdb agree: the writers work.' -f $primary.Count)
    } else {
        Write-Skipped
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
