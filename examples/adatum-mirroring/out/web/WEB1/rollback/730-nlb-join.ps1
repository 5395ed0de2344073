<#
.SYNOPSIS
Take back: join the other nodes to the NLB cluster, one by one.
.DESCRIPTION
Step      balancer/nlb-join, rollback, file number 730
Run on    WEB1 (web1.adatum.com), 64-bit, elevated
Run by    web administrator
Changes   drains and removes the nodes that the install's result lists under "changed", the last one first; leaves behind: the cluster with its first node
Undo      run the install script of this step again
Downtime  the adapter of a joining node may lose its connections for seconds, and the cluster converges again after each node
Sources   [documented] How to Configure Network Load Balancing for MBAM (1.0)
          [documented] Planning for MBAM 2.5 high availability
          [documented] NetworkLoadBalancingClusters module
Inferred  the join works from the first node, whose account is administrator of the others and reaches them by WMI; proved by: the script waits until every node has converged and stops with the states it saw
Inferred  Windows registers the virtual address in DNS under the node's own name, like every address of the adapter, and a probe of the node by name may then reach another node; proved by: the verify and that of web/farm-compare: DNS gives each node's name its planned address and no other; scripts use the planned address where the plan has one
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\730-nlb-join.ps1 -WhatIf
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
$StepName = 'balancer/nlb-join'
$StepKind = 'rollback'
$ResultName = 'balancer.nlb-join.rollback'
$StepHosts = @('WEB1', 'web1.adatum.com')
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
function Get-NlbLocal {
    # The NLB cluster that this server belongs to, from its own driver: Name, Address, Mask, Mode, Mac, and the server's Status in it.
    # Nothing while it belongs to none: the namespace or its classes are missing, or no setting has an address. Any other fault
    # is no answer, and taken for "none" it would let a rollback remove the feature under a running cluster.
    $settings = @()
    $nodes = @()
    try {
        $settings = @(Get-CimInstance -Namespace 'root/MicrosoftNLB' -ClassName 'MicrosoftNLB_ClusterSetting' | Where-Object { [string]$_.ClusterIPAddress -and -not ([string]$_.ClusterIPAddress).StartsWith('0.') })
        if ($settings.Count -gt 0) { $nodes = @(Get-CimInstance -Namespace 'root/MicrosoftNLB' -ClassName 'MicrosoftNLB_Node' | Where-Object { $_.StatusCode -ne 0 }) }
    } catch {
        $id = [string]$_.FullyQualifiedErrorId
        # WBEM_E_INVALID_NAMESPACE and WBEM_E_INVALID_CLASS.
        $absent = $id.StartsWith('HRESULT 0x8004100e', [StringComparison]::OrdinalIgnoreCase) -or $id.StartsWith('HRESULT 0x80041010', [StringComparison]::OrdinalIgnoreCase)
        if (-not $absent) { Stop-Step 2 ('Windows does not say whether this server belongs to an NLB cluster: {0} ({1}). Look at it in Network Load Balancing Manager, mend the WMI namespace root/MicrosoftNLB, and start this script again.' -f $_.Exception.Message, $id) }
    }
    $names = @{ 1005 = 'Stopped'; 1006 = 'Converging'; 1007 = 'Converged'; 1008 = 'Converged'; 1009 = 'Draining'; 1013 = 'Suspended' }
    foreach ($s in $settings) {
        $mode = if ($s.IGMPSupport) { 'IgmpMulticast' } elseif ($s.MulticastSupportEnabled) { 'Multicast' } else { 'Unicast' }
        $status = 'unknown'
        if ($nodes.Count -gt 0) { $status = if ($names.ContainsKey([int]$nodes[0].StatusCode)) { $names[[int]$nodes[0].StatusCode] } else { 'code {0}' -f $nodes[0].StatusCode } }
        New-Object PSObject -Property @{ Name = [string]$s.ClusterName; Address = [string]$s.ClusterIPAddress; Mask = [string]$s.ClusterNetworkMask; Mode = $mode; Mac = ([string]$s.ClusterMACAddress).ToUpperInvariant().Replace(':', '-'); Status = $status }
    }
}
function Get-NlbMember {
    # The nodes of the cluster on an adapter of this server: Name without its domain, State, Priority, Interface.
    param([string]$InterfaceName)
    foreach ($n in @(Get-NlbClusterNode -HostName '.' -InterfaceName $InterfaceName)) {
        New-Object PSObject -Property @{ Name = ([string]$n.Name).Split('.')[0]; State = [string]$n.State; Priority = [int]$n.HostPriority; Interface = [string]$n.InterfaceName }
    }
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
    $Interface = 'Ethernet'
    $DrainSeconds = 300
    Import-StepModule -Name NetworkLoadBalancingClusters -Feature 'Run the install of balancer/nlb-feature.'
    [string[]]$ours = @(Get-InstallChange (Get-InstallName) | Where-Object { $_.StartsWith('node|') })
    [Array]::Reverse($ours)
    $did = @()
    if (@(Get-NlbLocal).Count -ne 1) { Stop-Step 2 'This server is no node of an NLB cluster, so it cannot take other nodes out. Nothing was changed.' }
    $members = @(Get-NlbMember $Interface | ForEach-Object { $_.Name })
    $todo = @($ours | Where-Object { $members -contains $_.Split('|')[1] })
    foreach ($entry in $todo) {
        $name = $entry.Split('|')[1]
        $adapter = $entry.Split([char[]]@('|'), 3)[2]
        if ($PSCmdlet.ShouldProcess($name, ('drain for up to {0} seconds and remove from the NLB cluster' -f $DrainSeconds))) {
            Stop-NlbClusterNode -HostName $name -InterfaceName $adapter -Drain -Timeout $DrainSeconds | Out-Null
            $end = [DateTime]::UtcNow.AddSeconds($DrainSeconds + 30)
            while (@(Get-NlbMember $Interface | Where-Object { $_.Name -eq $name -and $_.State -ne 'Stopped' }).Count -gt 0 -and [DateTime]::UtcNow -lt $end) { Start-Sleep -Seconds 5 }
            Remove-NlbClusterNode -HostName $name -InterfaceName $adapter -Force
            $Result.changed += $entry
            $end = [DateTime]::UtcNow.AddSeconds(120)
            while (@(Get-NlbMember $Interface | Where-Object { $_.Name -eq $name }).Count -gt 0 -and [DateTime]::UtcNow -lt $end) { Start-Sleep -Seconds 5 }
            if (@(Get-NlbMember $Interface | Where-Object { $_.Name -eq $name }).Count -gt 0) { Stop-Step 4 ('{0} is still in the cluster 120 seconds after its removal. Look at it in Network Load Balancing Manager.' -f $name) }
            $did += $name
            if ($did.Count -eq $todo.Count) { Close-InstallRecord (Get-InstallName) }
        }
    }
    if ($todo.Count -eq 0) { Write-Unchanged 'None of the nodes that the install joined is in the cluster any more.' }
    elseif ($did.Count -gt 0) { Write-Changed ('Taken out of the cluster: {0}.' -f ($did -join ', ')) }
    else { Write-Skipped }
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
