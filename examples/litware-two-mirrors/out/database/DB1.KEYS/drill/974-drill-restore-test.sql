/*
Restore test on DB1\KEYS.

Step      database/drill-restore-test, drill, file number 974
Run on    instance DB1\KEYS on DB1 (db1.litware.com)
Run by    database administrator
Changes   a copy of each database beside it, from the newest backups that this instance has taken: restore test litware-two-mirrors recovery; the databases themselves stay as they are
Undo      the database administrator removes the copies by hand, with the statement that the file prints
Success   every copy is online and as new as it should be, and DBCC CHECKDB, which the file prints for the person to run, finds no error in it
Sources   [documented] RESTORE statements (Transact-SQL)
          [documented] RESTORE VERIFYONLY (Transact-SQL)
          [documented] DBCC CHECKDB (Transact-SQL)
          [documented] Copy-only backups
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
DECLARE @database sysname, @copy sysname, @state tinyint, @full int, @file nvarchar(260), @position int, @when datetime;
SET @database = N'MBAM Recovery and Hardware';
SET @copy = N'restore test litware-two-mirrors recovery';
SELECT @state = state FROM sys.databases WHERE name = @copy;
SELECT TOP (1) @full = s.backup_set_id, @file = f.physical_device_name, @position = s.position, @when = s.backup_finish_date FROM msdb.dbo.backupset AS s
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'D' AND s.server_name = @@SERVERNAME AND s.is_snapshot = 0 AND f.device_type IN (2, 102)
    AND (SELECT COUNT(*) FROM msdb.dbo.backupmediafamily AS m WHERE m.media_set_id = s.media_set_id) = 1
    ORDER BY s.backup_set_id DESC;
DECLARE @found nvarchar(60), @line nvarchar(1000);
IF @state IS NOT NULL
BEGIN
    SELECT @found = state_desc FROM sys.databases WHERE name = @copy;
    SET @line = N'[info] to clean up: look into the database first, then run DROP DATABASE ' + QUOTENAME(@copy) + N';';
    PRINT @line;
    RAISERROR(N'A database %s is here already (%s), from an earlier test or an interrupted one. Nothing is restored over it. Remove it by hand, then run this file again.', 16, 127, @copy, @found);
    SET NOEXEC ON;
END
ELSE IF @full IS NULL
BEGIN
    RAISERROR(N'This instance has taken no full backup of %s to one disk file. Run this file on the instance that takes the backups. Nothing was restored.', 16, 127, @database);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @copy sysname, @state tinyint, @full int, @file nvarchar(260), @position int, @when datetime;
SET @database = N'MBAM Recovery and Hardware';
SET @copy = N'restore test litware-two-mirrors recovery';
SELECT @state = state FROM sys.databases WHERE name = @copy;
SELECT TOP (1) @full = s.backup_set_id, @file = f.physical_device_name, @position = s.position, @when = s.backup_finish_date FROM msdb.dbo.backupset AS s
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'D' AND s.server_name = @@SERVERNAME AND s.is_snapshot = 0 AND f.device_type IN (2, 102)
    AND (SELECT COUNT(*) FROM msdb.dbo.backupmediafamily AS m WHERE m.media_set_id = s.media_set_id) = 1
    ORDER BY s.backup_set_id DESC;
DECLARE @line nvarchar(1000);
SET @line = N'[info] newest full backup of ' + @database + N': ' + CONVERT(nvarchar(19), @when, 120) + N', ' + @file;
PRINT @line;
RESTORE VERIFYONLY FROM DISK = @file WITH FILE = @position;
IF @@ERROR = 0 PRINT N'[ok]   the file can be read: ' + @file;
GO
DECLARE @database sysname, @copy sysname, @state tinyint, @full int, @file nvarchar(260), @position int, @when datetime;
SET @database = N'MBAM Recovery and Hardware';
SET @copy = N'restore test litware-two-mirrors recovery';
SELECT @state = state FROM sys.databases WHERE name = @copy;
SELECT TOP (1) @full = s.backup_set_id, @file = f.physical_device_name, @position = s.position, @when = s.backup_finish_date FROM msdb.dbo.backupset AS s
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'D' AND s.server_name = @@SERVERNAME AND s.is_snapshot = 0 AND f.device_type IN (2, 102)
    AND (SELECT COUNT(*) FROM msdb.dbo.backupmediafamily AS m WHERE m.media_set_id = s.media_set_id) = 1
    ORDER BY s.backup_set_id DESC;
IF @state IS NULL
BEGIN
    DECLARE @q nvarchar(max), @data nvarchar(260), @log nvarchar(260), @rows int, @bad int;
    CREATE TABLE #files (LogicalName nvarchar(128), PhysicalName nvarchar(260), Type char(1), FileGroupName nvarchar(128), Size numeric(20, 0),
        MaxSize numeric(20, 0), FileId bigint, CreateLSN numeric(25, 0), DropLSN numeric(25, 0), UniqueId uniqueidentifier, ReadOnlyLSN numeric(25, 0),
        ReadWriteLSN numeric(25, 0), BackupSizeInBytes bigint, SourceBlockSize int, FileGroupId int, LogGroupGUID uniqueidentifier,
        DifferentialBaseLSN numeric(25, 0), DifferentialBaseGUID uniqueidentifier, IsReadOnly bit, IsPresent bit, TDEThumbprint varbinary(32),
        SnapshotUrl nvarchar(360));
    INSERT INTO #files EXEC sys.sp_executesql N'RESTORE FILELISTONLY FROM DISK = @file WITH FILE = @position;', N'@file nvarchar(260), @position int', @file = @file, @position = @position;
    SELECT TOP (1) @data = LEFT(physical_name, LEN(physical_name) - CHARINDEX(N'\', REVERSE(physical_name)) + 1) FROM sys.master_files WHERE database_id = DB_ID(@database) AND type = 0 ORDER BY file_id;
    SELECT TOP (1) @log = LEFT(physical_name, LEN(physical_name) - CHARINDEX(N'\', REVERSE(physical_name)) + 1) FROM sys.master_files WHERE database_id = DB_ID(@database) AND type = 1 ORDER BY file_id;
    SET @q = N'RESTORE DATABASE ' + QUOTENAME(@copy) + N' FROM DISK = @file WITH FILE = @position, NORECOVERY, STATS = 10';
    SELECT @q = @q + N', MOVE N''' + REPLACE(LogicalName, N'''', N'''''') + N''' TO N'''
        + REPLACE(CASE Type WHEN N'L' THEN @log ELSE @data END, N'''', N'''''') + N'restore-test-litware-two-mirrors-recovery' + N'-' + CONVERT(nvarchar(20), FileId) + CASE Type WHEN N'L' THEN N'.ldf''' ELSE N'.mdf''' END FROM #files;
    SELECT @rows = COUNT(*) FROM #files;
    SELECT @bad = COUNT(*) FROM #files WHERE CHARINDEX(N', MOVE N''' + REPLACE(LogicalName, N'''', N'''''') + N''' TO ', @q) = 0;
    IF @q IS NULL OR @rows = 0 OR @bad <> 0
    BEGIN
        RAISERROR(N'The list of the files of %s could not be read from the backup, or their places not computed; the message stands above. Nothing was restored.', 16, 127, @database);
        SET NOEXEC ON;
    END
    ELSE
    BEGIN
        EXEC sys.sp_executesql @q, N'@file nvarchar(260), @position int', @file = @file, @position = @position;
        IF @@ERROR = 0 PRINT N'[done] ' + @copy + N': full backup restored beside the database, files in ' + @data + N' and ' + @log;
    END;
    DROP TABLE #files;
END;
GO
DECLARE @database sysname, @copy sysname, @state tinyint, @full int, @file nvarchar(260), @position int, @when datetime;
SET @database = N'MBAM Recovery and Hardware';
SET @copy = N'restore test litware-two-mirrors recovery';
SELECT @state = state FROM sys.databases WHERE name = @copy;
SELECT TOP (1) @full = s.backup_set_id, @file = f.physical_device_name, @position = s.position, @when = s.backup_finish_date FROM msdb.dbo.backupset AS s
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'D' AND s.server_name = @@SERVERNAME AND s.is_snapshot = 0 AND f.device_type IN (2, 102)
    AND (SELECT COUNT(*) FROM msdb.dbo.backupmediafamily AS m WHERE m.media_set_id = s.media_set_id) = 1
    ORDER BY s.backup_set_id DESC;
DECLARE @reach numeric(25, 0), @logs int, @next int, @failed int, @to datetime, @line nvarchar(1000);
IF @state IS NULL
BEGIN
    RAISERROR(N'The full backup of %s was not restored; its message stands above. Usual causes: no room beside the database, a file that is gone, the certificate of an encrypted database missing here.', 16, 127, @database);
    SET NOEXEC ON;
END;
SELECT @reach = last_lsn, @to = backup_finish_date FROM msdb.dbo.backupset WHERE backup_set_id = @full;
SET @logs = 0;
SET @failed = 0;
WHILE @state = 1 AND @logs < 3000
BEGIN
    SET @next = NULL;
    SELECT TOP (1) @next = s.backup_set_id, @file = f.physical_device_name, @position = s.position FROM msdb.dbo.backupset AS s
        INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
        WHERE s.database_name = @database AND s.type = N'L' AND s.server_name = @@SERVERNAME AND s.backup_set_id > @full AND s.first_lsn <= @reach AND s.last_lsn > @reach
        AND f.device_type IN (2, 102) ORDER BY s.last_lsn;
    IF @next IS NULL BREAK;
    RESTORE LOG [restore test litware-two-mirrors recovery] FROM DISK = @file WITH FILE = @position, NORECOVERY;
    SET @failed = @@ERROR;
    IF @failed <> 0 BREAK;
    SELECT @reach = last_lsn, @to = backup_finish_date FROM msdb.dbo.backupset WHERE backup_set_id = @next;
    SET @logs = @logs + 1;
    WAITFOR DELAY '00:00:00.050';
END;
SET @line = N'[info] ' + @copy + N': ' + CONVERT(nvarchar(10), @logs) + N' log backups restored, as new as ' + CONVERT(nvarchar(19), @to, 120);
PRINT @line;
IF @failed <> 0
BEGIN
    RAISERROR(N'A log backup of %s could not be restored; its message stands above, and the file was %s. The test failed. The copy stays restoring, until it is removed by hand.', 16, 127, @database, @file);
    SET NOEXEC ON;
END
ELSE IF EXISTS (SELECT 1 FROM msdb.dbo.backupset WHERE database_name = @database AND type = N'L' AND server_name = @@SERVERNAME AND backup_set_id > @full AND last_lsn > @reach)
    PRINT N'[info] ' + @copy + N': later log backups of this instance do not follow; another instance or another product took those between, or more than 3000 would be needed';
GO
DECLARE @database sysname, @copy sysname, @state tinyint, @full int, @file nvarchar(260), @position int, @when datetime;
SET @database = N'MBAM Recovery and Hardware';
SET @copy = N'restore test litware-two-mirrors recovery';
SELECT @state = state FROM sys.databases WHERE name = @copy;
SELECT TOP (1) @full = s.backup_set_id, @file = f.physical_device_name, @position = s.position, @when = s.backup_finish_date FROM msdb.dbo.backupset AS s
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'D' AND s.server_name = @@SERVERNAME AND s.is_snapshot = 0 AND f.device_type IN (2, 102)
    AND (SELECT COUNT(*) FROM msdb.dbo.backupmediafamily AS m WHERE m.media_set_id = s.media_set_id) = 1
    ORDER BY s.backup_set_id DESC;
IF @state = 1
BEGIN
    RESTORE DATABASE [restore test litware-two-mirrors recovery] WITH RECOVERY;
    IF @@ERROR = 0 PRINT N'[done] ' + @copy + N': opened';
END;
GO
DECLARE @database sysname, @copy sysname, @state tinyint, @full int, @file nvarchar(260), @position int, @when datetime;
SET @database = N'MBAM Recovery and Hardware';
SET @copy = N'restore test litware-two-mirrors recovery';
SELECT @state = state FROM sys.databases WHERE name = @copy;
SELECT TOP (1) @full = s.backup_set_id, @file = f.physical_device_name, @position = s.position, @when = s.backup_finish_date FROM msdb.dbo.backupset AS s
    INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE s.database_name = @database AND s.type = N'D' AND s.server_name = @@SERVERNAME AND s.is_snapshot = 0 AND f.device_type IN (2, 102)
    AND (SELECT COUNT(*) FROM msdb.dbo.backupmediafamily AS m WHERE m.media_set_id = s.media_set_id) = 1
    ORDER BY s.backup_set_id DESC;
IF @state IS NULL OR @state <> 0
BEGIN
    RAISERROR(N'The copy %s is not online; the messages stand above. The test failed. Remove the copy by hand when the cause is known.', 16, 127, @copy);
    SET NOEXEC ON;
END;
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have])
SELECT N'restore test litware-two-mirrors recovery' + N': state', N'ONLINE', (SELECT state_desc FROM sys.databases WHERE name = N'restore test litware-two-mirrors recovery');
INSERT INTO @checks ([name], [want], [have])
SELECT N'restore test litware-two-mirrors recovery' + N': has tables', N'yes', (SELECT CASE WHEN COUNT(*) > 0 THEN N'yes' ELSE N'no' END FROM [restore test litware-two-mirrors recovery].sys.tables);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': state, as before', NULL, (SELECT state_desc FROM sys.databases WHERE name = N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
SELECT N'to look for damage', NULL, N'DBCC CHECKDB (N''' + N'restore test litware-two-mirrors recovery' + N''') WITH NO_INFOMSGS;';
INSERT INTO @checks ([name], [want], [have])
SELECT N'to clean up, when the sheet is filled in', NULL, N'DROP DATABASE ' + QUOTENAME(N'restore test litware-two-mirrors recovery') + N';';
DECLARE @i int, @last int, @bad int, @line nvarchar(3000);
SELECT @i = 1, @last = ISNULL(MAX([id]), 0) FROM @checks;
SELECT @bad = COUNT(*) FROM @checks WHERE [want] IS NOT NULL AND ([have] IS NULL OR [have] <> [want]);
WHILE @i <= @last
BEGIN
    SET @line = NULL;
    SELECT @line = CASE WHEN [want] IS NULL THEN N'[info] ' + [name] + N': ' + ISNULL([have], N'nothing')
                        WHEN [have] = [want] THEN N'[ok]   ' + [name] + N': ' + [have]
                        ELSE N'[FAIL] ' + [name] + N': expected ' + [want] + N', found ' + ISNULL([have], N'nothing') END
    FROM @checks WHERE [id] = @i;
    IF @line IS NOT NULL PRINT @line;
    SET @i = @i + 1;
END;
IF @bad > 0
BEGIN
    RAISERROR(N'The drill ran, but %d of %d checks behind it failed; they stand above. What was done stays done: see the sheet for the way back.', 16, 127, @bad, @last);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
