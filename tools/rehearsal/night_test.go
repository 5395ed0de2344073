package rehearsal

import (
	"fmt"
	"html"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A turn is one thing that somebody starts on the night: a PowerShell file, or the runner of an instance for the T-SQL files of one number and
// kind.
type turn struct {
	Script
	number int // of T-SQL files; 0 for PowerShell
}

func (x turn) String() string {
	if x.number == 0 {
		return x.Path
	}
	return fmt.Sprintf("%s -Kind %s -Number %d", x.Path, x.Kind, x.number)
}

// turns lists what is started in the order of the plan, as the runbook says: for each item its files of these kinds, one kind after the other.
func turns(n *Night, kinds ...string) []turn {
	byItem := map[*plan.Item][]Script{}
	for _, kind := range kinds {
		for _, s := range n.Files(kind) {
			byItem[s.Item] = append(byItem[s.Item], s)
		}
	}
	var out []turn
	for _, it := range n.Plan.Items {
		for _, s := range byItem[it] {
			one := turn{Script: s}
			if strings.HasSuffix(s.Path, ".sql") {
				one.Path, one.number = path.Join(path.Dir(path.Dir(s.Path)), "300-sql-runner.ps1"), it.Step.Number
				if slices.ContainsFunc(out, func(have turn) bool { return have.String() == one.String() }) {
					continue // the runner takes all files of the number
				}
			}
			out = append(out, one)
		}
	}
	return out
}

// start starts a turn.
func start(n *Night, x turn, o Options) (Run, error) {
	switch {
	case x.number > 0:
		o.Params = map[string]any{"Kind": x.Kind, "Number": int64(x.number)}
	case x.Item.Step.ID == "web/mbam20-setup" && x.Kind == "verify":
		// As the verify says, its reader joins the local group first.
		m, who := n.Machine(x.Script), n.Farm.Directory.Find("admin").SID
		if !slices.Contains(m.Members(farm.Administrators20), who) {
			m.AddMember(farm.Administrators20, who)
		}
	case x.Item.Step.ID == "web/farm-compare":
		// Somebody collects the results of the nodes first.
		const results = folder + `\results`
		for _, node := range x.Item.Web.Nodes {
			m := n.Farm.Machines[strings.ToUpper(node.Host.Name)]
			if data, ok := m.Files.Read(`C:\ProgramData\mbamplan\web.node-check.verify.result.json`); ok {
				n.Desk.Files.Put(results+`\`+m.Name+`\web.node-check.verify.result.json`, data)
			}
		}
		o.Params = map[string]any{"ResultFolder": results}
	}
	return n.Run(x.Script, o)
}

// take starts a turn, which has to end well. A restart that a script declares is made.
func take(t *testing.T, n *Night, x turn, o Options) Run {
	t.Helper()
	r, err := start(n, x, o)
	if err != nil {
		t.Fatalf("%s: %v", x, err)
	}
	if r.ExitCode != 0 && r.ExitCode != 3010 {
		t.Fatalf("%s ended with %d:\n%s", x, r.ExitCode, r.Text())
	}
	if r.ExitCode == 3010 {
		restarted(n)
	}
	return r
}

// wayBack takes the night back in reverse order and gives what the scripts said. People uninstall the software in between, as they are told.
func wayBack(t *testing.T, n, began *Night) string {
	t.Helper()
	var runs []Run
	var said []string
	var back func()
	way := turns(n, "rollback")
	slices.Reverse(way)
	for _, x := range way {
		if back == nil && x.Item.Step.Number < 300 {
			back = uninstalled(n, began)
		}
		ahead, records := n.Farm.State(), n.Farm.Records()
		runs = append(runs, take(t, n, x, Options{WhatIf: true}))
		if got := n.Farm.State(); got != ahead || n.Farm.Records() != records {
			t.Errorf("%s -WhatIf changed something:\n%s", x, apart(got, ahead))
		}
		r := take(t, n, x, Options{})
		runs, said = append(runs, r), append(said, r.Text())
	}
	if got := leaks(n, runs...); got != nil {
		t.Errorf("secrets in %q", got)
	}
	if back != nil {
		back()
	}
	return strings.Join(said, "\n")
}

// stays is what the way back leaves, and the words, or others, by which a script or its header announces it.
var stays = []struct{ line, words string }{
	{`^\+ dns: `, "its computer object and DNS record stay for the domain administrator"},
	{`^\+ file: \(share\) \S+\.\d{8}-\d{6}Z\.(bak|trn) |^\+ file: \S+ \S:\S+\.\d{8}-\d{6}Z\.(bak|trn) `, "Its backup files stay"},
	{`^\+ file: \(share\) \S+\.(full\.bak|log\.trn) |^\+ sql \S+: msdb: backup . of .*"mbamplan seed"`, "the FULL recovery model, the backup files, and their history in msdb"},
	{`^\+ sql \S+: property mbamplan/recovery-model/`, "The former model is recorded in master as an extended property"},
	{`^\+ sql \S+: msdb: backup `, "every backup file and the backup history in msdb"},
	{`^\+ sql \S+: msdb: restore `, "the history of their restore in msdb"},
	{`^\+ (folder|file): \S+ C:\\inetpub|^\+ iis: \S+ .*(Default Web Site|DefaultAppPool)`, `files under C:\inetpub`},
	{`^[+-] feature: \S+ NET-Framework-Core (Available|Removed)`, "files of .NET Framework 3.5, which Windows keeps"},
	{`^\+ sql \S+: database MBAM `, "was created by this plan and stays|Left behind: the database "},
	{`^\+ group: \S+ MBAM `, "Databases, local groups and backups stay."},
	{`^\+ sql \S+: (login|permission G CONNECT SQL of class 100 to) NT AUTHORITY\\SYSTEM`, "login NT AUTHORITY\\SYSTEM: made by this plan, stays"},
	{`^\+ (file|folder): ADMIN1 C:\\mbamplan\\results`, ""}, // what a person collected for web/farm-compare
}

// copied is a database of an instance; state 1 is one that is restoring.
var copied = regexp.MustCompile(`^\+ sql (\S+): database (MBAM [^:]*): `)

// ours is a login that one of our scripts made on an instance, by its record there, or what belongs to it.
var ours = regexp.MustCompile(`^\+ sql (\S+): (?:login|permission G CONNECT SQL of class 100 to|property mbamplan/login/\S+ =) ([^\\]+\\.+?)(?: 01[0-9a-f]+ [UG], .*)?$`)

// announced holds what a way back left against what the scripts announce.
func announced(t *testing.T, n *Night, said, left string) {
	t.Helper()
	for _, f := range n.Tree.Files() {
		if strings.HasSuffix(f.Path, ".html") {
			said += html.UnescapeString(string(f.Data))
		}
		if strings.HasSuffix(f.Path, "runbook.md") || strings.Contains(f.Path, "/install/") || strings.Contains(f.Path, "/rollback/") {
			said += string(f.Data)
		}
	}
	for _, l := range strings.Split(left, "\n") {
		if m := ours.FindStringSubmatch(l); m != nil && !strings.Contains(l, "NT AUTHORITY") {
			// Either the way back named it on this instance, or MBAM made it where it made the databases.
			record := strings.Contains(left, "+ sql "+m[1]+": property mbamplan/login/") && strings.Contains(left, " = "+m[2]+"\n") || strings.HasSuffix(left, " = "+m[2])
			if record && !strings.Contains(said, "login "+m[2]+": stays, it has") || !record && !strings.Contains(said, "and the logins that MBAM made") {
				t.Errorf("nobody says that this stays: %s", l)
			}
			continue
		}
		if m := copied.FindStringSubmatch(l); m != nil && strings.Contains(left, "+ sql "+m[1]+": database "+m[2]+": state 1, ") {
			if !strings.Contains(said, "copies, restoring") {
				t.Errorf("nobody says that copies stay: %s", l)
			}
			continue
		}
		at := slices.IndexFunc(stays, func(s struct{ line, words string }) bool { return regexp.MustCompile(s.line).MatchString(l) })
		if at < 0 {
			t.Errorf("the way back leaves without a word: %s", l)
		} else if !slices.ContainsFunc(strings.Split(stays[at].words, "|"), func(words string) bool { return strings.Contains(said, words) }) {
			t.Errorf("nobody says %q, by which this stays: %s", stays[at].words, l)
		}
	}
}

// An edge is a need of the plan: what is run by late needs what is run by early.
type edge struct{ early, late turn }

func (e edge) String() string { return fmt.Sprintf("%s ahead of %s", e.late, e.early) }

// main lists what makes each item true: its installs; where it has none, its verify scripts, which are gates.
func main(n *Night) []turn {
	var out []turn
	installs := turns(n, "install")
	for _, x := range turns(n, "install", "verify") {
		gate := x.Kind == "verify" && !slices.ContainsFunc(installs, func(i turn) bool { return i.Item == x.Item })
		if x.Kind == "install" || gate {
			out = append(out, x)
		}
	}
	return out
}

// violated runs, for each need of the plan, the later of the two with everything done that comes before it but the earlier one and what rests on
// that.
func violated(t *testing.T, n *Night, each func(e edge, before, trial *Night, r Run)) {
	t.Helper()
	nodes := main(n)
	of := map[*plan.Item]int{}
	for i, x := range nodes {
		for _, it := range n.Plan.Items {
			same := x.number > 0 && it.Step.Number == x.number && it.Folder == x.Item.Folder
			if _, done := of[it]; !done && (it == x.Item || same) {
				of[it] = i
			}
		}
	}
	needs := make([][]int, len(nodes))
	for _, it := range n.Plan.Items {
		i, ok := of[it]
		if !ok {
			continue
		}
		for _, a := range it.After {
			if k, ok := of[a]; ok && k != i {
				needs[i] = append(needs[i], k)
			}
		}
	}
	now := n.Clone()
	for a, early := range nodes {
		if early.Kind == "install" {
			at := now.Clone()
			blocked := map[int]bool{a: true}
			last := 0
			for i := range nodes {
				if slices.Contains(needs[i], a) {
					last = i
				}
			}
			for i := a + 1; i <= last; i++ {
				late := nodes[i]
				direct := slices.Contains(needs[i], a)
				rests := slices.ContainsFunc(needs[i], func(k int) bool { return blocked[k] })
				if rests {
					blocked[i] = true
				}
				others := slices.ContainsFunc(needs[i], func(k int) bool { return k != a && blocked[k] })
				switch {
				case direct && !others:
					trial := at.Clone()
					r, err := start(trial, late, Options{})
					if err != nil {
						t.Errorf("%s: %v", edge{early, late}, err)
						continue
					}
					each(edge{early, late}, at, trial, r)
				case !rests && late.Kind == "install":
					if r, err := start(at, late, Options{}); err != nil || r.ExitCode != 0 && r.ExitCode != 3010 {
						t.Errorf("without %s, %s ended with %d %v\n%s", early, late, r.ExitCode, err, r.Text())
					}
				}
			}
		}
		if early.Kind == "install" {
			take(t, now, early, Options{})
		}
	}
}

// otherwise are the lines in which a violated order differs, and why that is no damage.
var otherwise = []struct{ line, why string }{
	{`: property mbamplan/(group|listener)/`, "what a file is about to make is on record ahead of its making"},
	{`right: WEB\d Se(BatchLogon|Impersonate)`, "the account of the pool gets a right that the group of IIS brings later; the rollback takes it back"},
	{`sql SQL1: property mbamplan/login/`, "logins that MBAM's own program would have made are ours then"},
}

func unexplained(left string) string {
	var out []string
	for _, l := range strings.Split(left, "\n") {
		if l != "" && !slices.ContainsFunc(otherwise, func(o struct{ line, why string }) bool { return regexp.MustCompile(o.line).MatchString(l) }) {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

var backupTime = regexp.MustCompile(`\d{8}-\d{6}Z`)

// unstamped is a state without the times in the names of backup files.
func unstamped(n *Night) string { return backupTime.ReplaceAllString(n.Farm.State(), "then") }

// An order that violates a need is stopped with nothing changed, or does no damage. Either way the right order behind it ends where it ends by itself.
func TestNightOutOfOrder(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	stopped, harmless := 0, 0
	violated(t, n, func(e edge, before, trial *Night, r Run) {
		if r.ExitCode != 0 && r.ExitCode != 3010 {
			stopped++
			if got := unexplained(apart(trial.Farm.State(), before.Farm.State())); got != "" {
				t.Errorf("%s stops with %d, but changed something:\n%s\n%s", e, r.ExitCode, got, r.Text())
			}
			if r.ExitCode == 1 && e.late.number == 0 || e.late.number > 0 && !strings.Contains(r.Text(), "Msg ") {
				t.Errorf("%s stops without a message of its own:\n%s", e, r.Text())
			}
		} else {
			harmless++
		}
		right := before.Clone()
		for _, x := range []turn{e.early, e.late} {
			for _, night := range []*Night{right, trial} {
				if r, err := start(night, x, Options{}); err != nil || r.ExitCode != 0 && r.ExitCode != 3010 && x.Kind != "verify" {
					t.Fatalf("%s, then the right order: %s ended with %d %v\n%s", e, x, r.ExitCode, err, r.Text())
				}
			}
		}
		if got := unexplained(apart(unstamped(trial), unstamped(right))); got != "" {
			t.Errorf("%s, then the right order, ends elsewhere:\n%s", e, got)
		}
	})
	if stopped < 30 || harmless < 60 {
		t.Errorf("%d stopped, %d harmless", stopped, harmless)
	}
	t.Logf("%d stopped, %d harmless", stopped, harmless)
}

// A night that is cut off: each file of it ahead of some of its commands, as by a loss of power, and finished by running it again. Every
// twenty-third place is tried here, from another one on in each file; the tests of the parts try them all for the steps that they know.
func TestNightInterrupted(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	cuts := 0
	for i, x := range turns(n, "install") {
		finished := n.Clone()
		take(t, finished, x, Options{})
		for at := 1 + i%5; ; at += 23 {
			cut := n.Clone()
			count := 0
			r, err := start(cut, x, Options{Session: func(session *farm.Session) {
				session.Before = func(string) {
					if count++; count == at {
						panic(pwsh.Killed{})
					}
				}
			}})
			if err != nil {
				t.Fatalf("%s: %v", x, err)
			}
			if !r.Killed {
				break
			}
			cuts++
			take(t, cut, x, Options{})
			if got := unexplained(apart(unstamped(cut), unstamped(finished))); got != "" && !passing.MatchString(got) {
				t.Errorf("%s, cut off ahead of command %d, ends elsewhere:\n%s", x, at, got)
			}
		}
		take(t, n, x, Options{})
	}
	if cuts < 150 {
		t.Errorf("only %d places to cut off", cuts)
	}
	t.Logf("%d places", cuts)
}

// passing are temporary folders of a run that was cut off.
var passing = regexp.MustCompile(`\A([+] (file|folder): \S+ C:\\Windows\\Temp\\.*\n?)*\z`)

// Every file of the night refuses a machine that is not its own, and somebody without elevation.
func TestNightElsewhere(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	state := n.Farm.State()
	for _, x := range turns(n, "install", "verify", "rollback") {
		other := n.Farm.Machines["RPT1"]
		if n.Machine(x.Script) == other {
			other = n.Desk
		}
		r, err := start(n, x, Options{Machine: other})
		if err != nil {
			t.Fatalf("%s: %v", x, err)
		}
		if r.ExitCode != 2 || !strings.Contains(r.Text(), "Nothing was changed") && !strings.Contains(r.Text(), "This script is for") {
			t.Errorf("%s on %s ended with %d:\n%s", x, other.Name, r.ExitCode, r.Text())
		}
		r, err = start(n, x, Options{Session: func(s *farm.Session) { s.Elevated = false }})
		if err != nil {
			t.Fatalf("%s: %v", x, err)
		}
		if r.ExitCode != 2 || !strings.Contains(r.Text(), "Run as administrator") {
			t.Errorf("%s without elevation ended with %d:\n%s", x, r.ExitCode, r.Text())
		}
		for p := range strings.SplitSeq(apart(n.Farm.State(), state), "\n") {
			if p != "" && !strings.Contains(p, "as given") && !strings.HasPrefix(p, "+ folder: ") {
				t.Errorf("%s: %s", x, p)
			}
		}
		state = n.Farm.State()
	}
	if n.Farm.Records() != "" {
		t.Errorf("records of runs that were refused:\n%s", n.Farm.Records())
	}
}
