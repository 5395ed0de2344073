package quote

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// maxSQLName is the length of sysname in UTF-16 units; QUOTENAME returns NULL above it.
const maxSQLName = 128

// SQLName returns s as a bracketed T-SQL identifier: [MBAM Recovery and Hardware], with ] doubled.
func SQLName(s string) (string, error) {
	const context = "a T-SQL identifier"
	if s == "" {
		return "", whole(context, "it is empty")
	}
	if err := check(context, s, ""); err != nil {
		return "", err
	}
	if n := utf16Len(s); n > maxSQLName {
		return "", whole(context, fmt.Sprintf("it has %d UTF-16 units, SQL Server takes %d", n, maxSQLName))
	}
	return "[" + strings.ReplaceAll(s, "]", "]]") + "]", nil
}

// utf16Len counts UTF-16 units.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// SQLString returns s as a Unicode T-SQL literal: N'O”Brien'. Line ends are refused, because sqlcmd and SSMS cut a
// script at a line GO even inside a literal. $( passes unchanged: files without declared variables are run by sqlcmd -x,
// which substitutes nothing; for the others see SQLCmdSafe.
func SQLString(s string) (string, error) {
	if err := check("a T-SQL string", s, ""); err != nil {
		return "", err
	}
	return "N'" + strings.ReplaceAll(s, "'", "''") + "'", nil
}

// SQLCmdSafe refuses $( in a value that goes into a file that is run with sqlcmd's variable substitution on. sqlcmd
// substitutes in code, literals and comments alike and has no escape.
func SQLCmdSafe(s string) error {
	if i := strings.Index(s, "$("); i >= 0 {
		return &Error{Context: "a sqlcmd script with variables", Rune: '$', Offset: i, Reason: "sqlcmd takes $( for a variable, in literals too"}
	}
	return nil
}

// SQLInt returns a T-SQL number. Negative numbers are refused: nothing in a plan is negative, and behind a minus sign
// one would begin a comment.
func SQLInt(n int) (string, error) {
	if n < 0 {
		return "", whole("a T-SQL number", "it is negative")
	}
	return strconv.Itoa(n), nil
}

// SQLNote returns s as one line of text inside /* */ or behind --. "*/" and "/*" are parted by a blank (T-SQL comments
// nest), and so is "$(" (sqlcmd substitutes in comments). A note that sqlcmd could take for a command when it stands on
// a line of its own (GO, EXIT, QUIT, RESET, ED, LIST, :name, !!) gets a dash in front.
func SQLNote(s string) (string, error) {
	t := part(oneLine(s), "*/", "/*", "$(")
	word := t
	if i := strings.IndexFunc(t, func(r rune) bool { return !isWord(r) }); i >= 0 {
		word = t[:i]
	}
	switch strings.ToUpper(word) {
	case "GO", "EXIT", "QUIT", "RESET", "ED", "LIST":
		t = "- " + t
	case "":
		if strings.HasPrefix(t, ":") || strings.HasPrefix(t, "!") {
			t = "- " + t
		}
	}
	return pad(t, "*/(", "*/$"), nil
}
