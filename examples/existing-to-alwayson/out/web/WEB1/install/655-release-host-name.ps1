<#
.SYNOPSIS
Give up the old host name of an existing web node.
.DESCRIPTION
Step      web/release-host-name, install, file number 655
Run on    WEB1 (web1.contoso.com), 64-bit, elevated
Run by    web administrator
Changes   disables the features of WEB1, which deletes the files of the site Microsoft BitLocker Administration and Monitoring; the files are kept in backup below the folder of the results
Undo      enables the features again with the values that the install recorded, under web1.contoso.com, after the password of the application pool account is typed
Downtime  web1.contoso.com answers no longer, and not again. Help desk and users go to mbam.contoso.com: until the balancer answers there, through a line in the hosts file with the address of a node that has the name already. Clients that still have the old address in their policy ask in vain until step 910 has reached them: nobody is prompted, no key is lost, an encryption that has not begun waits. WEB1 itself serves nobody until 657 has run, about 15 minutes
Success   none of the features is enabled
Sources   [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [documented] Removing MBAM Server Features or Software
Inferred  a feature cannot be given another host name while it is enabled: the name stands in its files and bindings; proved by: Get-MbamWebApplication in the verify of web/take-host-name shows the new one
Inferred  what Get-MbamWebApplication shows, and the kept files, is all that the way back needs; proved by: read the recorded values in the result of the install before the next step
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\655-release-host-name.ps1 -WhatIf
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
$StepName = 'web/release-host-name'
$StepKind = 'install'
$ResultName = 'web.release-host-name.install'
$StepHosts = @('WEB1', 'web1.contoso.com')
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
function Get-WebFeatureState {
    # What Get-MbamWebApplication shows of an enabled feature; nothing while it is not enabled.
    param([string]$Feature, [string]$Site, [string]$Path)
    if (@(Get-Website | Where-Object { $_.Name -eq $Site }).Count -eq 0) { return }
    $state = @()
    try {
        if ($Feature -eq 'AgentService') { $state = @(Get-MbamWebApplication -AgentService) }
        elseif ($Feature -eq 'AdministrationPortal') { $state = @(Get-MbamWebApplication -AdministrationPortal) }
        else { $state = @(Get-MbamWebApplication -SelfServicePortal) }
    } catch {
        $there = @(Get-WebApplication -Site $Site | Where-Object { ([string]$_.path).Trim('/') -eq $Path })
        if ($there.Count -gt 0) { Stop-Step 2 ('The application {0} exists, but Get-MbamWebApplication -{1} fails: {2}' -f $Path, $Feature, $_.Exception.Message) }
    }
    $state | Where-Object { $null -ne $_ -and $null -ne $_.PSObject.Properties['Enabled'] -and $_.Enabled } | Select-Object -Last 1
}
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
}
function New-PrivateFolder {
    # A folder that only Administrators and SYSTEM can read; what is put into it inherits that.
    param([string]$Path)
    $acl = New-Object System.Security.AccessControl.DirectorySecurity
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)')
    if (-not [IO.Directory]::Exists($Path)) { [void][IO.Directory]::CreateDirectory($Path, $acl) }
    $have = Get-Acl -LiteralPath $Path
    $others = @($have.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier]) | Where-Object { @('S-1-5-32-544', 'S-1-5-18') -notcontains $_.IdentityReference.Value })
    if ($others.Count -gt 0) { Stop-Step 2 ('The folder {0} is open to {1}. Take that right away, or move the folder, then start this script again. Nothing was changed.' -f $Path, (@($others | ForEach-Object { $_.IdentityReference.Value }) -join ', ')) }
}
function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
}
function Test-SameAccount {
    param([string]$One, [string]$Other)
    if ($One -eq $Other) { return $true }
    if (-not $One -or -not $Other) { return $false }
    (ConvertTo-AccountSid $One) -eq (ConvertTo-AccountSid $Other)
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
    $Was = 'web1.contoso.com'
    $WebHost = 'mbam.contoso.com'
    $Port = 443
    Import-StepModule -Name Microsoft.MBAM -Feature 'The MBAM server software is not installed, so this is no existing node.'
    Import-StepModule -Name WebAdministration -Feature 'IIS is not installed, so this is no existing node.'
    $paths = [ordered]@{
        'AgentService' = 'MBAMRecoveryAndHardwareService'
        'AdministrationPortal' = 'HelpDesk'
        'SelfServicePortal' = 'SelfService'
    }
    $open = @()
    $record = @()
    $folders = @()
    foreach ($feature in @('AgentService', 'AdministrationPortal', 'SelfServicePortal')) {
        if (@($paths.Keys) -notcontains $feature) { continue }
        $state = Get-WebFeatureState -Feature $feature -Site $Site -Path $paths[$feature]
        if ($null -eq $state) { continue }
        $name = [string]$state.HostName
        if ($name -eq $WebHost) { '[same] {0}: has the host name {1}' -f $feature, $name; continue }
        if ($name -ne $Was) { Stop-Step 3 ('{0} has the host name {1}; the topology says that it was {2}. Correct "was", then render again. Nothing was changed.' -f $feature, $name, $Was) }
        $open += $feature
        $folders += Join-Path ([string]$state.InstallationPath) 'Microsoft BitLocker Management Solution'
        foreach ($property in @($state.PSObject.Properties)) { $record += '{0}|{1}|{2}' -f $feature, $property.Name, [string]$property.Value }
    }
    if ($open.Count -eq 0) {
        Write-Unchanged ('No feature with the host name {0} is enabled.' -f $Was)
    } else {
        foreach ($name in @('web2.contoso.com')) {
            if (-not (Test-TcpPort -Server $name -Port $Port)) { Stop-Step 2 ('{0} does not answer on port {1}: it has to serve {2} before this node gives up its name. Nothing was changed.' -f $name, $Port, $WebHost) }
        }
        $certificatePath = 'Cert:\LocalMachine\My\{0}' -f '9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
        if (-not (Test-Path -LiteralPath $certificatePath) -or -not (Get-Item -LiteralPath $certificatePath).HasPrivateKey) { Stop-Step 2 ('The certificate that the features are enabled again with is not here, or has no private key: {0}. Run the preflight of web/certificate. Nothing was changed.' -f $certificatePath) }
        foreach ($line in $record) {
            $part = $line.Split([char[]]@('|'), 3)
            if ($part[1] -eq 'WebServiceApplicationPoolUser' -and -not (Test-SameAccount -One $part[2] -Other 'CONTOSO\svc-mbam-pool')) { Add-Info -Name ('{0}: application pool account' -f $part[0]) -Text ('{0} now, {1} from 657 on' -f $part[2], 'CONTOSO\svc-mbam-pool') }
        }
        if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('keep the files and disable {0}: {1} answers no longer' -f ($open -join ', '), $Was))) {
            $backup = Join-Path $WorkDir 'backup'
            New-PrivateFolder $backup
            $kept = Join-Path $backup ('site.{0}' -f [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))
            [void][IO.Directory]::CreateDirectory($kept)
            foreach ($folder in @($folders | Select-Object -Unique)) {
                if (-not (Test-Path -LiteralPath $folder -PathType Container)) { Add-Info -Name 'Kept files' -Text ('none, there is no folder {0}' -f $folder); continue }
                foreach ($item in @(Get-ChildItem -LiteralPath $folder | Where-Object { $_.Name -ne 'Logs' })) { Copy-Item -LiteralPath $item.FullName -Destination $kept -Recurse }
            }
            $Result.facts.kept = $kept
            # Everything for the way back is recorded before the first feature goes.
            foreach ($change in @($record)) { Save-Change $change }
            if ($open -contains 'SelfServicePortal') { Disable-MbamWebApplication -SelfServicePortal -Force | ForEach-Object { [string]$_ } }
            if ($open -contains 'AdministrationPortal') { Disable-MbamWebApplication -AdministrationPortal -Force | ForEach-Object { [string]$_ } }
            if ($open -contains 'AgentService') { Disable-MbamWebApplication -AgentService -Force | ForEach-Object { [string]$_ } }
            $left = @($open | Where-Object { $null -ne (Get-WebFeatureState -Feature $_ -Site $Site -Path $paths[$_]) })
            if ($left.Count -gt 0) { Stop-Step 4 ('Still enabled: {0}. Close open logs and web.config files, run iisreset, and start this script again.' -f ($left -join ', ')) }
            Write-Changed ('Disabled: {0}. Their files are kept in {1}, which may hold a machine key. Go on with 656, then 657.' -f ($open -join ', '), $kept)
        } else {
            Write-Skipped
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
