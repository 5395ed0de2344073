package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mbamplan/mbamplan/pkg/secrets/privatefile"
)

// status is what comparing found for one path.
type status uint8

const (
	created status = iota + 1
	updated
	unchanged
	edited  // written by mbamplan, edited since
	foreign // not written by mbamplan
	blocked // not a plain file, or below something that is not a folder
	removed
	stale
	kept
)

// item is one path of the tree or of the manifest before it.
type item struct {
	path   string
	status status
	file   *File         // of the tree; nil for what only the old manifest has
	old    *ManifestFile // of the old manifest, under the same spelling
	onDisk bool          // a plain file stands there
}

// comparison is what a write would do.
type comparison struct {
	items   []item   // sorted by path
	folders []string // missing ones, parents first
	refused *RefusedError
	report  Report
}

// folderState tells what a folder of the tree is on disk.
type folderState uint8

const (
	folderThere folderState = iota + 1
	folderMissing
	folderBlocked
)

// comparer looks at an output folder; root is nil when there is none.
type comparer struct {
	dir     string
	root    *os.Root
	opt     Options
	tree    map[string]string // folded path → path, of the files of the new tree
	needed  map[string]bool   // folders of the new tree, as spelt
	old     map[string]*ManifestFile
	folders map[string]folderState
	removal map[string]bool // paths that will be gone before anything is written
}

// compare finds out, for every file of t and of the manifest prev before it, what a write has to do. It only reads.
func compare(ctx context.Context, dir string, root *os.Root, prev *Manifest, t *Tree, o Options) (*comparison, error) {
	files := t.Files()
	c := &comparer{
		dir: dir, root: root, opt: o, tree: map[string]string{}, needed: map[string]bool{},
		old: map[string]*ManifestFile{}, folders: map[string]folderState{}, removal: map[string]bool{},
	}
	for _, f := range files {
		c.tree[fold(f.Path)] = f.Path
		for d := path.Dir(f.Path); d != "." && !c.needed[d]; d = path.Dir(d) {
			c.needed[d] = true
		}
	}
	result := &comparison{}
	if prev != nil {
		for _, list := range [][]ManifestFile{prev.Files, prev.Stale} {
			for i := range list {
				c.old[fold(list[i].Path)] = &list[i]
			}
		}
		for _, list := range [][]ManifestFile{prev.Files, prev.Stale} {
			for i := range list {
				if c.tree[fold(list[i].Path)] == list[i].Path {
					continue
				}
				it, err := c.leaving(&list[i])
				if err != nil {
					return nil, err
				}
				if it.status != 0 {
					result.items = append(result.items, it)
				}
			}
		}
	}
	needed := make([]string, 0, len(c.needed))
	for d := range c.needed {
		needed = append(needed, d)
	}
	slices.Sort(needed)
	// What was looked up for leaving files is looked up again, because files that leave may make room for folders.
	clear(c.folders)
	for _, d := range needed {
		state, err := c.folder(d)
		if err != nil {
			return nil, err
		}
		if state == folderMissing {
			result.folders = append(result.folders, d)
		}
	}
	staying := make([]item, len(files))
	err := parallel(ctx, len(files), func(i int) (err error) {
		staying[i], err = c.staying(&files[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	result.items = append(result.items, staying...)
	slices.SortFunc(result.items, func(a, b item) int { return strings.Compare(a.path, b.path) })
	result.sum(dir)
	return result, nil
}

// parallel calls do for 0 … n-1 on two goroutines (more are no faster on one disk) and returns the error of the lowest
// number that failed, or that of ctx.
func parallel(ctx context.Context, n int, do func(int) error) error {
	workers := min(2, n, runtime.GOMAXPROCS(0))
	errs := make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for !failed.Load() && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if errs[i] = do(i); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// sum fills the report and collects refusals.
func (r *comparison) sum(dir string) {
	refused := &RefusedError{Dir: dir}
	for _, it := range r.items {
		var list *[]string
		switch it.status {
		case created:
			list = &r.report.Created
		case updated:
			list = &r.report.Updated
		case unchanged:
			list = &r.report.Unchanged
		case removed:
			list = &r.report.Removed
		case stale:
			list = &r.report.Stale
		case kept:
			list = &r.report.Kept
		case edited:
			list = &r.report.Refused
			refused.Edited = append(refused.Edited, it.path)
		case foreign:
			list = &r.report.Foreign
			refused.Foreign = append(refused.Foreign, it.path)
		case blocked:
			list = &r.report.Foreign
			refused.Blocked = append(refused.Blocked, it.path)
		}
		*list = append(*list, it.path)
	}
	r.report.sort()
	if len(refused.Edited)+len(refused.Foreign)+len(refused.Blocked) > 0 {
		r.refused = refused
	}
}

// lstat looks at a path without following a link in its last part; nil means that nothing is there.
func (c *comparer) lstat(p string) (fs.FileInfo, error) {
	if c.root == nil {
		return nil, nil
	}
	info, err := c.root.Lstat(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", filepath.Join(c.dir, p), err)
	}
	return info, nil
}

// folder tells the state of a folder and its parents. A file that will be gone blocks nothing.
func (c *comparer) folder(p string) (folderState, error) {
	if p == "." {
		if c.root == nil {
			return folderMissing, nil
		}
		return folderThere, nil
	}
	if s, ok := c.folders[p]; ok {
		return s, nil
	}
	s, err := c.folder(path.Dir(p))
	if err != nil {
		return 0, err
	}
	if s == folderThere {
		info, err := c.lstat(p)
		switch {
		case err != nil:
			return 0, err
		case info == nil || c.removal[p]:
			s = folderMissing
		case !info.IsDir():
			s = folderBlocked
		}
	}
	c.folders[p] = s
	return s, nil
}

// leaving decides about a file of the old manifest that the tree does not have, at least not under this spelling.
func (c *comparer) leaving(old *ManifestFile) (item, error) {
	it := item{path: old.Path, old: old}
	s, err := c.folder(path.Dir(old.Path))
	if err != nil || s != folderThere {
		return it, err
	}
	info, err := c.lstat(old.Path)
	if err != nil || info == nil || !info.Mode().IsRegular() {
		return it, err
	}
	it.onDisk = true
	_, respelt := c.tree[fold(old.Path)]
	must := respelt || c.needed[old.Path]
	if !must && !c.opt.Prune {
		it.status = stale
		return it, nil
	}
	data, err := c.read(old.Path)
	if err != nil {
		return it, err
	}
	switch {
	case digest(data) == old.SHA256 || c.opt.Force:
		it.status = removed
		c.removal[old.Path] = true
	case must:
		it.status = edited
	default:
		it.status = kept
	}
	return it, nil
}

// staying decides about a file of the tree. It runs on several goroutines.
func (c *comparer) staying(f *File) (item, error) {
	it := item{path: f.Path, file: f, status: created}
	switch dir := path.Dir(f.Path); {
	case dir == "." && c.root == nil || c.folders[dir] == folderMissing:
		return it, nil
	case c.folders[dir] == folderBlocked:
		it.status = blocked
		return it, nil
	}
	info, err := c.lstat(f.Path)
	if err != nil || info == nil {
		return it, err
	}
	if !info.Mode().IsRegular() {
		it.status = blocked
		return it, nil
	}
	if old := c.old[fold(f.Path)]; old != nil && old.Path == f.Path {
		it.old = old
	} else if old != nil && c.removal[old.Path] {
		// On a system that ignores case this is the file that leaves under its old spelling.
		other, err := c.lstat(old.Path)
		if err != nil {
			return it, err
		}
		if other != nil && os.SameFile(info, other) {
			return it, nil
		}
	}
	it.onDisk = true
	data, err := c.read(f.Path)
	if err != nil {
		return it, err
	}
	switch {
	case bytes.Equal(data, f.Data):
		it.status = unchanged
		if f.Secret {
			who, err := privatefile.Exposed(filepath.Join(c.dir, filepath.FromSlash(f.Path)))
			if err != nil {
				return it, fmt.Errorf("look at the permissions of %s: %w", filepath.Join(c.dir, f.Path), err)
			}
			if who != "" {
				it.status = updated
			}
		}
	case c.opt.Force || it.old != nil && digest(data) == it.old.SHA256:
		it.status = updated
	case it.old != nil:
		it.status = edited
	default:
		it.status = foreign
	}
	return it, nil
}

func (c *comparer) read(p string) ([]byte, error) {
	data, err := c.root.ReadFile(p)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(c.dir, p), err)
	}
	return data, nil
}
