// Package coverage answers for each known mistake what catches it: a rule, a check of a script, or nothing, and why.
//
// The mistakes are rows of docs/coverage, in our own words. What catches a row is written at the rule (check.Rule.Covers)
// or at the step (covers in step.yaml), never in the list, so that a rule or check cannot go and leave its promise behind.
// The package knows no topology and renders nothing: the texts of the scripts are handed to it.
package coverage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/explain"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// List is one file of docs/coverage.
type List struct {
	Title string `key:"title" req:"true" is:"text" doc:"what the rows have in common"`
	About string `key:"about" req:"true" is:"text" doc:"where the rows come from, and how they are numbered"`
	Rows  []Row  `key:"rows" req:"true" doc:"the rows by identifier"`
}

// Row is one thing that goes wrong or must hold.
type Row struct {
	ID      string   `name:"true"`
	Text    string   `key:"text" req:"true" is:"text" doc:"what goes wrong or must hold, in one sentence"`
	Sources []string `key:"sources" doc:"keys of docs/sources.yaml"`
	Unseen  string   `key:"unseen" is:"text" doc:"because …: why no rule and no check can see it; only where nothing covers the row"`
}

// Read reads one list.
func Read(name string, data []byte) (List, diag.List) {
	var l List
	doc, found := yamlsrc.Parse(name, data)
	_, more := decode.Into(doc, &l)
	return l, append(found, more...)
}

// Cover is what catches a row: the rule Code, or else the check Text of an artifact of Kind of Step.
type Cover struct {
	Code string
	Step *catalog.Step
	Kind string
	Text string
}

// Table is what catches each row.
type Table struct {
	Lists  []List
	Covers map[string][]Cover // by row; rules in the order of their codes, then checks in that of the steps
}

// Texts finds the scripts of a kind of a step: the templates, and what is rendered from them. Comments do not count.
type Texts map[Script][]string

// Script names scripts in Texts.
type Script struct{ Step, Kind string }

// Add adds a script; source is a template or a rendered file with the extension ext. Of a language in which nothing is
// checked, it adds nothing.
func (t Texts) Add(step, kind, ext, source string) {
	comment := map[string]string{"ps1": "#", "sql": "--"}[ext]
	if comment == "" {
		return
	}
	// The header of a rendered file is a comment of many lines.
	for open, end := range map[string]string{"<#": "#>", "/*": "*/"} {
		if strings.HasPrefix(strings.TrimPrefix(source, "\ufeff"), open) {
			_, source, _ = strings.Cut(source, end)
		}
	}
	var code strings.Builder
	for line := range strings.Lines(source) {
		if !strings.HasPrefix(strings.TrimSpace(line), comment) {
			code.WriteString(line)
		}
	}
	key := Script{step, kind}
	t[key] = append(t[key], code.String())
}

func (t Texts) has(step, kind, text string) bool {
	return slices.ContainsFunc(t[Script{step, kind}], func(s string) bool { return strings.Contains(s, text) })
}

// Join joins rows with what says that it catches them, and says in sorted lines what does not hold: a row that nothing
// catches and nobody explains, a row that is explained though something catches it, a row that does not exist, a check
// that no script has.
func Join(lists []List, articles []explain.Article, steps []*catalog.Step, texts Texts) (Table, []string) {
	t := Table{Lists: lists, Covers: map[string][]Cover{}}
	var wrong []string
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	rows := map[string]bool{}
	for _, l := range lists {
		for _, r := range l.Rows {
			if rows[r.ID] {
				fail("row %s is listed twice", r.ID)
			}
			rows[r.ID] = true
		}
	}
	cite := func(who, row string, c Cover) {
		switch {
		case !rows[row]:
			fail("%s cites row %s, which is not listed", who, row)
		case slices.Contains(t.Covers[row], c):
			fail("%s cites row %s twice", who, row)
		default:
			t.Covers[row] = append(t.Covers[row], c)
		}
	}
	for _, a := range articles {
		for _, row := range a.Covers {
			cite(a.ID, row, Cover{Code: a.ID})
		}
	}
	for _, s := range steps {
		for _, c := range s.Covers {
			kind, text, ok := strings.Cut(c.By, ": ")
			if !ok || !texts.has(s.ID, kind, text) {
				fail("step %s has no check %q: write the kind, a colon and text of its script", s.ID, c.By)
			}
			for _, row := range c.Rows {
				cite("step "+s.ID, row, Cover{Step: s, Kind: kind, Text: text})
			}
		}
	}
	for _, l := range lists {
		for _, r := range l.Rows {
			switch covered := len(t.Covers[r.ID]) > 0; {
			case covered && r.Unseen != "":
				fail("row %s is said to be unseen, and is covered", r.ID)
			case !covered && r.Unseen == "":
				fail("row %s is covered by no rule and no check, and nothing says why", r.ID)
			case r.Unseen != "" && !strings.HasPrefix(r.Unseen, "because "):
				fail("row %s: unseen begins with because", r.ID)
			}
		}
	}
	slices.Sort(wrong)
	return t, wrong
}
