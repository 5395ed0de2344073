/*
Take back: keep both databases on one server by a job.

Step      database/mirroring-watchdog, rollback, file number 430
Run on    instance SQL2 on SQL2 (sql2.adatum.com)
Run by    database administrator
Changes   removes the job that the install made
Undo      run the install script of this step again
Sources   [documented] sp_add_job (Transact-SQL)
          [documented] Role switching during a database mirroring session
          [documented] Planning for MBAM 2.5 high availability
Inferred  the two databases of MBAM work on different servers, each web string having its own partner, until the job brings them together; proved by: the drill of 448, and the last outcome of the job that the verify shows
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
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @job sysname, @id uniqueidentifier;
BEGIN TRY
    SET @job = N'mbamplan adatum-mirroring mirroring watchdog';
    SET @property = N'mbamplan/job/adatum-mirroring.mirroring-watchdog';
    SELECT @id = job_id FROM msdb.dbo.sysjobs WHERE name = @job;
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] job ' + @job + N': not made by this plan, stays';
    ELSE
    BEGIN
        IF @id IS NOT NULL EXEC msdb.dbo.sp_delete_job @job_id = @id, @delete_unused_schedule = 1;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] job ' + @job + N': removed';
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
