package rehearsal

import (
	"net/url"
	"strconv"

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
		for _, node := range w.Nodes {
			m := n.Farm.Machines[node.Host.Name]
			if w.TLS && node.Thumbprint != "" && m.Certificate(node.Thumbprint) == nil {
				names := append([]string{w.Host}, w.NodeNames()...)
				m.AddCertificate(farm.Certificate{Thumbprint: node.Thumbprint, Subject: "CN=" + w.Host, Names: append(names, w.ShortNodeNames()...), Key: true})
			}
		}
		if b := w.Balancer; b != nil && b.Address.IsValid() && !b.NLB() {
			n.Farm.Balance(b.Address.String(), names(w)...)
		}
	}
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
