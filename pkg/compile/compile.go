// Package compile joins the stages: topology text → farm → plan → tree. It is what the command line, the tests and the
// benchmarks share; it decides nothing itself.
package compile

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/mbamplan/mbamplan/docs"
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/runbook"
	"github.com/mbamplan/mbamplan/pkg/topology"
	"github.com/mbamplan/mbamplan/templates"
)

// Topology reads, resolves and checks a topology. The farm is nil when it could not be resolved; it must not be
// rendered while the findings hold an error. Overlays are folders of the user's own steps, which a topology may name beside
// the built-in ones.
func Topology(name string, data []byte, overlays ...fs.FS) (*topology.Loaded, *farm.Farm, diag.List) {
	loaded, found := topology.Load(name, data)
	if found.Errors() > 0 {
		return loaded, nil, found
	}
	f, more := farm.New(name, loaded.File, loaded.Origins)
	found = append(found, more...)
	if f != nil {
		var steps []string
		if len(f.Durations) > 0 {
			steps = stepIDs(append([]fs.FS{templates.FS}, overlays...))
		}
		found = append(found, check.Run(loaded, f, steps...)...)
	}
	found.Sort()
	return loaded, f, found
}

// stepIDs lists the steps of folders by their names alone.
func stepIDs(folders []fs.FS) []string {
	var out []string
	for _, f := range folders {
		list, err := fs.Glob(f, "*/*/step.yaml")
		if err != nil {
			continue // the pattern is right, and an overlay that cannot be read is refused where it is loaded
		}
		for _, p := range list {
			out = append(out, path.Dir(p))
		}
	}
	return out
}

// Compiler holds a catalogue ready for any number of farms.
type Compiler struct {
	Catalog *catalog.Catalog
	engine  *render.Engine
}

// New loads the built-in catalogue with an overlay, which may be nil. The compiler is never nil unless err is set.
func New(overlay fs.FS) (*Compiler, diag.List, error) {
	var files fs.FS = templates.FS
	var c *catalog.Catalog
	var found diag.List
	if overlay == nil {
		var err error
		if c, err = catalog.Indexed(templates.FS, &index); err != nil {
			return nil, nil, err
		}
	} else {
		files = catalog.Overlaid(templates.FS, overlay)
		c, found = catalog.Load(templates.FS, docs.Sources, overlay)
	}
	e, err := render.New(c, files)
	if err != nil {
		return nil, found, err
	}
	return &Compiler{Catalog: c, engine: e}, found, nil
}

// Plan orders the steps of a farm.
func (c *Compiler) Plan(f *farm.Farm) (*plan.Plan, error) {
	p, err := plan.New(f, c.Catalog)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return p, nil
}

// Tree renders every file of a plan.
func (c *Compiler) Tree(p *plan.Plan, o render.Options) (*artifact.Tree, diag.List, error) {
	return c.engine.Tree(p, o)
}

// Runbook makes the runbook of a plan and the tree that was rendered from it with the same options.
func (c *Compiler) Runbook(p *plan.Plan, t *artifact.Tree, o render.Options) (*runbook.Runbook, error) {
	files, err := c.engine.Files(p, t, o)
	if err != nil {
		return nil, err
	}
	return c.engine.Runbook(p, files, o)
}

// Remember is for those who render many farms that are partly alike: see [render.Engine.Remember].
func (c *Compiler) Remember() { c.engine.Remember() }
