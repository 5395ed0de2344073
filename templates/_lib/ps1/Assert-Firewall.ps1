function Assert-Firewall {
    # Stops when the Windows Firewall does not run: rules can be neither read nor made then.
    $wall = @(Get-Service | Where-Object { $_.Name -eq 'MpsSvc' -and [string]$_.Status -eq 'Running' })
    if ($wall.Count -eq 0) { Stop-Step 2 'The service of the Windows Firewall (MpsSvc) does not run. Nothing was changed. Start it; where another firewall does its work, have the port opened there and leave this step out.' }
}
