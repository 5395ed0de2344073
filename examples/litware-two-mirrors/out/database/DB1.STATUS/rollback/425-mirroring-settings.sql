/*
Take back: settle what does not travel with a mirrored database.

Step      database/mirroring-settings, rollback, file number 425
Run on    instance DB1\STATUS on DB1 (db1.litware.com)
Run by    database administrator
Changes   gives a database back to the owner that the install recorded, while that login exists and the database is principal here
Undo      run the install script of this step again
Sources   [documented] Set up a mirror database to use the Trustworthy property
          [documented] Role switching during a database mirroring session
          [inferred] General Windows and SQL Server engineering practice
Inferred  MBAM needs neither TRUSTWORTHY nor an owner of its own; no document asks for them; proved by: verify fails where TRUSTWORTHY is on; the web nodes' check against the databases runs after this step
*/
SET NOCOUNT ON;
SET IMPLICIT_TRANSACTIONS OFF;
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'DB1\STATUS';
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
DECLARE @database sysname, @role tinyint;
BEGIN TRY
    SET @database = N'MBAM Compliance Status';
    SET @property = N'mbamplan/owner/litware-two-mirrors.compliance';
    SELECT @role = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@database);
    SELECT @value = CONVERT(nvarchar(180), value) FROM master.sys.extended_properties WHERE class = 0 AND name = @property;
    SET @sid = CONVERT(varbinary(85), @value, 1);
    SELECT @account = name FROM sys.server_principals WHERE sid = @sid;
    IF @value IS NULL
        PRINT N'[same] owner of ' + @database + N': this plan did not change it here';
    ELSE IF @role = 2
        PRINT N'[same] owner of ' + @database + N': stays, it can be given back only where the database is principal';
    ELSE IF @account IS NULL
        PRINT N'[same] owner of ' + @database + N': stays, the former owner has no login here any more';
    ELSE
    BEGIN
        SET @q = N'ALTER AUTHORIZATION ON DATABASE::' + QUOTENAME(@database) + N' TO ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        IF EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_dropextendedproperty @name = @property;
        PRINT N'[done] owner of ' + @database + N': back to ' + @account;
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
