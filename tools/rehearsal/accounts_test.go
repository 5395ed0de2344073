package rehearsal

import (
	"os"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
)

// hostileAccounts is a farm whose accounts the plan makes, with names that a script must not take for its own text.
func hostileAccounts(t *testing.T) *Night {
	t.Helper()
	const file = "testdata/hostile-accounts.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(file, text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// enable does what the message of 110 asks for by hand.
func enable(t *testing.T, n *Night) {
	t.Helper()
	for _, p := range n.Plan.Farm.Principals() {
		e := n.Farm.Directory.Find(p.Name)
		if e == nil {
			t.Fatalf("%s was not made", p.Name)
		}
		if p.User() {
			e.SetPassword()
		}
	}
}

func TestAccountsForwardBackForward(t *testing.T) {
	n := hostileAccounts(t)
	install, verify, rollback := before(n.Scripts("install")), before(n.Scripts("verify")), before(n.Scripts("rollback"))
	if !strings.HasSuffix(install[0].Path, "/110-accounts.ps1") {
		t.Fatalf("the first install is %s", install[0].Path)
	}
	start := n.Farm.State()
	all(t, n, install[:1], Options{WhatIf: true}, 0)
	if got := n.Farm.State(); got != start || n.Farm.Records() != "" {
		t.Errorf("-WhatIf changed something:\n%s\n%s", got, n.Farm.Records())
	}

	r := all(t, n, install[:1], Options{}, 0)[0]
	for _, p := range n.Plan.Farm.Principals() {
		if e := n.Farm.Directory.Find(p.Name); e == nil || e.Class != p.Class || !strings.HasSuffix(e.DN, ","+p.OU) || p.User() && e.Flags&2 == 0 {
			t.Errorf("%s: %+v", p.Down(), e)
		}
		if p.User() && !strings.Contains(r.Text(), "set a password by hand for ") {
			t.Errorf("the message does not ask for a password:\n%s", r.Text())
		}
	}
	if got := all(t, n, verify[:1], Options{}, 4)[0].Text(); !strings.Contains(got, "disabled; set a password, then enable it") {
		t.Errorf("the verify does not name the accounts that are disabled still:\n%s", got)
	}
	made := n.Clone() // nobody has used anything yet
	enable(t, n)
	all(t, n, install, Options{}, 0)
	done := n.Farm.State()
	all(t, n, verify, Options{}, 0)
	all(t, n, install, Options{}, 0)
	if got := n.Farm.State(); got != done {
		t.Errorf("a second run changed something:\n%s", apart(got, done))
	}

	// Accounts that were enabled are left, as the script announces, and so is what holds them; everything else goes.
	all(t, n, reversed(rollback), Options{}, 0)
	for _, p := range n.Plan.Farm.Principals() {
		if e := n.Farm.Directory.Find(p.Name); (e != nil) != (p.User() || p.Same(n.Plan.Farm.ReadWrite) || p.Same(n.Plan.Farm.ReadOnly)) {
			t.Errorf("after the way back %s is there: %v", p.Down(), e != nil)
		}
	}
	all(t, n, install, Options{}, 0)
	all(t, n, verify, Options{}, 0)
	if got := n.Farm.State(); got != done {
		t.Errorf("the second way ends elsewhere:\n%s", apart(got, done))
	}

	// Accounts that nobody enabled go too.
	back := named(t, rollback, "/110-accounts.ps1")
	all(t, made, []Script{back}, Options{WhatIf: true}, 0)
	all(t, made, []Script{back}, Options{}, 0)
	if got := made.Farm.State(); got != start {
		t.Errorf("the way back ends elsewhere:\n%s", apart(got, start))
	}
}

func TestAccountsInterrupted(t *testing.T) {
	n := hostileAccounts(t)
	start := n.Farm.State()
	s, back := named(t, n.Scripts("install"), "/110-accounts.ps1"), named(t, n.Scripts("rollback"), "/110-accounts.ps1")
	finished := n.Clone()
	all(t, finished, []Script{s}, Options{}, 0)
	cuts := cutOff(t, n, s, nil, func(cut *Night, at int, _ Run) {
		all(t, cut, []Script{s}, Options{}, 0)
		if got, want := cut.Farm.State(), finished.Farm.State(); got != want {
			t.Errorf("cut off ahead of command %d, ends elsewhere:\n%s", at, apart(got, want))
		}
		all(t, cut, []Script{back}, Options{}, 0)
		if got := cut.Farm.State(); got != start {
			t.Errorf("cut off ahead of command %d, run again and taken back, leaves something behind:\n%s", at, apart(got, start))
		}
	})
	// A way back that is cut off is finished by the next one.
	cutOff(t, finished, back, nil, func(again *Night, k int, _ Run) {
		// Its last act sets the record aside; a run behind that finds none, and nothing to take back.
		if r, err := again.Run(back, Options{}); err != nil || r.ExitCode != 0 && !strings.Contains(r.Text(), "There is no record of the install") {
			t.Fatalf("a way back cut off ahead of command %d is not finished: %d %v\n%s", k, r.ExitCode, err, r.Text())
		}
		if got := again.Farm.State(); got != start {
			t.Fatalf("a way back cut off ahead of command %d leaves something behind:\n%s", k, apart(got, start))
		}
	})
	if cuts < 60 {
		t.Errorf("only %d places to cut off", cuts)
	}
}

func TestAccountsRefuses(t *testing.T) {
	ready := hostileAccounts(t)
	pool := ready.Plan.Farm.Pool.Name
	for _, tt := range []struct {
		name  string
		spoil func(d *farm.Directory)
		code  int
		says  string
	}{
		{"a computer has the name", func(d *farm.Directory) { d.AddGroup(pool) }, 3, "is a group, the plan needs a user"},
		{"no unit", func(d *farm.Directory) { d.Units = nil }, 1, "Directory object not found"},
		{"the principal name is taken", func(d *farm.Directory) { d.AddUser("other").UPN = pool + "@contoso.com" }, 1, "not unique forest-wide"},
		{"the name in the unit is taken", func(d *farm.Directory) {
			e := d.AddUser("other")
			d.Find("other").DN = "CN=" + strings.SplitN(e.DN, ",", 2)[0][3:]
			e.DN = "CN=" + pool + "," + ready.Plan.Farm.Domain.AccountOU
		}, 1, "already in use"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			tt.spoil(n.Farm.Directory)
			start := n.Farm.State()
			r := all(t, n, []Script{named(t, n.Scripts("install"), "/110-accounts.ps1")}, Options{}, tt.code)[0]
			if !strings.Contains(r.Text(), tt.says) {
				t.Errorf("does not say %q:\n%s", tt.says, r.Text())
			}
			if got := n.Farm.State(); got != start {
				t.Errorf("something was changed:\n%s", apart(got, start))
			}
		})
	}
}

func TestAccountsVerifyFails(t *testing.T) {
	ready := hostileAccounts(t)
	all(t, ready, []Script{named(t, ready.Scripts("install"), "/110-accounts.ps1")}, Options{}, 0)
	enable(t, ready)
	f := ready.Plan.Farm
	for _, tt := range []struct {
		name  string
		spoil func(d *farm.Directory)
		says  string
	}{
		{"an account is gone", func(d *farm.Directory) { d.Find(f.Helpdesk.Name).Name = "renamed" }, f.Helpdesk.Down() + " exists"},
		{"disabled", func(d *farm.Directory) { d.Find(f.ReportReader.Name).Flags |= 2 }, f.ReportReader.Down() + " is enabled"},
		{"out of its group", func(d *farm.Directory) { d.Find(f.ReadOnly.Name).Members = nil }, f.ReportReader.Down() + " is in " + f.ReadOnly.Down()},
		{"a user in the place of a group", func(d *farm.Directory) { d.Find(f.ReportUsers.Name).Class = "user" }, f.ReportUsers.Down() + " is a group"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			tt.spoil(n.Farm.Directory)
			r := all(t, n, []Script{named(t, n.Scripts("verify"), "/110-accounts.ps1")}, Options{}, 4)[0]
			if !strings.Contains(r.Text(), "[FAIL] "+tt.says) {
				t.Errorf("does not say %q:\n%s", tt.says, r.Text())
			}
		})
	}
}
