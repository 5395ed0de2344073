package rehearsal

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
)

// web makes what the web servers and the report servers have ahead of the night: certificates, Reporting Services, and the person who
// opens the portals in a group of the Help Desk.
func (n *Night) web(f *planned.Farm) {
	d := n.Farm.Directory
	if g, who := d.Find(f.AdvancedHelpdesk.Name), d.Find("admin"); g != nil && g.Class == "group" {
		g.Members = append(g.Members, who.DN)
	}
	for _, w := range f.Webs {
		if b := w.Balancer; b != nil && b.Address.IsValid() && !b.NLB() {
			n.Farm.Balance(b.Address.String(), names(w)...)
		}
	}
	n.reports(f)
	n.existingFeatures(f)
}

// reports makes the report servers.
func (n *Night) reports(f *planned.Farm) {
	r := f.Reporting
	if r == nil {
		return
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		panic(err) // the topology was checked
	}
	for _, h := range r.Hosts {
		m := n.Farm.Machines[h.Name]
		set := farm.ReportServer{Instance: r.Instance, Service: r.Service(), Directory: u.Path, Version: 13, Port: 80}
		if u.Scheme == "https" {
			set.Port = 443
			set.Thumbprint = m.AddCertificate(farm.Certificate{Subject: "CN=" + u.Hostname(), Names: []string{u.Hostname(), h.FQDN}, Key: true}).Thumbprint
		}
		if p, err := strconv.Atoi(u.Port()); err == nil {
			set.Port = p
		}
		m.SetReportServer(set)
		n.Farm.Lead(u.Hostname(), h.Name)
		if m.Service(set.Service) == nil {
			m.AddService(farm.Service{Name: set.Service, Display: "SQL Server Reporting Services", Process: "ReportingServicesService"})
		}
	}
}

func names(w *planned.Web) []string {
	var out []string
	for _, node := range w.Nodes {
		out = append(out, node.Host.Name)
	}
	return out
}

// existingFeatures enables what the plan finds: databases, reports, and the web features of existing nodes with what they have today.
func (n *Night) existingFeatures(f *planned.Farm) {
	for _, d := range f.Databases() {
		if !d.Existing {
			continue
		}
		args := map[string]any{
			map[bool]string{true: "ComplianceAndAudit", false: "Recovery"}[d.IsCompliance()]: true,
			"ConnectionString": "Integrated Security=SSPI;Data Source=" + d.Placement.Primary().Address(), "DatabaseName": d.Name, "AccessAccount": f.ReadWrite.Down(),
		}
		if d.IsCompliance() {
			args["ReportAccount"] = f.ReadOnly.Down()
		}
		// The program ran on the server itself.
		n.Farm.Machines[strings.ToUpper(d.Placement.Primary().Host().Name)].Enabled("Enable-MbamDatabase", args)
	}
	today := func(d *planned.Database) string {
		on := d.Was
		if on == nil && !d.Placement.Existing {
			on = d.Placement.Primary()
		}
		if on == nil {
			text, err := d.Connection()
			if err != nil {
				panic(err) // the topology was checked
			}
			return text
		}
		return fmt.Sprintf("Data Source=%s;Initial Catalog=%q;Integrated Security=SSPI", on.Address(), d.Name)
	}
	if r := f.Reporting; r != nil && r.Existing {
		for _, h := range r.Hosts {
			n.Farm.Machines[h.Name].Enabled("Enable-MbamReport", map[string]any{
				"ComplianceAndAuditDBConnectionString": today(f.Compliance), "ComplianceAndAuditDBCredential": f.ReportReader.Down(), "SsrsInstance": r.Instance,
				"ReportsReadOnlyAccessGroup": f.ReportUsers.Down(),
			})
		}
	}
	for _, w := range f.Webs {
		for _, node := range w.Nodes {
			if node.Existing {
				n.existingNode(f, w, node, today)
			}
		}
	}
}

func (n *Night) existingNode(f *planned.Farm, w *planned.Web, node *planned.Node, today func(*planned.Database) string) {
	m := n.Farm.Machines[node.Host.Name]
	host, thumbprint := w.Host, node.Thumbprint
	if node.Was != "" {
		host = node.Was
		pool := n.Farm.Directory.Find(f.Pool.Name)
		pool.SPNs = append(pool.SPNs, "http/"+host)
		if w.TLS {
			thumbprint = m.AddCertificate(farm.Certificate{Subject: "CN=" + host, Names: []string{host}, Key: true}).Thumbprint
		}
	}
	all := map[string]any{
		"HostName": host, "Port": int64(w.Port), "InstallationPath": w.InstallPath, "WebServiceApplicationPoolCredential": f.Pool.Down(),
		"ComplianceAndAuditDBConnectionString": today(f.Compliance), "RecoveryDBConnectionString": today(f.Recovery),
	}
	if w.TLS {
		all["Certificate"] = thumbprint
	}
	with := func(more map[string]any) map[string]any {
		for k, v := range all {
			more[k] = v
		}
		return more
	}
	if w.Agent {
		m.Enabled("Enable-MbamWebApplication", with(map[string]any{"AgentService": true}))
	}
	if w.Admin {
		m.Enabled("Enable-MbamWebApplication", with(map[string]any{
			"AdministrationPortal": true, "VirtualDirectory": w.HelpDeskDir, "ReportUrl": f.Reporting.URL,
			"AdvancedHelpdeskAccessGroup": f.AdvancedHelpdesk.Down(), "HelpdeskAccessGroup": f.Helpdesk.Down(), "ReportsReadOnlyAccessGroup": f.ReportUsers.Down(),
		}))
	}
	if w.SelfService {
		m.Enabled("Enable-MbamWebApplication", with(map[string]any{"SelfServicePortal": true, "VirtualDirectory": w.PortalDir}))
	}
	if node.Keyed() {
		return
	}
	// The key that new nodes are to get is that of the nodes that are there.
	k := n.Keys.MachineKey
	m.Files.Put(w.InstallPath+`\Microsoft BitLocker Management Solution\web.config`, []byte(fmt.Sprintf(
		"<configuration>\r\n  <system.web>\r\n    <machineKey validation=%q validationKey=%q decryption=%q decryptionKey=%q />\r\n  </system.web>\r\n</configuration>\r\n",
		k.Validation, k.ValidationKey, k.Decryption, k.DecryptionKey)))
}
