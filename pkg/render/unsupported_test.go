package render_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

// tailspin renders the example of MBAM 2.0 with changes: pairs of old and new text.
func tailspin(t *testing.T, pairs ...string) *artifact.Tree {
	t.Helper()
	data, err := os.ReadFile("../../examples/mbam20-two-servers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q does not occur", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	_, f, found := compile.Topology("test.yaml", []byte(text))
	if f == nil || found.Errors() > 0 {
		t.Fatal(found)
	}
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	tree, found, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted(), Topology: "test.yaml"})
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	return tree
}

// availability makes an acknowledged farm with everything that MBAM 2.0 does not support, under a name that no comment may trip over.
var availability = []string{
	"  media:", "  acceptUnsupported: true\n  media:",
	"edition: Standard", "edition: Enterprise",
	"  MBAMWEB: {", "  WEB2: {address: 10.20.0.22/24}\n  MBAMWEB: {",
	"  MBAMDB:\n\n", "  MBAMDB:\n  WEB2:\n\ncluster: {name: CLU1}\n",
	"databases: {kind: standalone, instance: MBAMDB}", `'A*/--#> $x " "B': {kind: availabilityGroup, replicas: [MBAMDB, WEB2], listener: {name: LSN, addresses: [10.20.0.50/24]}, backupShare: '\\fs1\seed'}`,
	"compliance: databases", `compliance: 'A*/--#> $x " "B'`,
	"recovery: databases", `recovery: 'A*/--#> $x " "B'`,
	"      nodes: MBAMWEB\n", "      nodes: [MBAMWEB, WEB2]\n      balancer: {kind: nlb, address: 10.20.0.60/24}\n",
	"host: mbamweb.tailspin.com ", "host: mbam.tailspin.com ",
}

func TestUnsupportedPlanIsStamped(t *testing.T) {
	tree := tailspin(t, availability...)
	seen := map[string]bool{}
	for _, f := range tree.Files() {
		head := f.Data
		if _, body, html := bytes.Cut(f.Data, []byte("<body>")); html {
			head = body
		}
		head = head[:min(len(head), 400)]
		if !bytes.Contains(head, []byte("UNSUPPORTED: MBAM 2.0 with an availability group")) {
			t.Errorf("%s has no stamp in its first lines:\n%s", f.Path, head)
		}
		seen[f.Meta.Step] = true
	}
	for _, step := range []string{"database/mbam20-setup", "web/mbam20-setup", "database/availability-group", "database/listener"} {
		if !seen[step] {
			t.Errorf("%s was acknowledged and is not rendered", step)
		}
	}
}

// Nothing of the 2.5 model reaches a 2.0 farm: no cmdlet of its module, no pool account, no machine key.
func Test20HoldsNothingOf25(t *testing.T) {
	for _, tree := range []*artifact.Tree{tailspin(t), tailspin(t, availability...)} {
		for _, f := range tree.Files() {
			for _, word := range []string{"Enable-Mbam", "Microsoft.MBAM'", "MbamServerSetup", "application pool account", "machineKey"} {
				if bytes.Contains(f.Data, []byte(word)) {
					t.Errorf("%s: %q", f.Path, word)
				}
			}
		}
	}
}

func TestSupportedPlanHasNoStamp(t *testing.T) {
	tree := tailspin(t)
	paths := map[string]bool{}
	for _, f := range tree.Files() {
		paths[f.Path] = true
		if bytes.Contains(f.Data, []byte("UNSUPPORTED")) {
			t.Errorf("%s is stamped", f.Path)
		}
	}
	for _, p := range []string{"FAULT-TOLERANCE.md", "SETUP-COMMANDS.md", "backup/965-mbam20-plan.md", "database/MBAMDB/verify/346-mbam20-vss-writer.ps1", "web/MBAMWEB/install/651-mbam20-setup.ps1"} {
		if !paths[p] {
			t.Errorf("%s is missing", p)
		}
	}
	if paths["database/MBAMDB/install/340-create-databases.ps1"] {
		t.Error("a step of 2.5 is rendered")
	}
}

// The reports' password is asked for where the reports are installed, and stands in no file.
func TestPasswordIsAskedForOnce(t *testing.T) {
	for _, f := range tailspin(t).Files() {
		asks := bytes.Contains(f.Data, []byte("Get-Credential"))
		if asks != (f.Path == "database/MBAMDB/install/341-mbam20-setup.ps1") {
			t.Errorf("%s asks for a password: %t", f.Path, asks)
		}
		if bytes.Contains(f.Data, []byte("REPORTS_USERACCOUNTPW=")) && !bytes.Contains(f.Data, []byte(`REPORTS_USERACCOUNTPW="{1}"`)) {
			t.Errorf("%s holds a password property with a value", f.Path)
		}
		if asks && bytes.Contains(f.Data, []byte("/l*v")) {
			t.Errorf("%s asks for a password and logs properties", f.Path)
		}
	}
}
