/*
Preflight: look at the existing database before it gets copies.

Step      database/existing-databases, preflight, file number 342
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   MBAM Compliance Status is online on SQL1, is MBAM's, and who backs it up is known
Sources   [documented] How to Move the MBAM 2.5 Databases
          [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] BACKUP (Transact-SQL)
          [documented] Management of logins and jobs for the databases of an availability group
          [documented] MBAM 2.5 Server Event Logs
Inferred  MBAM's database has the schema ComplianceCore, or the procedure GetVersion; proved by: compare with what the Help Desk reads today: the strings in the registry of a web node name this database
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
SET @database = N'MBAM Compliance Status';
SET @state = ISNULL(CONVERT(nvarchar(60), DATABASEPROPERTYEX(@database, N'Status')), N'not there');
SET @update = ISNULL(CONVERT(nvarchar(60), DATABASEPROPERTYEX(@database, N'Updateability')), N'not known');
IF @state <> N'ONLINE' OR @update <> N'READ_WRITE'
BEGIN
    RAISERROR(N'The database %s must be online and writeable on this instance. Its state is %s, its updateability %s. A copy is not changed. The files of this step are for this instance only: after a failover fail back to it first, then run this file again. Nothing was changed.', 16, 127, @database, @state, @update);
    SET NOEXEC ON;
END;
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM database (schema or procedure GetVersion)', N'yes', CASE WHEN (SELECT COUNT(*) FROM [MBAM Compliance Status].sys.schemas WHERE name = N'ComplianceCore')
    + (SELECT COUNT(*) FROM [MBAM Compliance Status].sys.procedures WHERE name = N'GetVersion') > 0 THEN N'yes' ELSE N'no' END;
INSERT INTO @checks ([name], [want], [have])
SELECT N'recovery model' + CASE recovery_model WHEN 1 THEN N'' ELSE N' (350 makes it FULL; from then on the log grows until somebody backs it up, for ever)' END, NULL, recovery_model_desc FROM sys.databases WHERE name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
SELECT N'compatibility level (345 lowers it to 140 where it is higher, because MBAM supports no higher one; it records the old one)', NULL, CONVERT(nvarchar(10), compatibility_level) FROM sys.databases WHERE name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
SELECT N'owner (395 gives the database to the login of SID 0x01 and records the old owner)', NULL, ISNULL(SUSER_SNAME(owner_sid), N'nobody known') FROM sys.databases WHERE name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
SELECT N'size of its files in MB, to be copied to 1 other replica(s)', NULL, CONVERT(nvarchar(20), SUM(CONVERT(bigint, size)) / 128) FROM sys.master_files WHERE database_id = DB_ID(N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'last backup, ' + CASE s.type WHEN N'D' THEN N'full' WHEN N'I' THEN N'differential' WHEN N'L' THEN N'log' ELSE s.type END + CASE s.is_copy_only WHEN 1 THEN N', copy only' ELSE N'' END, NULL,
    CONVERT(nvarchar(30), s.backup_finish_date, 126) + N' by ' + ISNULL(s.user_name, N'?') + N' to ' + ISNULL(f.physical_device_name, N'?')
FROM msdb.dbo.backupset AS s INNER JOIN msdb.dbo.backupmediafamily AS f ON f.media_set_id = s.media_set_id AND f.family_sequence_number = 1
WHERE s.backup_set_id IN (SELECT MAX(backup_set_id) FROM msdb.dbo.backupset WHERE database_name = N'MBAM Compliance Status' GROUP BY type, is_copy_only);
INSERT INTO @checks ([name], [want], [have])
SELECT N'log backups of the last seven days', NULL, CONVERT(nvarchar(10), COUNT(*)) FROM msdb.dbo.backupset
WHERE database_name = N'MBAM Compliance Status' AND type = N'L' AND backup_finish_date > DATEADD(day, -7, GETDATE());
INSERT INTO @checks ([name], [want], [have])
SELECT DISTINCT N'job that may back up this log; pause it from 350 until 375 is done everywhere', NULL,
    N'EXEC msdb.dbo.sp_update_job @job_name = N''' + REPLACE(j.name, N'''', N'''''') + N''', @enabled = 0;   and at the end @enabled = 1;'
FROM msdb.dbo.sysjobs AS j INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id
WHERE j.enabled = 1 AND (CHARINDEX(N'MBAM Compliance Status', s.command) > 0 OR s.database_name = N'MBAM Compliance Status' OR CHARINDEX(N'BACKUP', UPPER(s.command)) > 0);
INSERT INTO @checks ([name], [want], [have])
SELECT N'connections now', NULL, CONVERT(nvarchar(10), COUNT(*)) FROM sys.sysprocesses WHERE dbid = DB_ID(N'MBAM Compliance Status') AND spid > 50;
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
