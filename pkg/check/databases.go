package check

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// limits are the ceilings of full availability groups by SQL Server version: secondaries, synchronous replicas and
// replicas with automatic failover, both including the primary (sql-ag-prereqs, sql-ag-create).
func limits(version int) (secondaries, synchronous, automatic int) {
	switch {
	case version <= 2012:
		return 4, 3, 2
	case version == 2014:
		return 8, 3, 2
	case version <= 2017:
		return 8, 3, 3
	default:
		return 8, 5, 5
	}
}

var databaseRules = []Rule{
	{
		Code: "MBP1301", Title: "a group with both databases needs Enterprise edition", Severity: diag.Error, Sources: []string{"sql-editions", "mbam-ha"},
		Covers: []string{"FN-C11", "G-21", "SQL-L01", "SQL-L10", "SQL-R23", "SQL-R24"},
		Why: "Both MBAM databases must be in one availability group to fail over together. Standard edition has basic " +
			"availability groups only, which hold one database.",
		Fix:     "Use Enterprise edition, a failover cluster instance, or mirroring.",
		Example: Example{Edits: []string{"edition: Enterprise", "edition: Standard"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				if version := g.MinVersion(); g.Basic && version >= 2012 && version < 2016 {
					c.Report(placementPath(g, "basic"), "leave basic out", "group %q is basic, which SQL Server %d does not know; basic groups came with 2016", g.Name, version)
				}
				for _, r := range g.Replicas {
					if r.Instance.Full() && g.Basic {
						c.Warn(placementPath(g, "basic"), "leave basic out and use one group", "group %q is basic, but %q is %s edition, which has groups for both databases", g.Name, r.Instance.Name, r.Instance.Edition)
					}
					if r.Instance.Full() || g.Basic && r.Instance.Edition == "Standard" && r.Instance.Version >= 2016 {
						continue
					}
					c.Report(instancePath(r.Instance, "edition"), "use Enterprise edition, a failover cluster instance, or mirroring",
						"instance %q is %s edition, which cannot hold both databases in one availability group", r.Instance.Name, r.Instance.Edition)
				}
				if g.Basic && len(g.Databases) > 1 {
					c.Report(placementPath(g, "basic"), "use Enterprise edition and basic: false", "group %q is basic and holds %d databases; a basic group holds one", g.Name, len(g.Databases))
				}
			}
		},
	},
	{
		Code: "MBP1302", Title: "the two databases fail over together", Severity: diag.Error, Sources: []string{"mbam-ha"},
		Covers: []string{"HA-2", "G-21", "SQL-L13", "SQL-L38"},
		Why: "The web applications use both databases at once, and MBAM's document wants them in one group. In two " +
			"groups each may end up on another server, with other latency and another failure than the one that was " +
			"tested.",
		Fix: "Put both databases into one group, or acknowledge it with acceptIndependentFailover: true in both groups.",
		Example: Example{Edits: []string{
			"databases:\n", "  OTHER-AG:\n    kind: availabilityGroup\n    replicas: [SQL1, SQL2]\n    listener: {name: MBAM-SQ2, addresses: [10.1.0.51/24]}\n    backupShare: \\\\fs1\\seed\ndatabases:\n",
			"recovery: MBAM-AG", "recovery: OTHER-AG",
		}},
		Find: func(c *Context) {
			a, b := c.Compliance.Placement, c.Recovery.Placement
			if a != b && a.AG() && b.AG() && (!c.accepted(a) || !c.accepted(b)) {
				c.Report("databases.recovery.placement", "put both into one group, or write acceptIndependentFailover: true in both",
					"the databases are in two groups, %q and %q; MBAM wants them to fail over together", a.Name, b.Name)
			}
		},
	},
	{
		Code: "MBP1303", Title: "the number of replicas is within the version's limits", Severity: diag.Error, Sources: []string{"sql-ag-prereqs", "sql-ag-create", "mbam-ha"},
		Covers: []string{"FN-C10", "HA-3", "SQL-L01", "SQL-L02", "SQL-L03", "SQL-L04", "SQL-L36", "SQL-R14", "SQL-R21", "SQL-E35223"},
		Why: "SQL Server refuses a group with more replicas, more synchronous replicas or more automatic failover " +
			"partners than its version allows. Finding that out when the group is created is late.",
		Fix: "Remove replicas, or make some asynchronous or manual.",
		Example: Example{Edits: []string{
			"{instance: SQL3, availability: asynchronous}", "{instance: SQL3, availability: synchronous, failover: automatic}",
			`version: "2019"`, `version: "2014"`,
		}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				path := placementPath(g, "replicas")
				version := g.MinVersion()
				if version < 2012 {
					c.Report(path, "use mirroring or a failover cluster instance", "SQL Server 2008 R2 has no availability groups")
					continue
				}
				secondaries, synchronous, automatic := limits(version)
				n, sync, auto := len(g.Replicas)-1, 0, 0
				for _, r := range g.Replicas {
					if r.Synchronous {
						sync++
					}
					if r.AutoFailover {
						auto++
					}
				}
				switch {
				case n > secondaries:
					c.Report(path, "remove replicas", "group %q has %d secondaries; SQL Server %d allows %d", g.Name, n, version, secondaries)
				case n > 4:
					c.Warn(path, "keep to four, or accept the difference", "group %q has %d secondaries; SQL Server %d allows %d, MBAM's document says one to four", g.Name, n, version, secondaries)
				}
				if sync > synchronous {
					c.Report(path, "make some asynchronous", "group %q has %d synchronous replicas with the primary; SQL Server %d allows %d", g.Name, sync, version, synchronous)
				}
				if auto > automatic {
					c.Report(path, "make some manual", "group %q has %d replicas with automatic failover; SQL Server %d allows %d", g.Name, auto, version, automatic)
				}
			}
		},
	},
	{
		Code: "MBP1304", Title: "availability and failover modes go together", Severity: diag.Error, Sources: []string{"sql-ag-create", "sql-ag-prereqs"},
		Covers: []string{"SQL-L23", "SQL-R19", "SQL-R20", "SQL-R22"},
		Why: "Automatic failover needs a synchronous replica, and a failover cluster instance never fails over " +
			"automatically in a group. A group without a synchronous secondary loses the keys of the last moments in " +
			"a forced failover.",
		Fix:     "Make failover partners synchronous, and asynchronous replicas manual.",
		Example: Example{Edits: []string{"availability: asynchronous}", "availability: asynchronous, failover: automatic}"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				synchronous := 0
				for i, r := range g.Replicas {
					path := placementPath(g, "replicas")
					if !r.Synchronous && r.AutoFailover {
						c.Report(path, "write failover: manual", "replica %q is asynchronous and cannot fail over automatically", r.Instance.Name)
					}
					if r.Instance.Clustered() && r.AutoFailover {
						c.Report(path, "write failover: manual", "replica %q is a failover cluster instance and cannot fail over automatically", r.Instance.Name)
					}
					if i > 0 && r.Synchronous {
						synchronous++
					}
				}
				switch first := g.Replicas[0]; {
				case !first.Synchronous && synchronous > 0:
					c.Report(placementPath(g, "replicas"), "make the first replica synchronous", "the first primary %q is asynchronous, so every secondary acts as asynchronous", first.Instance.Name)
				case synchronous == 0:
					c.Warn(placementPath(g, "replicas"), "make one secondary synchronous", "group %q has no synchronous secondary: a forced failover loses the recovery keys of the last moments", g.Name)
				}
			}
		},
	},
	{
		Code: "MBP1305", Title: "no two replicas can run on one server", Severity: diag.Error, Sources: []string{"sql-ag-prereqs"},
		Covers: []string{"SQL-L20", "SQL-L22", "SQL-R16", "SQL-R18", "SQL-E19405"},
		Why: "Two copies of a database on one server fail together, so the second protects nothing. SQL Server refuses " +
			"two replicas of a group on one node of the cluster.",
		Fix: "Put each copy on a server of its own.",
		Example: Example{Edits: []string{
			"instances:                                             # by the name that @@SERVERNAME prints\n  SQL1:\n", "instances:\n  SQL1:\n  SQL1\\TWO: {nodes: SQL1, port: 1444}\n",
			"replicas: [SQL1, SQL2,", `replicas: [SQL1, SQL1\TWO,`,
		}},
		Find: func(c *Context) {
			for _, p := range c.Placements {
				seen := map[*farm.Host]string{}
				for _, i := range p.All() {
					for _, h := range i.Nodes {
						if other, ok := seen[h]; ok {
							c.Report(placementPath(p, "replicas"), "name each server once", "%q and %q of %q can both run on host %q", other, i.Name, p.Name, h.Name)
						}
						seen[h] = i.Name
					}
				}
			}
		},
	},
	{
		Code: "MBP1306", Title: "seeding fits the version and has what it needs", Severity: diag.Error, Firm: true, Sources: []string{"sql-ag-seeding"},
		Covers: []string{"SQL-L05"},
		Why: "Automatic seeding exists from SQL Server 2016 on, where it needs equal folders on every replica. In both " +
			"ways a full backup comes first, and manual seeding restores it on the secondaries, so both need a share " +
			"that every instance reaches.",
		Fix: "Write seeding: manual and a backupShare, or make the folders equal.",
		Example: Example{Edits: []string{
			"    backupShare:", "    seeding: automatic\n    backupShare:",
			`version: "2019"`, `version: "2014"`,
		}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				if g.Existing {
					continue
				}
				if g.Automatic && g.MinVersion() < 2016 {
					c.Report(placementPath(g, "seeding"), "write seeding: manual and a backupShare", "automatic seeding exists from SQL Server 2016, group %q has %d", g.Name, g.MinVersion())
				}
				if g.Automatic && g.MinVersion() == 2016 && differingPaths(g) {
					c.Report(placementPath(g, "seeding"), "use the same folders on every replica, or seeding: manual", "automatic seeding of SQL Server 2016 needs the same folders on every replica")
				}
				if g.BackupShare == "" {
					c.Report(placementPath(g, "backupShare"), `add backupShare: \\server\share`, "group %q has no backup share: a database needs a full backup before it can join, and manual seeding restores it from there", g.Name)
				}
			}
		},
	},
	{
		Code: "MBP1307", Title: "the copies of a database run one version and edition", Severity: diag.Error, Sources: []string{"sql-ag-prereqs", "sql-mirroring"},
		Covers: []string{"SQL-L25", "SQL-P02"},
		Why: "A database that ran on a newer version cannot go back to an older one, so a failover from old to new is " +
			"for good. Editions that differ have other limits after a failover than before.",
		Fix:     "Run one version and edition on all copies.",
		Example: Example{Edits: []string{"  SQL3:\n\ncluster", "  SQL3: {version: \"2017\"}\n\ncluster"}},
		Find: func(c *Context) {
			for _, p := range c.Placements {
				all := p.All()
				for _, i := range all[1:] {
					if i.Version != all[0].Version {
						c.Report(instancePath(i, "version"), "use one version", "%q is SQL Server %s, %q is %s: after a failover to the newer one there is no way back", i.Name, i.VersionName, all[0].Name, all[0].VersionName)
					}
					if i.Full() != all[0].Full() {
						c.Report(instancePath(i, "edition"), "use one edition", "%q is %s edition, %q is %s", i.Name, i.Edition, all[0].Name, all[0].Edition)
					}
				}
			}
		},
	},
	{
		Code: "MBP1308", Title: "every instance that a script connects to has a port or a name", Severity: diag.Warning, Sources: []string{"sql-ag-clients", "sql-mirroring-clients"},
		Why: "A named instance without a port gets one from SQL Server Browser on every connection. Browser is a " +
			"further service and firewall rule (UDP 1434) that must work, and the port may change at a restart.",
		Fix:     "Give the instance a static port and write it here.",
		Example: Example{Base: "fabrikam-mirrored.yaml", Edits: []string{`DB1\MBAM: {nodes: DB1, port: 14330}`, `DB1\MBAM: {nodes: DB1}`}},
		Find: func(c *Context) {
			for _, i := range c.Instances {
				if i.Port == 0 {
					c.Report(decode.Child("instances", i.Name), "give the instance a static port and write it here", "named instance %q has no port: every connection asks SQL Server Browser (UDP 1434)", i.Name)
				}
			}
		},
	},
	{
		Code: "MBP1309", Title: "endpoint ports are free on their servers", Severity: diag.Error, Sources: []string{"sql-endpoint"},
		Covers: []string{"SQL-R12"},
		Why: "The mirroring endpoint listens on a port of its own. One that clients use already leaves either the " +
			"endpoint or the clients without a listener.",
		Fix:     "Use 5022 or another port that is free on every replica.",
		Example: Example{Edits: []string{"    backupShare:", "    endpoint: {port: 1433}\n    backupShare:"}},
		Find: func(c *Context) {
			for _, g := range c.Groups() {
				for _, r := range g.Replicas {
					if r.EndpointPort == r.Instance.Port || r.EndpointPort == g.Listener.Port {
						c.Report(placementPath(g, "endpoint"), "use 5022 or another free port", "endpoint port %d of %q is also a port for clients", r.EndpointPort, r.Instance.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1310", Title: "compatibility level is one that MBAM supports", Severity: diag.Error, Sources: []string{"mbam-supported"},
		Covers: []string{"G-20", "SQL-L35"},
		Why: "MBAM is supported up to compatibility level 140, and an instance knows no level above its own version. " +
			"The level travels with the database, so the oldest copy counts.",
		Fix:     "Leave compatibilityLevel out; the highest level that fits is then taken.",
		Example: Example{Edits: []string{"compliance: MBAM-AG", "compliance: {placement: MBAM-AG, compatibilityLevel: 150}"}},
		Find: func(c *Context) {
			for _, d := range c.Databases() {
				if d.Compatibility < 100 || d.Compatibility > 140 || d.Compatibility%10 != 0 || d.Compatibility > farm.Level(d.Placement.MinVersion()) {
					c.Report("databases."+d.Key+".compatibilityLevel", "leave it out", "compatibility level %d is not one of 100 to 140 that SQL Server %d knows", d.Compatibility, d.Placement.MinVersion())
				}
			}
		},
	},
	{
		Code: "MBP1311", Title: "both databases have their own names", Severity: diag.Error, Sources: []string{"mbam-databases"},
		Covers: []string{"SQL-R40"},
		Why: "Enable-MbamDatabase creates the tables in the database that it is given. Two databases of one name are " +
			"one database, with the tables of both in it, or a second creation that fails half-way.",
		Fix:     "Give each database its own name.",
		Example: Example{Base: "fabrikam-mirrored.yaml", Edits: []string{"name: MBAM_Recovery", "name: MBAM_Compliance"}},
		Find: func(c *Context) {
			if c.Compliance.Name == c.Recovery.Name {
				c.ReportAt("databases.recovery.name", "give each its own name", "databases.compliance.name", "the other one", "both databases are called %q", c.Recovery.Name)
			}
		},
	},
	{
		Code: "MBP1312", Title: "a placement of one instance names the right kind of instance", Severity: diag.Error, Sources: []string{"mbam-ha"},
		Covers: []string{"HA-6", "SQL-P05"},
		Why: "A failover cluster instance runs on one of several nodes, a stand-alone instance on one server. With the " +
			"wrong kind the scripts look for the instance in the wrong place. A placement without a database is left " +
			"over.",
		Fix:     "List the nodes of the instance, or write the kind that it is.",
		Example: Example{Edits: []string{"databases:\n  compliance: MBAM-AG", "  EXTRA: {kind: fci, instance: SQL3}\ndatabases:\n  compliance: EXTRA"}},
		Find: func(c *Context) {
			for _, p := range c.Placements {
				if p.FCI() && !p.Instance.Clustered() {
					c.Report(placementPath(p, "instance"), "list its nodes, or write kind: standalone", "instance %q has one node; a failover cluster instance has several", p.Instance.Name)
				}
				if p.Standalone() && p.Instance.Clustered() {
					c.Report(placementPath(p, "instance"), "write kind: fci", "instance %q has several nodes and is no stand-alone instance", p.Instance.Name)
				}
				if len(p.Databases) == 0 {
					c.Warn(decode.Child("placements", p.Name), "remove it, or place a database there", "placement %q holds no database", p.Name)
				}
			}
		},
	},
	{
		Code: "MBP1313", Title: "an encrypted database is on an edition that can encrypt", Severity: diag.Error, Sources: []string{"sql-editions", "sql-tde"},
		Covers: []string{"SQL-L40"},
		Why: "Transparent data encryption is part of Enterprise edition, and of Standard edition from SQL Server 2019. An older Standard " +
			"edition cannot open an encrypted database at all: the copy is never made, or does not start after a failover.",
		Fix:     "Use Enterprise edition, or SQL Server 2019; encrypted: false where the database is not encrypted.",
		Example: Example{Base: "fabrikam-mirrored.yaml", Edits: []string{"recovery: {name: MBAM_Recovery,", "recovery: {name: MBAM_Recovery, encrypted: true,"}},
		Find: func(c *Context) {
			for _, d := range c.Databases() {
				for _, i := range d.Placement.All() {
					if d.Encrypted && !i.Full() && (i.Version < 2019 || i.Edition == "Express") {
						c.ReportAt("databases."+d.Key+".encrypted", "use Enterprise edition, or SQL Server 2019", instancePath(i, "edition"), "the edition",
							"database %q is encrypted, and %q is SQL Server %s %s edition, which cannot open it", d.Name, i.Name, i.VersionName, i.Edition)
					}
				}
			}
		},
	},
	{
		Code: "MBP1314", Title: "the instances of a server have ports of their own", Severity: diag.Error, Sources: []string{"sql-endpoint", "sql-ag-listener"},
		Covers: []string{"SQL-R26", "SQL-E9692"},
		Why: "One port of a server belongs to one instance, or to the endpoint of one. The second one starts without it and says so in its " +
			"error log only (9692 for an endpoint); clients reach the other instance and are told that the database does not exist. A " +
			"listener's port must be free of other instances on every replica.",
		Fix: "Give each instance, endpoint and listener a port that is free on its servers.",
		Example: Example{Base: "litware-two-mirrors.yaml", Edits: []string{
			`DB1\STATUS: {nodes: DB1, port: 14332,`, `DB1\STATUS: {nodes: DB1, port: 14331,`,
		}},
		Find: func(c *Context) {
			// A clustered instance listens on its own address only.
			alone := func(a, b *farm.Instance) bool { return !a.Clustered() && !b.Clustered() && shareHost(a, b) }
			for n, i := range c.Instances {
				for _, o := range c.Instances[:n] {
					if i.Port > 0 && i.Port == o.Port && alone(i, o) {
						c.Report(instancePath(i, "port"), "write another port", "%q and %q are on one server and have the same port %d", o.Name, i.Name, i.Port)
					}
				}
			}
			for _, u := range c.endpointUses() {
				for _, i := range c.Instances {
					if i != u.instance && i.Port == u.port && shareHost(i, u.instance) {
						c.Report(instancePath(i, "port"), "write another port here, or another endpointPort there", "port %d of %q is also that of the mirroring endpoint of %q on the same server", i.Port, i.Name, u.instance.Name)
					}
				}
			}
			for _, g := range c.Groups() {
				for _, r := range g.Replicas {
					for _, i := range c.Instances {
						if i != r.Instance && i.Port == g.Listener.Port && alone(i, r.Instance) {
							c.Report(placementPath(g, "listener.port"), "write another port", "port %d of listener %q is also that of %q, which is on the server of replica %q", g.Listener.Port, g.Listener.Name, i.Name, r.Instance.Name)
						}
					}
				}
			}
		},
	},
	{
		Code: "MBP1315", Title: "an instance has the network name of where it runs", Severity: diag.Error, Sources: []string{"sql-ag-create", "sql-fci"},
		Covers: []string{"SQL-P01", "SQL-R17", "SQL-E35237"},
		Why: "@@SERVERNAME of a stand-alone instance begins with the name of its server, that of a failover cluster instance with a network " +
			"name of its own. Scripts refuse an instance of another name, replicas are created under it (error 35237), and the name that " +
			"a mirror reports to clients is made of it.",
		Fix:     "Write the name that SELECT @@SERVERNAME prints, and the servers that the instance runs on.",
		Example: Example{Edits: []string{"  SQL3:\n\ncluster", "  SQL3: {nodes: RPT1}\n\ncluster"}},
		Find: func(c *Context) {
			for _, i := range c.Instances {
				own := slices.ContainsFunc(c.Hosts, func(h *farm.Host) bool { return strings.EqualFold(h.Name, i.Network) })
				switch {
				case !i.Clustered() && !strings.EqualFold(i.Network, i.Host().Name):
					c.Report(instancePath(i, "nodes"), "write the server's name before the backslash, or list all nodes of a clustered instance", "instance %q runs on host %q alone, whose instances are called %s or %s\\…", i.Name, i.Host().Name, i.Host().Name, i.Host().Name)
				case i.Clustered() && own:
					c.Report(instancePath(i, "nodes"), "write the network name of the clustered instance", "instance %q has several nodes and the name of a server; a clustered instance has a network name of its own", i.Name)
				}
			}
		},
	},
}

func differingPaths(g *farm.Placement) bool {
	for _, r := range g.Replicas[1:] {
		if r.Instance.Data != g.Replicas[0].Instance.Data || r.Instance.Log != g.Replicas[0].Instance.Log {
			return true
		}
	}
	return false
}

func (c *Context) accepted(p *farm.Placement) bool {
	for _, t := range c.File.Placements {
		if t.Name == p.Name {
			return t.IndependentOK
		}
	}
	return false
}
