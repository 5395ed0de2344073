package sqlverify

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is the class of a token.
type kind int

const (
	word      kind = iota // keyword or regular identifier
	bracketed             // [name]
	quoted                // "name"
	text                  // '…' or N'…'
	number                // 12, 1.5, 0x1F
	variable              // @x or @@x
	scripting             // $(x), a sqlcmd variable
	operator              // punctuation, :: and two-character operators as one
	bad                   // a character that T-SQL has no use for
)

// token is one piece of T-SQL. Comments and blanks are no tokens.
type token struct {
	kind     kind
	raw      string // the text as written
	val      string // word: upper case; name, text: unquoted; else as written
	national bool   // text with the N prefix
	off, end int    // byte offsets in the source
	line     int    // from 1
	col      int    // from 1, in characters
}

func (t token) is(upper string) bool { return t.kind == word && t.val == upper }
func (t token) op(s string) bool     { return t.kind == operator && t.raw == s }
func (t token) isName() bool         { return t.kind == word || t.kind == bracketed || t.kind == quoted }

func (t token) named(lower string) bool {
	return t.isName() && strings.EqualFold(t.val, lower)
}

// comment is a -- or /* */ comment.
type comment struct {
	raw      string
	off, end int
	line     int
	block    bool
}

// separator is a GO line.
type separator struct {
	off, end int // of the line's text without blanks before and after
	line     int
	count    bool // GO n
}

// script is a file cut into tokens and batches.
type script struct {
	src        string
	tokens     []token
	comments   []comment
	separators []separator
	batches    []batch
	problems   []Finding
}

// batch is the range of tokens between two GO lines. Empty batches are kept, so that positions stay plain.
type batch struct {
	lo, hi int // token indexes, hi exclusive
}

type lexer struct {
	script
	pos  int
	line int
	bol  int // offset of the current line's start
}

var operators2 = []string{"::", "<>", "<=", ">=", "!=", "!<", "!>", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="}

// scan cuts a source into tokens, comments, GO lines and batches. It never fails: what it cannot read becomes a problem.
func scan(src string) *script {
	l := &lexer{script: script{src: src}, line: 1}
	l.run()
	start := 0
	for _, sep := range l.separators {
		end := start
		for end < len(l.tokens) && l.tokens[end].off < sep.off {
			end++
		}
		l.batches = append(l.batches, batch{start, end})
		start = end
	}
	l.batches = append(l.batches, batch{start, len(l.tokens)})
	return &l.script
}

func (l *lexer) problem(code string, off, line, bol int, format string, args ...any) {
	l.problems = append(l.problems, Finding{Line: line, Col: 1 + utf8.RuneCountInString(l.src[bol:off]), Code: code, Message: fmt.Sprintf(format, args...)})
}

// advance moves to offset end and counts lines on the way. A line ends with LF, or with a CR that no LF follows.
func (l *lexer) advance(end int) {
	for i := l.pos; i < end; i++ {
		if l.src[i] == '\n' || l.src[i] == '\r' && (i+1 >= len(l.src) || l.src[i+1] != '\n') {
			l.line++
			l.bol = i + 1
		}
	}
	l.pos = end
}

func (l *lexer) emit(k kind, end int, val string) {
	l.tokens = append(l.tokens, token{
		kind: k, raw: l.src[l.pos:end], val: val, off: l.pos, end: end,
		line: l.line, col: 1 + utf8.RuneCountInString(l.src[l.bol:l.pos]),
	})
	l.advance(end)
}

func (l *lexer) run() {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		c := rest[0]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v':
			l.advance(l.pos + 1)
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				end = len(rest)
			}
			l.comments = append(l.comments, comment{raw: rest[:end], off: l.pos, end: l.pos + end, line: l.line})
			l.advance(l.pos + end)
		case strings.HasPrefix(rest, "/*"):
			l.blockComment()
		case c == '\'' || (c == 'N' || c == 'n') && len(rest) > 1 && rest[1] == '\'':
			l.text()
		case c == '[':
			l.delimited(']', bracketed, "name in brackets")
		case c == '"':
			l.delimited('"', quoted, "name in quotation marks")
		case c == '@':
			end := l.wordEnd(l.pos + 1)
			if end == l.pos+1 {
				l.emit(bad, end, rest[:1])
			} else {
				l.emit(variable, end, strings.ToLower(l.src[l.pos:end]))
			}
		case strings.HasPrefix(rest, "$("):
			end := strings.IndexAny(rest, ")\r\n")
			if end < 0 || rest[end] != ')' {
				l.problem("SQP001", l.pos, l.line, l.bol, "$( is not closed")
				l.emit(bad, l.pos+2, "$(")
			} else {
				l.emit(scripting, l.pos+end+1, rest[2:end])
			}
		case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
			l.number()
		default:
			if end := l.wordEnd(l.pos); end > l.pos {
				l.word(end)
				continue
			}
			l.punctuation()
		}
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// wordEnd returns the end of the regular identifier at i, or i when there is none. Letters of any script count, after the
// first character also digits, @, $, # and _.
func (l *lexer) wordEnd(i int) int {
	start := i
	for i < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[i:])
		ok := unicode.IsLetter(r) && (r != utf8.RuneError || n > 1) || r == '_' || r == '#' || r == '@' && start > 0 && l.src[start-1] == '@' ||
			i > start && (unicode.IsDigit(r) || r == '@' || r == '$')
		if !ok {
			break
		}
		i += n
	}
	return i
}

// word emits an identifier, or takes a GO line out.
func (l *lexer) word(end int) {
	upper := strings.ToUpper(l.src[l.pos:end])
	if upper == "GO" {
		if strings.TrimLeft(l.src[l.bol:l.pos], " \t") == "" && l.goLine(end) {
			return
		}
		l.problem("SQP003", l.pos, l.line, l.bol, "GO must stand alone on its line")
	}
	l.emit(word, end, upper)
}

// goLine takes a batch separator: GO, an optional count, an optional -- comment, nothing else on the line.
func (l *lexer) goLine(end int) bool {
	eol := end
	for eol < len(l.src) && l.src[eol] != '\r' && l.src[eol] != '\n' {
		eol++
	}
	tail := l.src[end:eol]
	if i := strings.Index(tail, "--"); i >= 0 {
		tail = tail[:i]
	}
	tail = strings.Trim(tail, " \t")
	for i := 0; i < len(tail); i++ {
		if !isDigit(tail[i]) {
			return false
		}
	}
	l.separators = append(l.separators, separator{off: l.pos, end: eol, line: l.line, count: tail != ""})
	l.advance(eol)
	return true
}

func (l *lexer) blockComment() {
	depth, i := 0, l.pos
	for i < len(l.src) {
		switch {
		case strings.HasPrefix(l.src[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(l.src[i:], "*/"):
			depth--
			i += 2
		default:
			i++
		}
		if depth == 0 {
			break
		}
	}
	if depth > 0 {
		l.problem("SQP001", l.pos, l.line, l.bol, "comment is not closed")
	}
	l.hiddenSeparator(l.pos, i, "comment")
	l.comments = append(l.comments, comment{raw: l.src[l.pos:i], off: l.pos, end: i, line: l.line, block: true})
	l.advance(i)
}

// hiddenSeparator reports a GO line inside a comment or a literal: clients disagree about it.
func (l *lexer) hiddenSeparator(from, to int, where string) {
	line := l.line
	for i, s := range strings.Split(l.src[from:to], "\n") {
		if f := strings.Fields(s); i > 0 && len(f) == 1 && strings.EqualFold(f[0], "GO") {
			l.problems = append(l.problems, Finding{Line: line + i, Col: 1, Code: "SQP003", Message: "a line GO inside a " + where + ": some clients end the batch there"})
		}
	}
}

func (l *lexer) text() {
	i := l.pos
	national := l.src[i] != '\''
	if national {
		i++
	}
	i++
	var val strings.Builder
	for {
		if i >= len(l.src) {
			l.problem("SQP001", l.pos, l.line, l.bol, "string literal is not closed")
			break
		}
		if l.src[i] == '\'' {
			if i+1 < len(l.src) && l.src[i+1] == '\'' {
				i++
			} else {
				i++
				break
			}
		}
		val.WriteByte(l.src[i])
		i++
	}
	l.hiddenSeparator(l.pos, i, "string literal")
	l.emit(text, i, val.String())
	l.tokens[len(l.tokens)-1].national = national
}

func (l *lexer) delimited(mark byte, k kind, what string) {
	i := l.pos + 1
	var val strings.Builder
	for {
		if i >= len(l.src) || l.src[i] == '\n' {
			l.problem("SQP001", l.pos, l.line, l.bol, "%s is not closed", what)
			break
		}
		if l.src[i] == mark {
			if i+1 < len(l.src) && l.src[i+1] == mark {
				i++
			} else {
				i++
				break
			}
		}
		val.WriteByte(l.src[i])
		i++
	}
	l.emit(k, i, val.String())
}

func (l *lexer) number() {
	i := l.pos
	if strings.HasPrefix(l.src[i:], "0x") || strings.HasPrefix(l.src[i:], "0X") {
		i += 2
		for i < len(l.src) && strings.IndexByte("0123456789abcdefABCDEF", l.src[i]) >= 0 {
			i++
		}
		l.emit(number, i, l.src[l.pos:i])
		return
	}
	for i < len(l.src) && isDigit(l.src[i]) {
		i++
	}
	if i < len(l.src) && l.src[i] == '.' {
		i++
		for i < len(l.src) && isDigit(l.src[i]) {
			i++
		}
	}
	if i+1 < len(l.src) && (l.src[i] == 'e' || l.src[i] == 'E') {
		j := i + 1
		if l.src[j] == '+' || l.src[j] == '-' {
			j++
		}
		if j < len(l.src) && isDigit(l.src[j]) {
			for j < len(l.src) && isDigit(l.src[j]) {
				j++
			}
			i = j
		}
	}
	l.emit(number, i, l.src[l.pos:i])
}

func (l *lexer) punctuation() {
	rest := l.src[l.pos:]
	for _, op := range operators2 {
		if strings.HasPrefix(rest, op) {
			l.emit(operator, l.pos+2, op)
			return
		}
	}
	if strings.IndexByte("()=,;.+-*/%<>&|^~:!", rest[0]) >= 0 {
		l.emit(operator, l.pos+1, rest[:1])
		return
	}
	r, n := utf8.DecodeRuneInString(rest)
	if r == '\uFEFF' && l.pos == 0 {
		l.advance(n)
		l.bol = n
		return
	}
	l.problem("SQP001", l.pos, l.line, l.bol, "character %q has no meaning in T-SQL", r)
	l.emit(bad, l.pos+n, rest[:n])
}
