package rehearsal

import (
	"path/filepath"
	"strings"
	"testing"
)

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
		if got := n.Farm.State(); !changes && got != ahead && x.Item.Step.ID != "directory/kerberos-test" && x.Item.Step.ID != "web/farm-compare" {
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
			n := night(t, filepath.Base(file))
			if n.Planned.MBAM.V2() {
				t.Skip("the set-up of MBAM 2.0 does not run yet")
			}
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
