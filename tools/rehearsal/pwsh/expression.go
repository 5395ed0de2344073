package pwsh

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// variable is a variable's name in lower case, without its sign.
func variable(n nodeRef) string { return strings.ToLower(strings.Trim(n.Text(), "$@{} \r\n\t")) }

// value evaluates a node to one value: an expression to what it is, a pipeline with a command or a statement to what came
// out of it.
func (in *Interp) value(n nodeRef, s *scope) any {
	switch n.Kind {
	case "pipeline":
		if a := n.Child("assignment_expression"); a != nil {
			return in.assign(a, s)
		}
		return in.value(n.Child("pipeline_chain"), s)
	case "pipeline_chain":
		if len(n.Children) == 1 && n.Children[0].Kind != "command" {
			return in.value(n.Children[0], s)
		}
		return in.collect(n, s)
	case "assignment_value", "unary_expression", "left_assignment_expression", "argument_expression", "string_literal", "integer_literal",
		"key_expression", "switch_condition", "switch_clause_condition", "while_condition", "for_condition", "script_parameter_default":
		for _, c := range n.Children {
			if c.Kind != "comment" && c.Named {
				if list := trailing(n); list != nil && c.Kind == "member_access" {
					return in.invokeWith(c, list, s)
				}
				return in.value(c, s)
			}
		}
		in.unsupported(n, "an empty %s", n.Kind)
	case "assignment_expression":
		return in.assign(n, s)
	case "if_statement", "try_statement", "foreach_statement", "for_statement", "while_statement", "switch_statement", "do_statement":
		return in.collect(n, s)
	case "parenthesized_expression":
		return in.value(n.Children[1], s)
	case "array_expression":
		list := n.Child("statement_list")
		if list == nil {
			return NewArray()
		}
		return NewArray(in.output(list, s)...)
	case "sub_expression":
		list := n.Child("statement_list")
		if list == nil {
			return nothing{}
		}
		return gathered(in.output(list, s))
	case "array_literal_expression", "bareword_argument_list":
		a := NewArray()
		for _, c := range n.Children {
			if c.Named && c.Kind != "comment" {
				a.Items = append(a.Items, plain(in.value(c, s)))
			}
		}
		return a
	case "hash_literal_expression":
		return in.hash(n, s, false)
	case "variable":
		return in.variable(n, s)
	case "verbatim_string_characters", "verbatim_here_string_characters", "expandable_string_literal", "expandable_here_string_literal":
		v := psverify.ValueOf(n)
		if v.Kind != psverify.Literal {
			in.unsupported(n, "a string with variables")
		}
		return v.Literal
	case "decimal_integer_literal", "hexadecimal_integer_literal", "real_literal":
		text, unit := strings.ToUpper(n.Text()), 1.0
		for suffix, times := range map[string]float64{"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30} {
			if bare, ok := strings.CutSuffix(text, suffix); ok {
				text, unit = bare, times
			}
		}
		f, ok := number(text)
		f *= unit
		if !ok {
			in.unsupported(n, "the number %s", n.Text())
		}
		if n.Kind == "real_literal" {
			return f
		}
		return whole(f)
	case "generic_token", "simple_name":
		return strings.TrimSpace(n.Text())
	case "type_literal":
		text := strings.TrimSpace(n.Text())
		return Type(strings.TrimSpace(text[1 : len(text)-1]))
	case "script_block_expression":
		return &Block{node: n, scope: s}
	case "member_access":
		return in.member(n, s)
	case "element_access":
		return in.element(n, s)
	case "invocation_expression":
		return in.invoke(n, s)
	case "expression_with_unary_operator":
		return in.unary(n, s)
	case "post_increment_expression", "post_decrement_expression":
		target := n.Children[0]
		old, ok := number(in.value(target, s))
		if !ok {
			in.unsupported(n, "counting something that is no number")
		}
		step := 1.0
		if n.Kind == "post_decrement_expression" {
			step = -1
		}
		in.put(target, s, whole(old+step))
		return whole(old)
	case "logical_expression":
		left := Truth(in.value(n.Children[0], s))
		switch strings.ToLower(n.Children[1].Text()) {
		case "-and":
			return left && Truth(in.value(n.Children[2], s))
		case "-or":
			return left || Truth(in.value(n.Children[2], s))
		case "-xor":
			return left != Truth(in.value(n.Children[2], s))
		}
	case "comparison_expression":
		return in.comparison(n, s)
	case "format_expression":
		return in.format(n, in.value(n.Children[0], s), in.value(n.Children[2], s))
	case "additive_expression", "additive_argument_expression", "multiplicative_expression", "multiplicative_argument_expression":
		return in.arithmetic(n, n.Children[1].Text(), in.value(n.Children[0], s), in.value(n.Children[2], s))
	case "bitwise_expression":
		l, r := in.value(n.Children[0], s), in.value(n.Children[2], s)
		if v, ok := in.flags(strings.ToLower(n.Children[1].Text()), l, r); ok {
			return v
		}
		in.unsupported(n, "%s of %s and %s", n.Children[1].Text(), TypeName(l), TypeName(r))
	case "range_expression":
		from, a := number(in.value(n.Children[0], s))
		to, b := number(in.value(n.Children[2], s))
		if !a || !b {
			in.unsupported(n, "a range of something that is no number")
		}
		out := NewArray()
		for i := int64(from); i <= int64(to); i++ {
			out.Items = append(out.Items, i)
		}
		for i := int64(from); from > to && i >= int64(to); i-- {
			out.Items = append(out.Items, i)
		}
		return out
	}
	in.unsupported(n, "the expression %s", n.Kind)
	return nil
}

// output is everything that statements give.
func (in *Interp) output(n nodeRef, s *scope) []any {
	var out []any
	in.statement(n, s, func(v any) { out = append(out, v) })
	return out
}

// collect runs a chain or a statement and gathers what it gives.
func (in *Interp) collect(n nodeRef, s *scope) any {
	var out []any
	take := func(v any) { out = append(out, v) }
	if n.Kind == "pipeline_chain" {
		in.chain(n, s, take)
	} else {
		in.statement(n, s, take)
	}
	return gathered(out)
}

func (in *Interp) hash(n nodeRef, s *scope, ordered bool) *Hash {
	h := NewHash(ordered)
	body := n.Child("hash_literal_body")
	if body == nil {
		return h
	}
	for _, e := range body.Children {
		if e.Kind != "hash_entry" {
			continue
		}
		var key string
		var value any
		for _, c := range e.Children {
			switch {
			case c.Kind == "key_expression":
				key = Text(in.value(c, s))
			case c.Named && c.Kind != "comment":
				value = plain(in.value(c, s))
			}
		}
		h.Set(key, value)
	}
	return h
}

func (in *Interp) variable(n nodeRef, s *scope) any {
	name := variable(n)
	switch name {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	case "psitem":
		name = "_"
	case "pscmdlet":
		return cmdlet{in, s}
	case "myinvocation":
		return NewObject("InvocationName", in.Script)
	case "pscommandpath":
		return in.Script
	case "psscriptroot":
		return parentPath(in.Script)
	case "pid":
		return int64(4711)
	case "executioncontext":
		return NewObject("SessionState", NewObject("LanguageMode", "FullLanguage"))
	case "psversiontable":
		return NewObject("PSVersion", "5.1.17763.1")
	}
	if drive, rest, ok := strings.Cut(name, ":"); ok {
		switch drive {
		case "script", "global":
			if v, ok := in.global.vars[rest]; ok {
				return v
			}
		case "env":
			v, ok := in.Host.Env(rest)
			if !ok {
				return nil
			}
			return v
		default:
			in.unsupported(n, "the drive %s:", drive)
		}
	} else if v, ok := s.find(name); ok {
		return v
	}
	in.throw(n, "System.Management.Automation.RuntimeException", "VariableIsUndefined", "The variable '$%s' cannot be retrieved because it has not been set.", name)
	return nil
}

// assign runs an assignment and gives the value.
func (in *Interp) assign(n nodeRef, s *scope) any {
	target, op := n.Child("left_assignment_expression"), n.Child("assignment_operator").Text()
	v := in.value(n.Children[len(n.Children)-1], s)
	if op != "=" {
		old := in.value(target, s)
		v = in.arithmetic(n, strings.TrimSuffix(op, "="), old, v)
	}
	one := target.Unwrap()
	if one.Kind == "array_literal_expression" {
		var names []nodeRef
		for _, c := range one.Children {
			if c.Named {
				names = append(names, c)
			}
		}
		items := elements(v)
		for i, c := range names {
			var part any
			switch {
			case i == len(names)-1 && len(items) > i+1:
				part = NewArray(items[i:]...)
			case i < len(items):
				part = items[i]
			}
			in.put(c.Unwrap(), s, part)
		}
		return v
	}
	in.put(one, s, v)
	return v
}

// put stores a value in a variable, a member or an element.
func (in *Interp) put(n nodeRef, s *scope, v any) {
	n = n.Unwrap()
	switch n.Kind {
	case "variable":
		name := variable(n)
		drive, rest, ok := strings.Cut(name, ":")
		switch {
		case !ok:
			s.vars[name] = v
		case drive == "script" || drive == "global":
			in.global.vars[rest] = v
		case drive == "env":
			in.Host.Static("Environment", "SetEnvironmentVariable", []any{rest, Text(v), "Process"}, true)
		default:
			in.unsupported(n, "the drive %s:", drive)
		}
	case "expression_with_unary_operator":
		cast := n.Child("cast_expression")
		if cast == nil {
			in.unsupported(n, "an assignment to %s", n.Text())
		}
		typ := string(in.value(cast.Children[0], s).(Type))
		converted, ok := in.convert(plain(v), typ)
		if !ok {
			in.castFault(n, v, typ)
		}
		in.put(cast.Children[len(cast.Children)-1], s, converted)
	case "member_access":
		name := in.memberName(n, s)
		v = plain(v)
		switch o := in.value(n.Children[0], s).(type) {
		case *Hash:
			o.Set(name, v)
		case *Object:
			if _, ok := o.Get(name); !ok {
				in.throw(n, "System.Management.Automation.SetValueInvocationException", "PropertyNotFound", "The property '%s' cannot be found on this object. Verify that the property exists and can be set.", name)
			}
			o.Set(name, v)
		case Type:
			in.Host.Step(string(o) + "::" + name)
			if _, ok := in.Host.Static(string(o), name, []any{v}, false); !ok {
				in.unsupported(n, "[%s]::%s", o, name)
			}
		case Members:
			in.Host.Step(o.TypeName() + "." + name)
			if !o.Set(name, v) {
				in.unsupported(n, "setting %s of %s", name, o.TypeName())
			}
		default:
			in.throw(n, "System.Management.Automation.RuntimeException", "PropertyNotFound", "The property '%s' cannot be found on this object. Verify that the property exists and can be set.", name)
		}
	case "element_access":
		v = plain(v)
		index := in.value(n.Children[2], s)
		switch o := in.value(n.Children[0], s).(type) {
		case *Hash:
			o.Set(Text(index), v)
		case *Array:
			f, _ := number(index)
			i := int(f)
			if i < 0 {
				i += len(o.Items)
			}
			if i < 0 || i >= len(o.Items) {
				in.throw(n, "System.IndexOutOfRangeException", "System.IndexOutOfRangeException", "Index was outside the bounds of the array.")
			}
			o.Items[i] = v
		case interface{ SetElement(key, value any) bool }:
			if !o.SetElement(index, v) {
				in.unsupported(n, "setting an element")
			}
		default:
			in.unsupported(n, "setting an element of %s", TypeName(o))
		}
	default:
		in.unsupported(n, "an assignment to %s", n.Kind)
	}
}

func (in *Interp) unary(n nodeRef, s *scope) any {
	if cast := n.Child("cast_expression"); cast != nil && len(n.Children) == 1 {
		typ := string(in.value(cast.Children[0], s).(Type))
		inner := cast.Children[len(cast.Children)-1]
		if strings.EqualFold(typ, "ordered") {
			return in.hash(inner.Unwrap(), s, true)
		}
		if strings.EqualFold(typ, "ref") && inner.Unwrap().Kind == "variable" {
			return &Ref{Set: func(v any) { in.put(inner.Unwrap(), s, v) }}
		}
		v := in.value(inner, s)
		if strings.EqualFold(typ, "void") {
			return nothing{}
		}
		converted, ok := in.convert(plain(v), typ)
		if !ok {
			in.castFault(n, v, typ)
		}
		return converted
	}
	op, operand := strings.ToLower(n.Children[0].Text()), n.Children[len(n.Children)-1]
	switch op {
	case "-not", "!":
		return !Truth(in.value(operand, s))
	case "-":
		f, ok := number(in.value(operand, s))
		if ok {
			return whole(-f)
		}
	case ",":
		return NewArray(plain(in.value(operand, s)))
	}
	in.unsupported(n, "the operator %s", op)
	return nil
}

func (in *Interp) castFault(n nodeRef, v any, typ string) {
	in.throw(n, "System.Management.Automation.PSInvalidCastException", "ConvertToFinalInvalidCastException", "Cannot convert value %q to type %q.", Text(v), typ)
}

// convert turns a value into a type; false means that it cannot be read that way.
func (in *Interp) convert(v any, typ string) (any, bool) {
	if list, ok := strings.CutSuffix(strings.TrimSpace(typ), "[]"); ok {
		if v == nil {
			return nil, true
		}
		a := &Array{Of: typeKey(list)}
		if a.Of == "object" {
			a.Of = ""
		}
		for _, e := range elements(v) {
			c, ok := in.convert(e, list)
			if !ok {
				return nil, false
			}
			a.Items = append(a.Items, c)
		}
		return a, true
	}
	switch typeKey(typ) {
	case "object":
		return v, true
	case "string":
		return Text(v), true
	case "int", "byte", "uint32", "int16", "uint16":
		if t, ok := v.(enumerable); ok {
			return t.Number(), true
		}
		f, ok := number(v)
		return int64(math.RoundToEven(f)), ok
	case "double", "decimal":
		f, ok := number(v)
		return f, ok
	case "bool", "switch", "management.automation.switchparameter":
		return Truth(v), true
	case "version":
		if n, ok := v.(Version); ok {
			return n, true
		}
		return readVersion(Text(v))
	case "char":
		if code, number := v.(int64); number {
			return string(rune(code)), code >= 0 && code <= 0xFFFF
		}
		t := Text(v)
		return t, len([]rune(t)) == 1
	case "datetime":
		if t, ok := v.(time.Time); ok {
			return t, true
		}
		if s, ok := v.(string); ok { // as our records write it; a text without a zone would be local time
			t, err := time.Parse(time.RFC3339Nano, s)
			return t, err == nil
		}
	case "hashtable", "collections.hashtable", "collections.idictionary":
		h, ok := v.(*Hash)
		return h, ok || v == nil
	case "psobject":
		return v, true
	}
	if v == nil {
		return nil, true
	}
	if sameType(TypeName(v), typ) {
		return v, true
	}
	return in.Host.Cast(typ, v)
}

// enumerable is an enumeration's value, which is a text and a number.
type enumerable interface{ Number() int64 }

func (in *Interp) flags(op string, l, r any) (any, bool) {
	read := func(v any) (int64, bool) {
		if e, ok := v.(enumerable); ok {
			return e.Number(), true
		}
		f, ok := number(plain(v))
		return int64(f), ok
	}
	x, a := read(l)
	y, b := read(r)
	if !a || !b {
		return nil, false
	}
	switch op {
	case "-band":
		return x & y, true
	case "-bor":
		return x | y, true
	case "-bxor":
		return x ^ y, true
	}
	return nil, false
}

func (in *Interp) arithmetic(n nodeRef, op string, l, r any) any {
	l, r = plain(l), plain(r)
	switch left := l.(type) {
	case *Array:
		if op == "+" {
			out := NewArray(append([]any(nil), left.Items...)...)
			if list, ok := r.(*Array); ok {
				out.Items = append(out.Items, list.Items...)
			} else {
				out.Items = append(out.Items, r)
			}
			return out
		}
	case string:
		if op == "+" {
			return left + Text(r)
		}
		if op == "*" {
			if f, ok := number(r); ok {
				return strings.Repeat(left, int(f))
			}
		}
	case nil:
		if op == "+" {
			return r
		}
	case time.Time:
		switch right := r.(type) {
		case time.Time:
			if op == "-" {
				return Span(left.Sub(right))
			}
		case Span:
			if op == "-" {
				return left.Add(-time.Duration(right))
			}
			return left.Add(time.Duration(right))
		}
	case *Hash:
		if right, ok := r.(*Hash); ok && op == "+" {
			out := NewHash(left.Ordered)
			for _, h := range []*Hash{left, right} {
				for _, k := range h.keys {
					v, _ := h.Get(k)
					out.Set(k, v)
				}
			}
			return out
		}
	}
	x, a := number(l)
	y, b := number(r)
	if !a || !b {
		in.throw(n, "System.Management.Automation.RuntimeException", "InvalidOperation", "Cannot calculate %s %s %s.", TypeName(l), op, TypeName(r))
	}
	switch op {
	case "+":
		return whole(x + y)
	case "-":
		return whole(x - y)
	case "*":
		return whole(x * y)
	case "/":
		if y == 0 {
			in.throw(n, "System.Management.Automation.RuntimeException", "DivideByZeroException", "Attempted to divide by zero.")
		}
		return whole(x / y)
	case "%":
		return whole(math.Mod(x, y))
	}
	in.unsupported(n, "the operator %s", op)
	return nil
}

func (in *Interp) comparison(n nodeRef, s *scope) any {
	op := strings.ToLower(n.Children[1].Text())
	l, r := in.value(n.Children[0], s), in.value(n.Children[2], s)
	fold := true
	base := strings.TrimPrefix(op, "-")
	if rest, ok := strings.CutPrefix(base, "c"); ok && base != "contains" {
		base, fold = rest, false
	}
	order := func(test func(int) bool) any {
		c, err := compare(plain(l), plain(r), fold)
		if plain(l) == nil {
			c, err = compare(int64(0), r, fold)
		}
		if err != nil {
			in.throw(n, "System.Management.Automation.RuntimeException", "ComparisonFailure", "%s", err.Error())
		}
		return test(c)
	}
	switch base {
	case "eq", "ne":
		want := base == "eq"
		if list, ok := l.(*Array); ok {
			out := NewArray()
			for _, e := range list.Items {
				if same(e, r, fold) == want {
					out.Items = append(out.Items, e)
				}
			}
			return out
		}
		return same(l, r, fold) == want
	case "gt":
		return order(func(c int) bool { return c > 0 })
	case "ge":
		return order(func(c int) bool { return c >= 0 })
	case "lt":
		return order(func(c int) bool { return c < 0 })
	case "le":
		return order(func(c int) bool { return c <= 0 })
	case "contains", "notcontains":
		found := false
		for _, e := range elements(l) {
			found = found || same(e, r, fold)
		}
		return found == (base == "contains")
	case "join":
		var parts []string
		for _, e := range elements(l) {
			parts = append(parts, Text(e))
		}
		return strings.Join(parts, Text(r))
	case "split":
		var parts []string
		for _, e := range elements(l) {
			parts = append(parts, in.pattern(n, "(?i)"+Text(r)).Split(Text(e), -1)...)
		}
		return Strings(parts)
	case "match", "notmatch":
		if fold {
			in.unsupported(n, "%s: patterns mind case in our scripts", op)
		}
		found := in.pattern(n, Text(r)).FindStringSubmatch(Text(l))
		if found != nil && base == "match" {
			h := NewHash(false)
			for i, g := range found {
				h.Set(strconv.Itoa(i), g)
			}
			s.vars["matches"] = h
		}
		return (found != nil) == (base == "match")
	case "is", "isnot":
		t, ok := r.(Type)
		if !ok {
			in.unsupported(n, "-is with something that is no type")
		}
		return isType(plain(l), string(t)) == (base == "is")
	case "as":
		t, ok := r.(Type)
		if !ok {
			in.unsupported(n, "-as with something that is no type")
		}
		if isType(plain(l), string(t)) {
			return plain(l)
		}
		if _, object := l.(*Exception); object || plain(l) == nil {
			return nil
		}
		v, ok := in.convert(plain(l), string(t))
		if !ok {
			return nil
		}
		return v
	}
	in.unsupported(n, "the operator %s", op)
	return nil
}

// isType tells whether a value is of a type; exceptions know their parents.
func isType(v any, t string) bool {
	if v == nil {
		return false
	}
	if sameType(TypeName(v), t) {
		return true
	}
	switch v := v.(type) {
	case *Array:
		return typeKey(t) == "array" || typeKey(t) == "object[]"
	case *Hash:
		return typeKey(t) == "collections.idictionary"
	case interface{ Is(string) bool }:
		return v.Is(t)
	}
	return false
}

// pattern compiles a pattern of .NET; what Go's engine does not have is not known.
func (in *Interp) pattern(n nodeRef, text string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		in.unsupported(n, "the pattern %s", text)
	}
	return re
}

// format is the operator -f.
func (in *Interp) format(n nodeRef, template, values any) any {
	text := Text(template)
	args := elements(values)
	if plain(values) == nil {
		args = []any{nil}
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '{' && i+1 < len(text) && text[i+1] == '{', c == '}' && i+1 < len(text) && text[i+1] == '}':
			b.WriteByte(c)
			i += 2
		case c == '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				in.throw(n, "System.Management.Automation.RuntimeException", "FormatError", "Error formatting a string: Input string was not in a correct format..")
			}
			spec := text[i+1 : i+end]
			i += end + 1
			spec, form, _ := strings.Cut(spec, ":")
			index, err := strconv.Atoi(strings.TrimSpace(spec))
			if err != nil {
				in.unsupported(n, "the placeholder {%s}", spec)
			}
			if index >= len(args) {
				in.throw(n, "System.Management.Automation.RuntimeException", "FormatError", "Error formatting a string: Index (zero based) must be greater than or equal to zero and less than the size of the argument list..")
			}
			b.WriteString(in.formatted(n, args[index], form))
		case c == '}':
			in.throw(n, "System.Management.Automation.RuntimeException", "FormatError", "Error formatting a string: Input string was not in a correct format..")
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

func (in *Interp) formatted(n nodeRef, v any, form string) string {
	if form == "" {
		if _, list := v.(*Array); list {
			return TypeName(v) // String.Format does not join
		}
		return Text(v)
	}
	if t, ok := v.(time.Time); ok {
		return in.dateText(n, t, form)
	}
	f, ok := number(v)
	if ok && strings.Trim(form, "0") == "" {
		return pad(strconv.FormatInt(int64(f), 10), len(form))
	}
	width, err := strconv.Atoi(form[1:])
	if form[1:] == "" {
		width, err = 0, nil
	}
	if !ok || err != nil {
		in.unsupported(n, "the format %s of %s", form, TypeName(v))
	}
	switch form[0] {
	case 'D', 'd':
		return pad(strconv.FormatInt(int64(f), 10), width)
	case 'X':
		return pad(strings.ToUpper(strconv.FormatInt(int64(f), 16)), width)
	case 'x':
		return pad(strconv.FormatInt(int64(f), 16), width)
	case 'N', 'F':
		if form[1:] == "" {
			width = 2
		}
		return strconv.FormatFloat(f, 'f', width, 64)
	}
	in.unsupported(n, "the format %s", form)
	return ""
}

func pad(s string, width int) string {
	if len(s) < width {
		return strings.Repeat("0", width-len(s)) + s
	}
	return s
}

// parentPath is the folder of a Windows path.
func parentPath(p string) string {
	if i := strings.LastIndexByte(p, '\\'); i >= 0 {
		return p[:i]
	}
	return ""
}
