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
