package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the expected texts")

const hostile = "</w:t><script>alert(1)</script>\"'`|&amp;*_[x](y)\\ \x00\x1b\u202eevil\u2028\ufffe\xff ☐ {{x}} $x %x%"

// sample uses every block and span.
func sample() *Document {
	return &Document{
		Title: "Change of a farm", Subject: "What it is about", Language: "en-GB", Notice: "UNSUPPORTED: for a test",
		Blocks: []Block{
			Contents{},
			Heading{Level: 1, Text: "First <part>", Anchor: "first"},
			Paragraph{Text: Join(Plain("Plain, "), Strong("strong"), Plain(", "), Mono(`C:\a b`), Plain(", "), Link("below", "#second"), Plain(" and "), Link("out", "https://example.com/a?b=c&d=<e>"), Plain("."))},
			Paragraph{Boxed: true, Text: Plain("Two\nlines ☐ boxed")},
			Heading{Level: 2, Text: "Part of it"},
			List{Items: []Text{Plain("one"), Plain("two\nlines")}},
			List{Numbered: true, Items: []Text{Plain("first"), Plain("second")}},
			Heading{Level: 3, Text: "Deep"},
			List{Numbered: true, Items: []Text{Plain("again from one")}},
			Heading{Level: 1, Text: "Second", Anchor: "second"},
			Table{Caption: "A table", Columns: []Column{{"Name", 1}, {"Much", 3}}, Rows: [][]Cell{
				{Line("a|b"), {Plain("line 1"), Mono("x|y")}},
				{Line(""), Line("☐ open ☐")},
			}},
			Code{Text: "if (1 -lt 2) {\r\n\t'```'\r\n}\r\n"},
			Heading{Level: 1, Text: hostile},
			Paragraph{Text: Join(Plain(hostile), Strong(hostile), Mono(hostile))},
			Table{Caption: hostile, Columns: []Column{{hostile, 1}}, Rows: [][]Cell{{Line(hostile)}}},
			Code{Text: hostile},
		},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	p := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(p, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got): %s", p, d)
	}
}

func TestHTML(t *testing.T) {
	got, err := sample().HTML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.html", got)
}

func TestMarkdown(t *testing.T) {
	got, err := sample().Markdown()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.md", got)
}

// parts returns the entries of a Word document by name.
func parts(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for i, f := range z.File {
		if i == 0 && f.Name != "[Content_Types].xml" {
			t.Errorf("the first part is %s", f.Name)
		}
		if len(f.Extra) > 0 || !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: extra %x, time %v", f.Name, f.Extra, f.Modified)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// words returns the text of an XML part, and fails when it is not well-formed.
func words(t *testing.T, name, text string) string {
	t.Helper()
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c, ok := tok.(xml.CharData); ok {
			b.Write(c)
		}
	}
}

func TestDOCX(t *testing.T) {
	first, err := sample().DOCX()
	if err != nil {
		t.Fatal(err)
	}
	second, err := sample().DOCX()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("two documents of one text differ, %v", err)
	}
	all := parts(t, first)
	for name, text := range all {
		words(t, name, text)
	}
	body := all["word/document.xml"]
	shown := words(t, "word/document.xml", body)
	for _, want := range []string{"Change of a farm", "<script>alert(1)</script>", "<U+202E>evil<U+2028>", "<U+0000><U+001B>", "<0xFF>", "    '```'", `C:\a b`} {
		if !strings.Contains(shown, want) {
			t.Errorf("the document does not show %q", want)
		}
	}
	for what, n := range map[string]int{
		"<w:tblHeader/>": 2, "<w:cantSplit/>": 5, `<w:pStyle w:val="Heading1"/>`: 3, `<w:pStyle w:val="Heading2"/>`: 1, "<w:fldChar ": 3,
		`w:anchor="to_second"`: 1, `w:name="to_second"`: 1, `<w:tblCaption `: 2,
	} {
		if got := strings.Count(body, what); got != n {
			t.Errorf("%d times %s, want %d", got, what, n)
		}
	}
	if !strings.Contains(all["word/_rels/document.xml.rels"], `Target="https://example.com/a?b=c&amp;d=&lt;e&gt;" TargetMode="External"`) {
		t.Error("the address of the link is missing")
	}
	if got := strings.Count(all["word/numbering.xml"], "startOverride"); got != 2 {
		t.Errorf("%d numbered lists begin at one, want 2", got)
	}
	if !strings.Contains(all["docProps/core.xml"], "<dc:title>Change of a farm</dc:title>") || strings.Contains(all["docProps/core.xml"], "dcterms") {
		t.Errorf("properties: %s", all["docProps/core.xml"])
	}
	if !strings.Contains(words(t, "header", all["word/header1.xml"]), "UNSUPPORTED") {
		t.Error("the notice is not at the head of the pages")
	}
}

func TestColumnsFillThePage(t *testing.T) {
	d := &Document{Title: "t", Language: "en", Blocks: []Block{Table{Caption: "c", Columns: []Column{{"a", 1}, {"b", 1}, {"c", 5}}, Rows: nil}}}
	data, err := d.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	body := parts(t, data)["word/document.xml"]
	if want := `<w:gridCol w:w="1376"/><w:gridCol w:w="1376"/><w:gridCol w:w="6886"/>`; !strings.Contains(body, want) {
		t.Errorf("no %s in %s", want, body)
	}
}

func TestNumbers(t *testing.T) {
	d := &Document{Blocks: []Block{
		Heading{Level: 1, Text: "a"}, Heading{Level: 2, Text: "b"}, Heading{Level: 2, Text: "c"}, Heading{Level: 3, Text: "d"}, Heading{Level: 1, Text: "e"}, Heading{Level: 2, Text: "f"},
	}}
	if got, want := d.numbers(), []string{"1", "1.1", "1.2", "1.2.1", "2", "2.1"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDefectsAreRefused(t *testing.T) {
	for _, c := range []struct {
		block Block
		want  string
	}{
		{Heading{Level: 4, Text: "x"}, "has level 4"},
		{Heading{Level: 1, Text: "x", Anchor: "A b"}, "is no anchor"},
		{Paragraph{Text: Link("x", "#none")}, `"#none" leads nowhere`},
		{List{Items: []Text{Link("x", "javascript:alert(1)")}}, "leads nowhere"},
		{Table{Caption: "x", Columns: []Column{{"a", 1}}, Rows: [][]Cell{{Line("1"), Line("2")}}}, "2 cells under 1 columns"},
		{Table{Columns: []Column{{"a", 1}}}, "no caption"},
		{Table{Caption: "x", Columns: []Column{{"a", 1}}, Rows: [][]Cell{{{Link("x", "http://plain")}}}}, "leads nowhere"},
	} {
		d := &Document{Title: "t", Language: "en", Blocks: []Block{c.block}}
		for _, write := range []func() ([]byte, error){d.DOCX, d.HTML, d.Markdown} {
			if _, err := write(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: %v, want %q", c.block, err, c.want)
			}
		}
	}
}

// FuzzText writes any text in any place: no writer fails, and the Word document stays well-formed.
func FuzzText(f *testing.F) {
	f.Add(hostile)
	f.Add("\r\n\t")
	f.Fuzz(func(t *testing.T, s string) {
		d := &Document{Title: s, Subject: s, Language: "en", Notice: s, Blocks: []Block{
			Heading{Level: 1, Text: s},
			Paragraph{Text: Join(Plain(s), Mono(s), Strong(s), Link(s, "https://example.com/"+s))},
			List{Items: []Text{Plain(s)}},
			Table{Caption: s + ".", Columns: []Column{{s, 1}}, Rows: [][]Cell{{Line(s)}}},
			Code{Text: s},
			Contents{},
		}}
		data, err := d.DOCX()
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range parts(t, data) {
			words(t, name, text)
		}
		if _, err := d.HTML(); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Markdown(); err != nil {
			t.Fatal(err)
		}
	})
}
