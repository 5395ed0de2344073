package rehearsal

import (
	"strings"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
)

// balancer makes the clusters of Network Load Balancing that are there before the night.
func (n *Night) balancer(f *planned.Farm) {
	for _, w := range f.Webs {
		b := w.Balancer
		if b == nil || !b.NLB() || !b.Existing {
			continue
		}
		var machines []string
		for _, node := range w.Nodes {
			m := n.Farm.Machines[strings.ToUpper(node.Host.Name)]
			m.InstallFeature("NLB", "RSAT-NLB")
			machines = append(machines, m.Name+"|"+node.Interface)
		}
		n.Farm.StandingCluster(w.Host, b.Address.String(), b.Mask(), b.NLBMode(), w.Port, machines...)
	}
}
