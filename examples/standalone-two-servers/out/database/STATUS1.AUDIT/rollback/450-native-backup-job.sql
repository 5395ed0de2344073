/*
Take back: back up the databases by SQL Server Agent.

Step      backup/native-backup-job, rollback, file number 450
Run on    instance STATUS1\AUDIT on STATUS1 (status1.alpine.com)
Run by    database administrator
Changes   deletes the jobs that the install made, by their recorded identifiers; leaves behind: every backup file and the backup history in msdb
Undo      run the install script of this step again
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
SET @want = N'STATUS1\AUDIT';
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
DECLARE @name sysname, @job uniqueidentifier;
BEGIN TRY
    SET @name = N'mbamplan standalone-two-servers full backup of compliance';
    SET @property = N'mbamplan/job/standalone-two-servers.compliance.full';
    SET @job = NULL;
    SELECT @job = CONVERT(uniqueidentifier, CONVERT(nvarchar(36), value)) FROM master.sys.extended_properties WHERE class = 0 AND name = @property;
    IF @job IS NULL
        PRINT N'[same] job ' + @name + N': not made by this plan, or taken back already';
    ELSE IF NOT EXISTS (SELECT 1 FROM msdb.dbo.sysjobs WHERE job_id = @job)
    BEGIN
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[same] job ' + @name + N': somebody deleted it already';
    END
    ELSE
    BEGIN
        EXEC msdb.dbo.sp_delete_job @job_id = @job;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] job ' + @name + N': deleted. Its backup files stay; nothing backs up this database now unless something else does';
    END;
    SET @name = N'mbamplan standalone-two-servers log backup of compliance';
    SET @property = N'mbamplan/job/standalone-two-servers.compliance.log';
    SET @job = NULL;
    SELECT @job = CONVERT(uniqueidentifier, CONVERT(nvarchar(36), value)) FROM master.sys.extended_properties WHERE class = 0 AND name = @property;
    IF @job IS NULL
        PRINT N'[same] job ' + @name + N': not made by this plan, or taken back already';
    ELSE IF NOT EXISTS (SELECT 1 FROM msdb.dbo.sysjobs WHERE job_id = @job)
    BEGIN
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[same] job ' + @name + N': somebody deleted it already';
    END
    ELSE
    BEGIN
        EXEC msdb.dbo.sp_delete_job @job_id = @job;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] job ' + @name + N': deleted. Its backup files stay; nothing backs up this database now unless something else does';
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
SET NOEXEC OFF;
