function Get-SitePlace {
    # The site and its applications as places of IIS configuration: "Site", "Site/HelpDesk" and so on; stops when there is no site.
    param([string]$Site)
    if (@(Get-Website | Where-Object { $_.Name -eq $Site }).Count -ne 1) { Stop-Step 2 ('IIS has no site "{0}". Run the install of web/enable-web-applications. Nothing was changed.' -f $Site) }
    $Site
    foreach ($a in @(Get-WebApplication -Site $Site)) { '{0}/{1}' -f $Site, ([string]$a.path).Trim('/') }
}
