package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree makes a tree of paths and texts; a path that starts with "!" is secret.
func tree(t testing.TB, files map[string]string) *Tree {
	t.Helper()
	tr := &Tree{}
	for _, p := range slices.Sorted(maps.Keys(files)) {
		name, secret := strings.CutPrefix(p, "!")
		if err := tr.Add(File{Path: name, Data: []byte(files[p]), Secret: secret, Meta: Meta{Step: "s"}}); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

var about = About{Tool: "v0", Topology: Topology{Name: "contoso", SHA256: "00"}}

// snapshot reads a folder: path → text; folders end in "/" and are listed when empty.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case e.IsDir():
			names, err := os.ReadDir(p)
			if len(names) == 0 {
				m[rel+"/"] = ""
			}
			return err
		case e.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			m[rel] = "→ " + target
			return err
		}
		data, err := os.ReadFile(p)
		m[rel] = string(data)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return m
}

// without returns m without some paths.
func without(m map[string]string, paths ...string) map[string]string {
	m = maps.Clone(m)
	for _, p := range paths {
		delete(m, p)
	}
	return m
}

func put(t testing.TB, dir, p, text string) {
	t.Helper()
	name := filepath.Join(dir, filepath.FromSlash(p))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, dir string, files map[string]string, o Options) (Report, error) {
	t.Helper()
	return Dir{Path: dir, Options: o}.Write(t.Context(), tree(t, files), about)
}

func mustWrite(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	if _, err := write(t, dir, files, Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestDir(t *testing.T) {
	base := map[string]string{"a": "1", "d/b": "2", "d/e/c": "3"}
	for _, c := range []struct {
		name   string
		before map[string]string // first render
		disk   map[string]string // then changed by hand; "-" removes
		after  map[string]string // second render
		opt    Options
		want   Report
		err    []string          // parts of the error
		out    map[string]string // of the second render; nil when nothing changes
	}{
		{
			name: "first", after: base,
			want: Report{Created: []string{"a", "d/b", "d/e/c"}},
			out:  base,
		},
		{
			name: "nothing changed", before: base, after: base,
			want: Report{Unchanged: []string{"a", "d/b", "d/e/c"}},
			out:  base,
		},
		{
			name: "one changed, one new, one deleted by hand", before: base, disk: map[string]string{"d/b": "-"},
			after: map[string]string{"a": "1x", "d/b": "2", "d/e/c": "3", "n/n": "n"},
			want:  Report{Created: []string{"d/b", "n/n"}, Updated: []string{"a"}, Unchanged: []string{"d/e/c"}},
			out:   map[string]string{"a": "1x", "d/b": "2", "d/e/c": "3", "n/n": "n"},
		},
		{
			name: "edited to what is planned", before: base, disk: map[string]string{"a": "1x"}, after: map[string]string{"a": "1x", "d/b": "2", "d/e/c": "3"},
			want: Report{Unchanged: []string{"a", "d/b", "d/e/c"}},
			out:  map[string]string{"a": "1x", "d/b": "2", "d/e/c": "3"},
		},
		{
			name: "edited and unchanged in the plan", before: base, disk: map[string]string{"a": "mine"}, after: base,
			want: Report{Refused: []string{"a"}, Unchanged: []string{"d/b", "d/e/c"}},
			err:  []string{"a: edited by hand", "nothing was written"},
		},
		{
			name: "edited and foreign, everything at once", before: base, disk: map[string]string{"a": "mine", "d/e/c": "mine too", "n": "foreign"},
			after: map[string]string{"a": "1", "d/b": "2x", "d/e/c": "3x", "n": "n"},
			want:  Report{Refused: []string{"a", "d/e/c"}, Updated: []string{"d/b"}, Foreign: []string{"n"}},
			err:   []string{"a: edited", "d/e/c: edited", "n: not written by mbamplan"},
		},
		{
			name: "forced", before: base, disk: map[string]string{"a": "mine", "n": "foreign"}, opt: Options{Force: true},
			after: map[string]string{"a": "1", "d/b": "2x", "d/e/c": "3", "n": "n"},
			want:  Report{Updated: []string{"a", "d/b", "n"}, Unchanged: []string{"d/e/c"}},
			out:   map[string]string{"a": "1", "d/b": "2x", "d/e/c": "3", "n": "n"},
		},
		{
			name: "foreign with the same text is adopted", disk: map[string]string{"a": "1"}, after: base,
			want: Report{Created: []string{"d/b", "d/e/c"}, Unchanged: []string{"a"}},
			out:  base,
		},
		{
			name: "foreign beside is not touched", before: base, disk: map[string]string{"d/mine": "x", "mine/y": "z"},
			after: map[string]string{"a": "2"}, opt: Options{Prune: true, Force: true},
			want: Report{Updated: []string{"a"}, Removed: []string{"d/b", "d/e/c"}},
			out:  map[string]string{"a": "2", "d/mine": "x", "mine/y": "z"},
		},
		{
			name: "not pruned", before: base, after: map[string]string{"a": "1"},
			want: Report{Unchanged: []string{"a"}, Stale: []string{"d/b", "d/e/c"}},
			out:  base,
		},
		{
			name: "pruned with empty folders", before: base, after: map[string]string{"a": "1"}, opt: Options{Prune: true},
			want: Report{Unchanged: []string{"a"}, Removed: []string{"d/b", "d/e/c"}},
			out:  map[string]string{"a": "1"},
		},
		{
			name: "edited is not pruned", before: base, disk: map[string]string{"d/b": "mine"}, after: map[string]string{"a": "1"}, opt: Options{Prune: true},
			want: Report{Unchanged: []string{"a"}, Removed: []string{"d/e/c"}, Kept: []string{"d/b"}},
			out:  map[string]string{"a": "1", "d/b": "mine"},
		},
		{
			name: "edited is pruned by force", before: base, disk: map[string]string{"d/b": "mine"}, after: map[string]string{"a": "1"}, opt: Options{Prune: true, Force: true},
			want: Report{Unchanged: []string{"a"}, Removed: []string{"d/b", "d/e/c"}},
			out:  map[string]string{"a": "1"},
		},
		{
			name: "gone already", before: base, disk: map[string]string{"d/b": "-"}, after: map[string]string{"a": "1"}, opt: Options{Prune: true},
			want: Report{Unchanged: []string{"a"}, Removed: []string{"d/e/c"}},
			out:  map[string]string{"a": "1"},
		},
		{
			name: "a file becomes a folder", before: base, after: map[string]string{"a/x": "1", "d/b": "2", "d/e/c": "3"},
			want: Report{Created: []string{"a/x"}, Removed: []string{"a"}, Unchanged: []string{"d/b", "d/e/c"}},
			out:  map[string]string{"a/x": "1", "d/b": "2", "d/e/c": "3"},
		},
		{
			name: "an edited file in the way of a folder", before: base, disk: map[string]string{"a": "mine"}, after: map[string]string{"a/x": "1"},
			want: Report{Refused: []string{"a"}, Foreign: []string{"a/x"}, Stale: []string{"d/b", "d/e/c"}},
			err:  []string{"a: edited", "a/x: not a plain file, or below"},
		},
		{
			name: "a folder in the way of a file", before: base, after: map[string]string{"a": "1", "d": "x"}, opt: Options{Force: true},
			want: Report{Foreign: []string{"d"}, Unchanged: []string{"a"}, Stale: []string{"d/b", "d/e/c"}},
			err:  []string{"d: not a plain file"},
		},
		{
			name: "another spelling", before: base, after: map[string]string{"a": "1", "D/B": "2", "d/e/c": "3"},
			want: Report{}, err: []string{"spelt"},
		},
		{
			name: "another spelling of everything", before: base, after: map[string]string{"A": "1", "D/B": "2y", "D/e/c": "3"},
			want: Report{Created: []string{"A", "D/B", "D/e/c"}, Removed: []string{"a", "d/b", "d/e/c"}},
			out:  map[string]string{"A": "1", "D/B": "2y", "D/e/c": "3"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			if c.before != nil {
				mustWrite(t, dir, c.before)
			}
			for p, text := range c.disk {
				if text == "-" {
					if err := os.Remove(filepath.Join(dir, filepath.FromSlash(p))); err != nil {
						t.Fatal(err)
					}
					continue
				}
				put(t, dir, p, text)
			}
			before := snapshot(t, dir)
			tr := &Tree{}
			var err error
			for _, p := range slices.Sorted(maps.Keys(c.after)) {
				err = errors.Join(err, tr.Add(File{Path: p, Data: []byte(c.after[p]), Meta: Meta{Step: "s"}}))
			}
			var got Report
			if err == nil {
				dry, dryErr := DryRun{dir, c.opt}.Write(t.Context(), tr, about)
				if d := cmp.Diff(before, snapshot(t, dir)); d != "" {
					t.Errorf("the dry run changed something: %s", d)
				}
				got, err = Dir{Path: dir, Options: c.opt}.Write(t.Context(), tr, about)
				if d := cmp.Diff(dry, got); d != "" || fmt.Sprint(dryErr) != fmt.Sprint(err) {
					t.Errorf("dry run and write differ: %s, %v, %v", d, dryErr, err)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("report (-want +got): %s", d)
			}
			after := snapshot(t, dir)
			if c.err != nil {
				for _, part := range c.err {
					if err == nil || !strings.Contains(err.Error(), part) {
						t.Errorf("error %v, want %q", err, part)
					}
				}
				if d := cmp.Diff(before, after); d != "" {
					t.Errorf("a refused write changed something: %s", d)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want, output := c.out, without(after, ManifestName)
			if ignoresCase(t, dir) {
				// There, folders keep their first spelling.
				want, output = foldKeys(want), foldKeys(output)
			}
			if d := cmp.Diff(want, output); d != "" {
				t.Errorf("output (-want +got): %s", d)
			}
			if got.Changed() != (len(c.want.Created)+len(c.want.Updated)+len(c.want.Removed) > 0) {
				t.Errorf("Changed() = %v", got.Changed())
			}
			again, err := Dir{Path: dir, Options: c.opt}.Write(t.Context(), tr, about)
			if err != nil || again.Changed() {
				t.Errorf("a second write: %+v, %v", again, err)
			}
			if d := cmp.Diff(after, snapshot(t, dir)); d != "" {
				t.Errorf("a second write changed something: %s", d)
			}
		})
	}
}

// ignoresCase tells whether the file system of dir finds a name in another spelling.
func ignoresCase(t *testing.T, dir string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, strings.ToUpper(ManifestName)))
	return err == nil
}

func foldKeys(m map[string]string) map[string]string {
	folded := map[string]string{}
	for p, text := range m {
		folded[fold(p)] = text
	}
	return folded
}

func TestStaleFilesCanBePrunedLater(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, map[string]string{"a": "1", "b": "2", "c": "3"})
	mustWrite(t, dir, map[string]string{"a": "1"})
	mustWrite(t, dir, map[string]string{"a": "1x"})
	m, err := ReadManifest(dir)
	if err != nil || len(m.Files) != 1 || len(m.Stale) != 2 || m.Stale[0].Path != "b" || m.Stale[0].SHA256 != digest([]byte("2")) {
		t.Fatalf("manifest %+v, %v", m, err)
	}
	put(t, dir, "c", "mine")
	r, err := write(t, dir, map[string]string{"a": "1x"}, Options{Prune: true})
	if d := cmp.Diff(Report{Unchanged: []string{"a"}, Removed: []string{"b"}, Kept: []string{"c"}}, r); d != "" || err != nil {
		t.Errorf("%s, %v", d, err)
	}
	if m, err := ReadManifest(dir); err != nil || len(m.Stale) != 0 {
		t.Errorf("manifest %+v, %v", m, err)
	}
}

func TestUnchangedFilesAreNotRewritten(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"a": "1", "d/b": "2", "!s": "3"}
	mustWrite(t, dir, files)
	infos := map[string]fs.FileInfo{}
	for _, p := range []string{"a", "d/b", "s", ManifestName} {
		info, err := os.Stat(filepath.Join(dir, p))
		if err != nil {
			t.Fatal(err)
		}
		infos[p] = info
	}
	writes := 0
	s := Dir{Path: dir, hook: func(op, p string) error {
		if op != "mkdir" && op != "remove" && op != "removeall" {
			writes++
		}
		return nil
	}}
	if _, err := s.Write(t.Context(), tree(t, files), about); err != nil || writes > 0 {
		t.Errorf("%d writes, %v", writes, err)
	}
	files["a"] = "1x"
	if _, err := s.Write(t.Context(), tree(t, files), about); err != nil {
		t.Fatal(err)
	}
	for p, was := range infos {
		now, err := os.Stat(filepath.Join(dir, p))
		if err != nil {
			t.Fatal(err)
		}
		if rewritten := p == "a" || p == ManifestName; os.SameFile(was, now) == rewritten {
			t.Errorf("%s: same file %v", p, !rewritten)
		}
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "d")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	put(t, outside, "f", "theirs")
	if err := os.Symlink(filepath.Join(outside, "f"), filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	for _, o := range []Options{{}, {Force: true, Prune: true}} {
		r, err := write(t, dir, map[string]string{"d/x": "1", "f": "2"}, o)
		var refused *RefusedError
		if !errors.As(err, &refused) || !slices.Equal(refused.Blocked, []string{"d/x", "f"}) || !slices.Equal(r.Foreign, []string{"d/x", "f"}) {
			t.Errorf("%+v: %+v, %v", o, r, err)
		}
	}
	if d := cmp.Diff(before, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"f": "theirs"}, snapshot(t, outside)); d != "" {
		t.Error(d)
	}
	// A folder of an earlier render that was replaced by a link: nothing is pruned through it.
	dir = t.TempDir()
	mustWrite(t, dir, map[string]string{"d/f": "theirs", "x": "1"})
	if err := os.RemoveAll(filepath.Join(dir, "d")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "d")); err != nil {
		t.Fatal(err)
	}
	if r, err := write(t, dir, map[string]string{"x": "1"}, Options{Prune: true}); err != nil || len(r.Removed) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if d := cmp.Diff(map[string]string{"f": "theirs"}, snapshot(t, outside)); d != "" {
		t.Error(d)
	}
	// A stage that is a link is not used.
	dir = t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, stageName)); err != nil {
		t.Fatal(err)
	}
	if _, err := write(t, dir, map[string]string{"x": "1"}, Options{}); err == nil {
		t.Error("a stage that is a link was used")
	}
	if d := cmp.Diff(map[string]string{"f": "theirs"}, snapshot(t, outside)); d != "" {
		t.Error(d)
	}
}

func TestCancel(t *testing.T) {
	files := map[string]string{"a": "2", "b/b": "2", "!c": "2"}
	for _, stop := range []string{"", "write", "rename " + journalTemp + " → " + journalName, "rename a → " + oldName(0)} {
		dir := filepath.Join(t.TempDir(), "out")
		mustWrite(t, dir, map[string]string{"a": "1", "b/b": "1"})
		before := snapshot(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		if stop == "" {
			cancel()
		}
		s := Dir{Path: dir, hook: func(op, p string) error {
			if stop == op || stop == op+" "+p {
				cancel()
			}
			return nil
		}}
		_, err := s.Write(ctx, tree(t, files), about)
		cancel()
		after := snapshot(t, dir)
		if strings.HasPrefix(stop, "rename") {
			// The journal is the point of no return.
			if err != nil || after["a"] != "2" || after["c"] != "2" {
				t.Errorf("%s: %v, %v", stop, err, after)
			}
			continue
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", stop, err)
		}
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("%s: %s", stop, d)
		}
	}
	for _, s := range []Sink{&Memory{}, Zip{W: &bytes.Buffer{}, IncludeSecrets: true}, DryRun{Path: t.TempDir()}, Diff{Path: t.TempDir(), W: &bytes.Buffer{}}} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Write(ctx, tree(t, files), about); !errors.Is(err, context.Canceled) {
			t.Errorf("%T: %v", s, err)
		}
	}
}

// scenario is a second render that creates, replaces, removes, makes and empties folders, and turns a file into a folder.
func scenario(t testing.TB) (dir string, second *Tree, old, after map[string]string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	mustWrite(t, dir, map[string]string{"a": "1", "d/b": "1", "d/gone/c": "1", "same": "1", "turn": "1", "!secret": "1"})
	put(t, dir, "d/mine", "mine")
	old = snapshot(t, dir)
	second = tree(t, map[string]string{"a": "2", "d/b": "2", "n/e/w": "2", "same": "1", "turn/x": "2", "!secret": "2"})
	other := filepath.Join(t.TempDir(), "other")
	if _, err := (Dir{Path: other}).Write(t.Context(), second, about); err != nil {
		t.Fatal(err)
	}
	after = snapshot(t, other)
	after["d/mine"] = "mine"
	return dir, second, old, after
}

var errCrash = errors.New("crash")

// crashAt returns a hook that lets n operations pass and fails all others, as if the process were gone, and a function
// that tells whether it failed one.
func crashAt(n int) (hook func(op, p string) error, crashed func() bool) {
	var mu sync.Mutex
	dead := false
	return func(op, p string) error {
			mu.Lock()
			defer mu.Unlock()
			if n == 0 {
				dead = true
				return errCrash
			}
			n--
			return nil
		}, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return dead
		}
}

// TestCrashAnywhere ends the write before each of its operations, and then ends the recovery before each of its own. What
// remains must be restored to the old output, or be the whole new one.
func TestCrashAnywhere(t *testing.T) {
	outcomes := map[string]int{}
	for n := 0; ; n++ {
		dir, second, old, after := scenario(t)
		hook, crashed := crashAt(n)
		_, err := Dir{Path: dir, Options: Options{Prune: true}, hook: hook}.Write(t.Context(), second, about)
		if !crashed() {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		for m := 0; ; m++ {
			hook, crashed := crashAt(m)
			if err := recoverOnly(t, dir, hook); !crashed() {
				if err != nil {
					t.Fatalf("crash at %d, recovery at %d: %v", n, m, err)
				}
				break
			}
		}
		got := snapshot(t, dir)
		switch {
		case cmp.Equal(got, old):
			outcomes["old"]++
		case cmp.Equal(got, after):
			outcomes["new"]++
		default:
			// Folders that pruning empties go after the new output is in place.
			if cmp.Equal(without(got, "d/gone/"), after) {
				outcomes["new"]++
				break
			}
			t.Fatalf("crash at %d: neither old nor new: %s", n, cmp.Diff(old, got))
		}
		if _, err := (Dir{Path: dir, Options: Options{Prune: true}}).Write(t.Context(), second, about); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(after, without(snapshot(t, dir), "d/gone/")); d != "" {
			t.Fatalf("crash at %d, then a whole run: %s", n, d)
		}
	}
	if outcomes["old"] < 20 || outcomes["new"] < 2 {
		t.Errorf("outcomes %v: the crashes did not reach every phase", outcomes)
	}
}

// recoverOnly does what a run does before it compares.
func recoverOnly(t *testing.T, dir string, hook func(op, p string) error) error {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	d := &disk{root: root, hook: hook}
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	defer unlock()
	_, err = d.recover(nil)
	return err
}

// TestFailureAnywhere fails one operation with a full disk and lets all others pass.
func TestFailureAnywhere(t *testing.T) {
	outcomes := map[string]int{}
	for n := 0; ; n++ {
		dir, second, old, after := scenario(t)
		var mu sync.Mutex
		count, failed := 0, ""
		hook := func(op, p string) error {
			mu.Lock()
			defer mu.Unlock()
			count++
			if count-1 == n {
				failed = op + " " + p
				return &fs.PathError{Op: op, Path: p, Err: syscall.ENOSPC}
			}
			return nil
		}
		_, err := Dir{Path: dir, Options: Options{Prune: true}, hook: hook}.Write(t.Context(), second, about)
		if failed == "" {
			break
		}
		got := snapshot(t, dir)
		output, stage := map[string]string{}, map[string]string{}
		for p, text := range got {
			if strings.HasPrefix(p, stageName) {
				stage[p] = text
			} else if p != "d/gone/" {
				// Folders that pruning empties may stay.
				output[p] = text
			}
		}
		isOld, isNew := cmp.Equal(output, old), cmp.Equal(output, after)
		clearing := strings.HasPrefix(failed, "removeall") || failed == "remove "+journalTemp
		switch {
		case err == nil && isNew && stage[lockName] == "" && len(stage) <= 1:
			outcomes["harmless"]++
		case errors.Is(err, syscall.ENOSPC) && strings.Contains(err.Error(), dir) && isOld && len(stage) == 0:
			outcomes["taken back"]++
		case errors.Is(err, syscall.ENOSPC) && clearing && (isOld || isNew):
			outcomes["stage remains"]++
		default:
			t.Errorf("failure %d (%s): %v, old %v, new %v, stage %v: %s", n, failed, err, isOld, isNew, stage, cmp.Diff(old, output))
		}
	}
	if outcomes["taken back"] < 20 || outcomes["harmless"] < 1 {
		t.Errorf("outcomes %v: the failures did not reach every phase", outcomes)
	}
}

// TestFullDisk writes to a disk that is full from some point on, which leaves removing and moving.
func TestFullDisk(t *testing.T) {
	dir, second, old, _ := scenario(t)
	hook := func(op, p string) error {
		if op == "write" && strings.HasSuffix(p, "/3") {
			return syscall.ENOSPC
		}
		return nil
	}
	_, err := Dir{Path: dir, Options: Options{Prune: true}, hook: hook}.Write(t.Context(), second, about)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "stage "+filepath.Join(dir, "d", "b")) {
		t.Errorf("%v", err)
	}
	if d := cmp.Diff(old, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	if _, err := (Dir{Path: fresh, hook: hook}).Write(t.Context(), second, about); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(fresh); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed first write left its folder: %v", err)
	}
}

func TestRecoveryKeepsWhatCameBetween(t *testing.T) {
	dir, second, old, _ := scenario(t)
	hook := func(op, p string) error {
		if op == "rename" && strings.HasSuffix(p, "→ secret") {
			return errCrash
		}
		return nil
	}
	// The process dies between the moves: neither the write nor the way back goes on.
	dead := false
	_, err := Dir{Path: dir, Options: Options{Prune: true}, hook: func(op, p string) error {
		if dead = dead || hook(op, p) != nil; dead {
			return errCrash
		}
		return nil
	}}.Write(t.Context(), second, about)
	if !errors.Is(err, errCrash) || !strings.Contains(err.Error(), "between two renders") {
		t.Fatal(err)
	}
	if _, err := (DryRun{Path: dir}).Write(t.Context(), second, about); !errors.Is(err, ErrInterrupted) {
		t.Errorf("a dry run over an interrupted run: %v", err)
	}
	if _, err := (Diff{Path: dir, W: &bytes.Buffer{}}).Write(t.Context(), second, about); !errors.Is(err, ErrInterrupted) {
		t.Errorf("a diff over an interrupted run: %v", err)
	}
	put(t, dir, "a", "mine")
	put(t, dir, "n/e/w", "mine too")
	for _, p := range []string{"n/e/w", "a"} {
		_, err := write(t, dir, map[string]string{"a": "1"}, Options{})
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, filepath.FromSlash(p))+" was changed since") {
			t.Fatalf("%s: %v", p, err)
		}
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(p))); err != nil {
			t.Fatal(err)
		}
	}
	if err := recoverOnly(t, dir, nil); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(old, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestDamagedJournal(t *testing.T) {
	for _, text := range []string{"{", `{"schema":2}`, `{"schema":1,"ops":[{"path":"../x","new":true}]}`, `{"schema":1,"folders":["/x"]}`} {
		dir := t.TempDir()
		put(t, dir, journalName, text)
		if err := os.Chmod(filepath.Join(dir, stageName), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, dir, oldName(0), "kept")
		_, err := write(t, dir, map[string]string{"a": "1"}, Options{Force: true})
		if err == nil || !strings.Contains(err.Error(), "cannot be used") {
			t.Errorf("%s: %v", text, err)
		}
		if got := snapshot(t, dir); got[oldName(0)] != "kept" || got["a"] != "" {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestBusy(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, dir, map[string]string{"a": "1"})
	var inner error
	s := Dir{Path: dir, hook: func(op, p string) error {
		if op == "rename" && inner == nil {
			_, inner = write(t, dir, map[string]string{"a": "3"}, Options{})
		}
		return nil
	}}
	if _, err := s.Write(t.Context(), tree(t, map[string]string{"a": "2"}), about); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(inner, ErrBusy) || !strings.Contains(inner.Error(), dir) {
		t.Errorf("a second run: %v", inner)
	}
	if d := cmp.Diff(map[string]string{"a": "2"}, without(snapshot(t, dir), ManifestName)); d != "" {
		t.Error(d)
	}
	// Many at once: each ends well or is told that another is at it, and the output is that of one.
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = Dir{Path: dir}.Write(t.Context(), tree(t, map[string]string{"a": fmt.Sprint(i), "b": fmt.Sprint(i)}), about)
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrBusy) {
			t.Error(err)
		}
	}
	got := without(snapshot(t, dir), ManifestName)
	if won == 0 || len(got) != 2 || got["a"] != got["b"] {
		t.Errorf("%d won, %v", won, got)
	}
}

// TestRestoredIsTold crashes a write between its moves; the next one tells what it put back before its own work.
func TestRestoredIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	mustWrite(t, dir, map[string]string{"a": "1", "b": "1", "c": "1"})
	dead := false
	hook := func(op, p string) error {
		dead = dead || op == "rename" && strings.HasPrefix(p, "c → ")
		if dead {
			return errCrash
		}
		return nil
	}
	second := map[string]string{"a": "2", "b": "1", "c": "2", "n": "2"}
	if _, err := (Dir{Path: dir, hook: hook}).Write(t.Context(), tree(t, second), about); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	put(t, dir, "b", "mine")
	r, err := write(t, dir, second, Options{})
	var refused *RefusedError
	if !errors.As(err, &refused) || !slices.Equal(r.Restored, []string{"a"}) {
		t.Errorf("restored %v, %v", r.Restored, err)
	}
	if r, err = write(t, dir, second, Options{Force: true}); err != nil || len(r.Restored) != 0 {
		t.Errorf("nothing was left to restore: %v, %v", r.Restored, err)
	}
}

// TestOwn refuses manifests and journals that lead to files that no render writes.
func TestOwn(t *testing.T) {
	own := Options{Prune: true, Own: func(p string) bool { return strings.HasPrefix(p, "web/") }}
	dir := filepath.Join(t.TempDir(), "out")
	if _, err := write(t, dir, map[string]string{"web/a": "1", "web/b": "1"}, own); err != nil {
		t.Fatal(err)
	}
	if r, err := write(t, dir, map[string]string{"web/a": "1"}, own); err != nil || !slices.Equal(r.Removed, []string{"web/b"}) {
		t.Fatalf("%v, %v", r.Removed, err)
	}
	put(t, dir, "src/theirs", "1")
	manifest, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, ManifestName, strings.ReplaceAll(string(manifest), "web/a", "src/theirs"))
	for _, s := range []Sink{Dir{Path: dir, Options: own}, DryRun{Path: dir, Options: own}, Diff{Path: dir, Options: own, W: &bytes.Buffer{}}} {
		if _, err := s.Write(t.Context(), tree(t, map[string]string{"web/a": "1"}), about); err == nil || !strings.Contains(err.Error(), `"src/theirs" lies where no render writes`) {
			t.Errorf("%T: %v", s, err)
		}
	}
	if got := snapshot(t, dir)["src/theirs"]; got != "1" {
		t.Errorf("the file of another: %q", got)
	}
	put(t, dir, ManifestName, string(manifest))
	plant(t, dir, 0o700)
	if _, err := write(t, dir, map[string]string{"web/a": "1"}, own); err == nil || !strings.Contains(err.Error(), `"src/theirs" lies where no render writes`) {
		t.Errorf("a journal that leads elsewhere: %v", err)
	}
}

// plant leaves a journal that would remove src/theirs.
func plant(t *testing.T, dir string, mode fs.FileMode) {
	t.Helper()
	j := fmt.Sprintf(`{"schema":1,"ops":[{"path":"src/theirs","new":true,"sha256":%q}]}`, digest([]byte("1")))
	put(t, dir, journalName, j)
	if err := os.Chmod(filepath.Join(dir, stageName), mode); err != nil {
		t.Fatal(err)
	}
}

func TestPlantedStageIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode of a folder")
	}
	for _, mode := range []fs.FileMode{0o755, 0o770, 0o777, 0o701} {
		dir := t.TempDir()
		put(t, dir, "src/theirs", "1")
		plant(t, dir, mode)
		_, err := write(t, dir, map[string]string{"a": "1"}, Options{})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has mode %04o instead of 0700", mode)) {
			t.Errorf("a stage of mode %o: %v", mode, err)
		}
		if got := snapshot(t, dir); got["src/theirs"] != "1" || got["a"] != "" {
			t.Errorf("a stage of mode %o was obeyed: %v", mode, got)
		}
	}
	dir := t.TempDir()
	put(t, dir, "src/theirs", "1")
	plant(t, dir, 0o700)
	if err := os.Lchown(filepath.Join(dir, stageName), 12345, -1); err != nil {
		t.Skipf("folders cannot be given away here: %v", err)
	}
	if _, err := write(t, dir, map[string]string{"a": "1"}, Options{}); err == nil || !strings.Contains(err.Error(), "belongs to user 12345") {
		t.Errorf("the stage of another: %v", err)
	}
	if got := snapshot(t, dir); got["src/theirs"] != "1" {
		t.Errorf("the stage of another was obeyed: %v", got)
	}
}

func TestLockFile(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	d := &disk{root: root}
	if _, err := d.mkdir(stageName, 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := d.lockSole()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.lockSole(); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "remove "+filepath.Join(dir, soleName)) {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	if got := snapshot(t, dir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestDirErrors(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", "x")
	if _, err := write(t, filepath.Join(dir, "file"), nil, Options{}); err == nil || !strings.Contains(err.Error(), "make the output folder") {
		t.Errorf("a file as output folder: %v", err)
	}
	put(t, dir, ManifestName, "{}")
	before := snapshot(t, dir)
	for _, s := range []Sink{Dir{Path: dir, Options: Options{Force: true}}, DryRun{Path: dir}, Diff{Path: dir, W: &bytes.Buffer{}}} {
		if _, err := s.Write(t.Context(), tree(t, map[string]string{"a": "1"}), about); err == nil || !strings.Contains(err.Error(), "schema is 0") {
			t.Errorf("%T with a foreign manifest: %v", s, err)
		}
	}
	if d := cmp.Diff(before, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
}

func BenchmarkDir(b *testing.B) {
	tr := &Tree{}
	text := strings.Repeat("Write-Output 'a line of a script'\r\n", 80)
	for i := range 1200 {
		if err := tr.Add(File{Path: fmt.Sprintf("web/n%d/%d.ps1", i/12, i), Data: []byte(text + fmt.Sprint(i))}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("first", func(b *testing.B) {
		base := b.TempDir()
		for i := 0; b.Loop(); i++ {
			if _, err := (Dir{Path: filepath.Join(base, fmt.Sprint(i))}).Write(b.Context(), tr, about); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		dir := b.TempDir()
		for b.Loop() {
			if _, err := (Dir{Path: dir}).Write(b.Context(), tr, about); err != nil {
				b.Fatal(err)
			}
		}
	})
}
