/*
Verify: set the FULL recovery model and take the backups that seed the copies.

Step      database/recovery-model-and-backup, verify, file number 350
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the database is in the FULL model and msdb knows the seed backups
Sources   [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] Copy-only backups
          [documented] BACKUP (Transact-SQL)
          [documented] Automatic seeding for secondary replicas
          [documented] Establish a database mirroring session with Windows authentication
          [field] dbatools and SqlServerDsc issue threads on availability groups
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
DECLARE @joined int, @copies int;
SET @copies = 2;
SELECT @joined = COUNT(*) FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.availability_replicas AS r ON r.replica_id = c.replica_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = r.group_id
    WHERE g.name = N'MBAM-KEYS' AND c.database_name = N'MBAM Recovery and Hardware' AND c.is_database_joined = 1;
DECLARE @fault int;
SET @fault = 0;
IF @joined < @copies
BEGIN
    RESTORE VERIFYONLY FROM DISK = N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.full.bak' WITH FILE = 1, CHECKSUM;
    SET @fault = @@ERROR;
    IF @fault = 0
    BEGIN
        RESTORE VERIFYONLY FROM DISK = N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.log.trn' WITH FILE = 1, CHECKSUM;
        SET @fault = @@ERROR;
    END;
END;
IF @fault <> 0
BEGIN
    RAISERROR(N'A seed backup of %s cannot be verified (error %d); its message stands above. Nothing was changed.', 16, 127, N'MBAM Recovery and Hardware', @fault);
    SET NOEXEC ON;
END;
GO
DECLARE @joined int, @copies int;
SET @copies = 2;
SELECT @joined = COUNT(*) FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.availability_replicas AS r ON r.replica_id = c.replica_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = r.group_id
    WHERE g.name = N'MBAM-KEYS' AND c.database_name = N'MBAM Recovery and Hardware' AND c.is_database_joined = 1;
DECLARE @database sysname, @fullfile nvarchar(260), @logfile nvarchar(260), @made datetime, @full int, @log int;
DECLARE @chain numeric(25, 0), @reach numeric(25, 0), @first numeric(25, 0);
SET @database = N'MBAM Recovery and Hardware';
SET @fullfile = N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.full.bak';
SET @logfile = N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.log.trn';
SELECT @made = create_date FROM sys.databases WHERE name = @database;
SELECT @chain = last_log_backup_lsn FROM sys.database_recovery_status WHERE database_id = DB_ID(@database);
SELECT @full = MAX(s.backup_set_id) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE f.physical_device_name = @fullfile AND s.database_name = @database AND s.type = N'D' AND s.position = 1 AND s.backup_start_date >= @made;
SELECT @log = MAX(s.backup_set_id) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE f.physical_device_name = @logfile AND s.database_name = @database AND s.type = N'L' AND s.position = 1 AND s.backup_set_id > @full;
SELECT @reach = last_lsn FROM msdb.dbo.backupset WHERE backup_set_id = @full;
SELECT @first = first_lsn FROM msdb.dbo.backupset WHERE backup_set_id = @log;
DECLARE @others int;
SELECT @others = COUNT(*) FROM msdb.dbo.backupset WHERE database_name = @database AND type = N'L' AND is_copy_only = 0 AND backup_set_id > @log;
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have])
SELECT N'recovery model of ' + N'MBAM Recovery and Hardware', N'FULL', (SELECT recovery_model_desc FROM sys.databases WHERE name = N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
SELECT N'full backup that log backups can follow', N'yes', CASE WHEN last_log_backup_lsn IS NULL THEN N'no' ELSE N'yes' END
FROM sys.database_recovery_status WHERE database_id = DB_ID(N'MBAM Recovery and Hardware');
IF @joined < @copies
BEGIN
    INSERT INTO @checks ([name], [want], [have]) SELECT N'seed backups that belong together', N'yes', CASE WHEN @first <= @reach THEN N'yes' ELSE N'no' END;
    INSERT INTO @checks ([name], [want], [have]) SELECT N'log backups since, which the copies lack', N'0', CONVERT(nvarchar(10), @others);
    INSERT INTO @checks ([name], [want], [have]) SELECT N'log backup that the copies lack, oldest first', NULL, f.physical_device_name
        FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
        WHERE s.database_name = @database AND s.type = N'L' AND s.is_copy_only = 0 AND s.backup_set_id > @log ORDER BY s.first_lsn, f.family_sequence_number;
END;
DECLARE @i int, @last int, @judged int, @bad int, @line nvarchar(3000);
SELECT @i = 1, @last = ISNULL(MAX([id]), 0), @judged = COUNT([want]) FROM @checks;
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
IF @judged = 0 OR @bad > 0
BEGIN
    RAISERROR(N'%d of %d checks failed. Nothing was changed.', 16, 127, @bad, @judged);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
