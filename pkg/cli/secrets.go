package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/secrets"
)

func (a *app) secretsCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "secrets",
		Short: "Make, rotate or fingerprint the farm's secrets file",
		Long:  "The secrets file holds the machine key that all web nodes of a farm share, and the key under which nodes are compared.\nRender makes it when it is missing. No command prints a secret.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&path, "secrets", "", "secrets file; default: named in the topology, else beside it")
	file := func(args []string) (string, *input, error) {
		in, err := a.load(args)
		if err != nil {
			return "", nil, err
		}
		return secretsPath(in, path, "out"), in, nil
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "new [FILE]", Short: "Make the secrets file; refuse when it exists", Args: fileArg,
			RunE: func(_ *cobra.Command, args []string) error { return a.newSecrets(file, args, false) },
		},
		&cobra.Command{
			Use: "rotate [FILE]", Short: "Replace the machine key by a new one", Args: fileArg,
			Long: "Rotate replaces machine key and compare key. Afterwards render again and run step web/machine-key on every node in one\nwindow: a farm with two keys fails for users who change nodes. The old key is gone.",
			RunE: func(_ *cobra.Command, args []string) error { return a.newSecrets(file, args, true) },
		},
		&cobra.Command{
			Use: "fingerprint [FILE]", Short: "Print the fingerprint of the machine key", Args: fileArg,
			RunE: func(_ *cobra.Command, args []string) error {
				p, _, err := file(args)
				if err != nil {
					return err
				}
				f, err := secrets.Load(p)
				if err != nil {
					return failure(err, "mbamplan secrets new makes one")
				}
				if _, err := fmt.Fprintln(a.Out, f.Fingerprint()); err != nil {
					return failure(fmt.Errorf("write fingerprint: %w", err), "")
				}
				return nil
			},
		},
	)
	return cmd
}

func (a *app) newSecrets(file func([]string) (string, *input, error), args []string, rotate bool) error {
	p, in, err := file(args)
	if err != nil {
		return err
	}
	if rotate {
		if _, err := secrets.Load(p); err != nil {
			return failure(err, "rotate replaces an existing file; mbamplan secrets new makes one")
		}
	}
	f, err := secrets.New(rand.Reader)
	if err != nil {
		return failure(err, "")
	}
	err = secrets.Save(p, f, secrets.SaveOptions{Name: in.farm.Name, Overwrite: rotate})
	if errors.Is(err, fs.ErrExist) {
		return failure(fmt.Errorf("%s exists already", p), "mbamplan secrets rotate replaces the key in it")
	}
	if err != nil {
		return failure(err, "")
	}
	a.say("wrote %s, fingerprint %s", p, f.Fingerprint())
	return nil
}
