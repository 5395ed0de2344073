package quote

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// xmlEscape writes s with entities and with numeric references for whatever a reader could not see or a parser would
// normalise. It refuses what XML 1.0 (section 2.2, Char) cannot carry even as a reference.
func xmlEscape(context, s string) (string, error) {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			return "", &Error{Context: context, Rune: utf8.RuneError, Offset: i, Reason: "not UTF-8"}
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == '\uFFFE', r == '\uFFFF':
			return "", &Error{Context: context, Rune: r, Offset: i, Reason: "XML 1.0 has no form for it"}
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case hidden(r) != "":
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), nil
}

// XMLAttr returns s as an XML attribute value, quotes included: "a &amp; b".
func XMLAttr(s string) (string, error) {
	t, err := xmlEscape("an XML attribute", s)
	if err != nil {
		return "", err
	}
	return `"` + t + `"`, nil
}

// XMLText returns s as XML character data.
func XMLText(s string) (string, error) { return xmlEscape("an XML element", s) }

// XMLNote returns s as one line of text inside <!-- -->: two dashes are parted by a blank.
func XMLNote(s string) (string, error) {
	return pad(part(oneLine(s), "--"), "->", "-"), nil
}

// HTMLText returns s as HTML text. Tab and line feed pass, other control characters have no form in HTML.
func HTMLText(s string) (string, error) { return htmlEscape("HTML text", s) }

// HTMLAttr returns s as an HTML attribute value, quotes included. It does not judge the value: a URL of an unwanted
// scheme stays one.
func HTMLAttr(s string) (string, error) {
	t, err := htmlEscape("an HTML attribute", s)
	if err != nil {
		return "", err
	}
	return `"` + t + `"`, nil
}

// HTMLURL returns an absolute web address as an attribute value, quotes included. It refuses every scheme but https and
// http, and an address with a user in front of its host, which shows another host than it leads to.
func HTMLURL(s string) (string, error) {
	const context = "a link in HTML"
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", whole(context, "it is no address")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", whole(context, "it is no https or http address")
	case u.Host == "" || u.User != nil:
		return "", whole(context, "it names no host, or a user too")
	}
	t, err := htmlEscape(context, s)
	if err != nil {
		return "", err
	}
	return `"` + t + `"`, nil
}

func htmlEscape(context, s string) (string, error) {
	if simple(s) {
		return s, nil
	}
	plain := s
	if strings.ContainsAny(s, "\t\n") {
		plain = strings.NewReplacer("\t", " ", "\n", " ").Replace(s)
	}
	if err := check(context, plain, ""); err != nil {
		return "", err
	}
	return htmlReplacer().Replace(s), nil
}

// simple reports whether s is printable ASCII without anything that HTML gives a meaning: most of what is printed.
func simple(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '&' || c == '<' || c == '>' || c == '"' || c == '\'' || c == '`' {
			return false
		}
	}
	return true
}

var htmlReplacer = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "`", "&#96;")
})

// JSONString returns s as a JSON string, quotes included. Hidden characters are written as \uXXXX.
func JSONString(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", whole("a JSON string", "it is not UTF-8")
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case hidden(r) != "":
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String(), nil
}

// Int returns a plain decimal number, for languages in which digits are just digits.
func Int(n int) (string, error) { return strconv.Itoa(n), nil }

// MDText returns s as inline Markdown text of one line (CommonMark and GitHub tables): every character that could start
// markup, a list, an automatic link or a table cell is escaped.
func MDText(s string) (string, error) {
	if err := check("Markdown text", s, ""); err != nil {
		return "", err
	}
	return mdEscape(s), nil
}

func mdEscape(s string) string {
	runes := []rune(s)
	first, last := 0, len(runes)
	for first < last && runes[first] == ' ' {
		first++
	}
	for last > first && runes[last-1] == ' ' {
		last--
	}
	// A number with a dot or a bracket at the start of a line is a list item.
	digits := first
	for digits < last && runes[digits] >= '0' && runes[digits] <= '9' {
		digits++
	}
	var b strings.Builder
	for i, r := range runes {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '|':
			// GitHub splits table cells before it reads escapes, and implementations differ on backslashes before a bar.
			b.WriteString("&#124;")
		case r == ' ' && (i < first || i >= last):
			b.WriteString("&#32;")
		case strings.ContainsRune("\\`*_[]~$", r),
			i == first && strings.ContainsRune("#+-=", r),
			i == digits && digits > first && (r == '.' || r == ')'),
			// An automatic link takes the escapes inside it literally.
			r == ':' && i+1 < len(runes) && runes[i+1] == '/',
			r == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www"):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// MDCode returns s as an inline code span, in a table cell too. A code span cannot hold a bar in a cell and out of it
// alike, therefore a value with one becomes a code element.
func MDCode(s string) (string, error) {
	const context = "a Markdown code span"
	if s == "" {
		return "", whole(context, "it is empty")
	}
	if err := check(context, s, ""); err != nil {
		return "", err
	}
	if strings.Contains(s, "|") {
		return "<code>" + mdEscape(s) + "</code>", nil
	}
	run, longest := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
		} else {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	blank := strings.Trim(s, " ") == ""
	if s[0] == '`' || s[len(s)-1] == '`' || !blank && s[0] == ' ' && s[len(s)-1] == ' ' {
		s = " " + s + " "
	}
	return fence + s + fence, nil
}

// MDCell returns s as the text of a table cell; line feeds become <br>.
func MDCell(s string) (string, error) {
	if err := check("a Markdown table cell", strings.ReplaceAll(s, "\n", " "), ""); err != nil {
		return "", err
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = mdEscape(line)
	}
	return strings.Join(lines, "<br>"), nil
}

// MDAnchor returns the fragment that GitHub gives to the heading s, without the "#": lower case, blanks as dashes, other
// punctuation left out. It does not number repeated headings.
func MDAnchor(s string) (string, error) {
	const context = "a Markdown anchor"
	if err := check(context, s, ""); err != nil {
		return "", err
	}
	t := strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return '-'
		case isWord(r) || unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(s))
	if t == "" {
		return "", whole(context, "nothing of it is a letter, a digit or a dash")
	}
	return t, nil
}
