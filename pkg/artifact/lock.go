package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrBusy says that another run is writing to the output folder.
var ErrBusy = errors.New("another mbamplan is writing to this folder")

// errNoLocks is returned by tryLock where the system or the file system has no file locks.
var errNoLocks = errors.New("no file locks here")

const (
	lockName = stageName + "/lock"
	soleName = stageName + "/lock.sole"
)

// lock makes the stage and locks it against other runs. The system drops the lock when the process ends in whatever way,
// so that a stage whose lock is free is what a crash left. Where there are no such locks, a file that must not exist
// before does the same, and a crash leaves it to a person to remove.
func (d *disk) lock() (unlock func(), err error) {
	for range 100 {
		made, err := d.mkdir(stageName, 0o700)
		if err != nil {
			return nil, err
		}
		if !made {
			if err := d.trustStage(); errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return nil, err
			}
		}
		f, err := d.root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			// The run that had the folder has just removed it.
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open the lock %s: %w", d.name(lockName), err)
		}
		free, err := tryLock(f)
		if errors.Is(err, errNoLocks) {
			f.Close()
			return d.lockSole()
		}
		if err != nil || !free {
			f.Close()
			if err != nil {
				return nil, fmt.Errorf("lock %s: %w", d.name(lockName), err)
			}
			return nil, fmt.Errorf("write to %s: %w (it holds %s)", d.root.Name(), ErrBusy, d.name(lockName))
		}
		// The run before may have removed the file between opening and locking it; then the lock is on nothing.
		mine, err := f.Stat()
		there, err2 := d.root.Lstat(lockName)
		if err == nil && err2 == nil && os.SameFile(mine, there) {
			return func() { d.unlock(f) }, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("write to %s: %w", d.root.Name(), ErrBusy)
}

// trustStage refuses a stage that somebody else may have filled: what its journal says is done to the output.
func (d *disk) trustStage() error {
	info, err := d.root.Lstat(stageName)
	if err != nil {
		return fmt.Errorf("look at %s: %w", d.name(stageName), err)
	}
	if why := suspect(info); why != "" {
		return fmt.Errorf("%s %s, so that a run of yours did not make it: look at what is in it, then move it away and start again", d.name(stageName), why)
	}
	return nil
}

func (d *disk) lockSole() (unlock func(), err error) {
	f, err := d.root.OpenFile(soleName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("write to %s: %w; if none is, it crashed: remove %s and start again", d.root.Name(), ErrBusy, d.name(soleName))
	}
	if err != nil {
		return nil, fmt.Errorf("open the lock %s: %w", d.name(soleName), err)
	}
	return func() {
		// An error leaves the file, and the next run says what to do.
		_ = d.remove(lockName)
		_ = d.remove(soleName)
		f.Close()
		_ = d.root.Remove(soleName)
		_ = d.remove(stageName)
	}, nil
}

// unlock removes the lock file while it is still locked, so that nobody can lock a file that is about to vanish, and the
// stage when it is empty. Windows may refuse to remove an open file; the second attempt is for it. What remains is
// harmless, so errors do not matter.
func (d *disk) unlock(f *os.File) {
	err := d.remove(lockName)
	f.Close()
	if err != nil {
		_ = d.remove(lockName)
	}
	_ = d.remove(stageName)
}
