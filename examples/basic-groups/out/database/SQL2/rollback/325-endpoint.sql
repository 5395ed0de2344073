/*
Take back: create or mend the mirroring endpoint.

Step      database/endpoint, rollback, file number 325
Run on    instance SQL2 on SQL2 (sql2.treyresearch.net)
Run by    database administrator
Changes   drops the endpoint that the install made, when neither a group nor a mirroring session uses it; leaves behind: an endpoint that was there before, with what the install mended on it
Undo      run the install script of this step again
Sources   [documented] CREATE ENDPOINT (Transact-SQL)
          [field] Field reports on ALTER AUTHORIZATION of a mirroring endpoint
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL2';
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
DECLARE @endpoint sysname;
BEGIN TRY
    SELECT @endpoint = name FROM sys.database_mirroring_endpoints;
    SET @property = N'mbamplan/endpoint/' + @endpoint;
    IF @endpoint IS NULL
    BEGIN
        -- A run that was cut off ahead of CREATE ENDPOINT has left its record.
        SELECT @property = name FROM master.sys.extended_properties WHERE class = 0 AND name LIKE N'mbamplan/endpoint/%';
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[same] endpoint: there is none';
    END
    ELSE IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] endpoint ' + @endpoint + N': not made by this plan, stays';
    ELSE IF EXISTS (SELECT 1 FROM sys.availability_groups) OR EXISTS (SELECT 1 FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL) OR EXISTS (SELECT 1 FROM sys.database_mirroring_witnesses)
        RAISERROR(N'The endpoint %s is in use by an availability group or a mirroring session. Nothing was changed.', 16, 1, @endpoint);
    ELSE
    BEGIN
        SET @q = N'DROP ENDPOINT ' + QUOTENAME(@endpoint) + N';';
        EXEC sys.sp_executesql @q;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] endpoint ' + @endpoint + N': dropped, with the permissions on it';
    END;
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
