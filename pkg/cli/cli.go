// Package cli is the command line: commands, flags, messages and exit codes. It wires the other packages and decides
// nothing of the domain.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// Exit codes are stable; scripts may rely on them.
const (
	ExitOK         = 0
	ExitProblems   = 1 // problems in the topology, an overlay or a collected file
	ExitUsage      = 2 // wrong command line
	ExitFailure    = 3 // the machine: unreadable input, unwritable output, interrupted
	ExitDifference = 4 // --diff found differences, a report deviations, or a gate of impact --fail-on is broken
)

// Stdio is what a run talks to.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
	// Now tells the time, by which waivers expire; nil is the clock of the machine. Nothing that is rendered depends on it.
	Now func() time.Time
}

// codedError ends a run with an exit code. A silent one has been told already.
type codedError struct {
	code   int
	err    error
	hint   string
	silent bool
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &codedError{code: ExitUsage, err: fmt.Errorf(format, args...)}
}

func failure(err error, hint string) error {
	return &codedError{code: ExitFailure, err: err, hint: hint}
}

var errSilent = errors.New("already reported")

func exit(code int) error { return &codedError{code: code, err: errSilent, silent: true} }

// Main runs the command line and returns the exit code.
func Main(args []string, stdio Stdio) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &app{Stdio: stdio}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdio.In)
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	var coded *codedError
	if !errors.As(err, &coded) {
		coded = &codedError{code: ExitUsage, err: err, hint: "mbamplan --help lists commands and flags"}
	}
	if errors.Is(err, context.Canceled) {
		coded = &codedError{code: ExitFailure, err: errors.New("interrupted; the previous output is as it was")}
	}
	if !coded.silent {
		lines := []string{coded.err.Error()}
		if refused := (*artifact.RefusedError)(nil); errors.As(coded.err, &refused) {
			lines = refused.Lines()
		}
		fmt.Fprintf(stdio.Err, "mbamplan: error: %s\n", diag.Visible(lines[0]))
		for _, line := range lines[1:] {
			fmt.Fprintf(stdio.Err, "mbamplan: %s\n", diag.Visible(line))
		}
		if coded.hint != "" {
			fmt.Fprintf(stdio.Err, "mbamplan: hint: %s\n", coded.hint)
		}
	}
	return coded.code
}

// app carries what all commands share.
type app struct {
	Stdio
	templates string // --templates
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "mbamplan",
		Short: "Plan a highly available MBAM farm and render everything its people run",
		Long: strings.TrimSpace(`
mbamplan reads one file that describes the planned BitLocker (MBAM) farm and gives each
person exactly what to run, on which server, in which order, with the proof that it
worked and the way back.

Without a file, check, plan, impact, show, render and ticket use the built-in example.`),
		Example: strings.Join([]string{
			"  mbamplan render -o out                 the built-in example",
			"  mbamplan check farm.yaml               what is wrong with the plan",
			"  mbamplan plan farm.yaml --by server    who does what, in which order",
			"  mbamplan render farm.yaml -o out       everything to run",
			"  mbamplan impact farm.yaml              what fails when a part fails",
		}, "\n"),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &codedError{code: ExitUsage, err: err, hint: cmd.CommandPath() + " --help lists the flags"}
	})
	root.PersistentFlags().StringVar(&a.templates, "templates", "", "folder laid over the built-in step catalogue")
	root.AddCommand(
		a.initCommand(), a.checkCommand(), a.explainCommand(), a.schemaCommand(), a.planCommand(), a.renderCommand(), a.impactCommand(), a.showCommand(),
		a.ticketCommand(), a.reportCommand(), a.compareCommand(), a.secretsCommand(), a.versionCommand(),
	)
	return root
}

func (a *app) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

// say prints a line for people to standard error, so that standard output stays what was asked for.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.Err, "mbamplan: "+format+"\n", args...)
}
