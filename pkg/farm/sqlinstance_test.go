package farm

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

var contoso = Domain{DNS: "contoso.com", NetBIOS: "CONTOSO"}

func TestServiceAccount(t *testing.T) {
	tests := []struct {
		service   string
		clustered bool
		want      string // accounts, comma-separated; "" when refused
		computer  bool
		warned    bool
	}{
		{service: `CONTOSO\svc-sql`, want: `CONTOSO\svc-sql`},
		{service: `svc-sql`, want: `CONTOSO\svc-sql`},
		{service: `OTHER\svc-sql`, want: `OTHER\svc-sql`},
		{service: `CONTOSO\gmsa-sql$`, want: `CONTOSO\gmsa-sql$`},
		{service: `CONTOSO\gmsa-sql$`, clustered: true, want: `CONTOSO\gmsa-sql$`},
		{service: `NT SERVICE\MSSQLSERVER`, want: `CONTOSO\SQL1$`, computer: true},
		{service: `NT Service\MSSQL$MBAM`, clustered: true, want: `CONTOSO\SQL1$,CONTOSO\SQL2$`, computer: true},
		{service: `NT AUTHORITY\NETWORK SERVICE`, want: `CONTOSO\SQL1$`, computer: true},
		{service: `NT AUTHORITY\NetworkService`, clustered: true, want: `CONTOSO\SQL1$,CONTOSO\SQL2$`, computer: true},
		{service: `Network Service`, want: `CONTOSO\SQL1$`, computer: true},
		{service: `LocalSystem`, want: `CONTOSO\SQL1$`, computer: true, warned: true},
		{service: `NT AUTHORITY\SYSTEM`, want: `CONTOSO\SQL1$`, computer: true, warned: true},
		{service: `NT AUTHORITY\LOCAL SERVICE`},
		{service: `LocalService`},
		{service: `.\sqluser`},
		{service: `sql1\sqluser`},
		{service: `svc-sql@contoso.com`},
		{service: `AUTORITE NT\SERVICE RESEAU`},
		{service: `A\B\c`},
		{service: ``},
		{service: `CONTOSO\SYSTEM`, want: `CONTOSO\SYSTEM`},
	}
	for _, tt := range tests {
		i := &Instance{Name: "SQL1", Service: tt.service, Nodes: []*Host{{Name: "SQL1"}}}
		if tt.clustered {
			i.Nodes = append(i.Nodes, &Host{Name: "SQL2"})
		}
		got, err := i.ServiceAccount(contoso)
		if tt.want == "" {
			if !errors.Is(err, ErrService) {
				t.Errorf("%q: error %v, want ErrService", tt.service, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.service, err)
			continue
		}
		if s := downs(got.Accounts); s != tt.want {
			t.Errorf("%q: accounts %s, want %s", tt.service, s, tt.want)
		}
		if got.Computer != tt.computer || (got.Warning != "") != tt.warned {
			t.Errorf("%q: computer %t, warning %q", tt.service, got.Computer, got.Warning)
		}
	}
}

func downs(list []Account) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Down())
	}
	return strings.Join(out, ",")
}

func TestServiceNames(t *testing.T) {
	tests := map[string]string{
		``:                             ``,
		`CONTOSO\svc-sql`:              `CONTOSO\svc-sql`,
		`LocalSystem`:                  `LocalSystem,NT AUTHORITY\SYSTEM`,
		`Local System`:                 `Local System,LocalSystem,NT AUTHORITY\SYSTEM`,
		`NT AUTHORITY\NETWORK SERVICE`: `NT AUTHORITY\NETWORK SERVICE,NT AUTHORITY\NetworkService`,
		`CONTOSO\SYSTEM`:               `CONTOSO\SYSTEM`,
	}
	for service, want := range tests {
		if got := strings.Join((&Instance{Service: service}).ServiceNames(), ","); got != want {
			t.Errorf("%q: %s, want %s", service, got, want)
		}
	}
}

func TestEndpointAccounts(t *testing.T) {
	group := func(services ...string) *Placement {
		p := &Placement{Kind: "availabilityGroup"}
		for n, s := range services {
			h := &Host{Name: "SQL" + string(rune('1'+n))}
			i := &Instance{Name: h.Name, Service: s, Nodes: []*Host{h}}
			p.Replicas = append(p.Replicas, &Replica{Group: p, Instance: i})
		}
		return p
	}
	tests := []struct {
		services []string
		want     []string // per replica; "!" when refused
	}{
		{[]string{`CONTOSO\svc`, `contoso\SVC`, `CONTOSO\svc`}, []string{`contoso\SVC`, `CONTOSO\svc`, `CONTOSO\svc`}},
		{[]string{`CONTOSO\a`, `CONTOSO\b`, `CONTOSO\c`}, []string{`CONTOSO\b,CONTOSO\c`, `CONTOSO\a,CONTOSO\c`, `CONTOSO\a,CONTOSO\b`}},
		{[]string{`NT SERVICE\MSSQLSERVER`, `NT SERVICE\MSSQLSERVER`}, []string{`CONTOSO\SQL2$`, `CONTOSO\SQL1$`}},
		{[]string{`CONTOSO\a`, `LocalService`}, []string{`!`, `CONTOSO\a`}},
	}
	for _, tt := range tests {
		for n, r := range group(tt.services...).Replicas {
			got, err := r.EndpointAccounts(contoso)
			text := downs(got)
			if err != nil {
				text = "!"
			}
			if text != tt.want[n] {
				t.Errorf("%q, replica %d: %s, want %s", tt.services, n+1, text, tt.want[n])
			}
		}
	}
}

func TestMirroringAccounts(t *testing.T) {
	instance := func(name, service string) *Instance {
		return &Instance{Name: name, Service: service, Nodes: []*Host{{Name: name}}}
	}
	p := &Placement{Kind: "mirroring", Principal: instance("A", `D\a`), Mirror: instance("B", `D\b`), Witness: instance("W", `NETWORK SERVICE`)}
	for of, want := range map[*Instance]string{p.Principal: `D\b,CONTOSO\W$`, p.Mirror: `D\a,CONTOSO\W$`, p.Witness: `D\a,D\b`} {
		got, err := p.MirroringAccounts(contoso, of)
		if err != nil || downs(got) != want {
			t.Errorf("%s: %s, %v, want %s", of.Name, downs(got), err, want)
		}
	}
	p.Witness = nil
	if got, err := p.MirroringAccounts(contoso, p.Principal); err != nil || downs(got) != `D\b` {
		t.Errorf("without witness: %s, %v", downs(got), err)
	}
}

func TestPrincipals(t *testing.T) {
	user := func(n string) Account { return Account{Domain: "D", Name: n} }
	group := func(n string) Account { return Account{Domain: "D", Name: n, Group: true} }
	compliance, recovery := &Database{Key: "compliance"}, &Database{Key: "recovery"}
	tests := []struct {
		name      string
		rw, ro    Account
		databases []*Database
		want      string
	}{
		{"groups", group("rw"), group("ro"), []*Database{compliance, recovery}, `D\rw,D\ro`},
		{"users", user("pool"), user("reports"), []*Database{compliance, recovery}, `D\pool,D\reports`},
		{"recovery only", group("rw"), group("ro"), []*Database{recovery}, `D\rw`},
		{"no copy", group("rw"), group("ro"), nil, ``},
		{"other users", user("rw"), user("ro"), []*Database{compliance}, `D\rw,D\pool,D\ro,D\reports`},
	}
	for _, tt := range tests {
		f := &Farm{ReadWrite: tt.rw, ReadOnly: tt.ro, Pool: user("pool"), ReportReader: user("reports")}
		if got := downs(f.LoginPrincipals(tt.databases)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// sqlFarm is two stand-alone replicas, one listener, a web node and a report server.
func sqlFarm() *Farm {
	host := func(name, address string) *Host {
		h := &Host{Name: name}
		if address != "" {
			h.Address = netip.MustParseAddr(address)
		}
		return h
	}
	a, b, web, rpt := host("SQL1", "10.1.0.11"), host("SQL2", "10.1.0.12"), host("WEB1", "10.1.0.31"), host("RPT1", "10.1.0.21")
	web.Nodes = []*Node{{}}
	rpt.Reporting = &Reporting{}
	f := &Farm{Name: "contoso", Hosts: []*Host{a, b, web, rpt, host("SPARE", "10.1.0.99")}, Domain: contoso}
	p := &Placement{Name: "AG", Kind: "availabilityGroup", Listener: &Listener{Name: "MBAM-SQL", Port: 1433}}
	for _, h := range []*Host{a, b} {
		i := &Instance{Name: h.Name, Network: h.Name, Port: 1433, Version: 2019, Nodes: []*Host{h}}
		h.Instances = []*Instance{i}
		f.Instances = append(f.Instances, i)
		p.Replicas = append(p.Replicas, &Replica{Group: p, Instance: i, EndpointPort: 5022})
	}
	f.Placements = []*Placement{p}
	return f
}

// mirrored makes the first two instances the partners of a pair that exists, on a port.
func mirrorAt(f *Farm, port int) {
	f.Instances[0].Port, f.Instances[1].Port = port, port
	f.Placements = []*Placement{{
		Kind: "mirroring", Existing: true, Principal: f.Instances[0], Mirror: f.Instances[1], Databases: []*Database{{Key: "recovery"}},
	}}
}

func TestFirewallRules(t *testing.T) {
	clients := []string{"10.1.0.12", "10.1.0.21", "10.1.0.31"}
	tests := []struct {
		name   string
		change func(*Farm)
		want   []PortRule
	}{
		{"listener on the instance's port", func(*Farm) {}, []PortRule{
			{"mbamplan-contoso-tcp-1433", "MBAM SQL: SQL Server SQL1, listener MBAM-SQL (TCP 1433)", "TCP", 1433, clients},
			{"mbamplan-contoso-tcp-5022", "MBAM SQL: endpoint (TCP 5022)", "TCP", 5022, []string{"10.1.0.12"}},
		}},
		{"listener on a port of its own", func(f *Farm) { f.Placements[0].Listener.Port = 14330 }, []PortRule{
			{"mbamplan-contoso-tcp-1433", "MBAM SQL: SQL Server SQL1 (TCP 1433)", "TCP", 1433, clients},
			{"mbamplan-contoso-tcp-5022", "MBAM SQL: endpoint (TCP 5022)", "TCP", 5022, []string{"10.1.0.12"}},
			{"mbamplan-contoso-tcp-14330", "MBAM SQL: listener MBAM-SQL (TCP 14330)", "TCP", 14330, clients},
		}},
		{"a web node without an address", func(f *Farm) { f.Hosts[2].Address = netip.Addr{} }, []PortRule{
			{"mbamplan-contoso-tcp-1433", "MBAM SQL: SQL Server SQL1, listener MBAM-SQL (TCP 1433)", "TCP", 1433, nil},
			{"mbamplan-contoso-tcp-5022", "MBAM SQL: endpoint (TCP 5022)", "TCP", 5022, []string{"10.1.0.12"}},
		}},
		{"a clustered peer", func(f *Farm) { f.Instances[1].Nodes = []*Host{f.Hosts[1], f.Hosts[4]} }, []PortRule{
			{"mbamplan-contoso-tcp-1433", "MBAM SQL: SQL Server SQL1, listener MBAM-SQL (TCP 1433)", "TCP", 1433, clients},
			{"mbamplan-contoso-tcp-5022", "MBAM SQL: endpoint (TCP 5022)", "TCP", 5022, nil},
		}},
		{"dynamic port", func(f *Farm) { f.Instances[0].Port = 0; f.Placements = nil }, []PortRule{
			{"mbamplan-contoso-udp-1434", "MBAM SQL: SQL Server Browser (UDP 1434)", "UDP", 1434, clients},
		}},
		{"partner of an existing pair on a port of its own", func(f *Farm) { mirrorAt(f, 14330) }, []PortRule{
			{"mbamplan-contoso-tcp-14330", "MBAM SQL: SQL Server SQL1 (TCP 14330)", "TCP", 14330, clients},
			{"mbamplan-contoso-udp-1434", "MBAM SQL: SQL Server Browser (UDP 1434)", "UDP", 1434, clients},
		}},
		{"partners of an existing pair on the default port", func(f *Farm) { mirrorAt(f, 1433) }, []PortRule{
			{"mbamplan-contoso-tcp-1433", "MBAM SQL: SQL Server SQL1 (TCP 1433)", "TCP", 1433, clients},
		}},
	}
	for _, tt := range tests {
		f := sqlFarm()
		tt.change(f)
		if got := f.FirewallRules(f.Hosts[0]); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
	if got := sqlFarm().FirewallRules(sqlFarm().Hosts[2]); got != nil {
		t.Errorf("a web node: %+v, want nothing", got)
	}
}

func TestInstanceFacts(t *testing.T) {
	tests := []struct {
		i                               Instance
		version, engine, agent, command string
		edition                         int
	}{
		{Instance{Version: 2008, Edition: "Standard", FQDN: "a.b", Port: 1433}, "10.50", "MSSQLSERVER", "SQLSERVERAGENT", "tcp:a.b,1433", 2},
		{Instance{Version: 2019, Edition: "Developer", Named: "MBAM", FQDN: "a.b"}, "15.0", "MSSQL$MBAM", "SQLAgent$MBAM", `a.b\MBAM`, 3},
		{Instance{Version: 2022, Edition: "Express", Named: "X", FQDN: "a.b", Port: 5000}, "16.0", "MSSQL$X", "SQLAgent$X", "tcp:a.b,5000", 4},
	}
	for _, tt := range tests {
		i := &tt.i
		if i.ProductVersion() != tt.version || i.EngineService() != tt.engine || i.AgentService() != tt.agent ||
			i.SQLCmdServer() != tt.command || i.EngineEdition() != tt.edition {
			t.Errorf("%+v: %s %s %s %s %d", tt.i, i.ProductVersion(), i.EngineService(), i.AgentService(), i.SQLCmdServer(), i.EngineEdition())
		}
	}
}

func TestClusterFacts(t *testing.T) {
	a, b := &Host{Name: "A", Windows: "2012 R2"}, &Host{Name: "B", Windows: "2019"}
	c := &Cluster{Nodes: []*Host{a, b}, NoVote: []*Host{b}}
	f := &Farm{Cluster: c}
	if c.Votes(a) != 1 || c.Votes(b) != 0 || !f.InCluster(a) || (&Farm{}).InCluster(a) {
		t.Error("votes or membership are wrong")
	}
	if a.KernelVersion() != "6.3." || b.KernelVersion() != "10.0.17763" {
		t.Errorf("kernel versions %s, %s", a.KernelVersion(), b.KernelVersion())
	}
	l := &Listener{Addresses: []netip.Prefix{
		netip.MustParsePrefix("10.1.0.50/24"), netip.MustParsePrefix("10.2.3.50/23"), netip.MustParsePrefix("10.9.0.1/32"),
	}}
	want := []string{"10.1.0.0 255.255.255.0", "10.2.2.0 255.255.254.0"}
	if got := l.ClusterNetworks(); !reflect.DeepEqual(got, want) {
		t.Errorf("networks %q, want %q", got, want)
	}
}
