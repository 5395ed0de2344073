package cli

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/topology"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// maxFile bounds what is read of a topology: one byte more than package yamlsrc takes, so that it refuses the file with a
// finding.
const maxFile = yamlsrc.MaxBytes + 1

// input is a topology that was read, resolved and checked.
type input struct {
	path   string // "" for the built-in example
	name   string
	data   []byte
	loaded *topology.Loaded
	farm   *farm.Farm
	// waivers are those of the topology that hold.
	waivers check.Waivers
}

// fileArg takes at most one file.
func fileArg(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("%s takes one topology file, found %d", cmd.CommandPath(), len(args))
	}
	return nil
}

// read reads the topology named on the command line, or the built-in example.
func (a *app) read(args []string) (*input, error) {
	if len(args) == 0 {
		data, err := fs.ReadFile(examples.FS, examples.Default)
		if err != nil {
			return nil, failure(err, "")
		}
		a.say("no file given: using the built-in example %s", examples.Default)
		return &input{name: examples.Default, data: data}, nil
	}
	path := args[0]
	info, err := os.Stat(path)
	if err != nil {
		return nil, failure(fmt.Errorf("read topology: %w", err), "")
	}
	if !info.Mode().IsRegular() {
		return nil, failure(fmt.Errorf("read topology %s: not a regular file", path), "name a YAML file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, failure(fmt.Errorf("read topology: %w", err), "")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, failure(fmt.Errorf("read topology %s: %w", path, err), "")
	}
	return &input{path: path, name: filepath.Base(path), data: data}, nil
}

// inspect reads, resolves and checks, and applies the waivers of the topology; it prints no finding.
func (a *app) inspect(args []string) (*input, diag.List, error) {
	in, err := a.read(args)
	if err != nil {
		return nil, nil, err
	}
	name := in.path
	if name == "" {
		name = in.name
	}
	var own []fs.FS
	if a.templates != "" {
		own = append(own, os.DirFS(a.templates))
	}
	loaded, f, found := compile.Topology(name, in.data, own...)
	in.loaded, in.farm = loaded, f
	found, in.waivers = check.Waive(loaded, found, a.now())
	return in, found, nil
}

// load inspects a topology and prints every finding; with an error among them it ends with ExitProblems.
func (a *app) load(args []string) (*input, error) {
	in, found, err := a.inspect(args)
	if err != nil {
		return nil, err
	}
	return in, a.report(found, func(string) []string { return in.loaded.Lines })
}

// report prints findings to standard error and turns errors among them into ExitProblems.
func (a *app) report(found diag.List, lines func(string) []string) error {
	if len(found) == 0 {
		return nil
	}
	found.Sort()
	if err := diag.WriteText(a.Err, found, lines, colour(a.Err)); err != nil {
		return failure(fmt.Errorf("write findings: %w", err), "")
	}
	if found.Errors() > 0 {
		a.refuse(found)
		return exit(ExitProblems)
	}
	return nil
}

// refuse says that findings with errors among them end the command.
func (a *app) refuse(found diag.List) {
	n := found.Errors()
	a.say("%d error%s, %d other finding%s; nothing was written", n, plural(n), len(found)-n, plural(len(found)-n))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// colour is used on a terminal only, and never when NO_COLOR is set (no-color.org).
func colour(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(f.Fd()))
}

// compiler loads the step catalogue with the user's overlay.
func (a *app) compiler() (*compile.Compiler, error) {
	var overlay fs.FS
	if a.templates != "" {
		info, err := os.Stat(a.templates)
		if err != nil || !info.IsDir() {
			return nil, usage("--templates %s is not a folder", a.templates)
		}
		overlay = os.DirFS(a.templates)
	}
	c, found, err := compile.New(overlay)
	if err != nil {
		return nil, failure(err, "")
	}
	return c, a.report(found, c.Catalog.Lines)
}

// plan loads everything that a plan needs.
func (a *app) plan(args []string) (*input, *plan.Plan, *compile.Compiler, error) {
	in, err := a.load(args)
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := a.compiler()
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := c.Plan(in.farm)
	if err != nil {
		return nil, nil, nil, failure(err, "")
	}
	return in, p, c, nil
}
