package rehearsal

import (
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
)

// byHand are the steps whose verify makes somebody do something first: open a page, collect results, join a group.
var byHand = []string{"directory/kerberos-test", "web/farm-compare", "web/mbam20-setup"}

// forward runs the night in the order of the plan: each preflight, each install, for the first time with -WhatIf ahead of it, and each verify.
func forward(t *testing.T, n *Night, careful bool) {
	t.Helper()
	var runs []Run
	state := ""
	if careful {
		state = n.Farm.State()
	}
	for _, x := range turns(n, "preflight", "install", "verify") {
		if careful && x.Kind == "install" {
			records := n.Farm.Records()
			runs = append(runs, take(t, n, x, Options{WhatIf: true}))
			if got := n.Farm.State(); got != state || n.Farm.Records() != records {
				t.Errorf("%s -WhatIf changed something:\n%s", x, apart(got, state))
			}
		}
		runs = append(runs, take(t, n, x, Options{}))
		if !careful {
			continue
		}
		got := n.Farm.State()
		if got != state && x.Kind != "install" && !slices.Contains(byHand, x.Item.Step.ID) {
			t.Errorf("%s changed something:\n%s", x, apart(got, state))
		}
		state = got
	}
	if got := leaks(n, runs...); got != nil {
		t.Errorf("secrets in %q", got)
	}
}

// The whole night of every example in the order of the plan: forward, each file ahead of it with -WhatIf, the whole again, back in reverse order, also
// with -WhatIf ahead, and forward once more.
func TestNights(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 13 {
		t.Fatal(err, files)
	}
	// Each night makes a heap of its own and leaves it: collecting it often costs more than the night.
	defer debug.SetGCPercent(debug.SetGCPercent(300))
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Cleanup(pwsh.ForgetAll)
			n := night(t, filepath.Base(file))
			began, first := n.Clone(), n.Farm.State()
			forward(t, n, true)
			stands(t, n.Clone())
			done := n.Farm.State()
			copySecrets(n) // the files with keys were deleted; a person copies them anew
			var runs []Run
			for _, x := range turns(n, "install") {
				runs = append(runs, take(t, n, x, Options{}))
			}
			if got := n.Farm.State(); got != done {
				t.Errorf("the whole night again changed something:\n%s", apart(got, done))
			}
			if got := leaks(n, runs...); got != nil {
				t.Errorf("secrets in %q", got)
			}
			said := wayBack(t, n, began)
			if got := apart(n.Farm.State(), first); got != "" {
				announced(t, n, said, got)
			}
			if n.Planned.MBAM.V2() { // its set-up makes databases and takes none that are there: the database administrator drops them, as the rollback says
				for _, d := range []*planned.Database{n.Planned.Compliance, n.Planned.Recovery} {
					n.Farm.SQLNetwork().Instance(d.Placement.Primary().Name).DropDatabase(d.Name)
				}
			}
			forward(t, n, false)
			// What the first way back left was there already, so the second way did not make it.
			for _, l := range strings.Split(apart(n.Farm.State(), done), "\n") {
				if l != "" && !strings.Contains(l, `\mbam-backup\`) && !strings.HasSuffix(l, `property mbamplan/local-system/login = NT AUTHORITY\SYSTEM`) {
					t.Errorf("the second way ends elsewhere: %s", l)
				}
			}
		})
	}
}

// stands holds the farm behind a night against what the plan promises: pages, names, databases, logins, keys, connection strings, policy.
func stands(t *testing.T, n *Night) {
	t.Helper()
	f := n.Planned
	serving(t, n, "behind the night")
	together := f.Compliance.Placement == f.Recovery.Placement
	for _, d := range []*planned.Database{f.Compliance, f.Recovery} {
		if p := d.Placement; p.AG() || p.Mirroring() {
			for _, i := range members(p) {
				in := n.Farm.SQLNetwork().Instance(i.Name)
				for _, a := range []planned.Account{f.ReadWrite, f.ReadOnly} {
					if i != p.Witness && (a == f.ReadWrite || d == f.Compliance) && !slices.ContainsFunc(in.Logins, func(l *sqlserver.Login) bool { return strings.EqualFold(l.Name, a.Down()) && !l.Disabled }) {
						t.Errorf("%s has no login %s", i.Name, a.Down())
					}
				}
			}
		}
	}
	if together && !f.MBAM.V2() {
		servesBoth(t, n, "behind the night")
	}
	for _, w := range f.Webs {
		if f.MBAM.V2() {
			continue
		}
		if owners := n.Farm.Directory.Owners("http/" + w.Host); len(owners) != 1 || owners[0] != n.Farm.Directory.Find(f.Pool.Name) {
			t.Errorf("http/%s belongs to %d accounts", w.Host, len(owners))
		}
		same := map[string]string{}
		for _, node := range w.Nodes {
			m := n.Farm.Machines[strings.ToUpper(node.Host.Name)]
			have := map[string]string{}
			data, _ := m.Files.Read(w.InstallPath + `\Microsoft BitLocker Management Solution\web.config`)
			if len(w.Nodes) > 1 { // a node by itself keeps the key that ASP.NET makes
				have["machine key"] = string(regexp.MustCompile(`(?s)<machineKey.*?>`).Find(data))
			}
			for _, name := range []string{"ComplianceDBConnectionString", "RecoveryDBConnectionString"} {
				v, _ := m.Registry(`HKLM:\SOFTWARE\Microsoft\MBAM Server\Web`, name)
				have[name], _ = v.(string)
			}
			for k, v := range have {
				if first, ok := same[k]; v == "" || ok && first != v {
					t.Errorf("%s of %s is %q, elsewhere %q", k, m.Name, v, first)
				}
				same[k] = v
			}
		}
	}
	if c := f.Clients; c != nil && len(n.Farm.Policies(c.GPO)) != 1 {
		t.Errorf("there are %d Group Policy objects %s", len(n.Farm.Policies(c.GPO)), c.GPO)
	}
}
