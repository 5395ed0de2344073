package docs_test

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/explain"
	"github.com/mbamplan/mbamplan/pkg/schema"
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

// TestGeneratedSchema holds docs/topology.schema.json against the field table; `make docs` writes it.
func TestGeneratedSchema(t *testing.T) {
	text, err := schema.Topology()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "topology.schema.json", string(text))
}
