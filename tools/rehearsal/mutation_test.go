package rehearsal

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/contract"
	"github.com/mbamplan/mbamplan/tools/mscheck"
	"github.com/mbamplan/mbamplan/tools/psverify"
	"github.com/mbamplan/mbamplan/tools/rehearsal/mutate"
	"github.com/mbamplan/mbamplan/tools/sqlverify"
)

var (
	wholly   = flag.Bool("mutation", false, "try the large choice, and write docs/mutation.md")
	only     = flag.String("mutation.only", "", "with -mutation: templates that begin so, all their mutants; nothing is written")
	survived = flag.String("mutation.survivors", "", "write the survivors into this file, for reading")
)

// A subject is one rendered file that stands for its template.
type subject struct {
	example string
	file    artifact.File
	target  binding.Target
	version int
}

// model is the script whose frame stands for the frame of all.
const model = "directory/install/120-service-principal-names.ps1"

// subjects are one file of each template, of the base example where it has one.
func subjects(t *testing.T) []subject {
	t.Helper()
	list, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i] = filepath.Base(list[i])
	}
	slices.SortStableFunc(list, func(a, b string) int { return first(a == directoryExample, b == directoryExample) })
	var out []subject
	seen := map[string]bool{}
	for _, example := range list {
		n := night(t, example)
		files := n.Tree.Files()
		slices.SortStableFunc(files, func(a, b artifact.File) int {
			return cmp.Or(first(a.Path == model, b.Path == model), first(strings.HasPrefix(a.Path, "directory/"), strings.HasPrefix(b.Path, "directory/")))
		})
		for _, f := range files {
			if ext := path.Ext(f.Path); seen[f.Meta.Template] || ext != ".ps1" && ext != ".sql" {
				continue
			}
			seen[f.Meta.Template] = true
			s := subject{example: example, file: f, target: binding.Target{Windows: windows(n.Plan.Farm, f), Release: n.Plan.Farm.MBAM.Release}}
			for _, i := range n.Plan.Farm.Instances {
				if i.Folder() == f.Meta.Server {
					s.version = i.Version
				}
			}
			out = append(out, s)
		}
	}
	return out
}

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// windows are the versions that a file has to run on.
func windows(f *planned.Farm, file artifact.File) []string {
	var out []string
	for _, h := range f.Hosts {
		if h.Name == file.Meta.Server {
			out = append(out, strings.ReplaceAll(h.Windows, " ", ""))
		}
	}
	if out == nil {
		return []string{"2016", "2019"}
	}
	return out
}

// mutants are all mutants of all subjects; what is a copy of a piece of another file is mutated there alone.
func mutants(t *testing.T, list []subject) (all []mutate.Mutant, of map[string]subject) {
	t.Helper()
	of = map[string]subject{}
	home := map[string]string{}
	for _, s := range list {
		of[s.file.Path+"\x00"+s.file.Meta.Template] = s
		var made []mutate.Mutant
		if path.Ext(s.file.Path) == ".sql" {
			made = mutate.SQL(s.file.Path, s.file.Meta.Template, s.file.Data)
		} else {
			var err error
			if made, err = mutate.PowerShell(s.file.Path, s.file.Meta.Template, s.file.Data); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range made {
			if m.Shape != "" {
				shape := m.Operator + "\x00" + m.Shape
				if at, ok := home[shape]; ok && at != s.file.Path {
					continue
				}
				home[shape] = s.file.Path
			}
			all = append(all, m)
		}
	}
	return all, of
}

// The layers in the order in which a mutant meets them.
const (
	byGrammar   = "grammar"
	byBinding   = "binding"
	byRules     = "rules"
	byParser    = "parser"
	byRehearsal = "rehearsal"
	notRun      = "not run"
	nobody      = "survived"
)

// fate is what became of a mutant.
type fate struct {
	mutate.Mutant
	layer string
	by    string // the test that failed
	ours  bool   // the rehearsal runs the script
}

// static asks the checkers of a file one after the other.
func static(s subject, data []byte) (layer string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a checker falls over: %v", r)
		}
	}()
	if path.Ext(s.file.Path) == ".sql" {
		for _, f := range sqlverify.Check(s.file.Path, data, sqlverify.Options{Version: s.version}) {
			if strings.HasPrefix(f.Code, "SQP") || strings.HasPrefix(f.Code, "SQG") {
				return byGrammar, nil
			}
			layer = byRules
		}
		return layer, nil
	}
	f := psverify.Parse(data)
	if len(f.Findings) > 0 {
		return byGrammar, nil
	}
	if found, err := binding.Check(f, s.target); err != nil || len(found) > 0 {
		return byBinding, err
	}
	if found, err := contract.Check(f, contract.Kind(s.file.Meta.Kind)); err != nil || len(found) > 0 {
		return byRules, err
	}
	return "", nil
}

// askMicrosoft asks Microsoft's parser about all that is T-SQL and was not found.
func askMicrosoft(t *testing.T, list []fate, of map[string]subject) {
	t.Helper()
	tool := mscheck.Require(t)
	var files []sqlverify.Source
	ask := func() {
		found, err := sqlverify.CheckFiles(context.Background(), tool, files)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			var i int
			if _, err := fmt.Sscanf(f.File, "%d", &i); err != nil {
				t.Fatal(f)
			}
			list[i].layer = byParser
		}
		files = nil
	}
	for i, m := range list {
		if path.Ext(m.File) != ".sql" || m.layer != "" {
			continue
		}
		s := of[m.File+"\x00"+m.Template]
		files = append(files, sqlverify.Source{Name: fmt.Sprint(i), Data: m.Apply(s.file.Data), Options: sqlverify.Options{Version: s.version}})
		if len(files) == 500 {
			ask()
		}
	}
	ask()
}

// judgeMutants sends mutants through all layers.
func judgeMutants(t *testing.T, list []mutate.Mutant, of map[string]subject) []fate {
	t.Helper()
	for _, s := range of {
		if layer, err := static(s, s.file.Data); err != nil || layer != "" {
			t.Fatalf("%s of %s is not clean: %s %v", s.file.Path, s.example, layer, err)
		}
	}
	out := make([]fate, len(list))
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				m := list[i]
				s := of[m.File+"\x00"+m.Template]
				layer, err := static(s, m.Apply(s.file.Data))
				if err != nil {
					t.Errorf("%s: %v", m, err)
				}
				out[i] = fate{Mutant: m, layer: layer, ours: rehearsed(s)}
			}
		})
	}
	start := time.Now()
	for i := range list {
		next <- i
	}
	close(next)
	wait.Wait()
	t.Logf("%d mutants through the static layers in %v", len(list), time.Since(start).Round(time.Second))
	start = time.Now()
	askMicrosoft(t, out, of)
	t.Logf("Microsoft's parser in %v", time.Since(start).Round(time.Second))

	start = time.Now()
	var jobs []func() job
	var at []int
	for i, m := range out {
		if m.layer != "" {
			continue
		}
		s := of[m.File+"\x00"+m.Template]
		out[i].layer = notRun
		if rehearsed(s) {
			at = append(at, i)
			jobs = append(jobs, func() job { return job{s.example, m.File, s.file.Meta.Kind, m.Apply(s.file.Data)} })
		}
	}
	verdicts, err := judgeAll(jobs, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range verdicts {
		switch f := &out[at[k]]; {
		case v.By != "":
			f.layer, f.by = byRehearsal, v.By
		case v.Ran:
			f.layer = nobody
		}
	}
	t.Logf("%d mutants rehearsed in %v", len(jobs), time.Since(start).Round(time.Second))
	return out
}

// rehearsed tells whether a test runs the file.
func rehearsed(s subject) bool {
	return slices.ContainsFunc(judges, func(j judge) bool { return j.judges(s.example, s.file.Path) })
}

// group is role, kind and language of a script.
func group(m mutate.Mutant) string {
	role, _, _ := strings.Cut(m.Template, "/")
	kind, _, _ := strings.Cut(path.Base(m.Template), ".")
	return strings.Join([]string{m.Operator, role, kind, path.Ext(m.File)}, " ")
}

// A reason explains survivors.
type reason struct {
	Why     string   `yaml:"why"`
	Mutants []string `yaml:"mutants"` // IDs
}

// explained are the mutants that may survive.
func explained(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("testdata/survivors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var reasons []reason
	if err := yaml.Unmarshal(text, &reasons); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, r := range reasons {
		for _, id := range r.Mutants {
			if out[id] || strings.TrimSpace(r.Why) == "" {
				t.Errorf("testdata/survivors.yaml: %s stands twice, or without a reason", id)
			}
			out[id] = true
		}
	}
	return out
}

// The choices of mutants, and the share of them that has to be found, of those that are judged.
const (
	large = 3 // of each operator in each template
	small = 1 // of each operator in each of the two languages, of scripts of the base example that are rehearsed
	floor = 0.45
)

// TestMutation changes rendered scripts and asks who notices.
func TestMutation(t *testing.T) {
	if !*wholly && *survived == "" {
		t.Skip("runs by make mutation, or with -mutation.survivors")
	}
	all, of := mutants(t, subjects(t))
	if len(all) < 10_000 {
		t.Fatalf("only %d mutants", len(all))
	}
	known := explained(t)
	list := slices.DeleteFunc(slices.Clone(all), func(m mutate.Mutant) bool {
		s := of[m.File+"\x00"+m.Template]
		return s.example != directoryExample || !rehearsed(s) || m.Message
	})
	list = mutate.Sample(list, small, func(m mutate.Mutant) string { return m.Operator + path.Ext(m.File) })
	switch {
	case *wholly && *only != "":
		list = mutate.Sample(all, large, group)
		list = slices.DeleteFunc(list, func(m mutate.Mutant) bool { return !strings.HasPrefix(m.Template, *only) })
	case *wholly:
		list = mutate.Sample(all, large, group)
	}
	fates := judgeMutants(t, list, of)
	ours, others := count(fates, true), count(fates, false)
	t.Logf("\n%s\n%s", ours.table(), others.table())
	if *survived != "" {
		var b strings.Builder
		for _, f := range fates {
			if f.layer == nobody {
				fmt.Fprintf(&b, "%s\t%s:%d col %d message %t explained %t\n", f.ID(), f.File, f.Line, f.Column, f.Message, known[f.ID()])
			}
		}
		if err := os.WriteFile(*survived, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range fates {
		if f.layer == nobody && !f.Message && !known[f.ID()] && !*wholly {
			t.Errorf("nobody notices, and testdata/survivors.yaml does not say why: %s\n%s:%d", f.ID(), f.File, f.Line)
		}
	}
	if *wholly && *only == "" {
		write(t, "../../docs/mutation.md", ours, others, len(all))
	}
	if got := ours.score(); got < floor {
		t.Errorf("%.1f %% of the mutants of rehearsed scripts were found, fewer than %.0f %%", 100*got, 100*floor)
	}
}

// figures are counts by operator and layer.
type figures map[[2]string]int

const message = "message"

// count counts those of the scripts that the rehearsal runs, or the others.
func count(list []fate, ours bool) figures {
	f := figures{}
	for _, m := range list {
		if m.ours != ours {
			continue
		}
		lang := strings.TrimPrefix(path.Ext(m.File), ".")
		layer := m.layer
		if m.Message {
			layer = message
		}
		f[[2]string{lang + " " + m.Operator, layer}]++
	}
	return f
}

// found are the mutants that some layer found, judged those and the ones that nobody noticed.
func (f figures) found(row string) (found, judged int) {
	for key, n := range f {
		if row != "" && key[0] != row {
			continue
		}
		switch key[1] {
		case message:
		case nobody, notRun:
			judged += n
		default:
			found += n
			judged += n
		}
	}
	return found, judged
}

func (f figures) score() float64 {
	found, judged := f.found("")
	return float64(found) / float64(max(judged, 1))
}

var layers = []string{byGrammar, byBinding, byRules, byParser, byRehearsal, nobody, notRun, message}

func (f figures) table() string {
	var b strings.Builder
	b.WriteString("| operator | made | " + strings.Join(layers, " | ") + " | found |\n|---|--:|" + strings.Repeat("--:|", len(layers)+1) + "\n")
	sum := map[string]int{}
	for _, lang := range []string{"ps1", "sql"} {
		for _, op := range mutate.Operators {
			row := lang + " " + op
			total := 0
			var cells []string
			for _, l := range layers {
				n := f[[2]string{row, l}]
				total += n
				sum[l] += n
				cells = append(cells, fmt.Sprint(n))
			}
			if total == 0 {
				continue
			}
			sum["made"] += total
			found, judged := f.found(row)
			fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", row, total, strings.Join(cells, " | "), percentage(found, judged))
		}
	}
	var cells []string
	for _, l := range layers {
		cells = append(cells, fmt.Sprint(sum[l]))
	}
	found, judged := f.found("")
	fmt.Fprintf(&b, "| all | %d | %s | %s |\n", sum["made"], strings.Join(cells, " | "), percentage(found, judged))
	return b.String()
}

func (f figures) total() (n int) {
	for _, k := range f {
		n += k
	}
	return n
}

// write puts the tables into the document.
func write(t *testing.T, name string, ours, others figures, all int) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "<!-- figures -->")
	_, tail, ok := strings.Cut(string(text), "<!-- end of figures -->")
	if !ok {
		t.Fatalf("%s has no place for the figures", name)
	}
	found, judged := 0, 0
	for _, f := range []figures{ours, others} {
		a, b := f.found("")
		found, judged = found+a, judged+b
	}
	body := fmt.Sprintf("<!-- figures -->\n## Figures\n\n%d mutants out of %d, at most %d of each operator in each role, kind and language. Of all that are no message %s were found.\n\n"+
		"Scripts that the rehearsal runs:\n\n%s\nScripts that it does not run yet, which only the static layers judge:\n\n%s<!-- end of figures -->",
		ours.total()+others.total(), all, large, percentage(found, judged), ours.table(), others.table())
	if err := os.WriteFile(name, []byte(head+body+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func percentage(a, b int) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(a)/float64(b))
}
