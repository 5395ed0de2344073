package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/pkg/cli"
)

// maxTook is how long a check may take whatever it is given, maxHeap how much memory it may hold. A machine of its own
// needs less than two seconds for each; tests share theirs.
const (
	maxTook = 10 * time.Second
	maxHeap = 256 << 20
)

// checkFile runs check in this process and returns the exit code and what it said. It fails the test when the run takes too
// long, holds too much memory, or says too much.
func checkFile(t *testing.T, path string) (int, string) {
	t.Helper()
	runtime.GC()
	done := make(chan struct{})
	var peak uint64
	var wait sync.WaitGroup
	wait.Go(func() {
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	var out, said bytes.Buffer
	start := time.Now()
	code := cli.Main([]string{"check", path}, cli.Stdio{In: strings.NewReader(""), Out: &out, Err: &said, Now: today})
	took := time.Since(start)
	close(done)
	wait.Wait()
	if took > maxTook || peak > maxHeap || said.Len() > 1<<20 || out.Len() > 0 {
		t.Errorf("%s: took %v, held %d MiB, said %d bytes, wrote %d bytes", filepath.Base(path), took, peak>>20, said.Len(), out.Len())
	}
	t.Logf("%s: %v, %d MiB", filepath.Base(path), took.Round(time.Millisecond), peak>>20)
	return code, said.String()
}

// TestCheckOnAnything gives check what is no topology.
func TestCheckOnAnything(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fill := func(s string) string { return strings.Repeat(s, (1<<20)/len(s)) }
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	base, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// example puts text behind a place of the example, once or, when it is short, up to 1 MiB.
	example := func(behind, text string) string {
		if len(text) < 10 {
			text = strings.Repeat(text, (1<<20-len(base)-100)/len(text))
		}
		return strings.Replace(string(base), behind, behind+text, 1)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	huge := file("huge", "")
	if err := os.Truncate(huge, 100<<20); err != nil {
		t.Fatal(err)
	}
	hugeText := file("huge text", strings.Repeat("name: x\n", 100<<20/8))
	for _, tt := range []struct {
		path, says string
		code       int
	}{
		{dir, "not a regular file", cli.ExitFailure},
		{filepath.Join(dir, "missing"), "missing", cli.ExitFailure},
		{filepath.Join(dir, "missing", "below"), "missing", cli.ExitFailure},
		{self, "MBP0101", cli.ExitProblems},
		{huge, "MBP0101", cli.ExitProblems},
		{hugeText, "MBP0101", cli.ExitProblems},
		{file("empty", ""), "MBP0105", cli.ExitProblems},
		{file("program", "MZ\x90\x00\x03\x00"), "MBP0103", cli.ExitProblems},
		{file("archive", "PK\x03\x04\x14\x00"), "MBP0103", cli.ExitProblems},
		{file("random", string(bytes.Repeat([]byte{0xC3, 0x28, 0xA0}, 300000))), "MBP0102", cli.ExitProblems},
		{file("bomb", bomb), "MBP0107", cli.ExitProblems},
		{file("brackets", fill("[")), "MBP0119", cli.ExitProblems},
		{file("braces", fill("{a: ")), "error", cli.ExitProblems},
		{file("dashes", fill("- ")), "error", cli.ExitProblems},
		{file("keys", fill("a: 1\n")), "MBP0112", cli.ExitProblems},
		{file("distinct keys", numbered("k%d: 1\n")), "MBP0125", cli.ExitProblems},
		{file("hosts", "schema: 1\nhosts:\n"+numbered("  h%d:\n")), "error", cli.ExitProblems},
		{file("anchors", fill("&a ")), "error", cli.ExitProblems},
		{file("questions", fill("? ")), "error", cli.ExitProblems},
		{file("quotes", fill("\"x\n")), "error", cli.ExitProblems},
		{file("one line", "name: "+fill("x")[:1<<20-10]), "error", cli.ExitProblems},
		{file("one mapping", "{"+numbered("k%d: 1,")+"}"), "MBP0125", cli.ExitProblems},
		{file("controls", fill("\x01")), "MBP0104", cli.ExitProblems},
		{file("many replicas", example("replicas: [", "SQL1,")), "MBP0125", cli.ExitProblems},
		{file("unknown nodes", example("nodes: [WEB1,", "A,")), "MBP0125", cli.ExitProblems},
		{file("fewer replicas", example("replicas: [", strings.Repeat("SQL1,", 8000))), "MBP1305", cli.ExitProblems},
		{file("fewer unknown nodes", example("nodes: [WEB1,", strings.Repeat("A,", 8000))), "MBP0301", cli.ExitProblems},
		{file("fewer pairs", example("placements:", "\n"+pairs(1000))), "error:", cli.ExitProblems},
	} {
		code, said := checkFile(t, tt.path)
		if code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("%s: exit %d, want %d with %q; said %.300s", filepath.Base(tt.path), code, tt.code, tt.says, said)
		}
		if strings.Contains(said, "panic") || strings.Contains(said, "goroutine") {
			t.Errorf("%s: %.300s", filepath.Base(tt.path), said)
		}
	}
}

// pairs writes n mirrored pairs whose endpoints clash with each other's.
func pairs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  P%d: {kind: mirroring, principal: SQL1, mirror: SQL2, endpoint: {port: %d}}\n", i, 5000+i)
	}
	return b.String()
}

// numbered repeats a line with a number in it up to 1 MiB.
func numbered(format string) string {
	var b strings.Builder
	for i := 0; b.Len() < 1<<20-40; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestCheckOnAChangingFile checks a file while another process would write it: each run sees some text and judges that.
func TestCheckOnAChangingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.yaml")
	whole, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			text := bytes.Repeat(whole, i%40)
			if err := os.WriteFile(path, text[:len(text)*(i%7)/7], 0o644); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 40 {
		if code, said := checkFile(t, path); code > cli.ExitFailure || strings.Contains(said, "panic") {
			t.Errorf("exit %d: %.300s", code, said)
		}
	}
	close(stop)
	wait.Wait()
}
