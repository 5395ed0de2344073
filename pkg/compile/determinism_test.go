package compile_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/render"
)

// first is what sums returned first: two tests compare others with it.
var first struct {
	sync.Once
	text string
}

func firstSums(t *testing.T) string {
	t.Helper()
	first.Do(func() { first.text = sums(t) })
	return first.text
}

// sums returns what printDigests prints, from this process.
func sums(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := printDigests(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), "\n") != len(exampleNames(t)) {
		t.Fatalf("not a digest for each example: %q", b.String())
	}
	return b.String()
}

func TestTwiceTheSame(t *testing.T) {
	if first, second := firstSums(t), sums(t); first != second {
		t.Errorf("the second render differs:\n%s\n%s", first, second)
	}
}

// TestSharedCompiler renders with one compiler, again and on several goroutines at once, as a server would.
func TestSharedCompiler(t *testing.T) {
	c := newCompiler(t, keyed)
	keys := testKeys(t)
	for _, name := range []string{examples.Default, "fabrikam-mirrored.yaml"} {
		text := example(t, name)
		want, err := digest(tree(t, newCompiler(t, keyed), name, text, render.Options{Secrets: keys}))
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		got := make([]string, 4)
		for i := range got {
			wait.Go(func() {
				out, found, err := rendered(c, name, text, render.Options{Secrets: keys})
				if err == nil && len(found) == 0 {
					got[i], err = digest(out)
				}
				if err != nil || len(found) > 0 {
					t.Errorf("%s: %v %+v", name, err, found)
				}
			})
		}
		wait.Wait()
		for i := range got {
			if got[i] != want {
				t.Errorf("%s: render %d of a shared compiler differs from a compiler of its own", name, i)
			}
		}
	}
}

// TestOtherSurroundings renders in processes with another time zone, number of processors, language and working folder.
// Each process has other seeds for its maps, too.
func TestOtherSurroundings(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := firstSums(t)
	for _, env := range [][]string{
		{"TZ=Pacific/Kiritimati", "GOMAXPROCS=1", "LC_ALL=C", "HOME=/nowhere", "USER=somebody"},
		{"TZ=America/St_Johns", "GOMAXPROCS=8", "LC_ALL=tr_TR.UTF-8", "LANG=tr_TR.UTF-8", "COMPUTERNAME=OTHER"},
	} {
		cmd := exec.Command(self)
		cmd.Dir = t.TempDir()
		cmd.Env = append(append(os.Environ(), env...), childVariable+"=1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v: %s", env, err, stderr.Bytes())
		}
		if string(out) != want {
			t.Errorf("under %v the trees differ:\n%s\n%s", env, out, want)
		}
	}
}
