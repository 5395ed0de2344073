function Get-ComingFeature {
    # What an installation of features may bring along: everything that is not there of the roles that they, and what they depend
    # on, belong to. What came is known behind the installation only; a run that is cut off between them has it on record so.
    param([string[]]$Name)
    $parent = @{}
    $asked = @($Name)
    foreach ($f in @(Get-WindowsFeature)) {
        $parent[[string]$f.Name] = [string]$f.Parent
        if ($Name -contains $f.Name) { $asked += @($f.DependsOn | ForEach-Object { [string]$_ }) }
    }
    $role = @{}
    foreach ($n in @($parent.Keys)) {
        $top = $n
        while ($parent[$top]) { $top = $parent[$top] }
        $role[$n] = $top
    }
    $roles = @($asked | ForEach-Object { $role[$_] } | Where-Object { $_ })
    $there = @(Get-PresentFeature)
    @($parent.Keys | Where-Object { $there -notcontains $_ -and $roles -contains $role[$_] } | Sort-Object)
}
