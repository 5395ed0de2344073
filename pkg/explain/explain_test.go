package explain_test

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/evidence"
	"github.com/mbamplan/mbamplan/pkg/explain"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/topology"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

func sources(t *testing.T) map[string]catalog.Source {
	t.Helper()
	c, _, err := compile.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Catalog.Sources
}

// TestEveryCodeIsExplained holds the articles against the registries of the packages that report.
func TestEveryCodeIsExplained(t *testing.T) {
	titles := map[string]string{topology.CodeSchema: "the schema version is not read by this release"}
	for _, family := range [][]diag.Code{yamlsrc.Codes(), decode.Codes(), farm.Codes(), check.WaiverCodes(), catalog.Codes(), evidence.Codes()} {
		for _, c := range family {
			titles[c.ID] = c.Title
		}
	}
	for _, r := range check.Rules() {
		titles[r.Code] = r.Title
	}
	listed := sources(t)
	last := ""
	for _, a := range explain.Articles() {
		if a.ID <= last {
			t.Errorf("%s follows %s", a.ID, last)
		}
		last = a.ID
		if titles[a.ID] != a.Title {
			t.Errorf("%s: title %q, want %q", a.ID, a.Title, titles[a.ID])
		}
		delete(titles, a.ID)
		if len(a.Why) < 40 || !strings.HasSuffix(a.Why, ".") || len(a.Fix) < 10 || !strings.HasSuffix(a.Fix, ".") {
			t.Errorf("%s: why or fix is no sentence: %q %q", a.ID, a.Why, a.Fix)
		}
		if len(a.Sources) == 0 {
			t.Errorf("%s cites no source", a.ID)
		}
		for _, s := range a.Sources {
			if listed[s].Title == "" {
				t.Errorf("%s cites %q, which docs/sources.yaml lacks", a.ID, s)
			}
		}
	}
	for code := range titles {
		t.Errorf("%s is not explained", code)
	}
}

// TestExamples runs every example: the wrong input has the finding with its severity, a place and a mend, the right one
// has neither the finding nor any error.
func TestExamples(t *testing.T) {
	without := 0
	for _, a := range explain.Articles() {
		t.Run(a.ID, func(t *testing.T) {
			if a.Example.None != "" {
				without++
				if len(a.Example.Wrong)+len(a.Example.Whole) > 0 {
					t.Error("an example and a reason for none")
				}
				return
			}
			right, wrong, err := a.Example.Run()
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range right.Found {
				if d.Code == a.ID || d.Severity == diag.Error {
					t.Errorf("the right example has %+v", d)
				}
			}
			hit := false
			for _, d := range wrong.Found {
				if d.Code == a.ID {
					hit = true
					if d.Severity != a.Severity {
						t.Errorf("severity %s, the article says %s", d.Severity, a.Severity)
					}
				}
			}
			if !hit {
				t.Errorf("the wrong example has %+v", wrong.Found)
			}
		})
	}
	// MBP0124, a defect of a library, MBP0306, which a shape forestalls, and what is about collected files.
	if without != 2+len(evidence.Codes()) {
		t.Errorf("%d codes have no example", without)
	}
}

func TestText(t *testing.T) {
	listed := sources(t)
	for _, a := range explain.Articles() {
		var b strings.Builder
		if err := a.Text(&b, listed); err != nil {
			t.Errorf("%s: %v", a.ID, err)
			continue
		}
		text := b.String()
		for _, want := range []string{a.ID, a.Title, "\nFix\n", "\nSources\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", a.ID, want, text)
			}
		}
		if a.Example.None == "" && (!strings.Contains(text, "["+a.ID+"]") || strings.Contains(text, "Wrong\n\n") || strings.Contains(text, "Right\n\n")) {
			t.Errorf("%s: an empty example in\n%s", a.ID, text)
		}
		if lines := strings.Count(text, "\n"); lines > 70 {
			t.Errorf("%s has %d lines", a.ID, lines)
		}
	}
}

func TestEveryFamilyHasATitle(t *testing.T) {
	var b strings.Builder
	if err := explain.Markdown(&b, sources(t)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "## Other rules") {
		t.Error("a family of rules has no title in print.go")
	}
}

func TestFind(t *testing.T) {
	if a, ok := explain.Find("mbp1101"); !ok || a.ID != "MBP1101" {
		t.Errorf("got %+v", a)
	}
	if _, ok := explain.Find("MBP9999"); ok {
		t.Error("a code that does not exist")
	}
	if got := explain.Near("MBP11O1"); got != "MBP1101" {
		t.Errorf("got %q", got)
	}
}
