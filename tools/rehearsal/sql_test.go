package rehearsal

import (
	"slices"
	"strings"
	"testing"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
)

// databaseFiles are the T-SQL files of a kind in the order of the plan, with stand-ins for what PowerShell does between them.
func databaseFiles(n *Night, kind string) []Script {
	var out []Script
	for _, s := range n.Files(kind) {
		if strings.HasSuffix(s.Path, ".sql") || between(n, s) != nil {
			out = append(out, s)
		}
	}
	return out
}

// between is what a PowerShell file of the plan does to the instances, by hand.
func between(n *Night, s Script) func() {
	network := n.Farm.SQLNetwork()
	switch id := s.Item.Step.ID; {
	case id == "database/alwayson-feature" && s.Kind == "install":
		return func() {
			in := network.Instance(s.Item.Instance.Name)
			if in.Hadr {
				return
			}
			if why := in.SetHadr(true); why != "" {
				panic(why)
			}
			in.Restart()
		}
	case id == "database/alwayson-feature" && s.Kind == "rollback":
		return func() {
			in := network.Instance(s.Item.Instance.Name)
			in.SetHadr(false)
			in.Restart()
		}
	case id == "database/create-databases" && s.Kind == "install":
		return func() {
			for _, d := range []*planned.Database{n.Planned.Compliance, n.Planned.Recovery} {
				create(n, d)
			}
		}
	}
	return nil
}

// create makes a database as Enable-MbamDatabase does: empty of rows, with users for the groups that it is told.
func create(n *Night, d *planned.Database) {
	if d == nil || d.Existing {
		return
	}
	in := n.Farm.SQLNetwork().Instance(d.Placement.Primary().Name)
	if in.Find(d.Name) != nil {
		return
	}
	f := n.Planned
	made := in.CreateDatabase(d.Name, f.Domain.NetBIOS+`\admin`, 3, sqlserver.Contents{
		Schemas: []string{"dbo", map[string]string{"compliance": "ComplianceCore", "recovery": "RecoveryAndHardwareCore"}[d.Key]}, Tables: []string{"Machines"}, Procedures: []string{"GetVersion"},
	})
	for _, a := range []planned.Account{f.ReadWrite, f.ReadOnly} {
		if account := f.Domain.NetBIOS + `\` + a.Name; n.Farm.Directory.Find(account) != nil {
			in.AddUser(made, account, "ReadRole", "WriteRole")
		}
	}
}

// play runs files and stand-ins one after the other; each file has to end with the code.
func play(t *testing.T, n *Night, scripts []Script, o Options, code int) []Run {
	t.Helper()
	var out []Run
	for _, s := range scripts {
		if stand := between(n, s); stand != nil {
			stand()
			continue
		}
		out = append(out, all(t, n, []Script{s}, o, code)...)
	}
	return out
}

func TestSQLForward(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	for _, s := range before(n.Scripts("install")) {
		all(t, n, []Script{s}, Options{}, 0)
	}
	play(t, n, databaseFiles(n, "preflight"), Options{}, 0)
	start := n.Farm.State()
	for _, r := range play(t, n, databaseFiles(n, "install"), Options{}, 0) {
		t.Log(r.Path, r.Text())
	}
	play(t, n, databaseFiles(n, "verify"), Options{}, 0)
	done := n.Farm.State()
	play(t, n, databaseFiles(n, "install"), Options{}, 0)
	if d := difference(done, n.Farm.State()); d != "" {
		t.Errorf("a second run changed something:\n%s", d)
	}
	for _, r := range play(t, n, reversed(databaseFiles(n, "rollback")), Options{}, 0) {
		t.Log(r.Path, r.Text())
	}
	t.Log(difference(start, n.Farm.State()))
	play(t, n, databaseFiles(n, "install"), Options{}, 0)
	play(t, n, databaseFiles(n, "verify"), Options{}, 0)
	t.Log(difference(done, n.Farm.State()))
}

// difference lists the lines that two states do not share.
func difference(a, b string) string {
	var out []string
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, l := range x {
		if !slices.Contains(y, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range y {
		if !slices.Contains(x, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}
