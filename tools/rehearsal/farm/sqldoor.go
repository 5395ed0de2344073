package farm

import (
	"fmt"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// sqlOpened is a connection that was tried.
type sqlOpened struct {
	session  *sqlserver.Session
	instance *sqlserver.Instance
	database string
	account  string
	fault    *sqlFault
}

const unreachable = "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was not found or was not accessible. Verify that the instance name is correct and that SQL Server is configured to allow remote connections."

// openSQL opens a connection string as an account (DOMAIN\name): the data source, then the failover partner (3.6, point 5: the partner is asked when
// the first server cannot be reached, and one that answers from the mirror is passed over).
func (f *Farm) openSQL(m *Machine, account, text string) *sqlOpened {
	parts, ok := connectionParts(text)
	if !ok {
		return &sqlOpened{fault: &sqlFault{0, "Format of the initialization string does not conform to specification."}}
	}
	out := &sqlOpened{account: account, database: or(parts["initial catalog"], "master"), fault: &sqlFault{53, unreachable}}
	for _, server := range []string{parts["data source"], parts["failover partner"]} {
		if server == "" {
			continue
		}
		in := f.SQL(server)
		if in == nil || m != nil && m.Name != in.Owner && !f.admits(m, in) {
			continue
		}
		session, err := in.Open(account)
		if err != nil {
			out.fault = &sqlFault{18456, err.Error()}
			continue
		}
		if ok, code := in.CanConnect(account, out.database); !ok {
			out.fault = &sqlFault{code, fmt.Sprintf("Cannot open database %q requested by the login. The login failed.", out.database)}
			continue
		}
		session.Use(out.database)
		out.session, out.instance, out.fault = session, in, nil
		return out
	}
	return out
}

// admits reports whether the firewall of an instance's machine lets clients on another machine in.
func (f *Farm) admits(m *Machine, in *sqlserver.Instance) bool {
	to := f.Machines[in.Owner]
	return to != nil && !to.Off() && to.lets(in.Port, m.Address())
}

// query runs what a program asks, with parameters by name.
func (o *sqlOpened) query(_ *Session, text string, params map[string]string) ([]string, [][]any, *sqlFault) {
	values := map[string]tsql.Value{}
	for name, v := range params {
		values[name] = v
	}
	t, err := tsql.Query(o.session, text, values)
	if e, ok := err.(*tsql.Error); ok {
		return nil, nil, &sqlFault{e.Number, e.Message}
	} else if err != nil {
		pwsh.Unknown("%v", err)
	}
	if t == nil {
		return nil, nil, nil
	}
	rows := make([][]any, len(t.Rows))
	for i, r := range t.Rows {
		for _, v := range r {
			rows[i] = append(rows[i], any(v))
		}
	}
	return t.Columns, rows, nil
}

// databaseCommand knows the place on the stack, which SQLPS moves, and Enable- and Disable-SqlAlwaysOn, which restart the instance they name (1.4).
func databaseCommand(s *Session, name string) *pwsh.Command {
	switch name {
	case "push-location", "pop-location":
		// Import-Module of SQLPS changes the location; no script of ours uses a relative path.
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			if len(c.Args) > 0 {
				pwsh.Unknown("a parameter of %s", name)
			}
			return nil
		}}
	case "enable-sqlalwayson", "disable-sqlalwayson":
	default:
		return nil
	}
	return &pwsh.Command{Switches: []string{"Force"}, Run: func(c *pwsh.Call) []any {
		for p := range c.Args {
			if p != "serverinstance" && p != "force" && p != "confirm" && p != "whatif" {
				pwsh.Unknown("the parameter %s of %s", p, name)
			}
		}
		if !c.Switch("Force") {
			pwsh.Unknown("%s that asks whether to restart the instance", c.Name)
		}
		in := s.Machine.farm.SQLNetwork().Instance(c.Text("ServerInstance"))
		if in == nil || in.Owner != s.Machine.Name {
			pwsh.Throw("Microsoft.SqlServer.Management.PowerShell.SqlPowerShellServiceException", "Unable to find the instance %s on this computer.", c.Text("ServerInstance"))
		}
		s.elevated()
		if c.WhatIf {
			return nil
		}
		if why := in.SetHadr(name == "enable-sqlalwayson"); why != "" {
			pwsh.Throw("Microsoft.SqlServer.Management.PowerShell.SqlPowerShellServiceException", "%s", why)
		}
		// The restart takes SQL Server Agent along, and leaves it stopped.
		s.Machine.StopService(engineOf(in))
		if err := s.Machine.StartService(engineOf(in)); err != nil {
			pwsh.Throw("Microsoft.SqlServer.Management.PowerShell.SqlPowerShellServiceException", "%v", err)
		}
		return nil
	}}
}

func engineOf(in *sqlserver.Instance) string {
	if in.Named == "" {
		return "MSSQLSERVER"
	}
	return "MSSQL$" + in.Named
}

func agentOf(in *sqlserver.Instance) string {
	if in.Named == "" {
		return "SQLSERVERAGENT"
	}
	return "SQLAgent$" + in.Named
}

// TieServices lets the Windows services of an instance on a machine stop and start it. For a clustered instance only the owner's do.
func (m *Machine) TieServices(in *sqlserver.Instance) {
	name := in.Name
	here := func(m *Machine) *sqlserver.Instance {
		if i := m.farm.SQLNetwork().Instance(name); i != nil && strings.EqualFold(i.Owner, m.Name) {
			return i
		}
		return nil
	}
	if s := m.Service(engineOf(in)); s != nil {
		s.Starting = func(m *Machine) error {
			if i := here(m); i != nil {
				i.Start()
				i.Agent = i.Clustered() // of a clustered instance the cluster starts it, else it is a service of its own
				if a := m.Service(agentOf(i)); a != nil && i.Agent {
					a.State = "Running"
				}
			}
			return nil
		}
		s.Stopped = func(m *Machine) {
			if i := here(m); i != nil {
				i.Stop()
			}
		}
	}
	if s := m.Service(agentOf(in)); s != nil {
		s.Starting = func(m *Machine) error {
			if i := here(m); i != nil {
				i.Agent = true
			}
			return nil
		}
		s.Stopped = func(m *Machine) {
			if i := here(m); i != nil {
				i.Agent = false
			}
		}
	}
}
