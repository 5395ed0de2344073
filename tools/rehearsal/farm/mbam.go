package farm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// mbam is the MBAM features of a machine with the parameters that they were enabled with, and the report server of the machine.
type mbam struct {
	features map[string]map[string]string // AgentService, AdministrationPortal, SelfServicePortal; parameters in lower case
	reports  *reports
	// ComputerKey says that enabling leaves useAppPoolCredentials at false: no document says what MBAM does (windows.md, open points, 1).
	computerKey bool
	loaded      bool // the site was opened since its pool started: names were checked
}

// reports is a report server of SQL Server Reporting Services.
type reports struct {
	instance, service string
	version           string // of its WMI namespace: v13
	directory         string // "/ReportServer"
	port              int
	tls               bool
	thumbprint        string
	sharePoint        bool
	uninitialized     bool
	enabled           map[string]string // parameters of Enable-MbamReport in lower case; nil while the reports are not enabled
	password          string            // of the data source
}

// A ReportServer is what setting up Reporting Services leaves.
type ReportServer struct {
	Instance, Service, Directory string
	Version                      int // of WMI: 13 for SQL Server 2016
	Port                         int
	Thumbprint                   string // "" for plain HTTP
	SharePoint, Uninitialized    bool
}

// SetReportServer gives the machine a report server.
func (m *Machine) SetReportServer(r ReportServer) {
	m.mbam.reports = &reports{
		instance: r.Instance, service: r.Service, version: "v" + strconv.Itoa(r.Version), directory: r.Directory, port: r.Port, tls: r.Thumbprint != "",
		thumbprint: r.Thumbprint, sharePoint: r.SharePoint, uninitialized: r.Uninitialized,
	}
}

// KernelModeReadsComputerKey lets enabling leave useAppPoolCredentials at false.
func (m *Machine) KernelModeReadsComputerKey() { m.mbam.computerKey = true }

func newMbam() *mbam { return &mbam{features: map[string]map[string]string{}} }

// clone copies it for another machine.
func (x *mbam) clone(*Machine) *mbam {
	out := *x
	out.features = map[string]map[string]string{}
	for k, v := range x.features {
		out.features[k] = maps.Clone(v)
	}
	if x.reports != nil {
		r := *x.reports
		r.enabled = maps.Clone(r.enabled)
		out.reports = &r
	}
	return &out
}

// state adds a line for everything that a script may change.
func (x *mbam) state(m *Machine, add func(format string, args ...any)) {
	for name, values := range x.features {
		add("mbam: %s %s %q", m.Name, name, values)
	}
	if r := x.reports; r != nil {
		add("reports: %s %s enabled %t %q with %q", m.Name, r.instance, r.enabled != nil, r.enabled, r.password)
	}
}

// serves tells whether a request is for the report server.
func (r *reports) serves(protocol string, port int, path string) bool {
	return (protocol == "https") == r.tls && port == r.port && strings.HasPrefix(strings.ToLower(path)+"/", strings.ToLower(r.directory)+"/")
}

const (
	mbamSite     = "Microsoft BitLocker Administration and Monitoring"
	mbamPool     = "MBAMSitesAndServicesAppPool" // the documents show its beginning only (mbam.md 1.4)
	mbamRegistry = `HKLM:\SOFTWARE\Microsoft\MBAM Server`
	serverAdmin  = "Microsoft-Windows-MBAM-Server/Admin"
	webAdmin     = "Microsoft-Windows-MBAM-Web/Admin"
	webGood      = "Microsoft-Windows-MBAM-Web/Operational"
	mbamWriter   = "Microsoft BitLocker Administration and Management Writer"
)

// release is the release of the server software: "2.5" or "2.5 SP1", "" while it is not there. 2.5.1100 is the first of SP1.
func (m *Machine) release() string {
	v, _ := m.Registry(mbamRegistry, "Installed")
	version := strings.Split(pwsh.Text(v), ".")
	if len(version) < 3 {
		return ""
	}
	if build, err := strconv.Atoi(version[2]); err == nil && build < 1100 {
		return "2.5"
	}
	return "2.5 SP1"
}

// An mbamFeature is what a selector switch of Enable-MbamWebApplication brings: the applications with their folders (mbam.md 1.4), the name
// of its value in the registry (1.6), and what Get-MbamWebApplication shows (mbam-cmdlets.yaml).
type mbamFeature struct {
	selector, value string
	apps            []mbamApp
	shows           []string
}

type mbamApp struct{ path, folder string }

var mbamFeatures = []mbamFeature{
	{
		"AdministrationPortal", "AdministrationPortal",
		[]mbamApp{{"/HelpDesk", "Help Desk Website"}, {"/MBAMAdministrationService", "Administration Service"}},
		[]string{"InstallationPath", "HostName", "Port", "CertificateThumbprint", "ComplianceAndAuditDBConnectionString", "RecoveryDBConnectionString", "WebServiceApplicationPoolUser", "VirtualDirectory", "CMIntegrationMode", "ReportUrl", "AdvancedHelpdeskAccessGroup", "HelpdeskAccessGroup", "ReportsReadOnlyAccessGroup"},
	},
	{
		"SelfServicePortal", "SelfServicePortal",
		[]mbamApp{{"/SelfService", "Self Service Website"}},
		[]string{"InstallationPath", "HostName", "Port", "CertificateThumbprint", "ComplianceAndAuditDBConnectionString", "RecoveryDBConnectionString", "WebServiceApplicationPoolUser", "VirtualDirectory"},
	},
	{
		"AgentService", "AgentServices",
		[]mbamApp{{"/MBAMRecoveryAndHardwareService", "Recovery and Hardware Service"}, {"/MBAMComplianceStatusService", "Compliance Status Service"}},
		[]string{"InstallationPath", "HostName", "Port", "ComplianceAndAuditDBConnectionString", "RecoveryDBConnectionString", "WebServiceApplicationPoolUser", "CMIntegrationMode"},
	},
}

func mbamArea() area { return area{command: (*Session).mbamCommand, cim: reportsCIM} }

func (s *Session) mbamCommand(name string) *pwsh.Command {
	if name == "new-webserviceproxy" {
		return s.webServiceProxy()
	}
	run := map[string]func(*pwsh.Call) []any{
		"get-mbamwebapplication":     s.getWebApplication,
		"test-mbamwebapplication":    func(c *pwsh.Call) []any { return detailed(c, s.checkWebApplication(c)) },
		"enable-mbamwebapplication":  s.enableWebApplication,
		"disable-mbamwebapplication": s.disableWebApplication,
		"get-mbamreport":             s.getReport,
		"test-mbamreport":            func(c *pwsh.Call) []any { return detailed(c, s.checkReport(c)) },
		"enable-mbamreport":          s.enableReport,
		"disable-mbamreport":         s.disableReport,
		"test-mbamdatabase":          func(c *pwsh.Call) []any { return detailed(c, s.checkDatabase(c)) },
		"enable-mbamdatabase":        s.enableDatabase,
	}[name]
	if run == nil {
		return nil
	}
	if !s.Machine.Modules["microsoft.mbam"] {
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			pwsh.ThrowID("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", c.Name)
			return nil
		}}
	}
	return tabled(name, s.Machine.release(), func(c *pwsh.Call) []any {
		s.elevated()
		return run(c)
	})
}

// A verdict is a message of a Test command.
type verdict struct {
	id   int
	kind string // Error, Warning
	text string
}

// detailed is the output of a Test command: with -Detailed its messages, then true or false (mbam-cmdlets.yaml, Detailed).
func detailed(c *pwsh.Call, found []verdict) []any {
	var out []any
	good := true
	for _, v := range found {
		good = good && v.kind != "Error"
		if c.Switch("Detailed") {
			out = append(out, pwsh.NewObject("ID", int64(v.id), "Type", v.kind, "Message", v.text))
		}
	}
	return append(out, good)
}

// refuse ends an Enable command whose validation found an error, with its event (mbam.md 10.5).
func (s *Session) refuse(found []verdict) {
	for _, v := range found {
		if v.kind == "Error" {
			s.Machine.AddEvent(Event{Log: serverAdmin, ID: v.id, Message: v.text})
			pwsh.Throw("Microsoft.MBAM.Server.Commands.ValidationException", "%s", v.text)
		}
	}
	for _, v := range found {
		s.Machine.AddEvent(Event{Log: serverAdmin, ID: v.id, Message: v.text})
	}
}

func selected(c *pwsh.Call) mbamFeature {
	for _, f := range mbamFeatures {
		if c.Switch(f.selector) {
			return f
		}
	}
	pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "AmbiguousParameterSet,"+c.Name, "Parameter set cannot be resolved using the specified named parameters.")
	return mbamFeature{}
}

// wanted are the parameters of a call with what is left out: the two strings and the account come from what the server has, the others
// have defaults (mbam-cmdlets.yaml, notes and documented_default).
func (s *Session) wanted(c *pwsh.Call, f mbamFeature) (values map[string]string, password string) {
	m := s.Machine
	values = map[string]string{"hostname": m.FQDN, "port": "80", "installationpath": `C:\inetpub`}
	for _, name := range []string{"ComplianceAndAuditDBConnectionString", "RecoveryDBConnectionString"} {
		v, _ := m.Registry(mbamRegistry+`\Web`, strings.Replace(name, "AndAudit", "", 1))
		values[strings.ToLower(name)] = pwsh.Text(v)
	}
	if p := m.web.pool(mbamPool); p != nil {
		values["webserviceapplicationpooluser"], password = p.user, p.password
	}
	if len(f.apps) > 0 && f.selector != "AgentService" {
		values["virtualdirectory"] = strings.Trim(f.apps[0].path, "/")
	}
	for name := range c.Args {
		switch name {
		case "detailed", "skipvalidation", strings.ToLower(f.selector):
		case "certificate":
			values["certificatethumbprint"] = strings.ToUpper(certificateThumbprint(c.Value(name)))
			if !c.Has("Port") {
				values["port"] = "443"
			}
		case "webserviceapplicationpoolcredential":
			cred := c.Value(name).(*credential)
			values["webserviceapplicationpooluser"], password = cred.user, cred.password
		default:
			values[name] = c.Text(name)
		}
	}
	return values, password
}

func certificateThumbprint(v any) string {
	if m, ok := v.(pwsh.Members); ok {
		t, _ := m.Get("Thumbprint")
		return pwsh.Text(t)
	}
	return ""
}

// prerequisites are the Windows features that event 605 asks for (mbam.md 2.3), on 2012 and later.
var prerequisites = []string{
	"Web-Server", "Web-Static-Content", "Web-Default-Doc", "Web-Asp-Net45", "Web-Net-Ext45", "Web-ISAPI-Ext", "Web-ISAPI-Filter", "Web-Windows-Auth", "Web-Filtering",
	"NET-Framework-45-Core", "NET-Framework-45-ASPNET", "NET-WCF-HTTP-Activation45", "NET-WCF-TCP-Activation45", "WAS-Process-Model", "WAS-NET-Environment", "WAS-Config-APIs",
}

// checkWebApplication is the validation of Test- and Enable-MbamWebApplication.
func (s *Session) checkWebApplication(c *pwsh.Call) []verdict {
	f := selected(c)
	m, d := s.Machine, s.directory()
	values, password := s.wanted(c, f)
	var out []verdict
	say := func(id int, kind, format string, args ...any) {
		out = append(out, verdict{id, kind, fmt.Sprintf(format, args...)})
	}
	if !m.web.installed {
		say(605, "Error", "The prerequisite Web-Server is not installed.")
		return out
	}
	if m.year() >= 2012 {
		for _, p := range prerequisites {
			if m.FeatureState(p) != "Installed" {
				say(605, "Error", "The prerequisite %s is not installed.", p)
			}
		}
	}
	if !m.mvc() {
		say(605, "Error", "The prerequisite ASP.NET MVC 4.0 is not installed.")
	}
	for _, name := range []string{"ComplianceAndAuditDBConnectionString", "RecoveryDBConnectionString"} {
		text := values[strings.ToLower(name)]
		parts, ok := connectionParts(text)
		switch {
		case text == "":
			say(606, "Error", "The parameter %s is missing, and no web application of this server has a value for it.", name)
			continue
		case !ok || parts["integrated security"] == "" || parts["initial catalog"] == "":
			say(606, "Error", "The parameter %s has to hold Integrated Security and Initial Catalog.", name)
			continue
		}
		if fault := s.Machine.farm.openSQL(m, s.directory().NetBIOS+`\`+s.User, text).fault; fault != nil {
			say(701, "Error", "The database of %s cannot be reached: %s", name, fault.message)
		}
	}
	switch user := d.Find(values["webserviceapplicationpooluser"]); {
	case values["webserviceapplicationpooluser"] == "":
		say(606, "Error", "The parameter WebServiceApplicationPoolCredential is missing, and no web application of this server has an account.")
	case user == nil || user.Class != "user" || user.UPN == "":
		// A service account without a user principal name is said not to be there (mbam.md 2.7).
		say(606, "Error", "The user or group %s could not be found in Active Directory.", values["webserviceapplicationpooluser"])
	case !d.logon(values["webserviceapplicationpooluser"], password):
		say(606, "Error", "The user name or password of WebServiceApplicationPoolCredential is incorrect.")
	case user.Flags&neverExpires == 0:
		say(607, "Warning", "The password of %s is set to expire.", user.Name)
	}
	for _, name := range []string{"AdvancedHelpdeskAccessGroup", "HelpdeskAccessGroup", "ReportsReadOnlyAccessGroup", "DataMigrationAccessGroup"} {
		if text, ok := values[strings.ToLower(name)]; ok && d.Find(text) == nil {
			say(606, "Error", "The user or group %s could not be found in Active Directory.", text)
		}
	}
	if thumbprint, ok := values["certificatethumbprint"]; !ok {
		say(402, "Warning", "No certificate is given: the web applications will use HTTP.")
	} else if cert := m.Certificate(thumbprint); cert == nil || !cert.Key {
		say(402, "Error", "The certificate %s is not in the store My of the local computer with its private key.", thumbprint)
	}
	if host := values["hostname"]; strings.ContainsAny(host, "/ :") || host == "" {
		say(601, "Error", "The host name %q is not valid.", host)
	} else if len(m.farm.Lookup(host)) == 0 {
		say(602, "Warning", "The host name %s could not be resolved.", host)
	} else if owners := d.Owners("http/" + host); len(owners) != 1 || owners[0] != d.Find(values["webserviceapplicationpooluser"]) {
		// Without Domain Admin rights MBAM registers nothing and goes on with a warning (mbam.md 5.3).
		say(502, "Warning", "The service principal name http/%s is not registered on %s alone.", host, values["webserviceapplicationpooluser"])
	}
	for name, have := range m.mbam.features {
		for _, shared := range []string{"hostname", "port", "installationpath", "certificatethumbprint"} {
			if name != f.selector && have[shared] != values[shared] {
				say(606, "Error", "%s has to be the same for all web applications: %s has %q, given was %q.", shared, name, have[shared], values[shared])
			}
		}
	}
	if dir := "/" + strings.Trim(values["virtualdirectory"], "/"); f.selector != "AgentService" && strings.HasPrefix(strings.ToLower(dir), "/mbam") {
		say(501, "Error", "The virtual directory %s is reserved.", dir)
	}
	return out
}

// mvc tells whether ASP.NET MVC 4 is in the global assembly cache.
func (m *Machine) mvc() bool {
	for _, f := range m.Files.folders {
		if strings.Contains(strings.ToLower(f.path), `\gac_msil\system.web.mvc\v4.0_4.0.0.`) {
			return true
		}
	}
	return false
}

func (s *Session) enableWebApplication(c *pwsh.Call) []any {
	f := selected(c)
	if !c.Switch("SkipValidation") {
		s.refuse(s.checkWebApplication(c))
	}
	if c.WhatIf {
		return nil
	}
	m := s.Machine
	values, password := s.wanted(c, f)
	root := strings.TrimRight(values["installationpath"], `\`) + `\Microsoft BitLocker Management Solution`
	p := m.web.pool(mbamPool)
	if p == nil {
		p = &pool{name: mbamPool, runtime: "v4.0", pipeline: "Integrated", identity: "SpecificUser"}
		m.web.pools = append(m.web.pools, p)
	}
	p.user, p.password, p.stopped = values["webserviceapplicationpooluser"], password, false // the most recent value counts for all
	one := m.web.site(mbamSite)
	if one == nil {
		id := 1
		for _, have := range m.web.sites {
			id = max(id, have.id+1)
		}
		protocol := "http"
		if values["certificatethumbprint"] != "" {
			protocol = "https"
		}
		// Whether the binding has the host name is in no document; our scripts take both.
		one = &site{name: mbamSite, id: id, apps: []*application{{path: "/", physical: root, pool: mbamPool}}, bindings: []*siteBinding{{
			protocol: protocol, info: "*:" + values["port"] + ":" + values["hostname"], thumbprint: values["certificatethumbprint"],
		}}}
		m.web.sites = append(m.web.sites, one)
		m.Files.folder(root, "S-1-5-32-544", nil)
	}
	for i, a := range f.apps {
		if a.path == "/MBAMComplianceStatusService" && values["cmintegrationmode"] == "True" {
			continue
		}
		path := a.path
		if i == 0 && values["virtualdirectory"] != "" {
			path = "/" + strings.Trim(values["virtualdirectory"], "/")
		}
		if one.app(path) == nil {
			one.apps = append(one.apps, &application{path: path, physical: root + `\` + a.folder, pool: mbamPool})
		}
		m.Files.write(root+`\`+a.folder+`\web.config`, []byte(webConfigText(f.selector, a, values)))
		place := strings.ToLower(mbamSite + path)
		const windows = "system.webserver/security/authentication/windowsauthentication@"
		m.web.config[place+"|"+windows+"enabled"] = "true"
		m.web.config[place+"|system.webserver/security/authentication/anonymousauthentication@enabled"] = "false"
		if !m.mbam.computerKey {
			m.web.config[place+"|"+windows+"useapppoolcredentials"] = "true"
		}
	}
	s.Step("Enable-MbamWebApplication, with the site and its files made")
	web := mbamRegistry + `\Web`
	m.SetRegistry(web, "ComplianceDBConnectionString", values["complianceandauditdbconnectionstring"])
	m.SetRegistry(web, "RecoveryDBConnectionString", values["recoverydbconnectionstring"])
	m.SetRegistry(web, "InstallationPath", values["installationpath"])
	switch f.selector {
	case "AdministrationPortal":
		m.SetRegistry(web, "HelpDeskVirtualDirectory", "/"+strings.Trim(values["virtualdirectory"], "/"))
	case "SelfServicePortal":
		m.SetRegistry(web, "SelfServicePortalVirtualDirectory", "/"+strings.Trim(values["virtualdirectory"], "/"))
	}
	m.SetRegistry(mbamRegistry+`\Enabled`, f.value, int64(1))
	delete(values, "webserviceapplicationpooluser")
	delete(values, "complianceandauditdbconnectionstring")
	delete(values, "recoverydbconnectionstring")
	m.mbam.features[f.selector] = values
	m.mbam.loaded = false
	m.SetWriter(mbamWriter, 1) // on every server that has a web application (mbam.md 1.10)
	m.AddEvent(Event{Log: "Microsoft-Windows-MBAM-Server/Operational", ID: 603, Message: f.selector + " was enabled."})
	return nil
}

// webConfigText is the web.config of an application, with the settings that are documented (mbam.md 1.4).
func webConfigText(feature string, a mbamApp, values map[string]string) string {
	var pairs [][2]string
	switch {
	case a.path == "/HelpDesk":
		pairs = [][2]string{
			{"HelpdeskAdminsGroupName", values["advancedhelpdeskaccessgroup"]},
			{"HelpdeskUsersGroupName", values["helpdeskaccessgroup"]},
			{"MbamReportUsersGroupName", values["reportsreadonlyaccessgroup"]},
			{"Microsoft.Mbam.Reports.Url", values["reporturl"] + "/Pages/ReportViewer.aspx?/Microsoft+BitLocker+Administration+and+Monitoring/"},
			{"Topology", "0"},
			{"aspnet:MaxHttpCollectionKeys", "10000"},
		}
	case feature == "SelfServicePortal":
		pairs = [][2]string{
			{"ClientValidationEnabled", "true"},
			{"CompanyName", or(values["companyname"], "Contoso IT")},
			{"DisplayNotice", "true"},
			{"HelpdeskText", or(values["helpdeskurltext"], "Contact Helpdesk or IT Department")},
			{"HelpdeskUrl", values["helpdeskurl"]},
		}
	case a.path == "/MBAMRecoveryAndHardwareService":
		pairs = [][2]string{{"DataMigrationUsersGroupName", values["datamigrationaccessgroup"]}}
	}
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n  <appSettings>\r\n")
	for _, p := range pairs {
		fmt.Fprintf(&b, "    <add key=\"%s\" value=\"%s\" />\r\n", escapeValue.Replace(p[0]), escapeValue.Replace(p[1]))
	}
	b.WriteString("  </appSettings>\r\n  <system.web>\r\n    <authentication mode=\"Windows\" />\r\n  </system.web>\r\n</configuration>\r\n")
	return b.String()
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (s *Session) getWebApplication(c *pwsh.Call) []any {
	f := selected(c)
	m := s.Machine
	have, on := m.mbam.features[f.selector]
	o := pwsh.NewObject("Name", f.selector, "Enabled", on, "Description", f.selector)
	if !on {
		return []any{o}
	}
	for _, name := range f.shows {
		switch name {
		case "ComplianceAndAuditDBConnectionString", "RecoveryDBConnectionString":
			v, _ := m.Registry(mbamRegistry+`\Web`, strings.Replace(name, "AndAudit", "", 1))
			o.Set(name, v)
		case "WebServiceApplicationPoolUser":
			o.Set(name, m.web.needPool(mbamPool).user)
		case "VirtualDirectory":
			o.Set(name, "/"+strings.Trim(have["virtualdirectory"], "/"))
		case "Port":
			port, _ := strconv.Atoi(have["port"])
			o.Set(name, int64(port))
		case "CMIntegrationMode":
			o.Set(name, have["cmintegrationmode"] == "True")
		case "CertificateThumbprint":
			// What is bound: a certificate that IIS was given later shows too.
			_, b := m.listener("https", atoi(have["port"]), have["hostname"])
			if b == nil {
				o.Set(name, have["certificatethumbprint"])
			} else {
				o.Set(name, b.thumbprint)
			}
		default:
			o.Set(name, have[strings.ToLower(name)])
		}
	}
	return []any{o}
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // "" is no port
	return n
}

// prompts ends a script that would wait for an answer: Disable commands ask without -Force (mbam.md, Disable-*).
func prompts(c *pwsh.Call) {
	confirm, given := c.Args["confirm"]
	if !c.Switch("Force") && (!given || pwsh.Truth(confirm)) {
		pwsh.Unknown("%s that asks for confirmation", c.Name)
	}
}

func (s *Session) disableWebApplication(c *pwsh.Call) []any {
	f := selected(c)
	prompts(c)
	m := s.Machine
	have, on := m.mbam.features[f.selector]
	if !on || c.WhatIf {
		return nil
	}
	one := m.web.site(mbamSite)
	root := strings.TrimRight(have["installationpath"], `\`) + `\Microsoft BitLocker Management Solution`
	for _, a := range f.apps {
		folder := root + `\` + a.folder
		one.apps = slices.DeleteFunc(one.apps, func(x *application) bool {
			if !strings.EqualFold(x.physical, folder) {
				return false
			}
			place := strings.ToLower(mbamSite + x.path)
			maps.DeleteFunc(m.web.config, func(k, _ string) bool { return strings.HasPrefix(k, place+"|") })
			return true
		})
		m.Files.RemoveFolder(folder)
	}
	s.Step("Disable-MbamWebApplication, with the applications removed")
	delete(m.mbam.features, f.selector)
	m.RemoveRegistry(mbamRegistry+`\Enabled`, f.value)
	if f.selector != "AgentService" {
		m.RemoveRegistry(mbamRegistry+`\Web`, map[string]string{"AdministrationPortal": "HelpDeskVirtualDirectory", "SelfServicePortal": "SelfServicePortalVirtualDirectory"}[f.selector])
	}
	if len(m.mbam.features) > 0 {
		return nil
	}
	// The last one: the site goes with the pool, and the files that enabling made. What others put into the root folder stays.
	m.web.sites = slices.DeleteFunc(m.web.sites, func(x *site) bool { return x == one })
	m.web.pools = slices.DeleteFunc(m.web.pools, func(x *pool) bool { return x.name == mbamPool })
	place := strings.ToLower(mbamSite)
	maps.DeleteFunc(m.web.config, func(k, _ string) bool { return strings.HasPrefix(k, place+"|") })
	m.RemoveRegistry(mbamRegistry+`\Web`, "")
	m.RemoveRegistry(mbamRegistry+`\Enabled`, "")
	if len(m.Files.Below(root)) == 0 {
		m.Files.RemoveFolder(root)
	}
	m.SetWriter(mbamWriter, 0)
	return nil
}

// mbamPage is the status of a page of one of MBAM's applications. Opening one loads the site, which checks the service principal names
// (mbam.md 5.5); a portal then asks the databases as the account of the pool (10.5).
func (m *Machine) mbamPage(s *site, a *application, p *pool, host, user string) int {
	if user == "" {
		return 200
	}
	d := m.farm.Directory
	if !m.mbam.loaded {
		m.mbam.loaded = true
		owner := d.Find(p.user)
		var missing []string
		for _, b := range s.bindings {
			_, _, name := b.parts()
			name = or(name, host)
			if owner == nil || !slices.ContainsFunc(owner.SPNs, func(have string) bool { return strings.EqualFold(have, "http/"+name) }) {
				missing = append(missing, "http/"+name)
			}
		}
		if len(missing) == 0 {
			m.AddEvent(Event{Log: webGood, ID: 202, Message: "The service principal names are registered."})
		} else {
			m.AddEvent(Event{Log: webAdmin, ID: 1, Message: "The service principal names " + strings.Join(missing, ", ") + " are missing on " + p.user + "."})
		}
	}
	var good, bad int
	switch folder := a.physical[strings.LastIndexByte(a.physical, '\\')+1:]; folder {
	case "Help Desk Website":
		good, bad = 200, 109
		if person := d.Find(user); !m.helps(person) {
			return 401
		}
	case "Self Service Website":
		good, bad = 201, 109
	default:
		return 200 // a page of a service shows its description, and asks no database
	}
	// Without the right to impersonate a client pages come unstyled, with 500 (mbam.md 2.3).
	if !m.holds("SeImpersonatePrivilege", p.user) {
		return 500
	}
	for i, name := range []string{"RecoveryDBConnectionString", "ComplianceDBConnectionString"} {
		v, _ := m.Registry(mbamRegistry+`\Web`, name)
		if fault := m.farm.openSQL(m, p.user, pwsh.Text(v)).fault; fault != nil {
			m.AddEvent(Event{Log: webAdmin, ID: bad + i, Message: "The database of " + name + " cannot be reached: " + fault.message})
			return 500
		}
	}
	m.AddEvent(Event{Log: webGood, ID: good, Message: "The databases can be reached."})
	return 200
}

// helps tells whether somebody is in a group of the Help Desk.
func (m *Machine) helps(person *Entry) bool {
	have := m.mbam.features["AdministrationPortal"]
	for _, name := range []string{"advancedhelpdeskaccessgroup", "helpdeskaccessgroup", "reportsreadonlyaccessgroup"} {
		if g := m.farm.Directory.Find(have[name]); g != nil && person != nil && m.farm.Directory.Inside(g, person) {
			return true
		}
	}
	return false
}

// holds tells whether an account has a user right here: itself, by a group of the directory, or as the identity of a pool by IIS_IUSRS.
func (m *Machine) holds(right, account string) bool {
	d := m.farm.Directory
	e := d.Find(account)
	for _, holder := range m.Right(right) {
		sid := strings.TrimPrefix(holder, "*")
		if sid == "S-1-5-32-568" || e != nil && (sid == e.SID || strings.EqualFold(holder, e.Name)) {
			return true
		}
		for _, g := range d.entries {
			if e != nil && g.SID == sid && g.Class == "group" && d.Inside(g, e) {
				return true
			}
		}
	}
	return false
}
