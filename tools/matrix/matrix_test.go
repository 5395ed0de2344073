package matrix

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"hash/maphash"
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

// TestMatrix checks every combination, plans and renders each that is not refused, and holds every distinct file of all of
// them against the checkers, for the strictest of the servers that get it. With -short it renders each thirteenth.
func TestMatrix(t *testing.T) {
	// Fifty thousand small farms: garbage is cheap, collecting it is not.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1200 << 20))
	c := compiler(t)
	c.Remember()
	key, err := secrets.New(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	options := render.Options{Secrets: key, Topology: "matrix.yaml"}
	all := All()
	outcomes := make([]Outcome, len(all))
	files := newContents()
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
		if found.Errors() > 0 || *update || testing.Short() && i%13 != 0 {
			return
		}
		if f == nil {
			t.Errorf("%s: no farm and no error", m)
			return
		}
		if tree := treeOf(t, c, m, f, options); tree != nil {
			files.add(t, m, f, tree)
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
	contents := files.sorted()
	t.Logf("%d combinations, %d are not refused, %d are rendered: %d files, %d distinct, %d of them documents", len(all), len(rendered), files.trees, files.count, len(files.bySum), len(files.bySum)-len(contents))
	t.Run("memory", func(t *testing.T) { remembered(t, c, Cover(rendered), options) })
	t.Run("PowerShell", func(t *testing.T) { powerShell(t, contents) })
	t.Run("T-SQL", func(t *testing.T) { transactSQL(t, contents) })
	t.Run("other files", func(t *testing.T) { others(t, contents) })
	t.Run("connection strings", func(t *testing.T) { connectionStrings(t, contents) })
}

func treeOf(t *testing.T, c *compile.Compiler, m Combination, f *farm.Farm, o render.Options) *artifact.Tree {
	p, err := c.Plan(f)
	if err != nil {
		t.Errorf("%s: %v", m, err)
		return nil
	}
	tree, found, err := c.Tree(p, o)
	if err != nil || len(found) > 0 {
		t.Errorf("%s: %v %+v", m, err, found)
		return nil
	}
	return tree
}

// remembered renders a choice of combinations again without memory: what templates are remembered to say must be what they
// say.
func remembered(t *testing.T, with *compile.Compiler, list []Combination, o render.Options) {
	without := compiler(t)
	each(list, func(_ int, m Combination) {
		_, f, _ := compile.Topology("matrix.yaml", []byte(m.Topology()))
		a, b := treeOf(t, with, m, f, o), treeOf(t, without, m, f, o)
		if a == nil || b == nil {
			return
		}
		want := map[string][]byte{}
		for _, file := range b.Files() {
			want[file.Path] = file.Data
		}
		for _, file := range a.Files() {
			if !bytes.Equal(file.Data, want[file.Path]) {
				t.Errorf("%s: %s is remembered otherwise than it is rendered", m, file.Path)
			}
			delete(want, file.Path)
		}
		for path := range want {
			t.Errorf("%s: %s is rendered, but not from memory", m, path)
		}
	})
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

// contents are the distinct files of all combinations. What differs in extension or kind is distinct, as other checks are
// for it. The data of documents, of which nearly every one is distinct, is checked at once and not kept.
type contents struct {
	lock  sync.Mutex
	trees int
	count int // of files
	seeds [2]maphash.Seed
	byKey map[contentKey]*content // known at once, as the renders share memory
	bySum map[[2]uint64]*content
}

type contentKey struct {
	data *byte // of the content that is kept
	size int
	sort string
}

func newContents() *contents {
	return &contents{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, byKey: map[contentKey]*content{}, bySum: map[[2]uint64]*content{},
	}
}

func (c *contents) add(t *testing.T, m Combination, f *farm.Farm, tree *artifact.Tree) {
	servers := map[string]server{"": {windows: []string{"2016", "2019"}}} // two management computers
	for _, h := range f.Hosts {
		servers[h.Name] = server{windows: []string{strings.ReplaceAll(h.Windows, " ", "")}}
	}
	for _, i := range f.Instances {
		s := server{sql: i.Version}
		for _, h := range i.Nodes {
			s.windows = append(s.windows, strings.ReplaceAll(h.Windows, " ", ""))
		}
		servers[i.Folder()] = s
	}
	files := tree.Files()
	fresh := c.note(m, f, files, servers)
	for _, one := range fresh {
		others(t, []*content{one})
		one.data = nil
	}
}

// note records who gets the files, and returns the documents that are new.
func (c *contents) note(m Combination, f *farm.Farm, files []artifact.File, servers map[string]server) (fresh []*content) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.trees++
	c.count += len(files)
	for _, file := range files {
		one := c.of(file)
		if one.kind == "" {
			one.data, one.path, one.from, one.kind = file.Data, file.Path, m, file.Meta.Kind
			if one.kind == "document" {
				fresh = append(fresh, one)
			}
		}
		s := servers[file.Meta.Server]
		for _, w := range s.windows {
			one.windows[w] = true
		}
		one.releases[f.MBAM.Release] = true
		if s.sql > 0 && (one.sql == 0 || s.sql < one.sql) {
			one.sql = s.sql
		}
	}
	return fresh
}

// server is what a file is for: the Windows versions of the machines, and the SQL Server version, 0 for none.
type server struct {
	windows []string
	sql     int
}

// of finds the content of a file, or makes one without a kind.
func (c *contents) of(file artifact.File) *content {
	key := contentKey{&file.Data[0], len(file.Data), path.Ext(file.Path) + file.Meta.Kind}
	if one := c.byKey[key]; one != nil {
		return one
	}
	var sum [2]uint64
	for i, seed := range c.seeds {
		var h maphash.Hash
		h.SetSeed(seed)
		h.WriteString(key.sort + "\x00")
		h.Write(file.Data)
		sum[i] = h.Sum64()
	}
	one := c.bySum[sum]
	if one == nil {
		one = &content{windows: map[string]bool{}, releases: map[string]bool{}}
		c.bySum[sum] = one
		if file.Meta.Kind != "document" {
			c.byKey[key] = one
		}
	}
	return one
}

// sorted returns all contents but documents in an order that does not depend on who came first.
func (c *contents) sorted() []*content {
	list := slices.DeleteFunc(slices.Collect(maps.Values(c.bySum)), func(one *content) bool { return one.kind == "document" })
	slices.SortFunc(list, func(a, b *content) int { return cmp.Or(strings.Compare(a.path, b.path), bytes.Compare(a.data, b.data)) })
	return list
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
		case ".html":
			findings = cfgverify.HTML(one.path, one.data)
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
