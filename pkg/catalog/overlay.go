package catalog

import (
	"errors"
	"io/fs"
)

// Overlaid returns a file system in which a file of over hides the file of the same path in base. Directories list the
// files of both.
func Overlaid(base, over fs.FS) fs.FS { return overlaid{base, over} }

type overlaid struct{ base, over fs.FS }

func (o overlaid) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(o.over, name); err == nil && !info.IsDir() {
		return o.over.Open(name)
	}
	f, err := o.base.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.over.Open(name)
	}
	return f, err
}

// ReadDir merges both listings, sorted by name.
func (o overlaid) ReadDir(name string) ([]fs.DirEntry, error) {
	lower, err := fs.ReadDir(o.base, name)
	upper, err2 := fs.ReadDir(o.over, name)
	if err != nil && err2 != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []fs.DirEntry
	i, j := 0, 0
	for i < len(lower) || j < len(upper) {
		var e fs.DirEntry
		if j >= len(upper) || i < len(lower) && lower[i].Name() <= upper[j].Name() {
			e, i = lower[i], i+1
		} else {
			e, j = upper[j], j+1
		}
		if !seen[e.Name()] {
			seen[e.Name()] = true
			out = append(out, e)
		}
	}
	return out, nil
}
