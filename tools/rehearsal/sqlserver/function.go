package sqlserver

import (
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// Function implements tsql.Host.
func (s *Session) Function(name string, args []tsql.Value) (tsql.Value, bool) {
	s.in.net.Settle()
	in := s.in
	arg := func(i int) string {
		if i >= len(args) {
			return ""
		}
		v, _ := args[i].(string)
		return v
	}
	switch name {
	case "SERVERPROPERTY":
		return s.serverProperty(strings.ToLower(arg(0)))
	case "DATABASEPROPERTYEX":
		return s.databaseProperty(arg(0), strings.ToLower(arg(1)))
	case "DB_ID":
		if len(args) == 0 {
			return int64(in.Find(s.database).ID), true
		}
		if d := in.Find(arg(0)); d != nil {
			return int64(d.ID), true
		}
		return nil, true
	case "DB_NAME":
		if len(args) == 0 {
			return s.database, true
		}
		for _, d := range in.Databases {
			if v, ok := args[0].(int64); ok && int(v) == d.ID {
				return d.Name, true
			}
		}
		return nil, true
	case "SUSER_SID":
		account := arg(0)
		if len(args) == 0 {
			account = s.user
		} else if args[0] == nil {
			return nil, true
		}
		if l := in.loginByName(account); l != nil {
			return l.SID, true
		}
		if sid := in.sid(account); sid != nil {
			return sid, true
		}
		return nil, true
	case "SUSER_SNAME":
		if len(args) == 0 {
			return s.user, true
		}
		sid, ok := args[0].([]byte)
		if !ok {
			return nil, true
		}
		return null(in.account(sid)), true
	case "SUSER_NAME":
		if v, ok := args[0].(int64); ok {
			if l := in.loginByID(int(v)); l != nil {
				return l.Name, true
			}
		}
		return nil, true
	case "CONNECTIONPROPERTY":
		// A client of the domain comes by TCP and with a ticket.
		switch strings.ToLower(arg(0)) {
		case "auth_scheme":
			return "KERBEROS", true
		case "net_transport":
			return "TCP", true
		}
		return nil, false
	case "IS_SRVROLEMEMBER":
		if len(args) != 1 || !strings.EqualFold(arg(0), "sysadmin") {
			return nil, false
		}
		return bit(s.admin), true
	case "HAS_DBACCESS":
		ok, code := in.CanConnect(s.user, arg(0))
		if code == 4060 && in.Find(arg(0)) == nil {
			return nil, true
		}
		return bit(ok), true
	case "sys.fn_hadr_backup_is_preferred_replica":
		return s.preferred(arg(0)), true
	}
	return nil, false
}

func (s *Session) serverProperty(name string) (tsql.Value, bool) {
	in := s.in
	switch name {
	case "servername":
		return in.Name, true
	case "machinename":
		return in.Network, true
	case "computernamephysicalnetbios":
		return strings.ToUpper(in.Owner), true
	case "instancename":
		return null(in.Named), true
	case "productversion":
		return in.ProductVersion, true
	case "productlevel":
		return in.Level, true
	case "edition":
		return in.Edition, true
	case "engineedition":
		return int64(in.EngineEdition), true
	case "isclustered":
		return bit(in.Clustered()), true
	case "collation":
		return in.Collation, true
	case "ishadrenabled", "hadrmanagerstatus", "instancedefaultdatapath", "instancedefaultlogpath":
		if in.Version < 2012 {
			return nil, true
		}
	default:
		return nil, false
	}
	switch name {
	case "ishadrenabled":
		return bit(in.Hadr), true
	case "hadrmanagerstatus":
		return in.manager(), true
	case "instancedefaultdatapath":
		return in.Data + `\`, true
	}
	return in.Log + `\`, true
}

var databaseStates = []string{"ONLINE", "RESTORING", "RECOVERING", "RECOVERY_PENDING", "SUSPECT", "EMERGENCY", "OFFLINE"}

func (s *Session) databaseProperty(name, property string) (tsql.Value, bool) {
	d := s.in.Find(name)
	if d == nil {
		return nil, true
	}
	switch property {
	case "status":
		return pick(databaseStates, d.State), true
	case "updateability":
		if s.in.writable(d) {
			return "READ_WRITE", true
		}
		return "READ_ONLY", true
	case "useraccess":
		return pick([]string{"MULTI_USER", "SINGLE_USER", "RESTRICTED_USER"}, d.UserAccess), true
	case "recovery":
		return recoveryModels[d.Recovery], true
	case "collation":
		if !s.in.readable(d) {
			return nil, true
		}
		return d.Collation, true
	}
	return nil, false
}

// preferred is sys.fn_hadr_backup_is_preferred_replica: 1 outside of any group; in one, the replica that the preference and the priorities
// choose among those that are connected (6.4).
func (s *Session) preferred(name string) tsql.Value {
	d := s.in.Find(name)
	if d == nil || d.Group == "" {
		return int64(1)
	}
	n := s.in.net
	g := n.group(d.Group)
	best := ""
	choose := func(secondaries bool) {
		top := 0
		for _, r := range g.Replicas {
			if strings.EqualFold(r.Server, g.Primary) == secondaries || !n.connected(g, r) || r.Priority <= top {
				continue
			}
			best, top = r.Server, r.Priority
		}
	}
	switch g.Preference {
	case 0:
		best = g.Primary
	case 1:
		choose(true)
	case 2:
		if choose(true); best == "" {
			best = g.Primary
		}
	case 3:
		return int64(1)
	}
	return bit(strings.EqualFold(best, s.in.Name))
}
