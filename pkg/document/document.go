// Package document holds a document for people (headings, paragraphs, lists, tables, program text) and writes it as a Word
// document, as one self-contained HTML page and as Markdown, with the same words in the same order. It knows the three
// formats and nothing of what the words are about.
//
// Texts are plain: every writer escapes them for its format, and writes characters that nobody could see as <U+XXXX>. The
// same document gives the same bytes, without a time in them.
package document

import (
	"fmt"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// Document is what is written.
type Document struct {
	Title    string
	Subject  string
	Language string // BCP 47, "en-GB"
	Notice   string // stands above everything and at the head of each page; "" for none
	Blocks   []Block
}

// Block is a part of a document: Heading, Paragraph, List, Table, Code or Contents.
type Block interface{ block() }

// Heading begins a section. Headings are numbered by the writers: 1, 1.1, 1.1.1.
type Heading struct {
	Level  int // 1 to 3
	Text   string
	Anchor string // what links name, lower-case letters, digits and dashes; "" when nothing links to it
}

// Paragraph is text. A boxed one stands out.
type Paragraph struct {
	Text  Text
	Boxed bool
}

// List is a list of items, numbered or not.
type List struct {
	Numbered bool
	Items    []Text
}

// Table has one header row, which is repeated on every page; no row is broken across pages.
type Table struct {
	Caption string // says what the table shows, for readers and for those who hear it
	Columns []Column
	Rows    [][]Cell // as many cells as columns
}

// Column of a table.
type Column struct {
	Title string
	Width int // its share of the width, as a weight
}

// Cell is the lines of one cell of a table.
type Cell []Text

// Code is program text or a diff, line by line.
type Code struct {
	Text string
}

// Contents is the list of the headings of levels 1 and 2, as links.
type Contents struct{}

func (Heading) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Table) block()     {}
func (Code) block()      {}
func (Contents) block()  {}

// Text is a run of spans. A line feed in a span breaks the line.
type Text []Span

// Span is text in one style.
type Span struct {
	Text   string
	Strong bool
	Code   bool
	Link   string // "#anchor" of a heading, or an address beginning with https://; "" for none
}

// Plain returns s as text.
func Plain(s string) Text { return Text{{Text: s}} }

// Mono returns s as program text: a path, a command, a name.
func Mono(s string) Text { return Text{{Text: s, Code: true}} }

// Strong returns s as text that stands out.
func Strong(s string) Text { return Text{{Text: s, Strong: true}} }

// Link returns s as a link to an anchor ("#…") or an address.
func Link(s, to string) Text { return Text{{Text: s, Link: to}} }

// Join puts texts behind each other.
func Join(texts ...Text) Text {
	var out Text
	for _, t := range texts {
		out = append(out, t...)
	}
	return out
}

// String returns the words without their styles.
func (t Text) String() string {
	var b strings.Builder
	for _, s := range t {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Line returns a cell of one line of plain text.
func Line(s string) Cell { return Cell{Plain(s)} }

// validate refuses what a writer could not write well: it is a defect of the caller, never of a text.
func (d *Document) validate() error {
	anchors := map[string]bool{}
	for _, b := range d.Blocks {
		if h, ok := b.(Heading); ok && h.Anchor != "" {
			if anchors[h.Anchor] || strings.Trim(h.Anchor, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(h.Anchor) > 36 {
				return fmt.Errorf("the anchor %q is used twice or is no anchor", h.Anchor)
			}
			anchors[h.Anchor] = true
		}
	}
	link := func(t Text) error {
		for _, s := range t {
			to, inside := strings.CutPrefix(s.Link, "#")
			if s.Link != "" && (inside && !anchors[to] || !inside && !strings.HasPrefix(s.Link, "https://")) {
				return fmt.Errorf("the link %q leads nowhere", s.Link)
			}
		}
		return nil
	}
	for _, b := range d.Blocks {
		var texts []Text
		switch b := b.(type) {
		case Heading:
			if b.Level < 1 || b.Level > 3 {
				return fmt.Errorf("the heading %q has level %d", b.Text, b.Level)
			}
		case Paragraph:
			texts = []Text{b.Text}
		case List:
			texts = b.Items
		case Table:
			if len(b.Columns) == 0 || b.Caption == "" {
				return fmt.Errorf("a table has no column or no caption (%q)", b.Caption)
			}
			for _, row := range b.Rows {
				if len(row) != len(b.Columns) {
					return fmt.Errorf("the table %q has a row of %d cells under %d columns", b.Caption, len(row), len(b.Columns))
				}
				for _, c := range row {
					texts = append(texts, c...)
				}
			}
		}
		for _, t := range texts {
			if err := link(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// numbers returns the number of each heading in order of the blocks: "1", "1.1".
func (d *Document) numbers() []string {
	var out []string
	var count [3]int
	for _, b := range d.Blocks {
		h, ok := b.(Heading)
		if !ok {
			continue
		}
		count[h.Level-1]++
		clear(count[h.Level:])
		var parts []string
		for _, n := range count[:h.Level] {
			parts = append(parts, fmt.Sprint(n))
		}
		out = append(out, strings.Join(parts, "."))
	}
	return out
}

// entry is a line of the contents.
type entry struct {
	heading Heading
	number  string
	index   int // of the heading among all headings, from 0
}

func (d *Document) contents() []entry {
	var out []entry
	numbers := d.numbers()
	i := 0
	for _, b := range d.Blocks {
		if h, ok := b.(Heading); ok {
			if h.Level <= 2 {
				out = append(out, entry{h, numbers[i], i})
			}
			i++
		}
	}
	return out
}

// pieces cuts s at line feeds and makes what cannot be seen visible; carriage returns before a line feed go.
func pieces(s string) []string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = visible(l)
	}
	return lines
}

// visible returns one line of s in characters that every format carries and every reader sees. A tab becomes four blanks.
func visible(s string) string { return hiding.Replace(diag.Visible(s)) }

// hiding replaces the tab, as diag.Visible writes it, and the two that are no characters, which XML has no form for.
var hiding = strings.NewReplacer("<U+0009>", "    ", "\uFFFE", "<U+FFFE>", "\uFFFF", "<U+FFFF>")
