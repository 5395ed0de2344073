package farm

import (
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/topology"
)

func TestWindowsFeatures(t *testing.T) {
	tests := []struct {
		windows string
		core    bool
		has     []string
		hasNot  []string
		count   int
	}{
		{"2008 R2", false, []string{"Web-Asp-Net", "Web-Net-Ext", "NET-HTTP-Activation", "NET-Non-HTTP-Activ", "Web-Mgmt-Console"}, []string{"Web-Asp-Net45", "NET-WCF-HTTP-Activation45"}, 18},
		{"2012", false, []string{"Web-Asp-Net45", "NET-WCF-TCP-Activation45", "NET-Non-HTTP-Activ"}, []string{"Web-Asp-Net", "NET-HTTP-Activation"}, 21},
		{"2012 R2", true, []string{"NET-Non-HTTP-Activ"}, []string{"Web-Mgmt-Console"}, 20},
		{"2016", false, []string{"Web-Scripting-Tools", "WAS-Config-APIs", "NET-Framework-45-ASPNET"}, []string{"NET-Non-HTTP-Activ"}, 20},
		{"2019", true, []string{"Web-Windows-Auth", "Web-Filtering"}, []string{"Web-Mgmt-Console", "NET-Non-HTTP-Activ"}, 19},
	}
	for _, tt := range tests {
		t.Run(tt.windows, func(t *testing.T) {
			got := (&Host{Windows: tt.windows, Core: tt.core}).WindowsFeatures()
			if len(got) != tt.count {
				t.Errorf("%d features, want %d: %v", len(got), tt.count, got)
			}
			if sorted := slices.Clone(got); len(slices.Compact(slices.Sorted(slices.Values(sorted)))) != len(got) {
				t.Errorf("a feature is named twice: %v", got)
			}
			for _, f := range tt.has {
				if !slices.Contains(got, f) {
					t.Errorf("lacks %s: %v", f, got)
				}
			}
			for _, f := range tt.hasNot {
				if slices.Contains(got, f) {
					t.Errorf("has %s: %v", f, got)
				}
			}
		})
	}
}

func TestNodeNames(t *testing.T) {
	w := &Web{Port: 8443, Nodes: []*Node{{Host: &Host{Name: "WEB1", FQDN: "web1.contoso.com"}}, {Host: &Host{Name: "WEB2", FQDN: "web2.fabrikam.com"}}}}
	if got, want := strings.Join(w.NodeNames(), " "), "web1.contoso.com web2.fabrikam.com"; got != want {
		t.Errorf("NodeNames = %s, want %s", got, want)
	}
	if got, want := strings.Join(w.ShortNodeNames(), " "), "WEB1 WEB2"; got != want {
		t.Errorf("ShortNodeNames = %s, want %s", got, want)
	}
	if got, want := w.FirewallRule(), "mbamplan-web-tcp-8443"; got != want {
		t.Errorf("FirewallRule = %s, want %s", got, want)
	}
}

func TestApplications(t *testing.T) {
	all := Web{Agent: true, Admin: true, SelfService: true, HelpDeskDir: "HelpDesk", PortalDir: "/Self Service"}
	tests := []struct {
		name string
		web  Web
		cm   bool
		want []string
	}{
		{"all three", all, false, []string{"/HelpDesk/", "/MBAMAdministrationService/AdministrationService.svc", "/Self Service/", "/MBAMRecoveryAndHardwareService/CoreService.svc", "/MBAMComplianceStatusService/StatusReportingService.svc"}},
		{"Configuration Manager", all, true, []string{"/HelpDesk/", "/MBAMAdministrationService/AdministrationService.svc", "/Self Service/", "/MBAMRecoveryAndHardwareService/CoreService.svc"}},
		{"services only", Web{Agent: true}, false, []string{"/MBAMRecoveryAndHardwareService/CoreService.svc", "/MBAMComplianceStatusService/StatusReportingService.svc"}},
		{"self-service only", Web{SelfService: true, PortalDir: "SelfService"}, false, []string{"/SelfService/"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &Farm{MBAM: MBAM{CM: tt.cm}}
			var got []string
			for _, a := range f.Applications(&tt.web) {
				got = append(got, a.URLPath())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if n := len(f.ApplicationPaths(&tt.web)); n != len(tt.want) {
				t.Errorf("%d paths for %d applications", n, len(tt.want))
			}
		})
	}
}

func webFarm() (*Farm, *Node) {
	place := &Placement{Kind: "standalone", Instance: sqlInstance("SQL1", "sql1.contoso.com", 1433, 2019)}
	account := func(name string) Account { return Account{Domain: "CONTOSO", Name: name} }
	migration := account("Data Migration")
	f := &Farm{
		MBAM: MBAM{Release: "2.5 SP1"}, Pool: account("svc-mbam-pool"), AdvancedHelpdesk: account("Adv"), Helpdesk: account("Help"),
		ReportUsers: account("O'Brien’s Readers"), DataMigration: &migration,
		Compliance: &Database{Key: "compliance", Name: "MBAM Compliance Status", Placement: place},
		Recovery:   &Database{Key: "recovery", Name: "MBAM Recovery and Hardware", Placement: place},
		Reporting:  &Reporting{URL: "https://rpt1.contoso.com/ReportServer"},
	}
	w := &Web{
		Name: "web", Host: "mbam.contoso.com", Agent: true, Admin: true, SelfService: true, Port: 443, TLS: true, InstallPath: `C:\inetpub`,
		HelpDeskDir: "HelpDesk", PortalDir: "SelfService", TPMReset: true,
		Portal: topology.Portal{Company: "Contoso IT", HelpdeskText: "Call us", HelpdeskURL: "https://help.contoso.com", NoNotice: true, NoticeFile: `D:\Notice.txt`},
	}
	n := &Node{Web: w, Host: &Host{Name: "WEB1", FQDN: "web1.contoso.com"}, Thumbprint: strings.Repeat("AB", 20)}
	w.Nodes = []*Node{n}
	f.Webs = []*Web{w}
	return f, n
}

func entries(list []WebParameter) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Name+" = "+p.Value.String())
	}
	return strings.Join(out, "\n")
}

const commonCall = `HostName = 'mbam.contoso.com'
Port = 443
InstallationPath = 'C:\inetpub'
ComplianceAndAuditDBConnectionString = 'Data Source=sql1.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI'
RecoveryDBConnectionString = 'Data Source=sql1.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI'
`

const (
	credentialGiven = "WebServiceApplicationPoolCredential = $credential\n"
	poolShown       = "WebServiceApplicationPoolUser = 'CONTOSO\\svc-mbam-pool'"
	thumbprintShown = "\nCertificateThumbprint = 'ABABABABABABABABABABABABABABABABABABABAB'"
)

func TestWebFeatures(t *testing.T) {
	type method func(*Farm, *Node) (*WebFeature, error)
	agent, admin, portal := (*Farm).AgentService, (*Farm).AdministrationPortal, (*Farm).SelfServicePortal
	const groups = `VirtualDirectory = 'HelpDesk'
ReportUrl = 'https://rpt1.contoso.com/ReportServer'
AdvancedHelpdeskAccessGroup = 'CONTOSO\Adv'
HelpdeskAccessGroup = 'CONTOSO\Help'
ReportsReadOnlyAccessGroup = 'CONTOSO\O''Brien’’s Readers'`
	tests := []struct {
		name        string
		change      func(*Farm, *Web)
		call        method
		parameters  string
		state       string
		withoutCall bool
	}{
		{
			name: "agent service", call: agent,
			parameters: commonCall + credentialGiven + "Certificate = $certificate\nTpmLockoutAutoReset = $true\nDataMigrationAccessGroup = 'CONTOSO\\Data Migration'",
			state:      commonCall + poolShown,
		},
		{
			name: "agent service of 2.5", call: agent, change: func(f *Farm, _ *Web) { f.MBAM.Release = "2.5" },
			parameters: commonCall + credentialGiven + "Certificate = $certificate",
			state:      commonCall + poolShown,
		},
		{
			name: "agent service with Configuration Manager, no TLS", call: agent,
			change: func(f *Farm, w *Web) {
				f.MBAM.CM, w.TLS, w.TPMReset, f.DataMigration = true, false, false, nil
			},
			parameters: commonCall + credentialGiven + "CMIntegrationMode = $true",
			state:      commonCall + poolShown + "\nCMIntegrationMode = $true",
		},
		{name: "no agent service", call: agent, change: func(_ *Farm, w *Web) { w.Agent = false }, withoutCall: true},
		{
			name: "administration portal", call: admin,
			parameters: commonCall + credentialGiven + "Certificate = $certificate\n" + groups,
			state:      commonCall + poolShown + thumbprintShown + "\n" + groups,
		},
		{name: "no administration portal", call: admin, change: func(f *Farm, w *Web) { w.Admin, f.Reporting = false, nil }, withoutCall: true},
		{
			name: "self-service portal", call: portal,
			parameters: commonCall + credentialGiven + "Certificate = $certificate\nVirtualDirectory = 'SelfService'\nCompanyName = 'Contoso IT'\nHelpdeskUrlText = 'Call us'\nHelpdeskUrl = 'https://help.contoso.com'\nDisableNoticePage = $true\nNoticeTextPath = 'D:\\Notice.txt'",
			state:      commonCall + poolShown + thumbprintShown + "\nVirtualDirectory = 'SelfService'",
		},
		{
			name: "self-service portal without texts, Configuration Manager", call: portal,
			change:     func(f *Farm, w *Web) { f.MBAM.CM, w.Portal = true, topology.Portal{} },
			parameters: commonCall + credentialGiven + "Certificate = $certificate\nVirtualDirectory = 'SelfService'",
			state:      commonCall + poolShown + thumbprintShown + "\nVirtualDirectory = 'SelfService'",
		},
		{
			name: "self-service portal of 2.5", call: portal, change: func(f *Farm, _ *Web) { f.MBAM.Release = "2.5" },
			parameters: commonCall + credentialGiven + "Certificate = $certificate\nVirtualDirectory = 'SelfService'",
			state:      commonCall + poolShown + thumbprintShown + "\nVirtualDirectory = 'SelfService'",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, n := webFarm()
			if tt.change != nil {
				tt.change(f, n.Web)
			}
			got, err := tt.call(f, n)
			if err != nil {
				t.Fatal(err)
			}
			if tt.withoutCall {
				if got != nil {
					t.Fatalf("a call for a feature that the farm does not have: %v", got)
				}
				return
			}
			if p := entries(got.Parameters); p != tt.parameters {
				t.Errorf("parameters:\n%s\nwant:\n%s", p, tt.parameters)
			}
			if s := entries(got.State); s != tt.state {
				t.Errorf("state:\n%s\nwant:\n%s", s, tt.state)
			}
		})
	}
}

func TestWebFeatureRefused(t *testing.T) {
	f, n := webFarm()
	f.Reporting = nil
	if c, err := f.AdministrationPortal(n); err == nil {
		t.Errorf("a call without -ReportUrl: %v", c)
	}
	f, n = webFarm()
	n.Web.Portal.Company = "two\nlines"
	if c, err := f.SelfServicePortal(n); err == nil || !strings.Contains(err.Error(), "CompanyName") {
		t.Errorf("a line break went into a literal: %v, %v", c, err)
	}
	f, n = webFarm()
	f.Recovery.Name = "a\x00b"
	if c, err := f.AgentService(n); err == nil {
		t.Errorf("NUL went into a connection string: %v", c)
	}
}

func TestWebFeaturesOfFarm(t *testing.T) {
	f, n := webFarm()
	n.Web.Admin = false
	got, err := f.WebFeatures(n)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got {
		names = append(names, c.Name+" /"+c.Path)
	}
	if want := []string{"AgentService /MBAMRecoveryAndHardwareService", "SelfServicePortal /SelfService"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	n.Web.Admin, f.Reporting = true, nil
	if _, err := f.WebFeatures(n); err == nil {
		t.Error("the refusal of one feature was lost")
	}
}
