function Get-WebEvent {
    # Events of MBAM's web log with one of the numbers since a time, newest first: "105 at 2026-01-31T10:00:00: first line".
    param([string]$Log, [int[]]$Id, [DateTime]$Since)
    try {
        foreach ($e in @(Get-WinEvent -FilterHashtable @{ LogName = $Log; Id = $Id; StartTime = $Since } -MaxEvents 50)) {
            '{0} at {1}: {2}' -f $e.Id, $e.TimeCreated.ToString('s'), ([string]$e.Message).Trim().Split([char]10)[0].Trim()
        }
    } catch { if (-not $_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { throw } }
}
