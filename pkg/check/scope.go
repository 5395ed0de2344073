package check

import "github.com/mbamplan/mbamplan/pkg/diag"

// What this release renders. Everything else is refused by name, never rendered half.
var scopeRules = []Rule{
	{
		Code: "MBP1001", Title: "the release is one that mbamplan renders", Severity: diag.Error, Sources: []string{"mbam20-ha", "mbam-supported"},
		Find: func(c *Context) {
			if c.MBAM.Release == "2.0" {
				c.Report("mbam.release", "write 2.5 SP1, the last release", "MBAM 2.0 is not rendered by this version: its document describes no high availability")
			}
			if c.MBAM.CM {
				c.Report("mbam.mode", "write standalone", "the Configuration Manager topology is not rendered: all its releases are out of support")
			}
		},
	},
	{
		Code: "MBP1002", Title: "existing parts are ones that mbamplan can attach to", Severity: diag.Error, Sources: []string{"mbam-move"},
		Find: func(c *Context) {
			for _, p := range c.Groups() {
				for _, d := range p.Databases {
					if d.Existing && !p.Existing {
						c.Report("databases."+d.Key+".existing", "leave it out for a new database, or mark the group existing too",
							"moving the existing database %q into a new group is not rendered by this version", d.Name)
					}
				}
			}
		},
	},
}
