package yamlsrc

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// maxSearched is the largest file in which the line of a syntax error is searched by parsing parts of it again.
const maxSearched = 256 << 10

// libraryMessages says in our words what yaml.v3 complains of. The wording of yaml.v3 is that of libyaml.
var libraryMessages = []struct{ theirs, code, ours, fix string }{
	{"did not find expected key", CodeIndent, `expected a "key: value" at the indentation of the keys above`, "line the text up with the keys of its mapping"},
	{"mapping values are not allowed in this context", CodeIndent, `a "key: value" cannot begin here`, `line the key up with the keys of its mapping, or put a value with ": " in quotes`},
	{"did not find expected '-' indicator", CodeIndent, `expected a list item that begins with "- "`, "line the text up with the items above"},
	{"block sequence entries are not allowed in this context", CodeIndent, `a list item cannot begin here`, `put the "- " on a line of its own, or put the value in quotes`},
	{"mapping keys are not allowed in this context", CodeIndent, `a "? key" cannot begin here`, ""},
	{"could not find expected ':'", CodeColon, `expected ": " behind the key`, ""},
	{"found character that cannot start any token", CodeNeedsQuotes, "a value cannot begin with this character", "put the value in quotes"},
	{"did not find expected ',' or ']'", CodeBracket, `expected "," or "]" in the list`, ""},
	{"did not find expected ',' or '}'", CodeBracket, `expected "," or "}" in the mapping`, ""},
	{"did not find expected node content", CodeSyntax, "expected a value", ""},
	{"found unexpected end of stream", CodeQuote, "the quotes are not closed before the end of the file", "close the quotes"},
	{"found unexpected document indicator", CodeQuote, `the quotes are not closed before "---" or "..."`, "close the quotes"},
	{"found unknown escape character", CodeEscape, "a backslash in double quotes starts no escape that YAML knows", "use single quotes"},
	{"did not find expected hexdecimal number", CodeEscape, `expected hexadecimal digits behind \x, \u or \U`, "use single quotes"},
	{"found invalid Unicode character escape code", CodeEscape, "the escape is no Unicode character", ""},
	{"found undefined tag handle", CodeTag, "the tag has an unknown prefix", "remove the tag, or put the value in quotes"},
	{"did not find expected alphabetic or numeric character", CodeNeedsQuotes, `expected a name behind "*" or "&"`, "put the value in quotes"},
	{"did not find expected comment or line break", CodeSyntax, `expected the end of the line behind "|" or ">"`, "begin the text on the next line, or put the value in quotes"},
	{"found a tab character where an indentation space is expected", CodeTab, "a tab is used for indentation", "use blanks"},
	{"found a tab character that violates indentation", CodeTab, "a tab is used for indentation", "use blanks"},
	{"did not find expected <document start>", CodeIndent, "text follows the end of the document", "line the text up with the keys above"},
	{"exceeded max depth of", CodeTooDeep, fmt.Sprintf("values are nested more than %d levels deep", MaxDepth), ""},
}

var libraryLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:line (\d+): )?`) })

// syntax reports why the YAML library refused data: the first mistake that the scan of the lines finds up to the line
// where the library stopped, else what the library says.
func (b *builder) syntax(data []byte, err error) {
	var p panicked
	if errors.As(err, &p) {
		b.fail(CodeReaderFailed, diag.Pos{}, fmt.Sprintf("the YAML reader gave up on the file (%v)", p.value), "")
		return
	}
	message := strings.ReplaceAll(err.Error(), "\n", " ")
	line := 0
	if m := libraryLine().FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	if len(data) <= maxSearched {
		line = b.lineOf(message, line)
	}
	if b.unknownAnchor(message, line) {
		return
	}
	s := scanner{lines: b.doc.lines}
	s.run()
	for _, m := range s.mistakes {
		if line == 0 || m.line <= line {
			b.fail(m.code, b.clamp(m.line, m.col, m.length), m.message, m.fix)
			return
		}
	}
	pos := diag.Pos{Line: min(line, len(b.doc.lines))}
	if pos.Line > 0 {
		text := b.doc.lines[pos.Line-1]
		indent := len(text) - len(strings.TrimLeft(text, " "))
		pos = b.clamp(pos.Line, indent+1, len(strings.TrimSpace(text)))
	}
	for _, m := range libraryMessages {
		if strings.HasPrefix(message, m.theirs) {
			b.fail(m.code, pos, m.ours, m.fix)
			return
		}
	}
	b.fail(CodeSyntax, pos, "the file is not YAML: "+message, "")
}

// unknownAnchor reports an alias without an anchor. The library names it but not its place.
func (b *builder) unknownAnchor(message string, line int) bool {
	name, ok := strings.CutPrefix(message, "unknown anchor '")
	if !ok {
		return false
	}
	name, _, _ = strings.Cut(name, "'")
	pos := diag.Pos{}
	for i := max(line, 1); i <= len(b.doc.lines); i++ {
		if at := strings.Index(b.doc.lines[i-1], "*"+name); at >= 0 {
			pos = b.clamp(i, 1+utf8.RuneCountInString(b.doc.lines[i-1][:at]), 1+utf8.RuneCountInString(name))
			break
		}
	}
	b.fail(CodeAnchor, pos, fmt.Sprintf("alias %s names no anchor above", quoted("*"+name)), fmt.Sprintf("put the value in quotes, or define &%s above", name))
	return true
}

// lineOf returns the line at which the library notices the mistake: the shortest beginning of the file that is refused
// with the same message. The library itself often names the line where the surrounding block began.
func (b *builder) lineOf(message string, line int) int {
	lines := b.doc.lines
	n := sort.Search(len(lines), func(n int) bool {
		_, _, err := decode([]byte(strings.Join(lines[:n+1], "\n") + "\n"))
		return err != nil && strings.HasSuffix(err.Error(), message)
	})
	if n == len(lines) {
		return line
	}
	return n + 1
}

// mistake is a likely reason for a syntax error.
type mistake struct {
	line, col, length  int // as in diag.Pos
	code, message, fix string
}

// level is an open block: the column (0-based, in bytes of blanks) of its keys or items.
type level struct {
	indent int
	items  bool
	line   int
}

// scanner reads lines the way a person does and notes what does not fit. It sees enough of YAML to explain a refusal by
// the real parser; it is not run on files that are accepted.
type scanner struct {
	lines    []string
	mistakes []mistake
	levels   []level
	// row is the index of the current line.
	row int
	// open says that the last entry waits for its value on the lines below.
	open bool
	// started says that there was an entry before.
	started bool
	// lastValue is the line (1-based) of the last key or item that got a value on its own line.
	lastValue int
}

func (s *scanner) note(row, col, length int, code, message, fix string) {
	line := s.lines[row]
	s.mistakes = append(s.mistakes, mistake{
		line: row + 1, col: 1 + len([]rune(line[:min(col, len(line))])), length: length, code: code, message: message, fix: fix,
	})
}

func (s *scanner) run() {
	for s.row = 0; s.row < len(s.lines); s.row++ {
		line := s.lines[s.row]
		text := strings.TrimLeft(line, " \t")
		indent := len(line) - len(text)
		switch {
		case text == "" || text[0] == '#':
		case strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...") || line[0] == '%':
			s.levels, s.open = nil, false
		case strings.Contains(line[:indent], "\t"):
			tab := strings.IndexByte(line, '\t')
			s.note(s.row, tab, indent-tab, CodeTab, "a tab is used for indentation; expected blanks", "replace each tab with blanks, two a level")
		default:
			s.entry(line, indent)
		}
	}
}

// entry reads a line from col on: list dashes, a key, a value.
func (s *scanner) entry(line string, col int) {
	first := col
	for line[col:] == "-" || strings.HasPrefix(line[col:], "- ") {
		s.enter(col, true, col > first)
		s.open, s.started = true, true
		rest := strings.TrimLeft(line[col+1:], " ")
		col = len(line) - len(rest)
		if rest == "" || rest[0] == '#' {
			return
		}
	}
	key, value := splitKey(line[col:])
	if key < 0 {
		s.loose(line, col, first)
		return
	}
	s.enter(col, false, col > first)
	s.started = true
	s.open = false
	s.value(line, col+value, col)
}

// splitKey returns the length of the key that begins text and the offset of its value; -1 when there is no key.
func splitKey(text string) (key, value int) {
	switch text[0] {
	case '[', '{', '|', '>', '*', '&', '!', '@', '`':
		return -1, 0
	case '"', '\'':
		end := quotedEnd(text)
		if end == 0 {
			return -1, 0
		}
		rest := strings.TrimLeft(text[end:], " ")
		if rest != ":" && !strings.HasPrefix(rest, ": ") {
			return -1, 0
		}
		key = end
		value = len(text) - len(rest) + 1
	default:
		key = strings.Index(text, ": ")
		if key < 0 && strings.HasSuffix(text, ":") {
			key = len(text) - 1
		}
		if comment := strings.Index(text, " #"); key < 0 || comment >= 0 && comment < key {
			return -1, 0
		}
		value = key + 1
	}
	value = len(text) - len(strings.TrimLeft(text[value:], " "))
	return key, value
}

// enter opens or continues the block whose keys or items stand at col. inline says that a dash stands before it on the
// same line.
func (s *scanner) enter(col int, items, inline bool) {
	top := len(s.levels) - 1
	here := level{col, items, s.row + 1}
	switch {
	case top < 0:
		s.levels = append(s.levels, here)
		return
	case col > s.levels[top].indent:
		if !inline && !s.open && s.started {
			s.note(s.row, col, 1, CodeIndent,
				fmt.Sprintf("the line is indented deeper than line %d, which has its value already", max(s.lastValue, s.levels[top].line)),
				fmt.Sprintf("indent it with %d blanks like the entry above, or remove the value above", s.levels[top].indent))
		}
		s.levels = append(s.levels, here)
		return
	}
	for top > 0 && s.levels[top].indent > col {
		top--
	}
	s.levels = s.levels[:top+1]
	if s.levels[top].indent != col {
		columns := make([]string, 0, len(s.levels)+1)
		for _, l := range s.levels {
			if l.indent < col {
				columns = append(columns, strconv.Itoa(l.indent))
			}
		}
		message := fmt.Sprintf("the line is indented with %d blanks, where no level above begins", col)
		fix := ""
		if len(columns) > 0 {
			fix = "line it up with the entries it belongs to; levels above are indented with " + strings.Join(columns, ", ")
		} else {
			fix = "line it up with the entries it belongs to"
		}
		s.note(s.row, col, 1, CodeIndent, message, fix)
		s.levels = append(s.levels, here)
		return
	}
	switch {
	case items == s.levels[top].items:
	case items && s.open:
		s.levels = append(s.levels, here) // a list may stand at the indentation of its key
	case !items && top > 0 && s.levels[top-1].indent == col:
		s.levels = s.levels[:top]
	case items:
		s.note(s.row, col, 1, CodeIndent, `a list item stands where a key was expected`, "indent the item below its key, or remove the value of the key above")
	default:
		s.note(s.row, col, 1, CodeIndent, `a key stands where a list item was expected`, `begin the line with "- ", or line it up with the keys it belongs to`)
	}
}

// missingBlank finds a key whose value follows the colon without a blank.
var missingBlank = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*:[^\s/\\]`) })

// loose reads text without a key: the value of a dash, of a key above, or the continuation of a value.
func (s *scanner) loose(line string, col, first int) {
	top := len(s.levels) - 1
	dash := col > first
	if !dash && top >= 0 && !s.open && col <= s.levels[top].indent {
		text := strings.TrimRight(line[col:], " ")
		switch {
		case missingBlank().MatchString(text):
			colon := strings.IndexByte(text, ':')
			s.note(s.row, col+colon, 1, CodeColon, `no blank behind the colon; expected "key: value"`,
				"write "+quoted(text[:colon]+": "+text[colon+1:]))
		case s.levels[top].items:
			s.note(s.row, col, len([]rune(text)), CodeIndent, `expected a list item that begins with "- "`, "")
		case text[0] != '"' && text[0] != '\'':
			s.note(s.row, col, len([]rune(text)), CodeColon, `expected "key: value"`, "indent the line further if it continues the value above")
		}
	}
	indent := col
	if top >= 0 {
		indent = s.levels[top].indent
	}
	s.open = false
	s.value(line, col, indent)
}

// blockHeader matches the header of a block scalar.
var blockHeader = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[|>][-+0-9]{0,2}\s*(#.*)?$`) })

// value reads the value at col of line; indent is the indentation of the entry it belongs to.
func (s *scanner) value(line string, col, indent int) {
	for col < len(line) && (line[col] == '&' || line[col] == '!') {
		word := line[col:]
		if i := strings.IndexByte(word, ' '); i >= 0 {
			word = word[:i]
		}
		rest := strings.TrimLeft(line[col+len(word):], " ")
		col = len(line) - len(rest)
	}
	text := line[min(col, len(line)):]
	if text == "" || text[0] == '#' {
		s.open = true
		return
	}
	s.lastValue = s.row + 1
	if text == "-" || strings.HasPrefix(text, "- ") {
		s.note(s.row, col, 1, CodeIndent, "a list cannot begin on the line of its key", `put each "- " on a line of its own, or put the value in quotes`)
		return
	}
	switch text[0] {
	case '|', '>':
		if blockHeader().MatchString(text) {
			s.skipBlock(indent)
			return
		}
		s.note(s.row, col, 1, CodeNeedsQuotes, fmt.Sprintf("%q begins a block of text on the next line", text[:1]), "put the value in quotes")
	case '"', '\'':
		s.quoted(col)
	case '[', '{':
		s.flow(col)
	case '*':
	case '@', '`', '%', ',', ']', '}':
		s.note(s.row, col, 1, CodeNeedsQuotes, fmt.Sprintf("a value cannot begin with %q", text[:1]), "put the value in quotes")
	default:
		s.plain(text, col)
	}
}

func (s *scanner) plain(text string, col int) {
	if i := strings.Index(text, " #"); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimRight(text, " \t")
	i := strings.Index(text, ": ")
	if i < 0 && strings.HasSuffix(text, ":") {
		i = len(text) - 1
	}
	if i >= 0 {
		s.note(s.row, col+i, 1, CodeNeedsQuotes, `": " inside a value; expected quotes around it`, "put the value in quotes")
	}
}

// skipBlock moves to the last line of a block scalar.
func (s *scanner) skipBlock(indent int) {
	for s.row+1 < len(s.lines) {
		next := s.lines[s.row+1]
		if text := strings.TrimLeft(next, " "); strings.TrimSpace(text) != "" && len(next)-len(text) <= indent {
			return
		}
		s.row++
	}
}

// looksLikeEntry matches a line that is an entry of its own and therefore hardly the middle of a quoted value.
var looksLikeEntry = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*(- |-$|[A-Za-z_][A-Za-z0-9_-]*:(\s|$))`) })

// quoted reads the quoted value that begins at col, over several lines when nothing speaks against it.
func (s *scanner) quoted(col int) {
	row, quote := s.row, s.lines[s.row][col:col+1]
	if quote == `"` {
		s.escapes(s.lines[row][col:], col)
	}
	if end := quotedEnd(s.lines[row][col:]); end > 0 {
		after := s.lines[row][col+end:]
		rest := strings.TrimLeft(after, " \t")
		if rest != "" && (rest[0] != '#' || len(rest) == len(after)) {
			s.note(row, col+end+len(after)-len(rest), len([]rune(strings.TrimRight(rest, " "))), CodeQuote,
				fmt.Sprintf("text follows the closing %s", quote),
				"put the whole value between the quotes; inside single quotes write '' for one quote")
		}
		return
	}
	for next := row + 1; next < len(s.lines); next++ {
		line := s.lines[next]
		if looksLikeEntry().MatchString(line) || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...") {
			break
		}
		if quotedEnd(quote+line) > 0 {
			s.row = next
			return
		}
	}
	s.note(row, col, len([]rune(strings.TrimRight(s.lines[row][col:], " "))), CodeQuote,
		fmt.Sprintf("the value begins with %s and is not closed", quote), "close the quotes at the end of the value")
}

// escapes notes the first backslash of a double-quoted text that YAML does not know.
func (s *scanner) escapes(text string, col int) {
	end := quotedEnd(text)
	if end == 0 {
		end = len(text)
	}
	for i := 1; i < end-1; i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		digits := 0
		switch text[i] {
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		}
		known := strings.IndexByte("0abt\tnvfre \"/\\'N_LPxuU", text[i]) >= 0
		for k := 1; known && k <= digits; k++ {
			known = i+k < end && strings.IndexByte("0123456789abcdefABCDEF", text[i+k]) >= 0
		}
		if !known {
			s.note(s.row, col+i-1, 2, CodeEscape, `a backslash in double quotes starts no escape that YAML knows`,
				"use single quotes: in them a backslash stands for itself")
			return
		}
	}
}

// flow reads a value in brackets that begins at col, over as many lines as it takes.
func (s *scanner) flow(col int) {
	type bracket struct {
		row, col int
		close    byte
	}
	var open []bracket
	for row, from := s.row, col; row < len(s.lines); row, from = row+1, 0 {
		line := s.lines[row]
		if row > s.row && looksLikeEntry().MatchString(line) && len(open) > 0 && open[0].close == ']' {
			break
		}
		for i := from; i < len(line); i++ {
			switch c := line[i]; c {
			case '[':
				open = append(open, bracket{row, i, ']'})
			case '{':
				open = append(open, bracket{row, i, '}'})
			case ']', '}':
				last := open[len(open)-1]
				if last.close != c {
					s.note(row, i, 1, CodeBracket, fmt.Sprintf("%q closes the bracket of line %d; expected %q", string(c), last.row+1, string(last.close)), "")
					s.row = row
					return
				}
				if open = open[:len(open)-1]; len(open) == 0 {
					s.row = row
					rest := strings.TrimLeft(line[i+1:], " \t")
					if rest != "" && rest[0] != '#' {
						s.note(row, len(line)-len(rest), len([]rune(rest)), CodeBracket, fmt.Sprintf("text follows the closing %q", string(c)), "put the value in quotes if it begins with a bracket")
					}
					return
				}
			case '"', '\'':
				if i > 0 && strings.IndexByte(" [{,:", line[i-1]) < 0 {
					continue
				}
				end := quotedEnd(line[i:])
				if end == 0 {
					s.note(row, i, len([]rune(line[i:])), CodeQuote, fmt.Sprintf("the value begins with %c and is not closed", c), "close the quotes")
					s.row = row
					return
				}
				i += end - 1
			case '#':
				if i > 0 && line[i-1] == ' ' {
					i = len(line)
				}
			}
		}
	}
	last := open[len(open)-1]
	s.note(last.row, last.col, 1, CodeBracket, fmt.Sprintf("%q is not closed", s.lines[last.row][last.col:last.col+1]),
		fmt.Sprintf("write %q at its end, or put the value in quotes", string(last.close)))
}
