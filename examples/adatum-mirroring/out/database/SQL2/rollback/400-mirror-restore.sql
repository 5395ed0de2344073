/*
Take back: restore the databases on the mirror.

Step      database/mirror-restore, rollback, file number 400
Run on    instance SQL2 on SQL2 (sql2.adatum.com)
Run by    database administrator
Changes   nothing: the copies stay. The rollback prints what the database administrator may do with them; leaves behind: the copies, restoring, and the history of their restore in msdb
Undo      run the install script of this step again
Sources   [documented] Prepare a mirror database for mirroring
          [documented] Establish a database mirroring session with Windows authentication
          [documented] BACKUP (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
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
IF @here IS NULL
    PRINT N'[same] ' + @database + N': there is no copy here';
ELSE IF @guid IS NOT NULL
    PRINT N'[same] ' + @database + N': is mirrored, stays; take 415, 412, 410 and 405 back first';
ELSE IF @here = 1
    PRINT N'[info] ' + @database + N': the copy stays and is restoring. When a full backup of the principal is safe, the database administrator may remove it here: DROP DATABASE ' + QUOTENAME(@database) + N';';
ELSE
    PRINT N'[same] ' + @database + N': is no restoring copy, stays';
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @here IS NULL
    PRINT N'[same] ' + @database + N': there is no copy here';
ELSE IF @guid IS NOT NULL
    PRINT N'[same] ' + @database + N': is mirrored, stays; take 415, 412, 410 and 405 back first';
ELSE IF @here = 1
    PRINT N'[info] ' + @database + N': the copy stays and is restoring. When a full backup of the principal is safe, the database administrator may remove it here: DROP DATABASE ' + QUOTENAME(@database) + N';';
ELSE
    PRINT N'[same] ' + @database + N': is no restoring copy, stays';
GO
SET NOEXEC OFF;
