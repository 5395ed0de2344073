package quote

import (
	"errors"
	"strings"
	"testing"
)

// In the scanner tests ⟦c⟧ is an action for code, ⟦i⟧ one for numbers and ⟦n⟧ one for comments.
var actions = map[string]Context{"c": Code, "n": Comment, "i": Number}

func runPS(text string) (s PSState, err error) {
	for i, piece := range strings.Split(text, "⟦") {
		if i > 0 {
			name, rest, _ := strings.Cut(piece, "⟧")
			if s, err = s.Action(actions[name]); err != nil {
				return s, err
			}
			piece = rest
		}
		if s, err = ScanPS(s, piece); err != nil {
			return s, err
		}
	}
	return s, nil
}

func runSQL(text string) (s SQLState, err error) {
	for i, piece := range strings.Split(text, "⟦") {
		if i > 0 {
			name, rest, _ := strings.Cut(piece, "⟧")
			if s, err = s.Action(actions[name]); err != nil {
				return s, err
			}
			piece = rest
		}
		if s, err = ScanSQL(s, piece); err != nil {
			return s, err
		}
	}
	return s, nil
}

func TestScanPS(t *testing.T) {
	for _, c := range []struct{ text, where string }{
		{"", "in code"},
		{"'a", "inside a '...' literal"},
		{"'a''b", "inside a '...' literal"},
		{"'a\u2019\u2018b", "inside a '...' literal"},
		{"'a\u2019", "directly behind the quote of a '...' literal"},
		{"'a'\n", "in code"},
		{"\"a'b\" ", "in code"},
		{"\"a`\"b\" ", "in code"},
		{"\"a\"\"b\" ", "in code"},
		{"\"a\u201C ", "in code"},
		{"\"${a b}:c\" ", "in code"},
		{"\"`$(\" ", "in code"},
		{"`'a ", "in code"},
		{"${a'b} ", "in code"},
		{"${a`}'b} ", "in code"},
		{"# it's\n", "in code"},
		{"# it's\r", "in code"},
		{"# it's <#", "inside a # comment"},
		{"x # y", "inside a # comment"},
		{"}#endregion", "inside a # comment"},
		{"<# it's\n# \" >", "inside a <# #> comment"},
		{"<#> #>", "in code"},
		{"<# # > <# #>", "in code"},
		{"@'\nit's\n '@ \n", "inside a here-string"},
		{"@'\nit's\n'@", "in code"},
		{"@'  \r\nit's\r\n\u2019@ ", "in code"},
		{"@'\n'@ ", "in code"},
		{"@\"\na'\n\"@ ", "in code"},
		{"@\"\na'\n'@ ", "inside a here-string"},
		{"@('a', 'b') ", "in code"},
		{"$x = ⟦c⟧\n", "in code"},
		{"f -A:⟦c⟧ -B (⟦c⟧) ⟦c⟧", "in code"},
		{"⟦c⟧GB", "in code"},
		{"# ⟦n⟧, ⟦n⟧\n⟦c⟧", "in code"},
		{"<#\n⟦n⟧ '\n⟦n⟧\n#>\n⟦c⟧", "in code"},
		{"$x.⟦c⟧", "in code"},
		{"'{0}' -f ⟦c⟧ # ⟦n⟧", "inside a # comment"},
	} {
		s, err := runPS(c.text)
		if err != nil || s.Where() != c.where {
			t.Errorf("%q: %s, %v; want %s", c.text, s.Where(), err, c.where)
		}
		if s.InComment() != strings.Contains(c.where, "comment") || s.InCode() != (c.where == "in code") {
			t.Errorf("%q: InComment %v, InCode %v", c.text, s.InComment(), s.InCode())
		}
	}
}

func TestScanPSRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"\"$(a)\"", "$( )"},
		{"@\"\n$(a)\n\"@", "$( )"},
		{"@\"\na`\n\"@", "backtick"},
		{"a#b", "neither at the start"},
		{"'a'#b", "neither at the start"},
		{"⟦c⟧#b", "neither at the start"},
		{"@'a'", "here-string"},
		{"@⟦c⟧", "directly behind @"},
		{"$⟦c⟧", "directly behind $"},
		{"<⟦c⟧", "directly behind <"},
		{"`⟦c⟧", "behind a backtick"},
		{"a⟦c⟧", "directly behind a name"},
		{"⟦c⟧⟦c⟧", "directly behind another value"},
		{"⟦c⟧'a'", "directly behind a value"},
		{"⟦c⟧\u2019", "directly behind a value"},
		{"⟦c⟧\"a\"", "directly behind a value"},
		{"'a'⟦c⟧", "directly behind the quote"},
		{"'⟦c⟧'", "inside a '...' literal"},
		{"\"⟦c⟧\"", "inside a \"...\" literal"},
		{"@'\n⟦c⟧", "inside a here-string"},
		{"${⟦c⟧}", "inside ${ }"},
		{"# ⟦c⟧", "inside a # comment"},
		{"<# ⟦c⟧", "inside a <# #> comment"},
		{"⟦n⟧", "in code"},
		{"#⟦n⟧", "leave a blank"},
		{"'⟦n⟧", "inside a '...' literal"},
		{"icacls --% x", "--%"},
		{"\"${a\"b}\"", "inside ${ }"},
	} {
		s, err := runPS(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %s, %v; want an error with %q", c.text, s.Where(), err, c.want)
		}
	}
	_, err := ScanPS(PSState{}, "'ä' a#")
	var se *ScanError
	if !errors.As(err, &se) || se.Offset != 6 {
		t.Errorf("offset of %v: %+v", err, se)
	}
}

func TestScanSQL(t *testing.T) {
	for _, c := range []struct{ text, where string }{
		{"", "in code"},
		{"N'a", "inside a '...' literal"},
		{"N'a''b", "inside a '...' literal"},
		{"N'a' ", "in code"},
		{"N'a", "inside a '...' literal"},
		{"[a]]b", "inside a [...] name"},
		{"[a'b] ", "in code"},
		{"\"a\"\"'b", "inside a \"...\" name"},
		{"\"a\"\n", "in code"},
		{"-- it's", "inside a -- comment"},
		{"-- it's /*\n", "in code"},
		{"- -'", "inside a '...' literal"},
		{"/* /* */ '", "inside a /* */ comment"},
		{"/* /* */ */ ", "in code"},
		{"/*/ '", "inside a /* */ comment"},
		{"/*/*/ */*/ '", "inside a '...' literal"},
		{"/**/'", "inside a '...' literal"},
		{"'-- /*' ", "in code"},
		{"USE ⟦c⟧;\nGO\n", "in code"},
		{"[dbo].⟦c⟧ = ⟦c⟧, (⟦c⟧)", "in code"},
		{"-- ⟦n⟧ x ⟦n⟧\n", "in code"},
		{"/*⟦n⟧*/⟦c⟧", "in code"},
		{"(1, -⟦i⟧)", "in code"},
	} {
		s, err := runSQL(c.text)
		if err != nil || s.Where() != c.where {
			t.Errorf("%q: %s, %v; want %s", c.text, s.Where(), err, c.where)
		}
		if s.InComment() != strings.Contains(c.where, "comment") || s.InCode() != (c.where == "in code") {
			t.Errorf("%q: InComment %v, InCode %v", c.text, s.InComment(), s.InCode())
		}
	}
	for _, c := range []struct{ text, want string }{
		{"N'⟦c⟧'", "inside a '...' literal"},
		{"'a'⟦c⟧", "directly behind the quote"},
		{"[a]⟦c⟧", "directly behind the bracket"},
		{"N⟦c⟧", "directly behind a name"},
		{"@⟦c⟧", "directly behind a name"},
		{"-⟦c⟧", "could begin a comment"},
		{"/⟦c⟧", "could begin a comment"},
		{"/⟦i⟧", "could begin a comment"},
		{"--⟦i⟧", "inside a -- comment"},
		{"N'⟦i⟧'", "inside a '...' literal"},
		{"⟦i⟧⟦i⟧", "another value"},
		{"⟦c⟧⟦c⟧", "another value"},
		{"⟦c⟧'", "directly behind a value"},
		{"⟦c⟧]", "directly behind a value"},
		{"⟦c⟧_x", "directly behind a value"},
		{"-- ⟦c⟧", "inside a -- comment"},
		{"/* ⟦c⟧ */", "inside a /* */ comment"},
		{"⟦n⟧", "in code"},
	} {
		if s, err := runSQL(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %s, %v; want an error with %q", c.text, s.Where(), err, c.want)
		}
	}
}

func TestJoinAndEnd(t *testing.T) {
	for _, c := range []struct {
		a, b string
		ok   bool
		then string // text behind the join
		fine bool   // whether it is taken
	}{
		{"x ", "y\n", true, "'a'", true},
		{"x ", "y", true, "# c", false},
		{"'a'", "⟦c⟧", true, "\n", true},
		{"'a'", "⟦c⟧", true, "'", false},
		{"'a'", "'b", false, "", false},
		{"# ", "x", false, "", false},
		{"x", "@", false, "", false},
		{"<# #", "<# x", false, "", false},
		{"<# a", "<# b", true, "#>", true},
		{"--", "x", true, "%", false},
	} {
		a, errA := runPS(c.a)
		b, errB := runPS(c.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		j, err := a.Join(b)
		k, errBack := b.Join(a)
		if (err == nil) != c.ok || (errBack == nil) != c.ok || c.ok && j != k {
			t.Errorf("PowerShell %q join %q: %+v, %v", c.a, c.b, j, err)
		}
		if c.ok {
			if _, err := ScanPS(j, c.then); (err == nil) != c.fine {
				t.Errorf("PowerShell %q join %q then %q: %v", c.a, c.b, c.then, err)
			}
		}
	}
	for _, c := range []struct {
		a, b string
		ok   bool
	}{
		{"x ", "y\n", true},
		{"[a]", "⟦c⟧", true},
		{"N'a'", "NULL", true},
		{"/* a", "/* b", true},
		{"/* a", "/* /* b", false},
		{"x", "-", false},
		{"-- x", "x", false},
	} {
		a, errA := runSQL(c.a)
		b, errB := runSQL(c.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		j, err := a.Join(b)
		k, errBack := b.Join(a)
		if (err == nil) != c.ok || (errBack == nil) != c.ok || c.ok && j != k {
			t.Errorf("T-SQL %q join %q: %+v, %v", c.a, c.b, j, err)
		}
	}
	for text, ok := range map[string]bool{"x": true, "'a'": true, "'a": false, "# x": true, "<# x": false, "x`": false, "@'\na": false, "${a": false} {
		s, err := runPS(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.End(); (err == nil) != ok {
			t.Errorf("PowerShell end of %q: %v", text, err)
		}
	}
	for text, ok := range map[string]bool{"x": true, "'a'": true, "'a": false, "-- x": true, "/* x": false, "[a": false, "\"a": false} {
		s, err := runSQL(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.End(); (err == nil) != ok {
			t.Errorf("T-SQL end of %q: %v", text, err)
		}
	}
}

// FuzzScanPieces checks that a text cut anywhere scans like the whole, and that every literal is one token to the scanner.
func FuzzScanPieces(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, 1)
	}
	f.Add("@'\na\n'@ # x\n<# y #> \"a`\"\" ${b}", 9)
	f.Add("/* /* */ */ N'a''b' [c]]d] -- x\n\"e\"", 7)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		for cut = min(max(cut, 0), len(text)); cut < len(text) && text[cut]&0xC0 == 0x80; cut++ {
		}
		whole, err := ScanPS(PSState{}, text)
		part, err2 := ScanPS(PSState{}, text[:cut])
		if err2 == nil {
			part, err2 = ScanPS(part, text[cut:])
		}
		if (err == nil) != (err2 == nil) || err == nil && whole != part {
			t.Errorf("PowerShell %q cut at %d: %+v %v, %+v %v", text, cut, whole, err, part, err2)
		}
		wholeSQL, err := ScanSQL(SQLState{}, text)
		partSQL, err2 := ScanSQL(SQLState{}, text[:cut])
		if err2 == nil {
			partSQL, err2 = ScanSQL(partSQL, text[cut:])
		}
		if (err == nil) != (err2 == nil) || err == nil && wholeSQL != partSQL {
			t.Errorf("T-SQL %q cut at %d: %+v %v, %+v %v", text, cut, wholeSQL, err, partSQL, err2)
		}
		if lit, err := PS(text); err == nil {
			if s, err := ScanPS(PSState{}, "$x = "+lit+"\n"); err != nil || !s.InCode() {
				t.Errorf("the literal %s leaves the scanner %s, %v", lit, s.Where(), err)
			}
		}
		for _, fn := range []func(string) (string, error){SQLName, SQLString} {
			if lit, err := fn(text); err == nil {
				if s, err := ScanSQL(SQLState{}, "USE "+lit+"\n"); err != nil || !s.InCode() {
					t.Errorf("the literal %s leaves the scanner %s, %v", lit, s.Where(), err)
				}
			}
		}
		ps, _ := PSNote(text)
		for _, form := range [][2]string{{"# ", "\n"}, {"<#", "#>"}, {"<# #", "> #>"}} {
			if s, err := ScanPS(PSState{}, form[0]+ps+form[1]); err != nil || s.mode != psCode {
				t.Errorf("the note %q leaves the scanner %s, %v", ps, s.Where(), err)
			}
		}
		sql, _ := SQLNote(text)
		for _, form := range [][2]string{{"--", "\n"}, {"/*", "*/"}} {
			if s, err := ScanSQL(SQLState{}, form[0]+sql+form[1]); err != nil || !s.InCode() {
				t.Errorf("the note %q leaves the scanner %s, %v", sql, s.Where(), err)
			}
		}
	})
}
