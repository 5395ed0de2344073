<#
.SYNOPSIS
Verify: prove that the node is ready for MBAM's web features.
.DESCRIPTION
Step      web/ready-gate, verify, file number 640
Run on    WEB1 (web1.adatum.com), 64-bit, elevated
Run by    web administrator
Changes   nothing
Undo      nothing to undo
Success   every check passes; only then is web/enable-web-applications run. To read the databases, whoever runs it needs a login that may open both databases: a member of ADATUM\MBAM DB RW, or a member of sysadmin, for the night
Sources   [documented] Planning for MBAM 2.5 high availability
          [documented] Deploying MBAM 2.5 in a stand-alone configuration
          [documented] Planning How to Secure the MBAM Websites: service principal names and host names
          [documented] How to Configure the MBAM 2.5 Web Applications
          [documented] Connect to an availability group listener
          [field] Public MBAM test packages and issue threads
Inferred  a person with the right to connect reaches what the application pool will reach with its own login; proved by: events 200 and 201 of MBAM-Web on this node, demanded by web/event-proof
Inferred  the value Installed of the server software's registry key is its servicing level; without the value, the entry in Programs and Features is taken; proved by: the version must be the planned one on every node, and the verify of web/mbam-software shows both
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\640-ready-gate.ps1
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
# Modules come from the machine's own folders, never from a user's: these scripts run with high rights.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')
$StepName = 'web/ready-gate'
$StepKind = 'verify'
$ResultName = 'web.ready-gate.verify'
$StepHosts = @('WEB1', 'web1.adatum.com')
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
function Get-MbamServerVersion {
    # Version of the server software as it records it itself, else by its entry in Programs and Features; '' when it is not
    # installed. A servicing release moves the value "Installed"; whether it moves the entry is not documented.
    $own = 'HKLM:\SOFTWARE\Microsoft\MBAM Server'
    foreach ($key in @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')) {
        if ([string]$key.GetValue('DisplayName', '') -eq 'Microsoft BitLocker Administration and Monitoring') {
            $version = if (Test-Path -LiteralPath $own) { [string](Get-Item -LiteralPath $own).GetValue('Installed', '') } else { '' }
            if ($version) { return $version }
            return [string]$key.GetValue('DisplayVersion', '')
        }
    }
    ''
}
function ConvertTo-LdapValue {
    param([string]$Text)
    $Text.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
}
function Get-SpnHolder {
    # Every account of the forest that has the service principal name, from a global catalog: Sid and Name.
    param([string]$Spn)
    $searcher = [System.DirectoryServices.ActiveDirectory.Forest]::GetCurrentForest().FindGlobalCatalog().GetDirectorySearcher()
    $searcher.Filter = '(servicePrincipalName={0})' -f (ConvertTo-LdapValue $Spn)
    foreach ($hit in @($searcher.FindAll())) {
        New-Object PSObject -Property @{
            Sid  = (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $hit.Properties['objectsid'][0], 0).Value
            Name = [string]$hit.Properties['distinguishedname'][0]
        }
    }
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
    $WebHost = 'mbam.adatum.com'
    $Account = 'ADATUM\svc-mbam-pool'
    $Collation = 'SQL_Latin1_General_CP1_CI_AS'
    $databases = @(
        @{ Title = 'Compliance and Audit Database'; Name = 'MBAM Compliance Status'; Connection = 'Data Source=sql1.adatum.com,1433;Failover Partner=sql2.adatum.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;Connect Timeout=30'; Swapped = 'Data Source=sql2.adatum.com,1433;Failover Partner=sql1.adatum.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;Connect Timeout=30' }
        @{ Title = 'Recovery Database'; Name = 'MBAM Recovery and Hardware'; Connection = 'Data Source=sql1.adatum.com,1433;Failover Partner=sql2.adatum.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;Connect Timeout=30'; Swapped = 'Data Source=sql2.adatum.com,1433;Failover Partner=sql1.adatum.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;Connect Timeout=30' }
    )
    foreach ($d in $databases) {
        $answer = Read-MbamDatabase $d.Connection
        Add-Check -Name ('{0} answers' -f $d.Title) -Ok (-not $answer.Error) -Expected $d.Connection -Actual $(if ($answer.Error) { $answer.Error } else { 'answered by {0}' -f $answer.Server })
        if ($answer.Error) { continue }
        Add-Check -Name ('{0}: name' -f $d.Title) -Ok ($answer.Database -eq $d.Name) -Expected $d.Name -Actual $answer.Database
        Add-Check -Name ('{0}: writable' -f $d.Title) -Ok ($answer.Updateability -eq 'READ_WRITE') -Expected 'READ_WRITE' -Actual $answer.Updateability
        Add-Check -Name ('{0}: collation' -f $d.Title) -Ok ($answer.Collation -eq $Collation) -Expected $Collation -Actual $answer.Collation
        Add-Info -Name ('{0}: connection' -f $d.Title) -Text ('server {0}, authentication {1}, transport {2}' -f $answer.Server, $answer.Scheme, $answer.Transport)
        if (-not $d.Swapped) { continue }
        $answer = Read-MbamDatabase $d.Swapped
        Add-Check -Name ('{0} answers through the failover partner' -f $d.Title) -Ok (-not $answer.Error) -Expected $d.Swapped -Actual $(if ($answer.Error) { $answer.Error } else { 'answered by {0}' -f $answer.Server })
    }
    $ReportUrl = 'https://rpt1.adatum.com/ReportServer'
    $answer = Get-HttpStatus $ReportUrl
    Add-Check -Name 'Report server' -Ok (@(200, 301, 302, 401, 403) -contains $answer.Status) -Expected ('200, 301, 302, 401 or 403 from {0}' -f $ReportUrl) -Actual ('{0} {1}' -f $answer.Status, $answer.Text).Trim()
    $alias = @()
    $address = @()
    $problem = ''
    try {
        foreach ($r in @(Resolve-DnsName -Name $WebHost -Type A -DnsOnly -NoHostsFile)) {
            if ([string]$r.Type -eq 'CNAME') { $alias += [string]$r.NameHost } elseif ([string]$r.Type -eq 'A') { $address += [string]$r.IPAddress }
        }
    } catch { $problem = $_.Exception.Message }
    $found = if ($address.Count -gt 0) { $address -join ', ' } else { 'no address {0}' -f $problem }
    $Planned = '10.10.0.60'
    Add-Check -Name ('DNS: {0}' -f $WebHost) -Ok ($address.Count -eq 1 -and $address[0] -eq $Planned) -Expected $Planned -Actual $found
    Add-Check -Name 'DNS: a host record, no alias' -Ok ($alias.Count -eq 0 -and $address.Count -gt 0) -Expected 'a host record' -Actual $(if ($alias.Count -gt 0) { 'an alias of {0}' -f ($alias -join ', ') } else { $found })
    $sid = Get-AccountSid $Account
    foreach ($name in @('mbam.adatum.com')) {
        $spn = 'http/{0}' -f $name
        $owners = @()
        $problem = ''
        try { $owners = @(Get-SpnHolder $spn) } catch { $problem = $_.Exception.GetBaseException().Message }
        $found = if ($owners.Count -gt 0) { @($owners | ForEach-Object { $_.Name }) -join ' and ' } else { 'nobody {0}' -f $problem }
        Add-Check -Name ('Owner of {0}' -f $spn) -Ok ($owners.Count -eq 1 -and $owners[0].Sid -eq $sid) -Expected ('{0} alone' -f $Account) -Actual $found.Trim()
    }
    $version = Get-MbamServerVersion
    $Servicing = '2.5.1152.0'
    Add-Check -Name 'MBAM server software' -Ok ($version -eq $Servicing) -Expected $Servicing -Actual $(if ($version) { $version } else { 'not installed' })
    $module = @(Get-Module -ListAvailable -Name Microsoft.MBAM).Count -gt 0
    Add-Check -Name 'PowerShell module Microsoft.MBAM' -Ok $module -Expected 'found' -Actual $(if ($module) { 'found' } else { 'not found; open a new window after the installation' })
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
