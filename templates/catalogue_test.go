package templates_test

import (
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
