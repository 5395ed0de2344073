package farm

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// SiteName is the name of the IIS site that MBAM makes for its web applications (mbam-validate).
const SiteName = "Microsoft BitLocker Administration and Monitoring"

// WindowsFeatures returns the names of the Windows features that MBAM's web applications need on the host, in the order
// of the document, which gives titles only (mbam-prerequisites); the names are those of the ServerManager module
// (win-features). Server Core has no IIS console. Non-HTTP activation is asked for up to Windows Server 2012 R2 only. The .NET
// Framework 4.5 of Windows Server 2008 R2 is no feature; PowerShell 4.0, which every script requires, brings it.
func (h *Host) WindowsFeatures() []string {
	out := []string{"Web-Server", "Web-WebServer", "Web-Scripting-Tools", "Web-Mgmt-Tools"}
	if !h.Core {
		out = append(out, "Web-Mgmt-Console")
	}
	out = append(out, "Web-Static-Content", "Web-Default-Doc")
	if h.WindowsYear() < 2012 {
		out = append(out, "Web-Asp-Net", "Web-Net-Ext")
	} else {
		out = append(out, "Web-Asp-Net45", "Web-Net-Ext45")
	}
	out = append(out, "Web-ISAPI-Ext", "Web-ISAPI-Filter", "Web-Windows-Auth", "Web-Filtering")
	if h.WindowsYear() < 2012 {
		out = append(out, "NET-HTTP-Activation")
	} else {
		out = append(out, "NET-Framework-45-Core", "NET-Framework-45-ASPNET", "NET-WCF-HTTP-Activation45", "NET-WCF-TCP-Activation45")
	}
	if h.WindowsYear() < 2016 {
		out = append(out, "NET-Non-HTTP-Activ")
	}
	return append(out, "WAS-Process-Model", "WAS-NET-Environment", "WAS-Config-APIs")
}

// ReservedDirectories are the names of MBAM's own applications, which no portal may have (mbam-cmdlets, mbam-validate).
var ReservedDirectories = []string{"MBAMAdministrationService", "MBAMComplianceStatusService", "MBAMRecoveryAndHardwareService", "MBAMUserSupportService"}

// SiteName returns the name of the IIS site.
func (w *Web) SiteName() string { return SiteName }

// Scheme is "https" with a certificate, else "http".
func (w *Web) Scheme() string {
	if w.TLS {
		return "https"
	}
	return "http"
}

// FirewallRule is the fixed name of the inbound rule for the farm's port.
func (w *Web) FirewallRule() string { return "mbamplan-web-tcp-" + strconv.Itoa(w.Port) }

// WebApplication is one IIS application of MBAM.
type WebApplication struct {
	Path    string // below the site, without slashes: "HelpDesk"
	Feature string // the feature that brings it
	Service string // service file for a probe, "" for a portal
}

// URLPath is what a probe asks for below the farm's address: "/HelpDesk/", "/MBAMRecoveryAndHardwareService/CoreService.svc".
func (a WebApplication) URLPath() string { return "/" + a.Path + "/" + a.Service }

// Applications returns the IIS applications that the farm's features bring. The document lists the five of a farm with all
// three features (mbam-validate). Which feature brings which service is inferred from who calls it: clients call the two
// services of the agent, the Help Desk calls the administration service. In the Configuration Manager topology clients
// report to Configuration Manager, and the compliance service is not required.
func (f *Farm) Applications(w *Web) []WebApplication {
	var out []WebApplication
	if w.Admin {
		out = append(out,
			WebApplication{Path: strings.Trim(w.HelpDeskDir, "/"), Feature: "AdministrationPortal"},
			WebApplication{Path: "MBAMAdministrationService", Feature: "AdministrationPortal", Service: "AdministrationService.svc"})
	}
	if w.SelfService {
		out = append(out, WebApplication{Path: strings.Trim(w.PortalDir, "/"), Feature: "SelfServicePortal"})
	}
	if w.Agent {
		out = append(out, WebApplication{Path: "MBAMRecoveryAndHardwareService", Feature: "AgentService", Service: "CoreService.svc"})
		if !f.MBAM.CM {
			out = append(out, WebApplication{Path: "MBAMComplianceStatusService", Feature: "AgentService", Service: "StatusReportingService.svc"})
		}
	}
	return out
}

// ApplicationPaths returns the paths of Applications.
func (f *Farm) ApplicationPaths(w *Web) []string {
	var out []string
	for _, a := range f.Applications(w) {
		out = append(out, a.Path)
	}
	return out
}

// NodeNames returns the DNS names of all nodes of the farm, which its certificate must hold beside the virtual host name
// (mbam-deploy, step 4 and FAQ).
func (w *Web) NodeNames() []string {
	var out []string
	for _, n := range w.Nodes {
		out = append(out, n.Host.FQDN)
	}
	return out
}

// ShortNodeNames returns the NetBIOS names of all nodes, which the FAQ of the same document asks for in addition.
func (w *Web) ShortNodeNames() []string {
	var out []string
	for _, n := range w.Nodes {
		out = append(out, n.Host.Name)
	}
	return out
}

// WebFeature is one call of Enable-MbamWebApplication without its selector switch, and what Get-MbamWebApplication shows
// once the feature is enabled (mbam-cmdlets).
type WebFeature struct {
	Name       string // AgentService: name of the selector switch
	Path       string // first of the applications that it brings
	Parameters []WebParameter
	State      []WebParameter
}

// WebParameter is a name with its value as PowerShell. A parameter's value may be the variable $credential or
// $certificate, which the script fills first.
type WebParameter struct {
	Name  string
	Value quote.PS1
}

// WebFeatures returns the calls of all features that the node's farm has: AgentService, AdministrationPortal,
// SelfServicePortal, in this order.
func (f *Farm) WebFeatures(n *Node) ([]*WebFeature, error) {
	var out []*WebFeature
	for _, call := range []func(*Node) (*WebFeature, error){f.AgentService, f.AdministrationPortal, f.SelfServicePortal} {
		feature, err := call(n)
		if err != nil {
			return nil, err
		}
		if feature != nil {
			out = append(out, feature)
		}
	}
	return out, nil
}

// AgentService returns the call that enables the services for clients on a node, nil when its farm has none. Like the
// other two calls it is complete: values left out would be taken from the application that was enabled before, and a
// first node has none (mbam-cmdlets). Parameters that came with 2.5 SP1 are left out for 2.5.
func (f *Farm) AgentService(n *Node) (*WebFeature, error) {
	if !n.Web.Agent {
		return nil, nil
	}
	c := f.webCall(n, "AgentService")
	if f.MBAM.CM {
		c.both("CMIntegrationMode", quote.PSSwitch(true))
	}
	if f.MBAM.SP1() && n.Web.TPMReset {
		c.give("TpmLockoutAutoReset", quote.PSSwitch(true))
	}
	if f.MBAM.SP1() && f.DataMigration != nil {
		c.give("DataMigrationAccessGroup", quote.PSLiteral(f.DataMigration.Down()))
	}
	return c.done()
}

// AdministrationPortal returns the call that enables the Help Desk on a node, nil when its farm has none. It is an error
// when the farm has no reports: ReportUrl is mandatory.
func (f *Farm) AdministrationPortal(n *Node) (*WebFeature, error) {
	if !n.Web.Admin {
		return nil, nil
	}
	if f.Reporting == nil {
		return nil, fmt.Errorf("the administration portal of web farm %s needs the URL of the reports, and there are none", n.Web.Name)
	}
	c := f.webCall(n, "AdministrationPortal")
	c.thumbprint(n)
	c.both("VirtualDirectory", quote.PSLiteral(strings.Trim(n.Web.HelpDeskDir, "/")))
	c.both("ReportUrl", quote.PSLiteral(f.Reporting.URL))
	c.both("AdvancedHelpdeskAccessGroup", quote.PSLiteral(f.AdvancedHelpdesk.Down()))
	c.both("HelpdeskAccessGroup", quote.PSLiteral(f.Helpdesk.Down()))
	c.both("ReportsReadOnlyAccessGroup", quote.PSLiteral(f.ReportUsers.Down()))
	if f.MBAM.CM {
		c.both("CMIntegrationMode", quote.PSSwitch(true))
	}
	return c.done()
}

// SelfServicePortal returns the call that enables the Self-Service Portal on a node, nil when its farm has none. Texts
// that the topology does not set stay MBAM's own.
func (f *Farm) SelfServicePortal(n *Node) (*WebFeature, error) {
	if !n.Web.SelfService {
		return nil, nil
	}
	c := f.webCall(n, "SelfServicePortal")
	c.thumbprint(n)
	c.both("VirtualDirectory", quote.PSLiteral(strings.Trim(n.Web.PortalDir, "/")))
	if f.MBAM.SP1() {
		c.text("CompanyName", n.Web.Portal.Company)
		c.text("HelpdeskUrlText", n.Web.Portal.HelpdeskText)
		c.text("HelpdeskUrl", n.Web.Portal.HelpdeskURL)
		if n.Web.Portal.NoNotice {
			c.give("DisableNoticePage", quote.PSSwitch(true))
		}
		c.text("NoticeTextPath", n.Web.Portal.NoticeFile)
	}
	return c.done()
}

// webCall collects one call and keeps the first error.
type webCall struct {
	feature WebFeature
	err     error
}

// webCall begins a call with what the three have in common. HostName, port, path, connection strings and credential must
// be the same in all calls on a server: the last ones given count for every application (mbam-cmdlets).
func (f *Farm) webCall(n *Node, name string) *webCall {
	c := &webCall{feature: WebFeature{Name: name}}
	for _, a := range f.Applications(n.Web) {
		if a.Feature == name {
			c.feature.Path = a.Path
			break
		}
	}
	c.both("HostName", quote.PSLiteral(n.Web.Host))
	c.both("Port", quote.PSNumber(n.Web.Port))
	c.both("InstallationPath", quote.PSLiteral(n.Web.InstallPath))
	for _, d := range []struct {
		name     string
		database *Database
	}{{"ComplianceAndAuditDBConnectionString", f.Compliance}, {"RecoveryDBConnectionString", f.Recovery}} {
		connection, err := d.database.Connection()
		c.keep(err)
		c.both(d.name, quote.PSLiteral(connection))
	}
	credential, err := quote.PSf("$credential")
	c.keep(err)
	c.give("WebServiceApplicationPoolCredential", credential)
	c.show("WebServiceApplicationPoolUser", quote.PSLiteral(f.Pool.Down()))
	if n.Web.TLS {
		certificate, err := quote.PSf("$certificate")
		c.keep(err)
		c.give("Certificate", certificate)
	}
	return c
}

// thumbprint is shown for the portals only; the agent service shows none (mbam-cmdlets). A node whose certificate the
// topology does not know yet is not held against one.
func (c *webCall) thumbprint(n *Node) {
	if n.Web.TLS && n.Thumbprint != "" {
		c.show("CertificateThumbprint", quote.PSLiteral(n.Thumbprint))
	}
}

func (c *webCall) give(name string, v quote.PSPart) {
	c.feature.Parameters = c.with(c.feature.Parameters, name, v)
}

func (c *webCall) show(name string, v quote.PSPart) {
	c.feature.State = c.with(c.feature.State, name, v)
}

// both adds a parameter that Get-MbamWebApplication shows under the same name.
func (c *webCall) both(name string, v quote.PSPart) {
	c.give(name, v)
	c.show(name, v)
}

// text adds a parameter unless its value is empty.
func (c *webCall) text(name, v string) {
	if v != "" {
		c.give(name, quote.PSLiteral(v))
	}
}

func (c *webCall) with(list []WebParameter, name string, v quote.PSPart) []WebParameter {
	value, err := quote.PSf("%s", v)
	if err != nil {
		c.keep(fmt.Errorf("%s: %w", name, err))
		return list
	}
	return append(list, WebParameter{Name: name, Value: value})
}

func (c *webCall) keep(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *webCall) done() (*WebFeature, error) {
	if c.err != nil {
		return nil, fmt.Errorf("call that enables %s: %w", c.feature.Name, c.err)
	}
	return &c.feature, nil
}
