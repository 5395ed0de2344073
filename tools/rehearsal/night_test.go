package rehearsal

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/plan"
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

func TestNight(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	for _, x := range turns(n, "install", "verify") {
		t.Log(x)
		take(t, n, x, Options{})
	}
}
