package yamlsrc

import (
	"strings"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"gopkg.in/yaml.v3"
)

// stride is how many runes lie between two marks of a lineIndex.
const stride = 256

// lineIndex makes columns of long lines cheap to find: a file of one line may hold a hundred thousand values.
type lineIndex struct {
	runes int
	// marks holds the byte offset of every stride-th rune; it is nil for a line of ASCII, where columns are bytes.
	marks []int
}

func newLineIndex(s string) *lineIndex {
	x := &lineIndex{runes: utf8.RuneCountInString(s)}
	if x.runes == len(s) {
		return x
	}
	n := 0
	for i := range s {
		if n%stride == 0 {
			x.marks = append(x.marks, i)
		}
		n++
	}
	return x
}

// index returns the index of a line, from 1, which must exist.
func (b *builder) index(line int) *lineIndex {
	if b.indexes == nil {
		b.indexes = make([]*lineIndex, len(b.doc.lines))
	}
	if b.indexes[line-1] == nil {
		b.indexes[line-1] = newLineIndex(b.doc.lines[line-1])
	}
	return b.indexes[line-1]
}

// clamp makes a position that lies inside the file: yaml.v3 places missing values behind the end of a line.
func (b *builder) clamp(line, col, length int) diag.Pos {
	lines := b.doc.lines
	if len(lines) == 0 {
		return diag.Pos{}
	}
	line = min(max(line, 1), len(lines))
	runes := b.index(line).runes
	col = min(max(col, 1), max(runes, 1))
	return diag.Pos{Line: line, Col: col, Len: max(min(length, runes-col+1), 1)}
}

// rest returns the text of a line from a column on.
func (b *builder) rest(line, col int) string {
	if line < 1 || line > len(b.doc.lines) || col < 1 {
		return ""
	}
	s, x := b.doc.lines[line-1], b.index(line)
	if col > x.runes {
		return ""
	}
	if x.marks == nil {
		return s[col-1:]
	}
	s = s[x.marks[(col-1)/stride]:]
	for range (col - 1) % stride {
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:]
	}
	return s
}

// start returns the place of n's content.
func (b *builder) start(n *yaml.Node) diag.Pos {
	pos, _, _ := b.content(n)
	return pos
}

// content returns the place of n's content, behind its anchor and tag, and the tag as written with its place, "" for
// none.
func (b *builder) content(n *yaml.Node) (pos diag.Pos, tag string, tagPos diag.Pos) {
	line, col := n.Line, n.Column
	rest := b.rest(line, col)
	if n.Kind != yaml.AliasNode {
		for rest != "" && (rest[0] == '&' || rest[0] == '!') {
			end := strings.IndexAny(rest, " \t")
			if end < 0 {
				end = len(rest)
			}
			if rest[0] == '&' && len(n.Anchor) > 0 && len(n.Anchor) < len(rest) {
				end = 1 + len(n.Anchor) // a value may follow without a blank
			} else if rest[0] == '!' {
				tag, tagPos = rest[:end], b.clamp(line, col, utf8.RuneCountInString(rest[:end]))
			}
			after := strings.TrimLeft(rest[end:], " \t")
			if after == "" || after[0] == '#' {
				line, col, rest = b.nextContent(line, col, rest)
				break
			}
			col += utf8.RuneCountInString(rest[:len(rest)-len(after)])
			rest = after
		}
	}
	return b.clamp(line, col, b.extent(n, rest)), tag, tagPos
}

// nextContent returns the next line with content, or the given place when there is none.
func (b *builder) nextContent(line, col int, rest string) (nextLine, nextCol int, text string) {
	for i := line; i < len(b.doc.lines); i++ {
		text := strings.TrimLeft(b.doc.lines[i], " ")
		if text != "" && text[0] != '#' {
			return i + 1, len(b.doc.lines[i]) - len(text) + 1, text
		}
	}
	return line, col, rest
}

// extent returns how many runes of rest belong to n, whose text begins there.
func (b *builder) extent(n *yaml.Node, rest string) int {
	switch {
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0:
		return b.extent(n.Content[0], rest)
	case n.Kind == yaml.AliasNode:
		return 1 + utf8.RuneCountInString(n.Value)
	case n.Kind != yaml.ScalarNode:
		return 1
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && rest != "":
		if end := quotedEnd(rest); end > 0 {
			return utf8.RuneCountInString(rest[:end])
		}
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 1
	case strings.HasPrefix(rest, n.Value):
		return utf8.RuneCountInString(n.Value)
	}
	return utf8.RuneCountInString(strings.TrimRight(rest, " \t"))
}

// inside returns the place of r in the text of n, or the place of n when r stands on a later line.
func (b *builder) inside(n *Node, r rune) diag.Pos {
	rest := b.rest(n.Pos.Line, n.Pos.Col)
	i := strings.IndexRune(rest, r)
	if i < 0 {
		return n.Pos
	}
	return b.clamp(n.Pos.Line, n.Pos.Col+utf8.RuneCountInString(rest[:i]), 1)
}

// quotedEnd returns the index behind the closing quote of the quoted scalar that begins s, 0 when it is not closed in s.
func quotedEnd(s string) int {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case quote == '"' && s[i] == '\\':
			i++
		case s[i] != quote:
		case quote == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return 0
}
