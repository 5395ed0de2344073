package diag

import (
	"errors"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func text(t *testing.T, l List, source string) string {
	t.Helper()
	var b strings.Builder
	err := WriteText(&b, l, func(string) []string { return strings.Split(source, "\n") }, false)
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteText(t *testing.T) {
	source := strings.Join([]string{
		"name: farm",
		"  port: 443",
		"\tport: x",
		"名前: 値だ x",
		"owner: J\u202eemil y",
		"e\u0301t: z",
		"",
	}, "\n")
	tests := []struct {
		name string
		d    Diagnostic
		want string
	}{
		{
			"fix and related",
			Diagnostic{
				Code: "MBP0201", File: "f.yaml", Pos: Pos{2, 3, 4}, Message: `unknown key "port"`, Fix: "remove the line",
				Related: []Related{{Pos{1, 1, 4}, "farm defined here"}, {Pos{}, "no place"}},
			},
			"f.yaml:2:3: error: unknown key \"port\" [MBP0201]\n  |\n2 |   port: 443\n  |   ^~~~\n  = fix: remove the line\n" +
				"  = f.yaml:1:1: farm defined here\n  = f.yaml: no place\n",
		},
		{
			"tab before the place",
			Diagnostic{Code: "C", Severity: Warning, File: "f", Pos: Pos{3, 2, 4}, Message: "m"},
			"f:3:2: warning: m [C]\n  |\n3 |     port: x\n  |     ^~~~\n",
		},
		{
			"wide runes before and under the place",
			Diagnostic{Code: "C", Severity: Note, File: "f", Pos: Pos{4, 5, 2}, Message: "m"},
			"f:4:5: note: m [C]\n  |\n4 | 名前: 値だ x\n  |       ^~~~\n",
		},
		{
			"bidi control is visible and counted",
			Diagnostic{Code: "C", File: "f", Pos: Pos{5, 15, 1}, Message: "name \"a\u202eb\" is\nodd\x1b[1m"},
			"f:5:15: error: name \"a<U+202E>b\" is<U+000A>odd<U+001B>[1m [C]\n  |\n5 | owner: J<U+202E>emil y\n  |                      ^\n",
		},
		{
			"combining mark takes no column",
			Diagnostic{Code: "C", File: "f", Pos: Pos{6, 3, 1}, Message: "m"},
			"f:6:3: error: m [C]\n  |\n6 | e\u0301t: z\n  |  ^\n",
		},
		{
			"whole file",
			Diagnostic{Code: "C", File: "f", Message: "m", Fix: "x"},
			"f: error: m [C]\n   = fix: x\n",
		},
		{
			"whole line",
			Diagnostic{Code: "C", File: "f", Pos: Pos{1, 0, 0}, Message: "m"},
			"f:1: error: m [C]\n  |\n1 | name: farm\n",
		},
		{
			"place behind the end of the line and of the file",
			Diagnostic{Code: "C", File: "f", Pos: Pos{1, 99, 5}, Message: "m"},
			"f:1:99: error: m [C]\n  |\n1 | name: farm\n  |           ^\n",
		},
		{
			"line that does not exist",
			Diagnostic{Code: "C", File: "f", Pos: Pos{99, 1, 1}, Message: "m"},
			"f:99:1: error: m [C]\n",
		},
		{
			"empty line",
			Diagnostic{Code: "C", File: "f", Pos: Pos{7, 1, 1}, Message: "m"},
			"f:7:1: error: m [C]\n  |\n7 |\n  | ^\n",
		},
		{
			"no file, no code",
			Diagnostic{Message: "m"},
			"error: m\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := text(t, List{tt.d}, source); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestWriteTextCutsLongLines(t *testing.T) {
	line := strings.Repeat("a", 300) + "X" + strings.Repeat("b", 300)
	for _, tt := range []struct {
		name     string
		col      int
		ellipses int
	}{{"start", 1, 1}, {"middle", 301, 2}, {"end", 601, 1}, {"behind the end", 700, 1}} {
		got := strings.Split(text(t, List{{File: "f", Pos: Pos{1, tt.col, 1}, Message: "m"}}, line), "\n")
		shown, caret := got[2][4:], strings.IndexByte(got[3], '^')-4
		if n := utf8.RuneCountInString(shown); n < maxShown-2 || n > maxShown {
			t.Errorf("%s: %d columns are shown", tt.name, n)
		}
		if n := strings.Count(shown, "…"); n != tt.ellipses {
			t.Errorf("%s: %d ellipses in %q", tt.name, n, shown)
		}
		if tt.col == 301 && []rune(shown)[caret] != 'X' {
			t.Errorf("%s: the caret stands under %q", tt.name, []rune(shown)[caret])
		}
	}
}

// TestWriteTextCutsVeryLongLines compares the part that is shown of a very long line with that of a line that ends soon.
func TestWriteTextCutsVeryLongLines(t *testing.T) {
	line := strings.Repeat("é", 5000) + "X" + strings.Repeat("b", 5000)
	got := strings.Split(text(t, List{{File: "f", Pos: Pos{1, 5001, 1}, Message: "m"}}, line), "\n")
	shown, underline := got[2][4:], got[3][4:]
	if n := utf8.RuneCountInString(shown); n < maxShown-2 || n > maxShown || []rune(shown)[strings.IndexByte(underline, '^')] != 'X' {
		t.Errorf("%d columns, underline %q of %q", n, underline, shown)
	}
	if !strings.HasPrefix(shown, "…") || !strings.HasSuffix(shown, "…") {
		t.Errorf("no ellipses in %q", shown)
	}
	for _, col := range []int{0, 1, 10001, 99999} {
		if out := text(t, List{{File: "f", Pos: Pos{1, col, 3}, Message: "m"}}, line); len(out) > 1000 {
			t.Errorf("column %d: %d bytes", col, len(out))
		}
	}
	if out := text(t, List{{File: "f", Pos: Pos{1, 9, 1}, Message: "m"}}, strings.Repeat("x", maxLine+1)); out != "f:1:9: error: m\n" {
		t.Errorf("a part of an endless line is shown: %s", out)
	}
}

func TestWriteTextColor(t *testing.T) {
	l := List{{Code: "C", File: "f", Pos: Pos{1, 1, 2}, Message: "m", Fix: "x", Related: []Related{{Pos{1, 1, 1}, "r"}}}}
	lines := func(string) []string { return []string{"ab"} }
	var plain, color strings.Builder
	if err := WriteText(&plain, l, lines, false); err != nil {
		t.Fatal(err)
	}
	if err := WriteText(&color, l, lines, true); err != nil {
		t.Fatal(err)
	}
	stripped := strings.NewReplacer(bold, "", red, "", blue, "", reset, "").Replace(color.String())
	if stripped != plain.String() || !strings.Contains(color.String(), red+"error:"+reset) {
		t.Errorf("colour changes more than colour:\n%q\n%q", color.String(), plain.String())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteTextReportsTheWriter(t *testing.T) {
	if err := WriteText(brokenWriter{}, List{{Message: "m"}}, nil, false); err == nil {
		t.Error("the writer's error is lost")
	}
}

func TestSortIsTotal(t *testing.T) {
	want := List{
		{File: "a", Pos: Pos{1, 1, 0}, Code: "2", Message: "b"},
		{File: "a", Pos: Pos{1, 2, 0}, Code: "1", Message: "b"},
		{File: "a", Pos: Pos{1, 2, 0}, Code: "2", Message: "a"},
		{File: "a", Pos: Pos{1, 2, 0}, Code: "2", Message: "b"},
		{File: "a", Pos: Pos{1, 2, 0}, Code: "2", Message: "b", Severity: Note},
		{File: "a", Pos: Pos{1, 2, 3}, Code: "2", Message: "b"},
		{File: "a", Pos: Pos{1, 2, 3}, Code: "2", Message: "b", Fix: "x"},
		{File: "a", Pos: Pos{1, 2, 3}, Code: "2", Message: "b", Fix: "x", Related: []Related{{Message: "r"}}},
		{File: "a", Pos: Pos{2, 1, 0}},
		{File: "b"},
	}
	// Severity sorts before length, so the note comes after all errors of one place and text.
	want[4], want[5], want[6], want[7] = want[5], want[6], want[7], want[4]
	for seed := range int64(20) {
		got := append(List(nil), want...)
		rand.New(rand.NewSource(seed)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		got.Sort()
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %v", seed, got)
		}
	}
	if n := want.Errors(); n != len(want)-1 {
		t.Errorf("Errors() = %d", n)
	}
}

func TestSuggest(t *testing.T) {
	keys := []string{"port", "name", "listener", "servers", "server", "post"}
	tests := []struct{ word, want string }{
		{"prot", "port"},
		{"Port", "port"},
		{"LISTENER", "listener"},
		{"listner", "listener"},
		{"serves", "server"},
		{"pott", "port"},
		{"nmae", "name"},
		{"database", ""},
		{"", ""},
		{"x", ""},
		{"lstnr", ""},
	}
	for _, tt := range tests {
		if got := Suggest(tt.word, keys); got != tt.want {
			t.Errorf("Suggest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
	if got := Suggest("y", []string{"x"}); got != "" {
		t.Errorf("a word of one letter is near %q", got)
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "acb", 1}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"ca", "abc", 3}, {"größe", "grösse", 2}}
	for _, tt := range tests {
		if got, back := distance([]rune(tt.a), []rune(tt.b)), distance([]rune(tt.b), []rune(tt.a)); got != tt.want || back != got {
			t.Errorf("distance(%q, %q) = %d and %d, want %d", tt.a, tt.b, got, back, tt.want)
		}
	}
}

func TestVisible(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", "plain"},
		{"größe 値 😀", "größe 値 😀"},
		{"a\tb\u00a0c\u200ed\ufeff\u2028\xff", "a<U+0009>b<U+00A0>c<U+200E>d<U+FEFF><U+2028><0xFF>"},
	}
	for _, tt := range tests {
		if got := Visible(tt.in); got != tt.want {
			t.Errorf("Visible(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzWriteText(f *testing.F) {
	f.Add("name: \t値", 1, 3, 2, "m")
	f.Add(strings.Repeat("値\u202e", 200), 1, 150, 70, "a\nb")
	f.Fuzz(func(t *testing.T, line string, row, col, length int, message string) {
		var b strings.Builder
		l := List{{File: "f", Pos: Pos{row, col, length}, Message: message}}
		if err := WriteText(&b, l, func(string) []string { return []string{line} }, false); err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(b.String()) {
			t.Errorf("output is not UTF-8: %q", b.String())
		}
		for _, r := range b.String() {
			if r != '\n' && hidden(r) {
				t.Errorf("output contains %U", r)
			}
		}
		if n := strings.Count(b.String(), "\n"); n > 4 {
			t.Errorf("%d lines for one finding", n)
		}
	})
}
