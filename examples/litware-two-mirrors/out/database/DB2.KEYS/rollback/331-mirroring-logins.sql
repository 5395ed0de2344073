/*
Take back: let the other members of the mirrored pair connect to the endpoint.

Step      database/mirroring-logins, rollback, file number 331
Run on    instance DB2\KEYS on DB2 (db2.litware.com)
Run by    database administrator
Changes   revokes what the install granted and drops the logins that it made and nothing uses; leaves behind: logins that were there before, and logins in use
Undo      run the install script of this step again
Sources   [documented] Set up login accounts for database mirroring or Always On
          [documented] GRANT endpoint permissions (Transact-SQL)
          [documented] Establish a database mirroring session with Windows authentication
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB2\KEYS';
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
DECLARE @principal int, @uses nvarchar(2000), @databases int, @seen int, @found int;
DECLARE @endpoint sysname;
BEGIN TRY
    IF EXISTS (SELECT 1 FROM sys.availability_groups) OR EXISTS (SELECT 1 FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL) OR EXISTS (SELECT 1 FROM sys.database_mirroring_witnesses)
        RAISERROR(N'An availability group or a mirroring session is left on this instance and needs these permissions. Nothing was changed.', 16, 1);
    SELECT @endpoint = name FROM sys.database_mirroring_endpoints;
    SET @account = N'LITWARE\svc-sql';
    SET @sid = SUSER_SID(@account);
    IF @sid IS NULL RAISERROR(N'The account %s cannot be resolved from this server: a wrong name, or no domain controller answers.', 16, 1, @account);
    SET @property = N'mbamplan/login/' + CONVERT(nvarchar(180), @sid, 1);
    SET @value = @account;
    SET @principal = NULL;
    SELECT @principal = principal_id, @account = name FROM sys.server_principals WHERE sid = @sid;
    SET @property = N'mbamplan/endpoint-connect/' + CONVERT(nvarchar(180), @sid, 1);
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] CONNECT of ' + @account + N': not granted by this plan, stays';
    ELSE
    BEGIN
        SET @q = N'REVOKE CONNECT ON ENDPOINT::' + QUOTENAME(@endpoint) + N' FROM ' + QUOTENAME(@account) + N';';
        IF @endpoint IS NOT NULL AND @principal IS NOT NULL EXEC sys.sp_executesql @q;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] CONNECT of ' + @account + N': revoked';
    END;
    SET @account = N'LITWARE\svc-sql';
    SET @sid = SUSER_SID(@account);
    IF @sid IS NULL RAISERROR(N'The account %s cannot be resolved from this server: a wrong name, or no domain controller answers.', 16, 1, @account);
    SET @property = N'mbamplan/login/' + CONVERT(nvarchar(180), @sid, 1);
    SET @value = @account;
    SET @principal = NULL;
    SELECT @principal = principal_id, @account = name FROM sys.server_principals WHERE sid = @sid;
    SET @uses = N'';
    IF EXISTS (SELECT 1 FROM sys.server_role_members WHERE member_principal_id = @principal) SET @uses = @uses + N' a server role,';
    IF EXISTS (SELECT 1 FROM sys.server_permissions WHERE grantee_principal_id = @principal AND permission_name <> N'CONNECT SQL') SET @uses = @uses + N' a server permission,';
    IF EXISTS (SELECT 1 FROM sys.databases WHERE owner_sid = @sid) SET @uses = @uses + N' ownership of a database,';
    IF EXISTS (SELECT 1 FROM msdb.dbo.sysjobs WHERE owner_sid = @sid) SET @uses = @uses + N' ownership of a job,';
    SELECT @databases = COUNT(*) FROM sys.databases;
    SELECT @q = N'SELECT @found = 0', @seen = 0;
    SELECT @q = @q + N' + (SELECT COUNT(*) FROM ' + QUOTENAME(name) + N'.sys.database_principals WHERE sid = @sid)', @seen = @seen + 1
    FROM sys.databases WHERE state = 0 AND HAS_DBACCESS(name) = 1 AND replica_id IS NULL;
    EXEC sys.sp_executesql @q, N'@sid varbinary(85), @found int OUTPUT', @sid = @sid, @found = @found OUTPUT;
    IF @found > 0 SET @uses = @uses + N' a user in a database,';
    IF @seen <> @databases SET @uses = @uses + N' perhaps a user in a database that is in a group or cannot be read here,';
    IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property)
        PRINT N'[same] login ' + @account + N': not made by this plan, stays';
    ELSE IF @principal IS NULL
        EXEC master.sys.sp_dropextendedproperty @name = @property;
    ELSE IF @uses <> N''
        PRINT N'[same] login ' + @account + N': stays, it has' + @uses + N' drop it by hand when nothing needs it';
    ELSE
    BEGIN
        SET @q = N'DROP LOGIN ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] login ' + @account + N': dropped';
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
