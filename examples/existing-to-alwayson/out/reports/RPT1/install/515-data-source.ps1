<#
.SYNOPSIS
Point the data source of the existing reports at the new place of the database.
.DESCRIPTION
Step      reports/data-source, install, file number 515
Run on    RPT1 (rpt1.contoso.com), 64-bit, elevated
Run by    report administrator
Changes   connection string and stored password of the data source MaltaDataSource in the report server's catalogue; reports, their permissions and subscriptions stay
Undo      writes back the string that the install's result lists under "changed", after the password of CONTOSO\svc-mbam-ro is typed
Downtime  none: a report that is running ends with the old string, the next one uses the new
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
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\515-data-source.ps1 -WhatIf
#>
#Requires -Version 4.0
[CmdletBinding(SupportsShouldProcess = $true)]
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
$StepKind = 'install'
$ResultName = 'reports.data-source.install'
$StepHosts = @('RPT1', 'rpt1.contoso.com')
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
function ConvertTo-ConnectionText {
    # One spelling for a connection string: SSPI and True, Server and Data Source are the same thing.
    param([string]$Connection)
    try { (New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Connection).ToString() } catch { $Connection }
}
function Get-AccountSid {
    param([string]$Account)
    try { (New-Object System.Security.Principal.NTAccount $Account).Translate([System.Security.Principal.SecurityIdentifier]).Value } catch { Stop-Step 2 ('The account {0} is not found in the directory. Nothing was changed.' -f $Account) }
}
function Get-ConnectionExtra {
    # Keywords that the old connection string sets and the new one does not, but for those that say where the database is.
    param([string]$Old, [string]$New)
    $from = New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $Old
    $to = New-Object System.Data.SqlClient.SqlConnectionStringBuilder -ArgumentList $New
    foreach ($word in @($from.get_Keys())) {
        if (@('Data Source', 'Failover Partner', 'Initial Catalog', 'Integrated Security', 'Password') -contains $word) { continue }
        if ($from.ShouldSerialize($word) -and -not $to.ShouldSerialize($word)) { '{0}={1}' -f $word, $from[$word] }
    }
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
    $DataSource = '/Microsoft BitLocker Administration and Monitoring/MaltaDataSource'
    $Connection = 'Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True'
    $Account = 'CONTOSO\svc-mbam-ro'
    if (-not $Url) { $Url = 'https://rpt1.contoso.com/ReportServer' }
    $proxy = $null
    $source = $null
    try {
        $proxy = New-WebServiceProxy -Uri ('{0}/ReportService2010.asmx?wsdl' -f $Url.TrimEnd('/')) -UseDefaultCredential
        $source = $proxy.GetDataSourceContents($DataSource)
    } catch { Stop-Step 2 ('The data source {0} cannot be read through {1}: {2} The person who runs this needs the role Content Manager on that folder. A 401 on the server itself is the loopback check: give another name of this server with -Url. Nothing was changed.' -f $DataSource, $Url, $_.Exception.GetBaseException().Message) }
    if ([string]$source.CredentialRetrieval -ne 'Store' -or -not $source.WindowsCredentials) { Stop-Step 3 ('The data source does not use a stored Windows account, as MBAM makes it (CredentialRetrieval {0}). Nothing was changed.' -f $source.CredentialRetrieval) }
    if (-not (Test-SameAccount ([string]$source.UserName) $Account)) { Stop-Step 3 ('The data source uses the account {0}; the plan says {1}. Correct accounts.reports in the topology, or enable the reports again with the right account. Nothing was changed.' -f $source.UserName, $Account) }
    function Read-DataSourcePassword {
        $typed = Get-Credential -UserName $Account -Message ('Password of the account of the reports'' data source, {0}' -f $Account)
        if ($null -eq $typed) { Stop-Step 2 'No password was given. Nothing was changed.' }
        if ((Get-AccountSid $typed.UserName) -ne (Get-AccountSid $Account)) { Stop-Step 3 ('The account of the data source is {0}, given was {1}. Nothing was changed.' -f $Account, $typed.UserName) }
        $typed
    }
    function Test-DataSource {
        # The report server itself tries string and password, before they are stored.
        param([System.Management.Automation.PSCredential]$Typed)
        $fault = ''
        $good = $proxy.TestConnectForDataSourceDefinition($source, $Account, $Typed.GetNetworkCredential().Password, [ref]$fault)
        if (-not $good) { Stop-Step 2 ('The report server does not connect through {0}: {1} A wrong password, or no login of {2} on the database server. Nothing was changed.' -f $source.ConnectString, $fault, $Account) }
    }
    $old = [string]$source.ConnectString
    if ((ConvertTo-ConnectionText $old) -eq (ConvertTo-ConnectionText $Connection)) {
        Write-Unchanged ('The data source has the planned string: {0}' -f $old)
    } else {
        $new = Get-DatabaseIdentity $Connection
        if ($new.Error) { Stop-Step 2 ('No answer through the planned string {0}: {1} Nothing was changed. Run the verify of database/availability-check.' -f $Connection, $new.Error) }
        $now = Get-DatabaseIdentity $old
        if ($now.Error) {
            Stop-Step 3 ('No answer through the string that is in use, {0}: {1} So nothing proves that the planned one leads to the same database. Nothing was changed.' -f $old, $now.Error)
        } elseif ($now.Id -ne $new.Id) {
            Stop-Step 3 ('{0} leads to {1} on {2}, the planned string to another database, {3} on {4}. Nothing was changed.' -f $old, $now.Name, $now.Server, $new.Name, $new.Server)
        }
        foreach ($word in @(Get-ConnectionExtra -Old $old -New $Connection)) { Add-Info -Name 'Not taken over' -Text $word }
        if ($PSCmdlet.ShouldProcess($DataSource, ('ask for the password of {0} and set the string {1} (now {2})' -f $Account, $Connection, $old))) {
            $typed = Read-DataSourcePassword
            $source.ConnectString = $Connection
            $source.Password = $typed.GetNetworkCredential().Password
            Test-DataSource $typed
            Save-Change ('ConnectString|{0}' -f $old)
            $proxy.SetDataSourceContents($DataSource, $source)
            $back = [string]$proxy.GetDataSourceContents($DataSource).ConnectString
            if ($back -ne $Connection) { Stop-Step 4 ('The string reads back as {0}.' -f $back) }
            Write-Changed ('The data source has the string {0}. Open a report from a workstation, then run the verify script of this step.' -f $Connection)
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
