<#
.SYNOPSIS
Sets the machine key of the web farm in the web.config of the MBAM site on this node.
.DESCRIPTION
Step      web/machine-key, install
Run on    WEB1 (web1.contoso.com), 64-bit, elevated, after the node is drained: saving web.config restarts the applications
Run by    web administrator
Changes   system.web/machineKey in one web.config; the old file is kept in <WorkDir>\backup
Undo      rollback.ps1 of this step puts the kept file back
Secret    the keys are in machine-key.secret.json beside this script, not in this script, not in the log, not in the result
Sources   [documented] MBAM 2.5, high availability: the same machine key on every node
          [documented] .NET Framework, MachineKeySection: lengths and algorithms
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 changed but verification failed, 3010 restart needed
.PARAMETER Nonce
Any text, the same on every node of one comparison. The fingerprint in the result is an HMAC of the keys under it.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\install.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$WebConfig = 'C:\inetpub\Microsoft BitLocker Management Solution\web.config',
    [string]$KeyFile = '',
    [string]$Nonce = '',
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$StepName = 'web/machine-key'
$StepHosts = @('WEB1', 'web1.contoso.com')
$ExitCode = 1
$Transcribing = $false
$Result = [ordered]@{ schema = 1; step = $StepName; script = ''; host = ''; user = ''; started = [DateTime]::UtcNow.ToString('o'); finished = ''; outcome = 'failed'; exitCode = 1; message = ''; changed = @(); facts = [ordered]@{} }
function Stop-Step {
    param([int]$Code, [string]$Message)
    $script:ExitCode = $Code
    throw $Message
}
function Test-Elevated {
    $me = New-Object System.Security.Principal.WindowsPrincipal ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    $me.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
}
function Add-History {
    param([string]$Name, [string]$Line)
    if ($WhatIfPreference) { return }
    [IO.File]::AppendAllText((Join-Path $script:WorkDir ('{0}.history.jsonl' -f $Name)), ('{0}{1}' -f [Environment]::NewLine, $Line), (New-Object System.Text.UTF8Encoding $false))
}
function Save-Result {
    if ($WhatIfPreference) { return }
    $script:Result.finished = [DateTime]::UtcNow.ToString('o')
    $script:Result.exitCode = $script:ExitCode
    [void][IO.Directory]::CreateDirectory($script:WorkDir)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $StepName.Replace('/', '.'))
    $temp = '{0}.{1}.tmp' -f $file, $PID
    [IO.File]::WriteAllText($temp, (ConvertTo-Json -InputObject $script:Result -Depth 6), (New-Object System.Text.UTF8Encoding $false))
    if ([IO.File]::Exists($file)) { [IO.File]::Replace($temp, $file, [NullString]::Value) } else { [IO.File]::Move($temp, $file) }
    Add-History $StepName.Replace('/', '.') (ConvertTo-Json -InputObject $script:Result -Depth 6 -Compress)
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
        [void][IO.Directory]::CreateDirectory($WorkDir)
        Start-Transcript -Path (Join-Path $WorkDir ('{0}.{1}.log' -f $StepName.Replace('/', '.'), [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) | Out-Null
        $Transcribing = $true
        Add-History $StepName.Replace('/', '.') (ConvertTo-Json -InputObject $Result -Depth 6 -Compress)
    }
    #endregion
    #region step
    $Names = @('validation', 'validationKey', 'decryption', 'decryptionKey')
    function Get-Fingerprint {
        param([string[]]$Value, [string]$Nonce)
        $hmac = New-Object System.Security.Cryptography.HMACSHA256 -ArgumentList @(, [Text.Encoding]::UTF8.GetBytes($Nonce))
        try { [BitConverter]::ToString($hmac.ComputeHash([Text.Encoding]::UTF8.GetBytes(($Value -join '|').ToUpperInvariant()))).Replace('-', '') } finally { $hmac.Dispose() }
    }
    function Read-Config {
        param([string]$Path)
        $xml = New-Object System.Xml.XmlDocument
        $xml.PreserveWhitespace = $true
        $xml.Load($Path)
        , $xml
    }
    function Get-KeyValue {
        param([System.Xml.XmlDocument]$Xml)
        $node = $Xml.SelectSingleNode("/*[local-name()='configuration']/*[local-name()='system.web']/*[local-name()='machineKey']")
        foreach ($n in $Names) { if ($null -eq $node) { '' } else { [string]$node.GetAttribute($n) } }
    }
    $WebConfig = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WebConfig)
    if (-not $KeyFile) { $KeyFile = Join-Path $PSScriptRoot 'machine-key.secret.json' }
    $KeyFile = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($KeyFile)
    foreach ($f in @($WebConfig, $KeyFile)) { if (-not (Test-Path -LiteralPath $f -PathType Leaf)) { Stop-Step 2 ('Missing file: {0}' -f $f) } }
    $text = [IO.File]::ReadAllText($KeyFile)
    $want = @(foreach ($n in $Names) { [regex]::Match($text, ('"{0}"\s*:\s*"([A-Za-z0-9]*)"' -f $n)).Groups[1].Value })
    if ($want[0] -cne 'HMACSHA256' -or $want[2] -cne 'AES' -or $want[1] -cnotmatch '\A[0-9A-F]{128}\z' -or $want[3] -cnotmatch '\A[0-9A-F]{64}\z') { Stop-Step 2 ('{0} does not hold HMACSHA256 with 128 and AES with 64 upper-case hex digits.' -f $KeyFile) }
    $xml = Read-Config $WebConfig
    $root = $xml.DocumentElement
    if ($root.LocalName -cne 'configuration') { Stop-Step 3 ('{0} is not a web.config: its root is "{1}".' -f $WebConfig, $root.LocalName) }
    $web = $root.SelectSingleNode("*[local-name()='system.web']")
    $node = if ($null -eq $web) { $null } else { $web.SelectSingleNode("*[local-name()='machineKey']") }
    foreach ($n in @($web, $node)) { if ($null -ne $n -and ($n.HasAttribute('configProtectionProvider') -or $n.HasAttribute('configSource'))) { Stop-Step 3 ('"{0}" in {1} is encrypted or kept in another file. Undo that first (aspnet_regiis -pd). Nothing was changed.' -f $n.LocalName, $WebConfig) } }
    $same = ($want -join '|') -ceq (@(Get-KeyValue $xml) -join '|')
    if ($same) {
        $Result.outcome = 'unchanged'
        $Result.message = 'The planned machine key is in place.'
    } elseif ($PSCmdlet.ShouldProcess($WebConfig, 'set machineKey (restarts the applications of the site)')) {
        $backup = Join-Path $WorkDir 'backup'
        [void][IO.Directory]::CreateDirectory($backup)
        $kept = Join-Path $backup ('web.config.{0}' -f [Guid]::NewGuid().ToString('N'))
        [IO.File]::Copy($WebConfig, $kept)
        $Result.facts.backup = $kept
        if ($null -eq $web) { $web = $root.AppendChild($xml.CreateElement('system.web', $root.NamespaceURI)) }
        if ($null -eq $node) { $node = $web.AppendChild($xml.CreateElement('machineKey', $root.NamespaceURI)) }
        for ($i = 0; $i -lt $Names.Count; $i++) { $node.SetAttribute($Names[$i], $want[$i]) }
        $bytes = [IO.File]::ReadAllBytes($WebConfig)
        $bom = $bytes.Length -ge 3 -and $bytes[0] -eq 0xEF -and $bytes[1] -eq 0xBB -and $bytes[2] -eq 0xBF
        $temp = '{0}.{1}.tmp' -f $WebConfig, $PID
        try {
            $writer = New-Object System.IO.StreamWriter -ArgumentList $temp, $false, (New-Object System.Text.UTF8Encoding $bom)
            try { $xml.Save($writer) } finally { $writer.Dispose() }
            [IO.File]::Replace($temp, $WebConfig, [NullString]::Value)
        } finally { if ([IO.File]::Exists($temp)) { [IO.File]::Delete($temp) } }
        $Result.changed = @($WebConfig)
        if (($want -join '|') -cne (@(Get-KeyValue (Read-Config $WebConfig)) -join '|')) { Stop-Step 4 ('{0} was written but does not read back as planned. The old file is {1}.' -f $WebConfig, $kept) }
        $Result.outcome = 'changed'
        $Result.message = 'The machine key is set. Run the verify script of this step on every node with the same -Nonce and compare the fingerprints.'
    } else {
        $Result.outcome = 'skipped'
        $Result.message = 'Nothing was changed (-WhatIf, or the question was answered with No).'
    }
    if ($Nonce) { $Result.facts.fingerprint = Get-Fingerprint @(Get-KeyValue (Read-Config $WebConfig)) $Nonce }
    #endregion
    #region frame
    $ExitCode = 0
    if ($Result.message) { $Result.message }
} catch {
    if ($ExitCode -eq 0) { $ExitCode = 1 }
    $Result.message = $_.Exception.Message
    $Result.outcome = if (@($Result.changed).Count -gt 0) { 'partial' } else { 'failed' }
    'FAILED ({0}): {1}' -f $ExitCode, $_.Exception.Message
    if ($ExitCode -eq 1) { $_.InvocationInfo.PositionMessage }
} finally {
    try { Save-Result } catch { 'The result file could not be written: {0}' -f $_.Exception.Message; if ($ExitCode -eq 0) { $ExitCode = 1 } }
    if ($Transcribing) { Stop-Transcript | Out-Null }
}
exit $ExitCode
#endregion
