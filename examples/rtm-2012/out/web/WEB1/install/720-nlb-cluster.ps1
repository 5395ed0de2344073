<#
.SYNOPSIS
Make the NLB cluster on the first node.
.DESCRIPTION
Step      balancer/nlb-cluster, install, file number 720
Run on    WEB1 (web1.cohowinery.com), 64-bit, elevated
Run by    web administrator
Changes   binds NLB to the adapter Ethernet of WEB1, with the virtual address 10.80.0.60 (Multicast) and one port rule: TCP 443, all hosts, affinity Single; Windows is kept from sending from the virtual address
Undo      removes the cluster if the install made it and this server is its only node
Downtime  the adapter Ethernet of WEB1 may lose its connections for seconds: have console access
Success   the virtual address belongs to this server, its node has converged, and the port rule is as planned
Sources   [documented] How to Configure Network Load Balancing for MBAM (1.0)
          [documented] Planning for MBAM 2.5 high availability
          [documented] NetworkLoadBalancingClusters module
          [documented] Network Load Balancing WMI classes
          [documented] VMware KB 1556: Microsoft NLB in unicast mode
Inferred  without a cluster the NLB classes of WMI give no cluster address; proved by: New-NlbCluster itself refuses an adapter that is bound already; the verify reads the address back
Inferred  multicast: routers that refuse a multicast MAC address for a unicast IP address need a static ARP entry; proved by: the Kerberos test from another subnet
Inferred  Windows sends from the address that shares the longest prefix with the target: without SkipAsSource that may be the virtual one, whose answers NLB gives to any node, and which the firewall of the database servers does not let in; proved by: the verify of this step, of web/node-check and of balancer/nlb-watch read the address that each node would send from
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\720-nlb-cluster.ps1 -WhatIf
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
$StepName = 'balancer/nlb-cluster'
$StepKind = 'install'
$ResultName = 'balancer.nlb-cluster.install'
$StepHosts = @('WEB1', 'web1.cohowinery.com')
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
function Format-NlbRule {
    param([object[]]$Rule)
    if (@($Rule).Count -eq 0) { return 'none' }
    @($Rule | ForEach-Object { '{0} {1}-{2} {3} {4}' -f $_.Protocol, $_.StartPort, $_.EndPort, $_.FilteringMode, $_.Affinity }) -join ', '
}
function Get-NlbAdapterFault {
    # What keeps a network adapter of this server from being balanced; nothing when it is fine.
    param([string]$Name)
    $all = @([System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces())
    $found = @($all | Where-Object { $_.Name -eq $Name })
    if ($found.Count -ne 1) { return ('there is no adapter "{0}" here, but {1}; name the right one as interface in the topology' -f $Name, (@($all | ForEach-Object { '"{0}"' -f $_.Name }) -join ', ')) }
    if ([string]$found[0].OperationalStatus -ne 'Up') { return ('the adapter "{0}" is {1}' -f $Name, $found[0].OperationalStatus) }
    if ($found[0].GetIPProperties().GetIPv4Properties().IsDhcpEnabled) { return ('the adapter "{0}" gets its address by DHCP; NLB needs a static one' -f $Name) }
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
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
}
function Set-VirtualSource {
    # Keeps Windows from sending from a virtual address; -Computer names another node, '' is this server. Its callers ask ShouldProcess.
    # A failure is reported and does not stop: the verify reads which address is used.
    param([string]$Address, [string]$InterfaceName, [string]$Computer = '')
    try {
        if ($Computer) { Set-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName -SkipAsSource $true -CimSession $Computer } else { Set-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName -SkipAsSource $true }
    } catch { Add-Info -Name ('source address {0}' -f $Computer).Trim() -Text ('{0} could not be kept from being a source address, run Set-NetIPAddress -SkipAsSource $true on that node: {1}' -f $Address, $_.Exception.Message) }
}
function Test-NlbRule {
    # Is a port rule the planned one: TCP, one port, all hosts, affinity Single.
    param([object]$Rule, [int]$Port)
    [int]$Rule.StartPort -eq $Port -and [int]$Rule.EndPort -eq $Port -and [string]$Rule.Protocol -eq 'Tcp' -and [string]$Rule.FilteringMode -eq 'Multiple' -and [string]$Rule.Affinity -eq 'Single'
}
function Test-VirtualSource {
    # May Windows send from an address; -Computer names another node, '' is this server. What cannot be read is told and taken for no: the
    # verify reads which address is used.
    param([string]$Address, [string]$InterfaceName, [string]$Computer = '')
    $found = @()
    try {
        $found = @(if ($Computer) { Get-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName -CimSession $Computer } else { Get-NetIPAddress -IPAddress $Address -InterfaceAlias $InterfaceName })
    } catch { Add-Info -Name ('source address {0}' -f $Computer).Trim() -Text ('whether Windows sends from {0} cannot be read: {1}' -f $Address, $_.Exception.Message) | Out-Null }
    @($found | Where-Object { -not $_.SkipAsSource }).Count -gt 0
}
function Wait-NlbConverged {
    # Waits until the named nodes are in the cluster and all of its nodes have converged; tells their states.
    param([string]$InterfaceName, [string[]]$Node, [int]$Seconds = 180)
    $end = [DateTime]::UtcNow.AddSeconds($Seconds)
    $seen = ''
    do {
        try {
            $members = @(Get-NlbMember $InterfaceName)
            $present = @($members | ForEach-Object { $_.Name })
            $seen = @($members | ForEach-Object { '{0} {1}' -f $_.Name, $_.State }) -join ', '
            $missing = @($Node | Where-Object { $present -notcontains $_ })
            $waiting = @($members | Where-Object { -not $_.State.StartsWith('Converged') })
            if ($missing.Count -eq 0 -and $waiting.Count -eq 0) { return $seen }
        } catch { $seen = $_.Exception.Message }
        Start-Sleep -Seconds 5
    } while ([DateTime]::UtcNow -lt $end)
    Stop-Step 4 ('The cluster has not converged within {0} seconds: expected {1}, found {2}. Look at it in Network Load Balancing Manager before anything else is changed.' -f $Seconds, ($Node -join ', '), $seen)
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
    $Address = '10.80.0.60'
    $Port = 443
    $Priority = 1
    $Record = 'cluster|10.80.0.60'
    Import-StepModule -Name NetworkLoadBalancingClusters -Feature 'Run the install of balancer/nlb-feature.'
    $me = [Environment]::MachineName
    $local = @(Get-NlbLocal)
    if ($local.Count -gt 0 -and $local[0].Address -ne $Address) { Stop-Step 3 ('This server is a node of another cluster: {0}, {1}. Planned is {2}. Nothing was changed.' -f $local[0].Name, $local[0].Address, $Address) }
    if ($local.Count -gt 0 -and $local[0].Mode -ne 'Multicast') { Stop-Step 3 ('The cluster {0} runs in mode {1}, planned is {2}. A change of mode cuts every node off for a while: do it by hand, or change the topology. Nothing was changed.' -f $Address, $local[0].Mode, 'Multicast') }
    $ours = @($Earlier) -contains $Record
    $did = @()
    $open = 0
    if ($local.Count -eq 0) {
        $open++
        $fault = Get-NlbAdapterFault $Interface
        if ($fault) { Stop-Step 2 ('NLB cannot be set up: {0}. Nothing was changed.' -f $fault) }
        $ping = New-Object System.Net.NetworkInformation.Ping
        try { $reply = [string]$ping.Send($Address, 3000).Status } finally { $ping.Dispose() }
        if ($reply -eq 'Success') { Stop-Step 3 ('The virtual address {0} answers already, and this server has no cluster: somebody else uses it. Nothing was changed.' -f $Address) }
        if ($PSCmdlet.ShouldProcess(('{0}, adapter {1}' -f $me, $Interface), ('make the NLB cluster {0}' -f $Address))) {
            Save-Change $Record
            $argsCluster = @{
                HostName = '.'
                InterfaceName = $Interface
                ClusterName = 'mbam.cohowinery.com'
                ClusterPrimaryIP = $Address
                SubnetMask = '255.255.255.0'
                OperationMode = 'Multicast'
            }
            New-NlbCluster @argsCluster | Out-Null
            Wait-NlbConverged -InterfaceName $Interface -Node $me
            $ours = $true
            $did += 'made the cluster {0}' -f $Address
        }
        $local = @(Get-NlbLocal)
    }
    if ($local.Count -gt 0) {
        if ($ours -and (Test-VirtualSource -Address $Address -InterfaceName $Interface)) {
            $open++
            if ($PSCmdlet.ShouldProcess($me, ('keep Windows from sending from {0}' -f $Address))) {
                Save-Change ('no sending from {0}' -f $Address)
                Set-VirtualSource -Address $Address -InterfaceName $Interface
                $did += 'no sending from {0}' -f $Address
            }
        }
        $rules = @(Get-NlbClusterPortRule -HostName '.' -InterfaceName $Interface)
        $wrong = @($rules | Where-Object { -not (Test-NlbRule -Rule $_ -Port $Port) })
        if ($wrong.Count -gt 0 -or $rules.Count -ne 1) {
            $open++
            if (-not $ours) { Stop-Step 3 ('The cluster {0} was not made by this step, and its port rules are {1}; planned is only Tcp {2}-{2} Multiple Single. Correct them by hand. Nothing was changed.' -f $Address, (Format-NlbRule $rules), $Port) }
            if ($PSCmdlet.ShouldProcess($Address, ('replace the port rules {0} by Tcp {1} Multiple Single' -f (Format-NlbRule $rules), $Port))) {
                foreach ($rule in $wrong) { $rule | Remove-NlbClusterPortRule -Force }
                if ($wrong.Count -eq $rules.Count) { Add-NlbClusterPortRule -HostName '.' -InterfaceName $Interface -StartPort $Port -EndPort $Port -Protocol Tcp -Mode Multiple -Affinity Single | Out-Null }
                Wait-NlbConverged -InterfaceName $Interface -Node $me
                $rules = @(Get-NlbClusterPortRule -HostName '.' -InterfaceName $Interface)
                if ($rules.Count -ne 1 -or -not (Test-NlbRule -Rule $rules[0] -Port $Port)) { Stop-Step 4 ('The port rules read back as {0}, planned is only Tcp {1}-{1} Multiple Single.' -f (Format-NlbRule $rules), $Port) }
                $did += 'port rule TCP {0}' -f $Port
            }
        }
        $members = @(Get-NlbMember $Interface)
        $mine = @($members | Where-Object { $_.Name -eq $me })
        if ($ours -and $members.Count -eq 1 -and $mine.Count -eq 1 -and $mine[0].Priority -ne $Priority) {
            $open++
            if ($PSCmdlet.ShouldProcess($me, ('set the host priority to {0}' -f $Priority))) {
                Set-NlbClusterNode -HostName '.' -InterfaceName $Interface -HostPriority $Priority -Force | Out-Null
                Wait-NlbConverged -InterfaceName $Interface -Node $me
                $did += 'host priority {0}' -f $Priority
            }
        }
    }
    if ($open -eq 0) { Write-Unchanged ('The cluster {0} is there, with the planned port rule.' -f $Address) }
    elseif ($did.Count -gt 0) { Write-Changed ('On {0}: {1}.' -f $me, ($did -join ', ')) }
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
