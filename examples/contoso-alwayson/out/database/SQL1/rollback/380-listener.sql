/*
Take back: create the listener of the availability group.

Step      database/listener, rollback, file number 380
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   removes the listener that this plan added; leaves behind: the computer object and the DNS record, which the cluster does not take away
Undo      run the install script of this step again
Downtime  none when it is made; its removal cuts every connection that goes through it
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
DECLARE @enabled int, @manager int;
SET @enabled = CONVERT(int, SERVERPROPERTY(N'IsHadrEnabled'));
SET @manager = CONVERT(int, SERVERPROPERTY(N'HadrManagerStatus'));
IF @enabled = 1 AND (@manager IS NULL OR @manager <> 1)
BEGIN
    RAISERROR(N'The availability group manager does not run here (status %d), so this instance does not see which groups the cluster has. Start the cluster service, or see why it does not run; then run this file again. Nothing was changed.', 16, 127, @manager);
    SET NOEXEC ON;
END;
GO
DECLARE @property sysname;
SET @property = N'mbamplan/listener/MBAM-SQL';
IF NOT EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM-AG')
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[same] listener: its availability group is gone, and the listener with it';
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint, @primary nvarchar(256);
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
SELECT @primary = s.primary_replica FROM sys.dm_hadr_availability_group_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG';
IF @role IS NULL OR @role <> 1
BEGIN
    SET @primary = ISNULL(@primary, N'not known here');
    IF @role = 2 PRINT N'To fail back, on this instance: ALTER AVAILABILITY GROUP ' + QUOTENAME(N'MBAM-AG') + N' FAILOVER;';
    RAISERROR(N'This belongs on the primary replica of the availability group %s, which this instance is not now. Primary: %s. The files of this step are for this instance only: fail back to it first, when its copies are synchronized. Nothing was changed.', 16, 127, N'MBAM-AG', @primary);
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @property sysname, @count int;
SET @property = N'mbamplan/listener/MBAM-SQL';
SELECT @count = COUNT(*) FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name = N'MBAM-SQL';
IF @count = 0
    PRINT N'[same] listener: there is none of the name';
ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
    PRINT N'[same] listener: not made by this plan from this instance, stays';
ELSE IF @role = 1
BEGIN
    ALTER AVAILABILITY GROUP [MBAM-AG] REMOVE LISTENER N'MBAM-SQL';
    IF @@ERROR = 0 PRINT N'[done] listener: removed; its computer object and DNS record stay for the domain administrator';
END;
GO
DECLARE @property sysname, @count int;
SET @property = N'mbamplan/listener/MBAM-SQL';
SELECT @count = COUNT(*) FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name = N'MBAM-SQL';
IF @count > 0 AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    RAISERROR(N'The listener is still there; the message stands above.', 16, 127);
    SET NOEXEC ON;
END;
IF @count = 0
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
END;
GO
SET NOEXEC OFF;
