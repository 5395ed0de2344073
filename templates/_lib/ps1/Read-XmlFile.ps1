function Read-XmlFile {
    # The message of a parser may quote the file, which may hold keys: only the place of a fault is told.
    param([string]$Path)
    $xml = New-Object System.Xml.XmlDocument
    $xml.PreserveWhitespace = $true
    $xml.XmlResolver = $null
    $line = -1
    try { $xml.Load($Path) } catch {
        $fault = $_.Exception.GetBaseException()
        $line = if ($fault -is [System.Xml.XmlException]) { $fault.LineNumber } else { 0 }
    }
    if ($line -ge 0) { Stop-Step 3 ('{0} cannot be read as XML (line {1}). Mend it first.' -f $Path, $line) }
    , $xml
}
