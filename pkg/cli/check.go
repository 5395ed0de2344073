package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/explain"
)

type checkFlags struct {
	format   string
	severity string
	only     []string
	ignore   []string
}

func (a *app) checkCommand() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say what is wrong with a topology",
		Long: strings.TrimSpace(`
Check reads a topology and prints every finding with its place, the likely fix and a stable code. mbamplan explain says
what a code means. Text goes to standard error, every other format to standard output.

--only, --ignore and --severity choose what is shown and counted here; render, plan and show look at everything. Errors
that keep the topology from being read or resolved (MBP0101 to MBP0499) are always shown. To accept a finding for all
commands, write a waiver into the topology.

Exit codes: 0 no error, 1 an error, 2 usage, 3 failure.`),
		Example: "  mbamplan check farm.yaml\n  mbamplan check farm.yaml --format sarif > farm.sarif\n  mbamplan check farm.yaml --severity error --ignore MBP1405",
		Args:    fileArg,
		RunE:    func(_ *cobra.Command, args []string) error { return a.check(args, flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.format, "format", diag.FormatText, strings.Join(diag.Formats(), ", "))
	f.StringVar(&flags.severity, "severity", diag.Note.String(), "least severity that is shown: error, warning or note")
	f.StringSliceVar(&flags.only, "only", nil, "codes of the rules that are looked at, separated by commas")
	f.StringSliceVar(&flags.ignore, "ignore", nil, "codes that are left out, separated by commas")
	return cmd
}

func (a *app) check(args []string, flags checkFlags) error {
	choice, err := newChoice(flags)
	if err != nil {
		return err
	}
	in, found, err := a.inspect(args)
	if err != nil {
		return err
	}
	shown, left := choice.apply(found)
	root, err := os.Getwd()
	if err != nil {
		root = "" // only the names of files outside the folder depend on it
	}
	r := diag.Report{
		Version: Version, Files: []string{in.loaded.Name}, List: shown, Lines: func(string) []string { return in.loaded.Lines },
		Rule: explain.Rules(), Root: root,
	}
	w := a.Out
	if flags.format == diag.FormatText {
		w, r.Color = a.Err, colour(a.Err)
	}
	if err := diag.Write(w, flags.format, r); err != nil {
		return failure(fmt.Errorf("write findings: %w", err), "")
	}
	if len(left) > 0 {
		a.say("%d finding%s left out, %d of them error%s; other commands leave none out", len(left), plural(len(left)), left.Errors(), plural(left.Errors()))
	}
	if shown.Errors() > 0 {
		a.refuse(shown)
		return exit(ExitProblems)
	}
	a.say("%s: no errors", in.loaded.Name)
	return nil
}

// choice is what --severity, --only and --ignore ask for.
type choice struct {
	least        diag.Severity
	only, ignore map[string]bool
}

func newChoice(flags checkFlags) (choice, error) {
	var c choice
	if !slices.Contains(diag.Formats(), flags.format) {
		return c, usage("--format takes %s, found %q", strings.Join(diag.Formats(), ", "), flags.format)
	}
	switch flags.severity {
	case diag.Error.String():
		c.least = diag.Error
	case diag.Warning.String():
		c.least = diag.Warning
	case diag.Note.String():
		c.least = diag.Note
	default:
		return c, usage("--severity takes error, warning or note, found %q", flags.severity)
	}
	var err error
	if c.only, err = codes("--only", flags.only); err != nil {
		return c, err
	}
	if c.ignore, err = codes("--ignore", flags.ignore); err != nil {
		return c, err
	}
	for _, id := range slices.Sorted(maps.Keys(c.ignore)) {
		if about, ok := explain.Find(id); ok && vital(id, about.Severity) {
			return c, usage("--ignore %s: without what it asks for nothing can be planned", id)
		}
	}
	return c, nil
}

// codes reads a list of codes in any case.
func codes(flag string, list []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range list {
		about, ok := explain.Find(strings.TrimSpace(id))
		if !ok {
			return nil, unknownCode(flag+": ", id)
		}
		out[about.ID] = true
	}
	return out, nil
}

func unknownCode(where, id string) error {
	hint := "mbamplan explain lists the codes"
	if near := explain.Near(id); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return &codedError{code: ExitUsage, err: fmt.Errorf("%sno code %q", where, id), hint: hint}
}

// vital reports whether a finding keeps the topology from being read or resolved.
func vital(code string, severity diag.Severity) bool {
	return severity == diag.Error && strings.HasPrefix(code, "MBP0")
}

// apply splits findings into those that are shown and those that are left out.
func (c choice) apply(found diag.List) (shown, left diag.List) {
	for _, d := range found {
		wanted := d.Severity <= c.least && !c.ignore[d.Code] && (len(c.only) == 0 || c.only[d.Code])
		if wanted || vital(d.Code, d.Severity) {
			shown = append(shown, d)
		} else {
			left = append(left, d)
		}
	}
	return shown, left
}
