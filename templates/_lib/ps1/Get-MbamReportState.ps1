function Get-MbamReportState {
    # What Get-MbamReport shows while the reports are enabled; nothing while they are not, which its property Enabled says
    # (mbam-cmdlets). A failure of the command is no answer, and never counts as "not enabled".
    $state = @()
    try { $state = @(Get-MbamReport) } catch { Stop-Step 2 ('Get-MbamReport fails, so nobody knows whether the reports are enabled here: {0} Nothing was changed by that. Look into the event log Microsoft-Windows-MBAM-Server/Admin, events 800 to 802.' -f $_.Exception.Message) }
    $state | Where-Object { $null -ne $_ -and $null -ne $_.PSObject.Properties['Enabled'] -and $_.Enabled } | Select-Object -Last 1
}
