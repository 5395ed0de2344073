function Get-HttpStatus {
    # Asks without credentials and follows no redirection, past any proxy. Status is 0 when no HTTP answer came.
    param([string]$Url)
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $answer = @{ Status = 0; Text = '' }
    try {
        $request = [Net.WebRequest]::Create($Url)
        $request.AllowAutoRedirect = $false
        $request.Timeout = 15000
        $request.Proxy = $null
        $response = $request.GetResponse()
        $answer.Status = [int]$response.StatusCode
        $response.Close()
    } catch {
        $problem = $_.Exception
        while ($null -ne $problem.InnerException -and $problem -isnot [Net.WebException]) { $problem = $problem.InnerException }
        $answer.Text = $_.Exception.GetBaseException().Message
        if ($problem -is [Net.WebException] -and $null -ne $problem.Response) {
            $answer.Status = [int]$problem.Response.StatusCode
            $problem.Response.Close()
        }
    }
    New-Object PSObject -Property $answer
}
