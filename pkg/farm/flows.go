package farm

import (
	"slices"
	"strconv"
	"strings"
)

// Place is one end of a connection: a server, a name that moves between servers, or a group of machines.
type Place struct {
	Name    string // "WEB1", "mbam.contoso.com", "clients and browsers"
	Address string // "" when the topology does not say
}

// Flow is one row of the firewall matrix: connections that the farm needs, in the direction in which they are opened.
type Flow struct {
	From, To []Place
	Port     string // "1433", "49152-65535"
	Protocol string // TCP or UDP
	Why      string
	Source   string // key of docs/sources.yaml
	Each     bool   // every place of From with every other of To, both ways
}

// Flows returns the firewall matrix of the farm, in this order: clients to each web farm and from its balancer to the nodes,
// people to the reports, servers to the databases, databases among each other, cluster nodes, file shares, domain
// controllers. The rows for SQL Server open on each server what FirewallRules opens there.
//
// The ports of the products are those of the plan (mbam-web, mbam-reports, sql-browser, sql-endpoint); those of Windows, which
// the plan cannot choose, are of win-ports. A dynamic port of an instance has no number to open: SQL Server Browser tells
// clients which one it is today. It is an error when the reports' URL does not parse.
func (f *Farm) Flows() ([]Flow, error) {
	out := f.webFlows()
	reports, err := f.reportFlows()
	if err != nil {
		return nil, err
	}
	out = append(out, reports...)
	out = append(out, f.sqlFlows()...)
	out = append(out, f.clusterFlows()...)
	out = append(out, f.shareFlows()...)
	return append(out, f.domainFlows()...), nil
}

const tcp, udp = "TCP", "UDP"

var people = Place{Name: "clients and browsers"}

func place(h *Host) Place {
	p := Place{Name: h.Name}
	if h.Address.IsValid() {
		p.Address = h.Address.String()
	}
	return p
}

func places(hosts []*Host) []Place {
	var out []Place
	for _, h := range hosts {
		out = append(out, place(h))
	}
	return out
}

func (w *Web) hosts() []*Host {
	var out []*Host
	for _, n := range w.Nodes {
		out = append(out, n.Host)
	}
	return out
}

func (f *Farm) webFlows() []Flow {
	var out []Flow
	for _, w := range f.Webs {
		port, nodes := strconv.Itoa(w.Port), places(w.hosts())
		front := Place{Name: w.VirtualFQDN(f.Domain)}
		switch b := w.Balancer; {
		case b != nil && b.Address.IsValid():
			front.Address = b.Address.String()
		case b == nil && len(nodes) == 1:
			front.Address = nodes[0].Address
		}
		out = append(out, Flow{From: []Place{people}, To: []Place{front}, Port: port, Protocol: tcp, Why: w.serves(), Source: "mbam-web"})
		if w.Balancer.HAProxy() || w.Balancer.External() {
			out = append(out, Flow{From: []Place{{Name: w.Balancer.Title()}}, To: nodes, Port: port, Protocol: tcp, Why: "the balancer passes requests on and probes each node", Source: "mbam-ha"})
		}
		if w.Balanced() {
			out = append(out, Flow{From: nodes, To: nodes, Each: true, Port: port, Protocol: tcp, Why: "checks and drills ask each node by itself", Source: "general-practice"})
		}
	}
	return out
}

func (f *Farm) reportFlows() ([]Flow, error) {
	r := f.Reporting
	if r == nil {
		return nil, nil
	}
	port, err := r.Port()
	if err != nil {
		return nil, err
	}
	from := []Place{{Name: "browsers"}}
	for _, w := range f.Webs {
		if w.Admin {
			from = append(from, places(w.hosts())...)
		}
	}
	return []Flow{{From: from, To: places(r.Hosts), Port: strconv.Itoa(port), Protocol: tcp, Why: "the reports, also from within the Help Desk", Source: "mbam-reports"}}, nil
}

// listening is what servers are opened for under one port.
type listening struct {
	protocol string
	port     int
	why      string
	source   string
	each     bool
	to       []*Host
	from     []*Host
}

// sqlFlows joins servers that are opened for the same reason into one row.
func (f *Farm) sqlFlows() []Flow {
	var rows []*listening
	add := func(want listening, to, from []*Host) {
		at := slices.IndexFunc(rows, func(l *listening) bool {
			return l.protocol == want.protocol && l.port == want.port && l.why == want.why
		})
		if at < 0 {
			at = len(rows)
			rows = append(rows, &want)
		}
		rows[at].to, rows[at].from = union(rows[at].to, to), union(rows[at].from, from)
	}
	var servers []*Host
	for _, h := range f.Hosts {
		if h.HasRole() {
			servers = append(servers, h)
		}
	}
	for _, i := range f.Instances {
		if i.Port > 0 {
			add(listening{protocol: tcp, port: i.Port, why: "connections to SQL Server: web applications, reports, set-up, checks", source: "mbam-databases"}, i.Nodes, servers)
		}
		if i.Port == 0 || f.FoundByName(i) || slices.ContainsFunc(i.Nodes, f.NeedsBrowserOn) {
			add(listening{protocol: udp, port: 1434, why: "SQL Server Browser tells the port of a named instance", source: "sql-browser"}, i.Nodes, servers)
		}
	}
	for _, p := range f.Groups() {
		var members []*Host
		for _, r := range p.Replicas {
			members = union(members, r.Instance.Nodes)
		}
		for _, r := range p.Replicas {
			if l := p.Listener; l != nil {
				add(listening{protocol: tcp, port: l.Port, why: "connections through the listener " + l.FQDN, source: "sql-ag-listener"}, r.Instance.Nodes, servers)
			}
			add(listening{protocol: tcp, port: r.EndpointPort, why: "data movement between the replicas of " + p.Name + " (mirroring endpoint)", source: "sql-endpoint", each: true}, r.Instance.Nodes, members)
		}
	}
	for _, p := range f.Mirrors() {
		if len(p.Databases) == 0 {
			continue
		}
		var members []*Host
		for _, i := range p.Members() {
			members = union(members, i.Nodes)
		}
		for _, i := range p.Members() {
			add(listening{protocol: tcp, port: f.EndpointPort(p, i), why: "database mirroring between principal, mirror and witness (mirroring endpoint)", source: "sql-endpoint", each: true}, i.Nodes, members)
		}
	}
	var out []Flow
	for _, l := range rows {
		from := l.from
		if len(l.to) == 1 {
			from = slices.DeleteFunc(slices.Clone(from), func(h *Host) bool { return h == l.to[0] })
		}
		if len(from) == 0 {
			continue // everything is on one server
		}
		out = append(out, Flow{From: places(from), To: places(l.to), Each: l.each, Port: strconv.Itoa(l.port), Protocol: l.protocol, Why: l.why, Source: l.source})
	}
	return out
}

func union(a, b []*Host) []*Host {
	for _, h := range b {
		if !slices.Contains(a, h) {
			a = append(a, h)
		}
	}
	return a
}

const dynamicPorts = "49152-65535"

// clusterFlows are the ports of the Cluster service (win-ports).
func (f *Farm) clusterFlows() []Flow {
	if f.Cluster == nil || len(f.Cluster.Nodes) < 2 {
		return nil
	}
	nodes := places(f.Cluster.Nodes)
	row := func(protocol, port, why string) Flow {
		return Flow{From: nodes, To: nodes, Each: true, Protocol: protocol, Port: port, Why: why, Source: "win-ports"}
	}
	return []Flow{
		row(udp, "3343", "failover cluster "+f.Cluster.Name+": heartbeat"),
		row(tcp, "3343", "failover cluster: a node joins"),
		row(tcp, "135", "failover cluster: RPC endpoint mapper"),
		row(tcp, dynamicPorts, "failover cluster: RPC, dynamic ports"),
	}
}

// shareFlows lead to the file servers that the plan names by UNC paths (win-ports).
func (f *Farm) shareFlows() []Flow {
	type share struct {
		server, why string
		from        []*Host
	}
	var list []*share
	add := func(path, why string, from []*Host) {
		server, ok := uncServer(path)
		if !ok || len(from) == 0 {
			return
		}
		for _, s := range list {
			if strings.EqualFold(s.server, server) {
				s.from = union(s.from, from)
				if !strings.Contains(s.why, why) {
					s.why += ", " + why
				}
				return
			}
		}
		list = append(list, &share{server, why, union(nil, from)})
	}
	var software []*Host
	for _, h := range f.Hosts {
		if h.HasRole() && h.NeedsMBAM() {
			software = append(software, h)
		}
	}
	for _, path := range []string{f.MBAM.Media, f.MBAM.Update, f.MBAM.MVC4Media} {
		add(path, "set-up media", software)
	}
	if f.Cluster != nil {
		add(f.Cluster.Witness, "witness of the cluster", f.Cluster.Nodes)
	}
	for _, p := range f.Placements {
		for _, i := range p.All() {
			add(p.BackupShare, "backups that seed the copies", i.Nodes)
		}
	}
	for _, i := range f.Instances {
		if len(f.DatabasesOn(i)) > 0 {
			add(f.Backup.Folder, "backups of the databases", i.Nodes)
		}
	}
	var out []Flow
	for _, s := range list {
		out = append(out, Flow{From: places(s.from), To: []Place{{Name: s.server}}, Port: "445", Protocol: tcp, Why: "file shares: " + s.why, Source: "win-ports"})
	}
	return out
}

// uncServer returns the server of a UNC path.
func uncServer(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, `\\`)
	server, _, _ := strings.Cut(rest, `\`)
	return server, ok && server != ""
}

// domainFlows are what every member server needs of its domain controllers to look up names and log accounts on
// (win-ports).
func (f *Farm) domainFlows() []Flow {
	var servers []*Host
	for _, h := range f.Hosts {
		if h.HasRole() {
			servers = append(servers, h)
		}
	}
	to := []Place{{Name: "domain controllers of " + f.Domain.DNS}}
	row := func(protocol, port, why string) Flow {
		return Flow{From: places(servers), To: to, Port: port, Protocol: protocol, Why: why, Source: "win-ports"}
	}
	return []Flow{
		row(tcp, "53", "DNS"), row(udp, "53", "DNS"),
		row(tcp, "88", "Kerberos"), row(udp, "88", "Kerberos"),
		row(tcp, "135", "RPC endpoint mapper"), row(tcp, dynamicPorts, "RPC, dynamic ports"),
		row(tcp, "389", "LDAP"), row(udp, "389", "LDAP, to find a domain controller"),
		row(tcp, "445", "Group Policy and logon (SMB)"),
	}
}

// Site is a place where servers stand, as the topology names it.
type Site struct {
	Name  string // "" for servers without a site
	Hosts []*Host
}

// Sites groups hosts by site, both in the order of the topology.
func Sites(hosts []*Host) []Site {
	var out []Site
	for _, h := range hosts {
		at := slices.IndexFunc(out, func(s Site) bool { return s.Name == h.Site })
		if at < 0 {
			at = len(out)
			out = append(out, Site{Name: h.Site})
		}
		out[at].Hosts = append(out[at].Hosts, h)
	}
	return out
}

// Hosts returns the listener's addresses without the lengths of their subnets.
func (l *Listener) Hosts() []string {
	var out []string
	for _, a := range l.Addresses {
		out = append(out, a.Addr().String())
	}
	return out
}

// EndpointPort is the port of the endpoint that an instance has in a mirrored pair: the one that this plan makes, else the
// one that the topology says is there.
func (f *Farm) EndpointPort(p *Placement, i *Instance) int {
	switch port := f.MirroringPort(i); {
	case port > 0:
		return port
	case i.Endpoint > 0:
		return i.Endpoint
	default:
		return p.EndpointPort
	}
}

// PortText writes a TCP port for people: "TCP 443".
func PortText(port int) string { return tcp + " " + strconv.Itoa(port) }
