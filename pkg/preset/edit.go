package preset

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// span replaces the runes [from, to) of a line.
type span struct {
	from, to int
	text     string
}

// editor collects replacements in the lines of a YAML file.
type editor struct {
	lines   [][]rune
	spans   map[int][]span // by index of the line
	dropped map[int]bool
	ends    map[int]int // index of the rune behind the last node of a line
}

func newEditor(lines []string, root *yamlsrc.Node) *editor {
	e := &editor{spans: map[int][]span{}, dropped: map[int]bool{}, ends: map[int]int{}}
	for _, l := range lines {
		e.lines = append(e.lines, []rune(l))
	}
	visit(root, func(n *yamlsrc.Node, _ bool) {
		if n.Pos.Line > 0 {
			e.ends[n.Pos.Line-1] = max(e.ends[n.Pos.Line-1], n.Pos.Col-1+n.Pos.Len)
		}
	})
	return e
}

// visit calls f for every node and key, and says which are keys.
func visit(n *yamlsrc.Node, f func(n *yamlsrc.Node, key bool)) {
	f(n, false)
	for _, p := range n.Pairs {
		f(p.Key, true)
		visit(p.Value, f)
	}
	for _, i := range n.Items {
		visit(i, f)
	}
}

// written returns the text at a place.
func (e *editor) written(pos diag.Pos) string {
	return string(e.lines[pos.Line-1][pos.Col-1 : pos.Col-1+pos.Len])
}

// replace puts a value where another stands, in the quotes of the other. A value that is not written as itself at that
// place (an alias, a block of lines) is left alone.
func (e *editor) replace(pos diag.Pos, value string) {
	old := e.written(pos)
	if strings.HasPrefix(old, "*") || strings.HasPrefix(old, "|") || strings.HasPrefix(old, ">") {
		return
	}
	e.spans[pos.Line-1] = append(e.spans[pos.Line-1], span{pos.Col - 1, pos.Col - 1 + pos.Len, scalar(old, value)})
}

// scalar writes a value as YAML in the manner of an old one.
func scalar(old, value string) string {
	switch {
	case strings.HasPrefix(old, `"`) && !strings.ContainsAny(value, `"\`):
		return `"` + value + `"`
	case !strings.HasPrefix(old, "'") && !strings.HasPrefix(old, `"`) && plain(old, value):
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// plain reports whether a value may stand without quotes where an old one does: YAML, with and without brackets, must
// read it as itself, and as a number only where the old one was a number.
func plain(old, value string) bool {
	if slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "<<"}, strings.ToLower(value)) {
		return false
	}
	in, out := tag("a: {b: "+value+", c: d}\n", value), tag("a:\n  b: "+value+"  # d\n  c: d\n", value)
	return in != "" && in == out && (in == "!!str" || in == tag("a: {b: "+old+", c: d}\n", old))
}

// tag returns the YAML type of the value of a.b when it is written without quotes and read as itself, else "".
func tag(text, value string) string {
	doc, found := yamlsrc.Parse("", []byte(text))
	if len(found) > 0 || doc.Root == nil || len(doc.Root.Pairs[0].Value.Pairs) != 2 {
		return ""
	}
	if n := doc.Root.Pairs[0].Value.Pairs[0].Value; n.Kind == yamlsrc.Scalar && n.Plain && n.Value == value {
		return n.Tag
	}
	return ""
}

// remove takes out the entries of mappings that have the given keys and values at the given places. It reports whether
// all could be taken out: the first entry behind a dash cannot, nor can a value that is no entry of that key.
func (e *editor) remove(root *yamlsrc.Node, places map[diag.Pos]string) bool {
	left := len(places)
	visit(root, func(m *yamlsrc.Node, _ bool) {
		if m.Kind != yamlsrc.Mapping {
			return
		}
		flow := m.Pos.Line > 0 && e.lines[m.Pos.Line-1][m.Pos.Col-1] == '{'
		kept := false // an entry before this one stays
		for _, p := range m.Pairs {
			if places[p.Value.Pos] != p.Key.Value || p.Value.Kind != yamlsrc.Scalar {
				kept = true
				continue
			}
			line := p.Key.Pos.Line - 1
			switch {
			case flow && p.Value.Pos.Line == p.Key.Pos.Line:
				from, to := p.Key.Pos.Col-1, p.Value.Pos.Col-1+p.Value.Pos.Len
				e.spans[line] = append(e.spans[line], e.entry(line, from, to, kept))
			case !flow && strings.TrimSpace(string(e.lines[line][:p.Key.Pos.Col-1])) == "":
				e.dropped[line] = true
			default:
				continue
			}
			left--
		}
	})
	return left == 0
}

// entry returns the span of a flow entry with the comma before it, when an entry before it stays, else with the comma
// behind it.
func (e *editor) entry(line, from, to int, kept bool) span {
	l := e.lines[line]
	blank := func(i int) bool { return i >= 0 && i < len(l) && (l[i] == ' ' || l[i] == '\t') }
	if kept {
		i := from
		for blank(i - 1) {
			i--
		}
		if i > 0 && l[i-1] == ',' {
			return span{i - 1, to, ""}
		}
		return span{from, to, ""}
	}
	i := to
	for blank(i) {
		i++
	}
	if i < len(l) && l[i] == ',' {
		for i++; blank(i); i++ {
		}
		return span{from, i, ""}
	}
	return span{from, to, ""}
}

// text returns the edited file. Comments are rewritten by f and stay in their column when the values leave room.
func (e *editor) text(f func(string) string) string {
	var b strings.Builder
	for i, l := range e.lines {
		if e.dropped[i] {
			continue
		}
		comment := e.comment(i)
		note := string(l[comment:])
		spans := e.spans[i]
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
		var out strings.Builder
		last := 0
		for _, s := range spans {
			out.WriteString(string(l[last:s.from]) + s.text)
			last = s.to
		}
		out.WriteString(string(l[last:comment]))
		content := out.String()
		if note != "" {
			content = strings.TrimRight(content, " \t")
			if content != "" {
				content += strings.Repeat(" ", max(1, comment-utf8.RuneCountInString(content)))
			} else {
				content = strings.Repeat(" ", comment)
			}
			note = f(note)
		}
		b.WriteString(content + note + "\n")
	}
	return b.String()
}

// comment returns the index of the rune that begins the comment of a line, the length of the line when there is none.
func (e *editor) comment(line int) int {
	l := e.lines[line]
	for i := e.ends[line]; i < len(l); i++ {
		if l[i] == '#' && (i == 0 || l[i-1] == ' ' || l[i-1] == '\t') {
			return i
		}
	}
	return len(l)
}
