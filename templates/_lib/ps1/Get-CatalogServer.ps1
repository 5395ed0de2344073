function Get-CatalogServer {
    '{0}:3268' -f [string]@((Get-ADDomainController -Discover -Service GlobalCatalog).HostName)[0]
}
