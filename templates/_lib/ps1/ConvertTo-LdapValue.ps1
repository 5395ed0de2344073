function ConvertTo-LdapValue {
    param([string]$Text)
    $Text.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29')
}
