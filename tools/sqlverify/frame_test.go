package sqlverify

import "strings"

const testHeader = `/*
Step      database/sample, install
Run on    SQL1 (sql1.contoso.com)
Run by    database administrator
Changes   nothing
Undo      nothing
Sources   [documented] a sample
*/
`

const testGuard = `DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL1'; SET @have = @@SERVERNAME;
IF @want <> @have
BEGIN
    RAISERROR(N'Wrong instance. Wanted %s, connected to %s.', 16, 127, @want, @have);
    SET NOEXEC ON;
END;
GO
`

const testEnd = "GO\nSET NOEXEC OFF;\n"

// bodyLine is the line on which a framed body starts.
var bodyLine = 1 + strings.Count(testHeader+testGuard, "\n")

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

// framed puts a body into a file that keeps the contract.
func framed(body string) []byte { return crlf(testHeader + testGuard + body + "\n" + testEnd) }

// asPrimary, asSecondary and asMirror put a guard in front of one statement.
func asPrimary(s string) string {
	return "IF EXISTS (SELECT 1 FROM sys.dm_hadr_availability_replica_states WHERE is_local = 1 AND role = 1)\n" + s
}

func asSecondary(s string) string {
	return "IF EXISTS (SELECT 1 FROM sys.dm_hadr_availability_replica_states WHERE is_local = 1 AND role = 2)\n" + s
}

func asMirror(s string) string {
	return "IF EXISTS (SELECT 1 FROM sys.database_mirroring WHERE database_id = DB_ID(N'A') AND mirroring_guid IS NULL)\n" + s
}

func asNew(s string) string {
	return "IF NOT EXISTS (SELECT 1 FROM sys.availability_groups_cluster WHERE name = N'G')\n" + s
}

func asUnjoined(s string) string {
	return "IF NOT EXISTS (SELECT 1 FROM sys.dm_hadr_availability_replica_cluster_states WHERE replica_server_name = @@SERVERNAME AND join_state IN (1, 2))\n" + s
}

// pair is the body of WITH ( … ) of a synchronous replica.
const pair = "ENDPOINT_URL = N'TCP://h.contoso.com:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC"

const testGroup2012 = "CREATE AVAILABILITY GROUP [G] WITH (AUTOMATED_BACKUP_PREFERENCE = PRIMARY, FAILURE_CONDITION_LEVEL = 3, HEALTH_CHECK_TIMEOUT = 30000)\n" +
	"FOR REPLICA ON N'SQL1' WITH (" + pair + ", BACKUP_PRIORITY = 50, SECONDARY_ROLE (ALLOW_CONNECTIONS = NO)),\n" +
	"N'SQL2\\MBAM' WITH (" + pair + ", SESSION_TIMEOUT = 10);"
