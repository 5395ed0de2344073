<#
.SYNOPSIS
Take back: point the running web features at the new place of the databases.
.DESCRIPTION
Step      web/connection-strings, rollback, file number 645
Run on    WEB1 (web1.corp.fabrikam.com), 64-bit, elevated
Run by    web administrator
Changes   writes back the values that the install's result lists under "changed", while they lead to the same database; leaves behind: sessions that were cut when the pool started again
Undo      run the install script of this step again
Downtime  seconds: the application pool of WEB1 starts again. Who works in a portal of this node begins the entry again; clients ask again by themselves and their users see nothing. Until this has run on every node, a failover of the databases cuts those that name an instance off
Sources   [documented] How to Move the MBAM 2.5 Databases
          [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [documented] MBAM 2.5 Server Event Logs
          [documented] Connect to an availability group listener
          [documented] Connect clients to a database mirroring session
Inferred  the registry values are the only place: the document about moving databases changes them and nothing else in 2.5; proved by: Get-MbamWebApplication in the verify of web/enable-web-applications, and events 200 and 201 of MBAM-Web
Inferred  web applications read the values when they start, so that a new start of the application pool is enough; the document stops the site instead, because it moves the data at that moment; proved by: the verify looks for database errors since the pool started
Inferred  a database and its copies have one service broker identifier, which no other database has; proved by: the install compares it through the old and the new string before it writes
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\645-connection-strings.ps1 -WhatIf
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
$StepName = 'web/connection-strings'
$StepKind = 'rollback'
$ResultName = 'web.connection-strings.rollback'
$StepHosts = @('WEB1', 'web1.corp.fabrikam.com')
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
function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
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
function Get-SitePool {
    # Names of the application pools of a site and its applications.
    param([string]$Site)
    $found = @(Get-Website | Where-Object { $_.Name -eq $Site })
    if ($found.Count -ne 1) { Stop-Step 3 ('IIS has no site "{0}": no web feature of MBAM is enabled here. Nothing was changed.' -f $Site) }
    @(@([string]$found[0].applicationPool) + @(Get-WebApplication -Site $Site | ForEach-Object { [string]$_.applicationPool }) | Select-Object -Unique)
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
}
function Restart-SitePool {
    # Starts an application pool again and waits up to a minute for it. Its callers ask ShouldProcess.
    param([string]$Pool)
    # A stopped pool, as one that Windows has disabled because its identity could not log on, is not recycled but started.
    if ([string](Get-WebAppPoolState -Name $Pool).Value -eq 'Stopped') { Start-WebAppPool -Name $Pool } else { Restart-WebAppPool -Name $Pool }
    $tries = 0
    $run = ''
    while ($run -ne 'Started' -and $tries -lt 30) {
        if ($tries -gt 0) { Start-Sleep -Seconds 2 }
        $tries++
        $run = [string](Get-WebAppPoolState -Name $Pool).Value
    }
    if ($run -ne 'Started') { Stop-Step 4 ('The application pool {0} is {1} a minute after it was told to start again. Look into the System event log, source WAS.' -f $Pool, $run) }
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
    $Site = 'Microsoft BitLocker Administration and Monitoring'
    $Key = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Web'
    $Planned = @{
        'ComplianceDBConnectionString' = 'Data Source=mbam-sql.corp.fabrikam.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        'RecoveryDBConnectionString' = 'Data Source=mbam-sql.corp.fabrikam.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
    }
    Import-StepModule -Name WebAdministration -Feature 'IIS is not installed, so there is nothing to take back.'
    $pools = @(Get-SitePool $Site)
    $open = @()
    $ours = 0
    foreach ($value in @($Planned.Keys)) {
        # The first record counts: later ones hold what an earlier run of this plan wrote.
        $records = @(Get-InstallChange (Get-InstallName) | Where-Object { $_.StartsWith(('{0}|' -f $value), [StringComparison]::Ordinal) })
        if ($records.Count -eq 0) { continue }
        $ours++
        $old = $records[0].Substring($value.Length + 1)
        $have = [string](Get-Item -LiteralPath $Key).GetValue($value, '')
        if ((ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $old)) { continue }
        if ((ConvertTo-ConnectionText $have) -ne (ConvertTo-ConnectionText $Planned[$value])) { Stop-Step 3 ('{0} is {1}: somebody changed it since. Nothing was changed.' -f $value, $have) }
        $then = Get-DatabaseIdentity $old
        if ($then.Error -or $then.Update -ne 'READ_WRITE') { Stop-Step 3 ('The old string {0} leads to no writable database now ({1}{2}). In an availability group fail over to that server first. Nothing was changed.' -f $old, $then.Error, $then.Update) }
        $now = Get-DatabaseIdentity $have
        if (-not $now.Error -and $now.Id -ne $then.Id) { Stop-Step 3 ('The old string {0} leads to another database on {1} now; keys that were stored since would be missing. Nothing was changed.' -f $old, $then.Server) }
        $open += @{ Value = $value; Old = $old; Now = $have }
    }
    if ($ours -eq 0) {
        Write-Unchanged 'There is nothing to take back.'
        if ($PSCmdlet.ShouldProcess((Get-InstallName), 'set the record of the install aside')) { Close-InstallRecord (Get-InstallName) }
    } elseif ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('{0}; start the application pool {1} again' -f (@($open | ForEach-Object { 'write {0} = {1} (now {2})' -f $_.Value, $_.Old, $_.Now }) -join ' and '), ($pools -join ', ')))) {
        foreach ($o in $open) {
            $Result.changed += '{0}|{1}' -f $o.Value, $o.Now
            Set-ItemProperty -LiteralPath $Key -Name $o.Value -Value $o.Old
            $back = [string](Get-Item -LiteralPath $Key).GetValue($o.Value, '')
            if ($back -ne $o.Old) { Stop-Step 4 ('{0} reads back as [{1}].' -f $o.Value, $back) }
        }
        foreach ($pool in $pools) { Restart-SitePool $pool }
        Close-InstallRecord (Get-InstallName)
        Write-Changed 'The web features use the connection strings from before the install.'
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
