package preset

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// Names of answers that are no value of the topology but a word in several.
const (
	// FileServer is the server of the shares that the example names.
	FileServer = "fileServer"
	// Company is the name in the texts of the example.
	Company = "company"
)

// Question is one value of a preset that an answer may replace.
type Question struct {
	// Path names the value in the topology, FileServer or Company.
	Path string
	// Text is what a person is asked; it is "" for a value that has a good default and is not asked for.
	Text string
	// Example is the preset's own value.
	Example string
	// Optional says that the value may be left out of the topology by an empty answer.
	Optional bool
	// suggest says that the preset's own value is a good answer.
	suggest bool
	field   decode.Field
}

// Fit returns a value as it will be written, or says what is expected in its place.
func (q Question) Fit(value string) (clean, expected string) {
	value = strings.TrimSpace(value)
	if value == "" {
		if q.Optional {
			return "", ""
		}
		return "", "a value"
	}
	return q.field.Fit(value)
}

// asked says what is asked of a person: what no rule of ours can know and no habit of the field gives.
type asked struct {
	pattern  string
	text     string
	optional bool
	suggest  bool
}

// The order of the questions is that of the table for what stands before the servers, and that of the file behind.
var table = []asked{
	{pattern: "domain.dns", text: "DNS name of the Active Directory domain"},
	{pattern: "domain.netbios", text: "NetBIOS name of the domain"},
	{pattern: "domain.dnsServer", text: "DNS server that holds the zone (empty: found at run time)", optional: true},
	{pattern: "domain.managementHost", text: "computer where the domain administrator works, no server of the farm (empty: any)", optional: true},
	{pattern: FileServer, text: "server of the file shares"},
	{pattern: "accounts.pool", text: "account of the application pool, a domain user"},
	{pattern: "accounts.reports", text: "account of the reports' data source, another domain user"},
	{pattern: "accounts.readWrite", text: "user or group with read/write access to the databases", suggest: true},
	{pattern: "accounts.readOnly", text: "user or group with read access to the compliance database", suggest: true},
	{pattern: "defaults.windows", text: "Windows Server version", suggest: true},
	{pattern: "defaults.sql.version", text: "SQL Server version", suggest: true},
	{pattern: "defaults.sql.edition", text: "SQL Server edition", suggest: true},
	{pattern: "defaults.sql.serviceAccount", text: "account of the SQL Server service"},
	{pattern: "defaults.sql.data", text: "folder of the data files", suggest: true},
	{pattern: "defaults.sql.log", text: "folder of the log files", suggest: true},
	{pattern: "hosts.<name>", text: "name of the server that the preset calls"},
	{pattern: "hosts.<name>.address", text: "its IPv4 address with the prefix length (empty: left out)", optional: true},
	{pattern: "hosts.<name>.windows", text: "its Windows Server version", suggest: true},
	{pattern: "instances.<name>", text: "@@SERVERNAME of the instance that the preset calls"},
	{pattern: "instances.<name>.port", text: "its static TCP port", suggest: true},
	{pattern: "instances.<name>.version", text: "its SQL Server version", suggest: true},
	{pattern: "instances.<name>.edition", text: "its SQL Server edition", suggest: true},
	{pattern: "instances.<name>.serviceAccount", text: "account of its service"},
	{pattern: "instances.<name>.data", text: "its folder of data files", suggest: true},
	{pattern: "instances.<name>.log", text: "its folder of log files", suggest: true},
	{pattern: "cluster.name", text: "name of the Windows failover cluster"},
	{pattern: "cluster.computerOU", text: "organisational unit of the cluster's computer object (empty: left out)", optional: true},
	{pattern: "cluster.addresses", text: "address of the cluster"},
	{pattern: "placements.<name>.listener.name", text: "name of the listener", suggest: true},
	{pattern: "placements.<name>.listener.addresses", text: "address of the listener, one for each subnet"},
	{pattern: "databases.compliance.name", text: "name of the Compliance and Audit Database", suggest: true},
	{pattern: "databases.recovery.name", text: "name of the Recovery Database", suggest: true},
	{pattern: "reports.url", text: "Web Service URL of SSRS"},
	{pattern: "web.farms[].host", text: "virtual host name of the web farm"},
	{pattern: "web.farms[].nodes[].thumbprint", text: "thumbprint of this node's certificate (empty: not there yet)", optional: true},
	{pattern: "web.farms[].certificate.thumbprint", text: "thumbprint of the certificate (empty: not there yet)", optional: true},
	{pattern: "web.farms[].certificate.template", text: "certificate template (empty: left out)", optional: true, suggest: true},
	{pattern: "web.farms[].portal.helpdeskUrl", text: "address of the help desk (empty: left out)", optional: true},
	{pattern: "web.farms[].balancer.address", text: "address of the balancer with the prefix length"},
	{pattern: "clients.ou", text: "organisational unit of the clients (empty: left out)", optional: true},
}

// first is the number of entries of the table that are asked for in its order, before the servers.
var first = slices.IndexFunc(table, func(a asked) bool { return a.pattern == "hosts.<name>" })

// Questions lists every value that can be answered, those that a person is asked for in the order of asking.
func (p *Preset) Questions() []Question {
	type ranked struct {
		q    Question
		rank int
	}
	var list []ranked
	add := func(l leaf, pattern string) {
		q := Question{Path: l.path, Example: l.value, field: l.field}
		rank := len(table)
		if i := slices.IndexFunc(table, func(a asked) bool { return a.pattern == pattern }); i >= 0 && p.asks(l, pattern) {
			a := table[i]
			q.Text, q.Optional, q.suggest = a.text, a.optional, a.suggest
			rank = min(i, first)
			if l.name {
				q.Text += " " + l.value + p.role(l.path)
			}
		}
		q.Optional = q.Optional && p.removable(l)
		list = append(list, ranked{q, rank})
	}
	if s := p.fileServer(); s != "" {
		f, _ := decode.FieldAt(p.fields, "domain.dnsServer")
		add(leaf{path: FileServer, value: s, field: f}, FileServer)
	}
	add(leaf{path: Company, value: title(p.file.Domain.NetBIOS), field: decode.Field{Type: decode.TypeString}}, Company)
	for _, l := range p.leaves {
		if l.path != "schema" {
			add(l, l.field.Path)
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return a.rank - b.rank })
	out := make([]Question, len(list))
	for i, r := range list {
		out[i] = r.q
	}
	return out
}

// asks leaves out what follows another answer: a default instance is called as its server is, and so is a host name that
// is a server's own.
func (p *Preset) asks(l leaf, pattern string) bool {
	switch pattern {
	case "instances.<name>":
		return !p.isHost(l.value)
	case "web.farms[].host":
		label, _, _ := strings.Cut(l.value, ".")
		return !p.isHost(label)
	}
	return true
}

func (p *Preset) isHost(name string) bool {
	return slices.ContainsFunc(p.file.Hosts, func(h topology.Host) bool { return strings.EqualFold(h.Name, name) })
}

// role says in brackets what a host of the preset is for, "" for what is no host.
func (p *Preset) role(path string) string {
	var roles []string
	for _, h := range p.file.Hosts {
		if decode.Child("hosts", h.Name) != path {
			continue
		}
		is := func(name string) bool { return strings.EqualFold(name, h.Name) }
		if slices.ContainsFunc(p.file.Instances, func(i topology.Instance) bool {
			network, _, _ := strings.Cut(i.Name, `\`)
			return slices.ContainsFunc(i.Nodes, is) || len(i.Nodes) == 0 && is(network)
		}) {
			roles = append(roles, "SQL Server")
		}
		if p.file.Reports != nil && slices.ContainsFunc(p.file.Reports.Hosts, is) {
			roles = append(roles, "reports")
		}
		if slices.ContainsFunc(p.file.Web.Farms, func(w topology.WebFarm) bool {
			return slices.ContainsFunc(w.Nodes, func(n topology.Node) bool { return is(n.Host) })
		}) {
			roles = append(roles, "web")
		}
		if h.Site != "" {
			roles = append(roles, "site "+h.Site)
		}
	}
	if roles == nil {
		return ""
	}
	return " (" + strings.Join(roles, ", ") + ")"
}

// removable reports whether the entry of a value can be taken out of the file.
func (p *Preset) removable(l leaf) bool {
	e := newEditor(p.lines, p.root)
	return !l.name && !l.field.Required && e.remove(p.root, map[diag.Pos]string{p.origins.At(l.path): l.field.Key})
}

// fileServer returns the server of the first share that the file names, "" when there is none.
func (p *Preset) fileServer() string {
	for _, l := range p.leaves {
		if rest, ok := strings.CutPrefix(l.value, `\\`); ok {
			server, _, _ := strings.Cut(rest, `\`)
			return server
		}
	}
	return ""
}
