/*
Verify: create the logins of MBAM on every copy.

Step      database/mbam-logins, verify, file number 390
Run on    instance DB1\KEYS on DB1 (db1.litware.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   every account has a login with the account's own SID
Sources   [documented] Management of logins and jobs for the databases of an availability group
          [documented] How to Configure the MBAM 2.5 Databases
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
DECLARE @account sysname, @sid varbinary(85);
SET @account = N'LITWARE\svc-mbam-web';
SET @sid = SUSER_SID(@account);
INSERT INTO @checks ([name], [want], [have]) SELECT N'login of ' + @account, N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_principals WHERE sid = @sid AND is_disabled = 0;
INSERT INTO @checks ([name], [want], [have]) SELECT N'CONNECT SQL denied to ' + @account, N'0', CONVERT(nvarchar(10), COUNT(*)) FROM sys.server_permissions AS s
    INNER JOIN sys.server_principals AS p ON p.principal_id = s.grantee_principal_id WHERE p.sid = @sid AND s.permission_name = N'CONNECT SQL' AND s.state = N'D';
INSERT INTO @checks ([name], [want], [have]) VALUES
    (N'build of the instance', NULL, CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductVersion'))),
    (N'collation of the instance', NULL, CONVERT(nvarchar(128), SERVERPROPERTY(N'Collation')));
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
