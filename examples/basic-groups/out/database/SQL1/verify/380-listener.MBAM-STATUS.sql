/*
Verify: create the listener of the availability group.

Step      database/listener, verify, file number 380
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   nothing
Undo      nothing to undo
Success   the listener has every planned address, and exactly one of them is online
Sources   [documented] Configure a listener for an availability group
          [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Prestage cluster computer objects in Active Directory Domain Services
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
DECLARE @listener nvarchar(36), @port int;
SELECT @listener = l.listener_id, @port = l.port FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-STATUS' AND l.dns_name = N'MBAM-SQL-S';
INSERT INTO @checks ([name], [want], [have])
SELECT N'port of the listener ' + N'MBAM-SQL-S', CONVERT(nvarchar(10), 1433), CONVERT(nvarchar(10), @port);
INSERT INTO @checks ([name], [want], [have])
SELECT N'mask of the address ' + N'10.70.0.50', N'255.255.255.0', (SELECT ip_subnet_mask FROM sys.availability_group_listener_ip_addresses WHERE listener_id = @listener AND ip_address = N'10.70.0.50');
INSERT INTO @checks ([name], [want], [have])
SELECT N'addresses online', N'1', CONVERT(nvarchar(10), COUNT(*)) FROM sys.availability_group_listener_ip_addresses WHERE listener_id = @listener AND state = 1;
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
