<#
.SYNOPSIS
Install the Windows features of the web node.
.DESCRIPTION
Step      web/windows-features, install, file number 205
Run on    WEB1 (web1.treyresearch.net), 64-bit, elevated
Run by    web administrator
Changes   Windows features of WEB1: those that are missing of 20, and what they need themselves
Undo      removes the features that the install's result lists under "changed"
Success   Get-WindowsFeature shows every feature of the list as installed
Sources   [documented] MBAM 2.5 Server Prerequisites
          [documented] ServerManager module
          [documented] Release Notes for MBAM 2.5 SP1
Inferred  the names of the features; the document gives their titles; proved by: the install stops with code 2 when Windows does not know a name, the verify when one is not installed
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Source
Folder sources\sxs of the Windows media, for the .NET Framework 3.5 files that Windows does not keep on its disk. The computer account reads it.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\205-windows-features.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$Source = '',
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/windows-features'
$StepKind = 'install'
$ResultName = 'web.windows-features.install'
$StepHosts = @('WEB1', 'web1.treyresearch.net')
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
function Get-PresentFeature {
    foreach ($f in @(Get-WindowsFeature)) {
        $state = $f.PSObject.Properties['InstallState']
        if ($f.Installed -or ($null -ne $state -and [string]$state.Value -eq 'InstallPending')) { [string]$f.Name }
    }
}
function Get-ComingFeature {
    # What an installation of features may bring along: everything that is not there of the roles that they, and what they depend
    # on, belong to. What came is known behind the installation only; a run that is cut off between them has it on record so.
    param([string[]]$Name)
    $parent = @{}
    $asked = @($Name)
    foreach ($f in @(Get-WindowsFeature)) {
        $parent[[string]$f.Name] = [string]$f.Parent
        if ($Name -contains $f.Name) { $asked += @($f.DependsOn | ForEach-Object { [string]$_ }) }
    }
    $role = @{}
    foreach ($n in @($parent.Keys)) {
        $top = $n
        while ($parent[$top]) { $top = $parent[$top] }
        $role[$n] = $top
    }
    $roles = @($asked | ForEach-Object { $role[$_] } | Where-Object { $_ })
    $there = @(Get-PresentFeature)
    @($parent.Keys | Where-Object { $there -notcontains $_ -and $roles -contains $role[$_] } | Sort-Object)
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
    $Features = @('Web-Server', 'Web-WebServer', 'Web-Scripting-Tools', 'Web-Mgmt-Tools', 'Web-Mgmt-Console', 'Web-Static-Content', 'Web-Default-Doc', 'Web-Asp-Net45', 'Web-Net-Ext45', 'Web-ISAPI-Ext', 'Web-ISAPI-Filter', 'Web-Windows-Auth', 'Web-Filtering', 'NET-Framework-45-Core', 'NET-Framework-45-ASPNET', 'NET-WCF-HTTP-Activation45', 'NET-WCF-TCP-Activation45', 'WAS-Process-Model', 'WAS-NET-Environment', 'WAS-Config-APIs')
    Import-StepModule -Name ServerManager -Feature 'It is part of Windows Server.'
    $known = @(Get-WindowsFeature | ForEach-Object { [string]$_.Name })
    $unknown = @($Features | Where-Object { $known -notcontains $_ })
    if ($unknown.Count -gt 0) { Stop-Step 2 ('This Windows knows no feature {0}. Is it the version that the topology says ({1})? Nothing was changed.' -f ($unknown -join ', '), '2019') }
    $before = @(Get-PresentFeature)
    $missing = @($Features | Where-Object { $before -notcontains $_ })
    if ($missing.Count -eq 0) {
        $Earlier = @($Earlier | Where-Object { $before -contains $_ })
        Write-Unchanged ('All {0} features are installed.' -f $Features.Count)
        $waiting = @(Get-WindowsFeature | Where-Object { $Features -contains $_.Name -and -not $_.Installed } | ForEach-Object { [string]$_.Name })
        if ($waiting.Count -gt 0) {
            $Result.outcome = 'restart'
            $Result.message = 'These features wait for a restart of this server: {0}.' -f ($waiting -join ', ')
        }
    } elseif ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('install {0}' -f ($missing -join ', ')))) {
        # What the installation brings along is known behind it only: until then all that may come is on record.
        $Result.changed = @(Get-ComingFeature $missing | Where-Object { $missing -notcontains $_ })
        foreach ($name in $missing) { Save-Change $name }
        $run = $null
        $problem = ''
        try {
            if ($Source) { $run = Install-WindowsFeature -Name $missing -Source $Source } else { $run = Install-WindowsFeature -Name $missing }
        } catch { $problem = $_.Exception.Message }
        $after = @(Get-PresentFeature)
        $Result.changed = @($after | Where-Object { $before -notcontains $_ })
        $Earlier = @($Earlier | Where-Object { $after -contains $_ })
        if ($problem) { Stop-Step 2 ('Windows did not install the features: {0} If files of .NET Framework 3.5 are missing, give their folder with -Source. Added so far: {1}.' -f $problem, $(if (@($Result.changed).Count -gt 0) { @($Result.changed) -join ', ' } else { 'nothing' })) }
        Add-Info -Name 'Exit code of the installation' -Text ([string]$run.ExitCode)
        $absent = @($Features | Where-Object { $after -notcontains $_ })
        if ($absent.Count -gt 0) { Stop-Step 4 ('Not installed: {0} (exit code {1}). Added so far: {2}.' -f ($absent -join ', '), $run.ExitCode, (@($Result.changed) -join ', ')) }
        Write-Changed ('Added: {0}.' -f (@($Result.changed) -join ', '))
        if ([string]$run.RestartNeeded -ne 'No') {
            $Result.outcome = 'restart'
            $Result.message = 'Added: {0}. Restart this server, then run the verify script of this step.' -f (@($Result.changed) -join ', ')
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
