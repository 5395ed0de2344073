function Get-LiveLink {
    # Places that get a Group Policy object through an enabled link, as its report names them: "contoso.com/Clients".
    param([Guid]$Id, [string]$Domain)
    $report = New-Object System.Xml.XmlDocument
    $report.LoadXml([string](Get-GPOReport -Guid $Id -ReportType Xml -Domain $Domain))
    foreach ($place in $report.SelectNodes("/*/*[local-name()='LinksTo'][*[local-name()='Enabled']='true']/*[local-name()='SOMPath']")) { [string]$place.InnerText }
}
