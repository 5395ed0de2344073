function Get-SiteValue {
    # One attribute of an IIS section as it takes effect at a place such as "Site/HelpDesk", web.config files included.
    param([string]$Place, [string]$Section, [string]$Name)
    $value = Get-WebConfigurationProperty -PSPath ('MACHINE/WEBROOT/APPHOST/{0}' -f $Place) -Filter $Section -Name $Name
    if ($null -ne $value -and $null -ne $value.PSObject.Properties['Value']) { $value = $value.Value }
    [string]$value
}
