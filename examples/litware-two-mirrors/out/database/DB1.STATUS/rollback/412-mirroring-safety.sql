/*
Take back: set safety and timeout of the mirroring sessions.

Step      database/mirroring-safety, rollback, file number 412
Run on    instance DB1\STATUS on DB1 (db1.litware.com)
Run by    database administrator
Changes   sets SAFETY FULL and TIMEOUT 10, SQL Server's own values, where the install changed them
Undo      run the install script of this step again
Sources   [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] Possible failures during database mirroring
          [documented] Database mirroring and SQL Server failover cluster instances
          [documented] Editions and supported features of SQL Server
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB1\STATUS';
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
DECLARE @property sysname;
SET @property = N'mbamplan/mirroring-safety/litware-two-mirrors.compliance';
IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': this plan did not change its safety or timeout from this instance';
ELSE IF @guid IS NOT NULL AND @role = 1
BEGIN
    IF @safety <> 2 ALTER DATABASE [MBAM Compliance Status] SET PARTNER SAFETY FULL;
    IF @timeout <> 10 ALTER DATABASE [MBAM Compliance Status] SET PARTNER TIMEOUT 10;
    PRINT N'[done] ' + @database + N': SAFETY FULL and TIMEOUT 10 asked for';
END
ELSE IF @guid IS NOT NULL
    PRINT N'[same] ' + @database + N': is the mirror here; run this file where it is principal, or end the session with the rollback of 410';
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @timeout int;
SELECT @timeout = mirroring_connection_timeout FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname;
SET @property = N'mbamplan/mirroring-safety/litware-two-mirrors.compliance';
IF @role = 1 AND (@safety <> 2 OR @timeout <> 10) AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    RAISERROR(N'%s reads back with safety level %d and timeout %d; the message stands above.', 16, 127, @database, @safety, @timeout);
    SET NOEXEC ON;
END
ELSE IF @guid IS NULL OR @role = 1
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
END;
GO
SET NOEXEC OFF;
