function Get-MvcAssembly {
    # Folder of ASP.NET MVC 4 in the global assembly cache; '' when it is not there. Security updates raise the last number.
    $cache = Join-Path $env:SystemRoot 'Microsoft.NET\assembly\GAC_MSIL\System.Web.Mvc'
    if (Test-Path -LiteralPath $cache) {
        foreach ($folder in @(Get-ChildItem -LiteralPath $cache)) { if ($folder.Name.StartsWith('v4.0_4.0.0.')) { return [string]$folder.Name } }
    }
    ''
}
