package farm

import (
	"net/url"
	"slices"
	"strings"
)

// Lookup is a name that a server must find in DNS.
type Lookup struct {
	Name    string
	Address string // that DNS must give; "" = any, where the plan does not know it
	Use     string // for people: "replica SQL2"
}

// Lookups lists the names that the host asks DNS for, itself first: the instances that its connection strings name or
// that copy their databases with its own, listeners that are there already, the host of the reports' URL, and the other
// nodes of an NLB cluster.
func (f *Farm) Lookups(h *Host) []Lookup {
	out := []Lookup{{Name: h.FQDN, Address: address(h), Use: "this server"}}
	add := func(name, address, use string) {
		if !slices.ContainsFunc(out, func(l Lookup) bool { return strings.EqualFold(l.Name, name) }) {
			out = append(out, Lookup{Name: name, Address: address, Use: use})
		}
	}
	for _, i := range f.partners(h) {
		a := ""
		if !i.Clustered() {
			a = address(i.Host())
		}
		add(i.FQDN, a, "instance "+i.Name)
	}
	for _, l := range f.listeners(h) {
		add(l.FQDN, "", "listener "+l.Name)
	}
	if f.usesReports(h) {
		if u, err := url.Parse(f.Reporting.URL); err == nil && u.Hostname() != "" {
			add(u.Hostname(), "", "the reports")
		}
	}
	for _, n := range h.Nodes {
		if n.Joins() {
			for _, p := range n.Peers() {
				add(p.Host.FQDN, address(p.Host), "web node "+p.Host.Name)
			}
		}
	}
	return out
}

func address(h *Host) string {
	if h.Address.IsValid() {
		return h.Address.String()
	}
	return ""
}

// Way is a TCP connection that a server opens to another one. A dynamic port is in none.
type Way struct {
	Server string
	Port   int
	Use    string
}

// Ways lists the connections that the host will open: to the instances and listeners of Lookups, to the endpoints of the
// other replicas or partners, and to the reports.
func (f *Farm) Ways(h *Host) []Way {
	var out []Way
	add := func(server string, port int, use string) {
		if port > 0 && !slices.ContainsFunc(out, func(w Way) bool { return w.Port == port && strings.EqualFold(w.Server, server) }) {
			out = append(out, Way{Server: server, Port: port, Use: use})
		}
	}
	for _, i := range f.partners(h) {
		add(i.FQDN, i.Port, "instance "+i.Name)
	}
	for _, l := range f.listeners(h) {
		add(l.FQDN, l.Port, "listener "+l.Name)
	}
	for _, i := range h.Instances {
		for _, p := range f.Groups() {
			for _, r := range p.Replicas {
				if r.Instance != i {
					continue
				}
				for _, o := range r.Peers() {
					add(o.Instance.FQDN, o.EndpointPort, "endpoint of "+o.Instance.Name)
				}
			}
		}
		for _, o := range f.MirroringPeers(i) {
			add(o.FQDN, f.MirroringPort(o), "endpoint of "+o.Name)
		}
	}
	if f.usesReports(h) {
		u, err := url.Parse(f.Reporting.URL)
		port, bad := f.Reporting.Port()
		if err == nil && bad == nil && u.Hostname() != "" {
			add(u.Hostname(), port, "the reports")
		}
	}
	return out
}

// partners lists the instances elsewhere that the host opens connections to by their own names. A web node or report
// server behind a listener names no replica, so that a new one leaves its files as they are.
func (f *Farm) partners(h *Host) []*Instance {
	var out []*Instance
	add := func(list ...*Instance) {
		for _, i := range list {
			if i != nil && !slices.Contains(i.Nodes, h) && !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	for _, p := range f.Placements {
		members := append(p.All(), p.Witness)
		if slices.ContainsFunc(h.Instances, func(i *Instance) bool { return slices.Contains(members, i) }) {
			add(members...)
		}
	}
	for _, d := range f.Databases() {
		if d.usedBy(h) && d.Placement.Listener == nil {
			add(d.Placement.All()...)
		}
		if h.Creator && !d.Existing {
			add(d.Placement.Primary())
		}
	}
	return out
}

// listeners lists those that the host connects to and that are there before this plan.
func (f *Farm) listeners(h *Host) []*Listener {
	var out []*Listener
	for _, d := range f.Databases() {
		if l := d.Placement.Listener; l != nil && d.Placement.Existing && d.usedBy(h) && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// usedBy reports whether web features or reports on the host open the database.
func (d *Database) usedBy(h *Host) bool { return h.Web() || h.Reports() && d.IsCompliance() }

// usesReports reports whether the host has a Help Desk, which names the reports, and the reports are elsewhere.
func (f *Farm) usesReports(h *Host) bool {
	return f.Reporting != nil && !h.Reports() && slices.ContainsFunc(h.Nodes, func(n *Node) bool { return n.Web.Admin })
}

// PortUse is a TCP port that a server will serve.
type PortUse struct {
	Port    int
	Process string // that may listen there: "sqlservr", or "System", under which HTTP.sys serves every site of IIS
	Use     string
}

// Ports lists the ports that the host serves for the plan: those of its new web nodes, and those of its instances, their
// endpoints and listeners. The port of Reporting Services, which are there before, and that of MBAM 2.0, for which
// setup's own preflight looks, are in none.
func (f *Farm) Ports(h *Host) []PortUse {
	var out []PortUse
	add := func(port int, process, use string) {
		if port > 0 && !slices.ContainsFunc(out, func(p PortUse) bool { return p.Port == port }) {
			out = append(out, PortUse{Port: port, Process: process, Use: use})
		}
	}
	for _, i := range h.Instances {
		add(i.Port, "sqlservr", "instance "+i.Name)
		for _, p := range f.Groups() {
			for _, r := range p.Replicas {
				if r.Instance != i {
					continue
				}
				add(r.EndpointPort, "sqlservr", "endpoint of "+i.Name)
				if p.Listener != nil {
					add(p.Listener.Port, "sqlservr", "listener "+p.Listener.Name)
				}
			}
		}
		if len(f.MirroringPeers(i)) > 0 {
			add(f.MirroringPort(i), "sqlservr", "endpoint of "+i.Name)
		}
	}
	for _, n := range h.Nodes {
		if !n.Existing && !f.MBAM.V2() {
			add(n.Web.Port, "System", "site of "+n.Web.Host)
		}
	}
	return out
}

// AccountsAt lists the accounts that steps on the host name to Windows, SQL Server or MBAM, each once. For MBAM 2.0 that
// is the account of the reports where setup gets it.
func (f *Farm) AccountsAt(h *Host) []Principal {
	if f.MBAM.V2() {
		if s := f.Setup(h); s != nil && (s.Compliance() || s.Reports()) {
			return []Principal{{Account: f.ReportReader, Class: "user", For: "MBAM: data source of the reports", Domain: f.AccountDomain(f.ReportReader)}}
		}
		return nil
	}
	var names []Account
	add := func(list ...Account) {
		for _, a := range list {
			names = addAccount(names, a)
		}
	}
	for _, i := range h.Instances {
		add(f.LoginPrincipals(f.DatabasesOn(i))...)
	}
	if h.Creator {
		add(f.ReadWrite, f.ReadOnly)
	}
	if h.Reports() {
		add(f.ReportReader, f.ReportUsers)
	}
	for _, n := range h.Nodes {
		add(f.Pool)
		if n.Web.Admin {
			add(f.AdvancedHelpdesk, f.Helpdesk, f.ReportUsers)
		}
		if n.Web.Agent && f.DataMigration != nil {
			add(*f.DataMigration)
		}
	}
	var out []Principal
	for _, a := range names {
		out = append(out, f.principal(a))
	}
	return out
}

// SetupFile is a program that a step on a server starts.
type SetupFile struct {
	Path string
	Use  string
}

// SetupFiles lists the set-up programs that steps on the host start when what they install is missing: of MBAM's server software,
// its servicing release and ASP.NET MVC 4. Setup of MBAM 2.0 is looked for by its own preflight.
func (f *Farm) SetupFiles(h *Host) []SetupFile {
	m := f.MBAM
	if m.V2() {
		return nil
	}
	var out []SetupFile
	add := func(path, use string, when bool) {
		if path != "" && when {
			out = append(out, SetupFile{Path: path, Use: use})
		}
	}
	software := h.NeedsMBAM() && !h.Established()
	add(m.Media, "MBAM server software", software)
	add(m.Update, "servicing release", software && m.Servicing != "")
	add(m.MVC4Media, "ASP.NET MVC 4", m.MVC4 && h.Web() && !h.EstablishedNodes())
	return out
}

// FeaturesOn lists the Windows features that steps of this plan install on the host: those of new web nodes, and those of
// NLB where it joins a cluster.
func (f *Farm) FeaturesOn(h *Host) []string {
	if f.MBAM.V2() {
		return nil
	}
	var out []string
	for _, n := range h.Nodes {
		if !n.Existing {
			out = h.WindowsFeatures()
			break
		}
	}
	for _, n := range h.Nodes {
		if n.Joins() {
			out = append(out, h.NLBFeatures()...)
			break
		}
	}
	return out
}

// Volume is a drive on which a step or a database needs room.
type Volume struct {
	Drive string // "D:"
	MB    int
	Use   string
}

// Volumes lists the drives that the plan names on the host, each with what the largest of its uses needs
// (mbam-supported: 5 GB for SQL Server, 1 GB for MBAM). Folders of a clustered instance, whose disks move, are in none.
func (f *Farm) Volumes(h *Host) []Volume {
	var out []Volume
	add := func(path string, mb int, use string) {
		if len(path) < 2 || path[1] != ':' {
			return
		}
		drive := strings.ToUpper(path[:2])
		if i := slices.IndexFunc(out, func(v Volume) bool { return v.Drive == drive }); i < 0 {
			out = append(out, Volume{Drive: drive, MB: mb, Use: use})
		} else {
			out[i].MB = max(out[i].MB, mb)
			if !strings.Contains(out[i].Use, use) {
				out[i].Use += ", " + use
			}
		}
	}
	for _, i := range h.Instances {
		if !i.Clustered() {
			add(i.Data, 5120, "data files of "+i.Name)
			add(i.Log, 5120, "log files of "+i.Name)
		}
	}
	for _, n := range h.Nodes {
		if !n.Existing && !f.MBAM.V2() {
			add(n.Web.InstallPath, 1024, "web applications")
		}
	}
	return out
}

// Editions lists the editions of Windows that MBAM supports on the host's version (mbam-supported, mbam20-supported), as
// Windows names them in the registry value EditionID.
func (h *Host) Editions() []string {
	if h.WindowsYear() < 2012 {
		return []string{"ServerStandard", "ServerEnterprise", "ServerDatacenter"}
	}
	return []string{"ServerStandard", "ServerDatacenter"}
}

// InstallationType is the registry value of that name: it tells Server Core.
func (h *Host) InstallationType() string {
	if h.Core {
		return "Server Core"
	}
	return "Server"
}

// Suffix reports whether the host's DNS name lies directly in the domain, and not in a namespace of its own.
func (h *Host) Suffix(d Domain) bool {
	_, rest, _ := strings.Cut(h.FQDN, ".")
	return strings.EqualFold(rest, d.DNS)
}

// SetupVersion is what the version in the registry of a SQL Server instance starts with. Its second number counts service
// packs there, so that only 2008 R2 has two numbers here.
func (i *Instance) SetupVersion() string {
	major, minor, _ := strings.Cut(i.ProductVersion(), ".")
	if i.Version == 2008 {
		return major + "." + minor[:1]
	}
	return major + "."
}

// SetupEdition is what the edition in the registry of a SQL Server instance starts with.
func (i *Instance) SetupEdition() string {
	if i.Edition == "Evaluation" {
		return "Enterprise Evaluation Edition"
	}
	return i.Edition + " Edition"
}

// ServicePack is the lowest service pack with which MBAM supports the instance's version, 0 where it asks for none
// (mbam-supported).
func (i *Instance) ServicePack() int {
	return map[int]int{2008: 3, 2012: 3, 2014: 1, 2016: 1}[i.Version]
}

// InstanceKey is what the registry's name of the report server instance starts with: SSRS from 2017, before the version of
// SQL Server.
func (r *Reporting) InstanceKey() string {
	keys := map[int]string{2008: "MSRS10_50.", 2012: "MSRS11.", 2014: "MSRS12.", 2016: "MSRS13."}
	if k, ok := keys[r.Version]; ok {
		return k
	}
	return "SSRS"
}

// SetupVersion is what the version that the report server gives itself starts with.
func (r *Reporting) SetupVersion() string {
	return (&Instance{Version: r.Version}).SetupVersion()
}
