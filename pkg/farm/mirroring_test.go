package farm

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// mirrored is a farm with the compliance database on pair a and the recovery database on pair b, which may be one.
func mirrored(a, b *Placement) *Farm {
	f := &Farm{Name: "adatum", Domain: Domain{NetBIOS: "ADATUM", DNS: "adatum.com"}}
	f.Compliance = &Database{Key: "compliance", Name: "MBAM Compliance Status", Placement: a}
	f.Recovery = &Database{Key: "recovery", Name: "MBAM ]'s keys", Placement: b}
	for _, d := range f.Databases() {
		d.Placement.Databases = append(d.Placement.Databases, d)
	}
	f.Placements = []*Placement{a}
	if a != b {
		f.Placements = append(f.Placements, b)
	}
	return f
}

func mirrorPair(name string, port int, members ...*Instance) *Placement {
	p := &Placement{Name: name, Kind: "mirroring", Principal: members[0], Mirror: members[1], SafetyFull: true, EndpointPort: port, EndpointName: name + "-endpoint"}
	if len(members) > 2 {
		p.Witness = members[2]
	}
	return p
}

func names(list []*Instance) string {
	var out []string
	for _, i := range list {
		out = append(out, i.Name)
	}
	return strings.Join(out, " ")
}

func placementNames(list []*Placement) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Name)
	}
	return strings.Join(out, " ")
}

// Two pairs that share a witness; the witness is partner of neither. SQL1 has an endpoint port of its own.
func TestMirroringRoles(t *testing.T) {
	sql1, sql2 := sqlInstance("SQL1", "sql1.adatum.com", 1433, 2016), sqlInstance("SQL2", "sql2.adatum.com", 1433, 2016)
	sql3, sql4 := sqlInstance(`SQL3\M`, "sql3.adatum.com", 14330, 2016), sqlInstance(`SQL4\M`, "sql4.adatum.com", 14330, 2016)
	wit, other := sqlInstance("WIT1", "wit1.adatum.com", 1433, 2016), sqlInstance("OTHER", "other.adatum.com", 1433, 2016)
	sql1.Endpoint, other.Endpoint = 5099, 5098
	for _, i := range []*Instance{sql1, sql2, sql3, sql4, wit} {
		i.Service = `ADATUM\svc-` + strings.ToLower(i.Network)
	}
	f := mirrored(mirrorPair("A", 5022, sql1, sql2, wit), mirrorPair("B", 5023, sql3, sql4, wit))
	for _, tt := range []struct {
		on                               *Instance
		partner, built, witnessed, peers string
		port                             int
		url, endpoint, logins, databases string
	}{
		{sql1, "A", "A", "", "SQL2 WIT1", 5099, "TCP://sql1.adatum.com:5099", "A-endpoint", `ADATUM\svc-sql2 ADATUM\svc-wit1`, "compliance"},
		{sql2, "A", "A", "", "SQL1 WIT1", 5022, "TCP://sql2.adatum.com:5022", "A-endpoint", `ADATUM\svc-sql1 ADATUM\svc-wit1`, "compliance"},
		{sql4, "B", "B", "", `SQL3\M WIT1`, 5023, "TCP://sql4.adatum.com:5023", "B-endpoint", `ADATUM\svc-sql3 ADATUM\svc-wit1`, "recovery"},
		{wit, "", "A B", "A B", `SQL1 SQL2 SQL3\M SQL4\M`, 5022, "TCP://wit1.adatum.com:5022", "A-endpoint", `ADATUM\svc-sql1 ADATUM\svc-sql2 ADATUM\svc-sql3 ADATUM\svc-sql4`, ""},
		{other, "", "", "", "", 0, "TCP://other.adatum.com:0", "", "", ""},
	} {
		accounts, err := f.MirroringLogins(tt.on)
		if err != nil {
			t.Fatal(err)
		}
		var logins, databases []string
		for _, a := range accounts {
			logins = append(logins, a.Down())
		}
		for _, d := range f.MirroredDatabases(tt.on) {
			databases = append(databases, d.Key)
		}
		for _, got := range [][2]string{
			{placementNames(f.PartnerPairs(tt.on)), tt.partner},
			{placementNames(f.NewPairs(tt.on)), tt.built},
			{placementNames(f.NewPartnerPairs(tt.on)), tt.partner},
			{placementNames(f.WitnessedPairs(tt.on)), tt.witnessed},
			{placementNames(f.WatchedPairs(tt.on)), ""},
			{names(f.MirroringPeers(tt.on)), tt.peers},
			{f.MirroringURL(tt.on), tt.url},
			{f.MirroringEndpoint(tt.on), tt.endpoint},
			{strings.Join(logins, " "), tt.logins},
			{strings.Join(databases, " "), tt.databases},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: got %q, want %q", tt.on.Name, got[0], got[1])
			}
		}
		if port := f.MirroringPort(tt.on); port != tt.port {
			t.Errorf("%s: port %d, want %d", tt.on.Name, port, tt.port)
		}
	}
	if got := names(f.PartnerInstances()); got != `SQL1 SQL2 SQL3\M SQL4\M` {
		t.Errorf("partners: %s", got)
	}
	f.Placements[0].Existing = true
	if got := placementNames(f.NewPairs(wit)) + "|" + placementNames(f.NewPairs(sql1)) + "|" + placementNames(f.PartnerPairs(sql1)); got != "B||A" {
		t.Errorf("with an existing pair: %s", got)
	}
	if got := names(f.MirroringPeers(wit)); got != `SQL3\M SQL4\M` {
		t.Errorf("peers with an existing pair: %s", got)
	}
	if p := f.Placements[0]; p.Partner(sql1) != sql2 || p.Partner(sql2) != sql1 || p.Partner(wit) != nil || p.Partner(sql3) != nil {
		t.Error("partners are wrong")
	}
}

func TestMirroringFirewall(t *testing.T) {
	principal, mirror := sqlInstance(`SQL1\M`, "sql1.adatum.com", 14330, 2016), sqlInstance("SQL2", "sql2.adatum.com", 1433, 2016)
	wit := sqlInstance("WIT1", "wit1.adatum.com", 1433, 2016)
	p := mirrorPair("A", 5022, principal, mirror, wit)
	f := mirrored(p, p)
	for n, i := range []*Instance{principal, mirror, wit} {
		h := i.Host()
		h.Instances = []*Instance{i}
		h.Address = netip.AddrFrom4([4]byte{10, 10, 0, byte(11 + n)})
		f.Hosts = append(f.Hosts, h)
	}
	rules := func(i *Instance) string {
		var out []string
		for _, r := range f.FirewallRules(i.Host()) {
			out = append(out, r.Protocol+" "+strconv.Itoa(r.Port)+" "+strings.Join(r.Remote, ","))
		}
		return strings.Join(out, "; ")
	}
	for _, tt := range []struct {
		on   *Instance
		want string
	}{
		{principal, "TCP 5022 10.10.0.12,10.10.0.13; TCP 14330 10.10.0.12,10.10.0.13; UDP 1434 10.10.0.12,10.10.0.13"},
		{mirror, "TCP 1433 10.10.0.11,10.10.0.13; TCP 5022 10.10.0.11,10.10.0.13; UDP 1434 10.10.0.11,10.10.0.13"},
		{wit, "TCP 1433 10.10.0.11,10.10.0.12; TCP 5022 10.10.0.11,10.10.0.12"},
	} {
		if got := rules(tt.on); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.on.Name, got, tt.want)
		}
	}
	f.Placements[0].Existing = true
	if got := rules(mirror); got != "TCP 1433 10.10.0.11,10.10.0.13; UDP 1434 10.10.0.11,10.10.0.13" {
		t.Errorf("an existing pair: %s", got)
	}
}

func TestMirroringValues(t *testing.T) {
	a, b := sqlInstance("SQL1", "sql1.adatum.com", 1433, 2016), sqlInstance("SQL2", "sql2.adatum.com", 1433, 2016)
	p := mirrorPair("A", 5022, a, b)
	if s, reason := p.answerTime(); s != 10 || reason == "" {
		t.Errorf("stand-alone partners wait %d", s)
	}
	b.Nodes = append(b.Nodes, &Host{Name: "SQL2B"})
	if s, _ := p.answerTime(); s != 90 {
		t.Errorf("with a clustered partner %d", s)
	}
	if p.SafetyLevel() != 2 || !p.WaitsFor() {
		t.Error("a synchronous pair is full and keeps a timeout")
	}
	p.SafetyFull = false
	if p.SafetyLevel() != 1 || p.WaitsFor() {
		t.Error("an asynchronous pair is off and keeps no timeout")
	}
	a.Data, b.Data = `E:\Data`, `e:\data\`
	if p.MirrorMoves() {
		t.Error("the same folder in another spelling is the same")
	}
	b.Log = `F:\Log`
	if !p.MirrorMoves() || b.LogFolder() != `F:\Log\` || b.DataFolder() != `e:\data\` || a.LogFolder() != "" {
		t.Error("another log folder needs a move")
	}
	if got, err := sqlInstance(`SQL1\M`, "sql1.adatum.com", 14330, 2016).ReportedConnection(); err != nil || got != `Data Source=SQL1\M;Initial Catalog="master";Integrated Security=SSPI;Connect Timeout=15` {
		t.Error(got, err)
	}
}

func TestWatchdog(t *testing.T) {
	a, b := sqlInstance("SQL1", "sql1.adatum.com", 1433, 2016), sqlInstance("SQL2", "sql2.adatum.com", 1433, 2016)
	p := mirrorPair("A", 5022, a, b)
	f := mirrored(p, p)
	if !p.Together() || placementNames(f.WatchedPairs(b)) != "A" {
		t.Fatal("a pair with both databases is watched on both partners")
	}
	w, err := f.Watchdog(p)
	if err != nil {
		t.Fatal(err)
	}
	const read = "SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); " +
		"SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance); "
	const want = "DECLARE @recovery sysname, @compliance sysname, @leads tinyint, @follows tinyint, @state tinyint, @safety tinyint; " +
		"SET @recovery = N'MBAM ]''s keys'; SET @compliance = N'MBAM Compliance Status'; " +
		read + "IF @leads <> @follows WAITFOR DELAY '00:00:30'; " + read + "IF @leads = 1 AND @follows = 2 WAITFOR DELAY '00:01:30'; " + read +
		"IF @leads IS NULL OR @follows IS NULL RAISERROR(N'mbamplan watchdog: %s or %s is not mirrored on this instance any more.', 16, 1, @recovery, @compliance) WITH LOG; " +
		"ELSE IF @leads = @follows PRINT N'Both databases are on one server.'; " +
		"ELSE IF @leads = 2 AND @state = 4 AND @safety = 2 BEGIN " +
		"RAISERROR(N'mbamplan watchdog: %s is principal here and %s on the partner: the first one follows.', 10, 1, @compliance, @recovery) WITH LOG; " +
		"ALTER DATABASE [MBAM Compliance Status] SET PARTNER FAILOVER; END; " +
		"ELSE RAISERROR(N'mbamplan watchdog: the MBAM databases %s and %s are on different servers and cannot be brought together now: the first must be synchronized with SAFETY FULL, and SQL Server Agent must run on its principal.', 16, 1, @compliance, @recovery) WITH LOG;"
	if got := w.Command.String(); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if w.Name != "mbamplan adatum mirroring watchdog" || w.Key != "adatum.mirroring-watchdog" {
		t.Errorf("%q %q", w.Name, w.Key)
	}
	f.Recovery.Name = "Keys $(x)"
	if _, err := f.Watchdog(p); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("a name with a token: %v", err)
	}
}
