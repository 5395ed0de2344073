package rehearsal

import (
	"fmt"
	"strings"
	"time"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// existingDatabases makes the databases, groups and mirrored pairs that the plan says are there already, as somebody else built them.
func (n *Night) existingDatabases(f *planned.Farm) {
	network := n.Farm.SQLNetwork()
	for _, d := range []*planned.Database{f.Compliance, f.Recovery} {
		if d == nil || !d.Existing {
			continue
		}
		in := network.Instance(d.Placement.Primary().Name)
		made := in.CreateDatabase(d.Name, f.Domain.NetBIOS+`\admin`, 1, sqlserver.Contents{
			Schemas: []string{"dbo", mbamSchema(d)}, Tables: []string{"Machines"}, Procedures: []string{"GetVersion"}, Roles: []string{"ReadRole", "WriteRole"},
		})
		in.AddUser(made, f.Domain.NetBIOS+`\`+f.ReadWrite.Name, "ReadRole", "WriteRole")
		if d == f.Compliance {
			in.AddUser(made, f.Domain.NetBIOS+`\`+f.ReadOnly.Name, "ReadRole")
		}
		n.Farm.AddShare(`\\backup\sql`)
		n.execute(in, fmt.Sprintf(`BACKUP DATABASE %s TO DISK = N'\\backup\sql\%s.bak' WITH CHECKSUM;`, quoteName(d.Name), d.Key))
	}
	for _, p := range f.Placements {
		if !p.Existing || p.InstanceLevel() {
			continue
		}
		var urls []string
		for _, i := range members(p) {
			urls = append(urls, n.endpoint(f, p, i))
		}
		for _, d := range p.Databases {
			n.copies(p, d, urls)
		}
		if p.AG() {
			n.group(f, p)
		}
	}
}

// members are the instances of a placement, the one that serves first.
func members(p *planned.Placement) []*planned.Instance {
	if p.AG() {
		var out []*planned.Instance
		for _, r := range p.Replicas {
			if r.First {
				out = append([]*planned.Instance{r.Instance}, out...)
			} else {
				out = append(out, r.Instance)
			}
		}
		return out
	}
	out := []*planned.Instance{p.Principal, p.Mirror}
	if p.Witness != nil {
		out = append(out, p.Witness)
	}
	return out
}

func mbamSchema(d *planned.Database) string {
	return map[string]string{"compliance": "ComplianceCore", "recovery": "RecoveryAndHardwareCore"}[d.Key]
}

func quoteName(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

// execute runs a text as the administrator; it has to succeed.
func (n *Night) execute(in *sqlserver.Instance, text string) {
	s, err := in.Open(n.Planned.Domain.NetBIOS + `\admin`)
	if err != nil {
		panic(err)
	}
	code, err := tsql.Run(s, "setup", []byte("\ufeff"+text), tsql.Options{StopOnError: true})
	if err != nil || code != 0 {
		panic(fmt.Sprintf("%s on %s: %d %v %q", text, in.Name, code, err, s.Output))
	}
}

// endpoint makes an endpoint that all members may use, with the feature on for a group; it gives its address.
func (n *Night) endpoint(f *planned.Farm, p *planned.Placement, i *planned.Instance) string {
	in := n.Farm.SQLNetwork().Instance(i.Name)
	port := p.EndpointPort
	if i.Endpoint > 0 {
		port = i.Endpoint
	}
	for _, m := range in.Nodes {
		n.Farm.Machines[m].AddRule(farm.Rule{Name: "endpoint of " + p.Name, Enabled: true, Protocol: "TCP", Ports: fmt.Sprint(port), Allow: true})
	}
	if p.AG() {
		if why := in.SetHadr(true); why != "" {
			panic(why)
		}
		in.Restart()
		n.execute(in, `CREATE LOGIN [NT AUTHORITY\SYSTEM] FROM WINDOWS; GRANT ALTER ANY AVAILABILITY GROUP TO [NT AUTHORITY\SYSTEM]; GRANT VIEW SERVER STATE TO [NT AUTHORITY\SYSTEM];`+
			` ALTER EVENT SESSION [AlwaysOn_health] ON SERVER WITH (STARTUP_STATE = ON); ALTER EVENT SESSION [AlwaysOn_health] ON SERVER STATE = START;`)
	}
	n.execute(in, fmt.Sprintf(`CREATE ENDPOINT [Mirroring] STATE = STARTED AS TCP (LISTENER_PORT = %d, LISTENER_IP = ALL) FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL);`, port))
	for _, other := range members(p) {
		service, err := other.ServiceAccount(f.Domain)
		if err != nil {
			panic(err)
		}
		for _, a := range service.Accounts {
			account := a.Domain + `\` + a.Name
			in.AddLogin(account)
			n.execute(in, fmt.Sprintf(`GRANT CONNECT ON ENDPOINT::[Mirroring] TO %s;`, quoteName(account)))
		}
	}
	return fmt.Sprintf("TCP://%s:%d", i.FQDN, port)
}

// copies restores a database on the other members, and pairs it when it is mirrored.
func (n *Night) copies(p *planned.Placement, d *planned.Database, urls []string) {
	network := n.Farm.SQLNetwork()
	all := members(p)
	first := network.Instance(all[0].Name)
	full, log := fmt.Sprintf(`\\backup\sql\%s.seed.bak`, d.Key), fmt.Sprintf(`\\backup\sql\%s.seed.trn`, d.Key)
	name := quoteName(d.Name)
	n.execute(first, fmt.Sprintf(`BACKUP DATABASE %s TO DISK = N'%s' WITH COPY_ONLY, CHECKSUM; BACKUP LOG %s TO DISK = N'%s' WITH CHECKSUM;`, name, full, name, log))
	for _, i := range all[1:] {
		if i == p.Witness {
			continue
		}
		in := network.Instance(i.Name)
		n.execute(in, fmt.Sprintf(`RESTORE DATABASE %s FROM DISK = N'%s' WITH FILE = 1, NORECOVERY; RESTORE LOG %s FROM DISK = N'%s' WITH FILE = 1, NORECOVERY;`, name, full, name, log))
		if p.Mirroring() {
			n.execute(in, fmt.Sprintf(`ALTER DATABASE %s SET PARTNER = N'%s';`, name, urls[0]))
			n.execute(first, fmt.Sprintf(`ALTER DATABASE %s SET PARTNER = N'%s';`, name, urls[1]))
		}
	}
	n.Farm.Clock = n.Farm.Clock.Add(time.Minute)
	if p.Mirroring() && p.Witness != nil {
		n.execute(first, fmt.Sprintf(`ALTER DATABASE %s SET WITNESS = N'%s';`, name, urls[2]))
	}
}

// group makes an availability group with its databases and its listener.
func (n *Night) group(f *planned.Farm, p *planned.Placement) {
	network := n.Farm.SQLNetwork()
	text := func(s quote.SQL, err error) string {
		if err != nil {
			panic(err)
		}
		return s.String()
	}
	first := network.Instance(p.Primary().Name)
	var replicas []string
	for _, r := range p.Replicas {
		replicas = append(replicas, fmt.Sprintf("N'%s' WITH (%s)", r.Instance.Name, text(r.Options())))
	}
	name := quoteName(p.Name)
	n.execute(first, fmt.Sprintf("CREATE AVAILABILITY GROUP %s WITH (%s) FOR REPLICA ON %s;", name, text(p.GroupOptions()), strings.Join(replicas, ", ")))
	for _, d := range p.Databases {
		n.execute(first, fmt.Sprintf("ALTER AVAILABILITY GROUP %s ADD DATABASE %s;", name, quoteName(d.Name)))
	}
	for _, r := range p.Replicas {
		in := network.Instance(r.Instance.Name)
		if in == first {
			continue
		}
		n.execute(in, fmt.Sprintf("ALTER AVAILABILITY GROUP %s JOIN;", name))
		for _, d := range p.Databases {
			n.execute(in, fmt.Sprintf("ALTER DATABASE %s SET HADR AVAILABILITY GROUP = %s;", quoteName(d.Name), name))
		}
	}
	if p.Listener != nil {
		n.Farm.PrestageListener(f.Cluster.Name, p.Listener.Name)
		n.execute(first, fmt.Sprintf("ALTER AVAILABILITY GROUP %s ADD LISTENER N'%s' (%s);", name, p.Listener.Name, text(p.Listener.Clause())))
	}
	n.Farm.Clock = n.Farm.Clock.Add(time.Minute)
	network.Settle()
}
