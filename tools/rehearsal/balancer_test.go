package rehearsal

import (
	"strings"
	"testing"
)

// balancing are the scripts of a kind that build the NLB cluster, in the order of the plan.
func balancing(n *Night, kind string) []Script {
	var out []Script
	for _, s := range n.Scripts(kind) {
		if strings.HasPrefix(s.Item.Step.ID, "balancer/nlb-") {
			out = append(out, s)
		}
	}
	return out
}

func TestX(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	all(t, n, balancing(n, "install")[:2], Options{WhatIf: true}, 0)
	for _, s := range balancing(n, "install") {
		t.Log(s.Path, s.Item.Host.Name)
		r := all(t, n, []Script{s}, Options{}, 0)[0]
		t.Log(r.Text())
	}
}
