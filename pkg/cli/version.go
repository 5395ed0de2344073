package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/topology"
)

// Version is set by the linker for releases.
var Version = "dev"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			revision := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = " " + s.Value
					}
				}
			}
			if _, err := fmt.Fprintf(a.Out, "mbamplan %s%s, topology schema %d, %s %s/%s\n", Version, revision, topology.SchemaVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH); err != nil {
				return failure(fmt.Errorf("write version: %w", err), "")
			}
			return nil
		},
	}
}
