package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/evidence"
)

func (a *app) compareCommand() *cobra.Command {
	var flags evidenceFlags
	cmd := &cobra.Command{
		Use:   "compare DIR",
		Short: "Put the nodes of a farm side by side and name what drifted",
		Long: strings.TrimSpace(`
Compare reads the verify results that were collected from the servers (docs/evidence.md says how) and puts the web nodes
of each farm, the instances of each placement and the report servers side by side: what has to be the same, what exactly
one of them has, and what each has of its own. It changes nothing and asks no server.

Exit codes: 0 alike, 1 a collected file cannot be read, 2 usage, 3 failure, 4 not alike, or a node without a fresh check.`),
		Example: "  mbamplan compare collected --manifest out\n  mbamplan compare collected --manifest out --format json",
		Args:    oneFolder,
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := flags.choose("text", "json")
			if err != nil {
				return err
			}
			m, c, err := a.collected(args[0], flags)
			if err != nil {
				return err
			}
			r := evidence.Compare(m, c)
			write := r.WriteText
			if format == "json" {
				write = r.WriteJSON
			}
			if err := a.deliver(flags.output, write); err != nil {
				return err
			}
			if flags.output != "" {
				a.say("%s", diag.Visible(r.Headline()))
			}
			return judged(c, r.AsOne())
		},
	}
	flags.add(cmd, "text or json")
	return cmd
}
