function Get-MbamServerVersion {
    # Version of the server software by its entry in Programs and Features; '' when it is not installed.
    foreach ($key in @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')) {
        if ([string]$key.GetValue('DisplayName', '') -eq 'Microsoft BitLocker Administration and Monitoring') { return [string]$key.GetValue('DisplayVersion', '') }
    }
    ''
}
