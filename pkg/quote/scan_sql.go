package quote

import "fmt"

type sqlMode uint8

const (
	sqlCode sqlMode = iota
	sqlString
	sqlStringEnd // a quote was seen that ends the literal, unless another one follows
	sqlQuoted
	sqlQuotedEnd
	sqlBracket
	sqlBracketEnd
	sqlLine  // -- comment
	sqlBlock // /* */
)

var sqlWhere = [...]string{
	sqlCode:       "in code",
	sqlString:     "inside a '...' literal",
	sqlStringEnd:  "directly behind the quote of a '...' literal",
	sqlQuoted:     "inside a \"...\" name",
	sqlQuotedEnd:  "directly behind the quote of a \"...\" name",
	sqlBracket:    "inside a [...] name",
	sqlBracketEnd: "directly behind the bracket of a [...] name",
	sqlLine:       "inside a -- comment",
	sqlBlock:      "inside a /* */ comment",
}

// SQLState is the lexical state of T-SQL text. The zero value is code at the start of a file. States compare by ==.
type SQLState struct {
	mode  sqlMode
	prev  rune // last character of this mode
	depth int  // of /* */, which nest
}

// Where says in words where the state is: "in code", "inside a -- comment".
func (s SQLState) Where() string { return sqlWhere[s.mode] }

// InCode tells whether text that follows is code.
func (s SQLState) InCode() bool { return s.mode == sqlCode }

// InComment tells whether text that follows belongs to a comment.
func (s SQLState) InComment() bool { return s.mode == sqlLine || s.mode == sqlBlock }

// Action returns the state behind a template action whose function belongs to ctx, or an error that says why no such
// action can stand here. A value in code must be a token of its own.
func (s SQLState) Action(ctx Context) (SQLState, error) {
	if ctx == Comment {
		if !s.InComment() {
			return s, misplaced(ctx, s.Where())
		}
		s.prev = afterValue
		return s, nil
	}
	if s.mode != sqlCode {
		return s, misplaced(ctx, s.Where())
	}
	switch {
	case s.prev == afterValue:
		return s, misplaced(ctx, "directly behind another value")
	case s.prev == '-' && ctx == Number: // a number has no sign of its own
	case s.prev == '-' || s.prev == '/':
		return s, misplaced(ctx, "directly behind "+string(s.prev)+", which with the value could begin a comment: leave a blank")
	case s.prev > 0 && (isWord(s.prev) || s.prev == '@' || s.prev == '#' || s.prev == '$'):
		return s, misplaced(ctx, "directly behind a name or number")
	}
	return SQLState{prev: afterValue}, nil
}

// Join returns the state behind two branches of a template, and refuses branches that end in different places. A literal
// or name that ends and a value are the same place.
func (s SQLState) Join(o SQLState) (SQLState, error) {
	if s == o {
		return s, nil
	}
	a, b := s.settle(), o.settle()
	prev, ok := joinPrev(a.prev, b.prev, "-/*")
	a.prev, b.prev = prev, prev
	if !ok || a != b {
		return s, fmt.Errorf("one branch ends %s, the other %s, or they end in characters that matter to what follows", s.Where(), o.Where())
	}
	return a, nil
}

// settle takes a literal or name whose closing character was seen for ended.
func (s SQLState) settle() SQLState {
	if s.mode == sqlStringEnd || s.mode == sqlQuotedEnd || s.mode == sqlBracketEnd {
		return SQLState{prev: afterValue}
	}
	return s
}

// End refuses a state in which a file cannot end.
func (s SQLState) End() error {
	switch s.mode {
	case sqlString, sqlQuoted, sqlBracket, sqlBlock:
		return fmt.Errorf("the text ends %s", s.Where())
	}
	return nil
}

// ScanSQL follows the lexical state of T-SQL over text: literals, quoted and bracketed names, -- comments and nested
// /* */ comments. A quote, bracket or name character that touches a value is refused with a *ScanError.
func ScanSQL(s SQLState, text string) (SQLState, error) {
	for i, c := range text {
		next, reason := s.step(c)
		if reason != "" {
			return s, &ScanError{Offset: i, Reason: reason}
		}
		s = next
	}
	return s, nil
}

// step returns the state behind c, or the reason why c is refused.
func (s SQLState) step(c rune) (SQLState, string) {
	switch s.mode {
	case sqlCode:
		return s.stepCode(c)
	case sqlString:
		if c == '\'' {
			return SQLState{mode: sqlStringEnd}, ""
		}
	case sqlQuoted:
		if c == '"' {
			return SQLState{mode: sqlQuotedEnd}, ""
		}
	case sqlBracket:
		if c == ']' {
			return SQLState{mode: sqlBracketEnd}, ""
		}
	case sqlStringEnd:
		if c == '\'' {
			return SQLState{mode: sqlString}, ""
		}
		return SQLState{prev: '\''}.stepCode(c)
	case sqlQuotedEnd:
		if c == '"' {
			return SQLState{mode: sqlQuoted}, ""
		}
		return SQLState{prev: '"'}.stepCode(c)
	case sqlBracketEnd:
		if c == ']' {
			return SQLState{mode: sqlBracket}, ""
		}
		return SQLState{prev: ']'}.stepCode(c)
	case sqlLine:
		if c == '\n' {
			return SQLState{prev: c}, ""
		}
		s.prev = c
	case sqlBlock:
		switch {
		case s.prev == '*' && c == '/':
			s.depth--
			s.prev = afterStart
			if s.depth == 0 {
				return SQLState{prev: ' '}, ""
			}
		case s.prev == '/' && c == '*':
			s.depth++
			s.prev = afterStart
		default:
			s.prev = c
		}
	}
	return s, ""
}

func (s SQLState) stepCode(c rune) (SQLState, string) {
	if s.prev == afterValue && (c == '\'' || c == '"' || c == '[' || c == ']' || isWord(c) || c == '@' || c == '#' || c == '$') {
		return s, "a quote, bracket or name stands directly behind a value"
	}
	switch {
	case c == '\'':
		return SQLState{mode: sqlString}, ""
	case c == '"':
		return SQLState{mode: sqlQuoted}, ""
	case c == '[':
		return SQLState{mode: sqlBracket}, ""
	case c == '-' && s.prev == '-':
		return SQLState{mode: sqlLine}, ""
	case c == '*' && s.prev == '/':
		return SQLState{mode: sqlBlock, depth: 1}, ""
	}
	return SQLState{prev: c}, ""
}
