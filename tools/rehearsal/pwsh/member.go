package pwsh

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// A Span is a TimeSpan.
type Span time.Duration

// TypeName is the type's name.
func (Span) TypeName() string { return "System.TimeSpan" }

func (s Span) String() string { return time.Duration(s).String() }

// An Enum is a value of an enumeration.
type Enum struct {
	Of    string // type
	Name  string
	Value int64
}

func (e Enum) String() string { return e.Name }

// Number is the value as a number.
func (e Enum) Number() int64 { return e.Value }

func (in *Interp) memberName(n nodeRef, s *scope) string {
	m := n.Children[2]
	if inner := m.Unwrap(); inner.Kind == "variable" || inner.Kind == "parenthesized_expression" {
		return Text(in.value(inner, s))
	}
	if only := m.Child("variable", "string_literal"); only != nil {
		return Text(in.value(only, s))
	}
	return strings.TrimSpace(m.Text())
}

// member reads a property.
func (in *Interp) member(n nodeRef, s *scope) any {
	target := in.value(n.Children[0], s)
	name := in.memberName(n, s)
	if n.Children[1].Kind == "::" {
		t, ok := target.(Type)
		if !ok {
			in.unsupported(n, "a static member of something that is no type")
		}
		return in.static(n, string(t), name, nil, false)
	}
	v, ok := in.property(target, name)
	if !ok {
		if m, host := target.(Members); host {
			in.unsupported(n, "the property %s of %s", name, m.TypeName())
		}
		in.throw(n, "System.Management.Automation.PropertyNotFoundException", "PropertyNotFoundStrict", "The property '%s' cannot be found on this object. Verify that the property exists.", name)
	}
	return v
}

// property reads a property of a value; false when there is none.
func (in *Interp) property(target any, name string) (any, bool) {
	key := strings.ToLower(name)
	if key == "psobject" {
		return view{target}, plain(target) != nil
	}
	switch v := target.(type) {
	case nil, nothing:
		return nil, false
	case string:
		if key == "length" {
			return int64(len(utf16.Encode([]rune(v)))), true
		}
	case time.Time:
		switch key {
		case "ticks":
			return v.UnixNano() / 100, true
		case "year":
			return int64(v.Year()), true
		}
	case Span:
		d := time.Duration(v)
		switch key {
		case "totalseconds":
			return d.Seconds(), true
		case "totalminutes":
			return d.Minutes(), true
		case "totalhours":
			return d.Hours(), true
		case "totaldays":
			return d.Hours() / 24, true
		}
	case *Array:
		switch key {
		case "length", "count":
			return int64(len(v.Items)), true
		}
		// The property of each element that has it.
		out, found := NewArray(), false
		for _, e := range v.Items {
			if x, ok := in.property(e, name); ok {
				found = true
				out.Items = append(out.Items, elements(x)...)
			}
		}
		return gathered(out.Items), found
	case *Hash:
		if x, ok := v.Get(name); ok {
			return x, true
		}
		switch key {
		case "count":
			return int64(len(v.keys)), true
		case "keys":
			return Strings(v.keys), true
		case "values":
			out := NewArray()
			for _, k := range v.keys {
				out.Items = append(out.Items, v.values[strings.ToLower(k)])
			}
			return out, true
		}
	case *Object:
		return v.Get(name)
	case *Exception:
		switch key {
		case "message":
			return v.Message, true
		case "innerexception":
			if v.Inner == nil {
				return nil, true
			}
			return v.Inner, true
		}
		x, ok := v.Members[key]
		return x, ok
	case *Record:
		switch key {
		case "exception":
			return v.Exception, true
		case "fullyqualifiederrorid":
			return v.ID, true
		case "invocationinfo":
			return NewObject("ScriptLineNumber", int64(v.Line), "PositionMessage", fmt.Sprintf("At %s:%d\r\n+ %s", in.Script, v.Line, v.Text)), true
		case "targetobject":
			return nil, true
		}
	case Type:
		switch key {
		case "name", "fullname":
			return string(v), true
		}
	case pattern:
		return v.property(key)
	case Enum:
		if key == "value__" {
			return v.Value, true
		}
	case Members:
		in.Host.Step(v.TypeName() + "." + name)
		return v.Get(name)
	}
	return nil, false
}

// element reads target[index].
func (in *Interp) element(n nodeRef, s *scope) any {
	target := in.value(n.Children[0], s)
	index := in.value(n.Children[2], s)
	one := func(i any) any {
		switch t := target.(type) {
		case *Hash:
			if v, ok := t.Get(Text(i)); ok {
				return v
			}
			return nil
		case *Array, string:
			f, ok := number(i)
			if !ok {
				in.unsupported(n, "an index that is no number")
			}
			var items []any
			if text, isText := t.(string); isText {
				for _, r := range text {
					items = append(items, string(r))
				}
			} else {
				items = t.(*Array).Items
			}
			at := int(f)
			if at < 0 {
				at += len(items)
			}
			if at < 0 || at >= len(items) {
				in.throw(n, "System.IndexOutOfRangeException", "System.IndexOutOfRangeException", "Index was outside the bounds of the array.")
			}
			return items[at]
		case interface{ Element(any) (any, bool) }:
			if v, ok := t.Element(i); ok {
				return v
			}
			in.unsupported(n, "the element %s", Text(i))
		case nil, nothing:
			in.throw(n, "System.Management.Automation.RuntimeException", "NullArray", "Cannot index into a null array.")
		}
		in.unsupported(n, "an element of %s", TypeName(target))
		return nil
	}
	if list, ok := index.(*Array); ok {
		out := NewArray()
		for _, i := range list.Items {
			out.Items = append(out.Items, one(i))
		}
		return out
	}
	return one(index)
}

// invoke calls a method.
func (in *Interp) invoke(n nodeRef, s *scope) any {
	return in.invokeWith(n, n.Child("argument_list"), s)
}

// trailing is the argument list that the grammar puts beside the member, where a method call is the argument of a command; nil for none.
func trailing(n nodeRef) nodeRef {
	if n.Parent == nil || n.Parent.Kind != "command_elements" {
		return nil
	}
	for i, c := range n.Parent.Children {
		if c == n && i+1 < len(n.Parent.Children) && n.Parent.Children[i+1].Kind == "argument_list" {
			return n.Parent.Children[i+1]
		}
	}
	return nil
}

func (in *Interp) invokeWith(n, list nodeRef, s *scope) any {
	target := in.value(n.Children[0], s)
	name := in.memberName(n, s)
	var args []any
	if list != nil {
		if l := list.Child("argument_expression_list"); l != nil {
			for _, c := range l.Children {
				if c.Kind == "argument_expression" {
					args = append(args, plain(in.value(c, s)))
				}
			}
		}
	}
	if n.Children[1].Kind == "::" {
		t, ok := target.(Type)
		if !ok {
			in.unsupported(n, "a static method of something that is no type")
		}
		return in.called(n, name, args, func() any { return in.static(n, string(t), name, args, true) })
	}
	if plain(target) == nil {
		in.throw(n, "System.Management.Automation.RuntimeException", "InvokeMethodOnNull", "You cannot call a method on a null-valued expression.")
	}
	return in.called(n, name, args, func() any {
		v, ok := in.method(n, target, name, args)
		if !ok {
			in.unsupported(n, "the method %s of %s with %d arguments", name, TypeName(target), len(args))
		}
		return v
	})
}

// called wraps what a method throws, as PowerShell does.
func (in *Interp) called(n nodeRef, name string, args []any, run func() any) any {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *thrown:
			inner := r.record.Exception
			panic(&thrown{&Record{
				Exception: &Exception{
					Type:    "System.Management.Automation.MethodInvocationException",
					Message: fmt.Sprintf("Exception calling %q with \"%d\" argument(s): %q", name, len(args), inner.Message),
					Inner:   inner,
				},
				ID: inner.Type[strings.LastIndexByte(inner.Type, '.')+1:], Line: n.Line(), Text: n.Text(),
			}})
		case *Unsupported:
			in.place(r, n)
			panic(r)
		default:
			panic(r)
		}
	}()
	return run()
}

func text(args []any, i int) string { return Text(args[i]) }

func (in *Interp) method(n nodeRef, target any, name string, args []any) (any, bool) {
	key := strings.ToLower(name)
	if key == "gettype" && len(args) == 0 {
		if t, ok := target.(interface{ GetType() any }); ok { // a type of the host with members of its own
			return t.GetType(), true
		}
		full := TypeName(target)
		return NewObject("Name", full[strings.LastIndexByte(full, '.')+1:], "FullName", full), true
	}
	switch v := target.(type) {
	case string:
		return in.stringMethod(n, v, key, args)
	case int64, float64, bool:
		if key == "tostring" && len(args) <= 1 {
			if len(args) == 1 {
				if form, ok := args[0].(string); ok {
					return in.formatted(n, v, form), true
				}
			}
			return Text(v), true
		}
	case time.Time:
		return in.dateMethod(n, v, key, args)
	case *Array:
		switch {
		case key == "contains" && len(args) == 1:
			return slices.ContainsFunc(v.Items, func(e any) bool { return same(e, args[0], false) }), true
		case key == "tostring":
			return TypeName(v), true
		case key == "clone":
			return &Array{Items: slices.Clone(v.Items), Of: v.Of}, true
		}
	case *Hash:
		switch {
		case (key == "containskey" || key == "contains") && len(args) == 1:
			_, ok := v.Get(text(args, 0))
			return ok, true
		case key == "add" && len(args) == 2:
			if _, twice := v.Get(text(args, 0)); twice {
				Throw("System.ArgumentException", "Item has already been added. Key in dictionary: '%s'  Key being added: '%s'", text(args, 0), text(args, 0))
			}
			v.Set(text(args, 0), args[1])
			return nothing{}, true
		case key == "remove" && len(args) == 1:
			v.Remove(text(args, 0))
			return nothing{}, true
		}
	case *Exception:
		switch key {
		case "getbaseexception":
			for v.Inner != nil {
				v = v.Inner
			}
			return v, true
		case "tostring":
			return Text(v), true
		}
	case cmdlet:
		return v.call(n, key, args)
	case digest:
		return v.call(key, args)
	case encoding:
		return v.call(key, args)
	case Members:
		in.Host.Step(v.TypeName() + "." + name)
		return v.Call(name, args)
	}
	if key == "tostring" && len(args) == 0 {
		return Text(target), true
	}
	return nil, false
}

func fold(args []any, i int) bool {
	return i < len(args) && strings.HasSuffix(strings.ToLower(Text(args[i])), "ignorecase")
}

func (in *Interp) stringMethod(n nodeRef, v, key string, args []any) (any, bool) {
	units := utf16.Encode([]rune(v))
	cut := func(from, to int) string {
		if from < 0 || to < from || to > len(units) {
			Throw("System.ArgumentOutOfRangeException", "Index and length must refer to a location within the string. Parameter name: length")
		}
		return string(utf16.Decode(units[from:to]))
	}
	at := func(byteIndex int) int64 {
		if byteIndex < 0 {
			return -1
		}
		return int64(len(utf16.Encode([]rune(v[:byteIndex]))))
	}
	num := func(i int) int { f, _ := number(args[i]); return int(f) }
	set := func() string {
		if len(args) == 0 {
			return " \t\r\n\v\f\u00a0\ufeff"
		}
		var b strings.Builder
		for _, a := range args {
			for _, e := range elements(a) {
				b.WriteString(Text(e))
			}
		}
		return b.String()
	}
	compared := func(test func(s, part string) bool) (any, bool) {
		if fold(args, 1) {
			return test(strings.ToLower(v), strings.ToLower(text(args, 0))), true
		}
		return test(v, text(args, 0)), true
	}
	switch {
	case key == "trim" && len(args) <= 1:
		return strings.Trim(v, set()), true
	case key == "trimstart":
		return strings.TrimLeft(v, set()), true
	case key == "trimend":
		return strings.TrimRight(v, set()), true
	case key == "replace" && len(args) == 2:
		if text(args, 0) == "" {
			Throw("System.ArgumentException", "String cannot be of zero length. Parameter name: oldValue")
		}
		return strings.ReplaceAll(v, text(args, 0), text(args, 1)), true
	case key == "startswith" && len(args) >= 1:
		return compared(strings.HasPrefix)
	case key == "endswith" && len(args) >= 1:
		return compared(strings.HasSuffix)
	case key == "contains" && len(args) == 1:
		return strings.Contains(v, text(args, 0)), true
	case key == "indexof" && len(args) >= 1:
		if len(args) == 1 {
			return at(strings.Index(v, text(args, 0))), true
		}
		if _, comparison := args[1].(Enum); comparison {
			if fold(args, 1) {
				return at(strings.Index(strings.ToLower(v), strings.ToLower(text(args, 0)))), true
			}
			return at(strings.Index(v, text(args, 0))), true
		}
	case key == "lastindexof" && len(args) >= 1:
		return at(strings.LastIndex(v, text(args, 0))), true
	case key == "substring" && len(args) == 1:
		return cut(num(0), len(units)), true
	case key == "substring" && len(args) == 2:
		return cut(num(0), num(0)+num(1)), true
	case key == "split":
		seps := set()
		if len(args) == 2 {
			if list, ok := args[0].(*Array); ok && len(list.Items) == 1 {
				if count, ok := args[1].(int64); ok { // String.Split(Char[], Int32): the last part holds the rest
					return Strings(strings.SplitN(v, Text(list.Items[0]), int(count))), true
				}
				return Strings(strings.Split(v, Text(list.Items[0]))), true
			}
			in.unsupported(n, "Split with these arguments")
		}
		var parts []string
		start := 0
		for i, r := range v {
			if strings.ContainsRune(seps, r) {
				parts = append(parts, v[start:i])
				start = i + len(string(r))
			}
		}
		return Strings(append(parts, v[start:])), true
	case key == "tolowerinvariant" || key == "tolower":
		return strings.ToLower(v), true
	case key == "toupperinvariant" || key == "toupper":
		return strings.ToUpper(v), true
	case key == "tostring":
		return v, true
	case key == "padleft" && len(args) == 1:
		return strings.Repeat(" ", max(0, num(0)-len(units))) + v, true
	case key == "padright" && len(args) == 1:
		return v + strings.Repeat(" ", max(0, num(0)-len(units))), true
	case key == "tochararray":
		out := NewArray()
		for _, r := range v {
			out.Items = append(out.Items, string(r))
		}
		return out, true
	case key == "equals":
		return v == text(args, 0) || fold(args, 1) && strings.EqualFold(v, text(args, 0)), true
	case key == "compareto":
		return int64(strings.Compare(v, text(args, 0))), true
	case key == "insert" && len(args) == 2:
		return cut(0, num(0)) + text(args, 1) + cut(num(0), len(units)), true
	}
	return nil, false
}

func (in *Interp) dateMethod(n nodeRef, v time.Time, key string, args []any) (any, bool) {
	step := map[string]time.Duration{
		"addseconds": time.Second, "addminutes": time.Minute, "addhours": time.Hour, "adddays": 24 * time.Hour, "addmilliseconds": time.Millisecond,
	}
	if unit, ok := step[key]; ok && len(args) == 1 {
		f, _ := number(args[0])
		return v.Add(time.Duration(f * float64(unit))), true
	}
	switch key {
	case "touniversaltime":
		return v.UTC(), true
	case "tolocaltime":
		return v, true
	case "tostring":
		if len(args) == 0 {
			return Text(v), true
		}
		return in.dateText(n, v, text(args, 0)), true
	}
	return nil, false
}

// dateText formats a date by the formats that the scripts use.
func (in *Interp) dateText(n nodeRef, v time.Time, form string) string {
	layouts := map[string]string{
		"s": "2006-01-02T15:04:05", "o": "2006-01-02T15:04:05.0000000Z", "yyyyMMddTHHmmss": "20060102T150405", "yyyy-MM-dd": "2006-01-02", "yyyy-MM-dd HH:mm:ss": "2006-01-02 15:04:05",
		"yyyyMMddHHmmss": "20060102150405", "HH:mm:ss": "15:04:05", "yyyy-MM-dd HH:mm": "2006-01-02 15:04", "u": "2006-01-02 15:04:05Z", "yyyyMMdd": "20060102",
	}
	if form == "yyyyMMddTHHmmssfff" {
		return v.Format("20060102T150405") + pad(strconv.Itoa(v.Nanosecond()/1e6), 3)
	}
	layout, ok := layouts[form]
	if !ok {
		in.unsupported(n, "the date format %s", form)
	}
	return v.Format(layout)
}

// cmdlet is $PSCmdlet.
type cmdlet struct {
	in *Interp
	s  *scope
}

func (c cmdlet) TypeName() string { return "System.Management.Automation.PSScriptCmdlet" }

func (c cmdlet) call(n nodeRef, key string, args []any) (any, bool) {
	switch {
	case key == "shouldprocess" && (len(args) == 1 || len(args) == 2):
		if v, _ := c.s.find("whatifpreference"); Truth(v) {
			action := "x"
			if len(args) == 2 {
				action = text(args, 1)
			}
			c.in.print(fmt.Sprintf("What if: Performing the operation %q on target %q.", action, text(args, 0)))
			return false, true
		}
		return true, true
	case key == "getunresolvedproviderpathfrompspath" && len(args) == 1:
		p := text(args, 0)
		if strings.HasPrefix(p, `\\`) || len(p) > 2 && p[1] == ':' {
			return p, true
		}
		return parentPath(c.in.Script) + `\` + strings.TrimPrefix(p, `.\`), true
	}
	_ = n
	return nil, false
}

// view is the PSObject of a value.
type view struct{ of any }

func (view) TypeName() string     { return "System.Management.Automation.PSMemberSet" }
func (view) Set(string, any) bool { return false }
func (v view) Get(name string) (any, bool) {
	if strings.EqualFold(name, "Properties") {
		return properties(v), true
	}
	return nil, false
}
func (view) Call(string, []any) (any, bool) { return nil, false }

type properties struct{ of any }

func (properties) TypeName() string               { return "System.Management.Automation.PSMemberInfoCollection" }
func (properties) Get(string) (any, bool)         { return nil, false }
func (properties) Set(string, any) bool           { return false }
func (properties) Call(string, []any) (any, bool) { return nil, false }

// Element is the property of a name, $null when there is none.
func (p properties) Element(index any) (any, bool) {
	switch o := p.of.(type) {
	case *Object:
		if v, ok := o.Get(Text(index)); ok {
			return NewObject("Name", Text(index), "Value", v), true
		}
	case Members:
		if v, ok := o.Get(Text(index)); ok {
			return NewObject("Name", Text(index), "Value", v), true
		}
	}
	return nil, true
}

// Elements lists the properties.
func (p properties) Elements() []any {
	var out []any
	if o, ok := p.of.(*Object); ok {
		for _, name := range o.names {
			v, _ := o.Get(name)
			out = append(out, NewObject("Name", name, "Value", v))
		}
	}
	return out
}

// pattern is a System.Text.RegularExpressions.Match.
type pattern struct {
	found []string // nil for no match
}

func (pattern) TypeName() string { return "System.Text.RegularExpressions.Match" }

func (p pattern) property(key string) (any, bool) {
	group := func(i int) any {
		if i < len(p.found) {
			return NewObject("Value", p.found[i], "Success", p.found[i] != "")
		}
		return NewObject("Value", "", "Success", false)
	}
	switch key {
	case "success":
		return p.found != nil, true
	case "value":
		if p.found == nil {
			return "", true
		}
		return p.found[0], true
	case "groups":
		return groups{len(p.found), group}, true
	}
	return nil, false
}

type groups struct {
	n   int
	get func(int) any
}

// Element is one group.
func (g groups) Element(index any) (any, bool) {
	f, ok := number(index)
	return g.get(int(f)), ok
}

// static reads or calls what belongs to a type alone; the rest is the host's.
func (in *Interp) static(n nodeRef, typ, name string, args []any, call bool) any {
	if v, ok := in.known(n, typeKey(typ)+"::"+strings.ToLower(name), args); ok {
		return v
	}
	in.Host.Step("[" + typ + "]::" + name)
	v, ok := in.Host.Static(typ, name, args, call)
	if !ok {
		in.unsupported(n, "[%s]::%s with %d arguments", typ, name, len(args))
	}
	return v
}

func (in *Interp) known(n nodeRef, key string, args []any) (any, bool) {
	num := func(i int) float64 { f, _ := number(args[i]); return f }
	switch key {
	case "datetime::utcnow", "datetime::now":
		return in.Host.Now(), true
	case "datetime::parse":
		if len(args) == 3 {
			if t, err := time.Parse(time.RFC3339Nano, text(args, 0)); err == nil {
				return t, true
			}
			Throw("System.FormatException", "String was not recognized as a valid DateTime.")
		}
	case "globalization.datetimestyles::roundtripkind":
		return Enum{"DateTimeStyles", "RoundtripKind", 128}, true
	case "environment::newline":
		return "\r\n", true
	case "nullstring::value", "management.automation.language.nullstring::value":
		return nil, true
	case "globalization.cultureinfo::invariantculture":
		return "invariant", true
	case "stringcomparison::ordinal", "stringcomparer::ordinal":
		return Enum{"StringComparison", "Ordinal", 4}, true
	case "stringcomparison::ordinalignorecase", "stringcomparer::ordinalignorecase":
		return Enum{"StringComparison", "OrdinalIgnoreCase", 5}, true
	case "text.encoding::utf8", "text.encoding::ascii", "text.encoding::unicode":
		return encoding{strings.TrimPrefix(key, "text.encoding::"), key != "text.encoding::ascii"}, true
	case "math::max":
		return whole(math.Max(num(0), num(1))), true
	case "math::min":
		return whole(math.Min(num(0), num(1))), true
	case "math::floor":
		return whole(math.Floor(num(0))), true
	case "math::ceiling":
		return whole(math.Ceil(num(0))), true
	case "math::round":
		places := 0.0
		if len(args) > 1 {
			places = num(1)
		}
		p := math.Pow(10, places)
		return whole(math.RoundToEven(num(0)*p) / p), true
	case "string::isnullorempty":
		return Text(args[0]) == "", true
	case "string::equals":
		return text(args, 0) == text(args, 1) || fold(args, 2) && strings.EqualFold(text(args, 0), text(args, 1)), true
	case "string::join":
		var parts []string
		for _, e := range elements(args[1]) {
			parts = append(parts, Text(e))
		}
		return strings.Join(parts, text(args, 0)), true
	case "bitconverter::tostring":
		var parts []string
		for _, e := range elements(args[0]) {
			f, _ := number(e)
			parts = append(parts, fmt.Sprintf("%02X", int(f)))
		}
		return strings.Join(parts, "-"), true
	case "convert::tobyte", "convert::toint32":
		base := 10
		if len(args) > 1 {
			base = int(num(1))
		}
		v, err := strconv.ParseInt(text(args, 0), base, 64)
		if err != nil {
			Throw("System.FormatException", "Input string was not in a correct format.")
		}
		return v, true
	case "convert::tobase64string":
		return base64.StdEncoding.EncodeToString(bytesOf(args[0])), true
	case "regex::match":
		return pattern{in.pattern(n, text(args, 1)).FindStringSubmatch(text(args, 0))}, true
	case "regex::ismatch":
		return in.pattern(n, text(args, 1)).MatchString(text(args, 0)), true
	case "array::reverse":
		slices.Reverse(args[0].(*Array).Items)
		return nothing{}, true
	case "array::sort":
		a := args[0].(*Array)
		insensitive := fold(args, 1)
		slices.SortFunc(a.Items, func(x, y any) int {
			c, err := compare(x, y, insensitive)
			if err != nil {
				in.unsupported(n, "sorting %s", TypeName(x))
			}
			return c
		})
		return nothing{}, true
	case "io.path::getfilename":
		p := text(args, 0)
		return p[strings.LastIndexAny(p, `\/`)+1:], true
	case "io.path::getdirectoryname":
		return parentPath(text(args, 0)), true
	case "io.path::combine":
		return strings.TrimRight(text(args, 0), `\`) + `\` + text(args, 1), true
	case "guid::empty":
		return "00000000-0000-0000-0000-000000000000", true
	case "int::maxvalue":
		return int64(math.MaxInt32), true
	}
	return nil, false
}

// bytesOf reads a byte array.
func bytesOf(v any) []byte {
	var out []byte
	for _, e := range elements(v) {
		f, _ := number(e)
		out = append(out, byte(int(f)))
	}
	return out
}

// Bytes makes a byte array.
func Bytes(data []byte) *Array {
	a := &Array{Of: "byte", Items: make([]any, len(data))}
	for i, b := range data {
		a.Items[i] = int64(b)
	}
	return a
}

// encoding is a text encoding.
type encoding struct {
	name string
	bom  bool
}

func (encoding) TypeName() string { return "System.Text.Encoding" }

// Preamble tells whether a text in this encoding begins with a byte order mark.
func (e encoding) Preamble() bool { return e.bom }

func (e encoding) call(key string, args []any) (any, bool) {
	switch {
	case key == "getbytes" && len(args) == 1:
		if e.name == "unicode" {
			var out []byte
			for _, u := range utf16.Encode([]rune(text(args, 0))) {
				out = append(out, byte(u), byte(u>>8))
			}
			return Bytes(out), true
		}
		return Bytes([]byte(text(args, 0))), true
	case key == "getstring" && len(args) >= 1:
		data := bytesOf(args[0])
		if len(args) == 3 {
			from, _ := number(args[1])
			n, _ := number(args[2])
			data = data[int(from):int(from+n)]
		}
		return string(data), true
	}
	return nil, false
}

// digest is SHA256CryptoServiceProvider, or HMACSHA256 with a key.
type digest struct{ key []byte }

func (d digest) TypeName() string {
	if d.key != nil {
		return "System.Security.Cryptography.HMACSHA256"
	}
	return "System.Security.Cryptography.SHA256CryptoServiceProvider"
}

func (d digest) call(key string, args []any) (any, bool) {
	switch key {
	case "dispose":
		return nothing{}, true
	case "computehash":
		data := bytesOf(args[0])
		if d.key == nil {
			sum := sha256.Sum256(data)
			return Bytes(sum[:]), true
		}
		m := hmac.New(sha256.New, d.key)
		m.Write(data)
		return Bytes(m.Sum(nil)), true
	}
	return nil, false
}

// Hex reads the text of [BitConverter]::ToString.
func Hex(s string) ([]byte, error) { return hex.DecodeString(strings.ReplaceAll(s, "-", "")) }
