/*
Add the witness to the mirroring sessions.

Step      database/mirroring-witness, install, file number 415
Run on    instance SQL1 on SQL1 (sql1.adatum.com)
Run by    database administrator
Changes   SET WITNESS = TCP://wit1.adatum.com:5022 for MBAM Compliance Status and MBAM Recovery and Hardware; automatic failover from now on
Undo      takes the witness out of the sessions that the install gave it to; failover by hand from then on
Success   the principal shows the witness as connected
Sources   [documented] ALTER DATABASE database mirroring (Transact-SQL)
          [documented] Database mirroring witness
          [documented] sys.database_mirroring (Transact-SQL)
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
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @url nvarchar(128), @try int;
SET @url = N'TCP://wit1.adatum.com:5022';
SET @try = 0;
WHILE @try < 24 AND @role = 1 AND @state = 2
BEGIN
    WAITFOR DELAY '00:00:05';
    SET @try = @try + 1;
    SELECT @state = mirroring_state FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
IF @guid IS NULL OR @role <> 1 OR @state <> 4 OR @safety <> 2
BEGIN
    RAISERROR(N'The database %s must be principal here (role 1, found %d), synchronized (state 4, found %d) and of safety level 2 (found %d). Verify 410 and 412; after a failover move it back first (448). Nothing was changed.', 16, 127, @database, @role, @state, @safety);
    SET NOEXEC ON;
END
ELSE IF @witness <> N'' AND @witness <> @url
BEGIN
    RAISERROR(N'The witness of %s is %s, the plan says %s. Nothing was changed.', 16, 127, @database, @witness, @url);
    SET NOEXEC ON;
END
ELSE IF @witness = @url
    PRINT N'[same] ' + @database + N': witness is ' + @url;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname, @value nvarchar(2000);
SET @property = N'mbamplan/mirroring-witness/adatum-mirroring.compliance';
SET @value = N'TCP://wit1.adatum.com:5022';
IF @role = 1 AND @state = 4 AND @witness = N''
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
    ALTER DATABASE [MBAM Compliance Status] SET WITNESS = N'TCP://wit1.adatum.com:5022';
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': witness is ' + @value;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @try int;
SET @try = 0;
WHILE @try < 30 AND @witness <> N'' AND @seen <> 1
BEGIN
    WAITFOR DELAY '00:00:02';
    SET @try = @try + 1;
    SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
IF @witness IS NULL OR @witness = N'' OR @seen <> 1
BEGIN
    RAISERROR(N'The witness of %s is not connected after a minute (state %d, 1 is connected). 1426 or 1456: the witness is not reached by a partner, or does not let it connect: verify of 326 and 331 on all three members.', 16, 127, @database, @seen);
    SET NOEXEC ON;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @url nvarchar(128), @try int;
SET @url = N'TCP://wit1.adatum.com:5022';
SET @try = 0;
WHILE @try < 24 AND @role = 1 AND @state = 2
BEGIN
    WAITFOR DELAY '00:00:05';
    SET @try = @try + 1;
    SELECT @state = mirroring_state FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
IF @guid IS NULL OR @role <> 1 OR @state <> 4 OR @safety <> 2
BEGIN
    RAISERROR(N'The database %s must be principal here (role 1, found %d), synchronized (state 4, found %d) and of safety level 2 (found %d). Verify 410 and 412; after a failover move it back first (448). Nothing was changed.', 16, 127, @database, @role, @state, @safety);
    SET NOEXEC ON;
END
ELSE IF @witness <> N'' AND @witness <> @url
BEGIN
    RAISERROR(N'The witness of %s is %s, the plan says %s. Nothing was changed.', 16, 127, @database, @witness, @url);
    SET NOEXEC ON;
END
ELSE IF @witness = @url
    PRINT N'[same] ' + @database + N': witness is ' + @url;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname, @value nvarchar(2000);
SET @property = N'mbamplan/mirroring-witness/adatum-mirroring.recovery';
SET @value = N'TCP://wit1.adatum.com:5022';
IF @role = 1 AND @state = 4 AND @witness = N''
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
    ALTER DATABASE [MBAM Recovery and Hardware] SET WITNESS = N'TCP://wit1.adatum.com:5022';
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': witness is ' + @value;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @try int;
SET @try = 0;
WHILE @try < 30 AND @witness <> N'' AND @seen <> 1
BEGIN
    WAITFOR DELAY '00:00:02';
    SET @try = @try + 1;
    SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
END;
IF @witness IS NULL OR @witness = N'' OR @seen <> 1
BEGIN
    RAISERROR(N'The witness of %s is not connected after a minute (state %d, 1 is connected). 1426 or 1456: the witness is not reached by a partner, or does not let it connect: verify of 326 and 331 on all three members.', 16, 127, @database, @seen);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
