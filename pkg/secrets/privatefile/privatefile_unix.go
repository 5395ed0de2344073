//go:build !windows

package privatefile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func owned(f *os.File, info fs.FileInfo) error {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return trusted(f.Name(), int(sys.Uid), os.Geteuid())
}

// trusted refuses an owner, a user number, who is neither me nor root.
func trusted(path string, owner, me int) error {
	if owner == me || owner == 0 {
		return nil
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("it belongs to user %d, who is neither you nor root", owner)}
}

func exposed(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Sprintf("group or others (mode %04o)", mode), nil
	}
	return "", nil
}
