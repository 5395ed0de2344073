function Get-HadrState {
    param([string]$Connection)
    [string](Get-SqlValue -Connection $Connection -Query 'SELECT CONVERT(nvarchar(10), SERVERPROPERTY(N''IsHadrEnabled'')) + N''/'' + CONVERT(nvarchar(10), SERVERPROPERTY(N''HadrManagerStatus''));')
}
