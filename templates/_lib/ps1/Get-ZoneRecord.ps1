function Get-ZoneRecord {
    param([string]$Zone, [string]$Leaf, [string]$Server)
    [void](Get-DnsServerZone -Name $Zone -ComputerName $Server -ErrorAction Stop)
    try {
        @(Get-DnsServerResourceRecord -ZoneName $Zone -Name $Leaf -Node -ComputerName $Server -ErrorAction Stop)
    } catch {
        if (-not $_.FullyQualifiedErrorId.StartsWith('WIN32 9714,', [StringComparison]::Ordinal)) { throw }
    }
}
