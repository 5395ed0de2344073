package farm

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// balanced builds a farm of two nodes behind a balancer; WEB2 has no planned address.
func balanced(kind string) (*Farm, *Web) {
	w := &Web{
		Name: "web", Host: "mbam.contoso.com", Port: 443, TLS: true, Agent: true, Admin: true, SelfService: true,
		HelpDeskDir: "HelpDesk", PortalDir: "SelfService",
		Balancer: &Balancer{Kind: kind, Address: netip.MustParseAddr("10.1.0.60"), Subnet: netip.MustParsePrefix("10.1.0.0/24"), Mode: "multicast", Persist: 60},
	}
	hosts := []*Host{
		{Name: "WEB1", FQDN: "web1.contoso.com", Windows: "2019", Address: netip.MustParseAddr("10.1.0.31")},
		{Name: "WEB2", FQDN: "web2.contoso.com", Windows: "2019"},
	}
	for i, h := range hosts {
		w.Nodes = append(w.Nodes, &Node{Web: w, Host: h, Thumbprint: "9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D", Interface: "Ethernet", Priority: i + 1, First: i == 0})
	}
	f := &Farm{Webs: []*Web{w}, Pool: Account{Domain: "CONTOSO", Name: "svc-mbam-pool"}}
	return f, w
}

func TestNLBMode(t *testing.T) {
	for mode, want := range map[string]string{"unicast": "Unicast", "multicast": "Multicast", "igmp": "IgmpMulticast"} {
		b := &Balancer{Kind: "nlb", Mode: mode}
		if got := b.NLBMode(); got != want {
			t.Errorf("%s: %s, want %s", mode, got, want)
		}
		if b.Unicast() != (mode == "unicast") {
			t.Errorf("%s: Unicast() = %v", mode, b.Unicast())
		}
	}
	if (&Balancer{Kind: "haproxy", Mode: "unicast"}).Unicast() || (*Balancer)(nil).Unicast() {
		t.Error("only NLB has an operation mode")
	}
}

func TestBalancerTitle(t *testing.T) {
	for _, tt := range []struct {
		b    Balancer
		want string
	}{
		{Balancer{Kind: "external", Product: "F5 BIG-IP"}, "F5 BIG-IP"},
		{Balancer{Kind: "external"}, "the load balancer"},
		{Balancer{Kind: "haproxy"}, "HAProxy"},
		{Balancer{Kind: "nlb"}, "Windows Network Load Balancing"},
	} {
		if got := tt.b.Title(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.b, got, tt.want)
		}
	}
}

func TestNLBFeatures(t *testing.T) {
	for _, tt := range []struct {
		host  Host
		want  []string
		tasks bool
	}{
		{Host{Windows: "2008 R2"}, []string{"NLB", "RSAT-NLB"}, false},
		{Host{Windows: "2012"}, []string{"NLB", "RSAT-NLB"}, true},
		{Host{Windows: "2019", Core: true}, []string{"NLB"}, true},
	} {
		if got := tt.host.NLBFeatures(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s core %v: %v, want %v", tt.host.Windows, tt.host.Core, got, tt.want)
		}
		if got := tt.host.ScheduledTasks(); got != tt.tasks {
			t.Errorf("%s: ScheduledTasks() = %v", tt.host.Windows, got)
		}
	}
}

func TestJoiningNodes(t *testing.T) {
	for _, tt := range []struct {
		name         string
		kind         string
		existing     bool
		nodeExisting bool
		want         []string
	}{
		{"new cluster", "nlb", false, false, []string{"WEB2", "WEB3"}},
		{"new cluster, WEB3 has MBAM already", "nlb", false, true, []string{"WEB2", "WEB3"}},
		{"existing cluster, new nodes", "nlb", true, false, []string{"WEB2", "WEB3"}},
		{"existing cluster, WEB3 is in it", "nlb", true, true, []string{"WEB2"}},
		{"another balancer", "haproxy", false, false, nil},
	} {
		_, w := balanced(tt.kind)
		w.Balancer.Existing = tt.existing
		w.Nodes = append(w.Nodes, &Node{Web: w, Host: &Host{Name: "WEB3"}, Existing: tt.nodeExisting})
		var got []string
		for _, n := range w.JoiningNodes() {
			got = append(got, n.Host.Name)
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	_, w := balanced("nlb")
	if !w.Nodes[0].Joins() {
		t.Error("the first node of a new cluster is brought into it")
	}
	if got := w.Nodes[1].PeerNames(); !reflect.DeepEqual(got, []string{"web1.contoso.com"}) {
		t.Errorf("peers of WEB2: %v", got)
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Farm, *Web)
		want   string
	}{
		{"help desk", func(*Farm, *Web) {}, "/HelpDesk/"},
		{"own directory", func(_ *Farm, w *Web) { w.HelpDeskDir = "/Help & Desk#1/" }, "/Help%20&%20Desk%231/"},
		{"portal only", func(_ *Farm, w *Web) { w.Admin, w.Agent = false, false }, "/SelfService/"},
		{"services only", func(_ *Farm, w *Web) { w.Admin, w.SelfService = false, false }, "/MBAMRecoveryAndHardwareService/CoreService.svc"},
		{"nothing", func(_ *Farm, w *Web) { w.Admin, w.SelfService, w.Agent = false, false, false }, "/"},
	} {
		f, w := balanced("external")
		tt.change(f, w)
		p := f.Probe(w)
		if p.Path != tt.want || strings.ContainsAny(p.Path, " \r\n#") {
			t.Errorf("%s: %q, want %q", tt.name, p.Path, tt.want)
		}
		if got, want := p.StatusList(), "200, 401 or 403"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, want := p.StatusPattern(), "^(200|401|403)$"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (Probe{Status: []int{401}}).StatusList(); got != "401" {
		t.Errorf("one answer: %q", got)
	}
}

func TestListenAddress(t *testing.T) {
	_, w := balanced("haproxy")
	for bind, want := range map[string]string{"": "10.1.0.60:443", "*": "*:443", "10.9.9.9": "10.9.9.9:443", "10.9.9.9:8443": "10.9.9.9:8443"} {
		w.Balancer.Bind = bind
		if got := w.ListenAddress(); got != want {
			t.Errorf("bind %q: %s, want %s", bind, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	_, w := balanced("haproxy")
	for i, want := range []string{"10.1.0.31:443", "web2.contoso.com:443"} {
		if got := w.Nodes[i].Target(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got := w.Nodes[i].Resolved(); got != (i == 1) {
			t.Errorf("%s: Resolved() = %v", want, got)
		}
	}
	if !w.Resolves() {
		t.Error("WEB2 has to be resolved")
	}
	w.Nodes = w.Nodes[:1]
	if w.Resolves() {
		t.Error("WEB1 has an address")
	}
}

func TestThumbprints(t *testing.T) {
	_, w := balanced("haproxy")
	w.Nodes[1].Thumbprint = strings.ToLower(w.Nodes[0].Thumbprint)
	if got := w.Thumbprints(); len(got) != 1 || got[0] != w.Nodes[0].Thumbprint {
		t.Errorf("one certificate on both nodes: %v", got)
	}
	w.Nodes[1].Thumbprint = "1111F2B7C0D94E5586C1F0A9D37E42B8C6510E2D"
	if got := w.Thumbprints(); len(got) != 2 {
		t.Errorf("one certificate for each node: %v", got)
	}
	w.Nodes[0].Thumbprint = ""
	if got := w.Thumbprints(); len(got) != 1 || got[0] != w.Nodes[1].Thumbprint {
		t.Errorf("a node without a certificate: %v", got)
	}
}

func TestBalancerRequirements(t *testing.T) {
	f, w := balanced("external")
	value := func(field string) string {
		for _, r := range f.BalancerRequirements(w) {
			if r.Field == field {
				return r.Value
			}
		}
		return ""
	}
	for field, want := range map[string]string{
		"Virtual address": "10.1.0.60",
		"DNS":             "A record mbam.contoso.com, never an alias (CNAME)",
		"Listener":        "TCP 443, layer 4 pass-through to TCP 443 of the nodes",
		"Nodes":           "WEB1 10.1.0.31:443; WEB2 web2.contoso.com:443",
		"Host header":     "mbam.contoso.com, unchanged",
		"Persistence":     "source address, 60 minutes",
		"Health probe":    "HTTPS GET /HelpDesk/ with Host mbam.contoso.com and the same server name (SNI); alive: 200, 401 or 403",
		"TLS":             "ends on the nodes, not on the balancer",
	} {
		if got := value(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	w.TLS, w.Port = false, 80
	if got, want := value("Health probe"), "HTTP GET /HelpDesk/ with Host mbam.contoso.com; alive: 200, 401 or 403"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := value("TLS"); got != "" {
		t.Errorf("a farm without TLS has a row on it: %q", got)
	}
	for _, r := range f.BalancerRequirements(w) {
		if r.Field == "" || r.Value == "" || r.Reason == "" {
			t.Errorf("incomplete row: %+v", r)
		}
	}
}

func TestDatabaseHosts(t *testing.T) {
	sql1, sql2 := &Instance{Name: "SQL1", FQDN: "sql1.contoso.com"}, &Instance{Name: "SQL2", FQDN: "sql2.contoso.com"}
	group := &Placement{Kind: "availabilityGroup", Replicas: []*Replica{{Instance: sql1}, {Instance: sql2}}, Listener: &Listener{FQDN: "mbam-sql.contoso.com"}}
	bare := &Placement{Kind: "availabilityGroup", Replicas: []*Replica{{Instance: sql2}}}
	pair := &Placement{Kind: "mirroring", Principal: sql1, Mirror: sql2}
	one := &Placement{Kind: "standalone", Instance: sql1}
	tests := []struct {
		compliance, recovery *Placement
		want                 []string
	}{
		{group, group, []string{"mbam-sql.contoso.com"}},
		{bare, group, []string{"sql2.contoso.com", "mbam-sql.contoso.com"}},
		{pair, one, []string{"sql1.contoso.com", "sql2.contoso.com"}},
	}
	for _, tt := range tests {
		f := &Farm{Compliance: &Database{Key: "compliance", Placement: tt.compliance}, Recovery: &Database{Key: "recovery", Placement: tt.recovery}}
		if got := f.DatabaseHosts(); !slices.Equal(got, tt.want) {
			t.Errorf("%s and %s: %q, want %q", tt.compliance.Kind, tt.recovery.Kind, got, tt.want)
		}
	}
}
