package sqlserver

import (
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// Table implements tsql.Host. A view has the columns that our scripts read and their neighbours; those of a later version are missing on an earlier
// one, as they really are (5.3, error 207).
func (s *Session) Table(name tsql.Name, args []tsql.Value) (*tsql.Table, bool) {
	if args != nil {
		return nil, false
	}
	s.in.net.Settle()
	view := strings.ToLower(name.Schema + "." + name.Object)
	database := name.Database
	if database == "" {
		database = s.database
	}
	if strings.HasPrefix(view, "dbo.") {
		if !strings.EqualFold(database, "msdb") {
			return nil, false
		}
		if f := msdb[strings.TrimPrefix(view, "dbo.")]; f != nil {
			return f(s), true
		}
		return nil, false
	}
	if f := server[view]; f != nil {
		return f(s), true
	}
	if f := group2012[view]; f != nil && s.in.Version >= 2012 {
		return f(s), true
	}
	if f := inside[view]; f != nil {
		d := s.in.Find(database)
		if d == nil {
			tsql.Raise(911, "Database '%s' does not exist. Make sure that the name is entered correctly.", database)
		}
		if !s.in.readable(d) {
			s.mayChange(d)
			tsql.Raise(976, "The target database, '%s', is participating in an availability group and is currently not accessible for queries.", d.Name)
		}
		return f(s, d), true
	}
	return nil, false
}

// inside are views that each database has for itself.
var inside = map[string]func(*Session, *Database) *tsql.Table{
	"sys.extended_properties": func(s *Session, d *Database) *tsql.Table {
		t := table("class class_desc major_id minor_id name value")
		if d.Name == "master" {
			for _, p := range s.in.Properties {
				add(t, 0, "DATABASE", 0, 0, p.Name, p.Value)
			}
		}
		return t
	},
	"sys.database_principals": func(_ *Session, d *Database) *tsql.Table {
		t := table("name principal_id type sid")
		add(t, "dbo", 1, "S", d.Owner)
		for i, u := range d.contents.Users {
			add(t, u.Name, 5+i, u.Type, u.SID)
		}
		for i, r := range d.contents.Roles {
			add(t, r, 100+i, "R", []byte(nil))
		}
		return t
	},
	"sys.database_role_members": func(_ *Session, d *Database) *tsql.Table {
		t := table("role_principal_id member_principal_id")
		for i, u := range d.contents.Users {
			for j, r := range d.contents.Roles {
				if slices.Contains(u.Roles, r) {
					add(t, 100+j, 5+i)
				}
			}
		}
		return t
	},
	"sys.schemas": func(_ *Session, d *Database) *tsql.Table { return named(d.contents.Schemas) },
	"sys.tables":  func(_ *Session, d *Database) *tsql.Table { return named(d.contents.Tables) },
	"sys.procedures": func(_ *Session, d *Database) *tsql.Table {
		return named(d.contents.Procedures)
	},
}

func named(names []string) *tsql.Table {
	t := table("name object_id")
	for i, n := range names {
		add(t, n, 245575913+i)
	}
	return t
}

// server are views of every version.
var server = map[string]func(*Session) *tsql.Table{
	"sys.server_principals": func(s *Session) *tsql.Table {
		t := table("name principal_id sid type is_disabled")
		for _, l := range s.in.Logins {
			add(t, l.Name, l.ID, l.SID, l.Type, l.Disabled)
		}
		for _, r := range serverRoles {
			add(t, r.name, r.id, []byte{byte(r.id)}, "R", false)
		}
		return t
	},
	"sys.server_permissions": func(s *Session) *tsql.Table {
		t := table("class major_id minor_id grantee_principal_id grantor_principal_id permission_name state")
		for _, p := range s.in.Permissions {
			add(t, p.Class, p.Major, 0, p.Grantee, 1, p.Name, p.State)
		}
		return t
	},
	"sys.server_role_members": func(s *Session) *tsql.Table {
		t := table("role_principal_id member_principal_id")
		for _, l := range s.in.Logins {
			for _, r := range l.Roles {
				for _, known := range serverRoles {
					if strings.EqualFold(known.name, r) {
						add(t, known.id, l.ID)
					}
				}
			}
		}
		return t
	},
	"sys.databases": func(s *Session) *tsql.Table {
		columns := "name database_id source_database_id owner_sid create_date compatibility_level collation_name user_access is_read_only is_auto_close_on state state_desc " +
			"recovery_model recovery_model_desc is_trustworthy_on is_db_chaining_on is_broker_enabled is_encrypted service_broker_guid"
		modern := s.in.Version >= 2012
		if modern {
			columns += " replica_id group_database_id containment"
		}
		t := table(columns)
		for _, d := range s.in.Databases {
			collation := tsql.Value(d.Collation)
			if !s.in.readable(d) {
				collation = nil
			}
			row := []tsql.Value{
				d.Name, d.ID, nil, d.Owner, d.Created, d.Level, collation, d.UserAccess, d.ReadOnly, d.AutoClose, d.State, pick(databaseStates, d.State),
				d.Recovery, recoveryModels[d.Recovery], d.Trustworthy, d.Chaining, d.Broker, d.Encrypted, d.family, // a copy keeps the identifier
			}
			if modern {
				var replica, member tsql.Value
				if g := s.in.net.group(d.Group); g != nil && g.database(d.Name) != nil {
					replica, member = g.replica(s.in.Name).ID, g.database(d.Name).ID
				}
				row = append(row, replica, member, d.Containment)
			}
			add(t, row...)
		}
		return t
	},
	"sys.database_recovery_status": func(s *Session) *tsql.Table {
		t := table("database_id last_log_backup_lsn recovery_fork_guid")
		for _, d := range s.in.Databases {
			var chain tsql.Value
			if d.chain != 0 && d.State == 0 {
				chain = d.chain
			}
			add(t, d.ID, chain, null(d.family))
		}
		return t
	},
	"sys.master_files": func(s *Session) *tsql.Table {
		t := table("database_id file_id type type_desc name physical_name size")
		for _, d := range s.in.Databases {
			for _, f := range d.Files {
				add(t, d.ID, f.ID, f.Type, pick([]string{"ROWS", "LOG"}, f.Type), f.Logical, f.Physical, f.Pages)
			}
		}
		return t
	},
	"sys.database_mirroring": mirroring,
	"sys.database_mirroring_witnesses": func(s *Session) *tsql.Table {
		t := table("database_name principal_server_name mirror_server_name safety_level mirroring_guid")
		for _, m := range s.in.net.Mirrors {
			if s.admin && m.Witness != "" && s.in.net.at(m.Witness) == s.in {
				add(t, m.Database, m.Principal, m.Mirror, 1+int(bit(m.Full)), m.ID)
			}
		}
		return t
	},
	"sys.database_mirroring_endpoints": func(s *Session) *tsql.Table {
		t := table("name endpoint_id principal_id type type_desc state state_desc role role_desc is_encryption_enabled connection_auth encryption_algorithm")
		if e := s.in.Endpoint; e != nil {
			add(t, e.Name, e.ID, e.Owner, 4, "DATABASE_MIRRORING", e.State, pick([]string{"STARTED", "STOPPED", "DISABLED"}, e.State),
				e.Role, pick([]string{"NONE", "PARTNER", "WITNESS", "ALL"}, e.Role), e.Algorithm != 0, e.Auth, e.Algorithm)
		}
		return t
	},
	"sys.tcp_endpoints": func(s *Session) *tsql.Table {
		t := table("name endpoint_id principal_id type type_desc state port is_dynamic_port")
		add(t, "Dedicated Admin Connection", 1, 1, 2, "TSQL", 0, 0, true)
		add(t, "TSQL Default TCP", 4, 1, 2, "TSQL", 0, 0, true) // its port stands in the registry
		if e := s.in.Endpoint; e != nil {
			add(t, e.Name, e.ID, e.Owner, 4, "DATABASE_MIRRORING", e.State, e.Port, false)
		}
		return t
	},
	"sys.dm_tcp_listener_states": func(s *Session) *tsql.Table {
		t := table("listener_id ip_address is_ipv4 port type type_desc state state_desc")
		for i, ip := range []string{"::", "0.0.0.0"} {
			add(t, 1+i, ip, i == 1, s.in.Port, 0, "TSQL", 1, "ONLINE")
		}
		if s.in.Listens() {
			for i, ip := range []string{"::", "0.0.0.0"} {
				add(t, 3+i, ip, i == 1, s.in.Endpoint.Port, 2, "DATABASE_MIRRORING", 1, "ONLINE")
			}
		}
		return t
	},
	"sys.dm_server_services": func(s *Session) *tsql.Table {
		t := table("servicename startup_type startup_type_desc status status_desc service_account filename")
		in := s.in
		add(t, "SQL Server ("+strings.TrimPrefix(in.engineService(), "MSSQL$")+")", 2, "Automatic", 4, "Running", in.Service, `"`+in.Programs+`\sqlservr.exe" -s`+strings.TrimPrefix(in.engineService(), "MSSQL$"))
		status := 1
		if in.Agent {
			status = 4
		}
		add(t, "SQL Server Agent ("+strings.TrimPrefix(in.engineService(), "MSSQL$")+")", in.AgentStart, pick([]string{"", "", "Automatic", "Manual", "Disabled"}, in.AgentStart),
			status, map[int]string{1: "Stopped", 4: "Running"}[status], in.Service, `"`+in.Programs+`\SQLAGENT.EXE" -i `+strings.TrimPrefix(in.engineService(), "MSSQL$"))
		return t
	},
	"sys.server_event_sessions": func(s *Session) *tsql.Table {
		t := table("event_session_id name startup_state")
		for i, e := range s.in.Sessions {
			add(t, 65536+i, e.Name, e.Startup)
		}
		return t
	},
	"sys.dm_xe_sessions": func(s *Session) *tsql.Table {
		t := table("name create_time")
		for _, e := range s.in.Sessions {
			if e.Running {
				add(t, e.Name, s.in.Installed)
			}
		}
		return t
	},
	"sys.dm_os_cluster_nodes": func(s *Session) *tsql.Table {
		t := table("nodename status status_description is_current_owner")
		if !s.in.Clustered() {
			return t
		}
		for _, m := range s.in.Nodes {
			c := s.in.net.Cluster.node(m)
			status, text := 0, "up"
			if c == nil || c.Down {
				status, text = 1, "down"
			}
			add(t, m, status, text, strings.EqualFold(m, s.in.Owner))
		}
		return t
	},
	"sys.dm_io_cluster_shared_drives": func(s *Session) *tsql.Table {
		t := table("drivename")
		for _, d := range s.in.Drives {
			add(t, d)
		}
		return t
	},
	"sys.dm_exec_connections": func(*Session) *tsql.Table {
		t := table("session_id auth_scheme net_transport")
		add(t, 61, "KERBEROS", "TCP")
		return t
	},
	"sys.sysprocesses": func(*Session) *tsql.Table { return table("spid dbid loginame") },
}

var mirrorStates = []string{"SUSPENDED", "DISCONNECTED", "SYNCHRONIZING", "PENDING_FAILOVER", "SYNCHRONIZED"}

// mirroring is sys.database_mirroring: a row for each database; who is no sysadmin sees NULL (3.4).
func mirroring(s *Session) *tsql.Table {
	t := table("database_id mirroring_guid mirroring_state mirroring_state_desc mirroring_role mirroring_role_desc mirroring_role_sequence mirroring_safety_level mirroring_safety_level_desc " +
		"mirroring_partner_name mirroring_partner_instance mirroring_witness_name mirroring_witness_state mirroring_witness_state_desc mirroring_connection_timeout")
	n := s.in.net
	for _, d := range s.in.Databases {
		m := n.mirrorOf(s.in, d)
		if m == nil || !s.admin || m.Principal == "" && n.MirrorShowsLate {
			row := make([]tsql.Value, len(t.Columns))
			row[0] = d.ID
			add(t, row...)
			continue
		}
		role, other := 1, m.Mirror
		if strings.EqualFold(m.Mirror, s.in.Name) {
			role, other = 2, m.Principal
		}
		state, safety, seen := n.mirrorState(m), 1, 0
		if m.Full {
			safety = 2
		}
		if m.Witness != "" {
			seen = 2
			if n.witnessed(m, s.in) {
				seen = 1
			}
		}
		add(t, d.ID, m.ID, state, pick(mirrorStates, state), role, pick([]string{"", "PRINCIPAL", "MIRROR"}, role), m.Seq, safety, pick([]string{"UNKNOWN", "OFF", "FULL"}, safety),
			m.Addresses[strings.ToUpper(s.in.Name)], null(other), m.Witness, seen, pick([]string{"UNKNOWN", "CONNECTED", "DISCONNECTED"}, seen), m.Timeout)
	}
	return t
}

// hosted are the groups that an instance lists: those of which it is a joined replica.
func (s *Session) hosted() []*Group {
	var out []*Group
	for _, g := range s.in.net.Groups {
		if g.hosts(s.in) {
			out = append(out, g)
		}
	}
	return out
}

// visible are the replicas of a group that an instance knows the state of: all on the primary, itself elsewhere (1.20).
func (s *Session) visible(g *Group) []*Replica {
	if s.in.net.role(g, s.in) == primary {
		return g.Replicas
	}
	return []*Replica{g.replica(s.in.Name)}
}

// groupHealth is synchronization_health of a group: that of its worst replica.
func (n *Network) groupHealth(g *Group) int {
	health := 2
	for _, r := range g.Replicas {
		health = min(health, n.replicaHealth(g, r))
	}
	return health
}

func (n *Network) replicaHealth(g *Group, r *Replica) int {
	if !n.connected(g, r) {
		return 0
	}
	health := 2
	for _, gd := range g.Databases {
		d := n.copyOf(g, r, gd.Name)
		if d == nil {
			return 0
		}
		health = min(health, n.health(g, d, n.Instance(r.Server)))
	}
	return health
}

// group2012 are views that came with availability groups.
var group2012 = map[string]func(*Session) *tsql.Table{
	"sys.dm_hadr_cluster": func(s *Session) *tsql.Table {
		t := table("cluster_name quorum_type quorum_type_desc quorum_state quorum_state_desc")
		if c := s.in.net.Cluster; c != nil && s.in.Hadr && s.in.manager() == 1 {
			kind, text := 0, "NODE_MAJORITY"
			if strings.HasPrefix(c.Witness, `\\`) {
				kind, text = 2, "NODE_AND_FILE_SHARE_MAJORITY"
			} else if c.Witness != "" {
				kind, text = 1, "NODE_AND_DISK_MAJORITY"
			}
			add(t, c.Name, kind, text, 1, "NORMAL_QUORUM")
		}
		return t
	},
	"sys.dm_hadr_cluster_members": func(s *Session) *tsql.Table {
		t := table("member_name member_type member_type_desc member_state member_state_desc number_of_quorum_votes")
		if s.in.manager() != 1 {
			return t
		}
		for _, m := range s.in.net.Cluster.Nodes {
			add(t, m.Name, 0, "CLUSTER_NODE", !m.Down, map[bool]string{false: "UP", true: "DOWN"}[m.Down], m.Vote)
		}
		if w := s.in.net.Cluster.Witness; w != "" {
			add(t, "File Share Witness", 2, "FILE_SHARE_WITNESS", !s.in.net.Cluster.WitnessDown, "UP", 1)
		}
		return t
	},
	"sys.dm_hadr_cluster_networks": func(s *Session) *tsql.Table {
		t := table("member_name network_subnet_ip network_subnet_ipv4_mask is_public is_ipv4")
		if s.in.manager() != 1 {
			return t
		}
		for _, m := range s.in.net.Cluster.Nodes {
			for _, x := range s.in.net.Cluster.Networks {
				if s.in.net.Subnets[strings.ToUpper(m.Name)] == x.Address {
					add(t, m.Name, x.Address, x.Mask, true, true)
				}
			}
		}
		return t
	},
	"sys.availability_groups": func(s *Session) *tsql.Table {
		columns := "group_id name resource_id failure_condition_level health_check_timeout automated_backup_preference"
		if s.in.Version >= 2016 {
			columns += " basic_features db_failover"
		}
		t := table(columns)
		for _, g := range s.hosted() {
			row := []tsql.Value{g.ID, g.Name, g.ID, g.Failure, g.Timeout, g.Preference}
			if s.in.Version >= 2016 {
				row = append(row, g.Basic, g.DBFailover)
			}
			add(t, row...)
		}
		return t
	},
	"sys.availability_groups_cluster": func(s *Session) *tsql.Table {
		t := table("group_id name resource_id")
		if s.in.manager() == 1 {
			for _, g := range s.in.net.Groups {
				add(t, g.ID, g.Name, g.ID)
			}
		}
		return t
	},
	"sys.availability_replicas": func(s *Session) *tsql.Table {
		columns := "replica_id group_id replica_server_name endpoint_url availability_mode failover_mode backup_priority secondary_role_allow_connections session_timeout"
		if s.in.Version >= 2016 {
			columns += " seeding_mode seeding_mode_desc"
		}
		t := table(columns)
		for _, g := range s.hosted() {
			for _, r := range g.Replicas {
				row := []tsql.Value{r.ID, g.ID, r.Server, r.URL, r.Sync, !r.Auto, r.Priority, r.Reads, 10}
				if s.in.Version >= 2016 {
					row = append(row, !r.Seeding, map[bool]string{true: "AUTOMATIC", false: "MANUAL"}[r.Seeding])
				}
				add(t, row...)
			}
		}
		return t
	},
	"sys.availability_databases_cluster": func(s *Session) *tsql.Table {
		t := table("group_id group_database_id database_name")
		for _, g := range s.hosted() {
			for _, d := range g.Databases {
				add(t, g.ID, d.ID, d.Name)
			}
		}
		return t
	},
	"sys.availability_group_listeners": func(s *Session) *tsql.Table {
		t := table("group_id listener_id dns_name port is_conformant")
		for _, g := range s.hosted() {
			for _, l := range g.Listeners {
				add(t, g.ID, l.ID, l.Name, l.Port, true)
			}
		}
		return t
	},
	"sys.availability_group_listener_ip_addresses": func(s *Session) *tsql.Table {
		t := table("listener_id ip_address ip_subnet_mask is_dhcp state state_desc")
		n := s.in.net
		for _, g := range s.hosted() {
			for _, l := range g.Listeners {
				for _, a := range l.Addresses {
					p := n.Instance(g.Primary)
					up := n.serving(g) && p != nil && n.Hosts(p, a)
					add(t, l.ID, a.Address, a.Mask, false, up, map[bool]string{true: "ONLINE", false: "OFFLINE"}[up])
				}
			}
		}
		return t
	},
	"sys.dm_hadr_availability_group_states": func(s *Session) *tsql.Table {
		t := table("group_id primary_replica synchronization_health synchronization_health_desc")
		n := s.in.net
		for _, g := range s.hosted() {
			lead := tsql.Value(nil)
			if n.serving(g) {
				lead = g.Primary
			}
			health := n.groupHealth(g)
			add(t, g.ID, lead, health, pick([]string{"NOT_HEALTHY", "PARTIALLY_HEALTHY", "HEALTHY"}, health))
		}
		return t
	},
	"sys.dm_hadr_availability_replica_states": func(s *Session) *tsql.Table {
		t := table("replica_id group_id is_local role role_desc operational_state connected_state connected_state_desc synchronization_health last_connect_error_number last_connect_error_description last_connect_error_timestamp")
		n := s.in.net
		for _, g := range s.hosted() {
			for _, r := range s.visible(g) {
				local := strings.EqualFold(r.Server, s.in.Name)
				role := secondary
				if in := n.Instance(r.Server); local || in != nil && strings.EqualFold(r.Server, g.Primary) {
					role = n.role(g, in)
				}
				var operational tsql.Value // of the local replica alone: 2 online on the primary
				if local && role == primary {
					operational = 2
				} else if local {
					operational = 0
				}
				connected := n.connected(g, r)
				var number, text, when tsql.Value
				if !connected {
					number, text, when = 10061, "An error occurred while receiving data.", n.World.Now()
				}
				add(t, r.ID, g.ID, local, role, pick([]string{"RESOLVING", "PRIMARY", "SECONDARY"}, role), whole(operational), connected, pick([]string{"DISCONNECTED", "CONNECTED"}, int(bit(connected))),
					n.replicaHealth(g, r), whole(number), text, when)
			}
		}
		return t
	},
	"sys.dm_hadr_availability_replica_cluster_states": func(s *Session) *tsql.Table {
		t := table("replica_id replica_server_name group_id join_state join_state_desc")
		if s.in.manager() != 1 {
			return t
		}
		for _, g := range s.in.net.Groups {
			for _, r := range g.Replicas {
				state := 0
				if r.Joined {
					state = 1
					if in := s.in.net.Instance(r.Server); in != nil && in.Clustered() {
						state = 2
					}
				}
				add(t, r.ID, r.Server, g.ID, state, pick([]string{"NOT_JOINED", "JOINED_STANDALONE", "JOINED_FCI"}, state))
			}
		}
		return t
	},
	"sys.dm_hadr_database_replica_cluster_states": func(s *Session) *tsql.Table {
		t := table("replica_id group_database_id database_name is_failover_ready is_pending_secondary_suspend is_database_joined")
		n := s.in.net
		for _, g := range s.hosted() {
			for _, r := range g.Replicas {
				for _, gd := range g.Databases {
					d := n.copyOf(g, r, gd.Name)
					lead := strings.EqualFold(r.Server, g.Primary)
					add(t, r.ID, gd.ID, gd.Name, d != nil && (lead || d.ready), false, d != nil)
				}
			}
		}
		return t
	},
	"sys.dm_hadr_database_replica_states": func(s *Session) *tsql.Table {
		t := table("database_id group_id replica_id group_database_id is_local synchronization_state synchronization_state_desc synchronization_health is_suspended suspend_reason suspend_reason_desc last_hardened_lsn last_commit_time")
		n := s.in.net
		for _, g := range s.hosted() {
			for _, r := range s.visible(g) {
				for _, gd := range g.Databases {
					d := n.copyOf(g, r, gd.Name)
					if d == nil {
						continue
					}
					in := n.Instance(r.Server)
					state := n.syncState(g, d, in)
					var reason tsql.Value
					if d.Suspended {
						reason = slices.Index([]string{"SUSPEND_FROM_USER", "SUSPEND_FROM_PARTNER"}, d.SuspendReason)
					}
					add(t, d.ID, g.ID, r.ID, gd.ID, in == s.in, state, pick([]string{"NOT SYNCHRONIZING", "SYNCHRONIZING", "SYNCHRONIZED"}, state), n.health(g, d, in),
						d.Suspended, whole(reason), null(d.SuspendReason), d.lsn, n.World.Now().Add(-time.Second))
				}
			}
		}
		return t
	},
}

func whole(v tsql.Value) tsql.Value {
	if i, ok := v.(int); ok {
		return int64(i)
	}
	return v
}

// msdb are tables of msdb.
var msdb = map[string]func(*Session) *tsql.Table{
	"backupset": func(s *Session) *tsql.Table {
		t := table("backup_set_id media_set_id position server_name database_name type name is_copy_only is_snapshot first_lsn last_lsn backup_start_date backup_finish_date user_name")
		for _, b := range s.in.Backups {
			add(t, b.ID, b.MediaSet, b.Position, b.Server, b.Database, b.Type, null(b.Name), b.CopyOnly, false, b.First, b.Last, b.Start, b.End, b.User)
		}
		return t
	},
	"backupmediafamily": func(s *Session) *tsql.Table {
		t := table("media_set_id family_sequence_number physical_device_name device_type")
		for _, b := range s.in.Backups {
			add(t, b.MediaSet, 1, b.Device, 2)
		}
		return t
	},
	"restorehistory": func(s *Session) *tsql.Table {
		t := table("restore_history_id restore_date destination_database_name backup_set_id restore_type")
		for _, r := range s.in.Restores {
			add(t, r.ID, r.Date, r.Database, r.BackupID, r.Type)
		}
		return t
	},
	"sysjobs": func(s *Session) *tsql.Table {
		t := table("job_id name enabled owner_sid description notify_level_eventlog notify_email_operator_id date_created")
		for _, j := range s.in.Jobs {
			add(t, j.ID, j.Name, j.Enabled, j.Owner, j.Description, j.EventLog, j.Operator, j.Created)
		}
		return t
	},
	"sysjobsteps": func(s *Session) *tsql.Table {
		t := table("job_id step_id step_name subsystem command database_name on_success_action on_fail_action")
		for _, j := range s.in.Jobs {
			for i, step := range j.Steps {
				add(t, j.ID, i+1, step.Name, step.Subsystem, step.Command, step.Database, step.OnSuccess, step.OnFail)
			}
		}
		return t
	},
	"sysjobschedules": func(s *Session) *tsql.Table {
		t := table("job_id schedule_id")
		for _, j := range s.in.Jobs {
			for _, x := range j.Schedules {
				add(t, j.ID, x.ID)
			}
		}
		return t
	},
	"sysschedules": func(s *Session) *tsql.Table {
		t := table("schedule_id name enabled freq_type freq_interval freq_subday_type freq_subday_interval active_start_time")
		for _, j := range s.in.Jobs {
			for _, x := range j.Schedules {
				add(t, x.ID, x.Name, x.Enabled, x.Type, x.Interval, x.Subday, x.Every, x.Start)
			}
		}
		return t
	},
	"sysjobservers": func(s *Session) *tsql.Table {
		t := table("job_id server_id last_run_outcome")
		for _, j := range s.in.Jobs {
			if j.Server {
				add(t, j.ID, 0, j.Outcome)
			}
		}
		return t
	},
	"sysjobhistory": func(s *Session) *tsql.Table {
		t := table("instance_id job_id step_id run_status run_date run_time message")
		for _, j := range s.in.Jobs {
			for _, h := range j.History {
				add(t, h.ID, j.ID, 0, h.Status, date(h.At), clock(h.At), h.Message)
			}
		}
		return t
	},
	"sysoperators": func(s *Session) *tsql.Table {
		t := table("id name enabled")
		for i, o := range s.in.Operators {
			add(t, i+1, o, true)
		}
		return t
	},
}
