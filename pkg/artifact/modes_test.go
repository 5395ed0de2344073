//go:build unix

package artifact

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o022))
	dir := filepath.Join(t.TempDir(), "out")
	files := map[string]string{"a": "1", "d/b": "2", "!d/s": "secret"}
	s := Dir{Path: dir, hook: func(op, p string) error {
		if op != "write" && op != "rename" {
			return nil
		}
		// At any moment, nothing that holds the secret may be open to others.
		return filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return nil
			}
			info, err := os.Stat(p)
			if err != nil {
				return nil
			}
			if data, _ := os.ReadFile(p); string(data) == "secret" && info.Mode().Perm() != 0o600 {
				return fmt.Errorf("%s has mode %v", p, info.Mode())
			}
			return nil
		})
	}}
	if _, err := s.Write(t.Context(), tree(t, files), about); err != nil {
		t.Fatal(err)
	}
	want := func() {
		t.Helper()
		for p, mode := range map[string]fs.FileMode{"": 0o755, "a": 0o644, "d": 0o755, "d/b": 0o644, "d/s": 0o600, ManifestName: 0o644} {
			if info, err := os.Stat(filepath.Join(dir, p)); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, %v; want %v", p, info.Mode(), err, mode)
			}
		}
	}
	want()
	if err := os.Chmod(filepath.Join(dir, "d/s"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Dir{Path: dir}.Write(t.Context(), tree(t, files), about)
	if d := cmp.Diff([]string{"d/s"}, r.Updated); d != "" || err != nil {
		t.Errorf("an exposed secret: %s, %v", d, err)
	}
	want()
}
