// Package sqlserver is a simulated SQL Server: instances with logins, endpoints, grants, databases with recovery model and log chain,
// availability groups and mirroring sessions between them, jobs, and the views that show it all. It answers what package tsql asks for. Each rule
// names its source: "1.12" is a section of the reference on SQL Server high availability; a message text is the engine's own
// (sys.messages). It knows nothing of MBAM and of our scripts.
package sqlserver

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// A World is what lies around the instances: the directory, disks, the network, the clock.
type World interface {
	// SID resolves DOMAIN\name of the directory, nil when no domain controller knows it; Account is the way back, "" for nobody.
	SID(account string) []byte
	Account(sid []byte) string
	// Inside reports whether an account is in a group, directly or through others.
	Inside(group, account []byte) bool
	// IsGroup reports whether a SID is that of a group.
	IsGroup(sid []byte) bool
	// Look tells what a path is on a machine (or on a share), as an account sees it.
	Look(machine, account, path string) (file, folder, parent bool)
	// Read and Write give the error of the operating system: 2 no file, 3 no path, 5 access denied, 53 no such server, 112 disk full.
	Read(machine, account, path string) ([]byte, int)
	Write(machine, account, path string, data []byte) int
	// Reaches reports whether the network and the receiver's firewall let a TCP connection to a port through.
	Reaches(from, to string, port int) bool
	// Taken reports whether a program that is no SQL Server listens on a port of a machine.
	Taken(machine string, port int) bool
	// NetworkName brings a name of a cluster online with its addresses: the computer object is used or made and the record registered.
	// It answers "" or why not.
	NetworkName(cluster, name string, addresses []string) string
	// Publish tells the cluster which roles the groups are.
	Publish(*Network)
	Now() time.Time
	Sleep(time.Duration)
}

// A Network is all instances that can reach each other, and the failover cluster below them.
type Network struct {
	World     World
	Domain    string // NetBIOS name
	Instances []*Instance
	Cluster   *Cluster // nil without one
	Groups    []*Group
	Mirrors   []*Mirror
	Subnets   map[string]string // the network address that a machine lies in, by its name in upper case

	// MirrorShowsLate says that the mirror shows no session between its own SET PARTNER and the principal's. No document says whether it
	// does.
	MirrorShowsLate bool

	media  map[string][]*BackupSet // by the identifier that stands in the file
	guids  uint64
	medium int
	sets   int
}

// A Cluster is a Windows Server failover cluster.
type Cluster struct {
	Name        string
	Nodes       []Node
	Witness     string // "" without one
	WitnessDown bool
	Networks    []Subnet
}

// A Node is a member of a cluster.
type Node struct {
	Name string
	Vote bool
	Down bool
}

// A Subnet is a network of a cluster.
type Subnet struct{ Address, Mask string }

// New makes an empty network.
func New(w World, domain string) *Network {
	return &Network{World: w, Domain: domain, Subnets: map[string]string{}, media: map[string][]*BackupSet{}}
}

// Instance finds an instance by what @@SERVERNAME prints, nil when there is none.
func (n *Network) Instance(name string) *Instance {
	for _, in := range n.Instances {
		if strings.EqualFold(in.Name, name) {
			return in
		}
	}
	return nil
}

// guid makes the next of an endless row of distinct identifiers.
func (n *Network) guid() string {
	n.guids++
	return fmt.Sprintf("%08X-5EED-4000-8000-%012X", n.guids, n.guids*2654435761%(1<<48))
}

// HasQuorum reports whether more than half of the votes are there.
func (c *Cluster) HasQuorum() bool {
	up, all := 0, 0
	for _, m := range c.Nodes {
		if m.Vote {
			all++
			if !m.Down {
				up++
			}
		}
	}
	if c.Witness != "" {
		all++
		if !c.WitnessDown {
			up++
		}
	}
	return 2*up > all
}

// node finds a member, nil when the machine is none.
func (c *Cluster) node(name string) *Node {
	if c == nil {
		return nil
	}
	for i := range c.Nodes {
		if strings.EqualFold(c.Nodes[i].Name, name) {
			return &c.Nodes[i]
		}
	}
	return nil
}

// serves reports whether the cluster works on a machine.
func (c *Cluster) serves(machine string) bool {
	m := c.node(machine)
	return m != nil && !m.Down && c.HasQuorum()
}

// at finds the instance whose mirroring endpoint an address means: TCP://host:port, nil when it means none.
func (n *Network) at(url string) *Instance {
	host, port, ok := parseURL(url)
	if !ok {
		return nil
	}
	for _, in := range n.Instances {
		if in.Endpoint != nil && in.Endpoint.Port == port && in.answersTo(host) {
			return in
		}
	}
	return nil
}

// parseURL takes an address of an endpoint apart.
func parseURL(url string) (host string, port int, ok bool) {
	if len(url) < 7 || !strings.EqualFold(url[:6], "TCP://") {
		return "", 0, false
	}
	at := strings.LastIndexByte(url, ':')
	if at <= 5 {
		return "", 0, false
	}
	if _, err := fmt.Sscanf(url[at+1:], "%d", &port); err != nil || port < 1 || port > 65535 {
		return "", 0, false
	}
	return url[6:at], port, true
}

// answersTo reports whether a host name leads to the instance: its network name or, for one that is not clustered, its machine, with or
// without the domain.
func (in *Instance) answersTo(host string) bool {
	leaf, _, _ := strings.Cut(in.FQDN, ".")
	return strings.EqualFold(host, in.FQDN) || strings.EqualFold(host, in.Network) || strings.EqualFold(host, leaf)
}

// reason is why an instance does not reach the endpoint of another one, "" when it does. Both need an endpoint that listens; the account
// that the first one runs as needs a login and CONNECT on the second's, by grant, as owner or as sysadmin (1.6, 1.7; CREATE ENDPOINT). Where all run as
// one account the documents ask for no login, and the wizard makes it all the same; so it is asked for here.
func (n *Network) reason(from, to *Instance) string {
	switch {
	case from == nil || to == nil:
		return "nobody answers at that address"
	case !from.Running || !to.Running:
		return "the service is stopped"
	case !from.Listens() || !to.Listens():
		return "an endpoint is not started or does not listen"
	case !n.World.Reaches(from.Owner, to.Owner, to.Endpoint.Port):
		return "the network lets nothing through to the port"
	case !from.Endpoint.agrees(to.Endpoint):
		return "the endpoints share no algorithm"
	}
	account := n.World.SID(from.wire())
	l := to.loginBySID(account)
	switch {
	case account == nil || l == nil || l.Disabled || to.has("D", 100, 0, l.ID, "CONNECT SQL"):
		return from.wire() + " has no login there"
	case to.has("D", 105, to.Endpoint.ID, l.ID, "CONNECT"):
		return from.wire() + " is denied CONNECT on the endpoint"
	case to.has("G", 105, to.Endpoint.ID, l.ID, "CONNECT"), to.Endpoint.Owner == l.ID, l.in("sysadmin"):
		return ""
	}
	return from.wire() + " does not have CONNECT permission on the endpoint"
}

// linked reports whether two instances reach each other both ways.
func (n *Network) linked(a, b *Instance) bool { return n.reason(a, b) == "" && n.reason(b, a) == "" }

// network is the network that an address lies in.
func network(address, mask string) string {
	a, err := netip.ParseAddr(address)
	m := net.IPMask(net.ParseIP(mask).To4())
	if err != nil || m == nil {
		return ""
	}
	ones, _ := m.Size()
	return netip.PrefixFrom(a, ones).Masked().Addr().String()
}
