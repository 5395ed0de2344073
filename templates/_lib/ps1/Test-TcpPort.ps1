function Test-TcpPort {
    param([string]$Server, [int]$Port, [int]$Milliseconds = 5000)
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $wait = $client.BeginConnect($Server, $Port, $null, $null)
        if (-not $wait.AsyncWaitHandle.WaitOne($Milliseconds)) { return $false }
        $client.EndConnect($wait)
        return $true
    } catch { return $false } finally { $client.Close() }
}
