function Clear-LogSecret {
    # Overwrites the password in log files that setup left, and says in which it stood. A file that cannot be opened is named.
    param([string[]]$File, [System.Management.Automation.PSCredential]$Credential)
    $secret = $Credential.GetNetworkCredential().Password
    foreach ($path in $File) {
        try {
            $text = [IO.File]::ReadAllText($path)
            if ($text.Contains($secret)) {
                [IO.File]::WriteAllText($path, $text.Replace($secret, '********'), [Text.Encoding]::Unicode)
                'The password stood in {0} and was overwritten there.' -f $path
            }
        } catch { 'Look into {0} for the password, and remove it by hand: {1}' -f $path, $_.Exception.GetBaseException().Message }
    }
}
