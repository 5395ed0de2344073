/*
Restore the databases on the mirror.

Step      database/mirror-restore, install, file number 400
Run on    instance DB3\STATUS on DB3 (db3.litware.com)
Run by    database administrator
Changes   copies of MBAM Compliance Status, restored from the seed backups and left restoring
Undo      nothing: the copies stay. The rollback prints what the database administrator may do with them
Success   each database is restoring on this instance, or mirrored already
Sources   [documented] Prepare a mirror database for mirroring
          [documented] Establish a database mirroring session with Windows authentication
          [documented] BACKUP (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB3\STATUS';
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
DECLARE @problem nvarchar(60);
DECLARE @whole int;
SELECT @whole = COUNT(*) FROM msdb.dbo.restorehistory AS h INNER JOIN sys.databases AS d ON d.name = h.destination_database_name
    WHERE d.name = @database AND h.restore_type = N'D' AND h.restore_date > DATEADD(minute, -10, d.create_date);
IF @here IS NOT NULL AND @here <> 1 AND @guid IS NULL
BEGIN
    SELECT @problem = state_desc FROM sys.databases WHERE name = @database;
    RAISERROR(N'A database %s is on this instance already, its state is %s, and it is no copy that is being restored. Nothing is restored over it. Find out what it is; when it is not needed, the database administrator renames or removes it by hand.', 16, 127, @database, @problem);
    SET NOEXEC ON;
END
ELSE IF @here = 1 AND @guid IS NULL AND @whole = 0
BEGIN
    PRINT N'The statement for the database administrator, on this instance:';
    PRINT N'    DROP DATABASE ' + QUOTENAME(@database) + N';';
    RAISERROR(N'The copy %s is restoring here, and msdb knows no full restore of it since it was made: an earlier run was cut off, and no log backup can follow (error 3117). When it is nothing but this cut-off copy, drop it by hand with the statement above, then run this file again. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @guid IS NOT NULL
    PRINT N'[same] ' + @database + N': is mirrored';
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @here IS NULL
BEGIN
    PRINT N'If the next statement fails: 3201 means that the service account of this instance cannot read ' + N'\\fs1.litware.com\mbam-seed\STATUS.compliance.full.bak' + N', 5133 that a folder of the files is missing here, 33111 that the encryption certificate is missing (355), 4305 that a log backup in between is missing (verify of 350 on the primary lists it).';
    DECLARE @file nvarchar(260);
    SET @file = N'\\fs1.litware.com\mbam-seed\STATUS.compliance.full.bak';
    CREATE TABLE #files (LogicalName nvarchar(128), PhysicalName nvarchar(260), Type char(1), FileGroupName nvarchar(128), Size numeric(20, 0),
        MaxSize numeric(20, 0), FileId bigint, CreateLSN numeric(25, 0), DropLSN numeric(25, 0), UniqueId uniqueidentifier, ReadOnlyLSN numeric(25, 0),
        ReadWriteLSN numeric(25, 0), BackupSizeInBytes bigint, SourceBlockSize int, FileGroupId int, LogGroupGUID uniqueidentifier,
        DifferentialBaseLSN numeric(25, 0), DifferentialBaseGUID uniqueidentifier, IsReadOnly bit, IsPresent bit, TDEThumbprint varbinary(32),
        SnapshotUrl nvarchar(360));
    INSERT INTO #files EXEC sys.sp_executesql N'RESTORE FILELISTONLY FROM DISK = @file WITH FILE = 1;', N'@file nvarchar(260)', @file = @file;
    DECLARE @q nvarchar(max), @data nvarchar(260), @log nvarchar(260), @rows int, @bad int;
    SET @data = N'D:\Status\';
    SET @log = N'D:\Status\';
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
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @restored int, @applied int;
SELECT @restored = MAX(restore_history_id) FROM msdb.dbo.restorehistory WHERE destination_database_name = @database AND restore_type = N'D';
SELECT @applied = COUNT(*) FROM msdb.dbo.restorehistory AS h
    INNER JOIN msdb.dbo.backupset AS s ON s.backup_set_id = h.backup_set_id
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE h.destination_database_name = @database AND h.restore_type = N'L' AND h.restore_history_id > @restored AND f.physical_device_name = N'\\fs1.litware.com\mbam-seed\STATUS.compliance.log.trn';
IF @here IS NULL
BEGIN
    RAISERROR(N'The full backup of %s was not restored; its message stands above. The service account of this instance must be able to read %s; the folders of the data files must exist.', 16, 127, @database, N'\\fs1.litware.com\mbam-seed\STATUS.compliance.full.bak');
    SET NOEXEC ON;
END;
IF @here = 1 AND @guid IS NULL AND @applied = 0
BEGIN
    PRINT N'If the next statement fails: 3201 means that the service account of this instance cannot read ' + N'\\fs1.litware.com\mbam-seed\STATUS.compliance.log.trn' + N', 5133 that a folder of the files is missing here, 33111 that the encryption certificate is missing (355), 4305 that a log backup in between is missing (verify of 350 on the primary lists it).';
    RESTORE LOG [MBAM Compliance Status] FROM DISK = N'\\fs1.litware.com\mbam-seed\STATUS.compliance.log.trn' WITH FILE = 1, NORECOVERY, CHECKSUM, STATS = 10;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': log backup restored';
END
ELSE IF @here = 1 AND @guid IS NULL
    PRINT N'[same] ' + @database + N': log backup restored before';
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @restored int, @applied int;
SELECT @restored = MAX(restore_history_id) FROM msdb.dbo.restorehistory WHERE destination_database_name = @database AND restore_type = N'D';
SELECT @applied = COUNT(*) FROM msdb.dbo.restorehistory AS h
    INNER JOIN msdb.dbo.backupset AS s ON s.backup_set_id = h.backup_set_id
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE h.destination_database_name = @database AND h.restore_type = N'L' AND h.restore_history_id > @restored AND f.physical_device_name = N'\\fs1.litware.com\mbam-seed\STATUS.compliance.log.trn';
IF @guid IS NULL AND (@here <> 1 OR @applied = 0)
BEGIN
    RAISERROR(N'The log backup of %s was not restored from %s; its message stands above.', 16, 127, @database, N'\\fs1.litware.com\mbam-seed\STATUS.compliance.log.trn');
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
