function Get-MbamFeature {
    # Features of MBAM that are enabled on this server: those that the server software records, and the IIS site. The module
    # Microsoft.MBAM is not asked, because a loaded module would keep a set-up from replacing it.
    $key = 'HKLM:\SOFTWARE\Microsoft\MBAM Server\Enabled'
    if (Test-Path -LiteralPath $key) {
        $item = Get-Item -LiteralPath $key
        foreach ($name in $item.GetValueNames()) { if ([string]$item.GetValue($name) -eq '1') { [string]$name } }
    }
    if (Get-Module -ListAvailable -Name WebAdministration) {
        Import-Module -Name WebAdministration
        foreach ($site in @(Get-Website)) { if ([string]$site.Name -eq 'Microsoft BitLocker Administration and Monitoring') { 'the IIS site' } }
    }
}
