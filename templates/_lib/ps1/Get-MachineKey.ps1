function Get-MachineKey {
    # validation, validationKey, decryption and decryptionKey as .NET applies them to an application of a site ("/" is the
    # site itself), everything inherited included. They are secret: they go into a fingerprint and nowhere else.
    param([string]$Site, [string]$Path)
    Add-Type -AssemblyName System.Web
    $section = $null
    $fault = ''
    try { $section = [System.Web.Configuration.WebConfigurationManager]::OpenWebConfiguration($Path, $Site).GetSection('system.web/machineKey') } catch { $fault = $_.Exception.GetBaseException().GetType().Name }
    if ($null -eq $section) { Stop-Step 2 ('The configuration of {0} in the site "{1}" cannot be read ({2}). Open it in IIS Manager to see why.' -f $Path, $Site, $fault) }
    [string]$section.ValidationAlgorithm
    [string]$section.ValidationKey
    [string]$section.Decryption
    [string]$section.DecryptionKey
}
