<#
.SYNOPSIS
Let the application pool account delegate to its own service principal names.
.DESCRIPTION
Step      directory/constrained-delegation, install, file number 125
Run on    a management computer of the domain, never a server of the farm; 64-bit, elevated
Run by    domain administrator
Changes   msDS-AllowedToDelegateTo of COHO\svc-mbam-pool, additions only: http/mbam.cohowinery.com
Undo      removes the names that the install's result lists under "changed"
Success   COHO\svc-mbam-pool may delegate to its own names, and is not trusted for delegation to any service
Sources   [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [documented] Kerberos constrained delegation: attribute msDS-AllowedToDelegateTo
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\125-constrained-delegation.ps1 -WhatIf
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
$StepName = 'directory/constrained-delegation'
$StepKind = 'install'
$ResultName = 'directory.constrained-delegation.install'
$FarmHosts = @('SQL1', 'sql1.cohowinery.com', 'SQL2', 'sql2.cohowinery.com', 'RPT1', 'rpt1.cohowinery.com', 'WEB1', 'web1.cohowinery.com', 'WEB2', 'web2.cohowinery.com')
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
function Get-CatalogServer {
    '{0}:3268' -f [string]@((Get-ADDomainController -Discover -Service GlobalCatalog).HostName)[0]
}
function Get-DelegationTarget {
    # The service principal names that the account may delegate to, as the domain controller shows them.
    param([string]$Identity, [string]$Server)
    $account = Get-ADObject -Identity $Identity -Server $Server -Properties 'msDS-AllowedToDelegateTo' | Select-Object -Property 'msDS-AllowedToDelegateTo'
    @($account.'msDS-AllowedToDelegateTo' | Where-Object { $_ } | ForEach-Object { [string]$_ })
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
    if (@($names | Where-Object { $FarmHosts -contains $_ }).Count -gt 0) { Stop-Step 2 ('Run this script on a management computer, not on a server of the farm. This machine is {0}. Nothing was changed.' -f $names[2]) }
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
    $Account = 'svc-mbam-pool'
    $Down = 'COHO\svc-mbam-pool'
    $Spns = @('http/mbam.cohowinery.com')
    Import-StepModule -Name ActiveDirectory -Feature 'Install the feature RSAT-AD-PowerShell.'
    $dc = Get-DirectoryServer -Domain 'cohowinery.com'
    $where = @($dc, (Get-CatalogServer))
    $found = @(Get-DirectoryAccount -Name $Account -Server $dc)
    if ($found.Count -ne 1 -or $found[0].ObjectClass -ne 'user') { Stop-Step 2 ('{0} is not a user of the directory. Nothing was changed.' -f $Down) }
    $me = [string]$found[0].DistinguishedName
    $Unconstrained = 0x80000
    $names = @($found[0].servicePrincipalName | Where-Object { $_ } | ForEach-Object { [string]$_ })
    $absent = @($Spns | Where-Object { $names -notcontains $_ })
    if ($absent.Count -gt 0) { Stop-Step 2 ('{0} does not own {1} yet. Run file number 120 first. Nothing was changed.' -f $Down, ($absent -join ', ')) }
    if (([int]$found[0].userAccountControl -band $Unconstrained) -ne 0) { Stop-Step 3 ('{0} is trusted for delegation to any service, which is more than MBAM needs, and which this plan neither takes away nor builds on. On the Delegation tab of the account choose the specified services only, then start this script again. Nothing was changed.' -f $Down) }
    $before = @(Get-DelegationTarget -Identity $me -Server $dc)
    $Result.facts.before = $before
    $missing = @($Spns | Where-Object { $before -notcontains $_ })
    foreach ($spn in $missing) {
        if ($PSCmdlet.ShouldProcess($Down, ('add {0} to msDS-AllowedToDelegateTo' -f $spn))) {
            Save-Change $spn
            Set-ADObject -Identity $me -Server $dc -Add @{ 'msDS-AllowedToDelegateTo' = $spn }
        }
    }
    if ($missing.Count -eq 0) {
        Write-Unchanged ('{0} may delegate to every name already: {1}.' -f $Down, ($Spns -join ', '))
    } elseif (@($Result.changed).Count -eq 0) {
        Write-Skipped
    } else {
        $after = @(Get-DelegationTarget -Identity $me -Server $dc)
        $Result.facts.after = $after
        $absent = @($Result.changed | Where-Object { $after -notcontains $_ })
        if ($absent.Count -gt 0) { Stop-Step 4 ('{0} does not show {1} on {2}. Writing this list needs the right "Enable computer and user accounts to be trusted for delegation" on the domain controllers.' -f $dc, ($absent -join ', '), $Down) }
        Write-Changed ('{0} may delegate to {1}.' -f $Down, ($Result.changed -join ', '))
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
