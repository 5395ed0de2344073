package decode

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FieldAt returns the row of a field table that describes the value, or the name, at a path as [Origins] knows it:
// `hosts.SQL1.address` is described by the row `hosts.<name>.address`, an element of a list of values by the list's row.
func FieldAt(fields []Field, path string) (Field, bool) {
	var row Field
	at, from := "", 0
	for _, end := range ends(path) {
		segment := path[from:end]
		from = end
		switch {
		case row.Type == TypeNamed:
			at += ".<name>"
		case strings.HasPrefix(segment, "["):
			if row.Type != TypeObjects {
				continue
			}
			at += "[]"
			row = Field{Path: at}
			continue
		case at == "":
			at = segment
		default:
			at += "." + strings.TrimPrefix(segment, ".")
		}
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Path == at })
		if i < 0 {
			return Field{}, false
		}
		row = fields[i]
	}
	return row, row.Key != ""
}

// ends returns where each segment of a path ends.
func ends(path string) []int {
	var out []int
	parents(path, func(p string) bool {
		out = append(out, len(p))
		return false
	})
	slices.Reverse(out)
	return out
}

// Fit checks one value for the field, or for one element of its list. It returns the value without what never belongs
// to it, or says what is expected.
func (f Field) Fit(value string) (clean, expected string) {
	switch f.Type {
	case TypeInt, TypeInts:
		if n, err := strconv.Atoi(value); err != nil || strconv.Itoa(n) != value {
			return "", "a whole number in decimal digits"
		}
	case TypeBool:
		if value != "true" && value != "false" {
			return "", "true or false"
		}
	case TypeObject, TypeObjects, TypeNamed:
		return "", "more than one value"
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || invisible(r) }) {
		return "", "visible characters on one line"
	}
	if len(f.Enum) > 0 {
		if !slices.Contains(f.Enum, value) {
			return "", "one of " + strings.Join(f.Enum, ", ")
		}
		return value, ""
	}
	if len(f.Shape) == 0 {
		return value, ""
	}
	var wanted field
	for _, name := range f.Shape {
		s := shapeNamed(name)
		if s == nil {
			continue
		}
		wanted.shapes = append(wanted.shapes, s)
		v := value
		if s.clean != nil {
			v = s.clean(v)
		}
		if s.fits(v) {
			return v, ""
		}
	}
	return "", wanted.expected()
}
