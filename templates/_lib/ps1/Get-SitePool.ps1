function Get-SitePool {
    # Names of the application pools of a site and its applications.
    param([string]$Site)
    $found = @(Get-Website | Where-Object { $_.Name -eq $Site })
    if ($found.Count -ne 1) { Stop-Step 3 ('IIS has no site "{0}": no web feature of MBAM is enabled here. Nothing was changed.' -f $Site) }
    @(@([string]$found[0].applicationPool) + @(Get-WebApplication -Site $Site | ForEach-Object { [string]$_.applicationPool }) | Select-Object -Unique)
}
