package catalog

import (
	"slices"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// allowed are the sprig functions that templates may use: pure and deterministic ones for strings, lists, dictionaries
// and whole numbers. Functions of time, randomness, the environment, the network and cryptography are left out, and so are
// quote and squote, which know no target language.
var allowed = []string{
	"abbrev", "add", "add1", "append", "camelcase", "cat", "ceil", "chunk", "coalesce", "compact", "concat", "contains",
	"default", "dict", "div", "empty", "first", "floor", "get", "has", "hasKey", "hasPrefix", "hasSuffix", "indent",
	"initial", "int", "int64", "join", "kebabcase", "kindIs", "last", "list", "lower", "max", "min", "mod", "mul",
	"nindent", "nospace", "plural", "prepend", "repeat", "replace", "rest", "reverse", "round", "seq", "set", "slice",
	"snakecase", "sortAlpha", "splitList", "sub", "substr", "ternary", "title", "toString", "toStrings", "trim",
	"trimAll", "trimPrefix", "trimSuffix", "trunc", "tuple", "uniq", "until", "untilStep", "upper", "without", "wrap",
	"wrapWith",
}

// functions returns the template functions of a language: the allowed part of sprig, shadowed by the quoting functions.
func functions(l quote.Language) template.FuncMap {
	all := sprig.GenericFuncMap()
	m := template.FuncMap{}
	for _, name := range allowed {
		if f, ok := all[name]; ok {
			m[name] = f
		}
	}
	// Sprig's sorts the list that it is given, which other templates see, too.
	sorted := all["sortAlpha"].(func(any) []string)
	m["sortAlpha"] = func(list any) []string {
		if texts, ok := list.([]string); ok {
			list = slices.Clone(texts)
		}
		return sorted(list)
	}
	for name, f := range quote.Functions(l) {
		m[name] = f
	}
	return m
}
