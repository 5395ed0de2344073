/*
Verify: settle what does not travel with a database.

Step      database/failover-settings, verify, file number 395
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   on the primary each database belongs to the login of SID 0x01; TRUSTWORTHY is off; jobs that name a database are listed
Sources   [documented] Management of logins and jobs for the databases of an availability group
          [documented] Set up a mirror database to use the Trustworthy property
          [inferred] General Windows and SQL Server engineering practice
Inferred  MBAM needs neither TRUSTWORTHY nor an owner of its own; no document asks for them; proved by: verify fails where TRUSTWORTHY is on; the web nodes' check against the databases runs after this step
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
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-KEYS' AND s.is_local = 1;
DECLARE @checks TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(300) NOT NULL, [want] nvarchar(1000) NULL, [have] nvarchar(1000) NULL);
INSERT INTO @checks ([name], [want], [have])
SELECT N'replica of the group, role 1 primary or 2 secondary', N'yes', CASE WHEN @role IN (1, 2) THEN N'yes' ELSE N'no' END;
INSERT INTO @checks ([name], [want], [have])
SELECT N'role in the group (1 primary, 2 secondary)', NULL, CONVERT(nvarchar(10), @role);
INSERT INTO @checks ([name], [want], [have])
SELECT N'copy of ' + N'MBAM Recovery and Hardware' + N', synchronization (1 synchronizing, 2 synchronized)', NULL,
    (SELECT CONVERT(nvarchar(10), synchronization_state) FROM sys.dm_hadr_database_replica_states WHERE is_local = 1 AND database_id = DB_ID(N'MBAM Recovery and Hardware'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'copy of ' + N'MBAM Recovery and Hardware' + N', health (2 healthy)', NULL,
    (SELECT CONVERT(nvarchar(10), synchronization_health) FROM sys.dm_hadr_database_replica_states WHERE is_local = 1 AND database_id = DB_ID(N'MBAM Recovery and Hardware'));
INSERT INTO @checks ([name], [want], [have])
SELECT N'owner of ' + name + CASE @role WHEN 1 THEN N'' ELSE N' (matters after a failover)' END, CASE @role WHEN 1 THEN N'0x01' END, CONVERT(nvarchar(180), owner_sid, 1) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
SELECT N'TRUSTWORTHY of ' + name, N'0', CONVERT(nvarchar(10), is_trustworthy_on) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
SELECT N'ownership chaining and broker of ' + name, NULL, CONVERT(nvarchar(10), is_db_chaining_on) + N', ' + CONVERT(nvarchar(10), is_broker_enabled) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
SELECT N'compatibility level of ' + name, NULL, CONVERT(nvarchar(10), compatibility_level) FROM sys.databases WHERE name = N'MBAM Recovery and Hardware';
INSERT INTO @checks ([name], [want], [have])
SELECT DISTINCT N'job that names ' + N'MBAM Recovery and Hardware' + N', which every replica needs with a test of its role', NULL, j.name FROM msdb.dbo.sysjobs AS j
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
