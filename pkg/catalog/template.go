package catalog

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/weave"
)

// Parsed is an inspected template with its library.
type Parsed struct {
	// SHA256 is the digest of the template's file, in lower-case hex.
	SHA256 string

	set  *weave.Set
	name string
}

// Whole renders the main template. The result is good until it is released.
func (p *Parsed) Whole(r *weave.Run, dot any) ([]byte, error) { return p.set.Execute(r, p.name, dot) }

// Body is Whole without line feeds at its ends.
func (p *Parsed) Body(r *weave.Run, dot any) ([]byte, error) {
	text, err := p.Whole(r, dot)
	return bytes.Trim(text, "\n"), err
}

// Text renders a named block of the template.
func (p *Parsed) Text(r *weave.Run, block string, dot any) (string, error) {
	return p.set.Text(r, block, dot)
}

// Has reports whether the template or its library defines a block, as "params".
func (p *Parsed) Has(block string) bool { return p.set.Has(block) }

// Parse parses an artifact's template once; any number of goroutines may ask for it. A template that a user's overlay has a
// part in is inspected, too; the embedded ones are inspected by the tests of folder templates, once for every release instead of
// at every start.
func (c *Catalog) Parse(a *Artifact) (*Parsed, diag.List) {
	a.once.Do(func() {
		text, sum := c.summed(a.Path)
		set, found := c.parse(a, text)
		if len(found) == 0 && (a.Overlay || c.libOverlaid(a.Language)) {
			found = c.inspect(set, a)
		}
		if len(found) > 0 {
			a.found = found
			return
		}
		a.parsed = &Parsed{sum, set, display(a.Path)}
	})
	return a.parsed, a.found
}

func (c *Catalog) parse(a *Artifact, text string) (*weave.Set, diag.List) {
	base, found := c.base(a.Language)
	if len(found) > 0 {
		return nil, found
	}
	set := base.Over()
	if err := set.Parse(display(a.Path), text); err != nil {
		return nil, diag.List{c.syntax(a.Path, err)}
	}
	return set, nil
}

// base returns the parsed library of a language.
func (c *Catalog) base(l quote.Language) (*weave.Set, diag.List) {
	c.parsing.Lock()
	defer c.parsing.Unlock()
	if b := c.bases[l]; b != nil {
		return b, nil
	}
	set := weave.NewSet(functions(l))
	var found diag.List
	for _, lib := range c.library(l) {
		if err := set.Parse(display(lib), c.text(lib)); err != nil {
			found = append(found, c.syntax(lib, err))
		}
	}
	if len(found) == 0 {
		c.bases[l] = set
	}
	return set, found
}

// Inspect parses and inspects every artifact that the filter takes; nil takes all.
func (c *Catalog) Inspect(take func(*Artifact) bool) diag.List {
	var found diag.List
	each := func(a *Artifact) {
		if take == nil || take(a) {
			t, more := c.parse(a, c.text(a.Path))
			if len(more) == 0 {
				more = c.inspect(t, a)
			}
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
	if !c.layered {
		return false
	}
	for _, p := range c.library(l) {
		if c.files[p].overlay {
			return true
		}
	}
	return false
}

var templateError = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^template: (.*?):(\d+)(?::(\d+))?: (.*)$`) })

func (c *Catalog) syntax(p string, err error) diag.Diagnostic {
	d := diag.Diagnostic{Code: CodeTemplate, File: display(p), Message: err.Error()}
	if m := templateError().FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[2])
		d.File, d.Pos, d.Message = m[1], diag.Pos{Line: line, Col: 1}, m[4]
	}
	return d
}

// inspection walks one template with everything it includes.
type inspection struct {
	set   *template.Template
	lang  quote.Language
	safe  map[string]bool
	found diag.List
	known map[visit]lexer // place behind an included template by its name and the place before it
	busy  map[visit]bool

	again map[string]bool // by the index variable of a loop around: whether this is a round behind the first
	jumps []lexer         // where break and continue leave a round of the loop around
}

type visit struct {
	name  string
	place lexer
}

// inspect refuses every action whose pipeline does not end in a quoting function of the language, and every quoting
// function that stands where its result means something else: a literal inside a string, a note outside a comment.
func (c *Catalog) inspect(set *weave.Set, a *Artifact) diag.List {
	t, err := set.Template()
	if err != nil {
		return diag.List{c.syntax(a.Path, err)}
	}
	t = t.Lookup(display(a.Path))
	in := &inspection{set: t, lang: a.Language, safe: map[string]bool{}, known: map[visit]lexer{}, busy: map[visit]bool{}, again: map[string]bool{}}
	for _, n := range quote.Safe(a.Language) {
		in.safe[n] = true
	}
	in.include(t.Name(), start(a.Language))
	var blocks []string
	for _, other := range t.Templates() {
		if other.Tree != nil && other.Tree.ParseName == t.Name() {
			blocks = append(blocks, other.Name())
		}
	}
	sort.Strings(blocks)
	for _, b := range blocks {
		in.include(b, begin(a.Language, b))
	}
	return in.found
}

func (in *inspection) include(name string, at lexer) lexer {
	v := visit{name, at}
	if end, ok := in.known[v]; ok {
		return end
	}
	t := in.set.Lookup(name)
	if t == nil || t.Tree == nil || in.busy[v] {
		return at
	}
	in.busy[v] = true
	outside := in.again
	in.again = map[string]bool{} // a template has variables of its own
	end := in.list(t.Tree, t.Tree.Root, at)
	in.again = outside
	in.known[v] = end
	return end
}

var nodePlace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(.*):(\d+):(\d+)$`) })

func (in *inspection) report(tree *parse.Tree, n parse.Node, code, fix, format string, args ...any) {
	file, pos := tree.ParseName, diag.Pos{Line: 1, Col: 1}
	location, _ := tree.ErrorContext(n)
	if m := nodePlace().FindStringSubmatch(location); m != nil {
		line, _ := strconv.Atoi(m[2])
		col, _ := strconv.Atoi(m[3])
		file, pos = m[1], diag.Pos{Line: line, Col: col + 1, Len: 1}
	}
	in.found = append(in.found, diag.Diagnostic{Code: code, File: file, Pos: pos, Message: fmt.Sprintf(format, args...), Fix: fix})
}

func (in *inspection) list(tree *parse.Tree, l *parse.ListNode, at lexer) lexer {
	if l == nil {
		return at
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			next, err := at.scan(string(n.Text))
			if err != nil {
				in.report(tree, n, CodeContext, "", "the text here does not read as %s: %s", in.lang, err)
			}
			at = next
		case *parse.ActionNode:
			at = in.action(tree, n, at)
		case *parse.IfNode:
			at = in.branch(tree, n, &n.BranchNode, at)
		case *parse.WithNode:
			at = in.branch(tree, n, &n.BranchNode, at)
		case *parse.RangeNode:
			at = in.loop(tree, n, at)
		case *parse.BreakNode, *parse.ContinueNode:
			in.jumps = append(in.jumps, at)
		case *parse.TemplateNode:
			if in.set.Lookup(n.Name) == nil {
				in.report(tree, n, CodeTemplate, "", "no template is called %q", n.Name)
				continue
			}
			at = in.include(n.Name, at)
		}
	}
	return at
}

// branch requires that every way through ends in the same place: code stays code, a string is closed where it was opened.
func (in *inspection) branch(tree *parse.Tree, n parse.Node, b *parse.BranchNode, at lexer) lexer {
	in.declare(b.Pipe)
	if again, ok := in.again[alone(b.Pipe)]; ok {
		if again {
			return in.list(tree, b.List, at)
		}
		return in.list(tree, b.ElseList, at)
	}
	return in.join(tree, n, in.list(tree, b.List, at), in.list(tree, b.ElseList, at))
}

// loop requires it of every number of rounds. An index is zero in the first round and in no other, so that a list can be
// written as {{range $i, $v := .List}}{{if $i}}, {{end}}{{ps $v}}{{end}}.
func (in *inspection) loop(tree *parse.Tree, n *parse.RangeNode, at lexer) lexer {
	in.declare(n.Pipe)
	round := func(again bool, at lexer) lexer {
		if len(n.Pipe.Decl) == 2 && !n.Pipe.IsAssign {
			index := n.Pipe.Decl[0].Ident[0]
			in.again[index] = again
			defer delete(in.again, index)
		}
		outside := in.jumps
		in.jumps = nil
		end := in.list(tree, n.List, at)
		for _, jump := range in.jumps {
			end = in.join(tree, n, end, jump)
		}
		in.jumps = outside
		return end
	}
	first := round(false, at)
	end := in.join(tree, n, first, round(true, first))
	if end != first {
		in.join(tree, n, end, round(true, end))
	}
	return in.join(tree, n, end, in.list(tree, n.ElseList, at))
}

func (in *inspection) join(tree *parse.Tree, n parse.Node, a, b lexer) lexer {
	joined, err := a.join(b)
	if err != nil {
		in.report(tree, n, CodeContext, "close strings and comments in the branch that opens them", "the ways through this end in different places: %s", err)
		return a
	}
	return joined
}

// declare notes that variables have a new value.
func (in *inspection) declare(p *parse.PipeNode) {
	for _, v := range p.Decl {
		delete(in.again, v.Ident[0])
	}
}

// alone returns the variable that a pipeline consists of, or "".
func alone(p *parse.PipeNode) string {
	if len(p.Decl) == 0 && len(p.Cmds) == 1 && len(p.Cmds[0].Args) == 1 {
		if v, ok := p.Cmds[0].Args[0].(*parse.VariableNode); ok && len(v.Ident) == 1 {
			return v.Ident[0]
		}
	}
	return ""
}

func (in *inspection) action(tree *parse.Tree, n *parse.ActionNode, at lexer) lexer {
	in.declare(n.Pipe)
	if len(n.Pipe.Decl) > 0 {
		return at
	}
	last := n.Pipe.Cmds[len(n.Pipe.Cmds)-1]
	id, ok := last.Args[0].(*parse.IdentifierNode)
	if !ok || !in.safe[id.Ident] {
		in.report(tree, n, CodeUnquoted, "end the pipeline in one of "+strings.Join(quote.Safe(in.lang), ", "),
			"%s puts a value into a .%s file without quoting it", n, in.lang)
		return at
	}
	context, err := quote.ContextOf(in.lang, id.Ident)
	if err == nil {
		var next lexer
		if next, err = at.action(context); err == nil {
			return next
		}
	}
	in.report(tree, n, CodeContext, "move the action out of the string or comment, or use the function for that place", "%s: %s", n, err)
	return at
}
