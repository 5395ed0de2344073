/*
Let the other replicas connect to the endpoint.

Step      database/endpoint-logins, install, file number 330
Run on    instance SQL1 on SQL1 (sql1.treyresearch.net)
Run by    database administrator
Changes   logins of the other replicas' service accounts and CONNECT on the endpoint: TREY\svc-sql$ 
Undo      revokes what the install granted and drops the logins that it made and nothing uses
Success   each account has a login and CONNECT; the endpoints of the other replicas answer
Sources   [documented] Set up login accounts for database mirroring or Always On
          [documented] GRANT endpoint permissions (Transact-SQL)
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
DECLARE @endpoint sysname, @id int, @principal int;
BEGIN TRY
    SELECT @endpoint = name, @id = endpoint_id FROM sys.database_mirroring_endpoints;
    IF @endpoint IS NULL RAISERROR(N'This instance has no mirroring endpoint. Run the step database/endpoint first. Nothing was changed.', 16, 1);
    SET @account = N'TREY\svc-sql$';
    SET @sid = SUSER_SID(@account);
    IF @sid IS NULL RAISERROR(N'The account %s cannot be resolved from this server: a wrong name, or no domain controller answers.', 16, 1, @account);
    SET @property = N'mbamplan/login/' + CONVERT(nvarchar(180), @sid, 1);
    SET @value = @account;
    IF EXISTS (SELECT 1 FROM sys.server_principals WHERE sid = @sid)
        PRINT N'[same] login ' + @account + N': exists';
    ELSE IF EXISTS (SELECT 1 FROM sys.server_principals WHERE name = @account)
        RAISERROR(N'A login %s exists with another SID: the account was deleted and made again. Drop that login, then run this file again.', 16, 1, @account);
    ELSE
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        CREATE LOGIN [TREY\svc-sql$] FROM WINDOWS;
        PRINT N'[done] login ' + @account + N': created';
    END;
    SELECT @principal = principal_id, @account = name FROM sys.server_principals WHERE sid = @sid;
    IF EXISTS (SELECT 1 FROM sys.server_permissions WHERE class = 105 AND major_id = @id AND permission_name = N'CONNECT' AND state = N'D' AND grantee_principal_id = @principal)
        RAISERROR(N'CONNECT on the endpoint is denied to %s. Remove that DENY first.', 16, 1, @account);
    IF EXISTS (SELECT 1 FROM sys.server_permissions WHERE class = 105 AND major_id = @id AND permission_name = N'CONNECT' AND state IN (N'G', N'W') AND grantee_principal_id = @principal)
        PRINT N'[same] CONNECT of ' + @account + N': granted';
    ELSE
    BEGIN
        SET @property = N'mbamplan/endpoint-connect/' + CONVERT(nvarchar(180), @sid, 1);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        SET @q = N'GRANT CONNECT ON ENDPOINT::' + QUOTENAME(@endpoint) + N' TO ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] CONNECT of ' + @account + N': granted on ' + @endpoint;
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
