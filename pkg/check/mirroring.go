package check

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// endpointUse is one mirroring endpoint: the port that a placement gives to an instance.
type endpointUse struct {
	instance  *farm.Instance
	placement *farm.Placement
	port      int
}

// endpointUses lists the endpoints that the plan builds, placement by placement.
func (c *Context) endpointUses() []endpointUse {
	var out []endpointUse
	for _, p := range c.Placements {
		switch {
		case p.AG():
			for _, r := range p.Replicas {
				out = append(out, endpointUse{r.Instance, p, r.EndpointPort})
			}
		case p.Mirroring() && !p.Existing:
			for _, i := range p.Members() {
				port := p.EndpointPort
				if i.Endpoint > 0 {
					port = i.Endpoint
				}
				out = append(out, endpointUse{i, p, port})
			}
		}
	}
	return out
}

// shareHost reports whether two instances can run on one server.
func shareHost(a, b *farm.Instance) bool {
	for _, x := range a.Nodes {
		for _, y := range b.Nodes {
			if x == y {
				return true
			}
		}
	}
	return false
}

var mirroringRules = []Rule{
	{
		Code: "MBP1321", Title: "principal, mirror and witness are three instances", Severity: diag.Error, Sources: []string{"sql-mirroring", "sql-mirroring-witness"},
		Covers:  []string{"HA-18", "G-25", "SQL-L24", "SQL-R29", "SQL-R30", "SQL-E1449"},
		Why:     "A partner on the instance of the other protects nothing, and a witness that is a partner, or fails with one, gives no second opinion when that partner is gone.",
		Fix:     "Name three instances on three servers, or leave the witness out.",
		Example: Example{Base: "adatum-mirroring.yaml", Edits: []string{"mirror: SQL2", "mirror: SQL1"}},
		Find: func(c *Context) {
			for _, p := range c.Mirrors() {
				if p.Principal == p.Mirror {
					c.Report(placementPath(p, "mirror"), "name another instance", "%q is principal and mirror of %q", p.Mirror.Name, p.Name)
				}
				w := p.Witness
				switch {
				case w == nil:
				case p.Partner(w) != nil:
					c.Report(placementPath(p, "witness"), "name a third instance, or leave the witness out", "the witness of %q is a partner of it", p.Name)
				case shareHost(w, p.Principal) || shareHost(w, p.Mirror):
					c.Warn(placementPath(p, "witness"), "put the witness on a server of its own", "the witness of %q runs on the server of a partner: when that server fails, there is no automatic failover", p.Name)
				}
			}
		},
	},
	{
		Code: "MBP1322", Title: "the edition can mirror", Severity: diag.Error, Sources: []string{"sql-editions", "sql-mirroring-prereqs"},
		Covers:  []string{"SQL-L27", "SQL-E1463"},
		Why:     "SQL Server Express can be the witness of a mirrored pair and never a partner; setting it up ends with error 1463.",
		Fix:     "Use Standard or Enterprise edition for principal and mirror.",
		Example: Example{Base: "adatum-mirroring.yaml", Edits: []string{"  SQL2:\n", "  SQL2: {edition: Express}\n"}},
		Find: func(c *Context) {
			for _, p := range c.Mirrors() {
				for _, i := range p.All() {
					if i.Edition == "Express" {
						c.Report(instancePath(i, "edition"), "use Standard or Enterprise; Express can be the witness", "instance %q is Express edition, which can be a witness and no partner", i.Name)
					}
				}
			}
		},
	},
	{
		Code: "MBP1323", Title: "safety, witness and edition go together", Severity: diag.Error, Sources: []string{"sql-editions", "sql-mirroring-alter", "sql-mirroring-witness"},
		Covers:  []string{"G-25", "SQL-L26", "SQL-L34", "SQL-R31", "SQL-R32", "SQL-E1463"},
		Why:     "Standard edition mirrors with SAFETY FULL only. An asynchronous session cannot fail over by itself, so a witness brings nothing and can stop the principal when it is lost. Asynchronous mirroring of the Recovery Database can lose keys that exist nowhere else.",
		Fix:     "Write safety: full, and a witness only with it.",
		Example: Example{Base: "adatum-mirroring.yaml", Edits: []string{"    timeout: 20 ", "    safety: off "}},
		Find: func(c *Context) {
			for _, p := range c.Mirrors() {
				if p.SafetyFull {
					continue
				}
				if p.Witness != nil {
					c.Report(placementPath(p, "witness"), "leave the witness out", "pair %q is asynchronous: a witness gives it no automatic failover and can stop the principal when it is lost", p.Name)
				}
				if !p.Principal.Full() || !p.Mirror.Full() {
					c.Report(placementPath(p, "safety"), "write safety: full", "pair %q is asynchronous; Standard edition mirrors with SAFETY FULL only (error 1473)", p.Name)
				} else if slices.Contains(p.Databases, c.Recovery) {
					c.Warn(placementPath(p, "safety"), "write safety: full", "the Recovery Database is mirrored asynchronously: a forced failover loses the recovery keys of the last moments")
				}
			}
		},
	},
	{
		Code: "MBP1324", Title: "a new mirrored pair has what building it needs", Severity: diag.Error, Firm: true, Sources: []string{"sql-mirroring-prepare", "sql-tde"},
		Covers:  []string{"G-14", "SQL-P17"},
		Why:     "The mirror is restored from backups of the principal, which both service accounts reach on a share. An encrypted database needs its certificate on both sides first, which is not rendered for a pair. The job that keeps both databases together cannot carry every name.",
		Fix:     "Add a backupShare and leave out what a new pair cannot have.",
		Example: Example{Base: "adatum-mirroring.yaml", Edits: []string{`    backupShare: \\fs1.adatum.com\mbam-seed`, "   "}},
		Find: func(c *Context) {
			for _, p := range c.Mirrors() {
				if p.Existing {
					continue
				}
				if p.BackupShare == "" {
					c.Report(placementPath(p, "backupShare"), `add backupShare: \\server\share`, "pair %q has no backup share: the mirror is restored from backups of the principal", p.Name)
				}
				if p.Encrypted() {
					c.Report(placementPath(p, "kind"), "build the mirror by hand with the encryption certificate on both partners, and write existing: true", "pair %q holds an encrypted database; mirroring one is not rendered by this version", p.Name)
				}
				for _, d := range p.Databases {
					if p.Together() && strings.Contains(d.Name, "$(") {
						c.Report("databases."+d.Key+".name", "use a name without $(", "SQL Server Agent takes $( in %q for a token of its job, which keeps both databases together", d.Name)
					}
				}
				if p.MirrorMoves() && p.Mirror.Version < 2012 && (p.Mirror.Data == "" || p.Mirror.Log == "") {
					c.Report(instancePath(p.Mirror, "data"), "write data and log of the mirror", "the folders of %q and %q differ, and SQL Server 2008 R2 does not tell its own", p.Principal.Name, p.Mirror.Name)
				}
			}
		},
	},
	{
		Code: "MBP1325", Title: "every mirroring endpoint has a port of its own", Severity: diag.Error, Sources: []string{"sql-endpoint"},
		Covers:  []string{"SQL-R26", "SQL-E9692"},
		Why:     "An instance has one mirroring endpoint for all its sessions, and two instances of one server cannot listen on one port: the second endpoint is created and never listens (error 9692).",
		Fix:     "Write endpointPort at the instances, a free port for each.",
		Example: Example{Base: "litware-two-mirrors.yaml", Edits: []string{"endpointPort: 5023", "endpointPort: 5022"}},
		Find: func(c *Context) {
			uses := c.endpointUses()
			for n, u := range uses {
				if u.placement.Mirroring() && u.port == u.instance.Port {
					c.Report(placementPath(u.placement, "endpoint"), "use 5022 or another free port", "endpoint port %d of %q is also its port for clients", u.port, u.instance.Name)
				}
				for _, o := range uses[:n] {
					switch {
					case o.instance == u.instance && o.port != u.port:
						c.Report(placementPath(u.placement, "endpoint"), "write endpointPort at the instance", "%q gives %q the endpoint port %d, %q gives it %d; an instance has one endpoint", o.placement.Name, u.instance.Name, o.port, u.placement.Name, u.port)
					case o.instance != u.instance && o.port == u.port && shareHost(o.instance, u.instance):
						c.Report(instancePath(u.instance, "endpointPort"), "write another endpointPort at one of them", "%q and %q can run on one server and have the same endpoint port %d", o.instance.Name, u.instance.Name, u.port)
					}
				}
			}
		},
	},
	{
		Code: "MBP1326", Title: "the timeout is one that mirroring keeps", Severity: diag.Error, Sources: []string{"sql-mirroring-alter", "sql-mirroring-failures"},
		Covers:  []string{"SQL-L32", "SQL-L33"},
		Why:     "SQL Server raises a timeout below 5 seconds to 5, and the documents advise 10 or more: a partner that is only slow counts as lost, and a failover follows. An asynchronous session always waits 10 seconds.",
		Fix:     "Leave timeout out, or write 10 or more.",
		Example: Example{Base: "adatum-mirroring.yaml", Edits: []string{"timeout: 20", "timeout: 4"}},
		Find: func(c *Context) {
			for _, p := range c.Mirrors() {
				switch path := placementPath(p, "timeout"); {
				case p.Timeout < 5 || p.Timeout > 3600:
					c.Report(path, "leave it out, or write 10 or more", "%d seconds is no timeout of mirroring: SQL Server raises less than 5 to 5", p.Timeout)
				case !p.SafetyFull && p.Timeout != 10:
					c.Report(path, "leave it out", "pair %q is asynchronous and always waits 10 seconds", p.Name)
				case p.Witness != nil && p.Timeout < 90 && (p.Principal.Clustered() || p.Mirror.Clustered()):
					c.Warn(path, "leave it out for 90 seconds", "%d seconds: mirroring fails over to the other partner before the cluster has restarted the instance on its other node", p.Timeout)
				case p.Timeout < 10:
					c.Warn(path, "leave it out, or write 10 or more", "%d seconds: the documents advise 10 or more, because a slow answer counts as a failure", p.Timeout)
				}
			}
		},
	},
	{
		Code: "MBP1327", Title: "a new mirrored pair is chosen knowingly", Severity: diag.Warning, Sources: []string{"sql-mirroring-prereqs", "mbam-ha"},
		Covers:  []string{"HA-19", "SQL-L07", "SQL-L30"},
		Why:     "Database mirroring is deprecated since SQL Server 2012, and it moves each database by itself, while MBAM wants its two databases to move together. A job in the plan brings them together again; an availability group or a failover cluster instance needs none.",
		Fix:     "Choose another placement, or write acceptIndependentFailover: true.",
		Example: Example{Base: "adatum-mirroring.yaml", Edits: []string{"    acceptIndependentFailover: true ", "    "}},
		Find: func(c *Context) {
			for _, p := range c.Mirrors() {
				if !p.Existing && !c.accepted(p) && len(p.Databases) > 0 {
					c.Report(decode.Child("placements", p.Name), "prefer an availability group (Enterprise edition) or a failover cluster instance, or write acceptIndependentFailover: true",
						"pair %q is mirrored: mirroring is deprecated since SQL Server 2012, and it moves each database by itself, while MBAM wants them together", p.Name)
				}
			}
		},
	},
}
