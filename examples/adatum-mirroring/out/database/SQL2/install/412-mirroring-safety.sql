/*
Set safety and timeout of the mirroring sessions.

Step      database/mirroring-safety, install, file number 412
Run on    instance SQL2 on SQL2 (sql2.adatum.com)
Run by    database administrator
Changes   MBAM Compliance Status and MBAM Recovery and Hardware: SAFETY FULL, TIMEOUT 20; on the principal only
Undo      sets SAFETY FULL and TIMEOUT 10, SQL Server's own values, where the install changed them
Success   sys.database_mirroring shows the planned safety level and timeout
Sources   [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] Possible failures during database mirroring
          [documented] Database mirroring and SQL Server failover cluster instances
          [documented] Editions and supported features of SQL Server
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
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @timeout int;
SELECT @timeout = mirroring_connection_timeout FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname, @value nvarchar(2000);
SET @property = N'mbamplan/mirroring-safety/adatum-mirroring.compliance';
SET @value = CONVERT(nvarchar(10), @safety) + N' ' + CONVERT(nvarchar(10), @timeout);
IF @guid IS NULL
BEGIN
    RAISERROR(N'The database %s is not mirrored here; run 410 on the principal first. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @role <> 1
    PRINT N'[same] ' + @database + N': is the mirror here, the principal has the say';
ELSE IF @state NOT IN (2, 4)
BEGIN
    RAISERROR(N'The session of %s must be connected (state 2 or 4, found %d). Nothing was changed.', 16, 127, @database, @state);
    SET NOEXEC ON;
END
ELSE
BEGIN
    IF @safety <> 2
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER DATABASE [MBAM Compliance Status] SET PARTNER SAFETY FULL;
        IF @@ERROR = 0 PRINT N'[done] ' + @database + N': SAFETY FULL';
    END
    ELSE
        PRINT N'[same] ' + @database + N': SAFETY FULL';
    IF @timeout <> 20
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER DATABASE [MBAM Compliance Status] SET PARTNER TIMEOUT 20;
        IF @@ERROR = 0 PRINT N'[done] ' + @database + N': TIMEOUT was ' + CONVERT(nvarchar(10), @timeout) + N', is now the planned one';
    END
    ELSE
        PRINT N'[same] ' + @database + N': TIMEOUT ' + CONVERT(nvarchar(10), @timeout);
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @timeout int;
SELECT @timeout = mirroring_connection_timeout FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @role = 1 AND (@safety <> 2 OR @timeout <> 20)
BEGIN
    RAISERROR(N'%s reads back with safety level %d and timeout %d; the message stands above.', 16, 127, @database, @safety, @timeout);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @timeout int;
SELECT @timeout = mirroring_connection_timeout FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname, @value nvarchar(2000);
SET @property = N'mbamplan/mirroring-safety/adatum-mirroring.recovery';
SET @value = CONVERT(nvarchar(10), @safety) + N' ' + CONVERT(nvarchar(10), @timeout);
IF @guid IS NULL
BEGIN
    RAISERROR(N'The database %s is not mirrored here; run 410 on the principal first. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @role <> 1
    PRINT N'[same] ' + @database + N': is the mirror here, the principal has the say';
ELSE IF @state NOT IN (2, 4)
BEGIN
    RAISERROR(N'The session of %s must be connected (state 2 or 4, found %d). Nothing was changed.', 16, 127, @database, @state);
    SET NOEXEC ON;
END
ELSE
BEGIN
    IF @safety <> 2
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER DATABASE [MBAM Recovery and Hardware] SET PARTNER SAFETY FULL;
        IF @@ERROR = 0 PRINT N'[done] ' + @database + N': SAFETY FULL';
    END
    ELSE
        PRINT N'[same] ' + @database + N': SAFETY FULL';
    IF @timeout <> 20
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER DATABASE [MBAM Recovery and Hardware] SET PARTNER TIMEOUT 20;
        IF @@ERROR = 0 PRINT N'[done] ' + @database + N': TIMEOUT was ' + CONVERT(nvarchar(10), @timeout) + N', is now the planned one';
    END
    ELSE
        PRINT N'[same] ' + @database + N': TIMEOUT ' + CONVERT(nvarchar(10), @timeout);
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @timeout int;
SELECT @timeout = mirroring_connection_timeout FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @role = 1 AND (@safety <> 2 OR @timeout <> 20)
BEGIN
    RAISERROR(N'%s reads back with safety level %d and timeout %d; the message stands above.', 16, 127, @database, @safety, @timeout);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
