function Test-CommandLineRecord {
    # Does Windows write the command line of every new process into its Security log?
    $recorded = Get-RegistryText 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Audit' 'ProcessCreationIncludeCmdLine_Enabled'
    $recorded -ne '' -and $recorded -ne '0'
}
