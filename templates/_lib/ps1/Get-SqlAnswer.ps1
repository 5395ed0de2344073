function Get-SqlAnswer {
    # Who answers a connection string. A server that refuses the person (18452, 18456) has answered, too.
    param([string]$Connection)
    $answer = @{ Reached = $false; Server = ''; Text = '' }
    $client = New-Object System.Data.SqlClient.SqlConnection
    try {
        $client.ConnectionString = $Connection
        $client.Open()
        $command = $client.CreateCommand()
        $command.CommandText = 'SELECT CONVERT(nvarchar(128), @@SERVERNAME)'
        $answer.Server = [string]$command.ExecuteScalar()
        $answer.Reached = $true
        $answer.Text = 'answered by {0}' -f $answer.Server
    } catch {
        $cause = $_.Exception.GetBaseException()
        $answer.Text = $cause.Message
        if ($cause -is [System.Data.SqlClient.SqlException] -and @(18452, 18456) -contains $cause.Number) {
            $answer.Reached = $true
            $answer.Text = 'answered, and refused you: {0}' -f $cause.Message
        }
    } finally { $client.Dispose() }
    New-Object PSObject -Property $answer
}
