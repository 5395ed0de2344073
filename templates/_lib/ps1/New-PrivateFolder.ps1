function New-PrivateFolder {
    # A folder that only Administrators and SYSTEM can read; what is put into it inherits that.
    param([string]$Path)
    $acl = New-Object System.Security.AccessControl.DirectorySecurity
    $acl.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)')
    if (-not [IO.Directory]::Exists($Path)) { [void][IO.Directory]::CreateDirectory($Path, $acl) }
    $have = Get-Acl -LiteralPath $Path
    $others = @($have.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier]) | Where-Object { @('S-1-5-32-544', 'S-1-5-18') -notcontains $_.IdentityReference.Value })
    if ($others.Count -gt 0) { Stop-Step 2 ('The folder {0} is open to {1}. Take that right away, or move the folder, then start this script again. Nothing was changed.' -f $Path, (@($others | ForEach-Object { $_.IdentityReference.Value }) -join ', ')) }
}
