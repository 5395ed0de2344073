package quote

import (
	"errors"
	"fmt"
	"strings"
)

type psMode uint8

const (
	psCode psMode = iota
	psSingle
	psSingleEnd // a quote was seen that ends the literal, unless another one follows
	psDouble
	psDoubleEnd
	psHereSingleHead // behind @', before the end of the line
	psHereDoubleHead
	psHereSingle
	psHereDouble
	psLine   // # comment
	psBlock  // <# #>
	psBraced // ${ }
)

var psWhere = [...]string{
	psCode:           "in code",
	psSingle:         "inside a '...' literal",
	psSingleEnd:      "directly behind the quote of a '...' literal",
	psDouble:         "inside a \"...\" literal",
	psDoubleEnd:      "directly behind the quote of a \"...\" literal",
	psHereSingleHead: "behind @'",
	psHereDoubleHead: "behind @\"",
	psHereSingle:     "inside a here-string",
	psHereDouble:     "inside a here-string",
	psLine:           "inside a # comment",
	psBlock:          "inside a <# #> comment",
	psBraced:         "inside ${ }",
}

// PSState is the lexical state of PowerShell text. The zero value is code at the start of a file. States compare by ==.
type PSState struct {
	mode   psMode
	prev   rune // last character of this mode
	dashes uint8
	escape bool // a backtick was the last character
	brace  bool // inside ${ } of a double-quoted string
	start  bool // at the start of a line of a here-string
	quote  bool // the quote that may end a here-string was the last character
}

// Where says in words where the state is: "in code", "inside a # comment".
func (s PSState) Where() string { return psWhere[s.mode] }

// InCode tells whether text that follows is code.
func (s PSState) InCode() bool { return s.mode == psCode && !s.escape }

// InComment tells whether text that follows belongs to a comment.
func (s PSState) InComment() bool { return s.mode == psLine || s.mode == psBlock }

// Action returns the state behind a template action whose function belongs to ctx, or an error that says why no such
// action can stand here. A value in code must be a token of its own: behind @ or $, a backtick, a closing quote, a
// letter or another value it would become part of something else.
func (s PSState) Action(ctx Context) (PSState, error) {
	if ctx == Comment {
		if !s.InComment() {
			return s, misplaced(ctx, s.Where())
		}
		if s.mode == psLine && s.prev == '#' {
			return s, misplaced(ctx, "directly behind #, leave a blank: #requires and #region are directives")
		}
		s.prev = afterValue
		return s, nil
	}
	if s.mode != psCode {
		return s, misplaced(ctx, s.Where())
	}
	switch {
	case s.escape:
		return s, misplaced(ctx, "behind a backtick")
	case s.prev == afterValue:
		return s, misplaced(ctx, "directly behind another value")
	case s.prev == '@' || s.prev == '$' || s.prev == '<':
		return s, misplaced(ctx, "directly behind "+string(s.prev))
	case s.prev > 0 && isWord(s.prev):
		return s, misplaced(ctx, "directly behind a name or number")
	}
	return PSState{prev: afterValue}, nil
}

// Join returns the state behind two branches of a template, and refuses branches that end in different places. A literal
// that ends and a value are the same place.
func (s PSState) Join(o PSState) (PSState, error) {
	if s == o {
		return s, nil
	}
	a, b := s.settle(), o.settle()
	prev, ok := joinPrev(a.prev, b.prev, "@$<#`")
	a.prev, b.prev = prev, prev
	a.dashes = max(a.dashes, b.dashes)
	b.dashes = a.dashes
	if !ok || a != b {
		return s, fmt.Errorf("one branch ends %s, the other %s, or they end in characters that matter to what follows", s.Where(), o.Where())
	}
	return a, nil
}

// settle takes a literal whose quote was seen for ended.
func (s PSState) settle() PSState {
	if s.mode == psSingleEnd || s.mode == psDoubleEnd {
		return PSState{prev: afterValue}
	}
	return s
}

// End refuses a state in which a file cannot end.
func (s PSState) End() error {
	switch s.mode {
	case psCode, psSingleEnd, psDoubleEnd, psLine:
		if s.escape {
			return errors.New("the text ends behind a backtick")
		}
		return nil
	}
	return fmt.Errorf("the text ends %s", s.Where())
}

// ScanPS follows the lexical state of PowerShell over text. It knows what decides where a value may stand: literals,
// here-strings, comments, ${ } and backticks, with every character that PowerShell takes for a quote. What needs a
// parser to be told apart is refused with a *ScanError instead of guessed: $( ) in a double-quoted string, a # inside or
// directly behind a word, --%, and a literal that touches a value.
func ScanPS(s PSState, text string) (PSState, error) {
	for i, c := range text {
		next, reason := s.step(c)
		if reason != "" {
			return s, &ScanError{Offset: i, Reason: reason}
		}
		s = next
	}
	return s, nil
}

func isSingle(c rune) bool { return strings.ContainsRune(singleQuotes, c) }

func isDouble(c rune) bool { return strings.ContainsRune(doubleQuotes, c) }

func isNewline(c rune) bool { return c == '\n' || c == '\r' }

// step returns the state behind c, or the reason why c is refused.
func (s PSState) step(c rune) (PSState, string) {
	switch s.mode {
	case psCode:
		return s.stepCode(c)
	case psSingle:
		if isSingle(c) {
			s.mode = psSingleEnd
		}
		return s, ""
	case psSingleEnd:
		if isSingle(c) {
			return PSState{mode: psSingle}, ""
		}
		return PSState{prev: '\''}.stepCode(c)
	case psDouble:
		return s.stepDouble(c)
	case psDoubleEnd:
		if isDouble(c) {
			return PSState{mode: psDouble}, ""
		}
		return PSState{prev: '\''}.stepCode(c)
	case psHereSingleHead, psHereDoubleHead:
		switch {
		case isNewline(c):
			return PSState{mode: s.mode + psHereSingle - psHereSingleHead, start: true}, ""
		case c == ' ' || c == '\t':
			return s, ""
		}
		return s, "the opening of a here-string is not the last thing on its line"
	case psHereSingle, psHereDouble:
		return s.stepHere(c)
	case psLine:
		if isNewline(c) {
			return PSState{prev: c}, ""
		}
	case psBlock:
		if s.prev == '#' && c == '>' {
			return PSState{prev: ' '}, ""
		}
	case psBraced:
		switch {
		case s.escape:
			s.escape = false
		case c == '`':
			s.escape = true
		case c == '}':
			return PSState{prev: c}, ""
		}
	}
	s.prev = c
	return s, ""
}

func (s PSState) stepCode(c rune) (PSState, string) {
	if s.escape {
		return PSState{prev: 'x'}, ""
	}
	if (isSingle(c) || isDouble(c)) && s.prev == afterValue {
		return s, "a quote stands directly behind a value"
	}
	switch {
	case isSingle(c) && s.prev == '@':
		return PSState{mode: psHereSingleHead}, ""
	case isDouble(c) && s.prev == '@':
		return PSState{mode: psHereDoubleHead}, ""
	case isSingle(c):
		return PSState{mode: psSingle}, ""
	case isDouble(c):
		return PSState{mode: psDouble}, ""
	case c == '`':
		return PSState{prev: c, escape: true}, ""
	case c == '{' && s.prev == '$':
		return PSState{mode: psBraced}, ""
	case c == '#' && s.prev == '<':
		return PSState{mode: psBlock}, ""
	case c == '#':
		if s.prev == afterStart || strings.ContainsRune(" \t\r\n;(){}|,&=", s.prev) {
			return PSState{mode: psLine, prev: c}, ""
		}
		return s, "a # that is neither at the start of a word nor quoted: put a blank before a comment, quote a word"
	case c == '%' && s.dashes >= 2:
		return s, "--% takes the rest of the line as it is"
	case c == '-' || c >= '\u2013' && c <= '\u2015':
		s.dashes = min(s.dashes+1, 2)
		s.prev = c
		return s, ""
	}
	return PSState{prev: c}, ""
}

func (s PSState) stepDouble(c rune) (PSState, string) {
	switch {
	case s.escape:
		s.escape = false
	case s.brace:
		if isDouble(c) || isNewline(c) {
			return s, "a quote or line end stands inside ${ }"
		}
		s.brace = c != '}'
	case c == '`':
		s.escape = true
	case isDouble(c):
		return PSState{mode: psDoubleEnd}, ""
	case c == '(' && s.prev == '$':
		return s, "$( ) stands in a double-quoted string: use -f"
	case c == '{' && s.prev == '$':
		s.brace = true
	default:
		s.prev = c
		return s, ""
	}
	// A $ that was escaped opens nothing.
	s.prev = afterStart
	return s, ""
}

func (s PSState) stepHere(c rune) (PSState, string) {
	switch {
	case s.quote && c == '@':
		return PSState{prev: '\''}, ""
	case s.mode == psHereDouble && s.prev == '$' && c == '(':
		return s, "$( ) stands in a here-string: use -f"
	case s.mode == psHereDouble && s.prev == '`' && isNewline(c):
		return s, "a backtick ends a line of a here-string"
	}
	quote := s.start && (s.mode == psHereSingle && isSingle(c) || s.mode == psHereDouble && isDouble(c))
	return PSState{mode: s.mode, prev: c, start: isNewline(c), quote: quote}, ""
}
