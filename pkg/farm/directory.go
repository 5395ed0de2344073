package farm

import (
	"strconv"
	"strings"
)

// Principal is a user or group of the directory that MBAM needs (mbam-accounts).
type Principal struct {
	Account
	Class  string // objectClass: "user" or "group"
	For    string // what MBAM uses it for
	Domain string // for finding a domain controller: DNS name of the farm's domain, NetBIOS name of another
	Own    bool   // of the farm's own domain, so this plan may create it
	OU     string // where it is created, "" = the domain's container for users
	UPN    string // user principal name of a created user
	Scope  string // scope of a created group
}

// User reports whether it is a user.
func (p Principal) User() bool { return p.Class == "user" }

// Principals lists every account and group that MBAM's cmdlets name, each once.
func (f *Farm) Principals() []Principal {
	var out []Principal
	add := func(a Account, purpose string) {
		for _, p := range out {
			if p.Same(a) {
				return
			}
		}
		p := Principal{Account: a, Class: "user", For: purpose, Domain: f.AccountDomain(a), Own: f.own(a), OU: f.Domain.AccountOU}
		if a.Group {
			p.Class, p.OU, p.Scope = "group", f.Domain.GroupOU, f.groupScope(a)
		} else {
			p.UPN = a.Name + "@" + f.Domain.DNS
		}
		out = append(out, p)
	}
	add(f.Pool, "MBAM: identity of the application pool")
	add(f.ReportReader, "MBAM: data source of the reports")
	add(f.ReadWrite, "MBAM: read and write access to both databases")
	add(f.ReadOnly, "MBAM: read access to the compliance database")
	add(f.AdvancedHelpdesk, "MBAM: Advanced Helpdesk role")
	add(f.Helpdesk, "MBAM: Helpdesk role")
	add(f.ReportUsers, "MBAM: readers of the reports")
	if f.DataMigration != nil {
		add(*f.DataMigration, "MBAM: may write recovery data by cmdlet")
	}
	return out
}

// Membership is an account that must be in a group, directly or through another group.
type Membership struct {
	Group, Member Principal
}

// Memberships lists who must be in which group: the pool account in the read/write group, the account of the reports in
// the read-only group (mbam-accounts). Where the topology names the account itself there is nothing to join.
func (f *Farm) Memberships() []Membership {
	var out []Membership
	for _, m := range [][2]Account{{f.ReadWrite, f.Pool}, {f.ReadOnly, f.ReportReader}} {
		if m[0].Group {
			out = append(out, Membership{Group: f.principal(m[0]), Member: f.principal(m[1])})
		}
	}
	return out
}

func (f *Farm) principal(a Account) Principal {
	for _, p := range f.Principals() {
		if p.Same(a) {
			return p
		}
	}
	return Principal{Account: a, Domain: f.AccountDomain(a)}
}

// AccountDomain names an account's domain for the search of a domain controller: the DNS name of the farm's own domain,
// the NetBIOS name of any other.
func (f *Farm) AccountDomain(a Account) string {
	if f.own(a) {
		return f.Domain.DNS
	}
	return a.Domain
}

func (f *Farm) own(a Account) bool { return strings.EqualFold(a.Domain, f.Domain.NetBIOS) }

// groupScope is the scope of a created group. A global group holds accounts of its own domain only; one whose planned
// member comes from another domain has to be domain local.
func (f *Farm) groupScope(group Account) string {
	if f.ReadWrite.Same(group) && !f.own(f.Pool) || f.ReadOnly.Same(group) && !f.own(f.ReportReader) {
		return "DomainLocal"
	}
	return "Global"
}

// VirtualFQDN is the full DNS name of the virtual host: the host as it is, or a short one in the zone.
func (w *Web) VirtualFQDN(d Domain) string {
	if strings.Contains(w.Host, ".") {
		return w.Host
	}
	return w.Host + "." + d.Zone
}

// VirtualNames lists the names under which users and clients reach the farm: the full name always, the short one when
// the host itself is short (MBAM then asks for both) or when the topology says so (mbam-spn; mbam-ha shows both for a
// full name too).
func (w *Web) VirtualNames(d Domain) []string {
	full := w.VirtualFQDN(d)
	names := []string{full}
	if full != w.Host || w.ShortSPN == "yes" {
		short, _, _ := strings.Cut(w.Host, ".")
		names = append(names, short)
	}
	return names
}

// NamesNode reports whether the virtual host name is the name of a node: a single server without a virtual name.
func (w *Web) NamesNode(d Domain) bool {
	for _, n := range w.Nodes {
		if strings.EqualFold(w.Host, n.Host.FQDN) || strings.EqualFold(w.Host, n.Host.Name) || strings.EqualFold(w.VirtualFQDN(d), n.Host.FQDN) {
			return true
		}
	}
	return false
}

// HTTPNames lists the service principal names of the application pool account, one set per web farm: http/<name>, with
// one slash, without port, and http for https too (mbam-spn). The double slash in mbam-ha is an error of that page.
func (f *Farm) HTTPNames() []string {
	var out []string
	for _, w := range f.Webs {
		for _, n := range w.VirtualNames(f.Domain) {
			out = addName(out, "http/"+n)
		}
	}
	return out
}

// HostAliases lists the names HOST/<virtual name> that no computer account may have: a computer's HOST name answers for
// http as well, and domain controllers refuse the clash (win-setspn). A single node under its own name is left out.
func (f *Farm) HostAliases() []string {
	var out []string
	for _, w := range f.Webs {
		if w.NamesNode(f.Domain) {
			continue
		}
		for _, n := range w.VirtualNames(f.Domain) {
			out = addName(out, "HOST/"+n)
		}
	}
	return out
}

// NodeHTTPNames lists the names of the web nodes that the application pool account must not own, because a balanced farm
// registers the virtual name only (mbam-deploy). A node whose name is the virtual name is left out.
func (f *Farm) NodeHTTPNames() []string {
	wanted := f.HTTPNames()
	var out []string
	for _, w := range f.Webs {
		for _, n := range w.Nodes {
			if n.Renamed() {
				continue // answers to its own name until it is renamed; then OldHTTPNames are taken away
			}
			for _, name := range []string{"http/" + n.Host.FQDN, "http/" + n.Host.Name} {
				if !hasName(wanted, name) {
					out = addName(out, name)
				}
			}
		}
	}
	return out
}

func hasName(list []string, name string) bool {
	for _, l := range list {
		if strings.EqualFold(l, name) {
			return true
		}
	}
	return false
}

func addName(list []string, name string) []string {
	if hasName(list, name) {
		return list
	}
	return append(list, name)
}

// DNSRecord is the A record of a virtual host name.
type DNSRecord struct {
	FQDN    string
	Zone    string
	Leaf    string // name in the zone, "@" for the zone's own name, "" when the host is in another zone
	Address string // "" when the topology does not say
}

// Managed reports whether this plan can write the record: the host is in the zone and the address is known.
func (r DNSRecord) Managed() bool { return r.Leaf != "" && r.Address != "" }

// DNSRecord returns the record of a web farm: the balancer's address, or that of a single node. The record of a node's
// own name belongs to the node, which registers it, and has no leaf here.
func (f *Farm) DNSRecord(w *Web) DNSRecord {
	r := DNSRecord{FQDN: w.VirtualFQDN(f.Domain), Zone: f.Domain.Zone}
	switch {
	case w.NameMoves():
		// The name leads to a node that is in use; directory/dns-move gives it the balancer's address at the end.
	case w.Balancer != nil:
		if w.Balancer.Address.IsValid() {
			r.Address = w.Balancer.Address.String()
		}
	case len(w.Nodes) == 1 && w.Nodes[0].Host.Address.IsValid():
		r.Address = w.Nodes[0].Host.Address.String()
	}
	host, zone := strings.ToLower(r.FQDN), strings.ToLower(r.Zone)
	switch {
	case w.NamesNode(f.Domain):
	case host == zone:
		r.Leaf = "@"
	case strings.HasSuffix(host, "."+zone):
		r.Leaf = r.FQDN[:len(r.FQDN)-len(zone)-1]
	}
	return r
}

// ListenerObject is the computer object of an availability group listener, pre-staged so that the cluster's own account
// needs no right to create computers (win-prestage).
type ListenerObject struct {
	Name    string // of the listener
	SAM     string // sAMAccountName, with $
	Cluster string // name of the cluster
	CNO     string // sAMAccountName of the cluster's computer object, with $
	OU      string // "" = beside the cluster's computer object
}

// ListenerObjects lists the listeners that this plan creates.
func (f *Farm) ListenerObjects() []ListenerObject {
	var out []ListenerObject
	for _, g := range f.Groups() {
		if g.Existing || g.Listener == nil || f.Cluster == nil {
			continue
		}
		out = append(out, ListenerObject{
			Name: g.Listener.Name, SAM: g.Listener.Account(f.Domain).Name, Cluster: f.Cluster.Name,
			CNO: f.Cluster.Account(f.Domain).Name, OU: f.Cluster.ComputerOU,
		})
	}
	return out
}

// SQLName is a service principal name of SQL Server and the account that should own it.
type SQLName struct {
	Name  string  // MSSQLSvc/sql1.contoso.com:1433
	For   string  // "instance SQL1", "listener MBAM-SQL"
	Owner Account // service account, or the computer account of a built-in one
	// Domain finds a domain controller, see AccountDomain.
	Domain string
	// User says that Owner is a user; setspn tells users by -U and finds the other kinds itself.
	User bool
}

// Command is what the owner's administrator may run when the name is missing; -S looks for a duplicate first, where the
// samples of sql-spn have -A.
func (s SQLName) Command() string {
	if s.User {
		return "setspn -U -S " + s.Name + " " + s.Owner.Down()
	}
	return "setspn -S " + s.Name + " " + s.Owner.Down()
}

// SQLNames lists the names under which clients ask for Kerberos tickets to the instances and listeners of the plan
// (sql-spn): <fqdn> and <fqdn>:<port> for a default instance, <fqdn>:<instance> and <fqdn>:<port> for a named one, and
// <fqdn>:<port> for a listener, at port 1433 <fqdn> too. The listener's names have an owner only when all replicas run
// as one account. What the topology does not tell an owner of is left out; SQLUnknown names it.
func (f *Farm) SQLNames() []SQLName {
	var out []SQLName
	add := func(name, subject string, i *Instance) {
		for _, o := range out {
			if strings.EqualFold(o.Name, name) {
				return
			}
		}
		owner, ok := f.spnOwner(i)
		if ok {
			user := !strings.HasSuffix(owner.Name, "$")
			out = append(out, SQLName{Name: name, For: subject, Owner: owner, Domain: f.AccountDomain(owner), User: user})
		}
	}
	for _, p := range f.Placements {
		if len(p.Databases) == 0 {
			continue
		}
		for _, i := range p.All() {
			base, subject := "MSSQLSvc/"+i.FQDN, "instance "+i.Name
			if i.Named == "" {
				add(base, subject, i)
			} else {
				add(base+":"+i.Named, subject, i)
			}
			if i.Port > 0 {
				add(base+":"+strconv.Itoa(i.Port), subject, i)
			}
		}
		if l := p.Listener; l != nil && f.oneServiceAccount(p) {
			base, subject, first := "MSSQLSvc/"+l.FQDN, "listener "+l.Name, p.Primary()
			if l.Port == 1433 {
				add(base, subject, first)
			}
			add(base+":"+strconv.Itoa(l.Port), subject, first)
		}
	}
	return out
}

// SQLUnknown says for which instances and listeners no owner of service principal names is known, and why.
func (f *Farm) SQLUnknown() []string {
	var out []string
	for _, p := range f.Placements {
		if len(p.Databases) == 0 {
			continue
		}
		for _, i := range p.All() {
			if _, ok := f.spnOwner(i); !ok {
				out = addName(out, "instance "+i.Name+": no account of the topology can own its names")
			}
		}
		if p.Listener != nil && !f.oneServiceAccount(p) {
			out = addName(out, "listener "+p.Listener.Name+": the replicas do not run as one domain account, so clients use NTLM through it")
		}
	}
	return out
}

// oneServiceAccount reports whether all replicas run as the same domain account.
func (f *Farm) oneServiceAccount(p *Placement) bool {
	first, ok := f.spnOwner(p.Primary())
	if !ok {
		return false
	}
	for _, i := range p.All() {
		owner, ok := f.spnOwner(i)
		if !ok || !owner.Same(first) {
			return false
		}
	}
	return true
}

// spnOwner is the account that owns an instance's service principal names: its service account as the network sees it. A
// clustered instance under a built-in account has a different one on each node, so none can own them.
func (f *Farm) spnOwner(i *Instance) (Account, bool) {
	s, err := i.ServiceAccount(f.Domain)
	if err != nil || len(s.Accounts) != 1 {
		return Account{}, false
	}
	return s.Accounts[0], true
}

// CertificateNames lists the DNS names of a web farm's certificate, the same for every node: the virtual names, then the
// full and the short name of each node (mbam-deploy, questions about load balancing).
func (w *Web) CertificateNames(d Domain) []string {
	var out []string
	for _, n := range w.VirtualNames(d) {
		out = addName(out, n)
	}
	for _, n := range w.Nodes {
		out = addName(out, n.Host.FQDN)
		out = addName(out, n.Host.Name)
	}
	return out
}

// CertificateSubject is the subject: the virtual host name as MBAM is told it.
func (w *Web) CertificateSubject() string { return "CN=" + w.Host }

// Origin is the start of the farm's addresses, https://mbam.contoso.com, with the port where it is not the scheme's own.
func (w *Web) Origin() string {
	scheme, standard := "http", 80
	if w.TLS {
		scheme, standard = "https", 443
	}
	if w.Port == standard {
		return scheme + "://" + w.Host
	}
	return scheme + "://" + w.Host + ":" + strconv.Itoa(w.Port)
}

// Page is an address of a web farm that a person or client opens.
type Page struct {
	URL string
	// Restricted says that only members of MBAM's groups get the page; others are turned away after authentication.
	Restricted bool
}

// Pages lists what the Kerberos test opens: the agent's services and both portals (mbam-validate). With Configuration
// Manager the status service is not used.
func (f *Farm) Pages(w *Web) []Page {
	var out []Page
	if w.Agent {
		out = append(out, Page{URL: w.Origin() + recoveryService})
	}
	if w.Agent && !f.MBAM.CM {
		out = append(out, Page{URL: w.Origin() + statusService})
	}
	if w.SelfService {
		out = append(out, Page{URL: w.Origin() + "/" + w.PortalDir + "/"})
	}
	if w.Admin {
		out = append(out, Page{URL: w.Origin() + "/" + w.HelpDeskDir + "/", Restricted: true})
	}
	return out
}
