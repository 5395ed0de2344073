/*
Force the mirror into service when the principal is lost.

Step      database/forced-service, drill, file number 449
Run on    instance DB1\MBAM on DB1 (db1.corp.fabrikam.com)
Run by    database administrator
Changes   the databases that are mirror here become principal, without what the lost principal had not sent
Undo      nothing: what was lost stays lost. When the old principal is back, RESUME makes it the mirror and throws its own later changes away
Downtime  MBAM was down already; web and clients come back with their next connection
Success   every database is principal here
Sources   [documented] Role switching during a database mirroring session
          [documented] ALTER DATABASE database mirroring (Transact-SQL)
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB1\MBAM';
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
SET @database = N'MBAM_Compliance';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @guid IS NULL OR @role IS NULL
BEGIN
    RAISERROR(N'%s is not mirrored on this instance, or you are no sysadmin. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @role = 2 AND @state NOT IN (0, 1)
BEGIN
    RAISERROR(N'The principal of %s is connected (state %d). While it lives use 448, which loses nothing. Nothing was changed.', 16, 127, @database, @state);
    SET NOEXEC ON;
END
ELSE IF @role = 2 AND @state = 0
BEGIN
    RAISERROR(N'The session of %s is suspended, the principal may be alive. Look there first. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @role = 2 AND @witness <> N'' AND @seen <> 1
BEGIN
    RAISERROR(N'The witness %s of %s is not connected to this mirror either. Be sure that the principal does not serve anybody, take the witness out here (ALTER DATABASE <name> SET WITNESS OFF), then run this file again. Nothing was changed.', 16, 127, @witness, @database);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM_Recovery';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @guid IS NULL OR @role IS NULL
BEGIN
    RAISERROR(N'%s is not mirrored on this instance, or you are no sysadmin. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @role = 2 AND @state NOT IN (0, 1)
BEGIN
    RAISERROR(N'The principal of %s is connected (state %d). While it lives use 448, which loses nothing. Nothing was changed.', 16, 127, @database, @state);
    SET NOEXEC ON;
END
ELSE IF @role = 2 AND @state = 0
BEGIN
    RAISERROR(N'The session of %s is suspended, the principal may be alive. Look there first. Nothing was changed.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE IF @role = 2 AND @witness <> N'' AND @seen <> 1
BEGIN
    RAISERROR(N'The witness %s of %s is not connected to this mirror either. Be sure that the principal does not serve anybody, take the witness out here (ALTER DATABASE <name> SET WITNESS OFF), then run this file again. Nothing was changed.', 16, 127, @witness, @database);
    SET NOEXEC ON;
END;
GO
DECLARE @mirrors int, @gate sysname, @sentence nvarchar(200), @given nvarchar(200), @line nvarchar(1000);
SET @gate = N'mbamplan/force-service/fabrikam-mirrored';
SET @sentence = N'I accept the loss of data ' + CONVERT(nvarchar(10), GETDATE(), 120);
SELECT @mirrors = COUNT(*) FROM sys.database_mirroring WHERE database_id IN (DB_ID(N'MBAM_Compliance'), DB_ID(N'MBAM_Recovery')) AND mirroring_role = 2;
SELECT @given = CONVERT(nvarchar(200), value) FROM master.sys.extended_properties WHERE class = 0 AND name = @gate;
IF @mirrors = 0
BEGIN
    PRINT N'[same] every database is principal here';
    SET NOEXEC ON;
END
ELSE IF @given IS NULL OR @given <> @sentence
BEGIN
    IF @given IS NOT NULL EXEC master.sys.sp_dropextendedproperty @name = @gate;
    SET @line = N'EXEC master.sys.sp_addextendedproperty @name = N''' + REPLACE(@gate, N'''', N'''''') + N''', @value = N''' + @sentence + N''';';
    PRINT N'[info] to go on: be sure that the principal is down and stays down, then run this statement here, and this file again the same day: ' + @line;
    RAISERROR(N'%d databases would be forced into service here, and what the principal had not sent would be lost. Nobody has accepted that today. Nothing was forced.', 16, 127, @mirrors);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM_Compliance';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @role = 2 AND @state = 1
BEGIN
    ALTER DATABASE [MBAM_Compliance] SET PARTNER FORCE_SERVICE_ALLOW_DATA_LOSS;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': forced into service here, with possible loss of data';
END
ELSE
    PRINT N'[same] ' + @database + N': is principal here';
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM_Recovery';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
IF @role = 2 AND @state = 1
BEGIN
    ALTER DATABASE [MBAM_Recovery] SET PARTNER FORCE_SERVICE_ALLOW_DATA_LOSS;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': forced into service here, with possible loss of data';
END
ELSE
    PRINT N'[same] ' + @database + N': is principal here';
GO
DECLARE @mine int, @ready int, @theirs int, @states nvarchar(400);
SET @states = N'';
SELECT @mine = COUNT(CASE WHEN mirroring_role = 1 THEN 1 END), @theirs = COUNT(CASE WHEN mirroring_role = 2 THEN 1 END),
    @ready = COUNT(CASE WHEN mirroring_role = 1 AND mirroring_state = 4 AND mirroring_safety_level = 2 THEN 1 END)
FROM sys.database_mirroring WHERE database_id IN (DB_ID(N'MBAM_Compliance'), DB_ID(N'MBAM_Recovery'));
SELECT @states = @states + N' ' + DB_NAME(database_id) + N': ' + ISNULL(mirroring_role_desc, N'not mirrored') + ISNULL(N', ' + mirroring_state_desc, N'') + ISNULL(N', SAFETY ' + mirroring_safety_level_desc, N'') + N'.'
FROM sys.database_mirroring WHERE database_id IN (DB_ID(N'MBAM_Compliance'), DB_ID(N'MBAM_Recovery'));
DECLARE @property sysname;
SET @property = N'mbamplan/force-service/fabrikam-mirrored';
IF @mine < 2
BEGIN
    RAISERROR(N'%d databases are principal here.%s The messages stand above; run this file again.', 16, 127, @mine, @states);
    SET NOEXEC ON;
END
ELSE
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[info] next: check MBAM, and take full backups. When the old principal is back, save what only it has, then on this server for each database ALTER DATABASE <name> SET PARTNER RESUME, which throws the old principal''s own changes away, or SET PARTNER OFF and build the mirror anew.';
END;
GO
SET NOEXEC OFF;
