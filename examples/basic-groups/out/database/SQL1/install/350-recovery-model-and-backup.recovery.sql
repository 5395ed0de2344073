/*
Set the FULL recovery model and take the backups that seed the copies.

Step      database/recovery-model-and-backup, install, file number 350
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   recovery model of MBAM Recovery and Hardware; backup files \\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.full.bak and \\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.log.trn
Undo      nothing: leaving the FULL model breaks the log chain, and the log backup is a link of it. The former model is recorded in master as an extended property
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
DECLARE @database sysname, @state nvarchar(60), @update nvarchar(60);
SET @database = N'MBAM Recovery and Hardware';
SET @state = ISNULL(CONVERT(nvarchar(60), DATABASEPROPERTYEX(@database, N'Status')), N'not there');
SET @update = ISNULL(CONVERT(nvarchar(60), DATABASEPROPERTYEX(@database, N'Updateability')), N'not known');
IF @state <> N'ONLINE' OR @update <> N'READ_WRITE'
BEGIN
    RAISERROR(N'The database %s must be online and writeable on this instance. Its state is %s, its updateability %s. A copy is not changed. The files of this step are for this instance only: after a failover fail back to it first, then run this file again. Nothing was changed.', 16, 127, @database, @state, @update);
    SET NOEXEC ON;
END;
GO
DECLARE @joined int, @copies int;
SET @copies = 2;
SELECT @joined = COUNT(*) FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.availability_replicas AS r ON r.replica_id = c.replica_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = r.group_id
    WHERE g.name = N'MBAM-KEYS' AND c.database_name = N'MBAM Recovery and Hardware' AND c.is_database_joined = 1;
IF @joined >= @copies
BEGIN
    PRINT N'[same] every planned copy has joined, no backup is needed';
    SET NOEXEC ON;
END;
GO
DECLARE @jobs nvarchar(max);
SET @jobs = N'';
SELECT @jobs = @jobs + N' ' + j.name + N';' FROM msdb.dbo.sysjobs AS j WHERE j.enabled = 1 AND j.name NOT LIKE N'mbamplan %'
    AND j.job_id IN (SELECT s.job_id FROM msdb.dbo.sysjobsteps AS s WHERE CHARINDEX(N'BACKUP', UPPER(s.command)) > 0 AND CHARINDEX(N'LOG', UPPER(s.command)) > 0) ORDER BY j.name;
PRINT N'Pause every job that backs up the log of ' + N'MBAM Recovery and Hardware' + N' on this instance now, and let it run again when 375 is done on every secondary: the copies lack a log backup that is taken in between.';
PRINT N'Enabled jobs here whose text has BACKUP and LOG (maintenance plans and backup products do not show):' + @jobs;
GO
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @model nvarchar(60);
BEGIN TRY
    SET @property = N'mbamplan/recovery-model/basic-groups.recovery';
    SELECT @model = recovery_model_desc FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
    IF @model = N'FULL'
        PRINT N'[same] recovery model: FULL';
    ELSE
    BEGIN
        SET @value = @model;
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        ALTER DATABASE [MBAM Recovery and Hardware] SET RECOVERY FULL;
        PRINT N'[done] recovery model: was ' + @model + N', is now FULL';
    END;
END TRY
BEGIN CATCH
    DECLARE @number int, @problem nvarchar(2048);
    SELECT @number = ERROR_NUMBER(), @problem = ERROR_MESSAGE();
    IF @number = 50000
        RAISERROR(N'%s', 16, 127, @problem);
    ELSE
        RAISERROR(N'Error %d: %s Lines [done] above stay done and are recorded. Mend the cause, then run this file again.', 16, 127, @number, @problem);
    SET NOEXEC ON;
END CATCH;
GO
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
DECLARE @exists int, @following int;
EXEC master.sys.xp_fileexist @fullfile, @exists OUTPUT;
EXEC master.sys.xp_fileexist @logfile, @following OUTPUT;
IF @exists = 1 AND (@full IS NULL OR @chain IS NULL OR (@following = 0 AND @chain > @reach))
BEGIN
    RAISERROR(N'%s exists, but the next log backup of %s on this instance would not follow it: it is another backup, or the log was backed up or its chain broken since. Keep the file, and move it to another folder; then run this file again. Nothing was overwritten.', 16, 127, @fullfile, @database);
    SET NOEXEC ON;
END
ELSE IF @exists = 1
    PRINT N'[same] full backup: ' + @fullfile;
ELSE IF @following = 1
BEGIN
    RAISERROR(N'%s exists without the full backup that belongs to it. Keep it with the log backups of %s: it may be a link of the log chain. Move it to another folder, then run this file again. Nothing was overwritten.', 16, 127, @logfile, @database);
    SET NOEXEC ON;
END
ELSE IF @chain IS NULL
BEGIN
    PRINT N'If the next statement fails: error 3201 means that the service account of this instance cannot write to ' + N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.full.bak' + N'. The first message of the server names the cause. Mend it, then run this file again.';
    BACKUP DATABASE [MBAM Recovery and Hardware] TO DISK = N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.full.bak' WITH NOFORMAT, NOINIT, CHECKSUM, STATS = 10, NAME = N'mbamplan seed';
    IF @@ERROR = 0 PRINT N'[done] full backup: ' + @fullfile + N', the first of its log chain: keep it';
END
ELSE
BEGIN
    PRINT N'If the next statement fails: error 3201 means that the service account of this instance cannot write to ' + N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.full.bak' + N'. The first message of the server names the cause. Mend it, then run this file again.';
    BACKUP DATABASE [MBAM Recovery and Hardware] TO DISK = N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.full.bak' WITH COPY_ONLY, NOFORMAT, NOINIT, CHECKSUM, STATS = 10, NAME = N'mbamplan seed';
    IF @@ERROR = 0 PRINT N'[done] full backup, copy only: ' + @fullfile;
END;
GO
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
DECLARE @exists int;
EXEC master.sys.xp_fileexist @logfile, @exists OUTPUT;
IF @full IS NULL OR @chain IS NULL
BEGIN
    RAISERROR(N'The full backup of %s to %s did not succeed; its message stands above. The service account of this instance must be able to write there.', 16, 127, @database, @fullfile);
    SET NOEXEC ON;
END
ELSE IF @exists = 1 AND (@log IS NULL OR @first > @reach)
BEGIN
    RAISERROR(N'%s exists, but is no log backup that follows %s. Keep it with the log backups of this database: it may be a link of the log chain. Move both files to another folder, then run this file again. Nothing was overwritten.', 16, 127, @logfile, @fullfile);
    SET NOEXEC ON;
END
ELSE IF @exists = 1
    PRINT N'[same] log backup: ' + @logfile;
ELSE
BEGIN
    PRINT N'If the next statement fails: error 3201 means that the service account of this instance cannot write to ' + N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.log.trn' + N'. The first message of the server names the cause. Mend it, then run this file again.';
    BACKUP LOG [MBAM Recovery and Hardware] TO DISK = N'\\files.treyresearch.net\mbam-seed\MBAM-KEYS.recovery.log.trn' WITH NOFORMAT, NOINIT, CHECKSUM, STATS = 10, NAME = N'mbamplan seed';
    IF @@ERROR = 0 PRINT N'[done] log backup: ' + @logfile + N', a link of the log chain: keep it with the others';
END;
GO
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
IF @log IS NULL OR @first > @reach
BEGIN
    RAISERROR(N'%s is no log backup of %s that follows the full backup: it failed (its message stands above), or another job backed up the log in between. Pause that job, move both seed files to another folder, keep them, and run this file again.', 16, 127, @logfile, @database);
    SET NOEXEC ON;
END;
GO
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
DECLARE @i int, @last int, @file nvarchar(260);
DECLARE @later TABLE ([id] int IDENTITY(1, 1) NOT NULL, [file] nvarchar(260) NOT NULL);
INSERT INTO @later ([file])
SELECT ISNULL(f.physical_device_name, N'a device without a name') FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
WHERE s.database_name = @database AND s.type = N'L' AND s.is_copy_only = 0 AND s.backup_set_id > @log ORDER BY s.first_lsn, f.family_sequence_number;
SELECT @i = 1, @last = ISNULL(MAX([id]), 0) FROM @later;
WHILE @i <= @last
BEGIN
    SELECT @file = [file] FROM @later WHERE [id] = @i;
    PRINT N'[info] log backup since the seed backups, the oldest first, ' + CONVERT(nvarchar(10), @i) + N': ' + @file;
    SET @i = @i + 1;
END;
IF @others > 0
BEGIN
    RAISERROR(N'The log of %s was backed up %d times since the seed backups, so the copies lack those links. Pause the job that does it. Then either move both seed files to another folder, keep them, and run this file again, or restore the files above WITH NORECOVERY on each copy, in that order, after 375 has restored the seed backups there.', 16, 127, @database, @others);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
