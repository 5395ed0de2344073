package check

import (
	"fmt"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// windowsFor are the first and the last Windows Server year on which a SQL Server version is supported (sql-windows; 2008 R2
// is not in that table and follows the versions' own pages).
func windowsFor(sql int) (first, last int) {
	switch {
	case sql <= 2008:
		return 2008, 2012
	case sql <= 2014:
		return 2008, 2019
	case sql == 2016:
		return 2012, 2019
	case sql == 2017:
		return 2012, 2022
	default:
		return 2016, 2025
	}
}

// What Windows and SQL Server have of each other, whichever product runs on them.
var supportRules = []Rule{
	{
		Code: "MBP1902", Title: "SQL Server runs on the Windows version of its servers", Severity: diag.Error, Sources: []string{"sql-windows"},
		Why: "SQL Server's set-up refuses a Windows version that is too old, so such a server cannot exist and the plan " +
			"has a wrong version in it; scripts are rendered by version. On a Windows version that is too new the " +
			"combination may run, but Microsoft does not support it: that is a warning.",
		Fix:     "Correct the version of Windows or of SQL Server.",
		Example: Example{Edits: []string{`windows: "2019"`, `windows: "2012 R2"`}},
		Find: func(c *Context) {
			one := func(h *farm.Host, path, what string, version int) {
				first, last := windowsFor(version)
				switch year := h.WindowsYear(); {
				case year < first:
					c.Report(path, "correct the version of Windows or of SQL Server", "%s runs on host %q with Windows Server %s; SQL Server %s needs at least Windows Server %s", what, h.Name, h.Windows, versionName(version), versionName(first))
				case year > last:
					c.Warn(path, "use a version that Microsoft supports there", "%s runs on host %q with Windows Server %s; Microsoft supports SQL Server %s up to Windows Server %s", what, h.Name, h.Windows, versionName(version), lastOf(last))
				}
			}
			for _, i := range c.Instances {
				for _, h := range i.Nodes {
					one(h, instancePath(i, "version"), fmt.Sprintf("instance %q", i.Name), i.Version)
				}
			}
			if c.Reporting != nil {
				for _, h := range c.Reporting.Hosts {
					one(h, "reports.version", "SSRS", c.Reporting.Version)
				}
			}
		},
	},
	{
		Code: "MBP1903", Title: "databases and reports run on an edition that MBAM supports", Severity: diag.Error, Sources: []string{"mbam-supported", "sql-editions"},
		Why: "MBAM's matrix lists Standard and Enterprise. Express has no SQL Server Agent, which fills the report data " +
			"and runs the backups, and its report server reads no database on another server. Developer and Evaluation " +
			"work as Enterprise does, but are not licensed for production, and Evaluation stops after 180 days: " +
			"that is a warning.",
		Fix:     "Use Standard or Enterprise; Express may only be the witness of a mirror.",
		Example: Example{Base: "fabrikam-mirrored.yaml", Edits: []string{"edition: Standard", "edition: Express"}},
		Find: func(c *Context) {
			one := func(path, what, name string) {
				switch name {
				case "Express":
					c.Report(path, "use Standard or Enterprise edition", "%s is Express edition, which has no SQL Server Agent and is not in MBAM's support matrix", what)
				case "Developer", "Evaluation":
					c.Warn(path, "use Standard or Enterprise edition in production", "%s is %s edition, which is not licensed for production", what, name)
				}
			}
			seen := map[*farm.Instance]bool{}
			for _, d := range c.Databases() {
				for _, i := range d.Placement.All() {
					if !seen[i] {
						seen[i] = true
						one(instancePath(i, "edition"), fmt.Sprintf("instance %q", i.Name), i.Edition)
					}
				}
			}
			if c.Reporting != nil {
				one("reports.edition", "SSRS", c.Reporting.Edition)
			}
		},
	},
	{
		Code: "MBP1904", Title: "what Server Core does not carry is not planned there", Severity: diag.Error, Sources: []string{"sql-core"},
		Why: "Reporting Services is not supported on Server Core in any version, and SQL Server 2008 R2 not at all: its " +
			"set-up refuses. Database engines from 2012 on, and web nodes, may run there.",
		Fix:     "Use an installation with Desktop Experience, or correct core.",
		Example: Example{Edits: []string{"RPT1: {site: HQ,", "RPT1: {core: true, site: HQ,"}},
		Find: func(c *Context) {
			for _, i := range c.Instances {
				for _, h := range i.Nodes {
					if h.Core && i.Version < 2012 {
						c.Report(hostPath(h, "core"), "use Desktop Experience or a newer SQL Server", "host %q is Server Core, on which SQL Server 2008 R2 does not run", h.Name)
					}
				}
			}
			for _, h := range c.Hosts {
				if h.Core && h.Reports() {
					c.Report(hostPath(h, "core"), "use Desktop Experience", "host %q is Server Core, on which Reporting Services does not run", h.Name)
				}
			}
		},
	},
}

// versionName writes the year of a version as the version is called.
func versionName(year int) string {
	if year == 2008 {
		return "2008 R2"
	}
	return fmt.Sprint(year)
}

// lastOf writes the year of the last supported Windows version.
func lastOf(year int) string {
	if year == 2012 {
		return "2012 R2"
	}
	return fmt.Sprint(year)
}
