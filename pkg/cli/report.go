package cli

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/evidence"
)

type evidenceFlags struct {
	manifest string
	format   string
	output   string
}

func (f *evidenceFlags) add(cmd *cobra.Command, formats string) {
	cmd.Flags().StringVar(&f.manifest, "manifest", "out", "folder of the render that was run, or its manifest.json: the plan")
	cmd.Flags().StringVar(&f.format, "format", "", formats+"; default: by the name of --output, else text")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "file that is written; default: standard output")
}

// oneFolder takes the folder of collected files.
func oneFolder(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes the folder of collected results, found %d arguments", cmd.CommandPath(), len(args))
	}
	return nil
}

func (a *app) reportCommand() *cobra.Command {
	var flags evidenceFlags
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "Compare what was done with what was planned, for the ticket",
		Long: strings.TrimSpace(`
Report reads the result files and histories that were collected from the servers (docs/evidence.md says how) and writes
the as-executed record: every planned file, who ran it when on which server with which digest, and everything that is not
as planned. It changes nothing and asks no server.

Exit codes: 0 as planned, 1 a collected file cannot be read, 2 usage, 3 failure, 4 not as planned.`),
		Example: "  mbamplan report collected --manifest out\n  mbamplan report collected --manifest out -o as-executed.html",
		Args:    oneFolder,
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := flags.choose("text", "json", "html")
			if err != nil {
				return err
			}
			m, c, err := a.collected(args[0], flags)
			if err != nil {
				return err
			}
			r := evidence.Judge(m, c)
			write := r.WriteText
			switch format {
			case "json":
				write = r.WriteJSON
			case "html":
				write = r.WriteHTML
			}
			if err := a.deliver(flags.output, write); err != nil {
				return err
			}
			if flags.output != "" {
				a.say("%s", diag.Visible(r.Headline()))
			}
			return judged(c, r.AsPlanned())
		},
	}
	flags.add(cmd, "text, json or html")
	return cmd
}

// choose returns the format that is asked for.
func (f *evidenceFlags) choose(formats ...string) (string, error) {
	byName := strings.TrimPrefix(strings.ToLower(filepath.Ext(f.output)), ".")
	format := cmp.Or(f.format, "text")
	for _, known := range formats {
		if f.format == "" && byName == known {
			format = known
		}
	}
	for _, known := range formats {
		if format == known {
			return format, nil
		}
	}
	return "", usage("--format takes %s, found %q", strings.Join(formats, ", "), format)
}

// collected reads the plan and what was collected, and prints what is wrong with collected files.
func (a *app) collected(dir string, flags evidenceFlags) (*artifact.Manifest, *evidence.Collection, error) {
	if filepath.Base(flags.manifest) == artifact.ManifestName {
		flags.manifest = filepath.Dir(flags.manifest)
	}
	m, err := artifact.ReadManifest(flags.manifest)
	if err != nil {
		return nil, nil, failure(err, "")
	}
	hint := "--manifest names the folder that mbamplan render wrote and people ran"
	if m == nil {
		return nil, nil, failure(fmt.Errorf("there is no manifest.json in %s", flags.manifest), hint)
	}
	if len(m.Steps) == 0 {
		return nil, nil, failure(fmt.Errorf("the manifest in %s names no steps: an earlier version of mbamplan rendered it", flags.manifest), "render the same topology again with this version into another folder, and compare the trees")
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is no folder")
	}
	if err != nil {
		return nil, nil, failure(fmt.Errorf("read the collected results %s: %w", dir, err), "")
	}
	c, err := evidence.Load(dir)
	if err != nil {
		return nil, nil, failure(err, "")
	}
	if err := diag.WriteText(a.Err, c.Bad, nil, colour(a.Err)); err != nil {
		return nil, nil, failure(fmt.Errorf("write findings: %w", err), "")
	}
	return m, c, nil
}

// judged turns what was found into an exit code.
func judged(c *evidence.Collection, good bool) error {
	switch {
	case c.Bad.Errors() > 0:
		return exit(ExitProblems)
	case !good:
		return exit(ExitDifference)
	}
	return nil
}

// deliver writes to a file, whole or not at all, or to standard output.
func (a *app) deliver(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return failure(err, "")
	}
	if name == "" {
		_, err := a.Out.Write(b.Bytes())
		return written(err)
	}
	if err := replace(name, b.Bytes()); err != nil {
		return failure(fmt.Errorf("write %s: %w", name, err), "")
	}
	return nil
}

// replace puts a file in the place of another, so that nobody ever finds a half of it.
func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
