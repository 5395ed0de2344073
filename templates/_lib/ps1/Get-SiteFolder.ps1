function Get-SiteFolder {
    # The folder of an IIS site's root application.
    param([string]$Site)
    $found = @(Get-Website | Where-Object { $_.Name -eq $Site })
    if ($found.Count -ne 1) { Stop-Step 2 ('IIS has no site "{0}". Run the install of web/enable-web-applications. Nothing was changed.' -f $Site) }
    $folder = [Environment]::ExpandEnvironmentVariables([string]$found[0].physicalPath)
    if (-not [IO.Directory]::Exists($folder)) { Stop-Step 2 ('The folder of the site "{0}" is missing: {1}. Nothing was changed.' -f $Site, $folder) }
    $folder
}
