package cli

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show [FILE]",
		Short:   "Print every value of the resolved topology and where it came from",
		Long:    "Show prints the fully resolved topology: every value with the line that it stands in, or the default and its reason.",
		Example: "  mbamplan show farm.yaml",
		Args:    fileArg,
		RunE: func(_ *cobra.Command, args []string) error {
			in, err := a.load(args)
			if err != nil {
				return err
			}
			w := bufio.NewWriter(a.Out)
			decode.Walk(in.loaded.File, in.loaded.Origins, func(path, value string, o decode.Origin) {
				if value == "" && o.Pos.Line == 0 && o.Default == "" {
					return
				}
				from := fmt.Sprintf("line %d", o.Pos.Line)
				if o.Default != "" {
					from = "default: " + o.Default
				}
				fmt.Fprintf(w, "%-58s # %s\n", path+": "+diag.Visible(value), from)
			})
			if err := w.Flush(); err != nil {
				return failure(fmt.Errorf("write: %w", err), "")
			}
			return nil
		},
	}
}
