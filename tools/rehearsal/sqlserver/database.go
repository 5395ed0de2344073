package sqlserver

import (
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// A Database is a database of an instance, or a copy of one.
type Database struct {
	Name        string
	ID          int
	Created     time.Time
	State       int // 0 online, 1 restoring, 3 recovery pending
	Owner       []byte
	Level       int
	Recovery    int // 1 FULL, 2 BULK_LOGGED, 3 SIMPLE
	Collation   string
	UserAccess  int
	ReadOnly    bool
	AutoClose   bool
	Trustworthy bool
	Chaining    bool
	Broker      bool
	Encrypted   bool
	Containment int
	Files       []File

	// Group is the availability group that this copy has joined, "" for none; Suspended copies receive nothing.
	Group         string
	Suspended     bool
	SuspendReason string

	contents *Contents
	family   string    // that all copies of one database share
	lsn      int64     // end of the log; of a restoring copy, how far it has been rolled forward
	chain    int64     // last_log_backup_lsn: where the next log backup begins, 0 for NULL
	rolled   bool      // a restoring copy: a log backup was applied since the full one
	since    time.Time // a copy: when it began to catch up, zero while it is not connected
	ready    bool      // a copy was synchronized, the last time that it was connected
	partner  string    // the address that SET PARTNER recorded on a mirror
}

// A File is a file of a database.
type File struct {
	Logical, Physical string
	Type              int // 0 rows, 1 log
	ID                int
	Pages             int64 // of 8 KB
}

// Contents are what is in a database.
type Contents struct {
	Schemas, Tables, Procedures []string
	Users                       []User
	Roles                       []string
	Rows                        int // how often something was written
}

// A User is a user of a database.
type User struct {
	Name  string
	SID   []byte
	Type  string // U, G, S
	Roles []string
}

func (c *Contents) clone() *Contents {
	out := *c
	out.Schemas, out.Tables, out.Procedures = slices.Clone(c.Schemas), slices.Clone(c.Tables), slices.Clone(c.Procedures)
	out.Roles, out.Users = slices.Clone(c.Roles), slices.Clone(c.Users)
	for i := range out.Users {
		out.Users[i].Roles = slices.Clone(c.Users[i].Roles)
	}
	return &out
}

// Contents are what is in it; what somebody writes is to be followed by Write.
func (d *Database) Contents() *Contents { return d.contents }

// Write is a transaction: something was written, and the log grew.
func (d *Database) Write() {
	d.contents.Rows++
	d.lsn += 1000
}

// CreateDatabase makes a database as a program does that is connected to the instance: in the default folders, with the instance's collation
// and highest level, owned by the account that makes it. Its recovery model is given, since it comes from model.
func (in *Instance) CreateDatabase(name, owner string, recovery int, contents Contents) *Database {
	in.database++
	d := &Database{
		Name: name, ID: in.database, Created: in.net.World.Now(), Owner: in.sid(owner), Level: in.level(), Recovery: recovery, Collation: in.Collation,
		Broker: true, contents: contents.clone(), family: in.net.guid(), lsn: 34_000_000_000_100_000,
		Files: []File{
			{Logical: name, Physical: in.Data + `\` + name + ".mdf", ID: 1, Pages: 16384},
			{Logical: name + "_log", Physical: in.Log + `\` + name + "_log.ldf", Type: 1, ID: 2, Pages: 4096},
		},
	}
	in.Databases = append(in.Databases, d)
	return d
}

// AddUser gives an account a login and a user with roles, as a program does that is connected to the instance; what is there stays.
func (in *Instance) AddUser(d *Database, account string, roles ...string) {
	l := in.AddLogin(account)
	if slices.ContainsFunc(d.contents.Users, func(u User) bool { return slices.Equal(u.SID, l.SID) }) {
		return
	}
	d.contents.Users = append(d.contents.Users, User{Name: l.Name, SID: l.SID, Type: l.Type, Roles: roles})
	d.lsn += 1000
}

// DropDatabase removes a database, as a person does by hand.
func (in *Instance) DropDatabase(name string) {
	in.Databases = slices.DeleteFunc(in.Databases, func(d *Database) bool { return strings.EqualFold(d.Name, name) })
}

// writable reports whether a database can be changed here: online, not read-only, no mirror, no secondary.
func (in *Instance) writable(d *Database) bool {
	if d.State != 0 || d.ReadOnly {
		return false
	}
	if m := in.net.mirrorOf(in, d); m != nil && m.Principal != "" && !in.net.principalServes(m) {
		return false
	}
	if g := in.net.group(d.Group); g != nil {
		return in.net.role(g, in) == primary
	}
	return true
}

// readable reports whether its contents can be read here.
func (in *Instance) readable(d *Database) bool {
	if d.State != 0 {
		return false
	}
	if g := in.net.group(d.Group); g != nil && in.net.role(g, in) != primary {
		r := g.replica(in.Name)
		return in.net.role(g, in) == secondary && r != nil && r.Reads == 2
	}
	return true
}

// CanConnect reports whether an account gets into a database, with the number of the error when it does not: 18456 without a login, 4060 without a
// user, 976 for a copy that cannot be read, 954 for a mirror (chapter 7).
func (in *Instance) CanConnect(account, database string) (bool, int) {
	in.net.Settle()
	if !in.Running {
		return false, 2
	}
	logins := in.logins(account)
	admin := false
	for _, l := range logins {
		if l.Disabled || in.has("D", 100, 0, l.ID, "CONNECT SQL") {
			return false, 18456
		}
		admin = admin || l.in("sysadmin")
	}
	if len(logins) == 0 {
		return false, 18456
	}
	d := in.Find(database)
	switch {
	case d == nil:
		return false, 4060
	case d.Group != "" && !in.readable(d):
		return false, 976
	case in.net.mirrorOf(in, d) != nil && d.State == 1:
		return false, 954
	case d.State != 0:
		return false, 927
	case admin, d.ID <= 4: // guest may enter master, tempdb and msdb
		return true, 0
	}
	for _, l := range logins {
		if slices.Equal(l.SID, d.Owner) || slices.ContainsFunc(d.contents.Users, func(u User) bool { return slices.Equal(u.SID, l.SID) }) {
			return true, 0
		}
	}
	return false, 4060
}

// Roles are the database roles that an account has in a database through its logins and users.
func (in *Instance) Roles(account, database string) []string {
	var out []string
	d := in.Find(database)
	if d == nil {
		return nil
	}
	for _, l := range in.logins(account) {
		for _, u := range d.contents.Users {
			if slices.Equal(u.SID, l.SID) {
				out = append(out, u.Roles...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var recoveryModels = []string{"", "FULL", "BULK_LOGGED", "SIMPLE"}

// alterDatabase is ALTER DATABASE name SET ….
func (s *Session) alterDatabase(c *cursor) {
	name := c.name()
	c.need("SET")
	d := s.in.Find(name)
	if d == nil {
		tsql.Raise(5011, "User does not have permission to alter database '%s', the database does not exist, or the database is not in a state that allows access checks.", name)
	}
	switch {
	case c.accept("RECOVERY"):
		model := slices.Index(recoveryModels, strings.ToUpper(c.word()))
		c.end()
		s.mayChange(d)
		if model < 1 {
			c.unknown()
		}
		if model != 1 && (d.Group != "" || s.in.net.mirrorOf(s.in, d) != nil) {
			tsql.Raise(1468, "The operation cannot be performed on database \"%s\" because it is involved in a database mirroring session or an availability group. Some operations are not allowed on a database that is participating in a database mirroring session or in an availability group.", d.Name)
		}
		if model == 3 {
			d.chain = 0 // the chain of log backups ends
		}
		d.Recovery = model
		d.lsn += 1000
	case c.accept("COMPATIBILITY_LEVEL", "="):
		level := c.number()
		c.end()
		s.mayChange(d)
		if level < 100 || level > s.in.level() || level%10 != 0 || s.in.Version >= 2014 && level < 100 {
			tsql.Raise(15048, "Valid values of the database compatibility level are 100, 110, 120, 130, 140, or 150.")
		}
		d.Level = level
		d.lsn += 1000
	case c.accept("HADR"):
		s.hadr(c, d)
	case c.accept("PARTNER"):
		s.partner(c, d)
	case c.accept("WITNESS"):
		s.witness(c, d)
	default:
		c.unknown()
	}
}

// mayChange raises what the server says when a database cannot be written here.
func (s *Session) mayChange(d *Database) {
	switch {
	case s.in.net.mirrorOf(s.in, d) != nil && d.State == 1:
		tsql.Raise(954, "The database \"%s\" cannot be opened. It is acting as a mirror database.", d.Name)
	case d.State == 1:
		tsql.Raise(927, "Database '%s' cannot be opened. It is in the middle of a restore.", d.Name)
	case d.Group != "" && !s.in.writable(d):
		tsql.Raise(976, "The target database, '%s', is participating in an availability group and is currently not accessible for queries. Either data movement is suspended or the availability replica is not enabled for read access. To allow read-only access to this and other databases in the availability group, enable read access to one or more secondary availability replicas in the group.  For more information, see the ALTER AVAILABILITY GROUP statement in SQL Server Books Online.", d.Name)
	case d.ReadOnly:
		tsql.Raise(3906, "Failed to update database \"%s\" because the database is read-only.", d.Name)
	case d.State != 0:
		tsql.Raise(942, "Database '%s' cannot be opened because it is offline.", d.Name)
	}
}
