package check

import (
	"fmt"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// MBAM 2.0: what its documents say, and no more.
var mbam20Rules = []Rule{
	{
		Code: "MBP1701", Title: "MBAM 2.0 is planned as its documents support it", Severity: diag.Error, Sources: []string{"mbam20-ha", "mbam20-supported"},
		Covers: []string{"FN-55", "FN-C18", "HA-1", "HA-28", "HA-54", "G-26"},
		Why: "The documents of MBAM 2.0 support its databases on a stand-alone SQL Server only, and its document on high " +
			"availability describes no scenario. What works for 2.5 is missing there: setup has no place for a listener or a " +
			"failover partner, access is given through local groups of one server, and the websites know only their own name.",
		Fix:     "Plan stand-alone servers, or MBAM 2.5 SP1; mbam.acceptUnsupported renders it with a stamp in every file.",
		Example: Example{Base: "mbam20-two-servers.yaml", Edits: []string{"      nodes: MBAMWEB\n", "      nodes: [MBAMWEB, MBAMDB]\n      balancer: {kind: external, address: 10.20.0.60/24}\n", "host: mbamweb.tailspin.com ", "host: mbam.tailspin.com "}},
		Find: func(c *Context) {
			accepted := c.File.MBAM.Accept20
			parts := c.Unsupported()
			for _, p := range parts {
				if accepted {
					c.Warn(p.Path, "plan stand-alone servers, or use MBAM 2.5 SP1", "MBAM 2.0 with %s is acknowledged: every file is stamped UNSUPPORTED", p.What)
					continue
				}
				c.Report(p.Path, "plan stand-alone servers, use MBAM 2.5 SP1, or acknowledge with mbam.acceptUnsupported: true",
					"MBAM 2.0 does not support %s: its databases are installed on a stand-alone SQL Server, without clustering, mirroring or availability groups, and its document on high availability describes no such scenario", p.What)
			}
			if accepted && len(parts) == 0 {
				c.Warn("mbam.acceptUnsupported", "remove it", "nothing in the plan is unsupported")
			}
		},
	},
	{
		Code: "MBP1702", Title: "MBAM 2.0 is given only what its setup can do", Severity: diag.Error, Sources: []string{"mbam20-command-line", "mbam20-move", "mbam20-security"},
		Covers: []string{"FN-C18"},
		Why: "Setup of MBAM 2.0 takes a short list of properties. A value that it cannot be given would stand in the plan and " +
			"nowhere else: a pool account that nothing uses, a database name that setup does not know, a certificate that is not bound.",
		Fix:     "Leave the value out, or plan MBAM 2.5 SP1.",
		Example: Example{Base: "mbam20-two-servers.yaml", Edits: []string{"  reports: svc-mbam-reports ", "  pool: svc-mbam-pool\n  reports: svc-mbam-reports "}},
		Find: func(c *Context) {
			if !c.MBAM.V2() {
				return
			}
			no := func(given bool, path, why string) {
				if given {
					c.Report(path, "remove it, or use MBAM 2.5 SP1", "MBAM 2.0 has no %s: %s", path, why)
				}
			}
			a, g, m := c.File.Accounts, c.File.Groups, c.File.MBAM
			const pool = "its web services run as Network Service and open the databases as the computer account"
			no(a.Pool != "", "accounts.pool", pool)
			no(a.ReadWrite != "", "accounts.readWrite", pool)
			no(a.ReadOnly != "", "accounts.readOnly", "the reports' account itself reads the compliance database")
			no(a.Create, "accounts.create", "the reports' account is made by hand, with a password that does not expire")
			const local = "setup makes local groups on the servers; put the domain's groups into those"
			no(g.AdvancedHelpdesk != "", "groups.advancedHelpdesk", local)
			no(g.Helpdesk != "", "groups.helpdesk", local)
			no(g.Reports != "", "groups.reports", local)
			no(g.DataMigration != "", "groups.dataMigration", local)
			const servicing = "only setup itself is rendered"
			no(m.Servicing != "", "mbam.servicing", servicing)
			no(m.Update != "", "mbam.update", servicing)
			no(m.MVC4Media != "", "mbam.mvc4Media", "its Self-Service Portal needs ASP.NET MVC 2.0, which the check on the server looks for")
			for _, d := range []struct {
				is   *farm.Database
				name string
			}{{c.Compliance, "MBAM Compliance Status"}, {c.Recovery, "MBAM Recovery and Hardware"}} {
				no(d.is.Name != d.name, "databases."+d.is.Key+".name", fmt.Sprintf("no property of setup is documented for the name of a database; it is %q", d.name))
				no(d.is.Existing, "databases."+d.is.Key+".existing", "attaching to databases that exist is not rendered")
			}
			no(c.Reporting != nil && c.Reporting.Existing, "reports.existing", "attaching to reports that exist is not rendered")
			no(c.File.Clients != nil, "clients", "its Group Policy template is installed with the Administration and Monitoring Server, and set by hand")
			for i, w := range c.Webs {
				t := c.File.Web.Farms[i]
				no(t.Certificate != nil, webPath(i, "certificate"), "no property of setup is documented for a certificate; bind one in IIS after setup")
				no(strings.Trim(w.HelpDeskDir, "/") != "HelpDesk", webPath(i, "helpDeskDirectory"), "no property of setup is documented for it")
				no(strings.Trim(w.PortalDir, "/") != "SelfService", webPath(i, "selfServiceDirectory"), "no property of setup is documented for it")
				no(!strings.EqualFold(w.InstallPath, `C:\inetpub`), webPath(i, "installationPath"), "no property of setup is documented for it")
				no(w.Existing, webPath(i, "existing"), "attaching to websites that exist is not rendered")
				no(w.PoolMend, webPath(i, "mendUseAppPoolCredentials"), pool)
				if w.Agent != w.Admin {
					c.Report(webPath(i, "features"), "give the farm both agentService and administrationPortal, or neither", "MBAM 2.0 installs the agent's services and the Help Desk as one feature, the Administration and Monitoring Server")
				}
				if !w.Balanced() && len(w.Nodes) == 1 && !strings.EqualFold(w.Host, w.Nodes[0].Host.FQDN) && !strings.EqualFold(w.Host, w.Nodes[0].Host.Name) {
					c.Report(webPath(i, "host"), "write "+w.Nodes[0].Host.FQDN, "host name %q is not the server's own: no property of setup is documented for another, and its service principal names are the computer's", w.Host)
				}
			}
		},
	},
	{
		Code: "MBP1703", Title: "MBAM 2.0 can be set up in the documented order", Severity: diag.Error, Sources: []string{"mbam20-distributed"},
		Why: "The document wants the features installed in one order, from the Recovery Database to the Group Policy template, and those of " +
			"one server together. A server with an early and a late feature beside one in between makes that impossible.",
		Fix:     "Put features that follow each other on one server.",
		Example: Example{Base: "mbam20-two-servers.yaml", Edits: []string{"  MBAMDB:\n\nplacements:\n  databases: {kind: standalone, instance: MBAMDB}", "  MBAMDB:\n  MBAMWEB:\n\nplacements:\n  databases: {kind: standalone, instance: MBAMDB}\n  other: {kind: standalone, instance: MBAMWEB}", "compliance: databases", "compliance: other"}},
		Find: func(c *Context) {
			if !c.MBAM.V2() {
				return
			}
			if c.File.MBAM.Media == "" {
				c.Report("mbam", `add media: \\server\share\MbamSetup.exe`, "the path of MbamSetup.exe is missing: setup is what this release renders")
			}
			if a, b := c.SetupConflict(); a != nil {
				c.Report(decode.Child("hosts", b.Host.Name), "put features that follow each other on one server, as both databases and the reports",
					"servers %q (%s) and %q (%s) cannot be set up in the documented order: the features of one server are installed together",
					a.Host.Name, strings.Join(a.Titles(), ", "), b.Host.Name, strings.Join(b.Titles(), ", "))
			}
		},
	},
	{
		Code: "MBP1704", Title: "Windows and SQL Server are in the support matrix of MBAM 2.0", Severity: diag.Warning, Sources: []string{"mbam20-supported", "mbam20-sp1"},
		Why: "MBAM 2.0 was tested with Windows Server 2008 R2 and 2012 and SQL Server 2008 R2 and 2012, Standard or Enterprise. Its " +
			"setup refuses or fails on what it does not know, or leaves parts that nobody answers for.",
		Fix:     "Use a listed version, or waive the finding with name, reason and date.",
		Example: Example{Base: "mbam20-two-servers.yaml", Edits: []string{`windows: "2012"`, `windows: "2016"`}},
		Find: func(c *Context) {
			if !c.MBAM.V2() {
				return
			}
			for _, h := range c.Hosts {
				if h.HasRole() && h.WindowsYear() > 2012 {
					c.Report(hostPath(h, "windows"), "use Windows Server 2008 R2 or 2012 (with MBAM 2.0 SP1 also 2012 R2)", "host %q runs Windows Server %s, which is outside the support matrix of MBAM 2.0", h.Name, h.Windows)
				}
				if h.HasRole() && h.Core {
					c.Report(hostPath(h, "core"), "use a server with its desktop", "host %q is Server Core, of which the documents of MBAM 2.0 say nothing", h.Name)
				}
			}
			if r := c.Reporting; r != nil && r.Version > 2012 {
				c.Report("reports.version", "use SSRS 2008 R2 or 2012", "the reports run on SSRS %d, which is outside the support matrix of MBAM 2.0", r.Version)
			}
			for _, i := range c.Instances {
				if i.Version > 2012 {
					c.Report(instancePath(i, "version"), "use SQL Server 2008 R2 or 2012", "instance %q is SQL Server %s, which is outside the support matrix of MBAM 2.0", i.Name, i.VersionName)
				}
				if i.Edition != "Standard" && i.Edition != "Enterprise" {
					c.Report(instancePath(i, "edition"), "use Standard or Enterprise", "instance %q is %s edition, which is outside the support matrix of MBAM 2.0", i.Name, i.Edition)
				}
				if i.Named == "" && i.Port != 1433 {
					c.Report(instancePath(i, "port"), "use 1433, or a named instance", "instance %q listens on port %d: setup takes SERVER or SERVER\\INSTANCE and no port", i.Name, i.Port)
				}
			}
		},
	},
}
