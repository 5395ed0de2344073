function Add-MbamTest {
    # Judges the output of a Test- command of MBAM called with -Detailed: messages, then true or false as the last element.
    param([string]$Name, [object[]]$Answer)
    $said = @()
    $good = $false
    foreach ($row in $Answer) {
        if ($row -is [bool]) { $good = $row }
        elseif ($null -ne $row -and $null -ne $row.PSObject.Properties['Message']) { $said += '{0}: {1}' -f $(if ($null -ne $row.PSObject.Properties['Type']) { [string]$row.Type } else { 'message' }), [string]$row.Message }
    }
    Add-Check -Name $Name -Ok $good -Expected 'True' -Actual ((@([string]$good) + $said) -join '; ')
}
