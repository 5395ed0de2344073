/*
Verify: join the availability group.

Step      database/join, verify, file number 365
Run on    instance SQLFCI on CLUA (clua.proseware.com) or CLUB (club.proseware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the replica has joined and is connected to the primary
Sources   [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Troubleshoot Always On availability groups configuration
          [documented] Automatic seeding for secondary replicas
          [field] dbatools and SqlServerDsc issue threads on availability groups
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQLFCI';
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
INSERT INTO @checks ([name], [want], [have])
SELECT N'replica has joined the group', N'yes', CASE WHEN MAX(c.join_state) IN (1, 2) THEN N'yes' ELSE N'no' END FROM sys.dm_hadr_availability_replica_cluster_states AS c
    INNER JOIN sys.availability_groups_cluster AS g ON g.group_id = c.group_id WHERE g.name = N'MBAM-AG' AND c.replica_server_name = @@SERVERNAME;
INSERT INTO @checks ([name], [want], [have])
SELECT N'connected state (1 connected)', N'1', (SELECT CONVERT(nvarchar(10), s.connected_state) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1);
INSERT INTO @checks ([name], [want], [have])
SELECT N'role (1 primary, 2 secondary)', NULL, (SELECT CONVERT(nvarchar(10), s.role) FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1);
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
