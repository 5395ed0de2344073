package document

import (
	"fmt"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// Markdown returns the document in CommonMark with GitHub's tables. Links to headings are plain text in it, because
// renderers name headings differently, and so there are no contents.
func (d *Document) Markdown() ([]byte, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	w := &markdownWriter{}
	if d.Notice != "" {
		w.printf("> **%s**\n\n", w.line(d.Notice))
	}
	w.printf("# %s\n", w.line(d.Title))
	if d.Subject != "" {
		w.printf("\n%s\n", w.line(d.Subject))
	}
	numbers, heading := d.numbers(), 0
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case Heading:
			w.printf("\n%s %s %s\n", strings.Repeat("#", b.Level+1), numbers[heading], w.line(b.Text))
			heading++
		case Paragraph:
			quoted := ""
			if b.Boxed {
				quoted = "> "
			}
			w.printf("\n%s%s\n", quoted, w.spans(b.Text, "\\\n"+quoted))
		case List:
			w.WriteString("\n")
			for i, it := range b.Items {
				mark := "-"
				if b.Numbered {
					mark = fmt.Sprintf("%d.", i+1)
				}
				w.printf("%s %s\n", mark, w.spans(it, "\\\n"+strings.Repeat(" ", len(mark)+1)))
			}
		case Table:
			w.table(b)
		case Code:
			w.code(b.Text)
		}
	}
	if w.err != nil {
		return nil, fmt.Errorf("write the Markdown text: %w", w.err)
	}
	return []byte(w.String()), nil
}

type markdownWriter struct {
	strings.Builder
	err error
}

func (w *markdownWriter) printf(format string, args ...any) { fmt.Fprintf(w, format, args...) }

func (w *markdownWriter) keep(s string, err error) string {
	if err != nil && w.err == nil {
		w.err = err
	}
	return s
}

// line returns one line of plain text.
func (w *markdownWriter) line(s string) string { return w.keep(quote.MDText(visible(s))) }

func (w *markdownWriter) spans(t Text, lineBreak string) string {
	var b strings.Builder
	for _, s := range t {
		for i, l := range pieces(s.Text) {
			if i > 0 {
				b.WriteString(lineBreak)
			}
			inner := strings.Trim(l, " ")
			if inner == "" {
				b.WriteString(l)
				continue
			}
			// Blanks between spans are blanks; the markup stands around the words.
			before, after, _ := strings.Cut(l, inner)
			b.WriteString(before)
			l = inner
			switch {
			case strings.HasPrefix(s.Link, "https://"):
				// An address is no text: nothing of it may end the link.
				b.WriteString("[" + w.line(l) + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\\", "%5C", "|", "%7C").Replace(visible(s.Link)) + ">)")
			case s.Code:
				b.WriteString(w.keep(quote.MDCode(l)))
			case s.Strong:
				b.WriteString("**" + w.line(l) + "**")
			default:
				b.WriteString(w.line(l))
			}
			b.WriteString(after)
		}
	}
	return strings.Trim(b.String(), " ")
}

func (w *markdownWriter) table(t Table) {
	w.printf("\n*%s*\n\n|", w.line(t.Caption))
	for _, c := range t.Columns {
		w.printf(" %s |", w.line(c.Title))
	}
	w.WriteString("\n|" + strings.Repeat("---|", len(t.Columns)) + "\n")
	for _, row := range t.Rows {
		w.WriteString("|")
		for _, c := range row {
			var lines []string
			for _, l := range c {
				lines = append(lines, w.spans(l, "<br>"))
			}
			w.printf(" %s |", strings.Join(lines, "<br>"))
		}
		w.WriteString("\n")
	}
}

// code writes a fenced block; the fence is longer than any run of backticks in it.
func (w *markdownWriter) code(text string) {
	run, longest := 0, 2
	for _, r := range text {
		if r == '`' {
			run++
		} else {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	w.printf("\n%s\n%s\n%s\n", fence, strings.Join(pieces(strings.TrimRight(text, "\r\n")), "\n"), fence)
}
