function Wait-HadrState {
    param([string]$Connection, [string[]]$Wanted, [int]$Seconds)
    $until = [DateTime]::UtcNow.AddSeconds($Seconds)
    $seen = 'no answer'
    while ([DateTime]::UtcNow -lt $until) {
        try { $seen = Get-HadrState -Connection $Connection } catch { $seen = $_.Exception.Message }
        if ($Wanted -contains $seen) { break }
        Start-Sleep -Seconds 5
    }
    $seen
}
