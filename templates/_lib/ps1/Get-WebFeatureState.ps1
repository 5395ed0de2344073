function Get-WebFeatureState {
    # What Get-MbamWebApplication shows of an enabled feature; nothing while it is not enabled.
    param([string]$Feature, [string]$Site, [string]$Path)
    if (@(Get-Website | Where-Object { $_.Name -eq $Site }).Count -eq 0) { return }
    $state = @()
    try {
        if ($Feature -eq 'AgentService') { $state = @(Get-MbamWebApplication -AgentService) }
        elseif ($Feature -eq 'AdministrationPortal') { $state = @(Get-MbamWebApplication -AdministrationPortal) }
        else { $state = @(Get-MbamWebApplication -SelfServicePortal) }
    } catch {
        $there = @(Get-WebApplication -Site $Site | Where-Object { ([string]$_.path).Trim('/') -eq $Path })
        if ($there.Count -gt 0) { Stop-Step 2 ('The application {0} exists, but Get-MbamWebApplication -{1} fails: {2}' -f $Path, $Feature, $_.Exception.Message) }
    }
    $state | Where-Object { $null -ne $_ -and $null -ne $_.PSObject.Properties['Enabled'] -and $_.Enabled } | Select-Object -Last 1
}
