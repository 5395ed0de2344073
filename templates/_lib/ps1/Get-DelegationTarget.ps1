function Get-DelegationTarget {
    # The service principal names that the account may delegate to, as the domain controller shows them.
    param([string]$Identity, [string]$Server)
    $account = Get-ADObject -Identity $Identity -Server $Server -Properties 'msDS-AllowedToDelegateTo' | Select-Object -Property 'msDS-AllowedToDelegateTo'
    @($account.'msDS-AllowedToDelegateTo' | Where-Object { $_ } | ForEach-Object { [string]$_ })
}
