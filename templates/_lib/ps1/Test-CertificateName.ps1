function Test-CertificateName {
    # Does one of the certificate's names cover the host name? A wildcard covers one label.
    param([string]$HostName, [string[]]$Name)
    $dot = $HostName.IndexOf('.')
    if ($Name -contains $HostName) { return $true }
    $dot -gt 0 -and $Name -contains ('*{0}' -f $HostName.Substring($dot))
}
