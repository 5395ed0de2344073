function Wait-NlbConverged {
    # Waits until the named nodes are in the cluster and all of its nodes have converged; tells their states.
    param([string]$InterfaceName, [string[]]$Node, [int]$Seconds = 180)
    $end = [DateTime]::UtcNow.AddSeconds($Seconds)
    $seen = ''
    do {
        try {
            $members = @(Get-NlbMember $InterfaceName)
            $present = @($members | ForEach-Object { $_.Name })
            $seen = @($members | ForEach-Object { '{0} {1}' -f $_.Name, $_.State }) -join ', '
            $missing = @($Node | Where-Object { $present -notcontains $_ })
            $waiting = @($members | Where-Object { -not $_.State.StartsWith('Converged') })
            if ($missing.Count -eq 0 -and $waiting.Count -eq 0) { return $seen }
        } catch { $seen = $_.Exception.Message }
        Start-Sleep -Seconds 5
    } while ([DateTime]::UtcNow -lt $end)
    Stop-Step 4 ('The cluster has not converged within {0} seconds: expected {1}, found {2}. Look at it in Network Load Balancing Manager before anything else is changed.' -f $Seconds, ($Node -join ', '), $seen)
}
