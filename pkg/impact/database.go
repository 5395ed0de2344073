package impact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// cause is one reason why a service is in a state, with what can be done about it.
type cause struct {
	state  State
	text   string
	action string
	actor  string
	drill  *Drill
	risk   string
	source string
	grade  Grade
}

// option is one way in which a placement's databases are served after a failure.
type option struct {
	cause
	place int
	at    *farm.Instance
}

// served holds the options of a placement; none means Down for the reason in lost.
type served struct {
	options []option
	lost    cause
}

const (
	dba      = "database administrator"
	webber   = "web administrator"
	domain   = "domain administrator"
	network  = "network team"
	pki      = "PKI team"
	reporter = "report administrator"
)

// databases returns how the databases of a placement are served.
func (w *world) databases(p *farm.Placement) served {
	if s, ok := w.placed[p]; ok {
		return s
	}
	var s served
	switch {
	case p.AG():
		s = w.group(p)
	case p.Mirroring():
		s = w.mirror(p)
	default:
		s = w.single(p)
	}
	if w.placed == nil {
		w.placed = map[*farm.Placement]served{}
	}
	w.placed[p] = s
	return s
}

// running tells whether and where an instance runs: Up, or Automatic when the cluster had to start it on another node.
type running struct {
	ok    bool
	state State
	place int
	on    *farm.Host
	why   string // it does not run, or moved
}

// instance returns how an instance stands. A clustered one needs the quorum of the cluster, its disks and its network name
// (sql-fci); it is on its first node while nothing has failed.
func (w *world) instance(i *farm.Instance) running {
	if !i.Clustered() {
		h := i.Host()
		if !w.up(h) {
			return running{why: h.Name + " is down"}
		}
		return running{ok: true, place: w.place(h), on: h}
	}
	switch {
	case slices.Contains(w.storages, i):
		return running{why: "the shared disks of " + i.Name + " are gone"}
	case slices.Contains(w.names, i):
		return running{why: "the network name of " + i.Name + " is gone, and SQL Server does not run without it"}
	}
	known := w.known(i)
	for n, h := range i.Nodes {
		if !w.up(h) || known && w.place(h) != w.quorum {
			continue
		}
		if n == 0 {
			return running{ok: true, place: w.place(h), on: h}
		}
		return running{ok: true, state: Automatic, place: w.place(h), on: h, why: "the cluster starts " + i.Name + " on " + h.Name}
	}
	for _, h := range i.Nodes {
		if w.up(h) {
			return running{why: w.stopped()}
		}
	}
	return running{why: "no node of " + i.Name + " is left"}
}

// known reports whether the plan knows the votes of the cluster under an instance. Under a mirrored instance it does not, as a rule: its
// cluster is taken to go on while a node runs.
func (w *world) known(i *farm.Instance) bool {
	return w.farm.Cluster != nil && slices.Contains(w.farm.Cluster.Nodes, i.Nodes[0])
}

// stopped says how the votes stand in a cluster without quorum.
func (w *world) stopped() string {
	c := w.farm.Cluster
	_, voters := w.votes()
	most, running := 0, 0
	for _, n := range voters {
		most, running = max(most, n), running+n
	}
	holder := w.witnessHost()
	witness := c.Witness != "" && !w.witness && (holder == nil || w.up(holder))
	q := c.Quorum(most, witness)
	if q.Chance {
		return fmt.Sprintf("the cluster %s has no witness and half of its %d votes are left: whether it goes on is chance, here it is taken as stopped", c.Name, q.Of)
	}
	text := fmt.Sprintf("the cluster %s has lost its quorum (%d of %d votes are left) and stops on every node", c.Name, q.Votes, q.Of)
	lost := len(c.Voters()) - running
	if c.Witness != "" && !witness {
		lost++
	}
	if lost > 1 && most == running && running > 0 && c.Nodes[0].Windows != "2008 R2" {
		text += "; it might have gone on, had they failed one after the other with time between"
	}
	return text
}

// force is how a stopped cluster is started again on one node.
func (w *world) force(on *farm.Host) string {
	how := "-ForceQuorum"
	if on.Windows == "2012" || on.Windows == "2008 R2" {
		how = "-FixQuorum"
	}
	return "start the cluster on " + on.Name + " by force (Stop-ClusterNode, then Start-ClusterNode " + how + ")"
}

// possible returns the nodes, one in each place, on which an instance could run if the cluster's quorum were forced there.
func (w *world) possible(i *farm.Instance) []*farm.Host {
	if slices.Contains(w.storages, i) || slices.Contains(w.names, i) {
		return nil
	}
	var out []*farm.Host
	for _, h := range i.Nodes {
		if w.up(h) && !slices.ContainsFunc(out, func(o *farm.Host) bool { return w.place(o) == w.place(h) }) {
			out = append(out, h)
		}
	}
	return out
}

func (w *world) single(p *farm.Placement) served {
	i := p.Instance
	r := w.instance(i)
	source := "general-practice"
	if i.Clustered() {
		source = "sql-fci"
	}
	if r.ok {
		c := cause{state: r.state, text: sentence(r.why), source: source, grade: Documented}
		if r.state == Automatic {
			c.drill = &Drill{Step: "database/drill-instance-move", Server: i.Folder()}
		}
		return served{options: []option{{cause: c, place: r.place, at: i}}}
	}
	if i.Clustered() && w.known(i) && w.quorum == nowhere {
		var s served
		for _, h := range w.possible(i) {
			s.options = append(s.options, option{place: w.place(h), at: i, cause: cause{
				state: Manual, text: sentence(r.why), action: sentence(w.force(h) + "; the cluster then starts " + i.Name), actor: dba,
				source: "win-cluster-quorum", grade: Documented,
			}})
		}
		if len(s.options) > 0 {
			return s
		}
	}
	lost := cause{state: Down, source: source, grade: Documented, actor: dba, risk: w.backup(p)}
	lost.text = sentence(r.why + ", and nothing takes over for " + i.Name)
	lost.action = "Bring it back; if its disks are lost, restore the newest backups on another server."
	if slices.Contains(w.names, i) {
		lost.action, lost.actor, lost.risk = "Bring the network name of the cluster online again: its computer object and DNS record.", domain, ""
	}
	return served{lost: lost}
}

// backup says what a loss of the only copy means.
func (w *world) backup(p *farm.Placement) string {
	when := ""
	if b := w.farm.Backup; b.Folder != "" && p.Primary().Edition != "Express" {
		when = fmt.Sprintf(" (by the plan's own job: up to %d minutes)", b.LogEvery)
	}
	return "If the disks are lost: everything since the newest backup" + when + ", " + holds(p) + "."
}

// holds names what a placement's databases store.
func holds(p *farm.Placement) string {
	var out []string
	for _, d := range p.Databases {
		if d.IsCompliance() {
			out = append(out, "compliance reports")
		} else {
			out = append(out, "recovery keys")
		}
	}
	slices.Reverse(out)
	return strings.Join(out, " and ")
}

// group follows sql-ag-failover-modes: the primary serves while it runs in the part of the cluster that has quorum; then comes the first
// replica that may take over by itself, then one that somebody can make primary without loss, then one that loses data.
func (w *world) group(p *farm.Placement) served {
	if slices.Contains(w.listeners, p.Listener) {
		return served{lost: cause{
			state: Down, text: sentence("the listener " + p.Listener.Name + " is gone, the only name by which web servers and reports know the databases"),
			action: "Bring the listener online again: its computer object, its DNS record, its addresses.", actor: dba,
			source: "sql-ag-listener", grade: Documented,
		}}
	}
	if w.quorum == nowhere {
		return w.forced(p)
	}
	primary := p.Replicas[0]
	r := w.instance(primary.Instance)
	if r.ok && r.place == w.quorum {
		c := cause{state: r.state, text: sentence(r.why), source: "sql-ag-failover-modes", grade: Documented}
		if r.state == Automatic {
			c.source = "sql-fci"
		}
		c.text = joined(c.text, w.exposed(p))
		return served{options: []option{{cause: c, place: r.place, at: primary.Instance}}}
	}
	why := r.why
	if r.ok {
		why = primary.Instance.Name + " is cut off from the part of the cluster that has quorum"
	}
	var best *option
	for _, t := range p.Replicas[1:] {
		at := w.instance(t.Instance)
		if !at.ok || at.place != w.quorum {
			continue
		}
		o := option{place: at.place, at: t.Instance, cause: cause{source: "sql-ag-failover-modes", grade: Documented, drill: &Drill{Server: t.Instance.Folder()}}}
		name := t.Instance.Name
		switch {
		case primary.Synchronous && primary.AutoFailover && t.Synchronous && t.AutoFailover:
			o.state, o.drill.Step = Automatic, "database/drill-planned-failover"
			o.text = sentence(why + ", and " + name + " becomes the primary of " + p.Name + " by itself")
		default:
			o.state, o.actor, o.drill.Step = Manual, dba, "database/drill-forced-failover"
			o.text = sentence(why + ", and no replica that is left takes over " + p.Name + " by itself")
			o.action = "Make " + name + " the primary of " + p.Name + "."
			o.risk = loss(p, t.Instance, primary.Synchronous && t.Synchronous)
		}
		if best == nil || o.state < best.state || o.state == best.state && surer(p, o.at, best.at) {
			best = &o
		}
	}
	if best != nil {
		best.text = joined(best.text, remembered(p, best.at))
		return served{options: []option{*best}}
	}
	return served{lost: cause{
		state: Down, text: sentence(why + ", and no other replica of " + p.Name + " is left in the part of the cluster that has quorum"),
		action: "Bring a replica back; without any, restore the newest backups.", actor: dba, risk: w.backup(p), source: "sql-ag-failover-modes", grade: Documented,
	}}
}

// remembered says how long clients keep the listener's address of another subnet, when only one address is registered at a time
// (sql-ag-listener); "" when all are, or when the subnet is the same.
func remembered(p *farm.Placement, to *farm.Instance) string {
	from, now := p.Primary().Host().Subnet, to.Host().Subnet
	if p.Listener.AllIPs || !from.IsValid() || !now.IsValid() || from == now {
		return ""
	}
	return fmt.Sprintf("The listener has another address there, and clients may keep the old one for %d seconds (hostRecordTTL).", p.Listener.TTL)
}

// surer reports whether a is synchronous and b is not.
func surer(p *farm.Placement, a, b *farm.Instance) bool {
	sync := func(i *farm.Instance) bool {
		return slices.ContainsFunc(p.Replicas, func(r *farm.Replica) bool { return r.Instance == i && r.Synchronous })
	}
	return sync(a) && !sync(b)
}

// exposed says that the primary goes on but has lost what would take over for it without loss.
func (w *world) exposed(p *farm.Placement) string {
	planned, left := 0, 0
	for _, r := range p.Replicas[1:] {
		if !p.Replicas[0].Synchronous || !r.Synchronous {
			continue
		}
		planned++
		if at := w.instance(r.Instance); at.ok && at.place == w.quorum {
			left++
		}
	}
	if planned > 0 && left == 0 {
		return sentence(p.Replicas[0].Instance.Name + " goes on, and nothing takes over for it without loss until another synchronous copy is back")
	}
	return ""
}

// thin says that the cluster goes on, has lost votes, and cannot lose another node for certain, even when dynamic quorum has had the time
// to count anew (win-cluster-quorum); "" otherwise.
func (w *world) thin() string {
	c := w.farm.Cluster
	if c == nil {
		return ""
	}
	places, voters := w.votes()
	i := slices.Index(places, w.quorum)
	if i < 0 {
		return ""
	}
	holder := w.witnessHost()
	lost := w.witness || holder != nil && (!w.up(holder) || w.place(holder) != w.quorum)
	if !lost && voters[i] == len(c.Voters()) {
		return ""
	}
	now := *c
	if c.Nodes[0].Windows != "2008 R2" {
		now.Nodes, now.NoVote = c.Voters()[:voters[i]], nil
		if lost {
			now.Witness = ""
		}
	}
	if now.Quorum(voters[i]-1, c.Witness != "" && !lost).Holds {
		return ""
	}
	return sentence("the cluster " + c.Name + " goes on; with one node less it may stop")
}

// forced lists the replicas on which the stopped cluster can be forced. The group stays in no role then and must be forced as well, even
// where its primary is alive (sql-ag-failover-modes).
func (w *world) forced(p *farm.Placement) served {
	var s served
	for n, r := range p.Replicas {
		for _, h := range w.possible(r.Instance) {
			o := option{place: w.place(h), at: r.Instance, cause: cause{
				state: Manual, text: sentence(w.stopped()), actor: dba, source: "sql-ag-failover-modes", grade: Documented,
				action: sentence(w.force(h) + ", then make " + r.Instance.Name + " the primary of " + p.Name + " by force, which SQL Server asks for after that"),
				drill:  &Drill{Step: "database/drill-forced-failover", Server: r.Instance.Folder()},
			}}
			if n > 0 {
				o.risk = loss(p, r.Instance, p.Replicas[0].Synchronous && r.Synchronous)
			}
			s.options = append(s.options, o)
		}
	}
	if len(s.options) == 0 {
		s.lost = cause{
			state: Down, text: sentence("no replica of " + p.Name + " is left"), action: "Bring a replica back; without any, restore the newest backups.",
			actor: dba, risk: w.backup(p), source: "sql-ag-failover-modes", grade: Documented,
		}
	}
	return s
}

// loss says what is lost when an instance takes over by force.
func loss(p *farm.Placement, to *farm.Instance, synchronous bool) string {
	if synchronous {
		return "Forcing " + to.Name + " loses nothing while its copy was synchronized, which the file shows before it does anything; otherwise the " + holds(p) + " since it was not."
	}
	return "Forcing " + to.Name + " loses the " + holds(p) + " of the last moments: its copy is asynchronous."
}

// mirror follows sql-mirroring-quorum: with a witness, who sees one of the two others serves; without one, the principal serves while it
// runs, and the mirror only when it is forced.
func (w *world) mirror(p *farm.Placement) served {
	principal, mirror := w.instance(p.Principal), w.instance(p.Mirror)
	meet := func(a, b running) bool { return a.ok && b.ok && a.place == b.place }
	var witness running
	if p.Witness != nil {
		witness = w.instance(p.Witness)
	}
	at := func(i *farm.Instance, r running, c cause) served {
		c.state = max(c.state, r.state)
		c.grade = Documented
		if c.source == "" {
			c.source = "sql-mirroring-quorum"
		}
		return served{options: []option{{cause: c, place: r.place, at: i}}}
	}
	names := p.Principal.Name + " and its mirror " + p.Mirror.Name
	force := cause{
		state: Manual, actor: dba, drill: &Drill{Step: "database/forced-service", Server: p.Mirror.Folder()}, risk: loss(p, p.Mirror, p.SafetyFull), source: "sql-mirroring-roles",
		action: "Make sure that " + p.Principal.Name + " stays down, then force " + p.Mirror.Name + " into service.",
	}
	switch {
	case principal.ok && (p.Witness == nil || meet(principal, mirror) || meet(principal, witness)):
		c := cause{text: sentence(principal.why)}
		if !meet(principal, mirror) {
			c.text = joined(c.text, sentence(p.Principal.Name+" goes on without a mirror"))
		} else if p.Witness != nil && !meet(principal, witness) {
			c.text = joined(c.text, sentence(p.Principal.Name+" goes on; without the witness "+p.Witness.Name+" the mirror does not take over by itself, and if the mirror fails as well, the databases stop"))
		}
		return at(p.Principal, principal, c)
	case p.Witness != nil && p.SafetyFull && meet(mirror, witness):
		why := principal.why
		if principal.ok {
			why = p.Principal.Name + " is cut off from its mirror and the witness and stops serving"
		}
		return at(p.Mirror, mirror, cause{
			state: Automatic, text: sentence(why + ", and " + p.Mirror.Name + " takes over by itself, each database by its own session"),
			drill: &Drill{Step: "database/drill-mirroring", Server: p.Principal.Folder()},
		})
	case principal.ok:
		return at(p.Principal, principal, cause{
			state: Manual, text: sentence(p.Principal.Name + " sees neither its mirror nor the witness, has no quorum and stops serving"), actor: dba,
			action: "On " + p.Principal.Name + ", take the witness out of each session (ALTER DATABASE … SET WITNESS OFF): without a witness no quorum is needed.",
		})
	case mirror.ok:
		force.text = sentence(principal.why + ", and nothing lets " + p.Mirror.Name + " take over by itself")
		if p.Witness != nil && !meet(mirror, witness) {
			force.action = "Make sure that " + p.Principal.Name + " stays down, take the witness out on " + p.Mirror.Name + " (SET WITNESS OFF), then force it into service."
		}
		return at(p.Mirror, mirror, force)
	}
	if w.quorum == nowhere {
		var forced served
		for _, i := range []*farm.Instance{p.Principal, p.Mirror} {
			if !i.Clustered() || !w.known(i) {
				continue
			}
			for _, h := range w.possible(i) {
				forced.options = append(forced.options, at(i, running{place: w.place(h)}, cause{
					state: Manual, text: sentence(w.stopped()), actor: dba, source: "win-cluster-quorum",
					action: sentence(w.force(h) + "; then look at the mirroring sessions"),
				}).options...)
			}
		}
		if len(forced.options) > 0 {
			return forced
		}
	}
	return served{lost: cause{
		state: Down, text: sentence(names + " are both lost"), action: "Bring one of them back; without any, restore the newest backups.", actor: dba,
		risk: w.backup(p), source: "sql-mirroring-quorum", grade: Documented,
	}}
}

// sentence makes a sentence of a clause: an upper-case first letter where it begins with an ordinary word, and a full stop. "" stays.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	for _, word := range []string{"the ", "no ", "start ", "its "} {
		if strings.HasPrefix(s, word) {
			s = strings.ToUpper(s[:1]) + s[1:]
			break
		}
	}
	return strings.TrimSuffix(s, ".") + "."
}

// joined puts sentences behind each other.
func joined(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), " ")
}
