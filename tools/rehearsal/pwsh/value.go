package pwsh

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Values are nil ($null), string, bool, int64, float64, time.Time, Type, and pointers to Array, Hash, Object, Exception,
// Record and Block, and whatever the host brings that has members.

// An Array is object[], or an array of one type.
type Array struct {
	Items []any
	Of    string // element type in lower case, "" for object
}

// A Hash is a hashtable. Keys of both kinds ignore case; an ordered one keeps the order of its keys, and so does the other
// one here, where the real one has none: scripts must not rely on it.
type Hash struct {
	keys    []string
	values  map[string]any
	Ordered bool
}

// An Object is a PSObject with note properties in order.
type Object struct {
	Type  string
	names []string
	props map[string]any
}

// A Type is a type literal, as [string].
type Type string

// A Ref is [ref]$variable, which a method of the host writes.
type Ref struct{ Set func(any) }

// A Block is a script block with the scope that it was made in.
type Block struct {
	node  nodeRef
	scope *scope
}

// An Exception is a .NET exception.
type Exception struct {
	Type    string // full name without System. where the scripts leave it out
	Message string
	Inner   *Exception
	Members map[string]any // further properties, by name in lower case
}

// A Record is an ErrorRecord, $_ in a catch.
type Record struct {
	Exception *Exception
	ID        string // FullyQualifiedErrorId
	Line      int
	Text      string // source of the statement
}

// Members is what an object of the host offers. A false says that there is no such member.
type Members interface {
	Get(name string) (any, bool)
	Set(name string, value any) bool
	Call(name string, args []any) (any, bool)
	TypeName() string
}

// nothing is the output of a command that gave none. It is $null to everything but @( ), where it counts for no element.
type nothing struct{}

// Void is what a method gives that gives nothing.
var Void any = nothing{}

// NewArray makes an object[].
func NewArray(items ...any) *Array { return &Array{Items: items} }

// Strings makes an array of strings.
func Strings(list []string) *Array {
	a := &Array{Of: "string"}
	for _, s := range list {
		a.Items = append(a.Items, s)
	}
	return a
}

// NewHash makes an empty hashtable.
func NewHash(ordered bool) *Hash { return &Hash{values: map[string]any{}, Ordered: ordered} }

// Get returns the value of a key.
func (h *Hash) Get(key string) (any, bool) {
	v, ok := h.values[strings.ToLower(key)]
	return v, ok
}

// Set sets a key.
func (h *Hash) Set(key string, value any) {
	k := strings.ToLower(key)
	if _, ok := h.values[k]; !ok {
		h.keys = append(h.keys, key)
	}
	h.values[k] = value
}

// Remove takes a key out.
func (h *Hash) Remove(key string) {
	delete(h.values, strings.ToLower(key))
	h.keys = slices.DeleteFunc(h.keys, func(k string) bool { return strings.EqualFold(k, key) })
}

// Keys lists the keys in the order in which they came.
func (h *Hash) Keys() []string { return slices.Clone(h.keys) }

// NewObject makes an object from names and values in turn.
func NewObject(pairs ...any) *Object {
	o := &Object{Type: "System.Management.Automation.PSCustomObject", props: map[string]any{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// Get returns a property.
func (o *Object) Get(name string) (any, bool) {
	v, ok := o.props[strings.ToLower(name)]
	return v, ok
}

// Set sets a property or adds it.
func (o *Object) Set(name string, value any) {
	k := strings.ToLower(name)
	if _, ok := o.props[k]; !ok {
		o.names = append(o.names, name)
	}
	o.props[k] = value
}

// Names lists the properties in order.
func (o *Object) Names() []string { return slices.Clone(o.names) }

// Text turns a value into a string as a cast does.
func Text(v any) string {
	switch v := v.(type) {
	case nil, nothing:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'G', -1, 64)
	case time.Time:
		return v.Format("01/02/2006 15:04:05")
	case *Array:
		parts := make([]string, len(v.Items))
		for i, x := range v.Items {
			parts[i] = Text(x)
		}
		return strings.Join(parts, " ")
	case Type:
		return string(v)
	case *Hash:
		return "System.Collections.Hashtable"
	case *Exception:
		return v.Type + ": " + v.Message
	case *Record:
		return v.Exception.Message
	case *Object:
		parts := make([]string, len(v.names))
		for i, n := range v.names {
			x, _ := v.Get(n)
			parts[i] = n + "=" + Text(x)
		}
		return "@{" + strings.Join(parts, "; ") + "}"
	case fmt.Stringer:
		return v.String()
	case Members:
		return v.TypeName()
	}
	return fmt.Sprint(v)
}

// Truth is a value as a condition.
func Truth(v any) bool {
	switch v := v.(type) {
	case nil, nothing:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case *Array:
		switch len(v.Items) {
		case 0:
			return false
		case 1:
			return Truth(v.Items[0])
		}
		return true
	}
	return true
}

// number reads a value as a number.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case nil, nothing:
		return 0, true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		s := strings.TrimSpace(v)
		if s == "" {
			return 0, true
		}
		if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
			n, err := strconv.ParseInt(hex, 16, 64)
			return float64(n), err == nil
		}
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	return 0, false
}

// whole makes an integer where a number is one.
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// elements is what a value gives to the pipeline, one after the other.
func elements(v any) []any {
	switch v := v.(type) {
	case nothing:
		return nil
	case *Array:
		return v.Items
	case interface{ Elements() []any }:
		return v.Elements()
	}
	return []any{v}
}

// gathered is the value of what came out of a pipeline.
func gathered(out []any) any {
	switch len(out) {
	case 0:
		return nothing{}
	case 1:
		return out[0]
	}
	return NewArray(out...)
}

// plain turns the output of nothing into $null.
func plain(v any) any {
	if _, ok := v.(nothing); ok {
		return nil
	}
	return v
}

// A Version is a System.Version of two to four numbers; one that is not given counts as less than 0.
type Version [4]int

// TypeName is the type's name.
func (Version) TypeName() string { return "System.Version" }

func (v Version) String() string {
	var parts []string
	for _, n := range v {
		if n >= 0 {
			parts = append(parts, strconv.Itoa(n))
		}
	}
	return strings.Join(parts, ".")
}

// readVersion reads a version as a cast does.
func readVersion(s string) (Version, bool) {
	v := Version{-1, -1, -1, -1}
	parts := strings.Split(strings.TrimSpace(s), ".")
	if len(parts) < 2 || len(parts) > 4 {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return v, false
		}
		v[i] = n
	}
	return v, true
}

// compare orders two values; the left one decides how. The error says that the right one cannot be read that way.
func compare(left, right any, fold bool) (int, error) {
	switch l := left.(type) {
	case Version:
		r, ok := right.(Version)
		if !ok {
			if r, ok = readVersion(Text(right)); !ok {
				return 0, fmt.Errorf("cannot convert %q to System.Version", Text(right))
			}
		}
		return slices.Compare(l[:], r[:]), nil
	case string:
		r := Text(right)
		if fold {
			return strings.Compare(strings.ToLower(l), strings.ToLower(r)), nil
		}
		return strings.Compare(l, r), nil
	case int64, float64:
		x, _ := number(left)
		y, ok := number(right)
		if !ok {
			return 0, fault(fmt.Sprintf("Cannot convert value %q to type \"System.Int32\". Error: \"Input string was not in a correct format.\"", Text(right)))
		}
		switch {
		case x < y:
			return -1, nil
		case x > y:
			return 1, nil
		}
		return 0, nil
	case time.Time:
		if r, ok := right.(time.Time); ok {
			return l.Compare(r), nil
		}
	}
	return 0, fault(fmt.Sprintf("Cannot compare %q because it is not IComparable.", Text(left)))
}

// fault is a message of the engine, in its own spelling.
type fault string

func (f fault) Error() string { return string(f) }

// same is -eq of two single values.
func same(left, right any, fold bool) bool {
	left, right = plain(left), plain(right)
	switch l := left.(type) {
	case nil:
		return right == nil
	case string:
		if right == nil {
			return false
		}
		if fold {
			return strings.EqualFold(l, Text(right))
		}
		return l == Text(right)
	case bool:
		return l == Truth(right)
	case int64, float64:
		if right == nil {
			return false
		}
		if s, ok := right.(string); ok && strings.TrimSpace(s) == "" {
			return compareNumbers(left, int64(0))
		}
		return compareNumbers(left, right)
	case time.Time:
		r, ok := right.(time.Time)
		return ok && l.Equal(r)
	case Type:
		r, ok := right.(Type)
		return ok && sameType(string(l), string(r))
	}
	if s, ok := right.(string); ok {
		if l, ok := left.(fmt.Stringer); ok {
			return strings.EqualFold(l.String(), s)
		}
	}
	return left == right
}

func compareNumbers(a, b any) bool {
	x, _ := number(a)
	y, ok := number(b)
	return ok && x == y
}

// sameType compares the names of types, which may leave out System.
func sameType(a, b string) bool { return typeKey(a) == typeKey(b) }

func typeKey(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(s), ""))
	s = strings.TrimPrefix(s, "system.")
	switch s {
	case "int", "int32", "int64", "long":
		return "int"
	case "bool", "boolean":
		return "bool"
	case "management.automation.psobject", "management.automation.pscustomobject", "psobject", "pscustomobject":
		return "psobject"
	case "management.automation.pscredential":
		return "pscredential"
	}
	return s
}

// TypeName is the full name of a value's type.
func TypeName(v any) string {
	switch v := v.(type) {
	case string:
		return "System.String"
	case bool:
		return "System.Boolean"
	case int64:
		return "System.Int32"
	case float64:
		return "System.Double"
	case time.Time:
		return "System.DateTime"
	case Version:
		return "System.Version"
	case *Array:
		if v.Of != "" {
			return "System." + strings.ToUpper(v.Of[:1]) + v.Of[1:] + "[]"
		}
		return "System.Object[]"
	case *Hash:
		if v.Ordered {
			return "System.Collections.Specialized.OrderedDictionary"
		}
		return "System.Collections.Hashtable"
	case *Object:
		return v.Type
	case *Exception:
		return v.Type
	case *Record:
		return "System.Management.Automation.ErrorRecord"
	case *Block:
		return "System.Management.Automation.ScriptBlock"
	case Type:
		return "System.RuntimeType"
	case Members:
		return v.TypeName()
	}
	return ""
}
