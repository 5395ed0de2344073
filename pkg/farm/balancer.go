package farm

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// NLBMode returns the name that New-NlbCluster knows the operation mode by: Unicast, Multicast or IgmpMulticast (win-nlb).
func (b *Balancer) NLBMode() string {
	switch b.Mode {
	case "unicast":
		return "Unicast"
	case "igmp":
		return "IgmpMulticast"
	default:
		return "Multicast"
	}
}

// Unicast reports whether the NLB nodes share one hardware address, so that they cannot reach each other over the
// balanced adapter (win-nlb).
func (b *Balancer) Unicast() bool { return b.NLB() && b.Mode == "unicast" }

// MACAddress is the hardware address under which NLB answers for the virtual address, as "03-BF-0A-01-00-3C": a prefix for
// the operation mode, and the octets of the address, in IGMP mode only the last two. No document of the sources states the
// prefixes (inferred); the verify of balancer/nlb-cluster compares them with what the driver says. "" without NLB.
func (b *Balancer) MACAddress() string {
	if !b.NLB() || !b.Address.Is4() {
		return ""
	}
	o := b.Address.As4()
	switch b.Mode {
	case "unicast":
		return fmt.Sprintf("02-BF-%02X-%02X-%02X-%02X", o[0], o[1], o[2], o[3])
	case "igmp":
		return fmt.Sprintf("01-00-5E-7F-%02X-%02X", o[2], o[3])
	default:
		return fmt.Sprintf("03-BF-%02X-%02X-%02X-%02X", o[0], o[1], o[2], o[3])
	}
}

// NLBNetwork returns the sheet of what switches, routers and hypervisors have to be set to for the operation mode of an NLB
// cluster (win-nlb, win-nlb-vmware, field practice); nil without NLB.
func (w *Web) NLBNetwork() []Requirement {
	b := w.Balancer
	if !b.NLB() {
		return nil
	}
	vip, mac := b.Address.String(), b.MACAddress()
	rows := []Requirement{
		{"Virtual address", vip + " (" + b.Subnet.String() + "), TCP " + strconv.Itoa(w.Port), "all nodes answer for it at layer 2, so they share one subnet and VLAN"},
		{"Its hardware address", mac, "NLB makes it from the mode " + b.Mode + " and the address; the verify of step 720 compares it"},
	}
	if b.Unicast() {
		return append(rows,
			Requirement{"Switch ports of the nodes", "the same hardware address on all of them: no port security, no static MAC entry for " + mac, "the switch must not learn the address and has to flood it"},
			Requirement{"VLAN", "better one of its own for the balanced adapters", "every frame to the farm is flooded to all ports"},
			Requirement{"Hyper-V", "MAC address spoofing on for the balanced adapter of every node", "NLB replaces the adapter's hardware address"},
			Requirement{"VMware", "port group: Notify Switches = No; Forged Transmits and MAC Address Changes = Accept; no vMotion between switches that learn", "a notification makes the switch learn the shared address on one port"},
			Requirement{"Nodes among each other", "a second adapter, not balanced, over which the planned address of each node is reached", "nodes with one hardware address cannot reach each other over it"})
	}
	rows = append(rows, Requirement{"Routers and layer 3 switches of the subnet", "static ARP entry " + vip + " = " + mac, "many refuse to learn a multicast hardware address for a unicast address; without the entry only the own subnet reaches the farm"})
	if b.Mode == "igmp" {
		rows = append(rows, Requirement{"Switches", "IGMP snooping on, with a querier in the VLAN, and " + mac + " not bound to ports by hand", "the nodes join the group, and only their ports get the frames"})
	} else {
		rows = append(rows, Requirement{"Switches", "static MAC entry " + mac + " for the ports (or uplinks) of all nodes, or flooding accepted; no IGMP snooping for it", "the address is never a sender, so no switch learns it"})
	}
	return append(rows, Requirement{"Hyper-V and VMware", "nothing to set; after a move of a node to another host the static MAC entry has to cover its port", "the adapters keep their own hardware addresses"})
}

// Title is the name of the balancer for documents: the product that the topology names, else the kind's own.
func (b *Balancer) Title() string {
	switch {
	case b.Product != "":
		return b.Product
	case b.HAProxy():
		return "HAProxy"
	case b.NLB():
		return "Windows Network Load Balancing"
	default:
		return "the load balancer"
	}
}

// NLBFeatures returns the Windows features that an NLB node needs: the driver, and the tools with the cmdlets, which
// Server Core does not offer (win-nlb, win-features).
func (h *Host) NLBFeatures() []string {
	if h.Core {
		return []string{"NLB"}
	}
	return []string{"NLB", "RSAT-NLB"}
}

// ScheduledTasks reports whether the ScheduledTasks module is on the host: from Windows Server 2012.
func (h *Host) ScheduledTasks() bool { return h.WindowsYear() >= 2012 }

// Joins reports whether the node is brought into the NLB cluster by this plan: every node of a new cluster, and a new node
// of an existing one.
func (n *Node) Joins() bool {
	b := n.Web.Balancer
	return b.NLB() && (!b.Existing || !n.Existing)
}

// JoiningNodes returns the nodes that join the NLB cluster which the first one belongs to, in the order of the topology.
func (w *Web) JoiningNodes() []*Node {
	var out []*Node
	for _, n := range w.Nodes {
		if !n.First && n.Joins() {
			out = append(out, n)
		}
	}
	return out
}

// Probe is the request by which a balancer finds out whether a node's site answers.
type Probe struct {
	Path   string // escaped for a request line: "/HelpDesk/"
	Status []int  // answers that say alive
}

// Probe returns the request for the first application of the farm. The portals ask an anonymous client for credentials,
// so 401 is the answer of a living node; 200 and 403 come from one whose authentication is set otherwise (mbam-validate,
// field-checks). It proves IIS and Windows authentication, not the databases.
func (f *Farm) Probe(w *Web) Probe {
	path := "/"
	if list := f.Applications(w); len(list) > 0 {
		path = list[0].RequestPath()
	}
	return Probe{Path: path, Status: []int{200, 401, 403}}
}

// RequestPath is URLPath as it stands in a request line: "/Help%20Desk/".
func (a WebApplication) RequestPath() string { return (&url.URL{Path: a.URLPath()}).EscapedPath() }

// StatusList returns the answers as text: "200, 401 or 403".
func (p Probe) StatusList() string {
	var list []string
	for _, s := range p.Status {
		list = append(list, strconv.Itoa(s))
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}

// StatusPattern returns the answers as the regular expression of HAProxy's "http-check expect rstatus" (haproxy).
func (p Probe) StatusPattern() string {
	var list []string
	for _, s := range p.Status {
		list = append(list, strconv.Itoa(s))
	}
	return "^(" + strings.Join(list, "|") + ")$"
}

// ListenAddress is where HAProxy listens: the topology's own bind address, else the virtual address, with the farm's port.
func (w *Web) ListenAddress() string {
	bind := w.Balancer.Bind
	switch {
	case bind == "":
		bind = w.Balancer.Address.String()
	case strings.Contains(bind, ":"):
		return bind
	}
	return bind + ":" + strconv.Itoa(w.Port)
}

// Address is where the node itself is reached, not the farm: its planned IP address, else its DNS name. The name of an
// NLB node may lead to the virtual address, since Windows registers every address of an adapter.
func (n *Node) Address() string {
	if n.Host.Address.IsValid() {
		return n.Host.Address.String()
	}
	return n.Host.FQDN
}

// Target is the node's address for a balancer, with the farm's port.
func (n *Node) Target() string { return n.Address() + ":" + strconv.Itoa(n.Web.Port) }

// Resolved reports whether the target is a DNS name, which HAProxy must resolve while it runs.
func (n *Node) Resolved() bool { return !n.Host.Address.IsValid() }

// Resolves reports whether any target of the farm is a DNS name.
func (w *Web) Resolves() bool {
	for _, n := range w.Nodes {
		if n.Resolved() {
			return true
		}
	}
	return false
}

// Thumbprints returns the certificates that may answer for the farm, each once, in the order of the nodes; a node
// without one is left out.
func (w *Web) Thumbprints() []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range w.Nodes {
		if n.Thumbprint != "" && !seen[strings.ToUpper(n.Thumbprint)] {
			seen[strings.ToUpper(n.Thumbprint)] = true
			out = append(out, n.Thumbprint)
		}
	}
	return out
}

// Requirement is one row of the sheet for the team that runs the balancer.
type Requirement struct {
	Field, Value, Reason string
}

// BalancerRequirements returns the sheet of what a load balancer has to do for a farm: HA-7 to HA-15 of the documents
// (mbam-ha), affinity Single (mbam1-nlb), and what follows from service principal names and Windows authentication
// (mbam-spn, win-kernel-auth). Neutral of product.
func (f *Farm) BalancerRequirements(w *Web) []Requirement {
	port := strconv.Itoa(w.Port)
	var nodes []string
	for _, n := range w.Nodes {
		nodes = append(nodes, n.Host.Name+" "+n.Target())
	}
	probe := f.Probe(w)
	rows := []Requirement{
		{"Virtual address", w.Balancer.Address.String(), "one address for " + w.serves()},
		{"DNS", "A record " + w.Host + ", never an alias (CNAME)", "an alias changes the name that Kerberos asks for"},
		{"Listener", "TCP " + port + ", layer 4 pass-through to TCP " + port + " of the nodes", "the services' bindings are fixed to host name and port when MBAM is enabled"},
		{"Nodes", strings.Join(nodes, "; "), "every node is equal"},
	}
	if w.TLS {
		rows = append(rows,
			Requirement{"TLS", "ends on the nodes, not on the balancer", "the nodes hold the certificate of " + w.Host},
			Requirement{"Where TLS must end on the balancer", "the same name in its certificate, encryption to the nodes again, one server connection per client connection", "NTLM and Kerberos authenticate a connection; a shared one would mix users"})
	}
	rows = append(rows,
		Requirement{"Host header", w.Host + ", unchanged", "the service principal name http/" + w.Host + " belongs to " + f.Pool.Down() + "; nodes have none of their own"},
		Requirement{"Method", "least connections or round robin", "no document asks for a method"},
		Requirement{"Persistence", "source address, " + strconv.Itoa(w.Balancer.Persist) + " minutes", w.persistence()},
		Requirement{"Health probe", strings.ToUpper(w.Scheme()) + " GET " + probe.Path + " with Host " + w.Host + sni(w) + "; alive: " + probe.StatusList(), "401 without credentials is the answer of a living site; it proves IIS, not the databases"},
		Requirement{"Probe times", "every 10 to 15 seconds, down after 3 failures, up after 2 successes", "an application pool that starts needs seconds"},
		Requirement{"Idle time-out", "at least 120 seconds, better 300", "reports and searches take their time"},
		Requirement{"Draining", "a node can be taken out with connections running to their end", "every hotfix of MBAM is installed node by node"},
		Requirement{"Client address", "kept, or source NAT accepted", "with source NAT the IIS logs show the balancer"},
		Requirement{"All nodes down", "refuse the connection; no sorry page", "an MBAM client that gets a page in place of the service cannot tell it from an answer"},
	)
	return rows
}

// serves names what the farm's features serve, for documents: "Help Desk, Self-Service Portal and services".
func (w *Web) serves() string {
	var list []string
	if w.Admin {
		list = append(list, "Help Desk")
	}
	if w.SelfService {
		list = append(list, "Self-Service Portal")
	}
	if w.Agent {
		list = append(list, "services")
	}
	return enumerate(list)
}

// enumerate joins names as "A", "A and B", "A, B and C".
func enumerate(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func (w *Web) persistence() string {
	const shared = "clients behind one NAT or proxy share a node"
	if w.SelfService {
		return "the Self-Service Portal keeps its session on one node; " + shared
	}
	if w.Admin {
		return "one person's requests stay on one node; " + shared
	}
	return "no session is kept for the services; it keeps a client's authenticated connections on one node; " + shared
}

func sni(w *Web) string {
	if w.TLS {
		return " and the same server name (SNI)"
	}
	return ""
}

// DatabaseHosts returns the names of the servers to which connection strings lead, each once: listeners, both partners of
// mirrored pairs, and the network names of other instances.
func (f *Farm) DatabaseHosts() []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, d := range f.Databases() {
		switch p := d.Placement; {
		case p.AG() && p.Listener != nil:
			add(p.Listener.FQDN)
		case p.Mirroring():
			add(p.Principal.FQDN)
			add(p.Mirror.FQDN)
		default:
			add(p.Primary().FQDN)
		}
	}
	return out
}
