/*
Set the FULL recovery model for the log backups of this plan.

Step      database/recovery-model, install, file number 352
Run on    instance MBAMDB on MBAMDB (mbamdb.tailspin.com)
Run by    database administrator
Changes   recovery model of MBAM Compliance Status on MBAMDB
Undo      nothing: leaving the FULL model breaks the log chain. The former model is recorded in master as an extended property, and the database administrator sets it back by hand, together with the backups
Success   the database is in the FULL recovery model
Sources   [documented] BACKUP (Transact-SQL)
          [documented] How to Move the MBAM 2.5 Databases
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'MBAMDB';
SET @have = @@SERVERNAME;
IF @have IS NULL OR @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s. Nothing was changed.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
USE [master];
GO
DECLARE @database sysname, @state nvarchar(60), @update nvarchar(60);
SET @database = N'MBAM Compliance Status';
SET @state = ISNULL(CONVERT(nvarchar(60), DATABASEPROPERTYEX(@database, N'Status')), N'not there');
SET @update = ISNULL(CONVERT(nvarchar(60), DATABASEPROPERTYEX(@database, N'Updateability')), N'not known');
IF @state <> N'ONLINE' OR @update <> N'READ_WRITE'
BEGIN
    RAISERROR(N'The database %s must be online and writeable on this instance. Its state is %s, its updateability %s. A copy is not changed. The files of this step are for this instance only: after a failover fail back to it first, then run this file again. Nothing was changed.', 16, 127, @database, @state, @update);
    SET NOEXEC ON;
END;
GO
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @model nvarchar(60);
BEGIN TRY
    SET @property = N'mbamplan/recovery-model/tailspin-mbam20.compliance';
    SELECT @model = recovery_model_desc FROM sys.databases WHERE name = N'MBAM Compliance Status';
    IF @model = N'FULL'
        PRINT N'[same] recovery model: FULL';
    ELSE
    BEGIN
        SET @value = @model;
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER DATABASE [MBAM Compliance Status] SET RECOVERY FULL;
        PRINT N'[done] recovery model: was ' + @model + N', is now FULL. It takes effect with the next full backup';
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
DECLARE @now nvarchar(60);
SELECT @now = recovery_model_desc FROM sys.databases WHERE name = N'MBAM Compliance Status';
IF @now IS NULL OR @now <> N'FULL'
BEGIN
    RAISERROR(N'The recovery model of %s reads back as %s, not FULL.', 16, 127, N'MBAM Compliance Status', @now);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
