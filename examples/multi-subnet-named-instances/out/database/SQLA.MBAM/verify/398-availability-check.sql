/*
Verify: verify the whole availability group.

Step      database/availability-check, verify, file number 398
Run on    instance SQLA\MBAM on SQLA (sqla.proseware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   every copy of every database has joined and moves data, synchronous copies are ready for failover, and the listener leads to the primary
Sources   [documented] Monitor availability groups (Transact-SQL)
          [documented] Connect to an availability group listener
          [documented] Troubleshoot Always On availability groups configuration
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
DECLARE @role tinyint, @primary nvarchar(256);
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
SELECT @primary = s.primary_replica FROM sys.dm_hadr_availability_group_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG';
IF @role IS NULL OR @role <> 1
BEGIN
    SET @primary = ISNULL(@primary, N'not known here');
    IF @role = 2 PRINT N'To fail back, on this instance: ALTER AVAILABILITY GROUP ' + QUOTENAME(N'MBAM-AG') + N' FAILOVER;';
    RAISERROR(N'This belongs on the primary replica of the availability group %s, which this instance is not now. Primary: %s. The files of this step are for this instance only: fail back to it first, when its copies are synchronized. Nothing was changed.', 16, 127, N'MBAM-AG', @primary);
    SET NOEXEC ON;
END;
GO
DECLARE @try int, @healthy int;
SET @try = 0;
SET @healthy = 0;
WHILE @try < 60 AND @healthy < 6
BEGIN
    SELECT @healthy = COUNT(*) FROM sys.availability_groups AS g
        INNER JOIN sys.availability_replicas AS r ON r.group_id = g.group_id
        INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = r.replica_id
        INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.replica_id = r.replica_id
        WHERE g.name = N'MBAM-AG' AND s.connected_state = 1 AND d.synchronization_health = 2 AND d.is_suspended = 0;
    SET @try = @try + 1;
    IF @healthy < 6 WAITFOR DELAY '00:00:02';
END;
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
DECLARE @group uniqueidentifier;
SELECT @group = group_id FROM sys.availability_groups WHERE name = N'MBAM-AG';
INSERT INTO @checks ([name], [want], [have])
SELECT N'health of the group (2 healthy)', N'2', (SELECT CONVERT(nvarchar(10), synchronization_health) FROM sys.dm_hadr_availability_group_states WHERE group_id = @group);
INSERT INTO @checks ([name], [want], [have])
SELECT N'copies that have joined', CONVERT(nvarchar(10), 6), CONVERT(nvarchar(10), COUNT(*)) FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.availability_replicas AS r ON r.replica_id = c.replica_id WHERE r.group_id = @group AND c.is_database_joined = 1
    AND (1 = 0 OR c.database_name = N'MBAM Compliance Status' OR c.database_name = N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLA\MBAM' + N': connected (1)', N'1', (SELECT CONVERT(nvarchar(10), s.connected_state) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQLA\MBAM');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLA\MBAM' + N': last connection error', NULL, (SELECT CONVERT(nvarchar(10), s.last_connect_error_number) + N' ' + CONVERT(nvarchar(30), s.last_connect_error_timestamp, 126) + N' ' + LEFT(s.last_connect_error_description, 800)
    FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQLA\MBAM');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLA\MBAM' + N', ' + N'MBAM Compliance Status' + N': healthy (2), suspended (0), ready for failover (1)', N'2 0 1',
    (SELECT CONVERT(nvarchar(10), d.synchronization_health) + N' ' + CONVERT(nvarchar(10), d.is_suspended) + N' ' + CONVERT(nvarchar(10), c.is_failover_ready)
    FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.availability_replicas AS a ON a.replica_id = c.replica_id
    INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.replica_id = c.replica_id AND d.group_database_id = c.group_database_id
    WHERE a.group_id = @group AND a.replica_server_name = N'SQLA\MBAM' AND c.database_name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLA\MBAM' + N', ' + N'MBAM Recovery and Hardware' + N': healthy (2), suspended (0), ready for failover (1)', N'2 0 1',
    (SELECT CONVERT(nvarchar(10), d.synchronization_health) + N' ' + CONVERT(nvarchar(10), d.is_suspended) + N' ' + CONVERT(nvarchar(10), c.is_failover_ready)
    FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.availability_replicas AS a ON a.replica_id = c.replica_id
    INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.replica_id = c.replica_id AND d.group_database_id = c.group_database_id
    WHERE a.group_id = @group AND a.replica_server_name = N'SQLA\MBAM' AND c.database_name = N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLFCI' + N': connected (1)', N'1', (SELECT CONVERT(nvarchar(10), s.connected_state) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQLFCI');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLFCI' + N': last connection error', NULL, (SELECT CONVERT(nvarchar(10), s.last_connect_error_number) + N' ' + CONVERT(nvarchar(30), s.last_connect_error_timestamp, 126) + N' ' + LEFT(s.last_connect_error_description, 800)
    FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQLFCI');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLFCI' + N', ' + N'MBAM Compliance Status' + N': healthy (2), suspended (0), ready for failover (1)', N'2 0 1',
    (SELECT CONVERT(nvarchar(10), d.synchronization_health) + N' ' + CONVERT(nvarchar(10), d.is_suspended) + N' ' + CONVERT(nvarchar(10), c.is_failover_ready)
    FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.availability_replicas AS a ON a.replica_id = c.replica_id
    INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.replica_id = c.replica_id AND d.group_database_id = c.group_database_id
    WHERE a.group_id = @group AND a.replica_server_name = N'SQLFCI' AND c.database_name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLFCI' + N', ' + N'MBAM Recovery and Hardware' + N': healthy (2), suspended (0), ready for failover (1)', N'2 0 1',
    (SELECT CONVERT(nvarchar(10), d.synchronization_health) + N' ' + CONVERT(nvarchar(10), d.is_suspended) + N' ' + CONVERT(nvarchar(10), c.is_failover_ready)
    FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.availability_replicas AS a ON a.replica_id = c.replica_id
    INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.replica_id = c.replica_id AND d.group_database_id = c.group_database_id
    WHERE a.group_id = @group AND a.replica_server_name = N'SQLFCI' AND c.database_name = N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLDR\MBAM' + N': connected (1)', N'1', (SELECT CONVERT(nvarchar(10), s.connected_state) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQLDR\MBAM');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLDR\MBAM' + N': last connection error', NULL, (SELECT CONVERT(nvarchar(10), s.last_connect_error_number) + N' ' + CONVERT(nvarchar(30), s.last_connect_error_timestamp, 126) + N' ' + LEFT(s.last_connect_error_description, 800)
    FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQLDR\MBAM');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLDR\MBAM' + N', ' + N'MBAM Compliance Status' + N': healthy (2), suspended (0)', N'2 0',
    (SELECT CONVERT(nvarchar(10), d.synchronization_health) + N' ' + CONVERT(nvarchar(10), d.is_suspended)
    FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.availability_replicas AS a ON a.replica_id = c.replica_id
    INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.replica_id = c.replica_id AND d.group_database_id = c.group_database_id
    WHERE a.group_id = @group AND a.replica_server_name = N'SQLDR\MBAM' AND c.database_name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQLDR\MBAM' + N', ' + N'MBAM Recovery and Hardware' + N': healthy (2), suspended (0)', N'2 0',
    (SELECT CONVERT(nvarchar(10), d.synchronization_health) + N' ' + CONVERT(nvarchar(10), d.is_suspended)
    FROM sys.dm_hadr_database_replica_cluster_states AS c INNER JOIN sys.availability_replicas AS a ON a.replica_id = c.replica_id
    INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.replica_id = c.replica_id AND d.group_database_id = c.group_database_id
    WHERE a.group_id = @group AND a.replica_server_name = N'SQLDR\MBAM' AND c.database_name = N'MBAM Recovery and Hardware');
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
