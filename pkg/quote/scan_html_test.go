package quote

import (
	"strings"
	"testing"
)

// ⟦t⟧ is text, ⟦a⟧ an attribute, ⟦u⟧ an address, ⟦i⟧ a number, ⟦n⟧ a note.
var htmlActions = map[string]Context{"t": Code, "a": Attribute, "u": Address, "i": Number, "n": Comment}

func runHTML(text string) (s HTMLState, err error) {
	for i, piece := range strings.Split(text, "⟦") {
		if i > 0 {
			name, rest, _ := strings.Cut(piece, "⟧")
			if s, err = s.Action(htmlActions[name]); err != nil {
				return s, err
			}
			piece = rest
		}
		if s, err = ScanHTML(s, piece); err != nil {
			return s, err
		}
	}
	return s, nil
}

func TestScanHTML(t *testing.T) {
	for _, c := range []struct{ text, where string }{
		{"", "in text"},
		{"<!doctype html>\n<!DOCTYPE HTML>", "in text"},
		{"<p>a &lt; b ⟦t⟧⟦t⟧ ⟦i⟧</p>", "in text"},
		{"a &amp;⟦t⟧", "in text"},
		{"a & ⟦t⟧", "in text"},
		{"<p", "in the name of an element"},
		{"<p ", "inside a tag, where an attribute could begin"},
		{"<input checked", "in the name of an attribute"},
		{"<input checked ", "inside a tag, where an attribute could begin"},
		{"<td class=", "in place of an attribute's value"},
		{"<td class=⟦a⟧", "directly behind an attribute value"},
		{"<td class=⟦a⟧ id=\"x-⟦i⟧-y\">⟦t⟧", "in text"},
		{"<rect x='⟦i⟧' y='⟦i⟧'/>⟦t⟧", "in text"},
		{"<a href=⟦u⟧ rel=\"noreferrer\">⟦t⟧</a>", "in text"},
		{"<a href=\"#step-⟦i⟧\">", "in text"},
		{"<p title=\"a > b ' c\">", "in text"},
		{"<p title='\"'>", "in text"},
		{"<p data-key=⟦a⟧ aria-label=⟦a⟧>", "in text"},
		{"<p width=5>", "in text"},
		{"<br/>", "in text"},
		{"<br />", "in text"},
		{"</P >⟦t⟧", "in text"},
		{"<!-- a -- b <p> ' -->⟦t⟧", "in text"},
		{"<!---->⟦t⟧", "in text"},
		{"<!-- -", "inside a comment"},
		{"<title>⟦t⟧ - ⟦t⟧</title>⟦t⟧", "in text"},
		{"<textarea>⟦t⟧</TEXTAREA >⟦t⟧", "in text"},
		{"<style>a>b{c:'</p>'}", "inside an element whose text is not HTML"},
		{"<style>a<b</style>⟦t⟧", "in text"},
		{"<script>if (a</b/.exec(c)) '<p>'</script >⟦t⟧", "in text"},
		{"<script>a</scripty></script>⟦t⟧", "in text"},
	} {
		s, err := runHTML(c.text)
		if err != nil || s.Where() != c.where {
			t.Errorf("%q: %s, %v, want %s", c.text, s.Where(), err, c.where)
		}
	}
}

func TestScanHTMLRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"<script>⟦t⟧</script>", "whose text is not HTML"},
		{"<script>x = ⟦a⟧</script>", "whose text is not HTML"},
		{"<style>p{color:⟦t⟧}</style>", "whose text is not HTML"},
		{"<noscript>⟦t⟧", "whose text is not HTML"},
		{"<iframe>⟦t⟧", "whose text is not HTML"},
		{"<!-- ⟦t⟧ -->", "inside a comment"},
		{"<!-- ⟦n⟧ -->", "inside a comment"},
		{"<!doctype ⟦t⟧>", "inside a doctype"},
		{"<⟦t⟧>", "directly behind <"},
		{"</⟦t⟧>", "directly behind </"},
		{"<p⟦t⟧>", "in the name of an element"},
		{"<p ⟦t⟧>", "where an attribute could begin"},
		{"<p ⟦a⟧>", "where an attribute could begin"},
		{"<p cla⟦t⟧>", "in the name of an attribute"},
		{"<p class=⟦t⟧>", "brings its quotes"},
		{"<p class=⟦i⟧>", "brings its quotes"},
		{"<p class=a⟦i⟧>", "without quotes"},
		{"<p class=\"⟦t⟧\">", "inside a quoted attribute value"},
		{"<p class=\"⟦a⟧\">", "inside a quoted attribute value"},
		{"<p class=⟦a⟧x>", "directly behind an attribute value"},
		{"<p class=⟦a⟧⟦a⟧>", "directly behind an attribute value"},
		{"<p style=⟦a⟧>", "the attribute style"},
		{"<p style=\"width:⟦i⟧px\">", "the attribute style"},
		{"<p onclick=⟦a⟧>", "the attribute onclick"},
		{"<p onclick=\"f(⟦i⟧)\">", "the attribute onclick"},
		{"<a href=⟦a⟧>", "the attribute href"},
		{"<a href=\"page⟦i⟧\">", "the attribute href"},
		{"<a href=\"⟦i⟧#x\">", "the attribute href"},
		{"<img src=⟦a⟧>", "the attribute src"},
		{"<img src=⟦u⟧>", "the attribute src"},
		{"<iframe srcdoc=⟦a⟧>", "the attribute srcdoc"},
		{"<meta content=⟦a⟧>", "the attribute content"},
		{"<form action=⟦u⟧>", "the attribute action"},
		{"<p>⟦a⟧", "in text"},
		{"<p>⟦u⟧", "in text"},
		{"<p>⟦n⟧", "a note for comments stands in text"},
		{"<p class=⟦n⟧>", "in place of an attribute's value"},
		{"</p class=⟦a⟧>", "in an end tag"},
		{"a &⟦t⟧", "character reference"},
		{"a &#⟦i⟧;", "character reference"},
		{"<p title=\"&#⟦i⟧\">", "character reference"},
		{"a < b", "write &lt;"},
		{"<title><b>", "markup in title"},
		{"<title>a</b>", "markup in title"},
		{"<script><!--", "changes where it ends"},
		{"<!-->", "ends before it begins"},
		{"<!--->", "ends before it begins"},
		{"<!-- a --!>", "may end it"},
		{"<![CDATA[", "neither a comment nor doctype"},
		{"<?xml ?>", "neither a name"},
		{"</>", "an end tag without a name"},
		{"<script/>", "that ends itself"},
		{"<p a\"b>", "does not belong there"},
		{"<p =a>", "does not begin with a letter"},
		{"<p class =\"a\">", "a blank before ="},
		{"<p class= \"a\">", "without a value"},
		{"<p class=a\"b>", "asks for them"},
		{"<p class=\"a\"id=\"b\">", "leave a blank"},
		{"a\x00b", "NUL"},
	} {
		if s, err := runHTML(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %s, %v, want an error with %q", c.text, s.Where(), err, c.want)
		}
	}
}

func TestJoinHTML(t *testing.T) {
	for _, c := range []struct {
		a, b, then, want string // "" for no error
	}{
		{"<p>", "<p>x", "⟦t⟧", ""},
		{"<details", "<details open", ">⟦t⟧", ""},
		{"<details", "<details open", "x>", "the name goes on"},
		{"<input a ", "<input ", "b>⟦t⟧", ""},
		{"<input a ", "<input ", "=b>", "a blank before ="},
		{"<p class=\"a\"", "<p class=⟦a⟧", " id=\"b\">⟦t⟧", ""},
		{"<p class=\"a\"", "<p", " id=\"b\">⟦t⟧", ""},
		{"<p class=\"a", "<p class=\"a\"", "", "inside a quoted attribute value"},
		{"<p", "<b", "", "in the name of an element"},
		{"<!--", "", "", "inside a comment"},
		{"a &", "a ", "", "matter to what follows"},
		{"<script>", "<style>", "", "not HTML"},
	} {
		a, err := runHTML(c.a)
		if err != nil {
			t.Fatal(c.a, err)
		}
		b, err := runHTML(c.b)
		if err != nil {
			t.Fatal(c.b, err)
		}
		for _, pair := range [][2]HTMLState{{a, b}, {b, a}} {
			s, err := pair[0].Join(pair[1])
			for i, piece := range strings.Split(c.then, "⟦") {
				if i > 0 && err == nil {
					name, rest, _ := strings.Cut(piece, "⟧")
					s, err = s.Action(htmlActions[name])
					piece = rest
				}
				if err == nil {
					s, err = ScanHTML(s, piece)
				}
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%q and %q, then %q: %v, want %q", c.a, c.b, c.then, err, c.want)
			}
		}
	}
}

func TestHTMLEnd(t *testing.T) {
	for text, ok := range map[string]bool{"<p>a</p>": true, "<p": false, "<!-- ": false, "<title>a": false, "<title>a<": false, "<script>": false} {
		s, err := runHTML(text)
		if err != nil || (s.End() == nil) != ok {
			t.Errorf("%q: %v, %v", text, err, s.End())
		}
	}
}

func TestHTMLURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://learn.microsoft.com/a?b=1&c=\"<": `"https://learn.microsoft.com/a?b=1&amp;c=&#34;&lt;"`,
		"http://mbam.contoso.com:8080/":           `"http://mbam.contoso.com:8080/"`,
		"javascript:alert(1)":                     "",
		"JavaScript:alert(1)":                     "",
		" https://a.b":                            "",
		"//a.b":                                   "",
		"data:text/html,x":                        "",
		"https://user@evil.example/":              "",
		"https:///x":                              "",
		"https://a.b/\x01":                        "",
		"":                                        "",
	} {
		got, err := HTMLURL(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("HTMLURL(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
}

// A text that is cut anywhere scans like the whole.
func FuzzScanHTMLPieces(f *testing.F) {
	for _, s := range []string{"<p class=\"a\">b</p>", "<!-- a --><title>x</title>", "<script>a</script>b", "<a href=\"#1\">&amp;</a>"} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, text string, cut int) {
		if cut < 0 || cut > len(text) || !strings.HasPrefix(text[cut:], string([]rune(text[cut:]))) {
			return
		}
		whole, err := ScanHTML(HTMLState{}, text)
		first, err1 := ScanHTML(HTMLState{}, text[:cut])
		var err2 error
		if err1 == nil {
			first, err2 = ScanHTML(first, text[cut:])
		}
		if (err == nil) != (err1 == nil && err2 == nil) || err == nil && whole != first {
			t.Errorf("%q cut at %d: %v %v / %v %v %v", text, cut, whole, err, first, err1, err2)
		}
	})
}
