package reference

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/mbamplan/mbamplan/tools/binding"
)

// TestTable holds every entry of the project's table against the reference files.
func TestTable(t *testing.T) {
	dir := os.Getenv("MBAMPLAN_REFERENCE")
	if dir == "" {
		// The folder shared/reference beside the checkout, seen from this package.
		dir = filepath.Join("..", "..", "..", "..", "shared", "reference")
	}
	files, err := Read(dir)
	if errors.Is(err, ErrAbsent) {
		t.Skipf("windows-cmdlets.json and mbam-cmdlets.yaml are not part of the repository; set MBAMPLAN_REFERENCE to their folder: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	table, err := binding.Commands()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(table.Aliases, files.Aliases()) {
		t.Error("the aliases differ from the reference: run cmd/maketable")
	}
	for name, have := range table.Commands {
		exact, want, err := files.Command(name)
		if err != nil || exact != name {
			t.Errorf("%s: %q, %v", name, exact, err)
			continue
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%s differs from the reference: run cmd/maketable\nhave %+v\nwant %+v", name, have, want)
		}
	}
	for _, module := range []string{"Microsoft.MBAM", "NetworkLoadBalancingClusters", "WebAdministration", "GroupPolicy", "PKI"} {
		names := files.Module(module)
		if len(names) == 0 {
			t.Errorf("no commands of %s in the reference", module)
		}
		for _, name := range names {
			if _, ok := table.Commands[name]; !ok {
				t.Errorf("%s of %s is not in the table", name, module)
			}
		}
	}
}
