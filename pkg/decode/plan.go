package decode

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// kind is the form of a field.
type kind int

const (
	kindString kind = iota
	kindInt
	kindBool
	kindBoolPtr
	kindStruct
	kindStructPtr
	kindStrings
	kindInts
	kindStructs // a list of mappings
	kindNamed   // a mapping of names to mappings
)

// typeNames are the types as [Field] and findings call them.
var typeNames = map[kind]string{
	kindString: TypeString, kindInt: TypeInt, kindBool: TypeBool, kindBoolPtr: TypeBool,
	kindStruct: TypeObject, kindStructPtr: TypeObject,
	kindStrings: TypeStrings, kindInts: TypeInts, kindStructs: TypeObjects, kindNamed: TypeNamed,
}

// list reports whether fields of this kind are Go slices written as a YAML sequence.
func (k kind) list() bool { return k == kindStrings || k == kindInts || k == kindStructs }

// field is what the tags of one struct field say.
type field struct {
	index    int
	key      string
	kind     kind
	elem     reflect.Type // the struct of the kinds that have one
	doc      string
	example  string
	required bool
	// fallback holds the parsed default, invalid when there is none.
	fallback reflect.Value
	def, why string
	enum     []string
	shapes   []*Shape
	// multiline says that line breaks are allowed.
	multiline bool
}

// plan is what the tags of a struct say.
type plan struct {
	fields []field
	index  map[string]int
	// short is the field that a value in place of the mapping is taken as, -1 for none.
	short int
	// name is the field that receives the key of a mapping of names, nil for none.
	name *field
}

// plans holds a *plan for each reflect.Type.
var plans sync.Map

// planOf returns the plan of a struct type. A mistake in the tags is a mistake in the program and panics.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(t, newPlan(t))
	return p.(*plan)
}

func newPlan(t reflect.Type) *plan {
	p := &plan{index: map[string]int{}, short: -1}
	short := ""
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Name == "_" {
			short = sf.Tag.Get("short")
			continue
		}
		named := sf.Tag.Get("name") == "true"
		key := sf.Tag.Get("key")
		if key == "" && !named {
			continue
		}
		f := newField(t, sf, i)
		if named {
			if f.kind != kindString {
				wrongTag(t, sf, "name needs a string")
			}
			p.name = &f
			continue
		}
		if _, ok := p.index[key]; ok {
			wrongTag(t, sf, "key "+key+" stands twice")
		}
		p.index[key] = len(p.fields)
		p.fields = append(p.fields, f)
	}
	if short != "" {
		i, ok := p.index[short]
		if !ok || p.fields[i].kind == kindStruct || p.fields[i].kind == kindStructPtr || p.fields[i].kind == kindNamed {
			panic(fmt.Sprintf("decode: %s: short %q names no key of a value or a list", t, short))
		}
		p.short = i
	}
	return p
}

func wrongTag(t reflect.Type, sf reflect.StructField, what string) {
	panic(fmt.Sprintf("decode: %s.%s: %s", t, sf.Name, what))
}

func newField(t reflect.Type, sf reflect.StructField, index int) field {
	if !sf.IsExported() {
		wrongTag(t, sf, "the field is not exported")
	}
	f := field{
		index: index, key: sf.Tag.Get("key"), doc: sf.Tag.Get("doc"), example: sf.Tag.Get("eg"),
		required: sf.Tag.Get("req") == "true", why: sf.Tag.Get("why"),
	}
	var ok bool
	if f.kind, f.elem, ok = kindOf(sf.Type); !ok {
		wrongTag(t, sf, "type "+sf.Type.String()+" is not supported")
	}
	if enum := sf.Tag.Get("enum"); enum != "" {
		if f.kind != kindString && f.kind != kindStrings {
			wrongTag(t, sf, "enum needs strings")
		}
		f.enum = strings.Split(enum, "|")
	}
	if is := sf.Tag.Get("is"); is != "" {
		if f.kind != kindString && f.kind != kindStrings && f.kind != kindInt && f.kind != kindInts {
			wrongTag(t, sf, "is needs strings or numbers")
		}
		for name := range strings.SplitSeq(is, "|") {
			s := shapeNamed(name)
			if s == nil {
				wrongTag(t, sf, "shape "+name+" is unknown")
			}
			f.shapes = append(f.shapes, s)
			f.multiline = f.multiline || name == "text"
		}
	}
	if def, ok := sf.Tag.Lookup("def"); ok {
		if f.required || f.why == "" {
			wrongTag(t, sf, "a default needs why and cannot be required")
		}
		f.def = def
		v, err := f.parseDefault(sf.Type)
		if err != nil {
			wrongTag(t, sf, fmt.Sprintf("default %q: %v", def, err))
		}
		f.fallback = v
	}
	return f
}

func kindOf(t reflect.Type) (k kind, elem reflect.Type, ok bool) {
	switch t.Kind() {
	case reflect.String:
		return kindString, nil, true
	case reflect.Int:
		return kindInt, nil, true
	case reflect.Bool:
		return kindBool, nil, true
	case reflect.Struct:
		return kindStruct, t, true
	case reflect.Pointer:
		switch t.Elem().Kind() {
		case reflect.Bool:
			return kindBoolPtr, nil, true
		case reflect.Struct:
			return kindStructPtr, t.Elem(), true
		}
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.String:
			return kindStrings, nil, true
		case reflect.Int:
			return kindInts, nil, true
		case reflect.Struct:
			for i := range t.Elem().NumField() {
				if t.Elem().Field(i).Tag.Get("name") == "true" {
					return kindNamed, t.Elem(), true
				}
			}
			return kindStructs, t.Elem(), true
		}
	}
	return 0, nil, false
}

// parseDefault turns the default into a value of the field's type. The elements of a list are separated by "|".
func (f *field) parseDefault(t reflect.Type) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	switch f.kind {
	case kindString, kindInt, kindBool:
		return v, f.parseScalar(v, f.def)
	case kindBoolPtr:
		v.Set(reflect.New(t.Elem()))
		return v, f.parseScalar(v.Elem(), f.def)
	case kindStrings, kindInts:
		for s := range strings.SplitSeq(f.def, "|") {
			e := reflect.New(t.Elem()).Elem()
			if err := f.parseScalar(e, s); err != nil {
				return v, err
			}
			v = reflect.Append(v, e)
		}
		return v, nil
	}
	return v, fmt.Errorf("type %s has no default", t)
}

func (f *field) parseScalar(v reflect.Value, s string) error {
	if len(f.enum) > 0 && !slices.Contains(f.enum, s) {
		return fmt.Errorf("not one of %s", strings.Join(f.enum, ", "))
	}
	if len(f.shapes) > 0 && !f.fits(s) {
		return fmt.Errorf("expected %s", f.expected())
	}
	switch v.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return err
		}
		v.SetInt(int64(n))
	case reflect.Bool:
		if s != "true" && s != "false" {
			return errors.New("expected true or false")
		}
		v.SetBool(s == "true")
	default:
		v.SetString(s)
	}
	return nil
}

// fits reports whether s has one of the shapes of the field.
func (f *field) fits(s string) bool {
	for _, shape := range f.shapes {
		if shape.fits(s) {
			return true
		}
	}
	return false
}

// expected says which shapes are expected, each with an example.
func (f *field) expected() string {
	var b strings.Builder
	for i, s := range f.shapes {
		if i > 0 {
			b.WriteString(", or ")
		}
		b.WriteString(s.Expected + ", such as " + quoted(s.Example))
	}
	return b.String()
}
