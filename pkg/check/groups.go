package check

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// groupName is what a group's name may be: SQL Server takes 128 characters of any kind, the cluster makes a role of it.
var groupName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) })

// clusterRoles are the roles that every failover cluster has from its start.
var clusterRoles = []string{"Cluster Group", "Available Storage"}

// Availability groups as the cluster and their clients see them. Replicas and modes are in databases.go, nodes in cluster.go.
var groupRules = []Rule{
	{
		Code: "MBP1331", Title: "an availability group's name can be that of a cluster role", Severity: diag.Error, Sources: []string{"sql-ag-create", "general-practice"},
		Covers: []string{"SQL-L14", "SQL-R01", "SQL-R02", "SQL-E41106"},
		Why: "SQL Server takes any name of 128 characters, but the failover cluster makes a role of it, which must be unique there: errors " +
			"41152 and 41153 come of a name that a role has already. Scripts, logs and alerts carry the name, and not all of them carry " +
			"every character: that is a warning.",
		Fix:     "Use at most 64 letters, digits, hyphens and underscores.",
		Example: Example{Edits: []string{"  MBAM-AG:\n", "  Cluster Group:\n", "compliance: MBAM-AG", "compliance: Cluster Group", "recovery: MBAM-AG", "recovery: Cluster Group"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				path := decode.Child("placements", g.Name)
				switch {
				case g.Existing:
				case slices.ContainsFunc(clusterRoles, func(s string) bool { return strings.EqualFold(s, g.Name) }), strings.HasPrefix(strings.ToUpper(g.Name), "SQL SERVER ("):
					c.Report(path, "choose another name, as MBAM-AG", "group %q has the name of a role of the failover cluster", g.Name)
				case len([]rune(g.Name)) > 64:
					c.Report(path, "use at most 64 letters, digits, hyphens and underscores, as MBAM-AG", "group name %q has more than 64 characters", g.Name)
				case !groupName().MatchString(g.Name):
					c.Warn(path, "use at most 64 letters, digits, hyphens and underscores, as MBAM-AG", "group name %q has other characters than letters, digits, hyphens and underscores: the cluster makes a role of it, and scripts and alerts carry it", g.Name)
				}
			}
		},
	},
	{
		Code: "MBP1332", Title: "a listener has addresses or DHCP, and DHCP in one subnet only", Severity: diag.Error, Sources: []string{"sql-ag-listener"},
		Covers: []string{"SQL-R42", "SQL-E19452"},
		Why: "A listener takes its addresses from the plan or from DHCP, never from both, and SQL Server refuses DHCP over several " +
			"subnets (error 19458). No address can be added to a DHCP listener later (19460). Where it works, a lease that ends is an " +
			"outage: it is not for production, which is a warning.",
		Fix:     "Write one static address for each subnet, and leave dhcp out.",
		Example: Example{Edits: []string{"listener: {name: MBAM-SQL,", "listener: {name: MBAM-SQL, dhcp: true,"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				l := g.Listener
				if !l.DHCP {
					continue
				}
				path := placementPath(g, "listener.dhcp")
				var nodes []*farm.Host
				for _, r := range g.Replicas {
					nodes = append(nodes, r.Instance.Nodes...)
				}
				switch n := len(subnetsOf(nodes)); {
				case len(l.Addresses) > 0:
					c.Report(path, "leave one of them out", "listener %q has dhcp: true and %d static addresses, which would not be used", l.Name, len(l.Addresses))
				case n > 1:
					c.Report(path, "write one address for each subnet", "listener %q has dhcp: true, and its replicas lie in %d subnets; SQL Server refuses that (19458)", l.Name, n)
				case !g.Existing:
					c.Warn(path, "write a static address", "listener %q takes its address from DHCP, which is not for production", l.Name)
				}
			}
		},
	},
	{
		Code: "MBP1333", Title: "clients find the one address of a listener that is online", Severity: diag.Warning, Sources: []string{"sql-ag-listener", "sql-ag-clients", "ssrs-ag"},
		Covers: []string{"SQL-L44", "SQL-R43", "SQL-EC3"},
		Why: "A listener in several subnets has one address in each, and one of them is online. Clients with MultiSubnetFailover try all " +
			"at once; one without, such as Reporting Services up to 2014, takes the first that DNS gives and times out about every " +
			"second time. With registerAllProvidersIP: false DNS has the living address only, and clients learn of a failover when " +
			"hostRecordTTL is over: 20 minutes by default.",
		Fix:     "Keep multiSubnetFailover for every client, or write registerAllProvidersIP: false and hostRecordTTL: 300.",
		Example: Example{Base: "multi-subnet-named-instances.yaml", Edits: []string{"      hostRecordTTL: 300 ", "      multiSubnetFailover: false "}},
		Find: func(c *Context) {
			const fix = "write registerAllProvidersIP: false and hostRecordTTL: 300"
			for _, g := range c.Groups() {
				l := g.Listener
				if len(l.Addresses) < 2 {
					continue
				}
				switch reads := c.Reporting != nil && c.Compliance.Placement == g; {
				case l.AllIPs && !l.Multi:
					c.Report(placementPath(g, "listener.multiSubnetFailover"), "leave multiSubnetFailover out, or "+fix, "DNS gives all %d addresses of listener %q, and connection strings lack MultiSubnetFailover: about every second connection waits until it times out", len(l.Addresses), l.Name)
				case l.AllIPs && reads && !c.Reporting.MultiSubnet():
					c.Report(placementPath(g, "listener"), fix, "DNS gives all %d addresses of listener %q, and the reports' data source has no MultiSubnetFailover: about every second report times out", len(l.Addresses), l.Name)
				case !l.AllIPs && l.TTL > 300:
					c.Report(placementPath(g, "listener.hostRecordTTL"), "write hostRecordTTL: 300", "clients of listener %q may keep the old address for %d seconds after a failover to another subnet", l.Name, l.TTL)
				}
			}
		},
	},
	{
		Code: "MBP1334", Title: "the instances of a group run under one account that the domain knows", Severity: diag.Warning, Sources: []string{"sql-spn", "sql-endpoint-logins"},
		Covers: []string{"SQL-L47"},
		Why: "The service principal name of a listener has one owner. Only when all replicas run under that account can clients use " +
			"Kerberos through the listener after a failover; else they fall back to NTLM, or fail where that is forbidden. Whether the " +
			"computer account of an instance under Local System is enough for endpoints, the documents do not agree on.",
		Fix:     "Run all instances under one domain account or group managed service account.",
		Example: Example{Edits: []string{"  SQL2:\n", "  SQL2: {serviceAccount: CONTOSO\\svc-sql2}\n"}},
		Find: func(c *Context) {
			warned := map[*farm.Instance]bool{}
			uses := func(i *farm.Instance) []farm.Account {
				s, err := i.ServiceAccount(c.Domain)
				if err != nil {
					return nil // MBP1207
				}
				if s.Warning != "" && !warned[i] {
					warned[i] = true
					c.Report(instancePath(i, "serviceAccount"), "use a domain account or a group managed service account", "instance %q runs under %s", i.Name, s.Warning)
				}
				return s.Accounts
			}
			for _, p := range c.Mirrors() {
				if !p.Existing {
					for _, i := range p.Members() {
						uses(i)
					}
				}
			}
			for _, g := range c.Groups() {
				first := uses(g.Replicas[0].Instance)
				for _, r := range g.Replicas[1:] {
					a := uses(r.Instance)
					if len(a) > 0 && len(first) > 0 && !slices.EqualFunc(a, first, farm.Account.Same) {
						c.ReportAt(instancePath(r.Instance, "serviceAccount"), "use one account for all replicas", instancePath(g.Replicas[0].Instance, "serviceAccount"), "the first replica's",
							"%q runs as %s and %q as %s: clients of listener %q cannot use Kerberos on both", g.Replicas[0].Instance.Name, first[0].Down(), r.Instance.Name, a[0].Down(), g.Listener.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1335", Title: "backup preference and priorities leave a replica that is backed up", Severity: diag.Error, Sources: []string{"sql-ag-backup", "sql-ag-create"},
		Covers: []string{"SQL-R41"},
		Why: "A backup job on each replica asks SQL Server whether its replica is the preferred one, and does nothing when it is not. A " +
			"replica with priority 0 is never preferred: with 0 everywhere no job backs anything up, none fails, and the logs grow. SQL " +
			"Server takes priorities from 0 to 100.",
		Fix:     "Leave backupPriority out, or write 1 to 100 for a replica that may be backed up.",
		Example: Example{Base: "multi-subnet-named-instances.yaml", Edits: []string{"backupPriority: 90", "backupPriority: 900"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				path, chosen := placementPath(g, "replicas"), false
				for i, r := range g.Replicas {
					if r.BackupPriority < 0 || r.BackupPriority > 100 {
						c.Report(decode.Item(path, i)+".backupPriority", "write 0 to 100", "backupPriority %d of replica %q is not 0 to 100", r.BackupPriority, r.Instance.Name)
					}
					chosen = chosen || r.BackupPriority != 0
				}
				if g.BackupPreference != "primary" && !chosen {
					c.Report(placementPath(g, "backupPreference"), "give a replica another backupPriority than 0", "every replica of group %q has backupPriority 0: no backup job would ever run", g.Name)
				}
			}
		},
	},
	{
		Code: "MBP1336", Title: "a readable secondary is one that stays readable", Severity: diag.Warning, Sources: []string{"sql-ag-prereqs"},
		Covers: []string{"SQL-L06"},
		Why: "Secondaries of SQL Server 2012 cannot be read while the primary is lost or the cluster has no quorum, just when somebody " +
			"would want to. From SQL Server 2014 they stay readable. MBAM itself reads from the primary only.",
		Fix:     "Leave readAccess out, or use SQL Server 2014 or later.",
		Example: Example{Base: "rtm-2012.yaml", Edits: []string{"replicas: [SQL1, SQL2]", "replicas: [SQL1, {instance: SQL2, readAccess: readOnly}]"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				if g.MinVersion() != 2012 {
					continue
				}
				for i, r := range g.Replicas {
					if r.ReadAccess != "none" && r.ReadAccess != "" {
						c.Report(decode.Item(placementPath(g, "replicas"), i)+".readAccess", "leave readAccess out", "replica %q has readAccess: %s, and secondaries of SQL Server 2012 cannot be read while the primary is lost", r.Instance.Name, r.ReadAccess)
					}
				}
			}
		},
	},
}

// subnetsOf returns the known subnets of hosts, each once.
func subnetsOf(hosts []*farm.Host) []netip.Prefix {
	var out []netip.Prefix
	for _, h := range hosts {
		if h.Subnet.IsValid() && !slices.Contains(out, h.Subnet) {
			out = append(out, h.Subnet)
		}
	}
	return out
}
