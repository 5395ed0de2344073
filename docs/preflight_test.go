package docs_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

// finding is the beginning of a call that records a check.
var finding = regexp.MustCompile(`\b(Add-Finding|Add-Check|Add-Unchecked) -Name (?:\()?'((?:[^'\r]|'')*)'`)

var (
	remedy = regexp.MustCompile(` -Remedy (?:\()?'((?:[^'\r]|'')*)'`)
	about  = regexp.MustCompile(`\{[0-9]\}`)
)

// check is a check of a preflight.
type check struct {
	name, remedy string
	fails, notes bool // without and with -Note
}

// TestGeneratedPreflight holds docs/preflight.md against the preflights of the examples; `make docs` writes it.
func TestGeneratedPreflight(t *testing.T) {
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	steps := map[string][]*check{}
	list, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		data, err := fs.ReadFile(examples.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		_, f, _ := compile.Topology(name, data)
		p, err := c.Plan(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, found, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: name})
		if err != nil || len(found) > 0 {
			t.Fatal(err, found)
		}
		for _, file := range tree.Files() {
			if file.Meta.Kind == "preflight" && strings.HasSuffix(file.Path, ".ps1") {
				steps[file.Meta.Step] = checks(steps[file.Meta.Step], string(file.Data))
			}
		}
	}
	var b strings.Builder
	b.WriteString("# What the preflights check\n\nGenerated from the preflights of the examples by `make docs`; do not edit.\n\n")
	b.WriteString("A check that **fails** ends its preflight with exit code 4; one that is **noted** is told and fails nothing; a check with both fails on some\nservers. What the reader may not see is listed as not checked. ")
	b.WriteString("Names are the same on every server, followed by a colon and what the check is\nabout. The preflights in T-SQL (305, 342) print their checks by name and are not listed here.\n")
	for _, s := range c.Catalog.Steps {
		rows := steps[s.ID]
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %d `%s`\n\n| check | when it differs | what to do |\n|---|---|---|\n", s.Number, s.ID)
		for _, r := range rows {
			verdict := "not checked"
			switch {
			case r.fails && r.notes:
				verdict = "fails, or noted"
			case r.fails:
				verdict = "fails"
			case r.notes:
				verdict = "noted"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(t, r.name), verdict, cell(t, r.remedy))
		}
	}
	golden(t, "preflight.md", b.String())
}

// checks adds the checks of a script to those of a step, each name once, in the order of the text.
func checks(list []*check, text string) []*check {
	for rest := text; ; {
		m := finding.FindStringSubmatchIndex(rest)
		if m == nil {
			return list
		}
		call, quoted := rest[m[2]:m[3]], rest[m[4]:m[5]]
		rest = rest[m[1]:]
		arguments, _, _ := strings.Cut(rest, "\r\n")
		if next := finding.FindStringIndex(arguments); next != nil {
			arguments = arguments[:next[0]]
		}
		name := about.ReplaceAllString(strings.ReplaceAll(quoted, "''", "'"), "…")
		i := slices.IndexFunc(list, func(c *check) bool { return c.name == name })
		if i < 0 {
			i = len(list)
			list = append(list, &check{name: name})
		}
		switch {
		case call == "Add-Unchecked":
		case strings.Contains(arguments, " -Note:"):
			list[i].fails, list[i].notes = true, true
		case strings.Contains(arguments, " -Note"):
			list[i].notes = true
		default:
			list[i].fails = true
		}
		if r := remedy.FindStringSubmatch(arguments); r != nil && list[i].remedy == "" {
			list[i].remedy = about.ReplaceAllString(strings.ReplaceAll(r[1], "''", "'"), "…")
		}
	}
}
