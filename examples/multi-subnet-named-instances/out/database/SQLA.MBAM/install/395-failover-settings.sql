/*
Settle what does not travel with a database.

Step      database/failover-settings, install, file number 395
Run on    instance SQLA\MBAM on SQLA (sqla.proseware.com)
Run by    database administrator
Changes   owner of the databases on the instance that is primary now, to the login of SID 0x01 (sa, whatever its name)
Undo      gives a database back to the owner that the install recorded, while that login exists
Success   on the primary each database belongs to the login of SID 0x01; TRUSTWORTHY is off; jobs that name a database are listed
Sources   [documented] Management of logins and jobs for the databases of an availability group
          [documented] Set up a mirror database to use the Trustworthy property
          [inferred] General Windows and SQL Server engineering practice
Inferred  MBAM needs neither TRUSTWORTHY nor an owner of its own; no document asks for them; proved by: verify fails where TRUSTWORTHY is on; the web nodes' check against the databases runs after this step
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
DECLARE @role tinyint;
SELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s
    INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'MBAM-AG' AND s.is_local = 1;
IF @role IS NULL OR @role <> 1
BEGIN
    PRINT N'[same] this replica is not primary now; run this file again after its first failover';
    SET NOEXEC ON;
END;
GO
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @database sysname, @owner varbinary(85);
BEGIN TRY
    SET @database = N'MBAM Compliance Status';
    SET @property = N'mbamplan/owner/multi-subnet-named-instances.compliance';
    SELECT @owner = owner_sid FROM sys.databases WHERE name = @database;
    IF @owner IS NULL
        RAISERROR(N'The database %s is not on this instance, or you may not see it. Run 340 first. Nothing was changed.', 16, 1, @database);
    SET @sid = 0x01;
    IF @owner = @sid
        PRINT N'[same] owner of ' + @database + N': the login of SID 0x01';
    ELSE
    BEGIN
        SET @account = SUSER_SNAME(@sid);
        SET @value = CONVERT(nvarchar(180), @owner, 1);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        SET @q = N'ALTER AUTHORIZATION ON DATABASE::' + QUOTENAME(@database) + N' TO ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] owner of ' + @database + N': was ' + ISNULL(SUSER_SNAME(@owner), @value) + N', is now ' + @account;
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
DECLARE @account sysname, @sid varbinary(85), @property sysname, @value nvarchar(2000), @q nvarchar(max);
DECLARE @database sysname, @owner varbinary(85);
BEGIN TRY
    SET @database = N'MBAM Recovery and Hardware';
    SET @property = N'mbamplan/owner/multi-subnet-named-instances.recovery';
    SELECT @owner = owner_sid FROM sys.databases WHERE name = @database;
    IF @owner IS NULL
        RAISERROR(N'The database %s is not on this instance, or you may not see it. Run 340 first. Nothing was changed.', 16, 1, @database);
    SET @sid = 0x01;
    IF @owner = @sid
        PRINT N'[same] owner of ' + @database + N': the login of SID 0x01';
    ELSE
    BEGIN
        SET @account = SUSER_SNAME(@sid);
        SET @value = CONVERT(nvarchar(180), @owner, 1);
        IF NOT EXISTS (SELECT 1 FROM master.sys.extended_properties WHERE class = 0 AND name = @property) EXEC master.sys.sp_addextendedproperty @name = @property, @value = @value;
        SET @q = N'ALTER AUTHORIZATION ON DATABASE::' + QUOTENAME(@database) + N' TO ' + QUOTENAME(@account) + N';';
        EXEC sys.sp_executesql @q;
        PRINT N'[done] owner of ' + @database + N': was ' + ISNULL(SUSER_SNAME(@owner), @value) + N', is now ' + @account;
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
