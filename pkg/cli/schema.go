package cli

import (
	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/schema"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a topology file",
		Long: "Schema prints the JSON Schema (Draft 2020-12) of a topology file, for editors that complete and check while one types.\n" +
			"The last word has mbamplan check, which also knows how values are spelled and the rules between them.",
		Example: "  mbamplan schema > topology.schema.json\n\n" +
			"and as the first line of the topology, for editors with the YAML language server:\n\n  # yaml-language-server: $schema=topology.schema.json",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := schema.Topology()
			if err != nil {
				return failure(err, "")
			}
			_, err = a.Out.Write(text)
			return written(err)
		},
	}
}
