/*
Verify: open the mirroring sessions from the principal.

Step      database/principal-partner, verify, file number 410
Run on    instance SQL1 on SQL1 (sql1.adatum.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   each session is synchronized
Sources   [documented] Establish a database mirroring session with Windows authentication
          [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for database mirroring
          [documented] sys.database_mirroring (Transact-SQL)
          [field] dbatools and SqlServerDsc issue threads on availability groups
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
SELECT N'MBAM Compliance Status' + N': address of the partner', N'TCP://sql2.adatum.com:5022', (SELECT mirroring_partner_name FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': state of the session (4 synchronized)', N'yes',
    (SELECT CASE WHEN mirroring_state IN (4) THEN N'yes' ELSE CONVERT(nvarchar(10), mirroring_state) + N' ' + mirroring_state_desc END FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': address of the partner', N'TCP://sql2.adatum.com:5022', (SELECT mirroring_partner_name FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Recovery and Hardware' + N': state of the session (4 synchronized)', N'yes',
    (SELECT CASE WHEN mirroring_state IN (4) THEN N'yes' ELSE CONVERT(nvarchar(10), mirroring_state) + N' ' + mirroring_state_desc END FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware'));
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
