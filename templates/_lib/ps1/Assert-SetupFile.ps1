function Assert-SetupFile {
    # Stops unless the file can be read and carries a signature of Microsoft Corporation that this server trusts.
    param([string]$Path)
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { Stop-Step 2 ('{0} is not there, or this account cannot read it. Nothing was run.' -f $Path) }
    $signature = Get-AuthenticodeSignature -LiteralPath $Path
    if ([string]$signature.Status -ne 'Valid') { Stop-Step 3 ('{0} has no signature that this server trusts ({1}). Nothing was run. Compare the file with the one that Microsoft published.' -f $Path, $signature.Status) }
    $signer = $signature.SignerCertificate.GetNameInfo([System.Security.Cryptography.X509Certificates.X509NameType]::SimpleName, $false)
    if ($signer -ne 'Microsoft Corporation') { Stop-Step 3 ('{0} is signed by {1}, not by Microsoft Corporation. Nothing was run. Take the file that Microsoft published.' -f $Path, $signature.SignerCertificate.Subject) }
    Add-Info -Name $Path -Text ('signed by {0}' -f $signature.SignerCertificate.Subject)
}
