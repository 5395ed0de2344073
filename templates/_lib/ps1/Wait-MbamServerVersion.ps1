function Wait-MbamServerVersion {
    # Gives the version once it is the wanted one, or any where none is wanted; after ten minutes what it is then. A set-up
    # program may leave its work to a second process.
    param([string]$Want = '')
    $now = Get-MbamServerVersion
    for ($i = 0; $i -lt 60 -and ($now -eq '' -or ($Want -ne '' -and $now -ne $Want)); $i++) {
        Start-Sleep -Seconds 10
        $now = Get-MbamServerVersion
    }
    $now
}
