/*
Keep both availability groups on one server by a job.

Step      database/group-watchdog, install, file number 396
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   one job of SQL Server Agent, run each minute: mbamplan basic-groups group watchdog
Undo      deletes the job that the install made, by its recorded identifier
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
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @name sysname, @command nvarchar(max), @job uniqueidentifier, @same int, @mine int, @owner sysname;
BEGIN TRY
    SET @owner = SUSER_SNAME(0x01);
    SET @name = N'mbamplan basic-groups group watchdog';
    SET @property = N'mbamplan/job/basic-groups.group-watchdog';
    SET @command = N'DECLARE @recovery sysname, @compliance sysname, @leads tinyint, @follows tinyint, @ready int; SET @recovery = N''MBAM-KEYS''; SET @compliance = N''MBAM-STATUS''; SELECT @leads = NULL, @follows = NULL, @ready = NULL; SELECT @leads = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @recovery AND s.is_local = 1; SELECT @follows = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; SELECT @ready = MIN(CONVERT(int, c.is_failover_ready)) FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; IF @leads IS NULL OR @follows IS NULL OR @leads = 0 OR @leads <> @follows WAITFOR DELAY ''00:00:30''; SELECT @leads = NULL, @follows = NULL, @ready = NULL; SELECT @leads = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @recovery AND s.is_local = 1; SELECT @follows = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; SELECT @ready = MIN(CONVERT(int, c.is_failover_ready)) FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; IF @leads = 2 AND @follows = 1 WAITFOR DELAY ''00:01:30''; SELECT @leads = NULL, @follows = NULL, @ready = NULL; SELECT @leads = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @recovery AND s.is_local = 1; SELECT @follows = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; SELECT @ready = MIN(CONVERT(int, c.is_failover_ready)) FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; IF @leads IS NULL OR @follows IS NULL RAISERROR(N''mbamplan watchdog: this instance has no replica of %s or of %s any more.'', 16, 1, @recovery, @compliance) WITH LOG; ELSE IF @leads = 0 OR @follows = 0 RAISERROR(N''mbamplan watchdog: %s or %s is in neither role here (resolving): look at the cluster.'', 16, 1, @recovery, @compliance) WITH LOG; ELSE IF @leads = @follows PRINT N''Both groups have one role here.''; ELSE IF @leads = 1 AND @ready = 1 BEGIN RAISERROR(N''mbamplan watchdog: %s is primary here and %s is not: the second one follows.'', 10, 1, @recovery, @compliance) WITH LOG; ALTER AVAILABILITY GROUP [MBAM-STATUS] FAILOVER; END; ELSE RAISERROR(N''mbamplan watchdog: the groups %s and %s are primary on different servers and cannot be brought together now: the second must be synchronized where the first is primary, and SQL Server Agent must run there.'', 16, 1, @recovery, @compliance) WITH LOG;';
    SELECT @job = job_id FROM msdb.dbo.sysjobs WHERE name = @name;
    SELECT @same = COUNT(*) FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 4 AND d.active_start_time = 0 AND d.freq_subday_interval = 1
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.job_id = @job AND s.command = @command;
    SELECT @mine = COUNT(*) FROM master.sys.extended_properties WHERE class = 0 AND name = @property AND CONVERT(nvarchar(36), value) = CONVERT(nvarchar(36), @job);
    IF @mine = 0 SELECT @mine = COUNT(*) FROM msdb.dbo.sysjobs AS j WHERE j.job_id = @job AND j.enabled = 0 AND j.owner_sid = 0x01 AND CHARINDEX(N'by mbamplan', j.description) > 0
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 0; -- what a run that was cut off leaves
    IF @same = 1
        PRINT N'[same] job ' + @name + N': as planned';
    ELSE IF @job IS NOT NULL AND @mine = 0
        RAISERROR(N'A job %s exists that this plan did not make and that differs from the planned one. Rename or delete it, then run this file again. Nothing was changed.', 16, 1, @name);
    ELSE
    BEGIN
        IF @job IS NOT NULL EXEC msdb.dbo.sp_delete_job @job_id = @job;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        SET @job = NULL;
        EXEC msdb.dbo.sp_add_job @job_name = @name, @enabled = 0, @description = N'Brings both MBAM databases to one server, by mbamplan. The same job is on every replica; its step decides which one acts.', @owner_login_name = @owner, @notify_level_eventlog = 2, @job_id = @job OUTPUT;
        SET @value = CONVERT(nvarchar(36), @job);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_name = N'bring both groups together', @subsystem = N'TSQL', @database_name = N'master', @command = @command, @on_success_action = 1, @on_fail_action = 2;
        EXEC msdb.dbo.sp_add_jobschedule @job_id = @job, @name = @name, @enabled = 1, @freq_type = 4, @freq_interval = 1, @freq_subday_type = 4, @freq_subday_interval = 1, @active_start_time = 0;
        EXEC msdb.dbo.sp_add_jobserver @job_id = @job, @server_name = N'(local)';
        EXEC msdb.dbo.sp_update_job @job_id = @job, @enabled = 1;
        PRINT N'[done] job ' + @name + N': made';
    END;
END TRY
BEGIN CATCH
    DECLARE @number int, @problem nvarchar(2048);
    SELECT @number = ERROR_NUMBER(), @problem = ERROR_MESSAGE();
    IF @number = 50000
        RAISERROR(N'%s', 16, 127, @problem);
    ELSE
        RAISERROR(N'Error %d: %s Lines [done] above stay done and are recorded. Mend the cause, then run this file again.', 16, 127, @number, @problem);
    SET NOEXEC ON;
END CATCH;
GO
DECLARE @there int;
SELECT @there = COUNT(*) FROM msdb.dbo.sysjobs WHERE enabled = 1 AND name = N'mbamplan basic-groups group watchdog';
IF @there <> 1
BEGIN
    RAISERROR(N'The planned job reads back %d times as enabled, not once.', 16, 127, @there);
    SET NOEXEC ON;
END;
PRINT N'[info] SQL Server Agent must run and start with the server, on every replica: the job acts where it is the target of the failover';
GO
SET NOEXEC OFF;
