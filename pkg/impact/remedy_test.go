package impact_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/impact"
)

func points(t *testing.T, name string, edits ...string) []impact.SinglePoint {
	t.Helper()
	l, f := load(t, name, edits...)
	return impact.Analyze(f).SinglePoints(l)
}

func TestSinglePoints(t *testing.T) {
	for _, tt := range []struct {
		example string
		edits   []string
		part    string
		want    string // worst state, the remedy's title and the first service that it changes; "" when it is no single point
	}{
		{"contoso-alwayson", nil, "SQL1", ""},
		{"contoso-alwayson", nil, "WEB1", ""},
		{"contoso-alwayson", nil, "machineKey:web", ""},
		{"contoso-alwayson", nil, "RPT1", "down: Put a second report server beside RPT1, with one report server database, behind a balancer. reports automatic"},
		{"contoso-alwayson", nil, "site:HQ", "down: "},
		{"contoso-alwayson", noWitness, "SQL1", "manual: Give the cluster SQLCLU1 a witness. escrow automatic"},
		{"contoso-alwayson", noWitness, "SQL2", "manual: Give the cluster SQLCLU1 a witness. escrow up"},
		{"contoso-alwayson", manual, "SQL1", "manual: Let SQL2 take MBAM-AG over by itself. escrow automatic"},
		{"fci", []string{"  witness: Cluster Disk 1 ", "  # "}, "NODE1", "manual: Give the cluster SQLCLU1 a witness. escrow automatic"},
		{"fci", nil, `storage:SQLMBAM\BITLOCKER`, "down: "},
		{"multi-subnet-named-instances", nil, "SQLA", "manual: Add a synchronous replica that takes MBAM-AG over by itself. escrow automatic"},
		{"adatum-mirroring", []string{"    witness: WIT1  ", "    #"}, "SQL1", "manual: Give the mirrored databases a witness. escrow automatic"},
		{"adatum-mirroring", nil, "RPT1", "down: "}, // Standard edition has no scale-out of report servers
		// The one witness helps the synchronous pair; the asynchronous one must be forced still.
		{"litware-two-mirrors", nil, "DB1", "manual: Give the mirrored databases a witness. escrow automatic"},
		{"standalone-two-servers", nil, "WEB1", "down: Put a second node beside WEB1, behind a balancer. escrow automatic"},
		{"standalone-two-servers", nil, "KEYS1", "down: Mirror the databases of KEYS1, with a witness. escrow automatic"},
		// No document of MBAM 2.0 supports any of it.
		{"mbam20-two-servers", nil, "MBAMDB", "down: "},
		{"mbam20-two-servers", nil, "MBAMWEB", "down: "},
	} {
		got := ""
		for _, p := range points(t, tt.example, tt.edits...) {
			if p.Part.ID != tt.part {
				continue
			}
			got = p.Worst.String() + ": "
			if p.Remedy != nil {
				e := p.Remedy.Effects[0]
				got += fmt.Sprintf("%s %s %s", p.Remedy.Title, e.Service, e.After)
			} else if p.Advice == "" {
				t.Errorf("%s %s: neither remedy nor advice", tt.example, tt.part)
			}
		}
		if got != tt.want {
			t.Errorf("%s %v %s: got %q, want %q", tt.example, tt.edits, tt.part, got, tt.want)
		}
	}
}

// What keeps keys from being stored or read comes first, and among that what does not come back.
func TestRanks(t *testing.T) {
	list := points(t, "fabrikam-mirrored")
	index := map[string]int{}
	for i, p := range list {
		if p.Rank != i+1 {
			t.Errorf("%s has rank %d at place %d", p.Part.ID, p.Rank, i+1)
		}
		index[p.Part.ID] = p.Rank
	}
	for _, order := range [][]string{{"directory:corp.fabrikam.com", "balancer:web"}, {"balancer:web", "DB1"}, {"DB1", "SSRS1"}} {
		if a, b := index[order[0]], index[order[1]]; a == 0 || b == 0 || a > b {
			t.Errorf("%v have ranks %d and %d", order, a, b)
		}
	}
}

// Every remedy takes something away from fewer services, and none is worse for any.
func TestRemediesHelp(t *testing.T) {
	n := 0
	everyFarm(t, func(name string, edits []string) {
		for _, p := range points(t, name, edits...) {
			if p.Remedy == nil {
				continue
			}
			n++
			fewer := false
			for _, c := range p.Remedy.Effects {
				if c.After >= c.Before {
					t.Errorf("%s: %s: %s becomes %s, was %s", name, p.Remedy.Title, c.Service, c.After, c.Before)
				}
				fewer = fewer || c.Before >= impact.Manual && c.After < impact.Manual
			}
			if !fewer || len(p.Remedy.Edits) == 0 || p.Remedy.Cost == "" {
				t.Errorf("%s: %+v", name, p.Remedy)
			}
		}
	})
	if n < 10 {
		t.Errorf("%d remedies", n)
	}
}

const figures = "availability: {server: 99, SQL1: 95, SQL2: 90, WIT1: 80, directory: 99.9, dns: 99.8, account: 99.7, name: 99.6, balancer: 99.5, certificate: 99.4}\nclients: {gpo"

func TestAvailability(t *testing.T) {
	l, f := load(t, "adatum-mirroring", "clients: {gpo", figures)
	if found := check.Run(l, f); found.Errors() > 0 {
		t.Fatal(found)
	}
	front := 0.999 * 0.998 * 0.997 * 0.996 * 0.995 * 0.994
	database := 0.95*0.90 + 0.95*0.10*0.80 + 0.05*0.90*0.80 // two of three
	web := 1 - 0.01*0.01
	want := map[impact.Service]float64{
		impact.Escrow:  front * web * database,
		impact.Reports: 0.99 * 0.999 * 0.998 * 0.997 * database, // RPT1, directory, DNS, its account
	}
	for _, v := range impact.Analyze(f).Availability() {
		if len(v.Missing) > 0 {
			t.Errorf("%s: %v", v.Service, v.Missing)
		}
		if w := want[v.Service]; w > 0 && math.Abs(v.Value-w) > 1e-12 {
			t.Errorf("%s: %.6f, want %.6f\n%s", v.Service, v.Value, w, v.Formula)
		}
		if v.Service == impact.Escrow {
			const formula = "A(directory:adatum.com) × A(dns:adatum.com) × A(account:pool) × A(name:mbam.adatum.com) × A(balancer:web) × A(certificate:web) × " +
				"(1 − (1 − A(WEB1)) × (1 − A(WEB2))) × (A(SQL1) × (A(SQL2) + (1 − A(SQL2)) × A(WIT1)) + (1 − A(SQL1)) × A(SQL2) × A(WIT1))"
			if v.Formula != formula {
				t.Errorf("formula:\n got %s\nwant %s", v.Formula, formula)
			}
		}
	}
}

// The product of groups is what adding up every combination of failed parts gives.
func TestAvailabilityOfEveryCombination(t *testing.T) {
	for _, name := range []string{"adatum-mirroring", "fci"} {
		_, f := load(t, name, "clients: {gpo", "availability: {server: 90, witness: 80, listener: 97, storage: 96, name: 95}\nclients: {gpo")
		a := impact.Analyze(f)
		// Only what decides about key escrow, and without the parts that are mere factors.
		var parts []impact.Part
		for _, p := range a.Parts() {
			_, ok := f.Availability(p)
			if ok && p.Kind.Measurable() && !strings.HasPrefix(p.ID, "RPT") && p.ID != "listener:MBAM-SQL-S" {
				parts = append(parts, p)
			}
		}
		sum := 0.0
		for set := range 1 << len(parts) {
			weight := 1.0
			var away []string
			for i, p := range parts {
				share, _ := f.Availability(p)
				if set&(1<<i) != 0 {
					weight *= 1 - share
					away = append(away, p.ID)
				} else {
					weight *= share
				}
			}
			s, err := a.Fail(away...)
			if err != nil {
				t.Fatal(err)
			}
			if len(away) == 0 || s.Effect(impact.Escrow).State < impact.Manual {
				sum += weight
			}
		}
		// The five mere factors have 99 % each.
		all, farmed := load(t, name, "clients: {gpo", "availability: {server: 90, witness: 80, listener: 97, storage: 96, name: 95, directory: 99, dns: 99, account: 99, balancer: 99, certificate: 99}\nclients: {gpo")
		if found := check.Run(all, farmed); found.Errors() > 0 {
			t.Fatal(found)
		}
		for _, v := range impact.Analyze(farmed).Availability() {
			if want := sum * math.Pow(0.99, 5); v.Service == impact.Escrow && math.Abs(v.Value-want) > 1e-9 {
				t.Errorf("%s: %.9f, every combination gives %.9f\n%s", name, v.Value, want, v.Formula)
			}
		}
	}
}

func TestNoFiguresNoAvailability(t *testing.T) {
	if got := analyze(t, "contoso-alwayson").Availability(); got != nil {
		t.Errorf("%v", got)
	}
	_, f := load(t, "contoso-alwayson", "clients: {gpo", "availability: {server: 99.9}\nclients: {gpo")
	for _, v := range impact.Analyze(f).Availability() {
		if v.Value != 0 || len(v.Missing) == 0 || v.Formula == "" {
			t.Errorf("%+v", v)
		}
	}
}

func TestGates(t *testing.T) {
	a := analyze(t, "contoso-alwayson")
	for _, tt := range []struct {
		gate  string
		kinds []farm.ComponentKind
		want  string
	}{
		{"escrow:manual:1", []farm.ComponentKind{farm.KindServer}, ""},
		{"escrow:automatic:1", []farm.ComponentKind{farm.KindServer}, "SQL1 WEB1 WEB2"},
		{"any:down:1", []farm.ComponentKind{farm.KindServer}, "RPT1"},
		{"escrow:down:2", []farm.ComponentKind{farm.KindServer}, "WEB1+WEB2"},
		{"escrow:manual:2", []farm.ComponentKind{farm.KindServer, farm.KindWitness}, "SQL1+SQL2 SQL1+witness:SQLCLU1 SQL2+witness:SQLCLU1 WEB1+WEB2"},
		{"helpdesk:degraded:1", []farm.ComponentKind{farm.KindMachineKey, farm.KindSite}, "site:HQ machineKey:web"},
	} {
		g, err := impact.ParseGate(tt.gate)
		if err != nil || g.String() != tt.gate {
			t.Fatal(tt.gate, g, err)
		}
		var got []string
		for _, s := range a.Broken(g, tt.kinds...) {
			got = append(got, strings.Join(ids(s), "+"))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.gate, got, tt.want)
		}
	}
	for _, text := range []string{"", "escrow", "escrow:down", "escrow:down:1:1", "keys:down:1", "escrow:up:1", "escrow:gone:1", "escrow:down:0", "escrow:down:3", "escrow:down:+1", "escrow:down:one", "Escrow:down:1"} {
		if g, err := impact.ParseGate(text); err == nil {
			t.Errorf("%q is %v", text, g)
		}
	}
}
