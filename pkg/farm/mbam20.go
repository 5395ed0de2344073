package farm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// needs25 reports the accounts and groups that the 2.5 releases require and MBAM 2.0 does not have: its web services
// run as Network Service, and its roles are local groups of the servers (mbam20-security).
func (b *builder) needs25() {
	missing := func(value, where, key, example string, at diag.Pos) {
		if value == "" {
			b.found = append(b.found, diag.Diagnostic{
				Code: decode.CodeMissingKey, File: b.name, Pos: at,
				Message: fmt.Sprintf("required key %q is missing %s", key, where), Fix: fmt.Sprintf("add %q", key+": "+example),
			})
		}
	}
	missing(b.file.Accounts.Pool, "in accounts", "pool", "svc-mbam-pool", b.origins.Key("accounts"))
	g := b.file.Groups
	if g.AdvancedHelpdesk == "" && g.Helpdesk == "" && g.Reports == "" && g.DataMigration == "" {
		missing("", "at the top level", "groups", "{advancedHelpdesk: MBAM Advanced Helpdesk, helpdesk: MBAM Helpdesk, reports: MBAM Report Readers}", diag.Pos{Line: 1, Col: 1})
		return
	}
	at := b.origins.Key("groups")
	missing(g.AdvancedHelpdesk, "in groups", "advancedHelpdesk", "MBAM Advanced Helpdesk", at)
	missing(g.Helpdesk, "in groups", "helpdesk", "MBAM Helpdesk", at)
	missing(g.Reports, "in groups", "reports", "MBAM Report Readers", at)
}

// Part is a part of a plan that no document of the release supports.
type Part struct {
	Path string // place in the topology
	What string // "an availability group (MBAM-AG)"
}

// Unsupported lists what the plan asks of MBAM 2.0 and its documents do not give: its databases are set up on a stand-alone
// instance, without clustering, mirroring or availability groups (mbam20-supported), and its document on high availability
// describes no such scenario (mbam20-ha). A balanced web farm and a scale-out of report servers are not described either.
// The list is empty for the 2.5 releases.
func (f *Farm) Unsupported() []Part {
	if !f.MBAM.V2() {
		return nil
	}
	var out []Part
	for _, p := range f.Placements {
		path := decode.Child("placements", p.Name)
		switch {
		case p.AG():
			out = append(out, Part{path, "an availability group (" + p.Name + ")"})
		case p.Mirroring():
			out = append(out, Part{path, "database mirroring (" + p.Name + ")"})
		case p.FCI() || p.Instance.Clustered():
			out = append(out, Part{path, "a failover cluster instance (" + p.Instance.Name + ")"})
		}
	}
	for i, w := range f.Webs {
		if w.Balanced() || w.Balancer != nil {
			out = append(out, Part{fmt.Sprintf("web.farms[%d]", i), "a balanced web farm (" + w.Name + ")"})
		}
	}
	if f.Reporting != nil && len(f.Reporting.Hosts) > 1 {
		out = append(out, Part{"reports", "more than one report server"})
	}
	return out
}

// Stamp is the line that every file of an unsupported plan carries, "" for a supported one.
func (f *Farm) Stamp() string {
	var what []string
	for _, p := range f.Unsupported() {
		what = append(what, p.What)
	}
	if len(what) == 0 {
		return ""
	}
	return "UNSUPPORTED: MBAM 2.0 with " + strings.Join(what, ", ") + ". Microsoft's MBAM 2.0 documents support none of this; it was acknowledged in the topology."
}

// setupFeatures are the features of the MBAM 2.0 Server in the order in which they must be installed (mbam20-distributed), by the names
// that ADDLOCAL takes (mbam20-command-line).
var setupFeatures = []struct{ ID, Title string }{
	{"KeyDatabase", "Recovery Database"},
	{"ReportsDatabase", "Compliance and Audit Database"},
	{"Reports", "Compliance and Audit Reports"},
	{"SelfServiceServer", "Self-Service Portal"},
	{"AdministrationMonitoringServer", "Administration and Monitoring Server"},
	{"PolicyTemplate", "MBAM Group Policy template"},
}

const (
	keyDatabase = iota
	reportsDatabase
	reports
	selfService
	administration
	policyTemplate
)

// SetupServer is a server on which setup of MBAM 2.0 runs, once, with all its features: those of one computer must be installed
// together (mbam20-distributed).
type SetupServer struct {
	Host     *Host
	Position int // 1, 2, … in the order of setup

	farm     *Farm
	features []int // ascending indexes into setupFeatures
}

// SetupServers lists the servers of an MBAM 2.0 farm in the order in which setup runs on them; none for the 2.5 releases. The
// order is that of their features: Recovery Database, Compliance and Audit Database, reports, Self-Service Portal,
// Administration and Monitoring Server, Group Policy template (mbam20-distributed). The template, which may be installed anywhere
// (mbam20-architecture), goes with the first Administration and Monitoring Server. On a clustered or replicated
// placement, which is not supported, setup runs on the first server of its primary.
func (f *Farm) SetupServers() []*SetupServer {
	if !f.MBAM.V2() {
		return nil
	}
	var out []*SetupServer
	template := false
	for _, h := range f.Hosts {
		s := &SetupServer{Host: h, farm: f}
		add := func(feature int, on bool) {
			if on && !slices.Contains(s.features, feature) {
				s.features = append(s.features, feature)
			}
		}
		add(keyDatabase, f.Recovery.Placement.Primary().Host() == h)
		add(reportsDatabase, f.Compliance.Placement.Primary().Host() == h)
		add(reports, h.Reports())
		for _, n := range h.Nodes {
			add(selfService, n.Web.SelfService)
			add(administration, n.Web.Admin || n.Web.Agent)
		}
		if !template && slices.Contains(s.features, administration) {
			template = true
			add(policyTemplate, true)
		}
		slices.Sort(s.features)
		if len(s.features) > 0 {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *SetupServer) int { return slices.Compare(a.features, b.features) })
	for i, s := range out {
		s.Position = i + 1
	}
	return out
}

// Setup returns what setup of MBAM 2.0 does on the host, nil when it does not run there.
func (f *Farm) Setup(h *Host) *SetupServer {
	for _, s := range f.SetupServers() {
		if s.Host == h {
			return s
		}
	}
	return nil
}

// SetupConflict names two servers that cannot both be set up in one go each and in the documented order of features: each has
// a feature that must come before one of the other. It is nil, nil when the order can be kept. Servers with a feature in
// common, as the nodes of a balanced farm, are not held against each other.
func (f *Farm) SetupConflict() (*SetupServer, *SetupServer) {
	list := f.SetupServers()
	for i, a := range list {
		for _, b := range list[i+1:] {
			shared := slices.ContainsFunc(a.features, func(x int) bool { return slices.Contains(b.features, x) })
			if !shared && slices.Max(a.features) > slices.Min(b.features) {
				return a, b
			}
		}
	}
	return nil, nil
}

func (s *SetupServer) has(feature int) bool { return slices.Contains(s.features, feature) }

// Features are the names for ADDLOCAL in the order of installation.
func (s *SetupServer) Features() []string {
	var out []string
	for _, i := range s.features {
		out = append(out, setupFeatures[i].ID)
	}
	return out
}

// Titles are the documents' names of the features, in the same order.
func (s *SetupServer) Titles() []string {
	var out []string
	for _, i := range s.features {
		out = append(out, setupFeatures[i].Title)
	}
	return out
}

// Recovery, Compliance, Reports, SelfService, Administration and Template tell which features the server gets.
func (s *SetupServer) Recovery() bool       { return s.has(keyDatabase) }
func (s *SetupServer) Compliance() bool     { return s.has(reportsDatabase) }
func (s *SetupServer) Reports() bool        { return s.has(reports) }
func (s *SetupServer) SelfService() bool    { return s.has(selfService) }
func (s *SetupServer) Administration() bool { return s.has(administration) }
func (s *SetupServer) Template() bool       { return s.has(policyTemplate) }

// Database reports whether the server gets a database.
func (s *SetupServer) Database() bool { return s.Recovery() || s.Compliance() }

// Web reports whether the server gets a website.
func (s *SetupServer) Web() bool { return s.SelfService() || s.Administration() }

// Stage is the role of the server's first feature, which decides when its turn is: database, reports or web.
func (s *SetupServer) Stage() string {
	switch {
	case s.Database():
		return "database"
	case s.Reports():
		return "reports"
	default:
		return "web"
	}
}

// Databases are those that setup creates on the server, in the order of installation.
func (s *SetupServer) Databases() []*Database {
	var out []*Database
	if s.Recovery() {
		out = append(out, s.farm.Recovery)
	}
	if s.Compliance() {
		out = append(out, s.farm.Compliance)
	}
	return out
}

// Instances are the instances of those databases, each once.
func (s *SetupServer) Instances() []*Instance {
	var out []*Instance
	for _, d := range s.Databases() {
		if i := d.Placement.Primary(); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

// SetupConnection is a connection to master of the instance by the name that setup is given, SERVER or SERVER\INSTANCE: it
// works where setup's own connections do.
func (i *Instance) SetupConnection() (string, error) {
	return pairs("Data Source", i.Name, "Initial Catalog", "master", "Integrated Security", "SSPI")
}

// Needed are the databases that must be there before setup starts on this server: those that its reports and websites use and
// that setup creates on another one.
func (s *SetupServer) Needed() []*Database {
	var out []*Database
	if !s.Recovery() && s.Web() {
		out = append(out, s.farm.Recovery)
	}
	if !s.Compliance() && (s.Web() || s.Reports()) {
		out = append(out, s.farm.Compliance)
	}
	return out
}

// NeedsReports reports whether the report server must answer before setup starts: an Administration and Monitoring Server
// elsewhere.
func (s *SetupServer) NeedsReports() bool {
	return s.Administration() && !s.Reports() && s.farm.Reporting != nil
}

// Password reports whether setup wants the password of the reports' account: it does where it installs the reports, and nowhere else
// (mbam20-move gives the command line of each feature).
func (s *SetupServer) Password() bool { return s.Reports() }

// SetupProperty is one public property of the Windows Installer package.
type SetupProperty struct{ Name, Value string }

// String returns the property as a command line takes it. A value with anything but plain characters stands in quotation
// marks, as the Windows Installer wants it: NAME="a value".
func (p SetupProperty) String() string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(`,.:/\_-$`, r)
	}
	if strings.ContainsFunc(p.Value, func(r rune) bool { return !plain(r) }) {
		return p.Name + `="` + p.Value + `"`
	}
	return p.Name + "=" + p.Value
}

// Properties are the properties of setup's command line on this server but for the password (mbam20-command-line,
// mbam20-move): only those that a feature of the server asks for. No property is documented for the names of databases, a
// certificate, a host name or keywords of a connection string.
func (s *SetupServer) Properties() []SetupProperty {
	out := []SetupProperty{
		{"TOPOLOGY", "0"}, // stand-alone
		{"I_ACCEPT_ENDUSER_LICENSE_AGREEMENT", "1"},
		{"ADDLOCAL", strings.Join(s.Features(), ",")},
	}
	add := func(name, value string, when bool) {
		if when {
			out = append(out, SetupProperty{name, value})
		}
	}
	add("RECOVERYANDHWDB_SQLINSTANCE", s.farm.Recovery.Placement.Primary().Name, s.Recovery() || s.Web())
	add("COMPLIDB_SQLINSTANCE", s.farm.Compliance.Placement.Primary().Name, s.Compliance() || s.Reports() || s.Web())
	add("ADMINANDMON_MACHINENAMES", strings.Join(s.farm.SetupMachines(), ";"), s.Database())
	add("REPORTS_USERACCOUNT", s.farm.ReportReader.Down(), s.Compliance() || s.Reports())
	if s.farm.Reporting != nil {
		add("SRS_INSTANCENAME", s.ReportInstance(), s.Reports())
		add("SRS_REPORTSITEURL", s.farm.Reporting.URL, s.Administration())
	}
	for _, n := range s.Host.Nodes {
		add("ADMINANDMON_WEBSITE_PORT", strconv.Itoa(n.Web.Port), n.Web.Admin || n.Web.Agent)
		add("WEBSITE_PORT", strconv.Itoa(n.Web.Port), n.Web.SelfService)
	}
	return out
}

// ReportInstance is the value of SRS_INSTANCENAME: the computer for a default instance of Reporting Services, which is what the
// document shows, and COMPUTER\INSTANCE for a named one, as SQL Server names it.
func (s *SetupServer) ReportInstance() string {
	if strings.EqualFold(s.farm.Reporting.Instance, "MSSQLSERVER") {
		return s.Host.Name
	}
	return s.Host.Name + `\` + s.farm.Reporting.Instance
}

// SetupMachines are the computer accounts that the databases admit, as ADMINANDMON_MACHINENAMES takes them: DOMAIN\NODE$.
// The document names the Administration and Monitoring Servers; the Self-Service Portal opens the same databases and is
// added (mbam20-distributed asks for both instances when it is installed).
func (f *Farm) SetupMachines() []string {
	var out []string
	for _, s := range f.SetupServers() {
		if s.Web() {
			out = append(out, f.Domain.NetBIOS+`\`+s.Host.Name+"$")
		}
	}
	return out
}

// Arguments is the command line behind MbamSetup.exe but for the log and the password: /qn and the properties. It is an error
// when a value holds a quotation mark, which the Windows Installer cannot be given safely.
func (s *SetupServer) Arguments() (string, error) {
	out := []string{"/qn"}
	for _, p := range s.Properties() {
		if strings.ContainsAny(p.Value, "\"\r\n") {
			return "", fmt.Errorf("command line of MBAM 2.0 setup on %s: %s cannot be %q", s.Host.Name, p.Name, p.Value)
		}
		out = append(out, p.String())
	}
	return strings.Join(out, " "), nil
}

// ServiceURLs are the pages of the websites on the server with which the document validates an installation
// (mbam20-distributed), on the server's own name.
func (s *SetupServer) ServiceURLs() []string {
	var out []string
	for _, n := range s.Host.Nodes {
		base := "http://" + s.Host.FQDN
		if n.Web.Port != 80 {
			base += ":" + strconv.Itoa(n.Web.Port)
		}
		if n.Web.Admin || n.Web.Agent {
			out = append(out, base+"/HelpDesk/default.aspx", base+"/MBAMAdministrationService/AdministrationService.svc",
				base+"/MBAMComplianceStatusService/StatusReportingService.svc", base+"/MBAMRecoveryAndHardwareService/CoreService.svc")
		}
		if n.Web.SelfService {
			out = append(out, base+"/SelfService/", base+"/MBAMUserSupportService/UserSupportService.svc")
		}
	}
	return out
}

// WindowsFeatures are the Windows features that the document asks for before a website is installed (mbam20-prerequisites), by the
// names of the ServerManager module.
func (s *SetupServer) WindowsFeatures() []string {
	if !s.Web() {
		return nil
	}
	return []string{
		"Web-Server", "Web-Scripting-Tools", "Web-Static-Content", "Web-Default-Doc", "Web-Asp-Net", "Web-Net-Ext", "Web-ISAPI-Ext", "Web-ISAPI-Filter",
		"Web-Windows-Auth", "Web-Filtering", "NET-Framework-Core", "NET-HTTP-Activation", "NET-Non-HTTP-Activ",
		"WAS-Process-Model", "WAS-NET-Environment", "WAS-Config-APIs",
	}
}

// LocalGroup is a local group of a server with who must be in it.
type LocalGroup struct {
	Name    string
	Members []string // DOMAIN\name
}

// LocalGroups are the groups that setup makes on a database server for those that open its databases (mbam20-move). The account
// of the reports reads the compliance database.
func (s *SetupServer) LocalGroups() []LocalGroup {
	var out []LocalGroup
	if s.Recovery() {
		out = append(out, LocalGroup{"MBAM Recovery and Hardware DB Access", s.farm.remote(s)})
	}
	if s.Compliance() {
		out = append(out, LocalGroup{"MBAM Compliance Auditing DB Access", append(s.farm.remote(s), s.farm.ReportReader.Down())})
	}
	return out
}

// remote lists the web servers' accounts but for the server itself, which setup admits in its own way.
func (f *Farm) remote(s *SetupServer) []string {
	own := f.Domain.NetBIOS + `\` + s.Host.Name + "$"
	return slices.DeleteFunc(f.SetupMachines(), func(a string) bool { return a == own })
}

// Outage is what the failure of one server means (mbam20-ha).
type Outage struct {
	Server *SetupServer
	Stops  []string
	Goes   []string // goes on
}

// Outages says for each server of an MBAM 2.0 farm what stops and what goes on while it is down, after the four points of the
// document: encryption does not start where a recovery password cannot be stored, compliance data become stale, the help
// desk has no keys without the database, and reports are gone with their server. Users are never asked to do anything.
func (f *Farm) Outages() []Outage {
	var out []Outage
	for _, s := range f.SetupServers() {
		o := Outage{Server: s}
		admins, portals := 0, 0
		for _, t := range f.SetupServers() {
			if t.Administration() {
				admins++
			}
			if t.SelfService() {
				portals++
			}
		}
		escrow := s.Recovery() || s.Administration() && admins == 1
		status := s.Compliance() || s.Administration() && admins == 1
		say := func(down bool, stops, goes string) {
			if down {
				o.Stops = append(o.Stops, stops)
			} else {
				o.Goes = append(o.Goes, goes)
			}
		}
		say(escrow, "New drives: encryption does not start on a computer whose recovery password cannot be stored.", "New drives are encrypted, and their recovery passwords are stored.")
		doubt := ""
		if s.Compliance() {
			doubt = " That is recorded in the Compliance and Audit Database, and no document says whether a key is given out while it cannot be."
		}
		say(escrow, "Help desk: no recovery key can be given out, because the Recovery Database or its web services cannot be asked.", "The help desk gives out recovery keys."+doubt)
		say(escrow || s.SelfService() && portals == 1, "Self-Service Portal: users cannot fetch their own key.", "Users fetch their own key in the Self-Service Portal."+doubt)
		say(status, "Compliance data are not taken in and become stale; clients report again later.", "Compliance data stay current.")
		say(s.Compliance() || s.Reports(), "Reports: neither the Help Desk site nor Reporting Services shows them.", "Reports can be read in Reporting Services.")
		if s.Compliance() {
			o.Stops = append(o.Stops, "The SQL Server Agent job CreateCache, which fills the reports' data every six hours, does not run.")
		}
		o.Goes = append(o.Goes, "Users are not asked for anything: an agent that reaches no web server waits and tries again.",
			"Encrypted drives stay encrypted and open as always.")
		out = append(out, o)
	}
	return out
}
