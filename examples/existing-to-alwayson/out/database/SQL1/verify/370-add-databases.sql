/*
Verify: add the databases to the availability group.

Step      database/add-databases, verify, file number 370
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the databases are in the group, online on the primary
Sources   [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] Automatic seeding for secondary replicas
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
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': in the group', N'yes', CASE WHEN COUNT(*) = 1 THEN N'yes' ELSE N'no' END FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': state on this instance', N'ONLINE', (SELECT state_desc FROM sys.databases WHERE name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': in the group', N'yes', CASE WHEN COUNT(*) = 1 THEN N'yes' ELSE N'no' END FROM sys.availability_databases_cluster AS d
    INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG' AND d.database_name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': state on this instance', N'ONLINE', (SELECT state_desc FROM sys.databases WHERE name = N'MBAM Recovery and Hardware');
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
