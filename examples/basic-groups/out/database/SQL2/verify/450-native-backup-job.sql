/*
Verify: back up the databases by SQL Server Agent.

Step      backup/native-backup-job, verify, file number 450
Run on    instance SQL2 on SQL2 (sql2.treyresearch.net)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   every job exists as planned and is enabled, SQL Server Agent runs, no last run has failed, and the server whose turn it is has finished a backup
Sources   [documented] sys.fn_hadr_backup_is_preferred_replica (Transact-SQL)
          [documented] Active secondaries - backup on secondary replicas
          [documented] Management of logins and jobs for the databases of an availability group
          [documented] BACKUP (Transact-SQL)
          [documented] Copy-only backups
          [documented] sp_add_job (Transact-SQL)
          [documented] sp_add_jobschedule (Transact-SQL)
Inferred  sys.fn_hadr_backup_is_preferred_replica is 1 for a database that is in no availability group; proved by: the job's own history: it backs up or prints that it is not its turn
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
INSERT INTO @checks ([name], [want], [have]) SELECT N'SQL Server Agent starts with Windows', NULL, CASE WHEN COUNT(*) > 0 THEN N'yes' ELSE N'no: set it to automatic, unless a cluster starts it' END FROM sys.dm_server_services WHERE filename LIKE N'%sqlagent.exe%' AND startup_type = 2;
DECLARE @turn int, @ran nvarchar(100), @backup datetime, @age int;
INSERT INTO @checks ([name], [want], [have]) SELECT N'job ' + N'mbamplan basic-groups full backup of compliance', N'1 as planned', CONVERT(nvarchar(10), COUNT(*)) + N' as planned' FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 1 AND d.active_start_time = 220000
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.name = N'mbamplan basic-groups full backup of compliance' AND s.command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Compliance Status''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\files.treyresearch.net\mbam-backup\SQL2.compliance.full.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.bak''; IF @role = 2 BACKUP DATABASE [MBAM Compliance Status] TO DISK = @file WITH COPY_ONLY, CHECKSUM, NOINIT, NAME = N''mbamplan full''; ELSE BACKUP DATABASE [MBAM Compliance Status] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan full''; END; ELSE PRINT N''Not the turn of this server.'';';
SET @turn = sys.fn_hadr_backup_is_preferred_replica(N'MBAM Compliance Status');
SET @ran = NULL;
SELECT TOP (1) @ran = CASE h.run_status WHEN 1 THEN N'succeeded' WHEN 0 THEN N'FAILED' WHEN 3 THEN N'CANCELLED' ELSE N'status ' + CONVERT(nvarchar(10), h.run_status) END + N', ' + CONVERT(nvarchar(10), h.run_date) + N' ' + CONVERT(nvarchar(10), h.run_time)
    FROM msdb.dbo.sysjobhistory AS h INNER JOIN msdb.dbo.sysjobs AS j ON j.job_id = h.job_id WHERE j.name = N'mbamplan basic-groups full backup of compliance' AND h.step_id = 0 ORDER BY h.instance_id DESC;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups full backup of compliance' + N' has not failed', N'yes', CASE WHEN @ran LIKE N'FAILED%' OR @ran LIKE N'CANCELLED%' THEN @ran ELSE N'yes' END;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups full backup of compliance', NULL, @ran;
SET @backup = NULL;
SELECT @backup = MAX(b.backup_finish_date) FROM msdb.dbo.backupset AS b WHERE b.database_name = N'MBAM Compliance Status' AND b.name = N'mbamplan full';
SELECT @age = DATEDIFF(minute, MAX(date_created), GETDATE()) FROM msdb.dbo.sysjobs WHERE name = N'mbamplan basic-groups full backup of compliance';
INSERT INTO @checks ([name], [want], [have]) SELECT N'last ' + N'full backup of MBAM Compliance Status' + N' by this job here', NULL, CONVERT(nvarchar(30), @backup, 120);
IF @turn = 0
    INSERT INTO @checks ([name], [want], [have]) SELECT N'turn of this server for the ' + N'full backup of MBAM Compliance Status', NULL, N'no, another one takes it now';
ELSE IF @age < 60 AND @backup IS NULL
    INSERT INTO @checks ([name], [want], [have]) SELECT N'first ' + N'full backup of MBAM Compliance Status', NULL, N'not yet, the job is ' + CONVERT(nvarchar(10), @age) + N' minutes old: verify again later';
ELSE
    INSERT INTO @checks ([name], [want], [have]) SELECT N'this server has taken a ' + N'full backup of MBAM Compliance Status' + N' (if its turn has just come by a failover, start the job once)', N'yes',
        CASE WHEN @backup IS NOT NULL THEN N'yes' ELSE N'no' END;
INSERT INTO @checks ([name], [want], [have]) SELECT N'job ' + N'mbamplan basic-groups log backup of compliance', N'1 as planned', CONVERT(nvarchar(10), COUNT(*)) + N' as planned' FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 4 AND d.active_start_time = 0 AND d.freq_subday_interval = 15
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.name = N'mbamplan basic-groups log backup of compliance' AND s.command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Compliance Status''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\files.treyresearch.net\mbam-backup\SQL2.compliance.log.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.trn''; BACKUP LOG [MBAM Compliance Status] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan log''; END; ELSE PRINT N''Not the turn of this server.'';';
SET @turn = sys.fn_hadr_backup_is_preferred_replica(N'MBAM Compliance Status');
SET @ran = NULL;
SELECT TOP (1) @ran = CASE h.run_status WHEN 1 THEN N'succeeded' WHEN 0 THEN N'FAILED' WHEN 3 THEN N'CANCELLED' ELSE N'status ' + CONVERT(nvarchar(10), h.run_status) END + N', ' + CONVERT(nvarchar(10), h.run_date) + N' ' + CONVERT(nvarchar(10), h.run_time)
    FROM msdb.dbo.sysjobhistory AS h INNER JOIN msdb.dbo.sysjobs AS j ON j.job_id = h.job_id WHERE j.name = N'mbamplan basic-groups log backup of compliance' AND h.step_id = 0 ORDER BY h.instance_id DESC;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups log backup of compliance' + N' has not failed', N'yes', CASE WHEN @ran LIKE N'FAILED%' OR @ran LIKE N'CANCELLED%' THEN @ran ELSE N'yes' END;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups log backup of compliance', NULL, @ran;
SET @backup = NULL;
SELECT @backup = MAX(b.backup_finish_date) FROM msdb.dbo.backupset AS b WHERE b.database_name = N'MBAM Compliance Status' AND b.name = N'mbamplan log';
SELECT @age = DATEDIFF(minute, MAX(date_created), GETDATE()) FROM msdb.dbo.sysjobs WHERE name = N'mbamplan basic-groups log backup of compliance';
INSERT INTO @checks ([name], [want], [have]) SELECT N'last ' + N'log backup of MBAM Compliance Status' + N' by this job here', NULL, CONVERT(nvarchar(30), @backup, 120);
IF @turn = 0
    INSERT INTO @checks ([name], [want], [have]) SELECT N'turn of this server for the ' + N'log backup of MBAM Compliance Status', NULL, N'no, another one takes it now';
ELSE IF @age < 60 AND @backup IS NULL
    INSERT INTO @checks ([name], [want], [have]) SELECT N'first ' + N'log backup of MBAM Compliance Status', NULL, N'not yet, the job is ' + CONVERT(nvarchar(10), @age) + N' minutes old: verify again later';
ELSE
    INSERT INTO @checks ([name], [want], [have]) SELECT N'within 60 minutes this server has taken a ' + N'log backup of MBAM Compliance Status' + N' (if its turn has just come by a failover, wait for the next one)', N'yes',
        CASE WHEN @backup > DATEADD(minute, -60, GETDATE()) THEN N'yes' ELSE N'no' END;
INSERT INTO @checks ([name], [want], [have]) SELECT N'job ' + N'mbamplan basic-groups full backup of recovery', N'1 as planned', CONVERT(nvarchar(10), COUNT(*)) + N' as planned' FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 1 AND d.active_start_time = 220000
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.name = N'mbamplan basic-groups full backup of recovery' AND s.command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Recovery and Hardware''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\files.treyresearch.net\mbam-backup\SQL2.recovery.full.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.bak''; IF @role = 2 BACKUP DATABASE [MBAM Recovery and Hardware] TO DISK = @file WITH COPY_ONLY, CHECKSUM, NOINIT, NAME = N''mbamplan full''; ELSE BACKUP DATABASE [MBAM Recovery and Hardware] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan full''; END; ELSE PRINT N''Not the turn of this server.'';';
SET @turn = sys.fn_hadr_backup_is_preferred_replica(N'MBAM Recovery and Hardware');
SET @ran = NULL;
SELECT TOP (1) @ran = CASE h.run_status WHEN 1 THEN N'succeeded' WHEN 0 THEN N'FAILED' WHEN 3 THEN N'CANCELLED' ELSE N'status ' + CONVERT(nvarchar(10), h.run_status) END + N', ' + CONVERT(nvarchar(10), h.run_date) + N' ' + CONVERT(nvarchar(10), h.run_time)
    FROM msdb.dbo.sysjobhistory AS h INNER JOIN msdb.dbo.sysjobs AS j ON j.job_id = h.job_id WHERE j.name = N'mbamplan basic-groups full backup of recovery' AND h.step_id = 0 ORDER BY h.instance_id DESC;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups full backup of recovery' + N' has not failed', N'yes', CASE WHEN @ran LIKE N'FAILED%' OR @ran LIKE N'CANCELLED%' THEN @ran ELSE N'yes' END;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups full backup of recovery', NULL, @ran;
SET @backup = NULL;
SELECT @backup = MAX(b.backup_finish_date) FROM msdb.dbo.backupset AS b WHERE b.database_name = N'MBAM Recovery and Hardware' AND b.name = N'mbamplan full';
SELECT @age = DATEDIFF(minute, MAX(date_created), GETDATE()) FROM msdb.dbo.sysjobs WHERE name = N'mbamplan basic-groups full backup of recovery';
INSERT INTO @checks ([name], [want], [have]) SELECT N'last ' + N'full backup of MBAM Recovery and Hardware' + N' by this job here', NULL, CONVERT(nvarchar(30), @backup, 120);
IF @turn = 0
    INSERT INTO @checks ([name], [want], [have]) SELECT N'turn of this server for the ' + N'full backup of MBAM Recovery and Hardware', NULL, N'no, another one takes it now';
ELSE IF @age < 60 AND @backup IS NULL
    INSERT INTO @checks ([name], [want], [have]) SELECT N'first ' + N'full backup of MBAM Recovery and Hardware', NULL, N'not yet, the job is ' + CONVERT(nvarchar(10), @age) + N' minutes old: verify again later';
ELSE
    INSERT INTO @checks ([name], [want], [have]) SELECT N'this server has taken a ' + N'full backup of MBAM Recovery and Hardware' + N' (if its turn has just come by a failover, start the job once)', N'yes',
        CASE WHEN @backup IS NOT NULL THEN N'yes' ELSE N'no' END;
INSERT INTO @checks ([name], [want], [have]) SELECT N'job ' + N'mbamplan basic-groups log backup of recovery', N'1 as planned', CONVERT(nvarchar(10), COUNT(*)) + N' as planned' FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 4 AND d.active_start_time = 0 AND d.freq_subday_interval = 15
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.name = N'mbamplan basic-groups log backup of recovery' AND s.command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Recovery and Hardware''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\files.treyresearch.net\mbam-backup\SQL2.recovery.log.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.trn''; BACKUP LOG [MBAM Recovery and Hardware] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan log''; END; ELSE PRINT N''Not the turn of this server.'';';
SET @turn = sys.fn_hadr_backup_is_preferred_replica(N'MBAM Recovery and Hardware');
SET @ran = NULL;
SELECT TOP (1) @ran = CASE h.run_status WHEN 1 THEN N'succeeded' WHEN 0 THEN N'FAILED' WHEN 3 THEN N'CANCELLED' ELSE N'status ' + CONVERT(nvarchar(10), h.run_status) END + N', ' + CONVERT(nvarchar(10), h.run_date) + N' ' + CONVERT(nvarchar(10), h.run_time)
    FROM msdb.dbo.sysjobhistory AS h INNER JOIN msdb.dbo.sysjobs AS j ON j.job_id = h.job_id WHERE j.name = N'mbamplan basic-groups log backup of recovery' AND h.step_id = 0 ORDER BY h.instance_id DESC;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups log backup of recovery' + N' has not failed', N'yes', CASE WHEN @ran LIKE N'FAILED%' OR @ran LIKE N'CANCELLED%' THEN @ran ELSE N'yes' END;
INSERT INTO @checks ([name], [want], [have]) SELECT N'last run of ' + N'mbamplan basic-groups log backup of recovery', NULL, @ran;
SET @backup = NULL;
SELECT @backup = MAX(b.backup_finish_date) FROM msdb.dbo.backupset AS b WHERE b.database_name = N'MBAM Recovery and Hardware' AND b.name = N'mbamplan log';
SELECT @age = DATEDIFF(minute, MAX(date_created), GETDATE()) FROM msdb.dbo.sysjobs WHERE name = N'mbamplan basic-groups log backup of recovery';
INSERT INTO @checks ([name], [want], [have]) SELECT N'last ' + N'log backup of MBAM Recovery and Hardware' + N' by this job here', NULL, CONVERT(nvarchar(30), @backup, 120);
IF @turn = 0
    INSERT INTO @checks ([name], [want], [have]) SELECT N'turn of this server for the ' + N'log backup of MBAM Recovery and Hardware', NULL, N'no, another one takes it now';
ELSE IF @age < 60 AND @backup IS NULL
    INSERT INTO @checks ([name], [want], [have]) SELECT N'first ' + N'log backup of MBAM Recovery and Hardware', NULL, N'not yet, the job is ' + CONVERT(nvarchar(10), @age) + N' minutes old: verify again later';
ELSE
    INSERT INTO @checks ([name], [want], [have]) SELECT N'within 60 minutes this server has taken a ' + N'log backup of MBAM Recovery and Hardware' + N' (if its turn has just come by a failover, wait for the next one)', N'yes',
        CASE WHEN @backup > DATEADD(minute, -60, GETDATE()) THEN N'yes' ELSE N'no' END;
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
