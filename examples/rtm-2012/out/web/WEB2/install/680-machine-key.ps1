<#
.SYNOPSIS
Set the machine key of the web farm.
.DESCRIPTION
Step      web/machine-key, install, file number 680
Run on    WEB2 (web2.cohowinery.com), 64-bit, elevated
Run by    web administrator
Changes   system.web/machineKey in the web.config of the site Microsoft BitLocker Administration and Monitoring; the old file is kept in backup below the folder of the results, readable by Administrators and SYSTEM only
Undo      puts the kept web.config back, if the file is still what the install wrote
Downtime  saving web.config restarts the applications on WEB2; drain the node first when it is behind mbam.cohowinery.com. While nodes have different keys, users of the portals may be asked to reload
Success   site and applications show the fingerprint of the farm's machine key, the same on every node
Sources   [documented] Planning for MBAM 2.5 high availability
          [documented] MachineKeySection class
          [documented] WebConfigurationManager class: OpenWebConfiguration
          [documented] Applying Hotfixes on MBAM 2.5 SP1
Inferred  the place: the documents want one machine key for the farm and name none; the site's web.config is inherited by all of MBAM's applications; proved by: the verify reads the key as .NET applies it to the site and to each application
Inferred  MBAM writes the site's files again when its features are removed and enabled, as every hotfix asks for; proved by: run the verify after each hotfix
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER KeyFile
File with the machine key, when it does not lie beside this script under its own name.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\680-machine-key.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$KeyFile = '',
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/machine-key'
$StepKind = 'install'
$ResultName = 'web.machine-key.install'
$StepHosts = @('WEB2', 'web2.cohowinery.com')
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
function Get-FileDigest {
    # SHA-256 of a file in hex, '' when there is none.
    param([string]$Path)
    if (-not $Path -or -not [IO.File]::Exists($Path)) { return '' }
    $sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    try { [BitConverter]::ToString($sha.ComputeHash([IO.File]::ReadAllBytes($Path))).Replace('-', '') } finally { $sha.Dispose() }
}
function Get-SiteFolder {
    # The folder of an IIS site's root application.
    param([string]$Site)
    $found = @(Get-Website | Where-Object { $_.Name -eq $Site })
    if ($found.Count -ne 1) { Stop-Step 2 ('IIS has no site "{0}". Run the install of web/enable-web-applications. Nothing was changed.' -f $Site) }
    $folder = [Environment]::ExpandEnvironmentVariables([string]$found[0].physicalPath)
    if (-not [IO.Directory]::Exists($folder)) { Stop-Step 2 ('The folder of the site "{0}" is missing: {1}. Nothing was changed.' -f $Site, $folder) }
    $folder
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
function Read-XmlFile {
    # The message of a parser may quote the file, which may hold keys: only the place of a fault is told.
    param([string]$Path)
    $xml = New-Object System.Xml.XmlDocument
    $xml.PreserveWhitespace = $true
    $xml.XmlResolver = $null
    $line = -1
    try { $xml.Load($Path) } catch {
        $fault = $_.Exception.GetBaseException()
        $line = if ($fault -is [System.Xml.XmlException]) { $fault.LineNumber } else { 0 }
    }
    if ($line -ge 0) { Stop-Step 3 ('{0} cannot be read as XML (line {1}). Mend it first.' -f $Path, $line) }
    , $xml
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
    $Names = @('validation', 'validationKey', 'decryption', 'decryptionKey')
    function Get-KeyAttribute {
        param([System.Xml.XmlDocument]$Xml)
        $element = $Xml.SelectSingleNode('/*[local-name()="configuration"]/*[local-name()="system.web"]/*[local-name()="machineKey"]')
        foreach ($n in $Names) { if ($null -eq $element) { '' } else { [string]$element.GetAttribute($n) } }
    }
    Import-StepModule -Name WebAdministration -Feature 'Run the install of web/windows-features.'
    if (-not $KeyFile) { $KeyFile = Join-Path $PSScriptRoot '680-machine-key.machineKey.config' }
    $KeyFile = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($KeyFile)
    if (-not [IO.File]::Exists($KeyFile)) { Stop-Step 2 ('The file with the machine key is missing: {0}. Copy it here from the rendered tree; web/remove-secrets deletes it at the end. Nothing was changed.' -f $KeyFile) }
    $text = [IO.File]::ReadAllText($KeyFile)
    $want = @(foreach ($n in $Names) { [regex]::Match($text, ('\s{0}="([A-Za-z0-9]*)"' -f $n)).Groups[1].Value })
    if ($want[0] -cne 'HMACSHA256' -or $want[1] -cnotmatch '\A[0-9A-F]{128}\z' -or $want[2] -cne 'AES' -or $want[3] -cnotmatch '\A[0-9A-F]{64}\z') { Stop-Step 2 ('{0} does not hold a machine key of HMACSHA256 with 128 and AES with 64 hex digits. A tree rendered with --redact has placeholders there: render without it. Nothing was changed.' -f $KeyFile) }
    $config = Join-Path (Get-SiteFolder $Site) 'web.config'
    foreach ($a in @(Get-WebApplication -Site $Site)) {
        $own = Join-Path ([Environment]::ExpandEnvironmentVariables([string]$a.PhysicalPath)) 'web.config'
        if ($own -eq $config -or -not [IO.File]::Exists($own)) { continue }
        $below = Read-XmlFile $own
        if ($null -ne $below.SelectSingleNode('//*[local-name()="machineKey"]')) { Stop-Step 3 ('The application {0} has a machineKey of its own in {1}, which wins over that of the site. Take it out there if nobody needs it. Nothing was changed.' -f $a.path, $own) }
    }
    if ([IO.File]::Exists($config)) {
        $xml = Read-XmlFile $config
    } else {
        $xml = New-Object System.Xml.XmlDocument
        [void]$xml.AppendChild($xml.CreateElement('configuration'))
    }
    $root = $xml.DocumentElement
    if ($root.LocalName -cne 'configuration') { Stop-Step 3 ('{0} is no web.config: its root is "{1}". Nothing was changed.' -f $config, $root.LocalName) }
    $web = $root.SelectSingleNode('*[local-name()="system.web"]')
    $node = if ($null -eq $web) { $null } else { $web.SelectSingleNode('*[local-name()="machineKey"]') }
    foreach ($e in @($web, $node)) { if ($null -ne $e -and ($e.HasAttribute('configProtectionProvider') -or $e.HasAttribute('configSource'))) { Stop-Step 3 ('"{0}" in {1} is encrypted or kept in another file. Undo that first (aspnet_regiis -pd). Nothing was changed.' -f $e.LocalName, $config) } }
    $all = @($xml.SelectNodes('//*[local-name()="machineKey"]'))
    if ($all.Count -gt 1 -or ($all.Count -eq 1 -and $null -eq $node)) { Stop-Step 3 ('{0} has a machineKey inside a location element, which wins for its application. Take it out if nobody needs it. Nothing was changed.' -f $config) }
    if (($want -join '|') -ceq (@(Get-KeyAttribute $xml) -join '|')) {
        Write-Unchanged 'The planned machine key is in place.'
    } elseif ($PSCmdlet.ShouldProcess($config, 'set machineKey (restarts the applications of the site)')) {
        $backup = Join-Path $WorkDir 'backup'
        New-PrivateFolder $backup
        $kept = ''
        if ([IO.File]::Exists($config)) {
            $kept = Join-Path $backup ('web.config.{0}' -f [DateTime]::UtcNow.ToString('yyyyMMddTHHmmssfff', [Globalization.CultureInfo]::InvariantCulture))
            [IO.File]::Copy($config, $kept)
        }
        if ($null -eq $web) { $web = $root.AppendChild($xml.CreateElement('system.web', $root.NamespaceURI)) }
        if ($null -eq $node) { $node = $web.AppendChild($xml.CreateElement('machineKey', $root.NamespaceURI)) }
        for ($i = 0; $i -lt $Names.Count; $i++) { $node.SetAttribute($Names[$i], $want[$i]) }
        $bom = $false
        if ($kept) {
            $bytes = [IO.File]::ReadAllBytes($kept)
            $bom = $bytes.Length -ge 3 -and $bytes[0] -eq 0xEF -and $bytes[1] -eq 0xBB -and $bytes[2] -eq 0xBF
        }
        $temp = '{0}.{1}.tmp' -f $config, $PID
        try {
            $writer = New-Object System.IO.StreamWriter -ArgumentList $temp, $false, (New-Object System.Text.UTF8Encoding $bom)
            try { $xml.Save($writer) } finally { $writer.Dispose() }
            Save-Change ('web.config|{0}|{1}|{2}' -f $config, $kept, (Get-FileDigest $temp))
            if ($kept) { [IO.File]::Replace($temp, $config, [NullString]::Value) } else { [IO.File]::Move($temp, $config) }
        } finally { if ([IO.File]::Exists($temp)) { [IO.File]::Delete($temp) } }
        $after = Read-XmlFile $config
        if (($want -join '|') -cne (@(Get-KeyAttribute $after) -join '|')) { Stop-Step 4 ('{0} was written but does not read back as planned. The old file is {1}.' -f $config, $kept) }
        Write-Changed ('The machine key is set in {0}. Run the verify script of this step on every node.' -f $config)
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
