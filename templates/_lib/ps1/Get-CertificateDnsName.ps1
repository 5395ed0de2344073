function Get-CertificateDnsName {
    # DNS names of the subject alternative name extension, read from its bytes: the text form is localised, and DnsNameList
    # adds the subject's common name, which clients ignore beside an alternative name.
    param([System.Security.Cryptography.X509Certificates.X509Certificate2]$Certificate)
    foreach ($extension in $Certificate.Extensions) {
        if ($extension.Oid.Value -ne '2.5.29.17') { continue }
        $raw = $extension.RawData
        $at = 2
        if ($raw[1] -ge 128) { $at = 2 + ($raw[1] - 128) }
        while ($at + 1 -lt $raw.Length) {
            $tag = $raw[$at]
            $length = [int]$raw[$at + 1]
            $at += 2
            if ($length -ge 128) {
                $octets = $length - 128
                $length = 0
                for ($i = 0; $i -lt $octets; $i++) { $length = $length * 256 + $raw[$at + $i] }
                $at += $octets
            }
            if ($tag -eq 130) { [Text.Encoding]::ASCII.GetString($raw, $at, $length) }
            $at += $length
        }
    }
}
