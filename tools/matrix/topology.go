package matrix

import (
	"fmt"
	"strings"
)

// topology collects lines.
type topology struct{ strings.Builder }

func (t *topology) line(indent int, format string, args ...any) {
	t.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(t, format, args...)
	t.WriteByte('\n')
}

// Topology returns the combination as a topology file: two replicas in one subnet and one in another where the kind has
// replicas, reports on a server of their own, one web node or two behind the balancer. MBAM 2.0 gets what its setup takes.
func (c Combination) Topology() string {
	t := &topology{}
	t.line(0, "schema: 1")
	t.line(0, "name: matrix")
	t.line(0, "domain: {dns: contoso.com, netbios: CONTOSO, managementHost: ADMIN1}")
	if c.old() {
		t.line(0, `mbam: {release: %q, media: '\\fs1\mbam\MbamSetup.exe'}`, c.Release)
		t.line(0, "accounts: {reports: svc-mbam-ro}")
	} else {
		servicing, jquery := "2.5.1152.0", ""
		if c.Release == "2.5" {
			servicing, jquery = "2.5.244.0", ", jquery: cdn"
		}
		t.line(0, `mbam: {release: %q, servicing: %q, media: '\\fs1\mbam\MbamServerSetup.exe', update: '\\fs1\mbam\MBAM2.5-Server-KB4586232.exe'%s}`, c.Release, servicing, jquery)
		t.line(0, "accounts: {pool: svc-mbam-pool, reports: svc-mbam-ro, readWrite: MBAM DB RW}")
		t.line(0, "groups: {advancedHelpdesk: MBAM Advanced Helpdesk, helpdesk: MBAM Helpdesk, reports: MBAM Report Readers}")
		t.line(0, "clients: {gpo: MBAM clients}")
	}
	t.line(0, "defaults:")
	t.line(1, "windows: %q", c.Windows)
	t.line(1, `sql: {version: %q, edition: %s, serviceAccount: CONTOSO\svc-sql, data: 'E:\Data', log: 'F:\Log'}`, c.SQL, c.Edition)
	c.servers(t)
	c.placements(t)
	scheme := "https"
	if c.old() {
		scheme = "http"
	}
	t.line(0, "reports: {hosts: RPT1, url: \"%s://rpt1.contoso.com/ReportServer\", existing: %v}", scheme, c.Existing)
	c.web(t)
	t.line(0, `backup: {folder: '\\fs1\backup', vssVolume: "E:"}`)
	return t.String()
}

// old reports whether the release is the one before the agent's services and the application pool account.
func (c Combination) old() bool { return c.Release == "2.0" }

func (c Combination) servers(t *topology) {
	t.line(0, "hosts:")
	host := func(name, address string) { t.line(1, "%s: {address: %s, core: %v}", name, address, c.Core) }
	host("SQL1", "10.1.0.11/24")
	if c.Kind != "standalone" {
		host("SQL2", "10.1.0.12/24")
	}
	if c.Kind == "availabilityGroup" || c.Kind == "mirroring" {
		host("SQL3", "10.2.0.13/24")
	}
	t.line(1, "RPT1: {address: 10.1.0.21/24}") // Reporting Services never runs on Server Core
	host("WEB1", "10.1.0.31/24")
	if c.Balancer != "" {
		host("WEB2", "10.1.0.32/24")
	}
	t.line(0, "instances:")
	switch c.Kind {
	case "fci":
		t.line(1, `SQLFCI\MBAM: {nodes: [SQL1, SQL2], port: 14330}`)
	case "mirroring":
		t.line(1, "SQL1:")
		t.line(1, `SQL2\MBAM: {port: 14330}`)
		t.line(1, "SQL3: {edition: Express}")
	case "availabilityGroup":
		t.line(1, "SQL1:")
		t.line(1, "SQL2:")
		t.line(1, "SQL3:")
	case Basic:
		t.line(1, "SQL1:")
		t.line(1, "SQL2:")
	default:
		t.line(1, "SQL1:")
	}
	if c.Kind != "standalone" && c.Kind != "mirroring" {
		t.line(0, `cluster: {name: SQLCLU1, witness: '\\fs1\witness'}`)
	}
}

func (c Combination) placements(t *topology) {
	compliance, recovery := "db", "db"
	t.line(0, "placements:")
	switch c.Kind {
	case "standalone":
		t.line(1, "db: {kind: standalone, instance: SQL1, existing: %v}", c.Existing)
	case "fci":
		t.line(1, `db: {kind: fci, instance: SQLFCI\MBAM, existing: %v}`, c.Existing)
	case "mirroring":
		t.line(1, "db:")
		t.line(2, "kind: mirroring")
		t.line(2, "existing: %v", c.Existing)
		t.line(2, "principal: SQL1")
		t.line(2, `mirror: SQL2\MBAM`)
		t.line(2, "witness: SQL3")
		t.line(2, `backupShare: '\\fs1\seed'`)
	case Basic:
		compliance, recovery = "AG1", "AG2"
		for i, name := range []string{compliance, recovery} {
			t.line(1, "%s:", name)
			t.line(2, "kind: availabilityGroup")
			t.line(2, "existing: %v", c.Existing)
			t.line(2, "basic: true")
			t.line(2, "acceptIndependentFailover: true")
			t.line(2, "replicas: [SQL1, SQL2]")
			t.line(2, "listener: {name: MBAM-SQL%d, addresses: 10.1.0.5%d/24}", i+1, i)
			t.line(2, `backupShare: '\\fs1\seed'`)
		}
	default:
		t.line(1, "db:")
		t.line(2, "kind: availabilityGroup")
		t.line(2, "existing: %v", c.Existing)
		t.line(2, "replicas: [SQL1, SQL2, {instance: SQL3, availability: asynchronous}]")
		t.line(2, "listener: {name: MBAM-SQL, addresses: [10.1.0.50/24, 10.2.0.50/24]}")
		t.line(2, `backupShare: '\\fs1\seed'`)
	}
	t.line(0, "databases: {compliance: %s, recovery: %s}", compliance, recovery)
}

func (c Combination) web(t *topology) {
	t.line(0, "web:")
	t.line(1, "farms:")
	host := "mbam"
	if c.old() && c.Balancer == "" {
		host = "web1"
	}
	t.line(2, "- host: %s.contoso.com", host)
	if c.Balancer == "" {
		t.line(3, "nodes: WEB1")
	} else {
		t.line(3, "nodes: [WEB1, WEB2]")
		t.line(3, "balancer: {kind: %s, address: 10.1.0.60/24, existing: %v}", c.Balancer, c.Existing)
	}
	if c.old() {
		t.line(3, "acceptHTTP: true")
	} else {
		t.line(3, "certificate: {thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D}")
	}
	t.line(3, "existing: %v", c.Existing)
}
