package farm

import (
	"net/netip"
	"slices"
	"testing"
)

func TestDatabaseMoves(t *testing.T) {
	sql1, sql2 := &Instance{Name: "SQL1"}, &Instance{Name: "SQL2"}
	group := func(existing bool) *Placement {
		return &Placement{Kind: "availabilityGroup", Existing: existing, Replicas: []*Replica{{Instance: sql1}, {Instance: sql2}}}
	}
	for _, c := range []struct {
		name          string
		d             Database
		moves, enters bool
	}{
		{"new database in a new group", Database{Placement: group(false)}, false, false},
		{"existing database in a new group", Database{Placement: group(false), Existing: true}, true, true},
		{"existing group", Database{Placement: group(true), Existing: true}, false, false},
		{"existing group that strings do not name yet", Database{Placement: group(true), Existing: true, Was: sql1}, true, false},
		{"existing database in a new mirrored pair", Database{Placement: &Placement{Kind: "mirroring", Principal: sql1, Mirror: sql2}, Existing: true}, true, true},
		{"existing database that stays alone", Database{Placement: &Placement{Kind: "standalone", Instance: sql1}, Existing: true}, false, false},
		{"failover cluster instance", Database{Placement: &Placement{Kind: "fci", Instance: sql1}, Existing: true, Was: sql1}, false, false},
	} {
		if got := c.d.Moves(); got != c.moves {
			t.Errorf("%s: moves %v, want %v", c.name, got, c.moves)
		}
		if got := c.d.Enters(); got != c.enters {
			t.Errorf("%s: enters %v, want %v", c.name, got, c.enters)
		}
	}
}

func TestMovedDatabases(t *testing.T) {
	p := &Placement{Kind: "availabilityGroup"}
	f := &Farm{
		Compliance: &Database{Key: "compliance", Placement: &Placement{Kind: "standalone"}, Existing: true},
		Recovery:   &Database{Key: "recovery", Placement: p, Existing: true},
		Reporting:  &Reporting{Existing: true},
	}
	if got := f.MovedDatabases(); len(got) != 1 || got[0] != f.Recovery {
		t.Errorf("moved: %v, want the recovery database", got)
	}
	if f.RepointsReports() {
		t.Error("reports read the compliance database, which stays")
	}
	f.Compliance.Placement = p
	if got := f.MovedDatabases(); len(got) != 2 || got[0] != f.Compliance || !f.RepointsReports() {
		t.Errorf("moved: %v, want both, compliance first, and the reports with it", got)
	}
	f.Reporting.Existing = false
	if f.RepointsReports() {
		t.Error("new reports are enabled with the right string")
	}
	if f.Compliance.ConnectionValue() != "ComplianceDBConnectionString" || f.Recovery.ConnectionValue() != "RecoveryDBConnectionString" {
		t.Error("the registry values are confused")
	}
}

func TestRenamedNodes(t *testing.T) {
	f := directoryFarm()
	w := f.Webs[0]
	w.Nodes[1].Existing, w.Nodes[1].Was = true, "web2.contoso.com"
	if got := f.RenamedNodes(); len(got) != 1 || got[0] != w.Nodes[1] || !w.Nodes[1].Renamed() || w.Nodes[0].Renamed() {
		t.Errorf("renamed: %v", got)
	}
	same(t, "introduced", w.IntroducedNames(), []string{"web1.contoso.com"})
	same(t, "names that the pool account must not have", f.NodeHTTPNames(), []string{"http/web1.contoso.com", "http/WEB1"})
	want := []OldName{{"http/web2.contoso.com", "WEB2$"}, {"http/web2", "WEB2$"}}
	if got := f.OldHTTPNames(); !slices.Equal(got, want) {
		t.Errorf("old names %v, want %v", got, want)
	}
	w.Nodes[1].Was = "keys"
	want = []OldName{{"http/keys", "WEB2$"}, {"http/keys.contoso.com", "WEB2$"}}
	if got := f.OldHTTPNames(); !slices.Equal(got, want) {
		t.Errorf("old short name: %v, want %v", got, want)
	}
	w.Nodes[1].Was = "MBAM.contoso.com"
	want = []OldName{{"http/MBAM", "WEB2$"}}
	if got := f.OldHTTPNames(); !slices.Equal(got, want) {
		t.Errorf("a name that the farm has stays: %v, want %v", got, want)
	}
	w.Nodes[1].Existing = false
	if len(f.OldHTTPNames()) != 0 || len(f.RenamedNodes()) != 0 {
		t.Error("a new node has no old name")
	}
}

func TestKeyedAndNameMoves(t *testing.T) {
	for _, c := range []struct {
		name         string
		prepare      func(*Web)
		keyed, moves bool
	}{
		{"new farm", func(*Web) {}, true, false},
		{"existing farm, existing balancer", func(w *Web) { w.Nodes[0].Existing, w.Nodes[1].Existing, w.Balancer.Existing = true, true, true }, false, false},
		{"existing farm, new node", func(w *Web) { w.Nodes[0].Existing, w.Balancer.Existing = true, true }, true, false},
		{"existing nodes, new balancer", func(w *Web) { w.Nodes[0].Existing, w.Nodes[1].Existing = true, true }, true, true},
		{"existing node, sibling, new balancer", func(w *Web) { w.Nodes[0].Existing = true }, true, true},
		{"existing node of another name", func(w *Web) { w.Nodes[1].Existing, w.Nodes[1].Was = true, "web2.contoso.com" }, true, false},
		{"existing node of another name, existing balancer", func(w *Web) {
			w.Nodes[0].Existing, w.Nodes[1].Existing, w.Balancer.Existing = true, true, true
			w.Nodes[1].Was = "web2.contoso.com"
		}, true, false},
	} {
		f := directoryFarm()
		w := f.Webs[0]
		c.prepare(w)
		for _, n := range w.Nodes {
			if got := n.Keyed(); got != c.keyed {
				t.Errorf("%s: %s keyed %v, want %v", c.name, n.Host.Name, got, c.keyed)
			}
		}
		if got := w.NameMoves(); got != c.moves {
			t.Errorf("%s: name moves %v, want %v", c.name, got, c.moves)
		}
		record := f.DNSRecord(w)
		if record.Managed() == c.moves {
			t.Errorf("%s: the record is published (%v) although the name moves (%v)", c.name, record.Managed(), c.moves)
		}
	}
}

func TestOldAddresses(t *testing.T) {
	w := web("mbam.contoso.com", "WEB1", "WEB2", "WEB3")
	w.Nodes[0].Existing, w.Nodes[2].Existing = true, true
	w.Nodes[2].Host.Address = netip.Addr{}
	same(t, "old addresses", w.OldAddresses(), []string{"10.1.0.31"})
}
