<#
.SYNOPSIS
Preflight: check the instance as Windows knows it.
.DESCRIPTION
Step      database/instance-preflight, preflight, file number 156
Run on    instance SQL1 on SQL1 (sql1.litware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   no check failed; what is not checked for want of rights is looked at by somebody who has them
Sources   [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] Always On failover cluster instances
          [documented] MBAM 2.5 Supported Configurations
          [documented] MBAM 2.0 Supported Configurations
          [documented] File locations for default and named instances of SQL Server: registry
          [documented] Configure a server to listen on a specific TCP port
Inferred  the registry of the instance holds version, edition, service pack and collation under Setup, and whether availability groups are enabled under MSSQLServer\HADR; proved by: file number 305 asks the instance itself
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\156-instance-preflight.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$WorkDir = ''
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
if ([string]$ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { throw 'PowerShell runs in a constrained language mode here, in which none of these scripts can work. Ask those who manage AppLocker or Device Guard to let scripts of your signature run, and sign the folder (Set-AuthenticodeSignature). Nothing was changed.' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'database/instance-preflight'
$StepKind = 'preflight'
$ResultName = 'database.instance-preflight.preflight'
$StepHosts = @('SQL1', 'sql1.litware.com')
$ExitCode = 1
$Transcribing = $false
$Saving = $false
$Result = [ordered]@{ schema = 1; step = $StepName; kind = $StepKind; name = $ResultName; script = ''; host = ''; user = ''; started = [DateTime]::UtcNow.ToString('o'); finished = ''; outcome = 'failed'; exitCode = 1; message = ''; changed = @(); checks = @(); notes = @(); notChecked = @(); facts = [ordered]@{} }
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
    # Without elevation the record lies among the reader's own files. No rollback trusts it.
    if (-not (Test-Elevated)) {
        [void][IO.Directory]::CreateDirectory($script:WorkDir)
        return
    }
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
function Add-Finding {
    # One judged check of a preflight. A difference fails the preflight; with -Note it is told and fails nothing. -Remedy says
    # what to do or whom to ask.
    param([string]$Name, [string]$About = '', [bool]$Ok, [string]$Expected, [string]$Actual, [string]$Remedy = '', [switch]$Note)
    $full = if ($About) { '{0}: {1}' -f $Name, $About } else { $Name }
    $row = [ordered]@{ name = $full; ok = $Ok; expected = $Expected; actual = $Actual }
    if ($Ok) {
        $script:Result.checks += , $row
        '[ok]   {0}: {1}' -f $full, $Actual
        return
    }
    if ($Remedy) { $row.remedy = $Remedy }
    if ($Note) { $script:Result.notes += , $row } else { $script:Result.checks += , $row }
    '{0} {1}: expected {2}, found {3}' -f $(if ($Note) { '[note]' } else { '[FAIL]' }), $full, $Expected, $Actual
    if ($Remedy) { '       {0}' -f $Remedy }
}
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
}
function Add-Unchecked {
    # A check of a preflight that the person who runs it may not make, or that something else prevents: neither passed nor failed.
    param([string]$Name, [string]$About = '', [string]$Needs)
    $full = if ($About) { '{0}: {1}' -f $Name, $About } else { $Name }
    $script:Result.notChecked += , ([ordered]@{ name = $full; needs = $Needs })
    '[--]   {0}: not checked: needs {1}' -f $full, $Needs
}
function Complete-Preflight {
    # Ends a preflight: a table, worst first, and exit code 4 when a check failed.
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    $good = @($script:Result.checks | Where-Object { $_.ok })
    $rows = @()
    foreach ($c in $bad) { $rows += , @('FAIL', $c.name, $c.actual) }
    foreach ($c in @($script:Result.notes)) { $rows += , @('note', $c.name, $c.actual) }
    foreach ($c in @($script:Result.notChecked)) { $rows += , @('not checked', $c.name, ('needs {0}' -f $c.needs)) }
    foreach ($c in $good) { $rows += , @('ok', $c.name, $c.actual) }
    $width = 5
    foreach ($r in $rows) { if ($r[1].Length -gt $width -and $r[1].Length -le 70) { $width = $r[1].Length } }
    ''
    foreach ($r in @(, @('verdict', 'check', 'found')) + $rows) { '{0}  {1}  {2}' -f $r[0].PadRight(11), $r[1].PadRight($width), $r[2] }
    ''
    'Result: {0}' -f (Join-Path $script:WorkDir ('{0}.result.json' -f $ResultName))
    $rest = '{0} noted, {1} not checked' -f @($script:Result.notes).Count, @($script:Result.notChecked).Count
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed, {2}: {3}. Nothing was changed.' -f $bad.Count, @($script:Result.checks).Count, $rest, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = '{0} checks passed, {1}.' -f $good.Count, $rest
}
function Get-RegistryText {
    # A value of the registry as text; '' when key or value is not there.
    param([string]$Path, [string]$Name)
    if (-not (Test-Path -LiteralPath $Path)) { return '' }
    [string](Get-Item -LiteralPath $Path).GetValue($Name, '')
}
function Get-ServiceRecord {
    # A service of this computer: State ('not installed' when there is none of that name), Mode, Account. Throws where Windows shows
    # none at all, or not its account: then nothing is known.
    param([string]$Name)
    $all = @(Get-CimInstance -ClassName Win32_Service)
    if ($all.Count -eq 0) { throw 'Windows shows you no services' }
    $found = @($all | Where-Object { [string]$_.Name -eq $Name })
    if ($found.Count -eq 0) { return New-Object PSObject -Property @{ State = 'not installed'; Mode = ''; Account = '' } }
    if (-not [string]$found[0].StartName) { throw ('Windows does not show you the account of the service {0}' -f $Name) }
    New-Object PSObject -Property @{ State = [string]$found[0].State; Mode = [string]$found[0].StartMode; Account = [string]$found[0].StartName }
}
function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
}
function Test-SameAccount {
    param([string]$One, [string]$Other)
    if ($One -eq $Other) { return $true }
    if (-not $One -or -not $Other) { return $false }
    (ConvertTo-AccountSid $One) -eq (ConvertTo-AccountSid $Other)
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
    if (-not $WorkDir) { $WorkDir = Join-Path $(if (Test-Elevated) { $env:ProgramData } else { [Environment]::GetFolderPath('LocalApplicationData') }) 'mbamplan' }
    $WorkDir = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WorkDir)
    $net = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $names = @([Environment]::MachineName, $net.HostName, ('{0}.{1}' -f $net.HostName, $net.DomainName).TrimEnd('.'))
    $Result.host = $names[2]
    $Result.user = '{0}\{1}' -f [Environment]::UserDomainName, [Environment]::UserName
    if (@($names | Where-Object { $StepHosts -contains $_ }).Count -eq 0) { Stop-Step 2 ('This script is for {0}. This machine is {1}. Nothing was changed.' -f ($StepHosts -join ' / '), $names[2]) }
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
    $elevated = Test-Elevated
    Add-Info -Name 'rights of this run' -Text ('{0}, {1}' -f $Result.user, $(if ($elevated) { 'elevated' } else { 'not elevated' }))
    $Engine = 'MSSQLSERVER'
    $Clustered = $false
    try {
        $service = Get-ServiceRecord $Engine
        $have = '{0}, {1}' -f $service.State, $service.Mode
        if ($Clustered -and $service.State -ne 'not installed') {
            Add-Info -Name ('service {0} on this node' -f $Engine) -Text $have
        } else {
            Add-Finding -Name 'SQL Server service' -About $Engine -Ok ($service.State -eq 'Running') -Expected 'Running' -Actual $have -Remedy 'Start it, or correct the name of the instance in the topology.'
        }
        if ($service.Account) {
            $same = @(@('LITWARE\svc-sql') | Where-Object { Test-SameAccount $service.Account $_ })
            Add-Finding -Name 'SQL Server service account' -About $Engine -Ok ($same.Count -gt 0) -Expected 'LITWARE\svc-sql' -Actual $service.Account -Remedy 'Logins, endpoints and service principal names of the plan rest on it: correct serviceAccount in the topology and render again, or have the account changed in SQL Server Configuration Manager.'
        }
    } catch { Add-Unchecked -Name 'SQL Server service' -About $Engine -Needs ('a look at the services ({0})' -f $_.Exception.GetBaseException().Message) }
    try {
        $root = 'HKLM:\SOFTWARE\Microsoft\Microsoft SQL Server'
        $key = Get-RegistryText ('{0}\Instance Names\SQL' -f $root) 'MSSQLSERVER'
        Add-Finding -Name 'SQL Server instance' -About 'SQL1' -Ok ($key -ne '') -Expected 'installed here' -Actual $(if ($key) { $key } else { 'no instance of that name' }) -Remedy 'Run this on the right server, or correct the name of the instance in the topology.'
        if ($key) {
            $setup = '{0}\{1}\Setup' -f $root, $key
            $have = Get-RegistryText $setup 'Version'
            Add-Finding -Name 'SQL Server version' -Ok ($have.StartsWith('15.')) -Expected '15., SQL Server 2019' -Actual $have -Remedy 'Options of the plan depend on the version: correct it in the topology and render again.'
            $have = Get-RegistryText $setup 'Edition'
            Add-Finding -Name 'SQL Server edition' -Ok ($have.StartsWith('Enterprise Edition')) -Expected 'Enterprise Edition' -Actual $have -Remedy 'Editions differ in what they replicate: correct the edition in the topology, check it, and render again.'
            $have = Get-RegistryText $setup 'Collation'
            Add-Finding -Name 'collation of the instance' -About 'SQL1' -Ok ($have -eq 'SQL_Latin1_General_CP1_CI_AS') -Expected 'SQL_Latin1_General_CP1_CI_AS' -Actual $have -Remedy 'MBAM takes no other one, and it cannot be changed without rebuilding the instance: choose another instance.'
            $net = '{0}\{1}\MSSQLServer\SuperSocketNetLib' -f $root, $key
            $have = Get-RegistryText ('{0}\Tcp' -f $net) 'Enabled'
            Add-Finding -Name 'TCP/IP of the instance' -Ok ($have -eq '1') -Expected '1 (enabled)' -Actual $(if ($have) { $have } else { 'no value' }) -Note:$Clustered -Remedy 'Enable TCP/IP in SQL Server Configuration Manager and restart the instance. Named Pipes are not needed.'
            Add-Info -Name 'Force Encryption' -Text (Get-RegistryText $net 'ForceEncryption')
            $have = Get-RegistryText ('{0}\{1}\MSSQLServer\HADR' -f $root, $key) 'HADR_Enabled'
            Add-Info -Name 'Always On of the instance' -Text $(if ($have -eq '1') { 'enabled' } else { 'not enabled; file number 315 does it and restarts the instance' })
        }
    } catch { Add-Unchecked -Name 'SQL Server version' -Needs ('read access to the registry ({0})' -f $_.Exception.GetBaseException().Message) }
    $share = '\\files.litware.com\mbam-seed'
    $reach = try { [string](Test-Path -LiteralPath $share) } catch { $_.Exception.GetBaseException().Message }
    Add-Info -Name ('{0} is reachable for you (the service accounts need their own rights)' -f $share) -Text $reach
    $cluster = $null
    $why = ''
    try {
        Import-Module -Name FailoverClusters
        $cluster = Get-Cluster
    } catch { $why = $_.Exception.GetBaseException().Message }
    if ($null -eq $cluster -and -not $elevated) {
        Add-Unchecked -Name 'cluster' -Needs ('an elevated PowerShell of a local administrator of its nodes ({0})' -f $why)
    } elseif ($null -eq $cluster) {
        Add-Finding -Name 'cluster' -Ok $false -Expected 'SQLCLU1' -Actual $(if ($why) { $why } else { 'no running cluster on this server' }) -Remedy 'The plan does not build the cluster: ask who runs it. The cmdlets come with the feature RSAT-Clustering-PowerShell.'
    } else {
        Add-Finding -Name 'cluster' -Ok ([string]$cluster.Name -eq 'SQLCLU1') -Expected 'SQLCLU1' -Actual ([string]$cluster.Name) -Remedy 'This server belongs to another cluster: correct the topology.'
        try {
            $nodes = @(Get-ClusterNode)
            $node = @($nodes | Where-Object { $_.Name -eq 'SQL1' })
            $seen = if ($node.Count -eq 0) { 'no node' } else { '{0}, vote {1}' -f $node[0].State, $node[0].NodeWeight }
            $plan = 'Up, vote {0}' -f 1
            Add-Finding -Name 'cluster node' -About 'SQL1' -Ok ($seen -eq $plan) -Expected $plan -Actual $seen -Remedy 'Bring the node up, or set its vote (NodeWeight) as planned: ask who runs the cluster.'
            $node = @($nodes | Where-Object { $_.Name -eq 'SQL2' })
            $seen = if ($node.Count -eq 0) { 'no node' } else { '{0}, vote {1}' -f $node[0].State, $node[0].NodeWeight }
            $plan = 'Up, vote {0}' -f 1
            Add-Finding -Name 'cluster node' -About 'SQL2' -Ok ($seen -eq $plan) -Expected $plan -Actual $seen -Remedy 'Bring the node up, or set its vote (NodeWeight) as planned: ask who runs the cluster.'
            $quorum = Get-ClusterQuorum
            $witness = 'none'
            if ($null -ne $quorum.QuorumResource) {
                $witness = [string]$quorum.QuorumResource.Name
                $path = @(Get-ClusterParameter -InputObject $quorum.QuorumResource | Where-Object { $_.Name -eq 'SharePath' })
                if ($path.Count -gt 0) { $witness = [string]$path[0].Value }
            }
            Add-Finding -Name 'file share witness' -Ok ($witness -eq '\\files.litware.com\sqlclu1') -Expected '\\files.litware.com\sqlclu1' -Actual $witness -Remedy 'Without it the loss of one node may take the quorum: ask who runs the cluster, or correct witness in the topology.'
            $networks = @(Get-ClusterNetwork | ForEach-Object { '{0} {1}' -f $_.Address, $_.AddressMask })
            Add-Finding -Name 'cluster network of the listener' -About '10.50.0.0 255.255.255.0' -Ok ($networks -contains '10.50.0.0 255.255.255.0') -Expected '10.50.0.0 255.255.255.0' -Actual ($networks -join '; ') -Remedy 'A listener address outside the cluster''s networks cannot come online: correct its address or prefix length in the topology.'
            $kinds = @(Get-ClusterResource | Where-Object { [string]$_.OwnerGroup -eq 'MBAM-AG' } | ForEach-Object { [string]$_.ResourceType })
            $roles = @(Get-ClusterGroup | Where-Object { [string]$_.Name -eq 'MBAM-AG' })
            $have = if ($roles.Count -eq 0) { 'free' } elseif ($kinds -contains 'SQL Server Availability Group') { 'an availability group' } else { 'another role' }
            Add-Finding -Name 'name of the group in the cluster' -About 'MBAM-AG' -Ok ($have -ne 'another role') -Expected 'free, or an availability group' -Actual $have -Remedy 'A role of the cluster has the name, so that the group cannot be made (41152): choose another name, or ask who runs the cluster.'
        } catch { Add-Unchecked -Name 'cluster nodes' -Needs ('full access to the cluster ({0})' -f $_.Exception.GetBaseException().Message) }
    }
    Complete-Preflight
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
