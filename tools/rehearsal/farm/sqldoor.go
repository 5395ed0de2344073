package farm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Door is an instance of SQL Server as clients meet it: databases, their schema and who gets into them.
type Door struct {
	Name      string   // @@SERVERNAME
	Names     []string // what a connection string may call it, in lower case: host, host,port, host\instance, a listener
	Collation string
	Down      bool
	Databases []*DoorDatabase
}

// A DoorDatabase is a database behind a Door.
type DoorDatabase struct {
	Name, Schema string
	State        string              // "" is ONLINE
	Users        map[string][]string // roles by account in lower case
}

// Doors are all of them; nil for none.
type doors []*Door

func (d doors) clone() doors {
	var out doors
	for _, one := range d {
		c := *one
		c.Databases = nil
		for _, db := range one.Databases {
			x := *db
			x.Users = maps.Clone(db.Users)
			c.Databases = append(c.Databases, &x)
		}
		out = append(out, &c)
	}
	return out
}

func (d doors) state(add func(format string, args ...any)) {
	for _, one := range d {
		for _, db := range one.Databases {
			add("sql: %s %s %s %s %q", one.Name, db.Name, db.Schema, db.State, db.Users)
		}
	}
}

// AddDoor makes an instance that clients can reach.
func (f *Farm) AddDoor(d *Door) { f.doors = append(f.doors, d) }

// Door finds one by its own name.
func (f *Farm) Door(name string) *Door {
	for _, d := range f.doors {
		if strings.EqualFold(d.Name, name) {
			return d
		}
	}
	return nil
}

// Find is a database by name.
func (d *Door) Find(name string) *DoorDatabase {
	for _, db := range d.Databases {
		if strings.EqualFold(db.Name, name) {
			return db
		}
	}
	return nil
}

// sqlOpened is a connection that was tried.
type sqlOpened struct {
	door     *Door
	database string
	account  string
	fault    *sqlFault
}

const unreachable = "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was not found or was not accessible. Verify that the instance name is correct and that SQL Server is configured to allow remote connections."

// openSQL opens a connection string as an account (DOMAIN\name): the data source, then the failover partner.
func (f *Farm) openSQL(_ *Machine, account, text string) *sqlOpened {
	parts, ok := connectionParts(text)
	if !ok {
		return &sqlOpened{fault: &sqlFault{0, "Format of the initialization string does not conform to specification."}}
	}
	out := &sqlOpened{account: account, database: or(parts["initial catalog"], "master"), fault: &sqlFault{53, unreachable}}
	for _, server := range []string{parts["data source"], parts["failover partner"]} {
		name := strings.ToLower(strings.TrimPrefix(strings.ToLower(server), "tcp:"))
		for _, d := range f.doors {
			if d.Down || name == "" || !slices.Contains(d.Names, name) {
				continue
			}
			db := d.Find(out.database)
			switch {
			case out.database == "master":
			case db == nil || db.State != "":
				out.fault = &sqlFault{4060, fmt.Sprintf("Cannot open database %q requested by the login. The login failed.", out.database)}
				continue
			case !f.enters(db, account):
				out.fault = &sqlFault{18456, fmt.Sprintf("Login failed for user '%s'.", account)}
				continue
			}
			out.door, out.fault = d, nil
			return out
		}
	}
	return out
}

// enters tells whether an account is a user of the database, itself or by a group; the person of the night is an administrator.
func (f *Farm) enters(db *DoorDatabase, account string) bool {
	d := f.Directory
	e := d.Find(account)
	if e != nil && e.Name == "admin" {
		return true
	}
	for name := range db.Users {
		if g := d.Find(name); e != nil && g != nil && (g == e || g.Class == "group" && d.Inside(g, e)) {
			return true
		}
	}
	return false
}

// query answers what the libraries of our scripts ask.
func (o *sqlOpened) query(_ *Session, text string, params map[string]string) ([]string, [][]any, *sqlFault) {
	find := func(name string) *DoorDatabase { return o.door.Find(name) }
	switch {
	case strings.Contains(text, "AS [Collation], (SELECT d.state_desc"):
		state := ""
		if db := find(params["@name"]); db != nil {
			state = or(db.State, "ONLINE")
		}
		return []string{"Server", "Collation", "State", "Schema"}, [][]any{{o.door.Name, o.door.Collation, state, ""}}, nil
	case strings.Contains(text, "sys.schemas WHERE name = @schema"):
		if db := find(params["@name"]); db != nil && db.Schema == params["@schema"] {
			return []string{"name"}, [][]any{{db.Schema}}, nil
		}
		return []string{"name"}, nil, nil
	case strings.Contains(text, "sys.database_principals AS u"):
		var rows [][]any
		if db := find(params["@name"]); db != nil {
			for _, role := range db.Users[strings.ToLower(params["@account"])] {
				rows = append(rows, []any{role})
			}
		}
		return []string{"Role"}, rows, nil
	case strings.Contains(text, "DATABASEPROPERTYEX(DB_NAME(), 'Collation')"):
		return []string{"", "", "", "", "", ""}, [][]any{{o.door.Name, find(o.database).Name, o.door.Collation, "READ_WRITE", "KERBEROS", "TCP"}}, nil
	case strings.Contains(text, "service_broker_guid"):
		return []string{"server", "name", "update", "id"}, [][]any{{o.door.Name, o.database, "READ_WRITE", "id of " + o.database}}, nil
	}
	pwsh.Unknown("the query %s", text)
	return nil, nil, nil
}
