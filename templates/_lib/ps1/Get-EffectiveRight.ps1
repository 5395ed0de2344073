function Get-EffectiveRight {
    # What the person who runs this may do with an object, as its domain controller works it out: allowedChildClassesEffective lists
    # the classes that may be created in it, allowedAttributesEffective the attributes that may be written.
    param([string]$Path, [string]$Attribute)
    $entry = New-Object System.DirectoryServices.DirectoryEntry -ArgumentList $Path
    try {
        $entry.RefreshCache(@($Attribute))
        foreach ($value in $entry.psbase.Properties[$Attribute]) { [string]$value }
    } finally { $entry.psbase.Dispose() }
}
