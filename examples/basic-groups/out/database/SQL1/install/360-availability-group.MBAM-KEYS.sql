/*
Create the availability group, still empty.

Step      database/availability-group, install, file number 360
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   availability group MBAM-KEYS with 2 replicas; a cluster role of the same name
Undo      drops the group on its primary, once it holds no database and no listener, when this plan made it
Success   the group is on this instance, in the role PRIMARY and online
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
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
BEGIN TRY
    SET @property = N'mbamplan/group/MBAM-KEYS';
    SET @value = N'basic-groups';
    IF EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM-KEYS') AND NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        RAISERROR(N'An availability group %s exists in this cluster, and this plan did not create it from here. If it is the one that is meant, write existing: true for the placement; else choose another name. Nothing was changed.', 16, 1, N'MBAM-KEYS');
    IF EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM-KEYS')
        PRINT N'[same] availability group: exists';
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
END TRY
BEGIN CATCH
    DECLARE @number int, @problem nvarchar(2048);
    SELECT @number = ERROR_NUMBER(), @problem = ERROR_MESSAGE();
    IF @number = 50000
        RAISERROR(N'%s', 16, 127, @problem);
    ELSE
        RAISERROR(N'Error %d: %s Lines [done] above stay done and are recorded. Mend the cause, then run this file again.', 16, 127, @number, @problem);
    SET NOEXEC ON;
END CATCH;
GO
IF NOT EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM-KEYS')
BEGIN
    PRINT N'If the next statement fails: 41131 means that Local System lacks its login or rights (320), 19405 that a cluster node is a possible owner of two replicas. Mend it, then run this file again.';
    CREATE AVAILABILITY GROUP [MBAM-KEYS]
    WITH (BASIC, AUTOMATED_BACKUP_PREFERENCE = PRIMARY, FAILURE_CONDITION_LEVEL = 3, HEALTH_CHECK_TIMEOUT = 30000, DB_FAILOVER = ON)
    FOR REPLICA ON
        N'SQL1' WITH (ENDPOINT_URL = N'TCP://sql1.treyresearch.net:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC, SEEDING_MODE = MANUAL),
        N'SQL2' WITH (ENDPOINT_URL = N'TCP://sql2.treyresearch.net:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC, SEEDING_MODE = MANUAL);
    IF @@ERROR = 0 PRINT N'[done] availability group: created';
END;
GO
DECLARE @try int, @role tinyint, @state tinyint;
SET @try = 0;
WHILE @try < 30
BEGIN
    SELECT @role = s.role, @state = s.operational_state FROM sys.dm_hadr_availability_replica_states AS s
        INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-KEYS' AND s.is_local = 1;
    IF @role = 2 OR (@role = 1 AND @state = 2) BREAK;
    SET @try = @try + 1;
    WAITFOR DELAY '00:00:02';
END;
IF @role IS NULL OR @role = 0 OR (@role = 1 AND (@state IS NULL OR @state <> 2))
BEGIN
    RAISERROR(N'The availability group %s did not come online here within a minute: role %d (1 primary), operational state %d (2 online). Its message stands above. Error 41131 means that Local System lacks its login or rights, file number 320.', 16, 127, N'MBAM-KEYS', @role, @state);
    SET NOEXEC ON;
END;
GO
SET NOEXEC OFF;
