function Get-DirectoryClock {
    # A domain controller of the domain, and by how many seconds this computer is ahead of its clock (rootDSE, open to everybody).
    param([string]$Domain)
    $root = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList ('LDAP://{0}/RootDSE' -f $Domain)
    try {
        $time = $root.psbase.Properties['currentTime'].Value
        if ($time -isnot [DateTime]) { $time = [DateTime]::ParseExact(([string]$time).Substring(0, 14), 'yyyyMMddHHmmss', [Globalization.CultureInfo]::InvariantCulture, [Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal') }
        New-Object PSObject -Property @{ Server = [string]$root.psbase.Properties['dnsHostName'].Value; Seconds = [int][Math]::Round(([DateTime]::UtcNow - $time).TotalSeconds) }
    } finally { $root.psbase.Dispose() }
}
