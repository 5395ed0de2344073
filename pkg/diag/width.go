package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tabStop is the number of columns between tab stops in a shown line.
const tabStop = 4

// cell is one rune of a line as it is shown: its text and how many terminal columns that takes.
type cell struct {
	text  string
	width int
}

// wide holds the runes that take two columns: East Asian Width W and F of Unicode Standard Annex 11, and the emoji that
// terminals draw in two columns. Blocks are rounded to whole ranges where the gaps are unassigned.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1}, // Hangul Jamo, leading consonants
		{Lo: 0x231A, Hi: 0x231B, Stride: 1},
		{Lo: 0x2329, Hi: 0x232A, Stride: 1},
		{Lo: 0x23E9, Hi: 0x23EC, Stride: 1},
		{Lo: 0x23F0, Hi: 0x23F3, Stride: 3},
		{Lo: 0x25FD, Hi: 0x25FE, Stride: 1},
		{Lo: 0x2614, Hi: 0x2615, Stride: 1},
		{Lo: 0x2648, Hi: 0x2653, Stride: 1},
		{Lo: 0x267F, Hi: 0x2693, Stride: 0x14},
		{Lo: 0x26A1, Hi: 0x26A1, Stride: 1},
		{Lo: 0x26AA, Hi: 0x26AB, Stride: 1},
		{Lo: 0x26BD, Hi: 0x26BE, Stride: 1},
		{Lo: 0x26C4, Hi: 0x26C5, Stride: 1},
		{Lo: 0x26CE, Hi: 0x26D4, Stride: 6},
		{Lo: 0x26EA, Hi: 0x26EA, Stride: 1},
		{Lo: 0x26F2, Hi: 0x26F3, Stride: 1},
		{Lo: 0x26F5, Hi: 0x26FA, Stride: 5},
		{Lo: 0x26FD, Hi: 0x2705, Stride: 8},
		{Lo: 0x270A, Hi: 0x270B, Stride: 1},
		{Lo: 0x2728, Hi: 0x274C, Stride: 0x24},
		{Lo: 0x274E, Hi: 0x274E, Stride: 1},
		{Lo: 0x2753, Hi: 0x2755, Stride: 1},
		{Lo: 0x2757, Hi: 0x2757, Stride: 1},
		{Lo: 0x2795, Hi: 0x2797, Stride: 1},
		{Lo: 0x27B0, Hi: 0x27BF, Stride: 0xF},
		{Lo: 0x2B1B, Hi: 0x2B1C, Stride: 1},
		{Lo: 0x2B50, Hi: 0x2B55, Stride: 5},
		{Lo: 0x2E80, Hi: 0x303E, Stride: 1}, // radicals to CJK punctuation
		{Lo: 0x3041, Hi: 0x33FF, Stride: 1}, // kana, Bopomofo, Hangul compatibility, enclosed CJK
		{Lo: 0x3400, Hi: 0x4DBF, Stride: 1},
		{Lo: 0x4E00, Hi: 0xA4CF, Stride: 1}, // unified ideographs, Yi
		{Lo: 0xA960, Hi: 0xA97F, Stride: 1},
		{Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, // Hangul syllables
		{Lo: 0xF900, Hi: 0xFAFF, Stride: 1},
		{Lo: 0xFE10, Hi: 0xFE19, Stride: 1},
		{Lo: 0xFE30, Hi: 0xFE6F, Stride: 1},
		{Lo: 0xFF00, Hi: 0xFF60, Stride: 1}, // full-width forms
		{Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x16FE0, Hi: 0x18CFF, Stride: 1}, // Tangut, Khitan
		{Lo: 0x1AFF0, Hi: 0x1B2FF, Stride: 1}, // kana supplements, Nushu
		{Lo: 0x1F004, Hi: 0x1F0CF, Stride: 0xCB},
		{Lo: 0x1F18E, Hi: 0x1F18E, Stride: 1},
		{Lo: 0x1F191, Hi: 0x1F19A, Stride: 1},
		{Lo: 0x1F200, Hi: 0x1F265, Stride: 1},
		{Lo: 0x1F300, Hi: 0x1F64F, Stride: 1}, // pictographs, emoticons
		{Lo: 0x1F680, Hi: 0x1F6FF, Stride: 1},
		{Lo: 0x1F7E0, Hi: 0x1F7F0, Stride: 1},
		{Lo: 0x1F90C, Hi: 0x1F9FF, Stride: 1},
		{Lo: 0x1FA70, Hi: 0x1FAFF, Stride: 1},
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1}, // supplementary ideographs
	},
}

// show returns the cell of the rune that starts s and the rune's length in bytes; column is where the cell begins.
// Runes that draw nothing, move the cursor or turn the direction of text become a visible <U+XXXX>, so that what is
// printed cannot be taken for something else. Bytes that are not UTF-8 become <0xXX>.
func show(s string, column int) (cell, int) {
	if b := s[0]; b < utf8.RuneSelf && b >= ' ' && b != 0x7F {
		return cell{s[:1], 1}, 1
	}
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && n == 1:
		return cell{fmt.Sprintf("<0x%02X>", s[0]), 6}, 1
	case r == '\t':
		w := tabStop - column%tabStop
		return cell{strings.Repeat(" ", w), w}, n
	case hidden(r):
		t := fmt.Sprintf("<U+%04X>", r)
		return cell{t, len(t)}, n
	case unicode.In(r, unicode.Mn, unicode.Me):
		return cell{s[:n], 0}, n
	case unicode.Is(wide, r):
		return cell{s[:n], 2}, n
	}
	return cell{s[:n], 1}, n
}

// hidden reports whether r cannot be seen as itself: controls, format characters (all bidi controls among them), line
// separators, blanks other than the ordinary and the ideographic one, and private use.
func hidden(r rune) bool {
	switch r {
	case ' ', '\u3000':
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs, unicode.Co)
}

// cells returns the shown form of a line, one cell a rune.
func cells(line string) []cell {
	out := make([]cell, 0, len(line))
	for column := 0; line != ""; {
		c, n := show(line, column)
		out = append(out, c)
		column += c.width
		line = line[n:]
	}
	return out
}

// Visible returns s with every rune that cannot be seen as itself written as <U+XXXX>, tabs and line ends among them.
func Visible(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] < 0x7F
	}
	if plain {
		return s
	}
	var b strings.Builder
	for s != "" {
		if s[0] == '\t' {
			b.WriteString("<U+0009>")
			s = s[1:]
			continue
		}
		c, n := show(s, 0)
		b.WriteString(c.text)
		s = s[n:]
	}
	return b.String()
}
