package farm

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ComponentKind groups what can fail.
type ComponentKind string

// The kinds of components.
const (
	KindServer      ComponentKind = "server"      // a Windows server
	KindSite        ComponentKind = "site"        // a site or room with all its servers
	KindLink        ComponentKind = "link"        // the network between a site and the others
	KindDirectory   ComponentKind = "directory"   // every domain controller of the domain
	KindDNS         ComponentKind = "dns"         // name resolution
	KindAccount     ComponentKind = "account"     // a service account: locked, disabled, or its password expired
	KindName        ComponentKind = "name"        // the DNS record of a virtual host name, or the reports' name
	KindBalancer    ComponentKind = "balancer"    // the load balancer with its virtual address
	KindCertificate ComponentKind = "certificate" // a certificate: expired, revoked or removed
	KindMachineKey  ComponentKind = "machineKey"  // the machine key of a web farm: not the same on every node any more
	KindListener    ComponentKind = "listener"    // a listener, or the network name of a failover cluster instance
	KindWitness     ComponentKind = "witness"     // the witness of the cluster
	KindStorage     ComponentKind = "storage"     // the shared storage of a failover cluster instance
	KindReportDB    ComponentKind = "reportDB"    // the report server database of a scale-out deployment
)

// Component is something that can fail: a server, a site, the network between sites, or something that servers share.
type Component struct {
	// ID tells components apart: "SQL1" for a server, and kind:name for all others ("site:HQ", "witness:SQLCLU1", "account:pool"), so that a
	// server may have any name. It changes only with the names in it. Case does not matter.
	ID   string
	Kind ComponentKind
	// Name is the bare name: "SQL1", "HQ", "mbam.contoso.com".
	Name string
	// Title names it for people, with what its failure means: "the certificate of mbam.contoso.com (expired)".
	Title string

	Host     *Host     // server
	Site     string    // site; link: the site that is cut off
	Web      *Web      // name, balancer, certificate, machineKey
	Node     *Node     // certificate that only this node has
	Listener *Listener // listener
	Instance *Instance // listener, storage of a failover cluster instance
}

// Sites returns the sites that servers with a role name, in the order of the topology and in the spelling of the first, and whether some
// server names none. Names compare without case.
func (f *Farm) Sites() (names []string, rest bool) {
	for _, h := range f.Hosts {
		switch {
		case !h.HasRole():
		case h.Site == "":
			rest = true
		case !slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, h.Site) }):
			names = append(names, h.Site)
		}
	}
	return names, rest
}

// Components returns everything of the farm that can fail by itself: servers in the order of the topology, sites, the network between
// sites, then what is shared. Servers without a role are no part. Between two sites there is one network; with more sites each has
// one that connects it with all others. Servers that name no site count as one more site for the network, and fail one by one.
func (f *Farm) Components() []Component {
	var out []Component
	add := func(p Component) { out = append(out, p) }
	for _, h := range f.Hosts {
		if h.HasRole() {
			add(Component{ID: h.Name, Kind: KindServer, Name: h.Name, Title: "server " + h.Name, Host: h})
		}
	}
	sites, rest := f.Sites()
	for _, s := range sites {
		add(Component{ID: "site:" + s, Kind: KindSite, Name: s, Title: "site " + s, Site: s})
	}
	switch {
	case len(sites) == 2 && !rest:
		add(Component{
			ID: "link:" + sites[0] + "-" + sites[1], Kind: KindLink, Name: sites[0] + "-" + sites[1],
			Title: "the network between " + sites[0] + " and " + sites[1], Site: sites[1],
		})
	case len(sites) == 1 && rest || len(sites) > 1:
		for _, s := range sites {
			add(Component{ID: "link:" + s, Kind: KindLink, Name: s, Title: "the network between " + s + " and the other servers", Site: s})
		}
	}
	f.sharedParts(add)
	f.databaseParts(add)
	f.webParts(add)
	f.reportParts(add)
	return out
}

func (f *Farm) sharedParts(add func(Component)) {
	add(Component{ID: "directory:" + f.Domain.DNS, Kind: KindDirectory, Name: f.Domain.DNS, Title: "Active Directory (every domain controller of " + f.Domain.DNS + ")"})
	add(Component{ID: "dns:" + f.Domain.Zone, Kind: KindDNS, Name: f.Domain.Zone, Title: "DNS (every server that resolves " + f.Domain.Zone + ")"})
	if !f.MBAM.V2() {
		add(Component{ID: "account:pool", Kind: KindAccount, Name: f.Pool.Down(), Title: "application pool account " + f.Pool.Down() + " (locked or expired)"})
	}
	if f.Reporting != nil {
		add(Component{ID: "account:reports", Kind: KindAccount, Name: f.ReportReader.Down(), Title: "account of the reports " + f.ReportReader.Down() + " (locked or expired)"})
	}
}

func (f *Farm) databaseParts(add func(Component)) {
	if f.Cluster != nil && f.Cluster.Witness != "" {
		add(Component{ID: "witness:" + f.Cluster.Name, Kind: KindWitness, Name: f.Cluster.Witness, Title: "quorum witness " + f.Cluster.Witness + " of " + f.Cluster.Name})
	}
	var seen []*Instance
	for _, p := range f.Placements {
		if len(p.Databases) == 0 {
			continue
		}
		if p.AG() && p.Listener != nil {
			add(Component{
				ID: "listener:" + p.Listener.Name, Kind: KindListener, Name: p.Listener.Name,
				Title: "listener " + p.Listener.FQDN + " of " + p.Name, Listener: p.Listener,
			})
		}
		for _, i := range p.All() {
			if !i.Clustered() || slices.Contains(seen, i) {
				continue
			}
			seen = append(seen, i)
			add(Component{ID: "listener:" + i.Network, Kind: KindListener, Name: i.Network, Title: "network name " + i.FQDN + " of the clustered instance", Instance: i})
			add(Component{ID: "storage:" + i.Name, Kind: KindStorage, Name: i.Name, Title: "shared storage of " + i.Name, Instance: i})
		}
	}
}

func (f *Farm) webParts(add func(Component)) {
	for _, w := range f.Webs {
		add(Component{ID: "name:" + w.Host, Kind: KindName, Name: w.Host, Title: "DNS record of " + w.Host, Web: w})
		if w.Balancer != nil {
			add(Component{ID: "balancer:" + w.Name, Kind: KindBalancer, Name: w.Balancer.Title(), Title: w.Balancer.Title() + " of " + w.Host, Web: w})
		}
		switch {
		case !w.TLS:
		case w.commonCertificate():
			add(Component{ID: "certificate:" + w.Name, Kind: KindCertificate, Name: w.Host, Title: "certificate of " + w.Host + " (expired)", Web: w})
		default:
			for _, n := range w.Nodes {
				add(Component{
					ID: "certificate:" + w.Name + "/" + n.Host.Name, Kind: KindCertificate, Name: n.Host.Name,
					Title: "certificate of " + w.Host + " on " + n.Host.Name + " (expired)", Web: w, Node: n,
				})
			}
		}
		if w.Balanced() {
			add(Component{ID: "machineKey:" + w.Name, Kind: KindMachineKey, Name: w.Host, Title: "machine key of " + w.Host + " (not the same on every node)", Web: w})
		}
	}
}

// commonCertificate reports whether every node has one certificate. Without a thumbprint nobody knows yet; one for all is assumed,
// because it is the worse case.
func (w *Web) commonCertificate() bool {
	for _, n := range w.Nodes {
		if !strings.EqualFold(n.Thumbprint, w.Nodes[0].Thumbprint) {
			return false
		}
	}
	return true
}

func (f *Farm) reportParts(add func(Component)) {
	r := f.Reporting
	if r == nil || !r.Scaled() {
		return
	}
	add(Component{ID: "reportDB:reports", Kind: KindReportDB, Name: "report server database", Title: "common database of the report servers (not part of this plan)"})
	if r.URLHost() != nil {
		return
	}
	if u, err := url.Parse(r.URL); err == nil {
		add(Component{ID: "name:reports", Kind: KindName, Name: u.Hostname(), Title: fmt.Sprintf("%s, the name and the balancer of the report servers", u.Hostname())})
	}
}

// URLHost returns the report server whose own name stands in the reports' URL, nil when the URL has another name.
func (r *Reporting) URLHost() *Host {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil
	}
	for _, h := range r.Hosts {
		if strings.EqualFold(u.Hostname(), h.Name) || strings.EqualFold(u.Hostname(), h.FQDN) {
			return h
		}
	}
	return nil
}

// ComponentKinds returns every kind in the order of Components.
func ComponentKinds() []ComponentKind {
	return []ComponentKind{
		KindServer, KindSite, KindLink, KindDirectory, KindDNS, KindAccount, KindWitness, KindListener, KindStorage, KindName, KindBalancer,
		KindCertificate, KindMachineKey, KindReportDB,
	}
}

// Find returns the one among components that a person means by a name: an ID, else a bare name, else a kind of which there is one. Several
// that fit are returned together, none when nothing fits. Case does not matter.
func Find(list []Component, name string) []Component {
	for _, fits := range []func(Component) string{
		func(c Component) string { return c.ID },
		func(c Component) string { return c.Name },
		func(c Component) string { return string(c.Kind) },
	} {
		var found []Component
		for _, c := range list {
			if strings.EqualFold(fits(c), name) {
				found = append(found, c)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// Availability returns the share of time, between 0 and 1, that the topology gives for a component: by its ID, by its bare name, or by
// its kind, in this order. It is false when the topology gives none.
func (f *Farm) Availability(c Component) (share float64, ok bool) {
	for _, name := range []string{c.ID, c.Name, string(c.Kind)} {
		for _, g := range f.Figures {
			if strings.EqualFold(g.Name, name) {
				percent, err := strconv.ParseFloat(g.Percent, 64)
				return percent / 100, err == nil
			}
		}
	}
	return 0, false
}

// Measurable reports whether a figure of availability can be given for the kind. A site or network is away together with its servers,
// whose figures hold that already.
func (k ComponentKind) Measurable() bool { return k != KindSite && k != KindLink }

// FigureOf reports whether a name in the topology's availability belongs to something: a component or a kind that is measurable.
func (f *Farm) FigureOf(name string) bool {
	if slices.ContainsFunc(ComponentKinds(), func(k ComponentKind) bool { return strings.EqualFold(string(k), name) && k.Measurable() }) {
		return true
	}
	return slices.ContainsFunc(f.Components(), func(c Component) bool {
		return c.Kind.Measurable() && (strings.EqualFold(c.ID, name) || strings.EqualFold(c.Name, name))
	})
}
