/*
Verify: keep both availability groups on one server by a job.

Step      database/group-watchdog, verify, file number 396
Run on    instance SQL2 on SQL2 (sql2.treyresearch.net)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the job exists as planned and is enabled, and SQL Server Agent runs
Sources   [documented] sp_add_job (Transact-SQL)
          [documented] sp_add_jobschedule (Transact-SQL)
          [documented] Perform a planned manual failover of an availability group
          [documented] Monitor availability groups (Transact-SQL)
          [documented] Planning for MBAM 2.5 high availability
Inferred  the two databases of MBAM work on different servers, each connection string having its own listener, until the job brings them together; proved by: a planned failover of one group in the test farm, and the last outcome of the job that the verify shows
Inferred  sys.dm_hadr_database_replica_cluster_states shows on a secondary whether its copy is ready for failover without loss; proved by: SQL Server itself refuses FAILOVER without FORCE to a copy that is not
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL2';
SET @have = @@SERVERNAME;
IF @have IS NULL OR @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s. Nothing was changed.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
USE [master];
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have]) SELECT N'SQL Server Agent runs', N'yes', CASE WHEN COUNT(*) > 0 THEN N'yes' ELSE N'no' END FROM sys.dm_server_services WHERE filename LIKE N'%sqlagent.exe%' AND status = 4;
INSERT INTO @checks ([name], [want], [have]) SELECT N'SQL Server Agent starts with Windows', N'yes', CASE WHEN COUNT(*) > 0 THEN N'yes' ELSE N'no' END FROM sys.dm_server_services WHERE filename LIKE N'%sqlagent.exe%' AND startup_type = 2;
INSERT INTO @checks ([name], [want], [have]) SELECT N'job ' + N'mbamplan basic-groups group watchdog', N'1 as planned', CONVERT(nvarchar(10), COUNT(*)) + N' as planned' FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 4 AND d.active_start_time = 0 AND d.freq_subday_interval = 1
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.name = N'mbamplan basic-groups group watchdog' AND s.command = N'DECLARE @recovery sysname, @compliance sysname, @leads tinyint, @follows tinyint, @ready int; SET @recovery = N''MBAM-KEYS''; SET @compliance = N''MBAM-STATUS''; SELECT @leads = NULL, @follows = NULL, @ready = NULL; SELECT @leads = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @recovery AND s.is_local = 1; SELECT @follows = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; SELECT @ready = MIN(CONVERT(int, c.is_failover_ready)) FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; IF @leads IS NULL OR @follows IS NULL OR @leads = 0 OR @leads <> @follows WAITFOR DELAY ''00:00:30''; SELECT @leads = NULL, @follows = NULL, @ready = NULL; SELECT @leads = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @recovery AND s.is_local = 1; SELECT @follows = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; SELECT @ready = MIN(CONVERT(int, c.is_failover_ready)) FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; IF @leads = 2 AND @follows = 1 WAITFOR DELAY ''00:01:30''; SELECT @leads = NULL, @follows = NULL, @ready = NULL; SELECT @leads = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @recovery AND s.is_local = 1; SELECT @follows = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; SELECT @ready = MIN(CONVERT(int, c.is_failover_ready)) FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; IF @leads IS NULL OR @follows IS NULL RAISERROR(N''mbamplan watchdog: this instance has no replica of %s or of %s any more.'', 16, 1, @recovery, @compliance) WITH LOG; ELSE IF @leads = 0 OR @follows = 0 RAISERROR(N''mbamplan watchdog: %s or %s is in neither role here (resolving): look at the cluster.'', 16, 1, @recovery, @compliance) WITH LOG; ELSE IF @leads = @follows PRINT N''Both groups have one role here.''; ELSE IF @leads = 1 AND @ready = 1 BEGIN RAISERROR(N''mbamplan watchdog: %s is primary here and %s is not: the second one follows.'', 10, 1, @recovery, @compliance) WITH LOG; ALTER AVAILABILITY GROUP [MBAM-STATUS] FAILOVER; END; ELSE RAISERROR(N''mbamplan watchdog: the groups %s and %s are primary on different servers and cannot be brought together now: the second must be synchronized where the first is primary, and SQL Server Agent must run there.'', 16, 1, @recovery, @compliance) WITH LOG;';
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of the job', NULL, (SELECT TOP (1) CASE h.run_status WHEN 1 THEN N'succeeded' WHEN 0 THEN N'FAILED' ELSE N'status ' + CONVERT(nvarchar(10), h.run_status) END + N', ' + CONVERT(nvarchar(10), h.run_date) + N' ' + CONVERT(nvarchar(10), h.run_time) FROM msdb.dbo.sysjobhistory AS h INNER JOIN msdb.dbo.sysjobs AS j ON j.job_id = h.job_id WHERE j.name = N'mbamplan basic-groups group watchdog' AND h.step_id = 0 ORDER BY h.instance_id DESC);
INSERT INTO @checks ([name], [want], [have]) SELECT N'operator that is notified when the job fails', NULL,
    (SELECT MAX(o.name) FROM msdb.dbo.sysjobs AS j INNER JOIN msdb.dbo.sysoperators AS o ON o.id = j.notify_email_operator_id WHERE j.name = N'mbamplan basic-groups group watchdog');
INSERT INTO @checks ([name], [want], [have]) SELECT N'role of ' + N'MBAM-STATUS' + N' here (1 primary, 2 secondary)', NULL, (SELECT CONVERT(nvarchar(10), s.role) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-STATUS' AND s.is_local = 1);
INSERT INTO @checks ([name], [want], [have]) SELECT N'role of ' + N'MBAM-KEYS' + N' here (1 primary, 2 secondary)', NULL, (SELECT CONVERT(nvarchar(10), s.role) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-KEYS' AND s.is_local = 1);
INSERT INTO @checks ([name], [want], [have]) SELECT N'roles of the groups here', N'1', CONVERT(nvarchar(10), COUNT(DISTINCT s.role)) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE s.is_local = 1 AND s.role IN (1, 2) AND (1 = 0 OR g.name = N'MBAM-STATUS' OR g.name = N'MBAM-KEYS');
DECLARE @i int, @last int, @judged int, @bad int, @line nvarchar(3000);
SELECT @i = 1, @last = ISNULL(MAX([id]), 0), @judged = COUNT([want]) FROM @checks;
SELECT @bad = COUNT(*) FROM @checks WHERE [want] IS NOT NULL AND ([have] IS NULL OR [have] <> [want]);
WHILE @i <= @last
BEGIN
    SET @line = NULL;
    SELECT @line = CASE WHEN [want] IS NULL THEN N'[info] ' + [name] + N': ' + ISNULL([have], N'nothing')
                        WHEN [have] = [want] THEN N'[ok]   ' + [name] + N': ' + [have]
                        ELSE N'[FAIL] ' + [name] + N': expected ' + [want] + N', found ' + ISNULL([have], N'nothing') END
    FROM @checks WHERE [id] = @i;
    IF @line IS NOT NULL PRINT @line;
    SET @i = @i + 1;
END;
IF @judged = 0 OR @bad > 0
BEGIN
    RAISERROR(N'%d of %d checks failed. Nothing was changed.', 16, 127, @bad, @judged);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
