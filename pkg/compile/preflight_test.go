package compile_test

import (
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
)

// TestPreflightComesFirst holds that the first file of every server's folder, and of every folder bound to no server in
// which people run PowerShell, is a preflight: by its number, and in the order of the plan. The web farm's own folder
// holds a comparison of nodes that have been built, and nothing to prepare for.
func TestPreflightComesFirst(t *testing.T) {
	c := newCompiler(t, nil)
	for _, name := range exampleNames(t) {
		_, f, _ := compile.Topology(name, []byte(example(t, name)))
		p, err := c.Plan(f)
		if err != nil {
			t.Fatal(err)
		}
		order := map[string]int{}
		for _, it := range p.Items {
			at := it.Folder + " " + it.Step.ID
			if order[at] == 0 {
				order[at] = it.Order
			}
		}
		type first struct {
			number, order int
			file          string
			preflight     bool
			needed        bool
		}
		folders := map[string]*first{}
		for _, file := range tree(t, c, name, example(t, name), render.Options{Secrets: testKeys(t)}).Files() {
			if file.Meta.Kind == "document" {
				continue
			}
			folder := path.Dir(file.Path)
			if file.Meta.Kind != "tool" {
				folder = path.Dir(folder)
			}
			digits, _, _ := strings.Cut(path.Base(file.Path), "-")
			number, err := strconv.Atoi(digits)
			at := order[folder+" "+file.Meta.Step]
			if err != nil || at == 0 {
				t.Fatalf("%s: %s is of no item of the plan (%v)", name, file.Path, err)
			}
			is := file.Meta.Kind == "preflight" && path.Ext(file.Path) == ".ps1"
			have := folders[folder]
			if have == nil {
				have = &first{number: number, order: at, file: file.Path, preflight: is}
				folders[folder] = have
			}
			if number < have.number {
				have.number, have.file, have.preflight = number, file.Path, is
			}
			have.order = min(have.order, at)
			have.needed = have.needed || file.Meta.Server != "" || path.Ext(file.Path) == ".ps1" && folder != "web" && file.Meta.Kind != "drill"
		}
		servers := 0
		for folder, have := range folders {
			if strings.Contains(folder, "/") {
				servers++
			}
			if have.needed && !have.preflight {
				t.Errorf("%s: %s starts with %s", name, folder, have.file)
			}
			if have.needed && have.order != order[folder+" "+p.Items[have.order-1].Step.ID] || have.needed && p.Items[have.order-1].Step.Number != have.number {
				t.Errorf("%s: the plan has %s ahead of %s", name, p.Items[have.order-1].Step.ID, have.file)
			}
		}
		if servers == 0 {
			t.Errorf("%s has no folder of a server", name)
		}
	}
}
