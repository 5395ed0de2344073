<#
.SYNOPSIS
Preflight: check the certificate of the virtual host name.
.DESCRIPTION
Step      web/certificate, preflight, file number 620
Run on    WEB2 (web2.adatum.com), 64-bit, with or without elevation: what you may not read is reported as not checked
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   every check of certificate 3A3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D passes
Sources   [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [documented] MBAM 2.5 Server Event Logs
          [documented] X509Chain class
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\620-certificate.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$WorkDir = ''
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
if ([string]$ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { throw 'PowerShell runs in a constrained language mode here, in which none of these scripts can work. Ask those who manage AppLocker or Device Guard to let scripts of your signature run, and sign the folder (Set-AuthenticodeSignature). Nothing was changed.' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/certificate'
$StepKind = 'preflight'
$ResultName = 'web.certificate.preflight'
$StepHosts = @('WEB2', 'web2.adatum.com')
$ExitCode = 1
$Transcribing = $false
$Saving = $false
$Result = [ordered]@{ schema = 1; step = $StepName; kind = $StepKind; name = $ResultName; script = ''; host = ''; user = ''; started = [DateTime]::UtcNow.ToString('o'); finished = ''; outcome = 'failed'; exitCode = 1; message = ''; changed = @(); checks = @(); notes = @(); notChecked = @(); facts = [ordered]@{} }
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
    # Without elevation the record lies among the reader's own files. No rollback trusts it.
    if (-not (Test-Elevated)) {
        [void][IO.Directory]::CreateDirectory($script:WorkDir)
        return
    }
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
function Add-Finding {
    # One judged check of a preflight. A difference fails the preflight; with -Note it is told and fails nothing. -Remedy says
    # what to do or whom to ask.
    param([string]$Name, [string]$About = '', [bool]$Ok, [string]$Expected, [string]$Actual, [string]$Remedy = '', [switch]$Note)
    $full = if ($About) { '{0}: {1}' -f $Name, $About } else { $Name }
    $row = [ordered]@{ name = $full; ok = $Ok; expected = $Expected; actual = $Actual }
    if ($Ok) {
        $script:Result.checks += , $row
        '[ok]   {0}: {1}' -f $full, $Actual
        return
    }
    if ($Remedy) { $row.remedy = $Remedy }
    if ($Note) { $script:Result.notes += , $row } else { $script:Result.checks += , $row }
    '{0} {1}: expected {2}, found {3}' -f $(if ($Note) { '[note]' } else { '[FAIL]' }), $full, $Expected, $Actual
    if ($Remedy) { '       {0}' -f $Remedy }
}
function Add-Unchecked {
    # A check of a preflight that the person who runs it may not make, or that something else prevents: neither passed nor failed.
    param([string]$Name, [string]$About = '', [string]$Needs)
    $full = if ($About) { '{0}: {1}' -f $Name, $About } else { $Name }
    $script:Result.notChecked += , ([ordered]@{ name = $full; needs = $Needs })
    '[--]   {0}: not checked: needs {1}' -f $full, $Needs
}
function Complete-Preflight {
    # Ends a preflight: a table, worst first, and exit code 4 when a check failed.
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    $good = @($script:Result.checks | Where-Object { $_.ok })
    $rows = @()
    foreach ($c in $bad) { $rows += , @('FAIL', $c.name, $c.actual) }
    foreach ($c in @($script:Result.notes)) { $rows += , @('note', $c.name, $c.actual) }
    foreach ($c in @($script:Result.notChecked)) { $rows += , @('not checked', $c.name, ('needs {0}' -f $c.needs)) }
    foreach ($c in $good) { $rows += , @('ok', $c.name, $c.actual) }
    $width = 5
    foreach ($r in $rows) { if ($r[1].Length -gt $width -and $r[1].Length -le 70) { $width = $r[1].Length } }
    ''
    foreach ($r in @(, @('verdict', 'check', 'found')) + $rows) { '{0}  {1}  {2}' -f $r[0].PadRight(11), $r[1].PadRight($width), $r[2] }
    ''
    'Result: {0}' -f (Join-Path $script:WorkDir ('{0}.result.json' -f $ResultName))
    $rest = '{0} noted, {1} not checked' -f @($script:Result.notes).Count, @($script:Result.notChecked).Count
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed, {2}: {3}. Nothing was changed.' -f $bad.Count, @($script:Result.checks).Count, $rest, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = '{0} checks passed, {1}.' -f $good.Count, $rest
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
function Get-CertificateDnsName {
    # DNS names of the subject alternative name extension, read from its bytes: the text form is localised, and DnsNameList
    # adds the subject's common name, which clients ignore beside an alternative name.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)
    foreach ($extension in $Certificate.Extensions) {
        if ($extension.Oid.Value -ne '2.5.29.17') { continue }
        $raw = $extension.RawData
        $at = 2
        if ($raw[1] -ge 128) { $at = 2 + ($raw[1] - 128) }
        while ($at + 1 -lt $raw.Length) {
            $tag = $raw[$at]
            $length = [int]$raw[$at + 1]
            $at += 2
            if ($length -ge 128) {
                $octets = $length - 128
                $length = 0
                for ($i = 0; $i -lt $octets; $i++) { $length = $length * 256 + $raw[$at + $i] }
                $at += $octets
            }
            if ($tag -eq 130) { [Text.Encoding]::ASCII.GetString($raw, $at, $length) }
            $at += $length
        }
    }
}
function Test-CertificateName {
    # Does one of the certificate's names cover the host name? A wildcard covers one label.
    param([string]$HostName, [string[]]$Name)
    $dot = $HostName.IndexOf('.')
    if ($Name -contains $HostName) { return $true }
    $dot -gt 0 -and $Name -contains ('*{0}' -f $HostName.Substring($dot))
}
function Test-WebCertificate {
    param([string]$Thumbprint, [string]$HostName, [string[]]$NodeName, [string[]]$ShortName, [int]$WarnDays, [bool]$ServerOnly)
    $path = 'Cert:\LocalMachine\My\{0}' -f $Thumbprint
    $found = Test-Path -LiteralPath $path
    Add-Check -Name 'Certificate in the computer''s Personal store' -Ok $found -Expected $Thumbprint -Actual $(if ($found) { $Thumbprint } else { 'no certificate with this thumbprint; import the PFX on this node' })
    if (-not $found) { return }
    $certificate = Get-Item -LiteralPath $path
    Add-Check -Name 'Private key' -Ok $certificate.HasPrivateKey -Expected 'True' -Actual ([string]$certificate.HasPrivateKey)
    $now = [DateTime]::Now
    $dates = '{0} to {1}' -f $certificate.NotBefore.ToString('yyyy-MM-dd', [Globalization.CultureInfo]::InvariantCulture), $certificate.NotAfter.ToString('yyyy-MM-dd', [Globalization.CultureInfo]::InvariantCulture)
    Add-Check -Name 'Validity' -Ok ($certificate.NotBefore -le $now -and $certificate.NotAfter -gt $now) -Expected 'valid today' -Actual $dates
    $days = [Math]::Floor(($certificate.NotAfter - $now).TotalDays)
    if ($days -lt $WarnDays) { Add-Info -Name 'Certificate expires soon' -Text ('in {0} days; the topology warns from {1} days on' -f $days, $WarnDays) }
    $issuedTo = $certificate.GetNameInfo([System.Security.Cryptography.X509Certificates.X509NameType]::SimpleName, $false)
    Add-Check -Name 'Subject (Issued To)' -Ok (Test-CertificateName -HostName $HostName -Name @($issuedTo)) -Expected $HostName -Actual $issuedTo
    $names = @(Get-CertificateDnsName $certificate)
    $list = if ($names.Count -gt 0) { $names -join ', ' } else { 'no alternative DNS name' }
    Add-Check -Name 'Virtual host name among the alternative names' -Ok (Test-CertificateName -HostName $HostName -Name $names) -Expected $HostName -Actual $list
    $absent = @($NodeName | Where-Object { -not (Test-CertificateName -HostName $_ -Name $names) })
    Add-Check -Name 'Node names among the alternative names' -Ok ($absent.Count -eq 0) -Expected ($NodeName -join ', ') -Actual $list
    $absent = @($ShortName | Where-Object { $names -notcontains $_ })
    if ($absent.Count -gt 0) { Add-Info -Name 'NetBIOS names of the nodes' -Text ('not in the certificate: {0}. MBAM''s FAQ asks for them; they matter only where someone names a node by its short name' -f ($absent -join ', ')) }
    if (@($names | Where-Object { $_.StartsWith('*') }).Count -gt 0) { Add-Info -Name 'Wildcard certificate' -Text 'no MBAM document speaks of wildcards' }
    $usages = @()
    foreach ($extension in $certificate.Extensions) {
        if ($extension -is [System.Security.Cryptography.X509Certificates.X509EnhancedKeyUsageExtension]) { $usages += @($extension.EnhancedKeyUsages | ForEach-Object { $_.Value }) }
    }
    $want = @('1.3.6.1.5.5.7.3.1')
    if (-not $ServerOnly) { $want += '1.3.6.1.5.5.7.3.2' }
    $absent = @($want | Where-Object { $usages -notcontains $_ })
    Add-Check -Name 'Enhanced key usage (3.1 server, 3.2 client authentication)' -Ok ($absent.Count -eq 0) -Expected ($want -join ', ') -Actual $(if ($usages.Count -gt 0) { $usages -join ', ' } else { 'no enhanced key usage' })
    $chain = New-Object System.Security.Cryptography.X509Certificates.X509Chain -ArgumentList $true
    $good = $chain.Build($certificate)
    $status = @($chain.ChainStatus | ForEach-Object { [string]$_.Status }) -join ', '
    Add-Check -Name 'Chain and revocation list' -Ok $good -Expected 'trusted and not revoked' -Actual $(if ($good) { 'trusted and not revoked' } else { $status })
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
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $ResultName)
    $temp = '{0}.{1}.tmp' -f $file, $PID
    [IO.File]::WriteAllText($temp, (ConvertTo-Json -InputObject $script:Result -Depth 6), (New-Object System.Text.UTF8Encoding $false))
    if ([IO.File]::Exists($file)) { [IO.File]::Replace($temp, $file, [NullString]::Value) } else { [IO.File]::Move($temp, $file) }
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
    if (-not $WorkDir) { $WorkDir = Join-Path $(if (Test-Elevated) { $env:ProgramData } else { [Environment]::GetFolderPath('LocalApplicationData') }) 'mbamplan' }
    $WorkDir = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WorkDir)
    $net = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $names = @([Environment]::MachineName, $net.HostName, ('{0}.{1}' -f $net.HostName, $net.DomainName).TrimEnd('.'))
    $Result.host = $names[2]
    $Result.user = '{0}\{1}' -f [Environment]::UserDomainName, [Environment]::UserName
    if (@($names | Where-Object { $StepHosts -contains $_ }).Count -eq 0) { Stop-Step 2 ('This script is for {0}. This machine is {1}. Nothing was changed.' -f ($StepHosts -join ' / '), $names[2]) }
    $sha = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    try { $Result.script = [BitConverter]::ToString($sha.ComputeHash([IO.File]::ReadAllBytes($PSCommandPath))).Replace('-', '').ToLowerInvariant() } finally { $sha.Dispose() }
    if (-not $WhatIfPreference) {
        Initialize-WorkDir
        Start-Transcript -Path (Join-Path $WorkDir ('{0}.{1}.log' -f $ResultName, [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) | Out-Null
        $Transcribing = $true
        Add-History $ResultName (ConvertTo-Json -InputObject $Result -Depth 6 -Compress)
        $Saving = $true
    }
    #endregion
    #region step
    $Thumbprint = '3A3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
    if ($Thumbprint) {
        $argsCertificate = @{
            Thumbprint = $Thumbprint
            HostName = 'mbam.adatum.com'
            NodeName = @('web1.adatum.com', 'web2.adatum.com')
            ShortName = @('WEB1', 'WEB2')
            WarnDays = 60
            ServerOnly = $false
        }
        try { Test-WebCertificate @argsCertificate } catch { Add-Unchecked -Name 'certificate' -About $Thumbprint -Needs ('read access to it ({0})' -f $_.Exception.GetBaseException().Message) }
    } else {
        Add-Finding -Name 'certificate' -Ok $false -Expected 'a thumbprint in the topology' -Actual 'none for this node yet' -Remedy 'Import the certificate, write its thumbprint into the topology, and render again.'
    }
    Complete-Preflight
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
