package sqlserver

import (
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// A Group is an availability group, as the cluster and all replicas keep it.
type Group struct {
	ID         string
	Name       string
	Preference int // automated_backup_preference: 0 primary, 1 secondary only, 2 secondary, 3 none
	Failure    int
	Timeout    int
	DBFailover bool
	Basic      bool
	Replicas   []*Replica
	Databases  []GroupDatabase
	Listeners  []*Listener
	Primary    string // instance that is primary, or was when its service ended

	lost time.Time // since when the primary does not serve, zero while it does
}

// A Replica is a member of a group. Reads is secondary_role_allow_connections: 0 no, 1 read-only, 2 all.
type Replica struct {
	ID        string
	Server    string
	URL       string
	Sync      bool
	Auto      bool // automatic failover
	Seeding   bool // automatic seeding
	Priority  int
	Reads     int
	Joined    bool
	MayCreate bool // GRANT CREATE ANY DATABASE was given to the group on that instance
}

// A GroupDatabase is a database of a group.
type GroupDatabase struct{ ID, Name string }

// A Listener is a network name of a group.
type Listener struct {
	ID        string
	Name      string
	Port      int
	Addresses []Subnet // address and mask
}

const (
	resolving = 0
	primary   = 1
	secondary = 2
)

// catchUp is how long a copy needs to be synchronized, and patience how long the cluster waits before it fails a group over.
const (
	catchUp  = 3 * time.Second
	patience = 10 * time.Second
)

func (n *Network) group(id string) *Group {
	for _, g := range n.Groups {
		if id != "" && g.ID == id {
			return g
		}
	}
	return nil
}

// GroupNamed finds a group, nil without one.
func (n *Network) GroupNamed(name string) *Group {
	for _, g := range n.Groups {
		if strings.EqualFold(g.Name, name) {
			return g
		}
	}
	return nil
}

func (g *Group) replica(server string) *Replica {
	for _, r := range g.Replicas {
		if strings.EqualFold(r.Server, server) {
			return r
		}
	}
	return nil
}

func (g *Group) database(name string) *GroupDatabase {
	for i := range g.Databases {
		if strings.EqualFold(g.Databases[i].Name, name) {
			return &g.Databases[i]
		}
	}
	return nil
}

// hosts reports whether an instance is a joined replica: only there sys.availability_groups lists the group (1.12).
func (g *Group) hosts(in *Instance) bool {
	r := g.replica(in.Name)
	return r != nil && r.Joined && in.Hadr
}

// serving reports whether the primary replica of a group works.
func (n *Network) serving(g *Group) bool {
	p := n.Instance(g.Primary)
	return p != nil && p.Running && p.manager() == 1
}

// role is the role of a joined replica: without a primary that works it is resolving (6.2).
func (n *Network) role(g *Group, in *Instance) int {
	switch {
	case in.manager() != 1 || !in.Running || !n.serving(g):
		return resolving
	case strings.EqualFold(g.Primary, in.Name):
		return primary
	}
	return secondary
}

// connected reports whether a replica has a session with the primary over the endpoints that the group names.
func (n *Network) connected(g *Group, r *Replica) bool {
	in := n.Instance(r.Server)
	if in == nil || !r.Joined || !in.Running || in.manager() != 1 || !n.serving(g) {
		return false
	}
	if strings.EqualFold(r.Server, g.Primary) {
		return true
	}
	return n.reaches(g, r)
}

// reaches reports whether the addresses of the primary and of a replica lead to each other.
func (n *Network) reaches(g *Group, r *Replica) bool {
	p := g.replica(g.Primary)
	here, there := n.Instance(r.Server), n.Instance(g.Primary)
	return p != nil && here != nil && there != nil && n.at(r.URL) == here && n.at(p.URL) == there && n.linked(here, there)
}

// sync is the mode that a replica really has: one side that is asynchronous makes both so (1.11).
func (g *Group) sync(r *Replica) bool {
	p := g.replica(g.Primary)
	return r.Sync && p != nil && p.Sync
}

// copyOf is the joined copy of a database of a group on a replica, nil without one.
func (n *Network) copyOf(g *Group, r *Replica, name string) *Database {
	in := n.Instance(r.Server)
	if in == nil {
		return nil
	}
	if d := in.Find(name); d != nil && d.Group == g.ID {
		return d
	}
	return nil
}

// syncState is synchronization_state: 0 not synchronizing, 1 synchronizing, 2 synchronized.
func (n *Network) syncState(g *Group, d *Database, in *Instance) int {
	r := g.replica(in.Name)
	switch {
	case n.role(g, in) == primary:
		return 2
	case r == nil || d.Suspended || d.since.IsZero() || !n.connected(g, r):
		return 0
	case g.sync(r) && n.World.Now().Sub(d.since) >= catchUp:
		return 2
	}
	return 1
}

// health is synchronization_health of a copy: 0 not, 1 partially, 2 healthy.
func (n *Network) health(g *Group, d *Database, in *Instance) int {
	r := g.replica(in.Name)
	switch state := n.syncState(g, d, in); {
	case state == 2, state == 1 && !g.sync(r):
		return 2
	case state == 1:
		return 1
	}
	return 0
}

// Settle lets what happens by itself happen: failures are seen, groups and sessions fail over, logs are shipped.
func (n *Network) Settle() {
	now := n.World.Now()
	for _, g := range n.Groups {
		n.settleGroup(g, now)
	}
	for _, m := range n.Mirrors {
		n.settleMirror(m, now)
	}
	n.World.Publish(n)
}

func (n *Network) settleGroup(g *Group, now time.Time) {
	if n.serving(g) {
		g.lost = time.Time{}
	} else if g.lost.IsZero() {
		g.lost = now
	} else if now.Sub(g.lost) >= patience {
		n.failOverByItself(g)
	}
	for _, r := range g.Replicas {
		for _, gd := range g.Databases {
			d := n.copyOf(g, r, gd.Name)
			if d == nil || strings.EqualFold(r.Server, g.Primary) {
				continue
			}
			source := n.copyOf(g, g.replica(g.Primary), gd.Name)
			if !n.connected(g, r) || d.Suspended || source == nil {
				d.since = time.Time{}
				if n.serving(g) {
					d.ready = false // the primary goes on without it
				}
				continue
			}
			if d.since.IsZero() {
				d.since = now
			}
			d.ship(source)
			d.ready = n.syncState(g, d, n.Instance(r.Server)) == 2
		}
	}
}

// ship brings a copy to where its source is. Owner and TRUSTWORTHY stay those of the instance (1.19).
func (d *Database) ship(source *Database) {
	d.contents, d.lsn, d.chain = source.contents.clone(), source.lsn, source.chain
	d.Level, d.Recovery, d.ReadOnly, d.AutoClose = source.Level, source.Recovery, source.ReadOnly, source.AutoClose
}

// failOverByItself moves a group to a synchronized replica with automatic failover that was ready when the primary was lost. Both sides must be set to
// automatic.
func (n *Network) failOverByItself(g *Group) {
	old := g.replica(g.Primary)
	if old == nil || !old.Auto || !n.Cluster.HasQuorum() {
		return
	}
	for _, r := range g.Replicas {
		in := n.Instance(r.Server)
		if r == old || !r.Auto || !r.Sync || !r.Joined || in == nil || !in.Running || in.manager() != 1 || !n.allReady(g, r) {
			continue
		}
		n.move(g, r, false)
		return
	}
}

// allReady reports whether every database of a group was synchronized on a replica when it last was connected.
func (n *Network) allReady(g *Group, r *Replica) bool {
	for _, gd := range g.Databases {
		if d := n.copyOf(g, r, gd.Name); d == nil || !d.ready {
			return false
		}
	}
	return true
}

// move makes a replica primary. After a forced move every other copy is suspended (6.2).
func (n *Network) move(g *Group, to *Replica, forced bool) {
	g.Primary, g.lost = to.Server, time.Time{}
	for _, r := range g.Replicas {
		for _, gd := range g.Databases {
			d := n.copyOf(g, r, gd.Name)
			if d == nil {
				continue
			}
			if r == to {
				d.Suspended, d.SuspendReason, d.since, d.State = false, "", time.Time{}, 0
			} else if d.since = (time.Time{}); forced {
				d.Suspended, d.SuspendReason = true, "SUSPEND_FROM_PARTNER"
			}
		}
	}
	n.Settle()
}

// needGroup finds the group that a statement names, where it is hosted.
func (s *Session) needGroup(name string) *Group {
	g := s.in.net.GroupNamed(name)
	if g == nil || !g.hosts(s.in) {
		tsql.Raise(15151, "Cannot alter the availability group '%s', because it does not exist or you do not have permission.", name)
	}
	return g
}

// needHadr raises what every group statement does while the feature is off.
func (s *Session) needHadr() {
	if !s.in.Hadr {
		tsql.Raise(35221, "Could not process the operation. Always On Availability Groups replica manager is disabled on this instance of SQL Server. Enable Always On Availability Groups, by using the SQL Server Configuration Manager. Then, restart the SQL Server service, and retry the currently operation.")
	}
	if s.in.manager() != 1 {
		tsql.Raise(35222, "Could not process the operation. Always On Availability Groups does not have permissions to access the Windows Server Failover Clustering (WSFC) cluster. Disable and re-enable Always On Availability Groups by using the SQL Server Configuration Manager. Then, restart the SQL Server service, and retry the currently operation.")
	}
}

// healthCheck reports whether Local System may look after a group here: 1.5.
func (in *Instance) healthCheck() bool {
	l := in.loginBySID(LocalSystem)
	if l == nil || l.Disabled {
		return false
	}
	if l.in("sysadmin") {
		return true
	}
	for _, p := range []string{"ALTER ANY AVAILABILITY GROUP", "CONNECT SQL", "VIEW SERVER STATE"} {
		if !in.has("G", 100, 0, l.ID, p) || in.has("D", 100, 0, l.ID, p) {
			return false
		}
	}
	return true
}

// limits are the replicas of a group by version: secondaries, synchronous ones and automatic ones with the primary (chapter 2).
func limits(version int) (secondaries, synchronous, automatic int) {
	switch {
	case version >= 2019:
		return 8, 5, 5
	case version >= 2016:
		return 8, 3, 3
	case version >= 2014:
		return 8, 3, 2
	}
	return 4, 3, 2
}

func (s *Session) createGroup(c *cursor) {
	g := &Group{Name: c.name(), Preference: 2, Failure: 3, Timeout: 30000, Primary: s.in.Name}
	if c.accept("WITH", "(") {
		for {
			switch {
			case c.accept("AUTOMATED_BACKUP_PREFERENCE", "="):
				g.Preference = slices.Index([]string{"PRIMARY", "SECONDARY_ONLY", "SECONDARY", "NONE"}, strings.ToUpper(c.word()))
			case c.accept("FAILURE_CONDITION_LEVEL", "="):
				g.Failure = c.number()
			case c.accept("HEALTH_CHECK_TIMEOUT", "="):
				g.Timeout = c.number()
			case s.in.Version >= 2016 && c.accept("DB_FAILOVER", "="):
				g.DBFailover = strings.EqualFold(c.word(), "ON")
			case s.in.Version >= 2016 && c.accept("BASIC"):
				g.Basic = true
			default:
				c.unknown()
			}
			if !c.accept(",") {
				break
			}
		}
		c.need(")")
	}
	c.need("FOR", "REPLICA", "ON")
	for {
		g.Replicas = append(g.Replicas, s.replica(c))
		if !c.accept(",") {
			break
		}
	}
	c.end()
	s.needHadr()
	n := s.in.net
	secondaries, synchronous, automatic := limits(s.in.Version)
	sync, auto := 0, 0
	for _, r := range g.Replicas {
		sync, auto = sync+int(bit(r.Sync)), auto+int(bit(r.Auto))
		if _, _, ok := parseURL(r.URL); !ok {
			tsql.Raise(35236, "The endpoint URL specified for the availability replica '%s' is not valid.", r.Server)
		}
		if r.Auto && !r.Sync {
			tsql.Unknown("automatic failover of an asynchronous replica")
		}
	}
	own := g.replica(s.in.Name)
	switch {
	case n.GroupNamed(g.Name) != nil:
		tsql.Raise(41042, "The availability group '%s' already exists. This error could be caused by a previous failed CREATE AVAILABILITY GROUP or DROP AVAILABILITY GROUP operation. If the availability group name you specified is correct, try dropping the availability group and then retry CREATE AVAILABILITY GROUP operation.", g.Name)
	case own == nil:
		tsql.Raise(35237, "None of the specified replicas for availability group %s maps to the instance of SQL Server to which you are connected. Reissue the command, specifying this server instance to host one of the replicas. This replica will be the initial primary replica.", g.Name)
	case len(g.Replicas)-1 > secondaries:
		tsql.Raise(35223, "Cannot add %d availability replica(s) to availability group '%s'. The availability group already contains 1 replica(s), and the maximum number of replicas supported in an availability group is %d.", len(g.Replicas)-1, g.Name, secondaries+1)
	case sync > synchronous, auto > automatic:
		tsql.Raise(35233, "Cannot create an availability group containing %d availability replica(s). The maximum number of availability replicas in an availability group with (clustered) failover mode is limited.", len(g.Replicas))
	case s.in.EngineEdition != 3 && !g.Basic:
		tsql.Raise(41199, "The specified command is invalid because the Always On Availability Groups feature is not supported by this edition of SQL Server. For information about features supported by the editions of SQL Server, see SQL Server Books Online.")
	case g.Basic && len(g.Replicas) != 2:
		tsql.Unknown("a basic group of more than two replicas")
	}
	s.noOverlap(g)
	if !s.in.healthCheck() {
		tsql.Raise(41131, "Failed to bring availability group '%s' online.  The operation timed out. If this is a Windows Server Failover Clustering (WSFC) availability group, verify that the local WSFC node is online. Then verify that the availability group resource exists in the WSFC cluster. If the problem persists, you might need to drop the availability group and create it again.", g.Name)
	}
	g.ID = n.guid()
	for _, r := range g.Replicas {
		r.ID = n.guid()
	}
	own.Joined = true
	n.Groups = append(n.Groups, g)
}

// noOverlap refuses two replicas that may run on one machine (1.11, 19405).
func (s *Session) noOverlap(g *Group) {
	owner := map[string]string{}
	for _, r := range g.Replicas {
		in := s.in.net.Instance(r.Server)
		if in == nil {
			continue
		}
		for _, m := range in.Nodes {
			if other, ok := owner[strings.ToUpper(m)]; ok {
				tsql.Raise(19405, "Failed to create, join or add replica to availability group '%s', because node '%s' is a possible owner for both replica '%s' and '%s'. If one replica is failover cluster instance, remove the overlapped node from its possible owners and try again.", g.Name, m, other, r.Server)
			}
			owner[strings.ToUpper(m)] = r.Server
		}
	}
}

// replica is N'server' WITH (…) of CREATE AVAILABILITY GROUP.
func (s *Session) replica(c *cursor) *Replica {
	r := &Replica{Server: c.text(), Priority: 50}
	c.need("WITH", "(")
	for {
		switch {
		case c.accept("ENDPOINT_URL", "="):
			r.URL = c.text()
		case c.accept("AVAILABILITY_MODE", "="):
			r.Sync = choice(c, "SYNCHRONOUS_COMMIT", "ASYNCHRONOUS_COMMIT")
		case c.accept("FAILOVER_MODE", "="):
			r.Auto = choice(c, "AUTOMATIC", "MANUAL")
		case s.in.Version >= 2016 && c.accept("SEEDING_MODE", "="):
			r.Seeding = choice(c, "AUTOMATIC", "MANUAL")
		case c.accept("BACKUP_PRIORITY", "="):
			r.Priority = c.number()
		case c.accept("SECONDARY_ROLE", "(", "ALLOW_CONNECTIONS", "="):
			r.Reads = slices.Index([]string{"NO", "READ_ONLY", "ALL"}, strings.ToUpper(c.word()))
			c.need(")")
		default:
			c.unknown()
		}
		if !c.accept(",") {
			break
		}
	}
	c.need(")")
	if in := s.in.net.Instance(r.Server); in != nil && in.Clustered() && r.Auto {
		tsql.Raise(35215, "The CREATE operation is not allowed on availability replica '%s', because automatic failover mode is an invalid configuration on a SQL Server Failover Cluster Instance.", r.Server)
	}
	return r
}

// choice is one of two words, true for the first.
func choice(c *cursor, yes, no string) bool {
	if c.accept(yes) {
		return true
	}
	c.need(no)
	return false
}

func (s *Session) alterGroup(c *cursor) {
	name := c.name()
	n := s.in.net
	switch {
	case c.accept("JOIN"):
		c.end()
		s.join(name)
	case c.accept("GRANT", "CREATE", "ANY", "DATABASE"):
		c.end()
		s.needHadr()
		s.needGroup(name).replica(s.in.Name).MayCreate = true
		n.Settle()
		n.seed()
	case c.accept("ADD", "DATABASE"):
		database := c.name()
		c.end()
		s.needHadr()
		s.addDatabase(s.onPrimary(name), database)
	case c.accept("REMOVE", "DATABASE"):
		database := c.name()
		c.end()
		s.removeDatabase(s.onPrimary(name), database)
	case c.accept("ADD", "LISTENER"):
		l := &Listener{Name: c.text(), Port: 1433}
		c.need("(", "WITH", "IP", "(")
		for {
			l.Addresses = append(l.Addresses, pair(c))
			if !c.accept(",") {
				break
			}
		}
		c.need(")")
		if c.accept(",", "PORT", "=") {
			l.Port = c.number()
		}
		c.need(")")
		c.end()
		s.addListener(s.onPrimary(name), l)
	case c.accept("MODIFY", "LISTENER"):
		g, listener := s.onPrimary(name), c.text()
		l := g.listener(listener)
		c.need("(")
		if c.accept("PORT", "=") {
			port := c.number()
			c.need(")")
			c.end()
			s.needListener(g, listener, l)
			l.Port = port
			return
		}
		c.need("ADD", "IP")
		address := pair(c)
		c.need(")")
		c.end()
		s.needListener(g, listener, l)
		with := &Listener{Name: l.Name, Addresses: append(slices.Clone(l.Addresses), address)}
		s.listenable(with)
		l.Addresses = with.Addresses
	case c.accept("REMOVE", "LISTENER"):
		g, listener := s.onPrimary(name), c.text()
		c.end()
		s.needListener(g, listener, g.listener(listener))
		g.Listeners = slices.DeleteFunc(g.Listeners, func(l *Listener) bool { return strings.EqualFold(l.Name, listener) })
	case c.accept("FAILOVER"):
		c.end()
		s.failOver(name)
	case c.accept("FORCE_FAILOVER_ALLOW_DATA_LOSS"):
		c.end()
		s.force(name)
	default:
		c.unknown()
	}
}

// onPrimary finds a group where this instance is primary.
func (s *Session) onPrimary(name string) *Group {
	g := s.needGroup(name)
	if s.in.net.role(g, s.in) != primary {
		tsql.Raise(41140, "Availability group '%s' cannot process the ALTER AVAILABILITY GROUP command, because the local availability replica is not the primary replica.  Connect to the server instance that is currently hosting the primary replica of this availability group, and rerun the command.", g.Name)
	}
	return g
}

func (s *Session) join(name string) {
	s.needHadr()
	n := s.in.net
	g := n.GroupNamed(name)
	if g == nil || g.replica(s.in.Name) == nil {
		tsql.Raise(41158, "Failed to join local availability replica to availability group '%s'.  The operation encountered SQL Server error 41106 and has been rolled back.  Check the SQL Server error log for more details.  When the cause of the error has been resolved, retry the ALTER AVAILABILITY GROUP JOIN command.", name)
	}
	r := g.replica(s.in.Name)
	switch {
	case strings.EqualFold(g.Primary, s.in.Name):
		tsql.Raise(35240, "Database '%s' cannot be joined to or unjoined from availability group '%s'. This operation is not supported on the primary replica of the availability group.", "", g.Name)
	case r.Joined:
		tsql.Unknown("JOIN of a replica that has joined")
	case !n.serving(g):
		tsql.Raise(41136, "Failed to join the availability replica to availability group '%s' because the group is not online. Either bring the availability group online, or drop and recreate it. Then retry the join operation.", g.Name)
	case !n.reaches(g, r):
		if here, there := s.in, n.Instance(g.Primary); here != nil && there != nil {
			if why := n.reason(here, there); strings.Contains(why, "CONNECT") {
				there.log("28034: %s", why)
			}
		}
		tsql.Raise(35250, "The connection to the primary replica is not active.  The command cannot be processed.")
	}
	r.Joined = true
	n.Settle()
}

func (s *Session) addDatabase(g *Group, name string) {
	n := s.in.net
	d := s.in.Find(name)
	switch {
	case d == nil:
		tsql.Raise(911, "Database '%s' does not exist. Make sure that the name is entered correctly.", name)
	case d.Group != "":
		tsql.Raise(35244, "Database '%s' cannot be added to availability group '%s'. The database is currently joined to another availability group.  Verify that the database name is correct and that the database is not joined to an availability group, then retry the operation.", d.Name, g.Name)
	case n.mirrorOf(s.in, d) != nil:
		tsql.Raise(1468, "The operation cannot be performed on database \"%s\" because it is involved in a database mirroring session or an availability group. Some operations are not allowed on a database that is participating in a database mirroring session or in an availability group.", d.Name)
	case d.State != 0:
		tsql.Raise(927, "Database '%s' cannot be opened. It is in the middle of a restore.", d.Name)
	case d.Recovery != 1:
		tsql.Raise(1465, "Database \"%s\" database is not in full recovery mode on each of the server instances. The full recovery model is required for a database to participate in database mirroring or in an availability group.", d.Name)
	case d.chain == 0:
		tsql.Raise(1475, "Database \"%s\" might contain bulk logged changes that have not been backed up. Take a log backup on the principal database or primary database. Then restore this backup either on the mirror database to enable database mirroring or on every secondary availability database to enable you to join it to the availability group.", d.Name)
	case d.ReadOnly:
		tsql.Raise(1466, "Database \"%s\" is read-only on one of the server instances which is incompatible with participating in database mirroring or in an availability group. Set the database to read-write mode, and retry the operation.", d.Name)
	case d.AutoClose:
		tsql.Raise(1469, "Database \"%s\" is an auto-close database on one of the server instances, which is incompatible with participating in database mirroring or in an availability group. Set auto_close to off for the database, and retry the operation.", d.Name)
	case d.UserAccess != 0:
		tsql.Raise(1488, "Database \"%s\" is in single user mode which is incompatible with participating in database mirroring or in an availability group. Set database to multi-user mode, and retry the operation.", d.Name)
	case g.Basic && len(g.Databases) > 0:
		tsql.Unknown("a second database in a basic group")
	}
	g.Databases = append(g.Databases, GroupDatabase{n.guid(), d.Name})
	d.Group = g.ID
	n.Settle()
	n.seed()
}

// seed sends databases to connected replicas with automatic seeding: the group must be allowed to create databases there, the same folders must be
// there, and the copy belongs to SID 0x01 (1.14b).
func (n *Network) seed() {
	for _, g := range n.Groups {
		p := g.replica(g.Primary)
		for _, r := range g.Replicas {
			in := n.Instance(r.Server)
			if r == p || !r.Seeding || !r.MayCreate || p == nil || !n.connected(g, r) {
				continue
			}
			for _, gd := range g.Databases {
				source := n.copyOf(g, p, gd.Name)
				if source == nil || in.Find(gd.Name) != nil {
					continue
				}
				d := *source
				in.database++
				d.ID, d.Owner, d.Created, d.Trustworthy, d.Chaining, d.Broker = in.database, SA, n.World.Now(), false, false, false
				d.contents, d.Files = source.contents.clone(), slices.Clone(source.Files)
				in.Databases = append(in.Databases, &d)
			}
		}
	}
	n.Settle()
}

func (s *Session) removeDatabase(g *Group, name string) {
	if g.database(name) == nil {
		tsql.Unknown("REMOVE DATABASE for a database outside of the group")
	}
	s.in.net.leave(g, name)
	g.Databases = slices.DeleteFunc(g.Databases, func(d GroupDatabase) bool { return strings.EqualFold(d.Name, name) })
}

// leave takes every copy of a database out of its group: it stays online on the primary and is restoring elsewhere (1.13).
func (n *Network) leave(g *Group, name string) {
	for _, r := range g.Replicas {
		if d := n.copyOf(g, r, name); d != nil {
			d.Group, d.Suspended, d.SuspendReason, d.since, d.ready = "", false, "", time.Time{}, false
			if !strings.EqualFold(r.Server, g.Primary) {
				d.State, d.rolled = 1, true
			}
		}
	}
}

func (s *Session) dropGroup(c *cursor) {
	name := c.name()
	c.end()
	g := s.needGroup(name)
	n := s.in.net
	if n.role(g, s.in) != primary {
		tsql.Unknown("DROP AVAILABILITY GROUP where it is not primary")
	}
	for _, d := range g.Databases {
		n.leave(g, d.Name)
	}
	n.Groups = slices.DeleteFunc(n.Groups, func(x *Group) bool { return x == g })
}

// hadr is ALTER DATABASE name SET HADR ….
func (s *Session) hadr(c *cursor, d *Database) {
	n := s.in.net
	if c.accept("AVAILABILITY", "GROUP", "=") {
		name := c.name()
		c.end()
		s.needHadr()
		g := n.GroupNamed(name)
		if g == nil || !g.hosts(s.in) {
			tsql.Raise(15151, "Cannot alter the availability group '%s', because it does not exist or you do not have permission.", name)
		}
		s.joinDatabase(g, d)
		return
	}
	word := strings.ToUpper(c.word())
	c.end()
	g := n.group(d.Group)
	if g == nil {
		tsql.Unknown("SET HADR for a database outside of any group")
	}
	lead := n.role(g, s.in) == primary
	switch {
	case word == "OFF" && lead:
		tsql.Raise(35240, "Database '%s' cannot be joined to or unjoined from availability group '%s'. This operation is not supported on the primary replica of the availability group.", d.Name, g.Name)
	case word == "OFF":
		d.Group, d.State, d.rolled, d.Suspended, d.SuspendReason, d.since, d.ready = "", 1, true, false, "", time.Time{}, false
	case word == "SUSPEND":
		d.Suspended, d.SuspendReason = true, "SUSPEND_FROM_USER"
	case word == "RESUME":
		d.Suspended, d.SuspendReason = false, ""
	default:
		c.unknown()
	}
	n.Settle()
}

// joinDatabase joins a restoring copy. It must be rolled forward to where the log of the primary can carry it on (1.14a, 1408, 1412, 1478).
func (s *Session) joinDatabase(g *Group, d *Database) {
	n := s.in.net
	p := n.copyOf(g, g.replica(g.Primary), d.Name)
	switch {
	case strings.EqualFold(g.Primary, s.in.Name):
		tsql.Raise(35240, "Database '%s' cannot be joined to or unjoined from availability group '%s'. This operation is not supported on the primary replica of the availability group.", d.Name, g.Name)
	case !n.connected(g, g.replica(s.in.Name)):
		tsql.Raise(35250, "The connection to the primary replica is not active.  The command cannot be processed.")
	case g.database(d.Name) == nil || p == nil:
		tsql.Raise(41132, "Cannot join database '%s' to availability group '%s'.  The specified database does not belong to the availability group.  Verify the names of the database and the availability group, and retry the command specifying the correct names.", d.Name, g.Name)
	case d.Group != "":
		tsql.Raise(41145, "Cannot join database '%s' to availability group '%s'.  The database has already joined the availability group.  This is an informational message.  No user action is required.", d.Name, g.Name)
	}
	s.follows(d, p)
	d.Group, d.State, d.Suspended = g.ID, 0, false
	n.Settle()
}

// follows raises what keeps a restoring copy from being carried on by its source.
func (s *Session) follows(d, source *Database) {
	switch {
	case d.State != 1:
		tsql.Raise(1464, "Database \"%s\" is not in a recovering state which is required for a mirror database or secondary database. The remote database must be restored using WITH NORECOVERY.", d.Name)
	case d.family != source.family:
		tsql.Raise(1407, "The remote copy of database \"%s\" is not related to the local copy of the database.", d.Name)
	case source.Recovery != 1:
		tsql.Raise(1465, "Database \"%s\" database is not in full recovery mode on each of the server instances. The full recovery model is required for a database to participate in database mirroring or in an availability group.", d.Name)
	case !d.rolled:
		tsql.Raise(1412, "The remote copy of database \"%s\" has not been rolled forward to a point in time that is encompassed in the local copy of the database log.", d.Name)
	case d.lsn < source.chain:
		tsql.Raise(1478, "The mirror database, \"%s\", has insufficient transaction log data to preserve the log backup chain of the principal database.  This may happen if a log backup from the principal database has not been taken or has not been restored on the mirror database.", d.Name)
	}
}

func (g *Group) listener(name string) *Listener {
	for _, l := range g.Listeners {
		if strings.EqualFold(l.Name, name) {
			return l
		}
	}
	return nil
}

func (s *Session) needListener(g *Group, name string, l *Listener) {
	if l == nil {
		tsql.Unknown("the listener %s, which group %s does not have", name, g.Name)
	}
}

// pair is (N'address', N'mask').
func pair(c *cursor) Subnet {
	c.need("(")
	address := c.text()
	c.need(",")
	mask := c.text()
	c.need(")")
	return Subnet{address, mask}
}

// listenable raises what keeps a listener's addresses from coming online (1.15), and brings the name online.
func (s *Session) listenable(l *Listener) {
	n := s.in.net
	seen := map[string]bool{}
	var addresses []string
	for _, a := range l.Addresses {
		net := network(a.Address, a.Mask)
		if seen[net] {
			tsql.Raise(19451, "'%s' and '%s' belong to the same subnet. Only one IPv4 and/or one IPv6 address from each subnet is allowed. For an advanced configuration, see the Windows Server Failover Clustering (WSFC) administrator to create a customized configuration through the Cluster Manager.", a.Address, l.Name)
		}
		seen[net] = true
		if !slices.ContainsFunc(n.Cluster.Networks, func(x Subnet) bool { return x.Address == net }) {
			tsql.Raise(19457, "The specified IP Address '%s' is not valid in the cluster-allowed IP range. Check with the network administrator to select values that are appropriate for the cluster-allowed IP range.", a.Address)
		}
		addresses = append(addresses, a.Address)
	}
	if !slices.ContainsFunc(l.Addresses, func(a Subnet) bool { return n.Hosts(s.in, a) }) {
		tsql.Raise(19456, "None of the IP addresses configured for the availability group listener can be hosted by the server '%s'. Either configure a public cluster network on which one of the specified IP addresses can be hosted, or add another listener IP address which can be hosted on a public cluster network for this server.", s.in.Owner)
	}
	if why := n.World.NetworkName(n.Cluster.Name, l.Name, addresses); why != "" {
		s.fail(19471, "The WSFC cluster could not bring the Network Name resource with DNS name '%s' online. The DNS name may have been taken or have a conflict with existing name services, or the WSFC cluster service may not be running or may be inaccessible. Use a different DNS name to resolve name conflicts, or check the WSFC cluster log for more information.", l.Name)
		tsql.Raise(19476, "The attempt to create the network name and IP address for the listener failed. The WSFC service may not be running or may be inaccessible in its current state, or the values provided for the network name and IP address may be incorrect. Check the state of the WSFC cluster and validate the network name and IP address with the network administrator. (%s)", why)
	}
}

// Hosts reports whether the machine of an instance lies in the network of an address.
func (n *Network) Hosts(in *Instance, a Subnet) bool {
	return n.Subnets[strings.ToUpper(in.Owner)] == network(a.Address, a.Mask)
}

func (s *Session) addListener(g *Group, l *Listener) {
	if len(g.Listeners) > 0 {
		tsql.Unknown("a second listener of group %s", g.Name)
	}
	s.listenable(l)
	l.ID = strings.ToLower(s.in.net.guid())
	g.Listeners = append(g.Listeners, l)
}

// failOver is the planned failover, on its target (6.1).
func (s *Session) failOver(name string) {
	g := s.needGroup(name)
	n := s.in.net
	n.Settle()
	r := g.replica(s.in.Name)
	switch {
	case n.role(g, s.in) == primary:
		tsql.Raise(41122, "Cannot failover availability group '%s' to this instance of SQL Server.  The local availability replica is already the primary replica of the availability group.", g.Name)
	case n.role(g, s.in) == resolving, !n.connected(g, r), !g.sync(r), !n.allReady(g, r):
		tsql.Raise(41142, "The availability replica for availability group '%s' on this instance of SQL Server cannot become the primary replica. One or more databases are not synchronized or have not joined the availability group. If the availability replica uses the asynchronous-commit mode, consider performing a forced manual failover (with possible data loss). Otherwise, once all local secondary databases are joined and synchronized, you can perform a planned manual failover to this secondary replica (without data loss). For more information, see SQL Server Books Online.", g.Name)
	}
	n.move(g, r, false)
}

// force is the forced failover (6.2). On a synchronized secondary with quorum it is a planned one.
func (s *Session) force(name string) {
	g := s.needGroup(name)
	n := s.in.net
	n.Settle()
	r := g.replica(s.in.Name)
	if !n.Cluster.serves(s.in.Owner) {
		tsql.Unknown("a forced failover in a cluster without quorum")
	}
	if n.role(g, s.in) == primary {
		tsql.Raise(41122, "Cannot failover availability group '%s' to this instance of SQL Server.  The local availability replica is already the primary replica of the availability group.", g.Name)
	}
	n.move(g, r, !(n.connected(g, r) && g.sync(r) && n.allReady(g, r)))
}
