package templates_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/docs"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/templates"
)

// The built-in documents are inspected here once, not at every start.
func TestNoValueOfADocumentIsUnquoted(t *testing.T) {
	c, found := catalog.Load(templates.FS, docs.Sources, nil)
	if len(found) > 0 {
		t.Fatal(found)
	}
	seen := 0
	for _, d := range c.Inspect(func(a *catalog.Artifact) bool {
		document := a.Language == quote.LangHTML || a.Language == quote.LangMarkdown
		if document {
			seen++
		}
		return document
	}) {
		t.Errorf("%s:%d:%d: %s: %s", d.File, d.Pos.Line, d.Pos.Col, d.Code, d.Message)
	}
	if seen < 10 || c.Documents["START-HERE.html"] == nil {
		t.Errorf("%d documents were inspected", seen)
	}
}

// What stands under failures is read at night: short, each sign once, an order at its end, and beside what success looks like.
func TestFailuresCanBeReadAtNight(t *testing.T) {
	c, found := catalog.Load(templates.FS, docs.Sources, nil)
	if len(found) > 0 {
		t.Fatal(found)
	}
	steps := 0
	for _, s := range c.Steps {
		signs := map[string]bool{}
		for _, f := range s.Failures {
			if signs[f.Sign] {
				t.Errorf("%s: %q stands twice", s.ID, f.Sign)
			}
			signs[f.Sign] = true
			for what, text := range map[string]string{"sign": f.Sign, "cause": f.Cause, "do": f.Do} {
				if len(text) < 5 || len(text) > 240 || strings.HasSuffix(text, ".") || strings.TrimSpace(text) != text {
					t.Errorf("%s: %s is too short, too long or ends in a full stop: %q", s.ID, what, text)
				}
			}
		}
		if len(s.Failures) == 0 {
			continue
		}
		steps++
		data, err := fs.ReadFile(templates.FS, s.ID+"/step.yaml")
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, line := range strings.Split(string(data), "\n") {
			if key, _, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "-") {
				keys = append(keys, key)
			}
		}
		if i := slices.Index(keys, "failures"); i < 1 || keys[i-1] != "success" {
			t.Errorf("%s: failures do not stand behind success", s.ID)
		}
	}
	if steps < 40 {
		t.Errorf("only %d steps say how they fail", steps)
	}
}
