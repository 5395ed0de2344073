package coverage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/coverage"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/explain"
)

const rows = `title: Mistakes
about: Numbered by us.
rows:
  A-1: {text: a name is taken, sources: [doc]}
  A-2: {text: a port is closed}
  A-3: {text: nobody knows, unseen: because it is in no file}
`

func article(code string, rows ...string) explain.Article {
	a := explain.Article{Covers: rows}
	a.Code = diag.Code{ID: code}
	return a
}

func step(covers ...catalog.Cover) *catalog.Step {
	return &catalog.Step{ID: "web/gate", Number: 640, Title: "Look, and go on", Covers: covers}
}

const script = "<#\nPort is mentioned in a header\n#>\n# Name is mentioned in a comment\nAdd-Check -Name 'Port 443'\r\nAdd-Check -Name ('{0}: MBAM''s key' -f $place)"

func join(t *testing.T, text string, articles []explain.Article, s *catalog.Step) (coverage.Table, []string) {
	t.Helper()
	l, found := coverage.Read("rows.yaml", []byte(text))
	if len(found) > 0 {
		t.Fatal(found)
	}
	texts := coverage.Texts{}
	texts.Add("web/gate", "verify", "ps1", script)
	texts.Add("web/gate", "verify", "md", "Memory of the server")
	return coverage.Join([]coverage.List{l}, articles, []*catalog.Step{s}, texts)
}

func TestJoin(t *testing.T) {
	port := catalog.Cover{Rows: []string{"A-2"}, By: "verify: Port 443"}
	by := func(by string) catalog.Cover { return catalog.Cover{Rows: []string{"A-2"}, By: by} }
	for _, c := range []struct {
		name, text string
		rules      []explain.Article
		covers     []catalog.Cover
		want       string
	}{
		{"whole", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{port}, ""},
		{"a row without cover", rows, nil, []catalog.Cover{port}, "row A-1 is covered by no rule and no check, and nothing says why"},
		{"unseen and covered", rows, []explain.Article{article("MBP1001", "A-1", "A-3")}, []catalog.Cover{port}, "row A-3 is said to be unseen, and is covered"},
		{"a row that a rule invents", rows, []explain.Article{article("MBP1001", "A-1", "A-9")}, []catalog.Cover{port}, "MBP1001 cites row A-9, which is not listed"},
		{"a row that a step invents", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{port, {Rows: []string{"A-9"}, By: port.By}}, "step web/gate cites row A-9, which is not listed"},
		{"a row twice", rows, []explain.Article{article("MBP1001", "A-1", "A-1")}, []catalog.Cover{port}, "MBP1001 cites row A-1 twice"},
		{"a check that is not there", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{by("verify: Port 80")}, `step web/gate has no check "verify: Port 80"`},
		{"a check of another kind", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{by("install: Port 443")}, `step web/gate has no check "install: Port 443"`},
		{"a check without kind", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{by("Port 443")}, `step web/gate has no check "Port 443"`},
		{"a word of the header", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{by("verify: Port is")}, `step web/gate has no check`},
		{"a word of a comment", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{by("verify: Name is")}, `step web/gate has no check`},
		{"a word of a document", rows, []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{by("verify: Memory")}, `step web/gate has no check`},
		{"a reason that is none", strings.Replace(rows, "because it", "it", 1), []explain.Article{article("MBP1001", "A-1")}, []catalog.Cover{port}, "row A-3: unseen begins with because"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, wrong := join(t, c.text, c.rules, step(c.covers...))
			if c.want == "" {
				if len(wrong) > 0 {
					t.Error(wrong)
				}
				return
			}
			if !slices.ContainsFunc(wrong, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
				t.Errorf("no %q in %q", c.want, wrong)
			}
		})
	}
}

func TestMarkdown(t *testing.T) {
	table, wrong := join(t, rows, []explain.Article{article("MBP1001", "A-1", "A-2")}, step(catalog.Cover{Rows: []string{"A-2"}, By: "verify: Port 443"}, catalog.Cover{Rows: []string{"A-2"}, By: "verify: '{0}: MBAM''s key'"}))
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	var b strings.Builder
	if err := table.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| [Mistakes](#mistakes) | 3 | 2 | 1 | 1 |\n| together | 3 | 2 | 1 | 1 |\n",
		"| A-1 | a name is taken | [MBP1001](rules.md#mbp1001) |\n",
		"| A-2 | a port is closed | [MBP1001](rules.md#mbp1001); verify of [web/gate](steps.md#640-look-and-go-on): Port 443; verify of [web/gate](steps.md#640-look-and-go-on): …: MBAM's key |\n",
		"| A-3 | nobody knows | cannot be seen, because it is in no file |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
