package check

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

var listenerName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?$`) })

var nameRules = []Rule{
	{
		Code: "MBP1101", Title: "a listener's name fits DNS and NetBIOS", Severity: diag.Error, Sources: []string{"sql-ag-listener"},
		Covers: []string{"SQL-L15", "SQL-R03", "SQL-R04", "SQL-E19471"},
		Why: "A listener is a computer object and a DNS name. NetBIOS knows only its first 15 characters, so a longer " +
			"name is cut and two listeners may collide; underscores are not legal in host names, and names of digits " +
			"alone are taken for addresses.",
		Fix:     "Use at most 15 letters, digits and hyphens, the first and last no hyphen.",
		Example: Example{Edits: []string{"{name: MBAM-SQL,", "{name: MBAM-LISTENER-01,"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				l := g.Listener
				if !listenerName().MatchString(l.Name) || strings.Trim(l.Name, "0123456789") == "" {
					c.Report(placementPath(g, "listener.name"), "use at most 15 letters, digits and hyphens, as MBAM-SQL",
						"listener name %q is not 1 to 15 letters, digits and hyphens; NetBIOS sees only the first 15 characters", l.Name)
				}
			}
		},
	},
	{
		Code: "MBP1102", Title: "a name is given once in the farm", Severity: diag.Error, Sources: []string{"win-setspn", "sql-ag-listener"},
		Covers: []string{"SQL-R05", "SQL-E19471", "WIN-T32"},
		Why: "Servers, the cluster, clustered instances, listeners and virtual host names share one name space in DNS and Active Directory. " +
			"A name that stands for two of them sends clients to either, and its service principal name would have " +
			"two owners, which makes Kerberos fail.",
		Fix:     "Give each its own name.",
		Example: Example{Edits: []string{"{name: MBAM-SQL,", "{name: SQL1,"}},
		Find: func(c *Context) {
			seen := map[string]string{}
			take := func(name, path string) {
				key := strings.ToLower(name)
				if other, ok := seen[key]; ok {
					c.ReportAt(path, "give each its own name", other, "first used here", "the name %q is used twice; servers, cluster, listeners and virtual hosts share one name space", name)
					return
				}
				seen[key] = path
			}
			for _, h := range c.Hosts {
				take(h.FQDN, hostPath(h, "fqdn"))
			}
			if c.Cluster != nil {
				take(c.fqdn(c.Cluster.Name), "cluster.name")
			}
			for _, i := range c.Instances {
				if i.Clustered() {
					take(i.FQDN, instancePath(i, "fqdn"))
				}
			}
			for _, g := range c.Groups() {
				take(g.Listener.FQDN, placementPath(g, "listener.name"))
			}
			for i, w := range c.Webs {
				if w.Balanced() || !c.isHost(w.Host) {
					take(c.fqdn(w.Host), webPath(i, "host"))
				}
			}
		},
	},
	{
		Code: "MBP1103", Title: "an address is given once in the farm", Severity: diag.Error, Sources: []string{"sql-ag-listener", "win-nlb"},
		Covers: []string{"SQL-R10", "WIN-T63"},
		Why: "Two machines or cluster resources with one IPv4 address conflict: Windows turns one of them off, and " +
			"which one is chance. A listener or balancer address is most often copied from a server by mistake.",
		Fix:     "Give each server, cluster, listener and balancer an address of its own.",
		Example: Example{Edits: []string{"10.1.0.60/24", "10.1.0.50/24"}},
		Find: func(c *Context) {
			seen := map[netip.Addr]string{}
			take := func(a netip.Addr, path string) {
				if !a.IsValid() {
					return
				}
				if other, ok := seen[a]; ok {
					c.ReportAt(path, "give each its own address", other, "first used here", "the address %s is used twice", a)
					return
				}
				seen[a] = path
			}
			for _, h := range c.Hosts {
				take(h.Address, hostPath(h, "address"))
			}
			if c.Cluster != nil {
				for _, a := range c.Cluster.Addresses {
					take(a.Addr(), "cluster.addresses")
				}
			}
			for _, g := range c.Groups() {
				for _, a := range g.Listener.Addresses {
					take(a.Addr(), placementPath(g, "listener.addresses"))
				}
			}
			for i, w := range c.Webs {
				if w.Balancer != nil {
					take(w.Balancer.Address, webPath(i, "balancer.address"))
				}
			}
		},
	},
	{
		Code: "MBP1104", Title: "a listener has one address in each subnet of its replicas", Severity: diag.Error, Sources: []string{"sql-ag-listener"},
		Covers: []string{"SQL-P09", "SQL-R07", "SQL-R08", "SQL-R11", "SQL-E19451", "SQL-E19452"},
		Why: "The listener's resource is online where its group is. It needs one static address in each subnet that a " +
			"replica can take it to, and exactly one: SQL Server refuses a second address in the same subnet (error " +
			"19451). The network and the broadcast address belong to no host.",
		Fix:     "Write one host address for each subnet of the replicas.",
		Example: Example{Edits: []string{"[10.1.0.50/24, 10.2.0.50/24]", "[10.1.0.50/24]"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				path := placementPath(g, "listener.addresses")
				subnets := map[netip.Prefix]bool{}
				for _, a := range g.Listener.Addresses {
					if subnets[a.Masked()] {
						c.Report(path, "keep one address for each subnet", "two addresses of listener %q lie in subnet %s; SQL Server refuses the second (19451)", g.Listener.Name, a.Masked())
					}
					subnets[a.Masked()] = true
					if first, last := bounds(a); a.Bits() < 31 && (a.Addr() == first || a.Addr() == last) {
						c.Report(path, "use an address of a host", "%s is the network or broadcast address of its subnet", a.Addr())
					}
				}
				if g.Listener.DHCP {
					continue
				}
				var nodes []*farm.Host
				for _, r := range g.Replicas {
					nodes = append(nodes, r.Instance.Nodes...)
					for _, s := range subnetsOf(r.Instance.Nodes) {
						if !subnets[s] {
							c.Report(path, "add an address in "+s.String(), "replica %q lies in subnet %s, where listener %q has no address: it could not come online there", r.Instance.Name, s, g.Listener.Name)
						}
					}
				}
				if slices.ContainsFunc(nodes, func(h *farm.Host) bool { return !h.Subnet.IsValid() }) {
					continue
				}
				for _, a := range g.Listener.Addresses {
					if !slices.Contains(subnetsOf(nodes), a.Masked()) {
						c.Report(path, "remove it, or correct it", "address %s of listener %q lies in no subnet of its replicas: no node could bring it online (19456)", a, g.Listener.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1105", Title: "the management host is outside the farm", Severity: diag.Error, Sources: []string{"general-practice"},
		Why: "The directory scripts run with the rights of a domain administrator. Those credentials do not belong on " +
			"a server of the farm, where other administrators and services run.",
		Fix:     "Name a workstation or management server that is no part of the farm.",
		Example: Example{Edits: []string{"managementHost: ADMIN1", "managementHost: web1.contoso.com"}},
		Find: func(c *Context) {
			short, _, _ := strings.Cut(c.Domain.Management, ".")
			for _, h := range c.Hosts {
				if h.HasRole() && short != "" && strings.EqualFold(short, h.Name) {
					c.Report("domain.managementHost", "name a workstation or management server", "management host %q is a server of the farm; directory scripts refuse to run there", c.Domain.Management)
				}
			}
		},
	},
	{
		Code: "MBP1106", Title: "every host does something", Severity: diag.Warning, Sources: []string{"general-practice"},
		Why: "A server that nothing uses gets no step. Either it is left over from an earlier plan, or the place that " +
			"should name it names another one.",
		Fix:     "Remove the host, or name it as replica, node, report server or voter.",
		Example: Example{Edits: []string{"hosts:\n", "hosts:\n  SPARE:\n"}},
		Find: func(c *Context) {
			for _, h := range c.Hosts {
				if !h.HasRole() {
					c.Report(decode.Child("hosts", h.Name), "remove it, or name it where it belongs", "host %q has no role in the farm", h.Name)
				}
			}
		},
	},
	{
		Code: "MBP1107", Title: "an address is one that a server can have", Severity: diag.Error, Sources: []string{"general-practice"},
		Why: "The first address of a subnet names the subnet and the last one means everybody in it; loopback, multicast and " +
			"unspecified addresses belong to no server either. Windows refuses such an address, or nobody reaches it.",
		Fix:     "Write an address between the first and the last of the subnet.",
		Example: Example{Edits: []string{"10.1.0.60/24", "10.1.0.255/24"}},
		Find: func(c *Context) {
			judge := func(a netip.Addr, subnet netip.Prefix, path string) {
				if !a.IsValid() {
					return
				}
				if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() {
					c.Report(path, "use an address of a host", "%s is no address of a server", a)
				}
				if first, last := bounds(subnet); subnet.IsValid() && subnet.Bits() < 31 && (a == first || a == last) {
					c.Report(path, "use an address of a host", "%s is the network or broadcast address of its subnet %s", a, subnet)
				}
			}
			for _, h := range c.Hosts {
				judge(h.Address, h.Subnet, hostPath(h, "address"))
			}
			if c.Cluster != nil {
				for _, a := range c.Cluster.Addresses {
					judge(a.Addr(), a.Masked(), "cluster.addresses")
				}
			}
			for i, w := range c.Webs {
				if w.Balancer != nil {
					judge(w.Balancer.Address, w.Balancer.Subnet, webPath(i, "balancer.address"))
				}
			}
		},
	},
	{
		Code: "MBP1108", Title: "a server's DNS name begins with its own name", Severity: diag.Warning, Sources: []string{"win-names"},
		Why: "Windows registers the computer's name in DNS, of which the NetBIOS name is the first 15 characters. A DNS name that begins " +
			"otherwise is an alias or another server's: certificates, service principal names and connections would be made for it.",
		Fix:     "Correct fqdn, or leave it out where it is the name in the farm's domain.",
		Example: Example{Edits: []string{"WEB2: {site: HQ,", "WEB2: {fqdn: web3.contoso.com, site: HQ,"}},
		Find: func(c *Context) {
			for _, h := range c.Hosts {
				label, _, _ := strings.Cut(h.FQDN, ".")
				if !strings.EqualFold(label[:min(len(label), 15)], h.Name) {
					c.Report(hostPath(h, "fqdn"), "correct fqdn, or leave it out", "host %q has the DNS name %q, which does not begin with its name", h.Name, h.FQDN)
				}
			}
		},
	},
}

func (c *Context) fqdn(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + "." + c.Domain.DNS
}

func (c *Context) isHost(name string) bool {
	for _, h := range c.Hosts {
		if strings.EqualFold(h.FQDN, name) || strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}

// bounds returns the first and last address of a prefix.
func bounds(p netip.Prefix) (netip.Addr, netip.Addr) {
	if !p.IsValid() {
		return netip.Addr{}, netip.Addr{}
	}
	first := p.Masked().Addr()
	b := first.As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return first, netip.AddrFrom4(b)
}
