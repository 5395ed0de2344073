// Package matrix makes a topology for every combination of what a farm can be built from, so that a test can say of each
// whether it renders or which rule refuses it.
package matrix

import (
	"fmt"
)

// Combination is one point of the matrix.
type Combination struct {
	Release  string
	Kind     string // placement
	SQL      string
	Edition  string
	Windows  string
	Core     bool
	Balancer string // "" for a single web node
	Existing bool
}

// Basic is the kind of two basic availability groups, one for each database.
const Basic = "basicGroups"

// The dimensions, in the order of the tables.
var (
	releases  = []string{"2.5 SP1", "2.5", "2.0"}
	kinds     = []string{"standalone", "fci", "availabilityGroup", Basic, "mirroring"}
	versions  = []string{"2008 R2", "2012", "2014", "2016", "2017", "2019", "2022"}
	editions  = []string{"Enterprise", "Standard", "Developer", "Evaluation", "Express"}
	windows   = []string{"2008 R2", "2012", "2012 R2", "2016", "2019", "2022", "2025"}
	balancers = []string{"", "nlb", "haproxy", "external"}
)

// All returns every combination, the last dimension changing fastest.
func All() []Combination {
	var out []Combination
	for _, release := range releases {
		for _, kind := range kinds {
			for _, sql := range versions {
				for _, edition := range editions {
					for _, win := range windows {
						for _, core := range []bool{false, true} {
							for _, balancer := range balancers {
								for _, existing := range []bool{false, true} {
									out = append(out, Combination{release, kind, sql, edition, win, core, balancer, existing})
								}
							}
						}
					}
				}
			}
		}
	}
	return out
}

// values are the parts of the combination, one for each dimension.
func (c Combination) values() []string {
	return []string{c.Release, c.Kind, c.SQL, c.Edition, c.Windows, fmt.Sprint(c.Core), c.Balancer, fmt.Sprint(c.Existing)}
}

func (c Combination) String() string {
	core, balancer, existing := "", c.Balancer, "new"
	if c.Core {
		core = " Core"
	}
	if balancer == "" {
		balancer = "one node"
	}
	if c.Existing {
		existing = "existing"
	}
	return fmt.Sprintf("MBAM %s, %s, SQL Server %s %s, Windows Server %s%s, %s, %s", c.Release, c.Kind, c.SQL, c.Edition, c.Windows, core, balancer, existing)
}

// triple is three values in their dimensions.
type triple struct {
	i, j, k int
	a, b, c string
}

// triples returns every three values of a combination that keep accepts.
func (c Combination) triples(keep func(triple) bool) []triple {
	v := c.values()
	var out []triple
	for i := range v {
		for j := i + 1; j < len(v); j++ {
			for k := j + 1; k < len(v); k++ {
				if t := (triple{i, j, k, v[i], v[j], v[k]}); keep(t) {
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// Cover picks combinations so that every three values that occur together in the list occur together in a picked one.
// A mistake that needs four values to come together may be missed. The choice depends on the list alone.
func Cover(list []Combination) []Combination {
	seen := map[triple]bool{}
	fresh := func(t triple) bool { return !seen[t] }
	var out []Combination
	// Those that bring the most come first, so that fewer are needed.
	for _, least := range []int{40, 20, 10, 5, 2, 1} {
		for n := range list {
			c := list[n*7919%len(list)] // a prime step: neighbours in the list are alike
			found := c.triples(fresh)
			if len(found) < least {
				continue
			}
			out = append(out, c)
			for _, t := range found {
				seen[t] = true
			}
		}
	}
	return out
}
