package psverify

import (
	"regexp"
	"slices"
	"strings"
)

// A ParamBlock is the param( ) of a script or a function, with the attributes above it.
type ParamBlock struct {
	Node                  *Node // param_block, or function_parameter_declaration
	CmdletBinding         bool
	SupportsShouldProcess bool
	DefaultSet            string // DefaultParameterSetName
	Parameters            []Parameter
}

// A Parameter is one parameter that a script or function declares.
type Parameter struct {
	Name      string
	Line      int
	Column    int
	Type      string // as written, without brackets; "" when none is given
	Mandatory bool
	Switch    bool
	Attribute bool     // carries [Parameter()], which makes the function an advanced one
	Values    []string // of ValidateSet
	Default   *Node    // first token of the default, or nil
	Text      string   // source of the default, "" when none
}

// A Function is a function that the script declares.
type Function struct {
	Name    string
	Node    *Node // function_statement
	Line    int
	Column  int
	Param   *ParamBlock // nil when none is declared
	Outer   *Function   // the function it stands in, or nil
	Advance bool        // takes the common parameters
}

// An Assignment is one assignment. The target may be a variable, a member or element of one, or a list.
type Assignment struct {
	Node     *Node
	Line     int
	Column   int
	Variable string // of the variable at the root of the target, in lower case; "" when there is none, as in a list
	Whole    bool   // the variable itself is set, not a part of it
	Target   Value
	Operator string // =, +=, …
	Value    Value
	Function *Function // nil at script level
}

// A Command is one call.
type Command struct {
	Node         *Node
	Line         int
	Column       int
	Name         string // "" when the name is worked out at run time
	Operator     string // "", "&" or "."
	Target       Value  // what stands behind the operator
	Elements     []Element
	Redirections []Redirection
	Piped        bool      // something flows in from the left
	Function     *Function // the function that the call stands in, or nil
}

// An ElementKind says what an element of a call is.
type ElementKind int

// The kinds of elements.
const (
	Argument ElementKind = iota // a value
	Named                       // -Name
	Splat                       // @name
	StopParsing
)

// An Element is one part of a call behind its name, in order of the text. Whether the value behind -Name belongs to it
// depends on the command: see Command.Bind.
type Element struct {
	Kind  ElementKind
	Node  *Node
	Name  string // of Named, without the dash; of Splat, without the sign, in lower case
	Value Value  // of Argument, and of Named when joined by a colon
	Colon bool   // of Named: -Name:value
	Space bool   // of Named: blanks stand around that colon
}

// A Redirection is a redirection of a call.
type Redirection struct {
	Node *Node
	Text string
}

// A NamedArgument is -Name with its value, if it has one.
type NamedArgument struct {
	Element
	Has bool // a value is there
}

// Bind sorts the elements of the call into named arguments and positional ones. The function tells whether a name is a
// switch, which takes no value but behind a colon.
func (c *Command) Bind(isSwitch func(name string) bool) (named []NamedArgument, positional []Value) {
	for i := 0; i < len(c.Elements); i++ {
		e := c.Elements[i]
		switch e.Kind {
		case Argument:
			positional = append(positional, e.Value)
		case Named:
			a := NamedArgument{Element: e, Has: e.Colon}
			if !e.Colon && !isSwitch(e.Name) && i+1 < len(c.Elements) && c.Elements[i+1].Kind == Argument {
				i++
				a.Value, a.Has = c.Elements[i].Value, true
			}
			named = append(named, a)
		}
	}
	return named, positional
}

// model fills Param, Functions, Commands and Assignments.
func (f *File) model() {
	if p := f.Root.Child("param_block"); p != nil {
		f.Param = f.param(p)
	}
	at := map[*Node]*Function{}
	inside := func(n *Node) *Function {
		for p := n.Parent; p != nil; p = p.Parent {
			if fn := at[p]; fn != nil {
				return fn
			}
		}
		return nil
	}
	for n := range f.Root.All() {
		switch n.Kind {
		case "function_statement":
			fn := f.function(n)
			fn.Outer = inside(n)
			at[n] = fn
			f.Functions = append(f.Functions, fn)
		case "command":
			c := f.command(n)
			c.Function = inside(n)
			f.Commands = append(f.Commands, c)
		case "assignment_expression":
			a := assignment(n)
			a.Function = inside(n)
			f.Assignments = append(f.Assignments, a)
		}
	}
}

func (f *File) function(n *Node) *Function {
	fn := &Function{Node: n, Line: n.Line(), Column: n.Column()}
	if name := n.Child("function_name"); name != nil {
		fn.Name = strings.TrimSpace(name.Text())
	}
	if p := n.Child("function_parameter_declaration"); p != nil {
		fn.Param = f.param(p)
	}
	if block := n.Child("script_block"); block != nil {
		if p := block.Child("param_block"); p != nil {
			fn.Param = f.param(p)
		}
	}
	if fn.Param != nil {
		fn.Advance = fn.Param.CmdletBinding || slices.ContainsFunc(fn.Param.Parameters, func(p Parameter) bool { return p.Attribute })
	}
	return fn
}

var (
	mandatory = regexp.MustCompile(`(?i)\bMandatory\b(?:\s*=\s*\$(true|false))?`)
	should    = regexp.MustCompile(`(?i)\bSupportsShouldProcess\b(?:\s*=\s*\$(true|false))?`)
	binding   = regexp.MustCompile(`(?i)^\[\s*CmdletBinding\s*\(`)
	attribute = regexp.MustCompile(`(?i)^\[\s*([A-Za-z.]+)\s*\(`)
	setName   = regexp.MustCompile(`(?i)\bDefaultParameterSetName\s*=\s*'([^']*)'`)
)

// truth reads a named attribute argument that may stand without a value.
func truth(pattern *regexp.Regexp, text string) bool {
	m := pattern.FindStringSubmatch(text)
	return m != nil && !strings.EqualFold(m[1], "false")
}

// param reads a param block from its tokens, not from its subtrees: the grammar takes the comma behind a default for a
// list and files the parameters that follow under the default.
func (f *File) param(n *Node) *ParamBlock {
	p := &ParamBlock{Node: n}
	if list := n.Child("attribute_list"); list != nil {
		for _, a := range list.Children {
			if text := a.Text(); binding.MatchString(text) {
				p.CmdletBinding = true
				p.SupportsShouldProcess = truth(should, text)
				if m := setName.FindStringSubmatch(text); m != nil {
					p.DefaultSet = m[1]
				}
			}
		}
	}
	var tokens []*Node
	started := false
	for _, c := range n.Children {
		switch {
		case c.Kind == "(" && !started:
			started = true
		case started && c.Kind != ")":
			c.leaves(func(t *Node) {
				if t.Kind != "comment" && t.Start < t.End {
					tokens = append(tokens, t)
				}
			})
		}
	}
	depth, from := 0, 0
	seen := map[string]bool{}
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) {
			depth += nesting(tokens[i].Kind)
			if depth != 0 || tokens[i].Kind != "," {
				continue
			}
		}
		if one, ok := f.parameter(tokens[from:i]); ok {
			if name := strings.ToLower(one.Name); seen[name] {
				f.Findings = append(f.Findings, Finding{one.Line, one.Column, "PSV005", "the parameter $" + one.Name + " is declared twice"})
			} else {
				seen[name] = true
			}
			p.Parameters = append(p.Parameters, one)
		}
		from = i + 1
	}
	return p
}

func nesting(kind string) int {
	switch kind {
	case "(", "[", "{", "@(", "@{", "$(":
		return 1
	case ")", "]", "}":
		return -1
	}
	return 0
}

// parameter reads the tokens of one parameter: attributes, name, default.
func (f *File) parameter(tokens []*Node) (Parameter, bool) {
	var p Parameter
	depth, from := 0, 0
	for i, t := range tokens {
		depth += nesting(t.Kind)
		switch {
		case depth == 1 && t.Kind == "[":
			from = i
		case depth == 0 && t.Kind == "]":
			f.attribute(&p, tokens[from:i+1])
		case depth == 0 && t.Kind == "variable" && p.Name == "":
			p.Name = strings.TrimPrefix(t.Text(), "$")
			p.Line, p.Column = t.Line(), t.Column()
			if rest := tokens[i+1:]; len(rest) > 1 && rest[0].Kind == "=" {
				p.Default = rest[1]
				p.Text = string(f.Source[rest[1].begin():rest[len(rest)-1].End])
			}
			return p, true
		}
	}
	return p, false
}

func (f *File) attribute(p *Parameter, tokens []*Node) {
	text := strings.TrimSpace(string(f.Source[tokens[0].Start:tokens[len(tokens)-1].End]))
	m := attribute.FindStringSubmatch(text)
	switch {
	case m == nil:
		p.Type = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
		p.Switch = strings.EqualFold(p.Type, "switch") || strings.HasSuffix(strings.ToLower(p.Type), "switchparameter")
	case strings.EqualFold(m[1], "Parameter"):
		p.Attribute = true
		p.Mandatory = p.Mandatory || truth(mandatory, text)
	case strings.EqualFold(m[1], "ValidateSet"):
		for _, t := range tokens {
			if t.Kind == "string_literal" {
				p.Values = append(p.Values, value(t).Literal)
			}
		}
	}
}

func assignment(n *Node) *Assignment {
	a := &Assignment{Node: n, Line: n.Line(), Column: n.Column()}
	for _, c := range n.Children {
		switch c.Kind {
		case "left_assignment_expression":
			a.Target = value(c)
			a.Variable, a.Whole = root(c)
		case "assignment_operator":
			a.Operator = c.Text()
		case "comment":
		default:
			a.Value = value(c)
		}
	}
	return a
}

// root is the variable at the bottom of $x.a.b[0], and whether the expression is that variable alone.
func root(n *Node) (name string, whole bool) {
	whole = true
	for {
		n = n.Unwrap()
		switch n.Kind {
		case "variable":
			return variableName(n.Text()), whole
		case "member_access", "element_access", "invocation_expression":
			whole = false
			n = n.Children[0]
		case "expression_with_unary_operator":
			cast := n.Child("cast_expression")
			if cast == nil {
				return "", false
			}
			n = cast.Children[len(cast.Children)-1]
		default:
			return "", false
		}
	}
}

func (f *File) command(n *Node) *Command {
	c := &Command{Node: n, Line: n.Line(), Column: n.Column()}
	if p := n.Parent; p.Kind == "pipeline_chain" {
		for _, sibling := range p.Children {
			if sibling == n {
				break
			}
			c.Piped = c.Piped || sibling.Kind == "|"
		}
	}
	for _, part := range n.Children {
		switch part.Kind {
		case "command_name":
			c.Name = part.Text()
		case "command_invocation_operator":
			c.Operator = strings.TrimSpace(part.Text())
		case "command_name_expr":
			inner := part
			if only := part.only(); only != nil {
				inner = only
			}
			if inner.Kind == "path_command_name" {
				if only := inner.only(); only != nil {
					inner = only
				}
			}
			c.Target = value(inner)
			if inner.Kind == "command_name" || inner.Kind == "path_command_name_token" {
				c.Target.Kind, c.Target.Literal = Literal, inner.Text()
			}
			if c.Target.Kind == Literal {
				c.Name = c.Target.Literal
			}
		case "command_elements":
			f.elements(c, part)
		}
	}
	return c
}

func (f *File) elements(c *Command, n *Node) {
	parts := n.Children
	for i := 0; i < len(parts); i++ {
		part := parts[i]
		switch part.Kind {
		case "command_argument_sep", "comment":
		case "command_parameter":
			e := Element{Kind: Named, Node: part, Name: strings.TrimLeft(part.Text(), "-")}
			if i+1 < len(parts) && parts[i+1].Kind == "command_argument_sep" && strings.Contains(parts[i+1].Text(), ":") {
				e.Colon = true
				e.Space = strings.TrimSpace(parts[i+1].Text()) != parts[i+1].Text()
				if i+2 < len(parts) {
					if sep := parts[i+2]; sep.Kind == "command_argument_sep" {
						e.Space = true
						i++
					}
				}
				if i+2 < len(parts) {
					e.Value = value(parts[i+2])
					i += 2
					i = f.attached(&e.Value, parts, i)
				} else {
					i++
				}
			}
			c.Elements = append(c.Elements, e)
		case "redirection":
			c.Redirections = append(c.Redirections, Redirection{part, strings.TrimSpace(part.Text())})
		case "stop_parsing":
			c.Elements = append(c.Elements, Element{Kind: StopParsing, Node: part})
		default:
			v := value(part)
			i = f.attached(&v, parts, i)
			e := Element{Kind: Argument, Node: part, Value: v}
			if v.Kind == Variable && strings.HasPrefix(strings.TrimSpace(part.Text()), "@") {
				e.Kind, e.Name = Splat, v.Literal
			}
			c.Elements = append(c.Elements, e)
		}
	}
}

// attached takes the argument list that the grammar sets behind $x.Method( ) as a part of the argument before it, and
// returns the index of the last part taken.
func (f *File) attached(v *Value, parts []*Node, i int) int {
	for i+1 < len(parts) && parts[i+1].Kind == "argument_list" && parts[i+1].Start == parts[i].End {
		i++
		v.Kind = Expression
	}
	return i
}

// calls applies the rules that need the model: a named argument twice in one call.
func (f *File) calls() {
	for _, c := range f.Commands {
		seen := map[string]bool{}
		for _, e := range c.Elements {
			if e.Kind != Named {
				continue
			}
			name := strings.ToLower(e.Name)
			if seen[name] {
				f.Findings = append(f.Findings, At(e.Node, "PSV005", "-%s is given twice", e.Name))
			}
			seen[name] = true
		}
	}
}
