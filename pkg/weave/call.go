package weave

import (
	"fmt"
	"reflect"
	"text/template/parse"
)

// argument is an argument of a function or method: a literal, whose type is what is asked for, or an expression.
type argument struct {
	literal reflect.Value // as in constant
	any     any           // the same
	value   expression
}

func (c *compiler) arguments(nodes []parse.Node, final expression) []argument {
	var out []argument
	for _, n := range nodes {
		arg := argument{value: c.value(n, nil), literal: constant(n)}
		if arg.literal.IsValid() {
			arg.any = arg.literal.Interface()
		}
		out = append(out, arg)
	}
	if final != nil {
		out = append(out, argument{value: final})
	}
	return out
}

// as returns the argument as a value of a type.
func (a argument) as(f *frame, typ reflect.Type) reflect.Value {
	if a.literal.IsValid() {
		if typ.Kind() == a.literal.Kind() && typ != a.literal.Type() {
			return a.literal.Convert(typ)
		}
		if !a.literal.Type().AssignableTo(typ) {
			leave()
		}
		return a.literal
	}
	v := a.value(f)
	if !v.IsValid() {
		leave()
	}
	if v.Type() == typ || v.Type().AssignableTo(typ) {
		return v
	}
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || !v.Type().AssignableTo(typ) {
		leave()
	}
	return v
}

// plain returns the argument as an interface value; a nil one stays nil.
func (a argument) plain(f *frame) any {
	if a.literal.IsValid() {
		return a.any
	}
	v := a.value(f)
	if !v.IsValid() {
		return nil
	}
	return v.Interface()
}

// of returns the argument, which must have just the type.
func (a argument) of(f *frame, typ reflect.Type) reflect.Value {
	v := a.literal
	if !v.IsValid() {
		v = a.value(f)
	}
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || v.Type() != typ {
		leave()
	}
	return v
}

// strings returns the argument as a list of texts.
func (a argument) strings(f *frame) []string {
	return a.as(f, stringsType).Convert(stringsType).Interface().([]string)
}

// direct compiles a call of a function of one of the common forms, with a text as its result; nil for another function.
func direct(fn any, arg argument) func(*frame) string {
	sure := func(s string, err error) string {
		if err != nil {
			leave()
		}
		return s
	}
	switch fn := fn.(type) {
	case func(string) (string, error):
		return func(f *frame) string { return sure(fn(arg.of(f, stringType).String())) }
	case func(string) string:
		return func(f *frame) string { return fn(arg.of(f, stringType).String()) }
	case func(int) (string, error):
		return func(f *frame) string { return sure(fn(int(arg.of(f, intType).Int()))) }
	case func(bool) (string, error):
		return func(f *frame) string { return sure(fn(arg.of(f, boolType).Bool())) }
	case func([]string) (string, error):
		return func(f *frame) string { return sure(fn(arg.strings(f))) }
	}
	return nil
}

// function compiles a call of a function of the set, else of text/template.
func (c *compiler) function(name string, args []argument) expression {
	fn, ok := c.funcs[name]
	if !ok {
		return builtin(name, args)
	}
	if len(args) == 1 {
		if text := direct(fn, args[0]); text != nil {
			return func(f *frame) reflect.Value { return reflect.ValueOf(text(f)) }
		}
	}
	switch fn := fn.(type) {
	case func(...any) map[string]any:
		return func(f *frame) reflect.Value { return reflect.ValueOf(fn(plain(f, args)...)) }
	case func(...any) []any:
		return func(f *frame) reflect.Value { return reflect.ValueOf(fn(plain(f, args)...)) }
	}
	v := reflect.ValueOf(fn)
	return func(f *frame) reflect.Value { return callWith(f, v, args) }
}

func plain(f *frame, args []argument) []any {
	list := make([]any, len(args))
	for i, a := range args {
		if list[i] = a.plain(f); f.record != nil && reflect.ValueOf(list[i]).Kind() == reflect.Struct {
			f.record.consume(a.value(f)) // what is taken is a copy
		}
	}
	return list
}

// consumed is plain for a function that looks into its arguments.
func consumed(f *frame, args []argument) []any {
	list := plain(f, args)
	if f.record != nil {
		for _, v := range list {
			f.record.consume(reflect.ValueOf(v))
		}
	}
	return list
}

// builtin compiles those functions of text/template that templates use, for the values that they use them with.
func builtin(name string, args []argument) expression {
	switch {
	case name == "and" || name == "or":
		if len(args) == 0 {
			return stopAt
		}
		return func(f *frame) reflect.Value {
			var v reflect.Value
			for _, a := range args {
				if v = a.value(f); truth(v) == (name == "or") {
					return v
				}
			}
			return v
		}
	case name == "not" && len(args) == 1:
		return func(f *frame) reflect.Value { return boolean(!truth(args[0].value(f))) }
	case name == "len" && len(args) == 1:
		return func(f *frame) reflect.Value { return length(args[0].value(f)) }
	case name == "index" && len(args) > 1:
		return func(f *frame) reflect.Value { return element(f, args) }
	case name == "printf" && len(args) > 0 && args[0].literal.IsValid() && args[0].literal.Kind() == reflect.String:
		format, args := args[0].literal.String(), args[1:]
		return func(f *frame) reflect.Value { return reflect.ValueOf(fmt.Sprintf(format, consumed(f, args)...)) }
	case name == "print":
		return func(f *frame) reflect.Value { return reflect.ValueOf(fmt.Sprint(consumed(f, args)...)) }
	case name == "eq" && len(args) > 1:
		return func(f *frame) reflect.Value {
			first := args[0].value(f)
			for _, a := range args[1:] {
				if f.equal(first, a.value(f)) {
					return yes
				}
			}
			return no
		}
	case len(args) != 2:
	case name == "ne":
		return func(f *frame) reflect.Value { return boolean(!f.equal(args[0].value(f), args[1].value(f))) }
	case name == "lt":
		return func(f *frame) reflect.Value { return boolean(number(args[0], f) < number(args[1], f)) }
	case name == "le":
		return func(f *frame) reflect.Value { return boolean(number(args[0], f) <= number(args[1], f)) }
	case name == "gt":
		return func(f *frame) reflect.Value { return boolean(number(args[0], f) > number(args[1], f)) }
	case name == "ge":
		return func(f *frame) reflect.Value { return boolean(number(args[0], f) >= number(args[1], f)) }
	}
	return stopAt
}

var yes, no = reflect.ValueOf(true), reflect.ValueOf(false)

func boolean(b bool) reflect.Value {
	if b {
		return yes
	}
	return no
}

func length(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return reflect.ValueOf(v.Len())
	}
	leave()
	return reflect.Value{}
}

// element takes elements of lists; maps and texts are left.
func element(f *frame, args []argument) reflect.Value {
	v := args[0].value(f)
	for _, a := range args[1:] {
		for v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		i := number(a, f)
		if v.Kind() != reflect.Slice || i < 0 || i >= int64(v.Len()) {
			leave()
		}
		v = v.Index(int(i))
	}
	return v
}

// number returns a whole number.
func number(a argument, f *frame) int64 {
	v := a.value(f)
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.CanInt() {
		leave()
	}
	return v.Int()
}

// equal compares two texts, two whole numbers, two truth values, or two pointers of one type.
func (f *frame) equal(a, b reflect.Value) bool {
	for a.Kind() == reflect.Interface {
		a = a.Elem()
	}
	for b.Kind() == reflect.Interface {
		b = b.Elem()
	}
	switch {
	case a.CanInt() && b.CanInt():
		return a.Int() == b.Int()
	case a.Kind() != b.Kind():
	case a.Kind() == reflect.String:
		return a.String() == b.String()
	case a.Kind() == reflect.Bool:
		return a.Bool() == b.Bool()
	case a.Kind() == reflect.Pointer && a.Type() == b.Type():
		same := a.Pointer() == b.Pointer()
		if f.record != nil && !same {
			f.record.differ(a, b)
		}
		return same
	}
	leave()
	return false
}
