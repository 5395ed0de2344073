function Get-SetupState {
    # The MBAM 2.0 server as the Windows Installer knows it: Code ('' = not installed), Version, and which of the features are installed.
    param([string[]]$Feature)
    $state = @{ Code = ''; Version = ''; Feature = @() }
    foreach ($key in @(Get-ChildItem -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall')) {
        if ([string]$key.GetValue('DisplayName', '') -eq 'Microsoft BitLocker Administration and Monitoring' -and [int]$key.GetValue('WindowsInstaller', 0) -eq 1) {
            $state.Code = [string]$key.PSChildName
            $state.Version = [string]$key.GetValue('DisplayVersion', '')
        }
    }
    if ($state.Code) {
        $installer = New-Object -ComObject WindowsInstaller.Installer
        foreach ($name in $Feature) {
            $is = [int]$installer.GetType().InvokeMember('FeatureState', [System.Reflection.BindingFlags]::GetProperty, $null, $installer, @($state.Code, $name))
            if ($is -eq 3) { $state.Feature += $name }
        }
    }
    New-Object PSObject -Property $state
}
