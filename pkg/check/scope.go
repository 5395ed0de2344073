package check

import "github.com/mbamplan/mbamplan/pkg/diag"

// What this release renders. Everything else is refused by name, never rendered half.
var scopeRules = []Rule{
	{
		Code: "MBP1001", Title: "the release is one that mbamplan renders", Severity: diag.Error, Sources: []string{"mbam-supported"},
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
	{
		Code: "MBP1002", Title: "existing parts are ones that mbamplan can attach to", Severity: diag.Error, Sources: []string{"mbam-move"},
		Why: "Some parts can only be attached to in this version: database mirroring must have been set up, and a " +
			"database that holds keys already is not moved into a new group. Scripts that did half of such a move " +
			"could lose recovery keys.",
		Fix:     "Write existing: true for what is there already and build the rest by hand first.",
		Example: Example{Base: "fabrikam-mirrored.yaml", Edits: []string{"    existing: true\n", ""}},
		Find: func(c *Context) {
			for _, p := range c.Mirrors() {
				if !p.Existing {
					c.Report(placementPath(p, "kind"), "build the mirror first and write existing: true", "mirroring is not set up by this version: placement %q must exist", p.Name)
				}
			}
		},
	},
}
