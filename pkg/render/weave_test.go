package render_test

import (
	"bytes"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/pkg/weave"
	"github.com/mbamplan/mbamplan/templates"
)

// text/template gives the same bytes for every example, and is needed for none; a memory of all of them changes nothing.
func TestTemplatesAreWovenAlike(t *testing.T) {
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	names, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(names) < 12 {
		t.Fatal(err, names)
	}
	memory := weave.NewMemory()
	for _, name := range names {
		data, err := fs.ReadFile(examples.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		_, f, _ := compile.Topology(name, data)
		p, err := c.Plan(f)
		if err != nil {
			t.Fatal(err)
		}
		rendered := func(always bool, memory *weave.Memory) (files map[string][]byte, plain int) {
			e, err := render.New(c.Catalog, templates.FS)
			if err != nil {
				t.Fatal(err)
			}
			var lock sync.Mutex
			var runs []*weave.Run
			e.SetRuns(func() *weave.Run {
				lock.Lock()
				defer lock.Unlock()
				r := &weave.Run{Always: always, Memory: memory}
				runs = append(runs, r)
				return r
			})
			tree, found, err := e.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: name})
			if err != nil || len(found) > 0 {
				t.Fatal(name, err, found)
			}
			files = map[string][]byte{}
			for _, f := range tree.Files() {
				files[f.Path] = f.Data
			}
			for _, r := range runs {
				plain += r.Plain
			}
			return files, plain
		}
		fast, left := rendered(false, nil)
		slow, all := rendered(true, nil)
		first, _ := rendered(false, memory)
		again, _ := rendered(false, memory)
		if left > 0 {
			t.Errorf("%s: %d executions were left to text/template", name, left)
		}
		if all == 0 || len(fast) != len(slow) {
			t.Errorf("%s: %d files, by text/template %d in %d executions", name, len(fast), len(slow), all)
		}
		for path, want := range slow {
			for how, files := range map[string]map[string][]byte{"woven": fast, "remembered": first, "from memory": again} {
				if got, ok := files[path]; !ok || !bytes.Equal(got, want) {
					t.Errorf("%s: %s, %s, differs:\n%s\ntext/template:\n%s", name, path, how, difference(got, want), difference(want, got))
				}
			}
		}
	}
}

// difference is the first line of a that b does not have there.
func difference(a, b []byte) string {
	other := strings.Split(string(b), "\n")
	for i, line := range strings.Split(string(a), "\n") {
		if i >= len(other) || line != other[i] {
			return line
		}
	}
	return ""
}
