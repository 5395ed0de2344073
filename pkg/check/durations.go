package check

import (
	"fmt"
	"slices"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// Durations of steps. Which steps there are is known to those who call Run.
var durationRules = []Rule{
	{
		Code: "MBP1961", Title: "a duration is that of a step", Severity: diag.Error, Sources: []string{"general-practice"},
		Why: "A duration is printed beside its step in the runbook and in the change ticket. One of a step that does not exist is printed " +
			"nowhere, and the window of the change is planned without it.",
		Fix:     "Write the folder of a step; mbamplan plan and docs/steps.md name them.",
		Example: Example{Edits: []string{"clients: {gpo", "durations: {web/enable-web-application: 20m}\nclients: {gpo"}},
		Find: func(c *Context) {
			for _, d := range c.File.Durations {
				if c.steps == nil || slices.Contains(c.steps, d.Step) {
					continue
				}
				fix := ""
				if near := diag.Suggest(d.Step, c.steps); near != "" {
					fix = fmt.Sprintf("did you mean %q?", near)
				}
				c.Report(decode.Child("durations", d.Step), fix, "no step is called %q", d.Step)
			}
		},
	},
}
