package rehearsal

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
)

// webStages are the nights of contoso-alwayson ahead of each web script, by the end of its path, and the night behind all of them. They are for
// cloning.
var webStages = struct {
	sync.Once
	ahead map[string]*Night
}{ahead: map[string]*Night{}}

// ahead is the night ahead of a web script of contoso-alwayson; "" is the night behind all of them.
func ahead(t *testing.T, path string) *Night {
	t.Helper()
	webStages.Do(func() {
		n := night(t, "contoso-alwayson.yaml")
		way(t, n, func(s Script) {
			webStages.ahead[s.Path] = n.Clone()
			if s.Item.Step.ID != "web/remove-secrets" { // the keys are wanted still
				all(t, n, []Script{s}, Options{}, 0)
			}
		})
		webStages.ahead[""] = n
	})
	n := webStages.ahead[path]
	if n == nil {
		t.Fatalf("nothing is known ahead of %q", path)
	}
	return n.Clone()
}

const (
	create650 = "web/WEB1/install/650-enable-web-applications.ps1"
	create340 = "reports/RPT1/install/340-create-databases.ps1"
	create520 = "reports/RPT1/install/520-enable-reports.ps1"
	create680 = "web/WEB1/install/680-machine-key.ps1"
)

func on(n *Night, name string) *farm.Machine { return n.Farm.Machines[name] }

func asks(name, password string, ok bool) func(*farm.Session) {
	return func(s *farm.Session) { s.Ask = func(string) (string, string, bool) { return name, password, ok } }
}

const contosoThumbprint = "9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D"

// What goes wrong while databases, reports and web features are enabled is refused with a message that names it, and nothing is half done.
func TestWebRefuses(t *testing.T) {
	config := `C:\inetpub\Microsoft BitLocker Management Solution\web.config`
	tests := []struct {
		name, path string
		spoil      func(n *Night)
		session    func(*farm.Session)
		code       int
		says       string
	}{
		{"not elevated", create650, nil, func(s *farm.Session) { s.Elevated = false }, 2, "Run as administrator"},
		{"no module of MBAM", create650, func(n *Night) { delete(on(n, "WEB1").Modules, "microsoft.mbam") }, nil, 2, "Install the MBAM server software"},
		{"no IIS", create650, func(n *Night) { delete(on(n, "WEB1").Modules, "webadministration") }, nil, 2, "web/windows-features"},
		{"no certificate", create650, func(n *Night) {
			m := on(n, "WEB1")
			m.RemoveCertificate(m.Certificate(contosoThumbprint))
		}, nil, 2, "is not in this computer's Personal store"},
		{"no private key", create650, func(n *Night) { on(n, "WEB1").Certificate(contosoThumbprint).Key = false }, nil, 2, "has no private key here"},
		{"an expired certificate", create650, func(n *Night) { on(n, "WEB1").Certificate(contosoThumbprint).To = n.Farm.Clock }, nil, 2, "or has expired"},
		{"the databases do not answer", create650, func(n *Night) {
			for _, in := range n.Farm.SQLNetwork().Instances {
				in.Stop()
			}
		}, nil, 2, "No answer through"},
		{"the report server does not answer", create650, func(n *Night) { on(n, "RPT1").StopService("SQLServerReportingServices") }, nil, 2, "The report server does not answer"},
		{"a wrong password", create650, nil, asks(`CONTOSO\svc-mbam-pool`, "xq-mistyped-77", true), 2, "password of WebServiceApplicationPoolCredential is incorrect"},
		{"another account", create650, nil, asks(`CONTOSO\svc-mbam-ro`, "pass-phrase of svc-mbam-ro", true), 3, `given was CONTOSO\svc-mbam-ro`},
		{"nobody types", create650, nil, asks("", "", false), 2, "No password was given"},
		{"a feature of Windows is missing", create650, func(n *Night) { on(n, "WEB1").SetFeature("Web-Windows-Auth", "Available") }, nil, 2, "The prerequisite Web-Windows-Auth is not installed"},
		{"no ASP.NET MVC", create650, func(n *Night) { removeMVC(on(n, "WEB1")) }, nil, 2, "The prerequisite ASP.NET MVC 4.0 is not installed"},
		{"the account has no principal name", create650, func(n *Night) { n.Farm.Directory.Find("svc-mbam-pool").UPN = "" }, nil, 2, "could not be found in Active Directory"},
		{"a group is missing", create650, func(n *Night) { n.Farm.Directory.Find("MBAM Helpdesk").Name = "renamed" }, nil, 2, "MBAM Helpdesk could not be found"},
		{"enabled with other values", create650, func(n *Night) {
			on(n, "WEB1").Enabled("Enable-MbamWebApplication", map[string]any{
				"AgentService": true, "HostName": "web1.contoso.com", "Port": int64(443), "Certificate": contosoThumbprint, "InstallationPath": `C:\inetpub`,
				"WebServiceApplicationPoolCredential":  `CONTOSO\svc-mbam-pool`,
				"ComplianceAndAuditDBConnectionString": "Data Source=SQL1;Initial Catalog=MBAM;Integrated Security=SSPI", "RecoveryDBConnectionString": "Data Source=SQL1;Initial Catalog=MBAM;Integrated Security=SSPI",
			})
		}, nil, 3, "HostName is web1.contoso.com, planned mbam.contoso.com"},
		{"the disk is full", create650, func(n *Night) { on(n, "WEB1").Files.Full = true }, nil, 1, "not enough space"},
		{"another collation", create340, func(n *Night) { n.Farm.SQLNetwork().Instance("SQL1").Collation = "Latin1_General_CI_AS" }, nil, 3, "SQL1 has Latin1_General_CI_AS"},
		{"the instance is down", create340, func(n *Night) { n.Farm.SQLNetwork().Instance("SQL1").Stop() }, nil, 3, "cannot be asked for the database"},
		{"no group of the directory", create340, func(n *Night) { n.Farm.Directory.Find("MBAM DB RO").Name = "renamed" }, nil, 2, `CONTOSO\MBAM DB RO is not found`},
		{"no report server", create520, func(n *Night) { on(n, "RPT1").SetReportServer(farm.ReportServer{Instance: "OTHER", Service: "x"}) }, nil, 2, "There is no report server of the instance SSRS"},
		{"a report server of SharePoint", create520, func(n *Night) {
			on(n, "RPT1").SetReportServer(farm.ReportServer{Instance: "SSRS", Service: "SQLServerReportingServices", SharePoint: true})
		}, nil, 3, "needs native mode"},
		{"a report server without a database", create520, func(n *Night) {
			on(n, "RPT1").SetReportServer(farm.ReportServer{Instance: "SSRS", Service: "SQLServerReportingServices", Uninitialized: true})
		}, nil, 2, "is not configured"},
		{"the report server is stopped", create520, func(n *Night) { on(n, "RPT1").StopService("SQLServerReportingServices") }, nil, 2, "The report server does not answer"},
		{"no batch logon", create520, func(n *Night) { on(n, "RPT1").SetRight("SeBatchLogonRight", "*S-1-5-32-544") }, nil, 2, "may not log on as a batch job"},
		{"a wrong password of the reader", create520, nil, asks(`CONTOSO\svc-mbam-ro`, "xq-mistyped-77", true), 2, "password of ComplianceAndAuditDBCredential is incorrect"},
		{"the reader has no user", create520, func(n *Night) { n.Farm.Directory.Find("MBAM DB RO").Members = nil }, nil, 2, `cannot be reached as CONTOSO\svc-mbam-ro`},
		{"no file with the key", create680, func(n *Night) {
			on(n, "WEB1").Files.Remove(folder + `\web\WEB1\install\680-machine-key.machineKey.config`)
		}, nil, 2, "The file with the machine key is missing"},
		{"a redacted file", create680, func(n *Night) {
			on(n, "WEB1").Files.Put(folder+`\web\WEB1\install\680-machine-key.machineKey.config`, []byte(`<machineKey validationKey="REDACTED" />`))
		}, nil, 2, "does not hold a machine key"},
		{"no site", create680, func(n *Night) {
			all(t, n, []Script{named(t, n.Scripts("rollback"), "WEB1/rollback/650-enable-web-applications.ps1")}, Options{}, 0)
		}, nil, 2, "IIS has no site"},
		{"a web.config that is no XML", create680, func(n *Night) { on(n, "WEB1").Files.Put(config, []byte("<configuration>\n<a>")) }, nil, 3, "cannot be read as XML (line 2)"},
		{"another file of that name", create680, func(n *Night) { on(n, "WEB1").Files.Put(config, []byte("<other />")) }, nil, 3, `its root is "other"`},
		{"an encrypted section", create680, func(n *Night) {
			on(n, "WEB1").Files.Put(config, []byte(`<configuration><system.web configProtectionProvider="x" /></configuration>`))
		}, nil, 3, "is encrypted or kept in another file"},
		{"a key in a location", create680, func(n *Night) {
			on(n, "WEB1").Files.Put(config, []byte(`<configuration><location path="HelpDesk"><system.web><machineKey /></system.web></location></configuration>`))
		}, nil, 3, "inside a location element"},
		{"an application with a key of its own", create680, func(n *Night) {
			on(n, "WEB1").Files.Put(strings.Replace(config, `\web.config`, `\Help Desk Website\web.config`, 1), []byte(`<configuration><system.web><machineKey /></system.web></configuration>`))
		}, nil, 3, "/HelpDesk has a machineKey of its own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := ahead(t, tt.path)
			if tt.spoil != nil {
				tt.spoil(n)
			}
			start := n.Farm.State()
			r, err := n.Run(named(t, n.Scripts("install"), tt.path), Options{Session: tt.session})
			if err != nil {
				t.Fatal(err)
			}
			if r.ExitCode != tt.code || !strings.Contains(r.Text(), tt.says) {
				t.Errorf("ended with %d, wanted %d and %q:\n%s", r.ExitCode, tt.code, tt.says, r.Text())
			}
			if got := n.Farm.State(); got != start {
				t.Errorf("something was changed:\n%s", diff(start, got))
			}
			if got := leaks(n, r); got != nil {
				t.Errorf("secrets in %q", got)
			}
		})
	}
}

// A verify script that finds an invariant broken by hand fails and names the cause.
func TestWebVerifyFails(t *testing.T) {
	const (
		site   = "Microsoft BitLocker Administration and Monitoring"
		web    = `HKLM:\SOFTWARE\Microsoft\MBAM Server\Web`
		config = `C:\inetpub\Microsoft BitLocker Management Solution\web.config`
	)
	tests := []struct {
		name, path string
		spoil      func(n *Night)
		says       string
	}{
		{"the site is stopped", "web/WEB1/verify/650-enable-web-applications.ps1", func(n *Night) { on(n, "WEB1").StopSite(site, true) }, "IIS site: expected " + site + ", Started, found " + site + ", Stopped"},
		{"the pool runs as another account", "web/WEB1/verify/650-enable-web-applications.ps1", func(n *Night) { on(n, "WEB1").SetPool(site, `CONTOSO\svc-mbam-ro`, "x") }, `identity: expected CONTOSO\svc-mbam-pool, found SpecificUser CONTOSO\svc-mbam-ro`},
		{"another string in the registry", "web/WEB1/verify/650-enable-web-applications.ps1", func(n *Night) {
			on(n, "WEB1").SetRegistry(web, "RecoveryDBConnectionString", "Data Source=SQL1;Initial Catalog=MBAM;Integrated Security=True")
		}, "Registry: RecoveryDBConnectionString: expected Data Source=mbam-sql.contoso.com,1433"},
		{"another certificate is bound", "web/WEB1/verify/650-enable-web-applications.ps1", func(n *Night) {
			other := on(n, "WEB1").AddCertificate(farm.Certificate{Subject: "CN=mbam.contoso.com", Names: []string{"mbam.contoso.com"}, Key: true})
			on(n, "WEB1").Bind(site, other.Thumbprint)
		}, "Binding: certificate: expected " + contosoThumbprint},
		{"a feature is gone", "web/WEB1/verify/650-enable-web-applications.ps1", func(n *Night) {
			all(t, n, []Script{named(t, n.Scripts("rollback"), "WEB1/rollback/650-enable-web-applications.ps1")}, Options{}, 0)
		}, "AgentService: expected enabled as planned, found it is not enabled"},
		{"unlisted extensions are shut out", "web/WEB1/verify/660-request-filtering.ps1", func(n *Night) {
			on(n, "WEB1").Configure(site, "system.webServer/security/requestFiltering/fileExtensions@allowUnlisted", "false")
		}, "allowUnlisted of " + site + ": expected True, found False"},
		{"kernel mode reads with the computer's key", "web/WEB1/verify/670-kernel-authentication.ps1", func(n *Night) {
			on(n, "WEB1").Configure(site+"/HelpDesk", "system.webServer/security/authentication/windowsAuthentication@useAppPoolCredentials", "false")
		}, site + "/HelpDesk: expected useAppPoolCredentials True, or kernel mode off, found useAppPoolCredentials False, useKernelMode True"},
		{"another machine key on one node", "web/WEB2/verify/680-machine-key.ps1", func(n *Night) {
			on(n, "WEB2").Files.Put(config, []byte(`<configuration><system.web><machineKey validation="HMACSHA256" validationKey="`+strings.Repeat("AB", 64)+`" decryption="AES" decryptionKey="`+strings.Repeat("CD", 32)+`" /></system.web></configuration>`))
		}, "Machine key of /HelpDesk: expected"},
		{"no machine key", "web/WEB2/verify/680-machine-key.ps1", func(n *Night) { on(n, "WEB2").Files.Remove(config) }, "AutoGenerate: every server makes a key of its own"},
		{"another machine key, seen by the check of the node", "web/WEB2/verify/690-node-check.ps1", func(n *Night) { on(n, "WEB2").Files.Remove(config) }, "Machine key: expected the farm's own for site and applications, found another one for /"},
		{"the pool's password is wrong", "web/WEB1/verify/690-node-check.ps1", func(n *Night) { on(n, "WEB1").SetPool(site, `CONTOSO\svc-mbam-pool`, "old") }, "Answer of /HelpDesk/: expected status 200, 401, 403, found status 503"},
		{"the pool account may not log on as a batch job", "web/WEB1/verify/690-node-check.ps1", func(n *Night) { on(n, "WEB1").SetRight("SeBatchLogonRight", "*S-1-5-32-544") }, "Answer of /HelpDesk/: expected status 200, 401, 403, found status 503"},
		{"the certificate has expired", "web/WEB1/verify/690-node-check.ps1", func(n *Night) { on(n, "WEB1").Certificate(contosoThumbprint).To = n.Farm.Clock }, "found The remote certificate is invalid"},
		{"a web.config that is no XML", "web/WEB1/verify/690-node-check.ps1", func(n *Night) {
			on(n, "WEB1").Files.Put(strings.Replace(config, `\web.config`, `\Self Service Website\web.config`, 1), []byte("<configuration>"))
		}, "cannot be read"},
		{"the name belongs to another account", "web/WEB1/verify/640-ready-gate.ps1", func(n *Night) {
			n.Farm.Directory.Find("svc-mbam-pool").SPNs = nil
			n.Farm.Directory.AddUser("old-pool").SPNs = []string{"http/mbam.contoso.com"}
		}, "Owner of http/mbam.contoso.com: expected CONTOSO\\svc-mbam-pool alone, found CN=old-pool"},
		{"the listener does not answer", "web/WEB1/verify/640-ready-gate.ps1", func(n *Night) {
			for _, in := range n.Farm.SQLNetwork().Instances {
				in.Stop()
			}
		}, "Compliance and Audit Database answers: expected Data Source=mbam-sql.contoso.com,1433"},
		{"the name leads elsewhere", "web/WEB1/verify/640-ready-gate.ps1", func(n *Night) { n.Farm.Directory.SetAddress("mbam", "10.9.9.9") }, "DNS: mbam.contoso.com: expected 10.1.0.60, found 10.9.9.9"},
		{"a ticket for another account", "directory/verify/850-kerberos-test.ps1", func(n *Night) {
			n.Farm.Directory.Find("svc-mbam-pool").SPNs = nil
			n.Farm.Directory.AddUser("old-pool").SPNs = []string{"http/mbam.contoso.com"}
		}, "pages of mbam.contoso.com reached by Kerberos: expected at least 1, found 0"},
		{"the name is registered twice", "directory/verify/850-kerberos-test.ps1", func(n *Night) {
			n.Farm.Directory.AddUser("old-pool").SPNs = []string{"http/mbam.contoso.com"}
		}, "ticket for http/mbam.contoso.com: expected a ticket, found no ticket"},
		{"the computer's key on one node", "directory/verify/850-kerberos-test.ps1", func(n *Night) {
			for _, app := range []string{"HelpDesk", "SelfService", "MBAMRecoveryAndHardwareService", "MBAMComplianceStatusService"} {
				on(n, "WEB2").Configure(site+"/"+app, "system.webServer/security/authentication/windowsAuthentication@useAppPoolCredentials", "false")
			}
		}, "pages of mbam.contoso.com reached by Kerberos at node WEB2 (10.1.0.32): expected at least 1, found 0"},
		{"the pool account lost its rights in the databases", "directory/verify/850-kerberos-test.ps1", func(n *Night) { n.Farm.Directory.Find("MBAM DB RW").Members = nil }, "answer of https://mbam.contoso.com/SelfService/"},
		{"the report server is stopped", "reports/RPT1/verify/520-enable-reports.ps1", func(n *Night) { on(n, "RPT1").StopService("SQLServerReportingServices") }, "Service SQLServerReportingServices: expected Running, found Stopped"},
		{"the reports are disabled", "reports/RPT1/verify/520-enable-reports.ps1", func(n *Night) {
			all(t, n, []Script{named(t, n.Scripts("rollback"), "RPT1/rollback/520-enable-reports.ps1")}, Options{}, 0)
		}, "Reports: expected enabled as planned, found not enabled"},
		{"nobody opened the portals", "web/WEB1/verify/855-event-proof.ps1", func(n *Night) {
			on(n, "WEB1").RemoveLog("Microsoft-Windows-MBAM-Web/Operational")
			on(n, "WEB1").AddLog("Microsoft-Windows-MBAM-Web/Operational")
		}, "Event 200 of MBAM-Web: expected logged since"},
		{"the keys lie there still", "web/WEB1/verify/890-remove-secrets.ps1", nil, "680-machine-key.machineKey.config: expected deleted, found still there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := ahead(t, "")
			if tt.spoil != nil {
				tt.spoil(n)
			}
			r, err := n.Run(named(t, n.Scripts("verify"), tt.path), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if failed := regexp.MustCompile(`\[FAIL\]|FAILED \(2\)`).MatchString(r.Text()); r.ExitCode == 0 || !failed || !strings.Contains(r.Text(), tt.says) {
				t.Errorf("ended with %d, wanted %q:\n%s", r.ExitCode, tt.says, r.Text())
			}
			if got := leaks(n, r); got != nil {
				t.Errorf("secrets in %q", got)
			}
		})
	}
}

// An install that is cut off ahead of a command, a program or a call of .NET, as by a loss of power, is finished by running it again.
func TestWebInterrupted(t *testing.T) {
	cuts := 0
	for _, path := range []string{create340, create520, create650, create680, "web/WEB1/install/890-remove-secrets.ps1"} {
		start := ahead(t, path)
		s := named(t, start.Scripts("install"), path)
		finished := start.Clone()
		all(t, finished, []Script{s}, Options{}, 0)
		want := unhistoric(finished.Farm.State())
		cuts += cutOff(t, start, s, func(what string) bool {
			name, _, _ := strings.Cut(what, " ")
			return strings.HasPrefix(what, "[") || strings.Contains(name, "-")
		}, func(cut *Night, at int, r Run) {
			again, err := cut.Run(s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if again.ExitCode != 0 {
				t.Errorf("%s, cut off ahead of call %d, does not finish: %d\n%s", s.Path, at, again.ExitCode, again.Text())
			} else if got := unhistoric(cut.Farm.State()); got != want {
				t.Errorf("%s, cut off ahead of call %d, ends elsewhere:\n%s", s.Path, at, diff(want, got))
			}
			if got := leaks(cut, r, again); got != nil {
				t.Errorf("secrets in %q", got)
			}
			// What the cut run did is still taken back.
			if s.Item.Step.ID == "web/remove-secrets" {
				return
			}
			back := named(t, cut.Scripts("rollback"), strings.Replace(path, "/install/", "/rollback/", 1))
			if r, err := cut.Run(back, Options{}); err != nil || r.ExitCode != 0 {
				t.Errorf("%s, cut off ahead of call %d: the way back ends with %d %v\n%s", s.Path, at, r.ExitCode, err, r.Text())
			} else if got := unannounced(diff(unhistoric(start.Farm.State()), unhistoric(cut.Farm.State()))); got != "" {
				t.Errorf("%s, cut off ahead of call %d, run again and taken back, leaves something behind:\n%s", s.Path, at, got)
			}
		})
	}
	if cuts < 100 {
		t.Errorf("only %d places to cut off", cuts)
	}
	t.Logf("%d places", cuts)
}

// unhistoric leaves out what a run that was cut off may leave behind: temporary files.
func unhistoric(state string) string { return litter.ReplaceAllString(state, "") }

// What is done to a farm in use: another certificate, a new password of the pool account.
func TestWebMaintenance(t *testing.T) {
	n := ahead(t, "")
	scripts := n.Scripts("maintenance")
	certificate, password := named(t, scripts, "WEB1/maintenance/980-certificate-change.ps1"), named(t, scripts, "WEB1/maintenance/982-pool-password-change.ps1")
	run := func(n *Night, s Script, o Options, code int, says string) Run {
		t.Helper()
		r := all(t, n, []Script{s}, o, code)[0]
		if !strings.Contains(r.Text(), says) {
			t.Errorf("%s does not say %q:\n%s", s.Path, says, r.Text())
		}
		if got := leaks(n, r); got != nil {
			t.Errorf("secrets in %q", got)
		}
		return r
	}
	names := []string{"mbam.contoso.com", "web1.contoso.com", "web2.contoso.com"}
	good := on(n, "WEB1").AddCertificate(farm.Certificate{Subject: "CN=mbam.contoso.com", Names: names, Key: true}).Thumbprint
	keyless := on(n, "WEB1").AddCertificate(farm.Certificate{Subject: "CN=mbam.contoso.com", Names: names}).Thumbprint
	start := n.Farm.State()
	with := func(thumbprint string) Options { return Options{Params: map[string]any{"Thumbprint": thumbprint}} }
	run(n, certificate, Options{}, 2, "Give -Thumbprint")
	run(n, certificate, with(strings.Repeat("0", 40)), 3, "The new certificate does not fit: Certificate in the computer's Personal store")
	run(n, certificate, with(keyless), 3, "The new certificate does not fit: Private key")
	run(n, certificate, Options{Params: map[string]any{"Thumbprint": good}, WhatIf: true}, 0, "What if")
	if got := n.Farm.State(); got != start {
		t.Errorf("something was changed:\n%s", diff(start, got))
	}
	run(n, certificate, with(good), 0, "The node answers with "+good)
	run(n, certificate, with(good), 0, "has this certificate already")
	if got := diff(start, n.Farm.State()); strings.Count(got, "\n") != 1 || !strings.Contains(got, good) {
		t.Errorf("more than the binding was changed:\n%s", got)
	}

	n = ahead(t, "")
	pool := n.Farm.Directory.Find("svc-mbam-pool")
	pool.Password = "the next pass-phrase"
	run(n, password, Options{Session: asks(`CONTOSO\svc-mbam-pool`, "xq-mistyped-77", true)}, 3, "The domain refuses this password")
	run(n, password, Options{Session: asks(`CONTOSO\svc-mbam-ro`, "pass-phrase of svc-mbam-ro", true)}, 3, `given was that of CONTOSO\svc-mbam-ro`)
	run(n, password, Options{Session: asks("", "", false)}, 2, "No password was given")
	run(n, password, Options{}, 0, "The pools run with the new password")
	check := named(t, n.Scripts("verify"), "WEB1/verify/690-node-check.ps1")
	run(n, check, Options{}, 0, "All ")
	// The other node was asked for a page ahead of its script: Windows disables a pool whose identity cannot log on.
	other := named(t, n.Scripts("verify"), "WEB2/verify/690-node-check.ps1")
	run(n, other, Options{}, 4, "found status 503")
	run(n, named(t, scripts, "WEB2/maintenance/982-pool-password-change.ps1"), Options{}, 0, "The pools run with the new password")
	run(n, other, Options{}, 0, "All ")
	n.Farm.Machines["WEB1"].SetPool("Microsoft BitLocker Administration and Monitoring", `CONTOSO\svc-mbam-ro`, "x")
	run(n, password, Options{}, 3, "runs as SpecificUser CONTOSO\\svc-mbam-ro, expected CONTOSO\\svc-mbam-pool")
}

// The comparison of the nodes reads what their checks recorded.
func TestWebFarmCompare(t *testing.T) {
	const inbox = `C:\mbam-results`
	compare := func(n *Night) Run {
		t.Helper()
		for _, node := range []string{"WEB1", "WEB2"} {
			all(t, n, []Script{named(t, n.Scripts("verify"), node+"/verify/690-node-check.ps1")}, Options{}, 0)
			data, ok := on(n, node).Files.Read(`C:\ProgramData\mbamplan\web.node-check.verify.result.json`)
			if !ok {
				t.Fatal("no result of " + node)
			}
			n.Desk.Files.Put(inbox+`\`+node+`.json`, data)
		}
		r, err := n.Run(named(t, n.Scripts("verify"), "860-farm-compare.ps1"), Options{Params: map[string]any{"ResultFolder": inbox}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	n := ahead(t, "")
	if r := compare(n); r.ExitCode != 0 {
		t.Errorf("ended with %d:\n%s", r.ExitCode, r.Text())
	}
	n = ahead(t, "")
	on(n, "WEB2").SetRegistry(`HKLM:\SOFTWARE\Microsoft\MBAM Server`, "Installed", "2.5.1152.0")
	on(n, "WEB2").Files.Remove(folder + `\web\WEB2\verify\680-machine-key.compareKey.txt`)
	if r := compare(n); r.ExitCode != 4 || !strings.Contains(r.Text(), "Machine key: expected compared on every node") {
		t.Errorf("ended with %d:\n%s", r.ExitCode, r.Text())
	}
	if r, err := n.Run(named(t, n.Scripts("verify"), "860-farm-compare.ps1"), Options{}); err != nil || r.ExitCode != 2 || !strings.Contains(r.Text(), "Give -ResultFolder") {
		t.Errorf("%v, ended with %d:\n%s", err, r.ExitCode, r.Text())
	}
}

// leaks finds what it is there for.
func TestLeaks(t *testing.T) {
	n := ahead(t, "")
	session := on(n, "WEB1").Start("admin")
	session.Typed = []string{"hunter-2-hunter"}
	key := n.Keys.MachineKey.ValidationKey
	for _, tt := range []struct {
		where string
		run   Run
		file  string
	}{
		{"console", Run{Session: session, Console: []string{"the key is " + strings.ToLower(key)}}, ""},
		{"programs", Run{Session: &farm.Session{Typed: session.Typed, Programs: []string{"setup.exe PASSWORD=hunter-2-hunter"}}}, ""},
		{"transcript", Run{Session: session}, `C:\ProgramData\mbamplan\x.log`},
	} {
		c := n.Clone()
		if tt.file != "" {
			on(c, "WEB1").Files.Put(tt.file, []byte("typed hunter-2-hunter"))
		}
		if got := leaks(c, tt.run); len(got) != 1 {
			t.Errorf("%s: %q", tt.where, got)
		}
	}
	if got := leaks(n, Run{Session: session}); got != nil {
		t.Errorf("found %q where nothing is", got)
	}
}
