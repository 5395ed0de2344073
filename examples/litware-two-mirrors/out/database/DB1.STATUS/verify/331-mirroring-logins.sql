/*
Verify: let the other members of the mirrored pair connect to the endpoint.

Step      database/mirroring-logins, verify, file number 331
Run on    instance DB1\STATUS on DB1 (db1.litware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   each account has a login and CONNECT; the endpoints of the other members answer
Sources   [documented] Set up login accounts for database mirroring or Always On
          [documented] GRANT endpoint permissions (Transact-SQL)
          [documented] Establish a database mirroring session with Windows authentication
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB1\STATUS';
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
DECLARE @account sysname, @sid varbinary(85), @id int;
SELECT @id = endpoint_id FROM sys.database_mirroring_endpoints;
SET @account = N'LITWARE\svc-sql';
SET @sid = SUSER_SID(@account);
INSERT INTO @checks ([name], [want], [have]) SELECT N'login of ' + @account, N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_principals WHERE sid = @sid AND is_disabled = 0;
INSERT INTO @checks ([name], [want], [have]) SELECT N'CONNECT on the endpoint, ' + @account, N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_permissions AS s
    INNER JOIN sys.server_principals AS p ON p.principal_id = s.grantee_principal_id
    WHERE p.sid = @sid AND s.class = 105 AND s.major_id = @id AND s.permission_name = N'CONNECT' AND s.state IN (N'G', N'W');
INSERT INTO @checks ([name], [want], [have]) SELECT N'server permissions denied to ' + @account, N'0', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_permissions AS s
    INNER JOIN sys.server_principals AS p ON p.principal_id = s.grantee_principal_id
    WHERE p.sid = @sid AND s.permission_name IN (N'CONNECT', N'CONNECT SQL') AND s.state = N'D';
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
