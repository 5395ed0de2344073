package mutate

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/psverify"
)

// opposites are the operators of PowerShell with what they become.
var opposites = map[string]string{
	"-eq": "-ne", "-ne": "-eq", "-ceq": "-cne", "-cne": "-ceq", "-lt": "-ge", "-ge": "-lt", "-gt": "-le", "-le": "-gt",
	"-and": "-or", "-or": "-and", "-contains": "-notcontains", "-notcontains": "-contains", "-in": "-notin", "-notin": "-in",
	"-match": "-notmatch", "-notmatch": "-match", "-cmatch": "-cnotmatch", "-cnotmatch": "-cmatch", "-like": "-notlike", "-notlike": "-like",
	"-is": "-isnot", "-isnot": "-is", "-band": "-bor", "-bor": "-band", "+": "-", "-": "+", "+=": "=", "-=": "+=", "++": "--", "--": "++",
}

type powershell struct {
	file     *psverify.File
	name     string
	template string
	shift    int // bytes of the byte order mark
	table    *binding.Table
	own      map[string]*psverify.Function
	calls    map[*psverify.Node]*psverify.Command
	frame    [][2]int
	vars     map[*psverify.Function][]string // variables by function, nil for the script
	members  []string
	commands []string
	shown    map[string]bool // variables that are read in texts for people only, by function and name
	out      []Mutant
}

// PowerShell makes all mutants of a script. It fails when the command table cannot be read.
func PowerShell(name, template string, src []byte) ([]Mutant, error) {
	table, err := binding.Commands()
	if err != nil {
		return nil, err
	}
	f := psverify.Parse(src)
	p := &powershell{
		file: f, name: name, template: template, shift: len(src) - len(f.Source), table: table, own: map[string]*psverify.Function{},
		calls: map[*psverify.Node]*psverify.Command{}, vars: map[*psverify.Function][]string{},
	}
	p.collect()
	p.shown = p.forPeople()
	for n := range f.Root.All() {
		if n.Ancestor("param_block", "function_parameter_declaration") != nil {
			continue
		}
		p.node(n)
	}
	slices.SortStableFunc(p.out, func(a, b Mutant) int { return a.Start - b.Start })
	return p.out, nil
}

// collect reads what names there are.
func (p *powershell) collect() {
	for _, fn := range p.file.Functions {
		p.own[strings.ToLower(fn.Name)] = fn
		if fn.Param != nil {
			for _, one := range fn.Param.Parameters {
				p.vars[fn] = append(p.vars[fn], one.Name)
			}
		}
	}
	for _, c := range p.file.Commands {
		p.calls[c.Node] = c
		if c.Name != "" && c.Operator == "" {
			p.commands = append(p.commands, c.Name)
		}
	}
	from := -1
	for n := range p.file.Root.All() {
		switch n.Kind {
		case "comment":
			switch text := strings.TrimSpace(n.Text()); {
			case text == "#region frame":
				from = n.Start
			case strings.HasPrefix(text, "#endregion") && from >= 0:
				p.frame = append(p.frame, [2]int{from, n.End})
				from = -1
			}
		case "variable":
			if name := strings.TrimPrefix(n.Text(), "$"); plainVariable(n) && n.Ancestor("left_assignment_expression") != nil || n.Parent.Kind == "foreach_statement" {
				fn := p.enclosing(n)
				p.vars[fn] = append(p.vars[fn], name)
			}
		case "member_name":
			p.members = append(p.members, n.Text())
		}
	}
}

// plainVariable tells whether a variable is one that a script makes up.
func plainVariable(n *psverify.Node) bool {
	text := strings.ToLower(n.Text())
	if !strings.HasPrefix(text, "$") || strings.ContainsAny(text, ":{") {
		return false
	}
	switch text {
	case "$_", "$true", "$false", "$null", "$pscmdlet", "$myinvocation", "$lastexitcode", "$whatifpreference", "$pid", "$pscommandpath", "$args", "$input":
		return false
	}
	return true
}

func (p *powershell) enclosing(n *psverify.Node) *psverify.Function {
	outer := n.Ancestor("function_statement")
	for _, fn := range p.file.Functions {
		if fn.Node == outer {
			return fn
		}
	}
	return nil
}

func (p *powershell) add(operator string, at *psverify.Node, start, end int, with string) {
	src := string(p.file.Source)
	if src[start:end] == with {
		return
	}
	m := Mutant{Operator: operator, File: p.name, Template: p.template, Start: start + p.shift, End: end + p.shift, Before: src[start:end], After: with}
	m.place(src, start, end)
	m.Message = p.message(at)
	for _, r := range p.frame {
		if r[0] <= start && end <= r[1] {
			m.Frame, m.Shape = true, m.Source+"\x00"+with
			if fn := p.enclosing(at); fn != nil {
				m.Shape = fn.Name + "\x00" + m.Shape
			}
		}
	}
	p.out = append(p.out, m)
}

func (p *powershell) node(n *psverify.Node) {
	switch n.Kind {
	case "statement_list":
		p.statements(n)
	case "verbatim_string_characters", "expandable_string_literal":
		if text := n.Text(); len(text) >= 2 && (text[0] == '\'' || text[0] == '"') {
			p.add("change text", n, n.Start, n.End, text[:len(text)-1]+"x"+text[len(text)-1:])
		}
	case "variable":
		p.variable(n)
	case "member_name":
		if to := after(p.members, n.Text()); to != "" {
			p.add("change member", n, n.Start, n.End, to)
		}
	case "command":
		p.command(n)
	case "array_literal_expression":
		p.elements(n)
	case "hash_entry":
		p.add("drop argument", n, n.Start, n.End, "")
	case "decimal_integer_literal":
		if to := number(n.Text()); to != "" {
			p.add("change number", n, n.Start, n.End, to)
		}
	case "expression_with_unary_operator":
		if c := n.Children[0]; c.Kind == "-not" || c.Kind == "!" {
			p.add("change operator", n, c.Start, c.End, "")
		}
	case "if_statement":
		p.guard(n)
	case "catch_clause", "finally_clause":
		if b := n.Child("statement_block"); b != nil {
			p.add("empty handler", n, b.Start, b.End, "{ }")
		}
	default:
		if to := opposites[strings.ToLower(n.Text())]; to != "" && !n.Named && len(n.Children) == 0 {
			p.add("change operator", n, n.Start, n.End, to)
		}
	}
}

func (p *powershell) statements(n *psverify.Node) {
	if n.Parent.Kind == "array_expression" || n.Parent.Kind == "parenthesized_expression" {
		return
	}
	var before *psverify.Node
	for _, c := range n.Children {
		switch c.Kind {
		case "comment", "empty_statement", "ERROR":
			continue
		case "function_statement":
			before = nil
			continue
		}
		p.add("drop statement", c, c.Start, c.End, "")
		if before != nil {
			between := string(p.file.Source[before.End:c.Start])
			if independent(before, c) {
				before = c
				continue
			}
			p.add("swap statements", c, before.Start, c.End, c.Text()+between+before.Text())
		}
		before = c
	}
}

// independent tells whether two statements do the same in either order: both set variables to values that nothing outside them has a part
// in, and neither uses what the other sets.
func independent(a, b *psverify.Node) bool {
	x, y := setter(a), setter(b)
	return x != "" && y != "" && !strings.EqualFold(x, y) && !uses(a, y) && !uses(b, x)
}

// setter is the variable that a statement sets to a value without a command or a call, "" for any other statement.
func setter(n *psverify.Node) string {
	if n.Kind != "pipeline" || len(n.Children) != 1 || n.Children[0].Kind != "assignment_expression" {
		return ""
	}
	for c := range n.All() {
		switch c.Kind {
		case "command", "invocation_expression":
			return ""
		}
	}
	left := n.Children[0].Child("left_assignment_expression")
	if left == nil || !strings.HasPrefix(left.Text(), "$") {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimSpace(left.Text()), ".")
	return name
}

func uses(n *psverify.Node, variable string) bool {
	for c := range n.All() {
		if c.Kind == "variable" && strings.EqualFold(c.Text(), variable) {
			return true
		}
	}
	return false
}

func (p *powershell) variable(n *psverify.Node) {
	switch strings.ToLower(n.Text()) {
	case "$true":
		p.add("change flag", n, n.Start, n.End, "$false")
		return
	case "$false":
		p.add("change flag", n, n.Start, n.End, "$true")
		return
	}
	if !plainVariable(n) {
		return
	}
	fn := p.enclosing(n)
	if to := after(p.vars[fn], strings.TrimPrefix(n.Text(), "$")); to != "" {
		p.add("change variable", n, n.Start, n.End, "$"+to)
	}
}

// parameters are what a command takes, and which of it has no value.
func (p *powershell) parameters(c *psverify.Command) (names []string, switches map[string]bool) {
	switches = map[string]bool{}
	take := func(name string, isSwitch bool) {
		names = append(names, name)
		if isSwitch {
			switches[strings.ToLower(name)] = true
		}
	}
	if fn := p.own[strings.ToLower(c.Name)]; fn != nil {
		if fn.Param != nil {
			for _, one := range fn.Param.Parameters {
				take(one.Name, one.Switch)
			}
		}
		return names, switches
	}
	if _, entry := p.table.Lookup(c.Name); entry != nil {
		for _, set := range entry.Sets {
			for _, one := range set.Parameters {
				take(one.Name, one.Switch)
			}
		}
	}
	return names, switches
}

func (p *powershell) command(n *psverify.Node) {
	c := p.calls[n]
	if c == nil || c.Name == "" || c.Operator != "" {
		return
	}
	if name := n.Child("command_name"); name != nil {
		var others []string
		for _, o := range p.commands {
			if (p.own[strings.ToLower(o)] == nil) == (p.own[strings.ToLower(c.Name)] == nil) {
				others = append(others, o)
			}
		}
		if to := after(others, c.Name); to != "" {
			p.add("change command", n, name.Start, name.End, to)
		}
	}
	names, switches := p.parameters(c)
	given := map[string]bool{}
	for _, e := range c.Elements {
		if e.Kind == psverify.Named {
			given[strings.ToLower(e.Name)] = true
		}
	}
	for i, e := range c.Elements {
		if e.Kind != psverify.Named {
			continue
		}
		free := slices.DeleteFunc(slices.Clone(names), func(x string) bool { return given[strings.ToLower(x)] && !strings.EqualFold(x, e.Name) })
		if to := after(free, e.Name); to != "" {
			p.add("change parameter", e.Node, e.Node.Start, e.Node.End, "-"+to)
		}
		end := e.Node.End
		if e.Colon && e.Value.Node != nil {
			end = e.Value.Node.End
		} else if !switches[strings.ToLower(e.Name)] && i+1 < len(c.Elements) && c.Elements[i+1].Kind == psverify.Argument {
			end = c.Elements[i+1].Node.End
		}
		operator := "drop argument"
		if end == e.Node.End || e.Colon {
			operator = "change flag"
		}
		p.add(operator, e.Node, e.Node.Start, end, "")
	}
	names = slices.Clone(names)
	slices.Sort(names)
	for _, name := range names {
		if switches[strings.ToLower(name)] && !given[strings.ToLower(name)] {
			at := n.Children[0].End
			p.add("add switch", n, at, at, " -"+name)
			break
		}
	}
}

// elements takes one element out of a list.
func (p *powershell) elements(n *psverify.Node) {
	var list []*psverify.Node
	for _, c := range n.Children {
		if c.Named && c.Kind != "comment" {
			list = append(list, c)
		}
	}
	for i, c := range list {
		switch {
		case len(list) < 2:
		case i+1 < len(list):
			p.add("drop argument", c, c.Start, list[i+1].Start, "")
		default:
			p.add("drop argument", c, list[i-1].End, c.End, "")
		}
	}
}

// guard weakens an if that stops the script.
func (p *powershell) guard(n *psverify.Node) {
	parts := []*psverify.Node{n}
	if clauses := n.Child("elseif_clauses"); clauses != nil {
		parts = append(parts, clauses.Children...)
	}
	for _, part := range parts {
		condition, body := part.Child("pipeline"), part.Child("statement_block")
		if condition == nil || body == nil || !p.stops(body) {
			continue
		}
		p.add("blind guard", condition, condition.Start, condition.End, "$false")
		p.add("empty guard", body, body.Start, body.End, "{ }")
	}
}

func (p *powershell) stops(body *psverify.Node) bool {
	for n := range body.All() {
		if c := p.calls[n]; c != nil && strings.EqualFold(c.Name, "Stop-Step") || n.Kind == "flow_control_statement" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(n.Text())), "throw") {
			return true
		}
	}
	return false
}

// said are the parameters and positions of our own functions whose value is shown to people and read by nobody else.
var said = map[string]struct {
	position int // -1 for none
	names    []string
}{
	"stop-step": {1, []string{"Message"}}, "write-changed": {0, []string{"Message"}}, "write-unchanged": {0, []string{"Message"}},
	"add-info": {-1, []string{"Name", "Text"}}, "add-check": {-1, []string{"Name", "Expected", "Actual"}},
	"add-finding": {-1, []string{"Name", "About", "Expected", "Actual", "Remedy"}}, "add-unchecked": {-1, []string{"Name", "About", "Needs"}},
	"import-stepmodule": {-1, []string{"Feature"}}, "write-warning": {0, []string{"Message"}}, "write-verbose": {0, []string{"Message"}},
}

// message tells whether a node stands inside a text for people: what a script prints, why it stops, what it asks.
func (p *powershell) message(n *psverify.Node) bool {
	for at := n; at != nil; at = at.Parent {
		switch at.Kind {
		case "command_elements":
			if p.argument(at, n) {
				return true
			}
		case "argument_list":
			if call := at.Parent; strings.Contains(strings.ToLower(string(p.file.Source[call.Start:at.Start])), "$pscmdlet.shouldprocess") {
				return true
			}
		case "flow_control_statement":
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(at.Text())), "throw") && at != n {
				return true
			}
		case "pipeline":
			if p.printed(at) {
				return true
			}
		case "assignment_expression":
			left := at.Child("left_assignment_expression")
			if left == nil || n == at {
				continue
			}
			if strings.HasSuffix(strings.ToLower(left.Text()), "result.message") || !n.Within(left) && p.shown[p.scoped(left.Text(), at)] && calm(at) {
				return true
			}
		}
	}
	return false
}

// scoped names a variable of a function or of the script.
func (p *powershell) scoped(variable string, at *psverify.Node) string {
	fn := ""
	if f := p.enclosing(at); f != nil {
		fn = f.Name
	}
	return strings.ToLower(fn + " " + strings.TrimSpace(variable))
}

// calm tells whether a statement only works out a value: no command and no call in it can do anything or fail.
func calm(n *psverify.Node) bool {
	for c := range n.All() {
		if c.Kind == "command" || c.Kind == "invocation_expression" {
			return false
		}
	}
	return true
}

// forPeople finds the variables that are read inside texts for people and nowhere else.
func (p *powershell) forPeople() map[string]bool {
	read, other := map[string]bool{}, map[string]bool{}
	for n := range p.file.Root.All() {
		if n.Kind != "variable" || !plainVariable(n) {
			continue
		}
		name := p.scoped(n.Text(), n)
		if left := n.Ancestor("left_assignment_expression"); left != nil && strings.TrimSpace(left.Text()) == n.Text() {
			if op := left.Parent.Child("assignment_operator"); op != nil && op.Text() == "=" {
				continue
			}
		}
		read[name] = true
		if !p.message(n) || n.Ancestor("param_block") != nil {
			other[name] = true
		}
	}
	for name := range other {
		delete(read, name)
	}
	return read
}

// argument tells whether the node is inside an argument that is only shown.
func (p *powershell) argument(list, n *psverify.Node) bool {
	c := p.calls[list.Parent]
	if c == nil {
		return false
	}
	rule, ok := said[strings.ToLower(c.Name)]
	if !ok {
		return false
	}
	_, switches := p.parameters(c)
	named, _ := c.Bind(func(name string) bool { return switches[strings.ToLower(name)] })
	values := map[*psverify.Node]bool{}
	for _, a := range named {
		if a.Has && a.Value.Node != nil {
			values[a.Value.Node] = true
			if slices.ContainsFunc(rule.names, func(x string) bool { return strings.EqualFold(x, a.Name) }) && n.Within(a.Value.Node) {
				return true
			}
		}
	}
	position := 0
	for _, e := range c.Elements {
		if e.Kind != psverify.Argument || values[e.Value.Node] {
			continue
		}
		if position == rule.position && n.Within(e.Node) {
			return true
		}
		position++
	}
	return false
}

// printed tells whether a statement of the step prints a text: a string, or one that -f fills, with words in it.
func (p *powershell) printed(n *psverify.Node) bool {
	if n.Parent.Kind != "statement_list" {
		return false
	}
	for at := n.Parent; at != nil; at = at.Parent {
		switch at.Kind {
		case "statement_list", "statement_block", "if_statement", "elseif_clauses", "elseif_clause", "else_clause", "foreach_statement", "while_statement",
			"for_statement", "do_statement", "try_statement", "catch_clauses", "catch_clause", "finally_clause", "program":
		default:
			return false
		}
	}
	e := n.Unwrap()
	if e.Kind == "format_expression" {
		e = e.Children[0].Unwrap()
	}
	return (e.Kind == "verbatim_string_characters" || e.Kind == "expandable_string_literal" || e.Kind == "string_literal") && strings.Contains(strings.TrimSpace(e.Text()), " ")
}
