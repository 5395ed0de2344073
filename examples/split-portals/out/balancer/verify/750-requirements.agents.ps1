<#
.SYNOPSIS
Verify: have the load balancer set up.
.DESCRIPTION
Step      balancer/requirements, verify, file number 750
Run on    a management computer of the domain, never a server of the farm; 64-bit, elevated
Run by    network team
Changes   nothing
Undo      nothing to undo
Success   from a client's place, the virtual address and each node answer under mbam-agent.litware.com with a node's own certificate
Sources   [documented] Planning for MBAM 2.5 high availability
          [documented] How to Configure Network Load Balancing for MBAM (1.0)
          [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] Troubleshoot Kerberos failures in Internet Explorer: kernel-mode authentication and useAppPoolCredentials
Inferred  pass-through, source address persistence and the probe: no document says anything but that a balancer is needed and, for 1.0, affinity Single; proved by: the verify asks each node and the virtual address, and compares the certificate that answers
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\750-requirements.agents.ps1
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
$StepName = 'balancer/requirements'
$StepKind = 'verify'
$ResultName = 'balancer.requirements.agents.verify'
$FarmHosts = @('SQL1', 'sql1.litware.com', 'SQL2', 'sql2.litware.com', 'RPT1', 'rpt1.litware.com', 'RPT2', 'rpt2.litware.com', 'PORTAL1', 'portal1.litware.com', 'PORTAL2', 'portal2.litware.com', 'AGENT1', 'agent1.litware.com', 'AGENT2', 'agent2.litware.com')
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
function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
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
function Test-VirtualSite {
    # Checks a balanced site from a client's place: the name in DNS, the answer through the virtual address, whose certificate must be
    # a node's own, and the answer of each node behind it.
    param([string]$HostName, [string]$Address, [string[]]$Node, [int]$Port, [string]$Path, [int[]]$Alive, [bool]$Tls, [string[]]$Thumbprint)
    $found = @(try { [System.Net.Dns]::GetHostAddresses($HostName) | ForEach-Object { [string]$_ } } catch { })
    Add-Check -Name ('{0} in DNS' -f $HostName) -Ok ($found.Count -eq 1 -and $found[0] -eq $Address) -Expected $Address -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' })
    foreach ($place in @(@($Address) + $Node)) {
        $answer = Get-SiteAnswer -Address $place -Port $Port -HostName $HostName -Path $Path -Tls $Tls
        Add-Check -Name ('Answer of {0}' -f $place) -Ok ($Alive -contains $answer.Status) -Expected ('status {0}' -f ($Alive -join ', ')) -Actual $answer.Text
        if (-not $Tls -or -not $answer.Thumbprint) { continue }
        if ($Thumbprint.Count -gt 0) { Add-Check -Name ('Certificate of {0}' -f $place) -Ok ($Thumbprint -contains $answer.Thumbprint) -Expected ($Thumbprint -join ', ') -Actual $answer.Thumbprint }
        else { Add-Info -Name ('Certificate of {0}' -f $place) -Text $answer.Thumbprint }
    }
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
    if (@($names | Where-Object { $FarmHosts -contains $_ }).Count -gt 0) { Stop-Step 2 ('Run this script on a management computer, not on a server of the farm. This machine is {0}. Nothing was changed.' -f $names[2]) }
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
    $argsSite = @{
        HostName = 'mbam-agent.litware.com'
        Address = '10.50.9.60'
        Node = @('agent1.litware.com', 'agent2.litware.com')
        Port = 443
        Path = '/MBAMRecoveryAndHardwareService/CoreService.svc'
        Alive = @(200, 401, 403)
        Tls = $true
        Thumbprint = @('8D4F51627E90ACB3D4E5F60718293A4B5C6D7E8F')
    }
    Test-VirtualSite @argsSite
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
