/*
Keep the AlwaysOn_health event session running.

Step      database/alwayson-health, install, file number 335
Run on    instance SQL2 on SQL2 (sql2.contoso.com)
Run by    database administrator
Changes   start-up state and state of the event session AlwaysOn_health
Undo      sets back what the install changed
Success   the session runs and starts with the server
Sources   [documented] Extended events for Always On availability groups
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
BEGIN TRY
    SET @value = N'AlwaysOn_health';
    IF NOT EXISTS (SELECT 1 FROM sys.server_event_sessions WHERE name = N'AlwaysOn_health')
        RAISERROR(N'The event session AlwaysOn_health does not exist. SQL Server makes it at set-up; script it from another instance of the same version. Nothing was changed.', 16, 1);
    IF EXISTS (SELECT 1 FROM sys.server_event_sessions WHERE name = N'AlwaysOn_health' AND startup_state = 1)
        PRINT N'[same] start-up of AlwaysOn_health: on';
    ELSE
    BEGIN
        SET @property = N'mbamplan/alwayson-health/startup';
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER EVENT SESSION [AlwaysOn_health] ON SERVER WITH (STARTUP_STATE = ON);
        PRINT N'[done] start-up of AlwaysOn_health: on';
    END;
    IF EXISTS (SELECT 1 FROM sys.dm_xe_sessions WHERE name = N'AlwaysOn_health')
        PRINT N'[same] AlwaysOn_health: runs';
    ELSE
    BEGIN
        SET @property = N'mbamplan/alwayson-health/started';
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER EVENT SESSION [AlwaysOn_health] ON SERVER STATE = START;
        PRINT N'[done] AlwaysOn_health: started';
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
