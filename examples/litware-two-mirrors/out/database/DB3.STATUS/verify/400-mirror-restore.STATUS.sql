/*
Verify: restore the databases on the mirror.

Step      database/mirror-restore, verify, file number 400
Run on    instance DB3\STATUS on DB3 (db3.litware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   each database is restoring on this instance, or mirrored already
Sources   [documented] Prepare a mirror database for mirroring
          [documented] Establish a database mirroring session with Windows authentication
          [documented] BACKUP (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB3\STATUS';
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
SELECT N'MBAM Compliance Status' + N': restoring here, or mirrored', N'yes', (SELECT CASE WHEN d.state = 1 OR m.mirroring_guid IS NOT NULL THEN N'yes' ELSE N'no, ' + d.state_desc END
    FROM sys.databases AS d INNER JOIN sys.database_mirroring AS m ON m.database_id = d.database_id WHERE d.name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': a log backup was restored after the full one', N'yes', (SELECT CASE WHEN MAX(CASE restore_type WHEN N'L' THEN restore_history_id END) > MAX(CASE restore_type WHEN N'D' THEN restore_history_id END) THEN N'yes' ELSE N'no' END
    FROM msdb.dbo.restorehistory WHERE destination_database_name = N'MBAM Compliance Status');
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
