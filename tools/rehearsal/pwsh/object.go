package pwsh

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// newObject is New-Object. A property bag and a byte array are the language's own, everything else is the host's.
func (in *Interp) newObject(call *psverify.Command, s *scope, out sink) {
	named, positional := in.args(call, s, func(p string) bool { return strings.EqualFold(p, "Strict") })
	for _, p := range []string{"typename", "argumentlist"} {
		if _, ok := named[p]; !ok && len(positional) > 0 && named["comobject"] == nil {
			named[p], positional = positional[0], positional[1:]
		}
	}
	typ := Text(named["typename"])
	if com := named["comobject"]; com != nil {
		typ = "com:" + Text(com)
	}
	var args []any
	switch v := named["argumentlist"].(type) {
	case nil:
	case *Array:
		args = v.Items
	default:
		args = []any{v}
	}
	switch typeKey(typ) {
	case "psobject":
		o := NewObject()
		if h, ok := named["property"].(*Hash); ok {
			for _, k := range h.keys {
				v, _ := h.Get(k)
				o.Set(k, v)
			}
		}
		out(o)
		return
	case "byte[]":
		f, _ := number(args[0])
		out(Bytes(make([]byte, int(f))))
		return
	case "security.cryptography.sha256cryptoserviceprovider":
		out(digest{})
		return
	case "security.cryptography.hmacsha256":
		if len(args) != 1 {
			in.throw(call.Node, "System.Management.Automation.PSArgumentException", "ConstructorInvokedThrowException", "Cannot find an overload for \"HMACSHA256\" and the argument count: \"%d\".", len(args))
		}
		out(digest{bytesOf(args[0])})
		return
	case "text.utf8encoding":
		out(encoding{"utf8", len(args) > 0 && Truth(args[0])})
		return
	}
	in.Host.Step("New-Object " + typ)
	made := in.placed(call.Node, func() []any {
		v, ok := in.Host.New(typ, args)
		if !ok {
			in.unsupported(call.Node, "New-Object %s with %d arguments", typ, len(args))
		}
		return []any{v}
	}, false)
	out(made[0])
}

// toJSON is ConvertTo-Json -InputObject, with the escapes of Windows PowerShell; its way to indent is its own.
func (in *Interp) toJSON(call *psverify.Command, s *scope, out sink) {
	named, positional := in.args(call, s, func(p string) bool { return strings.EqualFold(p, "Compress") })
	v, ok := named["inputobject"]
	if !ok || len(positional) > 0 {
		in.unsupported(call.Node, "ConvertTo-Json without -InputObject")
	}
	depth := 2.0
	if d, ok := named["depth"]; ok {
		depth, _ = number(d)
	}
	var b strings.Builder
	in.writeJSON(call.Node, &b, v, int(depth), "")
	if Truth(named["compress"]) {
		lines := strings.Split(b.String(), "\r\n") // no text holds a line end: they are escaped
		for i := range lines {
			lines[i] = strings.TrimLeft(lines[i], " ")
		}
		out(strings.ReplaceAll(strings.Join(lines, ""), "\":  ", "\":"))
		return
	}
	out(b.String())
}

func (in *Interp) writeJSON(n nodeRef, b *strings.Builder, v any, depth int, indent string) {
	pairs := func(keys []string, get func(string) any) {
		if depth < 0 {
			in.unsupported(n, "JSON deeper than -Depth")
		}
		b.WriteString("{")
		for i, k := range keys {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString("\r\n" + indent + "    " + quoteJSON(k) + ":  ")
			in.writeJSON(n, b, get(k), depth-1, indent+"    ")
		}
		b.WriteString("\r\n" + indent + "}")
	}
	switch v := v.(type) {
	case nil, nothing:
		b.WriteString("null")
	case string:
		b.WriteString(quoteJSON(v))
	case bool:
		fmt.Fprint(b, v)
	case int64, float64:
		b.WriteString(Text(v))
	case *Hash:
		pairs(v.keys, func(k string) any { x, _ := v.Get(k); return x })
	case *Object:
		pairs(v.names, func(k string) any { x, _ := v.Get(k); return x })
	case *Array:
		b.WriteString("[")
		for i, e := range v.Items {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString("\r\n" + indent + "    ")
			in.writeJSON(n, b, e, depth-1, indent+"    ")
		}
		b.WriteString("\r\n" + indent + "]")
	default:
		in.unsupported(n, "JSON of %s", TypeName(v))
	}
}

func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || strings.ContainsRune("'<>&", r) || r == 0x2028 || r == 0x2029:
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, u)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// fromJSON is ConvertFrom-Json -InputObject.
func (in *Interp) fromJSON(call *psverify.Command, s *scope, out sink) {
	named, positional := in.args(call, s, func(string) bool { return false })
	v, ok := named["inputobject"]
	if !ok || len(positional) > 0 {
		in.unsupported(call.Node, "ConvertFrom-Json without -InputObject")
	}
	d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(Text(v), "\ufeff")))
	value, err := readJSON(d)
	if err == nil && d.More() {
		err = fmt.Errorf("more text behind the value")
	}
	if err != nil {
		in.throw(call.Node, "System.ArgumentException", "System.ArgumentException,Microsoft.PowerShell.Commands.ConvertFromJsonCommand", "Invalid JSON primitive: %s.", err)
	}
	out(value)
}

// readJSON reads one value, keeping the order of keys.
func readJSON(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			a := NewArray()
			for d.More() {
				v, err := readJSON(d)
				if err != nil {
					return nil, err
				}
				a.Items = append(a.Items, v)
			}
			_, err := d.Token()
			return a, err
		}
		o := NewObject()
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readJSON(d)
			if err != nil {
				return nil, err
			}
			o.Set(k.(string), v)
		}
		_, err := d.Token()
		return o, err
	case float64:
		return whole(t), nil
	}
	return t, nil
}
