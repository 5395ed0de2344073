package compile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"testing"
	"testing/fstest"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

// exampleNames lists the example topologies.
func exampleNames(t testing.TB) []string {
	t.Helper()
	list, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(list) == 0 {
		t.Fatal(err, list)
	}
	return list
}

func example(t testing.TB, name string) string {
	t.Helper()
	data, err := fs.ReadFile(examples.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// seed makes the keys of the tests, the same in every run.
var seed = [32]byte{7}

// testKeys are keys that are the same in every run.
func testKeys(t testing.TB) secrets.File {
	t.Helper()
	keys, err := secrets.New(rand.NewChaCha8(seed))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func newCompiler(t testing.TB, overlay fs.FS) *compile.Compiler {
	t.Helper()
	c, found, err := compile.New(overlay)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	return c
}

// rendered renders a topology; the tree is nil when a template has findings.
func rendered(c *compile.Compiler, name, text string, o render.Options) (*artifact.Tree, diag.List, error) {
	_, f, found := compile.Topology(name, []byte(text))
	if f == nil || found.Errors() > 0 {
		return nil, nil, fmt.Errorf("%s: %+v", name, found)
	}
	p, err := c.Plan(f)
	if err != nil {
		return nil, nil, err
	}
	o.Topology = name
	out, found, err := c.Tree(p, o)
	if len(found) > 0 {
		out = nil
	}
	return out, found, err
}

// tree renders a topology that must be without errors.
func tree(t testing.TB, c *compile.Compiler, name, text string, o render.Options) *artifact.Tree {
	t.Helper()
	out, found, err := rendered(c, name, text, o)
	if err != nil || len(found) > 0 {
		t.Fatalf("%s: %v %+v", name, err, found)
	}
	return out
}

// digest is over everything that reaches a disk: paths, bytes, which files are secret, and the manifest.
func digest(tree *artifact.Tree) (string, error) {
	h := sha256.New()
	for _, f := range tree.Files() {
		fmt.Fprintf(h, "%q %t %d\n", f.Path, f.Secret, len(f.Data))
		h.Write(f.Data)
	}
	manifest, err := tree.Manifest(artifact.About{Tool: "test", Topology: artifact.Topology{Name: "test"}}).Encode()
	if err != nil {
		return "", err
	}
	h.Write(manifest)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// keyed is an overlay with a step that carries every secret, so that tests about secrets have a file to find them in
// whatever steps the catalogue has.
var keyed = fstest.MapFS{
	"web/zz-keyed/step.yaml": {Data: []byte(`title: Carry the keys of the farm
number: 899
scope: node
actor: web administrator
evidence: inferred
inferred: [{fact: none, verified: none}]
sources: [general-practice]
secret: [install.ps1]
changes: nothing
`)},
	"web/zz-keyed/install.ps1.tmpl": {Data: []byte("$key = {{ps .Key.ValidationKey}}\n$other = {{ps .Key.DecryptionKey}}\n$compare = {{ps .CompareKey}}\nWrite-Unchanged \"$key $other $compare\"\n")},
}

// childVariable makes the test binary render every example and print one digest a line, in whatever place and
// environment it was started.
const childVariable = "MBAMPLAN_TEST_DIGESTS"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := printDigests(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// printDigests renders every example. It has no *testing.T, which a process that runs no test has none of: what fails panics.
func printDigests(w io.Writer) error {
	c, found, err := compile.New(keyed)
	if err != nil || len(found) > 0 {
		return fmt.Errorf("%w %v", err, found)
	}
	keys, err := secrets.New(rand.NewChaCha8(seed))
	if err != nil {
		return err
	}
	list, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil {
		return err
	}
	for _, name := range list {
		data, err := fs.ReadFile(examples.FS, name)
		if err != nil {
			return err
		}
		out, found, err := rendered(c, name, string(data), render.Options{Secrets: keys})
		if err != nil || len(found) > 0 {
			return fmt.Errorf("%s: %w %v", name, err, found)
		}
		sum, err := digest(out)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, name, sum)
	}
	return nil
}
