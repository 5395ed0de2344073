/*
Preflight: ask the instance before anything is changed.

Step      database/preflight, preflight, file number 305
Run on    instance SQLA\MBAM on SQLA (sqla.proseware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   every line reads [ok] or [info]
Sources   [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] CREATE ENDPOINT (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for database mirroring
          [documented] MBAM 2.5 Supported Configurations
          [field] dbatools and SqlServerDsc issue threads on availability groups
Inferred  xp_fileexist, which public tools use and no document describes, looks for a sysadmin with the rights of the service account and tells folders from files; proved by: the backup of file number 350 is written and read by that account, and stops with error 3201 when it may not
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQLA\MBAM';
SET @have = @@SERVERNAME;
IF @have IS NULL OR @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s. Nothing was changed.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
USE [master];
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
DECLARE @version nvarchar(128);
SET @version = CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductVersion'));
INSERT INTO @checks ([name], [want], [have]) VALUES
    (N'login is sysadmin', N'1', CONVERT(nvarchar(10), IS_SRVROLEMEMBER(N'sysadmin'))),
    (N'@@SERVERNAME and SERVERPROPERTY(ServerName) agree', @@SERVERNAME, CONVERT(nvarchar(128), SERVERPROPERTY(N'ServerName'))),
    (N'version', N'13.0', PARSENAME(@version, 4) + N'.' + PARSENAME(@version, 3)),
    (N'engine edition (2 Standard, 3 Enterprise, 4 Express)', N'3', CONVERT(nvarchar(10), SERVERPROPERTY(N'EngineEdition'))),
    (N'failover cluster instance', N'0', CONVERT(nvarchar(10), SERVERPROPERTY(N'IsClustered'))),
    (N'collation of the instance', N'SQL_Latin1_General_CP1_CI_AS', CONVERT(nvarchar(128), SERVERPROPERTY(N'Collation'))),
    (N'build', NULL, @version + N' ' + CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductLevel')) + N', ' + CONVERT(nvarchar(128), SERVERPROPERTY(N'Edition'))),
    (N'AlwaysOn feature (1 enabled)', NULL, CONVERT(nvarchar(10), SERVERPROPERTY(N'IsHadrEnabled'))),
    (N'availability group manager (0 pending, 1 running, 2 failed)', NULL, CONVERT(nvarchar(10), SERVERPROPERTY(N'HadrManagerStatus')));
INSERT INTO @checks ([name], [want], [have]) VALUES (N'service account', N'PROSE\svc-sql',
    (SELECT TOP (1) CASE WHEN service_account IN (N'PROSE\svc-sql')
                           OR SUSER_SID(service_account) = SUSER_SID(N'PROSE\svc-sql') THEN N'PROSE\svc-sql' ELSE service_account END
     FROM sys.dm_server_services WHERE filename LIKE N'%sqlservr.exe%'));
INSERT INTO @checks ([name], [want], [have])
    SELECT N'listens on the planned port', N'14331', CONVERT(nvarchar(10), MAX(port)) FROM sys.dm_tcp_listener_states WHERE type = 0 AND state = 1 AND port = 14331;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'default folder of data files (the databases are created there)', N'E:\MBAM\Data', CASE WHEN RIGHT(p, 1) = N'\' THEN LEFT(p, LEN(p) - 1) ELSE p END FROM (SELECT CONVERT(nvarchar(260), SERVERPROPERTY(N'InstanceDefaultDataPath')) AS p) AS d;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'default folder of log files (the databases are created there)', N'F:\MBAM\Log', CASE WHEN RIGHT(p, 1) = N'\' THEN LEFT(p, LEN(p) - 1) ELSE p END FROM (SELECT CONVERT(nvarchar(260), SERVERPROPERTY(N'InstanceDefaultLogPath')) AS p) AS d;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'port of an existing mirroring endpoint', N'5022', CONVERT(nvarchar(10), port) FROM sys.tcp_endpoints WHERE type = 4;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'other endpoints on the planned endpoint port', N'0', CONVERT(nvarchar(10), COUNT(*)) FROM sys.tcp_endpoints WHERE type <> 4 AND port = 5022;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'SQL Server listeners on the planned endpoint port', N'0', CONVERT(nvarchar(10), COUNT(*)) FROM sys.dm_tcp_listener_states WHERE type <> 2 AND port = 5022;
DECLARE @seen TABLE ([file] int NOT NULL, [folder] int NOT NULL, [parent] int NOT NULL);
DECLARE @path nvarchar(260);
SET @path = N'\\files.proseware.com\mbam-seed';
INSERT INTO @seen EXEC master.sys.xp_fileexist @path;
INSERT INTO @checks ([name], [want], [have]) SELECT N'backup share' + N' as the service account sees it, ' + @path, N'1', CONVERT(nvarchar(10), MAX([folder])) FROM @seen;
DELETE FROM @seen;
SET @path = N'E:\MBAM\Data';
INSERT INTO @seen EXEC master.sys.xp_fileexist @path;
INSERT INTO @checks ([name], [want], [have]) SELECT N'folder of data files' + N' as the service account sees it, ' + @path, N'1', CONVERT(nvarchar(10), MAX([folder])) FROM @seen;
DELETE FROM @seen;
SET @path = N'F:\MBAM\Log';
INSERT INTO @seen EXEC master.sys.xp_fileexist @path;
INSERT INTO @checks ([name], [want], [have]) SELECT N'folder of log files' + N' as the service account sees it, ' + @path, N'1', CONVERT(nvarchar(10), MAX([folder])) FROM @seen;
DELETE FROM @seen;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'mirroring sessions of ' + N'MBAM Compliance Status', N'0', CONVERT(nvarchar(10), COUNT(mirroring_guid)) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
    SELECT N'transparent data encryption of ' + N'MBAM Compliance Status', N'0', CONVERT(nvarchar(10), is_encrypted) FROM sys.databases WHERE name = N'MBAM Compliance Status' AND state = 0;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'FILESTREAM containers of ' + N'MBAM Compliance Status', NULL, CONVERT(nvarchar(10), COUNT(*)) FROM sys.master_files WHERE database_id = DB_ID(N'MBAM Compliance Status') AND type = 2;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'containment of ' + N'MBAM Compliance Status' + N' (0 none)', NULL, CONVERT(nvarchar(10), containment) FROM sys.databases WHERE name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have]) SELECT N'databases that are called ' + N'MBAM Compliance Status' + N' already', NULL, CONVERT(nvarchar(10), COUNT(*)) FROM sys.databases WHERE name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
    SELECT N'options of ' + N'MBAM Compliance Status' + N' (state, user access, read-only, auto close, snapshot)', N'0 0 0 0 no',
        CONVERT(nvarchar(10), state) + N' ' + CONVERT(nvarchar(10), user_access) + N' ' + CONVERT(nvarchar(10), is_read_only) + N' ' + CONVERT(nvarchar(10), is_auto_close_on)
        + CASE WHEN source_database_id IS NULL THEN N' no' ELSE N' yes' END
    FROM sys.databases WHERE name = N'MBAM Compliance Status' AND replica_id IS NULL;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'collation of ' + N'MBAM Compliance Status', N'SQL_Latin1_General_CP1_CI_AS', collation_name FROM sys.databases WHERE name = N'MBAM Compliance Status' AND state = 0;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'mirroring sessions of ' + N'MBAM Recovery and Hardware', N'0', CONVERT(nvarchar(10), COUNT(mirroring_guid)) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
    SELECT N'transparent data encryption of ' + N'MBAM Recovery and Hardware', N'0', CONVERT(nvarchar(10), is_encrypted) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware' AND state = 0;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'FILESTREAM containers of ' + N'MBAM Recovery and Hardware', NULL, CONVERT(nvarchar(10), COUNT(*)) FROM sys.master_files WHERE database_id = DB_ID(N'MBAM Recovery and Hardware') AND type = 2;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'containment of ' + N'MBAM Recovery and Hardware' + N' (0 none)', NULL, CONVERT(nvarchar(10), containment) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have]) SELECT N'databases that are called ' + N'MBAM Recovery and Hardware' + N' already', NULL, CONVERT(nvarchar(10), COUNT(*)) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
    SELECT N'options of ' + N'MBAM Recovery and Hardware' + N' (state, user access, read-only, auto close, snapshot)', N'0 0 0 0 no',
        CONVERT(nvarchar(10), state) + N' ' + CONVERT(nvarchar(10), user_access) + N' ' + CONVERT(nvarchar(10), is_read_only) + N' ' + CONVERT(nvarchar(10), is_auto_close_on)
        + CASE WHEN source_database_id IS NULL THEN N' no' ELSE N' yes' END
    FROM sys.databases WHERE name = N'MBAM Recovery and Hardware' AND replica_id IS NULL;
INSERT INTO @checks ([name], [want], [have])
    SELECT N'collation of ' + N'MBAM Recovery and Hardware', N'SQL_Latin1_General_CP1_CI_AS', collation_name FROM sys.databases WHERE name = N'MBAM Recovery and Hardware' AND state = 0;
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
