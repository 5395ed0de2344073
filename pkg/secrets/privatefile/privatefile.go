// Package privatefile creates files that only their owner may read, from the first byte on, and opens only files that
// nobody else can have put there.
//
// On Windows that is a protected access list (nothing inherited) for the current user, the Administrators and SYSTEM;
// elsewhere mode 0600.
package privatefile

import (
	"fmt"
	"io/fs"
	"os"
)

// Create creates the file at path for writing and fails with fs.ErrExist when something is there already, a symbolic
// link included.
func Create(path string) (*os.File, error) { return create(path) }

// Open opens the file at path for reading. It refuses what another person may have put there or may lead elsewhere by: a
// symbolic link, what is not a regular file, and a file whose owner is neither the current user nor root (on Windows: the
// current user, the Administrators, SYSTEM). The error wraps fs.ErrNotExist when nothing is there.
func Open(path string) (*os.File, error) {
	// A named pipe would make the opening wait for ever, so that the look comes first.
	info, err := Look(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(info, opened) {
		err = &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("it was replaced at this moment")}
	}
	if err == nil {
		err = owned(f, opened)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Look returns what is known of the regular file at path. A symbolic link and everything else is an error.
func Look(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	refuse := func(what string) (fs.FileInfo, error) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("it is %s", what)}
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return refuse("a symbolic link, which could lead to a file of somebody else")
	case !info.Mode().IsRegular():
		return refuse("not a regular file")
	}
	return info, nil
}

// Exposed tells who else than the owner (and, on Windows, the Administrators and SYSTEM) may open the file at path, in
// words for a message; "" when nobody.
func Exposed(path string) (string, error) { return exposed(path) }
