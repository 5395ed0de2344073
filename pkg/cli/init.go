package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/preset"
)

type initFlags struct {
	preset  string
	answers string
	output  string
	schema  string
	list    bool
	force   bool
}

func (a *app) initCommand() *cobra.Command {
	var flags initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a topology to start from",
		Long: strings.TrimSpace(`
Init writes a commented topology that passes check. It starts from a preset, one of the built-in examples, and asks for
what has no good default: names, addresses, accounts. Nothing is written before the last answer, nor when the answers do
not fit together.

With --preset or --answers it asks nothing. A file of answers is a YAML mapping of the names that the prompts show, which
are the paths that show prints, to values; preset: names the preset, an empty value leaves out what may be left out:

  preset: contoso-alwayson
  domain.dns: corp.fabrikam.com
  hosts.SQL1: DB01
  hosts.SQL1.address: 10.4.0.11/24

What is not answered keeps the preset's value, with the new names in it; init says which of these are only examples.
--list shows the presets, and with --preset a file of answers with the preset's own values.`),
		Example: "  mbamplan init -o farm.yaml\n  mbamplan init --list\n  mbamplan init --preset contoso-alwayson -o farm.yaml\n  mbamplan init --answers answers.yaml -o farm.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.init(cmd.Context(), flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.preset, "preset", "", "preset to start from; asks nothing")
	f.StringVar(&flags.answers, "answers", "", "file of answers, - for standard input; asks nothing")
	f.StringVarP(&flags.output, "output", "o", "farm.yaml", "file to write, - for standard output")
	f.StringVar(&flags.schema, "schema", "", "path or URL of the JSON Schema, for a first line that editors read")
	f.BoolVar(&flags.list, "list", false, "list the presets, or with --preset its answers")
	f.BoolVar(&flags.force, "force", false, "overwrite an existing file")
	return cmd
}

func (a *app) init(ctx context.Context, flags initFlags) error {
	presets, err := preset.Load(examples.FS)
	if err != nil {
		return failure(err, "")
	}
	if flags.list {
		return a.listPresets(presets, flags.preset)
	}
	if flags.output == "" {
		return usage("--output names no file")
	}
	if strings.ContainsAny(flags.schema, "\r\n") {
		return usage("--schema has a line break")
	}
	if err := a.mayWrite(flags); err != nil {
		return err
	}
	if flags.preset == "" && flags.answers == "" {
		return a.initByPrompts(ctx, presets, flags)
	}
	return a.initByAnswers(presets, flags)
}

func (a *app) initByPrompts(ctx context.Context, presets []*preset.Preset, flags initFlags) error {
	// Prompts go to standard error, so that -o - prints the topology alone.
	prompter := preset.NewPrompter(a.In, a.Err)
	chosen, err := prompter.Choose(ctx, presets)
	var answers preset.Answers
	for err == nil {
		answers, err = prompter.Ask(ctx, chosen, answers)
		if err != nil {
			break
		}
		text := chosen.Apply(answers, options(flags))
		if a.checked(text, flags) == nil {
			return a.writeTopology(text, flags)
		}
		a.say("the answers do not fit together; Enter keeps an answer")
	}
	if errors.Is(err, preset.ErrEnded) {
		return failure(fmt.Errorf("%w; nothing was written", err), "--answers reads them from a file")
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.Err)
		return failure(errors.New("interrupted; nothing was written"), "")
	}
	return failure(err, "")
}

func (a *app) initByAnswers(presets []*preset.Preset, flags initFlags) error {
	file := &preset.AnswerFile{}
	lines := func(string) []string { return file.Lines() }
	if flags.answers != "" {
		data, err := a.readAnswers(flags.answers)
		if err != nil {
			return err
		}
		var found diag.List
		file, found = preset.ParseAnswers(flags.answers, data)
		if err := a.report(found, lines); err != nil {
			return err
		}
	}
	chosen, found := file.Preset(flags.preset, presets)
	if chosen == nil && flags.answers == "" {
		return &codedError{code: ExitUsage, err: errors.New(found[0].Message), hint: found[0].Fix}
	}
	if err := a.report(found, lines); err != nil {
		return err
	}
	answers, found := file.Answers(chosen)
	if err := a.report(found, lines); err != nil {
		return err
	}
	text := chosen.Apply(answers, options(flags))
	if err := a.checked(text, flags); err != nil {
		return err
	}
	if err := a.writeTopology(text, flags); err != nil {
		return err
	}
	open := chosen.Unanswered(answers)
	switch {
	case flags.answers == "":
		a.say("its names, addresses and accounts are the preset's; change them, or run mbamplan init without --preset to be asked")
	case len(open) > 0:
		a.say("not answered, so still the preset's own (change them before you render):")
		for _, q := range open {
			fmt.Fprintf(a.Err, "  %s\n", diag.Visible(q.Path))
		}
	}
	return nil
}

func (a *app) readAnswers(path string) ([]byte, error) {
	var from io.Reader = a.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, failure(fmt.Errorf("read answers: %w", err), "")
		}
		defer f.Close()
		from = f
	}
	data, err := io.ReadAll(io.LimitReader(from, maxFile))
	if err != nil {
		return nil, failure(fmt.Errorf("read answers %s: %w", path, err), "")
	}
	return data, nil
}

func options(flags initFlags) preset.Options {
	o := preset.Options{Schema: flags.schema}
	if flags.output != "-" {
		o.File = filepath.Base(flags.output)
	}
	return o
}

// checked checks a topology before it is written.
func (a *app) checked(text []byte, flags initFlags) error {
	loaded, _, found := compile.Topology(flags.output, text)
	return a.report(found, func(string) []string { return loaded.Lines })
}

// mayWrite refuses an existing file before a person has typed thirty answers.
func (a *app) mayWrite(flags initFlags) error {
	if flags.output == "-" {
		return nil
	}
	info, err := os.Lstat(flags.output)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return failure(fmt.Errorf("write topology: %w", err), "")
	case !info.Mode().IsRegular():
		return failure(fmt.Errorf("write topology %s: something is there that is no regular file", flags.output), "")
	case !flags.force:
		return failure(fmt.Errorf("%s exists already", flags.output), "-o names another file, --force overwrites")
	}
	return nil
}

// writeTopology writes the file as a whole or not at all.
func (a *app) writeTopology(text []byte, flags initFlags) error {
	if flags.output == "-" {
		if _, err := a.Out.Write(text); err != nil {
			return failure(fmt.Errorf("write topology: %w", err), "")
		}
		return nil
	}
	if err := a.mayWrite(flags); err != nil {
		return err
	}
	if err := replaceFile(flags.output, text, flags.force); err != nil {
		return failure(err, "")
	}
	a.say("wrote %s; mbamplan plan %s shows who does what", flags.output, flags.output)
	return nil
}

// replaceFile writes a new file, or with force replaces one.
func replaceFile(path string, text []byte, force bool) error {
	to := path
	if force {
		to += ".new"
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write topology: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close())
	if err == nil && force {
		err = os.Rename(to, path)
	}
	if err != nil {
		return fmt.Errorf("write topology %s: %w", path, errors.Join(err, os.Remove(to)))
	}
	return nil
}

func (a *app) listPresets(presets []*preset.Preset, name string) error {
	if name != "" {
		chosen, found := (&preset.AnswerFile{}).Preset(name, presets)
		if chosen == nil {
			return &codedError{code: ExitUsage, err: errors.New(found[0].Message), hint: found[0].Fix}
		}
		if _, err := a.Out.Write(chosen.Template()); err != nil {
			return failure(fmt.Errorf("write answers: %w", err), "")
		}
		return nil
	}
	for _, p := range presets {
		fmt.Fprintln(a.Out, p.Name)
		for _, l := range preset.Wrap(p.About, 76) {
			fmt.Fprintf(a.Out, "    %s\n", l)
		}
	}
	return nil
}
