package cli

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

func (a *app) renderCommand() *cobra.Command {
	var out string
	var redact bool
	cmd := &cobra.Command{
		Use: "render [FILE]", Short: "Write everything to run", Args: fileArg,
		RunE: func(_ *cobra.Command, args []string) error {
			_, p, c, err := a.plan(args)
			if err != nil {
				return err
			}
			o := render.Options{Redacted: redact, Secrets: secrets.Redacted()}
			if !redact {
				if o.Secrets, err = secrets.New(rand.Reader); err != nil {
					return failure(err, "")
				}
			}
			t, found, err := c.Tree(p, o)
			if err != nil {
				return failure(err, "")
			}
			if err := a.report(found, c.Catalog.Lines); err != nil {
				return err
			}
			for _, f := range t.Files() {
				to := filepath.Join(out, filepath.FromSlash(f.Path))
				if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(to, f.Data, 0o644); err != nil {
					return err
				}
			}
			a.say("%d files", len(t.Files()))
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "out", "output folder")
	cmd.Flags().BoolVar(&redact, "redact", false, "replace the machine key by placeholders")
	return cmd
}

func (a *app) secretsCommand() *cobra.Command {
	return &cobra.Command{Use: "secrets", Short: "Manage the secrets file"}
}
