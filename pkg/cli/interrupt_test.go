//go:build unix

package cli_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// workshop is a folder with a topology of many nodes, a changed one, an overlay whose step carries every key, and an
// output that was rendered from the first.
type workshop struct {
	dir, temp, out string
	before, after  map[string]string // what a render of either topology writes
}

const keyedStep = `title: Carry the keys of the farm
number: 899
scope: node
actor: web administrator
evidence: inferred
inferred: [{fact: none, verified: none}]
sources: [general-practice]
secret: [install.ps1]
changes: nothing
`

const keyedScript = "    Write-Unchanged {{ps .Key.ValidationKey}}\n    Write-Unchanged {{ps .Key.DecryptionKey}}\n    Write-Unchanged {{ps .CompareKey}}\n"

// big gives the example many web nodes, so that a render lasts long enough to be interrupted.
func big(t *testing.T, nodes int) string {
	t.Helper()
	data, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var hosts, names strings.Builder
	for i := range nodes {
		fmt.Fprintf(&hosts, "  NODE%d: {address: 10.3.%d.%d/16}\n", i, i/200, i%200+1)
		fmt.Fprintf(&names, ", NODE%d", i)
	}
	text := string(data)
	for _, e := range [][2]string{
		{"  WEB2: {site: HQ, address: 10.1.0.32/24}\n", "  WEB2: {site: HQ, address: 10.1.0.32/24}\n" + hosts.String()},
		{"nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2" + names.String() + "]"},
		{"kind: nlb", "kind: haproxy"},
	} {
		if !strings.Contains(text, e[0]) {
			t.Fatalf("the example has no %q", e[0])
		}
		text = strings.Replace(text, e[0], e[1], 1)
	}
	return text
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func newWorkshop(t *testing.T, nodes int) *workshop {
	t.Helper()
	w := &workshop{dir: t.TempDir(), temp: t.TempDir()}
	w.out = filepath.Join(w.dir, "out")
	text := big(t, nodes)
	put(t, filepath.Join(w.dir, "old.yaml"), text)
	// Another domain changes nearly every file, another report server adds and removes some.
	put(t, filepath.Join(w.dir, "new.yaml"), strings.NewReplacer("contoso.com", "contoso.net", "DC=contoso,DC=com", "DC=contoso,DC=net", "RPT1", "RPT9").Replace(text))
	put(t, filepath.Join(w.dir, "keyed/web/zz-keyed/step.yaml"), keyedStep)
	put(t, filepath.Join(w.dir, "keyed/web/zz-keyed/install.ps1.tmpl"), keyedScript)
	w.render(t, "new.yaml")
	w.after = snapshot(t, w.out)
	if err := os.RemoveAll(w.out); err != nil {
		t.Fatal(err)
	}
	w.render(t, "old.yaml")
	w.before = snapshot(t, w.out)
	return w
}

func (w *workshop) command(topology, out string) *exec.Cmd {
	cmd := exec.Command("mbamplan", "render", topology, "-o", out, "--secrets", "farm.secrets.yaml", "--templates", "keyed")
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "TMPDIR="+w.temp, "NO_COLOR=1")
	return cmd
}

func (w *workshop) render(t *testing.T, topology string) {
	t.Helper()
	if out, err := w.command(topology, "out").CombinedOutput(); err != nil {
		t.Fatalf("render %s: %v: %s", topology, err, out)
	}
}

// snapshot returns every file below dir with its mode and bytes, and every folder.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if d.IsDir() {
			out[rel] = "folder"
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(p)
		out[rel] = fmt.Sprintf("%o %s", info.Mode().Perm(), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// difference names one path in which two snapshots differ, "" when they are the same.
func difference(a, b map[string]string) string {
	for p, text := range a {
		if b[p] != text {
			return p
		}
	}
	for p := range b {
		if _, ok := a[p]; !ok {
			return p
		}
	}
	return ""
}

// secretsOutside returns the files below dir that carry a key and are neither the secrets file nor accepted by ok.
func (w *workshop) secretsOutside(t *testing.T, dir string, ok func(path string, info fs.FileInfo) bool) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "farm.secrets.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var keys [][]byte
	for _, word := range strings.Fields(string(text)) {
		if raw, err := hex.DecodeString(word); err == nil && len(raw) >= 32 {
			keys = append(keys, []byte(word), raw)
		}
	}
	if len(keys) != 6 {
		t.Fatalf("the secrets file has %d keys", len(keys)/2)
	}
	var out []string
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(p) == "farm.secrets.yaml" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(p)
		for _, key := range keys {
			if bytes.Contains(data, key) && !ok(p, info) {
				out = append(out, p)
				break
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// private accepts what only its owner may read.
func private(_ string, info fs.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }

// moment is a point of a render, recognised from outside.
type moment struct {
	name string
	wait func(w *workshop, running func() bool)
}

func until(there func(w *workshop) bool) func(*workshop, func() bool) {
	return func(w *workshop, running func() bool) {
		for running() && !there(w) {
			time.Sleep(200 * time.Microsecond)
		}
	}
}

func (w *workshop) exists(rel string) bool {
	_, err := os.Lstat(filepath.Join(w.out, filepath.FromSlash(rel)))
	return err == nil
}

// files counts the files of a folder of the output.
func (w *workshop) files(rel string) int {
	list, err := os.ReadDir(filepath.Join(w.out, filepath.FromSlash(rel)))
	if err != nil {
		return 0
	}
	return len(list)
}

func staged(n int) func(*workshop) bool {
	return func(w *workshop) bool { return w.files(".mbamplan-stage/new") >= n }
}

func replaced(n int) func(*workshop) bool {
	return func(w *workshop) bool { return w.files(".mbamplan-stage/old") >= n }
}

var moments = []moment{
	{"while it compiles", func(*workshop, func() bool) { time.Sleep(150 * time.Millisecond) }},
	{"at the first staged file", until(staged(1))},
	{"in the middle of staging", until(staged(100))},
	{"at the journal", until(func(w *workshop) bool { return w.exists(".mbamplan-stage/journal.json") })},
	{"when the first files are moved", until(replaced(1))},
	{"when many files are moved", until(replaced(100))},
}

// hit starts a render of the changed topology and sends it a signal at the moment. It returns how the process ended.
func (w *workshop) hit(t *testing.T, m moment, signal os.Signal) (*os.ProcessState, string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := w.command("new.yaml", "out")
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	m.wait(w, func() bool {
		select {
		case <-done:
			return false
		default:
			return true
		}
	})
	cmd.Process.Signal(signal)
	select {
	case <-done:
	case <-time.After(time.Minute):
		cmd.Process.Kill()
		<-done
		t.Fatal("the render does not end")
	}
	return cmd.ProcessState, stderr.String()
}

// clean fails when something of a stage, a temporary file or a key is left.
func (w *workshop) clean(t *testing.T) {
	t.Helper()
	if w.exists(".mbamplan-stage") {
		t.Error("the stage is left behind")
	}
	for _, dir := range []string{w.dir, w.temp} {
		if list := w.secretsOutside(t, dir, private); len(list) > 0 {
			t.Errorf("keys in %q", list)
		}
	}
	for _, dir := range []string{w.temp, w.dir} {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if dir == w.temp || strings.HasSuffix(e.Name(), ".tmp") || strings.HasSuffix(e.Name(), ".lock") {
				t.Errorf("left behind: %s", filepath.Join(dir, e.Name()))
			}
		}
	}
}

// TestInterrupt sends Ctrl-C at every stage of a render. Either the previous output is whole and the exit code 3, or, from
// the journal on, the new output is whole and the exit code 0. Nothing else is left.
func TestInterrupt(t *testing.T) {
	w := newWorkshop(t, 8)
	interrupted := 0
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			state, stderr := w.hit(t, m, os.Interrupt)
			now := snapshot(t, w.out)
			switch state.ExitCode() {
			case 3:
				interrupted++
				if !strings.Contains(stderr, "interrupted; the previous output is as it was") {
					t.Errorf("the message is %q", stderr)
				}
				if p := difference(w.before, now); p != "" {
					t.Errorf("the previous output is not whole: %s", p)
				}
			case 0:
				if p := difference(w.after, now); p != "" {
					t.Errorf("the new output is not whole: %s", p)
				}
				w.render(t, "old.yaml")
			default:
				t.Errorf("%v: %s", state, stderr)
			}
			w.clean(t)
		})
	}
	if interrupted == 0 {
		t.Error("no run was interrupted; the test proves nothing")
	}
}

// TestKill ends a render without a chance to clean up. What carries a key is private at that moment, and the next render
// puts everything right.
func TestKill(t *testing.T) {
	w := newWorkshop(t, 8)
	writing := 0
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			w.hit(t, m, syscall.SIGKILL)
			if w.exists(".mbamplan-stage") {
				writing++
				info, err := os.Lstat(filepath.Join(w.out, ".mbamplan-stage"))
				if err != nil || info.Mode().Perm() != 0o700 {
					t.Errorf("the stage is open to others: %v %v", info.Mode(), err)
				}
			}
			for _, dir := range []string{w.dir, w.temp} {
				if list := w.secretsOutside(t, dir, private); len(list) > 0 {
					t.Errorf("keys in files that others may read: %q", list)
				}
			}
			w.render(t, "old.yaml")
			if p := difference(w.before, snapshot(t, w.out)); p != "" {
				t.Errorf("after a crash and the next render %s is not as planned", p)
			}
			w.clean(t)
		})
	}
	if writing == 0 {
		t.Error("no run was killed while it wrote; the test proves nothing")
	}
}

// TestTwoRenders starts a second render while the first one writes.
func TestTwoRenders(t *testing.T) {
	w := newWorkshop(t, 8)
	first := w.command("new.yaml", "out")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	// The first one is held in the middle of its work, so that the second one surely meets it.
	deadline := time.Now().Add(time.Minute)
	until(staged(1))(w, func() bool { return time.Now().Before(deadline) })
	first.Process.Signal(syscall.SIGSTOP)
	second := w.command("old.yaml", "out")
	out, _ := second.CombinedOutput()
	if second.ProcessState.ExitCode() != 3 || !strings.Contains(string(out), "another mbamplan is writing to this folder") {
		t.Errorf("the second render ends with %v: %s", second.ProcessState, out)
	}
	first.Process.Signal(syscall.SIGCONT)
	if err := first.Wait(); err != nil {
		t.Errorf("the first render: %v", err)
	}
	if p := difference(w.after, snapshot(t, w.out)); p != "" {
		t.Errorf("the output of the first render is not whole: %s", p)
	}
	w.clean(t)
}

// TestSecretsAtOnce lets several runs make the secrets file at the same time: all end with the same keys.
func TestSecretsAtOnce(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "farm.yaml"), big(t, 0))
	put(t, filepath.Join(dir, "keyed/web/zz-keyed/step.yaml"), keyedStep)
	put(t, filepath.Join(dir, "keyed/web/zz-keyed/install.ps1.tmpl"), keyedScript)
	var running []*exec.Cmd
	for i := range 4 {
		cmd := exec.Command("mbamplan", "render", "farm.yaml", "-o", fmt.Sprint("out", i), "--templates", "keyed")
		cmd.Dir = dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", cmd.Args, err)
		}
	}
	first := snapshot(t, filepath.Join(dir, "out0"))
	for i := 1; i < 4; i++ {
		if p := difference(first, snapshot(t, filepath.Join(dir, fmt.Sprint("out", i)))); p != "" {
			t.Errorf("run %d has other keys than run 0: %s", i, p)
		}
	}
}

// TestNoSecretPrinted searches everything that the commands print, with keys that are new, changed and damaged, for keys
// of before and after.
func TestNoSecretPrinted(t *testing.T) {
	w := newWorkshop(t, 0)
	file := filepath.Join(w.dir, "farm.secrets.yaml")
	var keys []string
	remember := func() {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(string(text)) {
			// A damaged key is shorter; a third of one is more than any message may repeat.
			if len(word) >= 32 && strings.Trim(word, "0123456789ABCDEF") == "" {
				keys = append(keys, word[:20], word[len(word)-20:])
			}
		}
	}
	printed := 0
	run := func(code int, args ...string) {
		t.Helper()
		cmd := exec.Command("mbamplan", append(args, "--secrets", "farm.secrets.yaml")...)
		cmd.Dir = w.dir
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != code {
			t.Errorf("%q ends with %v, not %d: %s", args, cmd.ProcessState, code, out)
		}
		printed += len(out)
		for _, key := range keys {
			if bytes.Contains(bytes.ToUpper(out), []byte(key)) {
				t.Errorf("%q prints a part of a key", args)
			}
		}
	}
	render := func(code int, flags ...string) {
		t.Helper()
		run(code, append([]string{"render", "old.yaml", "-o", "out", "--templates", "keyed"}, flags...)...)
	}
	remember()
	render(0)
	render(0, "--diff")
	run(0, "secrets", "fingerprint", "old.yaml")
	run(3, "secrets", "new", "old.yaml")
	run(0, "secrets", "rotate", "old.yaml")
	remember()
	render(4, "--diff")
	render(0, "--dry-run")
	put(t, filepath.Join(w.out, "web/WEB1/install/899-zz-keyed.ps1"), "edited "+keys[0])
	render(3)
	render(4, "--diff")
	render(4, "--diff", "--force")
	render(0, "--force")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range [][2]string{{"validationKey: ", "validationKey: 0"}, {"decryptionKey: ", "decryptionKey "}, {"compareKey: ", "compareKey: \""}, {"decryption: AES", "decryption: 3DES"}, {"schema: 1", "schema: 2"}} {
		put(t, file, strings.Replace(string(text), damage[0], damage[1], 1))
		render(3)
		run(3, "secrets", "fingerprint", "old.yaml")
		run(3, "secrets", "rotate", "old.yaml")
	}
	if len(keys) < 12 || printed < 1000 {
		t.Errorf("%d parts of keys searched in %d bytes", len(keys), printed)
	}
}
