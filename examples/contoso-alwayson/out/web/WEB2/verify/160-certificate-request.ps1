<#
.SYNOPSIS
Verify: request the certificate of the virtual host on this node.
.DESCRIPTION
Step      directory/certificate-request, verify, file number 160
Run on    WEB2 (web2.contoso.com), 64-bit, elevated
Run by    PKI team
Changes   nothing
Undo      nothing to undo
Success   the verify script of this step finds every name in the request, or the planned certificate in the store
Sources   [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] certreq
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\160-certificate-request.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$StepName = 'directory/certificate-request'
$StepKind = 'verify'
$ResultName = 'directory.certificate-request.verify'
$StepHosts = @('WEB2', 'web2.contoso.com')
$ExitCode = 1
$Transcribing = $false
$Saving = $false
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
function Add-Check {
    param([string]$Name, [bool]$Ok, [string]$Expected, [string]$Actual)
    $script:Result.checks += , ([ordered]@{ name = $Name; ok = $Ok; expected = $Expected; actual = $Actual })
    if ($Ok) { '[ok]   {0}: {1}' -f $Name, $Actual } else { '[FAIL] {0}: expected {1}, found {2}' -f $Name, $Expected, $Actual }
}
function Add-Info {
    param([string]$Name, [string]$Text)
    $script:Result.facts[$Name] = $Text
    '[info] {0}: {1}' -f $Name, $Text
}
function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
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
function Save-Result {
    if ($WhatIfPreference) { return }
    if (-not $Saving) { return }
    $script:Result.finished = [DateTime]::UtcNow.ToString('o')
    $script:Result.exitCode = $script:ExitCode
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
        $Saving = $true
    }
    #endregion
    #region step
    $Subject = 'CN=mbam.contoso.com'
    $Thumbprint = '9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
    $CertReq = Join-Path $env:SystemRoot 'System32\certreq.exe'
    $Request = Join-Path $WorkDir ('mbam.contoso.com.req')
    $pending = @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\REQUEST' | Where-Object { $_.Subject -eq $Subject } | ForEach-Object { [string]$_.Thumbprint })
    $Names = @('mbam.contoso.com', 'web1.contoso.com', 'WEB1', 'web2.contoso.com', 'WEB2')
    if ($Thumbprint -and (Test-Path -LiteralPath ('Cert:\LocalMachine\My\{0}' -f $Thumbprint))) {
        $item = Get-Item -LiteralPath ('Cert:\LocalMachine\My\{0}' -f $Thumbprint)
        Add-Check -Name 'planned certificate' -Ok $item.HasPrivateKey -Expected ('{0} with its private key' -f $Thumbprint) -Actual ('{0}, private key: {1}' -f $item.Thumbprint, $item.HasPrivateKey)
    } else {
        $there = [IO.File]::Exists($Request)
        $issued = @(Get-ChildItem -LiteralPath 'Cert:\LocalMachine\My' | Where-Object { $_.Subject -eq $Subject -and $_.HasPrivateKey } | ForEach-Object { [string]$_.Thumbprint })
        $state = if ($there) { 'there' } else { 'missing' }
        Add-Check -Name ('request file {0}' -f $Request) -Ok $there -Expected 'there' -Actual $state
        Add-Check -Name ('{0} in the store' -f $Subject) -Ok ($pending.Count + $issued.Count -gt 0) -Expected 'a pending request or a certificate' -Actual ('{0} pending requests, {1} certificates' -f $pending.Count, $issued.Count)
        foreach ($t in $issued) { Add-Info -Name ('issued certificate {0}' -f $t) -Text 'if it is the one for this farm, write it into the topology as the thumbprint of this node' }
        if ($there) {
            $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\certutil.exe') @('-dump', $Request)
            $dump = @($run.Text | ForEach-Object { $_.Trim() })
            Add-Check -Name 'the request can be read' -Ok ($run.ExitCode -eq 0) -Expected 'certutil ends with 0' -Actual ('certutil ended with {0}' -f $run.ExitCode)
            foreach ($n in $Names) {
                $inside = @($dump | Where-Object { $_.EndsWith(('={0}' -f $n), [StringComparison]::OrdinalIgnoreCase) }).Count -gt 0
                $state = if ($inside) { 'in the request' } else { 'not in the request' }
                Add-Check -Name ('name {0}' -f $n) -Ok $inside -Expected 'in the request' -Actual $state
            }
            foreach ($u in @('1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2')) {
                $inside = @($dump | Where-Object { $_.Contains($u) }).Count -gt 0
                $state = if ($inside) { 'in the request' } else { 'not in the request' }
                Add-Check -Name ('key usage {0}' -f $u) -Ok $inside -Expected 'in the request' -Actual $state
            }
        }
    }
    Complete-Check
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
