package farm

import (
	"slices"
	"strings"
	"testing"
)

// The rows of Microsoft's table (win-cluster-quorum): nodes, witness, and what is left.
func TestQuorum(t *testing.T) {
	hosts := func(n int, windows string) []*Host {
		var out []*Host
		for range n {
			out = append(out, &Host{Name: "N", Windows: windows})
		}
		return out
	}
	for _, tt := range []struct {
		nodes   int
		witness string
		windows string
		left    int  // voting nodes
		seen    bool // the witness is left
		want    Quorum
	}{
		{2, "", "2019", 1, false, Quorum{Votes: 1, Of: 2, Chance: true}},
		{2, "w", "2019", 1, true, Quorum{Votes: 2, Of: 3, Holds: true}},
		{2, "w", "2019", 1, false, Quorum{Votes: 1, Of: 3}},
		{2, "w", "2019", 2, false, Quorum{Votes: 2, Of: 3, Holds: true}},
		{3, "", "2019", 2, false, Quorum{Votes: 2, Of: 3, Holds: true}},
		{3, "", "2019", 1, false, Quorum{Votes: 1, Of: 3}},
		{3, "w", "2019", 2, false, Quorum{Votes: 2, Of: 3, Holds: true}},
		{3, "w", "2019", 1, true, Quorum{Votes: 1, Of: 3}},
		{3, "w", "2012", 2, false, Quorum{Votes: 2, Of: 4}},
		{3, "w", "2012", 2, true, Quorum{Votes: 3, Of: 4, Holds: true}},
		{3, "w", "2012 R2", 2, false, Quorum{Votes: 2, Of: 3, Holds: true}},
		{4, "", "2016", 3, false, Quorum{Votes: 3, Of: 4, Holds: true}},
		{4, "", "2016", 2, false, Quorum{Votes: 2, Of: 4, Chance: true}},
		{4, "", "2008 R2", 2, false, Quorum{Votes: 2, Of: 4}},
		{4, "w", "2016", 2, true, Quorum{Votes: 3, Of: 5, Holds: true}},
		{5, "", "2016", 3, false, Quorum{Votes: 3, Of: 5, Holds: true}},
	} {
		c := &Cluster{Witness: tt.witness, Nodes: hosts(tt.nodes, tt.windows)}
		if got := c.Quorum(tt.left, tt.seen); got != tt.want {
			t.Errorf("%d nodes, witness %q, Windows %s, %d left (witness %t): %+v, want %+v", tt.nodes, tt.witness, tt.windows, tt.left, tt.seen, got, tt.want)
		}
	}
	c := &Cluster{Nodes: hosts(3, "2019")}
	c.NoVote = c.Nodes[2:]
	if got := c.Voters(); !slices.Equal(got, c.Nodes[:2]) || c.Quorum(1, false).Of != 2 {
		t.Errorf("a node without a vote is counted: %v", got)
	}
}

func TestSurvivesSaysWhereOneVoteIsTooMany(t *testing.T) {
	a, b := &Host{Name: "N1", Windows: "2019"}, &Host{Name: "N2", Windows: "2019"}
	p := &Placement{Kind: "fci", Instance: &Instance{Name: "NET", Nodes: []*Host{a, b}}, Databases: []*Database{{Key: "recovery", Title: "Recovery Database"}}}
	f := &Farm{Placements: []*Placement{p}, Compliance: &Database{Placement: p}, Recovery: p.Databases[0], Cluster: &Cluster{Name: "CLU1", Nodes: []*Host{a, b}}}
	f.Recovery.Placement = p
	const warning = "The cluster CLU1 has no witness in this plan, so that the loss of one of N1, N2"
	if got := strings.Join(f.Survives(), "\n"); !strings.Contains(got, warning) {
		t.Errorf("no warning in\n%s", got)
	}
	f.Cluster.Witness = "disk"
	if got := strings.Join(f.Survives(), "\n"); strings.Contains(got, warning) {
		t.Errorf("a warning in\n%s", got)
	}
}
