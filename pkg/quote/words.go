package quote

import (
	"strings"
)

// HAWord returns s as one word of a HAProxy configuration. Blank, #, backslash and both quotes are escaped by a
// backslash. A dollar sign is not: outside double quotes HAProxy takes it literally, and "\$" would keep its backslash
// (haproxy, parse_line in src/tools.c).
func HAWord(s string) (string, error) {
	const context = "a HAProxy word"
	if s == "" {
		return "", whole(context, "it is empty, and an empty word ends the argument list")
	}
	if err := check(context, s, ""); err != nil {
		return "", err
	}
	return strings.NewReplacer(`\`, `\\`, " ", `\ `, "#", `\#`, `'`, `\'`, `"`, `\"`).Replace(s), nil
}

// HANote returns s as one line of text behind #.
func HANote(s string) (string, error) { return endNote(oneLine(s)), nil }

// endNote keeps a note from ending in a backslash, which some readers take for a continued line. A dot behind the
// backslash leaves a path the same folder.
func endNote(s string) string {
	if strings.HasSuffix(s, `\`) {
		return s + "."
	}
	return s
}

// INFString returns s as a quoted string of a certreq policy file, with " doubled. A percent sign is refused: the
// setup API behind it replaces %name% in quoted strings too.
func INFString(s string) (string, error) {
	if err := check("a string of a certreq file", s, "%"); err != nil {
		return "", err
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`, nil
}

// INFNote returns s as one line of text behind ;.
func INFNote(s string) (string, error) { return endNote(oneLine(s)), nil }

// DSHWord returns s as a word of a diskshadow script, which has no escapes and is read in the ANSI code page: blanks,
// quotes, percent signs and characters beyond ASCII are refused.
func DSHWord(s string) (string, error) {
	const context = "a diskshadow word"
	if s == "" {
		return "", whole(context, "it is empty")
	}
	if err := check(context, s, ` "'%`); err != nil {
		return "", err
	}
	if err := ascii(context, s); err != nil {
		return "", err
	}
	return s, nil
}

// DSHNote returns s as one line of ASCII text behind rem.
func DSHNote(s string) (string, error) { return endNote(askMark(oneLine(s), "%")), nil }

// CmdWord returns s as a double-quoted argument in a batch file. Batch files are read in the OEM code page, so only ASCII
// passes. A trailing backslash is refused, since programs read \" as an escaped quote.
func CmdWord(s string) (string, error) {
	const context = "a cmd.exe argument"
	if s == "" {
		return "", whole(context, "it is empty")
	}
	if err := check(context, s, `"%!^&<>|`); err != nil {
		return "", err
	}
	if err := ascii(context, s); err != nil {
		return "", err
	}
	if strings.HasSuffix(s, `\`) {
		return "", &Error{Context: context, Rune: '\\', Offset: len(s) - 1, Reason: "it would escape the closing quote"}
	}
	return `"` + s + `"`, nil
}

// CmdNote returns s as one line of ASCII text behind rem. cmd.exe still expands % and ! there, and obeys & | < > ^ behind
// a bare rem; they become question marks.
func CmdNote(s string) (string, error) { return endNote(askMark(oneLine(s), `"%!^&<>|`)), nil }

// askMark replaces what is not ASCII and the characters of bad by question marks.
func askMark(s, bad string) string {
	return strings.Map(func(r rune) rune {
		if r > '~' || strings.ContainsRune(bad, r) {
			return '?'
		}
		return r
	}, s)
}

// Line returns s as it is, when it is one line of plain text.
func Line(s string) (string, error) {
	if err := check("a line of text", s, ""); err != nil {
		return "", err
	}
	return s, nil
}
