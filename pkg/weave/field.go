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
	method int // -1 for none
	inputs int // of the method; a variadic one has at least one
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
			return &access{typ: typ, method: m.Index, inputs: m.Type.NumIn() - 1}
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
	var in []reflect.Value
	if a.method >= 0 && (len(args) > 0 || a.inputs != 0) {
		in = inputs(f, v.Method(a.method).Type(), args)
	}
	result := a.read(f.Run, v, s.name, in)
	if f.record != nil && v.Kind() == reflect.Pointer {
		f.record.read(a, v, s.name, in, result)
	}
	return result
}

// read returns the member of a value that the access is for. Inputs are for a method.
func (a *access) read(r *Run, v reflect.Value, name string, in []reflect.Value) reflect.Value {
	if a.method >= 0 {
		return a.call(r, v, in)
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem() // what follows panics on a nil
	}
	if a.entry {
		if v.Type() == dictType {
			entry, ok := v.Interface().(map[string]any)[name]
			if !ok {
				leave()
			}
			return reflect.ValueOf(entry)
		}
		entry := v.MapIndex(reflect.ValueOf(name))
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
func (a *access) call(r *Run, v reflect.Value, in []reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer || len(in) > 1 {
		return results(v.Method(a.method).Call(in))
	}
	key := call{receiver: v.Interface(), method: a}
	if len(in) == 1 {
		switch in[0].Kind() {
		case reflect.Pointer, reflect.String, reflect.Int, reflect.Bool:
			key.argument = in[0].Interface()
		default:
			return results(v.Method(a.method).Call(in))
		}
	}
	if known, ok := r.memo[key]; ok {
		return known
	}
	result := results(v.Method(a.method).Call(in))
	if r.Memory != nil && result.Kind() == reflect.Struct && !closed(result.Type()) {
		object := reflect.New(result.Type()).Elem() // objects are known by their address
		object.Set(result)
		result = object
	}
	if r.memo == nil {
		r.memo = map[call]reflect.Value{}
	}
	r.memo[key] = result
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
	in := inputs(f, fn.Type(), args)
	if f.record != nil {
		f.record.consume(in...)
	}
	return results(fn.Call(in))
}

func inputs(f *frame, typ reflect.Type, args []argument) []reflect.Value {
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
	return in
}
