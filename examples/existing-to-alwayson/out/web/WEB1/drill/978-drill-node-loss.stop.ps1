<#
.SYNOPSIS
Drill: lose WEB1.
.DESCRIPTION
Step      web/drill-node-loss, drill, file number 978
Run on    WEB1 (web1.contoso.com), 64-bit, elevated
Run by    web administrator
Changes   the site of WEB1 is stopped until the start file is run
Undo      the start file of the same drill
Downtime  users whose requests were on WEB1 see an error until the balancer has noticed, and then go on elsewhere
Success   within a minute or two every request is answered by the other nodes
Sources   [documented] NetworkLoadBalancingClusters module
          [documented] HAProxy configuration manual
          [documented] Planning for MBAM 2.5 high availability
          [documented] Validating the MBAM 2.5 Server Feature Configuration
Inferred  a balancer takes a node out whose site is stopped, after its probes failed; proved by: the drill itself: the sheet has the time until the page opens again
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\978-drill-node-loss.stop.ps1 -WhatIf
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
$StepName = 'web/drill-node-loss'
$StepKind = 'drill'
$ResultName = 'web.drill-node-loss.drill.stop'
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
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
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
    $Peers = @(
        @{ Name = 'WEB2'; Address = '10.1.0.32' }
    )
    $Alive = @(200, 401, 403)
    Import-StepModule -Name WebAdministration -Feature 'Run the install of web/windows-features.'
    $websites = @(Get-Website | Where-Object { $_.Name -eq $Site })
    if ($websites.Count -ne 1) { Stop-Step 2 ('IIS has no site "{0}". Nothing was changed.' -f $Site) }
    # A node that is stopped or draining gets no users, whatever its site answers.
    Import-StepModule -Name NetworkLoadBalancingClusters -Feature 'Run the install of balancer/nlb-feature.'
    $serving = @(Get-NlbMember 'Ethernet' | Where-Object { $_.State.StartsWith('Converged') } | ForEach-Object { $_.Name })
    $others = @()
    foreach ($peer in $Peers) {
        if ($serving -notcontains $peer.Name) {
            Add-Info -Name ('Answer of {0}' -f $peer.Name) -Text 'not asked: NLB has not converged it'
            continue
        }
        $answer = Get-SiteAnswer -Address $peer.Address -Port 443 -HostName 'mbam.contoso.com' -Path '/HelpDesk/' -Tls $true
        if ($Alive -contains $answer.Status) { $others += $peer.Name }
        Add-Info -Name ('Answer of {0}' -f $peer.Name) -Text $answer.Text
    }
    if ($others.Count -eq 0) { Stop-Step 3 'No other node answers, so stopping this one would end the service. Nothing was changed.' }
    if ([string]$websites[0].state -eq 'Stopped') {
        Write-Unchanged 'The site is stopped already.'
    } elseif ($PSCmdlet.ShouldProcess($Site, 'stop the site without draining the node')) {
        $Result.changed += 'stopped|{0}' -f $Site
        Stop-Website -Name $Site
        $run = [string](Get-WebsiteState -Name $Site).Value
        if ($run -ne 'Stopped') { Stop-Step 4 ('The site is {0}, expected Stopped.' -f $run) }
        Write-Changed ('The site is stopped since {0} UTC; {1} must serve. Watch the test computer, tick the sheet, then start the start file.' -f [DateTime]::UtcNow.ToString('s'), ($others -join ', '))
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
