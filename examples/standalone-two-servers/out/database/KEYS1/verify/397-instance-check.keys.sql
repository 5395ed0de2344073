/*
Verify: verify the instance that holds the only copy, and its databases.

Step      database/instance-check, verify, file number 397
Run on    instance KEYS1 on KEYS1 (keys1.alpine.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   name and port are the planned ones, the databases are online and writeable, and neither mirrored nor in a group
Sources   [documented] Always On failover cluster instances
          [documented] sys.dm_os_cluster_nodes (Transact-SQL)
          [documented] sys.dm_io_cluster_shared_drives (Transact-SQL)
          [documented] Planning for MBAM 2.5 high availability
          [documented] MBAM 2.5 Supported Configurations
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'KEYS1';
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
INSERT INTO @checks ([name], [want], [have]) VALUES
    (N'failover cluster instance', N'0', CONVERT(nvarchar(10), SERVERPROPERTY(N'IsClustered'))),
    (N'network name', N'KEYS1', UPPER(CONVERT(nvarchar(128), SERVERPROPERTY(N'MachineName'))));
INSERT INTO @checks ([name], [want], [have]) SELECT N'listens on the planned port', N'1433', CONVERT(nvarchar(10), MAX(port)) FROM sys.dm_tcp_listener_states WHERE type = 0 AND state = 1 AND port = 1433;
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': state', N'ONLINE', CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'MBAM Recovery and Hardware', N'Status'));
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': writeable', N'READ_WRITE', CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'MBAM Recovery and Hardware', N'Updateability'));
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': open to many users', N'MULTI_USER', CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'MBAM Recovery and Hardware', N'UserAccess'));
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': collation', N'SQL_Latin1_General_CP1_CI_AS', CONVERT(nvarchar(128), DATABASEPROPERTYEX(N'MBAM Recovery and Hardware', N'Collation'));
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': recovery model', N'FULL', CONVERT(nvarchar(60), DATABASEPROPERTYEX(N'MBAM Recovery and Hardware', N'Recovery'));
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': mirrored', N'0', CONVERT(nvarchar(10), COUNT(mirroring_guid)) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': in an availability group', N'0', CONVERT(nvarchar(10), COUNT(replica_id)) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have]) SELECT N'MBAM Recovery and Hardware' + N': newest full backup', NULL, ISNULL((SELECT CONVERT(nvarchar(30), MAX(backup_finish_date), 120) FROM msdb.dbo.backupset WHERE database_name = N'MBAM Recovery and Hardware' AND type = N'D'), N'NONE: the only copy of this database is unprotected until there is one');
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
