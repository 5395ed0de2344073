package yamlsrc

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// dump writes a node as one line a value: place, kind, tag, text.
func dump(b *strings.Builder, n *Node, indent string) {
	plain := ""
	if n.Plain {
		plain = " plain"
	}
	fmt.Fprintf(b, "%s+%d %s %s%s %q\n", n.Pos, n.Pos.Len, n.Kind, n.Tag, plain, n.Value)
	for _, p := range n.Pairs {
		fmt.Fprintf(b, "%s%s+%d %s: ", indent, p.Key.Pos, p.Key.Pos.Len, p.Key.Value)
		dump(b, p.Value, indent+"  ")
	}
	for _, i := range n.Items {
		b.WriteString(indent + "- ")
		dump(b, i, indent+"  ")
	}
}

func result(name string, data []byte) string {
	var b strings.Builder
	doc, found := Parse(name, data)
	found.Sort()
	if err := diag.WriteText(&b, found, func(string) []string { return doc.Lines() }, false); err != nil {
		return err.Error()
	}
	if doc.Root != nil && found.Errors() == 0 {
		dump(&b, doc.Root, "")
	}
	return b.String()
}

func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	warned := ""
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := result(name, data)
		if name == "word.yaml" {
			warned = got
		}
		out := strings.TrimSuffix(file, ".yaml") + ".out"
		if *update {
			if err := os.WriteFile(out, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s: got:\n%s\nwant:\n%s", name, got, want)
		}
		for form, other := range map[string]string{
			"CR LF":               strings.ReplaceAll(string(data), "\n", "\r\n"),
			"CR":                  strings.ReplaceAll(string(data), "\n", "\r"),
			"a byte order mark":   "\uFEFF" + string(data),
			"no end of last line": strings.TrimSuffix(string(data), "\n"),
		} {
			if name == "ok_forms.yaml" && form == "no end of last line" {
				continue // the last value is a block scalar, which keeps its line end
			}
			if again := result(name, []byte(other)); again != got {
				t.Errorf("%s with %s: got:\n%s\nwant:\n%s", name, form, again, got)
			}
		}
	}
	if strings.Count(warned, CodeBlank) != 2 || strings.Count(warned, CodeTypographic) != 2 {
		t.Errorf("word.yaml does not show the warnings about word processors:\n%s", warned)
	}
}

// TestMistakes names for each mistake the place where it was made, not where a parser stumbles.
func TestMistakes(t *testing.T) {
	tests := []struct {
		name, text string
		code       string
		line, col  int
	}{
		{"tab", "a:\n\tb: 1\n", CodeTab, 2, 1},
		{"tab after blanks", "a:\n  b: 1\n  \tc: 1\n", CodeTab, 3, 3},
		{"unclosed quote, other quotes below", "a: \"x\nb: \"y\"\nc: 'z'\n", CodeQuote, 1, 4},
		{"unclosed quote at the end", "a: 1\nb: 'x\n", CodeQuote, 2, 4},
		{"unclosed quote in a list", "a:\n- 'x\n- y\n", CodeQuote, 2, 3},
		{"apostrophe in single quotes", "a: 1\nb: 'it's'\n", CodeQuote, 2, 8},
		{"text after quotes", "a: \"x\" y\n", CodeQuote, 1, 8},
		{"bad escape", "a: 1\nb: \"C:\\Windows\"\n", CodeEscape, 2, 7},
		{"bad escape of two digits", "a: \"\\xZZ\"\n", CodeEscape, 1, 5},
		{"dedent to nowhere", "a:\n    b: 1\n  c: 2\n", CodeIndent, 3, 3},
		{"indented below a value", "a: 1\n  b: 2\n", CodeIndent, 2, 3},
		{"indented below a value, deep", "a:\n  b: 1\n  c: 2\n    d: 3\n  e: 4\n", CodeIndent, 4, 5},
		{"key among items", "a:\n  - x\n  b: 1\n", CodeIndent, 3, 3},
		{"item among keys", "a: 1\n- b\n", CodeIndent, 2, 1},
		{"text among items", "a:\n- x\nb\n", CodeIndent, 3, 1},
		{"no blank after the colon", "a:\n  b: 1\n  port:443\n  c: 2\n", CodeColon, 3, 7},
		{"no colon", "a: 1\nb\nc: 2\n", CodeColon, 2, 1},
		{"colon in a value", "a: 1\nb: x: y\n", CodeNeedsQuotes, 2, 5},
		{"at sign", "a: @x\n", CodeNeedsQuotes, 1, 4},
		{"back quote in a list", "a:\n  - `x`\n", CodeNeedsQuotes, 2, 5},
		{"percent", "a: %x%\n", CodeNeedsQuotes, 1, 4},
		{"pipe in a value", "a: |x|\nb: 1\n", CodeNeedsQuotes, 1, 4},
		{"unknown anchor", "a: 1\nb: *x\n", CodeAnchor, 2, 4},
		{"unknown anchor in a list", "a: &y 1\nb: *y\nc:\n- *x\n", CodeAnchor, 4, 3},
		{"unknown anchor in brackets", "a: 1\nb: [*y]\n", CodeAnchor, 2, 5},
		{"unclosed bracket", "a: [1, 2\nb: 3\n", CodeBracket, 1, 4},
		{"unclosed brace", "a: {b: 1\nc: 3\n", CodeBracket, 1, 4},
		{"wrong bracket", "a: [1, 2}\nb: 3\n", CodeBracket, 1, 9},
		{"text after a bracket", "a: [x] y\n", CodeBracket, 1, 8},
		{"item behind a key", "a: - x\n", CodeIndent, 1, 4},
		{"block scalar is no structure", "a: |\n  x: \"y\n  \tz\n  - 'q\nb: *n\n", CodeAnchor, 5, 4},
		{"quoted value over lines", "a: \"x\n  y\"\nb: *n\n", CodeAnchor, 3, 4},
		{"brackets over lines", "a: [x,\n  y]\nb: *n\n", CodeAnchor, 3, 4},
		{"continued value", "a: x\n  y\nb: *n\n", CodeAnchor, 3, 4},
		{"late document", "a: 1\n---\nb: 1\n", CodeDocuments, 2, 1},
		{"alias of itself", "a: &a [*a]\n", CodeAliases, 1, 8},
		{"alias of itself further down", "a: &a {b: {c: *a}}\n", CodeAliases, 1, 15},
		{"merge key", "a: &a {x: 1}\nb:\n  <<: *a\n", CodeMergeKey, 3, 3},
		{"own tag", "a: !secret x\n", CodeTag, 1, 4},
		{"bare tag", "a: ! 12\n", CodeTag, 1, 4},
		{"binary tag", "a: !!binary aGk=\n", CodeTag, 1, 4},
		{"tag and anchor", "a: &x !!int 5\n", CodeTag, 1, 7},
		{"tag of another kind", "a: !!str [x]\n", CodeTag, 1, 4},
		{"list as key", "? [a]\n: b\n", CodeKey, 1, 3},
		{"mapping as key", "{a: 1}: b\n", CodeKey, 1, 1},
		{"duplicate", "a: 1\nb: 2\n\"a\": 3\n", CodeDuplicate, 3, 1},
		{"control", "a: 1\nb: x\x01\n", CodeControl, 2, 5},
		{"line separator", "a: x\u2028y\n", CodeControl, 1, 5},
		{"next line", "a: x\u0085b: y\n", CodeControl, 1, 5},
		{"not UTF-8", "a: 1\nb: Gr\xfc\xdfe\n", CodeEncoding, 2, 6},
		{"NUL", "a: x\x00", CodeBinary, 0, 0},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00", CodeBinary, 0, 0},
		{"UTF-16", "\xff\xfea\x00:\x00", CodeEncoding, 0, 0},
		{"UTF-16, big-endian", "\xfe\xff\x00a", CodeEncoding, 0, 0},
		{"UTF-16 without mark", "a\x00:\x00 \x00x\x00", CodeEncoding, 0, 0},
		{"UTF-32", "\xff\xfe\x00\x00a\x00\x00\x00", CodeEncoding, 0, 0},
		{"empty", "", CodeEmpty, 0, 0},
		{"comments only", "# x\n\n", CodeEmpty, 0, 0},
		{"dashes only", "---\n", CodeEmpty, 0, 0},
		{"byte order mark only", "\uFEFF", CodeEmpty, 0, 0},
		{"too deep", strings.Repeat("[", 70) + strings.Repeat("]", 70), CodeTooDeep, 1, 65},
		{"far too deep", strings.Repeat("[", 20000), CodeBracket, 1, 20000},
		{"too many", "[" + strings.Repeat("x, ", MaxValues) + "]", CodeTooMany, 1, 3*MaxValues - 1},
		{"too big", strings.Repeat("#", MaxBytes+1), CodeTooBig, 0, 0},
		{"directive", "%YAML 3.0\n---\na: 1\n", CodeSyntax, 1, 1},
	}
	used := map[string]bool{CodeReaderFailed: true, CodeBlank: true, CodeTypographic: true}
	for _, tt := range tests {
		doc, found := Parse("f", []byte(tt.text))
		if len(found) != 1 {
			t.Errorf("%s: %d findings: %v", tt.name, len(found), found)
			continue
		}
		d := found[0]
		used[d.Code] = true
		if d.Code != tt.code || d.Pos.Line != tt.line || d.Pos.Col != tt.col || d.Severity != diag.Error {
			t.Errorf("%s: %s at %v, want %s at %d:%d (%s)", tt.name, d.Code, d.Pos, tt.code, tt.line, tt.col, d.Message)
		}
		for _, word := range []string{"yaml:", "panic", "!!seq", "unmarshal"} {
			if strings.Contains(d.Message, word) {
				t.Errorf("%s: the message is not ours: %s", tt.name, d.Message)
			}
		}
		switch d.Code {
		case CodeMergeKey, CodeTag, CodeKey, CodeDuplicate:
			if doc.Root == nil {
				t.Errorf("%s: the rest of the document is lost", tt.name)
			}
		default:
			if doc.Root != nil {
				t.Errorf("%s: an unusable document has a root", tt.name)
			}
		}
	}
	for _, c := range Codes() {
		if !used[c.ID] {
			t.Errorf("no test shows %s (%s)", c.ID, c.Title)
		}
	}
}

func TestAliasLimit(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	start := time.Now()
	doc, found := Parse("f", []byte(bomb))
	if len(found) != 1 || found[0].Code != CodeAliases || doc.Root != nil {
		t.Errorf("findings: %v", found)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	// Twenty uses of a list of 400 are 20 x 401 nodes, within the limit.
	fair := "a: &a [" + strings.Repeat("x, ", 399) + "x]\nb: [" + strings.Repeat("*a, ", 19) + "*a]\n"
	if doc, found := Parse("f", []byte(fair)); len(found) > 0 || len(doc.Root.Pairs[1].Value.Items[19].Items) != 400 {
		t.Errorf("findings: %v", found)
	}
}

func TestDepthLimit(t *testing.T) {
	text := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	if doc, found := Parse("f", []byte(text)); len(found) > 0 || doc.Root == nil {
		t.Errorf("%d levels: %v", MaxDepth, found)
	}
	if _, found := Parse("f", []byte("["+text+"]")); len(found) != 1 || found[0].Code != CodeTooDeep {
		t.Errorf("%d levels: %v", MaxDepth+1, found)
	}
}

// TestHostileTime feeds forms that are known to make YAML readers slow, at half the largest size that is read. The limit
// is far above what a busy machine needs and far below what quadratic work takes.
func TestHostileTime(t *testing.T) {
	const size = MaxBytes / 2
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, text := range map[string]string{
		"comments":       fill("#\n"),
		"blank lines":    fill("\n"),
		"dashes":         fill("- "),
		"dash lines":     fill("-\n"),
		"question marks": fill("? "),
		"brackets":       fill("["),
		"bracket pairs":  fill("[]"),
		"braces":         fill("{"),
		"empty flow":     "[" + fill("[],")[:size-2] + "]",
		"keys":           fill("a: 1\n"),
		"one line":       fill("x"),
		"open quotes":    fill("\"x\n"),
		"colons":         fill("a:"),
		"documents":      fill("---\n"),
		"anchors":        fill("&a "),
		"aliases":        "a: &a x\nb: [" + fill("*a,")[:size-14] + "]",
		"tags":           fill("!a "),
		"deep blocks":    fill("a:\n "),
		"bad at the end": fill("abcdefghijklmnop: 1\n")[:size-30] + "\n\tx: 1",
		"flow entries":   "{" + fill("a,")[:size-2] + "}",
	} {
		start := time.Now()
		_, found := Parse("f", []byte(text))
		took := time.Since(start)
		if took > 20*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if len(found) == 0 && name != "keys" && name != "one line" && name != "empty flow" && name != "dash lines" {
			t.Errorf("%s: nothing is found", name)
		}
		t.Logf("%s: %v, %d findings", name, took, len(found))
	}
}

func TestLines(t *testing.T) {
	doc, _ := Parse("f", []byte("\uFEFFa: 1\r\nb: 2\rc: 3\n\nd: 4"))
	if got := strings.Join(doc.Lines(), "|"); got != "a: 1|b: 2|c: 3||d: 4" {
		t.Errorf("lines: %s", got)
	}
}

// FuzzParse looks for panics, long runs, places outside the file, and plain values whose place does not show their text.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		doc, found := Parse("f", data)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		if doc.Root == nil && found.Errors() == 0 {
			t.Error("no root and no reason")
		}
		lines := doc.Lines()
		check := func(p diag.Pos, what string) {
			if p.Line == 0 {
				return
			}
			if p.Line > len(lines) || p.Col < 1 || p.Len < 1 || p.Col+p.Len-1 > max(utf8.RuneCountInString(lines[p.Line-1]), 1) {
				t.Errorf("%s outside the file: %+v", what, p)
			}
		}
		for _, d := range found {
			check(d.Pos, d.Message)
			for _, r := range d.Related {
				check(r.Pos, r.Message)
			}
		}
		var walk func(n *Node)
		walk = func(n *Node) {
			check(n.Pos, n.Kind.String())
			if n.Pos.Line == 0 {
				t.Errorf("%s has no place", n.Kind)
			} else if n.Kind == Scalar && n.Plain {
				line := []rune(lines[n.Pos.Line-1])
				shown := string(line[n.Pos.Col-1 : n.Pos.Col-1+n.Pos.Len])
				if !strings.HasPrefix(n.Value, shown) && shown[0] != '*' && !strings.ContainsAny(shown, "#,]}:\t ") {
					t.Errorf("value %q is shown as %q", n.Value, shown)
				}
			}
			for _, p := range n.Pairs {
				walk(p.Key)
				walk(p.Value)
			}
			for _, i := range n.Items {
				walk(i)
			}
		}
		if doc.Root != nil {
			walk(doc.Root)
		}
	})
}
