/*
Create the listener of the availability group.

Step      database/listener, install, file number 380
Run on    instance SQL1 on SQL1 (sql1.cohowinery.com)
Run by    database administrator
Changes   listener MBAM-SQL on port 1433 with a network name and addresses in the cluster; its computer object and DNS record
Undo      removes the listener that this plan added
Downtime  none when it is made; its removal cuts every connection that goes through it
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
DECLARE @listener nvarchar(36), @port int, @other nvarchar(63), @property sysname;
SET @property = N'mbamplan/listener/MBAM-SQL';
SELECT @listener = l.listener_id, @port = l.port FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name = N'MBAM-SQL';
SELECT @other = MAX(l.dns_name) FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name <> N'MBAM-SQL';
IF @other IS NOT NULL
BEGIN
    RAISERROR(N'The availability group has the listener %s already, and a group takes one. Name it in the topology, or remove it by hand when nothing uses it. Nothing was changed.', 16, 127, @other);
    SET NOEXEC ON;
END
ELSE IF @port IS NOT NULL
    PRINT N'[same] listener: exists';
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @listener nvarchar(36), @port int, @other nvarchar(63), @property sysname;
SET @property = N'mbamplan/listener/MBAM-SQL';
SELECT @listener = l.listener_id, @port = l.port FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name = N'MBAM-SQL';
SELECT @other = MAX(l.dns_name) FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name <> N'MBAM-SQL';
DECLARE @value nvarchar(2000);
SET @value = N'MBAM-AG';
IF @role = 1 AND @listener IS NULL
BEGIN
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
    PRINT N'If the next statement fails: 19471 or 19476 mean that the cluster may not create or use the computer object of the listener (140) or its DNS record, 19456 or 19457 that an address lies in no network of the cluster. The cluster log says more. Then run this file again.';
    ALTER AVAILABILITY GROUP [MBAM-AG] ADD LISTENER N'MBAM-SQL' (WITH IP ((N'10.80.0.50', N'255.255.255.0')), PORT = 1433);
    IF @@ERROR = 0 PRINT N'[done] listener: created';
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @listener nvarchar(36), @port int, @other nvarchar(63), @property sysname;
SET @property = N'mbamplan/listener/MBAM-SQL';
SELECT @listener = l.listener_id, @port = l.port FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name = N'MBAM-SQL';
SELECT @other = MAX(l.dns_name) FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name <> N'MBAM-SQL';
DECLARE @has int;
SELECT @has = COUNT(*) FROM sys.availability_group_listener_ip_addresses WHERE listener_id = @listener AND ip_address = N'10.80.0.50';
IF @role = 1 AND @listener IS NOT NULL AND @has = 0 AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    PRINT N'If the next statement fails: 19471 or 19476 mean that the cluster may not create or use the computer object of the listener (140) or its DNS record, 19456 or 19457 that an address lies in no network of the cluster. The cluster log says more. Then run this file again.';
    ALTER AVAILABILITY GROUP [MBAM-AG] MODIFY LISTENER N'MBAM-SQL' (ADD IP (N'10.80.0.50', N'255.255.255.0'));
    IF @@ERROR = 0 PRINT N'[done] listener: address added ' + N'10.80.0.50';
END;
GO
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
DECLARE @listener nvarchar(36), @port int, @other nvarchar(63), @property sysname;
SET @property = N'mbamplan/listener/MBAM-SQL';
SELECT @listener = l.listener_id, @port = l.port FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name = N'MBAM-SQL';
SELECT @other = MAX(l.dns_name) FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name <> N'MBAM-SQL';
IF @role = 1 AND @listener IS NOT NULL AND @port <> 1433 AND EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
BEGIN
    PRINT N'If the next statement fails: 19471 or 19476 mean that the cluster may not create or use the computer object of the listener (140) or its DNS record, 19456 or 19457 that an address lies in no network of the cluster. The cluster log says more. Then run this file again.';
    ALTER AVAILABILITY GROUP [MBAM-AG] MODIFY LISTENER N'MBAM-SQL' (PORT = 1433);
    IF @@ERROR = 0 PRINT N'[done] listener: port set';
END;
GO
DECLARE @listener nvarchar(36), @port int, @other nvarchar(63), @property sysname;
SET @property = N'mbamplan/listener/MBAM-SQL';
SELECT @listener = l.listener_id, @port = l.port FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name = N'MBAM-SQL';
SELECT @other = MAX(l.dns_name) FROM sys.availability_group_listeners AS l
    INNER JOIN sys.availability_groups AS g ON g.group_id = l.group_id WHERE g.name = N'MBAM-AG' AND l.dns_name <> N'MBAM-SQL';
DECLARE @try int, @online int;
SET @try = 0;
WHILE @try < 30
BEGIN
    SELECT @online = COUNT(*) FROM sys.availability_group_listener_ip_addresses WHERE listener_id = @listener AND state = 1;
    IF @online = 1 BREAK;
    SET @try = @try + 1;
    WAITFOR DELAY '00:00:02';
END;
IF @listener IS NULL OR @online <> 1
BEGIN
    RAISERROR(N'The listener %s is not online after a minute: %d of its addresses are. Its message stands above. 19471 or 19476: the cluster may not create or use its computer object (140) or its DNS record. 19456, 19457: an address lies in no network of the cluster.', 16, 127, N'MBAM-SQL', @online);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
