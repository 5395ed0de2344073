package wine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// project is the folder of the module that holds the program.
const project = "../.."

// require makes or finds wine with a prefix in the user's cache, where it saves a later run some seconds.
func require(t *testing.T) *Wine {
	t.Helper()
	if testing.Short() {
		t.Skip("wine takes its time; run without -short")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	cache = filepath.Join(cache, "mbamplan-wine")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	w, err := New(ctx, cache)
	var missing *MissingError
	if errors.As(err, &missing) {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the Windows program is not tried: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// build compiles the program for goos. Wine 8 knows no FileDispositionInformationEx and answers with a status that Go
// does not take for "not known", so os.Root cannot remove anything there. The Windows build of this test therefore takes
// the way that Go itself keeps for file systems and versions of Windows without that call (TestDeleteatFallback in
// internal/syscall/windows); an overlay of the compiler sets it, no source of this project differs.
func build(t *testing.T, goos string) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-trimpath", "-ldflags", "-X github.com/mbamplan/mbamplan/pkg/cli.Version=9.9.9", "-o", filepath.Join(dir, "mbamplan.exe")}
	if goos == "windows" {
		args = append(args, "-overlay", overlay(t, dir))
	}
	cmd := exec.Command("go", append(args, "./cmd/mbamplan")...)
	cmd.Dir = project
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH=amd64")
	if goos != "windows" {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build for %s: %v: %s", goos, err, out)
	}
	return filepath.Join(dir, "mbamplan.exe")
}

func overlay(t *testing.T, dir string) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "internal", "syscall", "windows", "at_windows.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const declared, set = "\nvar TestDeleteatFallback bool\n", "\nvar TestDeleteatFallback = true\n"
	if bytes.Count(text, []byte(declared)) != 1 {
		t.Fatalf("%s has no longer the switch of the older way to delete", source)
	}
	// The cache of the compiler goes by content, the overlay's paths are no part of it.
	changed := filepath.Join(dir, "at_windows.go")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	write(t, changed, bytes.Replace(text, []byte(declared), []byte(set), 1))
	write(t, file, list)
	return file
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// files returns every file below dir by its path in slashes.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(p)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// same compares two trees byte for byte.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for p, data := range want {
		if other, ok := got[p]; !ok {
			t.Errorf("%s: %s is missing", what, p)
		} else if other != data {
			t.Errorf("%s: %s differs", what, p)
		}
	}
	for p := range got {
		if _, ok := want[p]; !ok {
			t.Errorf("%s: %s is too many", what, p)
		}
	}
	if len(want) < 20 {
		t.Errorf("%s: only %d files to compare", what, len(want))
	}
}

// TestWindowsProgram runs the Windows build: everything that people do with it, with the paths of Windows.
func TestWindowsProgram(t *testing.T) {
	w := require(t)
	exe := build(t, "windows")
	native := build(t, "")
	example := read(t, filepath.Join(project, "examples", "contoso-alwayson.yaml"))

	// A folder of this run's own on the drive, with a blank and an umlaut in its name.
	here, err := os.MkdirTemp(w.Drive(), "Müller's farm ")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(here); err != nil {
			t.Error(err)
		}
	})
	windows := func(parts ...string) string {
		return `C:\` + filepath.Base(here) + `\` + strings.Join(parts, `\`)
	}
	write(t, filepath.Join(here, "in put", "farm.yaml"), example)
	write(t, filepath.Join(here, "in put", "crlf.yaml"), bytes.ReplaceAll(example, []byte("\n"), []byte("\r\n")))
	write(t, filepath.Join(here, "in put", "broken.yaml"), bytes.Replace(example, []byte("reports: RPT1"), []byte("reports: RPT7"), 1))

	run := func(t *testing.T, code int, args ...string) Result {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		r, err := w.Run(ctx, here, exe, args...)
		if err != nil {
			t.Fatal(err)
		}
		if r.Code != code {
			t.Fatalf("%q ends with %d, not %d: %s", args, r.Code, code, r.Stderr)
		}
		return r
	}
	// The same command line, but for its paths, of the program of this system, with the same secrets.
	linux := func(t *testing.T, topology, out string) map[string]string {
		t.Helper()
		cmd := exec.Command(native, "render", filepath.Join(here, "in put", topology), "-o", out, "--secrets", filepath.Join(here, "in put", "farm.secrets.yaml"))
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("render here: %v: %s", err, text)
		}
		return files(t, out)
	}

	t.Run("version", func(t *testing.T) {
		if got := run(t, 0, "version").Stdout; !strings.HasPrefix(got, "mbamplan 9.9.9") || !strings.Contains(got, "windows/amd64") {
			t.Errorf("version prints %q", got)
		}
	})
	t.Run("check", func(t *testing.T) {
		got := run(t, 0, "check", windows("in put", "farm.yaml")).Stderr
		if !strings.Contains(got, windows("in put", "farm.yaml")+": no errors") {
			t.Errorf("check prints %q", got)
		}
	})
	t.Run("broken topology", func(t *testing.T) {
		got := run(t, 1, "render", windows("in put", "broken.yaml"), "-o", windows("broken out")).Stderr
		if !strings.Contains(got, "MBP0301") || !strings.Contains(got, `broken.yaml:`) {
			t.Errorf("render prints %q", got)
		}
		if _, err := os.Stat(filepath.Join(here, "broken out")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a refused render made its folder: %v", err)
		}
	})
	t.Run("secrets", func(t *testing.T) {
		run(t, 0, "secrets", "new", windows("in put", "farm.yaml"))
		// Two makers must not both win on a file system without hard links either.
		run(t, 3, "secrets", "new", windows("in put", "farm.yaml"))
		made := read(t, filepath.Join(here, "in put", "farm.secrets.yaml"))
		print := strings.TrimSpace(run(t, 0, "secrets", "fingerprint", windows("in put", "farm.yaml")).Stdout)
		out, err := exec.Command(native, "secrets", "fingerprint", filepath.Join(here, "in put", "farm.yaml")).Output()
		if err != nil || print == "" || strings.TrimSpace(string(out)) != print {
			t.Errorf("fingerprint %q there, %q here (%v) of %d bytes", print, out, err, len(made))
		}
	})
	t.Run("render", func(t *testing.T) {
		run(t, 0, "render", windows("in put", "farm.yaml"), "-o", windows("out put"))
		same(t, "render", files(t, filepath.Join(here, "out put")), linux(t, "farm.yaml", t.TempDir()))
	})
	t.Run("again", func(t *testing.T) {
		before := files(t, filepath.Join(here, "out put"))
		got := run(t, 0, "render", windows("in put", "farm.yaml"), "-o", windows("out put")).Stderr
		if !strings.Contains(got, ": 0 new, 0 changed, 0 removed") {
			t.Errorf("the second render prints %q", got)
		}
		same(t, "second render", files(t, filepath.Join(here, "out put")), before)
		if got := run(t, 0, "render", windows("in put", "farm.yaml"), "-o", windows("out put"), "--diff").Stdout; got != "" {
			t.Errorf("a difference without a change: %q", got)
		}
	})
	t.Run("changed topology", func(t *testing.T) {
		write(t, filepath.Join(here, "in put", "changed.yaml"), bytes.ReplaceAll(example, []byte("RPT1"), []byte("RPT9")))
		flags := []string{"render", windows("in put", "changed.yaml"), "--secrets", windows("in put", "farm.secrets.yaml"), "-o", windows("out put")}
		if got := run(t, 4, append(flags, "--diff")...).Stdout; !strings.Contains(got, "RPT9") {
			t.Errorf("--diff prints %q", got)
		}
		run(t, 0, flags...)
		same(t, "changed", files(t, filepath.Join(here, "out put")), linux(t, "changed.yaml", t.TempDir()))
	})
	t.Run("CRLF topology", func(t *testing.T) {
		// Only the digest of the topology in the manifest may differ from the file with line feeds, and the name of the file.
		run(t, 0, "render", windows("in put", "crlf.yaml"), "--secrets", windows("in put", "farm.secrets.yaml"), "-o", windows("crlf out"))
		got := files(t, filepath.Join(here, "crlf out"))
		same(t, "CRLF", got, linux(t, "crlf.yaml", t.TempDir()))
		plain := linux(t, "farm.yaml", t.TempDir())
		delete(got, "manifest.json")
		delete(plain, "manifest.json")
		got["START-HERE.html"] = strings.ReplaceAll(got["START-HERE.html"], "crlf.yaml", "farm.yaml")
		same(t, "CRLF against LF", got, plain)
	})
	t.Run("edited by hand", func(t *testing.T) {
		write(t, filepath.Join(here, "crlf out", "START-HERE.html"), []byte("mine"))
		got := run(t, 3, "render", windows("in put", "crlf.yaml"), "--secrets", windows("in put", "farm.secrets.yaml"), "-o", windows("crlf out")).Stderr
		if !strings.Contains(got, "START-HERE.html: edited by hand") {
			t.Errorf("render prints %q", got)
		}
	})
	t.Run("no such drive", func(t *testing.T) {
		if got := run(t, 3, "render", windows("in put", "farm.yaml"), "-o", `Q:\out`).Stderr; !strings.Contains(got, `Q:\`) {
			t.Errorf("render prints %q", got)
		}
	})
	t.Run("output is a file", func(t *testing.T) {
		if got := run(t, 3, "render", windows("in put", "farm.yaml"), "-o", windows("in put", "farm.yaml")).Stderr; !strings.Contains(got, "farm.yaml") {
			t.Errorf("render prints %q", got)
		}
		if got := read(t, filepath.Join(here, "in put", "farm.yaml")); !bytes.Equal(got, example) {
			t.Error("the topology was overwritten")
		}
	})
	t.Run("no such topology", func(t *testing.T) {
		run(t, 3, "check", windows("in put", "none.yaml"))
	})
	t.Run("slashes and dots", func(t *testing.T) {
		run(t, 0, "render", `.\in put\..\in put/farm.yaml`, "-o", `.\dots\..\dotted out\`)
		same(t, "dotted", files(t, filepath.Join(here, "dotted out")), linux(t, "farm.yaml", t.TempDir()))
	})
	t.Run("UNC path of no server", func(t *testing.T) {
		run(t, 3, "render", windows("in put", "farm.yaml"), "-o", `\\no-such-server\share\out`)
	})
	t.Run("read-only folder", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may write everywhere, under wine too")
		}
		if err := os.Mkdir(filepath.Join(here, "locked"), 0o555); err != nil {
			t.Fatal(err)
		}
		run(t, 3, "render", windows("in put", "farm.yaml"), "-o", windows("locked", "out"))
	})
	// What stays in the folder is what the runs above made, and nothing of a stage.
	for p := range files(t, here) {
		if strings.Contains(p, ".mbamplan-stage") || strings.HasSuffix(p, ".tmp") || strings.HasSuffix(p, ".lock") {
			t.Errorf("left behind: %s", p)
		}
	}
}
