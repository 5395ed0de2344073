package contract

import (
	"maps"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// automatic are variables that Windows PowerShell sets itself. $Matches and $LASTEXITCODE are not among them: they are set
// only when something matched or ran, and reading them before is an error under strict mode.
var automatic = map[string]bool{
	"_": true, "psitem": true, "true": true, "false": true, "null": true, "args": true, "input": true, "this": true, "error": true,
	"pscmdlet": true, "myinvocation": true, "pscommandpath": true, "psscriptroot": true, "psboundparameters": true, "psversiontable": true,
	"whatifpreference": true, "erroractionpreference": true, "confirmpreference": true, "verbosepreference": true, "warningpreference": true,
	"progresspreference": true, "debugpreference": true, "pid": true, "host": true, "home": true, "pshome": true, "executioncontext": true,
}

// vars are the variables that are set for certain at a point, by name in lower case; those of the script are named script:x
// inside a function. nil means that the point is never reached.
type vars map[string]bool

// meet is what holds after either of two paths.
func meet(a, b vars) vars {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	out := vars{}
	for name := range a {
		if b[name] {
			out[name] = true
		}
	}
	return out
}

// A summary is what a call of a function asks of its caller, and what it leaves behind.
type summary struct {
	needs map[string]bool // read before they are set; script:x where the function says so
	after vars            // script variables set for certain when it returns; nil when it never does
}

// flow checks that on every path each variable is set before it is read. A function sees the variables of its caller, as
// PowerShell looks names up, so what it reads without setting it is asked of each of its callers.
type flow struct {
	c         *checker
	summaries map[*psverify.Function]*summary
	function  *psverify.Function // whose body is walked; nil at script level
	needs     map[string]bool
	exits     vars   // meets at every return
	breaks    []vars // meets at every break out of the loops around, outermost first
	nexts     []vars // likewise of continue
	block     int    // script blocks around, whose return is not the function's
}

func (c *checker) flow() {
	w := &flow{c: c, summaries: map[*psverify.Function]*summary{}}
	w.walk(c.file.Root, vars{})
}

// of is the summary of a function.
func (w *flow) of(fn *psverify.Function) *summary {
	if s, ok := w.summaries[fn]; ok {
		return s
	}
	s := &summary{needs: map[string]bool{}, after: vars{}}
	w.summaries[fn] = s // a function that calls itself asks nothing more
	inner := &flow{c: w.c, summaries: w.summaries, function: fn, needs: s.needs}
	end := inner.walk(fn.Node.Child("script_block"), inner.parameters(fn.Param, vars{}))
	s.after = meet(end, inner.exits)
	return s
}

// parameters are set; what their defaults read has to be set ahead of them. The declarations are told from the defaults by
// the model's list: the grammar files parameters behind a default under it.
func (w *flow) parameters(p *psverify.ParamBlock, s vars) vars {
	if p == nil {
		return s
	}
	next := 0
	for n := range p.Node.All() {
		switch {
		case n.Kind != "variable":
		case next < len(p.Parameters) && strings.EqualFold(name(n), p.Parameters[next].Name):
			w.set(name(n), s)
			next++
		default:
			w.read(name(n), s, n, "")
		}
	}
	return s
}

// name is a variable's name in lower case, without the sign that it starts with.
func name(v *psverify.Node) string { return strings.ToLower(strings.Trim(v.Text(), "$@{} \r\n\t")) }

// read notes that a variable is read at a node, by a function that the node calls where one is named.
func (w *flow) read(v string, s vars, at *psverify.Node, by string) {
	if s == nil {
		return
	}
	scope, rest, scoped := strings.Cut(v, ":")
	switch {
	case scoped && scope != "script":
		return // env:, global:, using:
	case scoped && w.function == nil:
		v = rest
	case scoped:
		rest = v
	default:
		rest = "script:" + v
	}
	if s[v] || s[rest] || automatic[v] {
		return
	}
	if w.function != nil {
		w.needs[v] = true
		return
	}
	if by != "" {
		w.c.report(at, "PSC027", "%s reads $%s, which is not set on every way to this call", by, v)
		return
	}
	w.c.report(at, "PSC027", "$%s is not set on every way to here", v)
}

// set notes that a variable holds a value from here on.
func (w *flow) set(v string, s vars) {
	if s == nil {
		return
	}
	if w.function == nil {
		v = strings.TrimPrefix(v, "script:")
	}
	s[v] = true
}

// walk goes through a node in the order in which it runs and returns what is set behind it. It may change s.
func (w *flow) walk(n *psverify.Node, s vars) vars {
	if n == nil {
		return s
	}
	switch n.Kind {
	case "comment", "attribute_list", "type_literal", "function_statement", "requires_statement":
		return s
	case "param_block":
		if n.Parent == w.c.file.Root {
			return w.parameters(w.c.file.Param, s)
		}
		for p := range n.All() {
			if p.Kind == "script_parameter" {
				if v := p.Child("variable"); v != nil {
					w.set(name(v), s)
				}
			}
		}
		return s
	case "variable":
		w.read(name(n), s, n, "")
		return s
	case "assignment_expression":
		return w.assignment(n, s)
	case "command":
		return w.command(n, s)
	case "script_block_expression":
		w.inBlock(n, maps.Clone(s))
		return s
	case "if_statement":
		return w.choice(n, s)
	case "while_statement", "for_statement", "foreach_statement", "do_statement":
		return w.loop(n, s)
	case "switch_statement":
		return w.cases(n, s)
	case "try_statement":
		return w.try(n, s)
	case "flow_control_statement":
		return w.leave(n, s)
	}
	for _, c := range n.Children {
		s = w.walk(c, s)
	}
	return s
}

func (w *flow) assignment(n *psverify.Node, s vars) vars {
	target, operator := n.Child("left_assignment_expression"), n.Child("assignment_operator")
	s = w.walk(n.Children[len(n.Children)-1], s)
	whole := target.Unwrap()
	list := []*psverify.Node{whole}
	if whole.Kind == "array_literal_expression" {
		list = whole.Children
	}
	for _, one := range list {
		one = bare(one.Unwrap())
		if one.Kind != "variable" {
			s = w.walk(one, s) // a member or an element: what it belongs to is read
			continue
		}
		if operator.Text() != "=" {
			w.read(name(one), s, one, "")
		}
		w.set(name(one), s)
	}
	return s
}

// bare takes the type off [type]$x.
func bare(n *psverify.Node) *psverify.Node {
	for n.Kind == "expression_with_unary_operator" {
		cast := n.Child("cast_expression")
		if cast == nil {
			return n
		}
		n = cast.Children[len(cast.Children)-1].Unwrap()
	}
	return n
}

// outputs are the parameters that name a variable to put something into.
var outputs = []string{"OutVariable", "ErrorVariable", "WarningVariable", "PipelineVariable", "SessionVariable"}

// elsewhere are commands whose script block runs where none of the script's variables are.
var elsewhere = []string{"Invoke-Command", "Start-Job"}

func (w *flow) command(n *psverify.Node, s vars) vars {
	call := w.c.calls[n]
	for _, child := range n.Children {
		if is(call.Name, elsewhere...) && child.Kind == "command_elements" {
			for _, e := range child.Children {
				if block := e.Unwrap(); block.Kind == "script_block_expression" {
					w.inBlock(block, vars{})
				} else {
					s = w.walk(e, s)
				}
			}
			continue
		}
		s = w.walk(child, s)
	}
	for i, e := range call.Elements {
		if e.Kind == psverify.Splat {
			w.read(e.Name, s, e.Node, "")
		}
		if e.Kind == psverify.Named && is(e.Name, outputs...) && i+1 < len(call.Elements) {
			w.set(strings.ToLower(strings.TrimPrefix(call.Elements[i+1].Value.Literal, "+")), s)
		}
	}
	if call.Operator == "&" {
		w.set("script:lastexitcode", s) // a program that does not start is an error that ends the way
	}
	fn := w.c.function(call)
	if fn == nil {
		return s
	}
	sum := w.of(fn)
	for v := range sum.needs {
		w.read(v, s, n, fn.Name)
	}
	if sum.after == nil {
		return nil
	}
	for v := range sum.after {
		if strings.HasPrefix(v, "script:") {
			w.set(v, s)
		}
	}
	return s
}

// inBlock walks a script block. What it sets may never run, or run elsewhere, so nothing of it holds behind the block.
func (w *flow) inBlock(n *psverify.Node, s vars) {
	w.block++
	for _, c := range n.Children {
		s = w.walk(c, s)
	}
	w.block--
}

func (w *flow) choice(n *psverify.Node, s vars) vars {
	var after vars
	other := false
	for _, c := range n.Children {
		switch c.Kind {
		case "statement_block":
			after = meet(after, w.walk(c, maps.Clone(s)))
		case "elseif_clauses":
			for _, clause := range c.Children {
				for _, part := range clause.Children {
					if part.Kind == "statement_block" {
						after = meet(after, w.walk(part, maps.Clone(s)))
					} else {
						s = w.walk(part, s)
					}
				}
			}
		case "else_clause":
			other = true
			after = meet(after, w.walk(c, s))
		default:
			s = w.walk(c, s)
		}
	}
	if !other {
		after = meet(after, s)
	}
	return after
}

func (w *flow) cases(n *psverify.Node, s vars) vars {
	w.breaks, w.nexts = append(w.breaks, nil), append(w.nexts, nil)
	var after vars
	fallback := false
	for c := range n.All() {
		switch c.Kind {
		case "switch_condition", "switch_clause_condition":
			fallback = fallback || strings.EqualFold(strings.TrimSpace(c.Text()), "default")
			if !fallback {
				s = w.walk(c, s)
			}
		case "switch_clause":
			after = meet(after, w.walk(c.Child("statement_block"), maps.Clone(s)))
		}
	}
	last := len(w.breaks) - 1
	after = meet(after, meet(w.breaks[last], w.nexts[last]))
	w.breaks, w.nexts = w.breaks[:last], w.nexts[:last]
	if !fallback {
		after = meet(after, s)
	}
	return after
}

func (w *flow) loop(n *psverify.Node, s vars) vars {
	w.breaks, w.nexts = append(w.breaks, nil), append(w.nexts, nil)
	last := len(w.breaks) - 1
	endless := false
	var body, tail *psverify.Node
	var once vars
	for i, c := range n.Children {
		switch c.Kind {
		case "statement_block":
			body = c
			if n.Kind == "do_statement" {
				once = w.walk(c, maps.Clone(s))
				s = meet(once, w.nexts[last])
			}
		case "for_iterator":
			tail = c
		case "while_condition":
			endless = strings.EqualFold(strings.TrimSpace(c.Text()), "$true")
			s = w.walk(c, s)
		case "variable":
			if n.Kind == "foreach_statement" && i < len(n.Children) && n.Children[i-1].Text() == "(" {
				continue // the variable of the loop, set in its body
			}
			s = w.walk(c, s)
		default:
			s = w.walk(c, s)
		}
	}
	if n.Kind != "do_statement" {
		inside := maps.Clone(s)
		if n.Kind == "foreach_statement" {
			w.set(name(n.Child("variable")), inside)
		}
		inside = meet(w.walk(body, inside), w.nexts[last])
		w.walk(tail, inside)
	}
	out := s
	if endless {
		out = nil
	}
	out = meet(out, w.breaks[last])
	w.breaks, w.nexts = w.breaks[:last], w.nexts[:last]
	return out
}

// try walks a try statement. A catch may begin before anything of the try block ran; so may a finally.
func (w *flow) try(n *psverify.Node, s vars) vars {
	before := maps.Clone(s)
	var after vars
	for _, c := range n.Children {
		switch c.Kind {
		case "statement_block":
			after = w.walk(c, s)
		case "catch_clauses":
			for _, clause := range c.Children {
				after = meet(after, w.walk(clause.Child("statement_block"), maps.Clone(before)))
			}
		case "finally_clause":
			last := w.walk(c, maps.Clone(before))
			if after == nil || last == nil {
				return nil
			}
			maps.Copy(after, last)
		}
	}
	return after
}

func (w *flow) leave(n *psverify.Node, s vars) vars {
	for _, c := range n.Children[1:] {
		s = w.walk(c, s)
	}
	last := len(w.breaks) - 1
	switch strings.ToLower(n.Children[0].Text()) {
	case "return":
		if w.block == 0 {
			w.exits = meet(w.exits, s)
		}
	case "break":
		if last >= 0 {
			w.breaks[last] = meet(w.breaks[last], s)
		}
	case "continue":
		if last >= 0 {
			w.nexts[last] = meet(w.nexts[last], s)
		}
	}
	return nil
}
