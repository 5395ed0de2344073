// Package farm is the planned farm as the field talks of it: hosts, instances, replicas, listener, web nodes, accounts, with
// every reference resolved and every value computed that a script prints (connection strings, service principal names,
// option lists). A value that rests on a document names it in its doc comment.
//
// It knows neither YAML nor templates. A Farm is built by New from a topology and is read-only afterwards.
package farm

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/topology"
)

// Farm is everything that will be built or attached to.
type Farm struct {
	Name string
	MBAM MBAM

	Domain Domain

	Pool         Account // application pool account; owner of the service principal names
	ReportReader Account // account of the reports' data source
	ReadWrite    Account // user or group with read/write access to both databases
	ReadOnly     Account // user or group with read access to the compliance database

	AdvancedHelpdesk Account
	Helpdesk         Account
	ReportUsers      Account
	DataMigration    *Account // nil when the farm has none

	CreateAccounts bool

	Hosts     []*Host
	Instances []*Instance
	Cluster   *Cluster // nil when no placement needs one

	Placements []*Placement
	Compliance *Database
	Recovery   *Database
	Creator    *Host // runs Enable-MbamDatabase

	Reporting *Reporting // nil without reports
	Webs      []*Web
	Clients   *Clients // nil without a Group Policy object
	Backup    topology.Backup
	Figures   []topology.Figure // availability of components; see Availability

	// Durations are how long one run of a step is expected to take, as the topology writes it ("1h30m"), by the step's ID.
	Durations map[string]string
}

// Databases returns both databases, compliance first.
func (f *Farm) Databases() []*Database { return []*Database{f.Compliance, f.Recovery} }

// Groups returns the placements that are availability groups.
func (f *Farm) Groups() []*Placement { return f.kind("availabilityGroup") }

// Mirrors returns the placements that are mirrored pairs.
func (f *Farm) Mirrors() []*Placement { return f.kind("mirroring") }

func (f *Farm) kind(k string) []*Placement {
	var out []*Placement
	for _, p := range f.Placements {
		if p.Kind == k {
			out = append(out, p)
		}
	}
	return out
}

// HostNames returns the NetBIOS and DNS names of every server of the farm, for scripts that must not run on one.
func (f *Farm) HostNames() []string {
	var out []string
	for _, h := range f.Hosts {
		if h.HasRole() {
			out = append(out, h.Name, h.FQDN)
		}
	}
	return out
}

// MBAM is the product.
type MBAM struct {
	Release   string // "2.5 SP1", "2.5", "2.0"
	Servicing string // "" when the topology does not say
	Media     string // MbamServerSetup.exe, "" when the software is only checked
	Update    string // installer of the servicing release, "" when none
	MVC4      bool   // ASP.NET MVC 4 is needed
	MVC4Media string // "" when it is only checked
	CM        bool   // Configuration Manager topology
}

// V2 reports whether the release is 2.0, whose set-up, accounts and groups are of another model than those of 2.5.
func (m MBAM) V2() bool { return m.Release == "2.0" }

// SP1 reports whether the release is 2.5 SP1.
func (m MBAM) SP1() bool { return m.Release == "2.5 SP1" }

// Domain is the Active Directory domain.
type Domain struct {
	DNS, NetBIOS string
	DNSServer    string // "" = found at run time
	Zone         string
	Management   string // "" = any machine outside the farm
	AccountOU    string
	GroupOU      string
	ForestSPN    bool
	DN           string // DC=contoso,DC=com
}

// Account is a user, group or computer of the directory.
type Account struct {
	Domain string // NetBIOS name
	Name   string // sAMAccountName
	Group  bool
}

// Down returns the down-level form DOMAIN\name.
func (a Account) Down() string { return a.Domain + `\` + a.Name }

// String returns the down-level form.
func (a Account) String() string { return a.Down() }

// Same reports whether both name the same account; names compare without case.
func (a Account) Same(b Account) bool { return strings.EqualFold(a.Down(), b.Down()) }

// Host is one Windows server.
type Host struct {
	Name    string // NetBIOS
	FQDN    string
	Windows string // "2012 R2", "2019" …
	Core    bool
	Site    string
	Address netip.Addr   // zero when the topology does not say
	Subnet  netip.Prefix // zero when the topology does not say

	Instances []*Instance // that may run here
	Nodes     []*Node     // web nodes on it
	Reporting *Reporting  // nil unless it is a report server
	Creator   bool        // runs Enable-MbamDatabase
	Index     int         // place in the topology
}

// Names returns the names that the machine may answer to in a script's host guard.
func (h *Host) Names() []string { return []string{h.Name, h.FQDN} }

// HasRole reports whether the host does anything in this farm.
func (h *Host) HasRole() bool {
	return len(h.Instances) > 0 || len(h.Nodes) > 0 || h.Reporting != nil || h.Creator
}

// SQL reports whether a SQL Server instance of the plan may run on the host.
func (h *Host) SQL() bool { return len(h.Instances) > 0 }

// Web reports whether the host is a web node.
func (h *Host) Web() bool { return len(h.Nodes) > 0 }

// Reports reports whether the host is a report server.
func (h *Host) Reports() bool { return h.Reporting != nil }

// NeedsMBAM reports whether MBAM's server software must be on the host: where a feature is enabled or databases are created.
func (h *Host) NeedsMBAM() bool { return h.Web() || h.Reports() || h.Creator }

// WindowsYear returns the year of the Windows version, 2008 for 2008 R2 and 2012 for both 2012 and 2012 R2.
func (h *Host) WindowsYear() int { return year(h.Windows) }

// Role is the host's primary role and the top folder of its scripts: database, reports or web, in this order when it has several.
func (h *Host) Role() string {
	switch {
	case h.SQL():
		return "database"
	case h.Reports():
		return "reports"
	default:
		return "web"
	}
}

// Instance is one SQL Server instance.
type Instance struct {
	Name        string // as @@SERVERNAME prints it
	Network     string // network name without the instance
	Named       string // instance name, "" for a default instance
	FQDN        string // of the network name
	Nodes       []*Host
	Port        int // 0 = dynamic, found through SQL Server Browser
	Endpoint    int // port of its mirroring endpoint, 0 = that of the placement
	Version     int // 2008 (R2), 2012, 2014 …
	VersionName string
	Edition     string
	Service     string // service account as written; "" when the topology does not say
	Data, Log   string // "" = the instance's own defaults
	Index       int
}

// Clustered reports whether it is a failover cluster instance.
func (i *Instance) Clustered() bool { return len(i.Nodes) > 1 }

// Host returns the host of a stand-alone instance, the first possible owner of a clustered one.
func (i *Instance) Host() *Host { return i.Nodes[0] }

// Full reports whether the edition has full availability groups (Enterprise, Developer, Evaluation).
func (i *Instance) Full() bool {
	return i.Edition == "Enterprise" || i.Edition == "Developer" || i.Edition == "Evaluation"
}

// Folder is the name of the instance's folder: the host's own for a default stand-alone instance, the network name for
// a default clustered one, and NETWORKNAME.INSTANCE for a named instance. A dot cannot occur in either part's first name.
func (i *Instance) Folder() string {
	if i.Named == "" {
		return i.Network
	}
	return i.Network + "." + i.Named
}

// Address is the DataSource form that needs no SQL Server Browser: fqdn,port; fqdn\instance while the port is dynamic.
func (i *Instance) Address() string {
	if i.Port > 0 {
		return i.FQDN + "," + strconv.Itoa(i.Port)
	}
	return i.FQDN + `\` + i.Named
}

// Cluster is the Windows failover cluster.
type Cluster struct {
	Name       string
	ComputerOU string
	Addresses  []netip.Prefix
	Witness    string
	Nodes      []*Host
	NoVote     []*Host
}

// Account returns the cluster's own computer account (CNO).
func (c *Cluster) Account(d Domain) Account { return Account{Domain: d.NetBIOS, Name: c.Name + "$"} }

// Placement is where databases live.
type Placement struct {
	Name     string
	Kind     string // standalone, fci, availabilityGroup, mirroring
	Existing bool

	Instance *Instance // standalone, fci

	Principal, Mirror, Witness *Instance // mirroring; Witness may be nil
	SafetyFull                 bool
	Timeout                    int // mirroring: seconds

	Replicas         []*Replica
	Listener         *Listener
	Automatic        bool // automatic seeding
	BackupPreference string
	Basic            bool

	BackupShare  string
	EndpointName string
	EndpointPort int // of instances that have no port of their own

	Databases []*Database // placed here, compliance first
}

// AG, Mirroring, FCI, Standalone tell the kind.
func (p *Placement) AG() bool         { return p.Kind == "availabilityGroup" }
func (p *Placement) Mirroring() bool  { return p.Kind == "mirroring" }
func (p *Placement) FCI() bool        { return p.Kind == "fci" }
func (p *Placement) Standalone() bool { return p.Kind == "standalone" }

// Primary returns the instance on which the databases are created: the stand-alone or clustered instance, the first
// replica, or the principal.
func (p *Placement) Primary() *Instance {
	switch {
	case p.AG():
		return p.Replicas[0].Instance
	case p.Mirroring():
		return p.Principal
	default:
		return p.Instance
	}
}

// All returns every instance that holds a copy of the databases, the primary first; a mirroring witness holds none.
func (p *Placement) All() []*Instance {
	switch {
	case p.AG():
		var out []*Instance
		for _, r := range p.Replicas {
			out = append(out, r.Instance)
		}
		return out
	case p.Mirroring():
		return []*Instance{p.Principal, p.Mirror}
	default:
		return []*Instance{p.Instance}
	}
}

// MinVersion returns the lowest SQL Server version of the placement's instances: the gate of every option.
func (p *Placement) MinVersion() int {
	lowest := 9999
	for _, i := range p.All() {
		lowest = min(lowest, i.Version)
	}
	return lowest
}

// Secondaries returns every replica but the first.
func (p *Placement) Secondaries() []*Replica {
	if len(p.Replicas) == 0 {
		return nil
	}
	return p.Replicas[1:]
}

// Replica is one replica of an availability group.
type Replica struct {
	Group          *Placement
	Instance       *Instance
	Synchronous    bool
	AutoFailover   bool
	ReadAccess     string // none, readOnly, all
	BackupPriority int
	EndpointPort   int
	First          bool // the planned first primary
}

// Peers returns the other replicas of the group.
func (r *Replica) Peers() []*Replica {
	var out []*Replica
	for _, o := range r.Group.Replicas {
		if o != r {
			out = append(out, o)
		}
	}
	return out
}

// Listener is an availability group listener.
type Listener struct {
	Group     *Placement
	Name      string
	FQDN      string
	Port      int
	Addresses []netip.Prefix
	DHCP      bool
	Multi     bool // MultiSubnetFailover=True
	AllIPs    bool
	TTL       int
}

// Account returns the listener's computer object (VCO).
func (l *Listener) Account(d Domain) Account { return Account{Domain: d.NetBIOS, Name: l.Name + "$"} }

// Database is one MBAM database.
type Database struct {
	Key           string // "compliance" or "recovery"
	Title         string // the document's name of it
	Name          string
	Placement     *Placement
	Existing      bool
	Was           *Instance // existing: what web features and reports name today; nil when the topology does not say
	Encrypted     bool
	Compatibility int
}

// IsCompliance reports whether it is the Compliance and Audit Database.
func (d *Database) IsCompliance() bool { return d.Key == "compliance" }

// Reporting is the report server, or the report servers of a scale-out deployment.
type Reporting struct {
	Hosts    []*Host
	Version  int
	Edition  string
	Instance string
	URL      string
	Keywords bool // data source may carry version-gated keywords
	Existing bool
}

// Web is one web farm.
type Web struct {
	Name        string
	Host        string // virtual host name
	Nodes       []*Node
	Agent       bool
	Admin       bool
	SelfService bool
	Port        int
	TLS         bool
	Certificate *topology.Certificate // nil without TLS
	InstallPath string
	HelpDeskDir string
	PortalDir   string
	Portal      topology.Portal
	TPMReset    bool
	PoolMend    bool
	Existing    bool
	Balancer    *Balancer // nil for a single node
	ShortSPN    string
	Index       int
}

// Balanced reports whether more than one node serves the virtual host name.
func (w *Web) Balanced() bool { return len(w.Nodes) > 1 }

// Node is one web node.
type Node struct {
	Web        *Web
	Host       *Host
	Thumbprint string
	Interface  string
	Priority   int
	Existing   bool
	Was        string // existing: host name that its features have today, when the plan gives them another; else ""
	First      bool
}

// Peers returns the other nodes of the farm.
func (n *Node) Peers() []*Node {
	var out []*Node
	for _, o := range n.Web.Nodes {
		if o != n {
			out = append(out, o)
		}
	}
	return out
}

// Balancer spreads the load of a web farm.
type Balancer struct {
	Kind      string // nlb, haproxy, external
	Address   netip.Addr
	Subnet    netip.Prefix
	Mode      string
	Interface string
	Product   string
	Persist   int // minutes
	CAFile    string
	Bind      string
	Watch     bool
	Existing  bool
}

// NLB, HAProxy and External tell the kind.
func (b *Balancer) NLB() bool      { return b != nil && b.Kind == "nlb" }
func (b *Balancer) HAProxy() bool  { return b != nil && b.Kind == "haproxy" }
func (b *Balancer) External() bool { return b != nil && b.Kind == "external" }

// Mask returns the dotted subnet mask of the virtual address.
func (b *Balancer) Mask() string { return Mask(b.Subnet) }

// Mask returns the dotted form of a prefix's length.
func Mask(p netip.Prefix) string {
	bits := ^uint32(0) << (32 - p.Bits())
	return netip.AddrFrom4([4]byte{byte(bits >> 24), byte(bits >> 16), byte(bits >> 8), byte(bits)}).String()
}

// Clients is the Group Policy of the clients.
type Clients struct {
	GPO        string
	OU         string
	Wakeup     int
	Status     int
	KeyPackage bool
	Web        *Web // the farm with the agent service
	TPMReset   bool
}

func year(s string) int {
	n, _ := strconv.Atoi(strings.Fields(s + " 0")[0])
	return n
}
