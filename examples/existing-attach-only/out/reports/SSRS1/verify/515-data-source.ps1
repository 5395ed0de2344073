<#
.SYNOPSIS
Verify: point the data source of the existing reports at the new place of the database.
.DESCRIPTION
Step      reports/data-source, verify, file number 515
Run on    SSRS1 (ssrs1.corp.fabrikam.com), 64-bit, elevated
Run by    report administrator
Changes   nothing
Undo      nothing to undo
Success   the data source has the planned string, and the planned database answers through it
Sources   [documented] How to Move the MBAM 2.5 Databases
          [documented] How to Configure the MBAM 2.5 Reports
          [documented] ReportingService2010 class: GetDataSourceContents, SetDataSourceContents, TestConnectForDataSourceDefinition
          [documented] Reporting Services with Always On availability groups
          [field] Public MBAM test packages and issue threads
Inferred  MBAM reads the data source from the report server's catalogue and keeps no copy of the string; proved by: Get-MbamReport in the verify of this step
Inferred  the data source lies in the folder and under the name that MBAM's validation page shows; proved by: the install stops with 2 when it does not find it
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.PARAMETER Url
Web Service URL of this report server, when the planned one leads to a balancer or is refused on the server itself (loopback check).
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\515-data-source.ps1
#>
#Requires -Version 4.0
[CmdletBinding()]
param(
    [string]$Url = '',
    [string]$WorkDir = (Join-Path $env:ProgramData 'mbamplan')
)
#region frame
if ($MyInvocation.InvocationName -eq '.') { throw 'Do not dot-source this script. Start it with: powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File <path>' }
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'reports/data-source'
$StepKind = 'verify'
$ResultName = 'reports.data-source.verify'
$StepHosts = @('SSRS1', 'ssrs1.corp.fabrikam.com')
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
function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
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
function Import-StepModule {
    param([string]$Name, [string]$Feature)
    if (-not (Get-Module -ListAvailable -Name $Name)) { Stop-Step 2 ('The PowerShell module {0} is missing. {1} Then start this script again. Nothing was changed.' -f $Name, $Feature) }
    Import-Module -Name $Name
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
    if (@($names | Where-Object { $StepHosts -contains $_ }).Count -eq 0) { Stop-Step 2 ('This script is for {0}. This machine is {1}. Nothing was changed.' -f ($StepHosts -join ' / '), $names[2]) }
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
    $DataSource = '/Microsoft BitLocker Administration and Monitoring/MaltaDataSource'
    $Connection = 'Data Source=mbam-sql.corp.fabrikam.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
    $Account = 'FABRIKAM\svc-mbam-reports'
    if (-not $Url) { $Url = 'https://ssrs1.corp.fabrikam.com/ReportServer' }
    $proxy = $null
    $source = $null
    try {
        $proxy = New-WebServiceProxy -Uri ('{0}/ReportService2010.asmx?wsdl' -f $Url.TrimEnd('/')) -UseDefaultCredential
        $source = $proxy.GetDataSourceContents($DataSource)
    } catch { Stop-Step 2 ('The data source {0} cannot be read through {1}: {2} The person who runs this needs the role Content Manager on that folder. A 401 on the server itself is the loopback check: give another name of this server with -Url. Nothing was changed.' -f $DataSource, $Url, $_.Exception.GetBaseException().Message) }
    if ([string]$source.CredentialRetrieval -ne 'Store' -or -not $source.WindowsCredentials) { Stop-Step 3 ('The data source does not use a stored Windows account, as MBAM makes it (CredentialRetrieval {0}). Nothing was changed.' -f $source.CredentialRetrieval) }
    if (-not (Test-SameAccount ([string]$source.UserName) $Account)) { Stop-Step 3 ('The data source uses the account {0}; the plan says {1}. Correct accounts.reports in the topology, or enable the reports again with the right account. Nothing was changed.' -f $source.UserName, $Account) }
    $have = [string]$source.ConnectString
    Add-Check -Name 'Connection string of the data source' -Ok ((ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $Connection)) -Expected $Connection -Actual $have
    Import-StepModule -Name Microsoft.MBAM -Feature 'The MBAM server software is not installed, so this is no existing report server of MBAM.'
    foreach ($state in @(Get-MbamReport)) {
        $have = [string]$state.ComplianceAndAuditDBConnectionString
        Add-Check -Name 'Connection string as MBAM shows it' -Ok ((ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $Connection)) -Expected $Connection -Actual $have
    }
    $answer = Get-DatabaseIdentity $(if ($source.ConnectString) { [string]$source.ConnectString } else { $Connection })
    $found = if ($answer.Error) { $answer.Error } else { $answer.Name }
    Add-Check -Name 'Database that answers' -Ok ($found -eq 'MBAM Compliance Status') -Expected 'MBAM Compliance Status' -Actual $found
    Add-Info -Name 'By hand' -Text ('from a workstation, as a member of {0}: open a report; that proves the stored password' -f 'FABRIKAM\MBAM-Reports')
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
