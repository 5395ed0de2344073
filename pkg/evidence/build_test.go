package evidence_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/evidence"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

// begin is when the first step of a built set starts.
var begin = time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)

var manifests sync.Map

// manifest is that of a rendered example. Secrets are placeholders: no script of the tree names them.
func manifest(t testing.TB, example string) *artifact.Manifest {
	t.Helper()
	if m, ok := manifests.Load(example); ok {
		return m.(*artifact.Manifest)
	}
	data, err := examples.FS.ReadFile(example + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, f, found := compile.Topology(example, data)
	if found.Errors() > 0 {
		t.Fatal(found)
	}
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	tree, found, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: example})
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	m := tree.Manifest(artifact.About{Tool: "test", Topology: artifact.Topology{Name: f.Name, SHA256: strings.Repeat("0", 64)}})
	manifests.Store(example, m)
	return m
}

// rec is one run as a script records it.
type rec struct {
	Schema   int              `json:"schema"`
	Step     string           `json:"step"`
	Kind     string           `json:"kind"`
	Name     string           `json:"name"`
	Script   string           `json:"script"`
	Host     string           `json:"host"`
	User     string           `json:"user"`
	Started  string           `json:"started"`
	Finished string           `json:"finished"`
	Outcome  string           `json:"outcome"`
	ExitCode int              `json:"exitCode"`
	Message  string           `json:"message"`
	Changed  []string         `json:"changed"`
	Checks   []evidence.Check `json:"checks"`
	Facts    map[string]any   `json:"facts"`
}

const form = "2006-01-02T15:04:05.0000000Z"

func (r *rec) start() time.Time {
	t, err := time.Parse(form, r.Started)
	if err != nil {
		panic(err)
	}
	return t
}

// at moves a run to a time and gives it a minute.
func (r *rec) at(t time.Time) *rec {
	r.Started, r.Finished = t.Format(form), t.Add(time.Minute).Format(form)
	return r
}

func (r *rec) fail(code int, message string) *rec {
	r.Outcome, r.ExitCode, r.Message, r.Changed = "failed", code, message, []string{}
	return r
}

// set is everything that the machines of a farm recorded: runs by planned file, and files as collected.
type set struct {
	t     testing.TB
	m     *artifact.Manifest
	runs  map[string][]*rec // by path of the planned file, in the order of the history
	aside map[string]bool   // whose result a rollback set aside
	files map[string][]byte // written as they are, over what is built
	folds func(r *rec) string
	full  bool            // a result file and a history of each script; else runs that no test looked at share one history, which saves time
	seen  map[string]bool // planned files that a test looked at
}

// perfect is a set in which everything was done as planned.
func perfect(t testing.TB, example string) *set {
	s := &set{
		t: t, m: manifest(t, example), runs: map[string][]*rec{}, aside: map[string]bool{}, files: map[string][]byte{}, seen: map[string]bool{},
		folds: func(r *rec) string { name, _, _ := strings.Cut(r.Host, "."); return strings.ToUpper(name) },
	}
	for _, f := range s.m.Files {
		minute, ok := map[string]int{"preflight": 0, "install": 5, "verify": 10}[f.Kind]
		if f.Result == "" || !ok {
			continue
		}
		r := s.run(f.Path)
		r.at(begin.Add(time.Duration(f.Order)*30*time.Minute + time.Duration(minute)*time.Minute))
		s.runs[f.Path] = []*rec{r}
	}
	clear(s.seen)
	return s
}

// path finds the one planned file whose path ends so.
func (s *set) path(end string) string {
	s.t.Helper()
	found := ""
	for _, f := range s.m.Files {
		if strings.HasSuffix(f.Path, end) {
			if found != "" {
				s.t.Fatalf("%s and %s end in %s", found, f.Path, end)
			}
			found = f.Path
		}
	}
	if found == "" {
		s.t.Fatalf("no planned file ends in %s", end)
	}
	s.seen[found] = true
	return found
}

// of is the only run of the planned file whose path ends so.
func (s *set) of(end string) *rec {
	s.t.Helper()
	return s.runs[s.path(end)][0]
}

// run makes a successful run of a planned file, without a time.
func (s *set) run(end string) *rec {
	s.t.Helper()
	p := s.path(end)
	for _, f := range s.m.Files {
		if f.Path != p {
			continue
		}
		step := s.m.Steps[f.Order-1]
		r := &rec{
			Schema: 1, Step: f.Step, Kind: f.Kind, Name: f.Result, Script: f.SHA256, Host: "mgmt1.contoso.com", User: `CONTOSO\adm`, Outcome: "changed",
			Message: "Done.", Changed: []string{}, Checks: []evidence.Check{}, Facts: map[string]any{},
		}
		for _, h := range step.Hosts {
			if strings.Contains(h, ".") {
				r.Host = h
				break
			}
		}
		switch f.Kind {
		case "preflight", "verify":
			r.Outcome, r.Message = "verified", "All 1 checks passed."
			r.Checks = append(r.Checks, evidence.Check{Name: "a check", OK: true, Expected: "1", Actual: "1"})
		default:
			r.Changed = append(r.Changed, "thing of "+f.Result)
		}
		return r
	}
	s.t.Fatalf("no file %s", p)
	return nil
}

// add puts a further run behind those of its file.
func (s *set) add(end string, r *rec) {
	s.t.Helper()
	p := s.path(end)
	s.runs[p] = append(s.runs[p], r)
}

func line(t testing.TB, r rec) []byte {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// collect writes the set as it is collected, and reads it.
func (s *set) collect() *evidence.Collection {
	s.t.Helper()
	c, err := evidence.Load(s.write())
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// write writes the set as it is collected, a folder for each machine, and returns the folder.
func (s *set) write() string {
	s.t.Helper()
	dir := s.t.TempDir()
	files := map[string][]byte{}
	var shared []*rec
	for p, list := range s.runs {
		if !s.full && !s.seen[p] {
			shared = append(shared, list...)
			continue
		}
		union := []string{}
		for _, r := range list {
			base := path.Join(s.folds(r), r.Name)
			started := *r
			started.Finished, started.Outcome, started.ExitCode, started.Message = "", "failed", 1, ""
			started.Changed, started.Checks, started.Facts = []string{}, []evidence.Check{}, map[string]any{}
			files[base+".history.jsonl"] = append(append(files[base+".history.jsonl"], "\r\n"...), line(s.t, started)...)
			if r.Finished == "" {
				continue
			}
			files[base+".history.jsonl"] = append(append(files[base+".history.jsonl"], "\r\n"...), line(s.t, *r)...)
			union = append(union, r.Changed...)
			if !s.full && !s.aside[p] {
				continue
			}
			result := *r
			result.Changed = union
			name := base + ".result.json"
			if s.aside[p] {
				name += ".20260601T120000.rolled-back.json"
			}
			files[name] = line(s.t, result)
		}
	}
	slices.SortFunc(shared, func(a, b *rec) int { return strings.Compare(a.Started+a.Name+a.Host, b.Started+b.Name+b.Host) })
	for _, r := range shared {
		files["shared.history.jsonl"] = append(append(files["shared.history.jsonl"], "\r\n"...), line(s.t, *r)...)
	}
	for name, data := range s.files {
		files[name] = data
	}
	for name, data := range files {
		if data == nil {
			continue
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	return dir
}

// judge collects the set and compares it with its plan.
func (s *set) judge() *evidence.Report {
	s.t.Helper()
	return evidence.Judge(s.m, s.collect())
}
