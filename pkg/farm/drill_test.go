package farm

import (
	"strings"
	"testing"
)

func TestPlannedTargets(t *testing.T) {
	for _, tt := range []struct {
		name string
		sync []bool
		want string
	}{
		{"two synchronous", []bool{true, true}, "S0 S1"},
		{"and a disaster recovery site", []bool{true, true, false}, "S0 S1"},
		{"only one synchronous", []bool{true, false}, ""},
		{"asynchronous primary", []bool{false, true, true}, "S1 S2"},
		{"one replica", []bool{true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &Placement{Kind: "availabilityGroup"}
			for i, s := range tt.sync {
				p.Replicas = append(p.Replicas, &Replica{Group: p, Synchronous: s, Instance: &Instance{Name: "S" + string(rune('0'+i))}})
			}
			var got []string
			for _, r := range p.PlannedTargets() {
				got = append(got, r.Instance.Name)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("PlannedTargets = %q, want %q", s, tt.want)
			}
		})
	}
}

func TestTestCopy(t *testing.T) {
	for _, tt := range []struct{ farm, key, name, file string }{
		{"contoso-mbam", "recovery", "restore test contoso-mbam recovery", "restore-test-contoso-mbam-recovery"},
		{"a]b'c", "compliance", "restore test a-b-c compliance", "restore-test-a-b-c-compliance"},
		{strings.Repeat("x", 200), "compliance", "restore test " + strings.Repeat("x", 100) + " compliance", "restore-test-" + strings.Repeat("x", 100) + "-compliance"},
	} {
		f, d := &Farm{Name: tt.farm}, &Database{Key: tt.key}
		if got := f.TestCopy(d); got != tt.name || len(got) > 128 {
			t.Errorf("TestCopy = %q (%d), want %q", got, len(got), tt.name)
		}
		if got := f.TestFile(d); got != tt.file {
			t.Errorf("TestFile = %q, want %q", got, tt.file)
		}
	}
}

func TestAgentWeb(t *testing.T) {
	portals := &Web{Name: "portals", Host: "portal.contoso.com", TLS: true, Port: 443}
	agents := &Web{Name: "agents", Host: "mbam.contoso.com", TLS: true, Port: 443, Agent: true}
	for _, tt := range []struct {
		name             string
		farm             *Farm
		recovery, status string
	}{
		{"nothing", &Farm{}, "", ""},
		{"portals only", &Farm{Webs: []*Web{portals}}, "", ""},
		{"without a policy", &Farm{Webs: []*Web{portals, agents}}, "https://mbam.contoso.com/MBAMRecoveryAndHardwareService/CoreService.svc", "https://mbam.contoso.com/MBAMComplianceStatusService/StatusReportingService.svc"},
		{"Configuration Manager", &Farm{MBAM: MBAM{CM: true}, Clients: &Clients{Web: agents}}, "https://mbam.contoso.com/MBAMRecoveryAndHardwareService/CoreService.svc", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.farm.ClientRecovery(); got != tt.recovery {
				t.Errorf("ClientRecovery = %q, want %q", got, tt.recovery)
			}
			if got := tt.farm.ClientStatus(); got != tt.status {
				t.Errorf("ClientStatus = %q, want %q", got, tt.status)
			}
		})
	}
}

func TestRedundant(t *testing.T) {
	one := &Instance{Nodes: []*Host{{}}}
	clustered := &Instance{Nodes: []*Host{{}, {}}}
	for _, tt := range []struct {
		name string
		p    *Placement
		want bool
	}{
		{"stand-alone", &Placement{Kind: "standalone", Instance: one}, false},
		{"failover cluster instance", &Placement{Kind: "fci", Instance: clustered}, true},
		{"cluster of one node", &Placement{Kind: "fci", Instance: one}, false},
		{"mirrored", &Placement{Kind: "mirroring", Principal: one, Mirror: one}, true},
		{"group of one", &Placement{Kind: "availabilityGroup", Replicas: []*Replica{{Instance: one}}}, false},
		{"group of two", &Placement{Kind: "availabilityGroup", Replicas: []*Replica{{Instance: one}, {Instance: one}}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.p.Redundant(); got != tt.want {
				t.Errorf("Redundant = %t, want %t", got, tt.want)
			}
			f := &Farm{Compliance: &Database{Placement: &Placement{Kind: "standalone", Instance: one}}, Recovery: &Database{Placement: tt.p}}
			if got := f.RedundantDatabases(); got != tt.want {
				t.Errorf("RedundantDatabases = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestNoticesSite(t *testing.T) {
	for _, tt := range []struct {
		name     string
		balancer *Balancer
		host     Host
		want     bool
	}{
		{"no balancer", nil, Host{Windows: "2019"}, false},
		{"HAProxy", &Balancer{Kind: "haproxy"}, Host{Windows: "2019", Core: true}, true},
		{"external", &Balancer{Kind: "external"}, Host{Windows: "2008 R2"}, true},
		{"NLB with the watch", &Balancer{Kind: "nlb", Watch: true}, Host{Windows: "2012 R2"}, true},
		{"NLB without", &Balancer{Kind: "nlb"}, Host{Windows: "2019"}, false},
		{"NLB that exists", &Balancer{Kind: "nlb", Watch: true, Existing: true}, Host{Windows: "2019"}, false},
		{"NLB on Server Core", &Balancer{Kind: "nlb", Watch: true}, Host{Windows: "2019", Core: true}, false},
		{"NLB on Windows Server 2008 R2", &Balancer{Kind: "nlb", Watch: true}, Host{Windows: "2008 R2"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := &Node{Web: &Web{Balancer: tt.balancer}, Host: &tt.host}
			if got := n.NoticesSite(); got != tt.want {
				t.Errorf("NoticesSite = %t, want %t", got, tt.want)
			}
		})
	}
}
