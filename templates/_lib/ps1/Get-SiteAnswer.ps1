function Get-SiteAnswer {
    # One GET without credentials, to an address of our choice and under a host name of our choice, as clients reach it through
    # a balancer. Status is 0 when no HTTP answer came, and Text says why: Windows checks chain and name of the certificate.
    param([string]$Address, [int]$Port, [string]$HostName, [string]$Path, [bool]$Tls)
    $answer = @{ Status = 0; Text = ''; Thumbprint = '' }
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $wait = $client.BeginConnect($Address, $Port, $null, $null)
        if ($wait.AsyncWaitHandle.WaitOne(5000)) {
            $client.EndConnect($wait)
            $stream = $client.GetStream()
            $stream.ReadTimeout = 30000
            $stream.WriteTimeout = 30000
            if ($Tls) {
                $secure = New-Object System.Net.Security.SslStream -ArgumentList $stream, $false
                $secure.AuthenticateAsClient($HostName, $null, [System.Security.Authentication.SslProtocols]'Tls, Tls11, Tls12', $false)
                $answer.Thumbprint = [string]$secure.RemoteCertificate.GetCertHashString()
                $stream = $secure
            }
            $request = 'GET {0} HTTP/1.1{2}Host: {1}{2}Connection: close{2}{2}' -f $Path, $HostName, ('{0}{1}' -f [char]13, [char]10)
            $bytes = [Text.Encoding]::ASCII.GetBytes($request)
            $stream.Write($bytes, 0, $bytes.Length)
            $reader = New-Object System.IO.StreamReader -ArgumentList $stream, ([Text.Encoding]::ASCII)
            $line = [string]$reader.ReadLine()
            if ($line -cmatch '\AHTTP/1[.][01] [0-9]{3}.*\z') { $answer.Status = [int]$line.Substring(9, 3) }
            $answer.Text = if ($answer.Status -gt 0) { 'status {0}' -f $answer.Status } else { 'no HTTP answer' }
        } else {
            $answer.Text = 'no TCP connection within 5 seconds'
        }
    } catch { $answer.Text = $_.Exception.GetBaseException().Message } finally { $client.Close() }
    New-Object PSObject -Property $answer
}
