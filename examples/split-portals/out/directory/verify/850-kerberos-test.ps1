<#
.SYNOPSIS
Verify: test Kerberos and the pages through the virtual host name.
.DESCRIPTION
Step      directory/kerberos-test, verify, file number 850
Run on    a management computer of the domain, never a server of the farm; 64-bit, elevated
Run by    domain administrator
Changes   nothing
Undo      nothing to undo
Success   the domain gives a ticket for the virtual host name, every page answers, and the pages that ask for authentication were reached by Kerberos, not by NTLM: through the virtual address, and at every node alone. Log off and on before, when names or the account changed since: older tickets prove nothing. Where the nodes cannot be reached one by one from here, repeat it with each node alone behind the balancer (the others drained)
Sources   [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] Validating the MBAM 2.5 Server Feature Configuration
          [documented] HttpWebResponse.IsMutuallyAuthenticated property
          [field] Public MBAM test packages and issue threads
Inferred  the agent's services and the Self-Service Portal answer 200 to any user of the domain who opens them; proved by: this script opens each and prints the status
Inferred  a page that was reached by Kerberos counts as mutually authenticated for the .NET Framework, one that was reached by NTLM does not; proved by: this script demands it of every page that answers 401 without credentials
Inferred  for a page that is asked for at a node's own address, the .NET Framework checks the certificate and chooses the service principal name by the host name that the request carries; proved by: the page is then reached by Kerberos, which this script demands; a wrong name fails it
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\850-kerberos-test.ps1
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
$StepName = 'directory/kerberos-test'
$StepKind = 'verify'
$ResultName = 'directory.kerberos-test.verify'
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
function Get-PageAnswer {
    # One GET of a page. With an address it goes there and not to the balancer, under the host name of the page, and a
    # redirection is not followed: it would lead back to the balancer.
    param([string]$Uri, [bool]$Authenticate, [string]$Address = '')
    $target = New-Object System.UriBuilder -ArgumentList $Uri
    $page = $target.Uri
    if ($Address) {
        $target.Host = $Address
        # .NET takes the name for Kerberos from the host name of the request; where it took the address, this table corrects it.
        [System.Net.AuthenticationManager]::CustomTargetNameDictionary[[string]$target.Uri.AbsoluteUri] = 'HTTP/{0}' -f $page.Host
    }
    $request = [System.Net.WebRequest]::Create($target.Uri)
    if ($Address) {
        $request.Host = $page.Authority
        $request.AllowAutoRedirect = $false
    }
    $request.Timeout = 60000
    $request.Proxy = $null
    $request.UseDefaultCredentials = $Authenticate
    $request.ConnectionGroupName = [Guid]::NewGuid().ToString('N')
    $answer = @{ Status = 0; Mutual = $false; Fault = '' }
    $response = $null
    try {
        $response = $request.GetResponse()
    } catch {
        $web = $_.Exception.InnerException -as [System.Net.WebException]
        if ($null -ne $web) { $response = $web.Response }
        if ($null -eq $response) { $answer.Fault = $_.Exception.GetBaseException().Message }
    }
    if ($null -ne $response) {
        $answer.Status = [int]$response.StatusCode
        $answer.Mutual = [bool]$response.IsMutuallyAuthenticated
        $response.Close()
    }
    New-Object PSObject -Property $answer
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
}
function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    foreach ($a in $Argument) { if ($a -eq '' -or $a.Contains('"') -or $a.EndsWith('\')) { Stop-Step 2 ('This argument cannot be passed to {0} safely: [{1}]' -f $Path, $a) } }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('Missing program: {0}' -f $Path) }
    $ErrorActionPreference = 'Continue'
    $text = @(& $Path @Argument 2>&1 | ForEach-Object { if ($_ -is [System.Management.Automation.ErrorRecord]) { $_.Exception.Message } else { [string]$_ } })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{ ExitCode = $code; Text = $text }
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
    $Klist = Join-Path $env:SystemRoot 'System32\klist.exe'
    $Spns = @('http/mbam.litware.com', 'http/mbam-agent.litware.com')
    $Farms = @(
        @{
            Name = 'mbam.litware.com'
            Pages = @(
                @{ Url = 'https://mbam.litware.com/SelfService/'; Restricted = $false }
                @{ Url = 'https://mbam.litware.com/HelpDesk/'; Restricted = $true }
            )
            Places = @(
                @{ Name = ''; Address = '' }
                @{ Name = 'PORTAL1'; Address = '10.50.0.31' }
                @{ Name = 'PORTAL2'; Address = '10.50.0.32' }
            )
        }
        @{
            Name = 'mbam-agent.litware.com'
            Pages = @(
                @{ Url = 'https://mbam-agent.litware.com/MBAMRecoveryAndHardwareService/CoreService.svc'; Restricted = $false }
                @{ Url = 'https://mbam-agent.litware.com/MBAMComplianceStatusService/StatusReportingService.svc'; Restricted = $false }
            )
            Places = @(
                @{ Name = ''; Address = '' }
                @{ Name = 'AGENT1'; Address = '10.50.9.41' }
                @{ Name = 'AGENT2'; Address = '10.50.9.42' }
            )
        }
    )
    Import-StepModule -Name DnsClient -Feature 'Run this script on Windows Server 2012 or Windows 8, or later.'
    [System.Net.ServicePointManager]::SecurityProtocol = [System.Net.ServicePointManager]::SecurityProtocol -bor [System.Net.SecurityProtocolType]::Tls12
    Add-Info -Name 'Tickets' -Text 'a ticket from before a change of the names or of the account is still used: after such a change log off and on, then run this script again'
    foreach ($spn in $Spns) {
        $got = Invoke-Native $Klist @('get', $spn)
        $cache = Invoke-Native $Klist @('tickets')
        $has = @($cache.Text | Where-Object { $_.IndexOf(('{0} @' -f $spn), [StringComparison]::OrdinalIgnoreCase) -ge 0 }).Count -gt 0
        $state = if ($has) { 'a ticket' } else { 'no ticket (klist ended with {0} and {1}); is the name registered, and on one account only?' -f $got.ExitCode, $cache.ExitCode }
        Add-Check -Name ('ticket for {0}' -f $spn) -Ok $has -Expected 'a ticket' -Actual $state
    }
    foreach ($f in $Farms) {
        $alias = @(Resolve-DnsName -Name $f.Name -Type A -DnsOnly -NoHostsFile -ErrorAction SilentlyContinue | Where-Object { $_.Type -eq 'CNAME' })
        $state = if ($alias.Count -gt 0) { 'an alias' } else { 'no alias' }
        Add-Check -Name ('{0} in DNS' -f $f.Name) -Ok ($alias.Count -eq 0) -Expected 'no alias' -Actual $state
        foreach ($place in $f.Places) {
            # First through the virtual address, then at each node alone, under the same name.
            $at = if ($place.Address) { ' at node {0} ({1})' -f $place.Name, $place.Address } else { '' }
            $good = @(200)
            if ($place.Address) { $good = @(200, 301, 302) }
            $proved = 0
            foreach ($p in $f.Pages) {
                $open = Get-PageAnswer -Uri $p.Url -Authenticate $false -Address $place.Address
                $mine = Get-PageAnswer -Uri $p.Url -Authenticate $true -Address $place.Address
                $refused = $p.Restricted -and ($mine.Status -eq 401 -or $mine.Status -eq 403)
                $want = 'status {0}' -f ($good -join ', ')
                if ($p.Restricted) { $want = '{0}, or 401 or 403 for a user in none of its groups' -f $want }
                $seen = if ($mine.Fault) { $mine.Fault } else { 'status {0}' -f $mine.Status }
                Add-Check -Name ('answer of {0}{1}' -f $p.Url, $at) -Ok ($good -contains $mine.Status -or $refused) -Expected $want -Actual $seen
                if ($good -notcontains $mine.Status) { continue }
                if ($open.Status -eq 401) {
                    $how = if ($mine.Mutual) { 'Kerberos' } else { 'not by Kerberos: NTLM, or a ticket that the node could not read' }
                    Add-Check -Name ('authentication at {0}{1}' -f $p.Url, $at) -Ok $mine.Mutual -Expected 'Kerberos' -Actual $how
                    if ($mine.Mutual) { $proved++ }
                } else {
                    Add-Info -Name ('authentication at {0}{1}' -f $p.Url, $at) -Text ('not asked for: status {0} without credentials' -f $open.Status)
                }
            }
            Add-Check -Name ('pages of {0} reached by Kerberos{1}' -f $f.Name, $at) -Ok ($proved -gt 0) -Expected 'at least 1' -Actual ([string]$proved)
        }
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
