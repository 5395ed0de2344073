function Get-InstallName {
    '{0}.install' -f $ResultName.Substring(0, $ResultName.LastIndexOf(('.{0}' -f $StepKind), [StringComparison]::Ordinal))
}
