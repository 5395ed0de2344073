<#
.SYNOPSIS
Set the DNS behaviour of the listener's network name.
.DESCRIPTION
Step      database/listener-dns, install, file number 385
Run on    instance SQLA\MBAM on SQLA (sqla.proseware.com)
Run by    database administrator
Changes   cluster parameters RegisterAllProvidersIP and HostRecordTTL of the network name MBAM-SQL; takes the group MBAM-AG offline and online again
Undo      writes the recorded values back and takes the group offline and online again
Downtime  both databases are away while the group goes offline and online, usually less than a minute
Success   the parameters read back as planned, the group is online
Sources   [documented] Configure a listener for an availability group
          [documented] Connect to an availability group listener
          [inferred] General Windows and SQL Server engineering practice
Inferred  the network name is found by its parameter DnsName among the resources of the group, because its resource name is group_listener and not what the documents use; proved by: the install stops unless exactly one resource of the group has the listener's name
Inferred  starting the group's own resource starts the network name that it depends on; proved by: the install waits for both and stops with 4 when one is not online
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\385-listener-dns.ps1 -WhatIf
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
$StepName = 'database/listener-dns'
$StepKind = 'install'
$ResultName = 'database.listener-dns.SQLA.MBAM.install'
$StepHosts = @('SQLA', 'sqla.proseware.com')
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
function Get-ListenerParameter {
    # Returns RegisterAllProvidersIP and HostRecordTTL of a network name resource as text, by name.
    param([string]$Resource)
    $values = @{ RegisterAllProvidersIP = ''; HostRecordTTL = '' }
    foreach ($p in @(Get-ClusterResource -Name $Resource | Get-ClusterParameter)) { if ($values.ContainsKey($p.Name)) { $values[$p.Name] = [string]$p.Value } }
    $values
}
function Get-ListenerResource {
    # Returns the name of the network name resource of a listener: the one resource of the group whose DnsName it is.
    param([string]$Group, [string]$Listener)
    $found = @()
    foreach ($r in @(Get-ClusterGroup -Name $Group | Get-ClusterResource)) {
        $dns = @(Get-ClusterParameter -InputObject $r | Where-Object { $_.Name -eq 'DnsName' })
        if ($dns.Count -eq 1 -and [string]$dns[0].Value -eq $Listener) { $found += [string]$r.Name }
    }
    if ($found.Count -ne 1) { Stop-Step 3 ('The cluster group {0} has {1} network names with the DNS name {2}; exactly one is expected. Nothing was changed.' -f $Group, $found.Count, $Listener) }
    $found[0]
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
}
function Restart-ListenerResource {
    # Takes the network name and, with it, the group's own resource offline; starts both and waits for a minute after that.
    param([string]$Group, [string]$Resource)
    $problem = ''
    try { Stop-ClusterResource -Name $Resource -Wait 120 | Out-Null } catch { $problem = $_.Exception.Message }
    try { Start-ClusterResource -Name $Group -Wait 120 | Out-Null } catch { $problem = $_.Exception.Message }
    $states = @()
    for ($i = 0; $i -lt 30; $i++) {
        $states = @([string](Get-ClusterResource -Name $Resource).State, [string](Get-ClusterResource -Name $Group).State)
        if (@($states | Where-Object { $_ -ne 'Online' }).Count -eq 0) { break }
        Start-Sleep -Seconds 2
    }
    if (@($states | Where-Object { $_ -ne 'Online' }).Count -gt 0) { Stop-Step 4 ('{0} is {1} and {2} is {3}: THE DATABASES ARE NOT REACHABLE. Run Start-ClusterResource for {2}, then look into the cluster log. {4}' -f $Resource, $states[0], $Group, $states[1], $problem) }
    if ($problem -ne '') { Stop-Step 4 ('{0} is online, but could not be taken offline and online without an error, so the new values may not be in force: {1}' -f $Resource, $problem) }
    Update-ClusterNetworkNameResource -Name $Resource | Out-Null
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
    $Group = 'MBAM-AG'
    $Listener = 'MBAM-SQL'
    $Want = [ordered]@{ RegisterAllProvidersIP = '1'; HostRecordTTL = '300' }
    Import-StepModule -Name 'FailoverClusters' -Feature 'Install the feature RSAT-Clustering-PowerShell.'
    $name = Get-ListenerResource -Group $Group -Listener $Listener
    $have = Get-ListenerParameter -Resource $name
    $different = @($Want.Keys | Where-Object { $have[$_] -ne $Want[$_] })
    if ($different.Count -eq 0) {
        Write-Unchanged 'The parameters are as planned. They are in force since the network name was last brought online.'
    } elseif ($PSCmdlet.ShouldProcess($Group, ('set {0} of {1}, take the group offline and online' -f ($different -join ' and '), $name))) {
        foreach ($key in $different) {
            Save-Change ('{0}={1}' -f $key, $have[$key])
            Get-ClusterResource -Name $name | Set-ClusterParameter -Name $key -Value ([int]$Want[$key])
        }
        Restart-ListenerResource -Group $Group -Resource $name
        $now = Get-ListenerParameter -Resource $name
        foreach ($key in $Want.Keys) { if ($now[$key] -ne $Want[$key]) { Stop-Step 4 ('{0} of {1} reads back as {2}, planned is {3}.' -f $key, $name, $now[$key], $Want[$key]) } }
        Write-Changed ('{0} set on {1}; the group is online.' -f ($different -join ' and '), $name)
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
