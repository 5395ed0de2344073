package rendered

import (
	"strings"
	"testing"
)

// What MBAM 2.0 becomes away from the example: a server for each feature on Windows Server 2008 R2 with names that want quoting, and an
// acknowledged availability group behind Windows NLB.
func TestMBAM20(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edits []string
	}{
		{"a server for each feature", []string{
			`windows: "2012"`, `windows: "2008 R2"`, `{version: "2012"`, `{version: "2008 R2"`, "reports: svc-mbam-reports", `reports: "sv'c $x ’s"`,
			"  MBAMDB: {address: 10.20.0.11/24}\n", "  WEB:\n  SSP:\n  RPT:\n  COMP:\n  KEYS:\n  MBAMDB:\n",
			"  MBAMDB:\n\nplacements:\n  databases: {kind: standalone, instance: MBAMDB}\n", "  KEYS:\n  COMP\\MBAM: {nodes: COMP, port: 14330}\n\nplacements:\n  databases: {kind: standalone, instance: COMP\\MBAM}\n  keys: {kind: standalone, instance: KEYS}\n",
			"  recovery: databases", "  recovery: keys",
			"reports: {hosts: MBAMDB, url: \"http://mbamdb.tailspin.com/ReportServer\"}", "reports: {hosts: RPT, instance: MBAM, url: \"http://rpt.tailspin.com/ReportServer_MBAM\"}",
			"    - host: mbamweb.tailspin.com           # the server's own name: setup takes no other\n      nodes: MBAMWEB\n", "    - host: ssp.tailspin.com\n      nodes: SSP\n      features: selfServicePortal\n      port: 8080\n      acceptHTTP: true\n    - host: web.tailspin.com\n      nodes: WEB\n      features: [agentService, administrationPortal]\n",
		}},
		{"acknowledged", []string{
			"  media:", "  acceptUnsupported: true\n  media:", "edition: Standard", "edition: Enterprise",
			"  MBAMWEB: {", "  WEB2: {address: 10.20.0.22/24}\n  MBAMWEB: {", "  MBAMDB:\n\n", "  MBAMDB:\n  WEB2:\n\ncluster: {name: CLU1}\n",
			"databases: {kind: standalone, instance: MBAMDB}", `'A*/--#> $x " "B': {kind: availabilityGroup, replicas: [MBAMDB, WEB2], listener: {name: LSN, addresses: [10.20.0.50/24]}, backupShare: '\\fs1\seed'}`,
			"compliance: databases", `compliance: 'A*/--#> $x " "B'`, "recovery: databases", `recovery: 'A*/--#> $x " "B'`,
			"      nodes: MBAMWEB\n", "      nodes: [MBAMWEB, WEB2]\n      balancer: {kind: nlb, address: 10.20.0.60/24}\n", "host: mbamweb.tailspin.com ", "host: mbam.tailspin.com ",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := exampleText(t, "mbam20-two-servers.yaml")
			for i := 0; i < len(tt.edits); i += 2 {
				if !strings.Contains(text, tt.edits[i]) {
					t.Fatalf("%q does not occur", tt.edits[i])
				}
				text = strings.Replace(text, tt.edits[i], tt.edits[i+1], 1)
			}
			verify(t, build(t, "test.yaml", text))
		})
	}
}
