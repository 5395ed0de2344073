package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mount gives a folder a file system of its own with the given size. It needs root, in a container with the right too.
func mount(t *testing.T, dir string, size int) {
	t.Helper()
	if err := syscall.Mount("mbamplan-test", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
}

// used is what the files of a tree take on a tmpfs: whole pages of 4096 bytes; folders take nothing.
func used(t *testing.T, dir string) int {
	t.Helper()
	total := 0
	for p := range snapshot(t, dir) {
		info, err := os.Lstat(filepath.Join(dir, p))
		if err != nil {
			t.Fatal(err)
		}
		if !info.IsDir() {
			total += (int(info.Size()) + 4095) / 4096 * 4096
		}
	}
	return total
}

// TestFullDisk renders into file systems that hold one output and a part of a second one.
func TestFullDisk(t *testing.T) {
	w := newWorkshop(t, 0)
	size := used(t, w.out)
	small := filepath.Join(w.dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, part := range []int{0, 10, 60, 85} {
		t.Run(fmt.Sprintf("%d percent of a second output", part), func(t *testing.T) {
			mount(t, small, size+size*part/100+64<<10)
			w.out = filepath.Join(small, "out")
			if out, err := w.command("old.yaml", "small/out").CombinedOutput(); err != nil {
				t.Fatalf("the first render: %v: %s", err, out)
			}
			cmd := w.command("new.yaml", "small/out")
			out, _ := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 3 || !strings.Contains(string(out), "no space left") {
				t.Errorf("a full disk ends with %v: %s", cmd.ProcessState, out)
			}
			if p := difference(w.before, snapshot(t, w.out)); p != "" {
				t.Errorf("the previous output is not whole: %s", p)
			}
			w.clean(t)
		})
	}
	t.Run("not even the first output", func(t *testing.T) {
		mount(t, small, size/2)
		w.out = filepath.Join(small, "out")
		cmd := w.command("old.yaml", "small/out")
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("a full disk ends with %v: %s", cmd.ProcessState, out)
		}
		if list := snapshot(t, small); len(list) != 1 {
			t.Errorf("%d files and folders are left", len(list)-1)
		}
		w.clean(t)
	})
	t.Run("no room for the secrets file", func(t *testing.T) {
		mount(t, small, 64<<10)
		if err := os.WriteFile(filepath.Join(small, "ballast"), make([]byte, 256<<10), 0o600); err == nil {
			t.Fatal("the file system is not full")
		}
		cmd := exec.Command("mbamplan", "secrets", "new", "old.yaml", "--secrets", "small/farm.secrets.yaml")
		cmd.Dir = w.dir
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 3 || !strings.Contains(string(out), "no space left") {
			t.Errorf("a full disk ends with %v: %s", cmd.ProcessState, out)
		}
		if list, err := os.ReadDir(small); err != nil || len(list) != 1 {
			t.Errorf("left beside the ballast: %v %v", list, err)
		}
	})
	t.Run("standard output", func(t *testing.T) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skipf("no /dev/full: %v", err)
		}
		defer full.Close()
		for _, args := range [][]string{
			{"plan", "old.yaml"},
			{"plan", "old.yaml", "--format", "json"},
			{"show", "old.yaml"},
			{"version"},
			{"secrets", "fingerprint", "old.yaml", "--secrets", "farm.secrets.yaml"},
			{"render", "old.yaml", "-o", "new", "--redact", "--dry-run"},
			{"render", "old.yaml", "-o", "new", "--redact", "--diff"},
		} {
			cmd := exec.Command("mbamplan", args...)
			cmd.Dir, cmd.Stdout = w.dir, full
			cmd.Run()
			if cmd.ProcessState.ExitCode() != 3 {
				t.Errorf("%q into a full disk ends with %v", args, cmd.ProcessState)
			}
		}
	})
}

// TestReadOnly renders onto a file system that takes no writes.
func TestReadOnly(t *testing.T) {
	w := newWorkshop(t, 0)
	small := filepath.Join(w.dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	mount(t, small, 64<<20)
	w.out = filepath.Join(small, "out")
	if out, err := w.command("old.yaml", "small/out").CombinedOutput(); err != nil {
		t.Fatalf("the first render: %v: %s", err, out)
	}
	if err := syscall.Mount("mbamplan-test", small, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("a file system cannot be made read-only here: %v", err)
	}
	for _, out := range []string{"small/out", "small/other"} {
		cmd := w.command("new.yaml", out)
		text, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 3 || !strings.Contains(string(text), out) {
			t.Errorf("a render into %s ends with %v: %s", out, cmd.ProcessState, text)
		}
	}
	// Looking is allowed.
	cmd := w.command("new.yaml", "small/out")
	cmd.Args = append(cmd.Args, "--diff")
	if text, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 4 {
		t.Errorf("--diff ends with %v: %s", cmd.ProcessState, text)
	}
	if p := difference(w.before, snapshot(t, w.out)); p != "" {
		t.Errorf("the previous output is not whole: %s", p)
	}
	w.clean(t)
}
