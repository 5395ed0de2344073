package docs_test

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/explain"
)

func ruleSources() []string {
	var out []string
	for _, a := range explain.Articles() {
		out = append(out, a.Sources...)
	}
	return out
}

// TestGeneratedRules holds docs/rules.md against the articles beside the rules; `make docs` writes it.
func TestGeneratedRules(t *testing.T) {
	c, _, err := compile.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := explain.Markdown(&b, c.Catalog.Sources); err != nil {
		t.Fatal(err)
	}
	golden(t, "rules.md", b.String())
}
