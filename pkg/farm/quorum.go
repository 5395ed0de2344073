package farm

import "slices"

// Quorum is how the votes of a cluster stand after a failure (win-cluster-quorum).
type Quorum struct {
	Votes, Of int  // votes that are left, of all that counted before
	Holds     bool // the cluster goes on for certain
	// Chance says that exactly half of the voting nodes are left without a witness: Windows took one node's vote away beforehand to
	// make the number odd, and nothing in a plan says whose. Holds is false then.
	Chance bool
}

// Voters returns the nodes with a vote, in the order of Nodes.
func (c *Cluster) Voters() []*Host {
	return slices.DeleteFunc(slices.Clone(c.Nodes), func(h *Host) bool { return slices.Contains(c.NoVote, h) })
}

// DynamicWitness reports whether the cluster gives the witness its vote only beside an even number of voting nodes: from Windows Server
// 2012 R2 on. Before, the witness always votes (win-cluster-quorum).
func (c *Cluster) DynamicWitness() bool {
	return !slices.ContainsFunc(c.Nodes, func(h *Host) bool { return h.Windows == "2008 R2" || h.Windows == "2012" })
}

// Quorum counts the votes when so many voting nodes are left at once, with or without the witness. A failure of several nodes is taken
// as simultaneous: dynamic quorum helps only when the cluster has time to take away the votes of the first before the next fails
// (win-cluster-quorum).
func (c *Cluster) Quorum(nodes int, witness bool) Quorum {
	all := len(c.Voters())
	q := Quorum{Votes: nodes, Of: all}
	if c.Witness != "" && (all%2 == 0 || !c.DynamicWitness()) {
		q.Of++
		if witness {
			q.Votes++
		}
	}
	q.Holds = 2*q.Votes > q.Of
	q.Chance = c.Witness == "" && nodes > 0 && 2*nodes == all && c.Nodes[0].Windows != "2008 R2"
	return q
}
