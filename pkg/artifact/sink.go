package artifact

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Sink brings a tree and its manifest somewhere. Dir, DryRun, Diff, Zip and Memory are sinks.
type Sink interface {
	// Write returns what it did, or, without side effects, would do. It stops early when ctx ends.
	Write(ctx context.Context, t *Tree, about About) (Report, error)
}

// Options are the choices for an output folder that has files already.
type Options struct {
	Force bool // overwrite and prune files that were edited by hand, overwrite files that mbamplan did not write
	Prune bool // remove files of earlier renders that the plan no longer has
	// Own tells whether a path can be one of a render's. A manifest or journal that lists others was not written by a
	// render and is refused; nil takes every path that a tree takes.
	Own func(path string) bool
}

// Report lists, sorted, the paths of a tree and of the manifest before it by what happened to them. The manifest itself
// is not in it.
type Report struct {
	Created   []string
	Updated   []string
	Unchanged []string
	Removed   []string
	Stale     []string // of earlier renders, left in place: pruning was not asked for
	Kept      []string // of earlier renders and to be pruned, but edited by hand: left in place, and no longer listed
	Refused   []string // edited by hand
	Restored  []string // put back before anything else, because an earlier run was interrupted
	Foreign   []string // not written by mbamplan, or not a plain file, and in the way
}

// Changed tells whether the output is, or would be, another one than before.
func (r Report) Changed() bool { return len(r.Created)+len(r.Updated)+len(r.Removed) > 0 }

func (r *Report) sort() {
	for _, list := range [][]string{r.Created, r.Updated, r.Unchanged, r.Removed, r.Stale, r.Kept, r.Refused, r.Foreign} {
		slices.Sort(list)
	}
}

// RefusedError says that nothing was written because files in the output folder are not mbamplan's to overwrite.
type RefusedError struct {
	Dir     string
	Edited  []string // written by mbamplan and edited since
	Foreign []string // not written by mbamplan
	Blocked []string // what stands there is a folder, a link or a device, which not even Options.Force replaces
}

func (e *RefusedError) Error() string { return strings.Join(e.Lines(), "\n") }

// Lines returns the text of the error, one path a line.
func (e *RefusedError) Lines() []string {
	lines := []string{fmt.Sprintf("nothing was written to %s:", e.Dir)}
	for _, g := range []struct {
		list []string
		why  string
	}{
		{e.Edited, "edited by hand since mbamplan wrote it"},
		{e.Foreign, "not written by mbamplan"},
		{e.Blocked, "not a plain file, or below something that is not a folder; move it away"},
	} {
		for _, p := range g.list {
			lines = append(lines, fmt.Sprintf("  %s: %s", p, g.why))
		}
	}
	return lines
}

// Memory keeps the output in Files, manifest included.
type Memory struct {
	Files map[string][]byte
}

// Write replaces the content of m.Files.
func (m *Memory) Write(ctx context.Context, t *Tree, about About) (Report, error) {
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	manifest, err := t.Manifest(about).Encode()
	if err != nil {
		return Report{}, err
	}
	var r Report
	m.Files = map[string][]byte{ManifestName: manifest}
	for _, f := range t.Files() {
		m.Files[f.Path] = f.Data
		r.Created = append(r.Created, f.Path)
	}
	return r, nil
}

// Zip writes the output to W as one archive. The same tree gives the same bytes under one version of Go: entries are
// sorted, the manifest comes last, all are of 1980-01-01 and without extra fields.
type Zip struct {
	W              io.Writer
	IncludeSecrets bool // without it, a tree with secret files is refused
}

// Write writes the archive. An archive that was cut short by an error is of no use.
func (z Zip) Write(ctx context.Context, t *Tree, about About) (Report, error) {
	manifest, err := t.Manifest(about).Encode()
	if err != nil {
		return Report{}, err
	}
	files := t.Files()
	var r Report
	var secret []string
	for _, f := range files {
		r.Created = append(r.Created, f.Path)
		if f.Secret {
			secret = append(secret, f.Path)
		}
	}
	if len(secret) > 0 && !z.IncludeSecrets {
		return Report{Refused: secret}, fmt.Errorf("pack the output: secret files would go into the archive: %s; redact the render, or include secrets explicitly", strings.Join(secret, ", "))
	}
	w := zip.NewWriter(z.W)
	// Entries are written one after the other, so that one compressor serves all: its tables are bigger than most files.
	var deflate *flate.Writer
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		if deflate != nil {
			deflate.Reset(out)
			return deflate, nil
		}
		var err error
		deflate, err = flate.NewWriter(out, flate.BestCompression)
		return deflate, err
	})
	for _, f := range append(files, File{Path: ManifestName, Data: manifest}) {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		// 0x21 is 1980-01-01; a zero Modified keeps the extended timestamp, an extra field, out.
		//lint:ignore SA1019 Modified would write an extra field with a time; the two old fields give the same bytes everywhere
		h := &zip.FileHeader{Name: f.Path, Method: zip.Deflate, ModifiedDate: 0x21}
		h.SetMode(0o644)
		if f.Secret {
			h.SetMode(0o600)
		}
		entry, err := w.CreateHeader(h)
		if err == nil {
			_, err = io.Copy(entry, bytes.NewReader(f.Data))
		}
		if err != nil {
			return Report{}, fmt.Errorf("pack %s: %w", f.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return Report{}, fmt.Errorf("finish the archive: %w", err)
	}
	return r, nil
}

// ErrInterrupted says that the output folder holds a half-written render, which the next write restores first.
var ErrInterrupted = errors.New("an earlier run was interrupted; the next render into this folder restores the output before it")
