function Restart-SitePool {
    # Starts an application pool again and waits up to a minute for it. Its callers ask ShouldProcess.
    param([string]$Pool)
    # A stopped pool, as one that Windows has disabled because its identity could not log on, is not recycled but started.
    if ([string](Get-WebAppPoolState -Name $Pool).Value -eq 'Stopped') { Start-WebAppPool -Name $Pool } else { Restart-WebAppPool -Name $Pool }
    $tries = 0
    $run = ''
    while ($run -ne 'Started' -and $tries -lt 30) {
        if ($tries -gt 0) { Start-Sleep -Seconds 2 }
        $tries++
        $run = [string](Get-WebAppPoolState -Name $Pool).Value
    }
    if ($run -ne 'Started') { Stop-Step 4 ('The application pool {0} is {1} a minute after it was told to start again. Look into the System event log, source WAS.' -f $Pool, $run) }
}
