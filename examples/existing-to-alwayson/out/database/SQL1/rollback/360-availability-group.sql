/*
Take back: create the availability group, still empty.

Step      database/availability-group, rollback, file number 360
Run on    instance SQL1 on SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   drops the group on its primary, once it holds no database and no listener, when this plan made it; leaves behind: databases online on the primary; endpoints, logins and the copies on the other replicas as they are
Undo      run the install script of this step again
Sources   [documented] CREATE AVAILABILITY GROUP (Transact-SQL)
          [documented] Prerequisites, restrictions and recommendations for Always On availability groups
          [documented] KB 2847723: cannot create a high-availability group (error 41131)
          [documented] Troubleshoot Always On availability groups configuration
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
SET @property = N'mbamplan/group/MBAM-AG';
IF NOT EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM-AG')
BEGIN
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
    PRINT N'[same] availability group: there is none of the name';
    SET NOEXEC ON;
END;
GO
DECLARE @property sysname;
SET @property = N'mbamplan/group/MBAM-AG';
IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    PRINT N'[same] availability group: not made by this plan from this instance, stays';
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
DECLARE @databases int, @listeners int;
SELECT @databases = COUNT(*) FROM sys.availability_databases_cluster AS d INNER JOIN sys.availability_groups AS g ON g.group_id = d.group_id WHERE g.name = N'MBAM-AG';
SELECT @listeners = COUNT(*) FROM sys.availability_group_listeners AS l INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG';
IF @databases > 0 OR @listeners > 0
BEGIN
    RAISERROR(N'The availability group %s still has %d databases and %d listeners. Run the rollbacks of 380 and 370 first. Nothing was changed.', 16, 127, N'MBAM-AG', @databases, @listeners);
    SET NOEXEC ON;
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role = 1
BEGIN
    DROP AVAILABILITY GROUP [MBAM-AG];
    IF @@ERROR = 0 PRINT N'[done] availability group: dropped; databases stay online here, copies elsewhere stay as they are';
END;
GO
DECLARE @property sysname;
SET @property = N'mbamplan/group/MBAM-AG';
IF EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM-AG')
BEGIN
    RAISERROR(N'The availability group %s is still there; the message stands above.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END;
IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
GO
SET NOEXEC OFF;
