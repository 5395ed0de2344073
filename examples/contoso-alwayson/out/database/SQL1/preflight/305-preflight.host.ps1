<#
.SYNOPSIS
Preflight: check instance and server before anything is changed.
.DESCRIPTION
Step      database/preflight, preflight, file number 305
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   every line reads [ok] or [info]
Sources   [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] CREATE ENDPOINT (Transact-SQL)
          [documented] MBAM 2.5 Supported Configurations
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\305-preflight.host.ps1
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
$StepName = 'database/preflight'
$StepKind = 'preflight'
$ResultName = 'database.preflight.preflight.host'
$StepHosts = @('SQL1', 'sql1.contoso.com')
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
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
}
function Test-TcpPort {
    param([string]$Server, [int]$Port, [int]$Milliseconds = 5000)
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $wait = $client.BeginConnect($Server, $Port, $null, $null)
        if (-not $wait.AsyncWaitHandle.WaitOne($Milliseconds)) { return $false }
        $client.EndConnect($wait)
        return $true
    } catch { return $false } finally { $client.Close() }
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
    $WindowsVersion = '10.0.17763'
    $EngineService = 'MSSQLSERVER'
    $Clustered = $false
    $system = Get-CimInstance -ClassName Win32_ComputerSystem
    $windows = Get-CimInstance -ClassName Win32_OperatingSystem
    Add-Check -Name 'member server of a domain (not a workgroup, not a domain controller)' -Ok ($system.DomainRole -eq 3) -Expected '3' -Actual ([string]$system.DomainRole)
    Add-Check -Name 'Windows version' -Ok (([string]$windows.Version).StartsWith($WindowsVersion)) -Expected $WindowsVersion -Actual ([string]$windows.Version)
    $service = @(Get-Service | Where-Object { $_.Name -eq $EngineService })
    $status = if ($service.Count -eq 0) { 'not installed' } else { [string]$service[0].Status }
    if ($Clustered) { Add-Info -Name ('service {0} on this node' -f $EngineService) -Text $status } else { Add-Check -Name ('service {0}' -f $EngineService) -Ok ($status -eq 'Running') -Expected 'Running' -Actual $status }
    $there = Test-Path -LiteralPath 'E:\MSSQL\Data' -PathType Container
    if ($Clustered) { Add-Info -Name ('folder {0} is visible on this node' -f 'E:\MSSQL\Data') -Text ([string]$there) } else { Add-Check -Name ('folder {0}' -f 'E:\MSSQL\Data') -Ok $there -Expected 'True' -Actual ([string]$there) }
    $there = Test-Path -LiteralPath 'F:\MSSQL\Log' -PathType Container
    if ($Clustered) { Add-Info -Name ('folder {0} is visible on this node' -f 'F:\MSSQL\Log') -Text ([string]$there) } else { Add-Check -Name ('folder {0}' -f 'F:\MSSQL\Log') -Ok $there -Expected 'True' -Actual ([string]$there) }
    foreach ($disk in @(Get-CimInstance -ClassName Win32_LogicalDisk -Filter 'DriveType = 3')) { Add-Info -Name ('free on {0}' -f $disk.DeviceID) -Text ('{0} MB of {1} MB' -f [Math]::Floor($disk.FreeSpace / 1MB), [Math]::Floor($disk.Size / 1MB)) }
    $share = '\\fs1.contoso.com\mbam-seed'
    $reach = try { [string](Test-Path -LiteralPath $share) } catch { $_.Exception.Message }
    Add-Info -Name ('{0} is reachable for you (the service accounts need their own rights)' -f $share) -Text $reach
    $peer = 'sql2.contoso.com'
    $found = @()
    try { $found = @([System.Net.Dns]::GetHostAddresses($peer) | ForEach-Object { [string]$_ }) } catch { Add-Info -Name ('DNS answer for {0}' -f $peer) -Text $_.Exception.Message }
    Add-Check -Name ('DNS address of {0}' -f $peer) -Ok ($found -contains '10.1.0.12') -Expected '10.1.0.12' -Actual ($found -join ' ')
    Add-Info -Name ('{0} answers on port {1} (the firewall opens later)' -f $peer, 1433) -Text ([string](Test-TcpPort -Server $peer -Port 1433))
    $peer = 'sql3.contoso.com'
    $found = @()
    try { $found = @([System.Net.Dns]::GetHostAddresses($peer) | ForEach-Object { [string]$_ }) } catch { Add-Info -Name ('DNS answer for {0}' -f $peer) -Text $_.Exception.Message }
    Add-Check -Name ('DNS address of {0}' -f $peer) -Ok ($found -contains '10.2.0.13') -Expected '10.2.0.13' -Actual ($found -join ' ')
    Add-Info -Name ('{0} answers on port {1} (the firewall opens later)' -f $peer, 1433) -Text ([string](Test-TcpPort -Server $peer -Port 1433))
    Import-StepModule -Name 'FailoverClusters' -Feature 'Install the feature RSAT-Clustering-PowerShell.'
    $cluster = $null
    try { $cluster = Get-Cluster } catch { Add-Info -Name 'cluster' -Text $_.Exception.Message }
    $clusterName = if ($null -eq $cluster) { 'no running cluster on this server' } else { [string]$cluster.Name }
    Add-Check -Name 'cluster' -Ok ($clusterName -eq 'SQLCLU1') -Expected 'SQLCLU1' -Actual $clusterName
    if ($null -ne $cluster) {
        $nodes = @(Get-ClusterNode)
        $node = @($nodes | Where-Object { $_.Name -eq 'SQL1' })
        $seen = if ($node.Count -eq 0) { 'no node' } else { '{0}, vote {1}' -f $node[0].State, $node[0].NodeWeight }
        $plan = 'Up, vote {0}' -f 1
        Add-Check -Name ('cluster node {0}' -f 'SQL1') -Ok ($seen -eq $plan) -Expected $plan -Actual $seen
        $node = @($nodes | Where-Object { $_.Name -eq 'SQL2' })
        $seen = if ($node.Count -eq 0) { 'no node' } else { '{0}, vote {1}' -f $node[0].State, $node[0].NodeWeight }
        $plan = 'Up, vote {0}' -f 1
        Add-Check -Name ('cluster node {0}' -f 'SQL2') -Ok ($seen -eq $plan) -Expected $plan -Actual $seen
        $node = @($nodes | Where-Object { $_.Name -eq 'SQL3' })
        $seen = if ($node.Count -eq 0) { 'no node' } else { '{0}, vote {1}' -f $node[0].State, $node[0].NodeWeight }
        $plan = 'Up, vote {0}' -f 0
        Add-Check -Name ('cluster node {0}' -f 'SQL3') -Ok ($seen -eq $plan) -Expected $plan -Actual $seen
        $quorum = Get-ClusterQuorum
        $witness = 'none'
        if ($null -ne $quorum.QuorumResource) {
            $witness = [string]$quorum.QuorumResource.Name
            $path = @(Get-ClusterParameter -InputObject $quorum.QuorumResource | Where-Object { $_.Name -eq 'SharePath' })
            if ($path.Count -gt 0) { $witness = [string]$path[0].Value }
        }
        Add-Check -Name 'file share witness' -Ok ($witness -eq '\\fs1.contoso.com\sqlclu1-witness') -Expected '\\fs1.contoso.com\sqlclu1-witness' -Actual $witness
        $networks = @(Get-ClusterNetwork | ForEach-Object { '{0} {1}' -f $_.Address, $_.AddressMask })
        Add-Check -Name ('cluster network for the listener, {0}' -f '10.1.0.0 255.255.255.0') -Ok ($networks -contains '10.1.0.0 255.255.255.0') -Expected '10.1.0.0 255.255.255.0' -Actual ($networks -join '; ')
        Add-Check -Name ('cluster network for the listener, {0}' -f '10.2.0.0 255.255.255.0') -Ok ($networks -contains '10.2.0.0 255.255.255.0') -Expected '10.2.0.0 255.255.255.0' -Actual ($networks -join '; ')
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
