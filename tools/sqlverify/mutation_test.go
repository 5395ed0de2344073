package sqlverify

import (
	"slices"
	"strings"
	"testing"
)

// mutationSubjects are valid statements of every owned kind, bare, with the version they are for.
var mutationSubjects = []struct {
	version int
	sql     string
}{
	{2012, testGroup2012},
	{2019, "CREATE AVAILABILITY GROUP [G] WITH (DB_FAILOVER = ON, DTC_SUPPORT = NONE, CLUSTER_TYPE = WSFC) FOR DATABASE [A], [B] REPLICA ON N'S1' WITH (" + pair + ", SEEDING_MODE = AUTOMATIC, PRIMARY_ROLE (ALLOW_CONNECTIONS = ALL, READ_ONLY_ROUTING_LIST = ((N'S2', N'S3'), N'S1'))), N'S2' WITH (" + pair + ", SECONDARY_ROLE (ALLOW_CONNECTIONS = READ_ONLY, READ_ONLY_ROUTING_URL = N'TCP://h:1433')) LISTENER N'L' (WITH IP ((N'10.0.0.5', N'255.0.0.0')), PORT = 1433);"},
	{2019, "ALTER AVAILABILITY GROUP [G] SET (HEALTH_CHECK_TIMEOUT = 30000);"},
	{2019, "ALTER AVAILABILITY GROUP [G] ADD DATABASE [A];"},
	{2019, "ALTER AVAILABILITY GROUP [G] REMOVE DATABASE [A];"},
	{2019, "ALTER AVAILABILITY GROUP [G] ADD REPLICA ON N'S3' WITH (" + pair + ");"},
	{2019, "ALTER AVAILABILITY GROUP [G] MODIFY REPLICA ON N'S3' WITH (AVAILABILITY_MODE = SYNCHRONOUS_COMMIT);"},
	{2019, "ALTER AVAILABILITY GROUP [G] REMOVE REPLICA ON N'S3';"},
	{2019, "ALTER AVAILABILITY GROUP [G] JOIN;"},
	{2019, "ALTER AVAILABILITY GROUP [G] JOIN WITH (CLUSTER_TYPE = WSFC);"},
	{2019, "ALTER AVAILABILITY GROUP [G] GRANT CREATE ANY DATABASE;"},
	{2019, "ALTER AVAILABILITY GROUP [G] DENY CREATE ANY DATABASE;"},
	{2019, "ALTER AVAILABILITY GROUP [G] FAILOVER;"},
	{2019, "ALTER AVAILABILITY GROUP [G] FORCE_FAILOVER_ALLOW_DATA_LOSS;"},
	{2019, "ALTER AVAILABILITY GROUP [G] ADD LISTENER N'L' (WITH IP ((N'10.1.0.50', N'255.255.255.0'), (N'10.2.0.50', N'255.255.255.0')), PORT = 1433);"},
	{2019, "ALTER AVAILABILITY GROUP [G] ADD LISTENER N'L' (WITH DHCP ON (N'10.0.0.0', N'255.0.0.0'));"},
	{2019, "ALTER AVAILABILITY GROUP [G] MODIFY LISTENER N'L' (ADD IP (N'10.0.0.5', N'255.0.0.0'));"},
	{2019, "ALTER AVAILABILITY GROUP [G] MODIFY LISTENER N'L' (PORT = 1433);"},
	{2019, "ALTER AVAILABILITY GROUP [G] RESTART LISTENER N'L';"},
	{2019, "ALTER AVAILABILITY GROUP [G] REMOVE LISTENER N'L';"},
	{2019, "DROP AVAILABILITY GROUP [G];"},
	{2019, "ALTER DATABASE [A] SET HADR AVAILABILITY GROUP = [G];"},
	{2019, "ALTER DATABASE [A] SET HADR RESUME;"},
	{2008, "ALTER DATABASE [A] SET PARTNER = N'TCP://h:5022';"},
	{2008, "ALTER DATABASE [A] SET PARTNER SAFETY FULL;"},
	{2008, "ALTER DATABASE [A] SET PARTNER TIMEOUT 20;"},
	{2008, "ALTER DATABASE [A] SET WITNESS = N'TCP://h:5022';"},
	{2008, "CREATE ENDPOINT [E] STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL) FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL);"},
	{2008, "ALTER ENDPOINT [E] STATE = STARTED;"},
	{2008, "ALTER ENDPOINT [E] FOR DATABASE_MIRRORING (ROLE = ALL);"},
	{2008, "DROP ENDPOINT [E];"},
	{2008, "GRANT CONNECT ON ENDPOINT::[E] TO [x];"},
	{2008, "REVOKE CONNECT ON ENDPOINT::[E] FROM [x] CASCADE;"},
	{2008, "ALTER AUTHORIZATION ON ENDPOINT::[E] TO [sa];"},
}

// survivors are the deletions that leave a legal statement, as "statement's first words: token". No checker can object.
var survivors = []string{
	"CREATE ENDPOINT [E]: NEGOTIATE", // the default
	"REVOKE CONNECT ON: CASCADE",     // another statement, as legal
}

// TestTokenDeletion deletes every token of every owned statement. All that matters must be caught, by the structure or
// by the grammar; the end's semicolon does not matter.
func TestTokenDeletion(t *testing.T) {
	mutants, caught := 0, 0
	var missed []string
	for _, m := range mutationSubjects {
		s := scan(m.sql)
		for _, tok := range s.tokens {
			if tok.op(";") {
				continue
			}
			mutants++
			mutant := m.sql[:tok.off] + " " + m.sql[tok.end:]
			if faults(mutant, m.version) > 0 {
				caught++
				continue
			}
			missed = append(missed, s.tokens[0].raw+" "+s.tokens[1].raw+" "+s.tokens[2].raw+": "+tok.raw)
		}
		if n := faults(m.sql, m.version); n > 0 {
			t.Errorf("%s: the statement itself has %d findings", m.sql, n)
		}
	}
	t.Logf("%d of %d deletions caught (%.1f %%); survivors: %s", caught, mutants, 100*float64(caught)/float64(mutants), strings.Join(missed, ", "))
	if !slices.Equal(missed, survivors) {
		t.Errorf("survivors are\n%s\nwant\n%s", strings.Join(missed, "\n"), strings.Join(survivors, "\n"))
	}
}

// TestTokenDoubling does the same with every token written twice.
func TestTokenDoubling(t *testing.T) {
	for _, m := range mutationSubjects {
		for _, tok := range scan(m.sql).tokens {
			if tok.op(";") {
				continue
			}
			mutant := m.sql[:tok.end] + " " + m.sql[tok.off:]
			if faults(mutant, m.version) == 0 {
				t.Errorf("not caught: %s", mutant)
			}
		}
	}
}

// faults counts the findings about structure, grammar, meaning and version of one bare text.
func faults(sql string, version int) int {
	c := &checker{version: version}
	s := scan(sql)
	list := parseBatch(s.tokens, s.batches[0], c.at)
	c.statements(s.tokens, list)
	return len(c.findings) + len(s.problems)
}

func TestGrammarIsRefused(t *testing.T) {
	for _, src := range []string{
		"<a> ::= <b>", "<a> ::= lower", "<a> ::= [ X", "<a> ::= X | | Y", "<a> ::=", "X ::= Y", "<a> ::= X <a> ::= Y", "<a> ::= [ ,...n ]",
	} {
		if _, err := parseGrammar(src); err == nil {
			t.Errorf("%q is accepted", src)
		}
	}
}

func TestMaskKeepsPlaces(t *testing.T) {
	src := "PRINT N'a';\r\nIF 1 = 1\r\n  DROP\r\nENDPOINT [E]; SELECT $(x), 2\r\nGO 12 -- twice\r\nALTER AVAILABILITY GROUP [é]\r\n  FAILOVER; PRINT 2"
	want := "PRINT N'a';\r\nIF 1 = 1\r\n  PRINT 1\r\n            ; SELECT x   , 2\r\nGO            \r\nPRINT 1                     \r\n          ; PRINT 2"
	if got := mask(scan(src)); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
