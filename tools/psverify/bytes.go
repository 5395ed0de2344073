package psverify

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

var bom = []byte{0xEF, 0xBB, 0xBF}

// leftover matches what an unrendered template, text/template, html/template or package fmt leaves behind. Double braces
// around a digit or a lone name are the escape of the -f operator and stay out of it.
var leftover = regexp.MustCompile(`\{\{-?[ \t]*[.$]|\{\{-?[ \t]+[A-Za-z(]` +
	`|\{\{-?(?:end|if|else|range|with|template|block|define|include)\b|<no value>|<nil>|%!(?:[A-Za-z]|\()[A-Za-z(]*[(=]|&#3[49];`)

// bytes applies the rules that look at characters: encoding, line ends, typographic quotes, leftovers.
//
// Windows PowerShell 5.1 reads a file without a byte order mark in the ANSI code page, where the second and third bytes
// of some UTF-8 characters are quotes.
func (f *File) bytes(hasBOM bool) {
	text := f.Source
	ends, ascii := 0, true
	for i, b := range text {
		switch {
		case b == '\n' && (i == 0 || text[i-1] != '\r'), b == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			if ends == 0 {
				f.add(i, "PSV018", "line ends must be CR LF throughout")
			}
			ends++
		case b == '\n', b == '\r', b == '\t':
		case b < 0x20 || b == 0x7F:
			f.add(i, "PSV017", fmt.Sprintf("control character U+%04X", b))
		case b >= utf8.RuneSelf && !hasBOM && ascii:
			f.add(i, "PSV017", "not pure ASCII: the file needs a UTF-8 byte order mark")
			ascii = false
		}
	}
	for _, at := range leftover.FindAllIndex(text, -1) {
		f.add(at[0], "PSV015", fmt.Sprintf("left over from rendering: %q", text[at[0]:at[1]]))
	}
	at := 0
	var walk func(n *Node)
	walk = func(n *Node) {
		if stringKind(n.Kind) || n.Kind == "comment" {
			f.tokens(at, n.Start)
			f.quotes(n)
			at = n.End
			return
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(f.Root)
	f.tokens(at, len(text))
}

func stringKind(kind string) bool {
	switch kind {
	case "expandable_string_literal", "verbatim_string_characters",
		"expandable_here_string_literal", "verbatim_here_string_characters":
		return true
	}
	return false
}

// tokens refuses every non-ASCII character between strings and comments: PowerShell reads typographic quotes and dashes
// as quotes and dashes, no-break spaces as spaces, and the grammar does none of that.
func (f *File) tokens(from, to int) {
	for i := from; i < to; {
		r, size := utf8.DecodeRune(f.Source[i:])
		if r >= utf8.RuneSelf {
			f.add(i, "PSV014", fmt.Sprintf("%U outside a string or comment", r))
		}
		i += size
	}
	if i := strings.Index(string(f.Source[from:max(from, to)]), "{{"); i >= 0 {
		f.add(from+i, "PSV015", "double brace outside a string: left over from a template, or a block that needs a space")
	}
}

func isSingleQuote(r rune) bool { return r >= 0x2018 && r <= 0x201B }

func isDoubleQuote(r rune) bool { return r >= 0x201C && r <= 0x201E }

// quotes refuses typographic quotes that PowerShell takes for the end of the string: each must be doubled, by itself.
func (f *File) quotes(n *Node) {
	text := n.Text()
	closes := isSingleQuote
	switch n.Kind {
	case "comment":
		if strings.HasPrefix(text, "<#") && strings.Index(text, "#>") != len(text)-2 {
			f.add(n.Start+strings.Index(text, "#>"), "PSV001", "the comment ends here for PowerShell")
		}
		return
	case "expandable_string_literal":
		closes = isDoubleQuote
	case "verbatim_here_string_characters", "expandable_here_string_literal":
		if n.Kind[0] == 'e' {
			closes = isDoubleQuote
		}
		for i := range text {
			if text[i] != '\n' {
				continue
			}
			if r, size := utf8.DecodeRuneInString(text[i+1:]); closes(r) && strings.HasPrefix(text[i+1+size:], "@") {
				f.add(n.Start+i+1, "PSV016", fmt.Sprintf("%U and @ at the start of a line end the here-string", r))
			}
		}
		return
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if n.Kind[0] == 'e' && r == '`' {
			_, next := utf8.DecodeRuneInString(text[i+size:])
			i += size + next
			continue
		}
		if closes(r) {
			if next, _ := utf8.DecodeRuneInString(text[i+size:]); next != r {
				f.add(n.Start+i, "PSV016", fmt.Sprintf("%U ends the string for PowerShell: double it", r))
			} else {
				i += size
			}
		}
		i += size
	}
}
