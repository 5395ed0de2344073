function Get-MbamReportState {
    # What Get-MbamReport shows once the reports are enabled; nothing before.
    $state = @()
    try { $state = @(Get-MbamReport) } catch { Add-Info -Name 'Get-MbamReport' -Text $_.Exception.Message | Out-Null }
    $state | Where-Object { $null -ne $_ -and $null -ne $_.PSObject.Properties['Enabled'] -and $_.Enabled } | Select-Object -Last 1
}
