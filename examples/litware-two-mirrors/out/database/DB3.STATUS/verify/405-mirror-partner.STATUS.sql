/*
Verify: name the principal to the mirror.

Step      database/mirror-partner, verify, file number 405
Run on    instance DB3\STATUS on DB3 (db3.litware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the mirror knows the address of the principal; the session begins with 410
Sources   [documented] Establish a database mirroring session with Windows authentication
          [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] sys.database_mirroring (Transact-SQL)
Inferred  the mirror shows the partner in sys.database_mirroring as soon as the statement has run there, before the principal's; proved by: the verify of this step, and 410, which waits for the session and fails when there is none
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
SELECT N'MBAM Compliance Status' + N': address of the partner', N'TCP://db1.litware.com:5023', (SELECT mirroring_partner_name FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
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
