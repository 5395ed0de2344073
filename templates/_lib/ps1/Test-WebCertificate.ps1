function Test-WebCertificate {
    param([string]$Thumbprint, [string]$HostName, [string[]]$NodeName, [string[]]$ShortName, [int]$WarnDays, [bool]$ServerOnly)
    $path = 'Cert:\LocalMachine\My\{0}' -f $Thumbprint
    $found = Test-Path -LiteralPath $path
    Add-Check -Name 'Certificate in the computer''s Personal store' -Ok $found -Expected $Thumbprint -Actual $(if ($found) { $Thumbprint } else { 'no certificate with this thumbprint; import the PFX on this node' })
    if (-not $found) { return }
    $certificate = Get-Item -LiteralPath $path
    Add-Check -Name 'Private key' -Ok $certificate.HasPrivateKey -Expected 'True' -Actual ([string]$certificate.HasPrivateKey)
    $now = [DateTime]::Now
    $dates = '{0} to {1}' -f $certificate.NotBefore.ToString('yyyy-MM-dd', [Globalization.CultureInfo]::InvariantCulture), $certificate.NotAfter.ToString('yyyy-MM-dd', [Globalization.CultureInfo]::InvariantCulture)
    Add-Check -Name 'Validity' -Ok ($certificate.NotBefore -le $now -and $certificate.NotAfter -gt $now) -Expected 'valid today' -Actual $dates
    $days = [Math]::Floor(($certificate.NotAfter - $now).TotalDays)
    if ($days -lt $WarnDays) { Add-Info -Name 'Certificate expires soon' -Text ('in {0} days; the topology warns from {1} days on' -f $days, $WarnDays) }
    $issuedTo = $certificate.GetNameInfo([System.Security.Cryptography.X509Certificates.X509NameType]::SimpleName, $false)
    Add-Check -Name 'Subject (Issued To)' -Ok (Test-CertificateName -HostName $HostName -Name @($issuedTo)) -Expected $HostName -Actual $issuedTo
    $names = @(Get-CertificateDnsName $certificate)
    $list = if ($names.Count -gt 0) { $names -join ', ' } else { 'no alternative DNS name' }
    Add-Check -Name 'Virtual host name among the alternative names' -Ok (Test-CertificateName -HostName $HostName -Name $names) -Expected $HostName -Actual $list
    $absent = @($NodeName | Where-Object { -not (Test-CertificateName -HostName $_ -Name $names) })
    Add-Check -Name 'Node names among the alternative names' -Ok ($absent.Count -eq 0) -Expected ($NodeName -join ', ') -Actual $list
    $absent = @($ShortName | Where-Object { $names -notcontains $_ })
    if ($absent.Count -gt 0) { Add-Info -Name 'NetBIOS names of the nodes' -Text ('not in the certificate: {0}. MBAM''s FAQ asks for them; they matter only where someone names a node by its short name' -f ($absent -join ', ')) }
    if (@($names | Where-Object { $_.StartsWith('*') }).Count -gt 0) { Add-Info -Name 'Wildcard certificate' -Text 'no MBAM document speaks of wildcards' }
    $usages = @()
    foreach ($extension in $certificate.Extensions) {
        if ($extension -is [System.Security.Cryptography.X509Certificates.X509EnhancedKeyUsageExtension]) { $usages += @($extension.EnhancedKeyUsages | ForEach-Object { $_.Value }) }
    }
    $want = @('1.3.6.1.5.5.7.3.1')
    if (-not $ServerOnly) { $want += '1.3.6.1.5.5.7.3.2' }
    $absent = @($want | Where-Object { $usages -notcontains $_ })
    Add-Check -Name 'Enhanced key usage (3.1 server, 3.2 client authentication)' -Ok ($absent.Count -eq 0) -Expected ($want -join ', ') -Actual $(if ($usages.Count -gt 0) { $usages -join ', ' } else { 'no enhanced key usage' })
    $chain = New-Object System.Security.Cryptography.X509Certificates.X509Chain -ArgumentList $true
    $good = $chain.Build($certificate)
    $status = @($chain.ChainStatus | ForEach-Object { [string]$_.Status }) -join ', '
    Add-Check -Name 'Chain and revocation list' -Ok $good -Expected 'trusted and not revoked' -Actual $(if ($good) { 'trusted and not revoked' } else { $status })
}
