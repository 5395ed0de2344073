package pwsh

import (
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

type sink func(any)

// emit gives the elements of a value to the pipeline.
func emit(v any, out sink) {
	for _, e := range elements(v) {
		out(e)
	}
}

// statements runs everything under a node that holds statements.
func (in *Interp) statements(n nodeRef, s *scope, out sink) {
	for _, c := range n.Children {
		in.statement(c, s, out)
	}
}

func (in *Interp) statement(n nodeRef, s *scope, out sink) {
	switch n.Kind {
	case "comment", "{", "}", "(", ")", ";", "empty_statement", "param_block", "requires_statement", "requires_directive_list", "attribute_list":
	case "statement_list", "script_block", "script_block_body", "statement_block", "program":
		in.statements(n, s, out)
	case "function_statement":
		fn := in.declared[n]
		in.functions[strings.ToLower(fn.Name)] = fn
	case "pipeline":
		in.pipeline(n, s, out)
	case "if_statement":
		in.choice(n, s, out)
	case "foreach_statement":
		in.foreach(n, s, out)
	case "for_statement":
		in.count(n, s, out)
	case "while_statement":
		for Truth(in.value(n.Child("while_condition"), s)) {
			if !in.turn(n.Child("statement_block"), s, out) {
				return
			}
		}
	case "do_statement":
		for {
			if !in.turn(n.Child("statement_block"), s, out) {
				return
			}
			again := Truth(in.value(n.Child("while_condition"), s))
			if n.Child("until") != nil {
				again = !again
			}
			if !again {
				return
			}
		}
	case "switch_statement":
		in.cases(n, s, out)
	case "try_statement":
		in.try(n, s, out)
	case "flow_control_statement":
		in.leave(n, s, out)
	default:
		in.unsupported(n, "the statement %s", n.Kind)
	}
}

// turn runs the body of a loop once; false means that the loop ends.
func (in *Interp) turn(body nodeRef, s *scope, out sink) (goOn bool) {
	if in.turns++; in.turns > maxTurns {
		in.unsupported(body, "an end of this loop after %d turns", maxTurns)
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *broken:
			goOn = false
		case *continued:
			goOn = true
		default:
			panic(r)
		}
	}()
	in.statement(body, s, out)
	return true
}

func (in *Interp) choice(n nodeRef, s *scope, out sink) {
	if Truth(in.value(n.Child("pipeline"), s)) {
		in.statement(n.Child("statement_block"), s, out)
		return
	}
	if clauses := n.Child("elseif_clauses"); clauses != nil {
		for _, c := range clauses.Children {
			if c.Kind == "elseif_clause" && Truth(in.value(c.Child("pipeline"), s)) {
				in.statement(c.Child("statement_block"), s, out)
				return
			}
		}
	}
	if other := n.Child("else_clause"); other != nil {
		in.statement(other.Child("statement_block"), s, out)
	}
}

func (in *Interp) foreach(n nodeRef, s *scope, out sink) {
	list := in.value(n.Child("pipeline"), s)
	if plain(list) == nil {
		return // $null runs the body never
	}
	name := variable(n.Child("variable"))
	for _, e := range append([]any(nil), elements(list)...) {
		s.vars[name] = e
		if !in.turn(n.Child("statement_block"), s, out) {
			return
		}
	}
}

func (in *Interp) count(n nodeRef, s *scope, out sink) {
	discard := func(any) {}
	if c := n.Child("for_initializer"); c != nil {
		in.statements(c, s, discard)
	}
	for {
		if c := n.Child("for_condition"); c != nil && !Truth(in.value(c, s)) {
			return
		}
		if !in.turn(n.Child("statement_block"), s, out) {
			return
		}
		if c := n.Child("for_iterator"); c != nil {
			in.statements(c, s, discard)
		}
	}
}

// cases runs a switch over one value with fixed texts.
func (in *Interp) cases(n nodeRef, s *scope, out sink) {
	fold := true
	if p := n.Child("switch_parameters"); p != nil {
		if !strings.EqualFold(strings.TrimSpace(p.Text()), "-casesensitive") {
			in.unsupported(p, "switch %s", p.Text())
		}
		fold = false
	}
	v := in.value(n.Child("switch_condition"), s)
	if _, list := v.(*Array); list {
		in.unsupported(n, "switch over a list")
	}
	defer func() {
		switch r := recover().(type) {
		case nil, *broken, *continued:
		default:
			panic(r)
		}
	}()
	done := false
	for c := range n.All() {
		if c.Kind != "switch_clause" {
			continue
		}
		condition := c.Child("switch_clause_condition")
		if strings.EqualFold(strings.TrimSpace(condition.Text()), "default") {
			if !done {
				in.statement(c.Child("statement_block"), s, out)
			}
			continue
		}
		if same(v, in.value(condition, s), fold) {
			done = true
			in.statement(c.Child("statement_block"), s, out)
		}
	}
}

func (in *Interp) try(n nodeRef, s *scope, out sink) {
	if last := n.Child("finally_clause"); last != nil {
		defer func() {
			r := recover()
			switch r.(type) {
			case nil, *thrown, *returned, *broken, *continued, *exited, *enough:
				in.statement(last.Child("statement_block"), s, out)
			}
			if r != nil {
				panic(r)
			}
		}()
	}
	clauses := n.Child("catch_clauses")
	if clauses == nil {
		in.statement(n.Child("statement_block"), s, out)
		return
	}
	record := in.attempt(n.Child("statement_block"), s, out)
	if record == nil {
		return
	}
	for _, c := range clauses.Children {
		if c.Kind != "catch_clause" {
			continue
		}
		if c.Child("catch_type_list") != nil {
			in.unsupported(c, "catch of one type")
		}
		old, had := s.vars["_"]
		s.vars["_"] = record
		in.caught = append(in.caught, record)
		defer func() {
			in.caught = in.caught[:len(in.caught)-1]
			if had {
				s.vars["_"] = old
			} else {
				delete(s.vars, "_")
			}
		}()
		in.statement(c.Child("statement_block"), s, out)
		return
	}
}

// attempt runs a block and gives what it threw.
func (in *Interp) attempt(n nodeRef, s *scope, out sink) (record *Record) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *thrown:
			record = r.record
		default:
			panic(r)
		}
	}()
	in.statement(n, s, out)
	return nil
}

func (in *Interp) leave(n nodeRef, s *scope, out sink) {
	var given nodeRef
	if len(n.Children) > 1 {
		given = n.Children[1]
	}
	switch strings.ToLower(n.Children[0].Text()) {
	case "return":
		if given != nil {
			in.statement(given, s, out)
		}
		panic(&returned{})
	case "break":
		panic(&broken{})
	case "continue":
		panic(&continued{})
	case "exit":
		code := 0
		if given != nil {
			f, ok := number(plain(in.value(given, s)))
			if !ok {
				in.unsupported(n, "exit with something that is no number")
			}
			code = int(f)
		}
		panic(&exited{code})
	case "throw":
		if given == nil {
			if len(in.caught) == 0 {
				in.unsupported(n, "throw outside a catch")
			}
			panic(&thrown{in.caught[len(in.caught)-1]})
		}
		switch v := in.value(given, s).(type) {
		case *Record:
			panic(&thrown{v})
		case *Exception:
			panic(&thrown{&Record{Exception: v, ID: v.Message, Line: n.Line(), Text: n.Text()}})
		default:
			text := Text(v)
			panic(&thrown{&Record{Exception: &Exception{Type: "System.Management.Automation.RuntimeException", Message: text}, ID: text, Line: n.Line(), Text: n.Text()}})
		}
	default:
		in.unsupported(n, "%s", n.Children[0].Text())
	}
}

// function runs a function of the script.
func (in *Interp) function(fn *psverify.Function, caller *scope, named map[string]any, positional []any, at nodeRef, out sink) {
	if in.depth++; in.depth > maxDepth {
		in.unsupported(at, "calls that are %d deep", maxDepth)
	}
	defer func() { in.depth-- }()
	s := &scope{vars: map[string]any{}, parent: caller}
	in.bind(fn.Name, fn.Param, s, named, positional, at)
	defer func() {
		switch r := recover().(type) {
		case nil, *returned:
		default:
			panic(r)
		}
	}()
	in.statement(fn.Node.Child("script_block"), s, out)
}

// block runs a script block with $_ set, in a scope of its own for & and in the caller's for the commands of the pipeline.
func (in *Interp) block(b *Block, item any, withItem bool, out sink) {
	s := b.scope
	if withItem {
		old, had := s.vars["_"]
		s.vars["_"] = item
		defer func() {
			if had {
				s.vars["_"] = old
			} else {
				delete(s.vars, "_")
			}
		}()
	}
	defer func() {
		switch r := recover().(type) {
		case nil, *returned:
		default:
			panic(r)
		}
	}()
	in.statement(b.node.Child("script_block"), s, out)
}

// bind gives parameters their values.
func (in *Interp) bind(of string, p *psverify.ParamBlock, s *scope, named map[string]any, positional []any, at nodeRef) {
	if p == nil {
		if len(named)+len(positional) > 0 {
			in.unsupported(at, "arguments for %s, which declares no parameters", of)
		}
		return
	}
	left := map[string]any{}
	for k, v := range named {
		left[k] = v
	}
	for i := range p.Parameters {
		one := &p.Parameters[i]
		key := strings.ToLower(one.Name)
		v, given := left[key]
		delete(left, key)
		if !given && !one.Switch && len(positional) > 0 {
			v, given, positional = positional[0], true, positional[1:]
		}
		if !given {
			if one.Mandatory {
				in.throw(at, "System.Management.Automation.ParameterBindingException", "MissingMandatoryParameter", "Cannot process command because of one or more missing mandatory parameters: %s.", one.Name)
			}
			if one.Default == nil {
				s.vars[key] = in.unset(one.Type)
				continue
			}
			v = in.fallback(one, s)
		}
		v = plain(v)
		if one.Type != "" {
			converted, ok := in.convert(v, one.Type)
			if !ok {
				in.throw(at, "System.Management.Automation.ParameterBindingException", "ParameterArgumentTransformationError,"+of, "Cannot process argument transformation on parameter '%s'. Cannot convert value %q to type %q.", one.Name, Text(v), one.Type)
			}
			v = converted
		}
		s.vars[key] = v
	}
	for k := range left {
		in.throw(at, "System.Management.Automation.ParameterBindingException", "NamedParameterNotFound,"+of, "A parameter cannot be found that matches parameter name '%s'.", k)
	}
	if len(positional) > 0 {
		in.throw(at, "System.Management.Automation.ParameterBindingException", "PositionalParameterNotFound,"+of, "A positional parameter cannot be found that accepts argument '%s'.", Text(positional[0]))
	}
}

// fallback evaluates a default. The model gives its first token; the expression is the largest node that ends with its text.
func (in *Interp) fallback(p *psverify.Parameter, s *scope) any {
	n := p.Default
	for n.Parent != nil && n.Parent.Start == n.Start && n.Parent.Kind != "script_parameter_default" && len(strings.TrimSpace(n.Parent.Text())) <= len(p.Text) {
		n = n.Parent
	}
	return in.value(n, s)
}

// unset is what a parameter holds that nobody gave.
func (in *Interp) unset(typ string) any {
	switch typeKey(typ) {
	case "string":
		return ""
	case "int":
		return int64(0)
	case "bool", "switch", "management.automation.switchparameter":
		return false
	}
	return nil
}
