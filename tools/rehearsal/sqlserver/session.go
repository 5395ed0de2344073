package sqlserver

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// A Session is somebody who is connected to an instance. It is the host that package tsql asks.
type Session struct {
	Output []string
	Before func(what string) // called ahead of every change

	in       *Instance
	user     string
	admin    bool
	database string
}

// A LoginError is error 18456 for an account.
type LoginError string

func (e LoginError) Error() string { return "Login failed for user '" + string(e) + "'." }

// Open connects an account to master. The error is what the client says.
func (in *Instance) Open(account string) (*Session, error) {
	in.net.Settle()
	if ok, code := in.CanConnect(account, "master"); !ok && code == 18456 {
		return nil, LoginError(account)
	} else if code == 2 {
		return nil, fmt.Errorf("a network-related or instance-specific error has occurred while establishing a connection to SQL Server")
	}
	s := &Session{in: in, user: account, database: "master"}
	s.admin = slices.ContainsFunc(in.logins(account), func(l *Login) bool { return l.in("sysadmin") })
	return s, nil
}

// Instance is what the session is connected to.
func (s *Session) Instance() *Instance { return s.in }

// Database implements tsql.Host.
func (s *Session) Database() string { return s.database }

// Use implements tsql.Host.
func (s *Session) Use(name string) {
	d := s.in.Find(name)
	if d == nil {
		tsql.Raise(911, "Database '%s' does not exist. Make sure that the name is entered correctly.", name)
	}
	if ok, code := s.in.CanConnect(s.user, name); !ok {
		tsql.Raise(code, "The database '%s' cannot be opened.", name)
	}
	s.database = d.Name
}

// Now implements tsql.Host.
func (s *Session) Now() time.Time { return s.in.net.World.Now() }

// Sleep implements tsql.Host. What happens by itself happens meanwhile.
func (s *Session) Sleep(d time.Duration) {
	for d > 0 {
		step := min(d, time.Second)
		s.in.net.World.Sleep(step)
		s.in.net.Settle()
		d -= step
	}
}

// Print implements tsql.Host.
func (s *Session) Print(line string) { s.Output = append(s.Output, line) }

// Step implements tsql.Host.
func (s *Session) Step(what string) {
	if s.Before != nil {
		s.Before(what)
	}
}

// fail shows an error that another one follows: the server sends both, @@ERROR and CATCH see the last.
func (s *Session) fail(number int, format string, args ...any) {
	s.Print(fmt.Sprintf("Msg %d, Level 16, State 1, Server %s", number, s.in.Name))
	s.Print(fmt.Sprintf(format, args...))
}

// Global implements tsql.Host.
func (s *Session) Global(name string) (tsql.Value, bool) {
	switch name {
	case "@@SERVERNAME":
		return s.in.Name, true
	case "@@SPID":
		return int64(61), true
	}
	return nil, false
}

// Change implements tsql.Host: our scripts write to no table of the server.
func (s *Session) Change(tsql.Name, *tsql.Table) bool { return false }

// Report implements tsql.Reporter.
func (s *Session) Report(tokens []tsql.Token) (*tsql.Table, bool) {
	s.in.net.Settle()
	c := &cursor{tokens: tokens}
	c.need("RESTORE")
	return s.restore(c), true
}

// Statement implements tsql.Host.
func (s *Session) Statement(tokens []tsql.Token) bool {
	s.in.net.Settle()
	c := &cursor{tokens: tokens}
	if !s.admin {
		// The scripts ask for sysadmin, and nothing here was tried with less.
		tsql.Raise(15247, "User does not have permission to perform this action.")
	}
	switch {
	case c.accept("CREATE", "LOGIN"):
		s.createLogin(c)
	case c.accept("DROP", "LOGIN"):
		s.dropLogin(c)
	case c.accept("GRANT"):
		s.grant(c, "G", "TO")
	case c.accept("REVOKE"):
		s.grant(c, "", "FROM")
	case c.accept("CREATE", "ENDPOINT"):
		s.createEndpoint(c)
	case c.accept("ALTER", "ENDPOINT"):
		s.alterEndpoint(c)
	case c.accept("DROP", "ENDPOINT"):
		s.dropEndpoint(c)
	case c.accept("ALTER", "AUTHORIZATION", "ON"):
		s.authorization(c)
	case c.accept("ALTER", "EVENT", "SESSION"):
		s.eventSession(c)
	case c.accept("CREATE", "AVAILABILITY", "GROUP"):
		s.createGroup(c)
	case c.accept("ALTER", "AVAILABILITY", "GROUP"):
		s.alterGroup(c)
	case c.accept("DROP", "AVAILABILITY", "GROUP"):
		s.dropGroup(c)
	case c.accept("ALTER", "DATABASE"):
		s.alterDatabase(c)
	case c.accept("DROP", "DATABASE"):
		s.dropDatabase(c)
	case c.accept("BACKUP"):
		s.backup(c)
	case c.accept("RESTORE"):
		s.restore(c)
	default:
		return false
	}
	s.in.net.Settle()
	return true
}

// createLogin is CREATE LOGIN name FROM WINDOWS.
func (s *Session) createLogin(c *cursor) {
	name := c.name()
	c.need("FROM", "WINDOWS")
	c.end()
	sid := s.in.sid(name)
	switch {
	case s.in.loginByName(name) != nil || s.in.loginBySID(sid) != nil:
		tsql.Raise(15025, "The server principal '%s' already exists.", name)
	case sid == nil:
		tsql.Raise(15401, "Windows NT user or group '%s' not found. Check the name again.", name)
	}
	kind := "U"
	if s.in.net.World.IsGroup(sid) {
		kind = "G"
	}
	s.in.addLogin(name, kind)
}

// dropLogin refuses a login that owns something.
func (s *Session) dropLogin(c *cursor) {
	name := c.name()
	c.end()
	in := s.in
	l := in.loginByName(name)
	if l == nil {
		tsql.Raise(15151, "Cannot drop the login '%s', because it does not exist or you do not have permission.", name)
	}
	if slices.ContainsFunc(in.Databases, func(d *Database) bool { return bytes.Equal(d.Owner, l.SID) }) {
		tsql.Raise(15174, "Login '%s' owns one or more database(s). Change the owner of the database(s) before dropping the login.", l.Name)
	}
	if in.Endpoint != nil && in.Endpoint.Owner == l.ID {
		tsql.Raise(15141, "The server principal owns a endpoint and cannot be dropped.")
	}
	if owned := slices.IndexFunc(in.Jobs, func(j *Job) bool { return bytes.Equal(j.Owner, l.SID) }); owned >= 0 {
		tsql.Raise(15170, "This login is the owner of 1 job(s). You must delete or reassign these jobs before the login can be dropped.")
	}
	in.Logins = slices.DeleteFunc(in.Logins, func(x *Login) bool { return x == l })
	in.drop(func(p Permission) bool { return p.Grantee == l.ID })
}

// grant is GRANT and REVOKE of a server permission, or of CONNECT on the endpoint.
func (s *Session) grant(c *cursor, state, to string) {
	in := s.in
	var words []string
	for !c.done() && !c.accept("ON") && !c.accept(to) {
		words = append(words, strings.ToUpper(c.word()))
	}
	permission, class, major := strings.Join(words, " "), 100, 0
	if c.at > 0 && strings.EqualFold(c.tokens[c.at-1].Text, "ON") {
		c.need("ENDPOINT")
		c.colons()
		name := c.name()
		c.need(to)
		if in.Endpoint == nil || !strings.EqualFold(in.Endpoint.Name, name) {
			tsql.Raise(15151, "Cannot find the endpoint '%s', because it does not exist or you do not have permission.", name)
		}
		if permission != "CONNECT" {
			c.unknown()
		}
		class, major = 105, in.Endpoint.ID
	} else if !slices.Contains([]string{"ALTER ANY AVAILABILITY GROUP", "CONNECT SQL", "VIEW SERVER STATE"}, permission) {
		c.unknown()
	}
	name := c.name()
	c.end()
	l := in.loginByName(name)
	if l == nil {
		tsql.Raise(15151, "Cannot find the login '%s', because it does not exist or you do not have permission.", name)
	}
	in.drop(func(p Permission) bool {
		return p.Class == class && p.Major == major && p.Grantee == l.ID && p.Name == permission
	})
	if state != "" {
		in.Permissions = append(in.Permissions, Permission{class, major, l.ID, permission, state})
	}
}

// createEndpoint makes the mirroring endpoint (1.6). It belongs to the one who makes it, who may also CONNECT. That the port is taken does not stop it.
func (s *Session) createEndpoint(c *cursor) {
	in := s.in
	e := &Endpoint{Name: c.name(), State: 1, Auth: 3, Required: true, Algorithm: 2}
	if in.Version < 2016 {
		e.Algorithm = 1
	}
	if c.accept("STATE", "=") {
		e.State = state(c)
	}
	c.need("AS", "TCP", "(", "LISTENER_PORT", "=")
	e.Port = c.number()
	c.need(",", "LISTENER_IP", "=", "ALL", ")", "FOR", "DATABASE_MIRRORING")
	s.mirroringOptions(c, e)
	c.end()
	if in.Endpoint != nil {
		tsql.Raise(7862, "An endpoint of the requested type already exists.  Only one endpoint of this type is supported.  Use ALTER ENDPOINT or DROP the existing endpoint and execute the CREATE ENDPOINT statement.")
	}
	if e.Role == 0 {
		c.unknown()
	}
	in.endpoint++
	e.ID, e.Owner = in.endpoint, 1
	if l := in.loginBySID(in.sid(s.user)); l != nil {
		e.Owner = l.ID
	}
	in.Endpoint = e
	if e.State == 0 && in.portTaken(e.Port) {
		in.log("9692: The Database Mirroring endpoint cannot listen on port %d because it is in use by another process.", e.Port)
	}
}

func state(c *cursor) int {
	return slices.Index([]string{"STARTED", "STOPPED", "DISABLED"}, strings.ToUpper(c.word()))
}

// mirroringOptions are what stands in the parentheses behind FOR DATABASE_MIRRORING.
func (s *Session) mirroringOptions(c *cursor, e *Endpoint) {
	c.need("(")
	for {
		switch {
		case c.accept("AUTHENTICATION", "=", "WINDOWS", "NEGOTIATE"):
			e.Auth = 3
		case c.accept("ENCRYPTION", "=", "REQUIRED", "ALGORITHM", "AES"):
			e.Required, e.Algorithm = true, 2
		case c.accept("ROLE", "="):
			e.Role = slices.Index([]string{"", "PARTNER", "WITNESS", "ALL"}, strings.ToUpper(c.word()))
		default:
			c.unknown()
		}
		if !c.accept(",") {
			break
		}
	}
	c.need(")")
}

func (s *Session) alterEndpoint(c *cursor) {
	e := s.needEndpoint(c.name(), "alter")
	if c.accept("STATE", "=") {
		e.State = state(c)
	} else {
		c.need("FOR", "DATABASE_MIRRORING")
		s.mirroringOptions(c, e)
	}
	c.end()
}

func (s *Session) needEndpoint(name, verb string) *Endpoint {
	if s.in.Endpoint == nil || !strings.EqualFold(s.in.Endpoint.Name, name) {
		tsql.Raise(15151, "Cannot %s the endpoint '%s', because it does not exist or you do not have permission.", verb, name)
	}
	return s.in.Endpoint
}

// dropEndpoint takes the permissions on it along.
func (s *Session) dropEndpoint(c *cursor) {
	e := s.needEndpoint(c.name(), "drop")
	c.end()
	s.in.Endpoint = nil
	s.in.drop(func(p Permission) bool { return p.Class == 105 && p.Major == e.ID })
}

// authorization is ALTER AUTHORIZATION ON ENDPOINT and ON DATABASE.
func (s *Session) authorization(c *cursor) {
	database := choice(c, "DATABASE", "ENDPOINT")
	c.colons()
	object := c.name()
	c.need("TO")
	owner := c.name()
	c.end()
	l := s.in.loginByName(owner)
	if l == nil {
		tsql.Raise(15151, "Cannot find the principal '%s', because it does not exist or you do not have permission.", owner)
	}
	if !database {
		e := s.needEndpoint(object, "alter")
		// The permissions that the former owner had granted go with it (ALTER AUTHORIZATION): one on the endpoint is granted by its owner.
		if e.Owner != l.ID {
			s.in.drop(func(p Permission) bool { return p.Class == 105 && p.Major == e.ID })
		}
		e.Owner = l.ID
		return
	}
	d := s.in.Find(object)
	if d == nil {
		tsql.Raise(15151, "Cannot find the database '%s', because it does not exist or you do not have permission.", object)
	}
	s.mayChange(d)
	d.Owner = l.SID
	d.lsn += 1000
}

func (s *Session) eventSession(c *cursor) {
	name := c.name()
	c.need("ON", "SERVER")
	var e *EventSession
	for _, x := range s.in.Sessions {
		if strings.EqualFold(x.Name, name) {
			e = x
		}
	}
	if e == nil {
		tsql.Raise(15151, "Cannot alter the event session '%s', because it does not exist or you do not have permission.", name)
	}
	if c.accept("STATE", "=") {
		start := choice(c, "START", "STOP")
		c.end()
		if start == e.Running {
			word := map[bool]string{true: "already been started", false: "already been stopped"}[start]
			tsql.Raise(map[bool]int{true: 25705, false: 25704}[start], "The event session has %s.", word)
		}
		e.Running = start
		return
	}
	c.need("WITH", "(", "STARTUP_STATE", "=")
	e.Startup = choice(c, "ON", "OFF")
	c.need(")")
	c.end()
}

// dropDatabase is what our scripts print for the administrator.
func (s *Session) dropDatabase(c *cursor) {
	name := c.name()
	c.end()
	d := s.in.Find(name)
	switch {
	case d == nil:
		tsql.Raise(3701, "Cannot drop the database '%s', because it does not exist or you do not have permission.", name)
	case d.Group != "":
		tsql.Raise(3752, "The database '%s' is currently joined to an availability group.  Before you can drop the database, you need to remove it from the availability group.", d.Name)
	case s.in.net.mirrorOf(s.in, d) != nil:
		tsql.Raise(3743, "The database '%s' is enabled for database mirroring. Database mirroring must be removed before you drop the database.", d.Name)
	}
	s.in.DropDatabase(name)
}

// Procedure implements tsql.Host.
func (s *Session) Procedure(name tsql.Name, args []tsql.Arg) (*tsql.Table, bool) {
	s.in.net.Settle()
	full := strings.ToLower(name.Database + "." + name.Schema + "." + name.Object)
	switch full {
	case "master.sys.sp_addextendedproperty":
		a := bind(name.Object, args, "@name", "@value")
		n := text(a["@name"])
		if s.property(n) >= 0 {
			tsql.Raise(15233, "Property cannot be added. Property '%s' already exists for 'object specified'.", n)
		}
		s.in.Properties = append(s.in.Properties, Property{n, a["@value"].Value})
		return nil, true
	case "master.sys.sp_dropextendedproperty":
		a := bind(name.Object, args, "@name")
		at := s.property(text(a["@name"]))
		if at < 0 {
			tsql.Raise(15217, "Property cannot be updated or deleted. Property '%s' does not exist for 'object specified'.", text(a["@name"]))
		}
		s.in.Properties = slices.Delete(slices.Clone(s.in.Properties), at, at+1)
		return nil, true
	case "master.sys.xp_fileexist":
		// No document describes it: 305 says what is inferred. A sysadmin sees with the rights of the service.
		file, folder, parent := s.in.net.World.Look(s.in.Owner, s.in.wire(), text(&args[0]))
		if len(args) > 1 {
			args[1].Set(bit(file))
			return nil, true
		}
		t := table("file_exists file_is_a_directory parent_directory_exists")
		add(t, file, folder, parent)
		return t, true
	}
	if strings.HasPrefix(full, "msdb.dbo.") {
		return nil, s.agentProcedure(strings.TrimPrefix(full, "msdb.dbo."), args)
	}
	return nil, false
}

func (s *Session) property(name string) int {
	return slices.IndexFunc(s.in.Properties, func(p Property) bool { return strings.EqualFold(p.Name, name) })
}

// bind gives arguments their names, and raises what the server does for one that the procedure does not have.
func bind(procedure string, args []tsql.Arg, parameters ...string) map[string]*tsql.Arg {
	out := map[string]*tsql.Arg{}
	for i := range args {
		name := args[i].Name
		if name == "" {
			if i >= len(parameters) {
				tsql.Raise(8144, "Procedure or function %s has too many arguments specified.", procedure)
			}
			name = parameters[i]
		}
		if !slices.Contains(parameters, name) {
			tsql.Raise(8145, "%s is not a parameter for procedure %s.", name, procedure)
		}
		out[name] = &args[i]
	}
	return out
}

// text and number read an argument; one that is not given is "" or 0.
func text(a *tsql.Arg) string {
	if a == nil || a.Value == nil {
		return ""
	}
	v, ok := a.Value.(string)
	if !ok {
		tsql.Unknown("an argument that is no text")
	}
	return v
}

func number(a *tsql.Arg, otherwise int) int {
	if a == nil || a.Value == nil {
		return otherwise
	}
	switch v := a.Value.(type) {
	case int64:
		return int(v)
	case string:
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	}
	tsql.Unknown("an argument that is no number")
	return 0
}
