package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
)

// Parsed is an inspected template with its library.
type Parsed struct {
	tmpl *template.Template
}

// Execute renders the main template, or a named block of it.
func (p *Parsed) Execute(block string, dot any) (string, error) {
	t := p.tmpl
	if block != "" {
		t = t.Lookup(block)
	}
	var b strings.Builder
	if err := t.Execute(&b, dot); err != nil {
		return "", err
	}
	return b.String(), nil
}

// Has reports whether the template defines a block of its own, as "params".
func (p *Parsed) Has(block string) bool { return p.tmpl.Lookup(block) != nil }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Parse parses and inspects an artifact's template once.
func (c *Catalog) Parse(a *Artifact) (*Parsed, diag.List) {
	if a.parsed != nil {
		return a.parsed, nil
	}
	t := template.New(display(a.Path)).Funcs(functions(a.Language)).Option("missingkey=error")
	var found diag.List
	for _, lib := range c.library(a.Language) {
		if _, err := t.New(display(lib)).Parse(c.files[lib].data); err != nil {
			found = append(found, c.syntax(lib, err))
		}
	}
	if _, err := t.Parse(a.source); err != nil {
		return nil, append(found, c.syntax(a.Path, err))
	}
	found = append(found, c.inspect(t, a)...)
	if len(found) > 0 {
		return nil, found
	}
	a.parsed = &Parsed{tmpl: t}
	return a.parsed, nil
}

// Inspect parses and inspects every artifact that the filter takes; nil takes all.
func (c *Catalog) Inspect(take func(*Artifact) bool) diag.List {
	var found diag.List
	each := func(a *Artifact) {
		if take == nil || take(a) {
			_, more := c.Parse(a)
			found = append(found, more...)
		}
	}
	for _, s := range c.Steps {
		for _, a := range s.Artifacts {
			each(a)
		}
	}
	for _, name := range c.documentNames() {
		each(c.Documents[name])
	}
	return unique(found)
}

func unique(l diag.List) diag.List {
	seen := map[string]bool{}
	var out diag.List
	for _, d := range l {
		k := fmt.Sprint(d.Code, d.File, d.Pos, d.Message)
		if !seen[k] {
			seen[k] = true
			out = append(out, d)
		}
	}
	return out
}

func (c *Catalog) documentNames() []string {
	var out []string
	for n := range c.Documents {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// library lists the shared template files of a language: _lib/<language>/*.tmpl.
func (c *Catalog) library(l quote.Language) []string {
	var out []string
	for p := range c.files {
		if path.Dir(p) == "_lib/"+string(l) && strings.HasSuffix(p, ".tmpl") {
			out = append(out, p)
		}
	}
	sort.Strings(out)
	return out
}

func (c *Catalog) libOverlaid(l quote.Language) bool {
	for _, p := range c.library(l) {
		if c.files[p].overlay {
			return true
		}
	}
	return false
}

var templateError = regexp.MustCompile(`^template: (.*?):(\d+)(?::(\d+))?: (.*)$`)

func (c *Catalog) syntax(p string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Code: CodeTemplate, File: display(p), Message: err.Error()}
	if m := templateError.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[2])
		d.File, d.Pos, d.Message = m[1], diag.Pos{Line: line, Col: 1}, m[4]
	}
	return d
}

// inspection walks one template with everything it includes.
type inspection struct {
	c     *Catalog
	set   *template.Template
	lang  quote.Language
	safe  map[string]bool
	found diag.List
	known map[string]quote.State // end state of an included template by name and start state
	busy  map[string]bool
}

// inspect refuses every action whose pipeline does not end in a quoting function of the language, and every quoting
// function that stands where its result means something else: a literal inside a string, a note outside a comment.
func (c *Catalog) inspect(t *template.Template, a *Artifact) diag.List {
	in := &inspection{c: c, set: t, lang: a.Language, safe: map[string]bool{}, known: map[string]quote.State{}, busy: map[string]bool{}}
	for _, n := range quote.Safe(a.Language) {
		in.safe[n] = true
	}
	in.include(t.Name(), quote.State{})
	var blocks []string
	for _, other := range t.Templates() {
		if other.Tree != nil && other.Tree.ParseName == t.Name() {
			blocks = append(blocks, other.Name())
		}
	}
	sort.Strings(blocks)
	for _, b := range blocks {
		in.include(b, quote.State{})
	}
	return in.found
}

func (in *inspection) include(name string, s quote.State) quote.State {
	key := fmt.Sprint(name, s)
	if end, ok := in.known[key]; ok {
		return end
	}
	t := in.set.Lookup(name)
	if t == nil || t.Tree == nil || in.busy[key] {
		return s
	}
	in.busy[key] = true
	end := in.list(t.Tree, t.Tree.Root, s)
	in.known[key] = end
	return end
}

func (in *inspection) report(tree *parse.Tree, n parse.Node, code, fix, format string, args ...any) {
	file, pos := tree.ParseName, diag.Pos{Line: 1, Col: 1}
	location, _ := tree.ErrorContext(n)
	if m := regexp.MustCompile(`^(.*):(\d+):(\d+)$`).FindStringSubmatch(location); m != nil {
		line, _ := strconv.Atoi(m[2])
		col, _ := strconv.Atoi(m[3])
		file, pos = m[1], diag.Pos{Line: line, Col: col + 1, Len: len(n.String())}
	}
	in.found = append(in.found, diag.Diagnostic{Code: code, File: file, Pos: pos, Message: fmt.Sprintf(format, args...), Fix: fix})
}

func (in *inspection) list(tree *parse.Tree, l *parse.ListNode, s quote.State) quote.State {
	if l == nil {
		return s
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			next, err := quote.Scan(in.lang, s, string(n.Text))
			if err != nil {
				in.report(tree, n, CodeContext, "", "the text here does not read as %s: %s", in.lang, err)
			}
			s = next
		case *parse.ActionNode:
			s = in.action(tree, n, s)
		case *parse.IfNode:
			s = in.branch(tree, n, &n.BranchNode, s, false)
		case *parse.WithNode:
			s = in.branch(tree, n, &n.BranchNode, s, false)
		case *parse.RangeNode:
			s = in.branch(tree, n, &n.BranchNode, s, true)
		case *parse.TemplateNode:
			if in.set.Lookup(n.Name) == nil {
				in.report(tree, n, CodeTemplate, "", "no template is called %q", n.Name)
				continue
			}
			s = in.include(n.Name, s)
		}
	}
	return s
}

// branch requires that every way through ends in the same place: code stays code, a string is closed where it was opened.
func (in *inspection) branch(tree *parse.Tree, n parse.Node, b *parse.BranchNode, s quote.State, loop bool) quote.State {
	first := in.list(tree, b.List, s)
	second := s
	if b.ElseList != nil {
		second = in.list(tree, b.ElseList, s)
	}
	if !first.Same(second) || loop && !first.Same(s) {
		in.report(tree, n, CodeContext, "close strings and comments in the branch that opens them", "the branches end in different places of a %s literal or comment", in.lang)
	}
	return first
}

func (in *inspection) action(tree *parse.Tree, n *parse.ActionNode, s quote.State) quote.State {
	if len(n.Pipe.Decl) > 0 {
		return s
	}
	last := n.Pipe.Cmds[len(n.Pipe.Cmds)-1]
	id, ok := last.Args[0].(*parse.IdentifierNode)
	if !ok || !in.safe[id.Ident] {
		in.report(tree, n, CodeUnquoted, "end the pipeline in one of "+strings.Join(quote.Safe(in.lang), ", "),
			"%s puts a value into %s without quoting it", n, in.lang)
		return s
	}
	if want := quote.ContextOf(in.lang, id.Ident); !s.Allows(want) {
		in.report(tree, n, CodeContext, "move the action out of the string or comment, or use the function for that place",
			"%s stands inside %s, where its result is not read as a value", n, s)
	}
	return s.AfterValue()
}
