/*
Take back: keep both availability groups on one server by a job.

Step      database/group-watchdog, rollback, file number 396
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   deletes the job that the install made, by its recorded identifier; leaves behind: the groups where they are
Undo      run the install script of this step again
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
DECLARE @name sysname, @job uniqueidentifier;
BEGIN TRY
    SET @name = N'mbamplan basic-groups group watchdog';
    SET @property = N'mbamplan/job/basic-groups.group-watchdog';
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
        PRINT N'[done] job ' + @name + N': deleted. Nothing brings the two databases together after a failover now';
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
