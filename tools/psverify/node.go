package psverify

import (
	"iter"
	"sort"
	"sync"
	"unicode/utf8"

	sitter "github.com/tree-sitter/go-tree-sitter"
	powershell "github.com/wharflab/tree-sitter-powershell/bindings/go"
)

// A Node is one node of the syntax tree. Kinds are those of the grammar; punctuation and keywords are nodes too, with
// Named false.
type Node struct {
	Kind     string
	Named    bool
	Missing  bool // invented by the parser to go on
	Error    bool
	Start    int // first byte, in File.Source
	End      int // byte behind the last
	Parent   *Node
	Children []*Node

	file *File
}

// Text is the source under the node.
func (n *Node) Text() string { return string(n.file.Source[n.Start:n.End]) }

// Line is the line of the node's first character that is not a blank, from 1.
func (n *Node) Line() int {
	line, _ := n.file.Position(n.begin())
	return line
}

// Column is the column of the node's first character that is not a blank, from 1, in characters.
func (n *Node) Column() int {
	_, column := n.file.Position(n.begin())
	return column
}

// begin skips the white space that the grammar takes into some nodes.
func (n *Node) begin() int {
	at := n.Start
	for at < n.End {
		switch n.file.Source[at] {
		case ' ', '\t', '\r', '\n':
			at++
			continue
		}
		break
	}
	if at == n.End {
		return n.Start
	}
	return at
}

// All yields the node and everything under it, parents first.
func (n *Node) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) { n.each(yield) }
}

func (n *Node) each(yield func(*Node) bool) bool {
	if !yield(n) {
		return false
	}
	for _, c := range n.Children {
		if !c.each(yield) {
			return false
		}
	}
	return true
}

// Child is the first child of one of the kinds, or nil.
func (n *Node) Child(kinds ...string) *Node {
	for _, c := range n.Children {
		for _, k := range kinds {
			if c.Kind == k {
				return c
			}
		}
	}
	return nil
}

// Ancestor is the nearest node above of one of the kinds, or nil.
func (n *Node) Ancestor(kinds ...string) *Node {
	for p := n.Parent; p != nil; p = p.Parent {
		for _, k := range kinds {
			if p.Kind == k {
				return p
			}
		}
	}
	return nil
}

// Within reports whether n is outer or stands under it.
func (n *Node) Within(outer *Node) bool {
	for p := n; p != nil; p = p.Parent {
		if p == outer {
			return true
		}
	}
	return false
}

// Unwrap goes down through nodes that only stand around one other: a pipeline of one expression, parentheses.
func (n *Node) Unwrap() *Node {
	for {
		switch n.Kind {
		case "pipeline", "pipeline_chain", "unary_expression", "assignment_value", "argument_expression",
			"switch_clause_condition", "left_assignment_expression", "key_expression", "string_literal", "integer_literal":
			if only := n.only(); only != nil {
				n = only
				continue
			}
		case "parenthesized_expression":
			if len(n.Children) == 3 {
				n = n.Children[1]
				continue
			}
		}
		return n
	}
}

// only is the single named child that is not a comment, or nil.
func (n *Node) only() *Node {
	var found *Node
	for _, c := range n.Children {
		if c.Kind == "comment" || c.Kind == ";" {
			continue
		}
		if found != nil || !c.Named {
			return nil
		}
		found = c
	}
	return found
}

// leaves yields the tokens under the node in order. A string literal counts as one token.
func (n *Node) leaves(yield func(*Node)) {
	if len(n.Children) == 0 || n.Kind == "string_literal" {
		yield(n)
		return
	}
	for _, c := range n.Children {
		c.leaves(yield)
	}
}

// Position turns a byte offset into a line and a column, both from 1; columns count characters.
func (f *File) Position(offset int) (line, column int) {
	i := sort.SearchInts(f.lines, offset+1) - 1
	return i + 1, utf8.RuneCount(f.Source[f.lines[i]:offset]) + 1
}

// tree parses the source and copies the tree out of the C library, which is released before the function returns.
func (f *File) tree() *Node {
	parser := sitter.NewParser()
	defer parser.Close()
	g := grammar()
	if err := parser.SetLanguage(g.language); err != nil {
		// Only a build that mixes two versions of the grammar and the library can come here.
		panic("psverify: " + err.Error())
	}
	tree := parser.Parse(f.Source, nil)
	defer tree.Close()
	cursor := tree.Walk()
	defer cursor.Close()
	return f.copy(g, cursor, nil)
}

// symbols is the grammar with the names of its symbols at hand: asking the C library for each node's name would take
// longer than the parse.
type symbols struct {
	language *sitter.Language
	kinds    []string
	named    []bool
}

var grammar = sync.OnceValue(func() *symbols {
	plainAllocator()
	g := &symbols{language: sitter.NewLanguage(powershell.Language())}
	for id := range g.language.NodeKindCount() {
		g.kinds = append(g.kinds, g.language.NodeKindForId(uint16(id)))
		g.named = append(g.named, g.language.NodeKindIsNamed(uint16(id)))
	}
	return g
})

func (f *File) copy(g *symbols, cursor *sitter.TreeCursor, parent *Node) *Node {
	from := cursor.Node()
	n := &Node{Start: int(from.StartByte()), End: int(from.EndByte()), Parent: parent, file: f}
	if id := int(from.KindId()); id < len(g.kinds) {
		n.Kind, n.Named = g.kinds[id], g.named[id]
		n.Missing = n.Start == n.End && from.IsMissing()
	} else {
		n.Kind, n.Named, n.Error = "ERROR", true, true
	}
	if cursor.GotoFirstChild() {
		for {
			n.Children = append(n.Children, f.copy(g, cursor, n))
			if !cursor.GotoNextSibling() {
				break
			}
		}
		cursor.GotoParent()
	}
	return n
}
