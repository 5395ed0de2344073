package quote

import (
	"fmt"
	"slices"
)

// Language names a target language as the file name of a template does: install.sql.tmpl is "sql".
type Language string

// The languages that have functions.
const (
	LangPowerShell Language = "ps1"
	LangSQL        Language = "sql"
	LangXML        Language = "xml"
	LangHAProxy    Language = "cfg"
	LangMarkdown   Language = "md"
	LangINF        Language = "inf"
	LangDiskshadow Language = "dsh"
	LangCmd        Language = "cmd"
	LangText       Language = "txt"
	LangJSON       Language = "json"
	LangHTML       Language = "html"
)

// function is one template function. A function without a context encodes a value that still has to be quoted.
type function struct {
	name string
	ctx  Context
	fn   any
}

// encoders are known in every language; what they return is plain text, and an action cannot end in one.
func encoders() []function {
	return []function{
		{"ldapFilter", 0, LDAPFilter},
		{"dnValue", 0, DNValue},
		{"connValue", 0, ConnValue},
		{"connCatalog", 0, ConnCatalog},
	}
}

func safe(lang Language) []function {
	switch lang {
	case LangPowerShell:
		return []function{
			{"ps", Code, PS},
			{"psBool", Code, PSBool},
			{"psInt", Code, PSInt},
			{"psList", Code, PSList},
			{"psNote", Comment, PSNote},
			{"psText", Code, func(p PS1) (string, error) { return p.text, nil }},
		}
	case LangSQL:
		return []function{
			{"sqlInt", Number, SQLInt},
			{"sqlName", Code, SQLName},
			{"sqlNote", Comment, SQLNote},
			{"sqlString", Code, SQLString},
			{"sqlText", Code, func(s SQL) (string, error) { return s.text, nil }},
		}
	case LangXML:
		return []function{
			{"xmlAttr", Code, XMLAttr},
			{"xmlInt", Code, Int},
			{"xmlNote", Comment, XMLNote},
			{"xmlText", Code, XMLText},
		}
	case LangHAProxy:
		return []function{
			{"haInt", Code, Int},
			{"haNote", Comment, HANote},
			{"haWord", Code, HAWord},
		}
	case LangMarkdown:
		return []function{
			{"mdAnchor", Code, MDAnchor},
			{"mdCell", Code, MDCell},
			{"mdCode", Code, MDCode},
			{"mdInt", Code, Int},
			{"mdText", Code, MDText},
		}
	case LangINF:
		return []function{
			{"infInt", Code, Int},
			{"infNote", Comment, INFNote},
			{"infString", Code, INFString},
		}
	case LangDiskshadow:
		return []function{
			{"dshNote", Comment, DSHNote},
			{"dshWord", Code, DSHWord},
		}
	case LangCmd:
		return []function{
			{"cmdNote", Comment, CmdNote},
			{"cmdWord", Code, CmdWord},
		}
	case LangText:
		return []function{
			{"int", Code, Int},
			{"line", Code, Line},
		}
	case LangJSON:
		return []function{
			{"jsonInt", Code, Int},
			{"jsonString", Code, JSONString},
		}
	case LangHTML:
		return []function{
			{"htmlAttr", Attribute, HTMLAttr},
			{"htmlInt", Number, Int},
			{"htmlText", Code, HTMLText},
			{"htmlURL", Address, HTMLURL},
		}
	}
	return nil
}

// Languages returns every language that has functions, sorted.
func Languages() []Language {
	return []Language{
		LangHAProxy, LangCmd, LangDiskshadow, LangHTML, LangINF, LangJSON, LangMarkdown, LangPowerShell, LangSQL, LangText, LangXML,
	}
}

// Functions returns the template functions of a language by name, in a map of the caller's own: those of Safe, and the
// encoders ldapFilter, dnValue, connValue and connCatalog, whose result is still to be quoted. An unknown language has
// the encoders only.
func Functions(lang Language) map[string]any {
	m := map[string]any{}
	for _, f := range append(encoders(), safe(lang)...) {
		m[f.name] = f.fn
	}
	return m
}

// Safe returns the names, sorted, of the functions whose result may end an action in a template of lang. It is empty for
// an unknown language.
func Safe(lang Language) []string {
	var names []string
	for _, f := range safe(lang) {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

// ContextOf tells where the result of a function of Safe may stand; it is an error to ask about another.
func ContextOf(lang Language, name string) (Context, error) {
	for _, f := range safe(lang) {
		if f.name == name {
			return f.ctx, nil
		}
	}
	return 0, fmt.Errorf("%s is no quoting function of the language %s", name, lang)
}
