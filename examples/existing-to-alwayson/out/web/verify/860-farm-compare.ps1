<#
.SYNOPSIS
Verify: compare the nodes of the web farm.
.DESCRIPTION
Step      web/farm-compare, verify, file number 860
Run on    ADMIN1 or another management computer, never a server of the farm; 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   every node has a fresh result of web/node-check without a failed check, and all of them show the same values
Sources   [documented] Planning for MBAM 2.5 high availability
          [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [field] Public MBAM test packages and issue threads
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER ResultFolder
Folder with the result files of all nodes (web.node-check.verify.result.json of each node's %ProgramData%\mbamplan, renamed, or in a folder for each node). Collect them
before web/remove-secrets (890): without the compare key a new run of web/node-check does not compare the machine keys.
.PARAMETER Hours
How old a result may be.
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\860-farm-compare.ps1 -ResultFolder C:\mbam-results
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$ResultFolder = '',
    [int]$Hours = 24,
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/farm-compare'
$StepKind = 'verify'
$ResultName = 'web.farm-compare.verify'
$FarmHosts = @('SQL1', 'sql1.contoso.com', 'SQL2', 'sql2.contoso.com', 'RPT1', 'rpt1.contoso.com', 'WEB1', 'web1.contoso.com', 'WEB2', 'web2.contoso.com')
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
function Add-Check {
    param([string]$Name, [bool]$Ok, [string]$Expected, [string]$Actual)
    $script:Result.checks += , ([ordered]@{ name = $Name; ok = $Ok; expected = $Expected; actual = $Actual })
    if ($Ok) { '[ok]   {0}: {1}' -f $Name, $Actual } else { '[FAIL] {0}: expected {1}, found {2}' -f $Name, $Expected, $Actual }
}
function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
}
function Test-NodeAddress {
    # Checks what DNS gives for a node's own name: its planned address and no other where the plan has one (other adapters
    # beside it with -More), and never the virtual address, which Windows may register like any address of the adapter.
    param([string]$Name, [string]$Address, [string]$Virtual, [bool]$More)
    $found = @(try { [System.Net.Dns]::GetHostAddresses($Name) | Where-Object { $_.AddressFamily -eq [System.Net.Sockets.AddressFamily]::InterNetwork } | ForEach-Object { [string]$_ } } catch { })
    $ok = $found.Count -gt 0 -and $found -notcontains $Virtual
    $expected = 'an address, and not the virtual one, {0}' -f $Virtual
    if ($Address) {
        $ok = $ok -and $found -contains $Address -and ($More -or $found.Count -eq 1)
        $expected = if ($More) { '{0} among them, and not the virtual address {1}' -f $Address, $Virtual } else { 'only {0}' -f $Address }
    }
    if (-not $ok) { $expected += '. Make the record of the node a static one, delete the others, and keep the adapter from registering itself' }
    Add-Check -Name ('{0} in DNS' -f $Name) -Ok $ok -Expected $expected -Actual $(if ($found.Count -gt 0) { $found -join ', ' } else { 'not found' })
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
    $WorkDir = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($WorkDir)
    $net = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $names = @([Environment]::MachineName, $net.HostName, ('{0}.{1}' -f $net.HostName, $net.DomainName).TrimEnd('.'))
    $Result.host = $names[2]
    $Result.user = '{0}\{1}' -f [Environment]::UserDomainName, [Environment]::UserName
    if (@($names | Where-Object { $FarmHosts -contains $_ }).Count -gt 0) { Stop-Step 2 ('Run this script on a management computer, not on a server of the farm. This machine is {0}. Nothing was changed.' -f $names[2]) }
    if (-not (Test-Elevated)) { Stop-Step 2 'Start Windows PowerShell with "Run as administrator". Nothing was changed.' }
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
    $Nodes = [ordered]@{
        'WEB2' = 'web2.contoso.com'
        'WEB1' = 'web1.contoso.com'
    }
    if (-not $ResultFolder) { Stop-Step 2 'Give -ResultFolder: the folder into which the results of web/node-check of all nodes were copied.' }
    $ResultFolder = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($ResultFolder)
    if (-not [IO.Directory]::Exists($ResultFolder)) { Stop-Step 2 ('There is no folder {0}.' -f $ResultFolder) }
    $newest = @{}
    foreach ($file in @(Get-ChildItem -LiteralPath $ResultFolder -Recurse -Filter '*.json' | Where-Object { -not $_.PSIsContainer })) {
        $one = $null
        try { $one = ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($file.FullName)) } catch { '{0} is no result file and is left out.' -f $file.FullName }
        if ($null -eq $one -or $null -eq $one.PSObject.Properties['step'] -or $one.step -ne 'web/node-check') { continue }
        foreach ($node in @($Nodes.Keys)) {
            if (@($node, $Nodes[$node]) -notcontains [string]$one.host) { continue }
            $at = ([DateTime]$one.finished).ToUniversalTime()
            if (-not $newest.ContainsKey($node) -or $newest[$node].At -lt $at) { $newest[$node] = @{ At = $at; Record = $one } }
        }
    }
    Test-NodeAddress -Name 'web2.contoso.com' -Address '10.1.0.32' -Virtual '10.1.0.60' -More $false
    Test-NodeAddress -Name 'web1.contoso.com' -Address '10.1.0.31' -Virtual '10.1.0.60' -More $false
    $facts = [ordered]@{}
    foreach ($node in @($Nodes.Keys)) {
        if (-not $newest.ContainsKey($node)) {
            Add-Check -Name ('{0}: result' -f $node) -Ok $false -Expected 'a result of web/node-check' -Actual 'none in the folder'
            continue
        }
        $at = $newest[$node].At
        $record = $newest[$node].Record
        Add-Check -Name ('{0}: result' -f $node) -Ok ($at -gt [DateTime]::UtcNow.AddHours(-$Hours)) -Expected ('not older than {0} hours' -f $Hours) -Actual $at.ToString('s')
        $failed = @($record.checks | Where-Object { -not $_.ok } | ForEach-Object { [string]$_.name })
        Add-Check -Name ('{0}: its own checks' -f $node) -Ok ([int]$record.exitCode -eq 0 -and $failed.Count -eq 0) -Expected 'all passed' -Actual $(if ($failed.Count -gt 0) { 'failed: {0}' -f ($failed -join '; ') } else { 'exit code {0}' -f $record.exitCode })
        foreach ($fact in @($record.facts.PSObject.Properties)) {
            if ($fact.Name.StartsWith('Here ')) { continue }
            if (-not $facts.Contains($fact.Name)) { $facts[$fact.Name] = @{} }
            $facts[$fact.Name][$node] = [string]$fact.Value
        }
    }
    foreach ($name in @('Software version', 'ComplianceDBConnectionString', 'RecoveryDBConnectionString', 'Applications', 'Bindings', 'Machine key')) {
        if (-not $facts.Contains($name)) { Add-Check -Name $name -Ok $false -Expected 'shown by every node' -Actual 'shown by none' }
    }
    foreach ($name in @($facts.Keys)) {
        $values = @($Nodes.Keys | Where-Object { $newest.ContainsKey($_) } | ForEach-Object { if ($facts[$name].ContainsKey($_)) { [string]$facts[$name][$_] } else { '(not shown)' } })
        $same = @($values | Where-Object { $_ -ne $values[0] }).Count -eq 0
        $told = @($Nodes.Keys | Where-Object { $facts[$name].ContainsKey($_) } | ForEach-Object { '{0}: {1}' -f $_, $facts[$name][$_] }) -join '; '
        if ($name -eq 'Machine key' -and $values -contains 'not compared') {
            Add-Check -Name $name -Ok $false -Expected 'compared on every node' -Actual ('{0}. Run web/node-check with the compare key beside it' -f $told)
        } else {
            Add-Check -Name $name -Ok $same -Expected 'the same on every node' -Actual $(if ($same) { $values[0] } else { $told })
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
    try { Save-Result } catch { 'The record of this run could not be written: {0}' -f $_.Exception.Message; if ($ExitCode -eq 0) { $ExitCode = 1 } }
    if ($Transcribing) { Stop-Transcript | Out-Null }
}
exit $ExitCode
#endregion
