package document

import (
	"fmt"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// HTML returns the document as one page that needs nothing beside it and loads nothing: it may be read offline, printed on A4,
// in light and dark, and by a screen reader.
func (d *Document) HTML() ([]byte, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	w := &htmlWriter{}
	w.printf("<!DOCTYPE html>\n<html lang=%s>\n<head>\n<meta charset=\"utf-8\">\n", w.attr(visible(d.Language)))
	// The page could not run or load anything even if an escape failed.
	w.WriteString("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
	w.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	w.printf("<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", w.text(visible(d.Title)), pageStyle)
	if d.Notice != "" {
		w.printf("<p class=\"notice\"><strong>%s</strong></p>\n", w.text(visible(d.Notice)))
	}
	w.printf("<h1>%s</h1>\n", w.text(visible(d.Title)))
	if d.Subject != "" {
		w.printf("<p class=\"subject\">%s</p>\n", w.text(visible(d.Subject)))
	}
	numbers, heading := d.numbers(), 0
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case Heading:
			w.printf("<h%d id=%s>%s %s</h%d>\n", b.Level+1, w.attr(headingID(heading, b)), numbers[heading], w.text(visible(b.Text)), b.Level+1)
			heading++
		case Paragraph:
			class := ""
			if b.Boxed {
				class = ` class="boxed"`
			}
			w.printf("<p%s>%s</p>\n", class, w.spans(b.Text))
		case List:
			tag := "ul"
			if b.Numbered {
				tag = "ol"
			}
			w.printf("<%s>\n", tag)
			for _, it := range b.Items {
				w.printf("<li>%s</li>\n", w.spans(it))
			}
			w.printf("</%s>\n", tag)
		case Table:
			w.table(b)
		case Code:
			w.printf("<pre><code>%s\n</code></pre>\n", w.text(strings.Join(pieces(strings.TrimRight(b.Text, "\r\n")), "\n")))
		case Contents:
			w.WriteString("<nav aria-label=\"Contents\">\n<ul>\n")
			for _, e := range d.contents() {
				w.printf("<li class=\"level%d\"><a href=%s>%s %s</a></li>\n", e.heading.Level, w.attr("#"+headingID(e.index, e.heading)), e.number, w.text(visible(e.heading.Text)))
			}
			w.WriteString("</ul>\n</nav>\n")
		}
	}
	w.WriteString("</main>\n</body>\n</html>\n")
	if w.err != nil {
		return nil, fmt.Errorf("write the HTML page: %w", w.err)
	}
	return []byte(w.String()), nil
}

// headingID is the anchor of a heading, or one of its number.
func headingID(index int, h Heading) string {
	if h.Anchor != "" {
		return h.Anchor
	}
	return fmt.Sprintf("section.%d", index+1)
}

type htmlWriter struct {
	strings.Builder
	err error
}

func (w *htmlWriter) printf(format string, args ...any) { fmt.Fprintf(w, format, args...) }

func (w *htmlWriter) keep(s string, err error) string {
	if err != nil && w.err == nil {
		w.err = err
	}
	return s
}

func (w *htmlWriter) text(s string) string { return w.keep(quote.HTMLText(s)) }
func (w *htmlWriter) attr(s string) string { return w.keep(quote.HTMLAttr(s)) }

func (w *htmlWriter) spans(t Text) string {
	var b strings.Builder
	for _, s := range t {
		var lines []string
		for _, l := range pieces(s.Text) {
			lines = append(lines, w.text(l))
		}
		out := strings.Join(lines, "<br>")
		if s.Code {
			out = "<code>" + out + "</code>"
		}
		if s.Strong {
			out = "<strong>" + out + "</strong>"
		}
		if s.Link != "" {
			out = "<a href=" + w.attr(visible(s.Link)) + ">" + out + "</a>"
		}
		b.WriteString(out)
	}
	return b.String()
}

func (w *htmlWriter) table(t Table) {
	total := 0
	for _, c := range t.Columns {
		total += max(1, c.Width)
	}
	w.printf("<div class=\"wide\">\n<table>\n<caption>%s</caption>\n<colgroup>", w.text(visible(t.Caption)))
	for _, c := range t.Columns {
		w.printf("<col style=\"width:%d%%\">", 100*max(1, c.Width)/total)
	}
	w.WriteString("</colgroup>\n<thead>\n<tr>")
	for _, c := range t.Columns {
		w.printf("<th scope=\"col\">%s</th>", w.text(visible(c.Title)))
	}
	w.WriteString("</tr>\n</thead>\n<tbody>\n")
	for _, row := range t.Rows {
		w.WriteString("<tr>")
		for _, c := range row {
			var lines []string
			for _, l := range c {
				lines = append(lines, w.spans(l))
			}
			w.printf("<td>%s</td>", strings.Join(lines, "<br>"))
		}
		w.WriteString("</tr>\n")
	}
	w.WriteString("</tbody>\n</table>\n</div>\n")
}

const pageStyle = `:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #b8bec6; --head: #e3eaf3; --soft: #f3f4f6; --link: #0b4f9e; --box: #fff8e1; --alarm: #fdecea; --alarm-line: #9c1c12; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16191d; --line: #4b535d; --head: #243145; --soft: #21262c; --link: #8ab8f5; --box: #3a3114; --alarm: #45181a; --alarm-line: #f0938c; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 Calibri, Carlito, "Segoe UI", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1, h2, h3, h4 { line-height: 1.25; break-after: avoid; }
h2 { margin-top: 2.2rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
a { color: var(--link); }
nav ul { list-style: none; padding: 0; columns: 2 20rem; }
.level2 { padding-left: 1.2rem; }
.subject { font-size: 1.15rem; }
.boxed, .notice { border: 1px solid var(--line); background: var(--box); padding: .7rem 1rem; }
.notice { border-color: var(--alarm-line); background: var(--alarm); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1.2rem; font-size: .92rem; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: var(--head); }
code, pre { font-family: Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .7rem 1rem; white-space: pre-wrap; }
@page { size: A4; margin: 18mm; }
@media print { :root { --ink: #000; --paper: #fff; --line: #999; --head: #e8e8e8; --soft: #f5f5f5; --link: #000; --box: #fff; --alarm: #fff; --alarm-line: #000; } body { font-size: 10pt; } main { max-width: none; padding: 0; } thead { display: table-header-group; } tr { break-inside: avoid; } .wide { overflow: visible; } }
`
