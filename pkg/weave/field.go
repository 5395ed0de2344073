package weave

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
)

// access is how a type answers to a name: by a method, a field or, a map with keys of strings, an entry.
type access struct {
	typ    reflect.Type
	method int          // -1 for none
	inputs int          // of the method, 1000 when their number varies
	input  reflect.Type // the first
	index  []int
	entry  bool
}

type member struct {
	typ  reflect.Type
	name string
}

// members holds an *access for each member that a template asked for.
var members sync.Map

// accessOf finds a member as text/template does: methods before fields. It is nil when there is none.
func accessOf(typ reflect.Type, name string) *access {
	if a, ok := members.Load(member{typ, name}); ok {
		return a.(*access)
	}
	a, _ := members.LoadOrStore(member{typ, name}, newAccess(typ, name))
	return a.(*access)
}

func newAccess(typ reflect.Type, name string) *access {
	if m, ok := typ.MethodByName(name); ok {
		out := m.Type.NumOut()
		if out == 1 || out == 2 && m.Type.Out(1) == errorType {
			a := &access{typ: typ, method: m.Index, inputs: m.Type.NumIn() - 1}
			switch {
			case m.Type.IsVariadic():
				a.inputs = 1000
			case a.inputs > 0:
				a.input = m.Type.In(1)
			}
			return a
		}
		return nil
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch typ.Kind() {
	case reflect.Struct:
		if f, ok := typ.FieldByName(name); ok && f.IsExported() {
			return &access{typ: typ, method: -1, index: f.Index}
		}
	case reflect.Map:
		if typ.Key() == stringType {
			return &access{typ: typ, method: -1, entry: true}
		}
	}
	return nil
}

// step is one name of a chain such as .Farm.Pool.Down. It remembers the type that it met last.
type step struct {
	name string
	last atomic.Pointer[seen]
}

type seen struct {
	typ reflect.Type
	*access
}

var (
	errorType    = reflect.TypeFor[error]()
	stringerType = reflect.TypeFor[fmt.Stringer]()
	stringType   = reflect.TypeFor[string]()
	stringsType  = reflect.TypeFor[[]string]()
	intType      = reflect.TypeFor[int]()
	boolType     = reflect.TypeFor[bool]()
	textType     = reflect.TypeFor[Text]()
	dictType     = reflect.TypeFor[map[string]any]()
)

// get returns the member of v. Arguments are for a method.
func (s *step) get(f *frame, v reflect.Value, args []argument) reflect.Value {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		leave()
	case reflect.Pointer:
		if v.Type().Elem().Kind() != reflect.Struct {
			leave()
		}
	default:
		if v.CanAddr() {
			v = v.Addr()
		}
	}
	typ := v.Type()
	last := s.last.Load()
	if last == nil || last.typ != typ {
		last = &seen{typ, accessOf(typ, s.name)}
		s.last.Store(last)
	}
	a := last.access
	if a == nil || len(args) > 0 && a.method < 0 {
		leave()
	}
	if a.method >= 0 {
		return a.call(f, v, args)
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem() // what follows panics on a nil
	}
	if a.entry {
		if v.Type() == dictType {
			entry, ok := v.Interface().(map[string]any)[s.name]
			if !ok {
				leave()
			}
			return reflect.ValueOf(entry)
		}
		entry := v.MapIndex(reflect.ValueOf(s.name))
		if !entry.IsValid() {
			leave()
		}
		return entry
	}
	if len(a.index) == 1 {
		return v.Field(a.index[0])
	}
	return v.FieldByIndex(a.index) // panics on a nil on the way
}

// call calls the method of v. What a method returns for a pointer, and for at most one argument that is a pointer or a plain
// value, is kept for the time of the run.
func (a *access) call(f *frame, v reflect.Value, args []argument) reflect.Value {
	if len(args) != a.inputs || a.inputs > 1 || v.Kind() != reflect.Pointer {
		return callWith(f, v.Method(a.method), args)
	}
	key := call{receiver: v.Interface(), method: a}
	var in []reflect.Value
	if a.inputs == 1 {
		arg := args[0].as(f, a.input)
		switch arg.Kind() {
		case reflect.Pointer, reflect.String, reflect.Int, reflect.Bool:
		default:
			return results(v.Method(a.method).Call([]reflect.Value{arg}))
		}
		key.argument, in = arg.Interface(), []reflect.Value{arg}
	}
	if known, ok := f.memo[key]; ok {
		return known
	}
	result := results(v.Method(a.method).Call(in))
	if f.memo == nil {
		f.memo = map[call]reflect.Value{}
	}
	f.memo[key] = result
	return result
}

// results takes the value of a call, and leaves when there is an error.
func results(out []reflect.Value) reflect.Value {
	if len(out) == 2 && !out[1].IsNil() {
		leave()
	}
	return out[0]
}

// callWith calls a function with arguments of the types that it takes.
func callWith(f *frame, fn reflect.Value, args []argument) reflect.Value {
	typ := fn.Type()
	fixed := typ.NumIn()
	if typ.IsVariadic() {
		fixed--
	}
	if len(args) < fixed || len(args) > fixed && !typ.IsVariadic() {
		leave()
	}
	in := make([]reflect.Value, len(args))
	for i, arg := range args {
		t := typ.In(min(i, typ.NumIn()-1))
		if i >= fixed {
			t = t.Elem()
		}
		in[i] = arg.as(f, t)
	}
	return results(fn.Call(in))
}
