package farm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// SplitGroups reports whether this plan builds two availability groups with one MBAM database each on the same instances:
// two basic groups, as a rule. They fail over each by itself, and a job on each instance can bring them back together.
func (f *Farm) SplitGroups() bool {
	a, b := f.Compliance.Placement, f.Recovery.Placement
	if a == b || !a.AG() || !b.AG() || a.Existing || b.Existing {
		return false
	}
	return SameInstances(a, b)
}

// SameInstances reports whether two placements hold their copies on the same instances, in any order.
func SameInstances(a, b *Placement) bool {
	all := a.All()
	if len(all) != len(b.All()) {
		return false
	}
	for _, i := range b.All() {
		if !slices.Contains(all, i) {
			return false
		}
	}
	return true
}

// GroupWatchdog is the job of SQL Server Agent that keeps two groups with one MBAM database each on one server.
type GroupWatchdog struct {
	Name    string // of the job: "mbamplan contoso group watchdog"
	Key     string // of the record: "contoso.group-watchdog"
	Command quote.SQL
	Unit    int // freq_subday_type, 4 minutes, as in BackupJob
	Every   int // freq_subday_interval
	Start   int // active_start_time
}

// GroupWatchdog returns the job of a farm whose databases are in two groups (SplitGroups). It runs each minute on every
// instance, in master (sql-ag-failover, sql-ag-monitor):
//
//   - the Compliance and Audit Database follows the Recovery Database, which holds the keys. A failover is started on its
//     target, so that only the instance acts that is primary of the Recovery Database and secondary of the other group; the two
//     jobs cannot move the groups past each other;
//   - a split must last half a minute, which gives a failover of both that is under way the time to end;
//   - a copy that is not ready for failover without loss is never forced. Then, where a group is in neither role, and where the
//     other instance has not acted after two minutes, the job fails with a message in the error log.
//
// A name with $( is an error: SQL Server Agent would take it for a token.
func (f *Farm) GroupWatchdog() (GroupWatchdog, error) {
	w := GroupWatchdog{Name: "mbamplan " + f.Name + " group watchdog", Key: f.Name + ".group-watchdog", Unit: 4, Every: 1}
	recovery, compliance := f.Recovery.Placement.Name, f.Compliance.Placement.Name
	for _, name := range []string{recovery, compliance} {
		if err := quote.SQLCmdSafe(name); err != nil {
			return GroupWatchdog{}, fmt.Errorf("watchdog of two groups: SQL Server Agent takes $( for a token: %w", err)
		}
	}
	read, err := quote.SQLf("SELECT @leads = NULL, @follows = NULL, @ready = NULL; " +
		"SELECT @leads = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @recovery AND s.is_local = 1; " +
		"SELECT @follows = s.role FROM sys.dm_hadr_availability_replica_states AS s INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1; " +
		"SELECT @ready = MIN(CONVERT(int, c.is_failover_ready)) FROM sys.dm_hadr_database_replica_cluster_states AS c " +
		"INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = c.replica_id " +
		"INNER JOIN sys.availability_groups AS g ON g.group_id = s.group_id WHERE g.name = @compliance AND s.is_local = 1;")
	if err != nil {
		return GroupWatchdog{}, err
	}
	w.Command, err = quote.SQLf("DECLARE @recovery sysname, @compliance sysname, @leads tinyint, @follows tinyint, @ready int; "+
		"SET @recovery = %s; SET @compliance = %s; %s "+
		"IF @leads IS NULL OR @follows IS NULL OR @leads = 0 OR @leads <> @follows WAITFOR DELAY '00:00:30'; %s "+
		"IF @leads = 2 AND @follows = 1 WAITFOR DELAY '00:01:30'; %s "+
		"IF @leads IS NULL OR @follows IS NULL "+
		"RAISERROR(N'mbamplan watchdog: this instance has no replica of %%s or of %%s any more.', 16, 1, @recovery, @compliance) WITH LOG; "+
		"ELSE IF @leads = 0 OR @follows = 0 "+
		"RAISERROR(N'mbamplan watchdog: %%s or %%s is in neither role here (resolving): look at the cluster.', 16, 1, @recovery, @compliance) WITH LOG; "+
		"ELSE IF @leads = @follows PRINT N'Both groups have one role here.'; "+
		"ELSE IF @leads = 1 AND @ready = 1 BEGIN "+
		"RAISERROR(N'mbamplan watchdog: %%s is primary here and %%s is not: the second one follows.', 10, 1, @recovery, @compliance) WITH LOG; "+
		"ALTER AVAILABILITY GROUP %s FAILOVER; END; "+
		"ELSE RAISERROR(N'mbamplan watchdog: the groups %%s and %%s are primary on different servers and cannot be brought together now: the second must be synchronized where the first is primary, and SQL Server Agent must run there.', 16, 1, @recovery, @compliance) WITH LOG;",
		quote.SQLLiteral(recovery), quote.SQLLiteral(compliance), read, read, read, quote.SQLIdent(compliance))
	return w, err
}

// Watched reports whether an instance carries the job of GroupWatchdog.
func (f *Farm) Watched(i *Instance) bool {
	return f.SplitGroups() && slices.Contains(f.Compliance.Placement.All(), i)
}

// Delegates reports whether the release needs constrained delegation from the application pool account to its own service
// principal names: MBAM 2.5 without Service Pack 1 (mbam-spn, mbam-deploy).
func (f *Farm) Delegates() bool { return f.MBAM.Release == "2.5" && len(f.Webs) > 0 }

// InstanceLevel reports whether the placement is one instance, stand-alone or clustered, whose copy is the only one.
func (p *Placement) InstanceLevel() bool { return p.Standalone() || p.FCI() }

// NeedsFull reports whether this plan has to set the FULL recovery model for the log backups of its own backup job. Availability
// groups and mirroring set it with the backups that seed their copies; an existing database keeps its owner's choice.
func (f *Farm) NeedsFull(d *Database) bool {
	return f.Backup.Folder != "" && d.Placement.InstanceLevel() && !d.Existing && d.Placement.Primary().Edition != "Express"
}

// Survives says in plain sentences what goes on and what stops when a part of the farm fails: databases by placement, web
// farms, reports. What users lose follows mbam20-ha, the only page that says it; 2.5 behaves alike (field-checks).
func (f *Farm) Survives() []string {
	var out []string
	for _, p := range f.Placements {
		if len(p.Databases) > 0 {
			out = append(out, f.survives(p)...)
		}
	}
	if f.SplitGroups() {
		out = append(out, "The two groups fail over each by itself. A job on each server brings the "+f.Compliance.Title+" to the server of the "+
			f.Recovery.Title+" after half a minute, when its copy there is synchronized; until then both are used from two servers.")
	}
	for _, w := range f.Webs {
		out = append(out, w.survives())
	}
	if r := f.Reporting; r != nil {
		if r.Scaled() {
			out = append(out, "Reports: "+hostNames(r.Hosts)+" serve them; one is enough, as long as "+r.URL+" leads to it. Their common report server database is not part of this plan.")
		} else {
			out = append(out, "Reports: "+hostNames(r.Hosts)+" alone serves them. Without it there are no reports; keys are stored and read all the same.")
		}
	}
	return out
}

// loss says what users lose while the databases cannot be reached.
func loss(list []*Database) string {
	var out []string
	for _, d := range list {
		if d.IsCompliance() {
			out = append(out, "compliance data goes stale and the reports show nothing new")
		} else {
			out = append(out, "no recovery key is stored or read, so that clients do not begin to encrypt and neither the help desk nor users get a key")
		}
	}
	return strings.Join(out, "; ")
}

func titles(list []*Database) string {
	var out []string
	for _, d := range list {
		out = append(out, "the "+d.Title)
	}
	return strings.Join(out, " and ")
}

func hostNames(list []*Host) string {
	var out []string
	for _, h := range list {
		out = append(out, h.Name)
	}
	return commas(out)
}

// commas joins names so that one more name only adds to the text.
func commas(list []string) string { return strings.Join(list, ", ") }

func (f *Farm) survives(p *Placement) []string {
	what := titles(p.Databases)
	switch {
	case p.Standalone():
		return []string{"Databases: " + p.Instance.Name + " alone holds " + what + ", and nothing takes over for it. While it is down: " + loss(p.Databases) +
			". After a loss of its disks the newest backup is what is left."}
	case p.FCI():
		return append([]string{
			"Databases: " + p.Instance.Name + " holds " + what + " and runs on one of " + hostNames(p.Instance.Nodes) +
				". When its server fails, it starts on another one: every connection is cut and made again under the same name.",
			"The files are there once, on shared disks. Without these disks, or without the cluster's quorum: " + loss(p.Databases) + ". After a loss of the disks the newest backup is what is left.",
		}, f.votes()...)
	case p.Mirroring():
		how := "by hand, by a database administrator"
		if p.Witness != nil && p.SafetyFull {
			how = "by itself while the witness " + p.Witness.Name + " and the mirror see each other"
		}
		out := "Databases: " + p.Principal.Name + " and its mirror " + p.Mirror.Name + " hold " + what + ". The mirror takes over " + how + ", each database for itself."
		if !p.SafetyFull {
			out += " The mirror is asynchronous: a forced take-over loses the recovery keys of the last moments."
		}
		return []string{out}
	}
	var automatic, manual, late []string
	for _, r := range p.Replicas {
		switch {
		case r.AutoFailover:
			automatic = append(automatic, r.Instance.Name)
		case r.Synchronous:
			manual = append(manual, r.Instance.Name)
		default:
			late = append(late, r.Instance.Name)
		}
	}
	out := "Databases: " + commas(p.ReplicaNames()) + " hold " + what + " in the availability group " + p.Name + "."
	if len(automatic) > 1 {
		out += " " + commas(automatic) + " take over from each other by themselves, without loss while synchronized."
	}
	if len(manual) > 0 || len(automatic) == 1 {
		out += " " + commas(append(automaticAlone(automatic), manual...)) + " can be made primary by hand, without loss while synchronized."
	}
	if len(late) > 0 {
		out += " " + commas(late) + " can be made primary by force only, which loses the recovery keys of the last moments."
	}
	return append([]string{out, "Without the quorum of the cluster " + f.clusterName() + " the group " + p.Name + " stops on every server, and then: " + loss(p.Databases) + "."}, f.votes()...)
}

// automaticAlone returns the replica that has no partner for automatic failover.
func automaticAlone(list []string) []string {
	if len(list) == 1 {
		return list
	}
	return nil
}

// votes warns where the loss of one voting node can stop the cluster; see Cluster.Quorum.
func (f *Farm) votes() []string {
	c := f.Cluster
	if c == nil || len(c.Voters()) == 0 || c.Quorum(len(c.Voters())-1, c.Witness != "").Holds {
		return nil
	}
	return []string{"The cluster " + c.Name + " has no witness in this plan, so that the loss of one of " + hostNames(c.Voters()) + " can stop it on every server: give it one."}
}

func (f *Farm) clusterName() string {
	if f.Cluster == nil {
		return ""
	}
	return f.Cluster.Name
}

func (w *Web) survives() string {
	var parts []string
	if w.Agent {
		parts = append(parts, "clients store no key and report nothing, and do not begin to encrypt, until their next try")
	}
	if w.Admin || w.SelfService {
		parts = append(parts, "nobody reads a key in a portal")
	}
	lost := strings.Join(parts, "; ")
	var nodes []*Host
	for _, n := range w.Nodes {
		nodes = append(nodes, n.Host)
	}
	if !w.Balanced() {
		return "Web: " + hostNames(nodes) + " alone serves " + w.Host + ". While it is down, " + lost + "."
	}
	out := "Web: " + hostNames(nodes) + " serve " + w.Host + ", and one of them is enough. When all are down, " + lost + "."
	watched := w.Balancer.NLB() && w.Balancer.Watch && !w.Balancer.Existing
	for _, h := range nodes {
		watched = watched && !h.Core && h.ScheduledTasks()
	}
	switch {
	case watched:
		out += " Windows NLB notices a server that is gone, not a site that is broken: the watch of file number 740 takes such a node out."
	case w.Balancer.NLB():
		out += " Windows NLB notices a server that is gone, not a site that is broken."
	default:
		out += " The balancer itself must not be a single machine."
	}
	return out
}
