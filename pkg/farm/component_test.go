package farm

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/topology"
)

func TestComponents(t *testing.T) {
	host := func(name, site string) *Host {
		return &Host{Name: name, FQDN: strings.ToLower(name) + ".x.com", Site: site, Creator: true}
	}
	build := func(hosts ...*Host) *Farm {
		return &Farm{Domain: Domain{DNS: "x.com", Zone: "x.com"}, Hosts: hosts, MBAM: MBAM{Release: "2.0"}}
	}
	kinds := func(f *Farm) string {
		var out []string
		for _, c := range f.Components() {
			if c.Kind == KindServer || c.Kind == KindSite || c.Kind == KindLink {
				out = append(out, c.ID)
			}
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		name string
		farm *Farm
		want string
	}{
		{"no site", build(host("A", ""), host("B", "")), "A B"},
		{"one site", build(host("A", "HQ")), "A site:HQ"},
		{"two sites", build(host("A", "HQ"), host("B", "DR")), "A B site:HQ site:DR link:HQ-DR"},
		{"three sites", build(host("A", "HQ"), host("B", "DR"), host("C", "X")), "A B C site:HQ site:DR site:X link:HQ link:DR link:X"},
		{"one site, and servers without", build(host("A", "HQ"), host("B", "")), "A B site:HQ link:HQ"},
		{"one site in two spellings", build(host("A", "HQ"), host("B", "hq")), "A B site:HQ"},
		{"a server without a role", build(host("A", "HQ"), &Host{Name: "B", Site: "DR"}), "A site:HQ"},
	} {
		if got := kinds(tt.farm); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	// Every kind that is named is listed.
	for _, c := range basicGroups().Components() {
		found := false
		for _, k := range ComponentKinds() {
			found = found || k == c.Kind
		}
		if !found || c.ID == "" || c.Title == "" {
			t.Errorf("%+v", c)
		}
	}
}

func TestComponentAvailability(t *testing.T) {
	f := &Farm{Figures: []topology.Figure{{Name: "server", Percent: "90"}, {Name: "sql1", Percent: "99.5"}, {Name: "name:m.x.com", Percent: "98"}, {Name: "m.x.com", Percent: "97"}}}
	for _, tt := range []struct {
		c    Component
		want float64
		ok   bool
	}{
		{Component{ID: "SQL1", Name: "SQL1", Kind: KindServer}, 0.995, true},
		{Component{ID: "SQL2", Name: "SQL2", Kind: KindServer}, 0.9, true},
		{Component{ID: "name:m.x.com", Name: "m.x.com", Kind: KindName}, 0.98, true},
		{Component{ID: "certificate:web", Name: "m.x.com", Kind: KindCertificate}, 0.97, true},
		{Component{ID: "dns", Name: "x.com", Kind: KindDNS}, 0, false},
	} {
		if got, ok := f.Availability(tt.c); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %v %t, want %v %t", tt.c.ID, got, ok, tt.want, tt.ok)
		}
	}
}

func TestURLHost(t *testing.T) {
	a, b := &Host{Name: "RPT1", FQDN: "rpt1.x.com"}, &Host{Name: "RPT2", FQDN: "rpt2.x.com"}
	for _, tt := range []struct {
		url  string
		want *Host
	}{{"https://rpt2.x.com/ReportServer", b}, {"http://RPT1/ReportServer", a}, {"https://reports.x.com/ReportServer", nil}, {"::", nil}} {
		if got := (&Reporting{Hosts: []*Host{a, b}, URL: tt.url}).URLHost(); got != tt.want {
			t.Errorf("%s: %v", tt.url, got)
		}
	}
}

func TestFind(t *testing.T) {
	list := []Component{
		{ID: "WITNESS", Name: "WITNESS", Kind: KindServer},
		{ID: "site:HQ", Name: "HQ", Kind: KindSite},
		{ID: "witness:CLU", Name: `\\fs\w`, Kind: KindWitness},
		{ID: "dns:x.com", Name: "x.com", Kind: KindDNS},
		{ID: "directory:x.com", Name: "x.com", Kind: KindDirectory},
	}
	for _, tt := range []struct{ name, want string }{
		{"witness", "WITNESS"}, // a server's name comes before a kind
		{"WITNESS:clu", "witness:CLU"},
		{"hq", "site:HQ"},
		{"dns", "dns:x.com"},
		{"x.com", "dns:x.com directory:x.com"},
		{"y", ""},
	} {
		var got []string
		for _, c := range Find(list, tt.name) {
			got = append(got, c.ID)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}
