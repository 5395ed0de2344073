/*
Take back: add the databases to the availability group.

Step      database/add-databases, rollback, file number 370
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   takes the databases that this plan added out of the group; they stay online on the primary; leaves behind: copies on the other replicas, restoring; their removal is printed for the database administrator
Undo      run the install script of this step again
Sources   [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] Automatic seeding for secondary replicas
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
DECLARE @enabled int, @manager int;
SET @enabled = CONVERT(int, SERVERPROPERTY(N'IsHadrEnabled'));
SET @manager = CONVERT(int, SERVERPROPERTY(N'HadrManagerStatus'));
IF @enabled = 1 AND (@manager IS NULL OR @manager <> 1)
BEGIN
    RAISERROR(N'The availability group manager does not run here (status %d), so this instance does not see which groups the cluster has. Start the cluster service, or see why it does not run; then run this file again. Nothing was changed.', 16, 127, @manager);
    SET NOEXEC ON;
END;
GO
DECLARE @property sysname;
IF NOT EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM-AG')
BEGIN
    SET @property = N'mbamplan/group-database/contoso-alwayson.compliance';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    SET @property = N'mbamplan/group-database/contoso-alwayson.recovery';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[same] databases: their availability group is gone, they are in none of the name';
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint, @primary nvarchar(256);
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
SELECT @primary = s.primary_replica FROM sys.dm_hadr_availability_group_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG';
IF @role IS NULL OR @role <> 1
BEGIN
    SET @primary = ISNULL(@primary, N'not known here');
    IF @role = 2 PRINT N'To fail back, on this instance: ALTER AVAILABILITY GROUP ' + QUOTENAME(N'MBAM-AG') + N' FAILOVER;';
    RAISERROR(N'This belongs on the primary replica of the availability group %s, which this instance is not now. Primary: %s. The files of this step are for this instance only: fail back to it first, when its copies are synchronized. Nothing was changed.', 16, 127, N'MBAM-AG', @primary);
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @database sysname, @property sysname, @member int;
SET @database = N'MBAM Compliance Status';
SET @property = N'mbamplan/group-database/contoso-alwayson.compliance';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @member = 0
    PRINT N'[same] ' + @database + N': not in the group';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': not added by this plan from this instance, stays in the group';
ELSE IF @role = 1
BEGIN
    ALTER AVAILABILITY GROUP [MBAM-AG] REMOVE DATABASE [MBAM Compliance Status];
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': out of the group, online here without a copy that follows';
END;
GO
DECLARE @database sysname, @property sysname, @member int;
SET @database = N'MBAM Compliance Status';
SET @property = N'mbamplan/group-database/contoso-alwayson.compliance';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @member > 0 AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    RAISERROR(N'The database %s is still in the group; the message stands above.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[info] on each secondary a copy stays and is restoring. When a full backup of the primary is safe, the database administrator may remove it there: DROP DATABASE ' + QUOTENAME(@database) + N';';
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @database sysname, @property sysname, @member int;
SET @database = N'MBAM Recovery and Hardware';
SET @property = N'mbamplan/group-database/contoso-alwayson.recovery';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @member = 0
    PRINT N'[same] ' + @database + N': not in the group';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': not added by this plan from this instance, stays in the group';
ELSE IF @role = 1
BEGIN
    ALTER AVAILABILITY GROUP [MBAM-AG] REMOVE DATABASE [MBAM Recovery and Hardware];
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': out of the group, online here without a copy that follows';
END;
GO
DECLARE @database sysname, @property sysname, @member int;
SET @database = N'MBAM Recovery and Hardware';
SET @property = N'mbamplan/group-database/contoso-alwayson.recovery';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @member > 0 AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    RAISERROR(N'The database %s is still in the group; the message stands above.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[info] on each secondary a copy stays and is restoring. When a full backup of the primary is safe, the database administrator may remove it there: DROP DATABASE ' + QUOTENAME(@database) + N';';
END;
GO
SET NOEXEC OFF;
