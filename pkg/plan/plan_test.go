package plan_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/plan"
)

const sources = "sources:\n  doc: {title: A document, grade: documented}\n"

// steps builds a catalogue of empty steps: "web/a 10 node serial: true; needs: [web/b]".
func steps(t *testing.T, lines ...string) *catalog.Catalog {
	t.Helper()
	files := fstest.MapFS{}
	for _, l := range lines {
		id, rest, _ := strings.Cut(l, " ")
		number, rest, _ := strings.Cut(rest, " ")
		scope, extra, _ := strings.Cut(rest, ";")
		text := fmt.Sprintf("number: %s\ntitle: Do it\nactor: web administrator\nscope: %s\nsources: [doc]\nevidence: documented\n%s\n",
			number, strings.TrimSpace(scope), strings.ReplaceAll(strings.TrimSpace(extra), "; ", "\n"))
		files[id+"/step.yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	c, found := catalog.Load(files, []byte(sources), nil)
	if len(found) > 0 {
		t.Fatal(found)
	}
	return c
}

func example(t *testing.T, name string) *farm.Farm {
	t.Helper()
	data, err := os.ReadFile("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	_, f, found := compile.Topology(name, data)
	if f == nil || found.Errors() > 0 {
		t.Fatal(found)
	}
	return f
}

// lines prints a plan as "number folder subject".
func lines(p *plan.Plan) string {
	var b strings.Builder
	for _, it := range p.Items {
		fmt.Fprintf(&b, "%d %s %s\n", it.Step.Number, it.Folder, it.Subject)
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

func TestScopes(t *testing.T) {
	always, mirrored := example(t, "contoso-alwayson.yaml"), example(t, "fabrikam-mirrored.yaml")
	basic := example(t, "basic-groups.yaml")
	for _, c := range []struct {
		scope string
		farm  *farm.Farm
		want  string
	}{
		{"once", always, "10 web\n"},
		{"host", always, "10 database/SQL1\n10 database/SQL2\n10 database/SQL3\n10 reports/RPT1\n10 web/WEB1\n10 web/WEB2\n"},
		{"instance", always, "10 database/SQL1\n10 database/SQL2\n10 database/SQL3\n"},
		{"replica", always, "10 database/SQL1\n10 database/SQL2\n10 database/SQL3\n"},
		{"secondary", always, "10 database/SQL2\n10 database/SQL3\n"},
		{"pair", always, "10 database/SQL1 SQL2\n10 database/SQL1 SQL3\n10 database/SQL2 SQL1\n10 database/SQL2 SQL3\n10 database/SQL3 SQL1\n10 database/SQL3 SQL2\n"},
		{"database", always, "10 database/SQL1 compliance\n10 database/SQL1 recovery\n"},
		{"placement", always, "10 database/SQL1\n"},
		{"group", always, "10 database/SQL1\n"},
		{"listener", always, "10 database/SQL1\n"},
		{"principal", always, ""},
		{"creator", always, "10 reports/RPT1\n"},
		{"report server", always, "10 reports/RPT1\n"},
		{"web farm", always, "10 web\n"},
		{"node", always, "10 web/WEB1\n10 web/WEB2\n"},
		{"first node", always, "10 web/WEB1\n"},
		{"other nodes", always, "10 web/WEB2\n"},
		{"instance", mirrored, "10 database/DB1.MBAM\n10 database/DB2.MBAM\n"},
		{"principal", mirrored, "10 database/DB1.MBAM\n"},
		{"mirror", mirrored, "10 database/DB2.MBAM\n"},
		{"witness", mirrored, ""},
		{"creator", mirrored, ""},
		{"group", mirrored, ""},
		{"group", basic, "10 database/SQL1 MBAM-STATUS\n10 database/SQL1 MBAM-KEYS\n"},
		{"replica", basic, "10 database/SQL1 MBAM-STATUS\n10 database/SQL2 MBAM-STATUS\n10 database/SQL1 MBAM-KEYS\n10 database/SQL2 MBAM-KEYS\n"},
		{"group instance", basic, "10 database/SQL1\n10 database/SQL2\n"},
		{"group instance", always, "10 database/SQL1\n10 database/SQL2\n10 database/SQL3\n"},
		{"group instance", mirrored, ""},
		{"pair", mirrored, "10 database/DB1.MBAM DB2.MBAM\n10 database/DB2.MBAM DB1.MBAM\n"},
	} {
		role := "database/a"
		if strings.Contains("once host creator report server web farm node first node other nodes", c.scope) {
			role = "web/a"
		}
		p, err := plan.New(c.farm, steps(t, role+" 10 "+c.scope))
		if err != nil {
			t.Fatal(err)
		}
		if got := lines(p); got != c.want {
			t.Errorf("scope %s of %s:\n%swant\n%s", c.scope, c.farm.Name, got, c.want)
		}
	}
}

func TestOrderFollowsNeedsAndNumbers(t *testing.T) {
	p, err := plan.New(example(t, "contoso-alwayson.yaml"), steps(t,
		"web/first 10 node", "web/second 20 node; needs: [{step: web/first, at: same server}]", "web/third 30 node; needs: [web/second]"))
	if err != nil {
		t.Fatal(err)
	}
	want := "10 web/WEB1\n10 web/WEB2\n20 web/WEB1\n20 web/WEB2\n30 web/WEB1\n30 web/WEB2\n"
	if got := lines(p); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	after := func(i int) string {
		var out []string
		for _, a := range p.Items[i].After {
			out = append(out, fmt.Sprint(a.Order))
		}
		return strings.Join(out, " ")
	}
	if after(3) != "2" || after(4) != "3 4" {
		t.Errorf("same server: after %q, all: after %q", after(3), after(4))
	}
}

func TestConditions(t *testing.T) {
	f := example(t, "contoso-alwayson.yaml")
	p, err := plan.New(f, steps(t, `web/nlb 10 node; when: and .Web.Balancer.NLB .Node.First`, "web/other 20 node; when: .Web.Balancer.HAProxy"))
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(p); got != "10 web/WEB1\n" {
		t.Error(got)
	}
	if _, err := plan.New(f, steps(t, "web/a 10 node; when: .NoSuchField")); err == nil || !strings.Contains(err.Error(), "web/a") {
		t.Errorf("a condition that does not evaluate: %v", err)
	}
}

func TestAHostWithTwoRolesHasOneFolder(t *testing.T) {
	data, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "reports: RPT1\n", "reports: SQL2\n", 1)
	_, f, found := compile.Topology("two-roles.yaml", []byte(text))
	if f == nil {
		t.Fatal(found)
	}
	p, err := plan.New(f, steps(t, "reports/a 10 report server", "database/b 20 replica"))
	if err != nil {
		t.Fatal(err)
	}
	if got := lines(p); !strings.HasPrefix(got, "10 database/SQL2\n") {
		t.Error(got)
	}
}

func TestVerifyOnly(t *testing.T) {
	f := example(t, "existing-attach-only.yaml")
	c := steps(t, "web/a 10 node; restart: server; downtime: users wait; verifyOnly: .Node.Existing", "web/b 20 node")
	p, err := plan.New(f, c)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range p.Items {
		got = append(got, fmt.Sprintf("%s %s %v %s %q", it.Step.ID, it.Server(), it.VerifyOnly, it.Restart, it.Downtime))
	}
	want := `web/a WEB1 true none ""
web/a WEB2 true none ""
web/a WEB3 false server "users wait"
web/b WEB1 false none ""
web/b WEB2 false none ""
web/b WEB3 false none ""`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
	if _, err := plan.New(f, steps(t, "web/a 10 node; verifyOnly: .Node.Nothing")); err == nil || !strings.Contains(err.Error(), "verifyOnly") {
		t.Errorf("a wrong expression gives %v", err)
	}
}

// An instance that is witness of one pair and partner of another holds a copy; one with copies of two placements holds both.
func TestAnInstanceKnowsAllItsDatabases(t *testing.T) {
	data, err := os.ReadFile("../../examples/litware-two-mirrors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`mirror: DB2\KEYS`, `mirror: DB2\KEYS`+"\n    witness: DB3\\STATUS", `principal: DB1\STATUS`, `principal: DB1\KEYS`).Replace(string(data))
	_, f, found := compile.Topology("shared.yaml", []byte(text))
	if f == nil {
		t.Fatal(found)
	}
	p, err := plan.New(f, steps(t, "database/a 10 instance", "database/b 20 principal"))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, it := range p.Items {
		fmt.Fprintf(&got, "%d %s:", it.Step.Number, it.Server())
		for _, d := range it.Databases() {
			fmt.Fprintf(&got, " %s", d.Key)
		}
		got.WriteString("\n")
	}
	want := "10 DB1.KEYS: compliance recovery\n10 DB1.STATUS:\n10 DB2.KEYS: recovery\n10 DB3.STATUS: compliance\n20 DB1.KEYS: recovery\n20 DB1.KEYS: compliance\n"
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
