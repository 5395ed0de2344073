package psverify

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// script gives a sample the encoding and the line ends of a rendered file.
func script(text string) []byte {
	text = strings.ReplaceAll(text+"\n", "\n", "\r\n")
	for i := range text {
		if text[i] >= 0x80 {
			return append(bytes.Clone(bom), text...)
		}
	}
	return []byte(text)
}

func codes(findings []Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Code)
	}
	return out
}

func TestBroken(t *testing.T) {
	tests := []struct{ code, text string }{
		{"PSV002", "if ($a) { 1"},
		{"PSV001", "$a = 'x"},
		{"PSV001", `$a = "x`},
		{"PSV001", "function F { param($A) 'x' "},
		{"PSV001", "$a = @('x', 'y'"},
		{"PSV001", "$a = @{ A = 1; B }"},
		{"PSV001", "foreach ($x of $y) { 1 }"},
		{"PSV001", "Get-Item )"},
		{"PSV001", "$a = }"},
		{"PSV001", "if $a { 1 }"},
		{"PSV001", "$x: y"},
		{"PSV001", "param([string]$A,)"},
		{"PSV001", "$a.b.(c"},
		{"PSV001", "Get-Item -Path ($a"},
		{"PSV002", "while () { 1 }"},
		{"PSV001", "@'\nabc"},
		{"PSV001", "$x = @'abc'@"},
		{"PSV001", "<# never closed"},
		{"PSV001", "<# a `#> Get-Item #>"},
		{"PSV001", "$x?.y"},
		{"PSV001", "function { 1 }"},
		{"PSV002", "try { 1 } catch [X { 2 }"},
		{"PSV001", "'{0}' -f"},
		{"PSV001", "$a -eq"},
		{"PSV001", "do { 1 }"},
		{"PSV001", "if ($a) { 1 } else if ($b) { 2 }"},
		{"PSV001", "return ("},
		{"PSV002", "[string $a = 'x'"},
		{"PSV002", "if () { }"},
		{"PSV003", "try { Get-Item }"},
		{"PSV003", "try { 1 } catch { 2 } catch [X] { 3 }"},
		{"PSV004", "$h = @{ A = 1; a = 2 }"},
		{"PSV004", "$h = @{ 'A' = 1; A = 2 }"},
		{"PSV004", "$h = [ordered]@{ A = 1\n 'a' = 2 }"},
		{"PSV005", "param([string]$A, [int]$a)"},
		{"PSV005", "param(\n    [string]$A = 'x',\n    [int]$a = 3\n)"},
		{"PSV005", "function F {\n    param($A, $A)\n}"},
		{"PSV005", "Get-Item -Path a -path b"},
		{"PSV006", "Get-A && Get-B"},
		{"PSV006", "Get-A || Get-B"},
		{"PSV007", "$a = $b ? 1 : 2"},
		{"PSV008", "$a = $b ?? 2"},
		{"PSV008", "$a ??= 2"},
		{"PSV009", "Get-A < b.txt"},
		{"PSV010", `$a = "$x: y"`},
		{"PSV010", `$a = "in $x:"`},
		{"PSV011", "'a' = 3"},
		{"PSV011", "3 = $a"},
		{"PSV011", "($a + 1) = 3"},
		{"PSV011", "$a, 'b' = 1, 2"},
		{"PSV012", "Get-A a,,b"},
		{"PSV012", "$a = 1,,2"},
		{"PSV013", "else { 1 }"},
		{"PSV013", "catch { 1 }"},
		{"PSV013", "finally { 1 }"},
		{"PSV013", "Get-A; param($x)"},
		{"PSV013", "$x = if ($a) { 1 }\nelse { 2 }"},
		{"PSV014", "Get-Item \u2013Path a"},
		{"PSV014", "Get-Item \u201Ca\u201D"},
		{"PSV014", "Get-Item\u00A0-Path a"},
		{"PSV014", "\u2018a\u2019"},
		{"PSV014", "$a = \u200B1"},
		{"PSV015", "$a = {{ .Name }}"},
		{"PSV015", "$a = '{{ .Name }}'"},
		{"PSV015", "$a = '{{- range .X }}'"},
		{"PSV015", "$a = '{{end}}'"},
		{"PSV015", "# {{ .Title }}"},
		{"PSV015", "$a = '<no value>'"},
		{"PSV015", "$a = '<nil>'"},
		{"PSV015", "$a = '%!s(int=3)'"},
		{"PSV015", "$a = '%!d(string=x)'"},
		{"PSV015", "$a = '&#39;x&#39;'"},
		{"PSV016", "$a = 'O\u2019Brien'"},
		{"PSV016", "$a = 'x\u2018'"},
		{"PSV016", "$a = 'x\u2018\u2019y'"},
		{"PSV016", `$a = "x` + "\u201D" + `y"`},
		{"PSV016", "$a = @'\na\n\u2019@\n'@"},
		{"PSV016", "$a = @\"\na\n\u201D@\n\"@"},
		{"PSV017", "$a = 'x\x01y'"},
		{"PSV019", "if ($a != 3) { 1 }"},
		{"PSV019", "$a = 6 \\ 3"},
		{"PSV019", "Get-A 1>&2"},
		{"PSV019", "foreach -parallel ($a in $b) { 1 }"},
		{"PSV019", "workflow W { 1 }"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got := Check(script(tt.text))
			if !slices.Contains(codes(got), tt.code) {
				t.Errorf("want %s, got %v", tt.code, got)
			}
		})
	}
}

func TestValid(t *testing.T) {
	tests := []string{
		"",
		"# only a comment \u2013 with a dash and \u201Cquotes\u201D",
		"$a = 'O\u2019\u2019Brien'",
		"$a = 'O''Brien'",
		"$a = 'x \u201Cy\u201D z'",
		`$a = "x ` + "\u2019" + ` y"`,
		`$a = "x` + "\u201D\u201D" + `y"`,
		"$a = 'Gr\u00F6\u00DFe \u20AC \u2192'",
		"$a = '{{0}} and {{name}}' -f 1",
		"$h = @{ A = @{ B = 1 }}",
		`$a = "${x}: y"`,
		`$a = "$env:X y"`,
		"$a = 1, 2",
		"return , $x",
		"$a, $b = 1, 2",
		"[string[]]$a = @('x')",
		"${a b} = 1",
		"$env:X = 'y'",
		"$h['a'].b[0] += 1",
		"Get-ADUser -Properties a, 'b', $c -Server $d",
		"Get-ADUser | Where-Object { $_.Name -eq 'x' } | ForEach-Object { $_.Sid }",
		"try { 1 } catch [System.IO.IOException] { 2 } catch { 3 } finally { 4 }",
		"if ($a) { 1 } elseif ($b) { 2 } else { 3 }",
		"$x = if ($a) { 1 } else { 2 }",
		"switch ($x) {\n    'a' { 1 }\n    default { 2 }\n}",
		"for ($i = 0; $i -lt 3; $i++) { $i }",
		"do { $i++ } while ($i -lt 3)",
		"function Get-X {\n    param([string]$A = 'x', [Parameter(Mandatory = $true)][int]$B, [switch]$C)\n    $A\n}",
		"New-Object X -ArgumentList @(, $bytes), $true, (New-Object Y $false)",
		"Set-X -Confirm:$false -WhatIf:$WhatIfPreference",
		"& $Path @Argument 2>&1",
		"$a = @'\nit's \"here\"\n'@",
		"[void][IO.Directory]::CreateDirectory($d)",
		"$x = -1",
		"Get-X -Size 10KB -Address 10.0.0.50",
	}
	for _, text := range tests {
		t.Run(text, func(t *testing.T) {
			if got := Check(script(text)); len(got) != 0 {
				t.Errorf("unexpected %v", got)
			}
		})
	}
}

func TestBytes(t *testing.T) {
	tests := []struct {
		name, code, text string
		line, column     int
	}{
		{"no mark", "PSV017", "# a\r\n# \u00E9\r\n", 2, 3},
		{"broken UTF-8", "PSV017", "\xEF\xBB\xBF# a\r\n$a = '\xE9'\r\n", 2, 7},
		{"UTF-16", "PSV017", "\xFF\xFE$\x00a\x00", 1, 1},
		{"zero", "PSV017", "# a\x00\r\n", 1, 4},
		{"LF", "PSV018", "# a\r\n# b\n# c\r\n", 2, 4},
		{"CR", "PSV018", "# a\r# b\r\n", 1, 4},
		{"LF in a here-string", "PSV018", "$a = @'\r\nx\ny\r\n'@\r\n", 2, 2},
		{"second mark", "PSV014", "\xEF\xBB\xBF\xEF\xBB\xBF$a = 1\r\n", 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Check([]byte(tt.text))
			if len(got) != 1 || got[0].Code != tt.code || got[0].Line != tt.line || got[0].Column != tt.column {
				t.Errorf("want one %s at %d:%d, got %v", tt.code, tt.line, tt.column, got)
			}
		})
	}
}

func TestModels(t *testing.T) {
	files, err := filepath.Glob("../contract/testdata/clean/*.ps1")
	if err != nil || len(files) < 2 {
		t.Fatalf("models: %v, %v", files, err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Check(src); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
		// A model loses its balance when a bracket or a quote goes: the real parser refuses those mutants.
		for i, b := range src {
			if bytes.IndexByte([]byte("{}()"), b) < 0 || i%19 != 0 {
				continue
			}
			mutant := append(bytes.Clone(src[:i]), src[i+1:]...)
			if inText(src, i) {
				continue
			}
			if got := Check(mutant); len(got) == 0 {
				line, column := Parse(src).Position(i)
				t.Errorf("%s: %q at %d:%d can be left out", name, b, line, column)
			}
		}
	}
}

// inText tells whether the byte stands in a string or a comment, where a bracket may go unnoticed.
func inText(src []byte, at int) bool {
	for n := range Parse(src).Root.All() {
		if (stringKind(n.Kind) || n.Kind == "comment") && n.Start <= at && at < n.End {
			return true
		}
	}
	return false
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"param($a = 1, [int]$b)", "Get-X -A b, 'c' @d 2>&1", "$h = @{ a = 1 }; f @h", "'a\u2019'", "if () {}", "\x00", "<# {{ #>"} {
		f.Add(script(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 4096 {
			t.Skip("long input tells nothing new about positions")
		}
		file := Parse(src)
		for _, x := range file.Findings {
			if x.Line < 1 || x.Line > len(file.lines) || x.Column < 1 || x.Code == "" {
				t.Fatalf("finding outside the file: %+v", x)
			}
		}
		for n := range file.Root.All() {
			if n.Start < 0 || n.End < n.Start || n.End > len(file.Source) || n.Parent != nil && !slices.Contains(n.Parent.Children, n) {
				t.Fatalf("node %s %d-%d does not fit", n.Kind, n.Start, n.End)
			}
		}
		for _, c := range file.Commands {
			for _, e := range c.Elements {
				if e.Kind == Splat {
					file.Entries(c, e)
				}
			}
		}
	})
}

// FuzzQuote holds the reading of single-quoted strings against their writing.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "O'Brien", "\u2018\u2019''", "a\u201Cb", "'", "\u201B'\u2019"} {
		f.Add(seed)
	}
	quote := strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019", "\u201A", "\u201A\u201A", "\u201B", "\u201B\u201B")
	f.Fuzz(func(t *testing.T, text string) {
		if badByte([]byte(text)) != 0 || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7F || r == 0xFFFD }) || leftover.MatchString(text) {
			t.Skip("characters that no value of ours may hold")
		}
		file := Parse(append(bytes.Clone(bom), "$a = '"+quote.Replace(text)+"'\r\n"...))
		if len(file.Findings) != 0 {
			t.Fatalf("%q: %v", text, file.Findings)
		}
		if v := file.Assignments[0].Value; v.Kind != Literal || v.Literal != text {
			t.Fatalf("%q came back as %q", text, v.Literal)
		}
	})
}
