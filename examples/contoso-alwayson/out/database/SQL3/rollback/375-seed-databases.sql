/*
Take back: give this replica its copies of the databases.

Step      database/seed-databases, rollback, file number 375
Run on    instance SQL3 on SQL3 (sql3.contoso.com)
Run by    database administrator
Changes   takes the copies that this plan joined on this replica out of the group; leaves behind: the copies, restoring, and the history of their restore in msdb; their removal is printed for the database administrator
Undo      run the install script of this step again
Sources   [documented] ALTER DATABASE SET HADR (Transact-SQL)
          [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Automatic seeding for secondary replicas
          [documented] BACKUP (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL3';
SET @have = @@SERVERNAME;
IF @have IS NULL OR @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s. Nothing was changed.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
USE [master];
GO
DECLARE @property sysname, @group int;
SELECT @group = COUNT(*) FROM sys.availability_groups WHERE name = N'MBAM-AG';
IF @group = 0
BEGIN
    PRINT N'[same] availability group: there is none of the name here';
    SET @property = N'mbamplan/copy/contoso-alwayson.compliance';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'The copy stays. While it is restoring, and when a full backup of the primary is safe, the database administrator may remove it here: DROP DATABASE ' + QUOTENAME(N'MBAM Compliance Status') + N';';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    SET @property = N'mbamplan/copy/contoso-alwayson.recovery';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'The copy stays. While it is restoring, and when a full backup of the primary is safe, the database administrator may remove it here: DROP DATABASE ' + QUOTENAME(N'MBAM Recovery and Hardware') + N';';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role IS NULL OR @role <> 2
BEGIN
    RAISERROR(N'This belongs on a secondary replica of the availability group %s, which this instance is not now. Nothing was changed.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @database sysname, @property sysname, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SET @property = N'mbamplan/copy/contoso-alwayson.compliance';
SELECT @member = replica_id FROM sys.databases WHERE name = @database;
IF @member IS NULL
    PRINT N'[same] ' + @database + N': has not joined here';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': not joined by this plan, stays';
ELSE IF @role = 2
BEGIN
    ALTER DATABASE [MBAM Compliance Status] SET HADR OFF;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': this copy is out of the group and restoring; it no longer follows the primary';
END;
GO
DECLARE @database sysname, @property sysname, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SET @property = N'mbamplan/copy/contoso-alwayson.compliance';
SELECT @member = replica_id FROM sys.databases WHERE name = @database;
IF @member IS NULL
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[info] the copy stays. When a full backup of the primary is safe, the database administrator may remove it here: DROP DATABASE ' + QUOTENAME(@database) + N';';
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @database sysname, @property sysname, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SET @property = N'mbamplan/copy/contoso-alwayson.recovery';
SELECT @member = replica_id FROM sys.databases WHERE name = @database;
IF @member IS NULL
    PRINT N'[same] ' + @database + N': has not joined here';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': not joined by this plan, stays';
ELSE IF @role = 2
BEGIN
    ALTER DATABASE [MBAM Recovery and Hardware] SET HADR OFF;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': this copy is out of the group and restoring; it no longer follows the primary';
END;
GO
DECLARE @database sysname, @property sysname, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SET @property = N'mbamplan/copy/contoso-alwayson.recovery';
SELECT @member = replica_id FROM sys.databases WHERE name = @database;
IF @member IS NULL
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[info] the copy stays. When a full backup of the primary is safe, the database administrator may remove it here: DROP DATABASE ' + QUOTENAME(@database) + N';';
END;
GO
SET NOEXEC OFF;
