function Get-SpnHolder {
    # Every account of the forest that has the service principal name, from a global catalog: Sid and Name.
    param([string]$Spn)
    $searcher = [System.DirectoryServices.ActiveDirectory.Forest]::GetCurrentForest().FindGlobalCatalog().GetDirectorySearcher()
    $searcher.Filter = '(servicePrincipalName={0})' -f (ConvertTo-LdapValue $Spn)
    foreach ($hit in @($searcher.FindAll())) {
        New-Object PSObject -Property @{
            Sid  = (New-Object System.Security.Principal.SecurityIdentifier -ArgumentList $hit.Properties['objectsid'][0], 0).Value
            Name = [string]$hit.Properties['distinguishedname'][0]
        }
    }
}
