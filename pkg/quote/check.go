package quote

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says that a value cannot stand in a place of a language. The value is not part of it.
type Error struct {
	Context string // the place, with its article: "a PowerShell string"
	Rune    rune   // the character that was refused; utf8.RuneError for bytes that are not UTF-8; -1 when it is the whole value
	Offset  int    // where it starts, in bytes; 0 for the whole value
	Reason  string // why, or what the character is
}

func (e *Error) Error() string {
	if e.Rune < 0 {
		return fmt.Sprintf("%s cannot carry this value: %s", e.Context, e.Reason)
	}
	if e.Rune == utf8.RuneError {
		return fmt.Sprintf("%s cannot carry byte %d of this value: %s", e.Context, e.Offset, e.Reason)
	}
	shown := ""
	if unicode.IsGraphic(e.Rune) {
		shown = fmt.Sprintf(" %q", string(e.Rune))
	}
	return fmt.Sprintf("%s cannot carry the character U+%04X%s at byte %d: %s", e.Context, e.Rune, shown, e.Offset, e.Reason)
}

// whole refuses a value for a reason that is not one character.
func whole(context, reason string) error {
	return &Error{Context: context, Rune: -1, Reason: reason}
}

// hidden names the characters that no place without a visible escape takes, or returns "".
func hidden(r rune) string {
	switch {
	case unicode.IsControl(r):
		return "control character"
	case r == '\u2028' || r == '\u2029':
		return "line or paragraph separator"
	case r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069':
		return "bidirectional control, it hides what a line really says"
	case r == '\uFFFE' || r == '\uFFFF':
		return "not a character"
	}
	return ""
}

// plain tells whether all of s is visible ASCII, as nearly every value is: nothing of it is hidden or not UTF-8.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// check refuses hidden characters, invalid UTF-8 and the characters of refused.
func check(context, s, refused string) error {
	if plain(s) && !strings.ContainsAny(s, refused) {
		return nil
	}
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return &Error{Context: context, Rune: utf8.RuneError, Offset: i, Reason: "not UTF-8"}
		}
		if why := hidden(r); why != "" {
			return &Error{Context: context, Rune: r, Offset: i, Reason: why}
		}
		if strings.ContainsRune(refused, r) {
			return &Error{Context: context, Rune: r, Offset: i, Reason: "it has a meaning there that no escape takes away"}
		}
	}
	return nil
}

// ascii refuses what is not ASCII, for files that are read in the code page of the machine.
func ascii(context, s string) error {
	for i, r := range s {
		if r >= utf8.RuneSelf {
			return &Error{Context: context, Rune: r, Offset: i, Reason: "only ASCII survives every code page"}
		}
	}
	return nil
}

// oneLine makes text fit for a comment of one line: hidden characters and invalid bytes become blanks, outer blanks go.
// Empty text becomes a dash, so that what stands before a note and behind it never meet.
func oneLine(s string) string {
	t := s
	if !plain(s) {
		t = strings.Map(func(r rune) rune {
			if r == utf8.RuneError || hidden(r) != "" {
				return ' '
			}
			return r
		}, s)
	}
	t = strings.TrimSpace(t)
	if t == "" {
		return "-"
	}
	return t
}

// part separates the characters of each pair in s by a blank, so that the pair no longer occurs.
func part(s string, pairs ...string) string {
	if !slices.ContainsFunc(pairs, func(p string) bool { return strings.Contains(s, p) }) {
		return s
	}
	var b strings.Builder
	var last rune
	for _, r := range s {
		for _, p := range pairs {
			if p == string(last)+string(r) {
				b.WriteByte(' ')
				break
			}
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// pad puts a blank before s when it starts with one of the characters first, and behind it when it ends with one of last:
// they could form a pair with the text around a note.
func pad(s, first, last string) string {
	if strings.ContainsRune(first, rune(s[0])) {
		s = " " + s
	}
	if strings.ContainsRune(last, rune(s[len(s)-1])) {
		s += " "
	}
	return s
}

// isWord tells whether r continues a name in the languages here.
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}
