package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	model, err := os.ReadFile(filepath.Join("..", "..", "contract", "testdata", "clean", "model-spn.ps1"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	clean := write("install/a.ps1", model)
	read := write("verify/a.ps1", model)
	unbound := write("install/b.ps1", bytes.Replace(model, []byte("-Discover -Writable"), []byte("-Discover -Writeable"), 1))
	broken := write("install/c.ps1", bytes.Replace(model, []byte("exit $ExitCode"), []byte("exit ("), 1))
	nowhere := write("d.ps1", model)
	tests := []struct {
		name string
		args []string
		code int
		want string // in the output or the errors
	}{
		{"clean", []string{"-os", "2012,2016,2025", "-release", "2.5 SP1", clean}, 0, "1 files, 0 findings in 0 of them"},
		{"other kind", []string{read, clean}, 1, "a.ps1:117:17: a script of kind verify changes nothing and has nothing to ask [PSC011]"},
		{"unbound", []string{unbound}, 1, "b.ps1:99:55: Get-ADDomainController has no parameter -Writeable [PSB004]"},
		{"broken", []string{broken}, 1, "[PSV00"},
		{"kind given", []string{"-kind", "install", nowhere}, 0, "1 files, 0 findings"},
		{"no kind", []string{nowhere}, 2, "give -kind"},
		{"absent file", []string{filepath.Join(dir, "install", "x.ps1")}, 2, "reading a script"},
		{"no file", nil, 2, "no files given"},
		{"version", []string{"-os", "2008", clean}, 2, `"2008" is none of`},
		{"release", []string{"-release", "3", clean}, 2, `"3" is none of`},
		{"kind", []string{"-kind", "x", clean}, 2, "no kind of script"},
		{"flag", []string{"-x"}, 2, "not defined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(tt.args, &out, &errs)
			if text := out.String() + errs.String(); code != tt.code || !strings.Contains(text, tt.want) {
				t.Errorf("code %d, want %d and %q in\n%s", code, tt.code, tt.want, text)
			}
		})
	}
}
