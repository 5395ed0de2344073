function Get-WebDifference {
    # Names each property of Get-MbamWebApplication that is not as planned.
    param([object]$State, [System.Collections.IDictionary]$Plan)
    foreach ($name in $Plan.Keys) {
        $property = $State.PSObject.Properties[$name]
        $have = if ($null -eq $property) { '' } else { [string]$property.Value }
        $want = [string]$Plan[$name]
        if ($name.EndsWith('ConnectionString')) { $same = (ConvertTo-ConnectionText $have) -eq (ConvertTo-ConnectionText $want) }
        elseif ($name.EndsWith('Group') -or $name.EndsWith('User')) { $same = Test-SameAccount $have $want }
        elseif ($name -eq 'ReportUrl') { $same = ('{0}/' -f $have).StartsWith(('{0}/' -f $want), [StringComparison]::OrdinalIgnoreCase) }
        else { $same = $have.Trim('/').TrimEnd('\') -eq $want.Trim('/').TrimEnd('\') }
        if (-not $same) { '{0} is {1}, planned {2}' -f $name, $have, $want }
    }
}
