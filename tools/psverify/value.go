package psverify

import (
	"strings"
	"unicode/utf8"
)

// A ValueKind says how much of a value can be known without running the script.
type ValueKind int

// The kinds of values.
const (
	Expression ValueKind = iota // anything that is worked out at run time
	Literal                     // a string without variables, a number, or a bare word
	Bool                        // $true or $false
	Null                        // $null
	Variable                    // one variable and nothing else
	List                        // a comma list or @( ) of values
	Hash                        // @{ }, also behind [ordered] and other casts
	Block                       // { }
	Type                        // [Name]
)

// A Value is an argument, an element or the right side of an assignment.
type Value struct {
	Node    *Node
	Kind    ValueKind
	Literal string  // of Literal: the text with quotes and escapes resolved; of Variable: its name as in Name
	Quoted  bool    // of Literal: a string, not a bare word or number
	True    bool    // of Bool
	Items   []Value // of List
	Entries []Entry // of Hash
}

// Text is the source of the value.
func (v Value) Text() string {
	if v.Node == nil {
		return ""
	}
	return strings.TrimSpace(v.Node.Text())
}

// An Entry is one key of a hash literal, or one that is set on the hashtable later.
type Entry struct {
	Key   string
	Value Value
	Node  *Node // of the key
	Maybe bool  // set on some ways through the script only
}

// ValueOf reads the value under a node.
func ValueOf(n *Node) Value { return value(n) }

func value(n *Node) Value {
	outer := n
	n = n.Unwrap()
	v := Value{Node: outer}
	text := n.Text()
	switch n.Kind {
	case "verbatim_string_characters":
		v.Kind, v.Quoted, v.Literal = Literal, true, unquoteSingle(text)
	case "verbatim_here_string_characters":
		v.Kind, v.Quoted, v.Literal = Literal, true, hereText(text)
	case "expandable_string_literal", "expandable_here_string_literal":
		if n.Child("variable", "sub_expression") == nil {
			v.Kind, v.Quoted = Literal, true
			if n.Kind == "expandable_string_literal" {
				v.Literal = unquoteDouble(text)
			} else {
				v.Literal = hereText(text)
			}
		}
	case "decimal_integer_literal", "hexadecimal_integer_literal", "real_literal", "generic_token", "simple_name":
		v.Kind, v.Literal = Literal, strings.TrimSpace(text)
	case "command":
		// The grammar reads a range or a number inside parentheses as a command.
		if name := n.Child("command_name"); name != nil && len(n.Children) == 1 && text != "" && text[0] >= '0' && text[0] <= '9' && !strings.Contains(text, "..") {
			v.Kind, v.Literal = Literal, text
		}
	case "variable":
		switch strings.ToLower(text) {
		case "$true", "$false":
			v.Kind, v.True = Bool, strings.EqualFold(text, "$true")
		case "$null":
			v.Kind = Null
		default:
			v.Kind, v.Literal = Variable, variableName(text)
		}
	case "script_block_expression":
		v.Kind = Block
	case "type_literal":
		v.Kind = Type
	case "hash_literal_expression":
		v.Kind, v.Entries = Hash, entries(n)
	case "expression_with_unary_operator":
		cast := n.Child("cast_expression")
		switch {
		case cast != nil:
			inner := value(cast.Children[len(cast.Children)-1])
			if inner.Kind == Hash {
				v.Kind, v.Entries = Hash, inner.Entries
			}
		case len(n.Children) == 2 && n.Children[0].Kind == "-":
			if inner := value(n.Children[1]); inner.Kind == Literal && !inner.Quoted {
				v.Kind, v.Literal = Literal, "-"+inner.Literal
			}
		}
	case "array_literal_expression", "bareword_argument_list":
		v.Kind = List
		for _, c := range n.Children {
			if c.Named && c.Kind != "comment" {
				v.Items = append(v.Items, value(c))
			}
		}
	case "array_expression":
		v = array(outer, n)
	}
	return v
}

// array reads @( ): a list when it holds one plain expression or nothing.
func array(outer, n *Node) Value {
	v := Value{Node: outer}
	list := n.Child("statement_list")
	if list == nil {
		v.Kind = List
		return v
	}
	only := list.only()
	if only == nil || only.Kind != "pipeline" {
		return v
	}
	inner := value(only)
	switch {
	case inner.Kind == List:
		v.Kind, v.Items = List, inner.Items
	case inner.Kind == Literal, inner.Kind == Bool, inner.Kind == Hash, inner.Kind == Null:
		v.Kind, v.Items = List, []Value{inner}
	case only.Unwrap().Kind == "format_expression", only.Unwrap().Kind == "member_access":
		v.Kind, v.Items = List, []Value{inner}
	}
	return v
}

func entries(hash *Node) []Entry {
	body := hash.Child("hash_literal_body")
	if body == nil {
		return nil
	}
	var out []Entry
	for _, e := range body.Children {
		if e.Kind != "hash_entry" || len(e.Children) < 3 {
			continue
		}
		entry := Entry{Node: e.Children[0], Value: value(e.Children[2])}
		if key := value(e.Children[0]); key.Kind == Literal {
			entry.Key = key.Literal
		}
		out = append(out, entry)
	}
	return out
}

// variableName is the name without sigil, braces and a scope that names the script or the running function, in lower
// case: names of variables do not mind the case. Drive names such as env: stay.
func variableName(text string) string {
	text = strings.ToLower(strings.TrimLeft(strings.TrimSpace(text), "$@"))
	text = strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	for _, scope := range []string{"script:", "local:", "global:", "private:"} {
		text = strings.TrimPrefix(text, scope)
	}
	return text
}

func unquoteSingle(text string) string {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "'"), "'")
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		b.WriteRune(r)
		i += size
		if r == '\'' || isSingleQuote(r) {
			if next, n := utf8.DecodeRuneInString(text[i:]); next == r {
				i += n
			}
		}
	}
	return b.String()
}

var escapes = map[rune]rune{'0': 0, 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

func unquoteDouble(text string) string {
	text = strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`)
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case r == '`' && i < len(text):
			next, n := utf8.DecodeRuneInString(text[i:])
			if c, ok := escapes[next]; ok {
				next = c
			}
			b.WriteRune(next)
			i += n
		case r == '"' || isDoubleQuote(r):
			b.WriteRune(r)
			if next, n := utf8.DecodeRuneInString(text[i:]); next == r {
				i += n
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hereText is what stands between the first and the last line of a here-string.
func hereText(text string) string {
	_, body, _ := strings.Cut(text, "\n")
	if i := strings.LastIndexByte(body, '\n'); i >= 0 {
		return strings.TrimSuffix(body[:i], "\r")
	}
	return ""
}
