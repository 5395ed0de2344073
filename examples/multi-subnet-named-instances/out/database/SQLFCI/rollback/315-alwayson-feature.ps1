<#
.SYNOPSIS
Take back: enable the AlwaysOn feature.
.DESCRIPTION
Step      database/alwayson-feature, rollback, file number 315
Run on    instance SQLFCI on CLUA (clua.proseware.com) or CLUB (club.proseware.com)
Run by    database administrator
Changes   disables the feature again when the install enabled it and no availability group is left; the service restarts
Undo      run the install script of this step again
Downtime  every database of this instance is offline while the SQL Server service restarts
Sources   [documented] Enable or disable Always On availability groups
          [documented] Prerequisites, restrictions and recommendations for Always On availability groups
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\315-alwayson-feature.ps1 -WhatIf
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
$StepName = 'database/alwayson-feature'
$StepKind = 'rollback'
$ResultName = 'database.alwayson-feature.SQLFCI.rollback'
$StepHosts = @('CLUA', 'clua.proseware.com', 'CLUB', 'club.proseware.com')
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
function Get-SqlValue {
    param([string]$Connection, [string]$Query)
    $client = New-Object System.Data.SqlClient.SqlConnection $Connection
    try {
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandText = $Query
        $value = $command.ExecuteScalar()
        if ($null -ne $value -and $value -isnot [DBNull]) { $value }
    } finally { $client.Dispose() }
}
function Get-HadrState {
    param([string]$Connection)
    [string](Get-SqlValue -Connection $Connection -Query 'SELECT CONVERT(nvarchar(10), SERVERPROPERTY(N''IsHadrEnabled'')) + N''/'' + CONVERT(nvarchar(10), SERVERPROPERTY(N''HadrManagerStatus''));')
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
function Import-SqlModule {
    $found = @(@('SqlServer', 'SQLPS') | Where-Object { @(Get-Module -ListAvailable -Name $_).Count -gt 0 })
    if ($found.Count -eq 0) { Stop-Step 2 'Neither the PowerShell module SqlServer nor SQLPS is installed. SQLPS comes with the management tools of SQL Server, SqlServer from the PowerShell Gallery. Nothing was changed.' }
    Push-Location
    try { Import-Module -Name $found[0] -DisableNameChecking } finally { Pop-Location }
}
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
}
function Start-SqlAgent {
    # Starts SQL Server Agent when a restart of the engine has stopped it. Its callers ask ShouldProcess. On a failover cluster
    # instance the cluster starts it, so that it is named only. A failure is reported and does not hide that of the caller.
    param([string]$Service, [bool]$Clustered)
    if (@(Get-Service | Where-Object { $_.Name -eq $Service -and [string]$_.Status -eq 'Running' }).Count -gt 0) { return }
    if ($Clustered) { Add-Info -Name 'SQL Server Agent' -Text 'stopped by the restart: bring its resource online in Failover Cluster Manager'; return }
    try { Start-Service -Name $Service } catch { Add-Info -Name 'SQL Server Agent' -Text ('ran before and does not start, start it by hand: {0}' -f $_.Exception.Message) }
}
function Wait-HadrState {
    param([string]$Connection, [string[]]$Wanted, [int]$Seconds)
    $until = [DateTime]::UtcNow.AddSeconds($Seconds)
    $seen = 'no answer'
    while ([DateTime]::UtcNow -lt $until) {
        try { $seen = Get-HadrState -Connection $Connection } catch { $seen = $_.Exception.Message }
        if ($Wanted -contains $seen) { break }
        Start-Sleep -Seconds 5
    }
    $seen
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
    $Instance = 'SQLFCI'
    $Connection = 'Data Source=sqlfci.proseware.com,1433;Initial Catalog="master";Integrated Security=SSPI'
    $AgentService = 'SQLSERVERAGENT'
    $Clustered = $true
    # On record while the restart has SQL Server Agent stopped, for the run after one that was cut off.
    $Waiting = '{0} is to be started again' -f $AgentService
    $Record = Get-InstallName
    $state = ''
    try { $state = Get-HadrState -Connection $Connection } catch { Stop-Step 2 ('{0} does not answer: {1} Is its service running, and may you log on to it? Nothing was changed.' -f $Instance, $_.Exception.GetBaseException().Message) }
    if (@(Get-InstallChange -Name $Record) -notcontains ('AlwaysOn of {0}' -f $Instance)) {
        Write-Unchanged ('The install did not enable AlwaysOn on {0}; it stays as it is.' -f $Instance)
    } elseif ($state.StartsWith('0/')) {
        Write-Unchanged ('AlwaysOn is not enabled on {0}.' -f $Instance)
        if ($Earlier -contains $Waiting -and $PSCmdlet.ShouldProcess($AgentService, 'start it again, as a run that was cut off could not')) {
            Save-Change ('{0} started again' -f $AgentService)
            Start-SqlAgent -Service $AgentService -Clustered $Clustered
            $Earlier = @($Earlier | Where-Object { $_ -ne $Waiting })
            Write-Changed ('AlwaysOn is not enabled on {0}. {1}, which a run that was cut off had stopped, was to be started again.' -f $Instance, $AgentService)
        }
        if (-not $WhatIfPreference) { Close-InstallRecord -Name $Record }
    } else {
        $owner = [string](Get-SqlValue -Connection $Connection -Query 'SELECT CONVERT(nvarchar(128), SERVERPROPERTY(N''ComputerNamePhysicalNetBIOS''));')
        if ($owner -ne [Environment]::MachineName) { Stop-Step 2 ('{0} runs on {1} now. Start this script there. Nothing was changed.' -f $Instance, $owner) }
        $groups = [int](Get-SqlValue -Connection $Connection -Query 'SELECT COUNT(*) FROM sys.availability_groups;')
        if ($groups -gt 0) { Stop-Step 3 ('{0} availability groups are left on {1}; without the feature their databases cannot be used there. Nothing was changed.' -f $groups, $Instance) }
        $agentRan = $Earlier -contains $Waiting -or @(Get-Service | Where-Object { $_.Name -eq $AgentService -and [string]$_.Status -eq 'Running' }).Count -gt 0
        Import-SqlModule
        if ($PSCmdlet.ShouldProcess($Instance, 'disable AlwaysOn availability groups and restart the SQL Server service')) {
            $Result.changed += 'AlwaysOn of {0} disabled' -f $Instance
            if ($agentRan) { Save-Change $Waiting }
            try {
                Disable-SqlAlwaysOn -ServerInstance $Instance -Force
                $state = Wait-HadrState -Connection $Connection -Wanted @('0/0', '0/1', '0/2') -Seconds 300
            } finally { if ($agentRan) { Start-SqlAgent -Service $AgentService -Clustered $Clustered } }
            $Result.changed = @($Result.changed | Where-Object { $_ -ne $Waiting })
            $Earlier = @($Earlier | Where-Object { $_ -ne $Waiting })
            if (-not $state.StartsWith('0/')) { Stop-Step 4 ('The feature was disabled, but after 300 seconds {0} says [{1}] (IsHadrEnabled/HadrManagerStatus).' -f $Instance, $state) }
            Close-InstallRecord -Name $Record
            Write-Changed ('AlwaysOn is disabled on {0}.' -f $Instance)
        } else { Write-Skipped }
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
