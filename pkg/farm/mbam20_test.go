package farm_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// tailspin reads the example of MBAM 2.0 with changes: pairs of old and new text.
func tailspin(t *testing.T, pairs ...string) *farm.Farm {
	t.Helper()
	data, err := os.ReadFile("../../examples/mbam20-two-servers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q does not occur", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	_, f, found := compile.Topology("test.yaml", []byte(text))
	if f == nil {
		t.Fatal(found)
	}
	return f
}

// spread puts each feature on a server of its own.
var spread = []string{
	"  MBAMDB: {address: 10.20.0.11/24}\n", "  WEB:\n  SSP:\n  RPT:\n  COMP:\n  KEYS:\n  MBAMDB:\n",
	"  MBAMDB:\n\nplacements:\n  databases: {kind: standalone, instance: MBAMDB}\n", "  KEYS:\n  COMP\\MBAM: {nodes: COMP, port: 14330}\n\nplacements:\n  databases: {kind: standalone, instance: COMP\\MBAM}\n  keys: {kind: standalone, instance: KEYS}\n",
	"  recovery: databases", "  recovery: keys",
	"reports: {hosts: MBAMDB, url: \"http://mbamdb.tailspin.com/ReportServer\"}", "reports: {hosts: RPT, instance: MBAM, url: \"http://rpt.tailspin.com/ReportServer_MBAM\"}",
	"    - host: mbamweb.tailspin.com           # the server's own name: setup takes no other\n      nodes: MBAMWEB\n", "    - host: ssp.tailspin.com\n      nodes: SSP\n      features: selfServicePortal\n      port: 8080\n      acceptHTTP: true\n    - host: web.tailspin.com\n      nodes: WEB\n      features: [agentService, administrationPortal]\n",
}

func TestSetupServers(t *testing.T) {
	type server struct{ name, stage, arguments string }
	const web = `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=SelfServiceServer,AdministrationMonitoringServer,PolicyTemplate RECOVERYANDHWDB_SQLINSTANCE=MBAMDB COMPLIDB_SQLINSTANCE=MBAMDB SRS_REPORTSITEURL=http://mbamdb.tailspin.com/ReportServer ADMINANDMON_WEBSITE_PORT=80 WEBSITE_PORT=80`
	for _, tt := range []struct {
		name  string
		edits []string
		want  []server
	}{
		{"two servers", nil, []server{
			{"MBAMDB", "database", `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=KeyDatabase,ReportsDatabase,Reports RECOVERYANDHWDB_SQLINSTANCE=MBAMDB COMPLIDB_SQLINSTANCE=MBAMDB ADMINANDMON_MACHINENAMES=TAILSPIN\MBAMWEB$ REPORTS_USERACCOUNT=TAILSPIN\svc-mbam-reports SRS_INSTANCENAME=MBAMDB`},
			{"MBAMWEB", "web", web},
		}},
		{"a server for each feature, listed in the opposite order", spread, []server{
			{"KEYS", "database", `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=KeyDatabase RECOVERYANDHWDB_SQLINSTANCE=KEYS ADMINANDMON_MACHINENAMES="TAILSPIN\SSP$;TAILSPIN\WEB$"`},
			{"COMP", "database", `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=ReportsDatabase COMPLIDB_SQLINSTANCE=COMP\MBAM ADMINANDMON_MACHINENAMES="TAILSPIN\SSP$;TAILSPIN\WEB$" REPORTS_USERACCOUNT=TAILSPIN\svc-mbam-reports`},
			{"RPT", "reports", `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=Reports COMPLIDB_SQLINSTANCE=COMP\MBAM REPORTS_USERACCOUNT=TAILSPIN\svc-mbam-reports SRS_INSTANCENAME=RPT\MBAM`},
			{"SSP", "web", `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=SelfServiceServer RECOVERYANDHWDB_SQLINSTANCE=KEYS COMPLIDB_SQLINSTANCE=COMP\MBAM WEBSITE_PORT=8080`},
			{"WEB", "web", `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=AdministrationMonitoringServer,PolicyTemplate RECOVERYANDHWDB_SQLINSTANCE=KEYS COMPLIDB_SQLINSTANCE=COMP\MBAM SRS_REPORTSITEURL=http://rpt.tailspin.com/ReportServer_MBAM ADMINANDMON_WEBSITE_PORT=80`},
		}},
		{"an account with a blank", []string{"reports: svc-mbam-reports", "reports: mbam reports"}, []server{
			{"MBAMDB", "database", `/qn TOPOLOGY=0 I_ACCEPT_ENDUSER_LICENSE_AGREEMENT=1 ADDLOCAL=KeyDatabase,ReportsDatabase,Reports RECOVERYANDHWDB_SQLINSTANCE=MBAMDB COMPLIDB_SQLINSTANCE=MBAMDB ADMINANDMON_MACHINENAMES=TAILSPIN\MBAMWEB$ REPORTS_USERACCOUNT="TAILSPIN\mbam reports" SRS_INSTANCENAME=MBAMDB`},
			{"MBAMWEB", "web", web},
		}},
	} {
		f := tailspin(t, tt.edits...)
		if len(f.SetupServers()) != len(tt.want) {
			t.Errorf("%s: %d servers, want %d", tt.name, len(f.SetupServers()), len(tt.want))
			continue
		}
		for i, s := range f.SetupServers() {
			got, err := s.Arguments()
			w := tt.want[i]
			if err != nil || s.Host.Name != w.name || s.Stage() != w.stage || s.Position != i+1 || got != w.arguments {
				t.Errorf("%s: %v\n got %d %s %s %s\nwant %d %s %s %s", tt.name, err, s.Position, s.Host.Name, s.Stage(), got, i+1, w.name, w.stage, w.arguments)
			}
			if f.Setup(s.Host) == nil {
				t.Errorf("%s: Setup(%s) is nil", tt.name, s.Host.Name)
			}
		}
	}
}

func TestSetupNeedsOfEachServer(t *testing.T) {
	f := tailspin(t, spread...)
	got := map[string][]string{}
	for _, s := range f.SetupServers() {
		var l []string
		for _, d := range s.Needed() {
			l = append(l, d.Key)
		}
		if s.NeedsReports() {
			l = append(l, "reports")
		}
		if s.Password() {
			l = append(l, "password")
		}
		for _, g := range s.LocalGroups() {
			l = append(l, g.Name+": "+strings.Join(g.Members, " "))
		}
		got[s.Host.Name] = append(l, s.ServiceURLs()...)
	}
	want := map[string][]string{
		"KEYS": {`MBAM Recovery and Hardware DB Access: TAILSPIN\SSP$ TAILSPIN\WEB$`},
		"COMP": {`MBAM Compliance Auditing DB Access: TAILSPIN\SSP$ TAILSPIN\WEB$ TAILSPIN\svc-mbam-reports`},
		"RPT":  {"compliance", "password"},
		"SSP":  {"recovery", "compliance", "http://ssp.tailspin.com:8080/SelfService/", "http://ssp.tailspin.com:8080/MBAMUserSupportService/UserSupportService.svc"},
		"WEB": {
			"recovery", "compliance", "reports", "http://web.tailspin.com/HelpDesk/default.aspx", "http://web.tailspin.com/MBAMAdministrationService/AdministrationService.svc",
			"http://web.tailspin.com/MBAMComplianceStatusService/StatusReportingService.svc", "http://web.tailspin.com/MBAMRecoveryAndHardwareService/CoreService.svc",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func TestSetupRefusesAQuotationMark(t *testing.T) {
	f := tailspin(t)
	f.ReportReader.Name = `sv"c`
	if got, err := f.SetupServers()[0].Arguments(); err == nil {
		t.Errorf("no error, but %s", got)
	}
}

func TestSetupConflict(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edits []string
		want  string
	}{
		{"two servers", nil, ""},
		{"a server for each feature", spread, ""},
		{"reports on the web server, after both databases", []string{"hosts: MBAMDB,", "hosts: MBAMWEB,"}, ""},
		{"compliance on the web server, between recovery and reports", []string{
			"  MBAMDB:\n\n", "  MBAMDB:\n  MBAMWEB:\n\n", "instance: MBAMDB}", "instance: MBAMDB}\n  web: {kind: standalone, instance: MBAMWEB}", "compliance: databases", "compliance: web",
		}, "MBAMDB MBAMWEB"},
	} {
		got := ""
		if a, b := tailspin(t, tt.edits...).SetupConflict(); a != nil {
			got = a.Host.Name + " " + b.Host.Name
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestStamp(t *testing.T) {
	balanced := []string{"      nodes: MBAMWEB\n", "      nodes: [MBAMWEB, MBAMDB]\n      balancer: {kind: external, address: 10.20.0.60/24}\n"}
	for _, tt := range []struct {
		name  string
		edits []string
		want  string
	}{
		{"supported", nil, ""},
		{"2.5 has no stamp", []string{`release: "2.0"`, "release: 2.5 SP1", "  reports: svc-mbam-reports", "  pool: svc-web\n  reports: svc-mbam-reports", "defaults:", "groups: {advancedHelpdesk: A, helpdesk: B, reports: C}\ndefaults:"}, ""},
		{"balanced", balanced, "UNSUPPORTED: MBAM 2.0 with a balanced web farm (web). "},
		{
			"mirrored and balanced", append([]string{"  MBAMDB:\n\n", "  MBAMDB:\n  MBAMWEB:\n\n", "{kind: standalone, instance: MBAMDB}", "{kind: mirroring, principal: MBAMDB, mirror: MBAMWEB}"}, balanced...),
			"UNSUPPORTED: MBAM 2.0 with database mirroring (databases), a balanced web farm (web). ",
		},
	} {
		if got := tailspin(t, tt.edits...).Stamp(); tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %q, want %q…", tt.name, got, tt.want)
		}
	}
}

func TestOutages(t *testing.T) {
	for _, tt := range []struct {
		server      string
		stops, goes []string // words of the sentences, each in one of its list
	}{
		{"KEYS", []string{"encryption does not start", "no recovery key", "Self-Service Portal"}, []string{"Compliance data stay", "Reports can be read", "not asked for anything"}},
		{"COMP", []string{"become stale", "Reports: neither", "CreateCache"}, []string{"are encrypted", "gives out recovery keys", "Users fetch"}},
		{"RPT", []string{"Reports: neither"}, []string{"are encrypted", "gives out", "stay current"}},
		{"SSP", []string{"Self-Service Portal: users cannot"}, []string{"are encrypted", "gives out", "stay current", "Reports can be read"}},
		{"WEB", []string{"encryption does not start", "no recovery key", "become stale", "Self-Service Portal: users cannot"}, []string{"Reports can be read", "open as always"}},
	} {
		for _, o := range tailspin(t, spread...).Outages() {
			if o.Server.Host.Name != tt.server {
				continue
			}
			for _, side := range []struct{ list, words []string }{{o.Stops, tt.stops}, {o.Goes, tt.goes}} {
				all := strings.Join(side.list, "\n")
				for _, w := range side.words {
					if !strings.Contains(all, w) {
						t.Errorf("%s: no %q in\n%s", tt.server, w, all)
					}
				}
			}
			if got := len(o.Stops) + len(o.Goes); got < 7 || got > 8 {
				t.Errorf("%s: %d sentences", tt.server, got)
			}
		}
	}
}

// The keys that only 2.0 may leave out are missed as any required key.
func TestRequiredBut20(t *testing.T) {
	data, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cut, message string
		line         string
	}{
		{"  pool: svc-mbam-pool                                  # application pool; owns the service principal names\n", `required key "pool" is missing in accounts`, "accounts:"},
		{"  helpdesk: MBAM Helpdesk\n", `required key "helpdesk" is missing in groups`, "groups:"},
		{"groups:\n  advancedHelpdesk: MBAM Advanced Helpdesk\n  helpdesk: MBAM Helpdesk\n  reports: MBAM Report Readers\n", `required key "groups" is missing at the top level`, ""},
	} {
		text := strings.Replace(string(data), tt.cut, "", 1)
		if text == string(data) {
			t.Fatalf("%q does not occur", tt.cut)
		}
		loaded, f, found := compile.Topology("test.yaml", []byte(text))
		if f != nil || len(found) != 1 || found[0].Code != decode.CodeMissingKey || found[0].Message != tt.message || found[0].Fix == "" {
			t.Errorf("%q: %v", tt.message, found)
			continue
		}
		if !strings.Contains(loaded.Lines[found[0].Pos.Line-1], tt.line) {
			t.Errorf("%q points at line %d", tt.message, found[0].Pos.Line)
		}
	}
}
