<#
.SYNOPSIS
Verify: join the other nodes to the NLB cluster, one by one.
.DESCRIPTION
Step      balancer/nlb-join, verify, file number 730
Run on    WEB1 (web1.wingtip.com), 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   every planned node has converged, with the same port rule
Sources   [documented] How to Configure Network Load Balancing for MBAM (1.0)
          [documented] Planning for MBAM 2.5 high availability
          [documented] NetworkLoadBalancingClusters module
Inferred  the join works from the first node, whose account is administrator of the others and reaches them by WMI; proved by: the script waits until every node has converged and stops with the states it saw
Inferred  Windows registers the virtual address in DNS under the node's own name, like every address of the adapter, and a probe of the node by name may then reach another node; proved by: the verify and that of web/farm-compare: DNS gives each node's name its planned address and no other; scripts use the planned address where the plan has one
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\730-nlb-join.ps1
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
$StepName = 'balancer/nlb-join'
$StepKind = 'verify'
$ResultName = 'balancer.nlb-join.verify'
$StepHosts = @('WEB1', 'web1.wingtip.com')
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
function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
}
function Format-NlbRule {
    param([object[]]$Rule)
    if (@($Rule).Count -eq 0) { return 'none' }
    @($Rule | ForEach-Object { '{0} {1}-{2} {3} {4}' -f $_.Protocol, $_.StartPort, $_.EndPort, $_.FilteringMode, $_.Affinity }) -join ', '
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
function Test-NlbRule {
    # Is a port rule the planned one: TCP, one port, all hosts, affinity Single.
    param([object]$Rule, [int]$Port)
    [int]$Rule.StartPort -eq $Port -and [int]$Rule.EndPort -eq $Port -and [string]$Rule.Protocol -eq 'Tcp' -and [string]$Rule.FilteringMode -eq 'Multiple' -and [string]$Rule.Affinity -eq 'Single'
}
function Test-NodeAddress {
    # Checks what DNS gives for a node's own name: its planned address and no other where the plan has one (other adapters
    # beside it with -More), and never the virtual address, which Windows may register like any address of the adapter.
    param([string]$Name, [string]$Address, [string]$Virtual, [bool]$More)
    $found = @(try { [System.Net.Dns]::GetHostAddresses($Name) | Where-Object { $_.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetwork } | ForEach-Object { [string]$_ } } catch { })
    $ok = $found.Count -gt 0 -and $found -notcontains $Virtual
    $expected = 'an address, and not the virtual one, {0}' -f $Virtual
    if ($Address) {
        $ok = $ok -and $found -contains $Address -and ($More -or $found.Count -eq 1)
        $expected = if ($More) { '{0} among them, and not the virtual address {1}' -f $Address, $Virtual } else { 'only {0}' -f $Address }
    }
    if (-not $ok) { $expected += '. Make the record of the node a static one, delete the others, and keep the adapter from registering itself' }
    Add-Check -Name ('{0} in DNS' -f $Name) -Ok $ok -Expected $expected -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' })
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
    $Interface = 'Ethernet'
    $Port = 443
    $Nodes = @(
        @{ Name = 'WEB1'; Fqdn = 'web1.wingtip.com'; Address = '10.30.0.31'; Interface = 'Ethernet'; Priority = 1 }
        @{ Name = 'WEB2'; Fqdn = 'web2.wingtip.com'; Address = '10.30.0.32'; Interface = 'Ethernet'; Priority = 2 }
    )
    Import-StepModule -Name NetworkLoadBalancingClusters -Feature 'Run the install of balancer/nlb-feature.'
    if (@(Get-NlbLocal).Count -ne 1) { Stop-Step 2 'This server is no node of an NLB cluster. Run the install of balancer/nlb-cluster.' }
    $members = @(Get-NlbMember $Interface)
    $rules = @(Get-NlbClusterNode -HostName '.' -InterfaceName $Interface | Get-NlbClusterPortRule)
    foreach ($n in $Nodes) {
        $one = @($members | Where-Object { $_.Name -eq $n.Name })
        Add-Check -Name ('Node {0}' -f $n.Name) -Ok ($one.Count -eq 1 -and $one[0].State.StartsWith('Converged')) -Expected 'Converged' -Actual $(if ($one.Count -eq 1) { $one[0].State } else { 'not in the cluster' })
        # A name of one's own is answered by Windows itself, not by DNS: the first node is checked by web/farm-compare.
        if ($n.Name -ne [Environment]::MachineName) { Test-NodeAddress -Name $n.Fqdn -Address $n.Address -Virtual '10.30.0.60' -More $false }
        if ($one.Count -ne 1) { continue }
        Add-Check -Name ('Adapter of {0}' -f $n.Name) -Ok ($one[0].Interface -eq $n.Interface) -Expected $n.Interface -Actual $one[0].Interface
        Add-Check -Name ('Priority of {0}' -f $n.Name) -Ok ($one[0].Priority -eq $n.Priority) -Expected ([string]$n.Priority) -Actual ([string]$one[0].Priority)
        $own = @($rules | Where-Object { ([string]$_.NodeName).Split('.')[0] -eq $n.Name })
        Add-Check -Name ('Port rules of {0}' -f $n.Name) -Ok ($own.Count -eq 1 -and (Test-NlbRule -Rule $own[0] -Port $Port)) -Expected ('only Tcp {0}-{0} Multiple Single' -f $Port) -Actual (Format-NlbRule $own)
    }
    $planned = @($Nodes | ForEach-Object { $_.Name })
    $strange = @($members | Where-Object { $planned -notcontains $_.Name } | ForEach-Object { $_.Name })
    Add-Check -Name 'Other nodes' -Ok ($strange.Count -eq 0) -Expected 'none' -Actual $(if ($strange.Count -eq 0) { 'none' } else { $strange -join ', ' })
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
