package sqlserver

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// An Instance is one instance of SQL Server with SQL Server Agent.
type Instance struct {
	Name    string   // as @@SERVERNAME prints it, in upper case
	Network string   // network name without the instance
	FQDN    string   // of the network name
	Named   string   // name of the instance, "" for the default one
	Nodes   []string // machines that may run it; more than one for a failover cluster instance
	Owner   string   // machine that runs it
	Port    int      // of TCP connections

	Version        int    // 2008 (R2), 2012 …
	ProductVersion string // 15.0.2000.5
	Level          string // RTM, SP1 …
	Edition        string // as SERVERPROPERTY prints it
	EngineEdition  int    // 2 Standard, 3 Enterprise, 4 Express
	Collation      string
	Data, Log      string   // default folders
	Service        string   // account of the engine
	Programs       string   // folder of sqlservr.exe
	Drives         []string // letters of shared drives of a failover cluster instance

	Running    bool
	Agent      bool // SQL Server Agent runs
	AgentStart int  // 2 automatic, 3 manual, 4 disabled
	Hadr       bool // the feature is on, as the service has read it at its start
	HadrNext   bool // as it is configured for the next start

	Logins      []*Login
	Permissions []Permission
	Endpoint    *Endpoint // for mirroring, nil without one
	Sessions    []*EventSession
	Properties  []Property // extended properties of master
	Databases   []*Database
	Jobs        []*Job
	Operators   []string
	Backups     []*BackupRow
	Restores    []*RestoreRow
	ErrorLog    []string
	Installed   time.Time

	net       *Network
	principal int
	endpoint  int
	database  int
	schedule  int
	history   int
}

// A Login is a server principal. Type is U, G or S.
type Login struct {
	Name     string
	SID      []byte
	Type     string
	ID       int
	Disabled bool
	Roles    []string // server roles beside public
}

func (l *Login) in(role string) bool {
	for _, r := range l.Roles {
		if strings.EqualFold(r, role) {
			return true
		}
	}
	return false
}

// A Permission is a row of sys.server_permissions. Class is 100 for the server, 105 for an endpoint; State is G, W or D.
type Permission struct {
	Class, Major, Grantee int
	Name, State           string
}

// An Endpoint is the one endpoint for database mirroring.
type Endpoint struct {
	ID        int
	Name      string
	Port      int
	State     int // 0 started, 1 stopped, 2 disabled
	Role      int // 1 partner, 2 witness, 3 all
	Auth      int // connection_auth: 1 NTLM, 2 Kerberos, 3 negotiate, 4 certificate
	Required  bool
	Algorithm int // 0 none, 1 RC4, 2 AES, 5 AES RC4, 6 RC4 AES
	Owner     int // principal
}

// agrees reports whether two endpoints have an algorithm in common (1.6).
func (e *Endpoint) agrees(other *Endpoint) bool {
	set := func(a int) int { return map[int]int{0: 0, 1: 1, 2: 2, 5: 3, 6: 3}[a] }
	if set(e.Algorithm) == 0 || set(other.Algorithm) == 0 {
		return !(e.Required && set(e.Algorithm) != 0 || other.Required && set(other.Algorithm) != 0)
	}
	return set(e.Algorithm)&set(other.Algorithm) != 0
}

// An EventSession is an extended-events session.
type EventSession struct {
	Name    string
	Startup bool
	Running bool
}

// A Property is an extended property.
type Property struct {
	Name  string
	Value tsql.Value
}

// Server roles by principal id, as set-up makes them.
var serverRoles = []struct {
	id   int
	name string
}{
	{2, "public"}, {3, "sysadmin"}, {4, "securityadmin"}, {5, "serveradmin"}, {6, "setupadmin"}, {7, "processadmin"}, {8, "diskadmin"}, {9, "dbcreator"}, {10, "bulkadmin"},
}

// SA is the SID of the login that owns the server.
var SA = []byte{1}

// LocalSystem is the SID of Local System, S-1-5-18.
var LocalSystem = []byte{1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0}

// Add puts an instance into the network as set-up leaves it: sa, the administrator and the service as sysadmin, the system databases, the
// event session that nobody has started (1.8), the service running, the feature off.
func (n *Network) Add(in *Instance, administrator string) *Instance {
	in.net, in.Running, in.Installed = n, true, n.World.Now().Add(-30*24*time.Hour)
	in.principal, in.endpoint, in.database, in.schedule = 258, 65535, 4, 7
	if in.Collation == "" {
		in.Collation = "SQL_Latin1_General_CP1_CI_AS"
	}
	if in.Owner == "" {
		in.Owner = in.Nodes[0]
	}
	in.Logins = []*Login{{Name: "sa", SID: SA, Type: "S", ID: 1, Roles: []string{"sysadmin"}}}
	in.addLogin(administrator, "U").Roles = []string{"sysadmin"}
	for _, service := range []string{in.engineService(), in.agentService()} {
		in.addLoginSID(`NT SERVICE\`+service, serviceSID(service), "U").Roles = []string{"sysadmin"}
	}
	if in.Version >= 2012 {
		in.Sessions = []*EventSession{{Name: "AlwaysOn_health"}, {Name: "system_health", Startup: true, Running: true}}
	}
	for i, name := range []string{"master", "tempdb", "model", "msdb"} {
		in.Databases = append(in.Databases, &Database{
			Name: name, ID: i + 1, Created: in.Installed, Owner: SA, Level: in.level(), Recovery: 3, Collation: in.Collation, contents: &Contents{},
			Files: []File{{Logical: name, Physical: in.Data + `\` + name + `.mdf`, ID: 1, Pages: 1024}},
		})
	}
	n.Instances = append(n.Instances, in)
	return in
}

// Clustered reports whether it is a failover cluster instance.
func (in *Instance) Clustered() bool { return len(in.Nodes) > 1 }

func (in *Instance) engineService() string {
	if in.Named == "" {
		return "MSSQLSERVER"
	}
	return "MSSQL$" + in.Named
}

func (in *Instance) agentService() string {
	if in.Named == "" {
		return "SQLSERVERAGENT"
	}
	return "SQLAgent$" + in.Named
}

// level is the highest compatibility level, that of new databases.
func (in *Instance) level() int {
	return map[int]int{2008: 100, 2012: 110, 2014: 120, 2016: 130, 2017: 140, 2019: 150, 2022: 160}[in.Version]
}

// wire is the account that the service has on the network: built-in and virtual accounts are the computer (1.7).
func (in *Instance) wire() string {
	domain, name, ok := strings.Cut(in.Service, `\`)
	switch {
	case !ok, strings.HasPrefix(strings.ToUpper(domain), "NT "):
		return in.net.Domain + `\` + in.Owner + "$"
	}
	return domain + `\` + name
}

// Listens reports whether the mirroring endpoint is started and has its port: one that another instance or program of the machine holds is not
// opened, and only the error log says so (9692; 1.6).
func (in *Instance) Listens() bool {
	return in.Running && in.Endpoint != nil && in.Endpoint.State == 0 && !in.portTaken(in.Endpoint.Port)
}

func (in *Instance) portTaken(port int) bool {
	if in.Port == port || in.net.World.Taken(in.Owner, port) {
		return true
	}
	for _, other := range in.net.Instances {
		if other == in {
			break // the one that came first has the port
		}
		if other.Running && strings.EqualFold(other.Owner, in.Owner) && (other.Port == port || other.Endpoint != nil && other.Endpoint.State == 0 && other.Endpoint.Port == port) {
			return true
		}
	}
	return false
}

// Stop ends the service.
func (in *Instance) Stop() {
	in.net.Settle()
	in.Running, in.Agent = false, false
	for _, s := range in.Sessions {
		s.Running = false
	}
	in.net.Settle()
}

// Start starts the service. It reads whether the feature is on, which counts only on a node of a cluster (1.4).
func (in *Instance) Start() {
	in.Running, in.Hadr = true, in.HadrNext
	in.Agent = in.AgentStart == 2
	for _, s := range in.Sessions {
		s.Running = s.Startup
	}
	in.net.Settle()
}

// Restart stops and starts the service.
func (in *Instance) Restart() { in.Stop(); in.Start() }

// SetHadr turns the feature on or off for the next start of the service, as Enable-SqlAlwaysOn does. It answers "" or why not: the machine
// must be a node of a cluster (1.4).
func (in *Instance) SetHadr(on bool) string {
	if on && in.net.Cluster.node(in.Owner) == nil {
		return "The computer is not a node of a Windows Server failover cluster."
	}
	in.HadrNext = on
	return ""
}

// manager is SERVERPROPERTY('HadrManagerStatus'): 1 running, 2 failed, 0 not started.
func (in *Instance) manager() int64 {
	switch {
	case !in.Hadr:
		return 2
	case in.net.Cluster.serves(in.Owner):
		return 1
	}
	return 0
}

func (in *Instance) loginByName(name string) *Login {
	for _, l := range in.Logins {
		if strings.EqualFold(l.Name, name) {
			return l
		}
	}
	return nil
}

func (in *Instance) loginBySID(sid []byte) *Login {
	for _, l := range in.Logins {
		if sid != nil && bytes.Equal(l.SID, sid) {
			return l
		}
	}
	return nil
}

func (in *Instance) loginByID(id int) *Login {
	for _, l := range in.Logins {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// addLogin makes a login with the SID that the directory knows. A new login may connect: CREATE LOGIN grants CONNECT SQL.
func (in *Instance) addLogin(name, kind string) *Login {
	return in.addLoginSID(name, in.sid(name), kind)
}

// AddLogin makes a login for a Windows account, as a program does that is connected to the instance; one that is there stays.
func (in *Instance) AddLogin(account string) *Login {
	if l := in.loginByName(account); l != nil {
		return l
	}
	kind := "U"
	if in.net.World.IsGroup(in.sid(account)) {
		kind = "G"
	}
	return in.addLogin(account, kind)
}

func (in *Instance) addLoginSID(name string, sid []byte, kind string) *Login {
	in.principal++
	l := &Login{Name: name, SID: sid, Type: kind, ID: in.principal}
	in.Logins = append(in.Logins, l)
	in.Permissions = append(in.Permissions, Permission{100, 0, l.ID, "CONNECT SQL", "G"})
	return l
}

// sid resolves a Windows account: a well-known one, a service of this machine, or one of the directory.
func (in *Instance) sid(account string) []byte {
	domain, name, ok := strings.Cut(account, `\`)
	if !ok {
		return nil
	}
	switch strings.ToUpper(domain) {
	case "NT AUTHORITY":
		if strings.EqualFold(name, "SYSTEM") {
			return LocalSystem
		}
		return nil
	case "NT SERVICE":
		return serviceSID(name)
	}
	return in.net.World.SID(account)
}

// account is the name of a SID as SUSER_SNAME finds it: that of the login, or of Windows.
func (in *Instance) account(sid []byte) string {
	if l := in.loginBySID(sid); l != nil {
		return l.Name
	}
	if bytes.Equal(sid, LocalSystem) {
		return `NT AUTHORITY\SYSTEM`
	}
	return in.net.World.Account(sid)
}

// has reports whether a permission stands with a state; G also means granted with grant option.
func (in *Instance) has(state string, class, major, grantee int, name string) bool {
	for _, p := range in.Permissions {
		if p.Class == class && p.Major == major && p.Grantee == grantee && strings.EqualFold(p.Name, name) && (p.State == state || state == "G" && p.State == "W") {
			return true
		}
	}
	return false
}

func (in *Instance) drop(match func(Permission) bool) {
	var keep []Permission
	for _, p := range in.Permissions {
		if !match(p) {
			keep = append(keep, p)
		}
	}
	in.Permissions = keep
}

// Find is a database by its name, nil without one.
func (in *Instance) Find(name string) *Database {
	for _, d := range in.Databases {
		if strings.EqualFold(d.Name, name) {
			return d
		}
	}
	return nil
}

// log writes a line to the error log.
func (in *Instance) log(format string, args ...any) {
	in.ErrorLog = append(in.ErrorLog, fmt.Sprintf(format, args...))
}

// logins are the logins by which an account gets in: its own, and those of groups that it is in.
func (in *Instance) logins(account string) []*Login {
	sid := in.sid(account)
	var out []*Login
	for _, l := range in.Logins {
		if sid != nil && (bytes.Equal(l.SID, sid) || l.Type == "G" && in.net.World.Inside(l.SID, sid)) {
			out = append(out, l)
		}
	}
	return out
}
