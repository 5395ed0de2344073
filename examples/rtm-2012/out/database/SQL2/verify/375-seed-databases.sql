/*
Verify: give this replica its copies of the databases.

Step      database/seed-databases, verify, file number 375
Run on    instance SQL2 on SQL2 (sql2.cohowinery.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   each copy has joined and takes part in data movement
Sources   [documented] ALTER DATABASE SET HADR (Transact-SQL)
          [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Automatic seeding for secondary replicas
          [documented] BACKUP (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL2';
SET @have = @@SERVERNAME;
IF @have IS NULL OR @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s. Nothing was changed.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
USE [master];
GO
DECLARE @try int, @moving int;
SET @try = 0;
SET @moving = 0;
WHILE @try < 30 AND @moving < 2
BEGIN
    SELECT @moving = COUNT(*) FROM sys.dm_hadr_database_replica_states AS d INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id
        WHERE g.name = N'MBAM-AG' AND d.is_local = 1 AND d.synchronization_state IN (1, 2) AND d.is_suspended = 0;
    SET @try = @try + 1;
    IF @moving < 2 WAITFOR DELAY '00:00:02';
END;
IF @moving < 2 PRINT N'Not every copy moved data within a minute; the checks say which.';
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': copy on this replica has joined', N'yes', CASE WHEN COUNT(*) = 1 THEN N'yes' ELSE N'no' END FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id
    WHERE g.name = N'MBAM-AG' AND s.is_local = 1 AND c.database_name = N'MBAM Compliance Status' AND c.is_database_joined = 1;
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': data moves (1 synchronizing, 2 synchronized) and is not suspended', N'yes',
    (SELECT CASE WHEN synchronization_state IN (1, 2) AND is_suspended = 0 THEN N'yes'
        ELSE synchronization_state_desc + N', suspended ' + CONVERT(nvarchar(10), is_suspended) + N' ' + ISNULL(suspend_reason_desc, N'') END
    FROM sys.dm_hadr_database_replica_states WHERE is_local = 1 AND database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': copy on this replica has joined', N'yes', CASE WHEN COUNT(*) = 1 THEN N'yes' ELSE N'no' END FROM sys.dm_hadr_database_replica_cluster_states AS c
    INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id
    WHERE g.name = N'MBAM-AG' AND s.is_local = 1 AND c.database_name = N'MBAM Recovery and Hardware' AND c.is_database_joined = 1;
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': data moves (1 synchronizing, 2 synchronized) and is not suspended', N'yes',
    (SELECT CASE WHEN synchronization_state IN (1, 2) AND is_suspended = 0 THEN N'yes'
        ELSE synchronization_state_desc + N', suspended ' + CONVERT(nvarchar(10), is_suspended) + N' ' + ISNULL(suspend_reason_desc, N'') END
    FROM sys.dm_hadr_database_replica_states WHERE is_local = 1 AND database_id = DB_ID(N'MBAM Recovery and Hardware'));
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
