/*
Open the mirroring sessions from the principal.

Step      database/principal-partner, install, file number 410
Run on    instance SQL1 on SQL1 (sql1.adatum.com)
Run by    database administrator
Changes   SET PARTNER = TCP://sql2.adatum.com:5022 for MBAM Compliance Status and MBAM Recovery and Hardware; mirroring begins
Undo      ends the sessions that the install opened; the databases stay online on the principal without a mirror
Success   each session is synchronized
Sources   [documented] Establish a database mirroring session with Windows authentication
          [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for database mirroring
          [documented] sys.database_mirroring (Transact-SQL)
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
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @url nvarchar(128), @problem nvarchar(400);
SET @url = N'TCP://sql2.adatum.com:5022';
SET @problem = N'is not on this instance';
SELECT @problem = CASE
        WHEN @guid IS NOT NULL AND @partner <> @url THEN N'is mirrored with ' + @partner
        WHEN @guid IS NOT NULL THEN NULL
        WHEN d.state <> 0 THEN N'is not online'
        WHEN d.user_access <> 0 THEN N'is not open to many users'
        WHEN d.is_read_only = 1 THEN N'is read-only'
        WHEN d.is_auto_close_on = 1 THEN N'closes by itself (AUTO_CLOSE)'
        WHEN d.recovery_model <> 1 THEN N'is not in the FULL recovery model; run 350'
        WHEN d.is_encrypted = 1 THEN N'is encrypted, and this plan does not hand its certificate to the mirror'
        WHEN d.replica_id IS NOT NULL THEN N'is in an availability group'
        WHEN d.containment <> 0 THEN N'is a contained database, which cannot be mirrored'
        WHEN f.last_log_backup_lsn IS NULL THEN N'has no full backup that log backups can follow; run 350' END
FROM sys.databases AS d LEFT JOIN sys.database_recovery_status AS f ON f.database_id = d.database_id WHERE d.name = @database;
IF @problem IS NOT NULL
BEGIN
    RAISERROR(N'The database %s %s. Planned partner: %s. Nothing was changed.', 16, 127, @database, @problem, @url);
    SET NOEXEC ON;
END
ELSE IF @guid IS NOT NULL
    PRINT N'[same] ' + @database + N': partner is ' + @url;
GO
DECLARE @database sysname, @fullfile nvarchar(260), @logfile nvarchar(260), @made datetime, @full int, @log int;
DECLARE @chain numeric(25, 0), @reach numeric(25, 0), @first numeric(25, 0);
SET @database = N'MBAM Compliance Status';
SET @fullfile = N'\\fs1.adatum.com\mbam-seed\MBAM-MIRROR.compliance.full.bak';
SET @logfile = N'\\fs1.adatum.com\mbam-seed\MBAM-MIRROR.compliance.log.trn';
SELECT @made = create_date FROM sys.databases WHERE name = @database;
SELECT @chain = last_log_backup_lsn FROM sys.database_recovery_status WHERE database_id = DB_ID(@database);
SELECT @full = MAX(s.backup_set_id) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE f.physical_device_name = @fullfile AND s.database_name = @database AND s.type = N'D' AND s.position = 1 AND s.backup_start_date >= @made;
SELECT @log = MAX(s.backup_set_id) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE f.physical_device_name = @logfile AND s.database_name = @database AND s.type = N'L' AND s.position = 1 AND s.backup_set_id > @full;
SELECT @reach = last_lsn FROM msdb.dbo.backupset WHERE backup_set_id = @full;
SELECT @first = first_lsn FROM msdb.dbo.backupset WHERE backup_set_id = @log;
DECLARE @guid uniqueidentifier, @i int, @last int, @line nvarchar(2000);
DECLARE @later TABLE ([id] int IDENTITY(1, 1) NOT NULL, [line] nvarchar(2000) NOT NULL);
SELECT @guid = mirroring_guid FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
INSERT INTO @later ([line])
SELECT N'RESTORE LOG ' + QUOTENAME(@database) + N' FROM DISK = N''' + REPLACE(f.physical_device_name, N'''', N'''''') + N''' WITH FILE = ' + CONVERT(nvarchar(10), s.position) + N', NORECOVERY, CHECKSUM;'
FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
WHERE s.database_name = @database AND s.type = N'L' AND s.is_copy_only = 0 AND s.backup_set_id > @log AND f.family_sequence_number = 1 ORDER BY s.backup_set_id;
SELECT @i = 1, @last = ISNULL(MAX([id]), 0) FROM @later;
IF @guid IS NOT NULL SET @last = 0;
WHILE @i <= @last
BEGIN
    SELECT @line = [line] FROM @later WHERE [id] = @i;
    PRINT N'[info] later log backup ' + CONVERT(nvarchar(10), @i) + N', to be restored on the mirror unless it was: ' + @line;
    SET @i = @i + 1;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname, @value nvarchar(2000), @try int, @text nvarchar(2048);
SET @property = N'mbamplan/principal-partner/adatum-mirroring.compliance';
SET @value = N'TCP://sql2.adatum.com:5022';
IF @guid IS NULL
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
END;
SET @try = 0;
WHILE @try < 3 AND @here = 0 AND @guid IS NULL
BEGIN
    BEGIN TRY
        ALTER DATABASE [MBAM Compliance Status] SET PARTNER = N'TCP://sql2.adatum.com:5022';
        PRINT N'[done] ' + @database + N': partner is ' + @value;
    END TRY
    BEGIN CATCH
        SET @text = N'[wait] attempt failed, the next follows in 10 seconds: ' + CONVERT(nvarchar(10), ERROR_NUMBER()) + N' ' + ERROR_MESSAGE();
        PRINT @text;
        WAITFOR DELAY '00:00:10';
    END CATCH;
    SET @try = @try + 1;
    SELECT @guid = mirroring_guid FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @here = 0 AND @guid IS NULL
BEGIN
    ALTER DATABASE [MBAM Compliance Status] SET PARTNER = N'TCP://sql2.adatum.com:5022';
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': partner is ' + N'TCP://sql2.adatum.com:5022';
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @try int, @text nvarchar(60);
IF @guid IS NULL
BEGIN
    RAISERROR(N'%s has no mirroring session; the message stands above. 1412 or 1478: the mirror lacks log backups; run the [info] statements above there, then this file again. 1416: run 405 on the mirror. 1418: the endpoint of the mirror is not reached, or its service account may not connect: verify of 326 and 331 on all members, and the error logs of both.', 16, 127, @database);
    SET NOEXEC ON;
END;
SET @try = 0;
WHILE @try < 120 AND @guid IS NOT NULL AND @state NOT IN (4)
BEGIN
    WAITFOR DELAY '00:00:05';
    SET @try = @try + 1;
    SELECT @guid = mirroring_guid, @state = mirroring_state, @text = mirroring_state_desc FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
IF @state NOT IN (4)
BEGIN
    RAISERROR(N'The session of %s is %s after ten minutes. SYNCHRONIZING: the mirror is catching up, run this file again. DISCONNECTED or SUSPENDED: read the error logs of both partners.', 16, 127, @database, @text);
    SET NOEXEC ON;
END
ELSE IF @guid IS NULL
BEGIN
    RAISERROR(N'The session of %s broke again; read the error logs of both partners, then run this file again.', 16, 127, @database);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @url nvarchar(128), @problem nvarchar(400);
SET @url = N'TCP://sql2.adatum.com:5022';
SET @problem = N'is not on this instance';
SELECT @problem = CASE
        WHEN @guid IS NOT NULL AND @partner <> @url THEN N'is mirrored with ' + @partner
        WHEN @guid IS NOT NULL THEN NULL
        WHEN d.state <> 0 THEN N'is not online'
        WHEN d.user_access <> 0 THEN N'is not open to many users'
        WHEN d.is_read_only = 1 THEN N'is read-only'
        WHEN d.is_auto_close_on = 1 THEN N'closes by itself (AUTO_CLOSE)'
        WHEN d.recovery_model <> 1 THEN N'is not in the FULL recovery model; run 350'
        WHEN d.is_encrypted = 1 THEN N'is encrypted, and this plan does not hand its certificate to the mirror'
        WHEN d.replica_id IS NOT NULL THEN N'is in an availability group'
        WHEN d.containment <> 0 THEN N'is a contained database, which cannot be mirrored'
        WHEN f.last_log_backup_lsn IS NULL THEN N'has no full backup that log backups can follow; run 350' END
FROM sys.databases AS d LEFT JOIN sys.database_recovery_status AS f ON f.database_id = d.database_id WHERE d.name = @database;
IF @problem IS NOT NULL
BEGIN
    RAISERROR(N'The database %s %s. Planned partner: %s. Nothing was changed.', 16, 127, @database, @problem, @url);
    SET NOEXEC ON;
END
ELSE IF @guid IS NOT NULL
    PRINT N'[same] ' + @database + N': partner is ' + @url;
GO
DECLARE @database sysname, @fullfile nvarchar(260), @logfile nvarchar(260), @made datetime, @full int, @log int;
DECLARE @chain numeric(25, 0), @reach numeric(25, 0), @first numeric(25, 0);
SET @database = N'MBAM Recovery and Hardware';
SET @fullfile = N'\\fs1.adatum.com\mbam-seed\MBAM-MIRROR.recovery.full.bak';
SET @logfile = N'\\fs1.adatum.com\mbam-seed\MBAM-MIRROR.recovery.log.trn';
SELECT @made = create_date FROM sys.databases WHERE name = @database;
SELECT @chain = last_log_backup_lsn FROM sys.database_recovery_status WHERE database_id = DB_ID(@database);
SELECT @full = MAX(s.backup_set_id) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE f.physical_device_name = @fullfile AND s.database_name = @database AND s.type = N'D' AND s.position = 1 AND s.backup_start_date >= @made;
SELECT @log = MAX(s.backup_set_id) FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
    WHERE f.physical_device_name = @logfile AND s.database_name = @database AND s.type = N'L' AND s.position = 1 AND s.backup_set_id > @full;
SELECT @reach = last_lsn FROM msdb.dbo.backupset WHERE backup_set_id = @full;
SELECT @first = first_lsn FROM msdb.dbo.backupset WHERE backup_set_id = @log;
DECLARE @guid uniqueidentifier, @i int, @last int, @line nvarchar(2000);
DECLARE @later TABLE ([id] int IDENTITY(1, 1) NOT NULL, [line] nvarchar(2000) NOT NULL);
SELECT @guid = mirroring_guid FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
INSERT INTO @later ([line])
SELECT N'RESTORE LOG ' + QUOTENAME(@database) + N' FROM DISK = N''' + REPLACE(f.physical_device_name, N'''', N'''''') + N''' WITH FILE = ' + CONVERT(nvarchar(10), s.position) + N', NORECOVERY, CHECKSUM;'
FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id
WHERE s.database_name = @database AND s.type = N'L' AND s.is_copy_only = 0 AND s.backup_set_id > @log AND f.family_sequence_number = 1 ORDER BY s.backup_set_id;
SELECT @i = 1, @last = ISNULL(MAX([id]), 0) FROM @later;
IF @guid IS NOT NULL SET @last = 0;
WHILE @i <= @last
BEGIN
    SELECT @line = [line] FROM @later WHERE [id] = @i;
    PRINT N'[info] later log backup ' + CONVERT(nvarchar(10), @i) + N', to be restored on the mirror unless it was: ' + @line;
    SET @i = @i + 1;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname, @value nvarchar(2000), @try int, @text nvarchar(2048);
SET @property = N'mbamplan/principal-partner/adatum-mirroring.recovery';
SET @value = N'TCP://sql2.adatum.com:5022';
IF @guid IS NULL
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
END;
SET @try = 0;
WHILE @try < 3 AND @here = 0 AND @guid IS NULL
BEGIN
    BEGIN TRY
        ALTER DATABASE [MBAM Recovery and Hardware] SET PARTNER = N'TCP://sql2.adatum.com:5022';
        PRINT N'[done] ' + @database + N': partner is ' + @value;
    END TRY
    BEGIN CATCH
        SET @text = N'[wait] attempt failed, the next follows in 10 seconds: ' + CONVERT(nvarchar(10), ERROR_NUMBER()) + N' ' + ERROR_MESSAGE();
        PRINT @text;
        WAITFOR DELAY '00:00:10';
    END CATCH;
    SET @try = @try + 1;
    SELECT @guid = mirroring_guid FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @here = 0 AND @guid IS NULL
BEGIN
    ALTER DATABASE [MBAM Recovery and Hardware] SET PARTNER = N'TCP://sql2.adatum.com:5022';
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': partner is ' + N'TCP://sql2.adatum.com:5022';
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @try int, @text nvarchar(60);
IF @guid IS NULL
BEGIN
    RAISERROR(N'%s has no mirroring session; the message stands above. 1412 or 1478: the mirror lacks log backups; run the [info] statements above there, then this file again. 1416: run 405 on the mirror. 1418: the endpoint of the mirror is not reached, or its service account may not connect: verify of 326 and 331 on all members, and the error logs of both.', 16, 127, @database);
    SET NOEXEC ON;
END;
SET @try = 0;
WHILE @try < 120 AND @guid IS NOT NULL AND @state NOT IN (4)
BEGIN
    WAITFOR DELAY '00:00:05';
    SET @try = @try + 1;
    SELECT @guid = mirroring_guid, @state = mirroring_state, @text = mirroring_state_desc FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
IF @state NOT IN (4)
BEGIN
    RAISERROR(N'The session of %s is %s after ten minutes. SYNCHRONIZING: the mirror is catching up, run this file again. DISCONNECTED or SUSPENDED: read the error logs of both partners.', 16, 127, @database, @text);
    SET NOEXEC ON;
END
ELSE IF @guid IS NULL
BEGIN
    RAISERROR(N'The session of %s broke again; read the error logs of both partners, then run this file again.', 16, 127, @database);
    SET NOEXEC ON;
END;
GO
PRINT N'[info] way out: database mirroring is deprecated since SQL Server 2012. With Enterprise edition move to an availability group, with Standard edition to a failover cluster instance, before the next version of SQL Server';
GO
SET NOEXEC OFF;
