<#
.SYNOPSIS
Verify: register the service principal names of the virtual host on the application pool account.
.DESCRIPTION
Step      directory/service-principal-names, verify, file number 120
Run on    a management computer of the domain, never a server of the farm; 64-bit, elevated
Run by    domain administrator
Changes   nothing
Undo      nothing to undo
Success   setspn -L COHO\svc-mbam-pool lists the names, and no other account of the forest does
Sources   [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] Planning for MBAM 2.5 high availability
          [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [documented] setspn
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\120-service-principal-names.ps1
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
$StepName = 'directory/service-principal-names'
$StepKind = 'verify'
$ResultName = 'directory.service-principal-names.verify'
$FarmHosts = @('SQL1', 'sql1.cohowinery.com', 'SQL2', 'sql2.cohowinery.com', 'RPT1', 'rpt1.cohowinery.com', 'WEB1', 'web1.cohowinery.com', 'WEB2', 'web2.cohowinery.com')
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
function Get-CatalogServer {
    '{0}:3268' -f [string]@((Get-ADDomainController -Discover -Service GlobalCatalog).HostName)[0]
}
function ConvertTo-LdapValue {
    param([string]$Text)
    $Text.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
}
function Get-DirectoryAccount {
    param([string]$Name, [string]$Server)
    $filter = '(sAMAccountName={0})' -f (ConvertTo-LdapValue $Name)
    $fields = @('DistinguishedName', 'ObjectClass', 'ObjectGUID', 'objectSid', 'userAccountControl', 'userPrincipalName', 'groupType', 'servicePrincipalName', 'description', 'member')
    Get-ADObject -Server $Server -LDAPFilter $filter -Properties $fields | Select-Object -Property $fields
}
function Get-DirectoryServer {
    param([string]$Domain)
    [string]@((Get-ADDomainController -Discover -Writable -Service ADWS -DomainName $Domain).HostName)[0]
}
function Get-SpnOwner {
    param([string]$Spn, [string[]]$Server)
    $filter = '(servicePrincipalName={0})' -f (ConvertTo-LdapValue $Spn)
    $owners = @()
    foreach ($s in $Server) {
        $found = if ($s.EndsWith(':3268')) { @(Get-ADObject -Server $s -SearchBase '' -LDAPFilter $filter) } else { @(Get-ADObject -Server $s -LDAPFilter $filter) }
        foreach ($o in @($found)) { if ($owners -notcontains [string]$o.DistinguishedName) { $owners += [string]$o.DistinguishedName } }
    }
    $owners
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
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
    $Account = 'svc-mbam-pool'
    $Down = 'COHO\svc-mbam-pool'
    $Spns = @('http/mbam.cohowinery.com')
    Import-StepModule -Name ActiveDirectory -Feature 'Install the feature RSAT-AD-PowerShell.'
    $dc = Get-DirectoryServer -Domain 'cohowinery.com'
    $where = @($dc, (Get-CatalogServer))
    $found = @(Get-DirectoryAccount -Name $Account -Server $dc)
    if ($found.Count -ne 1 -or $found[0].ObjectClass -ne 'user') { Stop-Step 2 ('{0} is not a user of the directory. Nothing was changed.' -f $Down) }
    $me = [string]$found[0].DistinguishedName
    $own = @($found[0].servicePrincipalName | Where-Object { $_ } | ForEach-Object { [string]$_ })
    foreach ($spn in $Spns) {
        $owners = @(Get-SpnOwner -Spn $spn -Server $where)
        $actual = if ($owners.Count -gt 0) { $owners -join ' and ' } else { 'nobody' }
        Add-Check -Name ('owner of {0}' -f $spn) -Ok ($owners.Count -eq 1 -and $owners[0] -eq $me) -Expected $me -Actual $actual
    }
    foreach ($spn in @('http/web1.cohowinery.com', 'http/WEB1', 'http/web2.cohowinery.com', 'http/WEB2')) {
        $actual = if ($own -contains $spn) { 'registered' } else { 'not registered' }
        Add-Check -Name ('{0} on {1}' -f $spn, $Down) -Ok ($own -notcontains $spn) -Expected 'not registered' -Actual $actual
    }
    foreach ($alias in @('HOST/mbam.cohowinery.com')) {
        $owners = @(Get-SpnOwner -Spn $alias -Server $where)
        $actual = if ($owners.Count -gt 0) { $owners -join ' and ' } else { 'nobody' }
        Add-Check -Name ('owner of {0}' -f $alias) -Ok ($owners.Count -eq 0) -Expected 'nobody' -Actual $actual
    }
    Add-Info -Name ('all names of {0}' -f $Down) -Text ($own -join ', ')
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
