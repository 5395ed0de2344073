package check

import (
	"fmt"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// portalSession is the time-out of a session of the Self-Service Portal as MBAM sets it, in minutes (mbam-web).
const portalSession = 5

// What spreads the load. How many nodes a balancer has, and its subnet, are in web.go.
var balancerRules = []Rule{
	{
		Code: "MBP1441", Title: "the nodes of an NLB cluster have priorities of their own", Severity: diag.Error, Sources: []string{"win-nlb-host", "mbam1-nlb"},
		Covers: []string{"HA-49", "WIN-T68"},
		Why: "The priority, 1 to 32, tells the nodes of Windows NLB apart. With a number twice NLB logs a duplicate, and the cluster does " +
			"not converge until one of the two is changed or taken out.",
		Fix:     "Leave priority out, or give each node a number of its own from 1 to 32.",
		Example: Example{Edits: []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, {host: WEB2, priority: 1}]"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if !w.Balancer.NLB() {
					continue
				}
				seen := map[int]*farm.Node{}
				for j, n := range w.Nodes {
					path := fmt.Sprintf("%s.priority", nodePath(i, j))
					if n.Priority < 1 || n.Priority > 32 {
						c.Report(path, "write a number from 1 to 32", "priority %d of node %q: Windows NLB takes 1 to 32", n.Priority, n.Host.Name)
					}
					if other := seen[n.Priority]; other != nil {
						c.Report(path, "give each node a number of its own", "nodes %q and %q have the priority %d", other.Host.Name, n.Host.Name, n.Priority)
					}
					seen[n.Priority] = n
				}
			}
		},
	},
	{
		Code: "MBP1442", Title: "a user stays on a node for as long as a session lasts", Severity: diag.Warning, Sources: []string{"mbam1-nlb", "mbam-web"},
		Covers: []string{"G-5", "WIN-T61", "WIN-T78"},
		Why: "The Self-Service Portal keeps its session in the memory of one node, for five minutes as MBAM sets it. A balancer that sends " +
			"the user elsewhere in between ends the session in the middle of a recovery.",
		Fix:     "Leave persistenceMinutes out, or write more than the time-out of the session.",
		Example: Example{Base: "fabrikam-mirrored.yaml", Edits: []string{"balancer: {kind: haproxy,", "balancer: {kind: haproxy, persistenceMinutes: 2,"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if w.Balancer != nil && !w.Balancer.NLB() && w.Balancer.Persist < portalSession {
					c.Report(webPath(i, "balancer.persistenceMinutes"), "leave it out", "farm %q keeps a user on a node for %d minutes; a session of the Self-Service Portal lasts %d", w.Name, w.Balancer.Persist, portalSession)
				}
			}
		},
	},
	{
		Code: "MBP1443", Title: "Windows NLB and failover clustering are on different servers", Severity: diag.Warning, Sources: []string{"general-practice"},
		Why: "Both take over the network of a server and move addresses between machines, each in its own way. On one server they get " +
			"into each other's way, and Microsoft's support has refused the combination since both exist.",
		Fix:     "Use web nodes that are no nodes of the failover cluster, or another balancer.",
		Example: Example{Edits: []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, SQL2]"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				for j, n := range w.Nodes {
					if w.Balancer.NLB() && c.InCluster(n.Host) {
						c.Report(nodePath(i, j), "use another server, or another balancer", "NLB node %q is also a node of the failover cluster %q", n.Host.Name, c.Cluster.Name)
					}
				}
			}
		},
	},
}
