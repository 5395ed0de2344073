package diag

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxShown is the number of columns of a source line that are shown; a longer line is cut to a window around the caret.
const maxShown = 120

// maxLine is the longest line in bytes of which a part is shown; finding the part costs time for every finding in it.
const maxLine = 64 << 10

// Escape sequences of ECMA-48 (SGR) for a terminal.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	cyan   = "\x1b[1;36m"
	blue   = "\x1b[1;34m"
	reset  = "\x1b[0m"
)

// WriteText writes the findings in the order of the list, each as one line "file:line:col: severity: message [code]",
// the source line with the place underlined, the fix and the related places. lines returns the lines of a file without
// their ends; it may be nil or return nil when the file cannot be shown. color adds terminal colours and changes nothing
// else. The error is that of w.
func WriteText(w io.Writer, l List, lines func(file string) []string, color bool) error {
	p := printer{w: bufio.NewWriter(w), color: color}
	for i := range l {
		var source []string
		if lines != nil {
			source = lines(l[i].File)
		}
		p.diagnostic(&l[i], source)
	}
	return p.w.Flush()
}

// printer writes findings; errors stay in the buffered writer until it is flushed.
type printer struct {
	w     *bufio.Writer
	color bool
}

func (p *printer) put(style, s string) {
	if p.color && style != "" && s != "" {
		s = style + s + reset
	}
	_, _ = p.w.WriteString(s)
}

func (p *printer) diagnostic(d *Diagnostic, source []string) {
	style := severityStyle(d.Severity)
	if where := place(d.File, d.Pos); where != "" {
		p.put(bold, where+":")
		p.put("", " ")
	}
	p.put(style, d.Severity.String()+":")
	p.put("", " ")
	p.put(bold, Visible(d.Message))
	if d.Code != "" {
		p.put("", " ["+Visible(d.Code)+"]")
	}
	p.put("", "\n")

	gutter := "  "
	if d.Pos.Line >= 1 && d.Pos.Line <= len(source) && len(source[d.Pos.Line-1]) <= maxLine {
		number := strconv.Itoa(d.Pos.Line)
		gutter = strings.Repeat(" ", len(number))
		text, underline := snippet(source[d.Pos.Line-1], d.Pos)
		p.put(blue, gutter+" |")
		p.put("", "\n")
		p.put(blue, number+" |")
		p.put("", strings.TrimRight(" "+text, " ")+"\n")
		if underline != "" {
			p.put(blue, gutter+" |")
			at := strings.IndexByte(underline, '^')
			p.put("", " "+underline[:at])
			p.put(style, underline[at:])
			p.put("", "\n")
		}
	}
	if d.Fix != "" {
		p.put(blue, gutter+" =")
		p.put(bold, " fix:")
		p.put("", " "+Visible(d.Fix)+"\n")
	}
	for _, r := range d.Related {
		p.put(blue, gutter+" =")
		p.put("", " ")
		if where := place(d.File, r.Pos); where != "" {
			p.put("", where+": ")
		}
		p.put("", Visible(r.Message)+"\n")
	}
}

func severityStyle(s Severity) string {
	switch s {
	case Error:
		return red
	case Warning:
		return yellow
	}
	return cyan
}

func place(file string, pos Pos) string {
	at := pos.String()
	if file == "" || at == "" {
		return Visible(file) + at
	}
	return Visible(file) + ":" + at
}

// snippet returns the shown part of a line and the underline of pos below it, "" when pos has no column. A column
// behind the end of the line stands for the end.
func snippet(line string, pos Pos) (text, underline string) {
	line, before, behind := around(line, pos.Col-1)
	row := cells(line)
	width := 0
	for _, c := range row {
		width += c.width
	}
	first := max(pos.Col-1, 0)
	last := first + max(pos.Len, 1)
	first, last = first-before, last-before
	first, last = min(first, len(row)), min(max(last, first), len(row))

	from, to := 0, len(row)
	if width > maxShown {
		from, to = window(row, first)
	}
	var b strings.Builder
	left := 0 // columns before the caret
	if from > 0 || before > 0 {
		b.WriteString("…")
		left = 1
	}
	marked := 0
	for i := from; i < to; i++ {
		b.WriteString(row[i].text)
		switch {
		case i < first:
			left += row[i].width
		case i < last:
			marked += row[i].width
		}
	}
	if to < len(row) || behind {
		b.WriteString("…")
	}
	if pos.Col <= 0 {
		return b.String(), ""
	}
	return b.String(), strings.Repeat(" ", left) + "^" + strings.Repeat("~", max(marked-1, 0))
}

// around cuts a very long line to what a window could show around the rune with index at, and returns how many runes were
// cut before it and whether any behind it.
func around(line string, at int) (part string, before int, behind bool) {
	const reach = 4 * maxShown
	if len(line) <= 8*reach {
		return line, 0, false
	}
	from, to, n := 0, len(line), 0
	at = max(min(at, utf8.RuneCountInString(line)), 0)
	for i := range line {
		if n == at-reach {
			from, before = i, n
		}
		if n == at+reach {
			to = i
			break
		}
		n++
	}
	return line[from:to], before, to < len(line)
}

// window returns the range of cells to show of a line that is too long: about a third of the window before the place,
// the rest behind it.
func window(row []cell, at int) (from, to int) {
	room := maxShown - 2
	from = at
	for used := 0; from > 0 && used+row[from-1].width <= room/3; from-- {
		used += row[from-1].width
	}
	used := 0
	for to = from; to < len(row) && used+row[to].width <= room; to++ {
		used += row[to].width
	}
	if to == len(row) {
		for from > 0 && used+row[from-1].width <= room {
			from--
			used += row[from].width
		}
	}
	return from, to
}
