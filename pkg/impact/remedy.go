package impact

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// SinglePoint is a part whose failure alone takes a service away until somebody acts, or for longer.
type SinglePoint struct {
	Part     Part
	Rank     int       // 1 is the most urgent
	Worst    State     // Manual or Down
	Services []Service // those that it takes away
	// Remedy is the cheapest change of the topology that helps; nil when the tool knows none that passes its own rules.
	Remedy *Remedy
	// Advice is what to do where the topology has no place for it: "Run it as a pair." "" when there is a remedy.
	Advice string
}

// Remedy is a change of the topology, with the effect that the analysis of the changed topology shows. Names and addresses of what is
// added are proposals.
type Remedy struct {
	Title   string   // "Give the cluster a witness."
	Edits   []string // what changes in the topology, a line each: `cluster.witness: \\witness.contoso.com\sqlclu1`
	Cost    string   // "a setting", "a file share", "a server" …
	Effects []Change // services that it changes when the part fails
	Left    int      // single points of failure that are left with it
}

// Change is the state of a service under the same failure without and with a remedy.
type Change struct {
	Service       Service
	Before, After State
}

// away lists the services that a scenario takes away until somebody acts.
func (s Scenario) away() []Service {
	var out []Service
	for _, e := range s.Effects {
		if e.State >= Manual {
			out = append(out, e.Service)
		}
	}
	return out
}

// keys reports whether keys are neither stored nor read.
func (p SinglePoint) keys() bool {
	return slices.Contains(p.Services, Escrow) || slices.Contains(p.Services, Helpdesk)
}

// SinglePoints returns the single points of failure, the most urgent first: those that keep keys from being stored or read, then by the
// worst state, by the number of services, and in the order of Parts. The topology is the one that the farm was built from; it is read again for every remedy that is tried.
func (a *Analysis) SinglePoints(l *topology.Loaded) []SinglePoint {
	var out []SinglePoint
	for _, s := range a.Singles() {
		if away := s.away(); len(away) > 0 {
			out = append(out, SinglePoint{Part: s.Failed[0], Worst: s.Worst(), Services: away})
		}
	}
	slices.SortStableFunc(out, func(p, q SinglePoint) int {
		if p.keys() != q.keys() {
			if p.keys() {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(q.Worst, p.Worst), cmp.Compare(len(q.Services), len(p.Services)))
	})
	tried := a.remedies(l)
	for i := range out {
		p := &out[i]
		p.Rank = i + 1
		if p.Remedy = a.cheapest(p.Part, tried); p.Remedy == nil {
			p.Advice = advice(p.Part)
		}
	}
	return out
}

// tried is a remedy whose topology passes every rule, with its analysis.
type tried struct {
	Remedy
	after *Analysis
}

// cheapest returns the first remedy after which nothing is away any more when the part fails, else the first that improves something.
func (a *Analysis) cheapest(p Part, list []tried) *Remedy {
	var some *Remedy
	before, err := a.Fail(p.ID)
	if err != nil {
		return nil
	}
	for _, t := range list {
		after, err := t.after.Fail(p.ID)
		if err != nil {
			continue // the part is not there any more
		}
		r := t.Remedy
		worse := false
		for _, e := range before.Effects {
			now := after.Effect(e.Service).State
			worse = worse || now > e.State
			if now != e.State {
				r.Effects = append(r.Effects, Change{e.Service, e.State, now})
			}
		}
		switch {
		case worse || len(r.Effects) == 0 || len(after.away()) >= len(before.away()):
		case len(after.away()) == 0:
			return &r
		case some == nil:
			some = &r
		}
	}
	return some
}

// candidate is a change that may help.
type candidate struct {
	Remedy
	apply func(*topology.File)
}

// remedies returns the changes that are possible and pass every rule that the topology itself passes, the cheapest first.
func (a *Analysis) remedies(l *topology.Loaded) []tried {
	accepted := map[string]bool{} // errors that the topology has itself, under a waiver
	for _, d := range check.Run(l, a.farm) {
		if d.Severity == diag.Error {
			accepted[d.Code] = true
		}
	}
	var out []tried
	for _, c := range a.candidates() {
		again, found := topology.Load(l.Name, []byte(strings.Join(l.Lines, "\n")))
		if found.Errors() > 0 {
			return nil
		}
		c.apply(again.File)
		f, _ := farm.New(l.Name, again.File, again.Origins)
		if f == nil || slices.ContainsFunc(check.Run(again, f), func(d diag.Diagnostic) bool { return d.Severity == diag.Error && !accepted[d.Code] }) {
			continue
		}
		t := tried{Remedy: c.Remedy, after: Analyze(f)}
		for _, s := range t.after.Singles() {
			if len(s.away()) > 0 {
				t.Left++
			}
		}
		out = append(out, t)
	}
	return out
}

// candidates lists what may help the farm, the cheapest first: a setting, a file share, a small server, a server with a licence. An
// MBAM 2.0 farm has none, since no document of 2.0 supports any of them (mbam20-supported).
func (a *Analysis) candidates() []candidate {
	f := a.farm
	if f.MBAM.V2() {
		return nil
	}
	var out []candidate
	for _, p := range f.Placements {
		if len(p.Databases) > 0 && p.AG() {
			out = append(out, automatic(p)...)
		}
	}
	if c := f.Cluster; c != nil && c.Witness == "" {
		witness := `\\witness.` + f.Domain.DNS + `\` + strings.ToLower(c.Name)
		out = append(out, candidate{
			Remedy{Title: "Give the cluster " + c.Name + " a witness.", Edits: []string{"cluster.witness: " + witness}, Cost: "a file share outside the cluster's servers"},
			func(t *topology.File) { t.Cluster.Witness = witness },
		})
	}
	out = append(out, a.mirrorWitness()...)
	for _, w := range f.Webs {
		out = append(out, a.webNode(w)...)
	}
	out = append(out, a.reportServer()...)
	for _, p := range f.Placements {
		if len(p.Databases) == 0 || p.Existing {
			continue
		}
		switch {
		case p.AG() && !p.Basic:
			out = append(out, a.replica(p)...)
		case p.Standalone():
			out = append(out, a.mirrored(p)...)
		}
	}
	return out
}

// automatic lets the first two stand-alone synchronous replicas fail over to each other.
func automatic(p *farm.Placement) []candidate {
	if !p.Replicas[0].Synchronous || p.Replicas[0].Instance.Clustered() {
		return nil
	}
	for i, r := range p.Replicas[1:] {
		if !r.Synchronous || r.Instance.Clustered() || r.AutoFailover && p.Replicas[0].AutoFailover {
			continue
		}
		return []candidate{{
			Remedy{
				Title: "Let " + r.Instance.Name + " take " + p.Name + " over by itself.", Cost: "a setting",
				Edits: []string{fmt.Sprintf("placements.%s.replicas: failover: automatic for %s and %s", p.Name, p.Replicas[0].Instance.Name, r.Instance.Name)},
			},
			func(t *topology.File) {
				replicas := placement(t, p.Name).Replicas
				replicas[0].Failover, replicas[i+1].Failover = "automatic", "automatic"
			},
		}}
	}
	return nil
}

func placement(t *topology.File, name string) *topology.Placement {
	i := slices.IndexFunc(t.Placements, func(p topology.Placement) bool { return p.Name == name })
	return &t.Placements[i]
}

// mirrorWitness gives every synchronous pair without a witness one on a small server.
func (a *Analysis) mirrorWitness() []candidate {
	var pairs []*farm.Placement
	for _, p := range a.farm.Mirrors() {
		if len(p.Databases) > 0 && p.Witness == nil && p.SafetyFull {
			pairs = append(pairs, p)
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	host := a.newHost("WITNESS", pairs[0].Principal.Host())
	r := Remedy{Title: "Give the mirrored databases a witness.", Cost: "a small server with the Express edition", Edits: []string{hostEdit(host), "instances." + host.Name + ": {edition: Express}"}}
	for _, p := range pairs {
		r.Edits = append(r.Edits, "placements."+p.Name+".witness: "+host.Name)
	}
	return []candidate{{r, func(t *topology.File) {
		t.Hosts = append(t.Hosts, host)
		t.Instances = append(t.Instances, topology.Instance{
			Name: host.Name, Version: pairs[0].Principal.VersionName, Edition: "Express", ServiceAccount: ownAccount(pairs[0].Principal.Service),
		})
		for _, p := range pairs {
			placement(t, p.Name).Witness = host.Name
		}
	}}}
}

// webNode puts a second node beside the only one of a web farm, behind a virtual host name of their own.
func (a *Analysis) webNode(w *farm.Web) []candidate {
	first := w.Nodes[0].Host
	address, ok := a.free(first)
	if w.Balanced() || w.Balancer != nil || !ok {
		return nil
	}
	host := a.newHost("", first)
	vip, ok := a.free(first, address)
	if !ok {
		return nil
	}
	name := w.Host
	r := Remedy{Title: "Put a second node beside " + first.Name + ", behind a balancer.", Cost: "a server and a virtual address", Edits: []string{hostEdit(host)}}
	if strings.EqualFold(name, first.FQDN) || strings.EqualFold(name, first.Name) {
		name = "mbam." + a.farm.Domain.DNS
		r.Edits = append(r.Edits, fmt.Sprintf("web.farms[%d].host: %s", w.Index, name))
	}
	r.Edits = append(r.Edits, fmt.Sprintf("web.farms[%d].nodes: [%s, %s]", w.Index, first.Name, host.Name), fmt.Sprintf("web.farms[%d].balancer: {kind: external, address: %s}", w.Index, vip))
	return []candidate{{r, func(t *topology.File) {
		t.Hosts = append(t.Hosts, host)
		farm := &t.Web.Farms[w.Index]
		farm.Host = name
		farm.Nodes = append(farm.Nodes, topology.Node{Host: host.Name})
		farm.Balancer = &topology.Balancer{
			Kind: "external", Address: vip.String(), Mode: "multicast", Interface: "Ethernet", Persist: 60, CAFile: "/etc/haproxy/mbam-ca.pem", Watch: true,
		}
	}}}
}

// reportServer makes a scale-out deployment of the only report server.
func (a *Analysis) reportServer() []candidate {
	r := a.farm.Reporting
	if r == nil || r.Scaled() || r.Edition == "Standard" {
		return nil
	}
	host := a.newHost("", r.Hosts[0])
	url := "https://mbam-reports." + a.farm.Domain.DNS + "/ReportServer"
	return []candidate{{
		Remedy{
			Title: "Put a second report server beside " + r.Hosts[0].Name + ", with one report server database, behind a balancer.", Cost: "a server with a licence and a virtual address",
			Edits: []string{hostEdit(host), "reports.hosts: [" + r.Hosts[0].Name + ", " + host.Name + "]", "reports.url: " + url},
		},
		func(t *topology.File) {
			t.Hosts = append(t.Hosts, host)
			t.Reports.Hosts = append(t.Reports.Hosts, host.Name)
			t.Reports.URL = url
		},
	}}
}

// replica adds a synchronous stand-alone replica that takes over by itself.
func (a *Analysis) replica(p *farm.Placement) []candidate {
	primary := p.Primary()
	if primary.Clustered() || slices.ContainsFunc(p.Replicas[1:], func(r *farm.Replica) bool { return r.AutoFailover }) {
		return nil
	}
	host := a.newHost("", primary.Host())
	inst := sibling(primary, host.Name)
	return []candidate{{
		Remedy{
			Title: "Add a synchronous replica that takes " + p.Name + " over by itself.", Cost: "a server with a licence",
			Edits: []string{hostEdit(host), "instances." + inst.Name, "placements." + p.Name + ".replicas: " + inst.Name + " behind " + primary.Name},
		},
		func(t *topology.File) {
			t.Hosts = append(t.Hosts, host)
			t.Instances = append(t.Instances, inst)
			q := placement(t, p.Name)
			q.Replicas = slices.Insert(q.Replicas, 1, topology.Replica{Instance: inst.Name, Availability: "synchronous", ReadAccess: "none", BackupPriority: 50})
		},
	}}
}

// mirrored gives the databases of a stand-alone instance a mirror and a witness, which Standard edition allows.
func (a *Analysis) mirrored(p *farm.Placement) []candidate {
	i := p.Instance
	mirror := a.newHost("", i.Host())
	witness := a.newHost("WITNESS", i.Host(), mirror.Address)
	inst := sibling(i, mirror.Name)
	share := `\\files.` + a.farm.Domain.DNS + `\mbam-seed`
	return []candidate{{
		Remedy{
			Title: "Mirror the databases of " + i.Name + ", with a witness.", Cost: "a server with a licence, and a small one",
			Edits: []string{
				hostEdit(mirror), hostEdit(witness), "instances." + inst.Name, "instances." + witness.Name + ": {edition: Express}",
				"placements." + p.Name + ": {kind: mirroring, principal: " + i.Name + ", mirror: " + inst.Name + ", witness: " + witness.Name + ", backupShare: " + share + "}",
			},
		},
		func(t *topology.File) {
			t.Hosts = append(t.Hosts, mirror, witness)
			t.Instances = append(t.Instances, inst, topology.Instance{Name: witness.Name, Version: i.VersionName, Edition: "Express", ServiceAccount: ownAccount(i.Service)})
			q := placement(t, p.Name)
			q.Kind, q.Instance, q.Principal, q.Mirror, q.Witness = "mirroring", "", i.Name, inst.Name, witness.Name
			q.BackupShare, q.IndependentOK = cmp.Or(q.BackupShare, share), true
		},
	}}
}

// ownAccount turns the account that Windows makes for a named instance into that of a default one.
func ownAccount(service string) string {
	if strings.HasPrefix(strings.ToUpper(service), `NT SERVICE\`) {
		return `NT SERVICE\MSSQLSERVER`
	}
	return service
}

// sibling returns an instance like another on a host.
func sibling(of *farm.Instance, host string) topology.Instance {
	name := host
	if of.Named != "" {
		name += `\` + of.Named
	}
	return topology.Instance{
		Name: name, Nodes: []string{host}, Port: of.Port, EndpointPort: of.Endpoint, Version: of.VersionName, Edition: of.Edition,
		ServiceAccount: of.Service, Data: of.Data, Log: of.Log,
	}
}

func hostEdit(h topology.Host) string {
	if h.Address == "" {
		return "hosts." + h.Name
	}
	return "hosts." + h.Name + ": {address: " + h.Address + "}"
}

// newHost proposes a server beside another: its name with the next free number (or the given one), its Windows, its site, an address of
// its subnet. Addresses in taken are not proposed.
func (a *Analysis) newHost(name string, beside *farm.Host, taken ...string) topology.Host {
	stem := cmp.Or(name, strings.TrimRight(beside.Name, "0123456789"))
	used := func(n string) bool {
		return slices.ContainsFunc(a.farm.Hosts, func(h *farm.Host) bool { return strings.EqualFold(h.Name, n) })
	}
	n := 1
	if name == "" {
		n = 2
	}
	for used(fmt.Sprintf("%s%d", stem, n)) {
		n++
	}
	h := topology.Host{Name: fmt.Sprintf("%s%d", stem, n), Windows: beside.Windows, Core: beside.Core, Site: beside.Site}
	var not []netip.Prefix
	for _, t := range taken {
		if p, err := netip.ParsePrefix(t); err == nil {
			not = append(not, p)
		}
	}
	if p, ok := a.free(beside, not...); ok {
		h.Address = p.String()
	}
	return h
}

// free returns an address of the host's subnet that the plan has not taken, from the end of the subnet.
func (a *Analysis) free(h *farm.Host, taken ...netip.Prefix) (netip.Prefix, bool) {
	f := a.farm
	if !h.Subnet.IsValid() || !h.Subnet.Addr().Is4() {
		return netip.Prefix{}, false
	}
	used := map[netip.Addr]bool{}
	for _, o := range f.Hosts {
		used[o.Address] = true
	}
	for _, w := range f.Webs {
		if w.Balancer != nil {
			used[w.Balancer.Address] = true
		}
	}
	for _, p := range f.Placements {
		if p.Listener != nil {
			for _, l := range p.Listener.Addresses {
				used[l.Addr()] = true
			}
		}
	}
	if f.Cluster != nil {
		for _, c := range f.Cluster.Addresses {
			used[c.Addr()] = true
		}
	}
	for _, t := range taken {
		used[t.Addr()] = true
	}
	octets := h.Subnet.Addr().As4()
	size := 1 << min(8, 32-h.Subnet.Bits())
	for last := size - 2; last > 0; last-- { // neither the subnet's own address nor its broadcast
		octets[3] = h.Subnet.Addr().As4()[3] + byte(last)
		if addr := netip.AddrFrom4(octets); h.Subnet.Contains(addr) && !used[addr] {
			return netip.PrefixFrom(addr, h.Subnet.Bits()), true
		}
	}
	return netip.Prefix{}, false
}

// advice says what helps where no change of the topology does.
func advice(p Part) string {
	switch p.Kind {
	case farm.KindServer:
		return "Keep at hand what brings it back: this plan's files, and backups that a restore test has proved."
	case farm.KindSite:
		return "Write into the topology what a second site would hold (web nodes, a synchronous replica with a vote, a report server), with the witness in a third place, and ask again."
	case farm.KindLink:
		return "Have a second line on another way."
	case farm.KindDirectory:
		return "Have at least two domain controllers, one in each site."
	case farm.KindDNS:
		return "Have at least two DNS servers, and both on every server and client."
	case farm.KindAccount:
		return "Give it a password that does not expire and is changed by plan, keep it from being locked, and watch it."
	case farm.KindName:
		return "Protect the record from deletion and watch it."
	case farm.KindBalancer:
		if p.Web.Balancer.NLB() {
			return "Document what switches and hypervisors were set to, and watch the virtual address from another subnet."
		}
		return "Run it as a pair with a common address; the topology cannot say whether it is one."
	case farm.KindCertificate:
		return "Watch its end and change it in time."
	case farm.KindListener:
		return "Protect its computer object and its DNS records from deletion."
	case farm.KindStorage:
		return "Have the storage redundant by itself, and backups elsewhere that a restore test has proved."
	case farm.KindReportDB:
		return "Keep the report server database highly available by itself; it is not part of this plan."
	}
	return ""
}
