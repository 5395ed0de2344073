package rehearsal

import (
	"strings"
	"testing"
)

// The commands of MBAM bind the parameter sets, mandatory parameters, aliases, types and releases of the reference.
func TestMbamBinding(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	m := n.Farm.Machines["RPT1"]
	tests := []struct{ release, call, says string }{
		{"2.5.1152.0", "Enable-MbamReport -Nothing x", "A parameter cannot be found that matches parameter name 'nothing'."},
		{"2.5.1152.0", "Enable-MbamReport -ReportsReadOnlyAccessGroup x", "missing mandatory parameters: ComplianceAndAuditDBCredential."},
		{"2.5.1152.0", "Enable-MbamReport -ReportsGroup x -ComplianceDBCred y", `Cannot bind parameter 'ComplianceAndAuditDBCredential'. Cannot convert the "y" value of type "System.String" to type "PSCredential".`},
		{"2.5.1152.0", "Enable-MbamDatabase -Recovery -ConnectionString x -AccessAccount y -ReportAccount z", "Parameter set cannot be resolved"},
		{"2.5.1152.0", "Enable-MbamDatabase -Recovery -ConnectionString x", "missing mandatory parameters: AccessAccount."},
		{"2.5.1152.0", "Enable-MbamDatabase -Recovery -ComplianceAndAudit -ConnectionString x -AccessAccount y", "Parameter set cannot be resolved"},
		{"2.5.1152.0", "Enable-MbamWebApplication -AgentService -VirtualDirectory x", "Parameter set cannot be resolved"},
		{"2.5.1152.0", "Enable-MbamWebApplication -AgentService -Certificate 9F3C", "to type \"X509Certificate2\""},
		{"2.5.1152.0", "Enable-MbamWebApplication -AgentService -Port 443x", "to type \"Int32\""},
		{"2.5.1152.0", "Enable-MbamWebApplication -AgentService -Web x", "to type \"PSCredential\""},
		{"2.5.1152.0", "Enable-MbamWebApplication -AdministrationPortal -ReportUrl x", "missing mandatory parameters: AdvancedHelpdeskAccessGroup HelpdeskAccessGroup ReportsReadOnlyAccessGroup."},
		{"2.5.1152.0", "Enable-MbamWebApplication -AdministrationPortal -Report x", "'report' is ambiguous"},
		{"2.5.244.0", "Enable-MbamWebApplication -AgentService -TpmLockoutAutoReset", "A parameter cannot be found that matches parameter name 'tpmlockoutautoreset'."},
		{"2.5.1152.0", "Enable-MbamWebApplication -AgentService -TpmLockoutAutoReset", "The prerequisite Web-Server is not installed."},
		{"2.5.1152.0", "Get-MbamWebApplication", "missing mandatory parameters"},
		{"2.5.1152.0", "Test-MbamReport -SkipValidation x", "'skipvalidation'"},
		{"", "Get-MbamReport", "The term 'Get-MbamReport' is not recognized"},
	}
	for _, tt := range tests {
		removeMBAM(m)
		if tt.release != "" {
			installMBAM(m, tt.release)
		}
		m.Files.Put(`C:\x.ps1`, []byte("try { "+tt.call+" } catch { $_.Exception.Message }\r\n"))
		session := m.Start("admin")
		if _, err := session.Run(`C:\x.ps1`, nil); err != nil {
			t.Errorf("%s: %v", tt.call, err)
		} else if got := strings.Join(session.Console, "\n"); !strings.Contains(got, tt.says) {
			t.Errorf("%s with %s says %q, wanted %q", tt.call, tt.release, got, tt.says)
		}
	}
}
