/*
Verify: enable the AlwaysOn feature.

Step      database/alwayson-feature, verify, file number 315
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   IsHadrEnabled and HadrManagerStatus are 1, and the instance sees the planned cluster with a quorum
Sources   [documented] Enable or disable Always On availability groups
          [documented] Prerequisites, restrictions and recommendations for Always On availability groups
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
INSERT INTO @checks ([name], [want], [have]) VALUES
    (N'AlwaysOn feature (1 enabled)', N'1', CONVERT(nvarchar(10), SERVERPROPERTY(N'IsHadrEnabled'))),
    (N'availability group manager (1 running)', N'1', CONVERT(nvarchar(10), SERVERPROPERTY(N'HadrManagerStatus'))),
    (N'cluster', N'SQLCLU1', (SELECT MAX(cluster_name) FROM sys.dm_hadr_cluster)),
    (N'quorum (1 normal)', N'1', (SELECT CONVERT(nvarchar(10), MAX(quorum_state)) FROM sys.dm_hadr_cluster));
INSERT INTO @checks ([name], [want], [have]) VALUES (N'cluster member ' + N'SQL1' + N' (state 1 online, votes)', N'1 ' + N'1',
    (SELECT CONVERT(nvarchar(10), MAX(member_state)) + N' ' + CONVERT(nvarchar(10), MAX(number_of_quorum_votes)) FROM sys.dm_hadr_cluster_members WHERE member_type = 0 AND member_name = N'SQL1'));
INSERT INTO @checks ([name], [want], [have]) VALUES (N'cluster member ' + N'SQL2' + N' (state 1 online, votes)', N'1 ' + N'1',
    (SELECT CONVERT(nvarchar(10), MAX(member_state)) + N' ' + CONVERT(nvarchar(10), MAX(number_of_quorum_votes)) FROM sys.dm_hadr_cluster_members WHERE member_type = 0 AND member_name = N'SQL2'));
INSERT INTO @checks ([name], [want], [have]) SELECT N'the cluster has the network of the listener, ' + N'10.70.0.0', N'yes', CASE WHEN COUNT(*) > 0 THEN N'yes' ELSE N'no' END
    FROM sys.dm_hadr_cluster_networks WHERE network_subnet_ip = N'10.70.0.0';
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
