<#
.SYNOPSIS
Registers the service principal names of the web farm on its application pool account.
.DESCRIPTION
Step      directory/service-principal-names, install
Run on    DC1 (dc1.contoso.com), 64-bit, elevated
Run by    domain administrator
Changes   servicePrincipalName of CONTOSO\svc-mbam-pool, additions only
Undo      rollback.ps1 of this step takes away what the result file lists under "changed"
Sources   [documented] MBAM 2.5, Planning How to Secure the MBAM Websites: SPN for the virtual host name
          [inferred] the short name too, because the topology asks for it
Exit      0 done or nothing to do, 1 unexpected, 2 wrong place or missing prerequisite,
          3 refused: the environment contradicts the plan, 4 changed but verification failed, 3010 restart needed
.EXAMPLE
powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\install.ps1 -WhatIf
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
$StepName = 'directory/service-principal-names'
$StepHosts = @('DC1', 'dc1.contoso.com')
$ExitCode = 1
$Transcribing = $false
$Result = [ordered]@{ schema = 1; step = $StepName; script = ''; host = ''; user = ''; started = [DateTime]::UtcNow.ToString('o'); finished = ''; outcome = 'failed'; exitCode = 1; message = ''; changed = @(); facts = [ordered]@{} }
function Stop-Step {
    param([int]$Code, [string]$Message)
    $script:ExitCode = $Code
    throw $Message
}
function Test-Elevated {
    $me = New-Object System.Security.Principal.WindowsPrincipal ([System.Security.Principal.WindowsIdentity]::GetCurrent())
    $me.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
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
function Add-History {
    param([string]$Name, [string]$Line)
    if ($WhatIfPreference) { return }
    [IO.File]::AppendAllText((Join-Path $script:WorkDir ('{0}.history.jsonl' -f $Name)), ('{0}{1}' -f [Environment]::NewLine, $Line), (New-Object System.Text.UTF8Encoding $false))
}
function Save-Result {
    if ($WhatIfPreference) { return }
    $script:Result.finished = [DateTime]::UtcNow.ToString('o')
    $script:Result.exitCode = $script:ExitCode
    [void][IO.Directory]::CreateDirectory($script:WorkDir)
    $file = Join-Path $script:WorkDir ('{0}.result.json' -f $StepName.Replace('/', '.'))
    $temp = '{0}.{1}.tmp' -f $file, $PID
    [IO.File]::WriteAllText($temp, (ConvertTo-Json -InputObject $script:Result -Depth 6), (New-Object System.Text.UTF8Encoding $false))
    if ([IO.File]::Exists($file)) { [IO.File]::Replace($temp, $file, [NullString]::Value) } else { [IO.File]::Move($temp, $file) }
    Add-History $StepName.Replace('/', '.') (ConvertTo-Json -InputObject $script:Result -Depth 6 -Compress)
}
function Save-Change {
    param([string]$Text)
    $script:Result.changed += $Text
    Save-Result
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
        [void][IO.Directory]::CreateDirectory($WorkDir)
        Start-Transcript -Path (Join-Path $WorkDir ('{0}.{1}.log' -f $StepName.Replace('/', '.'), [DateTime]::UtcNow.ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture))) | Out-Null
        $Transcribing = $true
        Add-History $StepName.Replace('/', '.') (ConvertTo-Json -InputObject $Result -Depth 6 -Compress)
    }
    #endregion
    #region step
    $Account = 'svc-mbam-pool'
    $Spns = @('http/mbam.contoso.com', 'http/mbam')
    $SetSpn = Join-Path $env:SystemRoot 'System32\setspn.exe'
    if (-not (Get-Module -ListAvailable -Name ActiveDirectory)) { Stop-Step 2 'The ActiveDirectory module is missing. Install the feature RSAT-AD-PowerShell, then start this script again.' }
    Import-Module ActiveDirectory
    function Get-SpnOwner {
        param([string]$Spn, [string]$Server)
        $filter = '(servicePrincipalName={0})' -f $Spn.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
        @(Get-ADObject -Server $Server -SearchBase '' -LDAPFilter $filter | ForEach-Object { [string]$_.DistinguishedName })
    }
    $dc = [string]@((Get-ADDomainController -Discover -Writable).HostName)[0]
    $gc = '{0}:3268' -f [string]@((Get-ADDomainController -Discover -Service GlobalCatalog).HostName)[0]
    $user = Get-ADUser -Server $dc -Identity $Account -Properties ServicePrincipalNames
    $before = @($user.ServicePrincipalNames | ForEach-Object { [string]$_ })
    $Result.facts.account = [string]$user.DistinguishedName
    $Result.facts.before = $before
    $missing = @()
    foreach ($spn in $Spns) {
        $others = @(Get-SpnOwner $spn $gc | Where-Object { $_ -ne $user.DistinguishedName })
        if ($others.Count -gt 0) { Stop-Step 3 ('{0} belongs to {1}. Nothing was changed. If that is a mistake, its owner can remove it with: setspn -D {0} <account>' -f $spn, ($others -join ' and ')) }
        if ($before -notcontains $spn) { $missing += $spn }
    }
    if ($missing.Count -eq 0) {
        $Result.outcome = 'unchanged'
        $Result.message = '{0} has every name already.' -f $Account
    } else {
        $run = $null
        foreach ($spn in $missing) {
            if ($PSCmdlet.ShouldProcess($user.DistinguishedName, ('setspn -U -S {0}' -f $spn))) {
                Save-Change $spn
                $run = Invoke-Native $SetSpn @('-U', '-S', $spn, ('CONTOSO\{0}' -f $Account))
                $run.Text
            }
        }
        if ($null -eq $run) {
            $Result.outcome = 'skipped'
            $Result.message = 'Nothing was changed (-WhatIf, or the question was answered with No).'
        } else {
            $after = @((Get-ADUser -Server $dc -Identity $Account -Properties ServicePrincipalNames).ServicePrincipalNames)
            $Result.facts.after = @($after | ForEach-Object { [string]$_ })
            $absent = @($missing | Where-Object { $after -notcontains $_ })
            $Result.changed = @($missing | Where-Object { $after -contains $_ })
            if ($absent.Count -gt 0) { Stop-Step 4 ('setspn ran (exit code {0}), but {1} does not show {2}. Look at its output above; the usual cause is a missing right "Write servicePrincipalName".' -f $run.ExitCode, $dc, ($absent -join ', ')) }
            $Result.outcome = 'changed'
            $Result.message = '{0} added to {1}.' -f ($missing -join ', '), $Account
        }
    }
    #endregion
    #region frame
    $ExitCode = 0
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
