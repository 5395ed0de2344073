/*
Create or mend the mirroring endpoint.

Step      database/endpoint, install, file number 325
Run on    instance SQLA\MBAM on SQLA (sqla.proseware.com)
Run by    database administrator
Changes   one endpoint for database mirroring on port 5022; an endpoint that exists keeps name and port and is started, given ROLE = ALL and AES where that is missing
Undo      drops the endpoint that the install made, when neither a group nor a mirroring session uses it
Success   started, role ALL or PARTNER, AES, listening on port 5022
Sources   [documented] CREATE ENDPOINT (Transact-SQL)
          [field] Field reports on ALTER AUTHORIZATION of a mirroring endpoint
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQLA\MBAM';
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
DECLARE @endpoint sysname, @port int, @state tinyint, @role tinyint, @algorithm tinyint, @tries int;
BEGIN TRY
    SELECT @endpoint = name, @port = port FROM sys.tcp_endpoints WHERE type = 4;
    IF @endpoint IS NOT NULL AND @port <> 5022
        RAISERROR(N'This instance has the endpoint %s on port %d, the plan says %d, and there can be only one. Write its port into the topology (endpoint port of this replica) and render again. Nothing was changed.', 16, 1, @endpoint, @port, 5022);
    IF @endpoint IS NOT NULL
        PRINT N'[same] endpoint ' + @endpoint + N': exists';
    ELSE
    BEGIN
        SET @property = N'mbamplan/endpoint/Hadr_endpoint';
        SET @value = N'Hadr_endpoint';
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        -- It belongs to the login with SID 0x01 from the start: a change of owner later would take the permissions on it away.
        SET @q = N'CREATE ENDPOINT ' + QUOTENAME(@value) + N' AUTHORIZATION ' + QUOTENAME(SUSER_SNAME(0x01))
            + N' STATE = STARTED AS TCP (LISTENER_PORT = ' + CONVERT(nvarchar(10), 5022) + N', LISTENER_IP = ALL)'
            + N' FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL);';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] endpoint ' + @value + N': created';
    END;
    SELECT @endpoint = name, @state = state, @role = role, @algorithm = encryption_algorithm FROM sys.database_mirroring_endpoints;
    IF @algorithm NOT IN (2, 5, 6)
    BEGIN
        IF EXISTS (SELECT 1 FROM sys.availability_groups) OR EXISTS (SELECT 1 FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL)
            RAISERROR(N'The endpoint %s is in use and does not require AES. Changing that breaks its sessions for a moment, and for good where the partner knows RC4 only. Agree on a time, run ALTER ENDPOINT with ENCRYPTION = REQUIRED ALGORITHM AES on all partners, then this file again.', 16, 1, @endpoint);
        SET @q = N'ALTER ENDPOINT ' + QUOTENAME(@endpoint) + N' FOR DATABASE_MIRRORING (ENCRYPTION = REQUIRED ALGORITHM AES);';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] encryption of endpoint ' + @endpoint + N': required, AES';
    END;
    IF @role NOT IN (1, 3)
    BEGIN
        SET @q = N'ALTER ENDPOINT ' + QUOTENAME(@endpoint) + N' FOR DATABASE_MIRRORING (ROLE = ALL);';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] role of endpoint ' + @endpoint + N': ALL';
    END;
    IF @state <> 0
    BEGIN
        SET @q = N'ALTER ENDPOINT ' + QUOTENAME(@endpoint) + N' STATE = STARTED;';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] state of endpoint ' + @endpoint + N': started';
    END;
    SET @tries = 0;
    WHILE @tries < 15 AND NOT EXISTS (SELECT 1 FROM sys.dm_tcp_listener_states WHERE type = 2 AND state = 1 AND port = 5022)
    BEGIN
        WAITFOR DELAY '00:00:02';
        SET @tries = @tries + 1;
    END;
    IF NOT EXISTS (SELECT 1 FROM sys.dm_tcp_listener_states WHERE type = 2 AND state = 1 AND port = 5022)
        RAISERROR(N'The endpoint %s does not listen on port %d after 30 seconds. Look for error 9692 in the error log: another program may hold the port.', 16, 1, @endpoint, 5022);
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
SET NOEXEC OFF;
