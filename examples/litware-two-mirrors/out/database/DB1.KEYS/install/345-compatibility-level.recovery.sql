/*
Hold the database at a compatibility level that MBAM supports.

Step      database/compatibility-level, install, file number 345
Run on    instance DB1\KEYS on DB1 (db1.litware.com)
Run by    database administrator
Changes   compatibility level of MBAM Recovery and Hardware, down to 130 where it is higher
Undo      sets the level that the install recorded
Success   sys.databases shows a compatibility level of at most 130
Sources   [documented] MBAM 2.5 Supported Configurations
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB1\KEYS';
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
SET @database = N'MBAM Recovery and Hardware';
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
    SET @property = N'mbamplan/compatibility/litware-two-mirrors.recovery';
    SELECT @level = compatibility_level FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
    SET @value = CONVERT(nvarchar(10), @level);
    IF @level > 130
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER DATABASE [MBAM Recovery and Hardware] SET COMPATIBILITY_LEVEL = 130;
        PRINT N'[done] compatibility level: was ' + @value + N', is now the planned one';
    END
    ELSE
        PRINT N'[same] compatibility level: ' + @value;
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
DECLARE @now int;
SELECT @now = compatibility_level FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
IF @now IS NULL OR @now > 130
BEGIN
    RAISERROR(N'The compatibility level reads back as %d.', 16, 127, @now);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
