function Get-PortOwner {
    # The processes that listen on a TCP port, each once; System is HTTP.sys, which serves IIS and Reporting Services.
    param([int]$Port)
    $running = @(Get-Process)
    $ids = @(Get-NetTCPConnection | Where-Object { $_.LocalPort -eq $Port -and [string]$_.State -eq 'Listen' } | ForEach-Object { [int]$_.OwningProcess } | Select-Object -Unique)
    foreach ($id in $ids) {
        $process = @($running | Where-Object { $_.Id -eq $id })
        if ($process.Count -gt 0) { [string]$process[0].ProcessName } else { 'process {0}' -f $id }
    }
}
