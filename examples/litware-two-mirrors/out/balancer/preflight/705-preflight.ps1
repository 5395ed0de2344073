<#
.SYNOPSIS
Preflight: look at addresses and nodes before the load balancer is set up.
.DESCRIPTION
Step      balancer/preflight, preflight, file number 705
Run on    a management computer of the domain, never a server of the farm; 64-bit, with or without elevation: what you may not read is reported as not checked
Run by    network team
Changes   nothing
Undo      nothing to undo
Success   no check failed; what is not checked for want of rights is looked at by somebody who has them
Sources   [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] RootDSE: currentTime, dnsHostName
          [documented] Maximum tolerance for computer clock synchronization
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\705-preflight.ps1
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
$StepName = 'balancer/preflight'
$StepKind = 'preflight'
$ResultName = 'balancer.preflight.preflight'
$FarmHosts = @('DB1', 'db1.litware.com', 'DB2', 'db2.litware.com', 'DB3', 'db3.litware.com', 'SSRS1', 'ssrs1.litware.com', 'NODE1', 'node1.litware.com', 'NODE2', 'node2.litware.com')
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
function Get-DirectoryClock {
    # A domain controller of the domain, and by how many seconds this computer is ahead of its clock (rootDSE, open to everybody).
    param([string]$Domain)
    $root = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://{0}/RootDSE' -f $Domain)
    try {
        $time = $root.psbase.Properties['currentTime'].Value
        if ($time -isnot [DateTime]) { $time = [DateTime]::ParseExact(([string]$time).Substring(0, 14), 'yyyyMMddHHmmss', [Globalization.CultureInfo]::InvariantCulture, [Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal') }
        New-Object PSObject -Property @{ Server = [string]$root.psbase.Properties['dnsHostName'].Value; Seconds = [int][Math]::Round(([DateTime]::UtcNow - $time).TotalSeconds) }
    } finally { $root.psbase.Dispose() }
}
function Get-NameAddress {
    # The IPv4 addresses that this computer finds for a name; nothing when it finds none.
    param([string]$Name)
    try { foreach ($a in [System.Net.Dns]::GetHostAddresses($Name)) { if ($a.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetwork) { [string]$a } } } catch { }
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
    if (-not $WorkDir) { $WorkDir = Join-Path $(if (Test-Elevated) { $env:ProgramData } else { [Environment]::GetFolderPath('LocalApplicationData') }) 'mbamplan' }
    $WorkDir = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WorkDir)
    $net = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $names = @([Environment]::MachineName, $net.HostName, ('{0}.{1}' -f $net.HostName, $net.DomainName).TrimEnd('.'))
    $Result.host = $names[2]
    $Result.user = '{0}\{1}' -f [Environment]::UserDomainName, [Environment]::UserName
    if (@($names | Where-Object { $FarmHosts -contains $_ }).Count -gt 0) { Stop-Step 2 ('Run this script on a management computer, not on a server of the farm. This machine is {0}. Nothing was changed.' -f $names[2]) }
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
    $Domain = 'litware.com'
    $member = [Environment]::UserDomainName -ne [Environment]::MachineName
    Add-Info -Name 'PowerShell' -Text ([string]$PSVersionTable.PSVersion)
    $remote = Test-Path -LiteralPath 'Variable:\PSSenderInfo'
    Add-Finding -Name 'session' -Ok (-not $remote) -Expected 'on this computer' -Actual $(if ($remote) { 'remote' } else { 'on this computer' }) -Note -Remedy 'A remote session without CredSSP cannot ask the directory or SQL Server, and MBAM''s cmdlets fail in it. Log on here, or connect with CredSSP.'
    $policy = [string](Get-ExecutionPolicy -Scope MachinePolicy)
    Add-Finding -Name 'execution policy' -Ok ($policy -ne 'AllSigned' -and $policy -ne 'Restricted') -Expected 'no Group Policy that wants signed scripts' -Actual $policy -Note -Remedy 'Sign the scripts of this folder (Set-AuthenticodeSignature) with a certificate that this computer trusts; their digests in manifest.json are those of the unsigned files.'
    $directory = $false
    try {
        $clock = Get-DirectoryClock $Domain
        $directory = $true
        Add-Finding -Name 'domain controller' -About $Domain -Ok $true -Expected 'one answers' -Actual ('{0} answers' -f $clock.Server)
        Add-Finding -Name 'clock' -Ok ([Math]::Abs($clock.Seconds) -le 300) -Expected 'at most 300 seconds off' -Actual ('{0} seconds ahead of {1}' -f $clock.Seconds, $clock.Server) -Remedy 'Kerberos takes no more. See where this computer gets its time (w32tm /query /status), and ask those who run the domain controllers.'
    } catch {
        $why = $_.Exception.GetBaseException().Message
        if ($member) {
            Add-Finding -Name 'domain controller' -About $Domain -Ok $false -Expected 'one answers' -Actual $why -Remedy 'Look at the DNS servers of this computer (ipconfig /all) and at the firewalls between it and the domain controllers (TCP 88, 389, 3268).'
        } else {
            Add-Unchecked -Name 'domain controller' -About $Domain -Needs ('a domain account; you are {0}' -f $Result.user)
        }
        Add-Unchecked -Name 'clock' -Needs 'a domain controller that answers you'
    }
    $Name = 'bitlocker.litware.com'
    $Address = '10.20.0.60'
    $found = @(Get-NameAddress $Name)
    Add-Finding -Name 'virtual host name in DNS' -About $Name -Ok ($found -contains $Address) -Expected $Address -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' }) -Remedy 'Ask the domain administrator (file number 130).'
    $ping = New-Object System.Net.NetworkInformation.Ping
    try { $reply = try { [string]$ping.Send($Address, 3000).Status } catch { $_.Exception.GetBaseException().Message } } finally { $ping.Dispose() }
    Add-Finding -Name 'virtual address' -About $Address -Ok ($reply -ne 'Success') -Expected 'no answer before the balancer is there' -Actual $reply -Note -Remedy 'Right once the balancer serves it; else another machine has the address: ask the network team.'
    $found = @(Get-NameAddress 'node1.litware.com')
    Add-Finding -Name 'name in DNS' -About 'node1.litware.com (web node)' -Ok ($found -contains '10.20.0.31') -Expected '10.20.0.31' -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' }) -Remedy 'The balancer sends to this address: have the record corrected, or the address in the topology.'
    $open = Test-TcpPort -Server '10.20.0.31' -Port 443
    Add-Finding -Name 'port of the node' -About '10.20.0.31:443' -Ok $open -Expected 'open' -Actual $(if ($open) { 'open' } else { 'closed' }) -Note -Remedy 'The balancer must reach it, this computer need not: ask the web administrator (file numbers 630 and 650) and the network team.'
    $found = @(Get-NameAddress 'node2.litware.com')
    Add-Finding -Name 'name in DNS' -About 'node2.litware.com (web node)' -Ok ($found -contains '10.20.0.32') -Expected '10.20.0.32' -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' }) -Remedy 'The balancer sends to this address: have the record corrected, or the address in the topology.'
    $open = Test-TcpPort -Server '10.20.0.32' -Port 443
    Add-Finding -Name 'port of the node' -About '10.20.0.32:443' -Ok $open -Expected 'open' -Actual $(if ($open) { 'open' } else { 'closed' }) -Note -Remedy 'The balancer must reach it, this computer need not: ask the web administrator (file numbers 630 and 650) and the network team.'
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
