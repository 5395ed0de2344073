package farm

import (
	"maps"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
)

// A server20 is the MBAM 2.0 server on a machine: the features that its set-up installed, and where the databases are that its pages ask.
type server20 struct {
	features             []string
	recovery, compliance string // SERVER or SERVER\INSTANCE
}

const (
	code20     = "{6C40C5A6-4B9C-4C1C-9E7A-20000000BEEF}" // any
	version20  = "2.0.5301.1"
	recovery20 = "MBAM Recovery and Hardware DB Access"
	audit20    = "MBAM Compliance Auditing DB Access"
	job20      = "CreateCache"
	root20     = `C:\inetpub\Microsoft BitLocker Management Solution`
)

// Administrators20 is the local group of MBAM 2.0 whose members see everything.
const Administrators20 = "MBAM System Administrators"

// The applications of the two web features (mbam.md 9.4, 9.6).
var apps20 = map[string][]string{
	"AdministrationMonitoringServer": {"HelpDesk", "MBAMAdministrationService", "MBAMComplianceStatusService", "MBAMRecoveryAndHardwareService"},
	"SelfServiceServer":              {"SelfService", "MBAMUserSupportService"},
}

// The properties of MbamSetup.exe (mbam.md 9.2), with what a value has to be where the document says so.
var properties20 = []string{
	"TOPOLOGY", "I_ACCEPT_ENDUSER_LICENSE_AGREEMENT", "ADDLOCAL", "COMPLIDB_SQLINSTANCE", "RECOVERYANDHWDB_SQLINSTANCE", "SRS_INSTANCENAME",
	"REPORTS_USERACCOUNT", "REPORTS_USERACCOUNTPW", "ADMINANDMON_WEBSITE_PORT", "WEBSITE_PORT", "ADMINANDMON_MACHINENAMES", "SRS_REPORTSITEURL",
}

// What each feature cannot do without (mbam.md 9.2, the command lines of 20MOVE).
var needs20 = map[string][]string{
	"KeyDatabase":                    {"RECOVERYANDHWDB_SQLINSTANCE", "ADMINANDMON_MACHINENAMES"},
	"ReportsDatabase":                {"COMPLIDB_SQLINSTANCE", "ADMINANDMON_MACHINENAMES", "REPORTS_USERACCOUNT"},
	"Reports":                        {"COMPLIDB_SQLINSTANCE", "SRS_INSTANCENAME", "REPORTS_USERACCOUNT", "REPORTS_USERACCOUNTPW"},
	"SelfServiceServer":              {"COMPLIDB_SQLINSTANCE", "RECOVERYANDHWDB_SQLINSTANCE", "WEBSITE_PORT"},
	"AdministrationMonitoringServer": {"COMPLIDB_SQLINSTANCE", "RECOVERYANDHWDB_SQLINSTANCE", "SRS_REPORTSITEURL", "ADMINANDMON_WEBSITE_PORT"},
	"PolicyTemplate":                 {},
}

const (
	badCommandLine = 1639 // ERROR_INVALID_COMMAND_LINE of the Windows Installer
	fatal          = 1603 // ERROR_INSTALL_FAILURE: set-up has rolled itself back
)

// PutSetup20 lays the signed MbamSetup.exe of MBAM 2.0 where the machine can start it.
func (m *Machine) PutSetup20(path string, sig Signature) {
	m.PutSetup(path, sig, func(m *Machine, args []string) ([]string, int) { return nil, m.install20(args) })
}

// arguments splits a command line at blanks outside quotation marks, as Windows programs do.
func arguments(line string) []string {
	var out []string
	var b strings.Builder
	quoted, any := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			if any {
				out = append(out, b.String())
			}
			b.Reset()
			any = false
		default:
			b.WriteRune(r)
			any = true
		}
	}
	if any {
		out = append(out, b.String())
	}
	return out
}

func (m *Machine) install20(args []string) int {
	given, log, flags, quiet := map[string]string{}, "", "", false
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "/qn" || a == "/qb":
			quiet = true
		case strings.HasPrefix(a, "/l") && i+1 < len(args):
			flags, log = a[2:], args[i+1]
			i++
		default:
			name, v, ok := strings.Cut(a, "=")
			if _, twice := given[name]; !ok || v == "" || twice || !slices.Contains(properties20, name) {
				return badCommandLine
			}
			given[name] = v
		}
	}
	features := strings.Split(given["ADDLOCAL"], ",")
	for _, f := range features {
		need, known := needs20[f]
		if !known {
			return fatal
		}
		for _, p := range need {
			if given[p] == "" {
				return fatal
			}
		}
	}
	// Windows would show, so somebody would have to answer; and there is one server product on a machine.
	if !quiet || given["TOPOLOGY"] != "0" || given["I_ACCEPT_ENDUSER_LICENSE_AGREEMENT"] != "1" || m.mbam.old != nil {
		return fatal
	}
	has := func(f string) bool { return slices.Contains(features, f) }
	d := m.farm.Directory
	database := has("KeyDatabase") || has("ReportsDatabase")
	// The writer of the MSI needs that of SQL Server; a registration that fails rolls set-up back (mbam.md 9.5).
	if database && !m.Running("SQLWriter") {
		return fatal
	}
	if has("Reports") && (!d.logon(given["REPORTS_USERACCOUNT"], given["REPORTS_USERACCOUNTPW"]) || m.mbam.reports == nil || !m.Running(m.mbam.reports.service)) {
		return fatal
	}
	on := func(property string) *sqlserver.Instance {
		open := m.farm.openSQL(m, d.NetBIOS+`\admin`, "Data Source="+given[property]+";Initial Catalog=master;Integrated Security=SSPI")
		if open.fault != nil {
			return nil
		}
		return open.instance
	}
	type planned struct {
		feature, property, name, schema string
	}
	databases := []planned{
		{"KeyDatabase", "RECOVERYANDHWDB_SQLINSTANCE", "MBAM Recovery and Hardware", "RecoveryAndHardwareCore"},
		{"ReportsDatabase", "COMPLIDB_SQLINSTANCE", "MBAM Compliance Status", "ComplianceCore"},
	}
	for _, p := range databases {
		if in := on(p.property); has(p.feature) && (in == nil || in.Find(p.name) != nil) {
			return fatal
		}
	}
	for _, p := range databases {
		if has(p.feature) {
			on(p.property).CreateDatabase(p.name, d.NetBIOS+`\admin`, 3, sqlserver.Contents{
				Schemas: []string{"dbo", p.schema}, Tables: []string{"Machines"}, Procedures: []string{"UpdateCache"}, Roles: []string{"ReadRole", "WriteRole"},
			})
		}
	}
	if has("ReportsDatabase") {
		on("COMPLIDB_SQLINSTANCE").AddJob(job20, "MBAM Compliance Status", "EXEC [ComplianceCore].UpdateCache")
	}
	join := func(group string, accounts ...string) {
		if _, ok := m.system.groups[group]; !ok {
			m.system.groups[group] = nil
		}
		for _, a := range accounts {
			if e := d.Find(a); e != nil && !slices.Contains(m.system.groups[group], e.SID) {
				m.AddMember(group, e.SID)
			}
		}
	}
	for _, g := range []string{Administrators20, "MBAM Helpdesk Users", "MBAM Advanced Helpdesk Users", "MBAM Report Users"} {
		join(g)
	}
	machines := strings.Split(given["ADMINANDMON_MACHINENAMES"], ";")
	if has("KeyDatabase") {
		join(recovery20, machines...)
	}
	if has("ReportsDatabase") {
		join(audit20, append(machines, given["REPORTS_USERACCOUNT"])...)
	}
	if database {
		m.SetWriter(mbamWriter, 1)
	}
	if r := m.mbam.reports; has("Reports") {
		r.enabled, r.password = map[string]string{"ssrsinstance": given["SRS_INSTANCENAME"], "complianceandauditdbuser": given["REPORTS_USERACCOUNT"]}, given["REPORTS_USERACCOUNTPW"]
	}
	m.sites20(features, given)
	m.mbam.old = &server20{features, given["RECOVERYANDHWDB_SQLINSTANCE"], given["COMPLIDB_SQLINSTANCE"]}
	m.AddProduct(code20, mbamSite, version20)
	if log != "" {
		text := "=== Logging started\r\n"
		if strings.ContainsAny(flags, "vp*") { // p and v write the properties (Windows Installer, command-line options)
			for _, p := range slices.Sorted(maps.Keys(given)) {
				text += "Property(S): " + p + " = " + given[p] + "\r\n"
			}
		}
		m.Files.write(log, []byte(text))
	}
	return m.SetupCode
}

// sites20 makes the one site with the applications of the web features, which run as Network Service (mbam.md 9.3).
func (m *Machine) sites20(features []string, given map[string]string) {
	var apps []string
	for _, f := range features {
		apps = append(apps, apps20[f]...)
	}
	if len(apps) == 0 {
		return
	}
	m.web.pools = append(m.web.pools, &pool{name: mbamPool, runtime: "v2.0", pipeline: "Integrated", identity: "NetworkService"})
	one := &site{
		name: mbamSite, id: 1, bindings: []*siteBinding{{protocol: "http", info: "*:" + or(given["ADMINANDMON_WEBSITE_PORT"], given["WEBSITE_PORT"]) + ":"}},
		apps: []*application{{path: "/", physical: root20, pool: mbamPool}},
	}
	for _, have := range m.web.sites {
		one.id = max(one.id, have.id+1)
	}
	for _, a := range apps {
		one.apps = append(one.apps, &application{path: "/" + a, physical: root20 + `\` + a, pool: mbamPool})
		place := strings.ToLower(mbamSite + "/" + a)
		m.web.config[place+"|system.webserver/security/authentication/windowsauthentication@enabled"] = "true"
		m.web.config[place+"|system.webserver/security/authentication/anonymousauthentication@enabled"] = "false"
		m.Files.write(root20+`\`+a+`\web.config`, []byte("<?xml version=\"1.0\"?>\r\n<configuration />\r\n"))
	}
	m.web.sites = append(m.web.sites, one)
}

// uninstall20 is msiexec /x: databases, local groups and logs stay (what becomes of the job no document says; here it goes).
func (m *Machine) uninstall20(args []string) int {
	x := m.mbam.old
	if len(args) != 6 || !strings.EqualFold(args[1], code20) || args[2] != "/qn" || args[3] != "/norestart" || args[4] != "/l*v" {
		return badCommandLine
	}
	if x == nil {
		return 1605 // ERROR_UNKNOWN_PRODUCT
	}
	if slices.Contains(x.features, "Reports") {
		m.mbam.reports.enabled, m.mbam.reports.password = nil, ""
	}
	if in := m.farm.databases.network.Instance(x.compliance); in != nil && slices.Contains(x.features, "ReportsDatabase") {
		in.RemoveJob(job20)
	}
	m.web.sites = slices.DeleteFunc(m.web.sites, func(s *site) bool { return s.name == mbamSite })
	m.web.pools = slices.DeleteFunc(m.web.pools, func(p *pool) bool { return p.name == mbamPool })
	maps.DeleteFunc(m.web.config, func(k, _ string) bool { return strings.HasPrefix(k, strings.ToLower(mbamSite)) })
	m.Files.RemoveFolder(root20)
	m.SetWriter(mbamWriter, 0)
	m.RemoveProduct(code20)
	m.mbam.old = nil
	m.Files.write(args[5], []byte("=== Logging started\r\n"))
	return m.SetupCode
}

// page20 is the status of a page: the computer account has to be in the local groups of the database servers, and a reader of the Help Desk in one
// of the roles (mbam.md 9.3).
func (m *Machine) page20(a *application, user string) int {
	d := m.farm.Directory
	self, person := d.Find(m.Name+"$"), d.Find(user)
	if a.path == "/HelpDesk" {
		if person == nil || !slices.Contains(m.system.groups[Administrators20], person.SID) {
			return 401
		}
	}
	for _, need := range [][3]string{{m.mbam.old.recovery, recovery20, "MBAM Recovery and Hardware"}, {m.mbam.old.compliance, audit20, "MBAM Compliance Status"}} {
		// The way to the instance is tried as its administrator: what the group may do inside is MBAM's own.
		open := m.farm.openSQL(m, d.NetBIOS+`\admin`, "Data Source="+need[0]+`;Initial Catalog="`+need[2]+`";Integrated Security=SSPI`)
		if open.fault != nil {
			return 500
		}
		server := m.farm.Machines[open.instance.Owner]
		if !slices.Contains(server.system.groups[need[1]], self.SID) {
			return 500
		}
	}
	return 200
}

// installer is the automation object of the Windows Installer, which is asked by reflection alone.
type installer struct{ m *Machine }

func (installer) TypeName() string               { return "System.__ComObject" }
func (installer) Get(string) (any, bool)         { return nil, false }
func (installer) Set(string, any) bool           { return false }
func (installer) Call(string, []any) (any, bool) { return nil, false }

// GetType gives the type, by which FeatureState is read: 3 installed, 2 absent, -1 an unknown product or feature (Installer.FeatureState).
func (x installer) GetType() any {
	return &thing{typ: "System.RuntimeType", methods: map[string]func([]any) any{"invokemember": func(args []any) any {
		if len(args) != 5 || str(args, 0) != "FeatureState" || str(args, 1) != "GetProperty" {
			pwsh.Unknown("InvokeMember(%s, %s)", str(args, 0), str(args, 1))
		}
		asked := args[4].(*pwsh.Array).Items
		have := x.m.mbam.old
		if _, known := needs20[pwsh.Text(asked[1])]; have == nil || !known || pwsh.Text(asked[0]) != code20 {
			return int64(-1)
		}
		if slices.Contains(have.features, pwsh.Text(asked[1])) {
			return int64(3)
		}
		return int64(2)
	}}}
}

// process is a System.Diagnostics.Process that is started by its StartInfo, without a shell.
func (s *Session) process() *thing {
	info := map[string]any{"filename": "", "arguments": ""}
	code := 0
	return &thing{
		typ: "System.Diagnostics.Process",
		props: map[string]any{
			"startinfo": &thing{typ: "System.Diagnostics.ProcessStartInfo", props: info, set: func(name string, v any) bool {
				switch name {
				case "filename", "arguments":
					info[name] = pwsh.Text(v)
				case "useshellexecute":
					return !pwsh.Truth(v)
				default:
					return false
				}
				return true
			}},
			"exitcode": func() any { return int64(code) }, "id": int64(4711),
		},
		methods: map[string]func([]any) any{
			"start": func([]any) any {
				path, line := pwsh.Text(info["filename"]), pwsh.Text(info["arguments"])
				// Set-up takes the password nowhere else, and the document says so (mbam.md 9.2): the one command line that holds one.
				shown, _, _ := strings.Cut(line, " REPORTS_USERACCOUNTPW=")
				s.Programs = append(s.Programs, path+" "+shown)
				_, ended, ok := s.setupProgram(path, arguments(line))
				if !ok {
					pwsh.Throw("System.ComponentModel.Win32Exception", "The system cannot find the file specified")
				}
				code = ended
				return true
			},
			"waitforexit": func([]any) any { return true },
			"dispose":     func([]any) any { return pwsh.Void },
		},
	}
}

func (s *Session) mbamObject(typ string, _ []any) (any, bool) {
	switch typ {
	case "com:windowsinstaller.installer":
		return installer{s.Machine}, true
	case "diagnostics.process":
		return s.process(), true
	}
	return nil, false
}

func mbamStatic(_ *Session, what string, _ []any, _ bool) (any, bool) {
	if what == "reflection.bindingflags::getproperty" {
		return pwsh.Enum{Of: "BindingFlags", Name: "GetProperty", Value: 4096}, true
	}
	return nil, false
}
