package check

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// What the less common shapes of a farm can and cannot do.
var shapeRules = []Rule{
	{
		Code: "MBP1501", Title: "reports do not run on a node of the SQL Server cluster", Severity: diag.Error, Sources: []string{"sql-fci", "mbam-ha"},
		Covers: []string{"FN-C12"},
		Why: "Reporting Services cannot be clustered: on a node of a failover cluster instance the reports stay behind when the " +
			"databases move, and both fail together when they do not. On the server of an availability group's replica it works, but " +
			"the reports are lost together with that replica.",
		Fix:     "Give the reports a server that is no node of the cluster.",
		Example: Example{Base: "fci.yaml", Edits: []string{"reports: {hosts: RPT1}", "reports: {hosts: NODE1}"}},
		Find: func(c *Context) {
			if c.Reporting == nil {
				return
			}
			for _, h := range c.Reporting.Hosts {
				clustered := slices.ContainsFunc(h.Instances, (*farm.Instance).Clustered)
				switch {
				case clustered:
					c.Report("reports.hosts", "name a server outside the cluster", "report server %q is a node of a failover cluster instance, with which Reporting Services does not move", h.Name)
				case c.InCluster(h):
					c.Warn("reports.hosts", "name a server outside the cluster", "report server %q is also a node of the cluster %q: it fails together with its replica", h.Name, c.Cluster.Name)
				}
			}
		},
	},
	{
		Code: "MBP1502", Title: "a scale-out of report servers has the edition for it", Severity: diag.Error, Sources: []string{"sql-editions", "ssrs-install"},
		Covers: []string{"FN-C12"},
		Why: "Several report servers on one report server database are a scale-out deployment, which Reporting Services offers in " +
			"Enterprise edition only. A second server of Standard edition is refused when it joins.",
		Fix:     "Use Enterprise edition for the reports, or one report server.",
		Example: Example{Base: "split-portals.yaml", Edits: []string{"  hosts: [RPT1, RPT2]", "  hosts: [RPT1, RPT2]\n  edition: Standard"}},
		Find: func(c *Context) {
			if r := c.Reporting; r != nil && r.Scaled() && !slices.Contains([]string{"Enterprise", "Developer", "Evaluation"}, r.Edition) {
				c.Report("reports.hosts", "use Enterprise edition, or one report server", "%d report servers need Enterprise edition of Reporting Services; the plan has %s", len(r.Hosts), r.Edition)
			}
		},
	},
	{
		Code: "MBP1503", Title: "the reports' URL leads to every report server", Severity: diag.Warning, Sources: []string{"mbam-web", "general-practice"},
		Covers: []string{"FN-C12", "HA-33"},
		Why: "The administration portal knows one URL of the reports. When it is the name of one server, the other servers of the " +
			"scale-out are never asked, and the reports fail with that server.",
		Fix:     "Name a virtual host name that a balancer gives to all report servers.",
		Example: Example{Base: "split-portals.yaml", Edits: []string{"https://mbam-reports.litware.com/ReportServer", "https://rpt1.litware.com/ReportServer"}},
		Find: func(c *Context) {
			r := c.Reporting
			if r == nil || !r.Scaled() {
				return
			}
			u, err := url.Parse(r.URL)
			if err != nil {
				return
			}
			for _, h := range r.Hosts {
				if strings.EqualFold(u.Hostname(), h.FQDN) || strings.EqualFold(u.Hostname(), h.Name) {
					c.Report("reports.url", "name a virtual host name that a balancer gives to all of them", "the reports' URL %q names %q alone of %d report servers", r.URL, h.Name, len(r.Hosts))
				}
			}
		},
	},
	{
		Code: "MBP1504", Title: "a failover cluster instance has the edition for its nodes", Severity: diag.Error, Sources: []string{"sql-editions", "sql-fci"},
		Covers: []string{"SQL-L08"},
		Why: "Standard edition is clustered on two nodes at most, Express not at all. SQL Server's set-up refuses to add the third " +
			"node, long after the farm was planned around it.",
		Fix:     "Use two nodes, or Enterprise edition.",
		Example: Example{Base: "fci.yaml", Edits: []string{"nodes: [NODE1, NODE2]", "nodes: [NODE1, NODE2, RPT1]"}},
		Find: func(c *Context) {
			for _, i := range c.Instances {
				switch {
				case i.Clustered() && i.Edition == "Express":
					c.Report(instancePath(i, "nodes"), "use Standard or Enterprise edition", "instance %q is Express edition, which cannot be clustered", i.Name)
				case len(i.Nodes) > 2 && !i.Full():
					c.Report(instancePath(i, "nodes"), "use two nodes, or Enterprise edition", "instance %q has %d nodes; %s edition is clustered on two", i.Name, len(i.Nodes), i.Edition)
				}
			}
		},
	},
	{
		Code: "MBP1505", Title: "a basic group asks for nothing that a basic group lacks", Severity: diag.Error, Sources: []string{"sql-ag-create", "sql-editions"},
		Covers: []string{"HA-4", "SQL-L09", "SQL-L11", "SQL-R24"},
		Why: "A basic availability group has exactly two replicas. Its secondary can neither be read nor backed up. SQL Server refuses " +
			"the options, or the farm counts on something that is not there.",
		Fix:     "Keep two replicas and leave readAccess, backupPreference and backupPriority out.",
		Example: Example{Base: "basic-groups.yaml", Edits: []string{"replicas: [SQL1, SQL2]", "replicas: [SQL1, {instance: SQL2, readAccess: readOnly}]"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				if !g.Basic {
					continue
				}
				path := placementPath(g, "replicas")
				if len(g.Replicas) != 2 {
					c.Report(path, "name two replicas", "basic group %q has %d replicas; a basic group has two", g.Name, len(g.Replicas))
				}
				for _, r := range g.Replicas {
					if r.ReadAccess != "none" && r.ReadAccess != "" {
						c.Report(path, "leave readAccess out", "the secondary of basic group %q cannot be read, and %q has readAccess: %s", g.Name, r.Instance.Name, r.ReadAccess)
					}
					if r.BackupPriority != 50 {
						c.Report(path, "leave backupPriority out", "a basic group is backed up on its primary, and %q has backupPriority: %d", r.Instance.Name, r.BackupPriority)
					}
				}
				if g.BackupPreference != "primary" {
					c.Report(placementPath(g, "backupPreference"), "leave it out", "basic group %q is backed up on its primary only, not %s", g.Name, g.BackupPreference)
				}
			}
		},
	},
	{
		Code: "MBP1506", Title: "two groups of MBAM's databases can meet on one server", Severity: diag.Warning, Sources: []string{"mbam-ha"},
		Covers: []string{"HA-2", "SQL-L13"},
		Why: "Databases in two groups fail over each by itself. A job brings them back to one server, which it can only where both " +
			"groups have the same instances, both synchronous, and begin on the same one.",
		Fix:     "Name the same synchronous replicas in the same order in both groups.",
		Example: Example{Base: "basic-groups.yaml", Edits: []string{"replicas: [SQL1, SQL2]                             # the", "replicas: [SQL2, SQL1]                             # the"}},
		Find: func(c *Context) {
			a, b := c.Compliance.Placement, c.Recovery.Placement
			if a == b || !a.AG() || !b.AG() {
				return
			}
			path := placementPath(b, "replicas")
			switch {
			case !farm.SameInstances(a, b):
				c.Report(path, "name the same instances in both groups", "the groups %q and %q are on different instances, so that nothing can bring the databases together after a failover", a.Name, b.Name)
			case a.Primary() != b.Primary():
				c.Report(path, "begin with the same instance in both groups", "the groups %q and %q begin on different instances, %q and %q", a.Name, b.Name, a.Primary().Name, b.Primary().Name)
			default:
				for _, g := range []*farm.Placement{a, b} {
					for _, r := range g.Replicas {
						if !r.Synchronous {
							c.Report(placementPath(g, "replicas"), "make it synchronous", "replica %q of %q is asynchronous, so that the databases cannot be brought together there without loss", r.Instance.Name, g.Name)
						}
					}
				}
			}
		},
	},
	{
		Code: "MBP1507", Title: "an instance has one mirroring endpoint for all its groups", Severity: diag.Error, Sources: []string{"sql-endpoint"},
		Covers: []string{"SQL-R26"},
		Why: "An instance has at most one endpoint for database mirroring, which all its groups share. Two groups that plan " +
			"different ports for it make one of them unreachable.",
		Fix: "Write the same endpoint port in both groups.",
		Example: Example{Base: "basic-groups.yaml", Edits: []string{
			"    listener: {name: MBAM-SQL-K,", "    endpoint: {port: 5023}\n    listener: {name: MBAM-SQL-K,",
		}},
		Find: func(c *Context) {
			ports, groups := map[*farm.Instance]int{}, map[*farm.Instance]string{}
			for _, g := range c.Groups() {
				for _, r := range g.Replicas {
					if port, ok := ports[r.Instance]; ok && port != r.EndpointPort {
						c.Report(placementPath(g, "endpoint"), fmt.Sprintf("write port %d here too", port), "instance %q has one mirroring endpoint, and the groups %q and %q plan ports %d and %d for it", r.Instance.Name, groups[r.Instance], g.Name, port, r.EndpointPort)
						continue
					}
					ports[r.Instance], groups[r.Instance] = r.EndpointPort, g.Name
				}
			}
		},
	},
	{
		Code: "MBP1508", Title: "MBAM 2.5 without Service Pack 1 runs on the systems of its time", Severity: diag.Warning, Sources: []string{"mbam-supported"},
		Why: "SQL Server 2014 is the newest that came with 2.5, Windows Server 2012 R2 the newest system; Service Pack 1 and its " +
			"servicing releases added the later ones. Microsoft's table is cumulative and does not say which rows hold for 2.5 alone.",
		Fix:     "Use 2.5 SP1, or the older systems.",
		Example: Example{Base: "rtm-2012.yaml", Edits: []string{`version: "2012"`, `version: "2016"`}},
		Find: func(c *Context) {
			if c.MBAM.Release != "2.5" {
				return
			}
			for _, h := range c.Hosts {
				if h.HasRole() && h.WindowsYear() > 2012 {
					c.Report(hostPath(h, "windows"), "use 2.5 SP1, or Windows Server 2012 R2", "host %q runs Windows Server %s, which came with 2.5 SP1", h.Name, h.Windows)
				}
			}
			for _, i := range c.Instances {
				if i.Version > 2014 {
					c.Report(instancePath(i, "version"), "use 2.5 SP1, or SQL Server 2014", "instance %q is SQL Server %s, which came with 2.5 SP1", i.Name, i.VersionName)
				}
			}
		},
	},
	{
		Code: "MBP1509", Title: "the clients' farm is said when two have the agent service", Severity: diag.Warning, Sources: []string{"mbam-gpo"},
		Covers: []string{"HA-48", "G-16"},
		Why: "A client knows one URL for each service and has no second one to try. With two farms that have the agent service, the " +
			"Group Policy object names the first one, and the other gets no client.",
		Fix: "Write clients.farm, and a second Group Policy object by hand for the clients of the other farm.",
		Example: Example{Base: "split-portals.yaml", Edits: []string{
			"features: [administrationPortal, selfServicePortal]", "features: [administrationPortal, selfServicePortal, agentService]", ", farm: agents}", "}",
		}},
		Find: func(c *Context) {
			var names []string
			for _, w := range c.Webs {
				if w.Agent {
					names = append(names, w.Name)
				}
			}
			if o, _ := c.loaded.Origins.Lookup("clients.farm"); c.Clients != nil && len(names) > 1 && o.Default != "" {
				c.Report("clients", "write farm: with one of "+strings.Join(names, ", "), "%d farms have the agent service, and clients are pointed at %q", len(names), c.Clients.Web.Name)
			}
			if c.Clients != nil && !c.Clients.Web.Agent {
				c.Report("clients.farm", "name a farm with agentService", "farm %q, which clients are pointed at, has no agent service", c.Clients.Web.Name)
			}
		},
	},
	{
		Code: "MBP1510", Title: "clients ask no more often than MBAM's own editor lets anybody write", Severity: diag.Warning, Sources: []string{"mbam-gpo"},
		Covers: []string{"WIN-T108"},
		Why: "The policy editor takes 90 minutes at the least. A shorter interval can be written to the policy nevertheless; every client then " +
			"asks that often, and the servers were not measured for it.",
		Fix:     "Write 90 or more, or leave it out.",
		Example: Example{Edits: []string{"clients: {gpo: MBAM clients,", "clients: {gpo: MBAM clients, checkMinutes: 15,"}},
		Only25:  true,
		Find: func(c *Context) {
			if c.Clients == nil {
				return
			}
			for _, one := range []struct {
				key     string
				minutes int
			}{{"checkMinutes", c.Clients.Wakeup}, {"statusMinutes", c.Clients.Status}} {
				if one.minutes < 90 {
					c.Report("clients."+one.key, "write 90 or more", "%s: %d minutes; MBAM's policy editor takes 90 at the least", one.key, one.minutes)
				}
			}
		},
	},
}
