package rehearsal

import (
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// server is a machine whose administrator runs a preflight: what Windows shows of it.
type server struct {
	*reader
	registry map[string]string // "key|value" in lower case
	services map[string]string // state, mode, account by name
	cim      map[string]*pwsh.Object
	disks    map[string]int64 // free bytes by drive
	ports    map[int64]string // process that listens
	cluster  string
	vote     int64
	role     string            // type of a resource in a role that is called as the group
	names    map[string]string // address by name
	classes  []string          // of every account
	clock    int64             // seconds behind the domain
}

func (s *server) Command(name string) (*pwsh.Command, bool) {
	run := func(f func(*pwsh.Call) []any) (*pwsh.Command, bool) {
		return &pwsh.Command{Name: name, Switches: []string{"ListAvailable"}, Run: func(c *pwsh.Call) []any {
			c.Moot("Filter", "Name", "Cluster", "InputObject", "PathType") // there is one of each
			return f(c)
		}}, true
	}
	switch strings.ToLower(name) {
	case "test-path":
		return run(func(c *pwsh.Call) []any {
			path := strings.ToLower(c.Text("LiteralPath"))
			if !strings.HasPrefix(path, "hklm:") {
				return []any{s.Machine.Files.IsFolder(c.Text("LiteralPath")) || strings.HasPrefix(path, `e:`) || strings.HasPrefix(path, `f:`) || strings.HasPrefix(path, `\\`)}
			}
			for k := range s.registry {
				if strings.HasPrefix(k, path+"|") {
					return []any{true}
				}
			}
			return []any{false}
		})
	case "get-item":
		return run(func(c *pwsh.Call) []any { return []any{key{s.registry, strings.ToLower(c.Text("LiteralPath"))}} })
	case "get-ciminstance":
		return run(func(c *pwsh.Call) []any {
			var out []any
			switch class := c.Text("ClassName"); class {
			case "Win32_Service":
			case "Win32_LogicalDisk":
				for drive, free := range s.disks {
					out = append(out, pwsh.NewObject("DeviceID", drive, "FreeSpace", free))
				}
				return out
			default:
				return []any{s.cim[class]}
			}
			for name, is := range s.services {
				p := strings.Split(is, ", ")
				out = append(out, pwsh.NewObject("Name", name, "State", p[0], "StartMode", p[1], "StartName", p[2]))
			}
			return out
		})
	case "get-service":
		return run(func(*pwsh.Call) []any { return []any{pwsh.NewObject("Name", "MpsSvc", "Status", "Running")} })
	case "get-process":
		return run(func(*pwsh.Call) []any {
			return []any{pwsh.NewObject("Id", int64(4), "ProcessName", "System"), pwsh.NewObject("Id", int64(900), "ProcessName", "sqlservr"), pwsh.NewObject("Id", int64(901), "ProcessName", "nginx")}
		})
	case "get-nettcpconnection":
		return run(func(*pwsh.Call) []any {
			ids := map[string]int64{"System": 4, "sqlservr": 900, "nginx": 901}
			var out []any
			for port, process := range s.ports {
				out = append(out, pwsh.NewObject("LocalPort", port, "State", "Listen", "OwningProcess", ids[process]))
			}
			return out
		})
	case "get-cluster":
		return run(func(*pwsh.Call) []any { return []any{pwsh.NewObject("Name", s.cluster)} })
	case "get-clusternode":
		return run(func(*pwsh.Call) []any {
			return []any{
				pwsh.NewObject("Name", "SQL1", "State", "Up", "NodeWeight", int64(1)), pwsh.NewObject("Name", "SQL2", "State", "Up", "NodeWeight", int64(1)),
				pwsh.NewObject("Name", "SQL3", "State", "Up", "NodeWeight", s.vote),
			}
		})
	case "get-clusterquorum":
		return run(func(*pwsh.Call) []any {
			return []any{pwsh.NewObject("QuorumResource", pwsh.NewObject("Name", "Witness"))}
		})
	case "get-clusterparameter":
		return run(func(*pwsh.Call) []any {
			return []any{pwsh.NewObject("Name", "SharePath", "Value", `\\fs1.contoso.com\sqlclu1-witness`)}
		})
	case "get-clustergroup":
		return run(func(*pwsh.Call) []any {
			if s.role == "" {
				return nil
			}
			return []any{pwsh.NewObject("Name", "MBAM-AG")}
		})
	case "get-clusterresource":
		return run(func(*pwsh.Call) []any {
			if s.role == "" {
				return nil
			}
			return []any{pwsh.NewObject("OwnerGroup", "MBAM-AG", "ResourceType", s.role)}
		})
	case "get-clusternetwork":
		return run(func(*pwsh.Call) []any {
			return []any{pwsh.NewObject("Address", "10.1.0.0", "AddressMask", "255.255.255.0"), pwsh.NewObject("Address", "10.2.0.0", "AddressMask", "255.255.255.0")}
		})
	}
	return s.reader.Command(name)
}

// key is a key of the registry.
type key struct {
	registry map[string]string
	path     string
}

func (key) TypeName() string       { return "Microsoft.Win32.RegistryKey" }
func (key) Get(string) (any, bool) { return nil, false }
func (key) Set(string, any) bool   { return false }
func (k key) Call(name string, args []any) (any, bool) {
	if v, ok := k.registry[k.path+"|"+strings.ToLower(pwsh.Text(args[0]))]; ok {
		return v, true
	}
	return args[1], strings.EqualFold(name, "GetValue")
}

// entry is a DirectoryEntry with the given properties.
type entry struct{ props map[string]any }

func (entry) TypeName() string     { return "System.DirectoryServices.DirectoryEntry" }
func (entry) Set(string, any) bool { return false }
func (e entry) Get(name string) (any, bool) {
	switch strings.ToLower(name) {
	case "psbase":
		return e, true
	case "properties":
		h := pwsh.NewHash(false)
		h.Set("userAccountControl", pwsh.NewObject("Value", nil, "Count", int64(0))) // .NET gives an empty collection for what is not there
		for k, v := range e.props {
			if list, ok := v.([]string); ok {
				h.Set(k, pwsh.Strings(list))
				continue
			}
			h.Set(k, pwsh.NewObject("Value", v, "Count", int64(1)))
		}
		return h, true
	}
	return nil, false
}

func (e entry) Call(name string, _ []any) (any, bool) {
	return pwsh.Void, strings.EqualFold(name, "Dispose") || strings.EqualFold(name, "RefreshCache")
}

func (s *server) Env(name string) (string, bool) {
	if strings.EqualFold(name, "SystemDrive") {
		return "C:", true
	}
	return s.reader.Env(name)
}

func (s *server) New(typ string, args []any) (any, bool) {
	switch strings.TrimPrefix(strings.ToLower(typ), "system.") {
	case "directoryservices.directoryentry":
		if strings.HasSuffix(pwsh.Text(args[0]), "/RootDSE") {
			return entry{map[string]any{"currentTime": s.Now().Add(-time.Duration(s.clock) * time.Second), "dnsHostName": "dc1.contoso.com"}}, true
		}
		return entry{map[string]any{"objectClass": s.classes, "userPrincipalName": ""}}, true
	case "com:hnetcfg.fwpolicy2":
		return pwsh.NewObject("LocalPolicyModifyState", int64(0)), true
	}
	return s.reader.New(typ, args)
}

func (s *server) Static(typ, member string, args []any, call bool) (any, bool) {
	if strings.EqualFold(member, "GetHostAddresses") {
		a, ok := s.names[pwsh.Text(args[0])]
		if !ok {
			pwsh.Throw("System.Net.Sockets.SocketException", "No such host is known")
		}
		return pwsh.NewArray(address(a)), true
	}
	if strings.EqualFold(member, "Abs") {
		switch v := args[0].(type) {
		case int64:
			return max(v, -v), true
		case float64:
			return math.Abs(v), true
		}
	}
	return s.reader.Static(typ, member, args, call)
}

// address is an IPAddress.
type address string

func (address) TypeName() string               { return "System.Net.IPAddress" }
func (address) Set(string, any) bool           { return false }
func (address) Call(string, []any) (any, bool) { return nil, false }
func (a address) String() string               { return string(a) }
func (address) Get(name string) (any, bool) {
	return pwsh.Enum{Of: "AddressFamily", Name: "InterNetwork", Value: 2}, strings.EqualFold(name, "AddressFamily")
}

const instanceKey = `hklm:\software\microsoft\microsoft sql server\mssql15.mssqlserver`

// healthy is SQL1 of the example as the plan has it.
func healthy(session *farm.Session) *server {
	session.Elevated = true
	return &server{
		reader: &reader{session, true},
		registry: map[string]string{
			`hklm:\software\microsoft\microsoft sql server\instance names\sql|mssqlserver`: "MSSQL15.MSSQLSERVER",
			instanceKey + `\setup|version`:                                        "15.0.4153.1",
			instanceKey + `\setup|edition`:                                        "Enterprise Edition",
			instanceKey + `\setup|collation`:                                      "SQL_Latin1_General_CP1_CI_AS",
			instanceKey + `\mssqlserver\supersocketnetlib\tcp|enabled`:            "1",
			`hklm:\software\microsoft\windows nt\currentversion|installationtype`: "Server",
			`hklm:\software\microsoft\windows nt\currentversion|editionid`:        "ServerDatacenter",
			`hklm:\software\microsoft\windows nt\currentversion|currentversion`:   "6.3",
		},
		services: map[string]string{
			"MSSQLSERVER": `Running, Auto, CONTOSO\svc-sql`, "SQLWriter": "Running, Auto, LocalSystem", "ClusSvc": "Running, Auto, LocalSystem",
		},
		cim: map[string]*pwsh.Object{
			"Win32_OperatingSystem": pwsh.NewObject("Version", "10.0.17763", "Caption", "Microsoft Windows Server 2019 Datacenter"),
			"Win32_ComputerSystem":  pwsh.NewObject("DomainRole", int64(3), "Domain", "contoso.com", "TotalPhysicalMemory", int64(17179000000)),
		},
		disks:   map[string]int64{"C:": 50 << 30, "E:": 50 << 30, "F:": 50 << 30},
		ports:   map[int64]string{1433: "sqlservr"},
		cluster: "SQLCLU1",
		classes: []string{"top", "group"},
		names:   map[string]string{"sql1.contoso.com": "10.1.0.11", "sql2.contoso.com": "10.1.0.12", "sql3.contoso.com": "10.2.0.13"},
	}
}

// TestPreflightOfADatabaseServer runs the preflights of a server that is as planned, and of one on which a single thing is not: that thing
// fails or is noted by its name, with what to do.
func TestPreflightOfADatabaseServer(t *testing.T) {
	n := night(t, directoryExample)
	drop := func(m map[string]string, k string) map[string]string {
		out := maps.Clone(m)
		delete(out, k)
		return out
	}
	for _, tt := range []struct {
		what  string
		wrong func(*server)
		fails string // in the order of the scripts
		notes string
	}{
		{"as planned", func(*server) {}, "", ""},
		{"another Windows", func(s *server) { s.cim["Win32_OperatingSystem"].Set("Version", "10.0.20348") }, "Windows version", ""},
		{"Server Core", func(s *server) {
			s.registry[`hklm:\software\microsoft\windows nt\currentversion|installationtype`] = "Server Core"
		}, "Windows installation type", ""},
		{"another edition of Windows", func(s *server) {
			s.registry[`hklm:\software\microsoft\windows nt\currentversion|editionid`] = "ServerTurbine"
		}, "", "Windows edition"},
		{"a workgroup", func(s *server) { s.cim["Win32_ComputerSystem"].Set("DomainRole", int64(2)) }, "domain membership", ""},
		{"a domain controller", func(s *server) { s.cim["Win32_ComputerSystem"].Set("DomainRole", int64(4)) }, "no domain controller", ""},
		{"little memory", func(s *server) { s.cim["Win32_ComputerSystem"].Set("TotalPhysicalMemory", int64(4<<30)) }, "", "memory"},
		{"a full system drive", func(s *server) { s.disks["C:"] = 1 << 20 }, "disk space", ""},
		{"a full data drive", func(s *server) { s.disks["E:"] = 1 << 30 }, "", "disk space"},
		{"no drive for the logs", func(s *server) { delete(s.disks, "F:") }, "drive", ""},
		{"ten minutes ahead", func(s *server) { s.clock = 600 }, "clock", ""},
		{"a stale name in DNS", func(s *server) { s.names["sql2.contoso.com"] = "10.1.0.99" }, "name in DNS", ""},
		{"another program on the endpoint's port", func(s *server) { s.ports[5022] = "nginx" }, "port", ""},
		{"a restart is due", func(s *server) {
			s.registry[`hklm:\software\microsoft\windows\currentversion\component based servicing\rebootpending|x`] = ""
		}, "pending restart", ""},
		{"a user in the place of a group", func(s *server) { s.classes = []string{"top", "person", "user"} }, "account, account", ""},
		{"no VSS writer", func(s *server) { delete(s.services, "SQLWriter") }, "", "SQL Server VSS Writer"},
		{"the cluster is stopped", func(s *server) { s.services["ClusSvc"] = "Stopped, Auto, LocalSystem" }, "Cluster service", ""},
		{"no such instance", func(s *server) {
			s.registry = drop(s.registry, `hklm:\software\microsoft\microsoft sql server\instance names\sql|mssqlserver`)
		}, "SQL Server instance", ""},
		{"the service is stopped", func(s *server) { s.services["MSSQLSERVER"] = `Stopped, Auto, CONTOSO\svc-sql` }, "SQL Server service", ""},
		{"another service account", func(s *server) { s.services["MSSQLSERVER"] = `Running, Auto, NT Service\MSSQLSERVER` }, "SQL Server service account", ""},
		{"an older SQL Server", func(s *server) { s.registry[instanceKey+`\setup|version`] = "14.0.1000.169" }, "SQL Server version", ""},
		{"Standard edition", func(s *server) { s.registry[instanceKey+`\setup|edition`] = "Standard Edition" }, "SQL Server edition", ""},
		{"another collation", func(s *server) { s.registry[instanceKey+`\setup|collation`] = "Latin1_General_CI_AS" }, "collation of the instance", ""},
		{"without TCP/IP", func(s *server) { s.registry[instanceKey+`\mssqlserver\supersocketnetlib\tcp|enabled`] = "0" }, "TCP/IP of the instance", ""},
		{"another cluster", func(s *server) { s.cluster = "OTHER" }, "cluster", ""},
		{"the group is there", func(s *server) { s.role = "SQL Server Availability Group" }, "", ""},
		{"another role has the group's name", func(s *server) { s.role = "File Server" }, "name of the group in the cluster", ""},
		{"a vote too many", func(s *server) { s.vote = 1 }, "cluster node", ""},
	} {
		var fails, notes []string
		for _, s := range n.Scripts("preflight") {
			if s.Item.Host == nil || s.Item.Host.Name != "SQL1" {
				continue
			}
			var host *server
			got, console := preflightAs(t, n.Clone(), s, func(session *farm.Session) pwsh.Host {
				host = healthy(session)
				tt.wrong(host)
				return host
			})
			if len(got.NotChecked) > 0 {
				t.Errorf("%s: %s did not check %v", tt.what, s.Path, got.NotChecked)
			}
			want := 0
			for _, c := range got.Checks {
				if !c.Ok {
					want = 4
					name, _, _ := strings.Cut(c.Name, ":")
					fails = append(fails, name)
					if c.Remedy == "" {
						t.Errorf("%s: %s says nothing of what to do", tt.what, c.Name)
					}
				}
			}
			for _, c := range got.Notes {
				name, _, _ := strings.Cut(c.Name, ":")
				notes = append(notes, name)
			}
			if got.ExitCode != want {
				t.Errorf("%s: %s ended with %d: %s\n%s", tt.what, s.Path, got.ExitCode, got.Message, console)
			}
		}
		if f, o := strings.Join(fails, ", "), strings.Join(notes, ", "); f != tt.fails || o != tt.notes {
			t.Errorf("%s: fails %q, notes %q; want %q, %q", tt.what, f, o, tt.fails, tt.notes)
		}
	}
}
