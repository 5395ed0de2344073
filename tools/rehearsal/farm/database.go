package farm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// databases is the SQL Server instances of the farm and the failover cluster below them.
type databases struct {
	farm    *Farm
	network *sqlserver.Network
	drives  map[string]string // by machine and letter: the clustered instance whose shared drive it is
	closed  map[string]bool   // shares that refuse the accounts of SQL Server, by "\\server\share" in lower case
}

func newDatabases() *databases {
	return &databases{closed: map[string]bool{}, drives: map[string]string{}}
}

// clone copies it for another farm.
func (x *databases) clone(f *Farm) *databases {
	out := &databases{farm: f, closed: maps.Clone(x.closed), drives: x.drives}
	if x.network != nil {
		out.network = x.network.Clone(world{f})
	}
	return out
}

// state adds a line for everything that a script may change.
func (x *databases) state(add func(format string, args ...any)) {
	if x.network != nil {
		x.network.State(add)
	}
}

func databaseArea() area { return area{command: databaseCommand} }

// SQLNetwork is all instances of the farm; it is made when it is first asked for.
func (f *Farm) SQLNetwork() *sqlserver.Network {
	if f.databases.network == nil {
		f.databases.farm = f
		f.databases.network = sqlserver.New(world{f}, f.Directory.NetBIOS)
	}
	return f.databases.network
}

// AddShare makes a folder on a file server that the accounts of SQL Server may write to.
func (f *Farm) AddShare(path string) { f.fileServers.folder(path, "S-1-5-32-544", nil) }

// PrestageListener makes the disabled computer object of a listener, on which the cluster has full control (1.3).
func (f *Farm) PrestageListener(cluster, name string) {
	e := f.Directory.Find(name + "$")
	if e == nil {
		e = f.Directory.AddComputer(name, "CN=Computers,"+f.Directory.DN)
		e.Flags |= disabled
	}
	e.full = append(e.full, f.Directory.Find(cluster+"$").SID)
}

// AddFolder makes a folder on a drive of a machine.
func (f *Farm) AddFolder(machine, path string) {
	if disk, at, code := (world{f}).disk(machine, path); code == 0 {
		disk.folder(at, "S-1-5-18", nil)
	}
}

// ShareDrive says that a drive of a machine is one of a clustered instance: all nodes see the same files.
func (f *Farm) ShareDrive(machine, letter, network string) {
	f.databases.drives[strings.ToUpper(machine+" "+letter)] = network
}

// CloseShare takes their rights away, or gives them back.
func (f *Farm) CloseShare(path string, closed bool) { f.databases.closed[share(path)] = closed }

// Shares are the files on file servers.
func (f *Farm) Shares() *Files { return f.fileServers }

func share(path string) string {
	parts := strings.SplitN(key(path), `\`, 4)
	if len(parts) < 3 {
		return key(path)
	}
	return strings.Join(parts[:3], `\`)
}

// SQL finds the instance that a client reaches who names a server as in a connection string: HOST, HOST\INSTANCE, host,port with or without tcp: ahead,
// by NetBIOS name, by DNS name, by the name of a listener, which leads to the primary. It is nil when nobody answers.
func (f *Farm) SQL(server string) *sqlserver.Instance {
	n := f.SQLNetwork()
	server = strings.TrimSpace(strings.TrimPrefix(strings.ToLower(server), "tcp:"))
	host, port := server, 0
	if at := strings.LastIndexByte(server, ','); at >= 0 {
		p, err := strconv.Atoi(strings.TrimSpace(server[at+1:]))
		if err != nil {
			return nil
		}
		host, port = server[:at], p
	}
	host, named, _ := strings.Cut(host, `\`)
	for _, g := range n.Groups {
		for _, l := range g.Listeners {
			if !strings.EqualFold(host, l.Name) && !strings.EqualFold(host, l.Name+"."+f.Directory.DNS) {
				continue
			}
			in := n.Instance(g.Primary)
			if in == nil || !in.Running || named != "" || port != l.Port && !(port == 0 && l.Port == 1433) {
				return nil
			}
			return in
		}
	}
	for _, in := range n.Instances {
		leaf, _, _ := strings.Cut(in.FQDN, ".")
		if !strings.EqualFold(host, in.FQDN) && !strings.EqualFold(host, leaf) && !strings.EqualFold(host, in.Network) {
			continue
		}
		// A port wins over the name of an instance; without both the client takes 1433, with the name alone it asks SQL Server Browser (5.1).
		found := port == in.Port || port == 0 && named != "" && strings.EqualFold(named, in.Named) || port == 0 && named == "" && in.Port == 1433
		if found && in.Running {
			return in
		}
	}
	return nil
}

// RunSQL runs a file as sqlcmd -b does, with the rights of the session's user: it answers what sqlcmd prints and its exit code. Without variables their
// substitution is off (-x). The error says that the rehearsal does not know something.
func (f *Farm) RunSQL(s *Session, server, file string, data []byte, vars map[string]string) (out []string, code int, err error) {
	in := f.SQL(server)
	if in == nil {
		return []string{"Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : Login timeout expired.", "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : A network-related or instance-specific error has occurred while establishing a connection to " + server + "."}, 1, nil
	}
	session, err := in.Open(f.Directory.NetBIOS + `\` + s.User)
	if err != nil {
		return []string{"Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : " + err.Error()}, 1, nil
	}
	session.Before = s.Before
	defer func() { s.Machine.farm.SQLNetwork().Settle() }()
	code, err = tsql.Run(session, file, data, tsql.Options{StopOnError: true, Variables: vars})
	return session.Output, code, err
}

// world is the farm as the instances see it.
type world struct{ farm *Farm }

func (w world) entry(account string) *Entry {
	domain, name, ok := strings.Cut(account, `\`)
	if !ok || !strings.EqualFold(domain, w.farm.Directory.NetBIOS) {
		return nil
	}
	return w.farm.Directory.Find(name)
}

func (w world) bySID(sid []byte) *Entry {
	text := sqlserver.TextSID(sid)
	for _, e := range w.farm.Directory.entries {
		if text != "" && e.SID == text {
			return e
		}
	}
	return nil
}

// SID implements sqlserver.World.
func (w world) SID(account string) []byte {
	if e := w.entry(account); e != nil {
		return sqlserver.BinarySID(e.SID)
	}
	return nil
}

// Account implements sqlserver.World.
func (w world) Account(sid []byte) string {
	if e := w.bySID(sid); e != nil {
		return w.farm.Directory.NetBIOS + `\` + e.Name
	}
	return ""
}

// Inside implements sqlserver.World.
func (w world) Inside(group, account []byte) bool {
	g, m := w.bySID(group), w.bySID(account)
	return g != nil && m != nil && w.farm.Directory.Inside(g, m)
}

// IsGroup implements sqlserver.World.
func (w world) IsGroup(sid []byte) bool {
	e := w.bySID(sid)
	return e != nil && e.Class == "group"
}

// disk is where a path leads: a share, a shared drive, or a drive of the machine. The error is that of the operating system.
func (w world) disk(machine, path string) (*Files, string, int) {
	x := w.farm.databases
	if strings.HasPrefix(path, `\\`) {
		if x.closed[share(path)] {
			return nil, "", 5
		}
		return w.farm.fileServers, path, 0
	}
	m := w.farm.Machines[strings.ToUpper(machine)]
	if m == nil || path == "" {
		return nil, "", 53
	}
	if network := x.drives[strings.ToUpper(m.Name+" "+path[:1])]; network != "" {
		return w.farm.fileServers, `\\` + network + `\` + path[:1] + "$" + path[2:], 0
	}
	return m.Files, path, 0
}

// Look implements sqlserver.World.
func (w world) Look(machine, _, path string) (file, folder, above bool) {
	f, at, code := w.disk(machine, path)
	if code != 0 {
		return false, false, false
	}
	return f.Exists(at), f.IsFolder(at), f.IsFolder(parent(at))
}

// Read implements sqlserver.World.
func (w world) Read(machine, _, path string) ([]byte, int) {
	f, at, code := w.disk(machine, path)
	if code != 0 {
		return nil, code
	}
	data, ok := f.Read(at)
	switch {
	case ok:
		return data, 0
	case !f.IsFolder(parent(at)):
		return nil, 3
	}
	return nil, 2
}

// Write implements sqlserver.World.
func (w world) Write(machine, _, path string, data []byte) int {
	f, at, code := w.disk(machine, path)
	switch {
	case code != 0:
		return code
	case !f.IsFolder(parent(at)):
		return 3
	case f.Full:
		return 112
	}
	f.write(at, data)
	return 0
}

// Reaches implements sqlserver.World.
func (w world) Reaches(from, to string, port int) bool {
	a, b := w.farm.Machines[strings.ToUpper(from)], w.farm.Machines[strings.ToUpper(to)]
	return a != nil && b != nil && !a.Off() && !b.Off() && (a == b || b.lets(port, a.Address()))
}

// Taken implements sqlserver.World.
func (w world) Taken(machine string, port int) bool {
	m := w.farm.Machines[strings.ToUpper(machine)]
	if m == nil {
		return false
	}
	process, ok := m.system.ports[port]
	return ok && process != "sqlservr"
}

// NetworkName implements sqlserver.World. The cluster's account uses a computer object of the name on which it has full control (1.3), enables it, and
// registers all addresses, as RegisterAllProvidersIP = 1 says (1.17).
func (w world) NetworkName(cluster, name string, addresses []string) string {
	d := w.farm.Directory
	account, object := d.Find(cluster+"$"), d.Find(name+"$")
	switch {
	case account == nil:
		return "the cluster has no computer object"
	case object == nil:
		return "there is no computer object of the name, and the cluster may make none"
	case object.Class != "computer":
		return "the name belongs to another kind of account"
	}
	allowed := false
	for _, sid := range object.full {
		allowed = allowed || sid == account.SID
	}
	if !allowed {
		return "the cluster has no full control of the computer object"
	}
	for _, a := range addresses {
		for leaf, records := range d.zone {
			for _, r := range records {
				if r.data == a && !strings.EqualFold(leaf, name) {
					return fmt.Sprintf("the address %s is that of %s", a, leaf)
				}
			}
		}
	}
	object.Flags &^= disabled
	d.zone[strings.ToLower(name)] = nil
	for _, a := range addresses {
		d.zone[strings.ToLower(name)] = append(d.zone[strings.ToLower(name)], record{"A", a})
	}
	return ""
}

// Publish implements sqlserver.World: each group is a role of the cluster on the machine of its primary, with a network name for each listener, called group_listener, and its
// addresses (1.17). What somebody set on a resource stays.
func (w world) Publish(n *sqlserver.Network) {
	c := w.farm.Cluster
	if c == nil {
		return
	}
	const kind = "SQL Server Availability Group"
	var roles []*Role
	for _, r := range c.Roles {
		group := slices.ContainsFunc(r.Resources, func(x *Resource) bool { return x.Type == kind })
		if !group || n.GroupNamed(r.Name) != nil {
			roles = append(roles, r)
		}
	}
	c.Roles = roles
	for _, g := range n.Groups {
		p := n.Instance(g.Primary)
		if p == nil {
			continue
		}
		role := c.Role(g.Name)
		if role == nil {
			role = &Role{Name: g.Name, Resources: []*Resource{{Name: g.Name, Type: kind, Parameters: map[string]any{}}}}
			c.Roles = append(c.Roles, role)
		}
		role.Owner = p.Owner
		var keep []*Resource
		var needs []string
		resource := func(name, typ string, parameters map[string]any, offline bool) *Resource {
			_, x := c.resource(name)
			if x == nil {
				x = &Resource{Name: name, Type: typ, Parameters: parameters}
			}
			x.Offline = offline
			keep = append(keep, x)
			return x
		}
		for _, l := range g.Listeners {
			nn := resource(g.Name+"_"+l.Name, "Network Name", map[string]any{"Name": strings.ToUpper(l.Name), "DnsName": l.Name, "RegisterAllProvidersIP": int64(1), "HostRecordTTL": int64(1200)}, false)
			nn.Needs = nil
			needs = append(needs, nn.Name)
			for _, a := range l.Addresses {
				ip := resource(g.Name+"_"+a.Address, "IP Address", map[string]any{"Address": a.Address, "SubnetMask": a.Mask}, !n.Hosts(p, a))
				nn.Needs = append(nn.Needs, ip.Name)
			}
		}
		for _, x := range role.Resources {
			if x.Type == kind {
				x.Needs = needs
				keep = append(keep, x)
			}
		}
		role.Resources = keep
	}
}

// Now implements sqlserver.World.
func (w world) Now() time.Time {
	w.farm.Clock = w.farm.Clock.Add(time.Millisecond)
	return w.farm.Clock
}

// Sleep implements sqlserver.World.
func (w world) Sleep(d time.Duration) { w.farm.Clock = w.farm.Clock.Add(d) }

// listens reports whether an instance that runs on a machine listens on a port beside that of clients: that of its mirroring endpoint, or of a listener.
func (x *databases) listens(m *Machine, port int) bool {
	if x.network == nil {
		return false
	}
	for _, in := range x.network.Instances {
		if in.Owner != m.Name || !in.Running {
			continue
		}
		if in.Endpoint != nil && in.Endpoint.Port == port && in.Listens() {
			return true
		}
		for _, g := range x.network.Groups {
			for _, l := range g.Listeners {
				if l.Port == port && strings.EqualFold(g.Primary, in.Name) {
					return true
				}
			}
		}
	}
	return false
}
