/*
Keep both databases on one server by a job.

Step      database/mirroring-watchdog, install, file number 430
Run on    instance SQL1 on SQL1 (sql1.adatum.com)
Run by    database administrator
Changes   one job of SQL Server Agent, run each minute: mbamplan adatum-mirroring mirroring watchdog;
Undo      removes the job that the install made
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
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @job sysname, @id uniqueidentifier, @have nvarchar(max), @owner sysname, @enabled tinyint, @schedules int;
BEGIN TRY
    SET @job = N'mbamplan adatum-mirroring mirroring watchdog';
    SET @property = N'mbamplan/job/adatum-mirroring.mirroring-watchdog';
    SET @value = @job;
    SET @q = N'DECLARE @recovery sysname, @compliance sysname, @leads tinyint, @follows tinyint, @state tinyint, @safety tinyint; SET @recovery = N''MBAM Recovery and Hardware''; SET @compliance = N''MBAM Compliance Status''; SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance); IF @leads <> @follows WAITFOR DELAY ''00:00:30''; SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance); IF @leads = 1 AND @follows = 2 WAITFOR DELAY ''00:01:30''; SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance); IF @leads IS NULL OR @follows IS NULL RAISERROR(N''mbamplan watchdog: %s or %s is not mirrored on this instance any more.'', 16, 1, @recovery, @compliance) WITH LOG; ELSE IF @leads = @follows PRINT N''Both databases are on one server.''; ELSE IF @leads = 2 AND @state = 4 AND @safety = 2 BEGIN RAISERROR(N''mbamplan watchdog: %s is principal here and %s on the partner: the first one follows.'', 10, 1, @compliance, @recovery) WITH LOG; ALTER DATABASE [MBAM Compliance Status] SET PARTNER FAILOVER; END; ELSE RAISERROR(N''mbamplan watchdog: the MBAM databases %s and %s are on different servers and cannot be brought together now: the first must be synchronized with SAFETY FULL, and SQL Server Agent must run on its principal.'', 16, 1, @compliance, @recovery) WITH LOG;';
    SET @owner = SUSER_SNAME(0x01);
    SELECT @id = job_id, @enabled = enabled FROM msdb.dbo.sysjobs WHERE name = @job;
    IF @id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        RAISERROR(N'A job %s exists that this plan did not make. Rename or remove it, then run this file again. Nothing was changed.', 16, 1, @job);
    IF @id IS NULL
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        EXEC msdb.dbo.sp_add_job @job_name = @job, @enabled = 0, @owner_login_name = @owner, @description = N'mbamplan: keeps both MBAM databases on one server of the mirrored pair.', @notify_level_eventlog = 2;
        PRINT N'[done] job ' + @job + N': created';
        SELECT @id = job_id, @enabled = enabled FROM msdb.dbo.sysjobs WHERE name = @job;
    END;
    SELECT @have = command FROM msdb.dbo.sysjobsteps WHERE job_id = @id AND step_id = 1;
    IF @have IS NULL
        EXEC msdb.dbo.sp_add_jobstep @job_id = @id, @step_name = N'bring both databases together', @subsystem = N'TSQL', @database_name = N'master', @command = @q, @on_success_action = 1, @on_fail_action = 2;
    ELSE IF @have <> @q
    BEGIN
        EXEC msdb.dbo.sp_update_jobstep @job_id = @id, @step_id = 1, @subsystem = N'TSQL', @database_name = N'master', @command = @q, @on_success_action = 1, @on_fail_action = 2;
        PRINT N'[done] job ' + @job + N': text renewed';
    END;
    SELECT @schedules = COUNT(*) FROM msdb.dbo.sysjobschedules WHERE job_id = @id;
    IF @schedules = 0
        EXEC msdb.dbo.sp_add_jobschedule @job_id = @id, @name = N'each minute', @enabled = 1, @freq_type = 4, @freq_interval = 1, @freq_subday_type = 4, @freq_subday_interval = 1;
    IF NOT EXISTS (SELECT 1 FROM msdb.dbo.sysjobservers WHERE job_id = @id)
        EXEC msdb.dbo.sp_add_jobserver @job_id = @id, @server_name = N'(local)';
    IF @enabled = 0
    BEGIN
        EXEC msdb.dbo.sp_update_job @job_id = @id, @enabled = 1;
        PRINT N'[done] job ' + @job + N': enabled';
    END
    ELSE
        PRINT N'[same] job ' + @job + N': enabled';
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
SET NOEXEC OFF;
