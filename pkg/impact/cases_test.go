package impact_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/impact"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// load reads an example and puts edits into it, pairs of a text and what stands in its place. Rules are not asked.
func load(t testing.TB, name string, edits ...string) (*topology.Loaded, *farm.Farm) {
	t.Helper()
	data, err := fs.ReadFile(examples.FS, name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%s: no %q", name, edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	l, found := topology.Load(name, []byte(text))
	if found.Errors() > 0 {
		t.Fatal(found)
	}
	f, found := farm.New(name, l.File, l.Origins)
	if f == nil {
		t.Fatal(found)
	}
	return l, f
}

func analyze(t testing.TB, name string, edits ...string) *impact.Analysis {
	t.Helper()
	_, f := load(t, name, edits...)
	return impact.Analyze(f)
}

// letters writes the states of a scenario in the order escrow, status, helpdesk, reports, selfservice, administration: U up,
// A automatic, G degraded, M manual, D down.
func letters(s impact.Scenario) string {
	out := ""
	for _, e := range s.Effects {
		out += "UAGMD"[e.State : e.State+1]
	}
	return out
}

// Edits of contoso-alwayson.
var (
	allVote   = []string{"  noVote: SQL3\n", ""}
	noWitness = []string{"  witness: \\\\fs1.contoso.com\\sqlclu1-witness\n", ""}
	old       = []string{`windows: "2019"`, `windows: "2012"`}
	stretched = []string{"SQL2: {site: HQ", "SQL2: {site: DR"}
	manual    = []string{"replicas: [SQL1, SQL2,", "replicas: [SQL1, {instance: SQL2, failover: manual},"}
)

// partner makes the principal of adatum-mirroring a clustered instance.
var partner = []string{
	"  SQL2: {site", "  SQL1B: {site: HQ, address: 10.10.0.14/24}\n  SQL2: {site", "instances:\n  SQL1:\n", "instances:\n  SQLNET: {nodes: [SQL1, SQL1B]}\n",
	"principal: SQL1", "principal: SQLNET",
}

func both(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// The cases were worked out by hand from the sources that they name; "sql-ha 6.2" is a section of the SQL Server reference that the
// sources of docs/sources.yaml are collected in.
func TestCases(t *testing.T) {
	for _, tt := range []struct {
		example string
		edits   []string
		fail    string // separated by commas
		want    string // see letters
		why     string // where it stands, and how it was worked out
		do      string // part of the first action of the first service that has one
		drill   string // step and server of that action, or of the rehearsal
		risk    string // part of the data at risk of some service
	}{
		// One group, two synchronous replicas with votes, a witness, a third replica without a vote in another site.
		{"contoso-alwayson", nil, "SQL1", "AAAAAA", "sql-ag-failover-modes: both automatic, synchronized, 2 of 3 votes", "", "database/drill-planned-failover SQL2", ""},
		{"contoso-alwayson", nil, "SQL2", "UUUUUU", "the primary keeps 2 of 3 votes", "", "", ""},
		{"contoso-alwayson", nil, "SQL3", "UUUUUU", "an asynchronous copy without a vote", "", "", ""},
		{"contoso-alwayson", nil, "witness", "UUUUUU", "win-cluster-quorum: 2 nodes and witness, 2 of 3 votes are left", "", "", ""},
		{"contoso-alwayson", nil, "SQL1,witness", "MMMMMM", "win-cluster-quorum: 1 of 3 votes at once; then the group is forced as well", "Start the cluster on SQL2 by force", "database/drill-forced-failover SQL2", "loses nothing while its copy was synchronized"},
		{"contoso-alwayson", nil, "SQL2,witness", "MMMMMM", "the primary lives, but the cluster stops under it", "Start the cluster on SQL1 by force", "database/drill-forced-failover SQL1", ""},
		{"contoso-alwayson", nil, "SQL1,SQL2", "MMMMMM", "sql-ha 6.2: only the asynchronous copy is left, and no votes", "make SQL3 the primary", "database/drill-forced-failover SQL3", "of the last moments"},
		{"contoso-alwayson", nil, "SQL1,SQL3", "AAAAAA", "SQL3 has neither vote nor part in the failover", "", "database/drill-planned-failover SQL2", ""},
		{"contoso-alwayson", nil, "SQL2,SQL3", "UUUUUU", "2 of 3 votes: SQL1 and the witness", "", "", ""},
		{"contoso-alwayson", nil, "SQL1,SQL2,SQL3", "DDDDDD", "no copy is left", "restore the newest backups", "", "since the newest backup"},
		{"contoso-alwayson", nil, "site:HQ", "DDDDDD", "no web node is left; the copy in DR must be forced besides", "", "", "of the last moments"},
		{"contoso-alwayson", nil, "site:DR", "UUUUUU", "as SQL3", "", "", ""},
		{"contoso-alwayson", nil, "link:HQ-DR", "UUUUUU", "all votes and all web nodes are in HQ", "", "", ""},
		{"contoso-alwayson", nil, "link:HQ-DR,SQL1", "AAAAAA", "HQ has SQL2 and the witness", "", "", ""},
		{"contoso-alwayson", nil, "WEB1", "AAAUAA", "win-nlb: a server that is gone is noticed", "", "web/drill-node-loss WEB1", ""},
		{"contoso-alwayson", nil, "WEB1,WEB2", "DDDGDD", "mbam20-ha: without the web services nothing encrypts, nobody reports, reports go stale", "Bring a node back", "", ""},
		{"contoso-alwayson", nil, "WEB1,SQL1", "AAAAAA", "two failovers that do not touch each other", "", "", ""},
		{"contoso-alwayson", nil, "WEB2,RPT1", "AAADAG", "mbam20-ha: without the reports' server no reports", "", "", ""},
		{"contoso-alwayson", nil, "RPT1", "UUUDUG", "mbam20-ha", "Bring the report server back", "", ""},
		{"contoso-alwayson", nil, "certificate:web", "DDDGDD", "the agent ignores no certificate error", "Renew", "web/certificate-change WEB1", ""},
		{"contoso-alwayson", nil, "account:pool", "DDDGDD", "mbam-accounts: one account for all nodes", "Unlock", "web/pool-password-change WEB1", ""},
		{"contoso-alwayson", nil, "account:reports", "UUUDUG", "the account of the data source only", "", "", ""},
		{"contoso-alwayson", nil, "listener:MBAM-SQL", "DDDDDD", "sql-ag-listener: all connection strings name it", "Bring the listener online", "", ""},
		{"contoso-alwayson", nil, "name:mbam.contoso.com", "DDDGDD", "mbam-gpo: one URL for a service", "Publish", "directory/dns-record ", ""},
		{"contoso-alwayson", nil, "balancer:web", "DDDGDD", "the virtual address is the only one", "", "", ""},
		{"contoso-alwayson", nil, "machineKey:web", "UUGUGG", "mbam-ha: the websites use one machine key; clients keep no session", "Set the farm's machine key", "web/machine-key WEB1", ""},
		{"contoso-alwayson", nil, "directory", "DDDDDD", "nobody is authenticated", "", "", ""},
		{"contoso-alwayson", nil, "dns", "DDDDDD", "no name is resolved", "", "", ""},
		// Votes.
		{"contoso-alwayson", allVote, "SQL1,witness", "AAAAAA", "win-cluster-quorum: beside 3 nodes the witness has no vote from 2012 R2 on, 2 of 3", "", "", ""},
		{"contoso-alwayson", both(allVote, old), "SQL1,witness", "MMMMMM", "2012: the witness votes always, 2 of 4 is no majority", "-FixQuorum", "", ""},
		{"contoso-alwayson", allVote, "SQL1,SQL2", "MMMMMM", "win-cluster-quorum: 3 nodes and witness do not survive two simultaneous failures", "", "", ""},
		{"contoso-alwayson", both(allVote, noWitness), "SQL1", "AAAAAA", "win-cluster-quorum: 3 nodes survive one", "", "", ""},
		{"contoso-alwayson", both(allVote, noWitness), "link:HQ-DR", "UUUUUU", "HQ keeps 2 of 3 votes", "", "", ""},
		{"contoso-alwayson", both(allVote, noWitness), "SQL1,SQL2", "MMMMMM", "1 of 3", "", "", ""},
		{"contoso-alwayson", noWitness, "SQL1", "MMMMMM", "win-cluster-quorum: two nodes without a witness, 50/50, taken as lost", "Start the cluster on SQL2 by force", "", ""},
		{"contoso-alwayson", noWitness, "SQL2", "MMMMMM", "the same chance for the other one", "Start the cluster on SQL1 by force", "", ""},
		// Failover modes.
		{"contoso-alwayson", manual, "SQL1", "MMMMMM", "sql-ag-failover-modes: when either mode is manual, no automatic failover; a synchronized copy loses nothing", "Make SQL2 the primary", "database/drill-forced-failover SQL2", "loses nothing"},
		{"contoso-alwayson", []string{"replicas: [SQL1, SQL2,", "replicas: [SQL1, {instance: SQL2, availability: asynchronous},"}, "SQL1", "MMMMMM", "asynchronous copies support forced failover only", "Make SQL2 the primary", "", "of the last moments"},
		// A cut network.
		{"contoso-alwayson", stretched, "link:HQ-DR", "DDDDDD", "win-cluster-quorum: either side can get the witness; when DR does, SQL2 takes over and no web node reaches it", "", "", ""},
		{"contoso-alwayson", both(stretched, []string{"WEB2: {site: HQ", "WEB2: {site: DR"}), "link:HQ-DR", "GGGDGG", "one web node stays with the databases on either side, the report server may not", "Take these nodes out", "web/drill-node-drain ", ""},
		{"contoso-alwayson", both(stretched, []string{"sqlclu1-witness", "w", "witness: \\\\fs1.contoso.com", "witness: \\\\RPT1"}), "link:HQ-DR", "UUUUUU", "the witness is in HQ, so HQ has 2 of 3", "", "", ""},
		{"contoso-alwayson", both(stretched, []string{"sqlclu1-witness", "w", "witness: \\\\fs1.contoso.com", "witness: \\\\rpt1.contoso.com"}), "SQL1,RPT1", "MMMMMM"[:3] + "DMM", "the witness falls with the server that holds it", "", "", ""},
		// Two basic groups.
		{"basic-groups", nil, "SQL1", "AAAAAA", "each group by itself, both the same way", "", "database/drill-planned-failover SQL2", ""},
		{"basic-groups", nil, "listener:MBAM-SQL-K", "DUDUDD", "only the recovery database has this listener", "", "", ""},
		{"basic-groups", nil, "listener:MBAM-SQL-S", "UDGDGD", "keys are stored; reading them is recorded in the other database", "", "", ""},
		{"basic-groups", nil, "SQL1,SQL2", "DDDDDD", "no copy is left", "", "", "up to 15 minutes"},
		{"basic-groups", nil, "WEB1", "AAAUAA", "mbam-ha: a load balancer", "", "", ""},
		// A mirrored pair with a witness.
		{"adatum-mirroring", nil, "SQL1", "AAAAAA", "sql-mirroring-quorum: mirror and witness", "", "database/drill-mirroring SQL1", ""},
		{"adatum-mirroring", nil, "SQL2", "UUUUUU", "running exposed: principal and witness", "", "", ""},
		{"adatum-mirroring", nil, "WIT1", "UUUUUU", "partner-to-partner quorum", "", "", ""},
		{"adatum-mirroring", nil, "SQL1,WIT1", "MMMMMM", "the mirror alone has no quorum; forced service", "take the witness out on SQL2", "database/forced-service SQL2", "loses nothing while"},
		{"adatum-mirroring", nil, "SQL2,WIT1", "MMMMMM", "the principal alone has no quorum and stops serving", "On SQL1, take the witness out", "", ""},
		{"adatum-mirroring", nil, "SQL1,SQL2", "DDDDDD", "a witness holds no data", "restore the newest backups", "", ""},
		{"adatum-mirroring", []string{"    witness: WIT1  ", "#   "}, "SQL1", "MMMMMM", "sql-ha 3.8: full safety without a witness is failed over by hand", "force SQL2 into service", "database/forced-service SQL2", "loses nothing while"},
		{"adatum-mirroring", []string{"    witness: WIT1  ", "#   "}, "SQL2", "UUUUUU", "no quorum is asked for", "", "", ""},
		{"adatum-mirroring", []string{"WIT1: {site: HQ", "WIT1: {site: DR"}, "link:HQ-DR", "UUUUUU", "the partners see each other", "", "", ""},
		{"adatum-mirroring", []string{"WIT1: {site: HQ", "WIT1: {site: DR", "SQL2: {site: HQ", "SQL2: {site: DR"}, "link:HQ-DR", "DDDDDD", "mirror and witness take over where no web node is", "Repair the network", "", ""},
		{"adatum-mirroring", partner, "SQL1", "AAAAAA", "sql-mirroring-cluster: the cluster's failover comes before the mirror's", "", "", ""},
		{"adatum-mirroring", partner, "SQL1B", "UUUUUU", "it runs on SQL1", "", "", ""},
		{"adatum-mirroring", partner, "SQL1,SQL1B", "AAAAAA", "mirror and witness", "", "database/drill-mirroring SQLNET", ""},
		{"adatum-mirroring", partner, "storage:SQLNET", "AAAAAA", "the mirror has files of its own", "", "database/drill-mirroring SQLNET", ""},
		{"adatum-mirroring", both(partner, []string{"    witness: WIT1  ", "    #"}), "storage:SQLNET", "MMMMMM", "forced by hand without a witness", "force SQL2 into service", "database/forced-service SQL2", ""},
		// Two mirrored pairs without a witness, one asynchronous.
		{"litware-two-mirrors", nil, "DB1", "MMMMMM", "both principals are on DB1", "force DB2\\KEYS into service", "database/forced-service DB2.KEYS", "its copy is asynchronous"},
		{"litware-two-mirrors", nil, "DB2", "UUUUUU", "the principal goes on", "", "", ""},
		{"litware-two-mirrors", nil, "DB1,DB3", "MDMDMD", "the compliance database has no copy left", "", "", ""},
		{"litware-two-mirrors", nil, "DB1,DB2", "DMDMDD", "the recovery database has no copy left", "", "", ""},
		{"litware-two-mirrors", nil, "link:HQ-DR", "UUUUUU", "the principals and all web nodes are in HQ", "", "", ""},
		{"litware-two-mirrors", nil, "DB1,link:HQ-DR", "MDMDMD", "the copy in DR can be forced, but nothing in HQ reaches it", "", "", ""},
		// A mirrored pair that exists, HAProxy, a certificate for each node.
		{"fabrikam-mirrored", nil, "DB1", "MMMMMM", "no witness", "", "database/forced-service DB2.MBAM", ""},
		{"fabrikam-mirrored", nil, "certificate:web/NODE1", "AAAUAA", "haproxy: verify required in the probe takes the node out", "", "", ""},
		{"fabrikam-mirrored", []string{"balancer: {kind: haproxy", "balancer: {kind: external"}, "certificate:web/NODE1", "GGGGGG", "what the balancer sends there fails, so that some clients cannot report", "Take the node out", "web/certificate-change NODE1", ""},
		{"fabrikam-mirrored", nil, "NODE2,certificate:web/NODE1", "DDDGDD", "no node with a valid certificate is left", "", "", ""},
		// A failover cluster instance.
		{"fci", nil, "NODE1", "AAAAAA", "sql-fci: the cluster starts it on the other node; 2 of 3 votes", "", "database/drill-instance-move SQLMBAM.BITLOCKER", ""},
		{"fci", nil, "NODE2", "UUUUUU", "it runs on NODE1", "", "", ""},
		{"fci", nil, "NODE1,witness", "MMMMMM", "1 of 3", "Start the cluster on NODE2 by force", "", ""},
		{"fci", nil, "storage:SQLMBAM\\BITLOCKER", "DDDDDD", "the files are there once", "restore the newest backups", "", "since the newest backup"},
		{"fci", nil, "listener:SQLMBAM", "DDDDDD", "all clients know this name, and the instance depends on it", "network name", "", ""},
		{"fci", nil, "NODE1,NODE2", "DDDDDD", "no node is left", "", "", ""},
		{"fci", []string{"  witness: Cluster Disk 1 ", "  # "}, "NODE1", "MMMMMM", "win-cluster-quorum: two nodes without a witness, 50/50", "", "", ""},
		// A group over a named instance, a clustered one and an asynchronous one; three votes, so that the witness has none.
		{"multi-subnet-named-instances", nil, "SQLA", "MMMMMM", "sql-ha 2: failover to and from a clustered instance is by hand; 2 of 3 votes", "Make SQLFCI the primary", "database/drill-forced-failover SQLFCI", "loses nothing while"},
		{"multi-subnet-named-instances", nil, "CLUA", "UUUUUU", "the copy moves to CLUB, the primary goes on", "", "", ""},
		{"multi-subnet-named-instances", nil, "CLUA,CLUB", "MMMMMM", "1 of 3 votes: the cluster stops under the primary", "Start the cluster on SQLA by force", "", ""},
		{"multi-subnet-named-instances", nil, "SQLA,CLUA", "MMMMMM", "1 of 3", "Start the cluster on CLUB by force", "", ""},
		{"multi-subnet-named-instances", nil, "storage:SQLFCI", "UUUUUU", "only the copy loses its disks", "", "", ""},
		{"multi-subnet-named-instances", nil, "SQLA,storage:SQLFCI", "MMMMMM", "the asynchronous copy is left, with quorum", "Make SQLDR\\MBAM the primary", "database/drill-forced-failover SQLDR.MBAM", "of the last moments"},
		{"multi-subnet-named-instances", nil, "SQLDR", "UUUUUU", "no vote, asynchronous", "", "", ""},
		// Portals and agent services apart, report servers in scale-out.
		{"split-portals", nil, "AGENT1", "AAUUUU", "only the agent's farm", "", "", ""},
		{"split-portals", nil, "AGENT1,AGENT2", "DDUGUG", "people read keys; nothing new comes in", "", "", ""},
		{"split-portals", nil, "PORTAL1,PORTAL2", "UUDUDD", "clients store keys; reports can be read in Reporting Services", "", "", ""},
		{"split-portals", nil, "RPT1", "UUUAUU", "the other report server answers under the common name", "", "", ""},
		{"split-portals", nil, "RPT1,RPT2", "UUUDUG", "", "", "", ""},
		{"split-portals", nil, "reportdb", "UUUDUG", "one database for all report servers", "", "", ""},
		{"split-portals", nil, "certificate:agents", "DDUGUG", "the farms have certificates of their own", "", "", ""},
		// Nothing takes over.
		{"standalone-two-servers", nil, "KEYS1", "DUDUDD", "the Recovery Database alone", "restore the newest backups", "", "recovery keys"},
		{"standalone-two-servers", nil, "STATUS1", "UDGDGD", "the other database and the reports; mbam-events 101 for the audit", "", "", "compliance reports"},
		{"standalone-two-servers", nil, "WEB1", "DDDGDD", "one web server", "Bring a node back", "", ""},
		// MBAM 2.0: the four points of its page, and the portal.
		{"mbam20-two-servers", nil, "MBAMDB", "DDDDD", "mbam20-ha", "", "", ""},
		{"mbam20-two-servers", nil, "MBAMWEB", "DDDGD", "mbam20-ha: not stored, not current, no keys; reports can be read and go stale", "", "", ""},
		// Windows Server 2012: the witness always votes.
		{"rtm-2012", nil, "SQL1", "AAAAAA", "2 of 3", "", "", ""},
		{"rtm-2012", nil, "SQL1,witness", "MMMMMM", "1 of 3", "-FixQuorum", "", ""},
		{"existing-attach-only", nil, "WEB1,WEB2", "AAAUAA", "the third node serves", "", "", ""},
		{"existing-to-alwayson", nil, "SQL1", "AAAAAA", "the group that is planned, not the server of today", "", "", ""},
	} {
		name := tt.example + " " + tt.fail + " " + strings.Join(tt.edits, "|")
		s, err := analyze(t, tt.example, tt.edits...).Fail(strings.Split(tt.fail, ",")...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := letters(s); got != tt.want {
			t.Errorf("%s: got %s, want %s (%s)\n%s", name, got, tt.want, tt.why, s.Effects[0].Why)
		}
		do, drill, risk := "", "", ""
		for _, e := range s.Effects {
			if len(e.Actions) > 0 && do == "" {
				do = e.Actions[0].Text
				if d := e.Actions[0].Drill; d != nil {
					drill = d.Step + " " + d.Server
				}
			}
			if e.Rehearsal != nil && drill == "" {
				drill = e.Rehearsal.Step + " " + e.Rehearsal.Server
			}
			risk += e.DataAtRisk
		}
		if !strings.Contains(do, tt.do) {
			t.Errorf("%s: to do is %q, want …%s…", name, do, tt.do)
		}
		if !strings.HasPrefix(drill, tt.drill) {
			t.Errorf("%s: drill is %q, want %q", name, drill, tt.drill)
		}
		if !strings.Contains(risk, tt.risk) {
			t.Errorf("%s: at risk is %q, want …%s…", name, risk, tt.risk)
		}
	}
}
