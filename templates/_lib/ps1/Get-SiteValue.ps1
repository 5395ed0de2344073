function Get-SiteValue {
    # One effective attribute of an IIS section at a place such as "Site/HelpDesk", as text.
    param([string]$Place, [string]$Section, [string]$Name)
    $value = Get-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' -Location $Place -Filter $Section -Name $Name
    if ($null -ne $value -and $null -ne $value.PSObject.Properties['Value']) { $value = $value.Value }
    [string]$value
}
