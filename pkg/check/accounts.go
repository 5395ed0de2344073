package check

import (
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

type namedAccount struct {
	path string
	farm.Account
}

func (c *Context) serviceAccounts() []namedAccount {
	return []namedAccount{{"accounts.pool", c.Pool}, {"accounts.reports", c.ReportReader}}
}

func (c *Context) everyAccount() []namedAccount {
	list := append(c.serviceAccounts(),
		namedAccount{"accounts.readWrite", c.ReadWrite}, namedAccount{"accounts.readOnly", c.ReadOnly},
		namedAccount{"groups.advancedHelpdesk", c.AdvancedHelpdesk}, namedAccount{"groups.helpdesk", c.Helpdesk},
		namedAccount{"groups.reports", c.ReportUsers})
	if c.DataMigration != nil {
		list = append(list, namedAccount{"groups.dataMigration", *c.DataMigration})
	}
	return list
}

var accountRules = []Rule{
	{
		Code: "MBP1201", Title: "MBAM's accounts and groups are of a domain", Severity: diag.Error, Sources: []string{"mbam-powershell", "mbam-accounts"},
		Covers: []string{"FN-D6"},
		Why: "The database server must recognise MBAM's accounts when they come over the network, and the MBAM cmdlets " +
			"take domain accounts and groups only. A local account of one server means nothing on the next.",
		Fix:     "Name users and groups of the domain.",
		Example: Example{Edits: []string{"pool: svc-mbam-pool", `pool: BUILTIN\svc-mbam-pool`}},
		Find: func(c *Context) {
			for _, a := range c.everyAccount() {
				switch strings.ToUpper(a.Domain) {
				case ".", "NT AUTHORITY", "NT SERVICE", "BUILTIN", "IIS APPPOOL":
					c.Report(a.path, `name a domain account: `+c.Domain.NetBIOS+`\name`, "%q is a local or built-in account; MBAM takes domain accounts only", a.Down())
				}
				for _, h := range c.Hosts {
					if strings.EqualFold(a.Domain, h.Name) && !strings.EqualFold(a.Domain, c.Domain.NetBIOS) {
						c.Report(a.path, `name a domain account: `+c.Domain.NetBIOS+`\name`, "%q is a local account of host %q; MBAM takes domain accounts only", a.Down(), h.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1202", Title: "MBAM's accounts are no managed service accounts", Severity: diag.Error, Sources: []string{"mbam-accounts"},
		Covers: []string{"FN-D6", "WIN-T03"},
		Why: "MBAM asks for the password of its service accounts when the web applications and reports are enabled, " +
			"and nobody knows that of a managed service account. The SQL Server services themselves may well run " +
			"under one.",
		Fix:     "Use an ordinary domain user whose password does not expire.",
		Example: Example{Edits: []string{"pool: svc-mbam-pool", "pool: gmsa-mbam$"}},
		Find: func(c *Context) {
			for _, a := range c.serviceAccounts() {
				if strings.HasSuffix(a.Name, "$") {
					c.Report(a.path, "use an ordinary domain user whose password does not expire", "%q is a managed service or computer account; MBAM does not support these (SQL Server's own service may be one)", a.Down())
				}
			}
		},
	},
	{
		Code: "MBP1203", Title: "read/write and read-only accounts are different", Severity: diag.Error, Sources: []string{"mbam-accounts", "field-checks"},
		Covers: []string{"FN-12"},
		Why: "The application pool writes recovery keys; the reports only read compliance data. One account for both " +
			"gives every path through the reports the right to write, and makes the two database roles meaningless.",
		Fix:     "Use two accounts, and two groups if access is given to groups.",
		Example: Example{Edits: []string{"reports: svc-mbam-ro", "reports: svc-mbam-pool"}},
		Only25:  true,
		Find: func(c *Context) {
			if c.Pool.Same(c.ReportReader) {
				c.ReportAt("accounts.reports", "use a second account for the reports", "accounts.pool", "the application pool account", "the reports' account %q is the application pool account: reports would read with the right to write", c.ReportReader.Down())
			}
			if c.ReadWrite.Same(c.ReadOnly) {
				c.ReportAt("accounts.readOnly", "use a second group", "accounts.readWrite", "the read/write principal", "%q has both read/write and read-only access", c.ReadOnly.Down())
			}
		},
	},
	{
		Code: "MBP1204", Title: "a user that is given database access is the account that uses it", Severity: diag.Error, Sources: []string{"mbam-cmdlets", "mbam-accounts"},
		Covers: []string{"FN-12", "FN-D5"},
		Why: "Enable-MbamDatabase gives access to one user or group. A user who is not the account that connects gives " +
			"the right to the wrong one, and the web applications fail at their first connection.",
		Fix:     "Leave readWrite and readOnly out, or name groups that hold the accounts.",
		Example: Example{Edits: []string{"readWrite: MBAM DB RW", "readWriteIs: user\n  readWrite: MBAM DB RW"}},
		Only25:  true,
		Find: func(c *Context) {
			if !c.ReadWrite.Group && !c.ReadWrite.Same(c.Pool) {
				c.Report("accounts.readWrite", "name the pool account, or a group that holds it", "the read/write user %q is not the application pool account %q", c.ReadWrite.Down(), c.Pool.Down())
			}
			if !c.ReadOnly.Group && !c.ReadOnly.Same(c.ReportReader) {
				c.Report("accounts.readOnly", "name the reports account, or a group that holds it", "the read-only user %q is not the reports account %q", c.ReadOnly.Down(), c.ReportReader.Down())
			}
			if c.ReadWrite.Group && c.ReadWrite.Same(c.Pool) || c.ReadOnly.Group && c.ReadOnly.Same(c.ReportReader) {
				c.Report("accounts", "remove readWriteIs or readOnlyIs", "an account is called a group and a user at once")
			}
		},
	},
	{
		Code: "MBP1205", Title: "each group has one role", Severity: diag.Warning, Sources: []string{"mbam-accounts"},
		Why: "The advanced help desk may read a recovery key with the key ID alone, the ordinary one must know user " +
			"and domain too. One group in both roles has the wider right, so the narrower role protects nothing. A group of " +
			"people that is also given the databases, or may write keys, reads and writes past every portal and its audit.",
		Fix:     "Use a group of its own for each role.",
		Example: Example{Edits: []string{"helpdesk: MBAM Helpdesk", "helpdesk: MBAM Advanced Helpdesk"}},
		Only25:  true,
		Find: func(c *Context) {
			if c.AdvancedHelpdesk.Same(c.Helpdesk) {
				c.ReportAt("groups.helpdesk", "use two groups", "groups.advancedHelpdesk", "also here", "group %q has both help desk roles; the advanced one overrides the other", c.Helpdesk.Down())
			}
			people := []namedAccount{{"groups.advancedHelpdesk", c.AdvancedHelpdesk}, {"groups.helpdesk", c.Helpdesk}, {"groups.reports", c.ReportUsers}}
			rights := []struct {
				namedAccount
				gives string
			}{
				{namedAccount{"accounts.readWrite", c.ReadWrite}, "reads and writes the databases"},
				{namedAccount{"accounts.readOnly", c.ReadOnly}, "reads the compliance database"},
			}
			if c.DataMigration != nil {
				rights = append(rights, struct {
					namedAccount
					gives string
				}{namedAccount{"groups.dataMigration", *c.DataMigration}, "may write recovery data"})
			}
			for _, r := range rights {
				for _, p := range people {
					if r.Same(p.Account) {
						c.ReportAt(r.path, "use a group of its own", p.path, "the people", "group %q of people %s", r.Down(), r.gives)
					}
				}
			}
		},
	},
	{
		Code: "MBP1206", Title: "an account's name fits sAMAccountName", Severity: diag.Error, Sources: []string{"general-practice"},
		Covers: []string{"FN-D6"},
		Why: `Logons as DOMAIN\name use the sAMAccountName, which has at most 20 characters for a user. A longer name ` +
			"was read off another attribute and names nobody.",
		Fix:     "Write the sAMAccountName of the user.",
		Example: Example{Edits: []string{"pool: svc-mbam-pool", "pool: svc-mbam-application-pool"}},
		Find: func(c *Context) {
			for _, a := range c.serviceAccounts() {
				if len([]rune(a.Name)) > 20 {
					c.Report(a.path, "use the sAMAccountName", "user name %q has more than 20 characters, which no sAMAccountName of a user has", a.Name)
				}
			}
		},
	},
	{
		Code: "MBP1207", Title: "the database engine's service account can be given rights on other servers", Severity: diag.Error, Firm: true, Sources: []string{"sql-endpoint-logins"},
		Covers: []string{"SQL-R27", "SQL-R28"},
		Why: "Replicas log on to each other's mirroring endpoint with the account of the database engine. Without the " +
			"account the scripts cannot grant CONNECT, and Local Service is unknown on other servers.",
		Fix:     "Write serviceAccount: with a domain account, a managed service account, or a virtual account.",
		Example: Example{Edits: []string{`, serviceAccount: CONTOSO\svc-sql`, ""}},
		Find: func(c *Context) {
			judge := func(i *farm.Instance, what string) {
				switch strings.ToUpper(strings.ReplaceAll(i.Service, " ", "")) {
				case "":
					c.Report(instancePath(i, "serviceAccount"), "add serviceAccount here, or once under defaults.sql", "%s %q has no service account: the others must give it the right to connect", what, i.Name)
				case `NTAUTHORITY\LOCALSERVICE`, "LOCALSERVICE":
					c.Report(instancePath(i, "serviceAccount"), "use a domain account, a gMSA, or a virtual account", "%s %q runs as Local Service, which other servers cannot know", what, i.Name)
				default:
					if _, err := i.ServiceAccount(c.Domain); err != nil {
						c.Report(instancePath(i, "serviceAccount"), `write serviceAccount as DOMAIN\name`, "%s %q: %v", what, i.Name, err)
					}
				}
			}
			for _, g := range c.Groups() {
				for _, r := range g.Replicas {
					judge(r.Instance, "replica")
				}
			}
			for _, i := range c.Instances {
				if len(c.NewPairs(i)) > 0 {
					judge(i, "mirroring instance")
				}
			}
		},
	},
	{
		Code: "MBP1208", Title: "an organisational unit lies in the farm's domain", Severity: diag.Error, Sources: []string{"win-prestage", "win-gpo"},
		Why: "Accounts, computer objects and the link of the Group Policy object are made in the farm's domain. A distinguished name " +
			"that ends in another domain, or in none, was copied from elsewhere; the directory says only that there is no such object.",
		Fix:     "Write the whole distinguished name, ending in the domain's own DC= parts.",
		Example: Example{Edits: []string{"computerOU: OU=Clusters,DC=contoso,DC=com", "computerOU: OU=Clusters,DC=fabrikam,DC=com"}},
		Find: func(c *Context) {
			judge := func(dn, path string) {
				if at := domainOf(dn); dn != "" && !strings.EqualFold(at, c.Domain.DNS) {
					in := "no domain"
					if at != "" {
						in = "the domain " + at
					}
					c.Report(path, "end it in "+c.Domain.DN, "%q lies in %s, the farm in %s", dn, in, c.Domain.DNS)
				}
			}
			judge(c.Domain.AccountOU, "domain.accountOU")
			judge(c.Domain.GroupOU, "domain.groupOU")
			if c.Cluster != nil {
				judge(c.Cluster.ComputerOU, "cluster.computerOU")
			}
			if c.Clients != nil {
				judge(c.Clients.OU, "clients.ou")
			}
		},
	},
	{
		Code: "MBP1209", Title: "SQL Server does not run under an account of MBAM", Severity: diag.Warning, Sources: []string{"mbam-accounts", "field-checks"},
		Why: "The account of the database engine can do everything in its instance. The application pool and the reports are what " +
			"users reach; when one of them runs under that account, a fault there opens every key, and a change of the password stops " +
			"databases and websites together.",
		Fix:     "Use an account of its own for SQL Server, best a group managed service account.",
		Example: Example{Edits: []string{`serviceAccount: CONTOSO\svc-sql`, `serviceAccount: CONTOSO\svc-mbam-pool`}},
		Find: func(c *Context) {
			for _, i := range c.Instances {
				domain, name, ok := strings.Cut(i.Service, `\`)
				if !ok {
					continue
				}
				for _, a := range c.serviceAccounts() {
					if a.Same(farm.Account{Domain: domain, Name: name}) {
						c.ReportAt(instancePath(i, "serviceAccount"), "use an account of its own for SQL Server", a.path, "MBAM's account", "instance %q runs under %q, which is also an account of MBAM", i.Name, i.Service)
					}
				}
			}
		},
	},
	{
		Code: "MBP1210", Title: "a name is that of a user or of a group", Severity: diag.Error, Sources: []string{"mbam-accounts"},
		Covers: []string{"FN-D6"},
		Why: "Users and groups of a domain share their names. A service account that is also named as a group of people was put into the " +
			"wrong key: the directory has one of the two, and MBAM refuses the other.",
		Fix:     "Write the group under groups and the user under accounts.",
		Example: Example{Edits: []string{"helpdesk: MBAM Helpdesk", "helpdesk: svc-mbam-pool"}},
		Only25:  true,
		Find: func(c *Context) {
			groups := []namedAccount{{"groups.advancedHelpdesk", c.AdvancedHelpdesk}, {"groups.helpdesk", c.Helpdesk}, {"groups.reports", c.ReportUsers}}
			if c.DataMigration != nil {
				groups = append(groups, namedAccount{"groups.dataMigration", *c.DataMigration})
			}
			for _, g := range groups {
				for _, a := range c.serviceAccounts() {
					if g.Same(a.Account) {
						c.ReportAt(g.path, "name a group", a.path, "the user", "%q is named as a group and as a service account", g.Down())
					}
				}
			}
		},
	},
	{
		Code: "MBP1211", Title: "what is created is of the farm's domain", Severity: diag.Warning, Sources: []string{"general-practice"},
		Why: "accounts.create makes what is missing in the farm's own domain. An account of another domain has to be there already: its " +
			"administrator has to make it, and the script stops when it is not.",
		Fix:     "Have the account made in its domain before, or use one of the farm's domain.",
		Example: Example{Base: "standalone-two-servers.yaml", Edits: []string{"accounts:", "accounts: # made by the scripts\n  create: true", "pool: ", "pool: OTHER\\"}},
		Only25:  true,
		Find: func(c *Context) {
			if !c.CreateAccounts {
				return
			}
			seen := map[string]bool{}
			for _, a := range c.everyAccount() {
				if !strings.EqualFold(a.Domain, c.Domain.NetBIOS) && !seen[a.Down()] {
					seen[a.Down()] = true
					c.Report(a.path, "have it made in its domain before", "accounts.create does not make %q, which is of another domain", a.Down())
				}
			}
		},
	},
}

// domainOf returns the DNS name of the domain that a distinguished name ends in, "" for none. An escaped comma does not
// part a domain's name, which has neither.
func domainOf(dn string) string {
	var labels []string
	for part := range strings.SplitSeq(dn, ",") {
		attribute, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(attribute, "DC") {
			labels = append(labels, value)
		} else {
			labels = nil
		}
	}
	return strings.Join(labels, ".")
}
