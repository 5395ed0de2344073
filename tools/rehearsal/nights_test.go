package rehearsal

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// byHand are the steps whose verify makes somebody do something first: open a page, collect results, join a group.
var byHand = []string{"directory/kerberos-test", "web/farm-compare", "web/mbam20-setup"}

// forward runs the night in the order of the plan: each preflight, each install, for the first time with -WhatIf ahead of it, and each verify.
func forward(t *testing.T, n *Night, careful bool) {
	t.Helper()
	var runs []Run
	for _, x := range turns(n, "preflight", "install", "verify") {
		changes := x.Kind == "install"
		if !careful {
			runs = append(runs, take(t, n, x, Options{}))
			continue
		}
		ahead, records := n.Farm.State(), n.Farm.Records()
		if changes {
			runs = append(runs, take(t, n, x, Options{WhatIf: true}))
			if got := n.Farm.State(); got != ahead || n.Farm.Records() != records {
				t.Errorf("%s -WhatIf changed something:\n%s", x, apart(got, ahead))
			}
		}
		runs = append(runs, take(t, n, x, Options{}))
		if got := n.Farm.State(); !changes && got != ahead && !slices.Contains(byHand, x.Item.Step.ID) {
			t.Errorf("%s changed something:\n%s", x, apart(got, ahead))
		}
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
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Cleanup(pwsh.Forget)
			n := night(t, filepath.Base(file))
			began, first := n.Clone(), n.Farm.State()
			forward(t, n, true)
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
