/*
Join the availability group.

Step      database/join, install, file number 365
Run on    instance SQLDR\MBAM on SQLDR (sqldr.proseware.com)
Run by    database administrator
Changes   this instance becomes a replica of MBAM-AG
Undo      nothing here: the rollback of 360 drops the group on its primary, and that releases every replica
Success   the replica has joined and is connected to the primary
Sources   [documented] ALTER AVAILABILITY GROUP (Transact-SQL)
          [documented] Troubleshoot Always On availability groups configuration
          [documented] Automatic seeding for secondary replicas
          [field] dbatools and SqlServerDsc issue threads on availability groups
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQLDR\MBAM';
SET @have = @@SERVERNAME;
IF @have IS NULL OR @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s. Nothing was changed.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
USE [master];
GO
DECLARE @state tinyint;
SELECT @state = c.join_state FROM sys.dm_hadr_availability_replica_cluster_states AS c
    INNER JOIN sys.availability_groups_cluster AS g ON g.group_id = c.group_id WHERE g.name = N'MBAM-AG' AND c.replica_server_name = @@SERVERNAME;
IF @state IS NULL
BEGIN
    RAISERROR(N'The cluster knows no replica of the availability group %s on this instance. Run 360 on the primary first; if it ran, compare the name of this replica there with @@SERVERNAME here. Nothing was changed.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END
ELSE IF @state > 0
    PRINT N'[same] replica: has joined';
GO
DECLARE @state tinyint;
SELECT @state = c.join_state FROM sys.dm_hadr_availability_replica_cluster_states AS c
    INNER JOIN sys.availability_groups_cluster AS g ON g.group_id = c.group_id WHERE g.name = N'MBAM-AG' AND c.replica_server_name = @@SERVERNAME;
DECLARE @try int, @text nvarchar(2048);
SET @try = 0;
WHILE @try < 6 AND @state = 0
BEGIN
    BEGIN TRY
        ALTER AVAILABILITY GROUP [MBAM-AG] JOIN;
        PRINT N'[done] replica: joined';
    END TRY
    BEGIN CATCH
        SET @text = N'[wait] attempt failed, the next follows in 10 seconds: ' + CONVERT(nvarchar(10), ERROR_NUMBER()) + N' ' + ERROR_MESSAGE();
        PRINT @text;
        WAITFOR DELAY '00:00:10';
    END CATCH;
    SET @try = @try + 1;
    SELECT @state = c.join_state FROM sys.dm_hadr_availability_replica_cluster_states AS c
        INNER JOIN sys.availability_groups_cluster AS g ON g.group_id = c.group_id WHERE g.name = N'MBAM-AG' AND c.replica_server_name = @@SERVERNAME;
END;
GO
DECLARE @state tinyint;
SELECT @state = c.join_state FROM sys.dm_hadr_availability_replica_cluster_states AS c
    INNER JOIN sys.availability_groups_cluster AS g ON g.group_id = c.group_id WHERE g.name = N'MBAM-AG' AND c.replica_server_name = @@SERVERNAME;
IF @state = 0
BEGIN
    PRINT N'If the next statement fails: 35250 means that this instance does not reach the endpoint of the primary. Run verify of 325 and 330 on both, look in the error log of the primary for 28034 (no CONNECT permission), test TCP to the endpoint port in both directions. Then run this file again.';
    ALTER AVAILABILITY GROUP [MBAM-AG] JOIN;
    IF @@ERROR = 0 PRINT N'[done] replica: joined';
END;
GO
DECLARE @state tinyint;
SELECT @state = c.join_state FROM sys.dm_hadr_availability_replica_cluster_states AS c
    INNER JOIN sys.availability_groups_cluster AS g ON g.group_id = c.group_id WHERE g.name = N'MBAM-AG' AND c.replica_server_name = @@SERVERNAME;
IF @state = 0
BEGIN
    RAISERROR(N'This instance could not join %s; the messages above say why and what to do.', 16, 127, N'MBAM-AG');
    SET NOEXEC ON;
END;
GO
DECLARE @try int, @role tinyint, @connected tinyint;
SET @try = 0;
WHILE @try < 30
BEGIN
    SELECT @role = s.role, @connected = s.connected_state FROM sys.dm_hadr_availability_replica_states AS s
        INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
    IF @connected = 1 AND @role IN (1, 2) BREAK;
    SET @try = @try + 1;
    WAITFOR DELAY '00:00:02';
END;
IF @connected IS NULL OR @connected <> 1
BEGIN
    RAISERROR(N'This replica of %s has joined but is not connected after a minute: role %d, connected state %d. Run verify of 325 and 330 here and on the primary.', 16, 127, N'MBAM-AG', @role, @connected);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
