package farm

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// preflightFarm has two replicas, a report server, and two NLB nodes, of which the first creates the databases.
func preflightFarm() *Farm {
	host := func(name, address string) *Host {
		h := &Host{Name: name, FQDN: strings.ToLower(name) + ".contoso.com", Windows: "2019"}
		if address != "" {
			h.Address = netip.MustParseAddr(address)
		}
		return h
	}
	sql1, sql2, rpt := host("SQL1", "10.1.0.11"), host("SQL2", ""), host("RPT1", "10.1.0.21")
	web1, web2 := host("WEB1", "10.1.0.31"), host("WEB2", "10.1.0.32")
	instance := func(h *Host) *Instance {
		i := &Instance{Name: h.Name, Network: h.Name, FQDN: h.FQDN, Nodes: []*Host{h}, Port: 1433, Version: 2019, Edition: "Enterprise", Data: `e:\data`, Log: `F:\log`}
		h.Instances = []*Instance{i}
		return i
	}
	p := &Placement{Name: "MBAM-AG", Kind: "availabilityGroup"}
	for _, h := range []*Host{sql1, sql2} {
		p.Replicas = append(p.Replicas, &Replica{Group: p, Instance: instance(h), EndpointPort: 5022})
	}
	p.Listener = &Listener{Group: p, Name: "MBAM-SQL", Port: 1433}
	account := func(name string, group bool) Account { return Account{Domain: "CONTOSO", Name: name, Group: group} }
	f := &Farm{
		MBAM:   MBAM{Release: "2.5 SP1", Servicing: "2.5.1152.0", Media: `\\fs1\mbam\MbamServerSetup.exe`, MVC4: true, MVC4Media: `\\fs1\mbam\AspNetMVC4Setup.exe`},
		Domain: Domain{DNS: "contoso.com", NetBIOS: "CONTOSO"},
		Pool:   account("pool", false), ReportReader: account("reader", false), ReadWrite: account("rw", true), ReadOnly: account("reader", false),
		AdvancedHelpdesk: account("adv", true), Helpdesk: account("help", true), ReportUsers: account("users", true),
		Hosts: []*Host{sql1, sql2, rpt, web1, web2}, Instances: []*Instance{sql1.Instances[0], sql2.Instances[0]},
		Placements: []*Placement{p},
		Compliance: &Database{Key: "compliance", Placement: p}, Recovery: &Database{Key: "recovery", Placement: p},
		Creator: web1,
	}
	p.Databases = f.Databases()
	web1.Creator = true
	f.Reporting = &Reporting{Hosts: []*Host{rpt}, Version: 2019, Instance: "SSRS", URL: "https://reports.contoso.com:8443/ReportServer"}
	rpt.Reporting = f.Reporting
	w := &Web{Name: "web", Host: "mbam.contoso.com", Admin: true, Agent: true, TLS: true, Port: 443, InstallPath: `C:\inetpub`, Balancer: &Balancer{Kind: "nlb"}}
	for _, h := range []*Host{web1, web2} {
		n := &Node{Web: w, Host: h}
		w.Nodes = append(w.Nodes, n)
		h.Nodes = []*Node{n}
	}
	f.Webs = []*Web{w}
	return f
}

func TestLookupsAndWays(t *testing.T) {
	f := preflightFarm()
	for _, tt := range []struct {
		host    int
		lookups string
		ways    string
	}{
		{0, "sql1.contoso.com=10.1.0.11 sql2.contoso.com=", "sql2.contoso.com:1433 sql2.contoso.com:5022"},
		{2, "rpt1.contoso.com=10.1.0.21", ""}, // names the listener, which is not there yet
		{
			3, "web1.contoso.com=10.1.0.31 sql1.contoso.com=10.1.0.11 reports.contoso.com= web2.contoso.com=10.1.0.32",
			"sql1.contoso.com:1433 reports.contoso.com:8443",
		},
	} {
		h := f.Hosts[tt.host]
		var lookups, ways []string
		for _, l := range f.Lookups(h) {
			lookups = append(lookups, l.Name+"="+l.Address)
		}
		for _, w := range f.Ways(h) {
			ways = append(ways, w.Server+":"+strconv.Itoa(w.Port))
		}
		if got := strings.Join(lookups, " "); got != tt.lookups {
			t.Errorf("%s asks DNS for\n%s, want\n%s", h.Name, got, tt.lookups)
		}
		if got := strings.Join(ways, " "); got != tt.ways {
			t.Errorf("%s connects to\n%s, want\n%s", h.Name, got, tt.ways)
		}
	}
	// A listener that is there is a name like any other.
	f.Placements[0].Existing = true
	f.Placements[0].Listener.FQDN = "mbam-sql.contoso.com"
	if l, w := f.Lookups(f.Hosts[2]), f.Ways(f.Hosts[2]); len(l) != 2 || l[1].Name != "mbam-sql.contoso.com" || len(w) != 1 || w[0].Port != 1433 {
		t.Errorf("existing listener: %+v %+v", l, w)
	}
	// Without a listener each instance is named; a clustered one answers from an address that no host has.
	f.Placements[0].Listener = nil
	f.Instances[0].Nodes = append(f.Instances[0].Nodes, &Host{Name: "SQL9"})
	if l := f.Lookups(f.Hosts[2]); l[1].Name != "sql1.contoso.com" || l[1].Address != "" {
		t.Errorf("clustered instance: %+v", l[1])
	}
	// A dynamic port has no number to try.
	f.Instances[1].Port = 0
	if w := f.Ways(f.Hosts[0]); len(w) != 1 || w[0].Port != 5022 {
		t.Errorf("dynamic port: %+v", w)
	}
	// Only databases that are created need their primary.
	creator := &Host{Name: "TOOL1", FQDN: "tool1.contoso.com", Creator: true}
	f.Recovery.Existing = true
	f.Compliance.Placement = &Placement{Kind: "standalone", Instance: &Instance{Name: "SQL5", FQDN: "sql5.contoso.com", Nodes: []*Host{{Name: "SQL5"}}, Port: 1500}}
	if w := f.Ways(creator); len(w) != 1 || w[0].Server != "sql5.contoso.com" {
		t.Errorf("creator: %+v", w)
	}
}

func TestPorts(t *testing.T) {
	f := preflightFarm()
	for _, tt := range []struct {
		host int
		want []PortUse
	}{
		{0, []PortUse{{1433, "sqlservr", "instance SQL1"}, {5022, "sqlservr", "endpoint of SQL1"}}},
		{2, nil},
		{3, []PortUse{{443, "System", "site of mbam.contoso.com"}}},
	} {
		if got := f.Ports(f.Hosts[tt.host]); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", f.Hosts[tt.host].Name, got, tt.want)
		}
	}
	f.Placements[0].Listener.Port = 1533
	f.Hosts[3].Nodes[0].Existing = true
	if got := f.Ports(f.Hosts[0]); len(got) != 3 || got[2] != (PortUse{1533, "sqlservr", "listener MBAM-SQL"}) {
		t.Errorf("listener of another port: %+v", got)
	}
	if got := f.Ports(f.Hosts[3]); len(got) != 0 {
		t.Errorf("existing node: %+v", got)
	}
}

func TestAccountsAt(t *testing.T) {
	f := preflightFarm()
	for _, tt := range []struct {
		host int
		want string
	}{
		{0, "rw/group reader/user"},
		{2, "reader/user users/group"},
		{3, "rw/group reader/user pool/user adv/group help/group users/group"},
		{4, "pool/user adv/group help/group users/group"},
	} {
		var got []string
		for _, p := range f.AccountsAt(f.Hosts[tt.host]) {
			got = append(got, p.Name+"/"+p.Class)
			if p.Domain != "contoso.com" || p.For == "" {
				t.Errorf("%s: %+v", p.Name, p)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %s, want %s", f.Hosts[tt.host].Name, s, tt.want)
		}
	}
}

func TestSetupFilesAndFeatures(t *testing.T) {
	f := preflightFarm()
	uses := func(h *Host) string {
		var out []string
		for _, s := range f.SetupFiles(h) {
			out = append(out, s.Use)
		}
		return strings.Join(out, ", ")
	}
	if got := uses(f.Hosts[3]); got != "MBAM server software, ASP.NET MVC 4" {
		t.Errorf("new node: %s", got)
	}
	f.MBAM.Update = `\\fs1\mbam\update.exe`
	if got := uses(f.Hosts[2]); got != "MBAM server software, servicing release" {
		t.Errorf("report server: %s", got)
	}
	if got := uses(f.Hosts[0]); got != "" {
		t.Errorf("database server: %s", got)
	}
	if got := f.FeaturesOn(f.Hosts[3]); !slices.Contains(got, "Web-Server") || !slices.Contains(got, "NLB") {
		t.Errorf("features of a new NLB node: %v", got)
	}
	f.Hosts[3].Nodes[0].Existing = true
	f.Webs[0].Balancer.Existing = true
	if got := f.FeaturesOn(f.Hosts[3]); len(got) != 0 {
		t.Errorf("features of an existing node: %v", got)
	}
	f.MBAM.Release = "2.0"
	if uses(f.Hosts[4]) != "" || f.FeaturesOn(f.Hosts[4]) != nil {
		t.Error("setup of MBAM 2.0 has a preflight of its own")
	}
}

func TestVolumes(t *testing.T) {
	f := preflightFarm()
	if got := f.Volumes(f.Hosts[0]); !slices.Equal(got, []Volume{{"E:", 5120, "data files of SQL1"}, {"F:", 5120, "log files of SQL1"}}) {
		t.Errorf("%+v", got)
	}
	f.Instances[0].Log = `E:\log`
	if got := f.Volumes(f.Hosts[0]); !slices.Equal(got, []Volume{{"E:", 5120, "data files of SQL1, log files of SQL1"}}) {
		t.Errorf("one drive: %+v", got)
	}
	f.Instances[0].Nodes = f.Hosts[:2]
	if got := f.Volumes(f.Hosts[0]); got != nil {
		t.Errorf("clustered: %+v", got)
	}
	if got := f.Volumes(f.Hosts[3]); !slices.Equal(got, []Volume{{"C:", 1024, "web applications"}}) {
		t.Errorf("node: %+v", got)
	}
}

func TestRegistryOfSQLServer(t *testing.T) {
	for _, tt := range []struct {
		version     int
		edition     string
		setup, is   string
		servicePack int
		reports     string
	}{
		{2008, "Standard", "10.5", "Standard Edition", 3, "MSRS10_50."},
		{2012, "Enterprise", "11.", "Enterprise Edition", 3, "MSRS11."},
		{2014, "Developer", "12.", "Developer Edition", 1, "MSRS12."},
		{2016, "Evaluation", "13.", "Enterprise Evaluation Edition", 1, "MSRS13."},
		{2017, "Standard", "14.", "Standard Edition", 0, "SSRS"},
		{2022, "Express", "16.", "Express Edition", 0, "SSRS"},
	} {
		i := &Instance{Version: tt.version, Edition: tt.edition}
		if got := i.SetupVersion(); got != tt.setup {
			t.Errorf("%d: version %q, want %q", tt.version, got, tt.setup)
		}
		if got := i.SetupEdition(); got != tt.is {
			t.Errorf("%d: edition %q, want %q", tt.version, got, tt.is)
		}
		if got := i.ServicePack(); got != tt.servicePack {
			t.Errorf("%d: service pack %d, want %d", tt.version, got, tt.servicePack)
		}
		if r := (&Reporting{Version: tt.version}); r.InstanceKey() != tt.reports || r.SetupVersion() != tt.setup {
			t.Errorf("%d: reports %q %q, want %q %q", tt.version, r.InstanceKey(), r.SetupVersion(), tt.reports, tt.setup)
		}
	}
}

func TestWindowsInTheRegistry(t *testing.T) {
	h := &Host{Name: "WEB1", FQDN: "web1.corp.contoso.com", Windows: "2008 R2"}
	if got := h.Editions(); len(got) != 3 {
		t.Errorf("editions of 2008 R2: %v", got)
	}
	h.Windows, h.Core = "2016", true
	if got := h.Editions(); len(got) != 2 || h.InstallationType() != "Server Core" {
		t.Errorf("editions of 2016: %v, %s", got, h.InstallationType())
	}
	if h.Suffix(Domain{DNS: "contoso.com"}) || !h.Suffix(Domain{DNS: "CORP.contoso.com"}) {
		t.Error("the suffix is everything behind the first dot, without regard to case")
	}
}
