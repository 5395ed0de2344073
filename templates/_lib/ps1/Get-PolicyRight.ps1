function Get-PolicyRight {
    # Names of the user rights that Group Policy sets on this server, from the record of its last run (RSoP).
    try { foreach ($r in @(Get-CimInstance -Namespace 'root\rsop\computer' -ClassName RSOP_UserPrivilegeRight)) { [string]$r.UserRight } } catch { Add-Info -Name 'Group Policy' -Text ('its record (root\rsop\computer) cannot be read: {0}' -f $_.Exception.Message) | Out-Null }
}
