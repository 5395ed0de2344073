<#
.SYNOPSIS
Enable MBAM's reports.
.DESCRIPTION
Step      reports/enable-reports, install, file number 520
Run on    RPT1 (rpt1.treyresearch.net), 64-bit, elevated
Run by    report administrator
Changes   the folder of MBAM's reports and their data source in the report server's catalogue, read as TREY\svc-mbam-ro; readers: TREY\MBAM Report Readers
Undo      disables the reports if the install enabled them
Success   Get-MbamReport shows the planned values, and https://rpt1.treyresearch.net/ReportServer answers
Sources   [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [documented] How to Configure the MBAM 2.5 Reports
          [documented] Planning for MBAM 2.5 Groups and Accounts
          [documented] MBAM 2.5 Server Prerequisites
          [documented] MBAM 2.5 Server Event Logs
          [documented] Reporting Services with Always On availability groups
          [documented] Install SQL Server Reporting Services: a product of its own with one instance since 2017
          [documented] MSReportServer_ConfigurationSetting members
          [field] Public MBAM test packages and issue threads
Inferred  the reports use the connection string of the web applications for the compliance database, with the keywords that this version of Reporting Services knows; no document gives one for an availability group; proved by: Test-MbamReport before anything is changed, and opening a report afterwards
Inferred  reports that are enabled with the planned values may be left alone; proved by: the comparison with Get-MbamReport; other values are refused
Inferred  in a scale-out deployment Enable-MbamReport works on every server, although folder, data source and policies are in the common catalogue already; proved by: the read-back on each server; event 800 of MBAM-Server/Admin says so when a policy exists already
Inferred  an answer of 200, 301, 302, 401 or 403 means that the report server works: it asks for credentials; proved by: opening a report from a workstation
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\520-enable-reports.ps1 -WhatIf
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
$StepName = 'reports/enable-reports'
$StepKind = 'install'
$ResultName = 'reports.enable-reports.install'
$StepHosts = @('RPT1', 'rpt1.treyresearch.net')
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
function Add-Check {
    param([string]$Name, [bool]$Ok, [string]$Expected, [string]$Actual)
    $script:Result.checks += , ([ordered]@{ name = $Name; ok = $Ok; expected = $Expected; actual = $Actual })
    if ($Ok) { '[ok]   {0}: {1}' -f $Name, $Actual } else { '[FAIL] {0}: expected {1}, found {2}' -f $Name, $Expected, $Actual }
}
function Add-MbamTest {
    # Judges the output of a Test- command of MBAM called with -Detailed: messages, then true or false as the last element.
    param([string]$Name, [object[]]$Answer)
    $said = @()
    $good = $false
    foreach ($row in $Answer) {
        if ($row -is [bool]) { $good = $row }
        elseif ($null -ne $row -and $null -ne $row.PSObject.Properties['Message']) { $said += '{0}: {1}' -f $(if ($null -ne $row.PSObject.Properties['Type']) { [string]$row.Type } else { 'message' }), [string]$row.Message }
    }
    Add-Check -Name $Name -Ok $good -Expected 'True' -Actual ((@([string]$good) + $said) -join '; ')
}
function Get-AccountSid {
    param([string]$Account)
    try { (New-Object System.Security.Principal.NTAccount $Account).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { Stop-Step 2 ('The account {0} is not found in the directory. Nothing was changed.' -f $Account) }
}
function ConvertTo-AccountSid {
    param([string]$Entry)
    if ($Entry.StartsWith('*')) { return $Entry.Substring(1) }
    try { (New-Object System.Security.Principal.NTAccount -ArgumentList $Entry).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { $Entry }
}
function Get-AccountGroupSid {
    # SIDs of the domain groups that hold the account, nested ones too. Groups of the domain controller itself (S-1-5-32-)
    # say nothing about this server and are left out.
    param([string]$Sid)
    try {
        $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://<SID={0}>' -f $Sid)
        $entry.RefreshCache(@('tokenGroups'))
        foreach ($bytes in $entry.Properties['tokenGroups']) {
            $group = (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $bytes, 0).Value
            if (-not $group.StartsWith('S-1-5-32-')) { $group }
        }
    } catch { Add-Info -Name 'Groups of the account' -Text ('not read from the directory, so only the account itself and IIS_IUSRS count: {0}' -f $_.Exception.Message) | Out-Null }
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
function Get-UserRight {
    # Gives a table: name of a right -> list of "*SID" or account name, as secedit writes them.
    $folder = Join-Path ([IO.Path]::GetTempPath()) ('mbamplan.{0}' -f [Guid]::NewGuid().ToString('N'))
    $file = Join-Path $folder 'rights.inf'
    $rights = @{}
    $inside = $false
    [void][IO.Directory]::CreateDirectory($folder)
    try {
        $run = Invoke-Native (Join-Path $env:SystemRoot 'System32\secedit.exe') @('/export', '/cfg', $file, '/areas', 'USER_RIGHTS', '/quiet')
        if (-not [IO.File]::Exists($file)) { Stop-Step 2 ('secedit did not export the user rights (exit code {0}). Nothing was changed.' -f $run.ExitCode) }
        foreach ($line in [IO.File]::ReadAllLines($file)) {
            $at = $line.IndexOf('=')
            if ($line.StartsWith('[')) { $inside = $line.Trim() -eq '[Privilege Rights]' }
            elseif ($inside -and $at -gt 0) { $rights[$line.Substring(0, $at).Trim()] = @($line.Substring($at + 1).Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ }) }
        }
    } finally { try { [IO.Directory]::Delete($folder, $true) } catch { Add-Info -Name 'Left behind' -Text $folder | Out-Null } }
    if ($rights.Count -eq 0) { Stop-Step 2 'secedit exported no user rights. Nothing was changed.' }
    $rights
}
function Get-BatchRight {
    # May the account log on as a batch job on this server? Ok, and Text with the entries of the right and of its denial.
    param([string]$Account)
    $sid = Get-AccountSid $Account
    $holders = @($sid, 'S-1-1-0', 'S-1-5-11') + @(Get-AccountGroupSid $sid)
    $rights = Get-UserRight
    $allowed = @($rights['SeBatchLogonRight'] | Where-Object { $_ })
    $denied = @($rights['SeDenyBatchLogonRight'] | Where-Object { $_ })
    $has = @($allowed | Where-Object { $holders -contains (ConvertTo-AccountSid $_) }).Count -gt 0
    $stopped = @($denied | Where-Object { $holders -contains (ConvertTo-AccountSid $_) }).Count -gt 0
    $text = 'allowed: {0}; denied: {1}' -f $(if ($allowed.Count -gt 0) { $allowed -join ', ' } else { 'nobody' }), $(if ($denied.Count -gt 0) { $denied -join ', ' } else { 'nobody' })
    New-Object PSObject -Property @{ Ok = ($has -and -not $stopped); Text = $text }
}
function Get-HttpStatus {
    # Asks without credentials and follows no redirection, past any proxy. Status is 0 when no HTTP answer came.
    param([string]$Url)
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $answer = @{ Status = 0; Text = '' }
    try {
        $request = [Net.WebRequest]::Create($Url)
        $request.AllowAutoRedirect = $false
        $request.Timeout = 15000
        $request.Proxy = $null
        $response = $request.GetResponse()
        $answer.Status = [int]$response.StatusCode
        $response.Close()
    } catch {
        $problem = $_.Exception
        while ($null -ne $problem.InnerException -and $problem -isnot [Net.WebException]) { $problem = $problem.InnerException }
        $answer.Text = $_.Exception.GetBaseException().Message
        if ($problem -is [Net.WebException] -and $null -ne $problem.Response) {
            $answer.Status = [int]$problem.Response.StatusCode
            $problem.Response.Close()
        }
    }
    New-Object PSObject -Property $answer
}
function Get-MbamReportState {
    # What Get-MbamReport shows while the reports are enabled; nothing while they are not, which its property Enabled says
    # (mbam-cmdlets). A failure of the command is no answer, and never counts as "not enabled".
    $state = @()
    try { $state = @(Get-MbamReport) } catch { Stop-Step 2 ('Get-MbamReport fails, so nobody knows whether the reports are enabled here: {0} Nothing was changed by that. Look into the event log Microsoft-Windows-MBAM-Server/Admin, events 800 to 802.' -f $_.Exception.Message) }
    $state | Where-Object { $null -ne $_ -and $null -ne $_.PSObject.Properties['Enabled'] -and $_.Enabled } | Select-Object -Last 1
}
function Get-ReportServer {
    # The report server of that instance on this computer, as its WMI provider shows it; nothing when there is none. The
    # provider encodes the instance in the namespace and puts its version there, so all namespaces are looked through.
    param([string]$Instance)
    $root = 'root\Microsoft\SqlServer\ReportServer'
    $found = $null
    try {
        foreach ($one in @(Get-CimInstance -Namespace $root -ClassName __NAMESPACE | Where-Object { ([string]$_.Name).StartsWith('RS_') })) {
            $space = '{0}\{1}' -f $root, $one.Name
            foreach ($version in @(Get-CimInstance -Namespace $space -ClassName __NAMESPACE | Where-Object { ([string]$_.Name).StartsWith('v') })) {
                foreach ($setting in @(Get-CimInstance -Namespace ('{0}\{1}\Admin' -f $space, $version.Name) -ClassName MSReportServer_ConfigurationSetting)) {
                    if ([string]$setting.InstanceName -eq $Instance) { $found = $setting }
                }
            }
        }
    } catch { Add-Info -Name 'WMI provider of Reporting Services' -Text $_.Exception.Message | Out-Null }
    $found
}
function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
}
function Test-SameAccount {
    param([string]$One, [string]$Other)
    if ($One -eq $Other) { return $true }
    if (-not $One -or -not $Other) { return $false }
    (ConvertTo-AccountSid $One) -eq (ConvertTo-AccountSid $Other)
}
function Get-WebDifference {
    # Names each property of Get-MbamWebApplication that is not as planned.
    param([object]$State, [System.Collections.IDictionary]$Plan)
    foreach ($name in $Plan.Keys) {
        $property = $State.PSObject.Properties[$name]
        $have = if ($null -eq $property) { '' } else { [string]$property.Value }
        $want = [string]$Plan[$name]
        if ($name.EndsWith('ConnectionString')) { $same = (ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $want) }
        elseif ($name.EndsWith('Group') -or $name.EndsWith('User')) { $same = Test-SameAccount $have $want }
        elseif ($name -eq 'ReportUrl') { $same = ('{0}/' -f $have).StartsWith(('{0}/' -f $want), [StringComparison]::OrdinalIgnoreCase) }
        else { $same = $have.Trim('/').TrimEnd('\') -eq $want.Trim('/').TrimEnd('\') }
        if (-not $same) { '{0} is {1}, planned {2}' -f $name, $have, $want }
    }
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
    $Instance = 'SSRS'
    $Url = 'https://rpt1.treyresearch.net/ReportServer'
    $Account = 'TREY\svc-mbam-ro'
    $Plan = [ordered]@{
        ComplianceAndAuditDBConnectionString = 'Data Source=mbam-sql-s.treyresearch.net,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        ComplianceAndAuditDBUser = $Account
        SsrsInstance = $Instance
        ReportsReadOnlyAccessGroup = 'TREY\MBAM Report Readers'
    }
    Import-StepModule -Name Microsoft.MBAM -Feature 'Install the MBAM server software (file number 215), then open a new window.'
    $state = Get-MbamReportState
    $different = @(if ($null -ne $state) { Get-WebDifference $state $Plan })
    if ($different.Count -gt 0) { Stop-Step 3 ('The reports are enabled, but not as planned: {0}. Nothing was changed. If the plan is right, disable them (Disable-MbamReport) and start this script again.' -f ($different -join '; ')) }
    if ($null -ne $state) {
        Write-Unchanged ('The reports are enabled as planned, with {0} as the account of the data source.' -f $Account)
    } else {
        $server = Get-ReportServer $Instance
        if ($null -eq $server) { Stop-Step 2 ('There is no report server of the instance {0} on this computer. Install and configure Reporting Services first. Nothing was changed.' -f $Instance) }
        if ($server.IsSharePointIntegrated) { Stop-Step 3 ('The report server {0} runs in SharePoint mode; MBAM needs native mode. Nothing was changed.' -f $Instance) }
        if (-not $server.IsInitialized) { Stop-Step 2 ('The report server {0} is not configured: it has no database, or has not joined its scale-out deployment. Finish that in Report Server Configuration Manager. Nothing was changed.' -f $Instance) }
        $answer = Get-HttpStatus $Url
        if (@(200, 301, 302, 401, 403) -notcontains $answer.Status) { Stop-Step 2 ('The report server does not answer at {0} ({1} {2}). Check the service {3} and the Web Service URL in Report Server Configuration Manager. Nothing was changed.' -f $Url, $answer.Status, $answer.Text, 'SQLServerReportingServices') }
        if ([int]$server.SecureConnectionLevel -eq 0) { Add-Info -Name 'SecureConnectionLevel' -Text '0: the report server also takes plain HTTP; that it answers by HTTPS was tested' }
        $right = Get-BatchRight $Account
        if (-not $right.Ok) { Stop-Step 2 ('{0} may not log on as a batch job on this server, which the data source needs ({1}). Run the install of reports/user-rights, which also says when a Group Policy sets this right. Nothing was changed.' -f $Account, $right.Text) }
        if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('ask for the password of {0}, test and enable the reports' -f $Account))) {
            $typed = Get-Credential -UserName $Account -Message ('Password of the account of the reports'' data source, {0}' -f $Account)
            if ($null -eq $typed) { Stop-Step 2 'No password was given. Nothing was changed.' }
            if ((Get-AccountSid $typed.UserName) -ne (Get-AccountSid $Account)) { Stop-Step 3 ('The account of the reports'' data source is {0} in the plan, given was {1}. Nothing was changed.' -f $Account, $typed.UserName) }
            $credential = New-Object System.Management.Automation.PSCredential -ArgumentList $Account, $typed.Password
            $argsReport = @{
                ComplianceAndAuditDBConnectionString = 'Data Source=mbam-sql-s.treyresearch.net,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
                ComplianceAndAuditDBCredential = $credential
                SsrsInstance = 'SSRS'
                ReportsReadOnlyAccessGroup = 'TREY\MBAM Report Readers'
            }
            Add-MbamTest -Name 'Test-MbamReport' -Answer @(Test-MbamReport @argsReport -Detailed)
            if (@($Result.checks | Where-Object { -not $_.ok }).Count -gt 0) { Stop-Step 2 'MBAM''s own test failed; its messages stand above. Nothing was changed.' }
            # Recorded before the call: one that fails half-way has changed something.
            Save-Change 'Reports'
            Enable-MbamReport @argsReport -Confirm:$false | ForEach-Object { [string]$_ }
            $state = Get-MbamReportState
            $different = @(if ($null -eq $state) { 'not enabled' } else { Get-WebDifference $state $Plan })
            if ($different.Count -gt 0) { Stop-Step 4 ('The reports do not read back as planned: {0}. Look into the event log Microsoft-Windows-MBAM-Server/Admin, events 800 to 802.' -f ($different -join '; ')) }
            Write-Changed ('The reports are enabled. From a workstation, as a member of {0}, open {1} and a report in it.' -f 'TREY\MBAM Report Readers', $Url)
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
