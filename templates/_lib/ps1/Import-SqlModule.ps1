function Import-SqlModule {
    $found = @(@('SqlServer', 'SQLPS') | Where-Object { @(Get-Module -ListAvailable -Name $_).Count -gt 0 })
    if ($found.Count -eq 0) { Stop-Step 2 'Neither the PowerShell module SqlServer nor SQLPS is installed. SQLPS comes with the management tools of SQL Server, SqlServer from the PowerShell Gallery. Nothing was changed.' }
    Push-Location
    try { Import-Module -Name $found[0] -DisableNameChecking } finally { Pop-Location }
}
