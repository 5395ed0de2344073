package farm

import (
	"strings"
	"testing"
)

// basicGroups builds a farm with one group for each database on the same two instances.
func basicGroups() *Farm {
	status, keys := group(2019, 2019), group(2019, 2019)
	status.Name, keys.Name = "MBAM-STATUS", "MBAM-KEYS"
	for n, r := range keys.Replicas {
		r.Instance = status.Replicas[n].Instance
	}
	f := &Farm{
		Name: "trey", MBAM: MBAM{Release: "2.5 SP1"}, Cluster: &Cluster{Name: "SQLCLU1"}, Placements: []*Placement{status, keys},
		Compliance: &Database{Key: "compliance", Title: "Compliance and Audit Database", Name: "MBAM Compliance Status", Placement: status},
		Recovery:   &Database{Key: "recovery", Title: "Recovery Database", Name: "MBAM Recovery and Hardware", Placement: keys},
	}
	status.Databases, keys.Databases = []*Database{f.Compliance}, []*Database{f.Recovery}
	return f
}

func TestSplitGroups(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Farm)
		want   bool
	}{
		{"two groups on the same instances", func(*Farm) {}, true},
		{"in another order", func(f *Farm) {
			r := f.Recovery.Placement.Replicas
			r[0], r[1] = r[1], r[0]
		}, true},
		{"one group", func(f *Farm) { f.Recovery.Placement = f.Compliance.Placement }, false},
		{"an existing group", func(f *Farm) { f.Recovery.Placement.Existing = true }, false},
		{"another instance", func(f *Farm) {
			f.Recovery.Placement.Replicas[1].Instance = sqlInstance("SQL3", "sql3.contoso.com", 1433, 2019)
		}, false},
		{"fewer instances", func(f *Farm) { f.Recovery.Placement.Replicas = f.Recovery.Placement.Replicas[:1] }, false},
	} {
		f := basicGroups()
		tt.change(f)
		if got := f.SplitGroups(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
		if got := f.Watched(f.Compliance.Placement.Replicas[0].Instance); got != tt.want {
			t.Errorf("%s: watched %v", tt.name, got)
		}
	}
	f := basicGroups()
	if f.Watched(sqlInstance("SQL3", "sql3.contoso.com", 1433, 2019)) {
		t.Error("an instance of no group is watched")
	}
}

func TestGroupWatchdog(t *testing.T) {
	f := basicGroups()
	w, err := f.GroupWatchdog()
	if err != nil {
		t.Fatal(err)
	}
	if w.Name != "mbamplan trey group watchdog" || w.Key != "trey.group-watchdog" || w.Unit != 4 || w.Every != 1 || w.Start != 0 {
		t.Errorf("%+v", w)
	}
	text := w.Command.String()
	// What the job does, in its order: it names the groups, looks, waits, looks, waits for the other server, looks, and acts.
	rest := text
	for _, part := range []string{
		"SET @recovery = N'MBAM-KEYS'; SET @compliance = N'MBAM-STATUS'; SELECT @leads = NULL,",
		"OR @leads <> @follows WAITFOR DELAY '00:00:30'; SELECT @leads = NULL,",
		"IF @leads = 2 AND @follows = 1 WAITFOR DELAY '00:01:30'; SELECT @leads = NULL,",
		"IF @leads IS NULL OR @follows IS NULL RAISERROR(N'mbamplan watchdog: this instance has no replica of %s or of %s any more.', 16, 1, @recovery, @compliance) WITH LOG; ",
		"ELSE IF @leads = 0 OR @follows = 0 RAISERROR(",
		"ELSE IF @leads = @follows PRINT ",
		"ELSE IF @leads = 1 AND @ready = 1 BEGIN RAISERROR(N'mbamplan watchdog: %s is primary here and %s is not: the second one follows.', 10, 1, @recovery, @compliance) WITH LOG; " +
			"ALTER AVAILABILITY GROUP [MBAM-STATUS] FAILOVER; END; ",
		"ELSE RAISERROR(N'mbamplan watchdog: the groups %s and %s are primary on different servers",
	} {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("%q does not follow in\n%s", part, text)
		}
		rest = after
	}
	if strings.Contains(text, "FORCE") || strings.Count(text, "ALTER ") != 1 {
		t.Errorf("more than one failover, or a forced one: %s", text)
	}
	f.Recovery.Placement.Name = "KEYS$(ESCAPE_NONE"
	if _, err := f.GroupWatchdog(); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("a token of SQL Server Agent is let through: %v", err)
	}
}

func TestDelegates(t *testing.T) {
	for release, want := range map[string]bool{"2.5": true, "2.5 SP1": false, "2.0": false} {
		f := &Farm{MBAM: MBAM{Release: release}, Webs: []*Web{{}}}
		if f.Delegates() != want {
			t.Errorf("%s: %v", release, f.Delegates())
		}
	}
	if (&Farm{MBAM: MBAM{Release: "2.5"}}).Delegates() {
		t.Error("without a web farm there is no name to delegate to")
	}
}

func TestNeedsFull(t *testing.T) {
	for _, tt := range []struct {
		kind, folder, edition string
		existing, want        bool
	}{
		{"standalone", `\\fs1\b`, "Standard", false, true},
		{"fci", `\\fs1\b`, "Standard", false, true},
		{"standalone", "", "Standard", false, false},
		{"standalone", `\\fs1\b`, "Express", false, false},
		{"standalone", `\\fs1\b`, "Standard", true, false},
		{"mirroring", `\\fs1\b`, "Standard", false, false},
	} {
		i := &Instance{Name: "SQL1", Edition: tt.edition}
		d := &Database{Existing: tt.existing, Placement: &Placement{Kind: tt.kind, Instance: i, Principal: i, Mirror: i}}
		f := &Farm{}
		f.Backup.Folder = tt.folder
		if got := f.NeedsFull(d); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

func TestSurvives(t *testing.T) {
	a, b := &Host{Name: "WEB1", Windows: "2019"}, &Host{Name: "WEB2", Windows: "2019"}
	keys, status := &Database{Key: "recovery", Title: "Recovery Database"}, &Database{Key: "compliance", Title: "Compliance and Audit Database"}
	sql1, sql2 := &Instance{Name: "SQL1"}, &Instance{Name: "SQL2"}
	place := func(p *Placement, list ...*Database) *Farm {
		p.Databases = list
		return &Farm{Placements: []*Placement{p}, Compliance: &Database{Placement: p}, Recovery: &Database{Placement: p}, Cluster: &Cluster{Name: "CLU1"}}
	}
	serve := func(w *Web) *Farm {
		f := place(&Placement{})
		f.Webs = []*Web{w}
		return f
	}
	for _, tt := range []struct {
		name string
		farm *Farm
		want []string
	}{
		{"stand-alone", place(&Placement{Kind: "standalone", Instance: sql1}, keys), []string{"SQL1 alone holds the Recovery Database, and nothing takes over", "no recovery key is stored or read"}},
		{"fci", place(&Placement{Kind: "fci", Instance: &Instance{Name: `NET\I`, Nodes: []*Host{a, b}}}, status, keys), []string{
			`NET\I holds the Compliance and Audit Database and the Recovery Database and runs on one of WEB1, WEB2.`, "The files are there once, on shared disks", "compliance data goes stale",
		}},
		{"mirroring by hand", place(&Placement{Kind: "mirroring", Principal: sql1, Mirror: sql2, SafetyFull: true}, keys), []string{"takes over by hand"}},
		{"mirroring with witness", place(&Placement{Kind: "mirroring", Principal: sql1, Mirror: sql2, Witness: &Instance{Name: "SQL3"}, SafetyFull: true}, keys), []string{"by itself while the witness SQL3"}},
		{"mirroring, asynchronous", place(&Placement{Kind: "mirroring", Principal: sql1, Mirror: sql2}, keys), []string{"loses the recovery keys of the last moments"}},
		{"group", place(&Placement{Kind: "availabilityGroup", Name: "AG", Replicas: []*Replica{
			{Instance: sql1, Synchronous: true, AutoFailover: true},
			{Instance: sql2, Synchronous: true, AutoFailover: true},
			{Instance: &Instance{Name: "FCI"}, Synchronous: true},
			{Instance: &Instance{Name: "DR"}},
		}}, keys), []string{"SQL1, SQL2 take over from each other by themselves", " FCI can be made primary by hand", " DR can be made primary by force only", "quorum of the cluster CLU1"}},
		{"group without a partner", place(&Placement{Kind: "availabilityGroup", Name: "AG", Replicas: []*Replica{
			{Instance: sql1, Synchronous: true, AutoFailover: true},
			{Instance: sql2, Synchronous: true},
		}}, keys), []string{" SQL1, SQL2 can be made primary by hand"}},
		{"two groups", basicGroups(), []string{"The two groups fail over each by itself"}},
		{"one node", serve(&Web{Host: "web1.contoso.com", Agent: true, Nodes: []*Node{{Host: a}}}), []string{"WEB1 alone serves web1.contoso.com", "clients store no key"}},
		{"nlb", serve(&Web{Host: "m", Admin: true, Nodes: []*Node{{Host: a}, {Host: b}}, Balancer: &Balancer{Kind: "nlb", Watch: true}}), []string{"WEB1, WEB2 serve m", "nobody reads a key", "the watch of file number 740"}},
		{"nlb on Server Core", serve(&Web{Host: "m", Agent: true, Nodes: []*Node{{Host: a}, {Host: &Host{Name: "C", Windows: "2019", Core: true}}}, Balancer: &Balancer{Kind: "nlb", Watch: true}}), []string{"not a site that is broken."}},
		{"balancer", serve(&Web{Host: "m", Agent: true, Nodes: []*Node{{Host: a}, {Host: b}}, Balancer: &Balancer{Kind: "external"}}), []string{"must not be a single machine"}},
	} {
		got := strings.Join(tt.farm.Survives(), "\n")
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, got)
			}
		}
	}
	f := place(&Placement{})
	f.Reporting = &Reporting{Hosts: []*Host{a}}
	if got := strings.Join(f.Survives(), ""); !strings.Contains(got, "WEB1 alone serves them") {
		t.Errorf("one report server: %s", got)
	}
	f.Reporting = &Reporting{Hosts: []*Host{a, b}, URL: "https://r/ReportServer"}
	if got := strings.Join(f.Survives(), ""); !strings.Contains(got, "as long as https://r/ReportServer leads to it") {
		t.Errorf("two report servers: %s", got)
	}
}

func TestRequirementsFollowTheFeatures(t *testing.T) {
	for _, tt := range []struct {
		web           Web
		serves, stays string
	}{
		{Web{Agent: true}, "services", "no session is kept"},
		{Web{Admin: true, SelfService: true}, "Help Desk and Self-Service Portal", "the Self-Service Portal keeps its session"},
		{Web{Admin: true}, "Help Desk", "one person's requests"},
		{Web{Admin: true, SelfService: true, Agent: true}, "Help Desk, Self-Service Portal and services", "the Self-Service Portal"},
	} {
		if got := tt.web.serves(); got != tt.serves {
			t.Errorf("serves %q, want %q", got, tt.serves)
		}
		if got := tt.web.persistence(); !strings.HasPrefix(got, tt.stays) {
			t.Errorf("persistence %q, want %q …", got, tt.stays)
		}
	}
}
