package check_test

import (
	"os"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/docs"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// edit replaces the first occurrence of each old text and fails when it is not there.
func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q does not occur", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

const (
	always, mirrored = "contoso-alwayson.yaml", "fabrikam-mirrored.yaml"
	pair, twoPairs   = "adatum-mirroring.yaml", "litware-two-mirrors.yaml"
	toGroup, attach  = "existing-to-alwayson.yaml", "existing-attach-only.yaml"
	two              = "mbam20-two-servers.yaml"
	clustered, alone = "fci.yaml", "standalone-two-servers.yaml"
	split, subnets   = "split-portals.yaml", "multi-subnet-named-instances.yaml"
	basic, rtm       = "basic-groups.yaml", "rtm-2012.yaml"
)

// Each case changes a clean example into one that a rule must find; the unchanged example is its good twin.
var cases = []struct {
	code, example string
	edits         []string
	text          string // part of the message
	at            string // part of the line that the finding points at
}{
	{"MBP1001", always, []string{"  media:", "  mode: configurationManager\n  media:"}, "Configuration Manager", "mode:"},
	{"MBP1101", always, []string{"{name: MBAM-SQL,", "{name: MBAM-LISTENER-01,"}, `"MBAM-LISTENER-01"`, "MBAM-LISTENER-01"},
	{"MBP1101", always, []string{"{name: MBAM-SQL,", "{name: MBAM_SQL,"}, `"MBAM_SQL"`, "MBAM_SQL"},
	{"MBP1102", always, []string{"{name: MBAM-SQL,", "{name: SQL1,"}, "sql1.contoso.com", "SQL1"},
	{"MBP1102", always, []string{"name: SQLCLU1", "name: web1"}, "web1.contoso.com", "web1"},
	{"MBP1103", always, []string{"10.1.0.60/24", "10.1.0.50/24"}, "10.1.0.50", "balancer"},
	{"MBP1103", always, []string{"WEB2: {site: HQ, address: 10.1.0.32/24}", "WEB2: {site: HQ, address: 10.1.0.31/24}"}, "10.1.0.31", "WEB2"},
	{"MBP1104", always, []string{"[10.1.0.50/24, 10.2.0.50/24]", "[10.1.0.50/24, 10.1.0.51/24, 10.2.0.50/24]"}, "19451", "listener"},
	{"MBP1104", always, []string{"[10.1.0.50/24, 10.2.0.50/24]", "[10.1.0.50/24]"}, "10.2.0.0/24", "listener"},
	{"MBP1104", always, []string{"10.2.0.50/24", "10.2.0.255/24"}, "broadcast", "listener"},
	{"MBP1105", always, []string{"managementHost: ADMIN1", "managementHost: web1.contoso.com"}, "is a server of the farm", "managementHost"},
	{"MBP1106", always, []string{"hosts:\n", "hosts:\n  SPARE:\n"}, `"SPARE" has no role`, "SPARE"},
	{"MBP1201", always, []string{"pool: svc-mbam-pool", `pool: BUILTIN\svc-mbam-pool`}, "local or built-in", "pool:"},
	{"MBP1201", always, []string{"reports: svc-mbam-ro", `reports: WEB1\svc-mbam-ro`}, "local account of host", "WEB1"},
	{"MBP1202", always, []string{"pool: svc-mbam-pool", "pool: gmsa-mbam$"}, "managed service", "gmsa-mbam$"},
	{"MBP1203", always, []string{"reports: svc-mbam-ro", "reports: svc-mbam-pool"}, "read with the right to write", "reports:"},
	{"MBP1203", always, []string{"readOnly: MBAM DB RO", "readOnly: MBAM DB RW"}, "both read/write and read-only", "readOnly"},
	{"MBP1204", always, []string{"readWrite: MBAM DB RW", "readWriteIs: user\n  readWrite: MBAM DB RW"}, "is not the application pool account", "readWrite:"},
	{"MBP1205", always, []string{"helpdesk: MBAM Helpdesk", "helpdesk: MBAM Advanced Helpdesk"}, "both help desk roles", "helpdesk:"},
	{"MBP1206", always, []string{"pool: svc-mbam-pool", "pool: svc-mbam-application-pool"}, "more than 20", "pool:"},
	{"MBP1207", always, []string{`serviceAccount: CONTOSO\svc-sql`, `serviceAccount: NT AUTHORITY\LocalService`}, "Local Service", ""},
	{"MBP1207", always, []string{`, serviceAccount: CONTOSO\svc-sql`, ""}, "no service account", ""},
	{"MBP1301", always, []string{"edition: Enterprise", "edition: Standard"}, "cannot hold both databases", ""},
	{"MBP1301", always, []string{"edition: Enterprise", "edition: Standard", "    kind: availabilityGroup\n", "    kind: availabilityGroup\n    basic: true\n", ", {instance: SQL3, availability: asynchronous}", ""}, "a basic group holds one", "basic"},
	{"MBP1301", always, []string{`version: "2019"`, `version: "2014"`, "    kind: availabilityGroup\n", "    kind: availabilityGroup\n    basic: true\n"}, "does not know", "basic"},
	{"MBP1301", always, []string{"    kind: availabilityGroup\n", "    kind: availabilityGroup\n    basic: true\n"}, "is Enterprise edition, which has groups", "basic"},
	{"MBP1302", always, []string{
		"databases:\n", "  OTHER-AG:\n    kind: availabilityGroup\n    replicas: [SQL1, SQL2]\n    listener: {name: MBAM-SQ2, addresses: [10.1.0.51/24]}\n    backupShare: \\\\fs1\\seed\ndatabases:\n",
		"recovery: MBAM-AG", "recovery: OTHER-AG",
	}, "two groups", "recovery"},
	{"MBP1303", always, []string{`version: "2019"`, `version: "2008 R2"`}, "no availability groups", "replicas"},
	{"MBP1303", always, []string{"replicas: [SQL1, SQL2, {instance: SQL3, availability: asynchronous}]", "replicas: [SQL1, SQL2, {instance: SQL3, availability: synchronous, failover: automatic}]", `version: "2019"`, `version: "2014"`}, "automatic failover", "replicas"},
	{"MBP1303", always, []string{
		"hosts:\n", "hosts:\n  SQL4: {site: DR, address: 10.2.0.14/24}\n  SQL5: {site: DR, address: 10.2.0.15/24}\n  SQL6: {site: DR, address: 10.2.0.16/24}\n",
		"  SQL3:\n\n", "  SQL3:\n  SQL4:\n  SQL5:\n  SQL6:\n\n",
		"{instance: SQL3, availability: asynchronous}]", "{instance: SQL3, availability: asynchronous}, {instance: SQL4, availability: asynchronous}, {instance: SQL5, availability: asynchronous}, {instance: SQL6, availability: asynchronous}]",
	}, "SQL Server 2019 allows 8, MBAM's document says one to four", "replicas"},
	{"MBP1303", always, []string{
		"hosts:\n", "hosts:\n  SQL4: {site: DR, address: 10.2.0.14/24}\n  SQL5: {site: DR, address: 10.2.0.15/24}\n  SQL6: {site: DR, address: 10.2.0.16/24}\n",
		"  SQL3:\n\n", "  SQL3:\n  SQL4:\n  SQL5:\n  SQL6:\n\n",
		"{instance: SQL3, availability: asynchronous}]", "{instance: SQL3, availability: asynchronous}, {instance: SQL4, availability: asynchronous}, {instance: SQL5, availability: asynchronous}, {instance: SQL6, availability: asynchronous}]",
		`version: "2019"`, `version: "2012"`,
	}, "SQL Server 2012 allows 4", "replicas"},
	{"MBP1304", always, []string{"availability: asynchronous}", "availability: asynchronous, failover: automatic}"}, "cannot fail over automatically", "replicas"},
	{"MBP1304", always, []string{"replicas: [SQL1, SQL2,", "replicas: [{instance: SQL1, availability: asynchronous}, SQL2,"}, "acts as asynchronous", "replicas"},
	{"MBP1304", always, []string{"replicas: [SQL1, SQL2,", "replicas: [SQL1, {instance: SQL2, availability: asynchronous},"}, "no synchronous secondary", "replicas"},
	{"MBP1305", always, []string{"instances:                                             # by the name that @@SERVERNAME prints\n  SQL1:\n", "instances:\n  SQL1:\n  SQL1\\TWO: {nodes: SQL1, port: 1444}\n", "replicas: [SQL1, SQL2,", "replicas: [SQL1, SQL1\\TWO,"}, "can both run on host", "replicas"},
	{"MBP1306", always, []string{"    backupShare:", "    seeding: automatic\n    backupShare:", `version: "2019"`, `version: "2014"`}, "exists from SQL Server 2016", "seeding"},
	{"MBP1306", always, []string{`    backupShare: \\fs1.contoso.com\mbam-seed`, "   "}, "no backup share", ""},
	{"MBP1306", always, []string{"    backupShare:", "    seeding: automatic\n    backupShare:", `version: "2019"`, `version: "2016"`, "  SQL2:\n", "  SQL2: {data: 'G:\\Data'}\n"}, "the same folders", "seeding"},
	{"MBP1307", always, []string{"  SQL3:\n\ncluster", "  SQL3: {version: \"2017\"}\n\ncluster"}, "no way back", "2017"},
	{"MBP1307", mirrored, []string{`DB2\MBAM: {nodes: DB2,`, `DB2\MBAM: {edition: Enterprise, nodes: DB2,`}, "Enterprise edition", "Enterprise"},
	{"MBP1308", mirrored, []string{`DB1\MBAM: {nodes: DB1, port: 14330}`, `DB1\MBAM: {nodes: DB1}`}, "SQL Server Browser", "DB1"},
	{"MBP1309", always, []string{"    backupShare:", "    endpoint: {port: 1433}\n    backupShare:"}, "also a port for clients", "endpoint"},
	{"MBP1310", always, []string{"compliance: MBAM-AG", "compliance: {placement: MBAM-AG, compatibilityLevel: 150}"}, "150", "compatibilityLevel"},
	{"MBP1311", mirrored, []string{"name: MBAM_Recovery", "name: MBAM_Compliance"}, "both databases are called", "recovery"},
	{"MBP1312", always, []string{"databases:\n", "  EXTRA: {kind: fci, instance: SQL3}\ndatabases:\n"}, "has one node", "EXTRA"},
	{"MBP1207", pair, []string{`, serviceAccount: ADATUM\svc-sql-wit}`, `, serviceAccount: LocalService}`}, "Local Service", "WIT1"},
	{"MBP1321", pair, []string{"mirror: SQL2", "mirror: SQL1"}, "principal and mirror", "mirror:"},
	{"MBP1321", pair, []string{"witness: WIT1 ", "witness: sql2 "}, "is a partner", "witness:"},
	{"MBP1321", pair, []string{"  WIT1: {edition", "  SQL2\\WIT1: {port: 1444, nodes: SQL2, edition", "witness: WIT1 ", "witness: SQL2\\WIT1 "}, "the server of a partner", "witness:"},
	{"MBP1322", pair, []string{"  SQL2:\n", "  SQL2: {edition: Express}\n"}, "no partner", "Express"},
	{"MBP1323", pair, []string{"    timeout: 20 ", "    safety: off "}, "SAFETY FULL only", "safety"},
	{"MBP1323", pair, []string{"    timeout: 20 ", "    safety: off "}, "no automatic failover", "witness"},
	{"MBP1323", twoPairs, []string{"    mirror: DB2\\KEYS\n", "    mirror: DB2\\KEYS\n    safety: off\n"}, "recovery keys of the last moments", "safety"},
	{"MBP1324", pair, []string{`    backupShare: \\fs1.adatum.com\mbam-seed`, "   "}, "no backup share", ""},
	{"MBP1324", pair, []string{"recovery: MBAM-MIRROR", "recovery: {placement: MBAM-MIRROR, encrypted: true}"}, "an encrypted database", "kind"},
	{"MBP1324", pair, []string{"recovery: MBAM-MIRROR", "recovery: {placement: MBAM-MIRROR, name: Keys $(x)}"}, "a token of its job", "$(x)"},
	{"MBP1324", pair, []string{`version: "2016"`, `version: "2008 R2"`, "data: 'E:\\MSSQL\\Data', log: 'F:\\MSSQL\\Log'}", "log: 'F:\\MSSQL\\Log'}", "  SQL1:\n", "  SQL1: {data: 'E:\\Data'}\n"}, "does not tell its own", ""},
	{"MBP1325", pair, []string{"    timeout: 20 ", "    endpoint: {port: 1433} "}, "its port for clients", "endpoint"},
	{"MBP1325", twoPairs, []string{"endpointPort: 5023", "endpointPort: 5022"}, "same endpoint port", "STATUS"},
	{"MBP1325", twoPairs, []string{"mirror: DB3\\STATUS", "mirror: DB2\\KEYS", "safety: off ", "endpoint: {port: 5099} "}, "an instance has one endpoint", "endpoint"},
	{"MBP1326", pair, []string{"timeout: 20", "timeout: 4"}, "raises less than 5", "timeout"},
	{"MBP1326", pair, []string{"timeout: 20", "timeout: 7"}, "advise 10 or more", "timeout"},
	{"MBP1326", twoPairs, []string{"safety: off ", "timeout: 30\n    safety: off "}, "always waits 10", "timeout"},
	{"MBP1327", pair, []string{"    acceptIndependentFailover: true ", "    "}, "is deprecated", "kind: mirroring"},
	{"MBP1313", mirrored, []string{"recovery: {name: MBAM_Recovery,", "recovery: {name: MBAM_Recovery, encrypted: true,"}, "SQL Server 2016 Standard edition, which cannot open it", "encrypted"},
	{"MBP1314", twoPairs, []string{`DB1\STATUS: {nodes: DB1, port: 14332,`, `DB1\STATUS: {nodes: DB1, port: 14331,`}, "have the same port 14331", "STATUS"},
	{"MBP1314", twoPairs, []string{`DB1\STATUS: {nodes: DB1, port: 14332,`, `DB1\STATUS: {nodes: DB1, port: 5022,`}, "that of the mirroring endpoint", "STATUS"},
	{"MBP1314", always, []string{"  SQL3:\n\ncluster", "  SQL3:\n  SQL2\\X: {nodes: SQL2, port: 1444}\n\ncluster", "{name: MBAM-SQL,", "{name: MBAM-SQL, port: 1444,"}, "on the server of replica", "listener"},
	{"MBP1315", always, []string{"  SQL3:\n\ncluster", "  SQL3: {nodes: RPT1}\n\ncluster"}, `runs on host "RPT1" alone`, "RPT1"},
	{"MBP1315", clustered, []string{`  SQLMBAM\BITLOCKER: {`, `  NODE1\BITLOCKER: {`, `'SQLMBAM\BITLOCKER'`, `'NODE1\BITLOCKER'`}, "and the name of a server", "NODE1"},
	{"MBP1102", clustered, []string{"  name: SQLCLU1", "  name: SQLMBAM"}, "sqlmbam", "SQLMBAM"},
	{"MBP1104", always, []string{"10.2.0.50/24]", "10.2.0.50/24, 10.3.0.50/24]"}, "lies in no subnet of its replicas", "listener"},
	{"MBP1104", subnets, []string{"CLUB: {site: HQ, address: 10.62.0.13/24}", "CLUB: {site: HQ, address: 10.64.0.13/24}"}, "10.64.0.0/24, where listener", "addresses"},
	{"MBP1331", always, []string{"  MBAM-AG:\n", "  Cluster Group:\n", "compliance: MBAM-AG", "compliance: Cluster Group", "recovery: MBAM-AG", "recovery: Cluster Group"}, "name of a role", "kind"},
	{"MBP1331", always, []string{"  MBAM-AG:\n", "  MBAM AG:\n", "compliance: MBAM-AG", "compliance: MBAM AG", "recovery: MBAM-AG", "recovery: MBAM AG"}, "has other characters", "kind"},
	{"MBP1332", always, []string{"listener: {name: MBAM-SQL,", "listener: {name: MBAM-SQL, dhcp: true,"}, "and 2 static addresses", "dhcp"},
	{"MBP1332", always, []string{"listener: {name: MBAM-SQL, addresses: [10.1.0.50/24, 10.2.0.50/24]}", "listener: {name: MBAM-SQL, dhcp: true}"}, "in 2 subnets; SQL Server refuses", "dhcp"},
	{"MBP1332", rtm, []string{"addresses: [10.80.0.50/24]", "dhcp: true"}, "not for production", "dhcp"},
	{"MBP1333", subnets, []string{"      hostRecordTTL: 300 ", "      multiSubnetFailover: false "}, "about every second connection", "multiSubnetFailover"},
	{"MBP1333", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, version: \"2014\"}\n"}, "reports' data source has no MultiSubnetFailover", "listener"},
	{"MBP1333", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, dataSourceKeywords: none}\n"}, "about every second report", "listener"},
	{"MBP1333", subnets, []string{"hostRecordTTL: 300 ", "registerAllProvidersIP: false #"}, "for 1200 seconds", "MBAM-SQL"},
	{"MBP1334", always, []string{"  SQL2:\n", "  SQL2: {serviceAccount: CONTOSO\\svc-sql2}\n"}, "cannot use Kerberos on both", "svc-sql2"},
	{"MBP1334", pair, []string{"  SQL2:\n", "  SQL2: {serviceAccount: LocalSystem}\n"}, "runs under Local System", "SQL2"},
	{"MBP1335", subnets, []string{"backupPriority: 90", "backupPriority: 900"}, "is not 0 to 100", "900"},
	{"MBP1335", rtm, []string{"replicas: [SQL1, SQL2]", "backupPreference: secondary\n    replicas: [{instance: SQL1, backupPriority: 0}, {instance: SQL2, backupPriority: 0}]"}, "no backup job would ever run", "backupPreference"},
	{"MBP1341", always, []string{"SQL2: {site: HQ,", "SQL2: {fqdn: sql2.emea.contoso.com, site: HQ,"}, "not its name in the domain", "fqdn"},
	{"MBP1342", always, []string{"SQL2: {site: HQ,", "SQL2: {windows: \"2016\", site: HQ,"}, "runs Windows Server 2016", "windows"},
	{"MBP1343", always, []string{"  witness: \\\\fs1.contoso.com\\sqlclu1-witness\n", ""}, "2 votes and no witness", "SQLCLU1"},
	{"MBP1343", rtm, []string{"witness: \\\\files.cohowinery.com\\sqlclu1}", "noVote: SQL2}"}, "has 1 vote and no witness", "CLU1"},
	{"MBP1343", always, []string{"\\\\fs1.contoso.com\\sqlclu1-witness", "\\\\sql2\\witness"}, "is on a node of the cluster", "witness"},
	{"MBP1343", always, []string{"  noVote: SQL3\n", "  noVote: RPT1\n"}, "is no node of the cluster", "noVote"},
	{"MBP1343", always, []string{"  noVote: SQL3\n", ""}, "a failure of the far site", "SQL3"},
	{"MBP1326", pair, []string{"  SQL2:\n", "  SQL2:\n  SQLF: {nodes: [WEB1, WEB2]}\n", "mirror: SQL2", "mirror: SQLF", "hosts:\n", "cluster: {name: CLU1, witness: disk}\nhosts:\n"}, "before the cluster has restarted", "timeout"},
	{"MBP1336", rtm, []string{"replicas: [SQL1, SQL2]", "replicas: [SQL1, {instance: SQL2, readAccess: readOnly}]"}, "cannot be read while the primary is lost", "readAccess"},
	{"MBP1510", always, []string{"clients: {gpo: MBAM clients,", "clients: {gpo: MBAM clients, checkMinutes: 15,"}, "takes 90 at the least", "checkMinutes"},
	{"MBP1510", always, []string{"clients: {gpo: MBAM clients,", "clients: {gpo: MBAM clients, statusMinutes: 30,"}, "statusMinutes: 30 minutes", "statusMinutes"},
	{"MBP1401", always, []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1]"}, "at least two servers", "nodes"},
	{"MBP1401", always, []string{"      balancer: {kind: nlb, address: 10.1.0.60/24}\n", ""}, "no balancer", "nodes"},
	{"MBP1402", always, []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2, web1]"}, "twice", "nodes"},
	{"MBP1403", always, []string{"host: mbam.contoso.com  ", "host: web1.contoso.com  "}, "name of a server", "host:"},
	{"MBP1403", always, []string{"host: mbam.contoso.com  ", "host: mbam  "}, "single-label", "host:"},
	{"MBP1404", always, []string{"      certificate: {thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D, template: WebServerClientAuth}\n", ""}, "in clear", ""},
	{"MBP1404", mirrored, []string{", thumbprint: 1111F2B7C0D94E5586C1F0A9D37E42B8C6510E2D", ""}, "no certificate yet", "NODE1"},
	{"MBP1405", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"http://rpt1.contoso.com/ReportServer\"}\n"}, "without TLS", "url"},
	{"MBP1405", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"https://rpt1.contoso.com/Reports\"}\n"}, "not the Web Service URL", "url"},
	{"MBP1405", mirrored, []string{"instance: MSSQLSERVER", "instance: MBAM_SSRS"}, "KB 3011022", "instance"},
	{"MBP1406", always, []string{"10.1.0.60/24", "10.3.0.60/24"}, "all must share one", "balancer"},
	{"MBP1406", always, []string{"kind: nlb,", "kind: nlb, mode: unicast,"}, "MAC address spoofing", "mode"},
	{"MBP1951", always, []string{"clients: {gpo", "availability: {'site:HQ': 99.9}\nclients: {gpo"}, `no part of the farm that can have a figure is called "site:HQ"`, "site:HQ"},
	{"MBP1407", always, []string{"      nodes: [WEB1, WEB2]", "      features: [administrationPortal, selfServicePortal]\n      nodes: [WEB1, WEB2]", "clients: {gpo: MBAM clients, ou: \"OU=Workstations,DC=contoso,DC=com\"}\n", ""}, "no farm has the agent service", ""},
	{"MBP1408", always, []string{"release: 2.5 SP1", `release: "2.5"`}, "portal texts", "portal"},
	{"MBP1501", clustered, []string{"reports: {hosts: RPT1}", "reports: {hosts: NODE2}"}, "failover cluster instance", "reports"},
	{"MBP1501", rtm, []string{"reports: RPT1", "reports: SQL2"}, "fails together with its replica", "reports"},
	{"MBP1502", split, []string{"  hosts: [RPT1, RPT2]", "  hosts: [RPT1, RPT2]\n  edition: Standard"}, "2 report servers need Enterprise", "hosts"},
	{"MBP1503", split, []string{"https://mbam-reports.litware.com/ReportServer", "https://rpt1.litware.com/ReportServer"}, "names \"RPT1\" alone of 2", "url"},
	{"MBP1504", clustered, []string{"nodes: [NODE1, NODE2]", "nodes: [NODE1, NODE2, RPT1]"}, "has 3 nodes; Standard", "SQLMBAM"},
	{"MBP1504", clustered, []string{"edition: Standard", "edition: Express"}, "cannot be clustered", "SQLMBAM"},
	{"MBP1505", basic, []string{"replicas: [SQL1, SQL2]", "replicas: [SQL1, {instance: SQL2, readAccess: readOnly}]"}, "cannot be read", "replicas"},
	{"MBP1505", basic, []string{"replicas: [SQL1, SQL2]", "replicas: [SQL1, {instance: SQL2, backupPriority: 60}]"}, "backupPriority: 60", "replicas"},
	{"MBP1505", basic, []string{"    replicas: [SQL1, SQL2]", "    backupPreference: secondary\n    replicas: [SQL1, SQL2]"}, "on its primary only", "backupPreference"},
	{"MBP1505", basic, []string{"    replicas: [SQL1, SQL2]", "    replicas: [SQL1, SQL2, SQL3]", "  SQL2:\n\n", "  SQL2:\n  SQL3: {nodes: RPT1}\n\n"}, "has 3 replicas", "replicas"},
	{"MBP1506", basic, []string{"replicas: [SQL1, SQL2]                             # the", "replicas: [SQL2, SQL1]                             # the"}, "begin on different instances", "replicas"},
	{"MBP1506", basic, []string{"replicas: [SQL1, SQL2]                             # the", "replicas: [SQL1, SQL3]                             # the", "  SQL2:\n\n", "  SQL2:\n  SQL3: {nodes: RPT1}\n\n"}, "on different instances", "replicas"},
	{"MBP1506", basic, []string{"replicas: [SQL1, SQL2]                             # the", "replicas: [SQL1, {instance: SQL2, availability: asynchronous}] # the"}, "asynchronous", "replicas"},
	{"MBP1507", basic, []string{"    listener: {name: MBAM-SQL-K,", "    endpoint: {port: 5023}\n    listener: {name: MBAM-SQL-K,"}, "plan ports 5022 and 5023", "endpoint"},
	{"MBP1508", rtm, []string{`version: "2012"`, `version: "2016"`}, "SQL Server 2016", ""},
	{"MBP1508", rtm, []string{`windows: "2012"`, `windows: "2016"`}, "Windows Server 2016", ""},
	{"MBP1509", split, []string{"features: [administrationPortal, selfServicePortal]", "features: [administrationPortal, selfServicePortal, agentService]", ", farm: agents}", "}"}, "2 farms have the agent service", "clients"},
	{"MBP1509", split, []string{", farm: agents}", ", farm: portals}"}, "has no agent service", "farm"},
	{"MBP1601", always, []string{"template: WebServerClientAuth", "template: 100% Web"}, "certreq", "template"},
	{"MBP1601", always, []string{"  compliance: MBAM-AG", "  compliance: {placement: MBAM-AG, name: a$(b)}"}, "databases.compliance.name", "a$(b)"},
	{"MBP1601", always, []string{"companyName: Contoso IT", `companyName: "Contoso\nIT"`}, "PowerShell", "companyName"},
	{"MBP1601", always, []string{`mbam-backup, vss`, `$(x), vss`}, "backup.folder", "backup:"},
	{"MBP1602", always, []string{`vssVolume: "E:"`, `vssVolume: Data`}, "no volume", "vssVolume"},
	{"MBP1602", always, []string{"      portal:", "      helpDeskDirectory: Help&Desk\n      portal:"}, "IIS application", "helpDeskDirectory"},
	{"MBP1601", always, []string{"helpdesk: MBAM Helpdesk", "helpdesk: MBAM $(x)"}, "groups.helpdesk", "helpdesk:"},
	{"MBP1601", always, []string{"    backupShare:", "    endpoint: {name: $(x)}\n    backupShare:"}, "endpoint.name", "endpoint"},
	{"MBP1604", always, []string{"hosts:\n", "secrets: /etc/farm.secrets.yaml\nhosts:\n"}, "beside this file", "secrets:"},
	{"MBP1603", always, []string{"  compliance: MBAM-AG", "  compliance: {placement: MBAM-AG, name: MSDB}"}, "SQL Server itself", "MSDB"},
	{"MBP1605", always, []string{"  compliance: MBAM-AG", `  compliance: {placement: MBAM-AG, name: "a/b"}`}, "name of a file", "a/b"},
	{"MBP1605", always, []string{"  recovery: MBAM-AG", `  recovery: {placement: MBAM-AG, name: "Lpt1.x"}`}, "name of a file", "Lpt1.x"},
	{"MBP1602", always, []string{"      portal:", "      helpDeskDirectory: 'Help '\n      portal:"}, "a blank at its ends", "helpDeskDirectory"},
	{"MBP1601", always, []string{`serviceAccount: CONTOSO\svc-sql`, `serviceAccount: CONTOSO\` + strings.Repeat("a", 121)}, "129 UTF-16 units", ""},
	{"MBP1602", always, []string{"backup: {", `backup: {fullAt: "24:00", `}, "no time of the day", "fullAt"},
	{"MBP1602", always, []string{"balancer: {kind: nlb,", `balancer: {bind: "a b", kind: haproxy,`}, "no address", "bind"},
	{"MBP1207", always, []string{`serviceAccount: CONTOSO\svc-sql`, `serviceAccount: svc-sql@contoso.com`}, "not with @", ""},
	{"MBP1701", two, []string{"      nodes: MBAMWEB\n", "      nodes: [MBAMWEB, MBAMDB]\n      balancer: {kind: external, address: 10.20.0.60/24}\n", "host: mbamweb.tailspin.com ", "host: mbam.tailspin.com "}, "does not support a balanced web farm (web)", "- host"},
	{"MBP1701", two, []string{"  MBAMDB:\n\n", "  MBAMDB:\n  MBAMWEB:\n\n", "{kind: standalone, instance: MBAMDB}", "{kind: mirroring, principal: MBAMDB, mirror: MBAMWEB}"}, "does not support database mirroring (databases)", "databases:"},
	{"MBP1701", two, []string{"  MBAMDB:\n\n", "  MBAMDB: {nodes: [MBAMDB, MBAMWEB]}\n\ncluster: {name: CLU1}\n", "kind: standalone", "kind: fci"}, "failover cluster instance (MBAMDB)", "databases:"},
	{"MBP1701", two, []string{"  MBAMDB:\n\n", "  MBAMDB:\n  MBAMWEB:\n\ncluster: {name: CLU1}\n", "{kind: standalone, instance: MBAMDB}", "{kind: availabilityGroup, replicas: [MBAMDB, MBAMWEB], listener: {name: LSN, addresses: [10.20.0.50/24]}, backupShare: '\\\\fs1\\seed'}", "  media:", "  acceptUnsupported: true\n  media:"}, "an availability group (databases) is acknowledged", "databases:"},
	{"MBP1701", two, []string{"reports: {hosts: MBAMDB,", "reports: {hosts: [MBAMDB, MBAMWEB],"}, "more than one report server", "reports:"},
	{"MBP1701", two, []string{"  media:", "  acceptUnsupported: true\n  media:"}, "nothing in the plan is unsupported", "acceptUnsupported"},
	{"MBP1701", always, []string{"  media:", "  acceptUnsupported: true\n  media:"}, "nothing in the plan is unsupported", "acceptUnsupported"},
	{"MBP1702", two, []string{"  reports: svc-mbam-reports ", "  pool: svc-mbam-pool\n  reports: svc-mbam-reports "}, "accounts.pool", "pool:"},
	{"MBP1702", two, []string{"defaults:\n", "groups: {helpdesk: HD}\ndefaults:\n"}, "groups.helpdesk", "groups:"},
	{"MBP1702", two, []string{"  recovery: databases", "  recovery: {placement: databases, name: Keys}"}, "databases.recovery.name", "Keys"},
	{"MBP1702", two, []string{"      acceptHTTP: true ", "      certificate: 1F3A5C7E9B0D2F4A6C8E0B1D3F5A7C9E1B3D5F70\n      acceptHTTP: true "}, "certificate", "certificate:"},
	{"MBP1702", two, []string{"host: mbamweb.tailspin.com ", "host: mbam.tailspin.com "}, "is not the server's own", "host:"},
	{"MBP1702", two, []string{"      nodes: MBAMWEB\n", "      nodes: MBAMWEB\n      features: [administrationPortal]\n"}, "as one feature", "features"},
	{"MBP1703", two, []string{"  MBAMDB:\n\nplacements:\n  databases: {kind: standalone, instance: MBAMDB}", "  MBAMDB:\n  MBAMWEB:\n\nplacements:\n  databases: {kind: standalone, instance: MBAMDB}\n  other: {kind: standalone, instance: MBAMWEB}", "compliance: databases", "compliance: other"}, "in the documented order", "MBAMWEB"},
	{"MBP1703", two, []string{"  media: \\\\files.tailspin.com\\mbam20\\MbamSetup.exe\n", ""}, "MbamSetup.exe is missing", ""},
	{"MBP1704", two, []string{`windows: "2012"`, `windows: "2016"`}, "Windows Server 2016", ""},
	{"MBP1704", two, []string{`{version: "2012"`, `{version: "2014"`}, "SQL Server 2014", ""},
	{"MBP1704", two, []string{"edition: Standard", "edition: Developer"}, "Developer edition", ""},
	{"MBP1704", two, []string{"  MBAMDB:\n\n", "  MBAMDB: {port: 1500}\n\n"}, "port 1500", "1500"},
	{"MBP1801", always, []string{"recovery: MBAM-AG", "recovery: {placement: MBAM-AG, existing: true}"}, "empty one beside it", "compliance"},
	{"MBP1802", always, []string{"nodes: [WEB1, WEB2]", "nodes: [{host: WEB1, existing: true}, WEB2]"}, "node \"WEB1\" is existing", "nodes"},
	{"MBP1802", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, existing: true}\n"}, "the reports are existing", "reports"},
	{"MBP1803", toGroup, []string{"recovery: {placement: MBAM-AG, existing: true}", "recovery: {placement: MBAM-AG, existing: true, was: SQL2}"}, "first replica \"SQL1\"", "was: SQL2"},
	{"MBP1803", always, []string{"recovery: MBAM-AG", "recovery: {placement: MBAM-AG, was: SQL1}"}, "is not existing", "was: SQL1"},
	{"MBP1803", attach, []string{"was: SQL1", "was: SQL9", "  SQL2:\n", "  SQL2:\n  SQL9: {nodes: SSRS1}\n"}, "not a member", "was: SQL9"},
	{"MBP1803", attach, []string{"recovery: {placement: MBAM-AG, was: SQL1}", "recovery: {placement: alone, existing: true, was: SQL1}", "databases:  ", "  alone: {kind: standalone, instance: SQL2}\ndatabases:  "}, "from \"SQL1\" to \"SQL2\"", "was: SQL1"},
	{"MBP1804", always, []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, {host: WEB2, was: web2.contoso.com}]"}, "is not existing", "nodes"},
	{"MBP1804", toGroup, []string{"was: web1.contoso.com", "was: mbam.contoso.com"}, "has the farm's name already", "was"},
	{"MBP1804", toGroup, []string{"[WEB2, {host: WEB1, existing: true, was: web1.contoso.com}]", "[{host: WEB1, existing: true, was: web1.contoso.com}, WEB2]"}, "no node before it", "nodes"},
	{"MBP1805", mirrored, []string{
		"databases:   ", "  MBAM-AG: {kind: availabilityGroup, replicas: [DB1\\MBAM, DB2\\MBAM], listener: {name: MBAM-SQL, addresses: [192.168.10.50/24]}, backupShare: \\\\fs1\\seed}\ndatabases:   ",
		"placement: mirrored}\n  recovery: {name: MBAM_Recovery, placement: mirrored}", "placement: MBAM-AG, existing: true}\n  recovery: {name: MBAM_Recovery, placement: MBAM-AG, existing: true}",
		"hosts:\n", "cluster: {name: CLU1}\nhosts:\n",
	}, "ends the mirroring", "MBAM-AG"},
	{"MBP1806", attach, []string{"[{host: WEB1, existing: true}, {host: WEB2, existing: true}, WEB3]", "[WEB3, {host: WEB1, existing: true}, {host: WEB2, existing: true}]", "kind: external,", "kind: nlb,"}, "the first node \"WEB3\"", "nodes"},
	{"MBP1961", always, []string{"clients: {gpo", "durations: {web/enable-web-aplications: 20m}\nclients: {gpo"}, `"web/enable-web-aplications"`, "durations"},
	{"MBP1901", always, []string{`windows: "2019"`, `windows: "2022"`}, "support matrix", ""},
	{"MBP1901", always, []string{`version: "2019"`, `version: "2022"`}, "support matrix", ""},
	{"MBP1901", always, []string{"release: 2.5 SP1", `release: "2.5"`, "      portal: {companyName: Contoso IT, helpdeskText: Contact the Contoso help desk, helpdeskUrl: \"https://help.contoso.com\"}\n", ""}, "2.5 without Service Pack 1", ""},
	{"MBP1902", always, []string{`windows: "2019"`, `windows: "2012 R2"`}, "needs at least Windows Server 2016", ""},
	{"MBP1902", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, version: \"2016\"}\n", "RPT1: {site: HQ,", "RPT1: {windows: \"2022\", site: HQ,"}, "up to Windows Server 2019", ""},
	{"MBP1903", mirrored, []string{"edition: Standard", "edition: Express"}, "no SQL Server Agent", ""},
	{"MBP1903", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, edition: Evaluation}\n"}, "not licensed for production", "Evaluation"},
	{"MBP1904", always, []string{"RPT1: {site: HQ,", "RPT1: {core: true, site: HQ,"}, "Reporting Services does not run", "core"},
	{"MBP1904", mirrored, []string{`version: "2016"`, `version: "2008 R2"`, `windows: "2016"`, `windows: "2012 R2"`, "DB1: {", "DB1: {core: true, "}, "SQL Server 2008 R2 does not run", "core"},
	{"MBP1102", clustered, []string{"name: SQLCLU1", "name: SQLMBAM"}, "sqlmbam", "SQLMBAM"},
	{"MBP1107", always, []string{"10.1.0.60/24", "10.1.0.255/24"}, "10.1.0.255 is the network or broadcast", "balancer"},
	{"MBP1107", always, []string{"10.1.0.31/24", "10.1.0.0/24"}, "10.1.0.0 is the network", "WEB1"},
	{"MBP1107", always, []string{"10.1.0.31/24", "127.0.0.1"}, "no address of a server", "WEB1"},
	{"MBP1107", always, []string{"  computerOU:", "  addresses: [10.1.0.255/24]\n  computerOU:"}, "broadcast", "addresses"},
	{"MBP1108", always, []string{"WEB2: {site: HQ,", "WEB2: {fqdn: web3.contoso.com, site: HQ,"}, "does not begin with its name", "WEB2"},
	{"MBP1210", always, []string{"helpdesk: MBAM Helpdesk", "helpdesk: svc-mbam-pool"}, "as a group and as a service account", "helpdesk:"},
	{"MBP1211", alone, []string{"accounts:", "accounts: # made by the scripts\n  create: true", "pool: ", "pool: OTHER\\"}, "does not make", "pool:"},
	{"MBP1414", always, []string{"portal: {companyName", "portal: {disableNotice: true, noticeFile: 'C:\\notice.txt', companyName"}, "does not show it", "portal"},
	{"MBP1414", always, []string{"portal: {companyName", "portal: {noticeFile: 'C:\\notice.html', companyName"}, "no .txt file", "portal"},
	{"MBP1414", split, []string{"      features: agentService\n", "      features: agentService\n      portal: {companyName: X}\n"}, "no such portal", "portal"},
	{"MBP1205", always, []string{"readWrite: MBAM DB RW", "readWrite: MBAM Helpdesk"}, "reads and writes the databases", "readWrite"},
	{"MBP1205", always, []string{"groups:\n", "groups:\n  dataMigration: MBAM Report Readers\n"}, "may write recovery data", "dataMigration"},
	{"MBP1208", always, []string{"computerOU: OU=Clusters,DC=contoso,DC=com", "computerOU: OU=Clusters,DC=fabrikam,DC=com"}, "the domain fabrikam.com", "computerOU"},
	{"MBP1208", always, []string{"ou: \"OU=Workstations,DC=contoso,DC=com\"", "ou: OU=Workstations"}, "no domain", "clients"},
	{"MBP1208", always, []string{"  managementHost:", "  accountOU: 'OU=a\\,DC=x,DC=corp,DC=contoso,DC=com'\n  managementHost:"}, "corp.contoso.com", "accountOU"},
	{"MBP1209", always, []string{`serviceAccount: CONTOSO\svc-sql`, `serviceAccount: CONTOSO\svc-mbam-pool`}, "also an account of MBAM", ""},
	{"MBP1409", always, []string{"      portal:", "      helpDeskDirectory: SelfService\n      portal:"}, "both portals", "helpDeskDirectory"},
	{"MBP1409", always, []string{"      portal:", "      selfServiceDirectory: mbamadministrationservice\n      portal:"}, "one of MBAM's services", "selfServiceDirectory"},
	{"MBP1410", always, []string{"      nodes: [WEB1, WEB2]", "      port: 80\n      nodes: [WEB1, WEB2]"}, "speaks https on port 80", "port"},
	{"MBP1411", always, []string{"      nodes: [WEB1, WEB2]", "      shortNameSPN: yes\n      nodes: [WEB1, WEB2]", "host: mbam.contoso.com  ", "host: web1.apps.contoso.com  "}, "that of a server", "host:"},
	{"MBP1411", always, []string{"      nodes: [WEB1, WEB2]", "      shortNameSPN: yes\n      nodes: [WEB1, WEB2]", "host: mbam.contoso.com  ", "host: mbam-sql.apps.contoso.com  "}, "that of a listener", "host:"},
	{"MBP1412", rtm, []string{"  jquery: cdn", "  jquery: local"}, "loads jQuery from Microsoft", "jquery"},
	{"MBP1412", always, []string{"  media:", "  jquery: cdn\n  media:"}, "of no effect", "jquery"},
	{"MBP1413", alone, []string{"nodes: WEB1", "nodes: KEYS1"}, "also runs \"KEYS1\"", "nodes"},
	{"MBP1421", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, instance: MSSQLSERVER}\n"}, "is called SSRS", "instance"},
	{"MBP1422", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"https://rpt1.contoso.com/ReportServer_MBAM\"}\n"}, "does not end in", "url"},
	{"MBP1422", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"https://rpt1.contoso.com/ReportServer?x=1\"}\n"}, "something behind", "url"},
	{"MBP1422", mirrored, []string{"instance: MSSQLSERVER", "instance: MBAM, url: \"https://ssrs1.corp.fabrikam.com/ReportServer\""}, "ReportServer_MBAM", "url"},
	{"MBP1423", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, url: \"https://mbam.contoso.com/ReportServer\"}\n"}, "web nodes without reports", "url"},
	{"MBP1423", always, []string{"reports: RPT1\n", "reports: {hosts: [WEB1, WEB2], url: \"https://mbam.contoso.com/ReportServer\"}\n"}, "tickets are made for", "url"},
	{"MBP1441", always, []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, {host: WEB2, priority: 1}]"}, "have the priority 1", "nodes"},
	{"MBP1441", always, []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, {host: WEB2, priority: 33}]"}, "takes 1 to 32", "nodes"},
	{"MBP1442", mirrored, []string{"balancer: {kind: haproxy,", "balancer: {kind: haproxy, persistenceMinutes: 2,"}, "for 2 minutes", "balancer"},
	{"MBP1443", always, []string{"nodes: [WEB1, WEB2]", "nodes: [WEB1, SQL2]"}, "failover cluster \"SQLCLU1\"", "nodes"},
	{"MBP1461", always, []string{"clients: {gpo: MBAM clients,", "clients: {gpo: MBAM clients, tpmLockoutAutoReset: true,"}, "does not answer", "clients"},
	{"MBP1461", rtm, []string{"clients: {", "clients: {tpmLockoutAutoReset: true, "}, "came with MBAM 2.5 SP1", "clients"},
	{"MBP1462", always, []string{"clients: {gpo: MBAM clients,", "clients: {gpo: default domain policy,"}, "whole domain", "clients"},
	{"MBP1704", two, []string{"reports: {hosts: MBAMDB,", "reports: {hosts: MBAMDB, version: \"2014\","}, "SSRS 2014", "reports"},
	{"MBP1901", always, []string{"reports: RPT1\n", "reports: {hosts: RPT1, version: \"2022\"}\n"}, "SSRS 2022", "version"},
	{"MBP1901", rtm, []string{"reports: RPT1", "reports: {hosts: RPT1, version: \"2016\"}"}, "SSRS 2016", "version"},
	{"MBP1905", always, []string{`windows: "2019"`, `windows: "2012 R2"`, `version: "2019"`, `version: "2014"`}, "since 10 October 2023", ""},
	{"MBP1905", always, []string{`windows: "2019"`, `windows: "2012 R2"`, `version: "2019"`, `version: "2014"`}, "\"SQL1\" is SQL Server 2014, which has had no mends since 9 July 2024", ""},
	{"MBP1905", mirrored, []string{"instance: MSSQLSERVER", "version: \"2012\", instance: MSSQLSERVER"}, "SSRS 2012", "2012"},
	{"MBP1906", always, []string{"  servicing: \"2.5.1152.0\"                              # October 2020; the same on every server\n", ""}, "without its version", "update"},
	{"MBP1906", mirrored, []string{"  servicing: \"2.5.1152.0\"\n", ""}, "no servicing release is planned", ""},
	{"MBP1906", always, []string{"servicing: \"2.5.1152.0\"", "servicing: \"2.5.1100.0\""}, "calls SQL Server 2019", "servicing"},
	{"MBP1906", always, []string{"  update:", "  # update:"}, "until somebody does that by hand", "servicing"},
	{"MBP1906", always, []string{"  mvc4Media:", "  mvc4: notNeeded\n  mvc4Media:"}, "still needs it", "mvc4"},
	{"MBP1906", rtm, []string{"  mvc4Media:", "  mvc4: notNeeded\n  mvc4Media:"}, "still needs it", "mvc4"},
	{"MBP2001", always, []string{"backup: {", "backup: {logMinutes: 90, "}, "neither 1 to 59", "backup"},
	{"MBP2002", always, []string{`folder: \\fs1.contoso.com\mbam-backup`, `folder: D:\mbam-backup`}, "whichever server", "backup"},
	{"MBP2002", clustered, []string{`folder: \\files.wingtip.com\mbam-backup`, `folder: D:\mbam-backup`}, "whichever server", "backup"},
	{"MBP2002", alone, []string{`folder: \\files.alpine.com\mbam-backup`, `folder: E:\mbam-backup`, "  KEYS1:\n", "  KEYS1: {data: 'E:\\Data'}\n"}, "the drive of", "backup"},
	{"MBP2003", always, []string{`folder: \\fs1.contoso.com\mbam-backup, `, ""}, "nobody is said", "kind"},
	{"MBP2003", pair, []string{"backup: {by: \"the backup team, with its own product\"}", "backup: {}"}, "nobody is said", "kind"},
}

func TestRulesFind(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range cases {
		covered[c.code] = true
		text := edit(t, read(t, c.example), c.edits...)
		loaded, f, found := compile.Topology("test.yaml", []byte(text))
		if f == nil {
			t.Errorf("%s %q: the topology does not resolve: %v", c.code, c.edits, found)
			continue
		}
		hit := false
		for _, d := range found {
			if d.Code == c.code && strings.Contains(d.Message, c.text) {
				hit = true
				if d.Pos.Line < 1 || d.Pos.Line > len(loaded.Lines) {
					t.Errorf("%s: no place: %+v", c.code, d)
				} else if !strings.Contains(loaded.Lines[d.Pos.Line-1], c.at) {
					t.Errorf("%s points at %q, want a line with %q", c.code, loaded.Lines[d.Pos.Line-1], c.at)
				}
				if d.Fix == "" {
					t.Errorf("%s has no fix", c.code)
				}
			}
		}
		if !hit {
			t.Errorf("%s with %q was not found in %+v", c.code, c.edits[1], found)
		}
	}
	for _, r := range check.Rules() {
		if !covered[r.Code] {
			t.Errorf("rule %s has no case", r.Code)
		}
	}
}

func TestExamplesAreClean(t *testing.T) {
	for _, name := range []string{always, mirrored, pair, twoPairs, toGroup, attach, two, clustered, alone, split, subnets, basic, rtm} {
		if _, _, found := compile.Topology(name, []byte(read(t, name))); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestRulesAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for _, r := range check.Rules() {
		if seen[r.Code] || r.Code <= last || r.Title == "" || len(r.Sources) == 0 {
			t.Errorf("rule %s: duplicate, out of order, or without title or source", r.Code)
		}
		seen[r.Code], last = true, r.Code
		for _, s := range r.Sources {
			if !strings.Contains(string(docs.Sources), "\n  "+s+": ") {
				t.Errorf("rule %s cites %q, which docs/sources.yaml lacks", r.Code, s)
			}
		}
	}
}

func TestReferencesAreReportedTogether(t *testing.T) {
	text := edit(t, read(t, always), "replicas: [SQL1, SQL2,", "replicas: [SQL1, SQ2,", "compliance: MBAM-AG", "compliance: MBAM-AGG", "nodes: [WEB1, WEB2]", "nodes: [WEB1, WEBB2]")
	_, f, found := compile.Topology("test.yaml", []byte(text))
	if f != nil || found.Errors() < 3 {
		t.Fatalf("%v %v", f, found)
	}
	var all strings.Builder
	if err := diag.WriteText(&all, found, func(string) []string { return strings.Split(text, "\n") }, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`did you mean "SQL2"`, `did you mean "MBAM-AG"`, `did you mean "WEB2"`} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no %s in\n%s", want, all.String())
		}
	}
}
