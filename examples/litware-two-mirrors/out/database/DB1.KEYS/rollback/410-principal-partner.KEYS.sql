/*
Take back: open the mirroring sessions from the principal.

Step      database/principal-partner, rollback, file number 410
Run on    instance DB1\KEYS on DB1 (db1.litware.com)
Run by    database administrator
Changes   ends the sessions that the install opened; the databases stay online on the principal without a mirror; leaves behind: copies on the mirror, restoring; their removal is printed by the rollback of 400
Undo      run the install script of this step again
Sources   [documented] Establish a database mirroring session with Windows authentication
          [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for database mirroring
          [documented] sys.database_mirroring (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
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
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname;
SET @property = N'mbamplan/principal-partner/litware-two-mirrors.recovery';
IF @guid IS NULL
    PRINT N'[same] ' + @database + N': is not mirrored here';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': not mirrored by this plan from this instance, stays mirrored';
ELSE
BEGIN
    ALTER DATABASE [MBAM Recovery and Hardware] SET PARTNER OFF;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': session ended; the principal stays online without a mirror, the other copy is restoring';
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname;
SET @property = N'mbamplan/principal-partner/litware-two-mirrors.recovery';
IF @guid IS NOT NULL AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    RAISERROR(N'%s is still mirrored; the message stands above.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
END;
GO
SET NOEXEC OFF;
