function Get-PendingRestart {
    # What makes Windows wait for a restart; nothing when nothing does.
    $base = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion'
    if (Test-Path -LiteralPath ('{0}\Component Based Servicing\RebootPending' -f $base)) { 'features or updates of Windows' }
    if (Test-Path -LiteralPath ('{0}\WindowsUpdate\Auto Update\RebootRequired' -f $base)) { 'Windows Update' }
}
