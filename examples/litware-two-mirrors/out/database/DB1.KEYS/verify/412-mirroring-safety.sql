/*
Verify: set safety and timeout of the mirroring sessions.

Step      database/mirroring-safety, verify, file number 412
Run on    instance DB1\KEYS on DB1 (db1.litware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   sys.database_mirroring shows the planned safety level and timeout
Sources   [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] Possible failures during database mirroring
          [documented] Database mirroring and SQL Server failover cluster instances
          [documented] Editions and supported features of SQL Server
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB1\KEYS';
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
SELECT N'MBAM Recovery and Hardware' + N': safety level (1 off, 2 full)', N'2', (SELECT CONVERT(nvarchar(10), mirroring_safety_level) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': timeout in seconds', N'10', (SELECT CONVERT(nvarchar(10), mirroring_connection_timeout) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware'));
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
