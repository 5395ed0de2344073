<#
.SYNOPSIS
Join the other nodes to the NLB cluster, one by one.
.DESCRIPTION
Step      balancer/nlb-join, install, file number 730
Run on    WEB1 (web1.contoso.com), 64-bit, elevated
Run by    web administrator
Changes   WEB2 (adapter Ethernet): NLB is bound to the adapter, with the cluster's port rules
Undo      drains and removes the nodes that the install's result lists under "changed", the last one first
Downtime  the adapter of a joining node may lose its connections for seconds, and the cluster converges again after each node
Success   every planned node has converged, with the same port rule
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
$StepKind = 'install'
$ResultName = 'balancer.nlb-join.install'
$StepHosts = @('WEB1', 'web1.contoso.com')
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
function Get-SiteAnswer {
    # One GET without credentials, to an address of our choice and under a host name of our choice, as clients reach it through
    # a balancer. Status is 0 when no HTTP answer came, and Text says why: Windows checks chain and name of the certificate.
    param([string]$Address, [int]$Port, [string]$HostName, [string]$Path, [bool]$Tls)
    $answer = @{ Status = 0; Text = ''; Thumbprint = '' }
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $wait = $client.BeginConnect($Address, $Port, $null, $null)
        if ($wait.AsyncWaitHandle.WaitOne(5000)) {
            $client.EndConnect($wait)
            $stream = $client.GetStream()
            $stream.ReadTimeout = 30000
            $stream.WriteTimeout = 30000
            if ($Tls) {
                $secure = New-Object System.Net.Security.SslStream -ArgumentList $stream, $false
                $secure.AuthenticateAsClient($HostName, $null, [System.Security.Authentication.SslProtocols]'Tls, Tls11, Tls12', $false)
                $answer.Thumbprint = [string]$secure.RemoteCertificate.GetCertHashString()
                $stream = $secure
            }
            $request = 'GET {0} HTTP/1.1{2}Host: {1}{2}Connection: close{2}{2}' -f $Path, $HostName, ('{0}{1}' -f [char]13, [char]10)
            $bytes = [Text.Encoding]::ASCII.GetBytes($request)
            $stream.Write($bytes, 0, $bytes.Length)
            $reader = New-Object System.IO.StreamReader -ArgumentList $stream, ([Text.Encoding]::ASCII)
            $line = [string]$reader.ReadLine()
            if ($line -cmatch '\AHTTP/1[.][01] [0-9]{3}.*\z') { $answer.Status = [int]$line.Substring(9, 3) }
            $answer.Text = if ($answer.Status -gt 0) { 'status {0}' -f $answer.Status } else { 'no HTTP answer' }
        } else {
            $answer.Text = 'no TCP connection within 5 seconds'
        }
    } catch { $answer.Text = $_.Exception.GetBaseException().Message } finally { $client.Close() }
    New-Object PSObject -Property $answer
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
    $Address = '10.1.0.60'
    $Alive = @(200, 401, 403)
    $Nodes = @(
        @{ Name = 'WEB2'; Fqdn = 'web2.contoso.com'; Address = '10.1.0.32'; Interface = 'Ethernet'; Priority = 2 }
    )
    Import-StepModule -Name NetworkLoadBalancingClusters -Feature 'Run the install of balancer/nlb-feature.'
    $local = @(Get-NlbLocal)
    if ($local.Count -ne 1 -or $local[0].Address -ne $Address) { Stop-Step 2 ('This server is no node of the cluster {0}. Run the install of balancer/nlb-cluster. Nothing was changed.' -f $Address) }
    $members = @(Get-NlbMember $Interface | ForEach-Object { $_.Name })
    $todo = @($Nodes | Where-Object { $members -notcontains $_.Name })
    foreach ($n in $todo) {
        $answer = Get-SiteAnswer -Address $n.Address -Port 443 -HostName 'mbam.contoso.com' -Path '/HelpDesk/' -Tls $true
        if ($Alive -notcontains $answer.Status) { Stop-Step 3 ('{0} does not serve the site, so it must not join: {1}. Run web/node-check there. Nothing was changed.' -f $n.Name, $answer.Text) }
    }
    $did = @()
    $open = $todo.Count
    foreach ($n in $Nodes) {
        $record = 'node|{0}|{1}' -f $n.Name, $n.Interface
        if ($members -notcontains $n.Name -and $PSCmdlet.ShouldProcess(('{0}, adapter {1}' -f $n.Name, $n.Interface), ('join the NLB cluster {0}' -f $Address))) {
            Save-Change $record
            try { Add-NlbClusterNode -HostName '.' -InterfaceName $Interface -NewNodeName $n.Name -NewNodeInterface $n.Interface | Out-Null } catch { Stop-Step 2 ('{0} could not join: {1} Its feature NLB has to be installed (balancer/nlb-feature), its adapter {2} has to be up with a static address, and this account has to reach it by WMI as administrator.' -f $n.Name, $_.Exception.Message, $n.Interface) }
            $members += $n.Name
            $did += 'joined {0}' -f $n.Name
            Wait-NlbConverged -InterfaceName $Interface -Node $members
        }
        $now = @(Get-NlbMember $Interface | Where-Object { $_.Name -eq $n.Name })
        if ($now.Count -ne 1 -or (@($Earlier) + @($Result.changed)) -notcontains $record) { continue }
        if (Test-VirtualSource -Address $Address -InterfaceName $n.Interface -Computer $n.Fqdn) {
            $open++
            if ($PSCmdlet.ShouldProcess($n.Name, ('keep Windows from sending from {0}' -f $Address))) {
                Save-Change ('no sending from {0} on {1}' -f $Address, $n.Name)
                Set-VirtualSource -Address $Address -InterfaceName $n.Interface -Computer $n.Fqdn
                $did += 'no sending from {0} on {1}' -f $Address, $n.Name
            }
        }
        if ($now[0].Priority -ne $n.Priority) {
            $open++
            if ($PSCmdlet.ShouldProcess($n.Name, ('set the host priority to {0}' -f $n.Priority))) {
                Set-NlbClusterNode -HostName $n.Name -InterfaceName $n.Interface -HostPriority $n.Priority -Force | Out-Null
                $did += 'host priority {0} for {1}' -f $n.Priority, $n.Name
                Wait-NlbConverged -InterfaceName $Interface -Node $members
            }
        }
    }
    if ($open -eq 0) { Write-Unchanged 'Every planned node is in the cluster.' }
    elseif ($did.Count -gt 0) { Write-Changed ('In the cluster {0}: {1}.' -f $Address, ($did -join ', ')) }
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
