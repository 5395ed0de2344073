<#
.SYNOPSIS
Enable MBAM's web features.
.DESCRIPTION
Step      web/enable-web-applications, install, file number 650
Run on    WEB1 (web1.contoso.com), 64-bit, elevated
Run by    web administrator
Changes   the IIS site Microsoft BitLocker Administration and Monitoring, its application pool as CONTOSO\svc-mbam-pool, and MBAM's registry values on WEB1
Undo      disables the features that the install's result lists under "changed"
Downtime  none while the node is not yet behind mbam.contoso.com; drain it first when it is
Success   Get-MbamWebApplication shows every feature as planned; MBAM-Web logs 200, 201 and 202 once the portals are opened, which web/event-proof demands. For the install, as for web/ready-gate, whoever runs it needs a login that may open both databases: a member of CONTOSO\MBAM DB RW, or a member of sysadmin, for the night
Sources   [documented] MBAM cmdlet reference (Microsoft.MBAM)
          [documented] Planning for MBAM 2.5 high availability
          [documented] How to Configure the MBAM 2.5 Web Applications
          [documented] Configuring MBAM 2.5 Server Features by Using Windows PowerShell
          [documented] Validating the MBAM 2.5 Server Feature Configuration
          [documented] MBAM 2.5 Server Event Logs
          [documented] KB 896861: BackConnectionHostNames
Inferred  the cmdlet does not refuse a certificate issued to the virtual host name; the document says so of the wizard only; proved by: Test-MbamWebApplication before anything is changed
Inferred  an enabled feature with the planned values may be left alone; proved by: the comparison with Get-MbamWebApplication; a feature with other values is refused
Inferred  which application belongs to which feature, where a farm has not all three; proved by: the verify lists the applications of the site
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\650-enable-web-applications.ps1 -WhatIf
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
$StepName = 'web/enable-web-applications'
$StepKind = 'install'
$ResultName = 'web.enable-web-applications.install'
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
function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
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
function Read-MbamDatabase {
    # Opens the connection string as the person who runs the script and reads who answered. Error is '' when it worked.
    param([string]$Connection)
    $answer = @{ Error = ''; Server = ''; Database = ''; Collation = ''; Updateability = ''; Scheme = ''; Transport = '' }
    $client = New-Object System.Data.SqlClient.SqlConnection
    try {
        $client.ConnectionString = $Connection
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandTimeout = 30
        $command.CommandText = 'SELECT CONVERT(nvarchar(128), @@SERVERNAME), DB_NAME(), CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), ''Collation'')), CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), ''Updateability'')), CONVERT(nvarchar(40), CONNECTIONPROPERTY(''auth_scheme'')), CONVERT(nvarchar(40), CONNECTIONPROPERTY(''net_transport''))'
        $reader = $command.ExecuteReader()
        [void]$reader.Read()
        $answer.Server = [string]$reader.GetValue(0)
        $answer.Database = [string]$reader.GetValue(1)
        $answer.Collation = [string]$reader.GetValue(2)
        $answer.Updateability = [string]$reader.GetValue(3)
        $answer.Scheme = [string]$reader.GetValue(4)
        $answer.Transport = [string]$reader.GetValue(5)
        $reader.Close()
    } catch {
        $cause = $_.Exception.GetBaseException()
        $answer.Error = $cause.Message
        # 18452, 18456: refused by the server, 4060: by the database.
        if ($cause -is [System.Data.SqlClient.SqlException] -and @(18452, 18456, 4060) -contains $cause.Number) {
            $answer.Error = '{0} (error {1}) The server answers and refuses the person who runs this, who has no login there or may not open the database. That says nothing about the account of the application pool: its own login is proved by the events 200 and 201 of MBAM-Web, once the portals are opened.' -f $cause.Message, $cause.Number
        }
    } finally { $client.Dispose() }
    New-Object PSObject -Property $answer
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
    $Account = 'CONTOSO\svc-mbam-pool'
    $Thumbprint = '9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
    if (-not $Thumbprint) { Stop-Step 2 'The topology names no certificate for this node yet. Import the certificate, write its thumbprint into the topology, and render again. Nothing was changed.' }
    Import-StepModule -Name Microsoft.MBAM -Feature 'Install the MBAM server software, then open a new window.'
    Import-StepModule -Name WebAdministration -Feature 'Run the install of web/windows-features.'
    # What is planned, as Get-MbamWebApplication shows it.
    $plans = [ordered]@{}
    $paths = @{}
    $paths['AgentService'] = 'MBAMRecoveryAndHardwareService'
    $plans['AgentService'] = [ordered]@{
        'HostName' = 'mbam.contoso.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        'RecoveryDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
        'WebServiceApplicationPoolUser' = 'CONTOSO\svc-mbam-pool'
    }
    $paths['AdministrationPortal'] = 'HelpDesk'
    $plans['AdministrationPortal'] = [ordered]@{
        'HostName' = 'mbam.contoso.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        'RecoveryDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
        'WebServiceApplicationPoolUser' = 'CONTOSO\svc-mbam-pool'
        'CertificateThumbprint' = '9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
        'VirtualDirectory' = 'HelpDesk'
        'ReportUrl' = 'https://rpt1.contoso.com/ReportServer'
        'AdvancedHelpdeskAccessGroup' = 'CONTOSO\MBAM Advanced Helpdesk'
        'HelpdeskAccessGroup' = 'CONTOSO\MBAM Helpdesk'
        'ReportsReadOnlyAccessGroup' = 'CONTOSO\MBAM Report Readers'
    }
    $paths['SelfServicePortal'] = 'SelfService'
    $plans['SelfServicePortal'] = [ordered]@{
        'HostName' = 'mbam.contoso.com'
        'Port' = 443
        'InstallationPath' = 'C:\inetpub'
        'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
        'RecoveryDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
        'WebServiceApplicationPoolUser' = 'CONTOSO\svc-mbam-pool'
        'CertificateThumbprint' = '9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D'
        'VirtualDirectory' = 'SelfService'
    }
    $open = @()
    foreach ($feature in @($plans.Keys)) {
        $state = Get-WebFeatureState -Feature $feature -Site $Site -Path $paths[$feature]
        if ($null -eq $state) { $open += $feature; continue }
        $different = @(Get-WebDifference $state $plans[$feature])
        if ($different.Count -gt 0) { Stop-Step 3 ('{0} is enabled, but not as planned: {1}. Nothing was changed. If the plan is right, disable the feature (Disable-MbamWebApplication -{0}) and start this script again.' -f $feature, ($different -join '; ')) }
    }
    # The gate once more, in short.
    foreach ($connection in @('Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True', 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True')) {
        $answer = Read-MbamDatabase $connection
        if ($answer.Error) { Stop-Step 2 ('No answer through {0}: {1} Nothing was changed. Run the verify of web/ready-gate.' -f $connection, $answer.Error) }
    }
    $answer = Get-HttpStatus 'https://rpt1.contoso.com/ReportServer'
    if (@(200, 301, 302, 401, 403) -notcontains $answer.Status) { Stop-Step 2 ('The report server does not answer ({0} {1}). Nothing was changed. Run the verify of web/ready-gate.' -f $answer.Status, $answer.Text) }
    $certificatePath = 'Cert:\LocalMachine\My\{0}' -f $Thumbprint
    if (-not (Test-Path -LiteralPath $certificatePath)) { Stop-Step 2 ('Certificate {0} is not in this computer''s Personal store. Nothing was changed. Run the preflight of web/certificate.' -f $Thumbprint) }
    $certificate = Get-Item -LiteralPath $certificatePath
    if (-not $certificate.HasPrivateKey -or $certificate.NotAfter -le [DateTime]::Now) { Stop-Step 2 ('Certificate {0} has no private key here, or has expired. Nothing was changed. Run the preflight of web/certificate.' -f $Thumbprint) }
    Add-Info -Name 'Certificate issued to' -Text $certificate.GetNameInfo([System.Security.Cryptography.X509Certificates.X509NameType]::SimpleName, $false)
    if ($open.Count -eq 0) {
        Write-Unchanged ('{0} enabled as planned.' -f (@($plans.Keys) -join ', '))
    } elseif ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, ('ask for the password of {0}, test and enable {1}' -f $Account, ($open -join ', ')))) {
        $typed = Get-Credential -UserName $Account -Message ('Password of the application pool account {0}' -f $Account)
        if ($null -eq $typed) { Stop-Step 2 'No password was given. Nothing was changed.' }
        if ((Get-AccountSid $typed.UserName) -ne (Get-AccountSid $Account)) { Stop-Step 3 ('The application pool account of the plan is {0}, given was {1}. Nothing was changed.' -f $Account, $typed.UserName) }
        $credential = New-Object System.Management.Automation.PSCredential -ArgumentList $Account, $typed.Password
        $argsAgentService = @{
            AgentService = $true
            'HostName' = 'mbam.contoso.com'
            'Port' = 443
            'InstallationPath' = 'C:\inetpub'
            'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
            'RecoveryDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
            'WebServiceApplicationPoolCredential' = $credential
            'Certificate' = $certificate
        }
        $argsAdministrationPortal = @{
            AdministrationPortal = $true
            'HostName' = 'mbam.contoso.com'
            'Port' = 443
            'InstallationPath' = 'C:\inetpub'
            'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
            'RecoveryDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
            'WebServiceApplicationPoolCredential' = $credential
            'Certificate' = $certificate
            'VirtualDirectory' = 'HelpDesk'
            'ReportUrl' = 'https://rpt1.contoso.com/ReportServer'
            'AdvancedHelpdeskAccessGroup' = 'CONTOSO\MBAM Advanced Helpdesk'
            'HelpdeskAccessGroup' = 'CONTOSO\MBAM Helpdesk'
            'ReportsReadOnlyAccessGroup' = 'CONTOSO\MBAM Report Readers'
        }
        $argsSelfServicePortal = @{
            SelfServicePortal = $true
            'HostName' = 'mbam.contoso.com'
            'Port' = 443
            'InstallationPath' = 'C:\inetpub'
            'ComplianceAndAuditDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
            'RecoveryDBConnectionString' = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;MultiSubnetFailover=True'
            'WebServiceApplicationPoolCredential' = $credential
            'Certificate' = $certificate
            'VirtualDirectory' = 'SelfService'
            'CompanyName' = 'Contoso IT'
            'HelpdeskUrlText' = 'Contact the Contoso help desk'
            'HelpdeskUrl' = 'https://help.contoso.com'
        }
        if ($open -contains 'AgentService') { Add-MbamTest -Name 'Test-MbamWebApplication -AgentService' -Answer @(Test-MbamWebApplication @argsAgentService -Detailed) }
        if ($open -contains 'AdministrationPortal') { Add-MbamTest -Name 'Test-MbamWebApplication -AdministrationPortal' -Answer @(Test-MbamWebApplication @argsAdministrationPortal -Detailed) }
        if ($open -contains 'SelfServicePortal') { Add-MbamTest -Name 'Test-MbamWebApplication -SelfServicePortal' -Answer @(Test-MbamWebApplication @argsSelfServicePortal -Detailed) }
        if (@($Result.checks | Where-Object { -not $_.ok }).Count -gt 0) { Stop-Step 2 'MBAM''s own test failed; its messages stand above. Nothing was changed. If it complains that the certificate is issued to another name: the certificate''s subject must be the virtual host name. MBAM''s FAQ also knows a detour: enable with a self-signed certificate of the expected name, then bind the real one in IIS.' }
        # A feature is recorded before its call: a call that fails half-way has changed something.
        'Enabling {0}. This takes some minutes.' -f ($open -join ', ')
        if ($open -contains 'AgentService') {
            Save-Change 'AgentService'
            Enable-MbamWebApplication @argsAgentService -Confirm:$false | ForEach-Object { [string]$_ }
        }
        if ($open -contains 'AdministrationPortal') {
            Save-Change 'AdministrationPortal'
            Enable-MbamWebApplication @argsAdministrationPortal -Confirm:$false | ForEach-Object { [string]$_ }
        }
        if ($open -contains 'SelfServicePortal') {
            Save-Change 'SelfServicePortal'
            Enable-MbamWebApplication @argsSelfServicePortal -Confirm:$false | ForEach-Object { [string]$_ }
        }
        foreach ($feature in @($plans.Keys)) {
            $state = Get-WebFeatureState -Feature $feature -Site $Site -Path $paths[$feature]
            $different = @(if ($null -eq $state) { 'it is not enabled' } else { Get-WebDifference $state $plans[$feature] })
            if ($different.Count -gt 0) { Stop-Step 4 ('{0} does not read back as planned: {1}. Look into the event log Microsoft-Windows-MBAM-Server/Admin.' -f $feature, ($different -join '; ')) }
        }
        Write-Changed ('Enabled: {0}. Run the verify of this step; web/machine-key comes before the node takes users.' -f ($open -join ', '))
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
