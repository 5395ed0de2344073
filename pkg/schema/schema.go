// Package schema writes the JSON Schema (Draft 2020-12) of a topology from the field table that the decoder works by, for
// editors and for checks in other tools. The decoder stays the judge: the tests list where the two differ.
package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// draft is the dialect of the schema.
const draft = "https://json-schema.org/draft/2020-12/schema"

// Topology returns the schema of a topology file as JSON text in ASCII with a final line end.
func Topology() ([]byte, error) {
	return of(topology.File{}, head{
		id:    "https://raw.githubusercontent.com/mbamplan/mbamplan/main/docs/topology.schema.json",
		title: "mbamplan topology", description: "The plan of a Microsoft BitLocker (MBAM) farm, as mbamplan reads it.",
		constants: map[string]int{"schema": topology.SchemaVersion},
	})
}

// head is what the field table does not say.
type head struct {
	id, title, description string
	// constants are numbers that a top-level key must have.
	constants map[string]int
}

// of returns the schema of what the decoder reads into v.
func of(v any, h head) ([]byte, error) {
	b := builder{shapes: map[string]bool{}}
	fields := decode.Fields(v)
	root, err := b.mapping(below(fields, ""))
	if err != nil {
		return nil, err
	}
	for i, m := range root {
		if m.key != "properties" {
			continue
		}
		properties := m.value.(object)
		for j, p := range properties {
			if n, ok := h.constants[p.key]; ok {
				properties[j].value = append(p.value.(object), member{"const", n})
			}
		}
		root[i].value = properties
	}
	out := object{{"$schema", draft}}
	out = out.with("$id", h.id).with("title", h.title).with("description", h.description)
	out = append(out, root...)
	defs, err := b.definitions()
	if err != nil {
		return nil, err
	}
	return text(out.with("$defs", defs))
}

// field is a row of the field table with the rows below it.
type field struct {
	decode.Field
	children []decode.Field
}

// below returns the fields directly below a path, each with what is below it, in the order of the table.
func below(rows []decode.Field, path string) []field {
	var out []field
	for i, r := range rows {
		rest, ok := strings.CutPrefix(r.Path, path)
		if !ok {
			continue
		}
		if path != "" {
			if rest, ok = strings.CutPrefix(rest, "."); !ok {
				continue
			}
		}
		if rest == r.Key {
			out = append(out, field{r, rows[i+1:]})
		}
	}
	return out
}

type builder struct {
	shapes map[string]bool // the shapes that are referred to
}

// definitions returns the shapes that are referred to, by name.
func (b builder) definitions() (object, error) {
	shapes := map[string]decode.Shape{}
	for _, s := range decode.Shapes() {
		shapes[s.Name] = s
	}
	var out object
	for _, name := range slices.Sorted(maps.Keys(b.shapes)) {
		f, ok := forms[name]
		if !ok {
			return nil, fmt.Errorf("shape %q has no form", name)
		}
		if name == "" {
			out = out.with("value", f.schema("one line of text", ""))
			continue
		}
		s := shapes[name]
		example := s.Example
		if f.high > 0 {
			example = ""
		}
		out = out.with(name, f.schema(s.Expected, example))
	}
	return out, nil
}

// mapping returns the schema of a mapping with these keys.
func (b builder) mapping(fields []field) (object, error) {
	var properties object
	var required []any
	for _, f := range fields {
		s, err := b.value(f)
		if err != nil {
			return nil, err
		}
		properties = properties.with(f.Key, s)
		if f.Required {
			required = append(required, f.Key)
		}
	}
	out := object{{"type", "object"}}
	out = out.with("properties", properties).with("required", required)
	return append(out, member{"additionalProperties", false}), nil
}

// value returns the schema of the value of a key with its documentation.
func (b builder) value(f field) (object, error) {
	s, err := b.bare(f)
	if err != nil {
		return nil, err
	}
	out := describe(f)
	if f.Default != "" {
		out = append(out, member{"default", fallback(f)})
	}
	if f.Example != "" {
		out = append(out, member{"examples", []any{typed(f.Type, f.Example)}})
	}
	return append(out, s...), nil
}

func describe(f field) object {
	doc := f.Doc
	if f.Default != "" {
		if doc != "" {
			doc += " "
		}
		doc += fmt.Sprintf("(default %s: %s)", strings.ReplaceAll(f.Default, "|", ", "), f.Why)
	}
	return object{}.with("description", doc)
}

// fallback returns the default as the value that it is.
func fallback(f field) any {
	switch f.Type {
	case decode.TypeStrings, decode.TypeInts:
		var list []any
		for s := range strings.SplitSeq(f.Default, "|") {
			list = append(list, typed(f.Type, s))
		}
		return list
	}
	return typed(f.Type, f.Default)
}

func typed(kind, s string) any {
	switch kind {
	case decode.TypeInt, decode.TypeInts:
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
	case decode.TypeBool:
		return s == "true"
	}
	return s
}

// bare returns the schema of the value of a key.
func (b builder) bare(f field) (object, error) {
	switch f.Type {
	case decode.TypeString, decode.TypeInt, decode.TypeBool:
		s := b.scalar(f)
		if f.Required && f.Type == decode.TypeString && len(f.Enum) == 0 {
			s = s.with("minLength", 1)
		}
		return s, nil
	case decode.TypeStrings, decode.TypeInts:
		s := b.scalar(f)
		if f.Type == decode.TypeStrings && len(f.Enum) == 0 {
			s = s.with("minLength", 1)
		}
		return b.list(s, f.Required), nil
	case decode.TypeObject:
		return b.element(f, below(f.children, f.Path))
	case decode.TypeObjects:
		item, err := b.element(f, below(f.children, f.Path+"[]"))
		if err != nil {
			return nil, err
		}
		return b.list(item, f.Required), nil
	case decode.TypeNamed:
		return b.named(f)
	}
	return nil, fmt.Errorf("%s: type %q has no schema", f.Path, f.Type)
}

// list returns the schema of a list; a single value stands for a list of one.
func (b builder) list(item object, required bool) object {
	list := object{{"type", "array"}, {"items", item}}
	if required {
		list = list.with("minItems", 1)
	}
	return object{{"anyOf", []any{item, list}}}
}

// element returns the schema of a mapping, or of the value or list that may stand in its place.
func (b builder) element(f field, children []field) (object, error) {
	if len(children) == 0 {
		return object{}, nil // a type that contains itself; the table describes it once
	}
	m, err := b.mapping(children)
	if err != nil {
		return nil, err
	}
	short, err := b.short(f.Short, children)
	if err != nil || short == nil {
		return m, err
	}
	return object{{"anyOf", []any{m, short}}}, nil
}

// short returns the schema of the short form, nil when there is none or it would lack another required key.
func (b builder) short(key string, children []field) (object, error) {
	var out object
	for _, c := range children {
		switch {
		case c.Key == key && (c.Type == decode.TypeObjects || c.Type == decode.TypeObject || c.Type == decode.TypeNamed):
			return nil, fmt.Errorf("%s: a short form of mappings has no schema", c.Path)
		case c.Key == key:
			s, err := b.bare(c)
			if err != nil {
				return nil, err
			}
			out = s
		case c.Required:
			return nil, nil
		}
	}
	return out, nil
}

// named returns the schema of a mapping of names. A name without settings has no value.
func (b builder) named(f field) (object, error) {
	var name field
	var children []field
	path := f.Path + ".<name>"
	for i, r := range f.children {
		if r.Path == path && r.Type == decode.TypeName {
			name, children = field{r, nil}, below(f.children[i+1:], path)
		}
	}
	element, err := b.element(f, children)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(children, func(c field) bool { return c.Required }) {
		alternatives := []any{element, object{{"type", "null"}}}
		if len(element) == 1 && element[0].key == "anyOf" {
			alternatives = append(element[0].value.([]any), object{{"type", "null"}})
		}
		element = object{{"anyOf", alternatives}}
	}
	names := b.scalar(name).with("minLength", 1)
	names = append(describe(name), names...)
	out := object{{"type", "object"}, {"propertyNames", names}, {"additionalProperties", element}}
	if f.Required {
		out = out.with("minProperties", 1)
	}
	return out, nil
}

// scalar returns the schema of one value.
func (b builder) scalar(f field) object {
	switch {
	case f.Type == decode.TypeBool:
		return object{{"type", "boolean"}}
	case len(f.Enum) > 0:
		return object{{"enum", enum(f.Enum)}}
	case len(f.Shape) == 0 && (f.Type == decode.TypeInt || f.Type == decode.TypeInts):
		return object{{"type", "integer"}}
	case len(f.Shape) == 0:
		return b.reference("")
	case len(f.Shape) == 1:
		return b.reference(f.Shape[0])
	}
	var any []any
	for _, s := range f.Shape {
		any = append(any, b.reference(s))
	}
	return object{{"anyOf", any}}
}

func (b builder) reference(shape string) object {
	b.shapes[shape] = true
	if shape == "" {
		shape = "value"
	}
	return object{{"$ref", "#/$defs/" + shape}}
}

// enum lists the allowed values, and beside those that look like a number the number, which needs no quotes.
func enum(values []string) []any {
	var out []any
	for _, v := range values {
		out = append(out, v)
	}
	for _, v := range values {
		if n, err := strconv.Atoi(v); err == nil && strconv.Itoa(n) == v {
			out = append(out, n)
		} else if x, err := strconv.ParseFloat(v, 64); err == nil && strconv.FormatFloat(x, 'f', -1, 64) == v {
			out = append(out, x)
		}
	}
	return out
}
