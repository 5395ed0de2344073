package cfgverify

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

func TestHTML(t *testing.T) {
	const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'"><title>x</title></head>`
	page := func(body string) string { return head + "<body>" + body + "</body></html>" }
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"clean", page(`<p id="a">x<br>y</p><a href="#a">z</a> <a href="https://a.b/">w</a><svg><line marker-end="url(#tip)"/></svg><script>a<b;</script>`), nil},
		{"not closed", page(`<p>`), []string{"CFG070 </body> closes"}},
		{"crossed", page(`<b><i></b></i>`), []string{"CFG070 </b> closes"}},
		{"cut short", head + "<body>", []string{"CFG070 not closed"}},
		{"image", page(`<img src="x.png">`), []string{"CFG071 <img>", "CFG071 attribute src"}},
		{"style sheet", page(`<link rel="stylesheet" href="x.css">`), []string{"CFG071 <link>", "CFG071 leads to"}},
		{"import", page(`<style>@import "x";</style>`), []string{"CFG071 the style loads"}},
		{"background", page(`<style>p{background:url(x.png)}</style>`), []string{"CFG071 the style loads"}},
		{"script from elsewhere", page(`<script src="x.js"></script>`), []string{"CFG071 attribute src"}},
		{"script address", page(`<a href="javascript:x">y</a>`), []string{"CFG071 leads to"}},
		{"request", page(`<script>fetch("x")</script>`), []string{"CFG074 fetch"}},
		{"markup by script", page(`<script>a.innerHTML = b</script>`), []string{"CFG074 innerHTML"}},
		{"handler", page(`<p onclick="x"></p>`), []string{"CFG074 onclick"}},
		{"style attribute", page(`<p style="x"></p>`), []string{"CFG074 style"}},
		{"refresh", page(`<meta http-equiv="refresh" content="0">`), []string{"CFG071 refresh"}},
		{"form", page(`<form></form>`), []string{"CFG071 <form>"}},
		{"id twice", page(`<p id="a"></p><p id="a"></p>`), []string{"CFG072 stands twice"}},
		{"link to nowhere", page(`<a href="#b">x</a>`), []string{"CFG072 nowhere"}},
		{"bare", "<html><body></body></html>", []string{"CFG073 doctype", "CFG073 language", "CFG073 encoding", "CFG073 policy"}},
		{"weak policy", strings.Replace(page(""), "default-src 'none'", "default-src 'none' 'unsafe-inline'", 1), []string{"CFG073 policy"}},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, HTML("f.html", []byte(c.data)), c.want...) })
	}
}

// tokens lists what a browser's tokenizer makes of text, without the values: kinds, names, attribute names.
func tokens(text string) (shape string, texts []string) {
	z := html.NewTokenizer(strings.NewReader(text))
	var b strings.Builder
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String(), texts
		}
		t := z.Token()
		if kind == html.TextToken {
			// Text in pieces and text in one piece are the same.
			if !strings.HasSuffix(b.String(), "#text\n") {
				b.WriteString("#text\n")
				texts = append(texts, "")
			}
			texts[len(texts)-1] += t.Data
			continue
		}
		if kind == html.CommentToken || kind == html.DoctypeToken {
			t.Data = ""
		}
		b.WriteString(kind.String() + " " + t.Data)
		for _, a := range t.Attr {
			b.WriteString(" " + a.Key)
		}
		b.WriteString("\n")
	}
}

// FuzzHTMLValue is the oracle of the quoting functions for HTML: a browser reads back what was quoted, as text and as an
// attribute, and nothing else of the page changes.
func FuzzHTMLValue(f *testing.F) {
	for _, s := range []string{"", "a", `"><script>alert(1)</script>`, "' onclick=x `", "&lt;&#60;&notin", "</p><!--", "]]>", "\uFEFFa\u00AD", "a\tb\nc", "\U0001F600"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := quote.HTMLText(s)
		if err != nil {
			return
		}
		attr, err := quote.HTMLAttr(s)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(strings.NewReader("<!doctype html><title>" + text + "</title><p class=" + attr + ">x" + text + "y</p>"))
		if err != nil {
			t.Fatal(err)
		}
		var seen []string
		var walk func(n *html.Node)
		walk = func(n *html.Node) {
			if n.Type == html.ElementNode {
				seen = append(seen, n.Data)
				if n.Data == "title" && n.FirstChild != nil && n.FirstChild.Data != s {
					t.Errorf("title %q, want %q", n.FirstChild.Data, s)
				}
				if n.Data == "p" {
					if n.Attr[0].Val != s || len(n.Attr) != 1 {
						t.Errorf("attribute %q, want %q", n.Attr, s)
					}
					if n.FirstChild.Data != "x"+s+"y" {
						t.Errorf("text %q, want %q", n.FirstChild.Data, s)
					}
				}
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c)
			}
		}
		walk(doc)
		if strings.Join(seen, " ") != "html head title body p" {
			t.Errorf("elements %v for %q", seen, s)
		}
	})
}

// FuzzHTMLPlaces is the oracle of the scanner: where it lets a value stand, no value changes what a browser makes of the page
// around it.
func FuzzHTMLPlaces(f *testing.F) {
	for i, s := range [][2]string{{"<p>", "</p>"}, {"<p class=", ">x</p>"}, {"<p id=\"a", "\">"}, {"<a href=", " x>"}, {"<title>", "</title>"}, {"<script>", "</script>"}, {"<!--", "-->"}, {"<a href=\"#", "\">"}, {"<p &", ";"}, {"<svg><title>", "<b>"}, {"<textarea>\n", "</textarea>"}} {
		f.Add(s[0], s[1], "\"'<>&` onclick=x javascript:1", i)
	}
	f.Fuzz(func(t *testing.T, before, after, value string, n int) {
		s, err := quote.ScanHTML(quote.HTMLState{}, before)
		if err != nil {
			return
		}
		n %= 1000
		for _, c := range []struct {
			ctx          quote.Context
			write        func(string) (string, error)
			value, plain string
		}{
			{quote.Code, quote.HTMLText, value, "x"},
			{quote.Attribute, quote.HTMLAttr, value, "x"},
			{quote.Address, quote.HTMLURL, "https://a.b/" + value, "https://a.b/"},
			{quote.Number, func(string) (string, error) { return quote.Int(n) }, "", ""},
		} {
			next, err := s.Action(c.ctx)
			if err != nil {
				continue
			}
			next, err = quote.ScanHTML(next, after)
			if err != nil || next.End() != nil {
				continue
			}
			quoted, err := c.write(c.value)
			if err != nil {
				continue
			}
			plain, err := c.write(c.plain)
			if err != nil {
				t.Fatal(err)
			}
			if quoted == "" {
				continue
			}
			got, _ := tokens(before + quoted + after)
			want, _ := tokens(before + plain + after)
			if got != want {
				t.Errorf("%q + %q + %q:\n%s\nwant\n%s", before, quoted, after, got, want)
			}
		}
	})
}
