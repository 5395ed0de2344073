package check

import "github.com/mbamplan/mbamplan/pkg/diag"

// What this release renders. Everything else is refused by name, never rendered half.
var scopeRules = []Rule{
	{
		Code: "MBP1001", Title: "the release is one that mbamplan renders", Severity: diag.Error, Firm: true, Sources: []string{"mbam-supported"},
		Covers: []string{"FN-38"},
		Why: "mbamplan renders the stand-alone topology. The topology integrated with Configuration Manager depends on " +
			"releases that are out of support. A plan for it would be half a plan, so there is none.",
		Fix:     "Plan the stand-alone topology.",
		Example: Example{Edits: []string{"  media:", "  mode: configurationManager\n  media:"}},
		Find: func(c *Context) {
			if c.MBAM.CM {
				c.Report("mbam.mode", "write standalone", "the Configuration Manager topology is not rendered: all its releases are out of support")
			}
		},
	},
}
