function Complete-Check {
    $bad = @($script:Result.checks | Where-Object { -not $_.ok })
    if ($bad.Count -gt 0) { Stop-Step 4 ('{0} of {1} checks failed: {2}' -f $bad.Count, @($script:Result.checks).Count, (@($bad | ForEach-Object { $_.name }) -join '; ')) }
    $script:Result.outcome = 'verified'
    $script:Result.message = 'All {0} checks passed.' -f @($script:Result.checks).Count
}
