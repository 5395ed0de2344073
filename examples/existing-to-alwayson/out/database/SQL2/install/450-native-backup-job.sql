/*
Back up the databases by SQL Server Agent.

Step      backup/native-backup-job, install, file number 450
Run on    instance SQL2 on SQL2 (sql2.contoso.com)
Run by    database administrator
Changes   jobs of SQL Server Agent on SQL2: mbamplan existing-to-alwayson full backup of compliance; mbamplan existing-to-alwayson log backup of compliance; mbamplan existing-to-alwayson full backup of recovery; mbamplan existing-to-alwayson log backup of recovery; files in \\fs1.contoso.com\mbam-backup. Each full backup is started once, in the hours of the install, to prove that the service account can write there
Undo      deletes the jobs that the install made, by their recorded identifiers
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
DECLARE @database sysname, @model nvarchar(60), @other nvarchar(260), @count int, @first datetime, @last datetime, @until datetime, @when nvarchar(20);
SET @database = N'MBAM Compliance Status';
SELECT @model = recovery_model_desc FROM sys.databases WHERE name = @database;
SELECT @count = COUNT(*), @first = MIN(backup_finish_date), @last = MAX(backup_finish_date) FROM msdb.dbo.backupset
    WHERE database_name = @database AND type = N'L' AND is_copy_only = 0 AND backup_finish_date > DATEADD(day, -7, GETDATE()) AND ISNULL(name, N'') NOT LIKE N'mbamplan %';
SELECT @other = MAX(f.physical_device_name) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'L' AND s.is_copy_only = 0 AND s.backup_finish_date = @last AND ISNULL(s.name, N'') NOT LIKE N'mbamplan %';
SET @until = DATEADD(minute, 60, @last);
IF @count > 1 SET @until = DATEADD(second, CASE WHEN 2 * DATEDIFF(second, @first, @last) / (@count - 1) > 60 * 60 THEN 2 * DATEDIFF(second, @first, @last) / (@count - 1) ELSE 60 * 60 END, @last);
SET @when = CONVERT(nvarchar(20), @until, 120);
DECLARE @jobs nvarchar(max);
SET @jobs = N'';
SELECT @jobs = @jobs + N' ' + j.name + N';' FROM msdb.dbo.sysjobs AS j WHERE j.enabled = 1 AND j.name NOT LIKE N'mbamplan %'
    AND j.job_id IN (SELECT s.job_id FROM msdb.dbo.sysjobsteps AS s WHERE CHARINDEX(N'BACKUP', UPPER(s.command)) > 0 AND CHARINDEX(N'LOG', UPPER(s.command)) > 0) ORDER BY j.name;
IF @model IS NULL OR @model = N'SIMPLE'
BEGIN
    SET @model = ISNULL(@model, N'not known: there is no such database here');
    RAISERROR(N'The recovery model of %s is %s, so its log cannot be backed up. It must be FULL, set on the server where the database can be written. Nothing was changed.', 16, 127, @database, @model);
    SET NOEXEC ON;
END
ELSE IF @until > GETDATE()
BEGIN
    PRINT N'Enabled jobs here whose text has BACKUP and LOG (maintenance plans and backup products do not show):' + @jobs;
    RAISERROR(N'Something else backs up the log of %s: %d times within a week, last to %s. Two takers would each hold half of the log chain. Stop the other one and run this file again after %s, when by its own rhythm it must have come twice; or leave backup.folder out of the topology. Nothing was changed.', 16, 127, @database, @count, @other, @when);
    SET NOEXEC ON;
END
ELSE IF @count > 0
    PRINT N'The log of ' + @database + N' was backed up by something else within a week, and is no more, as it seems; last to ' + @other + N'. Keep those files.';
GO
DECLARE @database sysname, @model nvarchar(60), @other nvarchar(260), @count int, @first datetime, @last datetime, @until datetime, @when nvarchar(20);
SET @database = N'MBAM Recovery and Hardware';
SELECT @model = recovery_model_desc FROM sys.databases WHERE name = @database;
SELECT @count = COUNT(*), @first = MIN(backup_finish_date), @last = MAX(backup_finish_date) FROM msdb.dbo.backupset
    WHERE database_name = @database AND type = N'L' AND is_copy_only = 0 AND backup_finish_date > DATEADD(day, -7, GETDATE()) AND ISNULL(name, N'') NOT LIKE N'mbamplan %';
SELECT @other = MAX(f.physical_device_name) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'L' AND s.is_copy_only = 0 AND s.backup_finish_date = @last AND ISNULL(s.name, N'') NOT LIKE N'mbamplan %';
SET @until = DATEADD(minute, 60, @last);
IF @count > 1 SET @until = DATEADD(second, CASE WHEN 2 * DATEDIFF(second, @first, @last) / (@count - 1) > 60 * 60 THEN 2 * DATEDIFF(second, @first, @last) / (@count - 1) ELSE 60 * 60 END, @last);
SET @when = CONVERT(nvarchar(20), @until, 120);
DECLARE @jobs nvarchar(max);
SET @jobs = N'';
SELECT @jobs = @jobs + N' ' + j.name + N';' FROM msdb.dbo.sysjobs AS j WHERE j.enabled = 1 AND j.name NOT LIKE N'mbamplan %'
    AND j.job_id IN (SELECT s.job_id FROM msdb.dbo.sysjobsteps AS s WHERE CHARINDEX(N'BACKUP', UPPER(s.command)) > 0 AND CHARINDEX(N'LOG', UPPER(s.command)) > 0) ORDER BY j.name;
IF @model IS NULL OR @model = N'SIMPLE'
BEGIN
    SET @model = ISNULL(@model, N'not known: there is no such database here');
    RAISERROR(N'The recovery model of %s is %s, so its log cannot be backed up. It must be FULL, set on the server where the database can be written. Nothing was changed.', 16, 127, @database, @model);
    SET NOEXEC ON;
END
ELSE IF @until > GETDATE()
BEGIN
    PRINT N'Enabled jobs here whose text has BACKUP and LOG (maintenance plans and backup products do not show):' + @jobs;
    RAISERROR(N'Something else backs up the log of %s: %d times within a week, last to %s. Two takers would each hold half of the log chain. Stop the other one and run this file again after %s, when by its own rhythm it must have come twice; or leave backup.folder out of the topology. Nothing was changed.', 16, 127, @database, @count, @other, @when);
    SET NOEXEC ON;
END
ELSE IF @count > 0
    PRINT N'The log of ' + @database + N' was backed up by something else within a week, and is no more, as it seems; last to ' + @other + N'. Keep those files.';
GO
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @name sysname, @command nvarchar(max), @job uniqueidentifier, @same int, @mine int, @owner sysname;
BEGIN TRY
    SET @owner = SUSER_SNAME(0x01);

    SET @name = N'mbamplan existing-to-alwayson full backup of compliance';
    SET @property = N'mbamplan/job/existing-to-alwayson.compliance.full';
    SET @command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Compliance Status''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\fs1.contoso.com\mbam-backup\SQL2.compliance.full.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.bak''; IF @role = 2 BACKUP DATABASE [MBAM Compliance Status] TO DISK = @file WITH COPY_ONLY, CHECKSUM, NOINIT, NAME = N''mbamplan full''; ELSE BACKUP DATABASE [MBAM Compliance Status] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan full''; END; ELSE PRINT N''Not the turn of this server.'';';
    SET @job = NULL;
    SELECT @job = job_id FROM msdb.dbo.sysjobs WHERE name = @name;
    SELECT @same = COUNT(*) FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 1 AND d.active_start_time = 220000
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.job_id = @job AND s.command = @command;
    SELECT @mine = COUNT(*) FROM master.sys.extended_properties WHERE class = 0 AND name = @property AND CONVERT(nvarchar(36), value) = CONVERT(nvarchar(36), @job);
    IF @mine = 0 SELECT @mine = COUNT(*) FROM msdb.dbo.sysjobs AS j WHERE j.job_id = @job AND j.enabled = 0 AND j.owner_sid = 0x01 AND CHARINDEX(N'by mbamplan', j.description) > 0
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 0; -- what a run that was cut off leaves
    IF @same = 1
        PRINT N'[same] job ' + @name + N': as planned';
    ELSE IF @job IS NOT NULL AND @mine = 0
        RAISERROR(N'A job %s exists that this plan did not make and that differs from the planned one. Rename or delete it, then run this file again.', 16, 1, @name);
    ELSE
    BEGIN
        IF @job IS NOT NULL EXEC msdb.dbo.sp_delete_job @job_id = @job;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        SET @job = NULL;
        EXEC msdb.dbo.sp_add_job @job_name = @name, @enabled = 0, @description = N'full backup of MBAM Compliance Status, by mbamplan. The same job is on every instance with a copy; its step decides whose turn it is.', @owner_login_name = @owner, @notify_level_eventlog = 2, @job_id = @job OUTPUT;
        SET @value = CONVERT(nvarchar(36), @job);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_name = N'back up', @subsystem = N'TSQL', @database_name = N'master', @command = @command, @on_success_action = 1, @on_fail_action = 2;
        EXEC msdb.dbo.sp_add_jobschedule @job_id = @job, @name = @name, @enabled = 1, @freq_type = 4, @freq_interval = 1, @freq_subday_type = 1, @freq_subday_interval = 0, @active_start_time = 220000;
        EXEC msdb.dbo.sp_add_jobserver @job_id = @job, @server_name = N'(local)';
        EXEC msdb.dbo.sp_update_job @job_id = @job, @enabled = 1;
        PRINT N'[done] job ' + @name + N': made';
    END;

    SET @name = N'mbamplan existing-to-alwayson log backup of compliance';
    SET @property = N'mbamplan/job/existing-to-alwayson.compliance.log';
    SET @command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Compliance Status''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\fs1.contoso.com\mbam-backup\SQL2.compliance.log.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.trn''; BACKUP LOG [MBAM Compliance Status] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan log''; END; ELSE PRINT N''Not the turn of this server.'';';
    SET @job = NULL;
    SELECT @job = job_id FROM msdb.dbo.sysjobs WHERE name = @name;
    SELECT @same = COUNT(*) FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 4 AND d.active_start_time = 0 AND d.freq_subday_interval = 15
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.job_id = @job AND s.command = @command;
    SELECT @mine = COUNT(*) FROM master.sys.extended_properties WHERE class = 0 AND name = @property AND CONVERT(nvarchar(36), value) = CONVERT(nvarchar(36), @job);
    IF @mine = 0 SELECT @mine = COUNT(*) FROM msdb.dbo.sysjobs AS j WHERE j.job_id = @job AND j.enabled = 0 AND j.owner_sid = 0x01 AND CHARINDEX(N'by mbamplan', j.description) > 0
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 0; -- what a run that was cut off leaves
    IF @same = 1
        PRINT N'[same] job ' + @name + N': as planned';
    ELSE IF @job IS NOT NULL AND @mine = 0
        RAISERROR(N'A job %s exists that this plan did not make and that differs from the planned one. Rename or delete it, then run this file again.', 16, 1, @name);
    ELSE
    BEGIN
        IF @job IS NOT NULL EXEC msdb.dbo.sp_delete_job @job_id = @job;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        SET @job = NULL;
        EXEC msdb.dbo.sp_add_job @job_name = @name, @enabled = 0, @description = N'log backup of MBAM Compliance Status, by mbamplan. The same job is on every instance with a copy; its step decides whose turn it is.', @owner_login_name = @owner, @notify_level_eventlog = 2, @job_id = @job OUTPUT;
        SET @value = CONVERT(nvarchar(36), @job);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_name = N'back up', @subsystem = N'TSQL', @database_name = N'master', @command = @command, @on_success_action = 1, @on_fail_action = 2;
        EXEC msdb.dbo.sp_add_jobschedule @job_id = @job, @name = @name, @enabled = 1, @freq_type = 4, @freq_interval = 1, @freq_subday_type = 4, @freq_subday_interval = 15, @active_start_time = 0;
        EXEC msdb.dbo.sp_add_jobserver @job_id = @job, @server_name = N'(local)';
        EXEC msdb.dbo.sp_update_job @job_id = @job, @enabled = 1;
        PRINT N'[done] job ' + @name + N': made';
    END;

    SET @name = N'mbamplan existing-to-alwayson full backup of recovery';
    SET @property = N'mbamplan/job/existing-to-alwayson.recovery.full';
    SET @command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Recovery and Hardware''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\fs1.contoso.com\mbam-backup\SQL2.recovery.full.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.bak''; IF @role = 2 BACKUP DATABASE [MBAM Recovery and Hardware] TO DISK = @file WITH COPY_ONLY, CHECKSUM, NOINIT, NAME = N''mbamplan full''; ELSE BACKUP DATABASE [MBAM Recovery and Hardware] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan full''; END; ELSE PRINT N''Not the turn of this server.'';';
    SET @job = NULL;
    SELECT @job = job_id FROM msdb.dbo.sysjobs WHERE name = @name;
    SELECT @same = COUNT(*) FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 1 AND d.active_start_time = 220000
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.job_id = @job AND s.command = @command;
    SELECT @mine = COUNT(*) FROM master.sys.extended_properties WHERE class = 0 AND name = @property AND CONVERT(nvarchar(36), value) = CONVERT(nvarchar(36), @job);
    IF @mine = 0 SELECT @mine = COUNT(*) FROM msdb.dbo.sysjobs AS j WHERE j.job_id = @job AND j.enabled = 0 AND j.owner_sid = 0x01 AND CHARINDEX(N'by mbamplan', j.description) > 0
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 0; -- what a run that was cut off leaves
    IF @same = 1
        PRINT N'[same] job ' + @name + N': as planned';
    ELSE IF @job IS NOT NULL AND @mine = 0
        RAISERROR(N'A job %s exists that this plan did not make and that differs from the planned one. Rename or delete it, then run this file again.', 16, 1, @name);
    ELSE
    BEGIN
        IF @job IS NOT NULL EXEC msdb.dbo.sp_delete_job @job_id = @job;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        SET @job = NULL;
        EXEC msdb.dbo.sp_add_job @job_name = @name, @enabled = 0, @description = N'full backup of MBAM Recovery and Hardware, by mbamplan. The same job is on every instance with a copy; its step decides whose turn it is.', @owner_login_name = @owner, @notify_level_eventlog = 2, @job_id = @job OUTPUT;
        SET @value = CONVERT(nvarchar(36), @job);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_name = N'back up', @subsystem = N'TSQL', @database_name = N'master', @command = @command, @on_success_action = 1, @on_fail_action = 2;
        EXEC msdb.dbo.sp_add_jobschedule @job_id = @job, @name = @name, @enabled = 1, @freq_type = 4, @freq_interval = 1, @freq_subday_type = 1, @freq_subday_interval = 0, @active_start_time = 220000;
        EXEC msdb.dbo.sp_add_jobserver @job_id = @job, @server_name = N'(local)';
        EXEC msdb.dbo.sp_update_job @job_id = @job, @enabled = 1;
        PRINT N'[done] job ' + @name + N': made';
    END;

    SET @name = N'mbamplan existing-to-alwayson log backup of recovery';
    SET @property = N'mbamplan/job/existing-to-alwayson.recovery.log';
    SET @command = N'DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N''MBAM Recovery and Hardware''; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = N''\\fs1.contoso.com\mbam-backup\SQL2.recovery.log.'' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N''-'' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N'':'', N'''') + N''Z''; IF @turn = 1 BEGIN SET @file = @file + N''.trn''; BACKUP LOG [MBAM Recovery and Hardware] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N''mbamplan log''; END; ELSE PRINT N''Not the turn of this server.'';';
    SET @job = NULL;
    SELECT @job = job_id FROM msdb.dbo.sysjobs WHERE name = @name;
    SELECT @same = COUNT(*) FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobservers AS t ON t.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
    INNER JOIN msdb.dbo.sysjobschedules AS u ON u.job_id = j.job_id
    INNER JOIN msdb.dbo.sysschedules AS d ON d.schedule_id = u.schedule_id
    WHERE j.enabled = 1 AND j.owner_sid = 0x01 AND t.server_id = 0 AND s.step_id = 1 AND s.subsystem = N'TSQL' AND s.database_name = N'master'
    AND d.enabled = 1 AND d.freq_type = 4 AND d.freq_interval = 1 AND d.freq_subday_type = 4 AND d.active_start_time = 0 AND d.freq_subday_interval = 15
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 1 AND j.job_id = @job AND s.command = @command;
    SELECT @mine = COUNT(*) FROM master.sys.extended_properties WHERE class = 0 AND name = @property AND CONVERT(nvarchar(36), value) = CONVERT(nvarchar(36), @job);
    IF @mine = 0 SELECT @mine = COUNT(*) FROM msdb.dbo.sysjobs AS j WHERE j.job_id = @job AND j.enabled = 0 AND j.owner_sid = 0x01 AND CHARINDEX(N'by mbamplan', j.description) > 0
    AND (SELECT COUNT(*) FROM msdb.dbo.sysjobsteps AS x WHERE x.job_id = j.job_id) = 0; -- what a run that was cut off leaves
    IF @same = 1
        PRINT N'[same] job ' + @name + N': as planned';
    ELSE IF @job IS NOT NULL AND @mine = 0
        RAISERROR(N'A job %s exists that this plan did not make and that differs from the planned one. Rename or delete it, then run this file again.', 16, 1, @name);
    ELSE
    BEGIN
        IF @job IS NOT NULL EXEC msdb.dbo.sp_delete_job @job_id = @job;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        SET @job = NULL;
        EXEC msdb.dbo.sp_add_job @job_name = @name, @enabled = 0, @description = N'log backup of MBAM Recovery and Hardware, by mbamplan. The same job is on every instance with a copy; its step decides whose turn it is.', @owner_login_name = @owner, @notify_level_eventlog = 2, @job_id = @job OUTPUT;
        SET @value = CONVERT(nvarchar(36), @job);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_name = N'back up', @subsystem = N'TSQL', @database_name = N'master', @command = @command, @on_success_action = 1, @on_fail_action = 2;
        EXEC msdb.dbo.sp_add_jobschedule @job_id = @job, @name = @name, @enabled = 1, @freq_type = 4, @freq_interval = 1, @freq_subday_type = 4, @freq_subday_interval = 15, @active_start_time = 0;
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
SELECT @there = COUNT(*) FROM msdb.dbo.sysjobs WHERE enabled = 1 AND name IN (N'', N'mbamplan existing-to-alwayson full backup of compliance', N'mbamplan existing-to-alwayson log backup of compliance', N'mbamplan existing-to-alwayson full backup of recovery', N'mbamplan existing-to-alwayson log backup of recovery');
IF @there <> 4
BEGIN
    RAISERROR(N'%d planned jobs read back as enabled, not all.', 16, 127, @there);
    SET NOEXEC ON;
END;
PRINT N'[info] old files: nothing here deletes them. Decide how long they are kept and who removes them, before ' + N'\\fs1.contoso.com\mbam-backup' + N' is full';
GO
DECLARE @name sysname, @job uniqueidentifier, @runs int, @agent int, @text nvarchar(2048);
SELECT @agent = COUNT(*) FROM sys.dm_server_services WHERE filename LIKE N'%sqlagent.exe%' AND status = 4;
SET @name = N'mbamplan existing-to-alwayson full backup of compliance';
SET @job = NULL;
SELECT @job = job_id FROM msdb.dbo.sysjobs WHERE name = @name;
SELECT @runs = COUNT(*) FROM msdb.dbo.sysjobhistory WHERE job_id = @job;
IF @runs > 0
    PRINT N'[same] job ' + @name + N': has run before';
ELSE IF @agent = 0
    PRINT N'SQL Server Agent does not run, so the first backup was not begun. Start it, then: EXEC msdb.dbo.sp_start_job @job_name = ' + QUOTENAME(@name, N'''') + N';';
ELSE
BEGIN
    BEGIN TRY
        EXEC msdb.dbo.sp_start_job @job_id = @job;
        PRINT N'[done] job ' + @name + N': started once, to prove that it can write; verify reads how it ended';
    END TRY
    BEGIN CATCH
        SET @text = N'The job ' + @name + N' was not started: ' + ERROR_MESSAGE();
        PRINT @text;
    END CATCH;
END;
SET @name = N'mbamplan existing-to-alwayson full backup of recovery';
SET @job = NULL;
SELECT @job = job_id FROM msdb.dbo.sysjobs WHERE name = @name;
SELECT @runs = COUNT(*) FROM msdb.dbo.sysjobhistory WHERE job_id = @job;
IF @runs > 0
    PRINT N'[same] job ' + @name + N': has run before';
ELSE IF @agent = 0
    PRINT N'SQL Server Agent does not run, so the first backup was not begun. Start it, then: EXEC msdb.dbo.sp_start_job @job_name = ' + QUOTENAME(@name, N'''') + N';';
ELSE
BEGIN
    BEGIN TRY
        EXEC msdb.dbo.sp_start_job @job_id = @job;
        PRINT N'[done] job ' + @name + N': started once, to prove that it can write; verify reads how it ended';
    END TRY
    BEGIN CATCH
        SET @text = N'The job ' + @name + N' was not started: ' + ERROR_MESSAGE();
        PRINT @text;
    END CATCH;
END;
GO
SET NOEXEC OFF;
