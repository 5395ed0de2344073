package preset

import (
	"regexp"
	"strings"
	"sync"
)

// renaming replaces names where they are words of their own: in values, in keys and in comments.
type renaming struct {
	words map[string]string // by the lower-case word
	exact map[string]string // by the whole lower-case value
	// suffixes are DNS domains, each replaced at the end of a word.
	domain, newDomain string
	netbios           string // the old NetBIOS name of the domain, replaced before a backslash or as it is written
	newNetBIOS        string
	company           string // the old NetBIOS name as ordinary prose writes it
	newCompany        string
}

// word matches what a name can be made of. A backslash is not part of it: it joins two names.
var word = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\pL\pN_.$-]+`) })

// apply returns text with the names replaced.
func (r *renaming) apply(text string) string {
	if r.domain != r.newDomain {
		text = replaceFold(text, dnOf(r.domain), dnOf(r.newDomain))
	}
	var b strings.Builder
	last := 0
	for _, m := range word().FindAllStringIndex(text, -1) {
		b.WriteString(text[last:m[0]])
		old := text[m[0]:m[1]]
		bare := strings.TrimRight(old, ".") // the full stop of a sentence
		b.WriteString(r.one(bare, strings.HasPrefix(text[m[1]:], `\`)))
		b.WriteString(old[len(bare):])
		last = m[1]
	}
	b.WriteString(text[last:])
	return b.String()
}

// one returns the new form of one word; qualifies says that a backslash follows.
func (r *renaming) one(old string, qualifies bool) string {
	lower := strings.ToLower(old)
	if n, ok := r.words[lower]; ok {
		if old == lower {
			return strings.ToLower(n)
		}
		return n
	}
	if strings.EqualFold(old, r.netbios) {
		switch {
		case qualifies || old == r.netbios:
			return r.newNetBIOS
		case old == r.company:
			return r.newCompany
		}
		return old
	}
	// Prose calls corp.fabrikam.com also fabrikam.com.
	if r.domain != r.newDomain && (lower == r.domain || strings.Contains(lower, ".") && strings.HasSuffix(r.domain, "."+lower)) {
		return r.newDomain
	}
	label, ok := strings.CutSuffix(lower, "."+r.domain)
	if !ok {
		return old
	}
	label = old[:len(label)]
	if n, ok := r.words[strings.ToLower(label)]; ok {
		label = strings.ToLower(n)
		if strings.Contains(label, ".") {
			return label
		}
	}
	return label + "." + r.newDomain
}

// dnOf returns the distinguished name of a DNS domain.
func dnOf(domain string) string { return "DC=" + strings.ReplaceAll(domain, ".", ",DC=") }

// replaceFold replaces old at the end of text, or before a blank or quote, without regard to case.
func replaceFold(text, old, replacement string) string {
	re := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(old) + `($|["' ])`)
	return re.ReplaceAllStringFunc(text, func(m string) string { return replacement + m[len(old):] })
}

// title returns a NetBIOS name as prose writes a company: Contoso for CONTOSO.
func title(netbios string) string {
	lower := []rune(strings.ToLower(netbios))
	if len(lower) == 0 {
		return ""
	}
	return strings.ToUpper(string(lower[:1])) + string(lower[1:])
}
