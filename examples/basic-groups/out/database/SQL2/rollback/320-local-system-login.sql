/*
Take back: let the cluster's health check log on to SQL Server.

Step      database/local-system-login, rollback, file number 320
Run on    instance SQL2 on SQL2 (sql2.treyresearch.net)
Run by    database administrator
Changes   revokes the permissions that the install recorded, when no availability group is left on the instance; leaves behind: the login itself; other services that run as Local System may use it
Undo      run the install script of this step again
Sources   [documented] KB 2847723: cannot create a high-availability group (error 41131)
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
DECLARE @permission nvarchar(60);
BEGIN TRY
    IF EXISTS (SELECT 1 FROM sys.availability_groups)
        RAISERROR(N'An availability group is left on this instance; its health check needs these permissions. Nothing was changed.', 16, 1);
    SELECT @account = name FROM sys.server_principals WHERE sid = 0x010100000000000512000000;
    SET @permission = N'ALTER ANY AVAILABILITY GROUP';
    SET @property = N'mbamplan/local-system/' + @permission;
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] permission ' + @permission + N': not granted by this plan, stays';
    ELSE
    BEGIN
        SET @q = N'REVOKE ' + @permission + N' FROM ' + QUOTENAME(@account) + N';';
        IF @account IS NOT NULL EXEC sys.sp_executesql @q;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] permission ' + @permission + N': revoked';
    END;
    SET @permission = N'CONNECT SQL';
    SET @property = N'mbamplan/local-system/' + @permission;
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] permission ' + @permission + N': not granted by this plan, stays';
    ELSE
    BEGIN
        SET @q = N'REVOKE ' + @permission + N' FROM ' + QUOTENAME(@account) + N';';
        IF @account IS NOT NULL EXEC sys.sp_executesql @q;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] permission ' + @permission + N': revoked';
    END;
    SET @permission = N'VIEW SERVER STATE';
    SET @property = N'mbamplan/local-system/' + @permission;
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] permission ' + @permission + N': not granted by this plan, stays';
    ELSE
    BEGIN
        SET @q = N'REVOKE ' + @permission + N' FROM ' + QUOTENAME(@account) + N';';
        IF @account IS NOT NULL EXEC sys.sp_executesql @q;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] permission ' + @permission + N': revoked';
    END;
    SET @property = N'mbamplan/local-system/login';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] login ' + ISNULL(@account, N'of Local System') + N': made by this plan, stays; drop it by hand when no service that runs as Local System needs it';
    IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
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
