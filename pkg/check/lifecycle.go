package check

import "github.com/mbamplan/mbamplan/pkg/diag"

var lifecycleRules = []Rule{
	{
		Code: "MBP1901", Title: "Windows and SQL Server are in MBAM's support matrix", Severity: diag.Warning, Sources: []string{"mbam-supported"}, Only25: true,
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
