package farm

import "strings"

// SynchronousPeers returns the other replicas of the group that commit synchronously, between which a planned failover loses
// nothing (sql-ag-failover).
func (r *Replica) SynchronousPeers() []*Replica {
	var out []*Replica
	for _, p := range r.Peers() {
		if p.Synchronous {
			out = append(out, p)
		}
	}
	return out
}

// PlannedTarget reports whether the replica can take the group over by a planned failover from another replica: both sides
// must commit synchronously (sql-ag-failover).
func (r *Replica) PlannedTarget() bool { return r.Synchronous && len(r.SynchronousPeers()) > 0 }

// PlannedTargets returns the replicas between which planned failover works, in the order of the topology; none when
// fewer than two commit synchronously.
func (p *Placement) PlannedTargets() []*Replica {
	var out []*Replica
	for _, r := range p.Replicas {
		if r.PlannedTarget() {
			out = append(out, r)
		}
	}
	return out
}

// TestCopy is the name under which a restore test brings the database back beside the real one:
// "restore test contoso-mbam compliance". It depends on the names of the farm and the database's part only, so that one
// copy exists at a time and a second test finds the first. 100 characters of the farm's name keep it below the 128 of a
// database name.
func (f *Farm) TestCopy(d *Database) string {
	name := plain(f.Name)
	return "restore test " + name[:min(len(name), 100)] + " " + d.Key
}

// TestFile is the beginning of the names of the files of TestCopy, without folder: "restore-test-contoso-mbam-compliance".
func (f *Farm) TestFile(d *Database) string { return strings.ReplaceAll(f.TestCopy(d), " ", "-") }

// AgentWeb returns the web farm that clients talk to: the one of the client policy, else the first with the agent service;
// nil when the plan has none.
func (f *Farm) AgentWeb() *Web {
	if f.Clients != nil {
		return f.Clients.Web
	}
	for _, w := range f.Webs {
		if w.Agent {
			return w
		}
	}
	return nil
}

// ClientRecovery and ClientStatus are the addresses that a client of the web farm has in its policy. Status is "" with
// Configuration Manager, which takes the reports itself (mbam-gpo).
func (f *Farm) ClientRecovery() string {
	w := f.AgentWeb()
	if w == nil {
		return ""
	}
	return (&Clients{Web: w}).RecoveryEndpoint()
}

// ClientStatus is described at ClientRecovery.
func (f *Farm) ClientStatus() string {
	w := f.AgentWeb()
	if w == nil || f.MBAM.CM {
		return ""
	}
	return (&Clients{Web: w}).StatusEndpoint()
}

// Redundant reports whether another server can take over the databases of a placement.
func (p *Placement) Redundant() bool {
	return len(p.All()) > 1 || p.FCI() && p.Instance.Clustered()
}

// RedundantDatabases reports whether a database can move to another server, so that its connections are worth a drill.
func (f *Farm) RedundantDatabases() bool {
	return f.Compliance.Placement.Redundant() || f.Recovery.Placement.Redundant()
}

// NLBCmdlets reports whether the host offers the cmdlets of Windows NLB: Windows Server 2012 and later with Desktop
// Experience (win-nlb).
func (h *Host) NLBCmdlets() bool { return h.WindowsYear() >= 2012 && !h.Core }

// NoticesSite reports whether the balancer sees that the site of a node no longer answers. Windows NLB itself does not look at
// HTTP; the watch of this plan does it for nodes on which it can run (win-nlb).
func (n *Node) NoticesSite() bool {
	b := n.Web.Balancer
	switch {
	case b == nil:
		return false
	case b.NLB():
		return b.Watch && !b.Existing && n.Host.NLBCmdlets()
	default:
		return true
	}
}
