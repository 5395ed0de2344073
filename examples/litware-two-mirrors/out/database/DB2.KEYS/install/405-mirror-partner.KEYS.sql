/*
Name the principal to the mirror.

Step      database/mirror-partner, install, file number 405
Run on    instance DB2\KEYS on DB2 (db2.litware.com)
Run by    database administrator
Changes   SET PARTNER = TCP://db1.litware.com:5022 for MBAM Recovery and Hardware
Undo      ends the session of the databases whose partner the install named here
Success   the mirror knows the address of the principal; the session begins with 410
Sources   [documented] Establish a database mirroring session with Windows authentication
          [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] sys.database_mirroring (Transact-SQL)
Inferred  the mirror shows the partner in sys.database_mirroring as soon as the statement has run there, before the principal's; proved by: the verify of this step, and 410, which waits for the session and fails when there is none
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB2\KEYS';
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
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @url nvarchar(128);
SET @url = N'TCP://db1.litware.com:5022';
IF @here IS NULL OR (@here <> 1 AND @guid IS NULL)
BEGIN
    RAISERROR(N'The database %s must be restoring on this instance; run 400 first. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @guid IS NOT NULL AND @partner <> @url
BEGIN
    RAISERROR(N'The database %s is mirrored with %s, the plan says %s. Nothing was changed.', 16, 127, @database, @partner, @url);
    SET NOEXEC ON;
END
ELSE IF @guid IS NOT NULL
    PRINT N'[same] ' + @database + N': partner is ' + @url;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname, @value nvarchar(2000);
SET @property = N'mbamplan/mirror-partner/litware-two-mirrors.recovery';
SET @value = N'TCP://db1.litware.com:5022';
IF @here = 1 AND @guid IS NULL
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
    ALTER DATABASE [MBAM Recovery and Hardware] SET PARTNER = N'TCP://db1.litware.com:5022';
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': partner is ' + @value;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @guid IS NULL
    PRINT N'[info] ' + @database + N': this instance shows no session yet; 410 on the principal opens it and proves it';
GO
SET NOEXEC OFF;
