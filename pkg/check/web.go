package check

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

func webPath(i int, key string) string { return fmt.Sprintf("web.farms[%d].%s", i, key) }

var webRules = []Rule{
	{
		Code: "MBP1401", Title: "a balancer has at least two nodes behind it", Severity: diag.Error, Sources: []string{"mbam-ha"},
		Covers: []string{"HA-8", "HA-9", "WIN-T66"},
		Why: "A balancer in front of one node adds a part that can fail and takes no load off; several nodes without " +
			"one leave all clients on the node that the name resolves to. Windows NLB takes at most 32 nodes.",
		Fix:     "Name at least two nodes and a balancer, or one node and none.",
		Example: Example{Edits: []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1]"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				switch {
				case w.Balancer != nil && len(w.Nodes) < 2:
					c.Report(webPath(i, "nodes"), "add a node, or remove balancer", "farm %q has a balancer and %d node; load balancing needs at least two servers", w.Name, len(w.Nodes))
				case w.Balancer == nil && len(w.Nodes) > 1:
					c.Report(webPath(i, "nodes"), "add balancer: with its kind and address", "farm %q has %d nodes and no balancer", w.Name, len(w.Nodes))
				}
				if w.Balancer.NLB() && len(w.Nodes) > 32 {
					c.Report(webPath(i, "nodes"), "use another balancer", "farm %q has %d nodes; Windows NLB takes 32", w.Name, len(w.Nodes))
				}
			}
		},
	},
	{
		Code: "MBP1402", Title: "a web node is named once", Severity: diag.Error, Firm: true, Sources: []string{"mbam-ha", "mbam-cmdlets"},
		Covers: []string{"FN-D2", "HA-47", "G-16"},
		Why: "A server has one set of MBAM web applications, with one host name, port and pair of connection strings. " +
			"Named twice it would be configured twice, the second time over the first.",
		Fix:     "Name each server once.",
		Example: Example{Edits: []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2, web1]"}},
		Find: func(c *Context) {
			seen := map[*farm.Host]string{}
			for i, w := range c.Webs {
				for j, n := range w.Nodes {
					path := fmt.Sprintf("%s[%d]", webPath(i, "nodes"), j)
					if other, ok := seen[n.Host]; ok {
						c.ReportAt(path, "name each server once", other, "first named here", "host %q is a web node twice; a server has one host name, port and set of connection strings", n.Host.Name)
						continue
					}
					seen[n.Host] = path
				}
			}
		},
	},
	{
		Code: "MBP1403", Title: "the virtual host name is no server's own", Severity: diag.Error, Sources: []string{"mbam-spn", "win-setspn"},
		Covers: []string{"FN-3", "FN-C4", "HA-14", "WIN-T26", "WIN-T27", "WIN-T32"},
		Why: "The pool account must own the service principal name of the virtual host name. That of a server's own " +
			"name belongs to its computer account, and two owners make Kerberos fail. A name without domain is found " +
			"only by clients whose DNS suffix is right.",
		Fix:     "Choose a name of its own with a domain, as mbam.contoso.com.",
		Example: Example{Edits: []string{"host: mbam.contoso.com  ", "host: web1.contoso.com  "}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if w.Balanced() && c.isHost(w.Host) {
					c.Report(webPath(i, "host"), "choose a name of its own, as mbam."+c.Domain.DNS, "virtual host name %q is the name of a server: its computer account already owns the service principal name", w.Host)
				}
				if !strings.Contains(w.Host, ".") {
					c.Warn(webPath(i, "host"), "write "+c.fqdn(w.Host), "host name %q is single-label; clients in other domains cannot find it", w.Host)
				}
			}
		},
	},
	{
		Code: "MBP1404", Title: "recovery keys cross the network encrypted", Severity: diag.Error, Sources: []string{"mbam-spn", "mbam-security"},
		Covers: []string{"FN-39", "FN-V7", "FN-V11"},
		Why: "Clients send recovery keys to the web applications. Without TLS everyone on the way reads them. With TLS " +
			"each node needs a certificate before its web steps can run.",
		Fix: "Write certificate: with a thumbprint or a template; acceptHTTP: true acknowledges a farm without TLS.",
		Example: Example{Edits: []string{
			"      certificate: {thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D, template: WebServerClientAuth}\n", "",
		}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if !w.TLS && !c.File.Web.Farms[i].HTTP {
					fix := "add certificate:, or acknowledge with acceptHTTP: true"
					if c.MBAM.V2() {
						fix = "acknowledge with acceptHTTP: true, and bind a certificate in IIS after setup"
					}
					c.Report(webPath(i, "certificate"), fix, "farm %q has no certificate: recovery keys would cross the network in clear", w.Name)
				}
				for j, n := range w.Nodes {
					if w.TLS && n.Thumbprint == "" {
						c.Warn(fmt.Sprintf("%s[%d]", webPath(i, "nodes"), j), "add thumbprint when the certificate is there", "node %q has no certificate yet: its web steps will stop until the topology names a thumbprint", n.Host.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1405", Title: "the reports' URL fits the web farm", Severity: diag.Error, Sources: []string{"mbam-web", "mbam-release-notes"},
		Covers: []string{"FN-13", "FN-14", "WIN-T11"},
		Why: "The administration portal opens the reports at the URL that it is given. It must be the Web Service URL of " +
			"SSRS, it must use TLS when the portal does, as browsers block mixed content, and an underscore in the name of " +
			"the SSRS instance breaks the reports (KB 3011022).",
		Fix:     "Name the Web Service URL, as https://server/ReportServer.",
		Example: Example{Edits: []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"https://rpt1.contoso.com/Reports\"}\n"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if w.Admin && c.Reporting == nil {
					c.Report(webPath(i, "features"), "add reports:, or leave out the administration portal", "farm %q has the administration portal, which needs the URL of the reports", w.Name)
				}
			}
			if c.Reporting == nil {
				return
			}
			u, err := url.Parse(c.Reporting.URL)
			if err != nil {
				return
			}
			for _, w := range c.Webs {
				if w.TLS && w.Admin && u.Scheme == "http" {
					c.Report("reports.url", "bind a certificate in SSRS and write https://", "reports are at %q without TLS while the portal has it: browsers block the mixed content", c.Reporting.URL)
				}
			}
			if noWebService(u) {
				c.Report("reports.url", "name the Web Service URL, as https://server/ReportServer", "%q is not the Web Service URL of SSRS", c.Reporting.URL)
			}
			if strings.Contains(c.Reporting.Instance, "_") {
				c.Report("reports.instance", "rename the instance", "SSRS instance name %q has an underscore, which breaks MBAM's reports (KB 3011022)", c.Reporting.Instance)
			}
		},
	},
	{
		Code: "MBP1406", Title: "an NLB address lies in the subnet of its nodes", Severity: diag.Error, Sources: []string{"win-nlb"},
		Covers: []string{"HA-49", "WIN-T57", "WIN-T65", "WIN-T70", "WIN-T71"},
		Why: "All nodes of Windows NLB answer on one address at layer 2, so nodes and address must share a subnet. " +
			"Unicast mode gives all nodes one MAC address, which hypervisors block by default.",
		Fix:     "Choose an address in the subnet of the nodes, and multicast mode.",
		Example: Example{Edits: []string{"10.1.0.60/24", "10.3.0.60/24"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if !w.Balancer.NLB() {
					continue
				}
				for _, n := range w.Nodes {
					if n.Host.Subnet.IsValid() && n.Host.Subnet != w.Balancer.Subnet {
						c.Report(webPath(i, "balancer.address"), "choose an address in "+n.Host.Subnet.String(), "node %q lies in subnet %s, the NLB address in %s; all must share one", n.Host.Name, n.Host.Subnet, w.Balancer.Subnet)
					}
					if n.Host.Core {
						c.Warn(webPath(i, "nodes"), "manage NLB from a server with Desktop Experience", "node %q is Server Core, which has no NLB management tools", n.Host.Name)
					}
				}
				if w.Balancer.Mode == "unicast" {
					c.Warn(webPath(i, "balancer.mode"), "use multicast, or change the hypervisor as the step says", "unicast NLB on virtual machines needs MAC address spoofing (Hyper-V) or Notify Switches = No (VMware)")
				}
			}
		},
	},
	{
		Code: "MBP1407", Title: "the farms together have every feature once", Severity: diag.Warning, Sources: []string{"mbam-powershell"},
		Covers: []string{"HA-7", "G-16", "WIN-T01"},
		Why: "Without the agent service no client can report or store a key, without the administration portal the " +
			"help desk cannot read one. Each may be in any farm, but it has to be in one.",
		Fix: "Add the feature to a farm, or leave features: out; a farm then has all three.",
		Example: Example{Edits: []string{
			"      nodes: [WEB1, WEB2]", "      features: [agentService, selfServicePortal]\n      nodes: [WEB1, WEB2]",
		}},
		Find: func(c *Context) {
			agent, admin := 0, 0
			for _, w := range c.Webs {
				if w.Agent {
					agent++
				}
				if w.Admin {
					admin++
				}
			}
			if agent == 0 {
				c.Report("web.farms", "add agentService to a farm", "no farm has the agent service, the part that clients talk to")
			}
			if admin == 0 {
				c.Report("web.farms", "add administrationPortal to a farm", "no farm has the administration portal, where the help desk reads keys")
			}
		},
	},
	{
		Code: "MBP1408", Title: "texts of the portal are for the release that knows them", Severity: diag.Error, Sources: []string{"mbam-cmdlets"},
		Covers: []string{"FN-D1", "G-18"},
		Why: "These are parameters that the cmdlets of 2.5 SP1 have and those of 2.5 have not; a script with them " +
			"would stop at the first.",
		Fix:     "Use 2.5 SP1, or leave the settings out.",
		Example: Example{Edits: []string{"release: 2.5 SP1", `release: "2.5"`}},
		Find: func(c *Context) {
			if c.MBAM.SP1() {
				return
			}
			for i, w := range c.Webs {
				if w.TPMReset {
					c.Report(webPath(i, "tpmLockoutAutoReset"), "use 2.5 SP1, or leave it out", "TPM lockout auto reset needs MBAM 2.5 SP1")
				}
				p := w.Portal
				if p.Company != "" || p.HelpdeskText != "" || p.HelpdeskURL != "" || p.NoticeFile != "" || p.NoNotice {
					c.Report(webPath(i, "portal"), "use 2.5 SP1, or leave it out", "portal texts are parameters of MBAM 2.5 SP1")
				}
			}
			if c.DataMigration != nil {
				c.Report("groups.dataMigration", "use 2.5 SP1, or leave it out", "a data migration group needs MBAM 2.5 SP1")
			}
		},
	},
	{
		Code: "MBP1409", Title: "virtual directories of the portals are theirs alone", Severity: diag.Error, Sources: []string{"mbam-cmdlets", "mbam-events"},
		Covers: []string{"WIN-T02"},
		Why: "Each portal is an IIS application below one site, beside the services that MBAM makes under fixed names. A portal with " +
			"the name of a service, or of the other portal, is refused when it is enabled (event 501).",
		Fix:     "Leave helpDeskDirectory and selfServiceDirectory out, or choose two names that MBAM does not use.",
		Example: Example{Edits: []string{"      portal:", "      helpDeskDirectory: SelfService\n      portal:"}},
		Only25:  true,
		Find: func(c *Context) {
			for i, w := range c.Webs {
				help, self := strings.Trim(w.HelpDeskDir, "/"), strings.Trim(w.PortalDir, "/")
				if w.Admin && w.SelfService && strings.EqualFold(help, self) {
					c.ReportAt(webPath(i, "helpDeskDirectory"), "give each its own name", webPath(i, "selfServiceDirectory"), "the other portal", "both portals of farm %q have the virtual directory %q", w.Name, help)
				}
				for _, d := range []struct {
					used      bool
					key, name string
				}{{w.Admin, "helpDeskDirectory", help}, {w.SelfService, "selfServiceDirectory", self}} {
					if d.used && slices.ContainsFunc(farm.ReservedDirectories, func(s string) bool { return strings.EqualFold(s, d.name) }) {
						c.Report(webPath(i, d.key), "choose another name, or leave it out", "%q is the name of one of MBAM's services", d.name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1410", Title: "the port fits the protocol", Severity: diag.Warning, Sources: []string{"mbam-web"},
		Why: "Browsers and administrators take 80 for http and 443 for https. With the other one, everybody who leaves the port out " +
			"meets nothing, and a firewall or proxy that looks into the traffic drops it.",
		Fix:     "Leave port out: 443 with a certificate, 80 without.",
		Example: Example{Edits: []string{"      nodes: [WEB1, WEB2]", "      port: 80\n      nodes: [WEB1, WEB2]"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				if w.TLS && w.Port == 80 || !w.TLS && w.Port == 443 {
					c.Report(webPath(i, "port"), "leave port out", "farm %q speaks %s on port %d, which is that of the other protocol", w.Name, w.Scheme(), w.Port)
				}
			}
		},
	},
	{
		Code: "MBP1411", Title: "the short name of a virtual host is nobody's own", Severity: diag.Error, Sources: []string{"mbam-spn", "win-setspn"},
		Covers: []string{"FN-3", "HA-12", "WIN-T22", "WIN-T32"},
		Why: "Where the short name is registered too, http/ and that name belong to the application pool account. A computer, cluster or " +
			"listener of the same short name answers for http under it as well, whatever its DNS domain: Kerberos finds two owners " +
			"and fails for both.",
		Fix:     "Choose a host name whose first part no computer has, or write shortNameSPN: no.",
		Example: Example{Edits: []string{"      nodes: [WEB1, WEB2]", "      shortNameSPN: yes\n      nodes: [WEB1, WEB2]", "host: mbam.contoso.com  ", "host: web1.apps.contoso.com  "}},
		Only25:  true,
		Find: func(c *Context) {
			type owner struct{ name, what, path string }
			var owners []owner
			for _, h := range c.Hosts {
				owners = append(owners, owner{h.Name, "server", decode.Child("hosts", h.Name)})
			}
			if c.Cluster != nil {
				owners = append(owners, owner{c.Cluster.Name, "cluster", "cluster.name"})
			}
			for _, i := range c.Instances {
				if i.Clustered() {
					owners = append(owners, owner{i.Network, "clustered instance", decode.Child("instances", i.Name)})
				}
			}
			for _, g := range c.Groups() {
				owners = append(owners, owner{g.Listener.Name, "listener", placementPath(g, "listener.name")})
			}
			for i, w := range c.Webs {
				names := w.VirtualNames(c.Domain)
				if len(names) < 2 || w.NamesNode(c.Domain) {
					continue
				}
				for _, o := range owners {
					// With the farm's own DNS domain the full names clash already: MBP1102 and MBP1403.
					if strings.EqualFold(o.name, names[1]) && !strings.EqualFold(c.fqdn(o.name), names[0]) {
						c.ReportAt(webPath(i, "host"), "choose another host name, or write shortNameSPN: no", o.path, "the "+o.what, "short name %q of virtual host %q is that of a %s, whose account answers for http/%s", names[1], w.Host, o.what, names[1])
					}
				}
			}
		},
	},
	{
		Code: "MBP1412", Title: "the Self-Service Portal finds its scripts", Severity: diag.Warning, Sources: []string{"mbam-deploy", "mbam-web"},
		Covers: []string{"FN-19"},
		Why: "The portal of 2.5 without Service Pack 1 loads jQuery from Microsoft's content delivery network. A user who cannot reach " +
			"that sees the company's name and nothing else, without any message. Pointing the portal at copies on each node is not " +
			"rendered. 2.5 SP1 brings the scripts along.",
		Fix:     "Write jquery: cdn when users reach the network, or point each node at local copies by hand and waive the finding; with 2.5 SP1 leave it out.",
		Example: Example{Base: "rtm-2012.yaml", Edits: []string{"  jquery: cdn", "  jquery: local"}},
		Only25:  true,
		Find: func(c *Context) {
			portal := slices.ContainsFunc(c.Webs, func(w *farm.Web) bool { return w.SelfService })
			switch cdn := c.File.MBAM.UserCDN == "cdn"; {
			case !portal:
			case !c.MBAM.SP1() && !cdn:
				c.Report("mbam.jquery", "write jquery: cdn when users reach it, or point each node at local copies by hand", "the Self-Service Portal of MBAM 2.5 loads jQuery from Microsoft's network unless each node is changed by hand, which is not rendered")
			case c.MBAM.SP1() && cdn:
				c.Report("mbam.jquery", "leave it out", "jquery: cdn is of no effect: the Self-Service Portal of MBAM 2.5 SP1 brings its scripts along")
			}
		},
	},
	{
		Code: "MBP1413", Title: "web applications and databases have servers of their own", Severity: diag.Warning, Sources: []string{"mbam-architecture"},
		Covers: []string{"HA-55"},
		Why: "Microsoft's document calls MBAM on a single server a test environment. Users reach the web server, keys lie on the database " +
			"server; one server for both gives whoever breaks into the first the second, and both fail together.",
		Fix:     "Put the databases on another server, or waive it for a test environment.",
		Example: Example{Base: "standalone-two-servers.yaml", Edits: []string{"nodes: WEB1", "nodes: KEYS1"}},
		Find: func(c *Context) {
			for i, w := range c.Webs {
				for _, n := range w.Nodes {
					for _, inst := range n.Host.Instances {
						if len(c.DatabasesOn(inst)) > 0 {
							c.ReportAt(webPath(i, "nodes"), "name a server without databases", instancePath(inst, "nodes"), "the instance", "web node %q also runs %q, which holds MBAM's databases", n.Host.Name, inst.Name)
						}
					}
				}
			}
		},
	},
	{
		Code: "MBP1414", Title: "settings of the Self-Service Portal take effect", Severity: diag.Warning, Sources: []string{"mbam-cmdlets", "mbam-web"},
		Why: "Texts of the portal are given when the portal is enabled: a farm without it does nothing with them. The notice is the text of " +
			"a .txt file, and of no effect where the notice page is switched off.",
		Fix:     "Move portal: to the farm that has the portal, and give noticeFile or disableNotice.",
		Example: Example{Edits: []string{"portal: {companyName", "portal: {disableNotice: true, noticeFile: 'C:\\notice.txt', companyName"}},
		Only25:  true,
		Find: func(c *Context) {
			for i, w := range c.Webs {
				p := w.Portal
				if !w.SelfService && (p.Company != "" || p.HelpdeskText != "" || p.HelpdeskURL != "" || p.NoticeFile != "" || p.NoNotice) {
					c.Report(webPath(i, "portal"), "move it to the farm that has the portal", "farm %q has texts of the Self-Service Portal and no such portal", w.Name)
				}
				if p.NoticeFile != "" && !strings.EqualFold(path.Ext(p.NoticeFile), ".txt") {
					c.Report(webPath(i, "portal.noticeFile"), "name a .txt file", "noticeFile: %q is no .txt file", p.NoticeFile)
				}
				if p.NoticeFile != "" && p.NoNotice {
					c.Report(webPath(i, "portal.noticeFile"), "leave one of the two out", "farm %q has a notice and does not show it", w.Name)
				}
			}
		},
	},
}
