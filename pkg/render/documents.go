package render

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/runbook"
	"github.com/mbamplan/mbamplan/pkg/weave"
)

// Start is the document that people open first.
const Start = "START-HERE.html"

// begins are the documents that people read first: that file, and the same as Markdown.
var begins = []string{Start, "runbook.md"}

// Files lists the files of a plan in a tree that was rendered from it, in the order of the plan: what a runbook is made of.
func (e *Engine) Files(p *plan.Plan, t *artifact.Tree, o Options) ([]runbook.File, error) {
	rendered := map[string]artifact.File{}
	for _, f := range t.Files() {
		rendered[f.Path] = f
	}
	var out []runbook.File
	run := e.runs.get()
	defer e.runs.put(run)
	for _, it := range p.Items {
		for _, a := range it.Step.Artifacts {
			f, ok := rendered[FileName(it, a)]
			if !ok {
				continue
			}
			entry, err := e.entry(run, p, it, a, &f, o)
			if err != nil {
				return nil, err
			}
			out = append(out, entry)
		}
	}
	return out, nil
}

// Runbook makes the runbook of a rendered plan.
func (e *Engine) Runbook(p *plan.Plan, files []runbook.File, o Options) (*runbook.Runbook, error) {
	return runbook.New(p, files, runbook.Options{Sources: e.catalog.Sources, Topology: o.Topology, Redacted: o.Redacted, Waivers: o.Waivers})
}

// entry is a rendered file as documents list it.
func (e *Engine) entry(r *weave.Run, p *plan.Plan, it *plan.Item, a *catalog.Artifact, f *artifact.File, o Options) (runbook.File, error) {
	out := runbook.File{Item: it, Artifact: a, Path: f.Path, Secret: f.Secret}
	if !f.Secret {
		out.SHA256 = f.SHA256
	}
	if a.Ext != "ps1" {
		return out, nil
	}
	parsed, found := e.catalog.Parse(a)
	if len(found) > 0 || !parsed.Has("example") {
		return out, nil
	}
	text, err := parsed.Text(r, "example", newDot(it, p, o, a.Secret))
	if err != nil {
		return out, fmt.Errorf("example of %s: %w", a.Path, err)
	}
	out.Parameters = strings.TrimSpace(text)
	return out, nil
}

type documentDot struct {
	Dot
	Entries []runbook.File
	Runbook *runbook.Runbook
	catalog *catalog.Catalog
	files   map[fileKind][]string
}

type fileKind struct {
	item *plan.Item
	kind string
}

// Files lists the files of an item of the given kind.
func (d documentDot) Files(it *plan.Item, kind string) []string { return d.files[fileKind{it, kind}] }

// Source returns an entry of the list of sources.
func (d documentDot) Source(key string) catalog.Source { return d.catalog.Sources[key] }

func (e *Engine) documents(t *artifact.Tree, p *plan.Plan, o Options, entries []runbook.File) (diag.List, error) {
	book, err := e.Runbook(p, entries, o)
	if err != nil {
		return nil, err
	}
	files := map[fileKind][]string{}
	for _, f := range entries {
		k := fileKind{f.Item, f.Kind()}
		files[k] = append(files[k], f.Path)
	}
	dot := &documentDot{Dot: *newDot(&plan.Item{Farm: p.Farm}, p, o, false), Entries: entries, Runbook: book, catalog: e.catalog, files: files}
	var names []string
	for n := range e.catalog.Documents {
		names = append(names, n)
	}
	sort.Strings(names)
	var written []document
	r := e.runs.get() // without Remembered: a document reads everything, so none is like another
	defer e.runs.put(r)
	defer r.Release(r.Mark())
	for _, n := range names {
		a := e.catalog.Documents[n]
		parsed, found := e.catalog.Parse(a)
		if len(found) > 0 {
			return found, nil
		}
		text, err := parsed.Whole(r, dot)
		if err != nil {
			return diag.List{executionError(a, err)}, nil
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		written = append(written, document{n, a, parsed, text})
	}
	own := e.ownFiles(entries, written)
	for _, d := range written {
		stamps := e.stamps(p.Farm.Stamp(), d.artifact)
		if slices.Contains(begins, d.name) {
			stamps = append(stamps, own)
		}
		text, err := stamped(d.artifact.Ext, d.text, stamps...)
		if err != nil {
			return nil, fmt.Errorf("stamp %s: %w", d.name, err)
		}
		f := artifact.File{Path: d.name, Data: encode(d.artifact.Ext, text), Meta: e.meta(nil, d.artifact, d.parsed)}
		if err := t.Add(f); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

type document struct {
	name     string
	artifact *catalog.Artifact
	parsed   *catalog.Parsed
	text     []byte
}

// notOurs marks what an overlay has a part in. The one who renders knows it, the ones who run the files do not.
const notOurs = "overlay: not made by mbamplan"

// ownFiles says how many files an overlay has a part in, and by which of its files; "" without any. It stands in the first
// documents whatever template they have.
func (e *Engine) ownFiles(entries []runbook.File, documents []document) string {
	n := 0
	var from []string
	add := func(a *catalog.Artifact) {
		if own := e.catalog.Own(a); len(own) > 0 {
			n++
			from = append(from, own...)
		}
	}
	for _, x := range entries {
		add(x.Artifact)
	}
	for _, d := range documents {
		add(d.artifact)
	}
	if n == 0 {
		return ""
	}
	slices.Sort(from)
	come := " files come"
	if n == 1 {
		come = " file comes"
	}
	return strconv.Itoa(n) + come + " from templates of your own, not from mbamplan: " + strings.Join(slices.Compact(from), ", ")
}

// stamps are the notes that a file without a script header begins with.
func (e *Engine) stamps(support string, a *catalog.Artifact) []string {
	stamps := []string{support}
	if len(e.catalog.Own(a)) > 0 {
		stamps = append(stamps, "Template "+notOurs)
	}
	return stamps
}
