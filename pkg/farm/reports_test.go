package farm

import "testing"

func TestReportServer(t *testing.T) {
	for _, tt := range []struct {
		version  int
		instance string
		url      string
		service  string
		port     int // 0 when the URL is refused
		tls      bool
	}{
		{2008, "MSSQLSERVER", "http://rpt1.contoso.com/ReportServer", "ReportServer", 80, false},
		{2016, "mssqlserver", "https://rpt1.contoso.com/ReportServer", "ReportServer", 443, true},
		{2016, "MBAM", "https://rpt1.contoso.com:8443/ReportServer_MBAM", "ReportServer$MBAM", 8443, true},
		{2017, "SSRS", "HTTPS://rpt1.contoso.com/ReportServer", "SQLServerReportingServices", 443, true},
		{2019, "SSRS", "http://rpt1.contoso.com:8080/ReportServer", "SQLServerReportingServices", 8080, false},
		{2022, "SSRS", "https://rpt1.contoso.com:70000/ReportServer", "SQLServerReportingServices", 0, true},
		{2022, "SSRS", "https://rpt1.contoso.com:https/ReportServer", "SQLServerReportingServices", 0, true},
	} {
		r := &Reporting{Version: tt.version, Instance: tt.instance, URL: tt.url}
		if got := r.Service(); got != tt.service {
			t.Errorf("%d %s: service %s, want %s", tt.version, tt.instance, got, tt.service)
		}
		if r.TLS() != tt.tls {
			t.Errorf("%s: TLS %v", tt.url, r.TLS())
		}
		port, err := r.Port()
		if port != tt.port || (err != nil) != (tt.port == 0) {
			t.Errorf("%s: port %d, %v, want %d", tt.url, port, err, tt.port)
		}
		if rule, err := r.FirewallRule(); (err != nil) != (tt.port == 0) || tt.port == 8443 && rule != "mbamplan-reports-tcp-8443" {
			t.Errorf("%s: rule %q, %v", tt.url, rule, err)
		}
	}
}

func TestEstablished(t *testing.T) {
	node := func(existing bool) *Node { return &Node{Existing: existing} }
	for _, tt := range []struct {
		name         string
		host         Host
		all, onlyWeb bool
	}{
		{"new node", Host{Nodes: []*Node{node(false)}}, false, false},
		{"one of two web farms is new", Host{Nodes: []*Node{node(true), node(false)}}, false, false},
		{"existing node", Host{Nodes: []*Node{node(true)}}, true, true},
		{"existing node with new reports", Host{Nodes: []*Node{node(true)}, Reporting: &Reporting{}}, false, true},
		{"existing reports", Host{Reporting: &Reporting{Existing: true}}, true, false},
		{"existing node that creates the databases", Host{Nodes: []*Node{node(true)}, Creator: true}, false, true},
	} {
		if got := tt.host.Established(); got != tt.all {
			t.Errorf("%s: Established %v", tt.name, got)
		}
		if got := tt.host.EstablishedNodes(); got != tt.onlyWeb {
			t.Errorf("%s: EstablishedNodes %v", tt.name, got)
		}
	}
}

func TestServerSoftware(t *testing.T) {
	for _, tt := range []struct {
		m     MBAM
		base  string
		patch bool
	}{
		{MBAM{Release: "2.5 SP1", Update: `\\fs1\mbam\MBAM2.5-Server-KB4586232.exe`}, "2.5.1100.0", false},
		{MBAM{Release: "2.5", Update: `D:\MBAM2.5-Server.MSP`}, "", true},
		{MBAM{Release: "2.5 SP1"}, "2.5.1100.0", false},
	} {
		if tt.m.Base() != tt.base || tt.m.Patch() != tt.patch {
			t.Errorf("%+v: base %q, patch %v", tt.m, tt.m.Base(), tt.m.Patch())
		}
	}
}
