/*
Verify: settle what does not travel with a mirrored database.

Step      database/mirroring-settings, verify, file number 425
Run on    instance SQL2 on SQL2 (sql2.adatum.com)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   where a database is principal it belongs to the login of SID 0x01; TRUSTWORTHY is off; jobs that name a database are listed
Sources   [documented] Set up a mirror database to use the Trustworthy property
          [documented] Role switching during a database mirroring session
          [inferred] General Windows and SQL Server engineering practice
Inferred  MBAM needs neither TRUSTWORTHY nor an owner of its own; no document asks for them; proved by: verify fails where TRUSTWORTHY is on; the web nodes' check against the databases runs after this step
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
INSERT INTO @checks ([name], [want], [have])
SELECT N'session of ' + N'MBAM Compliance Status' + N', role (1 principal, 2 mirror)', NULL, (SELECT CONVERT(nvarchar(10), mirroring_role) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'session of ' + N'MBAM Compliance Status' + N', state (4 synchronized)', NULL, (SELECT CONVERT(nvarchar(10), mirroring_state) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'owner of ' + d.name + CASE m.mirroring_role WHEN 1 THEN N'' ELSE N' (matters after a failover)' END, CASE m.mirroring_role WHEN 1 THEN N'0x01' END, CONVERT(nvarchar(180), d.owner_sid, 1)
FROM sys.databases AS d INNER JOIN sys.database_mirroring AS m ON m.database_id = d.database_id WHERE d.name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
SELECT N'TRUSTWORTHY of ' + N'MBAM Compliance Status', N'0', (SELECT CONVERT(nvarchar(10), is_trustworthy_on) FROM sys.databases WHERE name = N'MBAM Compliance Status');
INSERT INTO @checks ([name], [want], [have])
SELECT N'ownership chaining and broker of ' + name, NULL, CONVERT(nvarchar(10), is_db_chaining_on) + N', ' + CONVERT(nvarchar(10), is_broker_enabled) FROM sys.databases WHERE name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
SELECT DISTINCT N'job that names ' + N'MBAM Compliance Status' + N', which both partners need with a test of the role', NULL, j.name FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id WHERE CHARINDEX(N'MBAM Compliance Status', s.command) > 0 OR s.database_name = N'MBAM Compliance Status';
INSERT INTO @checks ([name], [want], [have])
SELECT N'session of ' + N'MBAM Recovery and Hardware' + N', role (1 principal, 2 mirror)', NULL, (SELECT CONVERT(nvarchar(10), mirroring_role) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'session of ' + N'MBAM Recovery and Hardware' + N', state (4 synchronized)', NULL, (SELECT CONVERT(nvarchar(10), mirroring_state) FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Recovery and Hardware'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'owner of ' + d.name + CASE m.mirroring_role WHEN 1 THEN N'' ELSE N' (matters after a failover)' END, CASE m.mirroring_role WHEN 1 THEN N'0x01' END, CONVERT(nvarchar(180), d.owner_sid, 1)
FROM sys.databases AS d INNER JOIN sys.database_mirroring AS m ON m.database_id = d.database_id WHERE d.name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
SELECT N'TRUSTWORTHY of ' + N'MBAM Recovery and Hardware', N'0', (SELECT CONVERT(nvarchar(10), is_trustworthy_on) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware');
INSERT INTO @checks ([name], [want], [have])
SELECT N'ownership chaining and broker of ' + name, NULL, CONVERT(nvarchar(10), is_db_chaining_on) + N', ' + CONVERT(nvarchar(10), is_broker_enabled) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
SELECT DISTINCT N'job that names ' + N'MBAM Recovery and Hardware' + N', which both partners need with a test of the role', NULL, j.name FROM msdb.dbo.sysjobs AS j
    INNER JOIN msdb.dbo.sysjobsteps AS s ON s.job_id = j.job_id WHERE CHARINDEX(N'MBAM Recovery and Hardware', s.command) > 0 OR s.database_name = N'MBAM Recovery and Hardware';
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
