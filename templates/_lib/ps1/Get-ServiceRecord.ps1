function Get-ServiceRecord {
    # A service of this computer: State ('not installed' when there is none of that name), Mode, Account. Throws where Windows shows
    # none at all, or not its account: then nothing is known.
    param([string]$Name)
    $all = @(Get-CimInstance -ClassName Win32_Service)
    if ($all.Count -eq 0) { throw 'Windows shows you no services' }
    $found = @($all | Where-Object { [string]$_.Name -eq $Name })
    if ($found.Count -eq 0) { return New-Object PSObject -Property @{ State = 'not installed'; Mode = ''; Account = '' } }
    if (-not [string]$found[0].StartName) { throw ('Windows does not show you the account of the service {0}' -f $Name) }
    New-Object PSObject -Property @{ State = [string]$found[0].State; Mode = [string]$found[0].StartMode; Account = [string]$found[0].StartName }
}
