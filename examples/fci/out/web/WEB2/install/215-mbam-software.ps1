<#
.SYNOPSIS
Install MBAM's server software.
.DESCRIPTION
Step      web/mbam-software, install, file number 215
Run on    WEB2 (web2.wingtip.com), 64-bit, elevated
Run by    web administrator
Changes   the server software of MBAM 2.5 SP1, version 2.5.1152.0, on WEB2; no feature is enabled
Undo      by hand, when no feature of MBAM is enabled on this server: Programs and Features, Microsoft BitLocker Administration and Monitoring. The document knows no other way
Success   the server software is installed in version 2.5.1152.0, the same on every server
Sources   [documented] Installing the MBAM 2.5 Server Software
          [documented] Applying Hotfixes on MBAM 2.5 SP1
          [documented] Removing MBAM Server Features or Software
          [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [field] Public MBAM installation scripts: the /silent switch of MbamServerSetup.exe
          [field] Public MBAM test packages and issue threads
Inferred  MbamServerSetup.exe installs without a window with /silent, as public scripts call it; the document names the other properties, but no switch; proved by: the version is read back; -SetupSwitch takes another switch
Inferred  the installer of a servicing release takes the same switch; proved by: the version is read back and must be the planned one; -UpdateSwitch takes another switch
Inferred  the value Installed of the server software's registry key is its servicing level, as public tests read it; proved by: the version is read back and must be the planned one, and the verify shows the entry in Programs and Features beside it
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER SetupSwitch
What makes MbamServerSetup.exe run without a window.
.PARAMETER UpdateSwitch
The same for the servicing release, when it is a program; a Windows Installer patch (.msp) is applied by msiexec /quiet.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\215-mbam-software.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$SetupSwitch = '/silent',
    [string]$UpdateSwitch = '/silent',
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/mbam-software'
$StepKind = 'install'
$ResultName = 'web.mbam-software.install'
$StepHosts = @('WEB2', 'web2.wingtip.com')
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
function Assert-SetupFile {
    # Stops unless the file can be read and carries a signature of Microsoft Corporation that this server trusts.
    param([string]$Path)
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('{0} is not there, or this account cannot read it. Nothing was run.' -f $Path) }
    $signature = Get-AuthenticodeSignature -LiteralPath $Path
    if ([string]$signature.Status -ne 'Valid') { Stop-Step 3 ('{0} has no signature that this server trusts ({1}). Nothing was run. Compare the file with the one that Microsoft published.' -f $Path, $signature.Status) }
    $signer = $signature.SignerCertificate.GetNameInfo([System.Security.Cryptography.X509Certificates.X509NameType]::SimpleName, $false)
    if ($signer -ne 'Microsoft Corporation') { Stop-Step 3 ('{0} is signed by {1}, not by Microsoft Corporation. Nothing was run. Take the file that Microsoft published.' -f $Path, $signature.SignerCertificate.Subject) }
    Add-Info -Name $Path -Text ('signed by {0}' -f $signature.SignerCertificate.Subject)
}
function Get-MbamFeature {
    # Features of MBAM that are enabled on this server: those that the server software records, and the IIS site. The module
    # Microsoft.MBAM is not asked, because a loaded module would keep a set-up from replacing it.
    $key = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Enabled'
    if (Test-Path -LiteralPath $key) {
        $item = Get-Item -LiteralPath $key
        foreach ($name in $item.GetValueNames()) { if ([string]$item.GetValue($name) -eq '1') { [string]$name } }
    }
    if (Get-Module -ListAvailable -Name WebAdministration) {
        Import-Module -Name WebAdministration
        foreach ($site in @(Get-Website)) { if ([string]$site.Name -eq 'Microsoft BitLocker Administration and Monitoring') { 'the IIS site' } }
    }
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
function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    foreach ($a in $Argument) { if ($a -eq '' -or $a.Contains('"') -or $a.EndsWith('\')) { Stop-Step 2 ('This argument cannot be passed to {0} safely: [{1}]' -f $Path, $a) } }
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('Missing program: {0}' -f $Path) }
    $ErrorActionPreference = 'Continue'
    $text = @(& $Path @Argument 2>&1 | ForEach-Object { if ($_ -is [System.Management.Automation.ErrorRecord]) { $_.Exception.Message } else { [string]$_ } })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{ ExitCode = $code; Text = $text }
}
function Wait-MbamServerVersion {
    # Gives the version once it is the wanted one, or any where none is wanted; after ten minutes what it is then. A set-up
    # program may leave its work to a second process.
    param([string]$Want = '')
    $now = Get-MbamServerVersion
    for ($i = 0; $i -lt 60 -and ($now -eq '' -or ($Want -ne '' -and $now -ne $Want)); $i++) {
        Start-Sleep -Seconds 10
        $now = Get-MbamServerVersion
    }
    $now
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
    $have = Get-MbamServerVersion
    $install = $have -eq ''
    $service = $false
    Add-Info -Name 'Server software found' -Text $(if ($have) { $have } else { 'none' })
    $Planned = '2.5.1152.0'
    $service = $have -ne $Planned
    if (-not $install -and $service) {
        if ([version]$have -gt [version]$Planned) { Stop-Step 3 ('Version {0} is installed, the plan has {1}. Every server needs the same version: correct mbam.servicing, or remove the newer one. Nothing was changed.' -f $have, $Planned) }
        $features = @(Get-MbamFeature)
        if ($features.Count -gt 0) { Stop-Step 3 ('Version {0} is installed, the plan has {1}, and features are enabled here: {2}. Servicing means to disable them, to uninstall, to install release and rollup, and to enable them again. Nothing was changed.' -f $have, $Planned, ($features -join ', ')) }
        if ($have -ne '2.5.1100.0') { Stop-Step 3 ('Version {0} is installed, neither the release itself ({1}) nor the planned {2}. The document asks to uninstall it first (Programs and Features); then start this script again. Nothing was changed.' -f $have, '2.5.1100.0', $Planned) }
    }
    if (-not $install -and -not $service) {
        Write-Unchanged ('The server software {0} is installed.' -f $have)
    } else {
        $Media = '\\files.wingtip.com\mbam\MbamServerSetup.exe'
        if ($install) { Assert-SetupFile $Media }
        $Update = '\\files.wingtip.com\mbam\MBAM2.5-Server-KB4586232.exe'
        if ($service) { Assert-SetupFile $Update }
        $restart = $false
        if ($install -and $PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('run {0} {1}' -f $Media, $SetupSwitch))) {
            'The set-up runs. It shows no window; if one opens, -SetupSwitch is wrong for this version: follow the window.'
            Save-Change 'MBAM server software'
            $run = Invoke-Native $Media @($SetupSwitch, '/log', (Join-Path $WorkDir 'MbamServerSetup.log'), 'CEIPENABLED=False', 'OPTIN_FOR_MICROSOFT_UPDATES=False')
            $run.Text
            Add-Info -Name 'Exit code of the set-up' -Text ([string]$run.ExitCode)
            if (@(0, 1641, 3010) -contains $run.ExitCode) { $have = Wait-MbamServerVersion } else { $have = Get-MbamServerVersion }
            if (-not $have) { Stop-Step 4 ('The set-up ended with {0}, and the server software is not installed. Look into {1} and into %temp%\Microsoft_BitLocker_Administration_and_Monitoring_*.log.' -f $run.ExitCode, (Join-Path $WorkDir 'MbamServerSetup.log')) }
            $restart = $run.ExitCode -ne 0
            $service = $have -ne $Planned
        }
        if ($service -and ($have -or $WhatIfPreference) -and -not $restart -and $PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('run {0}' -f $Update))) {
            Save-Change ('MBAM servicing release {0}' -f $Planned)
            'The servicing release runs. It shows no window; if one opens, -UpdateSwitch is wrong for it: follow the window.'
            $run = Invoke-Native $Update @($UpdateSwitch)
            $run.Text
            Add-Info -Name 'Exit code of the servicing release' -Text ([string]$run.ExitCode)
            if (@(0, 1641, 3010) -contains $run.ExitCode) { $have = Wait-MbamServerVersion -Want $Planned } else { $have = Get-MbamServerVersion }
            $restart = $run.ExitCode -ne 0
            $service = $have -ne $Planned
            if ($service) { Stop-Step 4 ('The servicing release ended with {0}; the version reads {1}, planned {2}. If it asked for a restart (3010), restart and run the verify of this step.' -f $run.ExitCode, $(if ($have) { $have } else { 'nothing' }), $Planned) }
        }
        if (@($Result.changed).Count -eq 0) {
            Write-Skipped
        } elseif ($restart) {
            $Result.outcome = 'restart'
            $Result.message = 'The server software {0} is installed. Restart this server, then {1}.' -f $have, $(if ($service) { 'start this script again for the servicing release' } else { 'run the verify of this step' })
        } elseif ($service) {
            Stop-Step 4 ('Version {0} is installed; the servicing release is still to come. Start this script again.' -f $have)
        } else {
            Write-Changed ('The server software {0} is installed. Open a new PowerShell window for the next steps: this one does not know the new module.' -f $have)
        }
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
