package artifact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Dir writes the output into a folder.
//
// Only what differs is written. Files that the manifest there does not list are not mbamplan's: none is touched, and one
// that is in the way refuses the whole write, as does a file that was edited since it was written, unless Options.Force.
// Nothing is written before every refusal is known.
//
// The write is all or nothing. New files are written into a stage inside the folder, then a journal says what is to be
// moved, then files are moved: the old one into the stage, the new one into its place, the manifest last. An error or a
// full disk on the way takes everything back; after a crash the next run does, before it begins. The end of ctx is
// obeyed up to the journal, from there on the write is finished.
type Dir struct {
	Path    string
	Options Options

	hook func(op, path string) error // for tests, see disk
}

const (
	journalName = stageName + "/journal.json"
	journalTemp = stageName + "/journal.tmp"
	newFolder   = stageName + "/new"
	oldFolder   = stageName + "/old"
)

// journal says what a write moves. Operation i has its new file in new/i and its old file in old/i.
type journal struct {
	Schema  int         `json:"schema"`
	Folders []string    `json:"folders"` // to be made, parents first
	Ops     []operation `json:"ops"`     // removals first, then writes
}

type operation struct {
	Path   string `json:"path"`
	Old    bool   `json:"old"`    // something stands there
	New    bool   `json:"new"`    // something is to stand there
	SHA256 string `json:"sha256"` // of the new file
}

func newName(i int) string { return newFolder + "/" + strconv.Itoa(i) }

func oldName(i int) string { return oldFolder + "/" + strconv.Itoa(i) }

// Write brings the tree and its manifest into the folder, which it makes when it is missing. The error is a
// *RefusedError when files there are not mbamplan's to overwrite, and wraps ErrBusy when another run is at it.
func (s Dir) Write(ctx context.Context, t *Tree, about About) (r Report, err error) {
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	_, statErr := os.Stat(s.Path)
	if err := os.MkdirAll(s.Path, 0o755); err != nil {
		return Report{}, fmt.Errorf("make the output folder %s: %w", s.Path, err)
	}
	root, err := os.OpenRoot(s.Path)
	if err != nil {
		return Report{}, fmt.Errorf("open the output folder %s: %w", s.Path, err)
	}
	defer func() {
		root.Close()
		if err != nil && errors.Is(statErr, fs.ErrNotExist) {
			// It is removed only when nothing is in it.
			os.Remove(s.Path)
		}
	}()
	d := &disk{root: root, hook: s.hook}
	unlock, err := d.lock()
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	restored, err := d.recover(s.Options.Own)
	defer func() { r.Restored = restored }()
	if err != nil {
		return Report{}, err
	}
	prev, err := readManifest(root, s.Options.Own)
	if err != nil {
		return Report{}, err
	}
	c, err := compare(ctx, s.Path, root, prev, t, s.Options)
	if err != nil {
		return Report{}, err
	}
	if c.refused != nil {
		return c.report, c.refused
	}
	j, data, err := c.operations(prev, t.Manifest(about))
	if err != nil || len(j.Ops) == 0 {
		return c.report, err
	}
	if err := d.replace(ctx, j, data); err != nil {
		return Report{}, err
	}
	d.dropEmpty(c.report.Removed)
	return c.report, nil
}

// staged is the content of one operation's new file.
type staged struct {
	data         []byte
	secret, sync bool
}

// operations turns a comparison into a journal and the new file of each operation. The manifest comes last, and only
// when it differs.
func (c *comparison) operations(prev, next *Manifest) (journal, []staged, error) {
	j := journal{Schema: schema, Folders: c.folders}
	var data []staged
	for _, it := range c.items {
		switch it.status {
		case removed:
			j.Ops = append(j.Ops, operation{Path: it.path, Old: true})
			data = append(data, staged{})
		case stale:
			next.Stale = append(next.Stale, *it.old)
		}
	}
	for _, it := range c.items {
		if it.status == created || it.status == updated {
			j.Ops = append(j.Ops, operation{Path: it.path, Old: it.onDisk, New: true, SHA256: it.file.SHA256})
			data = append(data, staged{data: it.file.Data, secret: it.file.Secret})
		}
	}
	if prev != nil && len(j.Ops) == 0 && prev.equal(next) {
		return j, nil, nil
	}
	after, err := next.Encode()
	if err != nil {
		return journal{}, nil, err
	}
	j.Ops = append(j.Ops, operation{Path: ManifestName, Old: prev != nil, New: true, SHA256: digest(after)})
	return j, append(data, staged{data: after, sync: true}), nil
}

// replace stages the new files, writes the journal, moves files, and takes everything back when that fails.
func (d *disk) replace(ctx context.Context, j journal, data []staged) error {
	err := d.stage(ctx, j, data)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = d.writeJournal(j)
	}
	if err != nil {
		return errors.Join(err, d.clearStage())
	}
	err = d.apply(j)
	if err == nil {
		// Without the journal the new output stands. One that cannot be removed would undo it later: undo it now.
		err = d.remove(journalName)
	}
	if err != nil {
		if _, back := d.restore(j); back != nil {
			return errors.Join(err, back, fmt.Errorf("the output in %s is between two renders; the next render into it restores the earlier one from %s", d.root.Name(), d.name(stageName)))
		}
		return errors.Join(err, d.clearStage())
	}
	if err := d.clearStage(); err != nil {
		return fmt.Errorf("the new output is in place, but what it replaced remains: %w", err)
	}
	return nil
}

func (d *disk) stage(ctx context.Context, j journal, data []staged) error {
	for _, folder := range []string{newFolder, oldFolder} {
		if _, err := d.mkdir(folder, 0o700); err != nil {
			return err
		}
	}
	return parallel(ctx, len(j.Ops), func(i int) error {
		if !j.Ops[i].New {
			return nil
		}
		if err := d.write(newName(i), data[i].data, data[i].secret, data[i].sync); err != nil {
			return fmt.Errorf("stage %s: %w", d.name(j.Ops[i].Path), err)
		}
		return nil
	})
}

// writeJournal gives the journal its name only when it is complete and on the disk.
func (d *disk) writeJournal(j journal) error {
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("encode the journal: %w", err)
	}
	if err := d.write(journalTemp, text, false, true); err != nil {
		return err
	}
	return d.rename(journalTemp, journalName)
}

// apply moves files as the journal says.
func (d *disk) apply(j journal) error {
	first := j.firstWrite()
	for i, op := range j.Ops {
		if i == first {
			for _, folder := range j.Folders {
				if _, err := d.mkdir(folder, 0o755); err != nil {
					return err
				}
			}
		}
		if op.Old {
			if err := d.rename(op.Path, oldName(i)); err != nil {
				return err
			}
		}
		if op.New {
			if err := d.rename(newName(i), op.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstWrite is the number of the first operation that is not a removal. There always is one, for the manifest.
func (j journal) firstWrite() int {
	return slices.IndexFunc(j.Ops, func(op operation) bool { return op.New })
}

// restore takes back what apply has done so far, in reverse, and the journal with it. It looks at what is where, so it
// may run any number of times, after any part of apply or of itself. It returns the paths that it changed, sorted.
func (d *disk) restore(j journal) (changed []string, err error) {
	defer func() { slices.Sort(changed) }()
	first := j.firstWrite()
	for i := len(j.Ops) - 1; i >= 0; i-- {
		did, err := d.restoreOne(i, j.Ops[i])
		if err != nil {
			return changed, fmt.Errorf("restore the output before the interrupted render: %w", err)
		}
		if did {
			changed = append(changed, j.Ops[i].Path)
		}
		if i == first {
			for _, folder := range slices.Backward(j.Folders) {
				// A folder that is not empty has got other files since, or was there before.
				if ok, err := d.emptyFolder(folder); err != nil || !ok {
					continue
				}
				if err := d.remove(folder); err != nil {
					return changed, fmt.Errorf("restore the output before the interrupted render: %w", err)
				}
			}
		}
	}
	return changed, d.remove(journalName)
}

// restoreOne takes back one operation. Where the new file is gone from the stage it was moved; where the old file is in
// the stage it waits to be moved back. It tells whether there was something to take back.
func (d *disk) restoreOne(i int, op operation) (bool, error) {
	moved, waiting := false, false
	if op.New {
		staged, err := d.exists(newName(i))
		if err != nil {
			return false, err
		}
		moved = !staged
	}
	if op.Old {
		var err error
		if waiting, err = d.exists(oldName(i)); err != nil {
			return false, err
		}
	}
	if !waiting && (op.Old || !moved) {
		return false, nil
	}
	there, err := d.exists(op.Path)
	if err != nil {
		return false, err
	}
	if there {
		// Only the file that this run put there may go.
		data, err := d.root.ReadFile(op.Path)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", d.name(op.Path), err)
		}
		if !moved || digest(data) != op.SHA256 {
			return false, fmt.Errorf("%s was changed since; move it away and start again", d.name(op.Path))
		}
	}
	if waiting {
		return true, d.rename(oldName(i), op.Path)
	}
	if !there {
		return false, nil
	}
	return true, d.remove(op.Path)
}

// recover brings a stage that a crash left into order: with a journal it restores the output, without one there is
// nothing to restore. It returns the paths that it changed, sorted.
func (d *disk) recover(own func(string) bool) (changed []string, err error) {
	there, err := d.exists(journalName)
	if err != nil {
		return nil, err
	}
	if there {
		text, err := d.root.ReadFile(journalName)
		if err != nil {
			return nil, fmt.Errorf("read the journal %s: %w", d.name(journalName), err)
		}
		j, err := parseJournal(text, own)
		if err != nil {
			return nil, fmt.Errorf("the journal %s of an interrupted run cannot be used: %w; the files that it replaced are in %s", d.name(journalName), err, d.name(oldFolder))
		}
		if changed, err = d.restore(j); err != nil {
			return changed, err
		}
	}
	return changed, d.clearStage()
}

func parseJournal(text []byte, own func(string) bool) (journal, error) {
	var j journal
	if err := json.Unmarshal(text, &j); err != nil {
		return journal{}, err
	}
	if j.Schema != schema {
		return journal{}, fmt.Errorf("its schema is %d, this version of mbamplan knows %d", j.Schema, schema)
	}
	for _, op := range j.Ops {
		if err := checkPath(op.Path); err != nil {
			return journal{}, fmt.Errorf("path %q: %w", op.Path, err)
		}
		if own != nil && op.Path != ManifestName && !own(op.Path) {
			return journal{}, fmt.Errorf("path %q lies where no render writes", op.Path)
		}
	}
	for _, folder := range j.Folders {
		if err := checkPath(folder); err != nil {
			return journal{}, fmt.Errorf("folder %q: %w", folder, err)
		}
	}
	return j, nil
}

// clearStage removes everything from the stage but the lock.
func (d *disk) clearStage() error {
	return errors.Join(d.removeAll(newFolder), d.removeAll(oldFolder), d.remove(journalTemp))
}

func (d *disk) emptyFolder(p string) (bool, error) {
	f, err := d.root.Open(p)
	if err != nil {
		return false, err
	}
	defer f.Close()
	names, err := f.ReadDir(1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return len(names) == 0, err
}

// dropEmpty removes the folders that removed files leave empty. A folder that cannot be removed does no harm.
func (d *disk) dropEmpty(removed []string) {
	seen := map[string]bool{}
	var dirs []string
	for _, p := range removed {
		for dir := path.Dir(p); dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			dirs = append(dirs, dir)
		}
	}
	// Longer paths first: a folder comes before its parent.
	slices.SortFunc(dirs, func(a, b string) int { return strings.Compare(b, a) })
	for _, dir := range dirs {
		if empty, err := d.emptyFolder(dir); err == nil && empty {
			_ = d.remove(dir)
		}
	}
}

// DryRun reports what Dir would do to the folder, refusals included, and changes nothing.
type DryRun struct {
	Path    string
	Options Options
}

// Write returns the report, and the error with which Dir would refuse. It wraps ErrInterrupted when the folder waits to
// be restored after a crash.
func (s DryRun) Write(ctx context.Context, t *Tree, about About) (Report, error) {
	c, root, err := look(ctx, s.Path, t, s.Options)
	if err != nil {
		return Report{}, err
	}
	if root != nil {
		root.Close()
	}
	if c.refused != nil {
		return c.report, c.refused
	}
	return c.report, nil
}

// look compares without a lock and without the right to write. The root, nil when there is no folder, is the caller's to
// close.
func look(ctx context.Context, dir string, t *Tree, o Options) (*comparison, *os.Root, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		c, err := compare(ctx, dir, nil, nil, t, o)
		return c, nil, err
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the output folder %s: %w", dir, err)
	}
	c, err := func() (*comparison, error) {
		if _, err := root.Lstat(journalName); err == nil {
			return nil, fmt.Errorf("look at %s: %w", dir, ErrInterrupted)
		}
		prev, err := readManifest(root, o.Own)
		if err != nil {
			return nil, err
		}
		return compare(ctx, dir, root, prev, t, o)
	}()
	if err != nil {
		root.Close()
		return nil, nil, err
	}
	return c, root, nil
}
