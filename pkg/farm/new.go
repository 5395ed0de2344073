package farm

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// Codes of findings about references. A farm with one of them is not built.
const (
	CodeNoHost      = "MBP0301" // a name that no host has
	CodeNoInstance  = "MBP0302" // a name that no instance has
	CodeNoPlacement = "MBP0303" // a name that no placement has
	CodeIncomplete  = "MBP0304" // a placement without what its kind needs
	CodeNoVersion   = "MBP0305" // a host or instance without version or edition
	CodeOtherDomain = "MBP0306" // an account name with two backslashes or an empty part
	CodeNoCluster   = "MBP0307" // an availability group or clustered instance without a cluster
)

// maxFindings is how many findings are kept.
const maxFindings = 1000

// builder collects findings while it resolves references.
type builder struct {
	file    *topology.File
	origins *decode.Origins
	name    string
	found   diag.List

	hosts      map[string]*Host
	instances  map[string]*Instance
	placements map[string]*Placement
}

// New resolves a topology. The farm is nil when a reference does not resolve; the findings say which. Defaults that
// depend on other values are noted in origins with their reason.
func New(name string, t *topology.File, o *decode.Origins) (*Farm, diag.List) {
	b := &builder{
		file: t, origins: o, name: name,
		hosts: map[string]*Host{}, instances: map[string]*Instance{}, placements: map[string]*Placement{},
	}
	f := b.build()
	if b.found.Errors() > 0 {
		return nil, b.found
	}
	return f, b.found
}

func (b *builder) report(severity diag.Severity, code, path, fix, format string, args ...any) {
	if b.full() {
		return
	}
	b.found = append(b.found, diag.Diagnostic{
		Code: code, Severity: severity, File: b.name, Pos: b.origins.At(path),
		Message: fmt.Sprintf(format, args...), Fix: fix,
	})
}

// full reports whether no more findings are kept. All findings about references are errors, so that one is among them.
func (b *builder) full() bool { return len(b.found) >= maxFindings }

// note records a computed default and returns it.
func (b *builder) note(path, reason string) { b.origins.Set(path, reason) }

// or returns value, or the fallback, noting the reason.
func or[T comparable](b *builder, path string, value *T, fallback T, reason string) T {
	var zero T
	if *value == zero && fallback != zero {
		*value = fallback
		b.note(path, reason)
	}
	return *value
}

func (b *builder) build() *Farm {
	t := b.file
	f := &Farm{Name: t.Name, CreateAccounts: t.Accounts.Create, Backup: t.Backup, Figures: t.Figures}
	for _, d := range t.Durations {
		if f.Durations == nil {
			f.Durations = map[string]string{}
		}
		f.Durations[d.Step] = d.Time
	}
	b.product(f)
	b.directory(f)
	b.buildHosts(f)
	b.buildInstances(f)
	b.buildCluster(f)
	b.buildPlacements(f)
	b.buildDatabases(f)
	b.buildReporting(f)
	b.buildWeb(f)
	b.buildClients(f)
	b.buildCreator(f)
	return f
}

func (b *builder) product(f *Farm) {
	m := &b.file.MBAM
	// HF08 of January 2023 and later need no MVC 4 (server prerequisites); October 2020 is 2.5.1152.0.
	mvc := "required"
	reason := "servicing releases before January 2023 need ASP.NET MVC 4"
	if newerThan(m.Servicing, "2.5.1152.0") {
		mvc, reason = "notNeeded", "the January 2023 servicing release (HF08) and later do not need it"
	}
	or(b, "mbam.mvc4", &m.MVC4, mvc, reason)
	f.MBAM = MBAM{
		Release: m.Release, Servicing: m.Servicing, Media: m.Media, Update: m.Update,
		MVC4: m.MVC4 == "required", MVC4Media: m.MVC4Media, CM: m.Mode == "configurationManager",
	}
}

func newerThan(v, than string) bool {
	a, c := strings.Split(v, "."), strings.Split(than, ".")
	for i := range max(len(a), len(c)) {
		var x, y int
		if i < len(a) {
			x = year(a[i])
		}
		if i < len(c) {
			y = year(c[i])
		}
		if x != y {
			return x > y
		}
	}
	return false
}

func (b *builder) directory(f *Farm) {
	d := &b.file.Domain
	or(b, "domain.zone", &d.Zone, d.DNS, "the zone of the domain")
	f.Domain = Domain{
		DNS: d.DNS, NetBIOS: d.NetBIOS, DNSServer: d.DNSServer, Zone: d.Zone, Management: d.Management,
		AccountOU: d.AccountOU, GroupOU: d.GroupOU, ForestSPN: d.ForestSPN,
		DN: "DC=" + strings.ReplaceAll(d.DNS, ".", ",DC="),
	}
	a := &b.file.Accounts
	if f.MBAM.V2() {
		f.ReportReader = b.account(a.Reports, "accounts.reports", false)
		return
	}
	b.needs25()
	f.Pool = b.account(a.Pool, "accounts.pool", false)
	f.ReportReader = b.account(a.Reports, "accounts.reports", false)
	or(b, "accounts.readWrite", &a.ReadWrite, a.Pool, "the application pool account itself")
	or(b, "accounts.readOnly", &a.ReadOnly, a.Reports, "the account of the reports itself")
	f.ReadWrite = b.principal(a.ReadWrite, &a.ReadWriteIs, "accounts.readWrite", f.Pool)
	f.ReadOnly = b.principal(a.ReadOnly, &a.ReadOnlyIs, "accounts.readOnly", f.ReportReader)
	g := &b.file.Groups
	f.AdvancedHelpdesk = b.account(g.AdvancedHelpdesk, "groups.advancedHelpdesk", true)
	f.Helpdesk = b.account(g.Helpdesk, "groups.helpdesk", true)
	f.ReportUsers = b.account(g.Reports, "groups.reports", true)
	if g.DataMigration != "" {
		m := b.account(g.DataMigration, "groups.dataMigration", true)
		f.DataMigration = &m
	}
}

func (b *builder) principal(name string, is *string, path string, user Account) Account {
	a := b.account(name, path, false)
	kind, reason := "group", "another name than the account's, so a group that holds it"
	if a.Same(user) {
		kind, reason = "user", "the same name as the account's"
	}
	or(b, path+"Is", is, kind, reason)
	a.Group = *is == "group"
	return a
}

func (b *builder) account(name, path string, group bool) Account {
	if name == "" {
		return Account{} // needs25 has said so
	}
	domain, sam, qualified := strings.Cut(name, `\`)
	if !qualified {
		domain, sam = b.file.Domain.NetBIOS, name
	}
	if sam == "" || domain == "" || strings.Contains(sam, `\`) {
		b.report(diag.Error, CodeOtherDomain, path, `write DOMAIN\name, or the name alone for an account of the farm's own domain`,
			"account %q is not of the form DOMAIN\\name", name)
	}
	return Account{Domain: domain, Name: sam, Group: group}
}

func (b *builder) buildHosts(f *Farm) {
	for i := range b.file.Hosts {
		h := &b.file.Hosts[i]
		path := decode.Child("hosts", h.Name)
		or(b, path+".fqdn", &h.FQDN, strings.ToLower(h.Name)+"."+b.file.Domain.DNS, "its name in the domain")
		or(b, path+".windows", &h.Windows, b.file.Defaults.Windows, "defaults.windows")
		if h.Windows == "" {
			b.report(diag.Error, CodeNoVersion, path, `write windows: "2019" here, or once under defaults`, "host %q has no Windows version", h.Name)
		}
		host := &Host{Name: h.Name, FQDN: h.FQDN, Windows: h.Windows, Core: h.Core, Site: h.Site, Index: i}
		if p, err := netip.ParsePrefix(h.Address); err == nil {
			host.Address, host.Subnet = p.Addr(), p.Masked()
		} else if a, err := netip.ParseAddr(h.Address); err == nil {
			host.Address = a
		}
		f.Hosts = append(f.Hosts, host)
		b.hosts[strings.ToLower(h.Name)] = host
	}
}

func (b *builder) host(name, path string) *Host {
	if h := b.hosts[strings.ToLower(name)]; h != nil {
		return h
	}
	b.unknown(CodeNoHost, path, "host", "hosts", name, namesOf(b.file.Hosts, func(h topology.Host) string { return h.Name }))
	return nil
}

func (b *builder) unknown(code, path, what, section, name string, names iter.Seq[string]) {
	if b.full() {
		return // nobody would see what is costly to find out
	}
	fix := fmt.Sprintf("add %s to %s", name, section)
	if s := diag.Suggest(name, slices.Collect(names)); s != "" {
		fix = fmt.Sprintf("did you mean %q?", s)
	}
	b.report(diag.Error, code, path, fix, "no %s is called %q", what, name)
}

// namesOf gives the names of a list, when somebody asks for them.
func namesOf[T any](list []T, name func(T) string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range list {
			if !yield(name(e)) {
				return
			}
		}
	}
}

func (b *builder) buildInstances(f *Farm) {
	def := b.file.Defaults.SQL
	for i := range b.file.Instances {
		t := &b.file.Instances[i]
		path := decode.Child("instances", t.Name)
		network, named, _ := strings.Cut(t.Name, `\`)
		if strings.EqualFold(named, "MSSQLSERVER") {
			b.report(diag.Error, CodeIncomplete, path, "write "+network, "a default instance has no instance name, found %q", t.Name)
		}
		if len(t.Nodes) == 0 {
			t.Nodes = []string{network}
			b.note(path+".nodes", "the host of its name")
		}
		or(b, path+".version", &t.Version, def.Version, "defaults.sql.version")
		or(b, path+".edition", &t.Edition, def.Edition, "defaults.sql.edition")
		or(b, path+".serviceAccount", &t.ServiceAccount, def.ServiceAccount, "defaults.sql.serviceAccount")
		or(b, path+".data", &t.Data, def.Data, "defaults.sql.data")
		or(b, path+".log", &t.Log, def.Log, "defaults.sql.log")
		if named == "" {
			or(b, path+".port", &t.Port, 1433, "the port of a default instance")
		}
		if t.Version == "" || t.Edition == "" {
			b.report(diag.Error, CodeNoVersion, path, "write version and edition here, or once under defaults.sql", "instance %q has no version or no edition", t.Name)
		}
		inst := &Instance{
			Name: t.Name, Network: network, Named: named, Port: t.Port, Endpoint: t.EndpointPort, VersionName: t.Version, Version: year(t.Version),
			Edition: t.Edition, Service: t.ServiceAccount, Data: t.Data, Log: t.Log, Index: i,
		}
		for n, name := range t.Nodes {
			if h := b.host(name, fmt.Sprintf("%s.nodes[%d]", path, n)); h != nil {
				inst.Nodes = append(inst.Nodes, h)
				h.Instances = append(h.Instances, inst)
			}
		}
		fqdn, reason := strings.ToLower(network)+"."+b.file.Domain.DNS, "its network name in the domain"
		if h := b.hosts[strings.ToLower(network)]; h != nil {
			fqdn, reason = h.FQDN, "the host's own"
		}
		inst.FQDN = or(b, path+".fqdn", &t.FQDN, fqdn, reason)
		f.Instances = append(f.Instances, inst)
		b.instances[strings.ToLower(t.Name)] = inst
	}
}

func (b *builder) instance(name, path string) *Instance {
	if i := b.instances[strings.ToLower(name)]; i != nil {
		return i
	}
	b.unknown(CodeNoInstance, path, "instance", "instances", name, namesOf(b.file.Instances, func(i topology.Instance) string { return i.Name }))
	return nil
}

func (b *builder) buildCluster(f *Farm) {
	c := b.file.Cluster
	if c == nil {
		return
	}
	f.Cluster = &Cluster{Name: c.Name, ComputerOU: c.ComputerOU, Witness: c.Witness}
	for _, a := range c.Addresses {
		f.Cluster.Addresses = append(f.Cluster.Addresses, prefix(a))
	}
	for i, n := range c.NoVote {
		if h := b.host(n, fmt.Sprintf("cluster.noVote[%d]", i)); h != nil {
			f.Cluster.NoVote = append(f.Cluster.NoVote, h)
		}
	}
}

// prefix keeps the address itself, not the network: 10.1.0.50/24 stays 10.1.0.50/24. A bare address becomes a /32.
func prefix(s string) netip.Prefix {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(a, a.BitLen())
}

func (b *builder) buildPlacements(f *Farm) {
	for i := range b.file.Placements {
		t := &b.file.Placements[i]
		path := decode.Child("placements", t.Name)
		p := &Placement{
			Name: t.Name, Kind: t.Kind, Existing: t.Existing, SafetyFull: t.Safety != "off", Automatic: t.Seeding == "automatic",
			BackupPreference: t.BackupPreference, Basic: t.Basic, BackupShare: t.BackupShare, EndpointName: t.Endpoint.Name,
			EndpointPort: t.Endpoint.Port,
		}
		need := func(ok bool, key, what string) bool {
			if !ok {
				b.report(diag.Error, CodeIncomplete, path, "add "+key, "placement %q is of kind %s and needs %s", t.Name, t.Kind, what)
			}
			return ok
		}
		switch t.Kind {
		case "standalone", "fci":
			if need(t.Instance != "", "instance", "an instance") {
				p.Instance = b.instance(t.Instance, path+".instance")
			}
		case "mirroring":
			if need(t.Principal != "" && t.Mirror != "", "principal and mirror", "a principal and a mirror") {
				p.Principal = b.instance(t.Principal, path+".principal")
				p.Mirror = b.instance(t.Mirror, path+".mirror")
			}
			if t.Witness != "" {
				p.Witness = b.instance(t.Witness, path+".witness")
			}
			seconds, reason := p.answerTime()
			p.Timeout = or(b, path+".timeout", &t.Timeout, seconds, reason)
		case "availabilityGroup":
			need(len(t.Replicas) >= 2, "replicas", "at least two replicas")
			need(t.Listener != nil, "listener", "a listener, the one name that clients know")
			b.buildReplicas(p, t, path)
			b.buildListener(p, t, path)
		}
		if (t.Kind == "availabilityGroup" || t.Kind == "fci") && f.Cluster == nil {
			b.report(diag.Error, CodeNoCluster, path, "add cluster: with the name of the existing Windows failover cluster",
				"placement %q is of kind %s and needs a cluster", t.Name, t.Kind)
		}
		if f.Cluster != nil && (p.AG() || p.FCI()) && b.found.Errors() == 0 {
			for _, inst := range p.All() {
				for _, h := range inst.Nodes {
					f.Cluster.add(h)
				}
			}
		}
		f.Placements = append(f.Placements, p)
		b.placements[strings.ToLower(t.Name)] = p
	}
}

func (c *Cluster) add(h *Host) {
	for _, n := range c.Nodes {
		if n == h {
			return
		}
	}
	c.Nodes = append(c.Nodes, h)
}

func (b *builder) buildReplicas(p *Placement, t *topology.Placement, path string) {
	automatic := 0
	for i := range t.Replicas {
		r := &t.Replicas[i]
		rp := fmt.Sprintf("%s.replicas[%d]", path, i)
		inst := b.instance(r.Instance, rp+".instance")
		if inst == nil {
			continue
		}
		sync := r.Availability != "asynchronous"
		mode, reason := "manual", "asynchronous replicas fail over by hand"
		switch {
		case inst.Clustered():
			reason = "a failover cluster instance fails over by hand in a group"
		case sync && automatic < 2:
			mode, reason = "automatic", "the first two synchronous replicas fail over to each other"
		case sync:
			reason = "two replicas already fail over automatically"
		}
		or(b, rp+".failover", &r.Failover, mode, reason)
		if r.Failover == "automatic" {
			automatic++
		}
		or(b, rp+".endpointPort", &r.EndpointPort, inst.Endpoint, "endpointPort of the instance")
		or(b, rp+".endpointPort", &r.EndpointPort, t.Endpoint.Port, "endpoint.port of the group")
		p.Replicas = append(p.Replicas, &Replica{
			Group: p, Instance: inst, Synchronous: sync, AutoFailover: r.Failover == "automatic", ReadAccess: r.ReadAccess,
			BackupPriority: r.BackupPriority, EndpointPort: r.EndpointPort, First: i == 0,
		})
	}
}

func (b *builder) buildListener(p *Placement, t *topology.Placement, path string) {
	l := t.Listener
	if l == nil {
		return
	}
	or(b, path+".listener.fqdn", &l.FQDN, strings.ToLower(l.Name)+"."+b.file.Domain.DNS, "its name in the domain")
	p.Listener = &Listener{Group: p, Name: l.Name, FQDN: l.FQDN, Port: l.Port, DHCP: l.DHCP, Multi: l.Multi, AllIPs: l.AllIPs, TTL: l.TTL}
	for _, a := range l.Addresses {
		p.Listener.Addresses = append(p.Listener.Addresses, prefix(a))
	}
	if len(l.Addresses) == 0 && !l.DHCP {
		b.report(diag.Error, CodeIncomplete, path+".listener", "add addresses: [10.1.0.50/24], one per subnet, or dhcp: true",
			"listener %q has no address", l.Name)
	}
}

func (b *builder) buildDatabases(f *Farm) {
	one := func(t *topology.Database, key, title, name string) *Database {
		path := "databases." + key
		or(b, path+".name", &t.Name, name, "MBAM's own name")
		d := &Database{Key: key, Title: title, Name: t.Name, Existing: t.Existing, Encrypted: t.Encrypted}
		p := b.placements[strings.ToLower(t.Placement)]
		if p == nil {
			b.unknown(CodeNoPlacement, path+".placement", "placement", "placements", t.Placement, namesOf(b.file.Placements, func(p topology.Placement) string { return p.Name }))
			return d
		}
		d.Placement = p
		d.Existing = d.Existing || p.Existing
		if t.Was != "" {
			d.Was = b.instance(t.Was, path+".was")
		}
		p.Databases = append(p.Databases, d)
		if b.found.Errors() == 0 {
			// MBAM supports at most level 140 (supported configurations); the level travels with the database.
			or(b, path+".compatibilityLevel", &t.Compatibility, min(140, Level(p.MinVersion())), "the highest that every instance and MBAM know")
		}
		d.Compatibility = t.Compatibility
		return d
	}
	f.Compliance = one(&b.file.Databases.Compliance, "compliance", "Compliance and Audit Database", "MBAM Compliance Status")
	f.Recovery = one(&b.file.Databases.Recovery, "recovery", "Recovery Database", "MBAM Recovery and Hardware")
}

// Level returns the native compatibility level of a SQL Server version.
func Level(version int) int {
	switch version {
	case 2008:
		return 100
	case 2012:
		return 110
	case 2014:
		return 120
	case 2016:
		return 130
	case 2017:
		return 140
	case 2019:
		return 150
	default:
		return 160
	}
}

func (b *builder) buildReporting(f *Farm) {
	t := b.file.Reports
	if t == nil {
		return
	}
	or(b, "reports.version", &t.Version, b.file.Defaults.SQL.Version, "defaults.sql.version")
	or(b, "reports.edition", &t.Edition, b.file.Defaults.SQL.Edition, "defaults.sql.edition")
	if t.Version == "" || t.Edition == "" {
		b.report(diag.Error, CodeNoVersion, "reports", "write version and edition here, or once under defaults.sql", "reports have no SSRS version or no edition")
	}
	r := &Reporting{Version: year(t.Version), Edition: t.Edition, Keywords: t.Keywords != "none", Existing: t.Existing}
	instance, reason := "MSSQLSERVER", "the default instance of SSRS up to 2016"
	if r.Version >= 2017 {
		instance, reason = "SSRS", "the only instance name of SSRS from 2017"
	}
	r.Instance = or(b, "reports.instance", &t.Instance, instance, reason)
	for i, name := range t.Hosts {
		if h := b.host(name, fmt.Sprintf("reports.hosts[%d]", i)); h != nil {
			h.Reporting = r
			r.Hosts = append(r.Hosts, h)
		}
	}
	if len(r.Hosts) > 0 {
		dir := "ReportServer"
		if r.Version < 2017 && !strings.EqualFold(r.Instance, "MSSQLSERVER") {
			dir += "_" + r.Instance
		}
		or(b, "reports.url", &t.URL, "https://"+r.Hosts[0].FQDN+"/"+dir, "https on the report server's own name")
	}
	r.URL = strings.TrimRight(t.URL, "/")
	f.Reporting = r
}

func (b *builder) buildWeb(f *Farm) {
	for i := range b.file.Web.Farms {
		t := &b.file.Web.Farms[i]
		path := fmt.Sprintf("web.farms[%d]", i)
		name := "web"
		if i > 0 {
			name = fmt.Sprintf("web%d", i+1)
		}
		or(b, path+".name", &t.Name, name, "place in the list")
		if len(t.Features) == 0 {
			t.Features = []string{"agentService", "administrationPortal", "selfServicePortal"}
			b.note(path+".features", "a web farm has all three")
		}
		w := &Web{
			Name: t.Name, Host: t.Host, TLS: t.Certificate != nil, Certificate: t.Certificate, InstallPath: t.InstallPath,
			HelpDeskDir: t.HelpDesk, PortalDir: t.SelfService, Portal: t.Portal, TPMReset: t.TPMReset, PoolMend: t.PoolMend,
			Existing: t.Existing, ShortSPN: t.ShortSPN, Index: i,
		}
		for _, feature := range t.Features {
			w.Agent = w.Agent || feature == "agentService"
			w.Admin = w.Admin || feature == "administrationPortal"
			w.SelfService = w.SelfService || feature == "selfServicePortal"
		}
		port, reason := 443, "https"
		if !w.TLS {
			port, reason = 80, "no certificate"
		}
		w.Port = or(b, path+".port", &t.Port, port, reason)
		if t.Balancer != nil {
			w.Balancer = b.balancer(t.Balancer)
		}
		b.buildNodes(w, t, path)
		f.Webs = append(f.Webs, w)
	}
}

func (b *builder) balancer(t *topology.Balancer) *Balancer {
	p := prefix(t.Address)
	out := &Balancer{
		Kind: t.Kind, Address: p.Addr(), Subnet: p.Masked(), Mode: t.Mode, Interface: t.Interface, Product: t.Product,
		Persist: t.Persist, CAFile: t.CAFile, Bind: t.Bind, Watch: t.Watch, Existing: t.Existing,
	}
	if out.Bind == "" {
		out.Bind = out.Address.String()
	}
	return out
}

func (b *builder) buildNodes(w *Web, t *topology.WebFarm, path string) {
	for i := range t.Nodes {
		n := &t.Nodes[i]
		np := fmt.Sprintf("%s.nodes[%d]", path, i)
		host := b.host(n.Host, np+".host")
		if host == nil {
			continue
		}
		node := &Node{Web: w, Host: host, Existing: n.Existing || t.Existing, Was: n.Was, First: i == 0}
		if t.Certificate != nil {
			node.Thumbprint = or(b, np+".thumbprint", &n.Thumbprint, t.Certificate.Thumbprint, "certificate.thumbprint of the farm")
		}
		if w.Balancer.NLB() {
			node.Interface = or(b, np+".interface", &n.Interface, w.Balancer.Interface, "balancer.interface")
			node.Priority = or(b, np+".priority", &n.Priority, i+1, "place in the list")
		}
		w.Nodes = append(w.Nodes, node)
		host.Nodes = append(host.Nodes, node)
	}
}

func (b *builder) buildClients(f *Farm) {
	t := b.file.Clients
	if t == nil {
		return
	}
	c := &Clients{GPO: t.GPO, OU: t.OU, Wakeup: t.Wakeup, Status: t.Status, KeyPackage: t.KeyPackage, TPMReset: t.TPMLockoutGPO}
	for _, w := range f.Webs {
		if (t.ServicesFarm == "" && w.Agent || t.ServicesFarm == w.Name) && c.Web == nil {
			c.Web = w
		}
	}
	if c.Web == nil {
		b.unknown(CodeNoHost, "clients", "web farm with the agent service", "web.farms", t.ServicesFarm, namesOf(f.Webs, func(w *Web) string { return w.Name }))
		return
	}
	or(b, "clients.farm", &t.ServicesFarm, c.Web.Name, "the farm with the agent service")
	f.Clients = c
}

// buildCreator picks the host that creates the databases: the one named, else a host that has MBAM's software anyway.
// The databases may be created from any such host; reports may not (deploy-mbam FAQ).
func (b *builder) buildCreator(f *Farm) {
	t := &b.file.Databases
	if t.From == "" {
		for _, h := range f.Hosts {
			if h.Reports() || h.Web() {
				t.From = h.Name
				b.note("databases.createFrom", "the first host that has MBAM's server software")
				break
			}
		}
	}
	if t.From == "" {
		return
	}
	if h := b.host(t.From, "databases.createFrom"); h != nil {
		f.Creator = h
		h.Creator = !f.Compliance.Existing || !f.Recovery.Existing
	}
}
