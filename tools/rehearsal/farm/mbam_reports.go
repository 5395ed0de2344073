package farm

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// reportsCIM is the WMI provider of Reporting Services: a namespace for each instance, its version below (KB, WMI provider of Reporting
// Services; the instance's name is encoded there).
func reportsCIM(_ *Session, m *Machine, namespace, class, _ string) ([]any, bool) {
	const root = `root\microsoft\sqlserver\reportserver`
	rest, ok := strings.CutPrefix(namespace, root)
	r := m.mbam.reports
	if !ok || r == nil {
		return nil, false
	}
	instance := "RS_" + r.instance
	switch {
	case rest == "" && class == "__namespace":
		return []any{pwsh.NewObject("Name", instance)}, true
	case strings.EqualFold(rest, `\`+instance) && class == "__namespace":
		return []any{pwsh.NewObject("Name", r.version)}, true
	case strings.EqualFold(rest, `\`+instance+`\`+r.version+`\Admin`) && class == "msreportserver_configurationsetting":
		level := int64(0)
		if r.tls {
			level = 1
		}
		return []any{pwsh.NewObject("InstanceName", r.instance, "IsSharePointIntegrated", r.sharePoint, "IsInitialized", !r.uninitialized, "SecureConnectionLevel", level, "Version", strings.TrimPrefix(r.version, "v")+".0.0.0")}, true
	}
	return nil, false
}

func (s *Session) reportParameters(c *pwsh.Call) (string, *credential) {
	instance := "MSSQLSERVER"
	if c.Has("SsrsInstance") {
		instance = c.Text("SsrsInstance")
	}
	return instance, c.Value("ComplianceAndAuditDBCredential").(*credential)
}

// checkReport is the validation of Test- and Enable-MbamReport: the report server has to be on this machine (mbam.md 2.5).
func (s *Session) checkReport(c *pwsh.Call) []verdict {
	var out []verdict
	say := func(id int, kind, format string, args ...any) {
		out = append(out, verdict{id, kind, fmt.Sprintf(format, args...)})
	}
	instance, cred := s.reportParameters(c)
	d, r := s.directory(), s.Machine.mbam.reports
	switch {
	case r == nil || !strings.EqualFold(r.instance, instance):
		say(801, "Error", "SQL Server Reporting Services %s is not installed on this computer.", instance)
	case !s.Machine.Running(r.service):
		say(801, "Error", "SQL Server Reporting Services %s is not running.", instance)
	case r.sharePoint || r.uninitialized:
		say(801, "Error", "SQL Server Reporting Services %s is not configured in native mode.", instance)
	}
	text := c.Text("ComplianceAndAuditDBConnectionString")
	parts, ok := connectionParts(text)
	switch {
	case text == "":
		say(801, "Error", "The parameter ComplianceAndAuditDBConnectionString is missing, and nothing here has a value for it.")
	case !ok || parts["integrated security"] == "" || parts["initial catalog"] == "":
		say(801, "Error", "The connection string has to hold Integrated Security and Initial Catalog.")
	}
	switch user := d.Find(cred.user); {
	case user == nil || user.Class != "user" || user.UPN == "":
		say(801, "Error", "The user or group %s could not be found in Active Directory.", cred.user)
	case !d.logon(cred.user, cred.password):
		say(801, "Error", "The user name or password of ComplianceAndAuditDBCredential is incorrect.")
	case ok && text != "":
		if fault := s.Machine.farm.openSQL(s.Machine, cred.user, text).fault; fault != nil {
			say(801, "Error", "The database cannot be reached as %s: %s", cred.user, fault.message)
		}
		if user.Flags&neverExpires == 0 {
			say(802, "Warning", "The password of %s is set to expire.", cred.user)
		}
	}
	if g := d.Find(c.Text("ReportsReadOnlyAccessGroup")); g == nil || g.Class != "group" {
		say(801, "Error", "The user or group %s could not be found in Active Directory.", c.Text("ReportsReadOnlyAccessGroup"))
	}
	return out
}

func (s *Session) enableReport(c *pwsh.Call) []any {
	if !c.Switch("SkipValidation") {
		s.refuse(s.checkReport(c))
	}
	if c.WhatIf {
		return nil
	}
	instance, cred := s.reportParameters(c)
	r := s.Machine.mbam.reports
	r.enabled = map[string]string{
		"complianceandauditdbconnectionstring": c.Text("ComplianceAndAuditDBConnectionString"), "complianceandauditdbuser": cred.user,
		"ssrsinstance": instance, "reportsreadonlyaccessgroup": c.Text("ReportsReadOnlyAccessGroup"),
	}
	r.password = cred.password
	s.Machine.SetRegistry(mbamRegistry+`\Enabled`, "Reports", int64(1))
	s.Machine.AddEvent(Event{Log: "Microsoft-Windows-MBAM-Server/Operational", ID: 803, Message: "The reports were enabled."})
	return nil
}

func (s *Session) disableReport(c *pwsh.Call) []any {
	prompts(c)
	r := s.Machine.mbam.reports
	if r == nil || r.enabled == nil || c.WhatIf {
		return nil
	}
	r.enabled, r.password = nil, ""
	s.Machine.RemoveRegistry(mbamRegistry+`\Enabled`, "")
	return nil
}

func (s *Session) getReport(*pwsh.Call) []any {
	r := s.Machine.mbam.reports
	on := r != nil && r.enabled != nil
	o := pwsh.NewObject("Name", "Reports", "Enabled", on, "Description", "Reports")
	if !on {
		return []any{o}
	}
	for _, name := range []string{"ComplianceAndAuditDBConnectionString", "ComplianceAndAuditDBUser", "SsrsInstance", "ReportsReadOnlyAccessGroup"} {
		o.Set(name, r.enabled[strings.ToLower(name)])
	}
	scheme := "http"
	if r.tls {
		scheme = "https"
	}
	o.Set("ReportUrl", scheme+"://"+s.Machine.FQDN+r.directory+"/ReportService2005.asmx")
	return []any{o}
}

const dataSource = "/Microsoft BitLocker Administration and Monitoring/MaltaDataSource"

// webServiceProxy is New-WebServiceProxy for the report server's ReportService2010: the definition of MBAM's data source, whose password nobody can
// read (mbam.md 1.8).
func (s *Session) webServiceProxy() *pwsh.Command {
	return tabled("New-WebServiceProxy", "", func(c *pwsh.Call) []any {
		address, ok := strings.CutSuffix(c.Text("Uri"), "/ReportService2010.asmx?wsdl")
		if !ok || !c.Switch("UseDefaultCredential") {
			pwsh.Unknown("New-WebServiceProxy of %s", c.Text("Uri"))
		}
		target, err := url.Parse(address)
		if err != nil {
			pwsh.Throw("System.UriFormatException", "Invalid URI: The format of the URI could not be determined.")
		}
		s.get(target, "", true)
		port := atoi(target.Port())
		if port == 0 {
			port = map[string]int{"http": 80, "https": 443}[target.Scheme]
		}
		m, _ := s.Machine.farm.Connect(s.Machine, target.Hostname(), port) // it has answered above
		r := m.mbam.reports
		need := func(path string) {
			if r.enabled == nil || path != dataSource {
				pwsh.Throw("System.Web.Services.Protocols.SoapException", "The item '%s' cannot be found. ---> Microsoft.ReportingServices.Diagnostics.Utilities.ItemNotFoundException", path)
			}
		}
		return []any{&thing{typ: "ReportingService2010", methods: map[string]func([]any) any{
			"getdatasourcecontents": func(a []any) any {
				need(str(a, 0))
				return pwsh.NewObject("ConnectString", r.enabled["complianceandauditdbconnectionstring"], "UserName", r.enabled["complianceandauditdbuser"], "Password", nil,
					"CredentialRetrieval", "Store", "WindowsCredentials", true)
			},
			"setdatasourcecontents": func(a []any) any {
				need(str(a, 0))
				o := a[1].(*pwsh.Object)
				get := func(name string) string {
					v, _ := o.Get(name)
					return pwsh.Text(v)
				}
				// A definition without a password forgets the one that is stored.
				r.enabled["complianceandauditdbconnectionstring"], r.enabled["complianceandauditdbuser"], r.password = get("ConnectString"), get("UserName"), get("Password")
				return pwsh.Void
			},
			"testconnectfordatasourcedefinition": func(a []any) any {
				o := a[0].(*pwsh.Object)
				text, _ := o.Get("ConnectString")
				user := str(a, 1)
				if !s.directory().logon(user, str(a, 2)) {
					a[3].(*pwsh.Ref).Set("Log on failed. Ensure the user name and password are correct.")
					return false
				}
				if fault := m.farm.openSQL(m, user, pwsh.Text(text)).fault; fault != nil {
					a[3].(*pwsh.Ref).Set(fault.message)
					return false
				}
				return true
			},
		}}}
	})
}
