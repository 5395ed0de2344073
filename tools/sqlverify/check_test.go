package sqlverify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/tools/mscheck"
)

// valid are bodies without a finding, ours or Microsoft's.
var valid = []struct {
	name    string
	version int
	body    string
}{
	{"create group 2012", 2012, asNew(testGroup2012)},
	{"create group 2014 without WITH", 2014, asNew("CREATE AVAILABILITY GROUP [G] FOR DATABASE [A], [B]]x] REPLICA ON N'SQL1' WITH (" + pair + ");")},
	{"create group 2016", 2016, asNew("CREATE AVAILABILITY GROUP [G] WITH (DB_FAILOVER = ON, DTC_SUPPORT = NONE) FOR REPLICA ON N'SQL1' WITH (" + pair + ", SEEDING_MODE = AUTOMATIC), N'SQL2' WITH (" + pair + ", SEEDING_MODE = MANUAL);")},
	{"create group 2016 options in any order", 2016, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (FAILOVER_MODE = MANUAL, AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, ENDPOINT_URL = N'tcp://[2001:db8::1]:5022');")},
	{"create group 2017", 2017, asNew("CREATE AVAILABILITY GROUP [G] WITH (CLUSTER_TYPE = WSFC, REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 1) FOR REPLICA ON N'SQL1' WITH (" + pair + "), N'SQL2' WITH (" + pair + ");")},
	{"create group 2019 routing", 2019, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + ", PRIMARY_ROLE (ALLOW_CONNECTIONS = READ_WRITE, READ_ONLY_ROUTING_LIST = ((N'SQL2', N'SQL3'), N'SQL1'), READ_WRITE_ROUTING_URL = N'TCP://h:1433'), SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL, READ_ONLY_ROUTING_URL = N'TCP://h:1433'));")},
	{"create basic group", 2016, asNew("CREATE AVAILABILITY GROUP [G] WITH (BASIC, AUTOMATED_BACKUP_PREFERENCE = PRIMARY) FOR DATABASE [A] REPLICA ON N'SQL1' WITH (" + pair + "), N'SQL2' WITH (" + pair + ", SECONDARY_ROLE (ALLOW_CONNECTIONS = NO));")},
	{"create group with listener", 2012, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + ") LISTENER N'L' (WITH DHCP ON (N'10.0.0.0', N'255.0.0.0'));")},
	{"set an option of the group", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] SET (HEALTH_CHECK_TIMEOUT = 15000);")},
	{"add a database", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] ADD DATABASE [MBAM Compliance Status];")},
	{"remove a database", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] REMOVE DATABASE [A];")},
	{"add a replica", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] ADD REPLICA ON N'SQL3' WITH (" + pair + ");")},
	{"modify a replica", 2016, asPrimary("ALTER AVAILABILITY GROUP [G] MODIFY REPLICA ON N'SQL3' WITH (SEEDING_MODE = AUTOMATIC);")},
	{"remove a replica", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] REMOVE REPLICA ON N'SQL3\\I';")},
	{"join", 2012, asUnjoined("ALTER AVAILABILITY GROUP [G] JOIN;")},
	{"join with cluster type", 2017, asUnjoined("ALTER AVAILABILITY GROUP [G] JOIN WITH (CLUSTER_TYPE = WSFC);")},
	{"grant and deny create any database", 2016, "ALTER AVAILABILITY GROUP [G] GRANT CREATE ANY DATABASE;\nALTER AVAILABILITY GROUP [G] DENY CREATE ANY DATABASE"},
	{"failover", 2012, asSecondary("ALTER AVAILABILITY GROUP [G] FAILOVER;")},
	{"forced failover", 2012, asSecondary("ALTER AVAILABILITY GROUP [G] FORCE_FAILOVER_ALLOW_DATA_LOSS;")},
	{"listener with two subnets", 2012, asPrimary("ALTER AVAILABILITY GROUP [G]\nADD LISTENER N'MBAM-SQL' (WITH IP ((N'10.1.0.50', N'255.255.255.0'), (N'2001:db8::5')), PORT = 1433);")},
	{"listener by DHCP", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] ADD LISTENER N'L' (WITH DHCP, PORT = 1433);")},
	{"modify, restart, remove the listener", 2012, asPrimary("BEGIN\nALTER AVAILABILITY GROUP [G] MODIFY LISTENER N'L' (ADD IP (N'10.0.0.5', N'255.0.0.0'));\nALTER AVAILABILITY GROUP [G] MODIFY LISTENER N'L' (PORT = 1434)\nALTER AVAILABILITY GROUP [G] RESTART LISTENER N'L';\nALTER AVAILABILITY GROUP [G] REMOVE LISTENER N'L';\nEND")},
	{"drop the group", 2012, asPrimary("DROP AVAILABILITY GROUP [G];")},
	{"set hadr", 2012, asSecondary("ALTER DATABASE [A] SET HADR AVAILABILITY GROUP = [G];") + "\n" + asSecondary("ALTER DATABASE [A] SET HADR RESUME;")},
	{"hadr off", 2012, asSecondary("ALTER DATABASE [A] SET HADR OFF;")},
	{"mirroring on 2008", 2008, asMirror("ALTER DATABASE [A] SET PARTNER = N'TCP://sql1.contoso.com:5022';")},
	{"mirroring, every option", 2008, asMirror("BEGIN\nALTER DATABASE [A] SET PARTNER SAFETY FULL;\nALTER DATABASE [A] SET PARTNER TIMEOUT 20;\nALTER DATABASE [A] SET WITNESS = N'TCP://w:5022';\nALTER DATABASE [A] SET WITNESS OFF;\nALTER DATABASE [A] SET PARTNER SUSPEND;\nALTER DATABASE [A] SET PARTNER RESUME;\nALTER DATABASE [A] SET PARTNER FAILOVER;\nALTER DATABASE [A] SET PARTNER FORCE_SERVICE_ALLOW_DATA_LOSS;\nALTER DATABASE [A] SET PARTNER OFF;\nEND;")},
	{"endpoint", 2008, "IF NOT EXISTS (SELECT 1 FROM sys.database_mirroring_endpoints)\nCREATE ENDPOINT [Hadr_endpoint] STATE = STARTED\nAS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL)\nFOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL);"},
	{"endpoint on one address", 2016, "CREATE ENDPOINT [E] AUTHORIZATION [sa] STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = (10.0.75.1)) FOR DATABASE_MIRRORING (ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = PARTNER);\nALTER ENDPOINT [E] AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ('2001:db8::1'));"},
	{"alter endpoint", 2012, "ALTER ENDPOINT [E] STATE = STARTED;\nALTER ENDPOINT [E] FOR DATABASE_MIRRORING (ROLE = ALL);\nALTER ENDPOINT [E] FOR DATABASE_MIRRORING (ENCRYPTION = REQUIRED ALGORITHM AES);"},
	{"drop endpoint behind a guard", 2012, "IF EXISTS (SELECT 1 FROM sys.endpoints WHERE name = N'E')\nDROP ENDPOINT [E];"},
	{"rights on the endpoint", 2008, "GRANT CONNECT ON ENDPOINT::[E] TO [CONTOSO\\svc$];\nREVOKE CONNECT ON ENDPOINT :: [E] FROM [CONTOSO\\svc$]\nDENY CONNECT ON ENDPOINT::[E] TO [x] CASCADE;\nALTER AUTHORIZATION ON ENDPOINT::[E] TO [sa];"},
	{"other grants are not ours", 2012, "GRANT ALTER ANY AVAILABILITY GROUP, CONNECT SQL, VIEW SERVER STATE TO [NT AUTHORITY\\SYSTEM];\nGRANT ALTER ANY ENDPOINT TO [x]\nALTER AUTHORIZATION ON DATABASE::[A] TO [sa];"},
	{"dynamic login by SID", 2008, "DECLARE @n sysname, @q nvarchar(max);\nSET @n = SUSER_SNAME(0x010100000000000512000000);\nIF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE sid = 0x010100000000000512000000)\nBEGIN\n    SET @q = N'CREATE LOGIN ' + QUOTENAME(@n) + N' FROM WINDOWS;';\n    EXEC sys.sp_executesql @q;\nEND;\nSET @q = N'GRANT CONNECT ON ENDPOINT::' + QUOTENAME(@n) + N' TO ' + QUOTENAME(N'DOM\\svc') + N';';\nEXEC (@q);"},
	{"backup and restore", 2012, "IF EXISTS (SELECT 1 FROM sys.databases WHERE name = N'A' AND recovery_model <> 1)\n    ALTER DATABASE [A] SET RECOVERY FULL;\nBACKUP DATABASE [A] TO DISK = N'\\\\fs\\seed\\A.bak' WITH FORMAT, INIT, CHECKSUM, STATS = 10, COPY_ONLY\nRESTORE DATABASE [A] FROM DISK = N'\\\\fs\\seed\\A.bak' WITH NORECOVERY, CHECKSUM, STATS = 10, MOVE N'A' TO N'D:\\A.mdf';\nRESTORE LOG [A] FROM DISK = N'\\\\fs\\seed\\A.trn' WITH NORECOVERY, CHECKSUM;"},
	{"bounded waits", 2008, "DECLARE @i int, @until datetime;\nSET @i = 0;\nWHILE @i < 30 AND EXISTS (SELECT 1 FROM sys.databases WHERE state = 1)\nBEGIN\n    WAITFOR DELAY '00:00:05';\n    SET @i += 1;\nEND\nSET @until = DATEADD(MINUTE, 10, GETDATE());\nWHILE GETDATE() < @until AND NOT EXISTS (SELECT * FROM sys.databases AS d WHERE d.state = 0)\n    WAITFOR DELAY '00:00:05';\nSET @i = 10;\nWHILE @i > 0\nBEGIN\n    SELECT @i = @i - 1;\n    WAITFOR DELAY '00:00:01';\nEND;"},
	{"role in a variable", 2014, "DECLARE @role tinyint;\nSELECT @role = s.role FROM sys.dm_hadr_availability_replica_states AS s JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = N'G' AND s.is_local = 1;\nIF @role IS NULL OR @role <> 1\nBEGIN\n    RAISERROR(N'Not the primary.', 16, 1);\n    RETURN;\nEND;\nALTER AVAILABILITY GROUP [G] ADD DATABASE [A];"},
	{"try and catch", 2012, asPrimary("BEGIN TRY\n    ALTER AVAILABILITY GROUP [G] ADD DATABASE [A]\nEND TRY\nBEGIN CATCH\n    THROW;\nEND CATCH;")},
	{"case, union, insert, update, delete", 2008, "DECLARE @t TABLE (a int, b nvarchar(10));\nINSERT INTO @t (a, b) SELECT CASE WHEN state = 0 THEN 1 ELSE 2 END, name FROM sys.databases UNION ALL SELECT 3, N'x'\nUPDATE @t SET a = 1 WHERE b = N'y'\nDELETE FROM @t WHERE a = 2\nSELECT a, b FROM @t"},
	{"event session", 2012, "IF EXISTS (SELECT 1 FROM sys.server_event_sessions WHERE name = N'AlwaysOn_health' AND startup_state = 0)\n    ALTER EVENT SESSION [AlwaysOn_health] ON SERVER WITH (STARTUP_STATE = ON);\nIF NOT EXISTS (SELECT 1 FROM sys.dm_xe_sessions WHERE name = N'AlwaysOn_health')\n    ALTER EVENT SESSION [AlwaysOn_health] ON SERVER STATE = START;"},
	{"logins and roles, 2008 dialect", 2008, "USE [master];\nIF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE sid = SUSER_SID(N'CONTOSO\\O''Brien'))\n    CREATE LOGIN [CONTOSO\\O'Brien] FROM WINDOWS;\nEXEC sys.sp_addsrvrolemember @loginame = N'CONTOSO\\x', @rolename = N'dbcreator';"},
	{"nested comments and GO n", 2012, "PRINT N'a'; /* one /* two */ still */ -- rest\nGO 2\nPRINT N'--'; PRINT N'/*'\ngo -- end"},
	{"a job step that tests the role", 2012, "EXEC msdb.dbo.sp_add_jobstep @job_name = N'J', @step_name = N'S', @subsystem = N'TSQL', @database_name = N'master', @command = N'IF sys.fn_hadr_backup_is_preferred_replica(N''A'') = 1 BACKUP LOG [A] TO DISK = N''x'' WITH CHECKSUM;';"},
	{"verification query", 2019, "SELECT ag.name, ds.secondary_lag_seconds, ar.seeding_mode_desc FROM sys.availability_groups AS ag JOIN sys.availability_replicas AS ar ON ar.group_id = ag.group_id LEFT JOIN sys.dm_hadr_database_replica_states AS ds ON ds.replica_id = ar.replica_id WHERE ag.name = N'G' ORDER BY ag.name;\nSELECT STRING_AGG(name, N',') FROM sys.databases;\nDROP TABLE IF EXISTS #t;"},
	{"guards with AND, OR, NOT and parentheses", 2012, "DECLARE @a int, @b int;\nSELECT @a = COUNT(*), @b = MAX(database_id) FROM sys.databases;\nIF (@a = 1 OR NOT @b IN (1, 2)) AND @b BETWEEN 1 AND 5 AND @@TRANCOUNT = 0 AND @a IS NOT NULL\n    PRINT N'x';\nELSE IF NOT (@a <> -1)\n    PRINT N'y';"},
}

func TestValid(t *testing.T) {
	for _, v := range valid {
		t.Run(v.name, func(t *testing.T) {
			for _, f := range Check("f.sql", framed(v.body), Options{v.version}) {
				t.Errorf("%v (body starts on line %d)", f, bodyLine)
			}
		})
	}
}

func TestValidForMicrosoft(t *testing.T) {
	tool := mscheck.Require(t)
	var files []Source
	for _, v := range valid {
		files = append(files, Source{v.name, framed(v.body), Options{v.version}})
	}
	findings, err := CheckFiles(context.Background(), tool, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("%v (body starts on line %d)", f, bodyLine)
	}
}

// broken are bodies with exactly one kind of fault. Line counts from the body's first line.
var broken = []struct {
	name    string
	version int
	body    string
	code    string
	line    int
	says    string
}{
	{"group without name", 2016, asNew("CREATE AVAILABILITY GROUP FOR REPLICA ON N'SQL1' WITH (" + pair + ");"), "SQG001", 2, "a name in [brackets]"},
	{"group without FOR", 2016, asNew("CREATE AVAILABILITY GROUP [G] REPLICA ON N'SQL1' WITH (" + pair + ");"), "SQG001", 2, "expected WITH or FOR"},
	{"comma at the end of options", 2016, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + ",);"), "SQG001", 2, "found )"},
	{"group name without brackets", 2016, asPrimary("ALTER AVAILABILITY GROUP G ADD DATABASE [A];"), "SQG001", 2, "a name in [brackets], found G"},
	{"server name without quotes", 2016, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON SQL1 WITH (" + pair + ");"), "SQG001", 2, "a string literal, found SQL1"},
	{"misspelt option", 2016, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + ", SEEDINGMODE = MANUAL);"), "SQG001", 2, "SEEDING_MODE"},
	{"wrong value", 2016, asNew("CREATE AVAILABILITY GROUP [G] WITH (DB_FAILOVER = TRUE) FOR REPLICA ON N'SQL1' WITH (" + pair + ");"), "SQG001", 2, "expected ON or OFF, found TRUE"},
	{"two options in MODIFY REPLICA", 2016, asPrimary("ALTER AVAILABILITY GROUP [G] MODIFY REPLICA ON N'S' WITH (SEEDING_MODE = MANUAL, BACKUP_PRIORITY = 1);"), "SQG001", 2, "expected ), found ,"},
	{"statement cut short", 2016, asPrimary("ALTER AVAILABILITY GROUP [G] ADD"), "SQG001", 2, "found the statement ends here"},
	{"distributed group", 2016, asNew("CREATE AVAILABILITY GROUP [G] WITH (DISTRIBUTED) AVAILABILITY GROUP ON N'a' WITH (x = 1);"), "SQG001", 2, "found DISTRIBUTED"},
	{"listener without parentheses", 2016, asPrimary("ALTER AVAILABILITY GROUP [G] ADD LISTENER N'L' WITH IP ((N'10.0.0.5', N'255.0.0.0')), PORT = 1433;"), "SQG001", 2, "expected (, found WITH"},
	{"REMOVE IP", 2022, asPrimary("ALTER AVAILABILITY GROUP [G] MODIFY LISTENER N'L' (REMOVE IP (N'10.0.0.5'));"), "SQG001", 2, "found REMOVE"},
	{"endpoint without payload", 2016, "CREATE ENDPOINT [E] STATE = STARTED AS TCP (LISTENER_PORT = 5022);", "SQG001", 1, "FOR"},
	{"endpoint for broker", 2016, "CREATE ENDPOINT [E] AS TCP (LISTENER_PORT = 5022) FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS);", "SQG001", 1, "DATABASE_MIRRORING"},
	{"grant without scope", 2016, "GRANT CONNECT ON ENDPOINT [E] TO [x];", "SQG001", 1, "expected ::"},
	{"authorization without TO", 2016, "ALTER AUTHORIZATION ON ENDPOINT::[E] [sa];", "SQG001", 1, "expected TO"},
	{"partner without equals sign", 2012, asMirror("ALTER DATABASE [A] SET PARTNER N'TCP://h:5022';"), "SQG001", 2, "found N'TCP://h:5022'"},
	{"HADR forgotten", 2012, asSecondary("ALTER DATABASE [A] SET AVAILABILITY GROUP = [G];"), "SQG001", 2, "expected HADR"},
	{"two mirroring clauses", 2012, asMirror("ALTER DATABASE [A] SET WITNESS OFF, PARTNER OFF;"), "SQG001", 2, "the end of the statement, found ,"},

	{"seeding mode before 2016", 2014, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + ", SEEDING_MODE = MANUAL);"), "SQV001", 2, "SEEDING_MODE needs SQL Server 2016"},
	{"cluster type before 2017", 2016, asNew("CREATE AVAILABILITY GROUP [G] WITH (CLUSTER_TYPE = WSFC) FOR REPLICA ON N'SQL1' WITH (" + pair + ");"), "SQV001", 2, "CLUSTER_TYPE needs SQL Server 2017"},
	{"routing URL before 2019", 2017, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + ", PRIMARY_ROLE (READ_WRITE_ROUTING_URL = N'TCP://h:1'));"), "SQV001", 2, "needs SQL Server 2019"},
	{"grant create any database before 2016", 2014, "ALTER AVAILABILITY GROUP [G] GRANT CREATE ANY DATABASE;", "SQV001", 1, "GRANT needs SQL Server 2016"},
	{"basic group before 2016", 2014, asNew("CREATE AVAILABILITY GROUP [G] WITH (BASIC) FOR REPLICA ON N'SQL1' WITH (" + pair + ");"), "SQV001", 2, "BASIC needs SQL Server 2016"},
	{"seeding view before 2016", 2014, "SELECT current_state FROM sys.dm_hadr_automatic_seeding;", "SQV002", 1, "needs SQL Server 2016"},
	{"hadr view on 2008", 2008, "SELECT 1 FROM sys.dm_hadr_cluster;", "SQV002", 1, "needs SQL Server 2012"},
	{"lag column before 2016", 2014, "SELECT secondary_lag_seconds FROM sys.dm_hadr_database_replica_states;", "SQV002", 1, "secondary_lag_seconds"},
	{"primary function before 2014", 2012, "SELECT sys.fn_hadr_is_primary_replica(N'A');", "SQV002", 1, "2014"},
	{"IIF on 2008", 2008, "SELECT IIF(1 = 1, 1, 2);", "SQV002", 1, "IIF"},
	{"STRING_AGG before 2017", 2016, "SELECT STRING_AGG(name, N',') FROM sys.databases;", "SQV002", 1, "STRING_AGG"},
	{"DROP IF EXISTS before 2016", 2014, "DROP TABLE IF EXISTS #t;", "SQV002", 1, "DROP … IF EXISTS"},
	{"THROW on 2008", 2008, "THROW 50000, N'x', 1;", "SQV002", 1, "THROW"},
	{"server role on 2008", 2008, "ALTER SERVER ROLE [dbcreator] ADD MEMBER [x];", "SQV002", 1, "SERVER ROLE"},
	{"dynamic text of a newer version", 2008, "DECLARE @q nvarchar(max);\nSET @q = N'SELECT CONCAT(1, 2);';\nEXEC (@q);", "SQV002", 2, "in dynamic SQL: CONCAT"},

	{"option twice", 2012, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + ", FAILOVER_MODE = MANUAL);"), "SQS001", 2, "FAILOVER_MODE stands twice"},
	{"no availability mode", 2012, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = N'TCP://h:1', FAILOVER_MODE = MANUAL);"), "SQS002", 2, "has no AVAILABILITY_MODE"},
	{"asynchronous and automatic", 2012, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (ENDPOINT_URL = N'TCP://h:1', FAILOVER_MODE = AUTOMATIC, AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT);"), "SQS003", 2, "synchronous"},
	{"server name with domain", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] REMOVE REPLICA ON N'sql1.contoso.com';"), "SQS004", 2, "no server name"},
	{"endpoint without TCP", 2012, asMirror("ALTER DATABASE [A] SET PARTNER = N'sql1.contoso.com:5022';"), "SQS005", 2, "TCP://host:port"},
	{"endpoint with instance", 2012, asMirror("ALTER DATABASE [A] SET PARTNER = N'TCP://sql1\\MBAM:5022';"), "SQS005", 2, "no host name"},
	{"endpoint port too high", 2012, asMirror("ALTER DATABASE [A] SET WITNESS = N'TCP://sql1:70000';"), "SQS006", 2, "1 to 65535"},
	{"short health check", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] SET (HEALTH_CHECK_TIMEOUT = 1000);"), "SQS006", 2, "15000"},
	{"replica twice", 2012, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'SQL1' WITH (" + pair + "), N'sql1' WITH (" + pair + ");"), "SQS007", 2, "stands twice"},
	{"three automatic ones in 2014", 2014, asNew("CREATE AVAILABILITY GROUP [G] FOR REPLICA ON N'A' WITH (" + pair + "), N'B' WITH (" + pair + "), N'C' WITH (" + pair + ");"), "SQS008", 2, "takes 2"},
	{"basic group, readable", 2016, asNew("CREATE AVAILABILITY GROUP [G] WITH (BASIC) FOR REPLICA ON N'A' WITH (" + pair + "), N'B' WITH (" + pair + ", SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL));"), "SQS009", 2, "cannot be read"},
	{"listener name", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] ADD LISTENER N'a.b' (WITH DHCP);"), "SQS010", 2, "no DNS host name"},
	{"listener mask", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] ADD LISTENER N'L' (WITH IP ((N'10.0.0.5', N'255.0.255.0')));"), "SQS011", 2, "no subnet mask"},
	{"listener without mask", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] ADD LISTENER N'L' (WITH IP ((N'10.0.0.5')));"), "SQS011", 2, "lacks its subnet mask"},
	{"two addresses in a subnet", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] ADD LISTENER N'L' (WITH IP ((N'10.0.0.5', N'255.0.0.0'), (N'10.1.0.5', N'255.0.0.0')));"), "SQS012", 2, "10.0.0.0/8"},
	{"RC4", 2012, "CREATE ENDPOINT [E] AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ENCRYPTION = REQUIRED ALGORITHM RC4, ROLE = ALL);", "SQS013", 1, "ALGORITHM AES"},
	{"endpoint without role", 2012, "CREATE ENDPOINT [E] AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ENCRYPTION = REQUIRED ALGORITHM AES);", "SQS002", 1, "ROLE"},

	{"quoted identifier", 2012, "SELECT 1 FROM \"sys\".databases;", "SQC004", 1, "brackets"},
	{"literal without N", 2012, "PRINT 'x';", "SQC005", 1, "N prefix"},
	{"USE a user database", 2012, "USE [MBAM Compliance Status];", "SQC006", 1, "master or msdb"},
	{"REPLACE", 2012, "RESTORE DATABASE [A] FROM DISK = N'x' WITH NORECOVERY, REPLACE;", "SQC007", 1, "overwrites"},
	{"DROP DATABASE", 2012, "IF EXISTS (SELECT 1 FROM sys.databases WHERE name = N'A')\n    DROP DATABASE [A];", "SQC008", 2, "DROP DATABASE"},
	{"DROP DATABASE, dynamic", 2012, "DECLARE @q nvarchar(max);\nSET @q = N'DROP DATABASE ' + QUOTENAME(N'A');\nEXEC sys.sp_executesql @q;", "SQC008", 2, "in dynamic SQL: DROP DATABASE"},
	{"DROP DATABASE, text not known", 2012, "DECLARE @q nvarchar(max);\nSET @q = N'DROP DATABASE ' + DB_NAME(5);\nEXEC (@q);", "SQC008", 2, "in dynamic SQL: DROP DATABASE"},
	{"DROP LOGIN without guard", 2012, "DROP LOGIN [x];", "SQC009", 1, "stands in no IF"},
	{"DROP LOGIN without guard, dynamic", 2012, "DECLARE @q nvarchar(max);\nSET @q = N'DROP LOGIN ' + QUOTENAME(N'x');\nEXEC (@q);", "SQC009", 2, "in dynamic SQL: DROP LOGIN"},
	{"USE, dynamic", 2012, "EXEC sys.sp_executesql N'USE [A]; SELECT 1;';", "SQC006", 1, "in dynamic SQL: USE"},
	{"xp_cmdshell", 2012, "EXEC master.dbo.xp_cmdshell N'dir';", "SQC010", 1, "xp_cmdshell"},
	{"xp_cmdshell switched on", 2012, "EXEC sys.sp_configure N'xp_cmdshell', 1;", "SQC010", 1, "xp_cmdshell"},
	{"endless loop", 2012, "DECLARE @i int;\nSET @i = 0;\nWHILE @i < 5\nBEGIN\n    WAITFOR DELAY '00:00:01';\nEND;", "SQC011", 3, "no bound"},
	{"loop that counts the wrong way", 2012, "DECLARE @i int;\nSET @i = 0;\nWHILE @i < 5\nBEGIN\n    SET @i = @i - 1;\n    WAITFOR DELAY '00:00:01';\nEND;", "SQC011", 3, "no bound"},
	{"loop that spins", 2012, "DECLARE @i int;\nSET @i = 0;\nWHILE @i < 5 AND NOT EXISTS (SELECT 1 FROM sys.databases)\n    SET @i = @i + 1;", "SQC011", 3, "WAITFOR"},
	{"loop bounded with OR", 2012, "DECLARE @i int;\nSET @i = 0;\nWHILE @i < 5 OR EXISTS (SELECT 1 FROM sys.databases)\nBEGIN\n    SET @i = @i + 1;\n    WAITFOR DELAY '00:00:01';\nEND;", "SQC011", 3, "OR"},
	{"guard with a join", 2012, "IF EXISTS (SELECT 1 FROM sys.databases AS d JOIN sys.master_files AS f ON f.database_id = d.database_id)\n    PRINT N'x';", "SQC012", 1, "found JOIN"},
	{"guard with a function", 2012, "IF DB_ID(N'A') IS NULL\n    PRINT N'x';", "SQC012", 1, "found DB_ID"},
	{"guard with a subquery", 2012, "IF EXISTS (SELECT 1 FROM sys.databases WHERE database_id = (SELECT 5))\n    PRINT N'x';", "SQC012", 1, "without a subquery"},
	{"QUOTENAME inside EXEC", 2012, "EXEC (N'PRINT ' + QUOTENAME(N'a', N''''));", "SQC013", 1, "QUOTENAME"},
	{"variable of another batch", 2012, "DECLARE @a int;\nGO\nSET @a = 1;", "SQC014", 3, "@a is not declared"},
	{"variable twice", 2012, "DECLARE @a int;\nDECLARE @A int;", "SQC014", 2, "declared twice"},
	{"RECOVERY SIMPLE", 2012, "ALTER DATABASE [A] SET RECOVERY SIMPLE;", "SQC015", 1, "log chain"},
	{"sqlcmd variable", 2012, "PRINT N'$(who)';", "SQC016", 1, "$(who)"},
	{"template leftover", 2012, "PRINT N'<no value>';", "SQC020", 1, "template"},
	{"add database without guard", 2012, "ALTER AVAILABILITY GROUP [G] ADD DATABASE [A];", "SQC021", 1, "ADD DATABASE is not guarded"},
	{"guard without is_local", 2012, "IF EXISTS (SELECT 1 FROM sys.dm_hadr_availability_replica_states WHERE role = 1)\n    ALTER AVAILABILITY GROUP [G] ADD DATABASE [A];", "SQC021", 2, "is_local"},
	{"guard of another batch", 2012, asPrimary("PRINT N'x';") + "\nGO\nALTER AVAILABILITY GROUP [G] REMOVE LISTENER N'L';", "SQC021", 4, "REMOVE LISTENER"},
	{"guard for the wrong role", 2012, asPrimary("ALTER AVAILABILITY GROUP [G] FAILOVER;"), "SQC021", 2, "asks for role 1"},
	{"query that guards nothing", 2012, "SELECT role FROM sys.dm_hadr_availability_replica_states WHERE is_local = 1;\nALTER DATABASE [A] SET HADR OFF;", "SQC021", 2, "SET HADR"},
	{"dynamic drop of the group", 2012, "DECLARE @q nvarchar(max);\nSET @q = N'DROP AVAILABILITY GROUP ' + QUOTENAME(N'G');\nEXEC (@q);", "SQC021", 2, "in dynamic SQL: DROP AVAILABILITY GROUP"},
	{"mirroring without guard", 2012, "ALTER DATABASE [A] SET PARTNER FAILOVER;", "SQC021", 1, "sys.database_mirroring"},
	{"sqlcmd command", 2012, "PRINT N'x';\n:setvar x 1", "SQC022", 2, "sqlcmd command"},

	{"statement of no known kind", 2012, "DBCC CHECKDB;", "SQP002", 1, "DBCC"},
	{"a word deleted in front", 2012, "AVAILABILITY GROUP [G] FAILOVER;", "SQP002", 1, "AVAILABILITY"},
	{"GO with a semicolon", 2012, "PRINT N'x'\nGO;", "SQP003", 2, "GO must stand alone"},
	{"GO in a comment", 2012, "/* a\nGO\n*/ PRINT N'x';", "SQP003", 2, "inside a comment"},
	{"END without BEGIN", 2012, "PRINT N'x';\nEND;", "SQP004", 2, "END without"},
	{"IF without statement", 2012, "DECLARE @a int;\nIF @a = 1", "SQP004", 2, "not followed by a statement"},
	{"TRY without CATCH", 2012, "BEGIN TRY\n    PRINT N'x';\nEND TRY;", "SQP004", 1, "without BEGIN CATCH"},
	{"GO inside a block", 2012, "DECLARE @a int;\nIF @a = 1\nBEGIN\n    PRINT N'x';", "SQP005", 3, "GO must not stand inside"},
	{"stray character", 2012, "PRINT N'x' ` ;", "SQP001", 1, "no meaning"},
}

func TestBroken(t *testing.T) {
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			findings := Check("f.sql", framed(b.body), Options{b.version})
			hit := false
			for _, f := range findings {
				if f.Code != b.code {
					t.Errorf("another code: %v", f)
				}
				hit = hit || f.Code == b.code && f.Line == bodyLine+b.line-1 && strings.Contains(f.Message, b.says)
			}
			if !hit {
				t.Errorf("no %s on line %d saying %q; body starts on %d; got %v", b.code, bodyLine+b.line-1, b.says, bodyLine, findings)
			}
		})
	}
}

// whole are files that break the frame itself.
var whole = []struct {
	name, data, code, says string
	line                   int
}{
	{"no header", testGuard + testEnd, "SQC001", "does not start", 1},
	{"header without Undo", strings.Replace(testHeader, "Undo      nothing\n", "", 1) + testGuard + testEnd, "SQC001", "no field Undo", 1},
	{"header field twice", strings.Replace(testHeader, "Undo", "Step      again\nUndo", 1) + testGuard + testEnd, "SQC001", "Step stands twice", 6},
	{"no guard", testHeader + "PRINT N'x';\n" + testEnd, "SQC002", "must end with IF", 9},
	{"guard that compares nothing", testHeader + strings.Replace(testGuard, "@want <> @have", "@want <> @want", 1) + testEnd, "SQC002", "must compare", 9},
	{"guard with AND", testHeader + strings.Replace(testGuard, "@want <> @have", "@want <> @have AND @have IS NULL", 1) + testEnd, "SQC002", "at most with OR", 9},
	{"guard with state 1", testHeader + strings.Replace(testGuard, "127", "1", 1) + testEnd, "SQC002", "state 127", 9},
	{"guard without NOEXEC", testHeader + strings.Replace(testGuard, "    SET NOEXEC ON;\n", "", 1) + testEnd, "SQC002", "SET NOEXEC ON is missing", 9},
	{"guard without server name", testHeader + strings.Replace(testGuard, "@@SERVERNAME", "HOST_NAME()", 1) + testEnd, "SQC002", "@@SERVERNAME", 9},
	{"work in the first batch", testHeader + strings.Replace(testGuard, "IF @want", "PRINT N'x';\nIF @want", 1) + testEnd, "SQC002", "nothing else", 9},
	{"guard without GO", testHeader + strings.Replace(testGuard, "GO\n", "", 1) + "SET NOEXEC OFF;\n", "SQC002", "no GO", 1},
	{"end without NOEXEC OFF", testHeader + testGuard + "PRINT N'x';\n", "SQC003", "last statement", 17},
	{"unclosed string", testHeader + testGuard + testEnd + "PRINT N'x;\n", "SQP001", "not closed", 19},
	{"unclosed comment", testHeader + testGuard + testEnd + "/* x\n", "SQP001", "not closed", 19},
}

func TestFrame(t *testing.T) {
	for _, b := range whole {
		t.Run(b.name, func(t *testing.T) {
			findings := Check("f.sql", crlf(b.data), Options{2012})
			if !slices.ContainsFunc(findings, func(f Finding) bool {
				return f.Code == b.code && f.Line == b.line && strings.Contains(f.Message, b.says)
			}) {
				t.Errorf("no %s on line %d saying %q; got %v", b.code, b.line, b.says, findings)
			}
		})
	}
	if f := Check("f.sql", crlf(strings.Replace(testHeader, "*/", "Variables  who, what\n*/", 1)+testGuard+"PRINT N'$(who)' + [$(what)];\n"+testEnd), Options{2012}); len(f) > 0 {
		t.Errorf("declared sqlcmd variables: %v", f)
	}
	if f := Check("f.sql", crlf(testHeader+strings.Replace(testGuard, "IF @want <> @have", "IF @have IS NULL OR @want <> @have", 1)+testEnd), Options{2012}); len(f) > 0 {
		t.Errorf("guard that also catches an unknown name: %v", f)
	}
}

func TestBytes(t *testing.T) {
	good := string(framed("PRINT N'x';"))
	nonASCII := string(framed("PRINT N'ü';"))
	for _, b := range []struct{ name, data, code string }{
		{"clean", good, ""},
		{"BOM", "\uFEFF" + good, ""},
		{"BOM and beyond ASCII", "\uFEFF" + nonASCII, ""},
		{"beyond ASCII without BOM", nonASCII, "SQC017"},
		{"not UTF-8", strings.Replace(good, "N'x'", "N'\xfc'", 1), "SQC017"},
		{"LF", strings.ReplaceAll(good, "\r\n", "\n"), "SQC018"},
		{"lone CR", strings.Replace(good, "N'x';\r\n", "N'x';\r", 1), "SQC018"},
		{"no end of the last line", strings.TrimSuffix(good, "\r\n"), "SQC018"},
		{"bell", strings.Replace(good, "N'x'", "N'\a'", 1), "SQC019"},
		{"bidi override", "\uFEFF" + strings.Replace(good, "N'x'", "N'\u202Ex'", 1), "SQC019"},
		{"template action", strings.Replace(good, "N'x'", "N'{{.Name}}'", 1), "SQC020"},
	} {
		t.Run(b.name, func(t *testing.T) {
			findings := Check("f.sql", []byte(b.data), Options{2016})
			if b.code == "" && len(findings) > 0 || b.code != "" && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == b.code }) {
				t.Errorf("want %q, got %v", b.code, findings)
			}
		})
	}
}

func TestMicrosoftCatchesTheRest(t *testing.T) {
	tool := mscheck.Require(t)
	bodies := []struct {
		version int
		body    string
		line    int
	}{
		{2012, "SELECT name FROM WHERE name = N'x';", 1},
		{2012, asPrimary("ALTER AVAILABILITY GROUP [G]\nADD DATABASE [A];") + "\nSELECT FROM;", 4},
		{2012, "BACKUP DATABASE [A] TO DISK N'x';", 1},
		{2016, "DECLARE @q nvarchar(max);\nSET @q = N'CREATE LOGIN ' + QUOTENAME(N'x') + N' FROM WINDOW;';\nEXEC (@q);", 2},
		{2012, "PRINT N'x'\nGO 3\nRESTORE LOG [A] DISK = N'x';", 3},
	}
	var files []Source
	for i, b := range bodies {
		files = append(files, Source{fmt.Sprintf("f%d.sql", i), framed(b.body), Options{b.version}})
	}
	findings, err := CheckFiles(context.Background(), tool, files)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bodies {
		if !slices.ContainsFunc(findings, func(f Finding) bool {
			return f.File == files[i].Name && f.Code == "SQM001" && f.Line == bodyLine+b.line-1
		}) {
			t.Errorf("%q: no SQM001 on line %d in %v", b.body, bodyLine+b.line-1, findings)
		}
	}
}

// TestRules holds the list of codes against the code and the samples: each is used, listed and has a broken sample.
func TestRules(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used, sampled := map[string]bool{}, map[string]bool{}
	for _, f := range sources {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range regexp.MustCompile(`"SQ[A-Z][0-9]{3}"`).FindAllString(string(data), -1) {
			switch {
			case strings.HasSuffix(f, "_test.go"):
				sampled[strings.Trim(code, `"`)] = true
			case f != "rules.go":
				used[strings.Trim(code, `"`)] = true
			}
		}
	}
	listed := map[string]bool{}
	for _, r := range Rules {
		if listed[r.Code] || r.Text == "" || !used[r.Code] || !sampled[r.Code] {
			t.Errorf("%s: listed twice %v, used %v, has a sample %v", r.Code, listed[r.Code], used[r.Code], sampled[r.Code])
		}
		listed[r.Code] = true
	}
	for code := range used {
		if !listed[code] {
			t.Errorf("%s is used and not listed", code)
		}
	}
}

func TestUnknownVersion(t *testing.T) {
	if f := Check("f.sql", framed("PRINT N'x';"), Options{2013}); len(f) != 1 || f[0].Code != "SQP000" {
		t.Errorf("got %v", f)
	}
}

func TestSpeed(t *testing.T) {
	tool := mscheck.Require(t)
	var files []Source
	for i := range 300 {
		v := valid[i%len(valid)]
		files = append(files, Source{fmt.Sprintf("%d.sql", i), framed(v.body), Options{v.version}})
	}
	start := time.Now()
	findings, err := CheckFiles(context.Background(), tool, files)
	if err != nil || len(findings) > 0 {
		t.Fatalf("%v %v", findings, err)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("300 files took %v", d)
	} else {
		t.Logf("300 files took %v", d)
	}
}
