/*
Verify: verify the mirrored pair.

Step      database/mirroring-check, verify, file number 440
Run on    instance WIT1 on WIT1 (wit1.adatum.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   all databases of a pair have one role here, their sessions are synchronized with the planned partner, and the witness is connected
Sources   [documented] sys.database_mirroring (Transact-SQL)
          [documented] Database mirroring witness
          [documented] Prerequisites, restrictions and recommendations for database mirroring
          [documented] Planning for MBAM 2.5 high availability
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'WIT1';
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
SELECT N'MBAM Compliance Status' + N': sessions that this instance is the witness of, with safety level 2', N'1', (SELECT CONVERT(nvarchar(10), COUNT(*)) FROM sys.database_mirroring_witnesses WHERE database_name = N'MBAM Compliance Status' AND safety_level = 2);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': principal and mirror, as this witness knows them', NULL, (SELECT MAX(principal_server_name + N', ' + mirror_server_name) FROM sys.database_mirroring_witnesses WHERE database_name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': sessions that this instance is the witness of, with safety level 2', N'1', (SELECT CONVERT(nvarchar(10), COUNT(*)) FROM sys.database_mirroring_witnesses WHERE database_name = N'MBAM Recovery and Hardware' AND safety_level = 2);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': principal and mirror, as this witness knows them', NULL, (SELECT MAX(principal_server_name + N', ' + mirror_server_name) FROM sys.database_mirroring_witnesses WHERE database_name = N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
SELECT N'way out', NULL, N'database mirroring is deprecated since SQL Server 2012: plan an availability group (Enterprise edition) or a failover cluster instance (Standard edition)';
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
