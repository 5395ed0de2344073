package artifact

import (
	"archive/zip"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	p := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(p, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got): %s", p, d)
	}
}

func sampleTree(t *testing.T) *Tree {
	t.Helper()
	tr := &Tree{Steps: []PlannedStep{
		{Order: 1, Number: 130, Step: "directory/dns-record", Title: "Publish the name", Actor: "domain administrator", Hosts: []string{}, After: []int{}},
		{
			Order: 2, Number: 310, Step: "web/machine-key", Title: "Set the key", Actor: "web administrator", Server: "NLB1", Subject: "a", Group: "portals",
			Hosts: []string{"NLB1", "nlb1.contoso.com"}, After: []int{1},
		},
	}}
	for _, f := range []File{
		{Path: "web/NLB1/310-install.ps1", Data: []byte("'x'\r\n"), Meta: Meta{"web/machine-key", "install", "NLB1", "web", "web administrator", "web/machine-key/install.ps1.tmpl", "ab", "built-in", 2, "web.machine-key.install"}},
		{Path: "web/NLB1/machine-key.secret.json", Data: []byte("{}\n"), Secret: true, Meta: Meta{Step: "web/machine-key", Kind: "install", TemplateOrigin: "overlay"}},
		{Path: "START-HERE.html", Data: []byte("<p>a & b</p>\n")},
	} {
		if err := tr.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

func TestManifest(t *testing.T) {
	m := sampleTree(t).Manifest(About{Tool: "v1.0.0", Topology: Topology{"contoso <&>", strings.Repeat("0", 64)}, SecretsFingerprint: "1445-A459-57A7-332C"})
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "manifest.json", text)
	dir := t.TempDir()
	put(t, dir, ManifestName, string(text))
	back, err := ReadManifest(dir)
	if d := cmp.Diff(m, back); d != "" || err != nil {
		t.Errorf("read back: %s, %v", d, err)
	}
	empty, err := (&Tree{}).Manifest(About{}).Encode()
	if err != nil || !strings.Contains(string(empty), `"files": []`) {
		t.Errorf("empty: %s, %v", empty, err)
	}
}

func TestReadManifest(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Join(dir, "none")} {
		if m, err := ReadManifest(d); m != nil || err != nil {
			t.Errorf("%s: %v, %v", d, m, err)
		}
	}
	sum := digest(nil)
	file := func(p string) string { return fmt.Sprintf(`{"path":%q,"sha256":%q,"size":0}`, p, sum) }
	for _, c := range []struct{ text, want string }{
		{"", "no JSON manifest"},
		{"{", "no JSON manifest"},
		{"[]", "no JSON manifest"},
		{`{"schema":1}{}`, "behind its end"},
		{`{"schema":2}`, "schema is 2"},
		{`{"schema":1,"files":[` + file("../x") + `]}`, `"../x"`},
		{`{"schema":1,"files":[` + file("/x") + `]}`, `"/x"`},
		{`{"schema":1,"stale":[` + file("a/../../x") + `]}`, `"a/../../x"`},
		{`{"schema":1,"files":[` + file("a") + "," + file("A") + `]}`, "listed twice"},
		{`{"schema":1,"files":[` + file("a") + `],"stale":[` + file("a") + `]}`, "listed twice"},
		{`{"schema":1,"files":[` + file("manifest.json") + `]}`, "own"},
		{`{"schema":1,"files":[` + file(".mbamplan-stage/x") + `]}`, "begins with a dot"},
		{`{"schema":1,"files":[` + file(".git/config") + `]}`, "begins with a dot"},
		{`{"schema":1,"files":[{"path":"a","sha256":"00"}]}`, "no usable digest"},
		{`{"schema":1,"files":[{"path":"a","order":1}]}`, "a step 1 that is not there"},
		{`{"schema":1,"steps":[{"order":2}]}`, "step 1 has the order 2"},
		{`{"schema":1,"steps":[{"order":1,"after":[2]}]}`, "needs a step 2 that is not there"},
		{`{"schema":1,"files":[{"path":"a","sha256":"` + sum + `","size":-1}]}`, "no usable digest"},
	} {
		put(t, dir, ManifestName, c.text)
		_, err := ReadManifest(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "restore it") || !strings.Contains(err.Error(), filepath.Join(dir, ManifestName)) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	if err := os.Remove(filepath.Join(dir, ManifestName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ManifestName), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadManifest(dir); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a folder: %v", err)
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(`{"schema":1,"files":[{"path":"a/b","sha256":"` + digest(nil) + `","size":0}]}`))
	f.Add([]byte(`{"schema":1,"stale":[{"path":"../b"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text, nil)
		if err != nil {
			return
		}
		for _, file := range slices.Concat(m.Files, m.Stale) {
			if !filepath.IsLocal(filepath.FromSlash(file.Path)) {
				t.Errorf("%q leads out of the folder", file.Path)
			}
		}
		out, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseManifest(out, nil); err != nil {
			t.Errorf("%s does not read back: %v", out, err)
		}
	})
}

func TestMemory(t *testing.T) {
	m := &Memory{Files: map[string][]byte{"old": nil}}
	tr := sampleTree(t)
	r, err := m.Write(t.Context(), tr, about)
	if err != nil || len(r.Created) != 3 || len(m.Files) != 4 {
		t.Errorf("%+v, %d files, %v", r, len(m.Files), err)
	}
	want, err := tr.Manifest(about).Encode()
	if err != nil || !bytes.Equal(m.Files[ManifestName], want) || string(m.Files["START-HERE.html"]) != "<p>a & b</p>\n" {
		t.Errorf("content differs, %v", err)
	}
}

func TestZip(t *testing.T) {
	tr := sampleTree(t)
	var refused bytes.Buffer
	r, err := Zip{W: &refused}.Write(t.Context(), tr, about)
	if err == nil || !strings.Contains(err.Error(), "web/NLB1/machine-key.secret.json") || refused.Len() > 0 || len(r.Refused) != 1 {
		t.Errorf("secrets without being asked for: %+v, %v, %d bytes", r, err, refused.Len())
	}
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if _, err := (Zip{W: b, IncludeSecrets: true}).Write(t.Context(), tr, about); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two archives of one tree differ")
	}
	z, err := zip.NewReader(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if len(f.Extra) > 0 || !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: extra %x, time %v", f.Name, f.Extra, f.Modified)
		}
		mode := fs.FileMode(0o644)
		if strings.Contains(f.Name, "secret") {
			mode = 0o600
		}
		if f.Mode() != mode || f.Method != zip.Deflate {
			t.Errorf("%s: mode %v, method %d", f.Name, f.Mode(), f.Method)
		}
	}
	if want := []string{"START-HERE.html", "web/NLB1/310-install.ps1", "web/NLB1/machine-key.secret.json", ManifestName}; !slices.Equal(names, want) {
		t.Errorf("names %v", names)
	}
	entry, err := z.Open("web/NLB1/310-install.ps1")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(entry); err != nil || string(data) != "'x'\r\n" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := (Zip{W: failing{}, IncludeSecrets: true}).Write(t.Context(), tr, about); !errors.Is(err, errCrash) {
		t.Errorf("a failing writer: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errCrash }

func TestDiffSink(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	mustWrite(t, dir, map[string]string{
		"crlf.ps1": "a\r\nb\r\nc\r\n", "eol": "a\r\nb\r\n", "edited": "1\n", "gone": "x\ny\n", "!secret": "k1", "bin": "\x00", "same": "s", "last": "a",
	})
	put(t, dir, "edited", "mine\n")
	put(t, dir, "new-but-there", "theirs\n")
	before := snapshot(t, dir)
	tr := tree(t, map[string]string{
		"crlf.ps1": "a\r\nB\r\nc\r\n", "eol": "a\nb\r\n", "edited": "2\n", "!secret": "k2", "bin": "\x00\x01", "same": "s", "last": "a\n", "new": "n\n", "!new-secret": "k3",
		"new-but-there": "ours\n",
	})
	var b bytes.Buffer
	r, err := Diff{Path: dir, W: &b, Options: Options{Prune: true}}.Write(t.Context(), tr, about)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "diff.txt", b.Bytes())
	want := Report{
		Created: []string{"new", "new-secret"}, Updated: []string{"bin", "crlf.ps1", "eol", "last", "secret"}, Unchanged: []string{"same"},
		Removed: []string{"gone"}, Refused: []string{"edited"}, Foreign: []string{"new-but-there"},
	}
	if d := cmp.Diff(want, r); d != "" {
		t.Error(d)
	}
	for _, secret := range []string{"k1", "k2", "k3", "theirs"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("the diff shows %q", secret)
		}
	}
	if d := cmp.Diff(before, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
	b.Reset()
	if r, err := (Diff{Path: filepath.Join(dir, "none"), W: &b}).Write(t.Context(), tree(t, map[string]string{"a": "x\n"}), about); err != nil || !r.Changed() {
		t.Errorf("%+v, %v", r, err)
	}
	if want := "--- /dev/null\n+++ b/a\n@@ -0,0 +1,1 @@\n+x\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if _, err := (Diff{Path: filepath.Join(dir, "none"), W: failing{}}).Write(t.Context(), tr, about); !errors.Is(err, errCrash) {
		t.Errorf("a failing writer: %v", err)
	}
}

func TestUnified(t *testing.T) {
	many := strings.Repeat("x\n", 20)
	for _, c := range []struct{ name, before, after, want string }{
		{"equal", "a\n", "a\n", ""},
		{"both empty", "", "", ""},
		{"one line", "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
		{"from nothing", "", "a\n", "@@ -0,0 +1,1 @@\n+a\n"},
		{"to nothing", "a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
		{"end of last line", "a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"far apart", "1\n" + many + "2\n", "one\n" + many + "two\n", "@@ -1,4 +1,4 @@\n-1\n+one\n x\n x\n x\n@@ -19,4 +19,4 @@\n x\n x\n x\n-2\n+two\n"},
		{"shortest", "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n"},
		{"line ends", "a\r\n", "a\n", "@@ -1,1 +1,1 @@\n-a␍\n+a\n"},
		{"all CRLF", "a\r\nb\r\n", "a\r\nc\r\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
	} {
		want := c.want
		if want != "" {
			want = "--- a/f\n+++ b/f\n" + want
		}
		if got := Unified("a/f", "b/f", []byte(c.before), []byte(c.after)); got != want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, want)
		}
	}
	// Texts that have nothing in common end the search early and are still right.
	var x, y strings.Builder
	for i := range maxEdits {
		fmt.Fprintf(&x, "x%d\n", i)
		fmt.Fprintf(&y, "y%d\n", i)
	}
	if got := patch(t, x.String(), Unified("a/f", "b/f", []byte(x.String()), []byte(y.String()))); got != y.String() {
		t.Error("a large diff does not apply")
	}
}

func FuzzUnified(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\nd")
	f.Add("", "x")
	f.Add("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n3\n4\n5\n6\n7\n8\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.ContainsAny(before+after, "\x00\r␍") {
			return
		}
		if got := patch(t, before, Unified("a/f", "b/f", []byte(before), []byte(after))); got != after {
			t.Errorf("the diff from %q to %q gives %q", before, after, got)
		}
	})
}

// patch applies a unified diff strictly: every line and every count must fit.
func patch(t *testing.T, text, diff string) string {
	t.Helper()
	if diff == "" {
		return text
	}
	src := strings.SplitAfter(text, "\n")
	if src[len(src)-1] == "" {
		src = src[:len(src)-1]
	}
	var out []string
	pos := 0
	rows := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")[2:]
	for i := 0; i < len(rows); {
		var oldStart, oldCount, newStart, newCount int
		if n, err := fmt.Sscanf(rows[i], "@@ -%d,%d +%d,%d @@", &oldStart, &oldCount, &newStart, &newCount); n != 4 || err != nil {
			t.Fatalf("no hunk: %q", rows[i])
		}
		i++
		if oldCount > 0 {
			oldStart--
		}
		if newCount > 0 {
			newStart--
		}
		out = append(out, src[pos:oldStart]...)
		pos = oldStart
		if len(out) != newStart {
			t.Fatalf("hunk at new line %d, expected %d", newStart, len(out))
		}
		for oldCount > 0 || newCount > 0 || i < len(rows) && strings.HasPrefix(rows[i], `\`) {
			op, line := rows[i][0], rows[i][1:]+"\n"
			if i+1 < len(rows) && strings.HasPrefix(rows[i+1], `\ `) {
				line = strings.TrimSuffix(line, "\n")
				i++
			}
			i++
			if op != '+' {
				if src[pos] != line {
					t.Fatalf("line %d is %q, the diff says %q", pos, src[pos], line)
				}
				pos++
				oldCount--
			}
			if op != '-' {
				out = append(out, line)
				newCount--
			}
			if oldCount < 0 || newCount < 0 {
				t.Fatalf("counts of the hunk: %s", strconv.Quote(diff))
			}
		}
	}
	return strings.Join(append(out, src[pos:]...), "")
}

// TestManifestFollowsEveryField renders the same files under changed circumstances: only the manifest is rewritten.
func TestManifestFollowsEveryField(t *testing.T) {
	dir := t.TempDir()
	versions := []About{
		{},
		{Tool: "v2"},
		{Tool: "v2", Topology: Topology{Name: "n"}},
		{Tool: "v2", Topology: Topology{Name: "n", SHA256: "00"}},
		{Tool: "v2", Topology: Topology{Name: "n", SHA256: "00"}, Redacted: true},
		{Tool: "v2", Topology: Topology{Name: "n", SHA256: "00"}, Redacted: true, SecretsFingerprint: "f"},
	}
	for _, meta := range []Meta{{}, {Step: "s"}, {Step: "s", Actor: "a"}, {Step: "s", Actor: "a", TemplateSHA256: "00"}, {Order: 1}, {Order: 1, Result: "r"}} {
		for _, a := range versions {
			tr := &Tree{Steps: []PlannedStep{{Order: 1, Title: meta.Result, Hosts: []string{a.Tool}, After: []int{1}}}}
			if err := tr.Add(File{Path: "f", Data: []byte("x"), Meta: meta}); err != nil {
				t.Fatal(err)
			}
			if _, err := (Dir{Path: dir}).Write(t.Context(), tr, a); err != nil {
				t.Fatal(err)
			}
			got, err := ReadManifest(dir)
			if d := cmp.Diff(tr.Manifest(a), got); d != "" || err != nil {
				t.Errorf("%+v: %s, %v", a, d, err)
			}
		}
	}
}
