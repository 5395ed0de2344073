/*
Take back: add the witness to the mirroring sessions.

Step      database/mirroring-witness, rollback, file number 415
Run on    instance SQL1 on SQL1 (sql1.adatum.com)
Run by    database administrator
Changes   takes the witness out of the sessions that the install gave it to; failover by hand from then on
Undo      run the install script of this step again
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
DECLARE @property sysname;
SET @property = N'mbamplan/mirroring-witness/adatum-mirroring.compliance';
IF @guid IS NULL OR @witness = N''
    PRINT N'[same] ' + @database + N': has no witness';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': its witness was not added by this plan from this instance, stays';
ELSE
BEGIN
    ALTER DATABASE [MBAM Compliance Status] SET WITNESS OFF;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': witness taken out, failover by hand from now on';
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Compliance Status';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname;
SET @property = N'mbamplan/mirroring-witness/adatum-mirroring.compliance';
IF @guid IS NOT NULL AND @witness <> N'' AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    RAISERROR(N'%s still has its witness; the message stands above.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname;
SET @property = N'mbamplan/mirroring-witness/adatum-mirroring.recovery';
IF @guid IS NULL OR @witness = N''
    PRINT N'[same] ' + @database + N': has no witness';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] ' + @database + N': its witness was not added by this plan from this instance, stays';
ELSE
BEGIN
    ALTER DATABASE [MBAM Recovery and Hardware] SET WITNESS OFF;
    IF @@ERROR = 0 PRINT N'[done] ' + @database + N': witness taken out, failover by hand from now on';
END;
GO
DECLARE @database sysname, @here tinyint, @guid uniqueidentifier, @role tinyint, @state tinyint, @safety tinyint, @partner nvarchar(128);
SET @database = N'MBAM Recovery and Hardware';
SELECT @here = state FROM sys.databases WHERE name = @database;
SELECT @guid = mirroring_guid, @role = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level, @partner = mirroring_partner_name
FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @witness nvarchar(128), @seen tinyint;
SELECT @witness = ISNULL(mirroring_witness_name, N''), @seen = ISNULL(mirroring_witness_state, 0) FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
DECLARE @property sysname;
SET @property = N'mbamplan/mirroring-witness/adatum-mirroring.recovery';
IF @guid IS NOT NULL AND @witness <> N'' AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    RAISERROR(N'%s still has its witness; the message stands above.', 16, 127, @database);
    SET NOEXEC ON;
END
ELSE
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
END;
GO
SET NOEXEC OFF;
