package sqlserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Clone copies the network into another world.
func (n *Network) Clone(w World) *Network {
	out := *n
	out.World, out.Subnets, out.media = w, maps.Clone(n.Subnets), maps.Clone(n.media)
	if n.Cluster != nil {
		c := *n.Cluster
		c.Nodes, c.Networks = slices.Clone(c.Nodes), slices.Clone(c.Networks)
		out.Cluster = &c
	}
	out.Instances, out.Groups, out.Mirrors = nil, nil, nil
	for _, in := range n.Instances {
		out.Instances = append(out.Instances, in.clone(&out))
	}
	for _, g := range n.Groups {
		c := *g
		c.Databases, c.Replicas, c.Listeners = slices.Clone(g.Databases), nil, nil
		for _, r := range g.Replicas {
			x := *r
			c.Replicas = append(c.Replicas, &x)
		}
		for _, l := range g.Listeners {
			x := *l
			x.Addresses = slices.Clone(l.Addresses)
			c.Listeners = append(c.Listeners, &x)
		}
		out.Groups = append(out.Groups, &c)
	}
	for _, m := range n.Mirrors {
		c := *m
		c.Addresses = maps.Clone(m.Addresses)
		out.Mirrors = append(out.Mirrors, &c)
	}
	return &out
}

func (in *Instance) clone(n *Network) *Instance {
	out := *in
	out.net = n
	out.Logins, out.Sessions, out.Databases, out.Jobs = nil, nil, nil, nil
	for _, l := range in.Logins {
		c := *l
		c.Roles = slices.Clone(l.Roles)
		out.Logins = append(out.Logins, &c)
	}
	out.Permissions, out.Properties, out.Backups, out.Restores = slices.Clone(in.Permissions), slices.Clone(in.Properties), slices.Clone(in.Backups), slices.Clone(in.Restores)
	out.ErrorLog, out.Operators = slices.Clone(in.ErrorLog), slices.Clone(in.Operators)
	if in.Endpoint != nil {
		e := *in.Endpoint
		out.Endpoint = &e
	}
	for _, e := range in.Sessions {
		c := *e
		out.Sessions = append(out.Sessions, &c)
	}
	for _, d := range in.Databases {
		c := *d
		c.contents, c.Files = d.contents.clone(), slices.Clone(d.Files)
		out.Databases = append(out.Databases, &c)
	}
	for _, j := range in.Jobs {
		c := *j
		c.Steps, c.History, c.Schedules = slices.Clone(j.Steps), slices.Clone(j.History), nil
		for _, x := range j.Schedules {
			y := *x
			c.Schedules = append(c.Schedules, &y)
		}
		out.Jobs = append(out.Jobs, &c)
	}
	return &out
}

// State adds a line for everything that a script may change. Identifiers and times are left out, so that two runs that end alike read alike; what
// settles by itself within seconds is not told apart.
func (n *Network) State(add func(format string, args ...any)) {
	for _, in := range n.Instances {
		in.state(add)
	}
	for _, g := range n.Groups {
		add("group %s: basic %t, preference %d, failure level %d, timeout %d, database health %t, primary %s", g.Name, g.Basic, g.Preference, g.Failure, g.Timeout, g.DBFailover, g.Primary)
		for _, r := range g.Replicas {
			add("group %s: replica %s at %s, synchronous %t, automatic %t, seeding %t, priority %d, reads %d, joined %t, may create %t, connected %t",
				g.Name, r.Server, r.URL, r.Sync, r.Auto, r.Seeding, r.Priority, r.Reads, r.Joined, r.MayCreate, n.connected(g, r))
			for _, gd := range g.Databases {
				if d := n.copyOf(g, r, gd.Name); d != nil {
					add("group %s: copy of %s on %s, suspended %t %s", g.Name, gd.Name, r.Server, d.Suspended, d.SuspendReason)
				}
			}
		}
		for _, d := range g.Databases {
			add("group %s: database %s", g.Name, d.Name)
		}
		for _, l := range g.Listeners {
			add("group %s: listener %s port %d addresses %v", g.Name, l.Name, l.Port, l.Addresses)
		}
	}
	for _, m := range n.Mirrors {
		add("mirroring of %s: principal %s, mirror %s, addresses %v, witness %q, full %t, timeout %d, suspended %t", m.Database, m.Principal, m.Mirror, m.Addresses, m.Witness, m.Full, m.Timeout, m.Suspended)
	}
}

func (in *Instance) state(put func(format string, args ...any)) {
	add := func(format string, args ...any) { put("sql "+in.Name+": "+format, args...) }
	add("runs %t on %s, agent %t start %d, feature %t next %t", in.Running, in.Owner, in.Agent, in.AgentStart, in.Hadr, in.HadrNext)
	names := map[int]string{}
	for _, l := range in.Logins {
		names[l.ID] = l.Name
		add("login %s %x %s, disabled %t, roles %q", l.Name, l.SID, l.Type, l.Disabled, l.Roles)
	}
	for _, p := range in.Permissions {
		add("permission %s %s of class %d to %s", p.State, p.Name, p.Class, names[p.Grantee])
	}
	if e := in.Endpoint; e != nil {
		add("endpoint %s port %d, state %d, role %d, authentication %d, required %t, algorithm %d, owner %s, listens %t", e.Name, e.Port, e.State, e.Role, e.Auth, e.Required, e.Algorithm, names[e.Owner], in.Listens())
	}
	for _, e := range in.Sessions {
		add("event session %s, start %t, runs %t", e.Name, e.Startup, e.Running)
	}
	for _, p := range in.Properties {
		value := fmt.Sprint(p.Value)
		for _, j := range in.Jobs {
			if strings.EqualFold(value, j.ID) {
				value = "the job " + j.Name
			}
		}
		if len(value) == 36 && strings.Count(value, "-") == 4 {
			value = "a job that is gone"
		}
		add("property %s = %s", p.Name, value)
	}
	for _, d := range in.Databases {
		g := ""
		if x := in.net.group(d.Group); x != nil {
			g = x.Name
		}
		add("database %s: state %d, owner %x, level %d, recovery %s, access %d, read-only %t, close %t, trustworthy %t, chaining %t, broker %t, encrypted %t, chain of log backups %t, group %q, rolled %t",
			d.Name, d.State, d.Owner, d.Level, recoveryModels[d.Recovery], d.UserAccess, d.ReadOnly, d.AutoClose, d.Trustworthy, d.Chaining, d.Broker, d.Encrypted, d.chain != 0, g, d.rolled)
		for _, f := range d.Files {
			add("database %s: file %s", d.Name, f.Physical)
		}
		for _, u := range d.contents.Users {
			add("database %s: user %s %x roles %q", d.Name, u.Name, u.SID, u.Roles)
		}
		add("database %s: written %d times, tables %q, procedures %q, schemas %q", d.Name, d.contents.Rows, d.contents.Tables, d.contents.Procedures, d.contents.Schemas)
	}
	for _, b := range in.Backups {
		add("msdb: backup %s of %s by %s to %s position %d, %q, copy only %t", b.Type, b.Database, b.Server, b.Device, b.Position, b.Name, b.CopyOnly)
	}
	for _, r := range in.Restores {
		add("msdb: restore %s of %s", r.Type, r.Database)
	}
	for _, j := range in.Jobs {
		add("%s", j)
		for _, h := range j.History {
			add("job %q ran, status %d", j.Name, h.Status)
		}
	}
}
