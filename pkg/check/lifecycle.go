package check

import "github.com/mbamplan/mbamplan/pkg/diag"

var lifecycleRules = []Rule{
	{
		Code: "MBP1901", Title: "Windows and SQL Server are in MBAM's support matrix", Severity: diag.Warning, Sources: []string{"mbam-supported"},
		Why: "Microsoft tested and listed certain versions of Windows Server and SQL Server. Others may work, but no " +
			"one answers for them; under change control that is a decision to be written down.",
		Fix:     "Use a listed version, or waive the finding with name, reason and date.",
		Example: Example{Edits: []string{`windows: "2019"`, `windows: "2022"`}},
		Only25:  true,
		Find: func(c *Context) {
			for _, h := range c.Hosts {
				if h.HasRole() && h.WindowsYear() > 2019 {
					c.Report(hostPath(h, "windows"), "use Windows Server 2019, or accept that Microsoft never listed it", "host %q runs Windows Server %s, which is outside MBAM's support matrix", h.Name, h.Windows)
				}
			}
			for _, i := range c.Instances {
				if i.Version > 2019 {
					c.Report(instancePath(i, "version"), "use SQL Server 2019, or accept that Microsoft never listed it", "instance %q is SQL Server %s, which is outside MBAM's support matrix", i.Name, i.VersionName)
				}
			}
		},
	},
}
