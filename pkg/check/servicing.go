package check

import (
	"fmt"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// lastDay is the day on which Microsoft's extended support ended, for the versions that ended before MBAM's own in April
// 2026, by the year in the name; R2 of Windows Server 2012 ended with it (win-lifecycle, sql-lifecycle). Later versions
// are not listed.
var (
	lastDayWindows = map[int]string{2008: "14 January 2020", 2012: "10 October 2023"}
	lastDaySQL     = map[int]string{2008: "9 July 2019", 2012: "12 July 2022", 2014: "9 July 2024"}
)

// lastMVC is the last version of the server software that needs ASP.NET MVC 4: October 2020 (mbam-prerequisites).
const lastMVC = "2.5.1152.0"

// What is still mended, and which servicing release the rest of the plan needs.
var servicingRules = []Rule{
	{
		Code: "MBP1905", Title: "Windows and SQL Server are mended for as long as MBAM was", Severity: diag.Warning, Sources: []string{"win-lifecycle", "sql-lifecycle", "mbam-lifecycle"},
		Why: "Extended support of MBAM 2.5 ended in April 2026. Windows Server 2008 R2 ended on 14 January 2020, 2012 and 2012 R2 on 10 " +
			"October 2023; SQL Server 2008 R2 on 9 July 2019, 2012 on 12 July 2022, 2014 on 9 July 2024. 2.5 SP1 also runs on Windows " +
			"Server 2016 (until January 2027) and 2019 (January 2029) and on SQL Server 2016 (July 2026), 2017 (October 2027) and 2019 " +
			"(January 2030); a server that holds recovery keys should get the mends of its system. MBAM 2.5 without Service Pack 1 and " +
			"2.0 know no later system, so they are not judged.",
		Fix:     "Use Windows Server 2019 and SQL Server 2019, or waive it with the date of the move or the contract for extended updates.",
		Example: Example{Edits: []string{`windows: "2019"`, `windows: "2012 R2"`, `version: "2019"`, `version: "2014"`}},
		Only25:  true,
		Find: func(c *Context) {
			if !c.MBAM.SP1() {
				return
			}
			for _, h := range c.Hosts {
				if day := lastDayWindows[h.WindowsYear()]; day != "" && h.HasRole() {
					c.Report(hostPath(h, "windows"), "use Windows Server 2016 or 2019", "host %q runs Windows Server %s, which has had no mends since %s", h.Name, h.Windows, day)
				}
			}
			for _, i := range c.Instances {
				if day := lastDaySQL[i.Version]; day != "" {
					c.Report(instancePath(i, "version"), "use SQL Server 2016, 2017 or 2019", "instance %q is SQL Server %s, which has had no mends since %s", i.Name, i.VersionName, day)
				}
			}
			if r := c.Reporting; r != nil && lastDaySQL[r.Version] != "" {
				c.Report("reports.version", "use SSRS 2016, 2017 or 2019", "the reports run on SSRS %s, which has had no mends since %s", versionName(r.Version), lastDaySQL[r.Version])
			}
		},
	},
	{
		Code: "MBP1906", Title: "the servicing release is named and fits the plan", Severity: diag.Error, Sources: []string{"mbam-deploy", "mbam-move", "mbam-prerequisites", "mbam-hotfix"},
		Covers: []string{"FN-V5"},
		Why: "The set-up of 2.5 SP1 alone takes no SQL Server later than 2014: it calls 2016 unsupported before the servicing release of " +
			"March 2017, and 2017 before that of July 2018. ASP.NET MVC 4 is needed up to October 2020 (2.5.1152.0). And the install " +
			"script must know the version that an update brings, or nobody can tell whether it is there.",
		Fix:     "Name the latest servicing release with its version and its installer.",
		Example: Example{Edits: []string{"  servicing: \"2.5.1152.0\"                              # October 2020; the same on every server\n", ""}},
		Only25:  true,
		Find: func(c *Context) {
			m := c.MBAM
			newest, what := 0, ""
			for _, i := range c.Instances {
				if len(c.DatabasesOn(i)) > 0 && i.Version > newest {
					newest, what = i.Version, fmt.Sprintf("instance %q", i.Name)
				}
			}
			if r := c.Reporting; r != nil && r.Version > newest {
				newest, what = r.Version, "SSRS"
			}
			switch {
			case m.Update != "" && m.Servicing == "":
				c.Report("mbam.update", "add servicing: with the version that it brings", "update: names a servicing release without its version, so that nobody can tell whether it is installed")
			case m.SP1() && m.Servicing == "" && newest >= 2016:
				c.Warn("mbam", "add servicing:", "no servicing release is planned, and %s is SQL Server %d, which the set-up of 2.5 SP1 alone calls unsupported", what, newest)
			case m.SP1() && m.Servicing != "" && !m.Newer(m.Base()) && newest >= 2016:
				c.Report("mbam.servicing", "plan a later servicing release", "server software %s is that of the set-up, which calls SQL Server %d (%s) unsupported", m.Servicing, newest, what)
			case m.SP1() && m.Media != "" && m.Update == "" && m.Newer(m.Base()):
				c.Warn("mbam.servicing", "add update: with the installer of the servicing release", "media: installs %s, and no update: brings it to %s: the install stops until somebody does that by hand", m.Base(), m.Servicing)
			}
			if !m.MVC4 && !m.Newer(lastMVC) && (m.Servicing != "" || !m.SP1()) {
				c.Report("mbam.mvc4", "leave mvc4 out", "mvc4: notNeeded, and server software %s still needs it; releases after %s do not", m.Servicing, lastMVC)
			}
		},
	},
}
