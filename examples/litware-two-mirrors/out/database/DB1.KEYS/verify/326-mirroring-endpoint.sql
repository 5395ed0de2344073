/*
Verify: create or mend the endpoint of mirroring.

Step      database/mirroring-endpoint, verify, file number 326
Run on    instance DB1\KEYS on DB1 (db1.litware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   started, role ALL or PARTNER, AES, listening on port 5022
Sources   [documented] CREATE ENDPOINT (Transact-SQL)
          [documented] Establish a database mirroring session with Windows authentication
          [field] Field reports on ALTER AUTHORIZATION of a mirroring endpoint
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
INSERT INTO @checks ([name], [want], [have]) SELECT N'mirroring endpoints', N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.database_mirroring_endpoints;
INSERT INTO @checks ([name], [want], [have]) VALUES
    (N'port of the endpoint', N'5022', (SELECT CONVERT(nvarchar(10), MAX(port)) FROM sys.tcp_endpoints WHERE type = 4)),
    (N'state of the endpoint (0 started)', N'0', (SELECT CONVERT(nvarchar(10), MAX(state)) FROM sys.database_mirroring_endpoints)),
    (N'role of the endpoint is 1 (partner) or 3 (all)', N'yes', (SELECT CASE WHEN MAX(role) IN (1, 3) THEN N'yes' ELSE CONVERT(nvarchar(10), MAX(role)) END FROM sys.database_mirroring_endpoints)),
    (N'encryption of the endpoint is 2 (AES), 5 or 6 (AES and RC4)', N'yes', (SELECT CASE WHEN MAX(encryption_algorithm) IN (2, 5, 6) THEN N'yes' ELSE CONVERT(nvarchar(10), MAX(encryption_algorithm)) END FROM sys.database_mirroring_endpoints)),
    (N'endpoint authenticates Windows accounts, not certificates alone (4)', N'yes', (SELECT CASE WHEN MAX(connection_auth) <> 4 THEN N'yes' ELSE CONVERT(nvarchar(10), MAX(connection_auth)) END FROM sys.database_mirroring_endpoints)),
    (N'name of the endpoint', NULL, (SELECT MAX(name) FROM sys.database_mirroring_endpoints)),
    (N'owner of the endpoint', NULL, (SELECT MAX(SUSER_NAME(principal_id)) FROM sys.database_mirroring_endpoints));
INSERT INTO @checks ([name], [want], [have])
    SELECT N'the endpoint listens (1 online)', N'1', CONVERT(nvarchar(10), MIN(state)) FROM sys.dm_tcp_listener_states WHERE type = 2 AND port = 5022;
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
