package quote

import (
	"fmt"
	"strings"
)

// Context tells where the result of a function may stand.
type Context uint8

// The places of a value in a script.
const (
	Code    Context = iota + 1 // outside comments and literals, as a token of its own
	Comment                    // inside a comment
	Number                     // where Code may; digits also behind a minus sign of T-SQL, and within the quotes of an HTML attribute
)

func (c Context) String() string {
	switch c {
	case Code:
		return "code"
	case Comment:
		return "comment"
	case Attribute:
		return "attribute"
	case Address:
		return "address"
	case Number:
		return "number"
	}
	return "no context"
}

// ScanError says at which byte of the scanned text something stands that the scanner refuses to judge.
type ScanError struct {
	Offset int
	Reason string
}

func (e *ScanError) Error() string { return e.Reason }

// Special values of the last character seen.
const (
	afterStart rune = 0  // at the start, or behind a token that ends by itself
	afterValue rune = -1 // an action stood here
	unknown    rune = -2 // branches of a template ended in different characters
)

// joinPrev returns what stands for the last characters of two branches, and false when they differ and one of them is
// half of a pair that opens or closes something. A value wins, as a quote behind it must stay refused.
func joinPrev(a, b rune, pairs string) (rune, bool) {
	switch {
	case a == b:
		return a, true
	case a > 0 && strings.ContainsRune(pairs, a), b > 0 && strings.ContainsRune(pairs, b):
		return unknown, false
	case a == afterValue || b == afterValue:
		return afterValue, true
	}
	return unknown, true
}

func misplaced(ctx Context, where string) error {
	if ctx == Comment {
		return fmt.Errorf("a note for comments stands %s", where)
	}
	return fmt.Errorf("a value stands %s", where)
}
