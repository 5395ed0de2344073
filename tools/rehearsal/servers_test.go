package rehearsal

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// windowsSteps are the steps of the servers that need nothing but Windows: no SQL Server, IIS or MBAM features.
var windowsSteps = []string{
	"directory/certificate-request", "web/windows-features", "web/aspnet-mvc4", "web/mbam-software", "database/firewall", "reports/firewall",
	"reports/user-rights", "web/user-rights", "web/certificate", "web/firewall", "web/remove-secrets", "database/sql-browser", "backup/vss-writers",
}

// onWindows keeps the scripts of those steps.
func onWindows(scripts []Script) []Script {
	var out []Script
	for _, s := range scripts {
		if slices.Contains(windowsSteps, s.Item.Step.ID) {
			out = append(out, s)
		}
	}
	return out
}

// uninstalled does what people do ahead of the way back, as the runbook and the rollback of 205 say: the server software and ASP.NET MVC 4
// are uninstalled in Programs and Features. What it gives puts back what was there when the night began, and the secrets, which are copied
// anew.
func uninstalled(n, start *Night) (back func()) {
	for _, m := range n.Farm.Machines {
		removeMBAM(m)
		removeMVC(m)
	}
	return func() {
		for name, m := range n.Farm.Machines {
			was := start.Farm.Machines[name]
			if v, ok := was.Registry(mbamKey, "Installed"); ok {
				installMBAM(m, v.(string))
			}
			if was.Files.IsFolder(mvcFolder) {
				installMVC(m)
			}
		}
		for _, f := range n.Tree.Files() {
			if m := n.Farm.Machines[strings.ToUpper(f.Meta.Server)]; m != nil && f.Secret {
				m.Files.Put(folder+`\`+strings.ReplaceAll(f.Path, "/", `\`), f.Data)
			}
		}
	}
}

// litter are lines of a state that the way back leaves: temporary folders of a run that was cut off, files of .NET Framework 3.5 that Windows
// keeps once it has them, and what is left of IIS (205 says so: files under C:\inetpub).
var litter = regexp.MustCompile(`(?m)^(file|folder): \S+ C:\\(Windows\\Temp\\|inetpub).*\n?|^feature: \S+ NET-Framework-Core (Removed|Available)\n?|^iis: .*(Default Web Site|DefaultAppPool).*\n?`)

func settled(n *Night) string { return litter.ReplaceAllString(n.Farm.State(), "") }

// differs shows the lines in which two states differ.
func differs(was, is string) string {
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	var out []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

func restarted(n *Night) {
	for _, m := range n.Farm.Machines {
		if m.Waits() {
			m.Restart()
		}
	}
}

func TestServersOfEveryExample(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 12 {
		t.Fatal(err, files)
	}
	installs := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			n := night(t, filepath.Base(file))
			all(t, n, before(n.Scripts("install")), Options{}, 0)
			begin, start := n.Clone(), settled(n)
			install, verify, rollback := onWindows(n.Scripts("install")), onWindows(n.Scripts("verify")), onWindows(n.Scripts("rollback"))
			installs += len(install)
			all(t, n, install, Options{WhatIf: true}, 0)
			if got := settled(n); got != start {
				t.Errorf("-WhatIf changed something:\n%s", differs(start, got))
			}
			all(t, n, install, Options{}, 0)
			done := settled(n)
			all(t, n, verify, Options{}, 0)
			all(t, n, install, Options{}, 0)
			if got := settled(n); got != done {
				t.Errorf("a second run changed something:\n%s", differs(done, got))
			}
			nights := 1
			if filepath.Base(file) == directoryExample {
				nights = 2 // forward, back, forward, back, forward
			}
			for range nights {
				back := uninstalled(n, begin)
				for _, s := range reversed(rollback) {
					r, err := n.Run(s, Options{})
					if err != nil {
						t.Fatal(err)
					}
					// Taking IIS away needs a restart, and the script says so.
					if r.ExitCode != 0 && (r.ExitCode != 3010 || s.Item.Step.ID != "web/windows-features") {
						t.Errorf("%s ended with %d:\n%s", s.Path, r.ExitCode, r.Text())
					}
				}
				restarted(n)
				back()
				if got := settled(n); got != start {
					t.Fatalf("the way back ends elsewhere:\n%s", differs(start, got))
				}
				all(t, n, install, Options{}, 0)
				all(t, n, verify, Options{}, 0)
			}
		})
	}
	if installs < 60 {
		t.Errorf("only %d install scripts in all examples", installs)
	}
}

// A run that is cut off ahead of any command, as by a loss of power, is finished by running the script again.
func TestServersInterrupted(t *testing.T) {
	n := night(t, directoryExample)
	all(t, n, before(n.Scripts("install")), Options{}, 0)
	cuts := 0
	for _, s := range onWindows(n.Scripts("install")) {
		if name := s.Item.Host.Name; name != "WEB1" && name != "RPT1" && name != "SQL1" {
			continue
		}
		finished := n.Clone()
		all(t, finished, []Script{s}, Options{}, 0)
		for at := 1; ; at++ {
			cut := n.Clone()
			count := 0
			r, err := cut.Run(s, Options{Session: func(session *farm.Session) {
				session.Before = func(string) {
					if count++; count == at {
						panic(pwsh.Killed{})
					}
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Killed {
				break
			}
			cuts++
			all(t, cut, []Script{s}, Options{}, 0)
			if a, b := settled(finished), settled(cut); a != b {
				t.Errorf("%s, cut off ahead of command %d, ends elsewhere:\n%s", s.Path, at, differs(a, b))
			}
			back := slices.IndexFunc(cut.Scripts("rollback"), func(b Script) bool { return b.Item == s.Item })
			if back < 0 {
				continue
			}
			if r, err := cut.Run(cut.Scripts("rollback")[back], Options{}); err != nil || r.ExitCode != 0 && r.ExitCode != 3010 {
				t.Errorf("%s, cut off ahead of command %d: the way back ends with %d %v\n%s", s.Path, at, r.ExitCode, err, r.Text())
			}
			restarted(cut)
			if a, b := settled(n), settled(cut); a != b {
				t.Errorf("%s, cut off ahead of command %d, run again and taken back, leaves something behind:\n%s", s.Path, at, differs(a, b))
			}
		}
		all(t, n, []Script{s}, Options{}, 0)
	}
	if cuts < 100 {
		t.Errorf("only %d places to cut off", cuts)
	}
	t.Logf("%d places", cuts)
}

// A restart that a script asks for loses nothing: behind it the same script finds its work done or finishes it, and what it made is still on record.
func TestServersRestart(t *testing.T) {
	n := night(t, directoryExample)
	all(t, n, before(n.Scripts("install")), Options{}, 0)
	web := n.Farm.Machines["WEB1"]
	start := settled(n)
	script := func(kind, end string) []Script { return []Script{named(t, n.Scripts(kind), "web/WEB1/"+end)} }
	features, back := script("install", "install/205-windows-features.ps1"), script("rollback", "rollback/205-windows-features.ps1")

	web.FeaturesNeedRestart(true)
	all(t, n, features, Options{}, 3010)
	for _, r := range all(t, n, script("verify", "verify/205-windows-features.ps1"), Options{}, 4) {
		if !strings.Contains(r.Text(), "waits for a restart") {
			t.Errorf("the verify does not say that a restart is due:\n%s", r.Text())
		}
	}
	waiting := settled(n)
	for _, r := range all(t, n, features, Options{}, 3010) {
		if !strings.Contains(r.Text(), "wait for a restart of this server") {
			t.Errorf("a second run ahead of the restart:\n%s", r.Text())
		}
	}
	if got := settled(n); got != waiting {
		t.Errorf("a second run ahead of the restart changed something:\n%s", differs(waiting, got))
	}
	web.Restart()
	all(t, n, script("verify", "verify/205-windows-features.ps1"), Options{}, 0)
	all(t, n, features, Options{}, 0)
	web.FeaturesNeedRestart(false)
	all(t, n, back, Options{}, 3010)
	web.Restart()
	if got := settled(n); got != start {
		t.Errorf("the way back ends elsewhere:\n%s", differs(start, got))
	}
	all(t, n, features, Options{}, 0)

	// A set-up that wants a restart: the servicing release comes behind it.
	software := script("install", "install/215-mbam-software.ps1")
	web.SetupCode = 3010
	for _, r := range all(t, n, software, Options{}, 3010) {
		if !strings.Contains(r.Text(), "start this script again for the servicing release") {
			t.Errorf("what comes behind the restart is not said:\n%s", r.Text())
		}
	}
	web.Restart()
	web.SetupCode = 0
	all(t, n, software, Options{}, 0)
	all(t, n, script("verify", "verify/215-mbam-software.ps1"), Options{}, 0)
	web.SetupCode = 3010
	all(t, n, script("install", "install/210-aspnet-mvc4.ps1"), Options{}, 3010)
	web.Restart()
	all(t, n, script("install", "install/210-aspnet-mvc4.ps1"), Options{}, 0)
}
