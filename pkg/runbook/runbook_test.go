package runbook_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/runbook"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

var compiler = sync.OnceValue(func() *compile.Compiler {
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		panic(fmt.Sprint(err, found))
	}
	return c
})

// book makes the runbook of an example with changes: pairs of old and new text.
func book(t *testing.T, name string, pairs ...string) *runbook.Runbook {
	t.Helper()
	data, err := os.ReadFile("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q does not occur in %s", pairs[i], name)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	_, f, found := compile.Topology(name, []byte(text))
	if f == nil || found.Errors() > 0 {
		t.Fatal(found)
	}
	c := compiler()
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	o := render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: name}
	tree, found, err := c.Tree(p, o)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	b, err := c.Runbook(p, tree, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSectionsEndWhereTheTeamChanges(t *testing.T) {
	b := book(t, "contoso-alwayson.yaml")
	var all []*runbook.Step
	for i, s := range b.Sections {
		if s.Number != i+1 || len(s.Steps) == 0 || i > 0 && b.Sections[i-1].Next != s.Team || i > 0 && b.Sections[i-1].Team == s.Team {
			t.Errorf("section %d of the %s does not follow the one before", s.Number, s.Team)
		}
		for _, step := range s.Steps {
			if step.Team != s.Team {
				t.Errorf("%d is in a section of the %s", step.Number, s.Team)
			}
		}
		for _, w := range s.Waits {
			if w.Team == s.Team || w.Order >= s.Steps[0].Order {
				t.Errorf("section %d waits for %d %s", s.Number, w.Number, w.Where)
			}
		}
		all = append(all, s.Steps...)
	}
	if !slices.Equal(all, b.Steps) || b.Sections[len(b.Sections)-1].Next != "" {
		t.Error("the sections are not the steps in their order")
	}
	at := slices.IndexFunc(b.Sections, func(s *runbook.Section) bool { return s.Steps[0].Number == 510 })
	if at < 0 {
		t.Fatal("no turn begins with 510")
	}
	var waits []string
	for _, w := range b.Sections[at].Waits {
		waits = append(waits, fmt.Sprint(w.Number, " ", w.Where))
	}
	if got := strings.Join(waits, ", "); got != "110 ADMIN1 or another management computer, 215 RPT1, 398 SQL1" {
		t.Errorf("510 waits for %s", got)
	}
}

// find returns the steps of an ID on a server.
func find(b *runbook.Runbook, id, server string) []*runbook.Step {
	var out []*runbook.Step
	for _, s := range append(append([]*runbook.Step{}, b.Steps...), b.Later...) {
		if s.ID == id && s.Server == server {
			out = append(out, s)
		}
	}
	return out
}

func TestCommands(t *testing.T) {
	b := book(t, "contoso-alwayson.yaml")
	const ps = `powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File C:\mbamplan\`
	features := find(b, "web/windows-features", "WEB1")[0]
	if len(features.Do) != 1 || features.Do[0].Text != ps+`web\WEB1\install\205-windows-features.ps1` || features.Do[0].Trial != features.Do[0].Text+" -WhatIf" {
		t.Errorf("install of 205: %+v", features.Do)
	}
	if c := features.Check[0]; c.Text != ps+`web\WEB1\verify\205-windows-features.ps1` || c.Trial != "" {
		t.Errorf("verify of 205: %+v", c)
	}
	level := find(b, "database/compatibility-level", "SQL1")
	if len(level) != 2 || level[0].Do[0].Text != ps+`database\SQL1\300-sql-runner.ps1 -Number 345` || len(level[0].Do[0].Files) != 2 {
		t.Errorf("345 runs both files at once: %+v", level[0].Do)
	}
	if level[0].Do[0].With != nil || level[1].Do[0].With != level[0] || level[1].Check[0].With != level[0] {
		t.Error("the second file of 345 ran with the first")
	}
	if c := level[0].Check[0]; c.Text != ps+`database\SQL1\300-sql-runner.ps1 -Kind verify -Number 345` || c.Open != "SQL1" {
		t.Errorf("verify of 345: %+v", c)
	}
	if c := find(b, "web/farm-compare", "")[0].Check[0]; c.Text != ps+`web\verify\860-farm-compare.ps1 -ResultFolder C:\mbam-results` {
		t.Errorf("a parameter that the call needs: %s", c.Text)
	}
	if s := find(b, "balancer/nlb-network", "")[0]; len(s.Do) != 0 || len(s.Papers) != 1 || s.Where != "switches, routers, hypervisors" {
		t.Errorf("715 is a sheet to read: %+v", s)
	}
}

func TestKeysFollowTheFiles(t *testing.T) {
	before := book(t, "contoso-alwayson.yaml")
	after := book(t, "contoso-alwayson.yaml", "10.1.0.32/24", "10.1.0.33/24")
	if a, b := find(before, "web/windows-features", "WEB1")[0], find(after, "web/windows-features", "WEB1")[0]; a.Key != b.Key {
		t.Error("the tick of a step whose files are as before is forgotten")
	}
	if a, b := find(before, "database/firewall", "SQL1")[0], find(after, "database/firewall", "SQL1")[0]; a.Key == b.Key {
		t.Error("the tick of a step whose script changed stays")
	}
	seen := map[string]bool{}
	for _, s := range before.Steps {
		if seen[s.Key] || len(s.Key) != 16 {
			t.Errorf("key %q of %s is not its own", s.Key, s.Title)
		}
		seen[s.Key] = true
	}
}

func TestWayBack(t *testing.T) {
	b := book(t, "contoso-alwayson.yaml")
	for i, s := range b.Backout {
		if len(s.Back) == 0 || i > 0 && b.Backout[i-1].Number < s.Number {
			t.Errorf("%d %s is out of place", s.Number, s.Where)
		}
	}
	var got []string
	for _, s := range b.NoReturn {
		got = append(got, fmt.Sprintf("%d %s", s.Number, s.Where))
		if s.Undo == "" {
			t.Errorf("%s has no way back and does not say why", s.ID)
		}
	}
	const want = "210 WEB1, 210 WEB2, 215 RPT1, 215 WEB1, 215 WEB2, 340 RPT1, 350 SQL1, 350 SQL1, 365 SQL2, 365 SQL3, 890 WEB1, 890 WEB2"
	if strings.Join(got, ", ") != want {
		t.Errorf("no way back: %s", strings.Join(got, ", "))
	}
}

func TestSecretsNameTheStepThatRemovesThem(t *testing.T) {
	b := book(t, "contoso-alwayson.yaml")
	if len(b.Secrets) != 4 {
		t.Fatalf("%d secret files", len(b.Secrets))
	}
	for _, s := range b.Secrets {
		if s.Removed == nil || s.Removed.Number != 890 || s.Removed.Server != s.Server {
			t.Errorf("%s: removed by %+v", s.Path, s.Removed)
		}
	}
	if n := len(book(t, "standalone-two-servers.yaml").Secrets); n != 0 {
		t.Errorf("a farm without a machine key has %d secret files", n)
	}
}

func TestExampleIsAServerOfThePlan(t *testing.T) {
	b := book(t, "fabrikam-mirrored.yaml")
	if got := b.Example() + " " + b.OnServer(b.Example()); got != `database/DB1 C:\mbamplan\database\DB1` {
		t.Error(got)
	}
}

func TestDurationsAreThoseOfTheTopology(t *testing.T) {
	b := book(t, "contoso-alwayson.yaml", "clients: {gpo", "durations: {web/enable-web-applications: 1h30m, web/machine-key: 45m}\nclients: {gpo")
	for id, want := range map[string]string{"web/enable-web-applications": "1 hour 30 minutes", "web/machine-key": "45 minutes", "web/windows-features": ""} {
		if s := find(b, id, "WEB1")[0]; s.Duration != want {
			t.Errorf("%s: %q, want %q", id, s.Duration, want)
		}
	}
}
