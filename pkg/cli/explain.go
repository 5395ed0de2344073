package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/explain"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Say what a code of a finding means, with an example and the fix",
		Long: "Explain says why a finding matters, which document says so, what is wrong and right by an example, and how it is\n" +
			"mended. Without a code it lists all.",
		Example: "  mbamplan explain\n  mbamplan explain MBP1101",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("%s takes one code, found %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var out []cobra.Completion
			if len(args) == 0 {
				for _, about := range explain.Articles() {
					out = append(out, cobra.CompletionWithDesc(about.ID, about.Title))
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return written(explain.List(a.Out, explain.Articles()))
			}
			about, ok := explain.Find(args[0])
			if !ok {
				return unknownCode("", args[0])
			}
			c, err := a.compiler()
			if err != nil {
				return err
			}
			return written(about.Text(a.Out, c.Catalog.Sources))
		},
	}
}

// written turns an error of writing to standard output into a failure.
func written(err error) error {
	if err != nil {
		return failure(fmt.Errorf("write: %w", err), "")
	}
	return nil
}
