// Package wine runs a Windows program of this project under wine, so that the Windows build is tried where there is no
// Windows. What wine proves is that the program starts, reads Windows paths, and writes the same bytes; it proves
// nothing about access lists, locks or file systems of Windows.
package wine

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed shim/bcryptprimitives.c
var shimSource []byte

//go:embed shim/advapi32.def
var shimImports []byte

// MissingError says that a program which wine tests need is not installed.
type MissingError struct {
	Program string
}

func (e *MissingError) Error() string { return e.Program + " is not installed" }

// Wine is a wine installation with a prefix, its picture of a C: drive.
type Wine struct {
	Program string // wine64
	server  string // wineserver64
	prefix  string
}

// find returns the path of a program, from PATH or from one of the folders that Debian puts it in.
func find(name string, dirs ...string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, dir := range dirs {
		p := filepath.Join(dir, name)
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return p, nil
		}
	}
	return "", &MissingError{Program: name}
}

const wineFolder = "/usr/lib/wine"

// New makes a prefix below dir that can run Go programs; a prefix that is there is used again, by several processes if
// need be. The wine server of a prefix ends by itself soon after the last program. The error is a *MissingError when a
// program is not installed.
func New(ctx context.Context, dir string) (*Wine, error) {
	program, err := find("wine64", wineFolder)
	if err != nil {
		return nil, err
	}
	server, err := find("wineserver64", wineFolder)
	if err != nil {
		return nil, err
	}
	w := &Wine{Program: program, server: server, prefix: filepath.Join(dir, "prefix")}
	if _, err := os.Stat(w.prefix); err == nil {
		return w, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the prefix: %w", err)
	}
	// The prefix gets its name when it is complete.
	temp, err := os.MkdirTemp(dir, "making")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the prefix: %w", err)
	}
	made := &Wine{Program: program, server: server, prefix: filepath.Join(temp, "prefix")}
	err = made.make(ctx, temp)
	if err == nil {
		if err = os.Rename(made.prefix, w.prefix); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err = errors.Join(err, os.RemoveAll(temp)); err != nil {
		return nil, fmt.Errorf("make a wine prefix: %w", err)
	}
	return w, nil
}

func (w *Wine) make(ctx context.Context, dir string) error {
	shim, err := buildShim(ctx, dir)
	if err != nil {
		return err
	}
	r, err := w.Run(ctx, dir, "wineboot", "-i")
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("wineboot ends with %d: %s", r.Code, r.Stderr)
	}
	if err != nil {
		return err
	}
	// The server writes the registry when it ends.
	if err := w.stop(ctx); err != nil {
		return err
	}
	return os.Rename(shim, filepath.Join(w.Drive(), "windows", "system32", filepath.Base(shim)))
}

// buildShim compiles bcryptprimitives.dll with clang and LLVM's tools, which need no headers and no libraries of Windows.
func buildShim(ctx context.Context, dir string) (string, error) {
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "bcryptprimitives.c"), shimSource, 0o644),
		os.WriteFile(filepath.Join(dir, "advapi32.def"), shimImports, 0o644),
	); err != nil {
		return "", fmt.Errorf("write the source of the shim: %w", err)
	}
	for _, line := range []string{
		"llvm-dlltool -m i386:x86-64 -d advapi32.def -l libadvapi32.a",
		"clang --target=x86_64-windows-gnu -O1 -ffreestanding -c bcryptprimitives.c -o bcryptprimitives.o",
		"ld.lld -m i386pep --shared -e DllMainCRTStartup bcryptprimitives.o libadvapi32.a -o bcryptprimitives.dll",
	} {
		args := strings.Fields(line)
		program, err := find(args[0])
		if err != nil {
			return "", err
		}
		cmd := exec.CommandContext(ctx, program, args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", line, err, out)
		}
	}
	return filepath.Join(dir, "bcryptprimitives.dll"), nil
}

func (w *Wine) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.Program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "WINEPREFIX="+w.prefix, "WINEDEBUG=-all", "DISPLAY=", "NO_COLOR=1")
	return cmd
}

// Drive is the folder that Windows programs see as C:\.
func (w *Wine) Drive() string { return filepath.Join(w.prefix, "drive_c") }

// Result is what a program did.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Run runs a Windows program with dir as its working folder. The error is about wine, never about the exit code.
func (w *Wine) Run(ctx context.Context, dir, program string, args ...string) (r Result, err error) {
	// Files, not pipes: the services that wine starts beside the program would keep a pipe open for seconds.
	temp, err := os.MkdirTemp("", "wine")
	if err != nil {
		return Result{}, fmt.Errorf("make a folder for the output of %s: %w", program, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	var texts [2]string
	var streams [2]*os.File
	for i := range streams {
		if streams[i], err = os.Create(filepath.Join(temp, fmt.Sprint(i))); err != nil {
			return Result{}, fmt.Errorf("make a file for the output of %s: %w", program, err)
		}
		defer streams[i].Close()
	}
	cmd := w.command(ctx, dir, append([]string{program}, args...)...)
	cmd.Stdout, cmd.Stderr = streams[0], streams[1]
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Result{}, fmt.Errorf("run %s under wine: %w", program, err)
	}
	for i := range streams {
		data, err := os.ReadFile(streams[i].Name())
		if err != nil {
			return Result{}, fmt.Errorf("read the output of %s: %w", program, err)
		}
		texts[i] = string(data)
	}
	return Result{Code: cmd.ProcessState.ExitCode(), Stdout: texts[0], Stderr: texts[1]}, nil
}

// stop ends the wine server of the prefix and everything that runs there. One that has ended is no error.
func (w *Wine) stop(ctx context.Context) error {
	for _, flag := range []string{"-k", "-w"} {
		cmd := exec.CommandContext(ctx, w.server, flag)
		cmd.Env = append(os.Environ(), "WINEPREFIX="+w.prefix)
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			return fmt.Errorf("end the wine server: %w", err)
		}
	}
	return nil
}
