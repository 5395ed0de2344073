<#
.SYNOPSIS
Take back: give the application pool account its user rights.
.DESCRIPTION
Step      web/user-rights, rollback, file number 610
Run on    WEB2 (web2.treyresearch.net), 64-bit, elevated
Run by    web administrator
Changes   takes the account from the rights that the install's result lists under "changed"; every other account stays; leaves behind: rights that the account had before
Undo      run the install script of this step again
Sources   [documented] Planning for MBAM 2.5 Groups and Accounts
          [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] secedit
          [documented] Group Policy: Security Protocol Extension (MS-GPSB): Privilege Rights
          [documented] RSOP_UserPrivilegeRight class
Inferred  secedit /configure with a template of one right leaves the other rights alone, and the list in the template replaces the right's list; proved by: the list is the old one and the account; install and rollback export all rights again and stop when any of them lost an entry
Inferred  a domain Group Policy that sets one of the rights is found in the record of the last policy run (RSoP); proved by: the verify reads the effective right again; run it after the next policy refresh
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\610-user-rights.ps1 -WhatIf
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
$StepName = 'web/user-rights'
$StepKind = 'rollback'
$ResultName = 'web.user-rights.rollback'
$StepHosts = @('WEB2', 'web2.treyresearch.net')
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
function Close-InstallRecord {
    param([string]$Name)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $Name)
    if ([IO.File]::Exists($file)) { [IO.File]::Move($file, ('{0}.{1}.rolled-back.json' -f $file, [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) }
}
function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
}
function Get-InstallChange {
    param([string]$Name)
    $file = Join-Path $WorkDir ('{0}.result.json' -f $Name)
    if (-not [IO.File]::Exists($file)) { Stop-Step 2 ('There is no record of the install: {0} is missing. Without the record nothing is taken back. Run this script where the install ran, with the same -WorkDir. Nothing was changed.' -f $file) }
    $record = $null
    try { $record = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file)) } catch { Stop-Step 2 ('The record of the install cannot be read: {0}. Without the record nothing is taken back. Nothing was changed.' -f $file) }
    if ($null -eq $record -or $null -eq $record.PSObject.Properties['step'] -or $record.step -ne $StepName -or $null -eq $record.PSObject.Properties['changed']) { Stop-Step 2 ('{0} is not the record of an install of {1}. Without the record nothing is taken back. Nothing was changed.' -f $file, $StepName) }
    foreach ($change in @($record.changed)) { if ($change) { [string]$change } }
}
function Get-InstallName {
    '{0}.install' -f $ResultName.Substring(0, $ResultName.LastIndexOf(('.{0}' -f $StepKind), [StringComparison]::Ordinal))
}
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
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
function Get-UserRight {
    # Gives a table: name of a right -> list of "*SID" or account name, as secedit writes them.
    $folder = Join-Path ([IO.Path]::GetTempPath()) ('mbamplan.{0}' -f [Guid]::NewGuid().ToString('N'))
    $file = Join-Path $folder 'rights.inf'
    $rights = @{}
    $inside = $false
    [void][IO.Directory]::CreateDirectory($folder)
    try {
        $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\secedit.exe') @('/export', '/cfg', $file, '/areas', 'USER_RIGHTS', '/quiet')
        if (-not [IO.File]::Exists($file)) { Stop-Step 2 ('secedit did not export the user rights (exit code {0}). Nothing was changed.' -f $run.ExitCode) }
        foreach ($line in [IO.File]::ReadAllLines($file)) {
            $at = $line.IndexOf('=')
            if ($line.StartsWith('[')) { $inside = $line.Trim() -eq '[Privilege Rights]' }
            elseif ($inside -and $at -gt 0) { $rights[$line.Substring(0, $at).Trim()] = @($line.Substring($at + 1).Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ }) }
        }
    } finally { try { [IO.Directory]::Delete($folder, $true) } catch { Add-Info -Name 'Left behind' -Text $folder | Out-Null } }
    if ($rights.Count -eq 0) { Stop-Step 2 'secedit exported no user rights. Nothing was changed.' }
    $rights
}
function Set-UserRight {
    # Sets the rights that the table names and no others. The caller stands inside ShouldProcess.
    param([System.Collections.IDictionary]$Right)
    $lines = @('[Unicode]', 'Unicode=yes', '[Version]', 'signature="$CHICAGO$"', 'Revision=1', '[Privilege Rights]')
    foreach ($name in @($Right.Keys)) { $lines += ('{0} = {1}' -f $name, (@($Right[$name]) -join ',')) }
    $folder = Join-Path ([IO.Path]::GetTempPath()) ('mbamplan.{0}' -f [Guid]::NewGuid().ToString('N'))
    $file = Join-Path $folder 'rights.inf'
    [void][IO.Directory]::CreateDirectory($folder)
    try {
        [IO.File]::WriteAllText($file, ($lines -join [Environment]::NewLine), [Text.Encoding]::Unicode)
        $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\secedit.exe') @('/configure', '/db', (Join-Path $folder 'rights.sdb'), '/cfg', $file, '/areas', 'USER_RIGHTS', '/quiet')
        $run.Text
        Add-Info -Name 'secedit exit code' -Text ([string]$run.ExitCode)
    } finally { try { [IO.Directory]::Delete($folder, $true) } catch { Add-Info -Name 'Left behind' -Text $folder } }
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
    $Account = 'TREY\svc-mbam-pool'
    $ours = @(Get-InstallChange (Get-InstallName))
    $before = Get-UserRight
    $new = [ordered]@{}
    $gone = @()
    foreach ($entry in $ours) {
        $right, $sid = $entry.Split(' ')
        if (@('SeImpersonatePrivilege', 'SeBatchLogonRight') -notcontains $right -or -not ([string]$sid).StartsWith('S-1-')) { Stop-Step 2 ('The record of the install has an entry that is not known: {0}. Nothing was changed.' -f $entry) }
        $keep = @($before[$right] | Where-Object { $_ -and (ConvertTo-AccountSid $_) -ne $sid })
        if ($keep.Count -eq @($before[$right] | Where-Object { $_ }).Count) { continue }
        if ($keep.Count -eq 0) { Stop-Step 3 ('Nobody would hold {0} any more. Nothing was changed.' -f $right) }
        $new[$right] = $keep
        $gone += $entry
    }
    if ($gone.Count -eq 0) {
        Write-Unchanged 'The rights that the install added are not there any more.'
        if ($PSCmdlet.ShouldProcess((Get-InstallName), 'set the record of the install aside')) { Close-InstallRecord (Get-InstallName) }
    } elseif ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('take {0} from {1}' -f $Account, ($new.Keys -join ' and ')))) {
        Set-UserRight $new
        $after = Get-UserRight
        $lost = @(foreach ($right in $before.Keys) { $want = if ($new.Contains($right)) { $new[$right] } else { $before[$right] }; foreach ($entry in $want) { if ($after[$right] -notcontains $entry) { '{0} of {1}' -f $right, $entry } } })
        if ($lost.Count -gt 0) { Stop-Step 4 ('Rights were lost: {0}. Give them back with secpol.msc now.' -f ($lost -join ', ')) }
        $still = @($new.Keys | Where-Object { @($after[$_]).Count -gt @($new[$_]).Count })
        if ($still.Count -gt 0) { Stop-Step 4 ('secedit ran, but the account still holds {0}. See %windir%\security\logs\scesrv.log.' -f ($still -join ', ')) }
        $Result.changed = $gone
        Close-InstallRecord (Get-InstallName)
        Write-Changed ('{0} was taken from {1}.' -f $Account, ($new.Keys -join ' and '))
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
