/*
Take back: keep the AlwaysOn_health event session running.

Step      database/alwayson-health, rollback, file number 335
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   sets back what the install changed
Undo      run the install script of this step again
Sources   [documented] Extended events for Always On availability groups
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
BEGIN TRY
    SET @property = N'mbamplan/alwayson-health/started';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    BEGIN
        IF EXISTS (SELECT 1 FROM sys.dm_xe_sessions WHERE name = N'AlwaysOn_health') ALTER EVENT SESSION [AlwaysOn_health] ON SERVER STATE = STOP;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] AlwaysOn_health: stopped';
    END
    ELSE PRINT N'[same] AlwaysOn_health: not started by this plan, stays';
    SET @property = N'mbamplan/alwayson-health/startup';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    BEGIN
        ALTER EVENT SESSION [AlwaysOn_health] ON SERVER WITH (STARTUP_STATE = OFF);
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] start-up of AlwaysOn_health: off';
    END
    ELSE PRINT N'[same] start-up of AlwaysOn_health: not set by this plan, stays';
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
