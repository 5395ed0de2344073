package catalog

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Index is what the step.yaml files of a catalogue say, and the list of sources, so that they need not be read again at
// every start.
type Index struct {
	Steps   []Step
	Sources []Source
}

// Index returns the index of the catalogue.
func (c *Catalog) Index() Index {
	var x Index
	for _, s := range c.Steps {
		said := *s
		said.Artifacts, said.Overlay, said.file = nil, false, ""
		x.Steps = append(x.Steps, said)
	}
	for _, s := range c.Sources {
		x.Sources = append(x.Sources, s)
	}
	slices.SortFunc(x.Sources, func(a, b Source) int { return strings.Compare(a.Key, b.Key) })
	return x
}

// Indexed returns the catalogue that Load made the index of, without an overlay. It reads a file when it is needed, and
// trusts that the index is that of the files.
func Indexed(files fs.FS, x *Index) (*Catalog, error) {
	c := newCatalog()
	err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !foreign(p) {
			c.files[p] = file{from: files}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the catalogue: %w", err)
	}
	for _, s := range x.Sources {
		c.Sources[s.Key] = s
	}
	names := map[string][]string{}
	for _, f := range c.folders() {
		names[f.name] = f.files
	}
	for _, said := range x.Steps {
		s := &said
		s.file = display(s.ID + "/step.yaml")
		c.loadArtifacts(s, names[s.ID])
		c.Steps = append(c.Steps, s)
	}
	c.loadDocuments(names["_documents"])
	return c, nil
}
