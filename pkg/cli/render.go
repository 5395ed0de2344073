package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

type renderFlags struct {
	output  string
	secrets string
	redact  bool
	dryRun  bool
	diff    bool
	force   bool
	prune   bool
}

func (a *app) renderCommand() *cobra.Command {
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render [FILE]",
		Short: "Write everything to run, sorted by who runs it, on which server",
		Long: strings.TrimSpace(`
Render checks the topology and writes scripts, documents and a manifest below the output folder. The same topology and
secrets give the same bytes. The folder changes as a whole or not at all; files that mbamplan did not write are never
touched, and files of it that were edited by hand stop the render unless --force.

A farm with more than one web node gets a machine key. It is made once and kept in a secrets file beside the topology;
--redact writes the same tree with placeholders that name its fingerprint, and needs no secrets file.

Exit codes: 0 done, 1 problems in the topology, 2 usage, 3 failure, 4 differences found (--diff).`),
		Example: "  mbamplan render farm.yaml -o out\n  mbamplan render farm.yaml -o out --diff\n  mbamplan render farm.yaml -o review --redact",
		Args:    fileArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.render(cmd.Context(), args, flags)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&flags.output, "output", "o", "out", "output folder")
	f.StringVar(&flags.secrets, "secrets", "", "secrets file; default: named in the topology, else beside it")
	f.BoolVar(&flags.redact, "redact", false, "write placeholders in place of secrets")
	f.BoolVar(&flags.dryRun, "dry-run", false, "say what would be written, write nothing")
	f.BoolVar(&flags.diff, "diff", false, "print how the output would change, write nothing; exit 4 if it would")
	f.BoolVar(&flags.force, "force", false, "overwrite files that were edited by hand or that mbamplan did not write")
	f.BoolVar(&flags.prune, "prune", true, "remove files of earlier renders that the plan no longer has")
	return cmd
}

func (a *app) render(ctx context.Context, args []string, flags renderFlags) error {
	if flags.dryRun && flags.diff {
		return usage("--dry-run and --diff exclude each other")
	}
	if flags.output == "" {
		return usage("--output names no folder")
	}
	in, p, c, err := a.plan(args)
	if err != nil {
		return err
	}
	o, err := a.keys(in, p, flags)
	if err != nil {
		return err
	}
	tree, found, err := c.Tree(p, o)
	if err != nil {
		return failure(err, "")
	}
	if err := a.report(found, c.Catalog.Lines); err != nil {
		return err
	}
	sum := sha256.Sum256(in.data)
	about := artifact.About{
		Tool: Version, Redacted: o.Redacted, Unsupported: in.farm.Stamp(),
		Topology: artifact.Topology{Name: in.farm.Name, SHA256: hex.EncodeToString(sum[:])},
	}
	if carriesSecrets(p) && !o.Redacted {
		about.SecretsFingerprint = o.Secrets.Fingerprint()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	report, err := a.sink(flags).Write(ctx, tree, about)
	if n := len(report.Restored); n > 0 {
		a.say("restored an interrupted render: %d file%s", n, plural(n))
		for _, p := range report.Restored {
			a.say("restored: %s", p)
		}
	}
	if err != nil {
		var refused *artifact.RefusedError
		if errors.As(err, &refused) && len(refused.Blocked) == 0 {
			return failure(err, "--diff shows what would change; --force overwrites")
		}
		return failure(err, "")
	}
	if err := a.summary(report, overlaid(tree), flags); err != nil {
		return failure(fmt.Errorf("write what would be done: %w", err), "")
	}
	if flags.diff && report.Changed() {
		return exit(ExitDifference)
	}
	return nil
}

func (a *app) sink(flags renderFlags) artifact.Sink {
	o := artifact.Options{Force: flags.force, Prune: flags.prune, Own: catalog.Writes}
	switch {
	case flags.diff:
		return artifact.Diff{Path: flags.output, Options: o, W: a.Out}
	case flags.dryRun:
		return artifact.DryRun{Path: flags.output, Options: o}
	default:
		return artifact.Dir{Path: flags.output, Options: o}
	}
}

// overlaid counts the files that an overlay has a part in.
func overlaid(t *artifact.Tree) int {
	n := 0
	for _, f := range t.Files() {
		if f.Meta.TemplateOrigin == "overlay" {
			n++
		}
	}
	return n
}

// listed prints what a dry run would do to each file.
func (a *app) listed(r artifact.Report) error {
	for _, l := range []struct {
		word  string
		paths []string
	}{{"create", r.Created}, {"update", r.Updated}, {"remove", r.Removed}} {
		for _, p := range l.paths {
			if _, err := fmt.Fprintf(a.Out, "%s %s\n", l.word, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) summary(r artifact.Report, own int, flags renderFlags) error {
	if flags.dryRun {
		if err := a.listed(r); err != nil {
			return err
		}
	}
	did := "written to"
	if flags.dryRun || flags.diff {
		did = "would be written to"
	}
	a.say("%d files %s %s: %d new, %d changed, %d removed, %d as before", len(r.Created)+len(r.Updated)+len(r.Unchanged), did, flags.output,
		len(r.Created), len(r.Updated), len(r.Removed), len(r.Unchanged))
	if own > 0 {
		a.say("%d of them come from templates of your own, not from mbamplan; %s names the templates", own, render.Start)
	}
	if !flags.dryRun && !flags.diff {
		for _, p := range r.Removed {
			a.say("removed: %s", p)
		}
	}
	for _, p := range r.Stale {
		a.say("left from an earlier render: %s", p)
	}
	for _, p := range r.Kept {
		a.say("no longer in the plan, but edited by hand and kept: %s", p)
	}
	if !flags.dryRun && !flags.diff {
		a.say("begin with %s", filepath.Join(flags.output, render.Start))
	}
	return nil
}

// carriesSecrets reports whether a file of the plan carries a secret.
func carriesSecrets(p *plan.Plan) bool {
	for _, it := range p.Items {
		if len(it.Step.Secret) > 0 {
			return true
		}
	}
	return false
}

// secretsPath is where the secrets file is: --secrets, else what the topology names (relative to the topology), else
// beside the topology; for the built-in example beside the output.
func secretsPath(in *input, flagged, output string) string {
	if flagged != "" {
		return flagged
	}
	if in.path == "" {
		return filepath.Join(filepath.Dir(filepath.Clean(output)), strings.TrimSuffix(in.name, ".yaml")+".secrets.yaml")
	}
	if named := in.loaded.File.Secrets; named != "" {
		// Rule MBP1604 holds it below the folder of the topology, whichever slash it is written with.
		return filepath.Join(filepath.Dir(in.path), filepath.FromSlash(strings.ReplaceAll(named, `\`, "/")))
	}
	return strings.TrimSuffix(in.path, filepath.Ext(in.path)) + ".secrets.yaml"
}

// keys returns the secrets for a render. The secrets file is made when a file of the plan needs it and none is there;
// a dry run or diff makes none and uses placeholders.
func (a *app) keys(in *input, p *plan.Plan, flags renderFlags) (render.Options, error) {
	o := render.Options{Redacted: flags.redact, Secrets: secrets.Redacted(), Topology: in.name, Waivers: in.waivers}
	if !carriesSecrets(p) {
		return o, nil
	}
	path := secretsPath(in, flags.secrets, flags.output)
	if flags.redact {
		// Without a secrets file the placeholders name no fingerprint.
		switch f, err := secrets.Load(path); {
		case err == nil:
			o.Secrets = secrets.Redact(f)
		case !errors.Is(err, fs.ErrNotExist):
			a.say("warning: the placeholders name no fingerprint: %s", err)
		}
		return o, nil
	}
	if flags.dryRun || flags.diff {
		f, err := secrets.Load(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			a.say("no secrets file yet: a render makes %s", path)
			o.Redacted = true
			return o, nil
		case err != nil:
			return o, failure(err, "")
		}
		a.say("using the secrets file %s, fingerprint %s", path, f.Fingerprint())
		o.Secrets = f
		return o, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return o, failure(fmt.Errorf("make the folder of the secrets file: %w", err), "")
	}
	f, created, err := secrets.LoadOrCreate(path, rand.Reader)
	if err != nil {
		return o, failure(err, "--secrets names another file, --redact needs none")
	}
	if created {
		a.say("made the machine key of the farm: %s (keep it, and keep it out of version control)", path)
	} else {
		a.say("using the secrets file %s, fingerprint %s", path, f.Fingerprint())
		if w, err := secrets.Exposed(path); err == nil && w != nil {
			a.say("warning: %s", w)
		}
	}
	o.Secrets = f
	return o, nil
}
