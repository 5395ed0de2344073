function Get-PresentFeature {
    foreach ($f in @(Get-WindowsFeature)) {
        $state = $f.PSObject.Properties['InstallState']
        if ($f.Installed -or ($null -ne $state -and [string]$state.Value -eq 'InstallPending')) { [string]$f.Name }
    }
}
