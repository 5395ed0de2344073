package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/mbamplan/mbamplan/pkg/secrets/privatefile"
)

// disk does everything that changes an output folder. hook, when set, is asked before each operation and fails it by an
// error; tests simulate full disks and crashes with it.
type disk struct {
	root *os.Root
	hook func(op, path string) error
}

func (d *disk) ask(op, path string) error {
	if d.hook == nil {
		return nil
	}
	return d.hook(op, path)
}

// name is the path of p for messages and for calls that need a full one.
func (d *disk) name(p string) string { return filepath.Join(d.root.Name(), filepath.FromSlash(p)) }

func (d *disk) exists(p string) (bool, error) {
	_, err := d.root.Lstat(p)
	if err == nil {
		return true, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	// Below a file there is nothing, but systems differ in the error that says so.
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		if info, err := d.root.Lstat(dir); err == nil && !info.IsDir() {
			return false, nil
		}
	}
	return false, fmt.Errorf("look at %s: %w", d.name(p), err)
}

// mkdir makes one folder and tells whether it did; one that is there already is fine.
func (d *disk) mkdir(p string, mode fs.FileMode) (made bool, err error) {
	err = d.ask("mkdir", p)
	if err == nil {
		err = d.root.Mkdir(p, mode)
	}
	if errors.Is(err, fs.ErrExist) {
		info, statErr := d.root.Lstat(p)
		if statErr == nil && info.IsDir() {
			return false, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("make the folder %s: %w", d.name(p), err)
	}
	return true, nil
}

// write creates a file. sync waits until it is on the disk.
func (d *disk) write(p string, data []byte, secret, sync bool) error {
	if err := d.create(p, data, secret, sync); err != nil {
		return fmt.Errorf("write %s: %w", d.name(p), err)
	}
	return nil
}

func (d *disk) create(p string, data []byte, secret, sync bool) (err error) {
	if err := d.ask("create", p); err != nil {
		return err
	}
	var f *os.File
	if secret {
		// The folder is the stage, which this run made: the full path cannot lead elsewhere.
		f, err = privatefile.Create(d.name(p))
	} else {
		f, err = d.root.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := d.ask("write", p); err != nil {
		f.Write(data[:len(data)/2])
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if !sync {
		return nil
	}
	if err := d.ask("sync", p); err != nil {
		return err
	}
	return f.Sync()
}

func (d *disk) rename(from, to string) error {
	err := d.ask("rename", from+" → "+to)
	if err == nil {
		err = d.root.Rename(from, to)
	}
	if err != nil {
		return fmt.Errorf("move %s to %s: %w", d.name(from), d.name(to), err)
	}
	return nil
}

// remove removes a file or an empty folder; one that is gone already is fine.
func (d *disk) remove(p string) error {
	err := d.ask("remove", p)
	if err == nil {
		err = d.root.Remove(p)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", d.name(p), err)
	}
	return nil
}

func (d *disk) removeAll(p string) error {
	err := d.ask("removeall", p)
	if err == nil {
		err = d.root.RemoveAll(p)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", d.name(p), err)
	}
	return nil
}
