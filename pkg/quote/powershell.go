package quote

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// singleQuotes are the characters that PowerShell takes for U+0027; each ends a '…' literal, and each is doubled by
// itself (PowerShell CharTraits; about_Quoting_Rules).
const singleQuotes = "'\u2018\u2019\u201A\u201B"

// doubleQuotes are the characters that PowerShell takes for U+0022.
const doubleQuotes = "\"\u201C\u201D\u201E"

// PS returns s as a single-quoted PowerShell literal: 'O”Brien'.
func PS(s string) (string, error) {
	if err := check("a PowerShell string", s, ""); err != nil {
		return "", err
	}
	if !strings.ContainsAny(s, singleQuotes) {
		return "'" + s + "'", nil
	}
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		if strings.ContainsRune(singleQuotes, r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String(), nil
}

// PSList returns a PowerShell array of literals: @('a', 'b'), and @() for none.
func PSList(list []string) (string, error) {
	parts := make([]string, len(list))
	for i, s := range list {
		p, err := PS(s)
		if err != nil {
			return "", err
		}
		parts[i] = p
	}
	return "@(" + strings.Join(parts, ", ") + ")", nil
}

// PSInt returns a PowerShell number.
func PSInt(n int) (string, error) { return strconv.Itoa(n), nil }

// PSBool returns $true or $false.
func PSBool(b bool) (string, error) {
	if b {
		return "$true", nil
	}
	return "$false", nil
}

// PSNote returns s as one line of text inside a <# #> block or behind "# ". "#>" and "<#" are parted by a blank. A leading
// dot is parted from the word behind it, because a comment line that consists of .WORD is a directive of comment-based
// help, and an unknown one voids the whole help. "SIG #" gets a dash in front: the line "# SIG # Begin signature block"
// ends the script (PowerShell Tokenizer). A template leaves a blank behind the "#", as "#requires" is a directive.
func PSNote(s string) (string, error) {
	t := part(oneLine(s), "#>", "<#")
	if len(t) > 1 && t[0] == '.' && (t[1] >= utf8.RuneSelf || isWord(rune(t[1]))) {
		t = ". " + t[1:]
	}
	if t[0]|0x20 == 's' && strings.HasPrefix(strings.ToLower(strings.Join(strings.Fields(t), "")), "sig#") {
		t = "- " + t
	}
	return pad(t, ">#", "<#"), nil
}
