package impact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// need is what a service stands on.
type need struct {
	service Service
	webs    []*farm.Web      // web farms that offer it; each has users of its own
	also    []*farm.Web      // web farms whose services they call
	hard    []*farm.Database // without which it does not work
	soft    []*farm.Database // without which it is doubtful
	portal  bool             // people use it in a browser, with a session
}

// needs lists the services of a farm with what they stand on: the agent's services store keys in the Recovery Database and reports in
// the Compliance and Audit Database, the Help Desk and the Self-Service Portal read the one and write their audit into the other
// (mbam-events: 100 to 102, 105). Which feature serves what follows farm.Applications. In MBAM 2.0 the Administration and Monitoring
// Server has all web services, and the Self-Service Portal is taken to call them (inferred).
func needs(f *farm.Farm) []need {
	var out []need
	recovery, compliance := []*farm.Database{f.Recovery}, []*farm.Database{f.Compliance}
	with := func(take func(*farm.Web) bool) []*farm.Web {
		return slices.DeleteFunc(slices.Clone(f.Webs), func(w *farm.Web) bool { return !take(w) })
	}
	agent := f.AgentWeb()
	admin := with(func(w *farm.Web) bool { return w.Admin || f.MBAM.V2() && w.Agent })
	portal := with(func(w *farm.Web) bool { return w.SelfService })
	if agent == nil && f.MBAM.V2() && len(admin) > 0 {
		agent = admin[0]
	}
	if agent != nil {
		out = append(out, need{service: Escrow, webs: []*farm.Web{agent}, hard: recovery})
		if !f.MBAM.CM {
			out = append(out, need{service: Status, webs: []*farm.Web{agent}, hard: compliance})
		}
	}
	if len(admin) > 0 {
		out = append(out, need{service: Helpdesk, webs: admin, hard: recovery, soft: compliance, portal: true})
	}
	if f.Reporting != nil {
		out = append(out, need{service: Reports, hard: compliance})
	}
	if len(portal) > 0 {
		n := need{service: SelfService, webs: portal, hard: recovery, soft: compliance, portal: true}
		if f.MBAM.V2() {
			n.also = admin
		}
		out = append(out, n)
	}
	if len(admin) > 0 && !f.MBAM.V2() {
		out = append(out, need{service: Administration, webs: admin, hard: f.Databases(), portal: true})
	}
	return out
}

// effects returns what becomes of every service in this world, in the order of Analysis.Services.
func (w *world) effects() []Effect {
	causes := make([][]cause, len(w.needs))
	for i, n := range w.needs {
		causes[i] = w.service(n)
	}
	// Reports are as fresh as the last status that came in, and the website shows them.
	reports := slices.IndexFunc(w.needs, func(n need) bool { return n.service == Reports })
	status := slices.IndexFunc(w.needs, func(n need) bool { return n.service == Status })
	admin := slices.IndexFunc(w.needs, func(n need) bool { return n.service == Administration })
	if reports >= 0 && status >= 0 && worst(causes[status]) >= Degraded && worst(causes[reports]) < Degraded {
		causes[reports] = append(causes[reports], cause{
			state: Degraded, text: "Clients cannot report, so the reports go stale.", source: noticeSource, grade: Documented,
		})
	}
	if admin >= 0 && reports >= 0 && worst(causes[reports]) >= Degraded && worst(causes[admin]) < Degraded {
		causes[admin] = append(causes[admin], cause{
			state: Degraded, text: "The website's reports are missing or stale.", source: "mbam-reports", grade: Inferred,
		})
	}
	out := make([]Effect, len(w.needs))
	for i, n := range w.needs {
		out[i] = w.effect(n.service, causes[i])
	}
	return out
}

func worst(list []cause) State {
	s := Up
	for _, c := range list {
		s = max(s, c.state)
	}
	return s
}

// service returns the causes under the best of the ways in which the databases can be served.
func (w *world) service(n need) []cause {
	front := w.front()
	var best []cause
	found := false
	w.ways(placements(n.hard), nil, nil, func(options []option, lost []cause) {
		causes := append(slices.Clone(front), lost...)
		place := nowhere
		for i, o := range options {
			causes = append(causes, o.cause)
			if i == 0 {
				place = o.place
			} else if place != o.place {
				causes = append(causes, cause{
					state: Down, text: "The two databases are served in places that do not reach each other.", actor: network,
					action: "Repair the network between the sites.", source: "general-practice", grade: Inferred,
				})
			}
		}
		if len(lost) == 0 && slices.ContainsFunc(placements(n.hard), w.clustered) {
			causes = append(causes, cause{text: w.thin(), source: "win-cluster-quorum", grade: Documented})
		}
		if n.service == Reports {
			causes = append(causes, w.reporting(place)...)
		} else {
			causes = append(causes, w.websites(n, place)...)
		}
		for _, d := range n.soft {
			if !slices.Contains(placements(n.hard), d.Placement) {
				causes = append(causes, w.audit(d, place)...)
			}
		}
		if !found || worst(causes) < worst(best) {
			best, found = causes, true
		}
	})
	return best
}

// ways calls f for each way in which the placements can be served together. Those that cannot be served come as causes.
func (w *world) ways(list []*farm.Placement, chosen []option, lost []cause, f func([]option, []cause)) {
	if len(list) == 0 {
		f(chosen, lost)
		return
	}
	s := w.databases(list[0])
	if len(s.options) == 0 {
		w.ways(list[1:], chosen, append(slices.Clone(lost), s.lost), f)
		return
	}
	for _, o := range s.options {
		w.ways(list[1:], append(slices.Clone(chosen), o), lost, f)
	}
}

// placements returns where the databases live, each placement once.
func placements(list []*farm.Database) []*farm.Placement {
	var out []*farm.Placement
	for _, d := range list {
		if !slices.Contains(out, d.Placement) {
			out = append(out, d.Placement)
		}
	}
	return out
}

// clustered reports whether the placement needs the quorum of the plan's cluster.
func (w *world) clustered(p *farm.Placement) bool {
	return p.AG() || slices.ContainsFunc(p.All(), func(i *farm.Instance) bool { return i.Clustered() && w.known(i) })
}

// front lists what all services stand on.
func (w *world) front() []cause {
	var out []cause
	if w.directory {
		out = append(out, cause{
			state: Down, text: "Without a domain controller nobody is authenticated: neither clients and people at the websites nor the websites at SQL Server.",
			action: "Bring a domain controller back.", actor: domain, source: "general-practice", grade: Inferred,
		})
	}
	if w.dns {
		out = append(out, cause{
			state: Down, text: "Without name resolution neither clients find the websites nor these the databases, as soon as what they remember has run out.",
			action: "Bring a DNS server back.", actor: domain, source: "general-practice", grade: Inferred,
		})
	}
	return out
}

// websites returns what lies between the users and the databases at a place, for all web farms of a service.
func (w *world) websites(n need, place int) []cause {
	var out []cause
	states := make([]State, len(n.webs))
	for i, web := range n.webs {
		list := w.website(web, place, n.portal)
		states[i] = worst(list)
		out = append(out, list...)
	}
	if len(states) > 1 && slices.Min(states) < Degraded && slices.Max(states) > Degraded {
		// Users of the other farm go on.
		for i := range out {
			out[i].state = min(out[i].state, Degraded)
		}
	}
	for _, web := range n.also {
		if !slices.Contains(n.webs, web) {
			for _, c := range w.website(web, place, false) {
				c.grade = Inferred
				out = append(out, c)
			}
		}
	}
	return out
}

// website returns what is wrong with one web farm. A node is of use while it runs, has a valid certificate and reaches the databases. The
// balancer takes a node out that does not answer; one that answers without a database stays in, because a probe proves the website only
// (win-nlb, field-checks).
func (w *world) website(web *farm.Web, place int, portal bool) []cause {
	var out []cause
	down := func(text, action, actor, source string, grade Grade, drill *Drill) {
		out = append(out, cause{state: Down, text: text, action: action, actor: actor, source: source, grade: grade, drill: drill})
	}
	f := w.webs[web.Index]
	first := web.Nodes[0].Host.Name
	if w.pool {
		down("The application pools of "+web.Host+" do not start again without their account; those that run go on until they are recycled.",
			"Unlock or enable "+w.farm.Pool.Down()+", or change its password in the directory and on each node.", domain, "mbam-accounts", Inferred,
			&Drill{Step: "web/pool-password-change", Server: first})
	}
	if f.name {
		down("Clients and browsers do not find "+web.Host+", as soon as what they remember of its record has run out.",
			"Publish the record again.", domain, "mbam-spn", Inferred, &Drill{Step: "directory/dns-record"})
	}
	if f.balancer {
		if web.Balancer.NLB() {
			down("Nothing answers at the virtual address of "+web.Host+".", "Find out why the NLB cluster has not converged, or what the switches do to its address.", webber, "win-nlb", Inferred, nil)
		} else {
			down("Nothing answers at the virtual address of "+web.Host+".", "Bring the balancer back, or point the record of "+web.Host+" at one node until then.", network, "mbam-ha", Documented, nil)
		}
	}
	if f.certificate {
		down("The agent refuses an expired certificate of "+web.Host+", browsers warn of it, and no document says whether the portals reach their own services with it.", "Renew it and change it on each node.", pki, "mbam-deploy", Inferred,
			&Drill{Step: "web/certificate-change", Server: first})
	}
	if len(out) > 0 {
		return out
	}
	return w.nodes(web, place, portal)
}

func (w *world) nodes(web *farm.Web, place int, portal bool) []cause {
	var gone, serving, blind, expired []*farm.Node
	for _, n := range web.Nodes {
		switch {
		case !w.up(n.Host):
			gone = append(gone, n)
		case slices.Contains(w.expired, n):
			expired = append(expired, n)
		case place != nowhere && w.place(n.Host) != place:
			blind = append(blind, n)
		default:
			serving = append(serving, n)
		}
	}
	if len(serving) == 0 {
		switch {
		case len(expired) > 0:
			return []cause{{
				state: Down, text: "No node of " + web.Host + " is left with a valid certificate.", action: "Renew the certificates and change them on each node.", actor: pki,
				drill: &Drill{Step: "web/certificate-change", Server: expired[0].Host.Name}, source: "mbam-deploy", grade: Inferred,
			}}
		case len(blind) > 0:
			return []cause{{
				state: Down, text: "No node of " + web.Host + " reaches the databases: " + nodeNames(blind) + " cut off from them.", action: "Repair the network between the sites.", actor: network,
				source: "mbam-ha", grade: Inferred,
			}}
		default:
			return []cause{{
				state: Down, text: nodeNames(gone) + " down, and no other node serves " + web.Host + ".", action: "Bring a node back, or build one under the same name.", actor: webber,
				source: "mbam-ha", grade: Documented,
			}}
		}
	}
	var out []cause
	if len(gone) > 0 {
		c := cause{
			state: Automatic, text: nodeNames(gone) + " down; " + balancerTakesOut(web) + ", and " + nodeNames(serving, "serves", "serve") + " " + web.Host + ".",
			source: balancerSource(web), grade: Documented, drill: &Drill{Step: "web/drill-node-loss", Server: gone[0].Host.Name},
		}
		if web.Balancer.External() {
			c.grade = Inferred // the product's probe is what its sheet asks for
		}
		out = append(out, c)
	}
	if len(expired) > 0 {
		// The rendered HAProxy verifies the certificate in its probe (balancer/haproxy).
		c := cause{
			state: Degraded, text: nodeNames(expired, "has", "have") + " an expired certificate: what the balancer sends there fails.",
			action: "Take the node out of the balancer, renew its certificate, and change it.", actor: pki, source: "mbam-deploy", grade: Inferred,
			drill: &Drill{Step: "web/certificate-change", Server: expired[0].Host.Name},
		}
		if web.Balancer.HAProxy() && !web.Balancer.Existing {
			c.state, c.text, c.source = Automatic, nodeNames(expired, "has", "have")+" an expired certificate: HAProxy, which verifies it in its probe, takes the node out.", "haproxy"
		}
		out = append(out, c)
	}
	if len(blind) > 0 {
		out = append(out, cause{
			state: Degraded, text: nodeNames(blind, "answers but does not reach", "answer but do not reach") + " the databases, and the balancer, which only sees that the website answers, goes on sending users there.",
			action: "Take these nodes out of the balancer until the network is back.", actor: webber, source: "win-nlb", grade: Inferred,
			drill: &Drill{Step: "web/drill-node-drain", Server: blind[0].Host.Name},
		})
	}
	if w.webs[web.Index].machineKey && portal {
		out = append(out, cause{
			state: Degraded, text: "A page that one node of " + web.Host + " has issued is refused by another with a different machine key.",
			action: "Set the farm's machine key on each node again.", actor: webber, source: "mbam-ha", grade: Inferred,
			drill: &Drill{Step: "web/machine-key", Server: web.Nodes[0].Host.Name},
		})
	}
	return out
}

func balancerTakesOut(web *farm.Web) string {
	switch {
	case web.Balancer == nil:
		return "nothing takes it out"
	case web.Balancer.NLB():
		return "Windows NLB notices that a server is gone and converges"
	default:
		return "the balancer's probes fail and it is taken out"
	}
}

func balancerSource(web *farm.Web) string {
	switch {
	case web.Balancer.NLB():
		return "win-nlb"
	case web.Balancer.HAProxy():
		return "haproxy"
	default:
		return "mbam-ha"
	}
}

// nodeNames joins the names with a verb: "WEB1 is", "WEB1, WEB2 are" unless others are given.
func nodeNames(list []*farm.Node, verbs ...string) string {
	var names []string
	for _, n := range list {
		names = append(names, n.Host.Name)
	}
	return plural(names, verbs...)
}

func plural(names []string, verbs ...string) string {
	if len(verbs) == 0 {
		verbs = []string{"is", "are"}
	}
	verb := verbs[0]
	if len(names) > 1 {
		verb = verbs[1]
	}
	return strings.Join(names, ", ") + " " + verb
}

// reporting returns what is wrong with the report servers, which read the Compliance and Audit Database at a place.
func (w *world) reporting(place int) []cause {
	r := w.farm.Reporting
	down := func(text, action, actor, source string, grade Grade) []cause {
		return []cause{{state: Down, text: text, action: action, actor: actor, source: source, grade: grade}}
	}
	switch {
	case w.reader:
		return down("The reports' data source cannot log on without "+w.farm.ReportReader.Down()+".", "Unlock or enable the account, or set its new password in the data source.", reporter, "mbam-accounts", Inferred)
	case w.reportDB:
		return down("The report servers cannot read their common database.", "Bring the report server database back.", dba, "ssrs-install", Inferred)
	case w.reportURL:
		return down("The name or the balancer of the report servers does not answer.", "Bring it back.", network, "ssrs-install", Inferred)
	}
	var gone, blind, serving []string
	for _, h := range r.Hosts {
		switch {
		case !w.up(h):
			gone = append(gone, h.Name)
		case place != nowhere && w.place(h) != place:
			blind = append(blind, h.Name)
		default:
			serving = append(serving, h.Name)
		}
	}
	named := r.URLHost()
	switch {
	case len(serving) == 0 && len(blind) > 0:
		return down(plural(blind)+" cut off from the Compliance and Audit Database.", "Repair the network between the sites.", network, "mbam-reports", Inferred)
	case len(serving) == 0:
		return down(plural(gone)+" down, and no other report server is there.", "Bring the report server back.", reporter, noticeSource, Documented)
	case named != nil && !slices.Contains(serving, named.Name):
		return down("The reports' address names "+named.Name+" itself, so that the other report servers are not asked.", "Bring it back, or give the report servers a name of their own.", reporter, "mbam-reports", Inferred)
	case len(gone) > 0:
		return []cause{{
			state: Automatic, text: plural(gone) + " down; " + plural(serving, "answers", "answer") + " under the name of the report servers.", source: "ssrs-install", grade: Inferred,
		}}
	case len(blind) > 0:
		return []cause{{
			state: Degraded, text: plural(blind) + " cut off from the Compliance and Audit Database and still asked for reports.",
			action: "Take it out of the balancer.", actor: reporter, source: "mbam-reports", grade: Inferred,
		}}
	}
	return nil
}

// audit returns what a portal suffers when the database that takes its audit cannot be reached from the place of its other database.
func (w *world) audit(d *farm.Database, place int) []cause {
	s := w.databases(d.Placement)
	best := s.lost
	best.state = Down
	for _, o := range s.options {
		if (place == nowhere || o.place == place) && o.state < best.state {
			best = o.cause
		}
	}
	if best.state <= Automatic {
		return []cause{best}
	}
	return []cause{{
		state: Degraded, source: "mbam-events", grade: Inferred, action: best.action, actor: best.actor, drill: best.drill,
		text: joined(best.text, "The portals write into the "+d.Title+" who has read a key; no document says whether a key is given out when they cannot."),
	}}
}

// noticeSource is where it stands what users notice: on the page about MBAM 2.0 only, whose sentences also hold for 2.5 (field-checks).
const noticeSource = "mbam20-ha"

// effect joins the causes of a service.
func (w *world) effect(s Service, causes []cause) Effect {
	e := Effect{Service: s, State: worst(causes), Grade: Documented}
	slices.SortStableFunc(causes, func(a, b cause) int { return int(b.state) - int(a.state) })
	var why, risks []string
	for _, c := range causes {
		if c.state == Up && c.text == "" {
			continue
		}
		if !slices.Contains(why, c.text) && c.text != "" {
			why = append(why, c.text)
		}
		if c.state != e.State && c.state < Degraded {
			continue
		}
		if c.grade == Inferred {
			e.Grade = Inferred
		}
		switch {
		case c.action == "":
			if c.state == Automatic && e.Rehearsal == nil {
				e.Rehearsal = c.drill
			}
		case !slices.ContainsFunc(e.Actions, func(a Action) bool { return a.Text == c.action }):
			e.Actions = append(e.Actions, Action{Text: c.action, Actor: c.actor, Drill: c.drill})
		}
		if c.risk != "" && !slices.Contains(risks, c.risk) {
			risks = append(risks, c.risk)
		}
		if c.source != "" && !slices.Contains(e.Sources, c.source) {
			e.Sources = append(e.Sources, c.source)
		}
	}
	if w.farm.MBAM.V2() {
		w.only20(&e)
	}
	e.Why, e.DataAtRisk = joined(why...), joined(risks...)
	if e.State > Up {
		e.Notice = w.notice(s, e.State)
		if !slices.Contains(e.Sources, noticeSource) {
			e.Sources = append(e.Sources, noticeSource)
		}
	}
	return e
}

// only20 leaves out the files that are not written for MBAM 2.0: all but those for the databases.
func (w *world) only20(e *Effect) {
	for i, a := range e.Actions {
		if a.Drill != nil && !strings.HasPrefix(a.Drill.Step, "database/") {
			e.Actions[i].Drill = nil
		}
	}
	if e.Rehearsal != nil && !strings.HasPrefix(e.Rehearsal.Step, "database/") {
		e.Rehearsal = nil
	}
}

// notice says what people notice.
func (w *world) notice(s Service, state State) string {
	check, report := "their next check", "their next turn"
	if c := w.farm.Clients; c != nil {
		check = fmt.Sprintf("their next check (every %d minutes)", c.Wakeup)
		report = fmt.Sprintf("their next turn (every %d minutes)", c.Status)
	}
	away := state >= Manual
	switch s {
	case Escrow:
		switch {
		case away:
			return "Computers whose recovery password cannot be stored do not begin to encrypt. Users are asked for nothing, drives that are encrypted stay as they are, and clients try again at " + check + "."
		case state == Degraded:
			return "Some computers cannot store their recovery password and do not begin to encrypt; users are asked for nothing, and clients try again at " + check + "."
		}
		return "For seconds to minutes no key is stored; clients that tried then try again at " + check + ". Users are asked for nothing."
	case Status:
		switch {
		case away:
			return "Compliance data do not stay current; users notice nothing, and clients report again at " + report + "."
		case state == Degraded:
			return "Some clients cannot report; their compliance data do not stay current."
		}
		return "Reports of seconds to minutes fail; clients report again at " + report + "."
	case Helpdesk:
		switch {
		case away:
			return "The help desk cannot give out recovery keys."
		case state == Degraded:
			return "The help desk may see errors and may fail to get a recovery key."
		}
		return "For seconds to minutes the Help Desk website shows errors; a page may have to be opened again."
	case Reports:
		switch {
		case away:
			return "The compliance reports cannot be read, neither in the Help Desk website nor in Reporting Services."
		case state == Degraded:
			return "Reports may fail or show old data."
		}
		return "For seconds to minutes reports fail; they have to be run again."
	case SelfService:
		switch {
		case away:
			return "Users cannot fetch their own recovery key."
		case state == Degraded:
			return "Users may see errors and may fail to get their recovery key."
		}
		return "For seconds to minutes the Self-Service Portal shows errors; users begin again."
	default:
		switch {
		case away:
			return "TPM passwords and drives cannot be managed in the website, and MBAM's cmdlets cannot change the configuration."
		case state == Degraded:
			return "Parts of the website fail or show old data."
		}
		return "For seconds to minutes the website shows errors."
	}
}
