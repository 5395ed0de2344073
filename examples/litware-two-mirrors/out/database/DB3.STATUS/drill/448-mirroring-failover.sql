/*
Fail the mirrored databases over together, and back.

Step      database/mirroring-failover, drill, file number 448
Run on    instance DB3\STATUS on DB3 (db3.litware.com)
Run by    database administrator
Changes   the databases that are principal here become the mirror; this server's partner takes over
Undo      the same file on the other partner brings them back
Downtime  connections break; requests of clients and help desk fail for seconds, until the databases are open on the partner
Success   every database is the mirror here and synchronized; run 440 on both partners, then 445 on the web nodes
Sources   [documented] Role switching during a database mirroring session
          [documented] ALTER DATABASE database mirroring (Transact-SQL)
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
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @try int;
IF @role = 1 AND @safety = 1 AND @state IN (2, 4)
BEGIN
    ALTER DATABASE [MBAM Compliance Status] SET PARTNER SAFETY FULL;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': SAFETY FULL for the failover';
END;
SET @try = 0;
WHILE @try < 120 AND @role = 1 AND @state = 2
BEGIN
    WAITFOR DELAY '00:00:05';
    SET @try = @try + 1;
    SELECT @role = mirroring_role, @state = mirroring_state FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
GO
DECLARE @mine int, @ready int, @theirs int, @states nvarchar(400);
SET @states = N'';
SELECT @mine = COUNT(CASE WHEN mirroring_role = 1 THEN 1 END), @theirs = COUNT(CASE WHEN mirroring_role = 2 THEN 1 END),
    @ready = COUNT(CASE WHEN mirroring_role = 1 AND mirroring_state = 4 AND mirroring_safety_level = 2 THEN 1 END)
FROM sys.database_mirroring WHERE database_id IN (DB_ID(N'MBAM Compliance Status'));
SELECT @states = @states + N' ' + DB_NAME(database_id) + N': ' + ISNULL(mirroring_role_desc, N'not mirrored') + ISNULL(N', ' + mirroring_state_desc, N'') + ISNULL(N', SAFETY ' + mirroring_safety_level_desc, N'') + N'.'
FROM sys.database_mirroring WHERE database_id IN (DB_ID(N'MBAM Compliance Status'));
IF @mine = 0
BEGIN
    RAISERROR(N'No database is principal here, so nothing can fail over from here; run the file of the other partner.%s Nothing was changed.', 16, 127, @states);
    SET NOEXEC ON;
END
ELSE IF @ready < @mine
BEGIN
    RAISERROR(N'Each database that is principal here must be SYNCHRONIZED with SAFETY FULL.%s Nothing failed over.', 16, 127, @states);
    SET NOEXEC ON;
END
ELSE IF @theirs > 0
    PRINT N'[info] before: the databases are on two servers, this run brings them together.' + @states;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @role = 1 AND @state = 4 AND @safety = 2
BEGIN
    ALTER DATABASE [MBAM Compliance Status] SET PARTNER FAILOVER;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': failover asked for';
END
ELSE
    PRINT N'[same] ' + @database + N': is not principal here';
GO
DECLARE @try int, @settled int;
SET @try = 0;
SET @settled = 0;
WHILE @try < 60 AND @settled < 1
BEGIN
    SELECT @settled = COUNT(*) FROM sys.database_mirroring
        WHERE database_id IN (DB_ID(N'MBAM Compliance Status')) AND mirroring_role = 2 AND mirroring_state = 4;
    SET @try = @try + 1;
    IF @settled < 1 WAITFOR DELAY '00:00:02';
END;
GO
DECLARE @mine int, @ready int, @theirs int, @states nvarchar(400);
SET @states = N'';
SELECT @mine = COUNT(CASE WHEN mirroring_role = 1 THEN 1 END), @theirs = COUNT(CASE WHEN mirroring_role = 2 THEN 1 END),
    @ready = COUNT(CASE WHEN mirroring_role = 1 AND mirroring_state = 4 AND mirroring_safety_level = 2 THEN 1 END)
FROM sys.database_mirroring WHERE database_id IN (DB_ID(N'MBAM Compliance Status'));
SELECT @states = @states + N' ' + DB_NAME(database_id) + N': ' + ISNULL(mirroring_role_desc, N'not mirrored') + ISNULL(N', ' + mirroring_state_desc, N'') + ISNULL(N', SAFETY ' + mirroring_safety_level_desc, N'') + N'.'
FROM sys.database_mirroring WHERE database_id IN (DB_ID(N'MBAM Compliance Status'));
IF @mine > 0
BEGIN
    RAISERROR(N'%d databases are still principal here after two minutes.%s Run this file again to move them, or the file of the other partner to bring the rest back.', 16, 127, @mine, @states);
    SET NOEXEC ON;
END
ELSE
    PRINT N'[info] after: the partner is principal.' + @states;
GO
SET NOEXEC OFF;
