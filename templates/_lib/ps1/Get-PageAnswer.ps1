function Get-PageAnswer {
    param([string]$Uri, [bool]$Authenticate)
    $request = [System.Net.WebRequest]::Create($Uri)
    $request.Timeout = 60000
    $request.Proxy = $null
    $request.UseDefaultCredentials = $Authenticate
    $request.ConnectionGroupName = [Guid]::NewGuid().ToString('N')
    $answer = @{ Status = 0; Mutual = $false; Fault = '' }
    $response = $null
    try {
        $response = $request.GetResponse()
    } catch {
        $web = $_.Exception.InnerException -as [System.Net.WebException]
        if ($null -ne $web) { $response = $web.Response }
        if ($null -eq $response) { $answer.Fault = $_.Exception.GetBaseException().Message }
    }
    if ($null -ne $response) {
        $answer.Status = [int]$response.StatusCode
        $answer.Mutual = [bool]$response.IsMutuallyAuthenticated
        $response.Close()
    }
    New-Object PSObject -Property $answer
}
