<#
.SYNOPSIS
Take back: point the clients at the farm by Group Policy.
.DESCRIPTION
Step      clients/group-policy, rollback, file number 910
Run on    a management computer of the domain, never a server of the farm; 64-bit, elevated
Run by    client administrator
Changes   puts back the values that the install's result recorded, or removes the object when the install created it and no link of it is enabled; leaves behind: values that somebody changed since; the backup of the object; what clients have received already
Undo      run the install script of this step again
Sources   [documented] Planning for MBAM 2.5 Group Policy Requirements
          [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [documented] GroupPolicy module
          [field] Public MBAM test packages and issue threads
Inferred  the endpoints are of type REG_EXPAND_SZ, the other values of type REG_DWORD; proved by: compare a client's registry with one that got the policy from the templates; event 3 and 19 of MBAM/Admin show that it worked
Inferred  UseMBAMServices, UseKeyRecoveryService and UseStatusReportingService are the switches of the policy; proved by: the report of the object shows the policy "Configure MBAM Services" as enabled where the MDOP templates are installed
Inferred  setting one value of a key leaves the others of the key alone; proved by: the verify script of this step reads all of them back, and none as deleted
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\910-group-policy.ps1 -WhatIf
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
$StepName = 'clients/group-policy'
$StepKind = 'rollback'
$ResultName = 'clients.group-policy.rollback'
$FarmHosts = @('NODE1', 'node1.wingtip.com', 'NODE2', 'node2.wingtip.com', 'RPT1', 'rpt1.wingtip.com', 'WEB1', 'web1.wingtip.com', 'WEB2', 'web2.wingtip.com')
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
function Get-LiveLink {
    # Places that get a Group Policy object through an enabled link, as its report names them: "contoso.com/Clients".
    param([Guid]$Id, [string]$Domain)
    $report = New-Object System.Xml.XmlDocument
    $report.LoadXml([string](Get-GPOReport -Guid $Id -ReportType Xml -Domain $Domain))
    foreach ($place in $report.SelectNodes("/*/*[local-name()='LinksTo'][*[local-name()='Enabled']='true']/*[local-name()='SOMPath']")) { [string]$place.InnerText }
}
function Get-PolicyText {
    param([Guid]$Id, [string]$Domain, [string]$RegistryPath, [string]$Name)
    $setting = $null
    try {
        $setting = Get-GPRegistryValue -Guid $Id -Domain $Domain -Key $RegistryPath -ValueName $Name -ErrorAction Stop
    } catch {
        if (-not $_.FullyQualifiedErrorId.StartsWith('UnableToRetrievePolicyRegistryItem', [StringComparison]::Ordinal)) { throw }
    }
    if ($null -eq $setting) { return 'none' }
    if ($setting.PolicyState -ne 'Set') { return '{0}' -f $setting.PolicyState }
    '{0} {1}' -f $setting.Type, ([string]$setting.Value).TrimEnd([char]0)
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
    if (@($names | Where-Object { $FarmHosts -contains $_ }).Count -gt 0) { Stop-Step 2 ('Run this script on a management computer, not on a server of the farm. This machine is {0}. Nothing was changed.' -f $names[2]) }
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
    $Gpo = 'MBAM clients'
    $Domain = 'wingtip.com'
    $Target = 'OU=Workstations,DC=wingtip,DC=com'
    $Key = 'HKLM\SOFTWARE\Policies\Microsoft\FVE\MDOPBitLockerManagement'
    $Wanted = @(
        @{ Name = 'KeyRecoveryServiceEndPoint'; Type = 'ExpandString'; Value = 'https://bitlocker.wingtip.com/MBAMRecoveryAndHardwareService/CoreService.svc' }
        @{ Name = 'KeyRecoveryOptions'; Type = 'DWord'; Value = 1 }
        @{ Name = 'ClientWakeupFrequency'; Type = 'DWord'; Value = 90 }
        @{ Name = 'StatusReportingServiceEndpoint'; Type = 'ExpandString'; Value = 'https://bitlocker.wingtip.com/MBAMComplianceStatusService/StatusReportingService.svc' }
        @{ Name = 'StatusReportingFrequency'; Type = 'DWord'; Value = 720 }
        @{ Name = 'UseKeyRecoveryService'; Type = 'DWord'; Value = 1 }
        @{ Name = 'UseStatusReportingService'; Type = 'DWord'; Value = 1 }
        @{ Name = 'UseMBAMServices'; Type = 'DWord'; Value = 1 }
    )
    Import-StepModule -Name GroupPolicy -Feature 'Install the feature GPMC.'
    $all = @(Get-GPO -All -Domain $Domain | Where-Object { $_.DisplayName -eq $Gpo })
    if ($all.Count -gt 1) { Stop-Step 3 ('{0} Group Policy objects of the domain {1} are called {2}. Rename the others. Nothing was changed.' -f $all.Count, $Domain, $Gpo) }
    $record = Get-InstallName
    $made = @(Get-InstallChange -Name $record)
    $made | Where-Object { $_.StartsWith('backup ', [StringComparison]::Ordinal) } | ForEach-Object { 'The object from before: {0}' -f $_ }
    $stays = @()
    $asked = 0
    if ($all.Count -eq 0) {
        Write-Unchanged ('There is nothing to take back: no Group Policy object is called {0}.' -f $Gpo)
    } else {
        $id = $all[0].Id
        $live = @(Get-LiveLink -Id $id -Domain $Domain)
        if ($live.Count -gt 0) { Stop-Step 3 ('{0} reaches clients through enabled links: {1}. Disable them first; the clients then keep what they have until they get another policy. Nothing was changed.' -f $Gpo, ($live -join ', ')) }
        # An install that was cut off has recorded that it would make the object, and the object carries the install's comment.
        $begun = $made -contains ('object {0} to be made' -f $Gpo) -and [string]$all[0].Description -eq 'MBAM: services that clients report to'
        if ($begun -or $made -contains ('object {0}' -f $id)) {
            $asked++
            if ($PSCmdlet.ShouldProcess($Gpo, 'remove the Group Policy object that the install created, and its disabled links')) {
                Remove-GPO -Guid $id -Domain $Domain
                $Result.changed += ('removed object {0}' -f $id)
            }
        } else {
            foreach ($w in $Wanted) {
                $lead = '{0} was: ' -f $w.Name
                $old = @($made | Where-Object { $_.StartsWith($lead, [StringComparison]::Ordinal) })
                if ($old.Count -eq 0) { continue }
                $before = $old[0].Substring($lead.Length)
                $now = Get-PolicyText -Id $id -Domain $Domain -RegistryPath $Key -Name $w.Name
                if ($now -ceq $before) { continue }
                if ($now -cne ('{0} {1}' -f $w.Type, $w.Value)) { $stays += ('{0}, because somebody changed it to {1}' -f $w.Name, $now); continue }
                $asked++
                if ($PSCmdlet.ShouldProcess($Gpo, ('set {0} back to: {1}' -f $w.Name, $before))) {
                    $part = $before.Split([char[]]@(' '), 2)
                    if ($before -eq 'none') {
                        [void](Remove-GPRegistryValue -Guid $id -Key $Key -ValueName $w.Name -Domain $Domain)
                    } elseif ($part[0] -eq 'DWord') {
                        [void](Set-GPRegistryValue -Guid $id -Domain $Domain -Key $Key -ValueName $w.Name -Type DWord -Value ([int]$part[1]))
                    } elseif ($part[0] -eq 'String' -or $part[0] -eq 'ExpandString') {
                        [void](Set-GPRegistryValue -Guid $id -Domain $Domain -Key $Key -ValueName $w.Name -Type $part[0] -Value $part[1])
                    } else {
                        Stop-Step 3 ('{0} was of another kind before ({1}). Restore the backup of the object that the record of the install names.' -f $w.Name, $before)
                    }
                    $Result.changed += ('restored {0}' -f $w.Name)
                    $after = Get-PolicyText -Id $id -Domain $Domain -RegistryPath $Key -Name $w.Name
                    if ($after -cne $before) { Stop-Step 4 ('{0} was set back, but reads as: {1}' -f $w.Name, $after) }
                }
            }
            if ($Target -and $made -contains ('link {0}' -f $Target) -and @((Get-GPInheritance -Target $Target -Domain $Domain).GpoLinks | Where-Object { $_.GpoId -eq $id }).Count -gt 0) {
                $asked++
                if ($PSCmdlet.ShouldProcess($Target, ('remove the disabled link of {0}' -f $Gpo))) {
                    [void](Remove-GPLink -Guid $id -Target $Target -Domain $Domain)
                    $Result.changed += ('removed link {0}' -f $Target)
                }
            }
        }
        $rest = if ($stays.Count -gt 0) { ' Left as it is: {0}.' -f ($stays -join '; ') } else { '' }
        if ($asked -eq 0) {
            Write-Unchanged ('There is nothing to take back.{0}' -f $rest)
        } elseif (@($Result.changed).Count -eq 0) {
            Write-Skipped
        } else {
            Write-Changed ('Done: {0}.{1}' -f ($Result.changed -join '; '), $rest)
        }
    }
    if ($stays.Count -eq 0 -and @($Result.changed).Count -eq $asked -and $PSCmdlet.ShouldProcess($record, 'set the record of the install aside')) { Close-InstallRecord -Name $record }
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
