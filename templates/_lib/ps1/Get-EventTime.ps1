function Get-EventTime {
    # When an event of a log with one of the numbers came last, since a time; nothing when none came.
    param([string]$Log, [int[]]$Id, [DateTime]$Since)
    try {
        Get-WinEvent -FilterHashtable @{ LogName = $Log; Id = $Id; StartTime = $Since } -MaxEvents 1 | ForEach-Object { $_.TimeCreated }
    } catch { if (-not $_.FullyQualifiedErrorId.StartsWith('NoMatchingEventsFound')) { throw } }
}
