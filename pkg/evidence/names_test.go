package evidence_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestResultNames holds the names of the manifest against those that scripts and the runner of T-SQL files give their records.
func TestResultNames(t *testing.T) {
	given := regexp.MustCompile(`(?m)^\$ResultName = '([^'\r\n]*)'\r?$`)
	step := regexp.MustCompile(`(?m)^Step +([a-z0-9-]+/[a-z0-9-]+), `)
	folders := regexp.MustCompile(`(?m)^    \$(InstanceFolder|HostFolder) = '([^'\r\n]*)'\r?$`)
	for _, name := range []string{example, "multi-subnet-named-instances", "fci", "basic-groups", "mbam20-two-servers"} {
		read := func(p string) string {
			data, err := os.ReadFile(filepath.Join("../../examples", name, "out", filepath.FromSlash(p)))
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		scripts, statements := 0, 0
		for _, f := range manifest(t, name).Files {
			switch path.Ext(f.Path) {
			case ".ps1":
				scripts++
				if m := given.FindStringSubmatch(read(f.Path)); m == nil || m[1] != f.Result {
					t.Errorf("%s: %v, the manifest says %q", f.Path, m, f.Result)
				}
			case ".sql":
				statements++
				of := map[string]string{}
				for _, m := range folders.FindAllStringSubmatch(read(path.Join(path.Dir(path.Dir(f.Path)), "300-sql-runner.ps1")), -1) {
					of[m[1]] = m[2]
				}
				m := step.FindStringSubmatch(read(f.Path))
				if len(of) != 2 || m == nil {
					t.Fatalf("%s: %v %v", f.Path, of, m)
				}
				// As templates/database/sql-runner makes it.
				want := strings.ReplaceAll(m[1], "/", ".")
				if of["InstanceFolder"] != of["HostFolder"] {
					want += "." + of["InstanceFolder"]
				}
				file := path.Base(f.Path)
				want += strings.TrimSuffix(file[4:], ".sql")[len(path.Base(m[1])):] + "." + f.Kind
				if f.Result != want {
					t.Errorf("%s: the runner says %q, the manifest %q", f.Path, want, f.Result)
				}
			default:
				if f.Result != "" {
					t.Errorf("%s leaves no record, the manifest says %q", f.Path, f.Result)
				}
			}
		}
		if scripts == 0 || statements == 0 && name != "mbam20-two-servers" {
			t.Errorf("%s: %d scripts, %d T-SQL files", name, scripts, statements)
		}
	}
}
