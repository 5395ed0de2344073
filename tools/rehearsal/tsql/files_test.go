package tsql

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryExampleParses(t *testing.T) {
	seen := map[string]bool{}
	n := 0
	err := filepath.WalkDir("../../../examples", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".sql") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, u := decode(data)
		if u != nil {
			t.Errorf("%s:%d: %s", path, u.Line, u.What)
			return nil
		}
		f := newFile(text, nil)
		n++
		if f.unknown != nil && !seen[f.unknown.What] {
			seen[f.unknown.What] = true
			t.Errorf("%s:%d:%d: %s", path, f.unknown.Line, f.unknown.Column, f.unknown.What)
		}
		for _, b := range f.batches {
			if b.fault != nil {
				t.Errorf("%s: batch of line %d: %v", path, b.line, b.fault)
			}
		}
		return nil
	})
	t.Log(n)
	if err != nil {
		t.Fatal(err)
	}
}
