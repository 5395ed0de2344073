package examples_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

var update = flag.Bool("update", false, "write the golden trees")

// tree renders a topology redacted, as the golden trees are.
func tree(t *testing.T, name string, data []byte) *artifact.Tree {
	t.Helper()
	loaded, f, found := compile.Topology(name, data)
	if len(found) > 0 {
		t.Fatalf("%s is not clean: %v", loaded.Name, found)
	}
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	out, found, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: name})
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	return out
}

func names(t *testing.T) []string {
	t.Helper()
	list, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(list) == 0 {
		t.Fatal(err, list)
	}
	return list
}

// TestGolden compares every example with its committed tree. `make golden` writes the trees again.
func TestGolden(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			data, err := fs.ReadFile(examples.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(strings.TrimSuffix(name, ".yaml"), "out")
			files := tree(t, name, data).Files()
			if *update {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					to := filepath.Join(dir, filepath.FromSlash(f.Path))
					if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(to, f.Data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				return
			}
			want := map[string]bool{}
			err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					rel, _ := filepath.Rel(dir, p)
					want[filepath.ToSlash(rel)] = true
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				committed, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
				switch {
				case err != nil:
					t.Errorf("%s is not committed", f.Path)
				case !bytes.Equal(committed, f.Data):
					t.Errorf("%s differs from the committed file: %s", f.Path, firstDifference(committed, f.Data))
				}
				delete(want, f.Path)
			}
			var stale []string
			for p := range want {
				stale = append(stale, p)
			}
			sort.Strings(stale)
			for _, p := range stale {
				t.Errorf("%s is committed and no longer rendered", p)
			}
			if t.Failed() {
				t.Log("review the difference, then: make golden")
			}
		})
	}
}

func firstDifference(a, b []byte) string {
	x, y := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			return "\n-" + x[i] + "\n+" + y[i]
		}
	}
	return "one is longer"
}
