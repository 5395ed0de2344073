package psverify

import (
	"strings"
)

// misplaced are words that PowerShell reads as keywords wherever a command could start; the grammar takes them for
// commands when they stand in the wrong place.
var misplaced = map[string]bool{
	"else": true, "elseif": true, "catch": true, "finally": true, "param": true, "until": true, "in": true,
	"begin": true, "process": true, "end": true, "dynamicparam": true, "clean": true,
	"define": true, "from": true, "var": true, "using": true, "class": true, "enum": true, "configuration": true,
	"if": true, "for": true, "foreach": true, "while": true, "do": true, "switch": true, "try": true, "trap": true,
	"function": true, "filter": true, "workflow": true, "data": true,
	"return": true, "exit": true, "throw": true, "break": true, "continue": true,
}

// syntax applies the rules that look at the tree.
func (f *File) syntax() {
	for n := range f.Root.All() {
		at := n.begin()
		switch {
		case n.Error:
			if p := n.Parent; p == nil || !p.Error {
				f.add(at, "PSV001", "not PowerShell: "+excerpt(n.Text()))
			}
			continue
		case n.Missing:
			f.add(at, "PSV002", "missing "+n.Kind)
			continue
		}
		switch n.Kind {
		case "command_name":
			// An empty name is how the grammar shows a hidden missing token, as in "if () {}".
			if n.Start == n.End {
				f.add(at, "PSV002", "missing expression or command")
			} else if misplaced[strings.ToLower(n.Text())] && n.Parent.Kind == "command" {
				f.add(at, "PSV013", n.Text()+" is a keyword and stands where a command would")
			}
		case "pipeline", "statement_block", "parenthesized_expression", "unary_expression":
			if n.Start == n.End {
				f.add(at, "PSV002", "missing "+strings.ReplaceAll(n.Kind, "_", " "))
			}
		case "try_statement":
			f.try(n)
		case "hash_literal_body":
			f.keys(n)
		case "pipeline_chain_tail":
			f.add(at, "PSV006", n.Text()+" is not in Windows PowerShell")
		case "ternary_expression", "ternary_argument_expression":
			f.add(at, "PSV007", "the ternary operator is not in Windows PowerShell")
		case "null_coalesce_expression", "null_coalesce_argument_expression":
			f.add(at, "PSV008", "?? is not in Windows PowerShell")
		case "assignment_operator":
			switch n.Text() {
			case "??=":
				f.add(at, "PSV008", "??= is not in Windows PowerShell")
			case "!=":
				f.add(at, "PSV019", "!= is not an operator: -ne")
			}
		case "multiplicative_expression", "multiplicative_argument_expression":
			if op := n.Child("\\"); op != nil {
				f.add(op.Start, "PSV019", "\\ is not an operator")
			}
		case "file_redirection_operator":
			if n.Text() == "<" {
				f.add(at, "PSV009", "input cannot be redirected by <")
			}
		case "merging_redirection_operator":
			if strings.HasSuffix(n.Text(), "2") {
				f.add(at, "PSV019", n.Text()+" is reserved and not available")
			}
		case "expandable_string_literal", "expandable_here_string_literal":
			f.colons(n)
		case "left_assignment_expression":
			if !assignable(n) {
				f.add(at, "PSV011", "nothing can be assigned to "+excerpt(n.Text()))
			}
		case "bareword_argument_list":
			f.list(n)
		case "array_literal_expression", "argument_expression_list":
			f.list(n)
		case "foreach_parameter", "inlinescript_statement", "parallel_statement", "sequence_statement":
			f.add(at, "PSV019", excerpt(n.Text())+" belongs to workflows")
		case "function_statement":
			if strings.EqualFold(n.Children[0].Text(), "workflow") {
				f.add(at, "PSV019", "workflows are not used in our scripts and not checked")
			}
		case "switch_parameter":
			if strings.EqualFold(n.Text(), "-parallel") {
				f.add(at, "PSV019", "-parallel belongs to workflows")
			}
		case "block_name":
			if strings.EqualFold(n.Text(), "clean") {
				f.add(at, "PSV019", "clean blocks are not in Windows PowerShell")
			}
		}
	}
}

// try refuses a try block alone, and a catch behind one that takes everything.
func (f *File) try(n *Node) {
	catches := n.Child("catch_clauses")
	if catches == nil && n.Child("finally_clause") == nil {
		f.add(n.begin(), "PSV003", "try without catch or finally")
	}
	if catches == nil {
		return
	}
	all := false
	for _, c := range catches.Children {
		if c.Kind != "catch_clause" {
			continue
		}
		if all {
			f.add(c.begin(), "PSV003", "a catch behind the one that takes everything")
		}
		all = all || c.Child("catch_type_list") == nil
	}
}

func (f *File) keys(n *Node) {
	seen := map[string]bool{}
	for _, e := range n.Children {
		if e.Kind != "hash_entry" {
			continue
		}
		key := e.Child("key_expression")
		if key == nil {
			continue
		}
		v := value(key)
		if v.Kind != Literal {
			continue
		}
		name := strings.ToLower(v.Literal)
		if seen[name] {
			f.add(key.begin(), "PSV004", "the key "+v.Literal+" stands twice in this hash literal")
		}
		seen[name] = true
	}
}

// colons finds a variable in a string that a single colon follows. PowerShell reads the colon as part of the name.
func (f *File) colons(n *Node) {
	for _, c := range n.Children {
		if c.Kind != "variable" || strings.HasPrefix(c.Text(), "${") || strings.Contains(c.Text(), ":") {
			continue
		}
		rest := f.Source[c.End:n.End]
		if len(rest) > 1 && rest[0] == ':' && rest[1] != ':' {
			f.add(c.Start, "PSV010", "in a string "+c.Text()+": reads as a drive name: ${"+c.Text()[1:]+"}: or -f")
		}
	}
}

// assignable tells whether the left side of an assignment is a variable, a member, an element, or a list of those.
func assignable(n *Node) bool {
	n = n.Unwrap()
	switch n.Kind {
	case "variable", "member_access", "element_access", "braced_variable":
		return !strings.HasPrefix(n.Text(), "@")
	case "expression_with_unary_operator":
		if cast := n.Child("cast_expression"); cast != nil {
			return assignable(cast.Children[len(cast.Children)-1])
		}
	case "array_literal_expression":
		for _, c := range n.Children {
			if c.Named && c.Kind != "comment" && !assignable(c) {
				return false
			}
		}
		return true
	}
	return false
}

// list finds two commas with nothing between them.
func (f *File) list(n *Node) {
	for _, c := range n.Children {
		text := strings.TrimSpace(c.Text())
		if c.Kind == "generic_token" && (strings.HasPrefix(text, ",") || text == "") {
			f.add(c.Start, "PSV012", "empty place in a list")
		}
		if c.Kind == "unary_expression" {
			if u := c.Unwrap(); u.Kind == "expression_with_unary_operator" && strings.HasPrefix(u.Text(), ",") {
				f.add(c.begin(), "PSV012", "two commas with nothing between them")
			}
		}
	}
}

// excerpt is the first line of text, cut to what a message can hold.
func excerpt(text string) string {
	text = strings.TrimSpace(text)
	text, _, _ = strings.Cut(text, "\n")
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "..."
	}
	return text
}
