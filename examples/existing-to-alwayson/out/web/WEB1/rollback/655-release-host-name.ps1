<#
.SYNOPSIS
Take back: give up the old host name of an existing web node.
.DESCRIPTION
Step      web/release-host-name, rollback, file number 655
Run on    WEB1 (web1.contoso.com), 64-bit, elevated
Run by    web administrator
Changes   enables the features again with the values that the install recorded, under web1.contoso.com, after the password of the application pool account is typed; leaves behind: the server software, both databases, service principal names, certificates; texts and pages that somebody changed by hand are in the kept files only
Undo      run the install script of this step again
Downtime  web1.contoso.com answers no longer, and not again. Help desk and users go to mbam.contoso.com: until the balancer answers there, through a line in the hosts file with the address of a node that has the name already. Clients that still have the old address in their policy ask in vain until step 910 has reached them: nobody is prompted, no key is lost, an encryption that has not begun waits. WEB1 itself serves nobody until 657 has run, about 15 minutes
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
$StepKind = 'rollback'
$ResultName = 'web.release-host-name.rollback'
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
function Close-InstallRecord {
    param([string]$Name)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $Name)
    if ([IO.File]::Exists($file)) { [IO.File]::Move($file, ('{0}.{1}.rolled-back.json' -f $file, [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) }
}
function Get-AccountSid {
    param([string]$Account)
    try { (New-Object System.Security.Principal.NTAccount $Account).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { Stop-Step 2 ('The account {0} is not found in the directory. Nothing was changed.' -f $Account) }
}
function Get-SqlRow {
    # Runs a query as the person who runs the script; one object a row, every column as text. Values go in as parameters.
    param([string]$Connection, [string]$Query, [hashtable]$Value = @{})
    $client = New-Object System.Data.SqlClient.SqlConnection -ArgumentList $Connection
    try {
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandText = $Query
        $command.CommandTimeout = 60
        foreach ($name in @($Value.Keys)) { [void]$command.Parameters.AddWithValue($name, [string]$Value[$name]) }
        $reader = $command.ExecuteReader()
        try {
            while ($reader.Read()) {
                $row = @{}
                for ($i = 0; $i -lt $reader.FieldCount; $i++) { $row[$reader.GetName($i)] = [string]$reader.GetValue($i) }
                New-Object PSObject -Property $row
            }
        } finally { $reader.Dispose() }
    } finally { $client.Dispose() }
}
function Get-DatabaseIdentity {
    # Opens a connection string as the person who runs the script: Error ('' when it worked), Server, Name, Update
    # (READ_WRITE or READ_ONLY), and Id, which the database and its copies have in common.
    param([string]$Connection)
    $answer = @{ Error = ''; Server = ''; Name = ''; Update = ''; Id = '' }
    try {
        $row = @(Get-SqlRow -Connection $Connection -Query 'SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS [server], name AS [name], CONVERT(nvarchar(60), DATABASEPROPERTYEX(name, N''Updateability'')) AS [update], CONVERT(nvarchar(36), service_broker_guid) AS [id] FROM sys.databases WHERE database_id = DB_ID()')[0]
        $answer.Server = $row.server
        $answer.Name = $row.name
        $answer.Update = $row.update
        $answer.Id = $row.id
    } catch { $answer.Error = $_.Exception.GetBaseException().Message }
    New-Object PSObject -Property $answer
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
    Import-StepModule -Name Microsoft.MBAM -Feature 'Install the MBAM server software, then open a new window.'
    Import-StepModule -Name WebAdministration -Feature 'Run the install of web/windows-features.'
    $paths = @{
        'AgentService' = 'MBAMRecoveryAndHardwareService'
        'AdministrationPortal' = 'HelpDesk'
        'SelfServicePortal' = 'SelfService'
    }
    # Each record is feature|property|value; the first of a property counts.
    $old = @{}
    $features = @()
    foreach ($line in @(Get-InstallChange (Get-InstallName))) {
        $part = $line.Split([char[]]@('|'), 3)
        if ($part.Count -ne 3 -or -not $paths.ContainsKey($part[0])) { continue }
        $place = '{0}|{1}' -f $part[0], $part[1]
        if (-not $old.ContainsKey($place)) { $old[$place] = $part[2] }
        if ($features -notcontains $part[0]) { $features += $part[0] }
    }
    $open = @()
    foreach ($feature in $features) {
        $state = Get-WebFeatureState -Feature $feature -Site $Site -Path $paths[$feature]
        $was = $old['{0}|HostName' -f $feature]
        if ($null -eq $state) { $open += $feature } elseif ([string]$state.HostName -ne $was) { Stop-Step 3 ('{0} is enabled with the host name {1}. Run the rollback of web/take-host-name first. Nothing was changed.' -f $feature, $state.HostName) }
    }
    if ($open.Count -eq 0) {
        Write-Unchanged 'The install disabled nothing, or the features have their old host name again.'
        if ($PSCmdlet.ShouldProcess((Get-InstallName), 'set the record of the install aside')) { Close-InstallRecord (Get-InstallName) }
    } else {
        $first = $features[0]
        $account = $old['{0}|WebServiceApplicationPoolUser' -f $first]
        foreach ($value in @($old['{0}|ComplianceAndAuditDBConnectionString' -f $first], $old['{0}|RecoveryDBConnectionString' -f $first])) {
            $answer = Get-DatabaseIdentity $value
            if ($answer.Error) { Stop-Step 2 ('No answer through the recorded string {0}: {1} Nothing was changed.' -f $value, $answer.Error) }
        }
        $certificate = $null
        $print = @(@($features | ForEach-Object { $old['{0}|CertificateThumbprint' -f $_] }) | Where-Object { $_ })
        if ($print.Count -gt 0) {
            $certificatePath = 'Cert:\LocalMachine\My\{0}' -f $print[0]
            if (-not (Test-Path -LiteralPath $certificatePath)) { Stop-Step 2 ('The certificate that the features had is not here any more: {0}. Nothing was changed.' -f $certificatePath) }
            $certificate = Get-Item -LiteralPath $certificatePath
        }
        if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('ask for the password of {0} and enable {1} again under {2}' -f $account, ($open -join ', '), $old['{0}|HostName' -f $first]))) {
            $typed = Get-Credential -UserName $account -Message ('Password of the application pool account {0}' -f $account)
            if ($null -eq $typed) { Stop-Step 2 'No password was given. Nothing was changed.' }
            if ((Get-AccountSid $typed.UserName) -ne (Get-AccountSid $account)) { Stop-Step 3 ('The application pool account was {0}, given was {1}. Nothing was changed.' -f $account, $typed.UserName) }
            $credential = New-Object System.Management.Automation.PSCredential -ArgumentList $account, $typed.Password
            if ($open -contains 'AgentService') {
                $argsAgentService = @{
                    AgentService = $true
                    HostName = $old['AgentService|HostName']
                    Port = [int]$old['AgentService|Port']
                    InstallationPath = $old['AgentService|InstallationPath']
                    ComplianceAndAuditDBConnectionString = $old['AgentService|ComplianceAndAuditDBConnectionString']
                    RecoveryDBConnectionString = $old['AgentService|RecoveryDBConnectionString']
                    WebServiceApplicationPoolCredential = $credential
                }
                $Result.changed += 'AgentService'
                if ($null -eq $certificate) { Enable-MbamWebApplication @argsAgentService -Confirm:$false | ForEach-Object { [string]$_ } } else { Enable-MbamWebApplication @argsAgentService -Certificate $certificate -Confirm:$false | ForEach-Object { [string]$_ } }
            }
            if ($open -contains 'AdministrationPortal') {
                # The cmdlet takes the Web Service URL; what is shown may go on with a page below it.
                $reports = $old['AdministrationPortal|ReportUrl']
                foreach ($page in @('/Pages/', '/ReportService')) {
                    $at = $reports.IndexOf($page, [StringComparison]::OrdinalIgnoreCase)
                    if ($at -gt 0) { $reports = $reports.Substring(0, $at) }
                }
                $argsAdministrationPortal = @{
                    AdministrationPortal = $true
                    HostName = $old['AdministrationPortal|HostName']
                    Port = [int]$old['AdministrationPortal|Port']
                    InstallationPath = $old['AdministrationPortal|InstallationPath']
                    ComplianceAndAuditDBConnectionString = $old['AdministrationPortal|ComplianceAndAuditDBConnectionString']
                    RecoveryDBConnectionString = $old['AdministrationPortal|RecoveryDBConnectionString']
                    WebServiceApplicationPoolCredential = $credential
                    VirtualDirectory = $old['AdministrationPortal|VirtualDirectory'].Trim('/')
                    ReportUrl = $reports
                    AdvancedHelpdeskAccessGroup = $old['AdministrationPortal|AdvancedHelpdeskAccessGroup']
                    HelpdeskAccessGroup = $old['AdministrationPortal|HelpdeskAccessGroup']
                    ReportsReadOnlyAccessGroup = $old['AdministrationPortal|ReportsReadOnlyAccessGroup']
                }
                $Result.changed += 'AdministrationPortal'
                if ($null -eq $certificate) { Enable-MbamWebApplication @argsAdministrationPortal -Confirm:$false | ForEach-Object { [string]$_ } } else { Enable-MbamWebApplication @argsAdministrationPortal -Certificate $certificate -Confirm:$false | ForEach-Object { [string]$_ } }
            }
            if ($open -contains 'SelfServicePortal') {
                $argsSelfServicePortal = @{
                    SelfServicePortal = $true
                    HostName = $old['SelfServicePortal|HostName']
                    Port = [int]$old['SelfServicePortal|Port']
                    InstallationPath = $old['SelfServicePortal|InstallationPath']
                    ComplianceAndAuditDBConnectionString = $old['SelfServicePortal|ComplianceAndAuditDBConnectionString']
                    RecoveryDBConnectionString = $old['SelfServicePortal|RecoveryDBConnectionString']
                    WebServiceApplicationPoolCredential = $credential
                    VirtualDirectory = $old['SelfServicePortal|VirtualDirectory'].Trim('/')
                }
                $Result.changed += 'SelfServicePortal'
                if ($null -eq $certificate) { Enable-MbamWebApplication @argsSelfServicePortal -Confirm:$false | ForEach-Object { [string]$_ } } else { Enable-MbamWebApplication @argsSelfServicePortal -Certificate $certificate -Confirm:$false | ForEach-Object { [string]$_ } }
            }
            foreach ($feature in $open) {
                $state = Get-WebFeatureState -Feature $feature -Site $Site -Path $paths[$feature]
                $name = if ($null -eq $state) { 'not enabled' } else { [string]$state.HostName }
                if ($name -ne $old['{0}|HostName' -f $feature]) { Stop-Step 4 ('{0} reads back as: {1}. Look into the event log Microsoft-Windows-MBAM-Server/Admin.' -f $feature, $name) }
            }
            Close-InstallRecord (Get-InstallName)
            Write-Changed ('Enabled again under the old host name: {0}. Texts of the Self-Service Portal, pages and a machine key that somebody set by hand are in the kept files; put them back by hand.' -f ($open -join ', '))
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
