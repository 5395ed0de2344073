package schema

import (
	"strings"
	"unicode"
)

// Characters that patterns are made of. They stand as themselves, not as escapes, because Go and ECMAScript spell the
// escapes differently.
const (
	// unseen are the characters that package decode refuses in every value: controls, bidi controls, marks without width
	// and the line ends of Unicode.
	unseen = "\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
	// unseenInText leaves out the tab and the line feed, which a text of several lines may have.
	unseenInText = "\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
	// spaces are those of unicode.IsSpace that are not unseen.
	spaces = " \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
)

// Parts of patterns.
const (
	label15    = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,13}[A-Za-z0-9])?`
	label63    = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	octet      = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	address4   = octet + `(?:\.` + octet + `){3}`
	pathPart   = `[^\\"<>|?*/:]*[^\\"<>|?*/:. ]`
	netbios    = `[^\\/:*?"<>|,.;=+\[\]@ ` + "\u00a0" + `]{1,15}`
	notAccount = `\\"/\[\]:;|=,+*?<>@`
	accountRim = notAccount + spaces
	dnEscape   = `\\(?:[0-9A-Fa-f]{2}|[ "#+,;<=>\\])`
	dnValue    = `(?:` + dnEscape + `|[^ #"+;<>\\,])(?:(?:` + dnEscape + `|[^"+;<>\\,])*(?:` + dnEscape + `|[^"+;<>\\, ]))?`
	dnPart     = `(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)=` + dnValue
)

// form is what a shape of package decode is to JSON Schema. Unquoted numbers and truth words are texts to the decoder
// where a text is asked for, so a form whose values may look like one takes it, unchecked.
type form struct {
	pattern string
	// not is a pattern that a value must not match, beside the unseen characters.
	not       string
	max       int  // longest value in characters, 0 for any
	number    bool // a number may be such a value
	word      bool // true or false may be such a value
	text      bool // line breaks and tabs are allowed
	marks     bool // unseen characters are taken out of it, not refused
	low, high int  // bounds of a number; the form is a number then
	inexact   bool // the pattern takes more than the decoder
}

// forms are by the name of the shape. "" is a value without shape.
var forms = map[string]form{
	"":           {number: true, word: true},
	"account":    {pattern: `^(?:(?:` + fold("NT AUTHORITY") + `|` + fold("NT SERVICE") + `|` + netbios + `)\\)?(?:[^` + accountRim + `][^` + notAccount + `]*[^` + accountRim + `.]|[^` + accountRim + `.])$`, not: `^[0-9]+\\`, number: true, word: true},
	"cidr4":      {pattern: `^` + address4 + `/(?:3[0-2]|[12]?[0-9])$`},
	"dn":         {pattern: `^` + dnPart + `(?:,` + dnPart + `)*$`},
	"dnslabel":   {pattern: `^` + label15 + `$`, not: `^[0-9]+$`, word: true},
	"duration":   {pattern: `^(?:[1-9][0-9]?h(?:[1-5]?[0-9]m)?|[1-9][0-9]{0,2}m)$`},
	"fqdn":       {pattern: `^(?:` + label63 + `\.)+` + label63 + `$`, not: `\.[0-9]+$`, max: 255},
	"instance":   {pattern: `^` + label15 + `(?:\\[A-Za-z_][A-Za-z0-9_$]{0,15})?$`, not: `^[0-9]+(?:\\|$)|\\(?:` + fold("MSSQLSERVER") + `|` + fold("DEFAULT") + `)$`, word: true},
	"ipv4":       {pattern: `^` + address4 + `$`},
	"minutes":    {low: 1, high: 525600},
	"netbios":    {pattern: `^` + netbios + `$`, not: `^[0-9]+$`, number: true, word: true},
	"percent":    {pattern: `^[0-9]{1,2}(?:\.[0-9]{1,6})?$`, not: `^[0.]+$`, number: true},
	"port":       {low: 1, high: 65535},
	"slug":       {pattern: `^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$`, number: true, word: true},
	"sqlname":    {pattern: `^[^` + spaces + `](?:.*[^` + spaces + `])?$`, max: 128, number: true, word: true},
	"text":       {text: true, number: true, word: true},
	"thumbprint": {pattern: `^(?:[:\p{Zs}\p{Cf}]*[0-9A-Fa-f]){40}[:\p{Zs}\p{Cf}]*$`, marks: true},
	"unc":        {pattern: `^\\\\` + pathPart + `(?:\\` + pathPart + `)+$`},
	"url":        {pattern: `^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@` + spaces + `]+(?:[/?#][^` + spaces + `]*)?$`, inexact: true},
	"version":    {pattern: `^[0-9]+(?:\.[0-9]+){1,3}$`, number: true},
	"winpath":    {pattern: `^[A-Za-z]:\\(?:` + pathPart + `(?:\\` + pathPart + `)*)?$`},
}

// fold writes a word as a pattern that ignores case.
func fold(word string) string {
	var b strings.Builder
	for _, r := range word {
		if unicode.IsLetter(r) {
			b.WriteString("[" + string(unicode.ToUpper(r)) + string(unicode.ToLower(r)) + "]")
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// schema returns the form as a schema.
func (f form) schema(description, example string) object {
	if f.high > 0 {
		return object{{"description", description}, {"type", "integer"}, {"minimum", f.low}, {"maximum", f.high}}
	}
	var out object
	out = out.with("description", description)
	types := []any{"string"}
	if f.number {
		types = append(types, "number")
	}
	if f.word {
		types = append(types, "boolean")
	}
	if len(types) == 1 {
		out = out.with("type", "string")
	} else {
		out = out.with("type", types)
	}
	out = out.with("pattern", f.pattern)
	if f.max > 0 {
		out = out.with("maxLength", f.max)
	}
	var not []string
	switch {
	case f.marks:
	case f.text:
		not = append(not, "["+unseenInText+"]")
	default:
		not = append(not, "["+unseen+"]")
	}
	if f.not != "" {
		not = append(not, f.not)
	}
	if len(not) > 0 {
		out = out.with("not", object{{"type", "string"}, {"pattern", strings.Join(not, "|")}})
	}
	if example != "" {
		out = out.with("examples", []any{example})
	}
	return out
}
