package decode

import (
	"fmt"
	"reflect"
	"strconv"
)

// Walk calls f for every leaf of v, a struct or a pointer to one, in the order of the declarations: strings, numbers and
// booleans, each element of a list by itself, and the name of a named element that has no leaf of its own. Leaves that
// nobody set (zero, and without an origin) are left out. o may be nil.
func Walk(v any, o *Origins, f func(path, value string, origin Origin)) {
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return
		}
		r = r.Elem()
	}
	if r.Kind() != reflect.Struct {
		panic(fmt.Sprintf("decode: Walk needs a struct, not %T", v))
	}
	w := walker{o, f}
	w.object(r, "")
}

type walker struct {
	origins *Origins
	visit   func(path, value string, origin Origin)
}

// object visits the leaves of v and returns how many there were.
func (w walker) object(v reflect.Value, path string) int {
	p := planOf(v.Type())
	n := 0
	for i := range p.fields {
		f := &p.fields[i]
		n += w.field(f, v.Field(f.index), Child(path, f.key))
	}
	return n
}

func (w walker) field(f *field, v reflect.Value, path string) int {
	switch f.kind {
	case kindStruct:
		return w.object(v, path)
	case kindStructPtr:
		if v.IsNil() {
			return 0
		}
		return w.object(v.Elem(), path)
	case kindBoolPtr:
		if v.IsNil() {
			return 0
		}
		return w.leaf(v.Elem(), path, path, true)
	case kindStrings, kindInts:
		for i := range v.Len() {
			w.leaf(v.Index(i), Item(path, i), path, true)
		}
		return v.Len()
	case kindStructs:
		n := 0
		for i := range v.Len() {
			n += w.object(v.Index(i), Item(path, i))
		}
		return n
	case kindNamed:
		name := planOf(f.elem).name.index
		for i := range v.Len() {
			at := Child(path, v.Index(i).Field(name).String())
			if w.object(v.Index(i), at) == 0 {
				w.leaf(v.Index(i).Field(name), at, path, true)
			}
		}
		return v.Len()
	}
	return w.leaf(v, path, path, false)
}

// leaf visits one leaf, with the origin of the list it is part of when it has none of its own.
func (w walker) leaf(v reflect.Value, path, list string, always bool) int {
	origin, ok := w.origins.Lookup(path)
	if !ok {
		origin, ok = w.origins.Lookup(list)
	}
	if !ok && !always && v.IsZero() {
		return 0
	}
	w.visit(path, textOf(v), origin)
	return 1
}

func textOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	return v.String()
}

// The types of a [Field].
const (
	TypeString  = "string"
	TypeInt     = "int"
	TypeBool    = "bool"
	TypeObject  = "object"
	TypeStrings = "list of string"
	TypeInts    = "list of int"
	TypeObjects = "list of object"
	// TypeNamed is a mapping of names to objects.
	TypeNamed = "named objects"
	// TypeName is the name of an element of named objects, the key of the mapping.
	TypeName = "name"
)

// Field describes one key for documents and the JSON Schema.
type Field struct {
	// Path is the path with "[]" for the elements of a list and "<name>" for those of a mapping of names.
	Path string
	// Key is the YAML key, "<name>" for a name.
	Key     string
	Type    string
	Doc     string
	Enum    []string
	Default string
	// Why is the reason of the default; it is "" when there is none.
	Why      string
	Required bool
	// Shape holds the names of the shapes of which a value must have one.
	Shape   []string
	Example string
	// Short is the key that a value in place of the object, or of each element of a list of objects, is taken for.
	Short string
}

// Fields returns the field table of v, a struct or a pointer to one: every key in the order of the declarations, each
// followed by the keys below it. A type that contains itself is described once and not followed again.
func Fields(v any) []Field {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return fieldsOf(nil, t, "", nil)
}

func fieldsOf(out []Field, t reflect.Type, path string, above []reflect.Type) []Field {
	for _, a := range above {
		if a == t {
			return out
		}
	}
	above = append(above[:len(above):len(above)], t)
	p := planOf(t)
	for i := range p.fields {
		f := &p.fields[i]
		at := f.key
		if path != "" {
			at = path + "." + f.key
		}
		row := f.describe(at, f.key, typeNames[f.kind])
		if f.elem == nil {
			out = append(out, row)
			continue
		}
		elem := planOf(f.elem)
		if elem.short >= 0 {
			row.Short = elem.fields[elem.short].key
		}
		out = append(out, row)
		switch f.kind {
		case kindStructs:
			at += "[]"
		case kindNamed:
			at += ".<name>"
			out = append(out, elem.name.describe(at, "<name>", TypeName))
		}
		out = fieldsOf(out, f.elem, at, above)
	}
	return out
}

func (f *field) describe(path, key, typeName string) Field {
	row := Field{
		Path: path, Key: key, Type: typeName, Doc: f.doc, Enum: append([]string(nil), f.enum...),
		Default: f.def, Why: f.why, Required: f.required, Example: f.example,
	}
	for _, s := range f.shapes {
		row.Shape = append(row.Shape, s.Name)
	}
	return row
}
