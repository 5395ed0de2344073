package farm

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ErrService says that a SQL Server instance runs as an account that other servers cannot authenticate.
var ErrService = errors.New("the service account of a SQL Server instance has no name on the network")

// ServiceAccount is the account of a database engine as other servers see it.
type ServiceAccount struct {
	Accounts []Account // one login on each other replica; several where a clustered instance runs as a built-in account
	Computer bool      // they are computer accounts
	Warning  string    // "" when nothing is to be said
}

// ServiceAccount maps the account of the database engine to the names that it has on the network (sql-endpoint-logins):
//
//	domain user, group managed service account (DOMAIN\name$)  itself
//	NETWORK SERVICE, virtual account (NT SERVICE\MSSQL…)       the computer account of every possible owner
//	Local System                                               the same, with a warning: the documents disagree
//	Local Service, a local user, a name with @                 refused with an error that wraps ErrService
//
// A name without a domain is one of domain d. An instance whose topology names no account is refused too.
func (i *Instance) ServiceAccount(d Domain) (ServiceAccount, error) {
	refuse := func(why string) (ServiceAccount, error) {
		return ServiceAccount{}, fmt.Errorf("%w: instance %s: %s", ErrService, i.Name, why)
	}
	domain, name, qualified := strings.Cut(i.Service, `\`)
	if !qualified {
		domain, name = "", i.Service
	}
	local := domain == "." || slices.ContainsFunc(i.Nodes, func(h *Host) bool { return strings.EqualFold(domain, h.Name) })
	switch builtin := plainName(name); {
	case i.Service == "":
		return refuse("the topology names no serviceAccount")
	case strings.Contains(i.Service, "@"):
		return refuse(`write serviceAccount as DOMAIN\name, not with @`)
	case domain != "" && plainName(domain) == "NTSERVICE", authority(domain) && builtin == "NETWORKSERVICE":
		return ServiceAccount{Accounts: i.computers(d), Computer: true}, nil
	case authority(domain) && (builtin == "LOCALSYSTEM" || builtin == "SYSTEM"):
		return ServiceAccount{
			Accounts: i.computers(d), Computer: true,
			Warning: "Local System: reports say that the computer account works, the documents ask for certificates; a domain account is better",
		}, nil
	case authority(domain) && builtin == "LOCALSERVICE":
		return refuse("Local Service has no identity on the network, endpoints would need certificates")
	case local:
		return refuse("a local user is not known to other servers, endpoints would need certificates")
	case strings.Contains(domain, " ") || strings.Contains(name, `\`):
		return refuse(`write serviceAccount as DOMAIN\name, a built-in account by its English name`)
	}
	if domain == "" {
		domain = d.NetBIOS
	}
	return ServiceAccount{Accounts: []Account{{Domain: domain, Name: name}}}, nil
}

// authority reports whether a domain part may belong to a built-in account: none, or NT AUTHORITY.
func authority(domain string) bool { return domain == "" || plainName(domain) == "NTAUTHORITY" }

// plainName drops blanks and case, in which spellings of built-in accounts differ (LocalSystem, NT AUTHORITY\Network Service).
func plainName(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

func (i *Instance) computers(d Domain) []Account {
	var out []Account
	for _, h := range i.Nodes {
		out = append(out, Account{Domain: d.NetBIOS, Name: h.Name + "$"})
	}
	return out
}

// ServiceNames returns the spellings under which sys.dm_server_services and Windows may show the service account, the
// topology's own first; empty when it names none.
func (i *Instance) ServiceNames() []string {
	domain, name, ok := strings.Cut(i.Service, `\`)
	if !ok {
		domain, name = "", i.Service
	}
	builtin := map[string][]string{
		"LOCALSYSTEM":    {"LocalSystem", `NT AUTHORITY\SYSTEM`},
		"SYSTEM":         {"LocalSystem", `NT AUTHORITY\SYSTEM`},
		"NETWORKSERVICE": {`NT AUTHORITY\NETWORK SERVICE`, `NT AUTHORITY\NetworkService`},
		"LOCALSERVICE":   {`NT AUTHORITY\LOCAL SERVICE`, `NT AUTHORITY\LocalService`},
	}
	switch {
	case i.Service == "":
		return nil
	case authority(domain) && builtin[plainName(name)] != nil:
		out := []string{i.Service}
		for _, s := range builtin[plainName(name)] {
			if s != i.Service {
				out = append(out, s)
			}
		}
		return out
	default:
		return []string{i.Service}
	}
}

// EndpointAccounts returns the accounts that need a login here and CONNECT on this instance's endpoint: the service
// accounts of the other replicas, each once, in the order of the topology. An account that this instance shares with
// another replica is among them; the documents ask for nothing then, Management Studio grants it all the same, and so do
// we (sql-endpoint-logins).
func (r *Replica) EndpointAccounts(d Domain) ([]Account, error) {
	var peers []*Instance
	for _, p := range r.Peers() {
		peers = append(peers, p.Instance)
	}
	return serviceAccounts(d, peers)
}

// MirroringAccounts returns the same for an instance of a mirrored pair: the accounts of the other partner and the witness.
func (p *Placement) MirroringAccounts(d Domain, of *Instance) ([]Account, error) {
	var peers []*Instance
	for _, i := range []*Instance{p.Principal, p.Mirror, p.Witness} {
		if i != nil && i != of {
			peers = append(peers, i)
		}
	}
	return serviceAccounts(d, peers)
}

func serviceAccounts(d Domain, instances []*Instance) ([]Account, error) {
	var out []Account
	for _, i := range instances {
		s, err := i.ServiceAccount(d)
		if err != nil {
			return nil, err
		}
		for _, a := range s.Accounts {
			out = addAccount(out, a)
		}
	}
	return out, nil
}

// addAccount appends an account that is not there yet.
func addAccount(list []Account, a Account) []Account {
	if slices.ContainsFunc(list, a.Same) {
		return list
	}
	return append(list, a)
}

// LoginPrincipals returns the accounts that need a login on every instance with a copy of one of the databases: those that
// MBAM maps to database users (mbam-databases). Members of a group come in through the group and need no login of their
// own, so the pool account and the account of the reports are listed only where the access account is a user.
func (f *Farm) LoginPrincipals(databases []*Database) []Account {
	var out []Account
	if len(databases) == 0 {
		return nil
	}
	out = addAccount(out, f.ReadWrite)
	if !f.ReadWrite.Group {
		out = addAccount(out, f.Pool)
	}
	if slices.ContainsFunc(databases, (*Database).IsCompliance) {
		out = addAccount(out, f.ReadOnly)
		if !f.ReadOnly.Group {
			out = addAccount(out, f.ReportReader)
		}
	}
	return out
}

// ProductVersion returns major and minor version as SERVERPROPERTY('ProductVersion') begins: "15.0" for 2019, "10.50"
// for 2008 R2. Only versions that the topology knows occur.
func (i *Instance) ProductVersion() string {
	versions := map[int]string{2008: "10.50", 2012: "11.0", 2014: "12.0", 2016: "13.0", 2017: "14.0", 2019: "15.0", 2022: "16.0"}
	return versions[i.Version]
}

// EngineEdition returns the value of SERVERPROPERTY('EngineEdition'): 2 Standard, 3 Enterprise, Developer and
// Evaluation, 4 Express.
func (i *Instance) EngineEdition() int {
	switch {
	case i.Full():
		return 3
	case i.Edition == "Express":
		return 4
	default:
		return 2
	}
}

// EngineService is the name of the Windows service of the database engine.
func (i *Instance) EngineService() string {
	if i.Named == "" {
		return "MSSQLSERVER"
	}
	return "MSSQL$" + i.Named
}

// AgentService is the name of the Windows service of SQL Server Agent.
func (i *Instance) AgentService() string {
	if i.Named == "" {
		return "SQLSERVERAGENT"
	}
	return "SQLAgent$" + i.Named
}

// SQLCmdServer is the server as sqlcmd's -S takes it: tcp:fqdn,port, and fqdn\instance while the port is dynamic.
func (i *Instance) SQLCmdServer() string {
	if i.Port > 0 {
		return "tcp:" + i.Address()
	}
	return i.Address()
}

// KernelVersion returns the beginning of Win32_OperatingSystem.Version, "" for a version that the topology does not know.
func (h *Host) KernelVersion() string {
	versions := map[string]string{
		"2008 R2": "6.1.", "2012": "6.2.", "2012 R2": "6.3.", "2016": "10.0.14393", "2019": "10.0.17763",
		"2022": "10.0.20348", "2025": "10.0.26100",
	}
	return versions[h.Windows]
}

// InCluster reports whether the plan has the host in the Windows failover cluster.
func (f *Farm) InCluster(h *Host) bool {
	return f.Cluster != nil && slices.Contains(f.Cluster.Nodes, h)
}

// Votes returns the planned quorum vote of a cluster node, 0 or 1.
func (c *Cluster) Votes(h *Host) int {
	if slices.Contains(c.NoVote, h) {
		return 0
	}
	return 1
}

// ClusterNetworks returns the networks that must exist in the cluster to host the listener's addresses, each as
// "10.1.0.0 255.255.255.0", in the order of the addresses. A DHCP listener and an address without a subnet have none.
func (l *Listener) ClusterNetworks() []string {
	var out []string
	for _, a := range l.Addresses {
		if a.IsValid() && !a.IsSingleIP() {
			network := a.Masked().Addr().String() + " " + Mask(a)
			if !slices.Contains(out, network) {
				out = append(out, network)
			}
		}
	}
	return out
}

// PortRule is one inbound firewall rule of a database server.
type PortRule struct {
	Name     string // key of the rule on the host, of this farm alone: mbamplan-contoso-mbam-tcp-5022
	Title    string // for people: "MBAM SQL: endpoint (TCP 5022)"
	Protocol string // TCP or UDP
	Port     int
	Remote   []string // addresses that may connect, sorted as text; empty = any, when one of them is not known
}

// FirewallRules returns the inbound rules that a host with SQL Server instances needs, by protocol and port:
//
//	instance port  from web nodes, report servers, the host that creates databases, and the other database servers
//	UDP 1434       from the same, while an instance has a dynamic port, or is a partner that clients find by the name that
//	               the other partner reports (SQL Server Browser)
//	listener port  from the same, on every replica
//	endpoint port  from the other replicas, from the other members of a mirrored pair
//
// Rules with one port are one rule. A dynamic port itself cannot be opened by number. A clustered replica may answer and
// call from an address that the topology does not know, so that rules for its peers take any address.
func (f *Farm) FirewallRules(h *Host) []PortRule {
	b := &ruleBuilder{farm: f.Name, rules: map[string]*portRule{}}
	clients := f.sqlClients(h)
	for _, i := range h.Instances {
		if i.Port > 0 {
			b.add("TCP", i.Port, "SQL Server "+i.Name, clients)
		} else {
			b.add("UDP", 1434, "SQL Server Browser", clients)
		}
		if peers := f.MirroringPeers(i); len(peers) > 0 {
			var from remote
			for _, o := range peers {
				from.addInstance(o)
			}
			b.add("TCP", f.MirroringPort(i), "endpoint", from)
		}
	}
	if f.NeedsBrowserOn(h) {
		b.add("UDP", 1434, "SQL Server Browser", clients)
	}
	for _, p := range f.Groups() {
		for _, r := range p.Replicas {
			if !slices.Contains(r.Instance.Nodes, h) {
				continue
			}
			if l := p.Listener; l != nil {
				b.add("TCP", l.Port, "listener "+l.Name, clients)
			}
			var peers remote
			for _, o := range r.Peers() {
				peers.addInstance(o.Instance)
			}
			b.add("TCP", r.EndpointPort, "endpoint", peers)
		}
	}
	if slices.ContainsFunc(h.Instances, f.FoundByName) {
		b.add("UDP", 1434, "SQL Server Browser", clients)
	}
	return b.list()
}

// FoundByName reports whether clients must find the instance through SQL Server Browser because it is a partner of a
// mirrored pair that exists already and needs it: the server sends its partner's name without a port, whatever the
// string says; see NeedsBrowser.
func (f *Farm) FoundByName(i *Instance) bool {
	return slices.ContainsFunc(f.Placements, func(p *Placement) bool {
		return p.Existing && len(p.Databases) > 0 && p.NeedsBrowser() && slices.Contains(p.All(), i)
	})
}

// sqlClients are the servers of the farm that open SQL connections to h.
func (f *Farm) sqlClients(h *Host) remote {
	var out remote
	for _, o := range f.Hosts {
		if o != h && o.HasRole() {
			out.addHost(o)
		}
	}
	return out
}

// remote is a set of addresses, or any.
type remote struct {
	any       bool
	addresses []netip.Addr
}

func (r *remote) addHost(h *Host) {
	switch {
	case !h.Address.IsValid():
		r.any = true
	case !slices.Contains(r.addresses, h.Address):
		r.addresses = append(r.addresses, h.Address)
	}
}

func (r *remote) addInstance(i *Instance) {
	if i.Clustered() {
		r.any = true
	}
	for _, h := range i.Nodes {
		r.addHost(h)
	}
}

type portRule struct {
	protocol string
	port     int
	uses     []string
	from     remote
}

type ruleBuilder struct {
	farm  string
	rules map[string]*portRule
}

func (b *ruleBuilder) add(protocol string, port int, use string, from remote) {
	key := strings.ToLower(protocol) + "-" + strconv.Itoa(port)
	r := b.rules[key]
	if r == nil {
		r = &portRule{protocol: protocol, port: port}
		b.rules[key] = r
	}
	if !slices.Contains(r.uses, use) {
		r.uses = append(r.uses, use)
	}
	r.from.any = r.from.any || from.any
	for _, a := range from.addresses {
		if !slices.Contains(r.from.addresses, a) {
			r.from.addresses = append(r.from.addresses, a)
		}
	}
}

func (b *ruleBuilder) list() []PortRule {
	var out []PortRule
	for key, r := range b.rules {
		rule := PortRule{
			Name: "mbamplan-" + b.farm + "-" + key, Protocol: r.protocol, Port: r.port,
			Title: fmt.Sprintf("MBAM SQL: %s (%s %d)", strings.Join(r.uses, ", "), r.protocol, r.port),
		}
		if !r.from.any {
			for _, a := range r.from.addresses {
				rule.Remote = append(rule.Remote, a.String())
			}
			slices.Sort(rule.Remote)
		}
		out = append(out, rule)
	}
	slices.SortFunc(out, func(a, b PortRule) int {
		if c := strings.Compare(a.Protocol, b.Protocol); c != 0 {
			return c
		}
		return a.Port - b.Port
	})
	return out
}
