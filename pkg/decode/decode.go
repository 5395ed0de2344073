// Package decode fills Go structs from YAML documents by struct tags, reports everything that does not fit, and
// remembers where each value came from. The same tags give the field table for documents and the JSON Schema ([Fields]).
//
// The tags of a field, all but key optional:
//
//	key:"port"         the YAML key; fields without it are left alone
//	doc:"…" eg:"443"   documentation and an example
//	req:"true"         the key must be there
//	def:"443" why:"…"  the default when the key is absent, and the reason; list elements are separated by "|"
//	enum:"a|b"         the allowed values of a string, case-sensitive
//	is:"fqdn|ipv4"     the shapes of [Shapes] of which a value must have one
//	name:"true"        instead of key, on a string: receives the key when the struct is an element of a mapping of names
//
// A blank field `_ struct{}` with the tag short:"name" says that a plain value (or a list, when the key name is one) may
// stand in place of the mapping and is taken as the value of that key.
//
// Types are string, int, bool, *bool, struct, *struct (nil when absent) and slices of string, int and struct. A slice of a
// struct with a name field is a mapping of names in YAML, kept in the order of the file; every other slice is a list, and
// a single value stands for a list of one. A struct that is absent gets its defaults; what it requires is then not asked
// for. Mistakes in the tags panic.
package decode

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// maxListed is how many keys a finding about an unknown key lists.
const maxListed = 8

// maxFindings is how many findings of a document are kept.
const maxFindings = 1000

// maxQuoted is how many runes of a value a finding repeats.
const maxQuoted = 60

// Into fills out, a pointer to a struct, from doc and returns the sorted findings. After an error out holds what could
// be read. A document without a root was reported by the parser and gives no finding. Lists are replaced, not extended.
// Only the first 1,000 findings are kept.
func Into(doc *yamlsrc.Document, out any) (*Origins, diag.List) {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("decode: Into needs a pointer to a struct, not %T", out))
	}
	d := &decoder{doc: doc, origins: &Origins{values: make(map[string]origin, 64)}}
	if doc.Root != nil {
		d.object(doc.Root, v.Elem(), planOf(v.Elem().Type()), "", diag.Pos{})
	}
	d.found.Sort()
	return d.origins, d.found
}

type decoder struct {
	doc     *yamlsrc.Document
	origins *Origins
	found   diag.List
	// failed says that there is an error among the findings.
	failed bool
}

func (d *decoder) add(severity diag.Severity, code string, pos diag.Pos, message, fix string, related ...diag.Related) {
	if len(d.found) >= maxFindings && (severity != diag.Error || d.failed) {
		return
	}
	d.failed = d.failed || severity == diag.Error
	d.found = append(d.found, diag.Diagnostic{
		Code: code, Severity: severity, File: d.doc.File, Pos: pos, Message: message, Fix: fix, Related: related,
	})
}

func (d *decoder) fail(code string, pos diag.Pos, message, fix string, related ...diag.Related) {
	d.add(diag.Error, code, pos, message, fix, related...)
}

// quoted returns a value in quotes for a finding, cut when it is long.
func quoted(s string) string {
	if utf8.RuneCountInString(s) > maxQuoted {
		s = string([]rune(s)[:maxQuoted]) + "…"
	}
	return `"` + s + `"`
}

// found says what stands in place of an expected value.
func found(n *yamlsrc.Node) string {
	switch {
	case n.Kind == yamlsrc.Scalar:
		return quoted(n.Value)
	case n.Kind == yamlsrc.Null && n.Value != "":
		return n.Value
	}
	return n.Kind.String()
}

// where names a path as the thing that something is wrong with, inWhere as the place.
func where(path string) string {
	if path == "" {
		return "the top level"
	}
	return path
}

func inWhere(path string) string {
	if path == "" {
		return "at the top level"
	}
	return "in " + path
}

// object fills v by plan p from n. key is where the object was asked for, the place of what is missing in it.
func (d *decoder) object(n *yamlsrc.Node, v reflect.Value, p *plan, path string, key diag.Pos) {
	given := make([]bool, len(p.fields))
	var meant []string // keys that an unknown key was probably meant to be
	switch {
	case n.Kind == yamlsrc.Mapping:
		for i := range n.Pairs {
			pair := &n.Pairs[i]
			if f, ok := p.index[pair.Key.Value]; ok {
				given[f] = true
			}
		}
		for i := range n.Pairs {
			pair := &n.Pairs[i]
			f, ok := p.index[pair.Key.Value]
			if !ok {
				if s := d.unknown(pair.Key, p, given, path); s != "" {
					meant = append(meant, s)
				}
				continue
			}
			d.field(&p.fields[f], pair.Value, v.Field(p.fields[f].index), Child(path, p.fields[f].key), pair.Key.Pos)
		}
	case n.Kind == yamlsrc.Scalar && p.short >= 0, n.Kind == yamlsrc.Sequence && p.short >= 0 && p.fields[p.short].kind.list():
		f := &p.fields[p.short]
		given[p.short] = true
		d.field(f, n, v.Field(f.index), Child(path, f.key), n.Pos)
	case n.Kind == yamlsrc.Null && n.Value == "" && p.name != nil:
		// A name without settings, in a mapping of names.
	default:
		fix := ""
		if n.Kind == yamlsrc.Sequence {
			fix = `write the keys without "- " or brackets before them`
		}
		d.fail(CodeType, n.Pos, fmt.Sprintf("%s is %s; expected a mapping with keys such as %s", where(path), found(n), someKeys(p)), fix)
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		switch {
		case given[i]:
		case f.required && !slices.Contains(meant, f.key):
			example := f.example
			if example == "" {
				example = "…"
			}
			d.fail(CodeMissingKey, key, fmt.Sprintf("required key %q is missing %s", f.key, inWhere(path)), "add "+quoted(f.key+": "+example))
		default:
			d.absent(f, v.Field(f.index), Child(path, f.key))
		}
	}
}

// someKeys lists the first keys of a plan.
func someKeys(p *plan) string {
	keys := make([]string, 0, 3)
	for _, f := range p.fields[:min(3, len(p.fields))] {
		keys = append(keys, f.key)
	}
	return strings.Join(keys, ", ")
}

// absent gives v the default of its field, or the defaults of the fields in it.
func (d *decoder) absent(f *field, v reflect.Value, path string) {
	switch {
	case f.fallback.IsValid():
		v.Set(copied(f.fallback))
		d.origins.Set(path, f.why)
	case f.kind == kindStruct:
		p := planOf(f.elem)
		for i := range p.fields {
			d.absent(&p.fields[i], v.Field(p.fields[i].index), Child(path, p.fields[i].key))
		}
	}
}

// copied returns v with memory of its own, so that no caller changes the default of all.
func copied(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Slice:
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		return c
	case reflect.Pointer:
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(v.Elem())
		return c
	}
	return v
}

// unknown reports a key that the plan does not have and returns the key that was probably meant, "" for none.
func (d *decoder) unknown(key *yamlsrc.Node, p *plan, given []bool, path string) string {
	if d.failed && len(d.found) >= maxFindings {
		return "" // nobody would see what is costly to find out
	}
	free := make([]string, 0, len(p.fields))
	for i := range p.fields {
		if !given[i] {
			free = append(free, p.fields[i].key)
		}
	}
	message := fmt.Sprintf("unknown key %s %s", quoted(key.Value), inWhere(path))
	meant := diag.Suggest(key.Value, free)
	fix := "remove the key"
	switch {
	case meant != "":
		message += fmt.Sprintf("; did you mean %q?", meant)
		fix = fmt.Sprintf("write %q, or remove the line", meant)
	case len(free) == 0:
		message += "; every key that is known there stands there already"
	case len(free) <= maxListed:
		message += "; expected " + strings.Join(free, ", ")
	default:
		message += fmt.Sprintf("; expected %s or one of %d more", strings.Join(free[:maxListed], ", "), len(free)-maxListed)
	}
	d.fail(CodeUnknownKey, key.Pos, message, fix)
	return meant
}

// field fills v from n, the value of the key at place key.
func (d *decoder) field(f *field, n *yamlsrc.Node, v reflect.Value, path string, key diag.Pos) {
	d.origins.values[path] = origin{value: n.Pos, key: key}
	if n.Kind == yamlsrc.Null && n.Value == "" {
		d.noValue(f, n, path)
		return
	}
	switch f.kind {
	case kindStruct:
		d.object(n, v, planOf(f.elem), path, key)
	case kindStructPtr:
		if v.IsNil() {
			v.Set(reflect.New(f.elem))
		}
		d.object(n, v.Elem(), planOf(f.elem), path, key)
	case kindNamed:
		d.named(f, n, v, path)
	case kindStrings, kindInts, kindStructs:
		d.list(f, n, v, path, key)
	case kindBoolPtr:
		b := reflect.New(v.Type().Elem())
		if d.scalar(f, n, b.Elem(), path) {
			v.Set(b)
		}
	default:
		if d.scalar(f, n, v, path) && f.required && f.kind == kindString && n.Value == "" {
			d.fail(CodeNoValue, n.Pos, path+" is empty; expected a value", "")
		}
	}
}

func (d *decoder) noValue(f *field, n *yamlsrc.Node, path string) {
	fix := "write a value, or remove the line"
	if f.required {
		fix = "write a value"
	}
	switch {
	case f.kind.list() && !f.required:
		fix += "; an empty list is []"
	case (f.kind == kindStruct || f.kind == kindStructPtr || f.kind == kindNamed) && !f.required:
		fix += "; an empty mapping is {}"
	}
	d.fail(CodeNoValue, n.Pos, path+" has no value", fix)
}

// named fills the slice v from a mapping of names.
func (d *decoder) named(f *field, n *yamlsrc.Node, v reflect.Value, path string) {
	p := planOf(f.elem)
	if n.Kind != yamlsrc.Mapping {
		d.fail(CodeType, n.Pos, fmt.Sprintf("%s is %s; expected a mapping of names", path, found(n)),
			`write each element as "name:" with its settings below`)
		return
	}
	if f.required && len(n.Pairs) == 0 {
		d.fail(CodeNoValue, n.Pos, path+" is empty; expected at least one name", "")
	}
	list := reflect.MakeSlice(v.Type(), 0, len(n.Pairs))
	first := make(map[string]*yamlsrc.Node, len(n.Pairs))
	for i := range n.Pairs {
		key, value := n.Pairs[i].Key, n.Pairs[i].Value
		folded := strings.ToLower(key.Value)
		if other, ok := first[folded]; ok {
			d.fail(CodeSameName, key.Pos, fmt.Sprintf("name %s in %s differs from %s only in upper and lower case, which Windows and SQL Server ignore",
				quoted(key.Value), path, quoted(other.Value)), "rename or remove one of the two", diag.Related{Pos: other.Pos, Message: "the first is here"})
			continue
		}
		first[folded] = key
		element := reflect.New(f.elem).Elem()
		name := Child(path, key.Value)
		d.origins.values[name] = origin{value: value.Pos, key: key.Pos}
		if key.Value == "" {
			d.fail(CodeNoValue, key.Pos, "a name in "+path+" is empty", "")
		} else {
			d.scalar(p.name, key, element.Field(p.name.index), name)
		}
		d.object(value, element, p, name, key.Pos)
		list = reflect.Append(list, element)
	}
	v.Set(list)
}

// list fills the slice v from a list, or from the single value of a list of one.
func (d *decoder) list(f *field, n *yamlsrc.Node, v reflect.Value, path string, key diag.Pos) {
	items := n.Items
	if n.Kind != yamlsrc.Sequence {
		if n.Kind == yamlsrc.Mapping && f.kind != kindStructs {
			d.fail(CodeType, n.Pos, fmt.Sprintf("%s is a mapping; expected a list of values", path), `write each element as "- value"`)
			return
		}
		items = []*yamlsrc.Node{n}
	}
	if f.required && len(items) == 0 {
		d.fail(CodeNoValue, n.Pos, path+" is an empty list; expected at least one element", "")
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		at := Item(path, i)
		place := item.Pos
		if n.Kind != yamlsrc.Sequence {
			place = key
		}
		d.origins.values[at] = origin{value: item.Pos, key: place}
		switch {
		case item.Kind == yamlsrc.Null && item.Value == "":
			d.fail(CodeNoValue, item.Pos, at+" has no value", "write a value, or remove the element")
		case f.kind == kindStructs:
			d.object(item, list.Index(i), planOf(f.elem), at, place)
		default:
			if d.scalar(f, item, list.Index(i), at) && f.kind == kindStrings && item.Value == "" {
				d.fail(CodeNoValue, item.Pos, at+" is empty; expected a value", "write a value, or remove the element")
			}
		}
	}
	v.Set(list)
}

// scalar fills v, a string, int or bool, from n and reports whether it could.
func (d *decoder) scalar(f *field, n *yamlsrc.Node, v reflect.Value, path string) bool {
	if n.Kind == yamlsrc.Mapping || n.Kind == yamlsrc.Sequence {
		d.fail(CodeType, n.Pos, fmt.Sprintf("%s is %s; expected %s", path, found(n), scalarNames[v.Kind()]), "")
		return false
	}
	switch v.Kind() {
	case reflect.Int:
		return d.number(f, n, v, path)
	case reflect.Bool:
		return d.truth(n, v, path)
	}
	return d.text(f, n, v, path)
}

var scalarNames = map[reflect.Kind]string{reflect.String: "text", reflect.Int: "a whole number", reflect.Bool: "true or false"}

func (d *decoder) number(f *field, n *yamlsrc.Node, v reflect.Value, path string) bool {
	i, err := strconv.Atoi(n.Value)
	exact := err == nil && strconv.Itoa(i) == n.Value
	switch {
	case exact && n.Plain:
	case exact:
		d.fail(CodeNumber, n.Pos, fmt.Sprintf("%s is the text %s in quotes; expected a whole number", path, quoted(n.Value)), "write "+n.Value+" without quotes")
		return false
	default:
		d.fail(CodeNumber, n.Pos, fmt.Sprintf("%s is %s; expected a whole number in decimal digits", path, found(n)), "")
		return false
	}
	if len(f.shapes) > 0 && !f.fits(n.Value) {
		d.fail(CodeShape, n.Pos, fmt.Sprintf("%s in %s does not fit; expected %s", n.Value, path, f.expected()), "")
		return false
	}
	v.SetInt(int64(i))
	return true
}

// truths are the words that YAML 1.1, and with it many tools, takes for true and false.
var truths = map[string]bool{"true": true, "yes": true, "on": true, "false": false, "no": false, "off": false}

// truth returns the truth value that a YAML 1.1 reader gives to a word.
func truth(s string) (value, ok bool) {
	lower := strings.ToLower(s)
	value, ok = truths[lower]
	title := ok && s[1:] == lower[1:]
	return value, ok && (title || s == strings.ToUpper(s))
}

func (d *decoder) truth(n *yamlsrc.Node, v reflect.Value, path string) bool {
	b, ok := truth(n.Value)
	if ok && n.Plain && n.Tag == "!!bool" {
		v.SetBool(b)
		return true
	}
	what, fix := found(n), "write true or false"
	if ok {
		fix = "write " + strconv.FormatBool(b)
	}
	if ok && !n.Plain {
		what = "the text " + what + " in quotes"
		fix += " without quotes"
	}
	d.fail(CodeBool, n.Pos, fmt.Sprintf("%s is %s; expected true or false", path, what), fix)
	return false
}

func (d *decoder) text(f *field, n *yamlsrc.Node, v reflect.Value, path string) bool {
	if n.Plain && !slices.Contains(f.enum, n.Value) {
		if read := misread(n); read != "" {
			d.fail(CodeUnquoted, n.Pos, fmt.Sprintf("unquoted %s in %s would be read as %s; put it in quotes", n.Value, path, read),
				fmt.Sprintf(`write "%s"`, n.Value))
			return false
		}
	}
	s := d.cleaned(f, n, path)
	if !d.visible(f, s, n, path) {
		return false
	}
	if len(f.enum) > 0 && !slices.Contains(f.enum, s) {
		d.enum(f, s, n, path)
		return false
	}
	if len(f.shapes) > 0 && !f.fits(s) && !(s == "" && f.required) {
		d.fail(CodeShape, n.Pos, fmt.Sprintf("%s in %s does not fit; expected %s", quoted(s), path, f.expected()), "")
		return false
	}
	v.SetString(s)
	return true
}

// cleaned returns the value of n without what its shape says does not belong to it, and notes that it was changed.
func (d *decoder) cleaned(f *field, n *yamlsrc.Node, path string) string {
	for _, shape := range f.shapes {
		if shape.clean == nil {
			continue
		}
		c := shape.clean(n.Value)
		fits := shape.fits(c)
		if removed := utf8.RuneCountInString(n.Value) - utf8.RuneCountInString(c); fits && removed > 0 {
			d.add(diag.Note, CodeCleanedValue, n.Pos, fmt.Sprintf("%d characters that do not belong to the value were removed from %s", removed, path),
				fmt.Sprintf("write %q", c))
		}
		if fits || len(f.shapes) == 1 {
			return c
		}
	}
	return n.Value
}

func (d *decoder) enum(f *field, s string, n *yamlsrc.Node, path string) {
	message := fmt.Sprintf("%s is not a value of %s; expected %s", quoted(s), path, strings.Join(f.enum, ", "))
	meant := diag.Suggest(s, f.enum)
	if meant == "" {
		d.fail(CodeEnum, n.Pos, message, "")
		return
	}
	if strings.EqualFold(meant, s) {
		message += "; upper and lower case must agree"
	}
	d.fail(CodeEnum, n.Pos, message, "write "+quoted(meant))
}

// misread says what a YAML reader makes of the unquoted text of n when that is another text, "" otherwise.
func misread(n *yamlsrc.Node) string {
	s := n.Value
	digits := strings.ReplaceAll(s, "_", "")
	switch n.Tag {
	case "!!null":
		return "no value"
	case "!!timestamp":
		return "a date"
	case "!!bool":
		if s != "true" && s != "false" {
			return strings.ToLower(s)
		}
	case "!!int":
		if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
			if c := strconv.FormatInt(i, 10); c != s {
				return "the number " + c
			}
		} else if u, err := strconv.ParseUint(digits, 0, 64); err != nil || strconv.FormatUint(u, 10) != s {
			return "a number"
		}
	case "!!float":
		x, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return "a number"
		}
		if strconv.FormatFloat(x, 'f', -1, 64) != s {
			return "the number " + strconv.FormatFloat(x, 'g', -1, 64)
		}
	default:
		if b, ok := truth(s); ok {
			return strconv.FormatBool(b) + " by many YAML readers"
		}
	}
	return ""
}

// visible reports characters that a reader of the file cannot see: controls, bidi controls, zero-width marks and, unless
// the field is multiline, line breaks.
func (d *decoder) visible(f *field, s string, n *yamlsrc.Node, path string) bool {
	if printable(s) {
		return true
	}
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			if f.multiline && r == '\n' {
				continue
			}
			d.fail(CodeLineBreak, n.Pos, fmt.Sprintf("%s has a line break; expected one line", path),
				`write the value on one line; in double quotes a backslash starts an escape such as \n, in single quotes it stands for itself`)
			return false
		case r == '\t' && f.multiline:
		case unicode.IsControl(r):
			d.fail(CodeControl, d.inside(n, r), fmt.Sprintf("control character U+%04X in %s; expected visible characters", r, path),
				`delete it; in double quotes a backslash starts an escape such as \t, in single quotes it stands for itself`)
			return false
		case invisible(r):
			d.fail(CodeControl, d.inside(n, r), fmt.Sprintf("invisible character U+%04X in %s; expected visible characters", r, path),
				"delete it, or retype the value")
			return false
		}
	}
	return true
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// invisible reports the bidi controls of Unicode, which reorder the text around them, and the marks without width that
// are not part of a script.
func invisible(r rune) bool {
	switch {
	case r == '\u200E', r == '\u200F', r == '\u061C', r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return r == '\u200B' || r == '\u2060' || r == '\uFEFF'
}

// inside returns the place of r in the text of n when it stands there as itself, else the place of n.
func (d *decoder) inside(n *yamlsrc.Node, r rune) diag.Pos {
	lines := d.doc.Lines()
	if n.Pos.Line < 1 || n.Pos.Line > len(lines) {
		return n.Pos
	}
	col := 0
	for _, c := range lines[n.Pos.Line-1] {
		col++
		if c == r && col >= n.Pos.Col && col < n.Pos.Col+n.Pos.Len {
			return diag.Pos{Line: n.Pos.Line, Col: col, Len: 1}
		}
	}
	return n.Pos
}
