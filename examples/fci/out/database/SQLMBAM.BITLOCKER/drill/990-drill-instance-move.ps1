<#
.SYNOPSIS
Drill: move the clustered instance SQLMBAM\BITLOCKER to another node, and back.
.DESCRIPTION
Step      database/drill-instance-move, drill, file number 990
Run on    instance SQLMBAM\BITLOCKER on NODE1 (node1.wingtip.com) or NODE2 (node2.wingtip.com)
Run by    database administrator
Changes   the owner of the cluster group of SQLMBAM\BITLOCKER
Undo      the same file again; it moves to the node given with -Node
Downtime  the instance stops and starts: every database of it is away for some seconds to minutes, MBAM's and others
Success   the group is online on the node, and every database of MBAM answers
Sources   [documented] FailoverClusters module: Move-ClusterGroup
          [documented] Planning for MBAM 2.5 high availability
Inferred  the resource of type SQL Server whose parameters VirtualServerName and InstanceName are those of the instance lies in the group to move; proved by: exactly one is found, else the file stops; the instance is asked for its name and its node afterwards
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Node
The cluster node that takes the instance over. With two nodes it may be left out: it is the other one then.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\990-drill-instance-move.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$Node = '',
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'database/drill-instance-move'
$StepKind = 'drill'
$ResultName = 'database.drill-instance-move.SQLMBAM.BITLOCKER.drill'
$StepHosts = @('NODE1', 'node1.wingtip.com', 'NODE2', 'node2.wingtip.com')
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
    $Network = 'SQLMBAM'
    $Instance = 'BITLOCKER'
    $Nodes = @('NODE1', 'NODE2')
    $Connection = 'Data Source=sqlmbam.wingtip.com,1433;Initial Catalog=master;Integrated Security=SSPI;Connect Timeout=10;Pooling=false'
    $Databases = @('MBAM Compliance Status', 'MBAM Recovery and Hardware')
    Import-StepModule -Name FailoverClusters -Feature 'Install the feature RSAT-Clustering-PowerShell on this cluster node.'
    $groups = @()
    foreach ($r in @(Get-ClusterResource)) {
        if ([string]$r.ResourceType -ne 'SQL Server') { continue }
        $values = @{ VirtualServerName = ''; InstanceName = '' }
        foreach ($p in @(Get-ClusterParameter -InputObject $r)) { if ($values.ContainsKey($p.Name)) { $values[$p.Name] = [string]$p.Value } }
        if ($values.VirtualServerName -eq $Network -and $values.InstanceName -eq $Instance) { $groups += [string]$r.OwnerGroup }
    }
    if ($groups.Count -ne 1) { Stop-Step 3 ('The cluster has {0} resources of the SQL Server instance {1}\{2}; exactly one is expected. Nothing was changed.' -f $groups.Count, $Network, $Instance) }
    $owner = [string]@(Get-ClusterGroup -Name $groups[0])[0].OwnerNode
    $others = @($Nodes | Where-Object { $_ -ne $owner })
    if (-not $Node -and $others.Count -eq 1) { $Node = $others[0] }
    if ($Nodes -notcontains $Node) { Stop-Step 2 ('Give -Node as one of: {0}. The instance is on {1}. Nothing was changed.' -f ($Nodes -join ', '), $owner) }
    $up = @(Get-ClusterNode | Where-Object { $_.Name -eq $Node -and [string]$_.State -eq 'Up' })
    if ($up.Count -ne 1) { Stop-Step 3 ('The cluster node {0} is not up. Nothing was changed.' -f $Node) }
    if ($owner -eq $Node) {
        Write-Unchanged ('The instance is on {0} already.' -f $Node)
    } elseif ($PSCmdlet.ShouldProcess($groups[0], ('move to {0}; the instance stops and starts' -f $Node))) {
        $began = [DateTime]::UtcNow
        $Result.changed += 'owner was|{0}' -f $owner
        Move-ClusterGroup -Name $groups[0] -Node $Node -Wait 0 | Out-Null
        $end = $began.AddMinutes(10)
        $fault = ''
        do {
            Start-Sleep -Seconds 3
            $group = @(Get-ClusterGroup -Name $groups[0])[0]
            $fault = 'the group is {0} on {1}' -f $group.State, $group.OwnerNode
            if ([string]$group.State -eq 'Online' -and [string]$group.OwnerNode -eq $Node) {
                $fault = ''
                try {
                    foreach ($d in $Databases) {
                        $rows = @(Get-SqlRow -Connection $Connection -Query 'SELECT CONVERT(nvarchar(60), DATABASEPROPERTYEX(@name, N''Updateability'')) AS [update], state_desc AS [state] FROM sys.databases WHERE name = @name' -Value @{ name = $d })
                        $state = if ($rows.Count -eq 1) { '{0} {1}' -f $rows[0].state, $rows[0].update } else { 'not there' }
                        if ($state -ne 'ONLINE READ_WRITE') { $fault = '{0} is {1}' -f $d, $state }
                    }
                } catch { $fault = $_.Exception.GetBaseException().Message }
            }
        } while ($fault -and [DateTime]::UtcNow -lt $end)
        if ($fault) { Stop-Step 4 ('Ten minutes after the move began: {0}. The instance was on {1}. Look into the cluster''s events before it is moved again.' -f $fault, $owner) }
        Write-Changed ('Moved from {0} to {1}; every database answers after {2} seconds. Fail back with -Node {0}.' -f $owner, $Node, [int]([DateTime]::UtcNow - $began).TotalSeconds)
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
