/*
Step      database/availability-group, install
Run on    SQL1 (sql1.contoso.com), instance SQL1
Run by    database administrator, sysadmin
Changes   availability group [MBAM_AG]: replicas SQL1, SQL2, DR1\MBAM; listener MBAM-SQL
Undo      rollback.sql of this step
Sources   [documented] CREATE AVAILABILITY GROUP (Transact-SQL)
          [inferred] the group is created empty, so that no seeding starts early
*/
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL1'; SET @have = @@SERVERNAME;
IF @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
IF NOT EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'MBAM_AG')
    CREATE AVAILABILITY GROUP [MBAM_AG]
    WITH (AUTOMATED_BACKUP_PREFERENCE = PRIMARY, FAILURE_CONDITION_LEVEL = 3,
          HEALTH_CHECK_TIMEOUT = 30000, DB_FAILOVER = ON, DTC_SUPPORT = NONE)
    FOR REPLICA ON
        N'SQL1' WITH (ENDPOINT_URL = N'TCP://sql1.contoso.com:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT,
            FAILOVER_MODE = AUTOMATIC, SEEDING_MODE = MANUAL, BACKUP_PRIORITY = 50,
            SECONDARY_ROLE (ALLOW_CONNECTIONS = NO)),
        N'SQL2' WITH (ENDPOINT_URL = N'TCP://sql2.contoso.com:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT,
            FAILOVER_MODE = AUTOMATIC, SEEDING_MODE = MANUAL, BACKUP_PRIORITY = 50,
            SECONDARY_ROLE (ALLOW_CONNECTIONS = READ_ONLY, READ_ONLY_ROUTING_URL = N'TCP://sql2.contoso.com:1433'),
            PRIMARY_ROLE (ALLOW_CONNECTIONS = ALL, READ_ONLY_ROUTING_LIST = ((N'SQL1', N'DR1\MBAM'), N'SQL2'))),
        N'DR1\MBAM' WITH (ENDPOINT_URL = N'TCP://dr1.contoso.com:5023', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT,
            FAILOVER_MODE = MANUAL, SESSION_TIMEOUT = 10)
ELSE
    PRINT N'The group exists.';
GO
DECLARE @tries int, @role tinyint;
SET @tries = 0;
WHILE @tries < 30 AND NOT EXISTS (SELECT 1 FROM sys.dm_hadr_availability_replica_states WHERE is_local = 1 AND role = 1 AND operational_state = 2)
BEGIN
    WAITFOR DELAY '00:00:02';
    SET @tries = @tries + 1;
END;
SELECT @role = s.role
FROM sys.dm_hadr_availability_replica_states AS s
JOIN sys.availability_groups AS g ON g.group_id = s.group_id
WHERE g.name = N'MBAM_AG' AND s.is_local = 1;
IF @role = 1
BEGIN
    IF NOT EXISTS (SELECT 1 FROM sys.availability_group_listeners WHERE dns_name = N'MBAM-SQL')
        ALTER AVAILABILITY GROUP [MBAM_AG]
        ADD LISTENER N'MBAM-SQL' (WITH IP ((N'10.1.0.50', N'255.255.255.0'), (N'10.2.0.50', N'255.255.255.0')), PORT = 1433);
    ALTER AVAILABILITY GROUP [MBAM_AG] GRANT CREATE ANY DATABASE
    ALTER AVAILABILITY GROUP [MBAM_AG] ADD DATABASE [MBAM Compliance Status];
END
ELSE
    RAISERROR(N'SQL1 is not the primary.', 16, 1);
GO
SET NOEXEC OFF;
