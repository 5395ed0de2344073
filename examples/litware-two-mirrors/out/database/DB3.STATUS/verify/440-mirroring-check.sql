/*
Verify: verify the mirrored pair.

Step      database/mirroring-check, verify, file number 440
Run on    instance DB3\STATUS on DB3 (db3.litware.com)
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
DECLARE @try int, @moving int;
SET @try = 0;
SET @moving = 1;
WHILE @try < 60 AND @moving > 0
BEGIN
    SELECT @moving = COUNT(*) FROM sys.database_mirroring
        WHERE database_id IN (DB_ID(N'MBAM Compliance Status')) AND mirroring_guid IS NOT NULL AND mirroring_state IN (2, 3) AND mirroring_safety_level = 2;
    SET @try = @try + 1;
    IF @moving > 0 WAITFOR DELAY '00:00:02';
END;
GO
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': role here', NULL, (SELECT mirroring_role_desc FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': state (2 synchronizing or 4 synchronized)', N'yes',
    (SELECT CASE WHEN mirroring_state IN (2, 4) THEN N'yes' ELSE CONVERT(nvarchar(10), mirroring_state) + N' ' + mirroring_state_desc END FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': safety level (1 off, 2 full)', N'1', (SELECT CONVERT(nvarchar(10), mirroring_safety_level) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': instance of the partner', N'DB1\STATUS', (SELECT mirroring_partner_instance FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'MBAM Compliance Status' + N': witness', N'none', (SELECT ISNULL(NULLIF(mirroring_witness_name, N''), N'none') FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
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
