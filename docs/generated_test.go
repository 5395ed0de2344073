package docs_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/coverage"
	"github.com/mbamplan/mbamplan/pkg/quote"
)

var update = flag.Bool("update", false, "write the generated documents")

func golden(t *testing.T, name, text string) {
	t.Helper()
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
		t.Errorf("docs/%s is not what the catalogue says; run: make docs", name)
	}
}

func cell(t *testing.T, s string) string {
	t.Helper()
	out, err := quote.MDCell(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGenerated holds docs/steps.md against the catalogue; `make docs` writes it.
func TestGenerated(t *testing.T) {
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	var b strings.Builder
	b.WriteString("# The steps\n\nGenerated from `templates/` by `make docs`; do not edit.\n\n")
	b.WriteString("| number | step | what | who | for each | after | way back | evidence |\n|---:|---|---|---|---|---|---|---|\n")
	for _, s := range c.Catalog.Steps {
		var needs, kinds []string
		for _, n := range s.Needs {
			needs = append(needs, fmt.Sprint(c.Catalog.Step(n.Step).Number))
		}
		for _, a := range s.Artifacts {
			if len(kinds) == 0 || kinds[len(kinds)-1] != a.Kind {
				kinds = append(kinds, a.Kind)
			}
		}
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s | %s | %s | %s | %s |\n", s.Number, s.ID, cell(t, s.Title), s.Actor, s.Scope, strings.Join(needs, " "), s.Reversible, s.Evidence)
	}
	for _, s := range c.Catalog.Steps {
		fmt.Fprintf(&b, "\n## %s\n\n`%s`, run by the %s", coverage.Heading(s), s.ID, s.Actor)
		if s.When != "" {
			fmt.Fprintf(&b, ", where `%s`", s.When)
		}
		b.WriteString(".\n")
		for _, f := range []struct{ name, text string }{
			{"Changes", s.Changes},
			{"Undo", s.Undo},
			{"Leaves behind", s.Leaves},
			{"Success", s.Success},
			{"Downtime", s.Downtime},
			{"Decision", s.Decision},
		} {
			if f.text != "" {
				fmt.Fprintf(&b, "- %s: %s\n", f.name, cell(t, f.text))
			}
		}
		for _, i := range s.Inferred {
			fmt.Fprintf(&b, "- Inferred: %s Proved by: %s\n", cell(t, i.Fact), cell(t, i.Verified))
		}
		for _, key := range s.Sources {
			src := c.Catalog.Sources[key]
			link := cell(t, src.Title)
			if src.URL != "" {
				link = "[" + link + "](" + src.URL + ")"
			}
			if src.Section != "" {
				link += ", " + cell(t, src.Section)
			}
			fmt.Fprintf(&b, "- Source (%s): %s\n", src.Grade, link)
		}
	}
	golden(t, "steps.md", b.String())
}

// TestSourcesAreUsed keeps the list of sources short: a key that no step, no rule, no row of docs/coverage and no comment
// on a computed value cites is noise.
func TestSourcesAreUsed(t *testing.T) {
	c, _, err := compile.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for k, s := range c.Catalog.Sources {
		keys = append(keys, k)
		if s.URL == "" && s.Grade == "documented" {
			t.Logf("source %s has no public address", k)
		}
	}
	sort.Strings(keys)
	used := map[string]bool{}
	for _, s := range c.Catalog.Steps {
		for _, k := range s.Sources {
			used[k] = true
		}
	}
	for _, s := range ruleSources() {
		used[s] = true
	}
	for _, l := range coverageLists(t) {
		for _, r := range l.Rows {
			for _, k := range r.Sources {
				used[k] = true
			}
		}
	}
	computed := ""
	var files []string
	for _, pattern := range []string{"../pkg/farm/*.go", "../pkg/impact/*.go"} {
		list, err := filepath.Glob(pattern)
		if err != nil || len(list) == 0 {
			t.Fatal(err, pattern)
		}
		files = append(files, list...)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		computed += string(data)
	}
	for _, k := range keys {
		if !used[k] && !strings.Contains(computed, k) {
			t.Errorf("source %s is cited by no step, rule or computed value", k)
		}
	}
}

// TestResultSchemaIsJSON reads the schema of the result file, which scripts and collectors share.
func TestResultSchemaIsJSON(t *testing.T) {
	data, err := os.ReadFile("result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Required   []string       `json:"required"`
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	for _, r := range schema.Required {
		if schema.Properties[r] == nil {
			t.Errorf("%s is required and not described", r)
		}
	}
	frame, err := os.ReadFile("../templates/_frame/script.ps1.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(frame), "$Result = [ordered]@{ ")
	fields, _, _ := strings.Cut(rest, "\n")
	fields = regexp.MustCompile(`{{.*?}}`).ReplaceAllString(fields, "") // keys of one kind of script
	for _, f := range strings.Split(fields, "; ") {
		name, _, _ := strings.Cut(f, " = ")
		if schema.Properties[name] == nil {
			t.Errorf("the frame writes %q, which the schema lacks", name)
		}
	}
}
