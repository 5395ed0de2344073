package farm

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// feature is a role, role service or feature of Windows. Its state is Installed, Available, Removed (no files on the disk), InstallPending or
// UninstallPending.
type feature struct {
	name, parent string
	needs        []string
	state        string
}

func (f *feature) present() bool { return f.state == "Installed" || f.state == "InstallPending" }

// A row is name, parent, what it needs; the state is that of a new server. Names: windows.md 4.4. What IIS brings by itself and what its
// parts need are those that Server Manager shows.
var featureRows = []struct{ name, parent, needs, state string }{
	{"Web-Server", "", "", ""},
	{"Web-WebServer", "Web-Server", "", ""},
	{"Web-Common-Http", "Web-WebServer", "", ""},
	{"Web-Default-Doc", "Web-Common-Http", "", ""},
	{"Web-Dir-Browsing", "Web-Common-Http", "", ""},
	{"Web-Http-Errors", "Web-Common-Http", "", ""},
	{"Web-Static-Content", "Web-Common-Http", "", ""},
	{"Web-Health", "Web-WebServer", "", ""},
	{"Web-Http-Logging", "Web-Health", "", ""},
	{"Web-Performance", "Web-WebServer", "", ""},
	{"Web-Stat-Compression", "Web-Performance", "", ""},
	{"Web-Security", "Web-WebServer", "", ""},
	{"Web-Filtering", "Web-Security", "", ""},
	{"Web-Windows-Auth", "Web-Security", "", ""},
	{"Web-App-Dev", "Web-WebServer", "", ""},
	{"Web-Net-Ext", "Web-App-Dev", "NET-Framework-Core Web-Filtering", ""},
	{"Web-Net-Ext45", "Web-App-Dev", "NET-Framework-45-Core Web-Filtering", "2012"},
	{"Web-Asp-Net", "Web-App-Dev", "Web-Net-Ext Web-ISAPI-Ext Web-ISAPI-Filter", ""},
	{"Web-Asp-Net45", "Web-App-Dev", "NET-Framework-45-ASPNET Web-Net-Ext45 Web-ISAPI-Ext Web-ISAPI-Filter", "2012"},
	{"Web-ISAPI-Ext", "Web-App-Dev", "", ""},
	{"Web-ISAPI-Filter", "Web-App-Dev", "", ""},
	{"Web-Mgmt-Tools", "Web-Server", "", ""},
	{"Web-Mgmt-Console", "Web-Mgmt-Tools", "", "desktop"},
	{"Web-Scripting-Tools", "Web-Mgmt-Tools", "", ""},
	{"Web-Mgmt-Compat", "Web-Mgmt-Tools", "", ""},
	{"Web-Metabase", "Web-Mgmt-Compat", "", ""},
	{"NET-Framework-Features", "", "", "2012"},
	{"NET-Framework-Core", "NET-Framework-Features", "", "removed"},
	{"NET-HTTP-Activation", "NET-Framework-Features", "NET-Framework-Core Web-Net-Ext WAS-Process-Model WAS-NET-Environment WAS-Config-APIs", ""},
	{"NET-Non-HTTP-Activ", "NET-Framework-Features", "NET-Framework-Core WAS-Process-Model WAS-NET-Environment WAS-Config-APIs", ""},
	{"NET-Framework-45-Features", "", "", "installed"},
	{"NET-Framework-45-Core", "NET-Framework-45-Features", "", "installed"},
	{"NET-Framework-45-ASPNET", "NET-Framework-45-Features", "NET-Framework-45-Core", "2012"},
	{"NET-WCF-Services45", "NET-Framework-45-Features", "", "installed"},
	{"NET-WCF-HTTP-Activation45", "NET-WCF-Services45", "Web-Net-Ext45 NET-Framework-45-ASPNET WAS-Process-Model WAS-Config-APIs", "2012"},
	{"NET-WCF-TCP-Activation45", "NET-WCF-Services45", "NET-WCF-TCP-PortSharing45 WAS-Process-Model WAS-Config-APIs", "2012"},
	{"NET-WCF-TCP-PortSharing45", "NET-WCF-Services45", "", "installed"},
	{"WAS", "", "", ""},
	{"WAS-Process-Model", "WAS", "", ""},
	{"WAS-NET-Environment", "WAS", "", ""},
	{"WAS-Config-APIs", "WAS", "", ""},
	{"NLB", "", "", ""},
	{"Failover-Clustering", "", "", ""},
	{"RSAT", "", "", ""},
	{"RSAT-Feature-Tools", "RSAT", "", ""},
	{"RSAT-NLB", "RSAT-Feature-Tools", "", ""},
	{"RSAT-Clustering", "RSAT-Feature-Tools", "", ""},
	{"RSAT-Clustering-PowerShell", "RSAT-Clustering", "", ""},
	{"RSAT-Role-Tools", "RSAT", "", ""},
	{"RSAT-AD-Tools", "RSAT-Role-Tools", "", ""},
	{"RSAT-AD-PowerShell", "RSAT-AD-Tools", "", ""},
	{"RSAT-DNS-Server", "RSAT-Role-Tools", "", ""},
	{"GPMC", "", "", ""},
	{"Windows-Server-Backup", "", "", ""},
}

// brought is what comes along with a feature although it does not need it: the default role services of IIS and its service.
var brought = map[string][]string{
	"Web-Server": {"Web-Default-Doc", "Web-Dir-Browsing", "Web-Http-Errors", "Web-Static-Content", "Web-Http-Logging", "Web-Stat-Compression", "Web-Filtering"},
}

// moduleOf are the PowerShell modules that features bring.
var moduleOf = map[string]string{
	"Web-Scripting-Tools": "webadministration", "RSAT-NLB": "networkloadbalancingclusters", "RSAT-Clustering-PowerShell": "failoverclusters",
	"RSAT-AD-PowerShell": "activedirectory", "RSAT-DNS-Server": "dnsserver", "GPMC": "grouppolicy",
}

// year is the version of Windows as a number: "2008 R2" is 2008.
func (m *Machine) year() int {
	n := 0
	for _, r := range m.Windows {
		if r < '0' || r > '9' {
			break
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// SetCore makes a Server Core of the machine: it has no consoles.
func (m *Machine) SetCore() {
	m.SetRegistry(`HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "InstallationType", "Server Core")
	delete(m.system.features, "web-mgmt-console")
	delete(m.system.features, "rsat-nlb") // windows.md 3.1
}

// Payload says whether files of features that are not on the disk come from Windows Update.
func (m *Machine) Payload(online bool) {
	m.system.facts["payload"] = map[bool]string{true: "online", false: ""}[online]
}

// FeatureState is the state of a feature; "" when this Windows does not know it.
func (m *Machine) FeatureState(name string) string {
	if f := m.system.features[strings.ToLower(name)]; f != nil {
		return f.state
	}
	return ""
}

// InstallFeature adds features with what they need, as they are before the night.
func (m *Machine) InstallFeature(names ...string) {
	for _, n := range names {
		m.install(n, true)
	}
}

// SetFeature changes the state of a feature by hand.
func (m *Machine) SetFeature(name, state string) {
	if f := m.system.features[strings.ToLower(name)]; f != nil {
		f.state = state
		m.featureChanged(f)
	}
}

// installable reports the first feature among a feature and what it needs whose files are missing; "" for none.
func (m *Machine) payloadMissing(name, source string) string {
	for _, n := range m.closure(name) {
		if m.system.features[n].state == "Removed" && source == "" && m.system.facts["payload"] == "" {
			return m.system.features[n].name
		}
	}
	return ""
}

// closure is a feature with its parents and what all of them need, in lower case.
func (m *Machine) closure(name string) []string {
	var out []string
	var visit func(string)
	visit = func(n string) {
		k := strings.ToLower(n)
		f := m.system.features[k]
		if f == nil || slices.Contains(out, k) {
			return
		}
		out = append(out, k)
		if f.parent != "" {
			visit(f.parent)
		}
		for _, x := range f.needs {
			visit(x)
		}
		for _, x := range brought[f.name] {
			if !f.present() {
				visit(x)
			}
		}
	}
	visit(name)
	return out
}

// install adds a feature and what it needs; it tells whether something changed.
func (m *Machine) install(name string, atOnce bool) bool {
	changed := false
	for _, k := range m.closure(name) {
		f := m.system.features[k]
		if f.present() {
			continue
		}
		f.state, changed = "Installed", true
		if !atOnce {
			f.state = "InstallPending"
		}
		m.featureChanged(f)
	}
	return changed
}

// finishFeatures does what waited for a restart.
func (m *Machine) finishFeatures() {
	for _, f := range m.system.features {
		switch f.state {
		case "InstallPending":
			f.state = "Installed"
		case "UninstallPending":
			f.state = "Available"
		default:
			continue
		}
		m.featureChanged(f)
	}
}

// featureChanged brings or takes what a feature consists of outside the list of features.
func (m *Machine) featureChanged(f *feature) {
	there := f.present()
	if module := moduleOf[f.name]; module != "" {
		if there {
			m.Modules[module] = true
		} else {
			delete(m.Modules, module)
		}
	}
	for _, a := range areas() {
		if a.feature != nil {
			a.feature(m, f.name, there)
		}
	}
}

// iis is what IIS brings beside itself: its group in two rights (mbam.md, web server rights) and the predefined rules of the firewall.
func iis(m *Machine, name string, there bool) {
	if name != "Web-Server" {
		return
	}
	for _, right := range []string{"SeBatchLogonRight", "SeImpersonatePrivilege"} {
		m.system.rights[right] = slices.DeleteFunc(slices.Clone(m.system.rights[right]), func(s string) bool { return s == "*S-1-5-32-568" })
		if there {
			m.system.rights[right] = append(m.system.rights[right], "*S-1-5-32-568")
		}
	}
	m.system.rules = slices.DeleteFunc(m.system.rules, func(r Rule) bool { return strings.HasPrefix(r.Name, "IIS-WebServerRole-") })
	if there {
		m.system.rules = append(m.system.rules,
			Rule{Name: "IIS-WebServerRole-HTTP-In-TCP", Title: "World Wide Web Services (HTTP Traffic-In)", Enabled: true, Allow: true, Protocol: "TCP", Ports: "80", Remote: []string{"Any"}, Program: "System"},
			Rule{Name: "IIS-WebServerRole-HTTPS-In-TCP", Title: "World Wide Web Services (HTTPS Traffic-In)", Enabled: true, Allow: true, Protocol: "TCP", Ports: "443", Remote: []string{"Any"}, Program: "System"})
	}
}

func (m *Machine) featureObject(f *feature) *pwsh.Object {
	deps := pwsh.Strings(f.needs)
	parent := any(f.parent)
	if f.parent == "" {
		parent = nil
	}
	o := pwsh.NewObject("Name", f.name, "DisplayName", f.name, "Installed", f.state == "Installed", "Parent", parent, "DependsOn", deps)
	if m.year() >= 2012 {
		o.Set("InstallState", pwsh.Enum{Of: "InstallState", Name: f.state})
	}
	return o
}

func featureCommand(s *Session, name string) *pwsh.Command {
	m := s.Machine
	loaded := func(c *pwsh.Call) {
		if !m.Modules["servermanager"] {
			pwsh.ThrowID("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", c.Name)
		}
		s.elevated()
	}
	known := func(c *pwsh.Call) []*feature {
		needs(c, "Name")
		var out []*feature
		for _, n := range c.List("Name") {
			f := m.system.features[strings.ToLower(n)]
			if f == nil {
				pwsh.ThrowID("System.Exception", "NameDoesNotExist,Microsoft.Windows.ServerManager.Commands."+strings.ReplaceAll(c.Name, "-", "")+"Command", "ArgumentNotValid: The role, role service, or feature name is not valid: '%s'. The name was not found.", n)
			}
			out = append(out, f)
		}
		return out
	}
	result := func(changed, restart bool) []any {
		code, need := "NoChangeNeeded", "No"
		if changed {
			code = "Success"
		}
		if restart {
			code, need = "SuccessRestartRequired", "Yes"
		}
		return []any{pwsh.NewObject("Success", true, "RestartNeeded", pwsh.Enum{Of: "RestartState", Name: need}, "ExitCode", pwsh.Enum{Of: "FeatureOperationExitCode", Name: code})}
	}
	switch name {
	case "get-windowsfeature":
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name")
			loaded(c)
			var out []any
			for _, r := range featureRows {
				if f := m.system.features[strings.ToLower(r.name)]; f != nil && (!c.Has("Name") || slices.ContainsFunc(c.List("Name"), func(n string) bool { return strings.EqualFold(n, f.name) })) {
					out = append(out, m.featureObject(f))
				}
			}
			return out
		}}
	case "install-windowsfeature", "add-windowsfeature":
		if name == "install-windowsfeature" && m.year() < 2012 {
			return nil
		}
		return &pwsh.Command{Positional: []string{"Name"}, Switches: []string{"IncludeManagementTools", "IncludeAllSubFeature", "Restart"}, Run: func(c *pwsh.Call) []any {
			if m.year() < 2012 {
				takes(c, "Name")
			} else {
				takes(c, "Name", "Source")
			}
			loaded(c)
			list := known(c)
			for _, f := range list {
				if lost := m.payloadMissing(f.name, c.Text("Source")); lost != "" {
					pwsh.ThrowID("System.Exception", "DISMAPI_Error__Failed_To_Enable_Updates,Microsoft.Windows.ServerManager.Commands.AddWindowsFeatureCommand", "The request to add or remove features on the specified server failed. Installation of one or more roles, role services, or features failed. The source files could not be found. (%s)", lost)
				}
			}
			changed := false
			if !c.WhatIf {
				later := m.system.facts["restart for features"] != ""
				for _, f := range list {
					changed = m.install(f.name, !later) || changed
				}
				if changed && later {
					m.AwaitRestart()
					return result(true, true)
				}
			}
			return result(changed, false)
		}}
	case "uninstall-windowsfeature", "remove-windowsfeature":
		if name == "uninstall-windowsfeature" && m.year() < 2012 {
			return nil
		}
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name")
			loaded(c)
			list := known(c)
			changed, restart := false, false
			for again := true; again; {
				again = false
				for _, r := range featureRows {
					f := m.system.features[strings.ToLower(r.name)]
					if f == nil || !f.present() {
						continue
					}
					gone := slices.Contains(list, f)
					for _, n := range append(slices.Clone(f.needs), f.parent) {
						if x := m.system.features[strings.ToLower(n)]; x != nil && !x.present() {
							gone = true // what a removed feature carried goes with it
						}
					}
					if gone && !c.WhatIf {
						f.state, changed, again = "Available", true, true
						m.featureChanged(f)
						// The process model of IIS is in use until the restart.
						if f.name == "Web-Server" || f.name == "WAS-Process-Model" {
							restart = true
						}
					}
				}
			}
			if restart {
				m.AwaitRestart()
			}
			return result(changed, restart)
		}}
	}
	return nil
}

// FeaturesNeedRestart makes Windows want a restart after the next installation of features.
func (m *Machine) FeaturesNeedRestart(yes bool) {
	m.system.facts["restart for features"] = map[bool]string{true: "yes", false: ""}[yes]
}
