<#
.SYNOPSIS
Pre-stage the computer object of the availability group listener.
.DESCRIPTION
Step      directory/listener-computer-object, install, file number 140
Run on    a management computer of the domain, never a server of the farm; 64-bit, elevated
Run by    domain administrator
Changes   creates the computer object MBAM-SQL, disabled, in OU=Clusters,DC=proseware,DC=com, and gives SQLCLU1$ full control of it
Undo      removes the computer objects that the install's result lists under "changed", while they are disabled: after the listener is removed, the cluster disables them
Success   MBAM-SQL exists, and SQLCLU1$ has full control of it
Sources   [documented] Prestage cluster computer objects in Active Directory Domain Services
          [documented] Configure a listener for an availability group
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\140-listener-computer-object.ps1 -WhatIf
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
$StepName = 'directory/listener-computer-object'
$StepKind = 'install'
$ResultName = 'directory.listener-computer-object.install'
$FarmHosts = @('SQLA', 'sqla.proseware.com', 'CLUA', 'clua.proseware.com', 'CLUB', 'club.proseware.com', 'SQLDR', 'sqldr.proseware.com', 'RPT1', 'rpt1.proseware.com', 'WEB1', 'web1.proseware.com', 'WEB2', 'web2.proseware.com')
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
function Get-ObjectEntry {
    param([string]$Dn, [string]$Server)
    $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://{0}/{1}' -f $Server, $Dn.Replace('/', '\/'))
    $entry.psbase.Options.SecurityMasks = [System.DirectoryServices.SecurityMasks]::Dacl
    $entry
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
}
function Test-FullControl {
    param([string]$Dn, [string]$Sid, [string]$Server)
    $entry = Get-ObjectEntry -Dn $Dn -Server $Server
    $all = [int][System.DirectoryServices.ActiveDirectoryRights]::GenericAll
    $yes = $false
    foreach ($rule in $entry.psbase.ObjectSecurity.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])) {
        if ($rule.IdentityReference.Value -ne $Sid -or $rule.ObjectType -ne [Guid]::Empty -or ([int]$rule.ActiveDirectoryRights -band $all) -ne $all) { continue }
        if ($rule.AccessControlType -eq 'Deny') { return $false }
        if ($rule.PropagationFlags -ne 'InheritOnly') { $yes = $true }
    }
    $yes
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
    $Domain = 'proseware.com'
    $Objects = @(
        @{ Name = 'MBAM-SQL'; Sam = 'MBAM-SQL$'; Path = 'OU=Clusters,DC=proseware,DC=com'; Cluster = 'SQLCLU1'; Cno = 'SQLCLU1$' }
    )
    Import-StepModule -Name ActiveDirectory -Feature 'Install the feature RSAT-AD-PowerShell.'
    $dc = Get-DirectoryServer -Domain $Domain
    $plan = @()
    foreach ($o in $Objects) {
        $cno = @(Get-DirectoryAccount -Name $o.Cno -Server $dc)
        if ($cno.Count -ne 1) { Stop-Step 2 ('The computer object {0} of the cluster {1} does not exist in {2}. The cluster has to be created first. Nothing was changed.' -f $o.Cno, $o.Cluster, $Domain) }
        $cnoDn = [string]$cno[0].DistinguishedName
        $item = @{ Name = $o.Name; Sam = $o.Sam; Cno = $o.Cno; Sid = [string]$cno[0].objectSid; Dn = ''; Path = $o.Path; Note = ('Listener of cluster {0}, pre-staged' -f $o.Cluster) }
        if (-not $item.Path) { $item.Path = $cnoDn.Substring($cnoDn.IndexOf(',', [StringComparison]::Ordinal) + 1) }
        $found = @(Get-DirectoryAccount -Name $o.Sam -Server $dc)
        if ($found.Count -eq 1) {
            $item.Dn = [string]$found[0].DistinguishedName
            $off = ([int]$found[0].userAccountControl -band 0x2) -ne 0
            if (Test-FullControl -Dn $item.Dn -Sid $item.Sid -Server $dc) { continue }
            if (-not $off) { Stop-Step 3 ('{0} is an enabled computer object, and {1} has no full control of it: something else uses the name. The listener needs another name. Nothing was changed.' -f $item.Dn, $o.Cno) }
            if ([string]$found[0].description -ne $item.Note) { Stop-Step 3 ('{0} is a disabled computer object that this script did not make, and {1} has no full control of it. If nobody needs it, have it removed, then start this script again. Nothing was changed.' -f $item.Dn, $o.Cno) }
        }
        $plan += $item
    }
    $ready = @()
    foreach ($item in $plan) {
        if ($PSCmdlet.ShouldProcess($item.Name, ('create the computer object, disabled, in {0}, and give {1} full control' -f $item.Path, $item.Cno))) {
            if (-not $item.Dn) {
                Save-Change ('computer {0} to be made' -f $item.Name)
                $new = New-ADComputer -Name $item.Name -SAMAccountName $item.Sam -Path $item.Path -Enabled $false -Description $item.Note -Server $dc -PassThru
                $item.Dn = [string]$new.DistinguishedName
                Save-Change ('computer {0} {1}' -f $item.Name, $new.ObjectGUID)
            }
            $who = New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $item.Sid
            $rule = New-Object System.DirectoryServices.ActiveDirectoryAccessRule -ArgumentList $who, ([System.DirectoryServices.ActiveDirectoryRights]::GenericAll), ([System.Security.AccessControl.AccessControlType]::Allow)
            $entry = Get-ObjectEntry -Dn $item.Dn -Server $dc
            $entry.psbase.ObjectSecurity.AddAccessRule($rule)
            Save-Change ('full control of {0} for {1}' -f $item.Name, $item.Cno)
            $entry.psbase.CommitChanges()
            if (-not (Test-FullControl -Dn $item.Dn -Sid $item.Sid -Server $dc)) { Stop-Step 4 ('Full control of {0} was given to {1}, but {2} does not show it.' -f $item.Dn, $item.Cno, $dc) }
            $ready += $item.Name
        }
    }
    if ($plan.Count -eq 0) {
        Write-Unchanged 'The computer objects of the listeners are there, and the cluster has full control of them.'
    } elseif ($ready.Count -eq 0) {
        Write-Skipped
    } else {
        Write-Changed ('Ready for the listener: {0}. Leave the objects disabled; the cluster enables them.' -f ($ready -join ', '))
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
