/*
Verify: set the FULL recovery model for the log backups of this plan.

Step      database/recovery-model, verify, file number 352
Run on    instance MBAMDB on MBAMDB (mbamdb.tailspin.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the database is in the FULL recovery model
Sources   [documented] BACKUP (Transact-SQL)
          [documented] How to Move the MBAM 2.5 Databases
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'MBAMDB';
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
INSERT INTO @checks ([name], [want], [have]) SELECT N'recovery model of ' + N'MBAM Compliance Status', N'FULL', (SELECT recovery_model_desc FROM sys.databases WHERE name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have]) SELECT N'full backup that log backups can follow', NULL, (SELECT CASE WHEN last_log_backup_lsn IS NULL THEN N'none yet: run the full backup job of 960 once' ELSE N'yes' END FROM sys.database_recovery_status WHERE database_id = DB_ID(N'MBAM Compliance Status'));
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
