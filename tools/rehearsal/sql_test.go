package rehearsal

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
)

// The steps of the database servers, from the firewall to the backup jobs, and what they need before.
const (
	firstOfSQL = 305
	lastOfSQL  = 460
)

// onSQL keeps the scripts of those steps, PowerShell and T-SQL.
func onSQL(scripts []Script) []Script {
	var out []Script
	for _, s := range scripts {
		if k := s.Item.Step.Number; k >= firstOfSQL && k < lastOfSQL && !strings.HasPrefix(s.Item.Step.ID, "database/mbam20") {
			out = append(out, s)
		}
	}
	return out
}

// inSQL keeps the T-SQL of them.
func inSQL(scripts []Script) []Script {
	var out []Script
	for _, s := range onSQL(scripts) {
		if strings.HasSuffix(s.Path, ".sql") {
			out = append(out, s)
		}
	}
	return out
}

// prepared is an example at the moment when the database administrators begin.
func prepared(t *testing.T, example string) *Night {
	t.Helper()
	n := night(t, example)
	for _, s := range n.Files("install") {
		if s.Item.Step.Number >= firstOfSQL {
			continue
		}
		r, err := n.Run(s, Options{})
		if strings.Contains(r.Text(), "Start this script again") {
			r, err = n.Run(s, Options{})
		}
		if err != nil || r.ExitCode != 0 {
			t.Fatalf("%s: %d %v\n%s", s.Path, r.ExitCode, err, r.Text())
		}
	}
	if strings.HasPrefix(n.Planned.MBAM.Release, "2.0") {
		for _, d := range []*planned.Database{n.Planned.Compliance, n.Planned.Recovery} {
			// What the set-up of MBAM 2.0 makes, which nobody undoes here.
			n.Farm.SQLNetwork().Instance(d.Placement.Primary().Name).CreateDatabase(d.Name, n.Planned.Domain.NetBIOS+`\admin`, 1, sqlserver.Contents{Schemas: []string{"dbo", mbamSchema(d)}, Tables: []string{"Machines"}})
		}
	}
	return n
}

// built is an example with everything that the database steps make.
func built(t *testing.T, example string) *Night {
	t.Helper()
	n := prepared(t, example)
	all(t, n, onSQL(n.Files("install")), Options{}, 0)
	n.Farm.Clock = n.Farm.Clock.Add(time.Minute)
	return n
}

// remains are lines of the state that the way back leaves, as the scripts say: databases and their copies, backups and their history, the recovery
// model, logins that databases may need, the computer object and record of a listener, the settings of SQL Server Agent's history.
var remains = regexp.MustCompile(`^[+-] (directory: computer CN=|dns: )|^\+ file: \(share\) \S.*\.(bak|trn) |^\+ (sql \S+: database |sql \S+: msdb: |sql \S+: login |sql \S+: permission G CONNECT SQL of class 100 to )|` +
	`^\+ sql \S+: property mbamplan/(recovery-model|login|owner)/|^- sql \S+: database |^[+-] sql \S+: job "(mbamplan )?.*" ran`)

func TestSQLOfEveryExample(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 12 {
		t.Fatal(err, files)
	}
	statements := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			n := prepared(t, filepath.Base(file))
			start := n.Farm.State()
			install, verify, rollback := onSQL(n.Files("install")), onSQL(n.Files("verify")), onSQL(n.Files("rollback"))
			statements += len(inSQL(install))
			all(t, n, inSQL(n.Files("preflight")), Options{}, 0)
			if got := n.Farm.State(); got != start {
				t.Errorf("a preflight changed something:\n%s", differs(start, got))
			}
			all(t, n, install, Options{}, 0)
			n.Farm.Clock = n.Farm.Clock.Add(time.Minute)
			done := n.Farm.State()
			if len(install) > 0 && done == start {
				t.Fatal("the installs changed nothing")
			}
			all(t, n, verify, Options{}, 0)
			if got := n.Farm.State(); got != done {
				t.Errorf("a verify changed something:\n%s", differs(done, got))
			}
			for _, r := range all(t, n, install, Options{}, 0) {
				if strings.HasSuffix(r.Path, ".sql") && strings.Contains(r.Text(), "[done]") {
					t.Errorf("a second run of %s does something:\n%s", r.Path, r.Text())
				}
			}
			if got := n.Farm.State(); got != done {
				t.Errorf("a second run changed something:\n%s", differs(done, got))
			}
			all(t, n, reversed(rollback), Options{}, 0)
			end := n.Farm.State()
			for _, line := range strings.Split(differs(start, end), "\n") {
				if line != "" && !remains.MatchString(line) {
					t.Errorf("the way back leaves %s", line)
				}
			}
			for _, r := range all(t, n, reversed(inSQL(rollback)), Options{}, 0) {
				if strings.Contains(r.Text(), "[done]") {
					t.Errorf("a second way back of %s does something:\n%s", r.Path, r.Text())
				}
			}
			if got := n.Farm.State(); got != end {
				t.Errorf("a second way back changed something:\n%s", differs(end, got))
			}
			all(t, n, install, Options{}, 0)
			n.Farm.Clock = n.Farm.Clock.Add(time.Minute)
			all(t, n, verify, Options{}, 0)
		})
	}
	if statements < 150 {
		t.Errorf("only %d files of T-SQL in all examples", statements)
	}
}

// stamps are the times in the names of backup files.
var stamps = regexp.MustCompile(`\d{8}-\d{6}Z`)

// A file that is cut off ahead of any statement that changes something is finished by running it again.
func TestSQLInterrupted(t *testing.T) {
	for _, example := range []string{"contoso-alwayson.yaml", "adatum-mirroring.yaml"} {
		t.Run(example, func(t *testing.T) {
			n := prepared(t, example)
			cuts := 0
			for _, s := range onSQL(n.Files("install")) {
				if !strings.HasSuffix(s.Path, ".sql") {
					all(t, n, []Script{s}, Options{}, 0)
					continue
				}
				finished := n.Clone()
				all(t, finished, []Script{s}, Options{}, 0)
				for at := 1; ; at++ {
					cut := n.Clone()
					count, what := 0, ""
					r, err := cut.Run(s, Options{Session: func(session *farm.Session) {
						session.Before = func(w string) {
							if count++; count == at {
								what = w
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
					again, err := cut.Run(s, Options{})
					if err != nil {
						t.Fatal(err)
					}
					if again.ExitCode != 0 {
						t.Errorf("%s, cut off ahead of %s (%d), does not finish: %d\n%s", s.Path, what, at, again.ExitCode, again.Text())
					}
					if d := differs(stamps.ReplaceAllString(finished.Farm.State(), "then"), stamps.ReplaceAllString(cut.Farm.State(), "then")); d != "" {
						t.Errorf("%s, cut off ahead of %s (%d), ends elsewhere:\n%s", s.Path, what, at, d)
					}
				}
				n = finished
			}
			if cuts < 60 {
				t.Errorf("only %d places to cut off", cuts)
			}
			t.Logf("%d places", cuts)
		})
	}
}
