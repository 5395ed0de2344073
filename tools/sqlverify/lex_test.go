package sqlverify

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScan(t *testing.T) {
	s := scan("SELECT [a]]b], \"q\"\"r\", N'it''s', 'x', 0x1F, 10.5e3, @v, @@ROWCOUNT, $(n) -- c\n/* /* */ */ a::b<>1\nGO 3\nx")
	var got []string
	for _, tok := range s.tokens {
		got = append(got, tok.val)
	}
	want := "SELECT|a]b|,|q\"r|,|it's|,|x|,|0x1F|,|10.5e3|,|@v|,|@@rowcount|,|n|A|::|B|<>|1|X"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	if len(s.batches) != 2 || s.batches[1].hi-s.batches[1].lo != 1 || !s.separators[0].count || len(s.comments) != 2 || len(s.problems) != 0 {
		t.Errorf("batches %v, separators %v, comments %v, problems %v", s.batches, s.separators, s.comments, s.problems)
	}
	if last := s.tokens[len(s.tokens)-1]; last.line != 4 || last.col != 1 {
		t.Errorf("x stands at %d:%d", last.line, last.col)
	}
}

// FuzzQuoting writes any text as a literal and as a name, and reads it back.
func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"", "it's", "a]b", "''", "--", "/*", "x\r\nGO\r\ny", "é😀", "$("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip("not UTF-8: refused before it is read")
		}
		sc := scan("PRINT N'" + strings.ReplaceAll(s, "'", "''") + "' x")
		if len(sc.tokens) != 3 || sc.tokens[1].kind != text || sc.tokens[1].val != s {
			t.Errorf("literal %q comes back as %v", s, sc.tokens)
		}
		if s == "" || strings.ContainsAny(s, "\n") {
			return
		}
		sc = scan("DROP [" + strings.ReplaceAll(s, "]", "]]") + "] x")
		if len(sc.tokens) != 3 || sc.tokens[1].kind != bracketed || sc.tokens[1].val != s {
			t.Errorf("name %q comes back as %v", s, sc.tokens)
		}
	})
}

// FuzzCheck looks for hangs and panics, and holds the cuts against the source: tokens are in order and say what stands
// there, and the masked text has as many lines as the source.
func FuzzCheck(f *testing.F) {
	for _, v := range valid {
		f.Add(v.body, v.version)
	}
	for _, b := range broken {
		f.Add(b.body, b.version)
	}
	f.Fuzz(func(t *testing.T, body string, version int) {
		Check("f.sql", framed(body), Options{version})
		Check("f.sql", []byte(body), Options{2019})
		s := scan(body)
		end := 0
		for _, tok := range s.tokens {
			if tok.off < end || tok.end <= tok.off || body[tok.off:tok.end] != tok.raw {
				t.Fatalf("token %+v does not follow offset %d", tok, end)
			}
			end = tok.end
		}
		if m := mask(s); strings.Count(m, "\n") != strings.Count(body, "\n") {
			t.Errorf("%q is masked as %q", body, m)
		}
	})
}
