function Get-ReportServer {
    # The report server of that instance on this computer, as its WMI provider shows it; nothing when there is none. The
    # provider encodes the instance in the namespace and puts its version there, so all namespaces are looked through.
    param([string]$Instance)
    $root = 'root\Microsoft\SqlServer\ReportServer'
    $found = $null
    try {
        foreach ($one in @(Get-CimInstance -Namespace $root -ClassName __NAMESPACE | Where-Object { ([string]$_.Name).StartsWith('RS_') })) {
            $space = '{0}\{1}' -f $root, $one.Name
            foreach ($version in @(Get-CimInstance -Namespace $space -ClassName __NAMESPACE | Where-Object { ([string]$_.Name).StartsWith('v') })) {
                foreach ($setting in @(Get-CimInstance -Namespace ('{0}\{1}\Admin' -f $space, $version.Name) -ClassName MSReportServer_ConfigurationSetting)) {
                    if ([string]$setting.InstanceName -eq $Instance) { $found = $setting }
                }
            }
        }
    } catch { Add-Info -Name 'WMI provider of Reporting Services' -Text $_.Exception.Message | Out-Null }
    $found
}
