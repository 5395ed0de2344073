package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
)

// Own returns the overlay's files, sorted, that have a part in what an artifact becomes: its template, the step.yaml that
// its header and conditions come from, and frame and library of its language. Nil says that all of it is built in.
func (c *Catalog) Own(a *Artifact) []string {
	if !c.layered {
		return nil
	}
	var own []string
	for p, f := range c.files {
		part := p == a.Path || p == "_frame/script."+a.Ext+".tmpl" || path.Dir(p) == "_lib/"+string(a.Language) ||
			a.Step != nil && p == a.Step.ID+"/step.yaml"
		if f.overlay && part {
			own = append(own, p)
		}
	}
	sort.Strings(own)
	return own
}

// regular refuses what is neither a file nor a folder: a link could lead out of the overlay, and a pipe never ends.
func regular(p string, mode fs.FileMode) error {
	switch {
	case mode.IsRegular() || mode.IsDir():
		return nil
	case mode&fs.ModeSymlink != 0:
		return &fs.PathError{Op: "read", Path: p, Err: fmt.Errorf("it is a symbolic link; copy the file into the overlay")}
	default:
		return &fs.PathError{Op: "read", Path: p, Err: fmt.Errorf("it is not a regular file")}
	}
}

// Overlaid returns a file system in which a file of over hides the file of the same path in base. Directories list the
// files of both. Links and devices of over are errors.
func Overlaid(base, over fs.FS) fs.FS { return overlaid{base, over} }

type overlaid struct{ base, over fs.FS }

func (o overlaid) Open(name string) (fs.File, error) {
	if info, err := fs.Lstat(o.over, name); err == nil && !info.IsDir() {
		if err := regular(name, info.Mode()); err != nil {
			return nil, err
		}
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
