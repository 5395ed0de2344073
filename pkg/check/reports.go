package check

import (
	"net/url"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// noWebService reports whether an address of a report server is that of its portal, or of one of its services.
func noWebService(u *url.URL) bool {
	p := strings.ToLower(u.Path)
	return strings.HasSuffix(p, ".asmx") || strings.HasPrefix(p, "/reports") && !strings.HasPrefix(p, "/reportserver")
}

// Reporting Services: its instance and its address. What reports share with the web farm is in web.go, shapes in shapes.go.
var reportRules = []Rule{
	{
		Code: "MBP1421", Title: "the SSRS instance is one that the version has", Severity: diag.Error, Sources: []string{"ssrs-install"},
		Covers: []string{"G-19"},
		Why: "From 2017 on Reporting Services is a product of its own whose one instance is called SSRS. A name that was right for an " +
			"older version is found nowhere: the reports cannot be enabled, and neither service nor URL is what the plan says.",
		Fix:     "Leave instance out, or correct the version of the reports.",
		Example: Example{Edits: []string{"reports: RPT1\n", "reports: {hosts: RPT1, instance: MSSQLSERVER}\n"}},
		Find: func(c *Context) {
			if r := c.Reporting; r != nil && r.Version >= 2017 && !strings.EqualFold(r.Instance, "SSRS") {
				c.Report("reports.instance", "leave instance out", "SSRS instance %q: Reporting Services %d has one instance, which is called SSRS", r.Instance, r.Version)
			}
		},
	},
	{
		Code: "MBP1422", Title: "the reports' URL ends in the virtual directory of its instance", Severity: diag.Warning, Sources: []string{"mbam-reports", "ssrs-install"},
		Covers: []string{"FN-37"},
		Why: "The Web Service URL ends in ReportServer, for a named instance up to 2016 in ReportServer, an underscore and its name. " +
			"Another ending is right only where somebody changed the virtual directory; anything behind it breaks the links that " +
			"MBAM builds from the URL.",
		Fix:     "Leave url out, or copy the Web Service URL from Report Server Configuration Manager.",
		Example: Example{Edits: []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"https://rpt1.contoso.com/ReportServer_MBAM\"}\n"}},
		Find: func(c *Context) {
			r := c.Reporting
			if r == nil {
				return
			}
			u, err := url.Parse(r.URL)
			if err != nil || noWebService(u) {
				return
			}
			want := "ReportServer"
			if r.Version < 2017 && !strings.EqualFold(r.Instance, "MSSQLSERVER") {
				want += "_" + r.Instance
			}
			switch {
			case u.RawQuery != "" || u.Fragment != "":
				c.Report("reports.url", "end it in /"+want, "the reports' URL %q has something behind the virtual directory", r.URL)
			case !strings.EqualFold(strings.Trim(u.Path, "/"), want):
				c.Report("reports.url", "end it in /"+want+", unless the virtual directory was changed", "the reports' URL %q does not end in %q, the virtual directory of instance %q", r.URL, want, r.Instance)
			}
		},
	},
	{
		Code: "MBP1423", Title: "the reports have a host name of their own", Severity: diag.Error, Sources: []string{"mbam-spn", "ssrs-install"},
		Why: "http/ and the virtual host name belong to the application pool account, and the name leads to the web nodes. Reports " +
			"under the same name are looked for where there are none; on web nodes that are report servers too, their tickets are made " +
			"for the wrong account, and users are asked for a password.",
		Fix:     "Name the report server, or a name of its own that leads to it.",
		Example: Example{Edits: []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"https://mbam.contoso.com/ReportServer\"}\n"}},
		Find: func(c *Context) {
			if c.Reporting == nil {
				return
			}
			u, err := url.Parse(c.Reporting.URL)
			if err != nil {
				return
			}
			for i, w := range c.Webs {
				if w.NamesNode(c.Domain) || !strings.EqualFold(c.fqdn(u.Hostname()), w.VirtualFQDN(c.Domain)) {
					continue
				}
				if slices.ContainsFunc(w.Nodes, func(n *farm.Node) bool { return n.Host.Reporting == nil }) {
					c.ReportAt("reports.url", "name the report server", webPath(i, "host"), "the virtual host", "the reports' URL %q has the virtual host name of farm %q, which leads to web nodes without reports", c.Reporting.URL, w.Name)
				} else {
					c.Warn("reports.url", "give the reports a name of their own", "the reports' URL %q has the virtual host name of farm %q, whose tickets are made for the application pool account", c.Reporting.URL, w.Name)
				}
			}
		},
	},
}
