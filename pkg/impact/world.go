package impact

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// world is the farm after a failure. Places are numbered: servers of one place reach each other, servers of different places do not.
type world struct {
	*Analysis
	dead      []bool // by Host.Index
	cut       []bool // by location: cut off from the others
	directory bool
	dns       bool
	witness   bool
	pool      bool
	reader    bool
	reportDB  bool
	reportURL bool
	webs      []webFailure     // by Web.Index
	expired   []*farm.Node     // nodes whose own certificate has expired
	listeners []*farm.Listener // that are gone
	names     []*farm.Instance // clustered instances whose network name is gone
	storages  []*farm.Instance // clustered instances whose disks are gone
	quorum    int              // the place whose nodes have the cluster's quorum, nowhere when none has
	placed    map[*farm.Placement]served
}

type webFailure struct{ name, balancer, certificate, machineKey bool }

// nowhere is no place.
const nowhere = -1

// fail builds the world without the parts.
func (a *Analysis) fail(parts []Part) *world {
	w := &world{
		Analysis: a, dead: make([]bool, len(a.farm.Hosts)), cut: make([]bool, len(a.sites)+1), webs: make([]webFailure, len(a.farm.Webs)),
		quorum: nowhere,
	}
	for _, p := range parts {
		switch p.Kind {
		case farm.KindServer:
			w.dead[p.Host.Index] = true
		case farm.KindSite:
			for _, h := range a.farm.Hosts {
				if strings.EqualFold(h.Site, p.Site) {
					w.dead[h.Index] = true
				}
			}
		case farm.KindLink:
			w.cut[slices.Index(a.sites, p.Site)] = true
		case farm.KindDirectory:
			w.directory = true
		case farm.KindDNS:
			w.dns = true
		case farm.KindAccount:
			if p.ID == "account:pool" {
				w.pool = true
			} else {
				w.reader = true
			}
		case farm.KindName:
			if p.Web == nil {
				w.reportURL = true
			} else {
				w.webs[p.Web.Index].name = true
			}
		case farm.KindBalancer:
			w.webs[p.Web.Index].balancer = true
		case farm.KindCertificate:
			if p.Node != nil {
				w.expired = append(w.expired, p.Node)
			} else {
				w.webs[p.Web.Index].certificate = true
			}
		case farm.KindMachineKey:
			w.webs[p.Web.Index].machineKey = true
		case farm.KindListener:
			if p.Listener != nil {
				w.listeners = append(w.listeners, p.Listener)
			} else {
				w.names = append(w.names, p.Instance)
			}
		case farm.KindWitness:
			w.witness = true
		case farm.KindStorage:
			w.storages = append(w.storages, p.Instance)
		case farm.KindReportDB:
			w.reportDB = true
		}
	}
	return w
}

// up reports whether a server runs.
func (w *world) up(h *farm.Host) bool { return !w.dead[h.Index] }

// place returns where a server is: 0 for all that reach each other over the network between the sites, another number for each site that is
// cut off.
func (w *world) place(h *farm.Host) int {
	if l := w.location[h.Index]; w.cut[l] {
		return l + 1
	}
	return 0
}

// witnessHost returns the server of the farm that holds the file share witness, nil for any other witness.
func (a *Analysis) witnessHost() *farm.Host {
	server, _, _ := strings.Cut(strings.TrimPrefix(a.farm.Cluster.Witness, `\\`), `\`)
	for _, h := range a.farm.Hosts {
		if strings.EqualFold(server, h.Name) || strings.EqualFold(server, h.FQDN) {
			return h
		}
	}
	return nil
}

// owners returns the places whose cluster nodes may have the quorum now: one as a rule, two when the witness can give it to either
// side of a cut network, and nowhere alone when the cluster has stopped.
func (w *world) owners() []int {
	c := w.farm.Cluster
	if c == nil {
		return []int{nowhere}
	}
	places, voters := w.votes()
	holder := w.witnessHost()
	witness := c.Witness != "" && !w.witness && (holder == nil || w.up(holder))
	var owners []int
	for i, place := range places {
		if c.Quorum(voters[i], false).Holds {
			return []int{place}
		}
		if witness && (holder == nil || w.place(holder) == place) && c.Quorum(voters[i], true).Holds {
			owners = append(owners, place)
		}
	}
	if len(owners) == 0 {
		return []int{nowhere}
	}
	return owners
}

// votes returns the places that have running cluster nodes, and the number of voting ones in each.
func (w *world) votes() (places, voters []int) {
	c := w.farm.Cluster
	for _, h := range c.Nodes {
		if !w.up(h) {
			continue
		}
		i := slices.Index(places, w.place(h))
		if i < 0 {
			i = len(places)
			places, voters = append(places, w.place(h)), append(voters, 0)
		}
		if !slices.Contains(c.NoVote, h) {
			voters[i]++
		}
	}
	return places, voters
}
