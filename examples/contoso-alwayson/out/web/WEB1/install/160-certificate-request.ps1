<#
.SYNOPSIS
Request the certificate of the virtual host on this node.
.DESCRIPTION
Step      directory/certificate-request, install, file number 160
Run on    WEB1 (web1.contoso.com), 64-bit, elevated
Run by    PKI team
Changes   makes a key pair in the computer's store and a request file for CN=mbam.contoso.com; the certificate itself comes from the certification authority
Undo      removes the pending request and its key, which the install's result lists under "changed"
Success   the verify script of this step finds every name in the request, or the planned certificate in the store
Sources   [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] certreq
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\160-certificate-request.ps1 -WhatIf
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
$StepName = 'directory/certificate-request'
$StepKind = 'install'
$ResultName = 'directory.certificate-request.install'
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
    $mine = @('S-1-5-32-544', 'S-1-5-18', [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value)
    if ([IO.Directory]::Exists($script:WorkDir)) {
        $owner = (Get-Acl -LiteralPath $script:WorkDir).GetOwner([System.Security.Principal.SecurityIdentifier]).Value
        if ($mine -notcontains $owner) { Stop-Step 2 ('The folder {0} belongs to {1}, so what it records cannot be trusted. Move it away, then start this script again. Nothing was changed.' -f $script:WorkDir, $owner) }
        return
    }
    $acl = New-Object System.Security.AccessControl.DirectorySecurity
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)')
    [void][IO.Directory]::CreateDirectory($script:WorkDir, $acl)
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
function Save-Result {
    if ($WhatIfPreference) { return }
    if (-not $Saving) { return }
    $script:Result.finished = [DateTime]::UtcNow.ToString('o')
    $script:Result.exitCode = $script:ExitCode
    $script:Result.changed = @(@($Earlier) + @($script:Result.changed) | Select-Object -Unique)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $ResultName)
    $temp = '{0}.{1}.tmp' -f $file, $PID
    [IO.File]::WriteAllText($temp, (ConvertTo-Json -InputObject $script:Result -Depth 6), (New-Object System.Text.UTF8Encoding $false))
    if ([IO.File]::Exists($file)) { [IO.File]::Replace($temp, $file, [NullString]::Value) } else { [IO.File]::Move($temp, $file) }
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
        $Saving = $true
    }
    #endregion
    #region step
    $Subject = 'CN=mbam.contoso.com'
    $Thumbprint = '9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
    $CertReq = Join-Path $env:SystemRoot 'System32\certreq.exe'
    $Request = Join-Path $WorkDir ('mbam.contoso.com.req')
    $pending = @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\REQUEST' | Where-Object { $_.Subject -eq $Subject } | ForEach-Object { [string]$_.Thumbprint })
    if ($Thumbprint -and (Test-Path -LiteralPath ('Cert:\LocalMachine\My\{0}' -f $Thumbprint))) {
        Write-Unchanged ('The planned certificate {0} is in the store already; no request is needed.' -f $Thumbprint)
    } elseif ($pending.Count -gt 0 -and [IO.File]::Exists($Request)) {
        Write-Unchanged ('A request for {0} is pending. Give {1} to the certification authority, then install the answer here with: certreq -accept <file>' -f $Subject, $Request)
    } else {
        $Policy = [IO.Path]::ChangeExtension($PSCommandPath, '.inf')
        if (-not [IO.File]::Exists($Policy)) { Stop-Step 2 ('Missing file: {0}. It belongs beside this script. Nothing was changed.' -f $Policy) }
        if ($PSCmdlet.ShouldProcess($Subject, ('certreq -new {0} {1}' -f $Policy, $Request))) {
            $run = Invoke-Native $CertReq @('-new', '-q', '-f', $Policy, $Request)
            $run.Text
            $after = @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\REQUEST' | Where-Object { $_.Subject -eq $Subject -and $pending -notcontains $_.Thumbprint } | ForEach-Object { [string]$_.Thumbprint })
            foreach ($t in $after) { $Result.changed += ('request {0}' -f $t) }
            if ($after.Count -ne 1 -or -not [IO.File]::Exists($Request)) { Stop-Step 4 ('certreq ran (exit code {0}), but {1} new requests for {2} are in the store, and the request file {3} is the proof that is needed with one. Look at its output above.' -f $run.ExitCode, $after.Count, $Subject, $Request) }
            $Result.facts.request = $Request
            Write-Changed ('Give {0} to the certification authority, then install the answer on this server with: certreq -accept <file>. Write its thumbprint into the topology.' -f $Request)
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
    try { Save-Result } catch { 'The result file could not be written: {0}' -f $_.Exception.Message; if ($ExitCode -eq 0) { $ExitCode = 1 } }
    if ($Transcribing) { Stop-Transcript | Out-Null }
}
exit $ExitCode
#endregion
