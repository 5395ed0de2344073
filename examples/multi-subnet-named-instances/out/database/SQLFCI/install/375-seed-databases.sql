/*
Give this replica its copies of the databases.

Step      database/seed-databases, install, file number 375
Run on    instance SQLFCI on CLUA (clua.proseware.com) or CLUB (club.proseware.com)
Run by    database administrator
Changes   copies of MBAM Compliance Status and MBAM Recovery and Hardware, restored from the seed backups and joined to MBAM-AG
Undo      takes the copies that this plan joined on this replica out of the group
Success   each copy has joined and takes part in data movement
Sources   [documented] ALTER DATABASE SET HADR (Transact-SQL)
          [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Automatic seeding for secondary replicas
          [documented] BACKUP (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQLFCI';
SET @have = @@SERVERNAME;
IF @have IS NULL OR @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s. Nothing was changed.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
USE [master];
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
DECLARE @try int, @connected tinyint;
SET @try = 0;
WHILE @try < 30
BEGIN
    SELECT @connected = s.connected_state FROM sys.dm_hadr_availability_replica_states AS s
        INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
    IF @connected = 1 BREAK;
    SET @try = @try + 1;
    WAITFOR DELAY '00:00:02';
END;
IF @connected IS NULL OR @connected <> 1
BEGIN
    RAISERROR(N'This replica is not connected to the primary of %s after a minute. Run verify of 365 here. Nothing was changed.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @problem nvarchar(60), @listed int;
DECLARE @whole int;
SELECT @whole = COUNT(*) FROM msdb.dbo.restorehistory AS h INNER JOIN sys.databases AS d ON d.name = h.destination_database_name
    WHERE d.name = @database AND h.restore_type = N'D' AND h.restore_date > DATEADD(minute, -10, d.create_date);
SELECT @listed = COUNT(*) FROM sys.availability_databases_cluster AS d INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id
    WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @listed = 0
BEGIN
    RAISERROR(N'%s is not in the availability group yet. Run the install of 370 on the primary first. Nothing was changed for it.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @state IS NOT NULL AND @state <> 1 AND @member IS NULL
BEGIN
    SELECT @problem = state_desc FROM sys.databases WHERE name = @database;
    RAISERROR(N'A database %s is on this instance already, its state is %s, and it is no copy that is being restored. Nothing is restored over it. Find out what it is; when it is not needed, the database administrator renames or removes it by hand.', 16, 127, @database, @problem);
    SET NOEXEC ON;
END
ELSE IF @state = 1 AND @member IS NULL AND @whole = 0
BEGIN
    PRINT N'The statement for the database administrator, on this instance:';
    PRINT N'    DROP DATABASE ' + QUOTENAME(@database) + N';';
    RAISERROR(N'The copy %s is restoring here, and msdb knows no full restore of it since it was made: an earlier run was cut off, and no log backup can follow (error 3117). When it is nothing but this cut-off copy, drop it by hand with the statement above, then run this file again. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @member IS NOT NULL
    PRINT N'[same] ' + @database + N': has joined';
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
IF @state IS NULL
BEGIN
    PRINT N'If the next statement fails: 3201 means that the service account of this instance cannot read ' + N'\\files.proseware.com\mbam-seed\MBAM-AG.compliance.full.bak' + N', 5133 that a folder of the files is missing here, 33111 that the encryption certificate is missing (355), 4305 that a log backup in between is missing (verify of 350 on the primary lists it).';
    DECLARE @file nvarchar(260);
    SET @file = N'\\files.proseware.com\mbam-seed\MBAM-AG.compliance.full.bak';
    CREATE TABLE #files (LogicalName nvarchar(128), PhysicalName nvarchar(260), Type char(1), FileGroupName nvarchar(128), Size numeric(20, 0),
        MaxSize numeric(20, 0), FileId bigint, CreateLSN numeric(25, 0), DropLSN numeric(25, 0), UniqueId uniqueidentifier, ReadOnlyLSN numeric(25, 0),
        ReadWriteLSN numeric(25, 0), BackupSizeInBytes bigint, SourceBlockSize int, FileGroupId int, LogGroupGUID uniqueidentifier,
        DifferentialBaseLSN numeric(25, 0), DifferentialBaseGUID uniqueidentifier, IsReadOnly bit, IsPresent bit, TDEThumbprint varbinary(32),
        SnapshotUrl nvarchar(360));
    INSERT INTO #files EXEC sys.sp_executesql N'RESTORE FILELISTONLY FROM DISK = @file WITH FILE = 1;', N'@file nvarchar(260)', @file = @file;
    DECLARE @q nvarchar(max), @data nvarchar(260), @log nvarchar(260), @rows int, @bad int;
    SET @data = N'S:\MBAM\Data\';
    SET @log = N'T:\MBAM\Log\';
    SET @data = @data + CASE RIGHT(@data, 1) WHEN N'\' THEN N'' ELSE N'\' END;
    SET @log = @log + CASE RIGHT(@log, 1) WHEN N'\' THEN N'' ELSE N'\' END;
    SET @q = N'RESTORE DATABASE ' + QUOTENAME(@database) + N' FROM DISK = @file WITH FILE = 1, NORECOVERY, CHECKSUM, STATS = 10';
    SELECT @q = @q + N', MOVE N''' + REPLACE(LogicalName, N'''', N'''''') + N''' TO N'''
        + REPLACE(CASE Type WHEN N'L' THEN @log ELSE @data END + RIGHT(PhysicalName, CHARINDEX(N'\', REVERSE(PhysicalName)) - 1), N'''', N'''''') + N'''' FROM #files;
    SELECT @rows = COUNT(*) FROM #files;
    SELECT @bad = COUNT(*) FROM #files WHERE CHARINDEX(N', MOVE N''' + REPLACE(LogicalName, N'''', N'''''') + N''' TO ', @q) = 0;
    IF @q IS NULL OR @rows = 0 OR @bad <> 0
    BEGIN
        RAISERROR(N'The list of the files of %s could not be read from the backup, or their places not computed; the message stands above. Nothing was restored.', 16, 127, @database);
        SET NOEXEC ON;
    END
    ELSE
    BEGIN
        EXEC sys.sp_executesql @q, N'@file nvarchar(260)', @file = @file;
        IF @@ERROR = 0 PRINT N'[done] ' + @database + N': full backup restored, files under ' + @data + N' and ' + @log;
    END;
    DROP TABLE #files;
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @restored int, @applied int;
IF @state IS NULL
BEGIN
    RAISERROR(N'The full backup of %s was not restored; its message stands above. The service account of this instance must be able to read %s; the folders of the data files must exist.', 16, 127, @database, N'\\files.proseware.com\mbam-seed\MBAM-AG.compliance.full.bak');
    SET NOEXEC ON;
END;
SELECT @restored = MAX(restore_history_id) FROM msdb.dbo.restorehistory WHERE destination_database_name = @database AND restore_type = N'D';
SELECT @applied = COUNT(*) FROM msdb.dbo.restorehistory AS h
    INNER JOIN msdb.dbo.backupset AS s ON s.backup_set_id = h.backup_set_id
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE h.destination_database_name = @database AND h.restore_type = N'L' AND h.restore_history_id > @restored AND f.physical_device_name = N'\\files.proseware.com\mbam-seed\MBAM-AG.compliance.log.trn';
IF @state = 1 AND @member IS NULL AND @applied = 0
BEGIN
    PRINT N'If the next statement fails: 3201 means that the service account of this instance cannot read ' + N'\\files.proseware.com\mbam-seed\MBAM-AG.compliance.log.trn' + N', 5133 that a folder of the files is missing here, 33111 that the encryption certificate is missing (355), 4305 that a log backup in between is missing (verify of 350 on the primary lists it).';
    RESTORE LOG [MBAM Compliance Status] FROM DISK = N'\\files.proseware.com\mbam-seed\MBAM-AG.compliance.log.trn' WITH FILE = 1, NORECOVERY, CHECKSUM, STATS = 10;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': log backup restored';
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @property sysname, @value nvarchar(2000), @try int, @text nvarchar(2048);
SET @property = N'mbamplan/copy/multi-subnet-named-instances.compliance';
SET @value = N'MBAM-AG';
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role = 2 AND @member IS NULL
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
END;
SET @try = 0;
WHILE @try < 5 AND @role = 2 AND @state = 1 AND @member IS NULL
BEGIN
    BEGIN TRY
        ALTER DATABASE [MBAM Compliance Status] SET HADR AVAILABILITY GROUP = [MBAM-AG];
        PRINT N'[done] ' + @database + N': joined';
    END TRY
    BEGIN CATCH
        SET @text = N'[wait] attempt failed, the next follows in 10 seconds: ' + CONVERT(nvarchar(10), ERROR_NUMBER()) + N' ' + ERROR_MESSAGE();
        PRINT @text;
        WAITFOR DELAY '00:00:10';
    END CATCH;
    SET @try = @try + 1;
    SELECT @member = replica_id FROM sys.databases WHERE name = @database;
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role = 2 AND @state = 1 AND @member IS NULL
BEGIN
    PRINT N'If the next statement fails: 1408, 1412 or 1478 mean that the log was backed up on the primary since the seed backups. Verify of 350 there lists the files: restore them here WITH NORECOVERY in that order, pause the job, run this file again; or drop this restoring copy by hand and begin again with 350. 35250: the primary is not reached, verify of 325 and 330.';
    ALTER DATABASE [MBAM Compliance Status] SET HADR AVAILABILITY GROUP = [MBAM-AG];
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': joined';
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Compliance Status';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
IF @member IS NULL
BEGIN
    RAISERROR(N'%s did not join; the messages above say why and what to do.', 16, 127, @database);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @problem nvarchar(60), @listed int;
DECLARE @whole int;
SELECT @whole = COUNT(*) FROM msdb.dbo.restorehistory AS h INNER JOIN sys.databases AS d ON d.name = h.destination_database_name
    WHERE d.name = @database AND h.restore_type = N'D' AND h.restore_date > DATEADD(minute, -10, d.create_date);
SELECT @listed = COUNT(*) FROM sys.availability_databases_cluster AS d INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id
    WHERE g.name = N'MBAM-AG' AND d.database_name = @database;
IF @listed = 0
BEGIN
    RAISERROR(N'%s is not in the availability group yet. Run the install of 370 on the primary first. Nothing was changed for it.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @state IS NOT NULL AND @state <> 1 AND @member IS NULL
BEGIN
    SELECT @problem = state_desc FROM sys.databases WHERE name = @database;
    RAISERROR(N'A database %s is on this instance already, its state is %s, and it is no copy that is being restored. Nothing is restored over it. Find out what it is; when it is not needed, the database administrator renames or removes it by hand.', 16, 127, @database, @problem);
    SET NOEXEC ON;
END
ELSE IF @state = 1 AND @member IS NULL AND @whole = 0
BEGIN
    PRINT N'The statement for the database administrator, on this instance:';
    PRINT N'    DROP DATABASE ' + QUOTENAME(@database) + N';';
    RAISERROR(N'The copy %s is restoring here, and msdb knows no full restore of it since it was made: an earlier run was cut off, and no log backup can follow (error 3117). When it is nothing but this cut-off copy, drop it by hand with the statement above, then run this file again. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @member IS NOT NULL
    PRINT N'[same] ' + @database + N': has joined';
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
IF @state IS NULL
BEGIN
    PRINT N'If the next statement fails: 3201 means that the service account of this instance cannot read ' + N'\\files.proseware.com\mbam-seed\MBAM-AG.recovery.full.bak' + N', 5133 that a folder of the files is missing here, 33111 that the encryption certificate is missing (355), 4305 that a log backup in between is missing (verify of 350 on the primary lists it).';
    DECLARE @file nvarchar(260);
    SET @file = N'\\files.proseware.com\mbam-seed\MBAM-AG.recovery.full.bak';
    CREATE TABLE #files (LogicalName nvarchar(128), PhysicalName nvarchar(260), Type char(1), FileGroupName nvarchar(128), Size numeric(20, 0),
        MaxSize numeric(20, 0), FileId bigint, CreateLSN numeric(25, 0), DropLSN numeric(25, 0), UniqueId uniqueidentifier, ReadOnlyLSN numeric(25, 0),
        ReadWriteLSN numeric(25, 0), BackupSizeInBytes bigint, SourceBlockSize int, FileGroupId int, LogGroupGUID uniqueidentifier,
        DifferentialBaseLSN numeric(25, 0), DifferentialBaseGUID uniqueidentifier, IsReadOnly bit, IsPresent bit, TDEThumbprint varbinary(32),
        SnapshotUrl nvarchar(360));
    INSERT INTO #files EXEC sys.sp_executesql N'RESTORE FILELISTONLY FROM DISK = @file WITH FILE = 1;', N'@file nvarchar(260)', @file = @file;
    DECLARE @q nvarchar(max), @data nvarchar(260), @log nvarchar(260), @rows int, @bad int;
    SET @data = N'S:\MBAM\Data\';
    SET @log = N'T:\MBAM\Log\';
    SET @data = @data + CASE RIGHT(@data, 1) WHEN N'\' THEN N'' ELSE N'\' END;
    SET @log = @log + CASE RIGHT(@log, 1) WHEN N'\' THEN N'' ELSE N'\' END;
    SET @q = N'RESTORE DATABASE ' + QUOTENAME(@database) + N' FROM DISK = @file WITH FILE = 1, NORECOVERY, CHECKSUM, STATS = 10';
    SELECT @q = @q + N', MOVE N''' + REPLACE(LogicalName, N'''', N'''''') + N''' TO N'''
        + REPLACE(CASE Type WHEN N'L' THEN @log ELSE @data END + RIGHT(PhysicalName, CHARINDEX(N'\', REVERSE(PhysicalName)) - 1), N'''', N'''''') + N'''' FROM #files;
    SELECT @rows = COUNT(*) FROM #files;
    SELECT @bad = COUNT(*) FROM #files WHERE CHARINDEX(N', MOVE N''' + REPLACE(LogicalName, N'''', N'''''') + N''' TO ', @q) = 0;
    IF @q IS NULL OR @rows = 0 OR @bad <> 0
    BEGIN
        RAISERROR(N'The list of the files of %s could not be read from the backup, or their places not computed; the message stands above. Nothing was restored.', 16, 127, @database);
        SET NOEXEC ON;
    END
    ELSE
    BEGIN
        EXEC sys.sp_executesql @q, N'@file nvarchar(260)', @file = @file;
        IF @@ERROR = 0 PRINT N'[done] ' + @database + N': full backup restored, files under ' + @data + N' and ' + @log;
    END;
    DROP TABLE #files;
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @restored int, @applied int;
IF @state IS NULL
BEGIN
    RAISERROR(N'The full backup of %s was not restored; its message stands above. The service account of this instance must be able to read %s; the folders of the data files must exist.', 16, 127, @database, N'\\files.proseware.com\mbam-seed\MBAM-AG.recovery.full.bak');
    SET NOEXEC ON;
END;
SELECT @restored = MAX(restore_history_id) FROM msdb.dbo.restorehistory WHERE destination_database_name = @database AND restore_type = N'D';
SELECT @applied = COUNT(*) FROM msdb.dbo.restorehistory AS h
    INNER JOIN msdb.dbo.backupset AS s ON s.backup_set_id = h.backup_set_id
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE h.destination_database_name = @database AND h.restore_type = N'L' AND h.restore_history_id > @restored AND f.physical_device_name = N'\\files.proseware.com\mbam-seed\MBAM-AG.recovery.log.trn';
IF @state = 1 AND @member IS NULL AND @applied = 0
BEGIN
    PRINT N'If the next statement fails: 3201 means that the service account of this instance cannot read ' + N'\\files.proseware.com\mbam-seed\MBAM-AG.recovery.log.trn' + N', 5133 that a folder of the files is missing here, 33111 that the encryption certificate is missing (355), 4305 that a log backup in between is missing (verify of 350 on the primary lists it).';
    RESTORE LOG [MBAM Recovery and Hardware] FROM DISK = N'\\files.proseware.com\mbam-seed\MBAM-AG.recovery.log.trn' WITH FILE = 1, NORECOVERY, CHECKSUM, STATS = 10;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': log backup restored';
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @property sysname, @value nvarchar(2000), @try int, @text nvarchar(2048);
SET @property = N'mbamplan/copy/multi-subnet-named-instances.recovery';
SET @value = N'MBAM-AG';
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role = 2 AND @member IS NULL
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
END;
SET @try = 0;
WHILE @try < 5 AND @role = 2 AND @state = 1 AND @member IS NULL
BEGIN
    BEGIN TRY
        ALTER DATABASE [MBAM Recovery and Hardware] SET HADR AVAILABILITY GROUP = [MBAM-AG];
        PRINT N'[done] ' + @database + N': joined';
    END TRY
    BEGIN CATCH
        SET @text = N'[wait] attempt failed, the next follows in 10 seconds: ' + CONVERT(nvarchar(10), ERROR_NUMBER()) + N' ' + ERROR_MESSAGE();
        PRINT @text;
        WAITFOR DELAY '00:00:10';
    END CATCH;
    SET @try = @try + 1;
    SELECT @member = replica_id FROM sys.databases WHERE name = @database;
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role = 2 AND @state = 1 AND @member IS NULL
BEGIN
    PRINT N'If the next statement fails: 1408, 1412 or 1478 mean that the log was backed up on the primary since the seed backups. Verify of 350 there lists the files: restore them here WITH NORECOVERY in that order, pause the job, run this file again; or drop this restoring copy by hand and begin again with 350. 35250: the primary is not reached, verify of 325 and 330.';
    ALTER DATABASE [MBAM Recovery and Hardware] SET HADR AVAILABILITY GROUP = [MBAM-AG];
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': joined';
END;
GO
DECLARE @database sysname, @state tinyint, @member uniqueidentifier;
SET @database = N'MBAM Recovery and Hardware';
SELECT @state = state, @member = replica_id FROM sys.databases WHERE name = @database;
IF @member IS NULL
BEGIN
    RAISERROR(N'%s did not join; the messages above say why and what to do.', 16, 127, @database);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
