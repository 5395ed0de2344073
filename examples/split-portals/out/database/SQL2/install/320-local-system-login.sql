/*
Let the cluster's health check log on to SQL Server.

Step      database/local-system-login, install, file number 320
Run on    instance SQL2 on SQL2 (sql2.litware.com)
Run by    database administrator
Changes   login of Local System when it is missing, and its permissions ALTER ANY AVAILABILITY GROUP, CONNECT SQL and VIEW SERVER STATE
Undo      revokes the permissions that the install recorded, when no availability group is left on the instance
Success   three permissions of the login with the SID of Local System
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
DECLARE @principal int, @permission nvarchar(60);
BEGIN TRY
    SET @sid = 0x010100000000000512000000;
    SET @account = SUSER_SNAME(@sid);
    IF EXISTS (SELECT 1 FROM sys.server_principals WHERE sid = @sid)
        PRINT N'[same] login ' + @account + N': exists';
    ELSE
    BEGIN
        SET @property = N'mbamplan/local-system/login';
        SET @value = @account;
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        SET @q = N'CREATE LOGIN ' + QUOTENAME(@account) + N' FROM WINDOWS;';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] login ' + @account + N': created';
    END;
    SELECT @principal = principal_id, @account = name FROM sys.server_principals WHERE sid = @sid;
    IF EXISTS (SELECT 1 FROM sys.server_permissions WHERE grantee_principal_id = @principal AND class = 100 AND state = N'D' AND permission_name IN (N'ALTER ANY AVAILABILITY GROUP', N'CONNECT SQL', N'VIEW SERVER STATE'))
        RAISERROR(N'A permission that the health check needs is denied to %s. Remove that DENY first.', 16, 1, @account);
    SET @permission = N'ALTER ANY AVAILABILITY GROUP';
    IF EXISTS (SELECT 1 FROM sys.server_permissions WHERE grantee_principal_id = @principal AND class = 100 AND permission_name = @permission AND state IN (N'G', N'W'))
        PRINT N'[same] permission ' + @permission + N': granted';
    ELSE
    BEGIN
        SET @property = N'mbamplan/local-system/' + @permission;
        SET @value = @account;
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        SET @q = N'GRANT ' + @permission + N' TO ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] permission ' + @permission + N': granted to ' + @account;
    END;
    SET @permission = N'CONNECT SQL';
    IF EXISTS (SELECT 1 FROM sys.server_permissions WHERE grantee_principal_id = @principal AND class = 100 AND permission_name = @permission AND state IN (N'G', N'W'))
        PRINT N'[same] permission ' + @permission + N': granted';
    ELSE
    BEGIN
        SET @property = N'mbamplan/local-system/' + @permission;
        SET @value = @account;
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        SET @q = N'GRANT ' + @permission + N' TO ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] permission ' + @permission + N': granted to ' + @account;
    END;
    SET @permission = N'VIEW SERVER STATE';
    IF EXISTS (SELECT 1 FROM sys.server_permissions WHERE grantee_principal_id = @principal AND class = 100 AND permission_name = @permission AND state IN (N'G', N'W'))
        PRINT N'[same] permission ' + @permission + N': granted';
    ELSE
    BEGIN
        SET @property = N'mbamplan/local-system/' + @permission;
        SET @value = @account;
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        SET @q = N'GRANT ' + @permission + N' TO ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] permission ' + @permission + N': granted to ' + @account;
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
