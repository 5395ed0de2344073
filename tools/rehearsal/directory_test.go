package rehearsal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
)

// night is an example before its first script.
func night(t *testing.T, example string) *Night {
	t.Helper()
	text, err := os.ReadFile("../../examples/" + example)
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(example, text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// of keeps the scripts below a folder of the tree.
func of(scripts []Script, prefix string) []Script {
	var out []Script
	for _, s := range scripts {
		if strings.HasPrefix(s.Path, prefix) {
			out = append(out, s)
		}
	}
	return out
}

// named is the script whose path ends so.
func named(t *testing.T, scripts []Script, end string) Script {
	t.Helper()
	for _, s := range scripts {
		if strings.HasSuffix(s.Path, end) {
			return s
		}
	}
	t.Fatalf("no script %s", end)
	return Script{}
}

// all runs scripts one after the other; each has to end with the code.
func all(t *testing.T, n *Night, scripts []Script, o Options, code int) []Run {
	t.Helper()
	var out []Run
	for _, s := range scripts {
		r, err := n.Run(s, o)
		if err != nil {
			t.Fatal(err)
		}
		if r.ExitCode != code {
			t.Fatalf("%s ended with %d, wanted %d:\n%s", s.Path, r.ExitCode, code, r.Text())
		}
		out = append(out, r)
	}
	return out
}

func reversed(scripts []Script) []Script {
	var out []Script
	for i := range scripts {
		out = append(out, scripts[len(scripts)-1-i])
	}
	return out
}

const directoryExample = "contoso-alwayson.yaml"

// before is the role that a test of the directory looks at: what is done on the management computer ahead of the servers.
func before(scripts []Script) []Script {
	var out []Script
	for _, s := range of(scripts, "directory/") {
		if s.Item.Step.Number < 200 {
			out = append(out, s)
		}
	}
	return out
}

func TestDirectoryForwardBackForward(t *testing.T) {
	n := night(t, directoryExample)
	install, verify, rollback := before(n.Scripts("install")), before(n.Scripts("verify")), before(n.Scripts("rollback"))
	if len(install) == 0 || len(verify) <= len(install) || len(rollback) != len(install) {
		t.Fatalf("%d install, %d verify, %d rollback", len(install), len(verify), len(rollback))
	}
	start := n.Farm.State()

	all(t, n, install, Options{WhatIf: true}, 0)
	if got := n.Farm.State(); got != start || n.Farm.Records() != "" {
		t.Errorf("-WhatIf changed something:\n%s\n%s", got, n.Farm.Records())
	}

	all(t, n, install, Options{}, 0)
	done := n.Farm.State()
	if done == start {
		t.Fatal("the installs changed nothing")
	}
	all(t, n, verify, Options{}, 0)
	for _, r := range all(t, n, install, Options{}, 0) {
		if !strings.Contains(r.Text(), "already") && !strings.Contains(r.Text(), "are there") {
			t.Errorf("a second run of %s does not say that there was nothing to do:\n%s", r.Path, r.Text())
		}
	}
	if got := n.Farm.State(); got != done {
		t.Errorf("a second run changed something:\n%s", got)
	}

	all(t, n, reversed(rollback), Options{}, 0)
	if got := n.Farm.State(); got != start {
		t.Errorf("the way back ends elsewhere:\n%s\nthe start was:\n%s", got, start)
	}
	all(t, n, install, Options{}, 0)
	all(t, n, verify, Options{}, 0)
}

// What is done ahead of the servers, in every example: forward, proven, again, back.
func TestDirectoryOfEveryExample(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 12 {
		t.Fatal(err, files)
	}
	installs := 0
	for _, file := range files {
		installs += len(before(night(t, filepath.Base(file)).Scripts("install")))
		t.Run(filepath.Base(file), func(t *testing.T) {
			n := night(t, filepath.Base(file))
			start := n.Farm.State()
			install := before(n.Scripts("install"))
			all(t, n, install, Options{}, 0)
			done := n.Farm.State()
			all(t, n, before(n.Scripts("verify")), Options{}, 0)
			all(t, n, install, Options{}, 0)
			if got := n.Farm.State(); got != done {
				t.Errorf("a second run changed something:\n%s", got)
			}
			all(t, n, reversed(before(n.Scripts("rollback"))), Options{}, 0)
			if got := n.Farm.State(); got != start {
				t.Errorf("the way back ends elsewhere:\n%s\nthe start was:\n%s", got, start)
			}
		})
	}
	if installs < 20 {
		t.Errorf("only %d install scripts in all examples", installs)
	}
}

// A run that is cut off ahead of any command, as by a loss of power, is finished by running the script again.
func TestDirectoryInterrupted(t *testing.T) {
	for _, example := range []string{directoryExample, "rtm-2012.yaml"} {
		t.Run(example, func(t *testing.T) { interrupted(t, example) })
	}
}

func interrupted(t *testing.T, example string) {
	n := night(t, example)
	cuts := 0
	for _, s := range before(n.Scripts("install")) {
		t.Run(strings.TrimPrefix(s.Path, "directory/install/"), func(t *testing.T) {
			c := cutEverywhere(t, n, s)
			if c < 10 {
				t.Errorf("only %d places to cut off", c)
			}
			cuts += c
		})
		all(t, n, []Script{s}, Options{}, 0)
	}
	t.Logf("%d places", cuts)
}

// cutEverywhere cuts a script off ahead of each of its commands in turn, and gives the number of places.
func cutEverywhere(t *testing.T, n *Night, s Script) int {
	t.Helper()
	finished := n.Clone()
	all(t, finished, []Script{s}, Options{}, 0)
	return cutOff(t, n, s, nil, func(cut *Night, at int, _ Run) {
		again, err := cut.Run(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if again.ExitCode != 0 {
			t.Fatalf("%s, cut off ahead of command %d, does not finish: %d\n%s", s.Path, at, again.ExitCode, again.Text())
		}
		if cut.Farm.State() != finished.Farm.State() {
			t.Fatalf("%s, cut off ahead of command %d, ends elsewhere", s.Path, at)
		}
		// What the cut run did is still taken back.
		back := named(t, cut.Scripts("rollback"), strings.TrimPrefix(s.Path, "directory/install/"))
		if r, err := cut.Run(back, Options{}); err != nil || r.ExitCode != 0 {
			t.Fatalf("%s, cut off ahead of command %d: the way back ends with %d %v\n%s", s.Path, at, r.ExitCode, err, r.Text())
		}
		if cut.Farm.State() != n.Farm.State() {
			t.Fatalf("%s, cut off ahead of command %d, run again and taken back, leaves something behind", s.Path, at)
		}
	})
}

// What goes wrong on the night is refused with a message that names it, and nothing is half done.
func TestDirectoryRefuses(t *testing.T) {
	ready := night(t, directoryExample)
	tests := []struct {
		name, script string
		spoil        func(n *Night)
		o            Options
		code         int
		says         string
	}{
		{"on a server of the farm", "120-service-principal-names.ps1", nil, Options{Machine: &farm.Machine{}}, 2, "not on a server of the farm"},
		{"not elevated", "120-service-principal-names.ps1", nil, Options{Session: func(s *farm.Session) { s.Elevated = false }}, 2, "Run as administrator"},
		{"no module", "120-service-principal-names.ps1", func(n *Night) { delete(n.Desk.Modules, "activedirectory") }, Options{}, 2, "RSAT-AD-PowerShell"},
		{"no setspn", "120-service-principal-names.ps1", func(n *Night) { n.Desk.Files.Remove(`C:\Windows\System32\setspn.exe`) }, Options{}, 2, "setspn.exe"},
		{"disk full", "120-service-principal-names.ps1", func(n *Night) { n.Desk.Files.Full = true }, Options{}, 1, "not enough space"},
		{"the name belongs to another account", "120-service-principal-names.ps1", func(n *Night) {
			n.Farm.Directory.AddUser("old-pool").SPNs = []string{"http/mbam.contoso.com"}
		}, Options{}, 3, "belongs to CN=old-pool,"},
		{"the name is a computer's", "120-service-principal-names.ps1", func(n *Night) {
			n.Farm.Directory.AddUser("x").SPNs = []string{"HOST/mbam.contoso.com"}
		}, Options{}, 3, "needs a name that no computer has"},
		{"no pool account", "120-service-principal-names.ps1", func(n *Night) { n.Farm.Directory.Find("svc-mbam-pool").Name = "renamed" }, Options{}, 2, "not a user of the directory"},
		{"another address", "130-dns-record.ps1", func(n *Night) { n.Farm.Directory.SetAddress("mbam", "10.9.9.9") }, Options{}, 3, "has the address 10.9.9.9"},
		{"no cluster yet", "140-listener-computer-object.ps1", func(n *Night) { n.Farm.Directory.Find("SQLCLU1$").Name = "other$" }, Options{}, 2, "cluster has to be created first"},
		{"no unit", "140-listener-computer-object.ps1", func(n *Night) { n.Farm.Directory.Units = nil }, Options{}, 1, "Directory object not found"},
		{"the listener's name is a computer's", "140-listener-computer-object.ps1", func(n *Night) {
			n.Farm.Directory.AddComputer("MBAM-SQL", "CN=Computers,"+n.Farm.Directory.DN)
		}, Options{}, 3, "something else uses the name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			if tt.spoil != nil {
				tt.spoil(n)
			}
			if tt.o.Machine != nil {
				tt.o.Machine = n.Farm.Machines["WEB1"]
				n.Farm.Machines["WEB1"].Modules["activedirectory"] = true
			}
			s := named(t, n.Scripts("install"), tt.script)
			if tt.o.Machine != nil {
				data, _ := n.Desk.Files.Read(folder + `\` + strings.ReplaceAll(s.Path, "/", `\`))
				tt.o.Machine.Files.Put(folder+`\`+strings.ReplaceAll(s.Path, "/", `\`), data)
			}
			start := n.Farm.State()
			r, err := n.Run(s, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if r.ExitCode != tt.code || !strings.Contains(r.Text(), tt.says) {
				t.Errorf("ended with %d, wanted %d and %q:\n%s", r.ExitCode, tt.code, tt.says, r.Text())
			}
			if got := n.Farm.State(); got != start {
				t.Errorf("something was changed:\n%s\nfrom:\n%s", got, start)
			}
		})
	}
}

// A verify script that finds an invariant broken by hand fails and names the cause.
func TestDirectoryVerifyFails(t *testing.T) {
	ready := night(t, directoryExample)
	all(t, ready, before(ready.Scripts("install")), Options{}, 0)
	tests := []struct {
		name, script string
		spoil        func(d *farm.Directory)
		says         string
	}{
		{"a name is gone", "120-service-principal-names.ps1", func(d *farm.Directory) { d.Find("svc-mbam-pool").SPNs = nil }, "owner of http/mbam.contoso.com: expected CN=svc-mbam-pool"},
		{"a second owner", "120-service-principal-names.ps1", func(d *farm.Directory) { d.AddUser("x").SPNs = []string{"HTTP/MBAM.contoso.com"} }, "CN=x,"},
		{"the server's own name on the pool account", "120-service-principal-names.ps1", func(d *farm.Directory) {
			e := d.Find("svc-mbam-pool")
			e.SPNs = append(e.SPNs, "http/web1.contoso.com")
		}, "http/web1.contoso.com"},
		{"another address", "130-dns-record.ps1", func(d *farm.Directory) { d.SetAddress("mbam", "10.9.9.9") }, "address of mbam.contoso.com: expected 10.1.0.60, found 10.9.9.9"},
		{"the account is disabled", "110-accounts.ps1", func(d *farm.Directory) { d.Find("svc-mbam-pool").Flags |= 2 }, `CONTOSO\svc-mbam-pool is enabled`},
		{"the password expires", "110-accounts.ps1", func(d *farm.Directory) { d.Find("svc-mbam-ro").Flags &^= 0x10000 }, `CONTOSO\svc-mbam-ro: password expires`},
		{"a group instead of a user", "110-accounts.ps1", func(d *farm.Directory) { d.Find("svc-mbam-ro").Class = "group" }, `CONTOSO\svc-mbam-ro is a user`},
		{"out of the group", "110-accounts.ps1", func(d *farm.Directory) { d.Find("MBAM DB RW").Members = nil }, `CONTOSO\svc-mbam-pool is in CONTOSO\MBAM DB RW`},
		{"no principal name", "110-accounts.ps1", func(d *farm.Directory) { d.Find("svc-mbam-pool").UPN = "" }, "user principal name"},
		{"the listener's object is gone", "140-listener-computer-object.ps1", func(d *farm.Directory) { d.Find("MBAM-SQL$").Name = "x$" }, "computer object of the listener MBAM-SQL"},
		{"a name of SQL Server elsewhere", "150-sql-service-principal-names.ps1", func(d *farm.Directory) {
			d.Find("svc-sql").SPNs = nil
		}, "owner of MSSQLSvc/sql1.contoso.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			tt.spoil(n.Farm.Directory)
			start := n.Farm.State()
			r, err := n.Run(named(t, before(n.Scripts("verify")), tt.script), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.ExitCode != 4 || !strings.Contains(r.Text(), "[FAIL]") || !strings.Contains(r.Text(), tt.says) {
				t.Errorf("ended with %d, wanted 4 and %q:\n%s", r.ExitCode, tt.says, r.Text())
			}
			if n.Farm.State() != start {
				t.Error("a verify script changed something")
			}
		})
	}
}
