function Test-AccountPassword {
    # Asks the domain whether name and password belong together: one logon attempt.
    param([string]$Domain, [string]$Name, [System.Management.Automation.PSCredential]$Credential)
    Add-Type -AssemblyName 'System.DirectoryServices.AccountManagement'
    $context = New-Object System.DirectoryServices.AccountManagement.PrincipalContext -ArgumentList ([System.DirectoryServices.AccountManagement.ContextType]::Domain), $Domain
    try { $context.ValidateCredentials($Name, $Credential.GetNetworkCredential().Password) } finally { $context.Dispose() }
}
