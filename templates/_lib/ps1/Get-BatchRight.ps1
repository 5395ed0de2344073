function Get-BatchRight {
    # May the account log on as a batch job on this server? Ok, and Text with the entries of the right and of its denial.
    param([string]$Account)
    $sid = Get-AccountSid $Account
    $holders = @($sid, 'S-1-1-0', 'S-1-5-11') + @(Get-AccountGroupSid $sid)
    $rights = Get-UserRight
    $allowed = @($rights['SeBatchLogonRight'] | Where-Object { $_ })
    $denied = @($rights['SeDenyBatchLogonRight'] | Where-Object { $_ })
    $has = @($allowed | Where-Object { $holders -contains (ConvertTo-AccountSid $_) }).Count -gt 0
    $stopped = @($denied | Where-Object { $holders -contains (ConvertTo-AccountSid $_) }).Count -gt 0
    $text = 'allowed: {0}; denied: {1}' -f $(if ($allowed.Count -gt 0) { $allowed -join ', ' } else { 'nobody' }), $(if ($denied.Count -gt 0) { $denied -join ', ' } else { 'nobody' })
    New-Object PSObject -Property @{ Ok = ($has -and -not $stopped); Text = $text }
}
