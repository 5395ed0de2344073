package pwsh

import (
	"sort"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// pipeline runs a statement.
func (in *Interp) pipeline(n nodeRef, s *scope, out sink) {
	if a := n.Child("assignment_expression"); a != nil {
		in.assign(a, s)
		return
	}
	chain := n.Child("pipeline_chain")
	if chain == nil {
		in.unsupported(n, "this statement")
	}
	if len(chain.Children) == 1 && chain.Children[0].Kind != "command" {
		e := chain.Children[0]
		switch inner := e.Unwrap(); inner.Kind {
		case "post_increment_expression", "post_decrement_expression":
			in.value(e, s)
			return
		}
		emit(in.value(e, s), out)
		return
	}
	in.chain(chain, s, out)
}

// A stage is a command in a pipeline that takes what flows in.
type stage interface {
	process(v any)
	end()
}

// chain runs the commands of a pipeline, each element going all the way down before the next one comes.
func (in *Interp) chain(n nodeRef, s *scope, out sink) {
	var parts []nodeRef
	for _, c := range n.Children {
		if c.Named && c.Kind != "comment" {
			parts = append(parts, c)
		}
	}
	stages := make([]stage, len(parts))
	next := out
	for i := len(parts) - 1; i > 0; i-- {
		if parts[i].Kind != "command" {
			in.unsupported(parts[i], "an expression behind a pipe")
		}
		stages[i] = in.stage(in.calls[parts[i]], s, next)
		next = stages[i].process
	}
	in.flow(stages, func() {
		if first := parts[0]; first.Kind == "command" {
			in.command(in.calls[first], s, nil, next)
		} else {
			emit(in.value(first, s), next)
		}
	})
	for _, st := range stages[1:] {
		st.end()
	}
}

// flow lets elements flow until a stage has enough of them.
func (in *Interp) flow(stages []stage, run func()) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *enough:
			for _, st := range stages {
				if st == stage(r.stage) {
					return
				}
			}
			panic(r)
		default:
			panic(r)
		}
	}()
	run()
}

// args evaluates the arguments of a call. Whether a name takes a value is asked of isSwitch.
func (in *Interp) args(call *psverify.Command, s *scope, isSwitch func(string) bool) (named map[string]any, positional []any) {
	named = map[string]any{}
	set := func(at nodeRef, name string, v any) {
		key := strings.ToLower(name)
		if _, twice := named[key]; twice {
			in.throw(at, "System.Management.Automation.ParameterBindingException", "ParameterAlreadyBound", "Cannot bind parameter because parameter '%s' is specified more than once.", name)
		}
		named[key] = v
	}
	for i := 0; i < len(call.Elements); i++ {
		e := call.Elements[i]
		switch e.Kind {
		case psverify.Argument:
			positional = append(positional, in.value(e.Value.Node, s))
		case psverify.Named:
			switch {
			case e.Colon:
				set(e.Node, e.Name, in.value(e.Value.Node, s))
			case isSwitch(e.Name):
				set(e.Node, e.Name, true)
			case i+1 < len(call.Elements) && call.Elements[i+1].Kind == psverify.Argument:
				i++
				set(e.Node, e.Name, in.value(call.Elements[i].Value.Node, s))
			default:
				in.throw(e.Node, "System.Management.Automation.ParameterBindingException", "MissingArgument", "Missing an argument for parameter '%s'.", e.Name)
			}
		case psverify.Splat:
			v, ok := s.find(e.Name)
			if !ok {
				in.throw(e.Node, "System.Management.Automation.RuntimeException", "VariableIsUndefined", "The variable '$%s' cannot be retrieved because it has not been set.", e.Name)
			}
			switch v := v.(type) {
			case *Hash:
				for _, k := range v.keys {
					x, _ := v.Get(k)
					set(e.Node, k, x)
				}
			case *Array:
				positional = append(positional, v.Items...)
			case nil:
			default:
				positional = append(positional, v)
			}
		default:
			in.unsupported(e.Node, "--%%")
		}
	}
	return named, positional
}

// command runs a call. Input is what flowed in, nil for the first command of a pipeline.
func (in *Interp) command(call *psverify.Command, s *scope, input []any, out sink) {
	switch call.Operator {
	case "":
	case "&":
		in.start(call, s, out)
		return
	default:
		in.unsupported(call.Node, "the operator %s", call.Operator)
	}
	if fn := in.functions[strings.ToLower(call.Name)]; fn != nil {
		if input != nil {
			in.unsupported(call.Node, "a function of the script behind a pipe")
		}
		named, positional := in.args(call, s, func(p string) bool { return hasSwitch(fn, p) })
		in.function(fn, s, named, positional, call.Node, out)
		return
	}
	if run := builtin(call.Name); run != nil {
		run(in, call, s, out)
		return
	}
	in.foreign(call, s, input, out)
}

func hasSwitch(fn *psverify.Function, name string) bool {
	if fn.Param == nil {
		return false
	}
	for _, p := range fn.Param.Parameters {
		if p.Switch && strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

// foreign runs a command of the host.
func (in *Interp) foreign(call *psverify.Command, s *scope, input []any, out sink) {
	c, ok := in.Host.Command(call.Name)
	if !ok {
		in.unsupported(call.Node, "the command %s", call.Name)
	}
	common := map[string]bool{"whatif": true, "confirm": true, "verbose": true, "debug": true}
	for _, w := range c.Switches {
		common[strings.ToLower(w)] = true
	}
	named, positional := in.args(call, s, func(p string) bool { return common[strings.ToLower(p)] })
	for _, p := range c.Positional {
		if _, given := named[strings.ToLower(p)]; !given && len(positional) > 0 {
			named[strings.ToLower(p)], positional = positional[0], positional[1:]
		}
	}
	if len(positional) > 0 {
		in.throw(call.Node, "System.Management.Automation.ParameterBindingException", "PositionalParameterNotFound,"+call.Name, "A positional parameter cannot be found that accepts argument '%s'.", Text(positional[0]))
	}
	whatIf, _ := s.find("whatifpreference")
	if v, ok := named["whatif"]; ok {
		whatIf = v
	}
	if confirm, given := named["confirm"]; c.Asks && (!given || Truth(confirm)) && !Truth(whatIf) {
		in.unsupported(call.Node, "an answer to the question that %s asks", c.Name)
	}
	quiet := strings.EqualFold(Text(named["erroraction"]), "SilentlyContinue") || strings.EqualFold(Text(named["erroraction"]), "Ignore")
	for _, k := range []string{"whatif", "confirm", "verbose", "erroraction", "warningaction"} {
		delete(named, k)
	}
	run := &Call{Name: c.Name, Args: named, Input: input, WhatIf: Truth(whatIf), Line: call.Line, Interp: in, read: map[string]bool{}}
	ended := false // an error that -ErrorAction swallows came before all was looked at
	result := in.placed(call.Node, func() []any {
		in.Host.Step(c.Name)
		values := c.Run(run)
		ended = true
		return values
	}, quiet)
	if list := run.unread(); len(list) > 0 && ended && !run.WhatIf {
		in.unsupported(call.Node, "what -%s of %s does", strings.Join(list, " -"), c.Name)
	}
	for _, v := range result {
		emit(v, out)
	}
}

// terminates reports whether -ErrorAction has no say: a command that is not there or cannot be bound ends the statement whatever it is.
func terminates(r *Record) bool {
	switch r.Exception.Type {
	case "System.Management.Automation.ParameterBindingException", "System.Management.Automation.CommandNotFoundException":
		return true
	}
	return false
}

// placed runs something of the host and gives what it throws the place in the script.
func (in *Interp) placed(n nodeRef, run func() []any, quiet bool) (out []any) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *thrown:
			if r.record.Line == 0 {
				r.record.Line, r.record.Text = n.Line(), n.Text()
			}
			if quiet && !terminates(r.record) {
				out = nil
				return
			}
			panic(r)
		case *Unsupported:
			in.place(r, n)
			panic(r)
		default:
			panic(r)
		}
	}()
	return run()
}

// start runs & path arguments, or & { }.
func (in *Interp) start(call *psverify.Command, s *scope, out sink) {
	target := in.value(call.Target.Node, s)
	if b, ok := target.(*Block); ok {
		inner := &Block{node: b.node, scope: &scope{vars: map[string]any{}, parent: s}}
		in.block(inner, nil, false, out)
		return
	}
	var args []string
	_, positional := in.args(call, s, func(string) bool { return true })
	for _, v := range positional {
		for _, e := range elements(v) {
			args = append(args, Text(e))
		}
	}
	path := Text(target)
	in.Host.Step(path)
	lines, code, ok := in.Host.Program(path, args)
	if !ok {
		in.unsupported(call.Node, "the program %s %s", path, strings.Join(args, " "))
	}
	in.global.vars["lastexitcode"] = int64(code)
	for _, l := range lines {
		out(l)
	}
}

// stage makes a command behind a pipe.
func (in *Interp) stage(call *psverify.Command, s *scope, out sink) stage {
	if call.Operator != "" {
		in.unsupported(call.Node, "%s behind a pipe", call.Operator)
	}
	var named map[string]any
	var positional []any
	switch strings.ToLower(call.Name) {
	case "where-object", "foreach-object":
		named, positional = in.args(call, s, func(string) bool { return false })
		if len(named) > 0 || len(positional) != 1 {
			in.unsupported(call.Node, "%s with anything but a block", call.Name)
		}
		b, ok := positional[0].(*Block)
		if !ok {
			in.unsupported(call.Node, "%s with anything but a block", call.Name)
		}
		if strings.EqualFold(call.Name, "where-object") {
			return each(func(v any) {
				var kept []any
				in.block(b, v, true, func(x any) { kept = append(kept, x) })
				if Truth(gathered(kept)) {
					out(v)
				}
			})
		}
		return each(func(v any) { in.block(b, v, true, out) })
	case "out-null":
		return each(func(any) {})
	case "select-object":
		named, positional = in.args(call, s, func(p string) bool { return strings.EqualFold(p, "Unique") })
		return in.selecting(call, named, positional, out)
	case "sort-object":
		named, positional = in.args(call, s, func(p string) bool { return strings.EqualFold(p, "Unique") || strings.EqualFold(p, "Descending") })
		return in.sorting(call, named, positional, out)
	case "out-string":
		return &gathering{done: func(all []any) {
			var b strings.Builder
			for _, v := range all {
				b.WriteString(Text(v) + "\r\n")
			}
			out(b.String())
		}}
	}
	if in.functions[strings.ToLower(call.Name)] != nil {
		in.unsupported(call.Node, "a function of the script behind a pipe")
	}
	return &gathering{done: func(all []any) {
		if all == nil {
			all = []any{}
		}
		in.command(call, s, all, out)
	}}
}

type each func(any)

func (e each) process(v any) { e(v) }
func (e each) end()          {}

type gathering struct {
	all  []any
	done func([]any)
}

func (g *gathering) process(v any) { g.all = append(g.all, v) }
func (g *gathering) end()          { g.done(g.all) }

type selectStage struct {
	in         *Interp
	at         nodeRef
	first      int // -1 for all
	last       int
	unique     bool
	properties []string
	expand     string
	kept       []any
	out        sink
	count      int
}

func (in *Interp) selecting(call *psverify.Command, named map[string]any, positional []any, out sink) stage {
	st := &selectStage{in: in, at: call.Node, first: -1, last: -1, out: out}
	if len(positional) > 0 {
		named["property"] = positional[0]
	}
	for k, v := range named {
		f, _ := number(v)
		switch k {
		case "first":
			st.first = int(f)
		case "last":
			st.last = int(f)
		case "unique":
			st.unique = Truth(v)
		case "property":
			for _, p := range elements(v) {
				if _, ok := p.(string); !ok {
					in.unsupported(call.Node, "a worked-out property")
				}
				st.properties = append(st.properties, Text(p))
			}
		case "expandproperty":
			st.expand = Text(v)
		default:
			in.unsupported(call.Node, "Select-Object -%s", k)
		}
	}
	return st
}

func (st *selectStage) process(v any) {
	if st.first == 0 {
		panic(&enough{st})
	}
	if st.properties != nil {
		o := NewObject()
		for _, p := range st.properties {
			x, _ := st.in.property(v, p)
			o.Set(p, plain(x))
		}
		v = o
	}
	if st.expand != "" {
		x, ok := st.in.property(v, st.expand)
		if !ok {
			st.in.throw(st.at, "System.Management.Automation.PSArgumentException", "ExpandPropertyNotFound", "Property %q cannot be found.", st.expand)
		}
		v = x
	}
	if st.unique {
		for _, k := range st.kept {
			if same(k, v, false) {
				return
			}
		}
		st.kept = append(st.kept, v)
		st.out(v)
		return
	}
	if st.last >= 0 {
		st.kept = append(st.kept, v)
		return
	}
	st.out(v)
	st.count++
	if st.count == st.first {
		panic(&enough{st})
	}
}

func (st *selectStage) end() {
	if st.last >= 0 {
		for _, v := range st.kept[max(0, len(st.kept)-st.last):] {
			st.out(v)
		}
	}
}

func (in *Interp) sorting(call *psverify.Command, named map[string]any, positional []any, out sink) stage {
	if len(positional) > 0 {
		named["property"] = positional[0]
	}
	var by []any
	descending, unique := false, false
	for k, v := range named {
		switch k {
		case "property":
			by = elements(v)
		case "descending":
			descending = Truth(v)
		case "unique":
			unique = Truth(v)
		default:
			in.unsupported(call.Node, "Sort-Object -%s", k)
		}
	}
	key := func(v any, p any) any {
		if b, ok := p.(*Block); ok {
			var got []any
			in.block(b, v, true, func(x any) { got = append(got, x) })
			return plain(gathered(got))
		}
		x, _ := in.property(v, Text(p))
		return plain(x)
	}
	order := func(a, b any) int {
		c, err := compare(a, b, true)
		if err != nil {
			in.unsupported(call.Node, "sorting %s", TypeName(a))
		}
		return c
	}
	return &gathering{done: func(all []any) {
		less := func(i, j int) bool {
			if by == nil {
				return order(all[i], all[j]) < 0
			}
			for _, p := range by {
				if c := order(key(all[i], p), key(all[j], p)); c != 0 {
					return c < 0
				}
			}
			return false
		}
		if descending {
			up := less
			less = func(i, j int) bool { return up(j, i) }
		}
		sort.SliceStable(all, less)
		for i, v := range all {
			if unique && i > 0 && same(all[i-1], v, true) {
				continue
			}
			out(v)
		}
	}}
}

// builtin is a command that works on values alone, nil when the name is of no such command.
func builtin(name string) func(in *Interp, call *psverify.Command, s *scope, out sink) {
	switch strings.ToLower(name) {
	case "set-strictmode":
		return func(in *Interp, call *psverify.Command, s *scope, _ sink) {
			named, _ := in.args(call, s, func(string) bool { return false })
			if f, ok := number(named["version"]); !ok || f != 3 {
				in.unsupported(call.Node, "strict mode other than 3.0")
			}
		}
	case "out-null":
		return func(*Interp, *psverify.Command, *scope, sink) {}
	case "write-output":
		return func(in *Interp, call *psverify.Command, s *scope, out sink) {
			_, positional := in.args(call, s, func(string) bool { return false })
			for _, v := range positional {
				emit(v, out)
			}
		}
	case "start-sleep":
		return func(in *Interp, call *psverify.Command, s *scope, _ sink) {
			named, positional := in.args(call, s, func(string) bool { return false })
			if len(positional) > 0 {
				named["seconds"] = positional[0]
			}
			for k, unit := range map[string]time.Duration{"seconds": time.Second, "milliseconds": time.Millisecond} {
				if v, ok := named[k]; ok {
					f, _ := number(v)
					in.Host.Sleep(time.Duration(f * float64(unit)))
				}
			}
		}
	case "join-path":
		return func(in *Interp, call *psverify.Command, s *scope, out sink) {
			named, positional := in.args(call, s, func(string) bool { return false })
			for _, p := range []string{"path", "childpath"} {
				if _, ok := named[p]; !ok && len(positional) > 0 {
					named[p], positional = positional[0], positional[1:]
				}
			}
			left, right := Text(named["path"]), Text(named["childpath"])
			if left == "" {
				in.throw(call.Node, "System.Management.Automation.ParameterBindingValidationException", "ParameterArgumentValidationErrorEmptyStringNotAllowed", "Cannot bind argument to parameter 'Path' because it is an empty string.")
			}
			out(strings.TrimRight(left, `\`) + `\` + strings.TrimLeft(right, `\`))
		}
	case "new-object":
		return (*Interp).newObject
	case "convertto-json":
		return (*Interp).toJSON
	case "convertfrom-json":
		return (*Interp).fromJSON
	case "start-transcript":
		return func(in *Interp, call *psverify.Command, s *scope, out sink) {
			named, _ := in.args(call, s, func(string) bool { return false })
			if v, _ := s.find("whatifpreference"); Truth(v) {
				return
			}
			in.transcribing = true
			in.Host.Print("transcript "+Text(named["path"]), true)
			out("Transcript started, output file is " + Text(named["path"]))
		}
	case "stop-transcript":
		return func(in *Interp, call *psverify.Command, _ *scope, out sink) {
			if !in.transcribing {
				in.throw(call.Node, "System.Management.Automation.PSInvalidOperationException", "InvalidOperation", "An error occurred stopping transcription: The host is not currently transcribing.")
			}
			in.transcribing = false
			out("Transcript stopped")
		}
	}
	return nil
}
