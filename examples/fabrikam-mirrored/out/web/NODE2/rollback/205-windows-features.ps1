<#
.SYNOPSIS
Take back: install the Windows features of the web node.
.DESCRIPTION
Step      web/windows-features, rollback, file number 205
Run on    NODE2 (node2.corp.fabrikam.com), 64-bit, elevated
Run by    web administrator
Changes   removes the features that the install's result lists under "changed"; leaves behind: features that were there before; files under C:\inetpub; files of .NET Framework 3.5, which Windows keeps; a restart may be needed
Undo      run the install script of this step again
Sources   [documented] MBAM 2.5 Server Prerequisites
          [documented] ServerManager module
          [documented] Release Notes for MBAM 2.5 SP1
Inferred  the names of the features; the document gives their titles; proved by: the install stops with code 2 when Windows does not know a name, the verify when one is not installed
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\205-windows-features.ps1 -WhatIf
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
$StepName = 'web/windows-features'
$StepKind = 'rollback'
$ResultName = 'web.windows-features.rollback'
$StepHosts = @('NODE2', 'node2.corp.fabrikam.com')
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
function Get-MbamServerVersion {
    # Version of the server software as it records it itself, else by its entry in Programs and Features; '' when it is not
    # installed. A servicing release moves the value "Installed"; whether it moves the entry is not documented.
    $own = 'HKLM:\SOFTWARE\Microsoft\MBAM Server'
    foreach ($key in @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')) {
        if ([string]$key.GetValue('DisplayName', '') -eq 'Microsoft BitLocker Administration and Monitoring') {
            $version = if (Test-Path -LiteralPath $own) { [string](Get-Item -LiteralPath $own).GetValue('Installed', '') } else { '' }
            if ($version) { return $version }
            return [string]$key.GetValue('DisplayVersion', '')
        }
    }
    ''
}
function Get-PresentFeature {
    foreach ($f in @(Get-WindowsFeature)) {
        $state = $f.PSObject.Properties['InstallState']
        if ($f.Installed -or ($null -ne $state -and [string]$state.Value -eq 'InstallPending')) { [string]$f.Name }
    }
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
    Import-StepModule -Name ServerManager -Feature 'It is part of Windows Server.'
    $ours = @(Get-InstallChange (Get-InstallName))
    $present = @(Get-PresentFeature)
    $remove = @($ours | Where-Object { $present -contains $_ })
    $software = Get-MbamServerVersion
    if ($remove.Count -gt 0 -and $software) { Stop-Step 3 ('The MBAM server software {0} is installed and needs these features. Nothing was changed. Uninstall it first (Programs and Features, Microsoft BitLocker Administration and Monitoring), when no feature of MBAM is enabled.' -f $software) }
    $users = @(Get-WindowsFeature | Where-Object { $_.Installed -and $ours -notcontains $_.Name -and (@(@($_.Parent) + @($_.DependsOn) | Where-Object { $remove -contains $_ }).Count -gt 0) } | ForEach-Object { [string]$_.Name })
    if ($users.Count -gt 0) { Stop-Step 3 ('These features came later and need ours: {0}. Removing ours would remove them too. Nothing was changed. Remove them first, or leave the features as they are.' -f ($users -join ', ')) }
    if ($remove -contains 'Web-Server' -and (Get-Module -ListAvailable -Name WebAdministration)) {
        Import-Module -Name WebAdministration
        $sites = @(Get-Website | ForEach-Object { [string]$_.Name } | Where-Object { $_ -ne 'Default Web Site' })
        if ($sites -contains $Site) { Stop-Step 3 'MBAM''s web applications are still enabled here. Run the rollback of web/enable-web-applications first. Nothing was changed.' }
        if ($sites.Count -gt 0) { Stop-Step 3 ('IIS serves other sites: {0}. Nothing was changed.' -f ($sites -join ', ')) }
    }
    if ($remove.Count -eq 0) {
        Write-Unchanged 'None of the features that the install added is there any more.'
        if ($PSCmdlet.ShouldProcess((Get-InstallName), 'set the record of the install aside')) { Close-InstallRecord (Get-InstallName) }
    } elseif ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('remove {0}' -f ($remove -join ', ')))) {
        $run = Uninstall-WindowsFeature -Name $remove
        $Result.changed = $remove
        $left = @(Get-WindowsFeature | Where-Object { $_.Installed -and $remove -contains $_.Name } | ForEach-Object { [string]$_.Name })
        if ($left.Count -gt 0 -and [string]$run.RestartNeeded -eq 'No') { Stop-Step 4 ('Still installed: {0} (exit code {1}).' -f ($left -join ', '), $run.ExitCode) }
        Close-InstallRecord (Get-InstallName)
        Write-Changed ('Removed: {0}.' -f ($remove -join ', '))
        if ([string]$run.RestartNeeded -ne 'No') {
            $Result.outcome = 'restart'
            $Result.message = 'Removed: {0}. Restart this server.' -f ($remove -join ', ')
        }
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
