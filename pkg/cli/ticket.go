package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/ticket"
)

type ticketFlags struct {
	renderFlags
	since string
}

func (a *app) ticketCommand() *cobra.Command {
	flags := ticketFlags{renderFlags: renderFlags{redact: true}}
	cmd := &cobra.Command{
		Use:   "ticket [FILE]",
		Short: "Write a change request: documents, JSON for the tracker, every script redacted",
		Long: strings.TrimSpace(`
Ticket writes a folder for a change request: change-request.docx, .html and .md with the fields that trackers ask for,
change-request.json to import, every script below attachments/ with its SHA-256, and change-request.zip with all of it. The
same topology gives the same bytes. No file carries a secret; one that does when it is run holds a placeholder here, and the
secrets file is only read for its fingerprint, if there is one.

--since takes a former output folder of render or ticket: the request then covers what is new or different, and shows it.

Exit codes: 0 done, or nothing changed since, 1 problems in the topology, 2 usage, 3 failure.`),
		Example: "  mbamplan ticket farm.yaml -o change-4711\n  mbamplan ticket farm.yaml -o change-4712 --since out",
		Args:    fileArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ticket(cmd.Context(), args, flags)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&flags.output, "output", "o", "ticket", "output folder")
	f.StringVar(&flags.since, "since", "", "former output folder of render or ticket: only what changed")
	f.StringVar(&flags.secrets, "secrets", "", "secrets file, read for its fingerprint; default: named in the topology, else beside it")
	f.BoolVar(&flags.dryRun, "dry-run", false, "say what would be written, write nothing")
	f.BoolVar(&flags.force, "force", false, "overwrite files that were edited by hand or that mbamplan did not write")
	f.BoolVar(&flags.prune, "prune", true, "remove files of an earlier ticket that this one does not have")
	return cmd
}

func (a *app) ticket(ctx context.Context, args []string, flags ticketFlags) error {
	if flags.output == "" {
		return usage("--output names no folder")
	}
	former, err := readFormer(flags)
	if err != nil {
		return err
	}
	in, found, err := a.inspect(args)
	if err != nil {
		return err
	}
	if err := a.report(found, func(string) []string { return in.loaded.Lines }); err != nil {
		return err
	}
	c, err := a.compiler()
	if err != nil {
		return err
	}
	p, err := c.Plan(in.farm)
	if err != nil {
		return failure(err, "")
	}
	o, err := a.keys(in, p, flags.renderFlags)
	if err != nil {
		return err
	}
	o.Waivers = in.waivers
	if former != nil && former.Name() != in.farm.Name {
		a.say("warning: the former output is of the farm %q, not %q", former.Name(), in.farm.Name)
	}
	about := ticketAbout(in)
	one, found, err := c.Ticket(p, compile.TicketInput{Loaded: in.loaded, Findings: found, Options: o, About: about, Former: former})
	if err != nil {
		return failure(fmt.Errorf("make the ticket: %w", err), "")
	}
	if err := a.report(found, c.Catalog.Lines); err != nil {
		return err
	}
	if changes := one.Request.Changes; changes != nil {
		if n := len(changes.Uncompared); n > 0 {
			a.say("%d file%s with a secret or its fingerprint cannot be compared", n, plural(n))
		}
		if !changes.Any() {
			a.say("nothing changed since %s: no change request was written", flags.since)
			return nil
		}
	}
	tree, err := one.Tree(about)
	if err != nil {
		return failure(fmt.Errorf("make the ticket: %w", err), "")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var sink artifact.Sink = artifact.Dir{Path: flags.output, Options: artifact.Options{Force: flags.force, Prune: flags.prune, Own: ticket.Writes}}
	if flags.dryRun {
		sink = artifact.DryRun{Path: flags.output, Options: artifact.Options{Force: flags.force, Prune: flags.prune, Own: ticket.Writes}}
	}
	report, err := sink.Write(ctx, tree, about)
	for _, p := range report.Restored {
		a.say("restored: %s", p)
	}
	if err != nil {
		var refused *artifact.RefusedError
		if errors.As(err, &refused) && len(refused.Blocked) == 0 {
			return failure(err, "--force overwrites")
		}
		return failure(err, "")
	}
	return a.ticketSummary(report, one.Request, flags)
}

// readFormer reads the manifest of --since; nil without the flag.
func readFormer(flags ticketFlags) (*ticket.Former, error) {
	if flags.since == "" {
		return nil, nil
	}
	before, err := os.Stat(flags.since)
	if err != nil {
		return nil, failure(fmt.Errorf("read the former output: %w", err), "")
	}
	if after, err := os.Stat(flags.output); err == nil && os.SameFile(before, after) {
		return nil, usage("--since and --output name the same folder: what changed would take the place of what it is compared with")
	}
	f, err := ticket.ReadFormer(flags.since)
	if err != nil {
		return nil, failure(fmt.Errorf("read the former output: %w", err), "name the output folder of a render or of a ticket without --since")
	}
	return f, nil
}

func ticketAbout(in *input) artifact.About {
	sum := sha256.Sum256(in.data)
	return artifact.About{
		Tool: Version, Redacted: true, Unsupported: in.farm.Stamp(),
		Topology: artifact.Topology{Name: in.farm.Name, SHA256: hex.EncodeToString(sum[:])},
	}
}

func (a *app) ticketSummary(r artifact.Report, request *ticket.Request, flags ticketFlags) error {
	did := "written to"
	if flags.dryRun {
		if err := a.listed(r); err != nil {
			return failure(fmt.Errorf("write what would be done: %w", err), "")
		}
		did = "would be written to"
	}
	a.say("%d files %s %s: %d new, %d changed, %d removed, %d as before", len(r.Created)+len(r.Updated)+len(r.Unchanged), did, flags.output,
		len(r.Created), len(r.Updated), len(r.Removed), len(r.Unchanged))
	redacted := 0
	for _, f := range request.Attachments {
		if !f.Real {
			redacted++
		}
	}
	a.say("%d file%s attached, %d of them redacted", len(request.Attachments), plural(len(request.Attachments)), redacted)
	if n := len(request.OwnTemplates); n > 0 {
		a.say("files come from %d template%s of your own, not from mbamplan; the ticket names them", n, plural(n))
	}
	for _, p := range r.Kept {
		a.say("no longer in the ticket, but edited by hand and kept: %s", p)
	}
	if !flags.dryRun {
		for _, p := range r.Removed {
			a.say("removed: %s", p)
		}
		a.say("begin with %s", filepath.Join(flags.output, "change-request.docx"))
	}
	return nil
}
