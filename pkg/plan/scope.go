package plan

import (
	"slices"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// setupScope is the scope whose items are made one after the other.
const setupScope = "setup server"

// scopes say for what a step is rendered. Each returns items with the fields of its scope, in the order of the topology.
var scopes = map[string]func(*farm.Farm) []*Item{
	"once": func(*farm.Farm) []*Item { return []*Item{{}} },
	"host": func(f *farm.Farm) []*Item {
		var out []*Item
		for _, h := range f.Hosts {
			if h.HasRole() {
				out = append(out, &Item{Host: h})
			}
		}
		return out
	},
	"instance": func(f *farm.Farm) []*Item {
		var out []*Item
		for _, i := range f.Instances {
			out = append(out, &Item{Host: i.Host(), Instance: i, Placement: placementOf(f, i)})
		}
		return out
	},
	"replica":        func(f *farm.Farm) []*Item { return replicas(f, func(*farm.Replica) bool { return true }) },
	"group instance": groupInstances,
	"secondary": func(f *farm.Farm) []*Item {
		return replicas(f, func(r *farm.Replica) bool { return !r.First })
	},
	"pair": func(f *farm.Farm) []*Item {
		var out []*Item
		for _, p := range f.Placements {
			members := p.All()
			if p.Witness != nil {
				members = append(members, p.Witness)
			}
			for _, a := range members {
				for _, b := range members {
					if a != b {
						out = append(out, &Item{Host: a.Host(), Instance: a, Peer: b, Placement: p, Subject: b.Folder()})
					}
				}
			}
		}
		return out
	},
	"database": func(f *farm.Farm) []*Item {
		var out []*Item
		for _, d := range f.Databases() {
			i := d.Placement.Primary()
			out = append(out, &Item{Host: i.Host(), Instance: i, Placement: d.Placement, Database: d, Subject: d.Key})
		}
		return out
	},
	"placement": func(f *farm.Farm) []*Item {
		return placements(f.Placements, func(p *farm.Placement) *farm.Instance { return p.Primary() })
	},
	"group": func(f *farm.Farm) []*Item {
		out := placements(f.Groups(), func(p *farm.Placement) *farm.Instance { return p.Primary() })
		for _, it := range out {
			it.Replica = it.Placement.Replicas[0]
			it.Listener = it.Placement.Listener
		}
		return out
	},
	"listener": func(f *farm.Farm) []*Item {
		var out []*Item
		for _, it := range placements(f.Groups(), func(p *farm.Placement) *farm.Instance { return p.Primary() }) {
			if it.Placement.Listener != nil {
				it.Listener, it.Replica = it.Placement.Listener, it.Placement.Replicas[0]
				out = append(out, it)
			}
		}
		return out
	},
	"principal": func(f *farm.Farm) []*Item {
		return placements(f.Mirrors(), func(p *farm.Placement) *farm.Instance { return p.Principal })
	},
	"mirror": func(f *farm.Farm) []*Item {
		return placements(f.Mirrors(), func(p *farm.Placement) *farm.Instance { return p.Mirror })
	},
	"witness": func(f *farm.Farm) []*Item {
		return placements(f.Mirrors(), func(p *farm.Placement) *farm.Instance { return p.Witness })
	},
	"creator": func(f *farm.Farm) []*Item {
		if f.Creator == nil || !f.Creator.Creator {
			return nil
		}
		return []*Item{{Host: f.Creator}}
	},
	setupScope: func(f *farm.Farm) []*Item {
		var out []*Item
		for _, s := range f.SetupServers() {
			out = append(out, &Item{Host: s.Host})
		}
		return out
	},
	"report server": func(f *farm.Farm) []*Item {
		var out []*Item
		if f.Reporting != nil {
			for _, h := range f.Reporting.Hosts {
				out = append(out, &Item{Host: h})
			}
		}
		return out
	},
	"web farm": func(f *farm.Farm) []*Item {
		var out []*Item
		for _, w := range f.Webs {
			it := &Item{Web: w}
			if len(f.Webs) > 1 {
				it.Subject = w.Name
			}
			out = append(out, it)
		}
		return out
	},
	"node":        func(f *farm.Farm) []*Item { return nodes(f, func(*farm.Node) bool { return true }) },
	"first node":  func(f *farm.Farm) []*Item { return nodes(f, func(n *farm.Node) bool { return n.First }) },
	"other nodes": func(f *farm.Farm) []*Item { return nodes(f, func(n *farm.Node) bool { return !n.First }) },
}

func replicas(f *farm.Farm, take func(*farm.Replica) bool) []*Item {
	var out []*Item
	groups := f.Groups()
	for _, g := range groups {
		for _, r := range g.Replicas {
			if take(r) {
				it := &Item{Host: r.Instance.Host(), Instance: r.Instance, Placement: g, Replica: r, Listener: g.Listener}
				if len(groups) > 1 {
					it.Subject = g.Name
				}
				out = append(out, it)
			}
		}
	}
	return out
}

// groupInstances lists each instance that is a replica once, whatever the number of its groups: with the first group that this
// plan builds, else with its first.
func groupInstances(f *farm.Farm) []*Item {
	var out []*Item
	for _, it := range replicas(f, func(*farm.Replica) bool { return true }) {
		it.Subject = ""
		at := slices.IndexFunc(out, func(o *Item) bool { return o.Instance == it.Instance })
		switch {
		case at < 0:
			out = append(out, it)
		case out[at].Placement.Existing && !it.Placement.Existing:
			out[at] = it
		}
	}
	return out
}

func placements(list []*farm.Placement, on func(*farm.Placement) *farm.Instance) []*Item {
	var out []*Item
	for _, p := range list {
		if i := on(p); i != nil && len(p.Databases) > 0 {
			it := &Item{Host: i.Host(), Instance: i, Placement: p}
			if len(list) > 1 {
				it.Subject = p.Name
			}
			out = append(out, it)
		}
	}
	return out
}

func nodes(f *farm.Farm, take func(*farm.Node) bool) []*Item {
	var out []*Item
	for _, w := range f.Webs {
		for _, n := range w.Nodes {
			if take(n) {
				it := &Item{Host: n.Host, Web: w, Node: n}
				if len(n.Host.Nodes) > 1 {
					it.Subject = w.Name
				}
				out = append(out, it)
			}
		}
	}
	return out
}

// placementOf returns the first placement of which the instance holds the databases, else the first that it is witness of.
func placementOf(f *farm.Farm, i *farm.Instance) *farm.Placement {
	for _, p := range f.Placements {
		if slices.Contains(p.All(), i) {
			return p
		}
	}
	for _, p := range f.Placements {
		if p.Witness == i {
			return p
		}
	}
	return nil
}
