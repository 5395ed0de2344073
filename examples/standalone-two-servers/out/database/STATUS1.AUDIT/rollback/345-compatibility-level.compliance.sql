/*
Take back: hold the database at a compatibility level that MBAM supports.

Step      database/compatibility-level, rollback, file number 345
Run on    instance STATUS1\AUDIT on STATUS1 (status1.alpine.com)
Run by    database administrator
Changes   sets the level that the install recorded
Undo      run the install script of this step again
Sources   [documented] MBAM 2.5 Supported Configurations
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
DECLARE @level int;
BEGIN TRY
    SET @property = N'mbamplan/compatibility/standalone-two-servers.compliance';
    SELECT @level = CONVERT(int, CONVERT(nvarchar(10), value)) FROM master.sys.extended_properties WHERE class = 0 AND name = @property;
    IF @level IS NULL
        PRINT N'[same] compatibility level: this plan did not change it';
    ELSE
    BEGIN
        SET @q = N'ALTER DATABASE ' + QUOTENAME(N'MBAM Compliance Status') + N' SET COMPATIBILITY_LEVEL = ' + CONVERT(nvarchar(10), @level) + N';';
        EXEC sys.sp_executesql @q;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] compatibility level: back to ' + CONVERT(nvarchar(10), @level) + N', which MBAM does not support above 140';
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
