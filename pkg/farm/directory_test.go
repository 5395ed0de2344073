package farm

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/topology"
)

// directoryFarm is a farm of two balanced nodes with groups for the databases.
func directoryFarm() *Farm {
	f := &Farm{
		Domain:           Domain{DNS: "contoso.com", NetBIOS: "CONTOSO", Zone: "contoso.com", AccountOU: "OU=Users,DC=contoso,DC=com", GroupOU: "OU=Groups,DC=contoso,DC=com"},
		Pool:             Account{Domain: "CONTOSO", Name: "svc-pool"},
		ReportReader:     Account{Domain: "CONTOSO", Name: "svc-ro"},
		ReadWrite:        Account{Domain: "CONTOSO", Name: "DB RW", Group: true},
		ReadOnly:         Account{Domain: "contoso", Name: "SVC-RO"},
		AdvancedHelpdesk: Account{Domain: "CONTOSO", Name: "Adv", Group: true},
		Helpdesk:         Account{Domain: "OTHER", Name: "Help", Group: true},
		ReportUsers:      Account{Domain: "CONTOSO", Name: "Readers", Group: true},
	}
	f.Webs = []*Web{web("mbam.contoso.com", "WEB1", "WEB2")}
	return f
}

func web(host string, nodes ...string) *Web {
	w := &Web{
		Name: "web", Host: host, ShortSPN: "auto", TLS: true, Port: 443, Agent: true, Admin: true, SelfService: true,
		HelpDeskDir: "HelpDesk", PortalDir: "SelfService", Certificate: &topology.Certificate{},
	}
	for n, name := range nodes {
		h := &Host{Name: name, FQDN: strings.ToLower(name) + ".contoso.com", Address: netip.AddrFrom4([4]byte{10, 1, 0, byte(31 + n)})}
		w.Nodes = append(w.Nodes, &Node{Web: w, Host: h, First: n == 0})
	}
	if len(nodes) > 1 {
		w.Balancer = &Balancer{Kind: "nlb", Address: netip.MustParseAddr("10.1.0.60")}
	}
	return w
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func TestDirectoryPrincipals(t *testing.T) {
	f := directoryFarm()
	line := func(p Principal) string {
		return strings.Join([]string{p.Down(), p.Class, p.Domain, p.OU, p.UPN, p.Scope}, " | ")
	}
	var got []string
	for _, p := range f.Principals() {
		got = append(got, line(p))
	}
	same(t, "principals", got, []string{
		`CONTOSO\svc-pool | user | contoso.com | OU=Users,DC=contoso,DC=com | svc-pool@contoso.com | `,
		`CONTOSO\svc-ro | user | contoso.com | OU=Users,DC=contoso,DC=com | svc-ro@contoso.com | `,
		`CONTOSO\DB RW | group | contoso.com | OU=Groups,DC=contoso,DC=com |  | Global`,
		`CONTOSO\Adv | group | contoso.com | OU=Groups,DC=contoso,DC=com |  | Global`,
		`OTHER\Help | group | OTHER | OU=Groups,DC=contoso,DC=com |  | Global`,
		`CONTOSO\Readers | group | contoso.com | OU=Groups,DC=contoso,DC=com |  | Global`,
	})
	if p := f.Principals()[4]; p.Own {
		t.Errorf("%s counts as an account of the farm's own domain", p)
	}
	m := f.Memberships()
	if len(m) != 1 || m[0].Group.Down() != `CONTOSO\DB RW` || m[0].Member.Down() != `CONTOSO\svc-pool` || m[0].Member.Domain != "contoso.com" {
		t.Errorf("memberships: %+v", m)
	}

	f.Pool.Domain = "OTHER"
	f.ReadOnly = Account{Domain: "CONTOSO", Name: "DB RO", Group: true}
	f.DataMigration = &Account{Domain: "CONTOSO", Name: "Migration", Group: true}
	got = nil
	for _, p := range f.Principals() {
		got = append(got, p.Down()+" "+p.Scope)
	}
	same(t, "with an account of another domain", got, []string{
		`OTHER\svc-pool `, `CONTOSO\svc-ro `, `CONTOSO\DB RW DomainLocal`, `CONTOSO\DB RO Global`, `CONTOSO\Adv Global`,
		`OTHER\Help Global`, `CONTOSO\Readers Global`, `CONTOSO\Migration Global`,
	})
	if m := f.Memberships(); len(m) != 2 || m[1].Group.Down() != `CONTOSO\DB RO` || m[1].Member.Down() != `CONTOSO\svc-ro` {
		t.Errorf("memberships: %+v", m)
	}
}

func TestHTTPNames(t *testing.T) {
	tests := []struct {
		name, host, short    string
		nodes                []string
		spns, aliases, nodeN []string
	}{
		{
			name: "full name", host: "mbam.contoso.com", short: "auto", nodes: []string{"WEB1", "WEB2"},
			spns: []string{"http/mbam.contoso.com"}, aliases: []string{"HOST/mbam.contoso.com"},
			nodeN: []string{"http/web1.contoso.com", "http/WEB1", "http/web2.contoso.com", "http/WEB2"},
		},
		{
			name: "full name, short asked for", host: "mbam.contoso.com", short: "yes", nodes: []string{"WEB1", "WEB2"},
			spns: []string{"http/mbam.contoso.com", "http/mbam"}, aliases: []string{"HOST/mbam.contoso.com", "HOST/mbam"},
			nodeN: []string{"http/web1.contoso.com", "http/WEB1", "http/web2.contoso.com", "http/WEB2"},
		},
		{
			name: "short name needs both, asked for or not", host: "mbam", short: "no", nodes: []string{"WEB1", "WEB2"},
			spns: []string{"http/mbam.contoso.com", "http/mbam"}, aliases: []string{"HOST/mbam.contoso.com", "HOST/mbam"},
			nodeN: []string{"http/web1.contoso.com", "http/WEB1", "http/web2.contoso.com", "http/WEB2"},
		},
		{
			name: "single node under its own name", host: "WEB1.contoso.com", short: "auto", nodes: []string{"WEB1"},
			spns: []string{"http/WEB1.contoso.com"}, aliases: nil, nodeN: []string{"http/WEB1"},
		},
		{
			name: "single node under its short name", host: "web1", short: "auto", nodes: []string{"WEB1"},
			spns: []string{"http/web1.contoso.com", "http/web1"}, aliases: nil, nodeN: nil,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := directoryFarm()
			f.Webs = []*Web{web(test.host, test.nodes...)}
			f.Webs[0].ShortSPN = test.short
			same(t, "service principal names", f.HTTPNames(), test.spns)
			same(t, "host aliases", f.HostAliases(), test.aliases)
			same(t, "names of nodes", f.NodeHTTPNames(), test.nodeN)
			for _, n := range f.HTTPNames() {
				if strings.Count(n, "/") != 1 || strings.Contains(n, ":") {
					t.Errorf("%q has a second slash or a port", n)
				}
			}
		})
	}
	f := directoryFarm()
	f.Webs = append(f.Webs, web("portal.contoso.com", "WEB2"), web("MBAM.contoso.com", "WEB3"))
	same(t, "several farms", f.HTTPNames(), []string{"http/mbam.contoso.com", "http/portal.contoso.com"})
}

func TestDNSRecord(t *testing.T) {
	tests := []struct {
		name, host, zone string
		nodes            []string
		want             DNSRecord
		managed          bool
	}{
		{"balanced", "mbam.contoso.com", "contoso.com", []string{"WEB1", "WEB2"}, DNSRecord{"mbam.contoso.com", "contoso.com", "mbam", "10.1.0.60"}, true},
		{"short", "mbam", "contoso.com", []string{"WEB1", "WEB2"}, DNSRecord{"mbam.contoso.com", "contoso.com", "mbam", "10.1.0.60"}, true},
		{"deeper, other case", "mbam.EU.Contoso.com", "contoso.COM", []string{"WEB1", "WEB2"}, DNSRecord{"mbam.EU.Contoso.com", "contoso.COM", "mbam.EU", "10.1.0.60"}, true},
		{"zone of its own", "mbam.contoso.com", "mbam.contoso.com", []string{"WEB1", "WEB2"}, DNSRecord{"mbam.contoso.com", "mbam.contoso.com", "@", "10.1.0.60"}, true},
		{"other zone", "mbam.fabrikam.com", "contoso.com", []string{"WEB1", "WEB2"}, DNSRecord{"mbam.fabrikam.com", "contoso.com", "", "10.1.0.60"}, false},
		{"a zone that only looks alike", "mbam.xcontoso.com", "contoso.com", []string{"WEB1", "WEB2"}, DNSRecord{"mbam.xcontoso.com", "contoso.com", "", "10.1.0.60"}, false},
		{"single node", "mbam.contoso.com", "contoso.com", []string{"WEB1"}, DNSRecord{"mbam.contoso.com", "contoso.com", "mbam", "10.1.0.31"}, true},
		{"node's own name", "web1.contoso.com", "contoso.com", []string{"WEB1"}, DNSRecord{"web1.contoso.com", "contoso.com", "", "10.1.0.31"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := directoryFarm()
			f.Domain.Zone = test.zone
			got := f.DNSRecord(web(test.host, test.nodes...))
			if got != test.want || got.Managed() != test.managed {
				t.Errorf("got %+v, managed %t; want %+v, %t", got, got.Managed(), test.want, test.managed)
			}
		})
	}
	w := web("mbam.contoso.com", "WEB1")
	w.Nodes[0].Host.Address = netip.Addr{}
	if r := directoryFarm().DNSRecord(w); r.Address != "" || r.Managed() {
		t.Errorf("a node without a known address: %+v", r)
	}
}

func TestListenerObjects(t *testing.T) {
	f := directoryFarm()
	f.Placements = []*Placement{listenerGroup(true), {Name: "ALONE", Kind: "standalone"}}
	if got := f.ListenerObjects(); got != nil {
		t.Errorf("without a cluster: %+v", got)
	}
	f.Cluster = &Cluster{Name: "SQLCLU1", ComputerOU: "OU=Clusters,DC=contoso,DC=com"}
	want := ListenerObject{Name: "MBAM-SQL", SAM: "MBAM-SQL$", Cluster: "SQLCLU1", CNO: "SQLCLU1$", OU: "OU=Clusters,DC=contoso,DC=com"}
	if got := f.ListenerObjects(); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	f.Placements[0].Existing = true
	if got := f.ListenerObjects(); got != nil {
		t.Errorf("a group that exists: %+v", got)
	}
}

func TestSQLNames(t *testing.T) {
	tests := []struct {
		name           string
		services       []string
		port           int
		names, unknown []string
	}{
		{
			name: "one domain account", services: []string{`CONTOSO\svc-sql`, `contoso\SVC-SQL`}, port: 1433,
			names: []string{
				`setspn -U -S MSSQLSvc/sql1.contoso.com CONTOSO\svc-sql`,
				`setspn -U -S MSSQLSvc/sql1.contoso.com:1433 CONTOSO\svc-sql`,
				`setspn -U -S MSSQLSvc/sql2.contoso.com:MBAM contoso\SVC-SQL`,
				`setspn -U -S MSSQLSvc/sql2.contoso.com:50123 contoso\SVC-SQL`,
				`setspn -U -S MSSQLSvc/mbam-sql.contoso.com CONTOSO\svc-sql`,
				`setspn -U -S MSSQLSvc/mbam-sql.contoso.com:1433 CONTOSO\svc-sql`,
			},
		},
		{
			name: "managed account, listener at another port", services: []string{`OTHER\gmsa$`, `OTHER\gmsa$`}, port: 1500,
			names: []string{
				`setspn -S MSSQLSvc/sql1.contoso.com OTHER\gmsa$`,
				`setspn -S MSSQLSvc/sql1.contoso.com:1433 OTHER\gmsa$`,
				`setspn -S MSSQLSvc/sql2.contoso.com:MBAM OTHER\gmsa$`,
				`setspn -S MSSQLSvc/sql2.contoso.com:50123 OTHER\gmsa$`,
				`setspn -S MSSQLSvc/mbam-sql.contoso.com:1500 OTHER\gmsa$`,
			},
		},
		{
			name: "virtual accounts differ by server", services: []string{`NT SERVICE\MSSQLSERVER`, `NT AUTHORITY\NETWORK SERVICE`}, port: 1433,
			names: []string{
				`setspn -S MSSQLSvc/sql1.contoso.com CONTOSO\SQL1$`,
				`setspn -S MSSQLSvc/sql1.contoso.com:1433 CONTOSO\SQL1$`,
				`setspn -S MSSQLSvc/sql2.contoso.com:MBAM CONTOSO\SQL2$`,
				`setspn -S MSSQLSvc/sql2.contoso.com:50123 CONTOSO\SQL2$`,
			},
			unknown: []string{"listener MBAM-SQL: the replicas do not run as one domain account, so clients use NTLM through it"},
		},
		{
			name: "unknown and local", services: []string{"", `SQL2\svc`}, port: 1433,
			unknown: []string{
				"instance SQL1: no account of the topology can own its names",
				`instance SQL2\MBAM: no account of the topology can own its names`,
				"listener MBAM-SQL: the replicas do not run as one domain account, so clients use NTLM through it",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := directoryFarm()
			g := listenerGroup(true)
			g.Listener.Port = test.port
			g.Databases = []*Database{{Key: "compliance", Placement: g}}
			for n, s := range test.services {
				g.Replicas[n].Instance.Service = s
			}
			f.Placements = []*Placement{g, {Name: "EMPTY", Kind: "standalone", Instance: sqlInstance("SQL9", "sql9.contoso.com", 1433, 2019)}}
			var got []string
			for _, n := range f.SQLNames() {
				got = append(got, n.Command())
			}
			same(t, "names", got, test.names)
			same(t, "unknown", f.SQLUnknown(), test.unknown)
		})
	}
	f := directoryFarm()
	cluster := sqlInstance("FCI1", "fci1.contoso.com", 0, 2019, "10.1.0.0/24", "10.1.0.0/24")
	cluster.Named, cluster.Service = "MBAM", `NT SERVICE\MSSQL$MBAM`
	p := &Placement{Name: "FCI", Kind: "fci", Instance: cluster, Databases: []*Database{{}}}
	f.Placements = []*Placement{p}
	if got := f.SQLNames(); got != nil {
		t.Errorf("a clustered instance under a virtual account: %+v", got)
	}
	cluster.Service = `CONTOSO\svc-sql`
	if got := f.SQLNames(); len(got) != 1 || got[0].Name != "MSSQLSvc/fci1.contoso.com:MBAM" || got[0].Domain != "contoso.com" || got[0].For != "instance FCI1" {
		t.Errorf("a clustered instance with a dynamic port: %+v", got)
	}
}

func TestCertificateNames(t *testing.T) {
	d := directoryFarm().Domain
	w := web("mbam.contoso.com", "WEB1", "WEB2")
	same(t, "full name", w.CertificateNames(d), []string{"mbam.contoso.com", "web1.contoso.com", "WEB1", "web2.contoso.com", "WEB2"})
	w.ShortSPN = "yes"
	same(t, "short name asked for", w.CertificateNames(d), []string{"mbam.contoso.com", "mbam", "web1.contoso.com", "WEB1", "web2.contoso.com", "WEB2"})
	same(t, "short host", web("mbam", "WEB1").CertificateNames(d), []string{"mbam.contoso.com", "mbam", "web1.contoso.com", "WEB1"})
	same(t, "a node's own name", web("web1.contoso.com", "WEB1").CertificateNames(d), []string{"web1.contoso.com", "WEB1"})
	if got := web("mbam", "WEB1").CertificateSubject(); got != "CN=mbam" {
		t.Errorf("subject %q", got)
	}
}

func TestPages(t *testing.T) {
	f := directoryFarm()
	w := web("mbam.contoso.com", "WEB1")
	w.HelpDeskDir = "Help"
	var got []string
	for _, p := range f.Pages(w) {
		line := p.URL
		if p.Restricted {
			line += " restricted"
		}
		got = append(got, line)
	}
	same(t, "pages", got, []string{
		"https://mbam.contoso.com/MBAMRecoveryAndHardwareService/CoreService.svc",
		"https://mbam.contoso.com/MBAMComplianceStatusService/StatusReportingService.svc",
		"https://mbam.contoso.com/SelfService/",
		"https://mbam.contoso.com/Help/ restricted",
	})
	f.MBAM.CM = true
	if p := f.Pages(w); len(p) != 3 || p[0].URL != "https://mbam.contoso.com/MBAMRecoveryAndHardwareService/CoreService.svc" || p[1].URL != "https://mbam.contoso.com/SelfService/" {
		t.Errorf("Configuration Manager: %+v", p)
	}
	w.Port, w.Agent, w.SelfService, w.Admin = 8443, false, true, false
	if p := f.Pages(w); len(p) != 1 || p[0].URL != "https://mbam.contoso.com:8443/SelfService/" {
		t.Errorf("portal only, other port: %+v", p)
	}
	for _, test := range []struct {
		tls  bool
		port int
		want string
	}{{true, 443, "https://mbam.contoso.com"}, {true, 80, "https://mbam.contoso.com:80"}, {false, 80, "http://mbam.contoso.com"}, {false, 443, "http://mbam.contoso.com:443"}} {
		w.TLS, w.Port = test.tls, test.port
		if got := w.Origin(); got != test.want {
			t.Errorf("TLS %t, port %d: %s, want %s", test.tls, test.port, got, test.want)
		}
	}
}
