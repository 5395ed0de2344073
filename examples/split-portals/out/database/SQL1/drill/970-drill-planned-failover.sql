/*
Drill: fail the availability group over to SQL1, and back.

Step      database/drill-planned-failover, drill, file number 970
Run on    instance SQL1 on SQL1 (sql1.litware.com)
Run by    database administrator
Changes   SQL1 becomes the primary of MBAM-AG, with both databases; the replica that was primary becomes a secondary
Undo      the same file on the replica that was primary before
Downtime  connections to the databases break; requests of clients and help desk fail for seconds, until the databases are open on SQL1
Success   this instance is PRIMARY, every database is writeable here, and the copies are healthy
Sources   [documented] Perform a planned manual failover of an availability group
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
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @ready int;
SELECT @ready = COUNT(*) FROM sys.dm_hadr_database_replica_states AS d
    INNER JOIN sys.dm_hadr_database_replica_cluster_states AS c ON c.replica_id = d.replica_id AND c.group_database_id = d.group_database_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id
    WHERE g.name = N'MBAM-AG' AND d.is_local = 1 AND c.is_failover_ready = 1 AND d.synchronization_state = 2 AND d.is_suspended = 0
    AND (1 = 0 OR c.database_name = N'MBAM Compliance Status' OR c.database_name = N'MBAM Recovery and Hardware');
IF @role IS NULL OR @role = 0
BEGIN
    RAISERROR(N'This instance is neither primary nor secondary of the availability group %s now. While the group is resolving nothing is planned any more: find out what happened to the primary first. Nothing failed over.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END
ELSE IF @role = 1
    PRINT N'[same] group: this instance is its primary already';
ELSE IF @ready < 2
BEGIN
    RAISERROR(N'%d of %d databases are synchronized here and ready for failover without loss. All must be, because they move together. Nothing failed over.', 16, 127, @ready, 2);
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @line nvarchar(300);
SET @line = N'[info] started: ' + CONVERT(nvarchar(19), GETDATE(), 120);
PRINT @line;
IF @role = 2
BEGIN
    ALTER AVAILABILITY GROUP [MBAM-AG] FAILOVER;
    IF @@ERROR = 0 PRINT N'[done] group: failover to this instance';
END;
GO
DECLARE @try int, @role tinyint, @open int;
SET @try = 0;
WHILE @try < 60
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
    RAISERROR(N'After two minutes the role of this instance is %d (1 primary) and %d of %d databases are writeable. The messages stand above. Look into the error log of this instance and of the old primary; if that one is healthy, the same file there takes the group back.', 16, 127, @role, @open, 2);
    SET NOEXEC ON;
END;
GO
DECLARE @line nvarchar(300);
SET @line = N'[info] serving again: ' + CONVERT(nvarchar(19), GETDATE(), 120);
PRINT @line;
GO
DECLARE @try int, @healthy int;
SET @try = 0;
SET @healthy = 0;
WHILE @try < 60 AND @healthy < 4
BEGIN
    SELECT @healthy = COUNT(*) FROM sys.availability_groups AS g
        INNER JOIN sys.dm_hadr_database_replica_states AS d ON d.group_id = g.group_id
        WHERE g.name = N'MBAM-AG' AND d.synchronization_health = 2 AND d.is_suspended = 0;
    SET @try = @try + 1;
    IF @healthy < 4 WAITFOR DELAY '00:00:02';
END;
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @open int;
SELECT @open = COUNT(*) FROM sys.databases WHERE state = 0 AND DATABASEPROPERTYEX(name, N'Updateability') = N'READ_WRITE'
    AND (1 = 0 OR name = N'MBAM Compliance Status' OR name = N'MBAM Recovery and Hardware');
DECLARE @group uniqueidentifier;
SELECT @group = group_id FROM sys.availability_groups WHERE name = N'MBAM-AG';
INSERT INTO @checks ([name], [want], [have]) VALUES
    (N'role of this instance (1 primary)', N'1', CONVERT(nvarchar(10), @role)),
    (N'databases that are writeable here', CONVERT(nvarchar(10), 2), CONVERT(nvarchar(10), @open));
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQL1' + N': connected (1)', N'1', (SELECT CONVERT(nvarchar(10), s.connected_state) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQL1');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQL1' + N': healthy copies', CONVERT(nvarchar(10), 2), (SELECT CONVERT(nvarchar(10), COUNT(*)) FROM sys.dm_hadr_database_replica_states AS d
    INNER JOIN sys.availability_replicas AS a ON a.replica_id = d.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQL1'
    AND d.synchronization_health = 2 AND d.is_suspended = 0);
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQL2' + N': connected (1)', N'1', (SELECT CONVERT(nvarchar(10), s.connected_state) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_replicas AS a ON a.replica_id = s.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQL2');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQL2' + N': healthy copies', CONVERT(nvarchar(10), 2), (SELECT CONVERT(nvarchar(10), COUNT(*)) FROM sys.dm_hadr_database_replica_states AS d
    INNER JOIN sys.availability_replicas AS a ON a.replica_id = d.replica_id WHERE a.group_id = @group AND a.replica_server_name = N'SQL2'
    AND d.synchronization_health = 2 AND d.is_suspended = 0);
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
