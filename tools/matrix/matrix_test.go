package matrix

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/cfgverify"
	"github.com/mbamplan/mbamplan/tools/contract"
	"github.com/mbamplan/mbamplan/tools/mscheck"
	"github.com/mbamplan/mbamplan/tools/psverify"
	"github.com/mbamplan/mbamplan/tools/sqlverify"
)

var update = flag.Bool("update", false, "write docs/matrix.md")

// ruleCode is the form of the codes of rules; findings about the file itself would be mistakes of the generator.
var ruleCode = regexp.MustCompile(`^MBP1[0-9]{3}$`)

// each calls f for every element of a list on all cores.
func each[T any](list []T, f func(int, T)) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range 4 {
		wait.Go(func() {
			for i := range next {
				f(i, list[i])
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	wait.Wait()
}

func compiler(t *testing.T) *compile.Compiler {
	t.Helper()
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	return c
}

// TestMatrix checks and plans every combination, renders a choice of those that are not refused, and holds every distinct
// file of it against the checkers, for the strictest of the servers that get it.
func TestMatrix(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // fifty thousand small farms: garbage is cheap, collecting it is not
	c := compiler(t)
	all := All()
	outcomes := make([]Outcome, len(all))
	each(all, func(i int, m Combination) {
		_, f, found := compile.Topology("matrix.yaml", []byte(m.Topology()))
		for _, d := range found {
			if !ruleCode.MatchString(d.Code) {
				t.Errorf("%s: no rule speaks: %s %s", m, d.Code, d.Message)
			}
			switch d.Severity {
			case diag.Error:
				outcomes[i].Errors = append(outcomes[i].Errors, d.Code)
			case diag.Warning:
				outcomes[i].Warnings = append(outcomes[i].Warnings, d.Code)
			}
		}
		outcomes[i].tidy()
		if found.Errors() > 0 {
			return
		}
		if f == nil {
			t.Errorf("%s: no farm and no error", m)
			return
		}
		if _, err := c.Plan(f); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	})
	var rendered []Combination
	for i, m := range all {
		if len(outcomes[i].Errors) == 0 {
			rendered = append(rendered, m)
		}
	}
	if len(rendered) == 0 {
		t.Fatal("every combination is refused")
	}
	t.Run("table", func(t *testing.T) { table(t, all, outcomes) })
	if *update {
		return
	}
	cover := Cover(rendered)
	t.Logf("%d combinations, %d are not refused, %d of these are rendered", len(all), len(rendered), len(cover))
	contents := renderAll(t, c, cover)
	t.Run("PowerShell", func(t *testing.T) { powerShell(t, contents) })
	t.Run("T-SQL", func(t *testing.T) { transactSQL(t, contents) })
	t.Run("other files", func(t *testing.T) { others(t, contents) })
	t.Run("connection strings", func(t *testing.T) { connectionStrings(t, contents) })
}

// content is one distinct text with everything that it is for.
type content struct {
	data []byte
	path string // of the first file that has it
	from Combination
	kind string
	// windows, sql and releases are what the servers that get the file run.
	windows  map[string]bool
	sql      int // the oldest; 0 for none
	releases map[string]bool
}

func (c *content) String() string { return c.path + " of " + c.from.String() }

// renderAll renders combinations and gathers their distinct files, in the order of their first appearance.
func renderAll(t *testing.T, c *compile.Compiler, list []Combination) []*content {
	t.Helper()
	key, err := secrets.New(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	type tree struct {
		farm  *farm.Farm
		files []artifact.File
	}
	var lock sync.Mutex
	seen := map[[32]byte]*content{}
	keep := func(m Combination, t tree) {
		lock.Lock()
		defer lock.Unlock()
		for _, f := range t.files {
			sum := sha256.Sum256(append([]byte(path.Ext(f.Path)+f.Meta.Kind+"\x00"), f.Data...))
			one := seen[sum]
			if one == nil {
				one = &content{data: f.Data, path: f.Path, from: m, kind: f.Meta.Kind, windows: map[string]bool{}, releases: map[string]bool{}}
				seen[sum] = one
			}
			for _, w := range windowsOf(t.farm, f) {
				one.windows[w] = true
			}
			one.releases[t.farm.MBAM.Release] = true
			if v := sqlOf(t.farm, f); v > 0 && (one.sql == 0 || v < one.sql) {
				one.sql = v
			}
		}
	}
	each(list, func(_ int, m Combination) {
		_, f, _ := compile.Topology("matrix.yaml", []byte(m.Topology()))
		p, err := c.Plan(f)
		if err != nil {
			t.Errorf("%s: %v", m, err)
			return
		}
		out, found, err := c.Tree(p, render.Options{Secrets: key, Topology: "matrix.yaml"})
		if err != nil || len(found) > 0 {
			t.Errorf("%s: %v %+v", m, err, found)
			return
		}
		keep(m, tree{f, out.Files()})
	})
	contents := slices.Collect(maps.Values(seen))
	slices.SortFunc(contents, func(a, b *content) int {
		return strings.Compare(a.path+a.from.String()+string(a.data), b.path+b.from.String()+string(b.data))
	})
	return contents
}

// windowsOf returns the Windows versions of the servers that a file is for, of two management computers for a file that
// is bound to none.
func windowsOf(f *farm.Farm, file artifact.File) []string {
	var hosts []*farm.Host
	for _, h := range f.Hosts {
		if h.Name == file.Meta.Server {
			hosts = []*farm.Host{h}
		}
	}
	for _, i := range f.Instances {
		if i.Folder() == file.Meta.Server {
			hosts = i.Nodes
		}
	}
	var out []string
	for _, h := range hosts {
		out = append(out, strings.ReplaceAll(h.Windows, " ", ""))
	}
	if out == nil {
		return []string{"2016", "2019"}
	}
	return out
}

func sqlOf(f *farm.Farm, file artifact.File) int {
	for _, i := range f.Instances {
		if i.Folder() == file.Meta.Server {
			return i.Version
		}
	}
	return 0
}

func powerShell(t *testing.T, contents []*content) {
	var scripts []*content
	for _, one := range contents {
		if path.Ext(one.path) == ".ps1" {
			scripts = append(scripts, one)
		}
	}
	if len(scripts) == 0 {
		t.Fatal("no script was rendered")
	}
	t.Logf("%d distinct scripts", len(scripts))
	each(scripts, func(_ int, one *content) {
		parsed := psverify.Parse(one.data)
		findings := parsed.Findings
		for release := range one.releases {
			if !slices.Contains(binding.Releases, release) {
				release = ""
			}
			bound, err := binding.Check(parsed, binding.Target{Windows: slices.Sorted(maps.Keys(one.windows)), Release: release})
			if err != nil {
				t.Error(err)
			}
			findings = append(findings, bound...)
		}
		kept, err := contract.Check(parsed, contract.Kind(one.kind))
		if err != nil {
			t.Errorf("%s: %v", one, err)
		}
		for _, f := range append(findings, kept...) {
			t.Errorf("%s:%s", one, f)
		}
	})
}

func transactSQL(t *testing.T, contents []*content) {
	tool := mscheck.Require(t)
	var sources []sqlverify.Source
	for i, one := range contents {
		if path.Ext(one.path) == ".sql" {
			sources = append(sources, sqlverify.Source{Name: fmt.Sprintf("%d-%s", i, path.Base(one.path)), Data: one.data, Options: sqlverify.Options{Version: one.sql}})
		}
	}
	if len(sources) == 0 {
		t.Fatal("no T-SQL was rendered")
	}
	t.Logf("%d distinct T-SQL files", len(sources))
	findings, err := sqlverify.CheckFiles(context.Background(), tool, sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		var i int
		if _, err := fmt.Sscanf(f.File, "%d-", &i); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s: %s", contents[i], f)
	}
}

// others reads what is neither PowerShell nor T-SQL.
func others(t *testing.T, contents []*content) {
	program := ""
	for _, one := range contents {
		var findings []cfgverify.Finding
		switch path.Ext(one.path) {
		case ".ps1", ".sql", ".txt":
		case ".xml", ".config":
			findings = append(cfgverify.XML(one.path, one.data), cfgverify.MachineKey(one.path, one.data, cfgverify.MachineKeyOptions{})...)
		case ".md":
			findings = cfgverify.Markdown(one.path, one.data)
		case ".inf":
			_, findings = cfgverify.INF(one.path, one.data)
		case ".dsh":
			findings = cfgverify.Diskshadow(one.path, one.data)
		case ".json":
			findings = cfgverify.JSON(one.path, one.data)
		case ".cfg":
			if program == "" {
				program = cfgverify.RequireHAProxy(t)
			}
			var err error
			if findings, err = cfgverify.HAProxy(context.Background(), program, one.path, one.data); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s: no checker knows files of this kind", one)
		}
		for _, f := range findings {
			t.Errorf("%s: %s", one, f)
		}
	}
}

func connectionStrings(t *testing.T, contents []*content) {
	tool := mscheck.Require(t)
	from := map[string]*content{}
	var list []string
	for _, one := range contents {
		if path.Ext(one.path) != ".ps1" {
			continue
		}
		for _, e := range mscheck.ExtractConnStrings(string(one.data)) {
			if from[e.Text] == nil {
				from[e.Text] = one
				list = append(list, e.Text)
			}
		}
	}
	if len(list) == 0 {
		t.Fatal("no connection string was found in any script")
	}
	problems, err := tool.CheckConnStrings(context.Background(), list)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s: %s", from[p.Input], p.Message, p.Input)
	}
}

// table holds docs/matrix.md against the outcomes; `make docs` writes it.
func table(t *testing.T, all []Combination, outcomes []Outcome) {
	const name = "../../docs/matrix.md"
	text, missed := Document(all, outcomes)
	for _, m := range missed {
		t.Errorf("the tables do not tell: %s", m)
	}
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != text {
		t.Error("docs/matrix.md is not what the rules say; run: make docs")
	}
}

func TestCover(t *testing.T) {
	var list []Combination
	for i, c := range All() {
		if i%11 == 0 {
			list = append(list, c)
		}
	}
	cover := Cover(list)
	have := map[triple]bool{}
	for _, c := range cover {
		for _, x := range c.triples(func(triple) bool { return true }) {
			have[x] = true
		}
	}
	for _, c := range list {
		if left := c.triples(func(x triple) bool { return !have[x] }); len(left) > 0 {
			t.Fatalf("%s: %v is not covered", c, left[0])
		}
	}
	if len(cover) > len(list)/8 {
		t.Errorf("%d of %d are no choice", len(cover), len(list))
	}
}

// A table that says less than the outcomes is told: the code of one combination alone is in no table.
func TestDocumentMisses(t *testing.T) {
	all := []Combination{
		{"2.5", "fci", "2012", "Standard", "2012", false, "", false},
		{"2.5", "fci", "2012", "Standard", "2012", false, "", true},
		{"2.5", "fci", "2012", "Standard", "2016", false, "nlb", true},
	}
	_, missed := Document(all, []Outcome{{}, {}, {}})
	if len(missed) > 0 {
		t.Error(missed)
	}
	text, missed := Document(all, []Outcome{{}, {}, {Errors: []string{"MBP1999"}}})
	if len(missed) > 0 || !strings.Contains(text, "| 2012 | yes | no [MBP1999] |") {
		t.Error(missed, text)
	}
	// A code that neither the Windows version nor the balancer decides alone, but both and the edition together.
	all = append(all, Combination{"2.5", "fci", "2012", "Express", "2016", false, "nlb", true}, Combination{"2.5", "fci", "2014", "Standard", "2016", false, "nlb", true})
	if _, missed := Document(all, []Outcome{{}, {}, {Errors: []string{"MBP1999"}}, {}, {}}); len(missed) != 1 {
		t.Error(missed)
	}
}
