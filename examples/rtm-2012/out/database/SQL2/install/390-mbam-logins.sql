/*
Create the logins of MBAM on every copy.

Step      database/mbam-logins, install, file number 390
Run on    instance SQL2 on SQL2 (sql2.cohowinery.com)
Run by    database administrator
Changes   logins of COHO\MBAM DB RW COHO\MBAM DB RO where they are missing
Undo      drops the logins that the install made, where nothing uses them
Success   every account has a login with the account's own SID
Sources   [documented] Management of logins and jobs for the databases of an availability group
          [documented] How to Configure the MBAM 2.5 Databases
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
BEGIN TRY
    SET @account = N'COHO\MBAM DB RW';
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
        CREATE LOGIN [COHO\MBAM DB RW] FROM WINDOWS;
        PRINT N'[done] login ' + @account + N': created';
    END;
    SET @account = N'COHO\MBAM DB RO';
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
        CREATE LOGIN [COHO\MBAM DB RO] FROM WINDOWS;
        PRINT N'[done] login ' + @account + N': created';
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
