package docs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/coverage"
	"github.com/mbamplan/mbamplan/pkg/explain"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/templates"
)

// coverageLists reads docs/coverage.
func coverageLists(t *testing.T) []coverage.List {
	t.Helper()
	files, err := filepath.Glob("coverage/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	var lists []coverage.List
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		l, found := coverage.Read("docs/"+filepath.ToSlash(name), data)
		for _, d := range found {
			t.Errorf("%s:%d: %s", d.File, d.Pos.Line, d.Message)
		}
		lists = append(lists, l)
	}
	return lists
}

// coverageTexts collects the templates of the steps and what they render to in the examples.
func coverageTexts(t *testing.T, c *compile.Compiler) coverage.Texts {
	t.Helper()
	texts := coverage.Texts{}
	for _, s := range c.Catalog.Steps {
		for _, a := range s.Artifacts {
			data, err := fs.ReadFile(templates.FS, a.Path)
			if err != nil {
				t.Fatal(err)
			}
			texts.Add(s.ID, a.Kind, a.Ext, string(data))
		}
	}
	names, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	for _, name := range names {
		data, err := fs.ReadFile(examples.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		_, f, found := compile.Topology(name, data)
		if found.Errors() > 0 {
			t.Fatal(found)
		}
		p, err := c.Plan(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, found, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: name})
		if err != nil || len(found) > 0 {
			t.Fatal(err, found)
		}
		for _, file := range tree.Files() {
			texts.Add(file.Meta.Step, file.Meta.Kind, strings.TrimPrefix(path.Ext(file.Path), "."), string(file.Data))
		}
	}
	return texts
}

// TestGeneratedCoverage holds docs/coverage.md against the rows and what rules and steps say that they catch; `make
// docs` writes it.
func TestGeneratedCoverage(t *testing.T) {
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	lists := coverageLists(t)
	for _, l := range lists {
		for _, r := range l.Rows {
			for _, key := range r.Sources {
				if _, ok := c.Catalog.Sources[key]; !ok {
					t.Errorf("row %s cites source %q, which docs/sources.yaml lacks", r.ID, key)
				}
			}
		}
	}
	table, wrong := coverage.Join(lists, explain.Articles(), c.Catalog.Steps, coverageTexts(t, c))
	for _, w := range wrong {
		t.Error(w)
	}
	var b strings.Builder
	if err := table.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "coverage.md", b.String())
}
