function Get-ClientEvent {
    # Events of the MBAM client with one of the numbers since a time, newest first: "4 at 2026-01-31T10:00:00: first line".
    param([int[]]$Id, [DateTime]$Since)
    foreach ($log in @('Microsoft-Windows-MBAM/Admin', 'Microsoft-Windows-MBAM/Operational')) {
        try {
            foreach ($e in @(Get-WinEvent -FilterHashtable @{ LogName = $log; Id = $Id; StartTime = $Since } -MaxEvents 50)) {
                '{0} at {1}: {2}' -f $e.Id, $e.TimeCreated.ToString('s'), ([string]$e.Message).Trim().Split([char]10)[0].Trim()
            }
        } catch { if (-not $_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { throw } }
    }
}
