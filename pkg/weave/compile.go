package weave

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"text/template/parse"
)

// program is one template. Its body is compiled when it is first called, and then takes the place of the tree.
type program struct {
	tree  *parse.Tree
	once  sync.Once
	body  statement
	slots int
}

// frame is one template being executed. Slot 0 of the variables is $.
type frame struct {
	*Run
	set  *Set
	dot  reflect.Value
	vars []reflect.Value
}

type (
	statement  func(*frame)
	expression func(*frame) reflect.Value
)

// compiler compiles one template. Variables have their slot by the block that they stand in.
type compiler struct {
	funcs map[string]any
	names []string // of the variables in sight, by slot
	slots int
}

// compile does not depend on the set that the template is called in, only on its functions, which sets share.
func (p *program) compile(s *Set) {
	c := &compiler{funcs: s.funcs, names: []string{"$"}, slots: 1}
	p.body = c.list(p.tree.Root)
	p.slots = c.slots
	p.tree = nil
}

func (c *compiler) declare(name string) int {
	c.names = append(c.names, name)
	c.slots = max(c.slots, len(c.names))
	return len(c.names) - 1
}

func (c *compiler) slot(name string) int {
	for i := len(c.names) - 1; i >= 0; i-- {
		if c.names[i] == name {
			return i
		}
	}
	return -1
}

// block compiles what has its own scope.
func (c *compiler) block(f func()) {
	n := len(c.names)
	f()
	c.names = c.names[:n]
}

// stop is a statement, and stopAt an expression, that this package leaves to text/template.
func stop(*frame)                 { leave() }
func stopAt(*frame) reflect.Value { leave(); return reflect.Value{} }

func (c *compiler) list(l *parse.ListNode) statement {
	if l == nil {
		return func(*frame) {}
	}
	all := make([]statement, len(l.Nodes))
	for i, n := range l.Nodes {
		all[i] = c.node(n)
	}
	switch len(all) {
	case 0:
		return func(*frame) {}
	case 1:
		return all[0]
	}
	return func(f *frame) {
		for _, s := range all {
			s(f)
		}
	}
}

func (c *compiler) node(n parse.Node) statement {
	switch n := n.(type) {
	case *parse.TextNode:
		text := n.Text
		return func(f *frame) { f.write(text) }
	case *parse.CommentNode:
		return func(*frame) {}
	case *parse.ActionNode:
		return c.action(n)
	case *parse.IfNode:
		return c.branch(&n.BranchNode, false)
	case *parse.WithNode:
		return c.branch(&n.BranchNode, true)
	case *parse.RangeNode:
		return c.loop(n)
	case *parse.TemplateNode:
		return c.include(n)
	}
	return stop
}

func (c *compiler) action(n *parse.ActionNode) statement {
	if len(n.Pipe.Decl) == 0 {
		if text := c.quoting(n.Pipe); text != nil {
			return func(f *frame) { f.writeString(text(f)) }
		}
	}
	value := c.pipeline(n.Pipe)
	if len(n.Pipe.Decl) > 0 {
		return func(f *frame) { value(f) }
	}
	return func(f *frame) { f.print(value(f)) }
}

// quoting compiles a pipeline that ends in a function from a text or number to a text, as nearly all actions do, without
// the way of its result through a reflect.Value. It is nil for another.
func (c *compiler) quoting(p *parse.PipeNode) func(*frame) string {
	last := p.Cmds[len(p.Cmds)-1]
	id, ok := last.Args[0].(*parse.IdentifierNode)
	if !ok {
		return nil
	}
	args := c.arguments(last.Args[1:], c.commands(p.Cmds[:len(p.Cmds)-1]))
	if len(args) != 1 {
		return nil
	}
	return direct(c.funcs[id.Ident], args[0])
}

// print writes a value as text/template does.
func (f *frame) print(v reflect.Value) {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid, reflect.Pointer, reflect.Chan, reflect.Func:
		leave()
	}
	switch v.Type() {
	case stringType:
		f.writeString(v.String())
		return
	case textType:
		f.write(v.Bytes())
		return
	case intType:
		f.out = strconv.AppendInt(f.out, v.Int(), 10)
		return
	}
	if f.record != nil {
		f.record.consume(v)
	}
	if !printsItself(v.Type()) && v.CanAddr() && printsItself(v.Addr().Type()) {
		v = v.Addr()
	}
	f.out = fmt.Append(f.out, v.Interface())
}

// printsItself reports whether fmt asks values of the type for their text.
func printsItself(t reflect.Type) bool { return t.Implements(errorType) || t.Implements(stringerType) }

func (c *compiler) branch(b *parse.BranchNode, with bool) statement {
	var value expression
	var then, other statement
	c.block(func() {
		value = c.pipeline(b.Pipe)
		c.block(func() { then = c.list(b.List) })
		c.block(func() { other = c.list(b.ElseList) })
	})
	return func(f *frame) {
		v := value(f)
		switch {
		case !truth(v):
			other(f)
		case with:
			dot := f.dot
			f.dot = v
			then(f)
			f.dot = dot
		default:
			then(f)
		}
	}
}

// truth is text/template's: not the zero of the type, and for what has a length, not empty.
func truth(v reflect.Value) bool {
	if v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Bool:
		return v.Bool()
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() > 0
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan:
		return !v.IsNil()
	case reflect.Struct:
		return true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int() != 0
	}
	return !v.IsZero()
}

func (c *compiler) loop(n *parse.RangeNode) statement {
	if n.Pipe.IsAssign || len(n.Pipe.Decl) > 2 {
		return stop
	}
	var list expression
	var body, other statement
	index, elem := -1, -1
	c.block(func() {
		list = c.commands(n.Pipe.Cmds)
		for _, v := range n.Pipe.Decl {
			index, elem = elem, c.declare(v.Ident[0])
		}
		c.block(func() { body = c.list(n.List) })
		c.block(func() { other = c.list(n.ElseList) })
	})
	return func(f *frame) {
		v := list(f)
		for _, slot := range []int{index, elem} {
			if slot >= 0 {
				f.vars[slot] = v // what the else branch sees
			}
		}
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
			leave()
		}
		if v.Len() == 0 {
			other(f)
			return
		}
		dot := f.dot
		for i := range v.Len() {
			f.dot = v.Index(i)
			if elem >= 0 {
				f.vars[elem] = f.dot
			}
			if index >= 0 {
				f.vars[index] = reflect.ValueOf(i)
			}
			body(f)
		}
		f.dot = dot
	}
}

func (c *compiler) include(n *parse.TemplateNode) statement {
	name := n.Name
	value := func(*frame) reflect.Value { return reflect.Value{} }
	if n.Pipe != nil {
		value = c.pipeline(n.Pipe)
	}
	return func(f *frame) {
		p := f.set.program(name)
		if p == nil {
			leave()
		}
		f.enter(f.set, p, value(f))
	}
}

// pipeline compiles commands and what declares or sets variables with their value.
func (c *compiler) pipeline(p *parse.PipeNode) expression {
	value := c.commands(p.Cmds)
	if len(p.Decl) == 0 {
		return value
	}
	if len(p.Decl) > 1 {
		return stopAt
	}
	var slot int
	if name := p.Decl[0].Ident[0]; p.IsAssign {
		slot = c.slot(name)
	} else {
		slot = c.declare(name)
	}
	if slot < 0 {
		return stopAt
	}
	return func(f *frame) reflect.Value {
		v := value(f)
		f.vars[slot] = v
		return v
	}
}

// commands compiles what stands between bars; nil for nothing. The value of each is the last argument of the next.
func (c *compiler) commands(list []*parse.CommandNode) expression {
	var value expression
	for _, cmd := range list {
		one := c.command(cmd, value)
		value = func(f *frame) reflect.Value {
			v := one(f)
			if v.Kind() == reflect.Interface && v.NumMethod() == 0 {
				v = v.Elem()
			}
			return v
		}
	}
	return value
}

func (c *compiler) command(cmd *parse.CommandNode, final expression) expression {
	switch first := cmd.Args[0].(type) {
	case *parse.IdentifierNode:
		return c.function(first.Ident, c.arguments(cmd.Args[1:], final))
	case *parse.FieldNode, *parse.ChainNode, *parse.VariableNode:
		return c.value(first, c.arguments(cmd.Args[1:], final))
	}
	if len(cmd.Args) > 1 || final != nil {
		return stopAt
	}
	return c.value(cmd.Args[0], nil)
}

// value compiles what stands for a value. Arguments are for the method at the end of a chain.
func (c *compiler) value(n parse.Node, args []argument) expression {
	switch n := n.(type) {
	case *parse.DotNode:
		return func(f *frame) reflect.Value { return f.dot }
	case *parse.FieldNode:
		return chain(func(f *frame) reflect.Value { return f.dot }, n.Ident, args)
	case *parse.VariableNode:
		slot := c.slot(n.Ident[0])
		if slot < 0 || len(n.Ident) == 1 && len(args) > 0 {
			return stopAt
		}
		return chain(func(f *frame) reflect.Value { return f.vars[slot] }, n.Ident[1:], args)
	case *parse.ChainNode:
		return chain(c.value(n.Node, nil), n.Field, args)
	case *parse.PipeNode:
		return c.pipeline(n)
	case *parse.IdentifierNode:
		return c.function(n.Ident, nil)
	}
	if v := constant(n); v.IsValid() {
		return func(*frame) reflect.Value { return v }
	}
	return stopAt
}

// constant returns the value that a literal has where no type is asked for; none for nil and numbers that are not whole.
func constant(n parse.Node) reflect.Value {
	switch n := n.(type) {
	case *parse.StringNode:
		return reflect.ValueOf(n.Text)
	case *parse.BoolNode:
		return reflect.ValueOf(n.True)
	case *parse.NumberNode:
		if i := int(n.Int64); n.IsInt && int64(i) == n.Int64 && !strings.ContainsAny(n.Text, ".eEpPxX'") {
			return reflect.ValueOf(i)
		}
	}
	return reflect.Value{}
}

// chain compiles the members of a value one behind the other.
func chain(from expression, names []string, args []argument) expression {
	for i, name := range names {
		s, before := &step{name: name}, from
		if i < len(names)-1 || len(args) == 0 {
			from = func(f *frame) reflect.Value { return s.get(f, before(f), nil) }
		} else {
			from = func(f *frame) reflect.Value { return s.get(f, before(f), args) }
		}
	}
	return from
}
