/*
Verify: create the availability group, still empty.

Step      database/availability-group, verify, file number 360
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the group is on this instance, in the role PRIMARY and online
Sources   [documented] CREATE AVAILABILITY GROUP (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] KB 2847723: cannot create a high-availability group (error 41131)
          [documented] Troubleshoot Always On availability groups configuration
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
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
DECLARE @group uniqueidentifier;
SELECT @group = group_id FROM sys.availability_groups WHERE name = N'MBAM-AG';
INSERT INTO @checks ([name], [want], [have])
SELECT N'availability group on this instance', N'yes', CASE WHEN @group IS NULL THEN N'no' ELSE N'yes' END;
INSERT INTO @checks ([name], [want], [have])
SELECT N'number of replicas', CONVERT(nvarchar(10), 2), CONVERT(nvarchar(10), COUNT(*)) FROM sys.availability_replicas WHERE group_id = @group;
INSERT INTO @checks ([name], [want], [have])
SELECT N'backup preference (0 primary, 1 secondary only, 2 secondary, 3 none)', CONVERT(nvarchar(10), 0), (SELECT CONVERT(nvarchar(10), automated_backup_preference) FROM sys.availability_groups WHERE group_id = @group);
INSERT INTO @checks ([name], [want], [have])
SELECT N'basic group (1 yes; it can never become a full one)', N'0', (SELECT CONVERT(nvarchar(10), basic_features) FROM sys.availability_groups WHERE group_id = @group);
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQL1' + N': endpoint, synchronous, automatic failover, reads on the secondary, automatic seeding',
    N'TCP://SQL1.CONTOSO.COM:5022 1 1 0 0',
    (SELECT UPPER(endpoint_url) + N' ' + CONVERT(nvarchar(10), availability_mode) + N' ' + CONVERT(nvarchar(10), 1 - failover_mode) + N' ' + CONVERT(nvarchar(10), secondary_role_allow_connections) + CASE seeding_mode_desc WHEN N'AUTOMATIC' THEN N' 1' ELSE N' 0' END FROM sys.availability_replicas WHERE group_id = @group AND replica_server_name = N'SQL1');
INSERT INTO @checks ([name], [want], [have])
SELECT N'SQL2' + N': endpoint, synchronous, automatic failover, reads on the secondary, automatic seeding',
    N'TCP://SQL2.CONTOSO.COM:5022 1 1 0 0',
    (SELECT UPPER(endpoint_url) + N' ' + CONVERT(nvarchar(10), availability_mode) + N' ' + CONVERT(nvarchar(10), 1 - failover_mode) + N' ' + CONVERT(nvarchar(10), secondary_role_allow_connections) + CASE seeding_mode_desc WHEN N'AUTOMATIC' THEN N' 1' ELSE N' 0' END FROM sys.availability_replicas WHERE group_id = @group AND replica_server_name = N'SQL2');
INSERT INTO @checks ([name], [want], [have])
SELECT N'role of this replica (1 primary)', N'1', (SELECT CONVERT(nvarchar(10), role) FROM sys.dm_hadr_availability_replica_states WHERE group_id = @group AND is_local = 1);
INSERT INTO @checks ([name], [want], [have])
SELECT N'operational state of this replica (2 online)', N'2', (SELECT CONVERT(nvarchar(10), operational_state) FROM sys.dm_hadr_availability_replica_states WHERE group_id = @group AND is_local = 1);
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
