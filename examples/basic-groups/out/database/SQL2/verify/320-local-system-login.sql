/*
Verify: let the cluster's health check log on to SQL Server.

Step      database/local-system-login, verify, file number 320
Run on    instance SQL2 on SQL2 (sql2.treyresearch.net)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   three permissions of the login with the SID of Local System
Sources   [documented] KB 2847723: cannot create a high-availability group (error 41131)
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL2';
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
DECLARE @principal int, @permission nvarchar(60);
SELECT @principal = principal_id FROM sys.server_principals WHERE sid = 0x010100000000000512000000;
INSERT INTO @checks ([name], [want], [have]) SELECT N'logins with the SID of Local System', N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_principals WHERE sid = 0x010100000000000512000000;
INSERT INTO @checks ([name], [want], [have]) SELECT N'that login is disabled', N'0', CONVERT(nvarchar(10), MAX(CONVERT(int, is_disabled))) FROM sys.server_principals WHERE sid = 0x010100000000000512000000;
SET @permission = N'ALTER ANY AVAILABILITY GROUP';
INSERT INTO @checks ([name], [want], [have]) SELECT N'permission ' + @permission, N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_permissions
    WHERE grantee_principal_id = @principal AND class = 100 AND permission_name = @permission AND state IN (N'G', N'W');
SET @permission = N'CONNECT SQL';
INSERT INTO @checks ([name], [want], [have]) SELECT N'permission ' + @permission, N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_permissions
    WHERE grantee_principal_id = @principal AND class = 100 AND permission_name = @permission AND state IN (N'G', N'W');
SET @permission = N'VIEW SERVER STATE';
INSERT INTO @checks ([name], [want], [have]) SELECT N'permission ' + @permission, N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_permissions
    WHERE grantee_principal_id = @principal AND class = 100 AND permission_name = @permission AND state IN (N'G', N'W');
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
