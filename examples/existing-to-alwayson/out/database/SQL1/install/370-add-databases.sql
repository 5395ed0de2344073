/*
Add the databases to the availability group.

Step      database/add-databases, install, file number 370
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   MBAM Compliance Status goes into MBAM-AG; MBAM Recovery and Hardware goes into MBAM-AG; copies follow by 375
Undo      takes the databases that this plan added out of the group; they stay online on the primary
Success   the databases are in the group, online on the primary
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
DECLARE @database sysname, @problem nvarchar(400), @member int;
SET @database = N'MBAM Compliance Status';
SET @problem = N'is not on this instance';
SELECT @problem = CASE
        WHEN d.state <> 0 THEN N'is not online'
        WHEN d.user_access <> 0 THEN N'is not open to many users'
        WHEN d.is_read_only = 1 THEN N'is read-only'
        WHEN d.is_auto_close_on = 1 THEN N'closes by itself (AUTO_CLOSE)'
        WHEN d.recovery_model <> 1 THEN N'is not in the FULL recovery model; run 350'
        WHEN f.last_log_backup_lsn IS NULL THEN N'has no full backup that log backups can follow; run 350'
        WHEN m.mirroring_guid IS NOT NULL THEN N'is mirrored'
        WHEN d.group_database_id IS NOT NULL AND g.group_id IS NULL THEN N'is in another availability group' END,
    @member = CASE WHEN g.group_id IS NULL THEN 0 ELSE 1 END
FROM sys.databases AS d
LEFT JOIN sys.database_recovery_status AS f ON f.database_id = d.database_id
LEFT JOIN sys.database_mirroring AS m ON m.database_id = d.database_id
LEFT JOIN sys.availability_databases_cluster AS c ON c.group_database_id = d.group_database_id
LEFT JOIN sys.availability_groups AS g ON g.group_id = c.group_id AND g.name = N'MBAM-AG'
WHERE d.name = @database;
IF @problem IS NOT NULL
BEGIN
    RAISERROR(N'The database %s %s. It was not added.', 16, 127, @database, @problem);
    SET NOEXEC ON;
END
ELSE IF @member = 1
    PRINT N'[same] ' + @database + N': in the group';
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @database sysname, @property sysname, @value nvarchar(2000), @member int;
SET @database = N'MBAM Compliance Status';
SET @property = N'mbamplan/group-database/existing-to-alwayson.compliance';
SET @value = N'MBAM-AG';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @role = 1 AND @member = 0
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
    PRINT N'If the next statement fails: 1475 means that the recovery model was changed in between and the log must be backed up again. Run verify of 350 and mend what it names, then run this file again.';
    ALTER AVAILABILITY GROUP [MBAM-AG] ADD DATABASE [MBAM Compliance Status];
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': added to the group';
END;
GO
DECLARE @database sysname, @member int;
SET @database = N'MBAM Compliance Status';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @member = 0
BEGIN
    RAISERROR(N'The database %s is not in the group; the message stands above.', 16, 127, @database);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @problem nvarchar(400), @member int;
SET @database = N'MBAM Recovery and Hardware';
SET @problem = N'is not on this instance';
SELECT @problem = CASE
        WHEN d.state <> 0 THEN N'is not online'
        WHEN d.user_access <> 0 THEN N'is not open to many users'
        WHEN d.is_read_only = 1 THEN N'is read-only'
        WHEN d.is_auto_close_on = 1 THEN N'closes by itself (AUTO_CLOSE)'
        WHEN d.recovery_model <> 1 THEN N'is not in the FULL recovery model; run 350'
        WHEN f.last_log_backup_lsn IS NULL THEN N'has no full backup that log backups can follow; run 350'
        WHEN m.mirroring_guid IS NOT NULL THEN N'is mirrored'
        WHEN d.group_database_id IS NOT NULL AND g.group_id IS NULL THEN N'is in another availability group' END,
    @member = CASE WHEN g.group_id IS NULL THEN 0 ELSE 1 END
FROM sys.databases AS d
LEFT JOIN sys.database_recovery_status AS f ON f.database_id = d.database_id
LEFT JOIN sys.database_mirroring AS m ON m.database_id = d.database_id
LEFT JOIN sys.availability_databases_cluster AS c ON c.group_database_id = d.group_database_id
LEFT JOIN sys.availability_groups AS g ON g.group_id = c.group_id AND g.name = N'MBAM-AG'
WHERE d.name = @database;
IF @problem IS NOT NULL
BEGIN
    RAISERROR(N'The database %s %s. It was not added.', 16, 127, @database, @problem);
    SET NOEXEC ON;
END
ELSE IF @member = 1
    PRINT N'[same] ' + @database + N': in the group';
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @database sysname, @property sysname, @value nvarchar(2000), @member int;
SET @database = N'MBAM Recovery and Hardware';
SET @property = N'mbamplan/group-database/existing-to-alwayson.recovery';
SET @value = N'MBAM-AG';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @role = 1 AND @member = 0
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
    PRINT N'If the next statement fails: 1475 means that the recovery model was changed in between and the log must be backed up again. Run verify of 350 and mend what it names, then run this file again.';
    ALTER AVAILABILITY GROUP [MBAM-AG] ADD DATABASE [MBAM Recovery and Hardware];
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': added to the group';
END;
GO
DECLARE @database sysname, @member int;
SET @database = N'MBAM Recovery and Hardware';
SELECT @member = COUNT(*) FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @member = 0
BEGIN
    RAISERROR(N'The database %s is not in the group; the message stands above.', 16, 127, @database);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
