/*
Verify: keep both databases on one server by a job.

Step      database/mirroring-watchdog, verify, file number 430
Run on    instance SQL1 on SQL1 (sql1.adatum.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the job is there with the planned text, enabled, runs each minute, and SQL Server Agent runs
Sources   [documented] sp_add_job (Transact-SQL)
          [documented] Role switching during a database mirroring session
          [documented] Planning for MBAM 2.5 high availability
Inferred  the two databases of MBAM work on different servers, each web string having its own partner, until the job brings them together; proved by: the drill of 448, and the last outcome of the job that the verify shows
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL1';
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
DECLARE @job sysname, @id uniqueidentifier;
SET @job = N'mbamplan adatum-mirroring mirroring watchdog';
SET @id = NULL;
SELECT @id = job_id FROM msdb.dbo.sysjobs WHERE name = @job;
INSERT INTO @checks ([name], [want], [have]) SELECT @job + N': enabled', N'1', (SELECT CONVERT(nvarchar(10), enabled) FROM msdb.dbo.sysjobs WHERE job_id = @id);
INSERT INTO @checks ([name], [want], [have]) SELECT @job + N': one step with the planned text, in master', N'yes',
    (SELECT CASE WHEN COUNT(*) = 1 AND MIN(CASE WHEN command = N'DECLARE @recovery sysname, @compliance sysname, @leads tinyint, @follows tinyint, @state tinyint, @safety tinyint; SET @recovery = N''MBAM Recovery and Hardware''; SET @compliance = N''MBAM Compliance Status''; SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance); IF @leads <> @follows WAITFOR DELAY ''00:00:30''; SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance); IF @leads = 1 AND @follows = 2 WAITFOR DELAY ''00:01:30''; SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance); IF @leads IS NULL OR @follows IS NULL RAISERROR(N''mbamplan watchdog: %s or %s is not mirrored on this instance any more.'', 16, 1, @recovery, @compliance) WITH LOG; ELSE IF @leads = @follows PRINT N''Both databases are on one server.''; ELSE IF @leads = 2 AND @state = 4 AND @safety = 2 BEGIN RAISERROR(N''mbamplan watchdog: %s is principal here and %s on the partner: the first one follows.'', 10, 1, @compliance, @recovery) WITH LOG; ALTER DATABASE [MBAM Compliance Status] SET PARTNER FAILOVER; END; ELSE RAISERROR(N''mbamplan watchdog: the MBAM databases %s and %s are on different servers and cannot be brought together now: the first must be synchronized with SAFETY FULL, and SQL Server Agent must run on its principal.'', 16, 1, @compliance, @recovery) WITH LOG;' AND database_name = N'master' AND subsystem = N'TSQL' THEN 1 ELSE 0 END) = 1 THEN N'yes' ELSE N'no' END FROM msdb.dbo.sysjobsteps WHERE job_id = @id);
INSERT INTO @checks ([name], [want], [have]) SELECT @job + N': enabled schedules that run each minute', N'1',
    (SELECT CONVERT(nvarchar(10), COUNT(*)) FROM msdb.dbo.sysjobschedules AS j INNER JOIN msdb.dbo.sysschedules AS s ON s.schedule_id = j.schedule_id
     WHERE j.job_id = @id AND s.enabled = 1 AND s.freq_type = 4 AND s.freq_subday_type = 4 AND s.freq_subday_interval = 1);
INSERT INTO @checks ([name], [want], [have]) SELECT @job + N': runs on this server', N'1', (SELECT CONVERT(nvarchar(10), COUNT(*)) FROM msdb.dbo.sysjobservers WHERE job_id = @id);
INSERT INTO @checks ([name], [want], [have]) SELECT @job + N': last outcome (0 failed, 1 succeeded, 5 not known)', NULL, (SELECT CONVERT(nvarchar(10), MAX(last_run_outcome)) FROM msdb.dbo.sysjobservers WHERE job_id = @id);
INSERT INTO @checks ([name], [want], [have]) SELECT @job + N': operator that is notified when it fails', NULL,
    (SELECT MAX(o.name) FROM msdb.dbo.sysjobs AS j INNER JOIN msdb.dbo.sysoperators AS o ON o.id = j.notify_email_operator_id WHERE j.job_id = @id);
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQL Server Agent (4 running)', N'4', (SELECT CONVERT(nvarchar(10), MAX(status)) FROM sys.dm_server_services WHERE filename LIKE N'%sqlagent.exe%');
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
