package psverify

import (
	"slices"
	"strings"
)

// Entries resolves the hashtable that a call splats. It is known when the nearest assignment of the variable that the
// call cannot miss is a hash literal in the same function; keys set on the variable between the two are added, those
// under a condition as Maybe. The reason says why the hashtable is not known.
func (f *File) Entries(c *Command, splat Element) (entries []Entry, reason string) {
	name := splat.Name
	var first *Assignment
	for _, a := range f.Assignments {
		if a.Variable != name || !a.Whole || a.Function != c.Function {
			continue
		}
		switch {
		case a.Node.Start > c.Node.Start:
			if loop := a.Node.Ancestor("foreach_statement", "for_statement", "while_statement", "do_statement"); loop != nil && c.Node.Within(loop) {
				return nil, "@" + name + " is set anew behind the call in the same loop"
			}
		case !f.Passes(a.Node, c.Node):
			if first != nil {
				return nil, "@" + name + " is set anew under a condition"
			}
		case a.Operator != "=" || a.Value.Kind != Hash:
			first = nil
		default:
			first = a
		}
	}
	if first == nil {
		return nil, "no hash literal is assigned to $" + name + " in this function, ahead of the call and unconditionally"
	}
	entries = slices.Clone(first.Value.Entries)
	for _, e := range entries {
		if e.Key == "" {
			return nil, "a key of $" + name + " is not literal"
		}
	}
	set := func(key Value, v Value, at *Node) bool {
		if key.Kind != Literal {
			return false
		}
		entry := Entry{Key: key.Literal, Value: v, Node: key.Node, Maybe: !f.Passes(at, c.Node)}
		i := slices.IndexFunc(entries, func(e Entry) bool { return strings.EqualFold(e.Key, entry.Key) })
		if i < 0 {
			entries = append(entries, entry)
		} else if entries[i].Maybe = entries[i].Maybe && entry.Maybe; !entry.Maybe {
			entries[i].Value = v
		}
		return true
	}
	for _, a := range f.Assignments {
		if a.Variable != name || a.Whole || a.Function != c.Function || a.Node.Start < first.Node.Start || a.Node.Start > c.Node.Start {
			continue
		}
		target := a.Target.Node.Unwrap()
		if len(target.Children) < 3 || target.Children[0].Unwrap().Kind != "variable" || !set(value(keyNode(target)), a.Value, a.Node) {
			return nil, "$" + name + " is changed in a way that is not followed"
		}
	}
	for n := range f.Root.All() {
		if n.Kind != "invocation_expression" || n.Start < first.Node.Start || n.Start > c.Node.Start || len(n.Children) < 4 {
			continue
		}
		if n.Children[0].Kind != "variable" || variableName(n.Children[0].Text()) != name {
			continue
		}
		args := n.Children[3].Child("argument_expression_list")
		switch strings.ToLower(n.Children[2].Text()) {
		case "add":
			if args == nil || len(args.Children) != 3 || !set(value(args.Children[0]), value(args.Children[2]), n) {
				return nil, "$" + name + " is changed in a way that is not followed"
			}
		case "remove", "clear":
			return nil, "keys are taken from $" + name
		}
	}
	return entries, ""
}

// keyNode is the name in $h.name or $h['name'].
func keyNode(target *Node) *Node {
	n := target.Children[2]
	if n.Kind == "member_name" {
		if only := n.only(); only != nil {
			return only
		}
	}
	return n
}

// Passes reports whether every way to the later node goes through the earlier one: the statement of the earlier one
// stands in a list that the later one stands in too. Jumps such as return and throw only end ways, so they do not count.
func (f *File) Passes(earlier, later *Node) bool {
	if earlier.Start > later.Start {
		return false
	}
	list := earlier.Ancestor("statement_list", "program")
	return list != nil && later.Within(list)
}
