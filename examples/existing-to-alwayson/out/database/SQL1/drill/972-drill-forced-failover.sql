/*
Forced failover to SQL1 when the primary is lost.

Step      database/drill-forced-failover, drill, file number 972
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   SQL1 becomes the primary of MBAM-AG, without the transactions that the lost primary had not sent; every other copy is suspended
Undo      nothing: what was lost stays lost. Another planned failover (970) moves the role, not the data
Downtime  MBAM is down already; it serves again when the databases are open on SQL1
Success   this instance is PRIMARY and every database is writeable here
Sources   [documented] Perform a forced manual failover of an availability group
          [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Monitor availability groups (Transact-SQL)
          [documented] Planning for MBAM 2.5 high availability
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
DECLARE @role tinyint, @connected tinyint, @primary nvarchar(256);
SELECT @role = s.role, @connected = s.connected_state FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
SELECT @primary = s.primary_replica FROM sys.dm_hadr_availability_group_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG';
IF @role IS NULL
BEGIN
    RAISERROR(N'This instance knows no replica of the availability group %s, or you may not see it. Nothing was forced.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END
ELSE IF @role = 2 AND @connected = 1
BEGIN
    SET @primary = ISNULL(@primary, N'not known');
    RAISERROR(N'This secondary is connected to its primary (%s). While that lives, 970 moves the group without loss. Nothing was forced.', 16, 127, @primary);
    SET NOEXEC ON;
END
ELSE IF @role = 1
    PRINT N'[same] group: this instance is its primary already';
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have])
SELECT N'what this replica has of ' + N'MBAM Compliance Status', NULL, (SELECT N'hardened up to ' + ISNULL(CONVERT(nvarchar(30), d.last_hardened_lsn), N'not known') + N', last commit '
    + ISNULL(CONVERT(nvarchar(19), d.last_commit_time, 120), N'not known') + N', ' + ISNULL(d.synchronization_state_desc, N'state not known') + CASE WHEN d.is_suspended = 1 THEN N', suspended' ELSE N'' END
    FROM sys.dm_hadr_database_replica_states AS d INNER JOIN sys.availability_databases_cluster AS c ON c.group_database_id = d.group_database_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND c.database_name = N'MBAM Compliance Status' AND d.is_local = 1);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N' was synchronized when the primary was lost (1 yes)', NULL, (SELECT CONVERT(nvarchar(10), c.is_failover_ready) FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.availability_replicas AS r ON r.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = r.group_id
    WHERE g.name = N'MBAM-AG' AND r.replica_server_name = @@SERVERNAME AND c.database_name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'what this replica has of ' + N'MBAM Recovery and Hardware', NULL, (SELECT N'hardened up to ' + ISNULL(CONVERT(nvarchar(30), d.last_hardened_lsn), N'not known') + N', last commit '
    + ISNULL(CONVERT(nvarchar(19), d.last_commit_time, 120), N'not known') + N', ' + ISNULL(d.synchronization_state_desc, N'state not known') + CASE WHEN d.is_suspended = 1 THEN N', suspended' ELSE N'' END
    FROM sys.dm_hadr_database_replica_states AS d INNER JOIN sys.availability_databases_cluster AS c ON c.group_database_id = d.group_database_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND c.database_name = N'MBAM Recovery and Hardware' AND d.is_local = 1);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N' was synchronized when the primary was lost (1 yes)', NULL, (SELECT CONVERT(nvarchar(10), c.is_failover_ready) FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.availability_replicas AS r ON r.replica_id = c.replica_id INNER JOIN sys.availability_groups AS g ON g.group_id = r.group_id
    WHERE g.name = N'MBAM-AG' AND r.replica_server_name = @@SERVERNAME AND c.database_name = N'MBAM Recovery and Hardware');
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
PRINT N'[info] at risk: recovery keys, hardware records and audit entries that the lost primary stored and this replica does not have. A drive whose newest key is among them cannot be recovered by MBAM until the computer sends its key again.';
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @gate sysname, @sentence nvarchar(300), @given nvarchar(300), @line nvarchar(2000);
SET @gate = N'mbamplan/forced-failover/MBAM-AG';
SET @sentence = N'I accept the loss of data in ' + N'MBAM-AG' + N' ' + CONVERT(nvarchar(10), GETDATE(), 120);
SELECT @given = CONVERT(nvarchar(300), value) FROM master.sys.extended_properties WHERE class = 0 AND name = @gate;
IF @role <> 1 AND (@given IS NULL OR @given <> @sentence)
BEGIN
    IF @given IS NOT NULL EXEC master.sys.sp_dropextendedproperty @name = @gate;
    SET @line = N'[info] to go on: be sure that the primary is down and stays down, and that no other replica has more (run this file there too). Then run this statement here, and this file again the same day: EXEC master.sys.sp_addextendedproperty @name = N'''
        + REPLACE(@gate, N'''', N'''''') + N''', @value = N''' + REPLACE(@sentence, N'''', N'''''') + N''';';
    PRINT @line;
    RAISERROR(N'Nobody has accepted today that data of %s may be lost. Nothing was forced.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role IN (0, 2)
BEGIN
    ALTER AVAILABILITY GROUP [MBAM-AG] FORCE_FAILOVER_ALLOW_DATA_LOSS;
    IF @@ERROR = 0 PRINT N'[done] group: forced into service on this instance, with possible loss of data';
END;
GO
DECLARE @try int, @role tinyint, @open int;
SET @try = 0;
WHILE @try < 90
BEGIN
    SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
        INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
    SELECT @open = COUNT(*) FROM sys.databases WHERE state = 0 AND DATABASEPROPERTYEX(name, N'Updateability') = N'READ_WRITE'
        AND (1 = 0 OR name = N'MBAM Compliance Status' OR name = N'MBAM Recovery and Hardware');
    IF @role = 1 AND @open = 2 BREAK;
    SET @try = @try + 1;
    WAITFOR DELAY '00:00:02';
END;
IF @role IS NULL OR @role <> 1 OR @open < 2
BEGIN
    RAISERROR(N'After three minutes the role of this instance is %d (1 primary) and %d of %d databases are writeable; the messages stand above. Without quorum the cluster must be started first, see the sheet. The acceptance still holds today: run this file again.', 16, 127, @role, @open, 2);
    SET NOEXEC ON;
END;
GO
DECLARE @property sysname;
SET @property = N'mbamplan/forced-failover/MBAM-AG';
IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
PRINT N'[ok]   databases writeable here: ' + CONVERT(nvarchar(10), 2);
PRINT N'[info] later, on ' + N'SQL2' + N', after what only that copy has was saved: ALTER DATABASE ' + QUOTENAME(N'MBAM Compliance Status') + N' SET HADR RESUME;';
PRINT N'[info] later, on ' + N'SQL2' + N', after what only that copy has was saved: ALTER DATABASE ' + QUOTENAME(N'MBAM Recovery and Hardware') + N' SET HADR RESUME;';
PRINT N'[info] next: take full backups here today, and follow the sheet.';
GO
SET NOEXEC OFF;
