package check

import "github.com/mbamplan/mbamplan/pkg/diag"

var lifecycleRules = []Rule{
	{
		Code: "MBP1901", Title: "Windows and SQL Server are in MBAM's support matrix", Severity: diag.Warning, Sources: []string{"mbam-supported"},
		Covers: []string{"FN-C16", "G-22", "SQL-L37", "WIN-T08"},
		Why: "Microsoft tested and listed certain versions of Windows Server and SQL Server. Others may work, but no " +
			"one answers for them; under change control that is a decision to be written down.",
		Fix:     "Use a listed version, or waive the finding with name, reason and date.",
		Example: Example{Edits: []string{`windows: "2019"`, `windows: "2022"`}},
		Only25:  true,
		Find: func(c *Context) {
			// What 2.5 without Service Pack 1 stops at is inferred from its release notes; the matrix has one table for both.
			windows, sql := 2019, 2019
			if !c.MBAM.SP1() {
				windows, sql = 2012, 2014
			}
			for _, h := range c.Hosts {
				switch year := h.WindowsYear(); {
				case !h.HasRole():
				case year > 2019:
					c.Report(hostPath(h, "windows"), "use Windows Server 2019, or accept that Microsoft never listed it", "host %q runs Windows Server %s, which is outside MBAM's support matrix", h.Name, h.Windows)
				case year > windows:
					c.Report(hostPath(h, "windows"), "use MBAM 2.5 SP1, or Windows Server 2012 R2", "host %q runs Windows Server %s, which came after MBAM 2.5 without Service Pack 1", h.Name, h.Windows)
				}
			}
			for _, i := range c.Instances {
				switch {
				case i.Version <= 2019 && i.Version > sql:
					c.Report(instancePath(i, "version"), "use MBAM 2.5 SP1, or SQL Server 2014", "instance %q is SQL Server %s, which came after MBAM 2.5 without Service Pack 1", i.Name, i.VersionName)
				case i.Version > 2019:
					c.Report(instancePath(i, "version"), "use SQL Server 2019, or accept that Microsoft never listed it", "instance %q is SQL Server %s, which is outside MBAM's support matrix", i.Name, i.VersionName)
				}
			}
			switch r := c.Reporting; {
			case r == nil:
			case r.Version > 2019:
				c.Report("reports.version", "use SSRS 2019, or accept that Microsoft never listed it", "the reports run on SSRS %d, which is outside MBAM's support matrix", r.Version)
			case r.Version > sql:
				c.Report("reports.version", "use MBAM 2.5 SP1, or SSRS 2014", "the reports run on SSRS %d, which came after MBAM 2.5 without Service Pack 1", r.Version)
			}
		},
	},
}
