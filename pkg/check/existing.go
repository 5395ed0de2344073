package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// What exists must fit together, and be something that a plan can be attached to.
var existingRules = []Rule{
	{
		Code: "MBP1801", Title: "the two databases exist together", Severity: diag.Error, Sources: []string{"mbam-move"},
		Covers:  []string{"FN-32"},
		Why:     "MBAM reads and writes both databases as one. With one of them full and the other new, its features would meet an empty database beside the old keys, and nobody would notice before a key is missing.",
		Fix:     "Mark both databases existing, or neither.",
		Example: Example{Edits: []string{"recovery: MBAM-AG", "recovery: {placement: MBAM-AG, existing: true}"}},
		Only25:  true,
		Find: func(c *Context) {
			for _, d := range c.Databases() {
				for _, other := range c.Databases() {
					if !d.Existing && other.Existing {
						c.ReportAt("databases."+d.Key, "write existing: true here too", "databases."+other.Key, "exists",
							"database %q exists and %q is to be created: a farm has both, and MBAM would make an empty one beside it", other.Name, d.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1802", Title: "existing features have existing databases", Severity: diag.Error, Sources: []string{"mbam-move"},
		Covers:  []string{"FN-32"},
		Why:     "Web features and reports that run today have their keys and records in a database. Planned against databases that are still to be created, they would be pointed at empty ones.",
		Fix:     "Mark both databases existing, or leave the features new.",
		Example: Example{Edits: []string{"reports: RPT1\n", "reports: {hosts: RPT1, existing: true}\n"}},
		Only25:  true,
		Find: func(c *Context) {
			if c.Compliance.Existing || c.Recovery.Existing {
				return
			}
			const fix = "write existing: true for both databases"
			for i, w := range c.Webs {
				for j, n := range w.Nodes {
					if n.Existing {
						c.Report(nodePath(i, j), fix, "node %q is existing and the databases are to be created: its keys are in a database already, and the plan would point it at an empty one", n.Host.Name)
					}
				}
			}
			if c.Reporting != nil && c.Reporting.Existing {
				c.Report("reports", fix, "the reports are existing and the databases are to be created: reports read a database already")
			}
		},
	},
	{
		Code: "MBP1803", Title: "an existing database is where the plan can take it from", Severity: diag.Error, Sources: []string{"mbam-move", "sql-ag-create"},
		Covers:  []string{"FN-32"},
		Why:     "A database goes into a group on the instance that holds it today, which therefore has to be the first replica. A move to another instance is a backup and restore of its own, with the order that MBAM's document gives: restored first, then enabled.",
		Fix:     "Write the instance that holds the database as the first replica, or leave was out.",
		Example: Example{Base: "existing-to-alwayson.yaml", Edits: []string{"recovery: {placement: MBAM-AG, existing: true}", "recovery: {placement: MBAM-AG, existing: true, was: SQL2}"}},
		Only25:  true,
		Find: func(c *Context) {
			for _, d := range c.Databases() {
				p, path := d.Placement, "databases."+d.Key+".was"
				switch {
				case d.Was == nil:
				case !d.Existing:
					c.Report(path, "remove was, or write existing: true", "database %q is not existing and cannot have been on %q", d.Name, d.Was.Name)
				case !p.AG() && !p.Mirroring() && d.Was != p.Primary():
					c.Report(path, "move the database by backup and restore as MBAM's document says, then name its new place only",
						"database %q would move from %q to %q, which is not rendered", d.Name, d.Was.Name, p.Primary().Name)
				case !p.AG() && !p.Mirroring():
					c.Report(path, "remove was", "database %q stays on %q: connection strings do not change", d.Name, d.Was.Name)
				case !p.Existing && d.Was != p.Primary():
					c.Report(path, fmt.Sprintf("write %s first in placement %q", d.Was.Name, p.Name),
						"database %q is on %q today, and the first replica %q of %q would have to hold it", d.Name, d.Was.Name, p.Primary().Name, p.Name)
				case p.Existing && !slices.Contains(p.All(), d.Was):
					c.Report(path, "name the instance of the placement that web features name today", "instance %q is not a member of %q: web features that name it use another database", d.Was.Name, p.Name)
				}
			}
		},
	},
	{
		Code: "MBP1804", Title: "a node gets its new host name while another one serves it", Severity: diag.Error, Sources: []string{"mbam-cmdlets", "mbam-spn"},
		Why:     "MBAM writes the host name into its files when a feature is enabled, so a new name means to disable and to enable. Somebody has to serve the clients meanwhile: a node that has the new name already stands before the one that gets it.",
		Fix:     "List the new node first, and write was only on existing nodes.",
		Example: Example{Base: "existing-to-alwayson.yaml", Edits: []string{"was: web1.contoso.com", "was: mbam.contoso.com"}},
		Only25:  true,
		Find: func(c *Context) {
			for i, w := range c.Webs {
				served := false
				for j, n := range w.Nodes {
					switch {
					case n.Was != "" && !n.Existing:
						c.Report(nodePath(i, j), "remove was, or write existing: true", "node %q is not existing and had no host name before", n.Host.Name)
					case !n.Renamed():
						served = true
					case strings.EqualFold(c.fqdn(n.Was), c.fqdn(w.Host)):
						c.Report(nodePath(i, j), "remove was", "node %q has the farm's name already", n.Host.Name)
					case !served && len(w.Introduced()) > 0:
						c.Report(nodePath(i, j), "write the nodes that serve "+w.Host+" first", "node %q gives up %s with no node before it in the list: users would have neither name", n.Host.Name, n.Was)
					case !served:
						c.Warn(nodePath(i, j), "add a node and a balancer", "node %q gives up %s and no other node has %s yet: users are cut off until its features are enabled again", n.Host.Name, n.Was, w.Host)
					}
				}
			}
		},
	},
	{
		Code: "MBP1805", Title: "a mirrored pair becomes a group by hand", Severity: diag.Error, Sources: []string{"sql-mirroring", "sql-ag-prereqs"},
		Covers: []string{"SQL-L28", "SQL-R33"},
		Why:    "A mirrored database cannot be in an availability group. The way from one to the other ends the mirroring, takes the log backups in between and joins the copies; each step depends on what the two servers hold at that moment.",
		Fix:    "Build the group by hand as the documents say, then mark the placement existing.",
		Example: Example{Base: "fabrikam-mirrored.yaml", Edits: []string{
			"databases:   ", "  MBAM-AG: {kind: availabilityGroup, replicas: [DB1\\MBAM, DB2\\MBAM], listener: {name: MBAM-SQL, addresses: [192.168.10.50/24]}, backupShare: \\\\fs1\\seed}\ndatabases:   ",
			"placement: mirrored}\n  recovery: {name: MBAM_Recovery, placement: mirrored}", "placement: MBAM-AG, existing: true}\n  recovery: {name: MBAM_Recovery, placement: MBAM-AG, existing: true}",
			"hosts:\n", "cluster: {name: CLU1}\nhosts:\n",
		}},
		Only25: true,
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				for _, m := range c.Mirrors() {
					if m.Existing && !g.Existing && overlap(g, m) {
						c.ReportAt(placementPath(g, "kind"), "follow docs/topologies/existing-farm.md, From mirroring, then remove the pair and mark the group existing",
							placementPath(m, "kind"), "the mirrored pair", "group %q takes instances of the mirrored pair %q: that ends the mirroring, and until the group has its copies there is one", g.Name, m.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1806", Title: "nodes join an NLB cluster from one that is in it", Severity: diag.Error, Sources: []string{"win-nlb"},
		Why:     "A node joins an NLB cluster through a member of it, and the scripts do that from the first node of the list. A first node that is new is no member yet.",
		Fix:     "List an existing node first.",
		Example: Example{Base: "existing-attach-only.yaml", Edits: []string{"[{host: WEB1, existing: true}, {host: WEB2, existing: true}, WEB3]", "[WEB3, {host: WEB1, existing: true}, {host: WEB2, existing: true}]", "kind: external,", "kind: nlb,"}},
		Only25:  true,
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if n := w.Nodes[0]; w.Balancer.NLB() && w.Balancer.Existing && !n.Existing {
					c.Report(webPath(i, "nodes"), "write a node of the existing cluster first", "the NLB cluster is existing and the first node %q is not in it: other nodes are joined from the first one", n.Host.Name)
				}
			}
		},
	},
}

func nodePath(farm, node int) string { return fmt.Sprintf("%s[%d]", webPath(farm, "nodes"), node) }

// overlap reports whether an instance is a member of both placements.
func overlap(a, b *farm.Placement) bool {
	for _, i := range a.All() {
		if slices.Contains(b.All(), i) {
			return true
		}
	}
	return false
}
