package check

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// The Windows failover cluster under groups and clustered instances. It is verified and never built, so that a plan can only
// say what to look at.
var clusterRules = []Rule{
	{
		Code: "MBP1341", Title: "the nodes of the cluster are of the farm's domain", Severity: diag.Error, Sources: []string{"sql-ag-prereqs", "win-prestage"},
		Covers: []string{"SQL-L21"},
		Why: "Replicas of an availability group are nodes of one cluster, whose computer object makes the listener's in its own domain. " +
			"Clusters over several domains exist from Windows Server 2016 on, without what the scripts rely on: computer accounts, " +
			"listeners and service principal names are all looked for in the farm's domain.",
		Fix:     "Name nodes of the farm's domain, or correct fqdn.",
		Example: Example{Edits: []string{"SQL2: {site: HQ,", "SQL2: {fqdn: sql2.emea.contoso.com, site: HQ,"}},
		Find: func(c *Context) {
			if c.Cluster == nil {
				return
			}
			for _, h := range c.Cluster.Nodes {
				if name, dns, _ := strings.Cut(h.FQDN, "."); !strings.EqualFold(dns, c.Domain.DNS) || !strings.EqualFold(name, h.Name) {
					c.Report(hostPath(h, "fqdn"), "write "+strings.ToLower(h.Name)+"."+c.Domain.DNS+", or leave fqdn out", "cluster node %q is called %q, which is not its name in the domain %q", h.Name, h.FQDN, c.Domain.DNS)
				}
			}
		},
	},
	{
		Code: "MBP1342", Title: "the nodes of the cluster run one Windows version", Severity: diag.Warning, Sources: []string{"win-cluster-level", "sql-ag-prereqs"},
		Why: "A failover cluster has nodes of one version. From Windows Server 2016 on it may run with two of them while it is being " +
			"upgraded, a month at most, and before that not at all: a plan with two versions has a mistake in it, or will meet an " +
			"upgrade half-way.",
		Fix:     "Correct the version, or finish the upgrade of the cluster first.",
		Example: Example{Edits: []string{"SQL2: {site: HQ,", "SQL2: {windows: \"2016\", site: HQ,"}},
		Find: func(c *Context) {
			if c.Cluster == nil || len(c.Cluster.Nodes) == 0 {
				return
			}
			first := c.Cluster.Nodes[0]
			for _, h := range c.Cluster.Nodes[1:] {
				if h.Windows != first.Windows {
					c.Report(hostPath(h, "windows"), "use one version", "cluster node %q runs Windows Server %s, %q runs %s", h.Name, h.Windows, first.Name, first.Windows)
				}
			}
		},
	},
	{
		Code: "MBP1343", Title: "the cluster keeps its quorum when one vote is lost", Severity: diag.Warning, Sources: []string{"win-quorum", "general-practice"},
		Covers: []string{"SQL-L48"},
		Why: "A cluster runs while more than half of the votes see each other. With an even number and no witness, the loss of half of them, " +
			"or of the line between two rooms, can take the databases offline although a healthy copy runs. A vote in a far site lets " +
			"that site's failure take part in the decision, and a witness on a node is lost together with its vote.",
		Fix:     "Name a witness that is no node, and take the vote from the far site by noVote.",
		Example: Example{Edits: []string{"  witness: \\\\fs1.contoso.com\\sqlclu1-witness\n", ""}},
		Find: func(c *Context) {
			if c.Cluster == nil || len(c.Cluster.Nodes) == 0 {
				return
			}
			votes := 0
			for _, h := range c.Cluster.Nodes {
				votes += c.Cluster.Votes(h)
			}
			for _, h := range c.Cluster.NoVote {
				if !slices.Contains(c.Cluster.Nodes, h) {
					c.Report("cluster.noVote", "remove it, or name a node", "host %q is no node of the cluster and has no vote to lose", h.Name)
				}
			}
			switch host := serverOf(c.Cluster.Witness); {
			case c.Cluster.Witness == "" && votes < 2:
				c.Report("cluster", "add witness:, or take noVote away", "cluster %q has %d vote and no witness: it stops with that node", c.Cluster.Name, votes)
			case c.Cluster.Witness == "" && votes%2 == 0:
				c.Report("cluster", "add witness: with a file share, disk or cloud witness", "cluster %q has %d votes and no witness: half of them is no majority", c.Cluster.Name, votes)
			case host != "" && slices.ContainsFunc(c.Cluster.Nodes, func(h *farm.Host) bool { return called(h, host) }):
				c.Report("cluster.witness", "use a share on another server", "the witness %q is on a node of the cluster: both votes are lost together", c.Cluster.Witness)
			}
			for _, g := range c.Groups() {
				near := g.Replicas[0].Instance.Host().Site
				for _, r := range g.Replicas[1:] {
					for _, h := range r.Instance.Nodes {
						if !r.Synchronous && near != "" && h.Site != "" && h.Site != near && c.Cluster.Votes(h) > 0 {
							c.Report(hostPath(h, "site"), "add "+h.Name+" to cluster.noVote", "host %q in site %q has a vote and holds an asynchronous copy only: a failure of the far site should not count", h.Name, h.Site)
						}
					}
				}
			}
		},
	},
}

// serverOf returns the server of a share, "" for a text that is none.
func serverOf(share string) string {
	rest, ok := strings.CutPrefix(share, `\\`)
	if !ok {
		return ""
	}
	server, _, _ := strings.Cut(rest, `\`)
	return server
}

// called reports whether a name is that of a host, with or without its domain.
func called(h *farm.Host, name string) bool {
	return strings.EqualFold(name, h.Name) || strings.EqualFold(name, h.FQDN)
}
