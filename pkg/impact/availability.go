package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// Availability is the share of time in which a service is there, as it follows from the topology's figures of its parts. There means in a
// state better than Manual: the seconds of an automatic failover and a degraded service are no outages here. Parts are taken to fail
// independently of each other.
type Availability struct {
	Service Service
	// Value is between 0 and 1, 0 while a figure is missing.
	Value float64
	// Formula is what Value is computed by; A(x) is the figure of part x.
	Formula string
	// Missing are the parts without a figure on which the service stands; nothing is assumed for them.
	Missing []Part
}

// Availability returns the composite availability of each service, in the order of Services; nil when the topology has no figures.
func (a *Analysis) Availability() []Availability {
	if len(a.farm.Figures) == 0 {
		return nil
	}
	var out []Availability
	for i := range a.needs {
		out = append(out, a.composite(i))
	}
	return out
}

// composite multiplies the parts that a service cannot be without, and the groups of parts of which some are enough.
func (a *Analysis) composite(need int) Availability {
	s := structure{a, need}
	v := Availability{Service: a.needs[need].service, Value: 1}
	var factors []string
	for _, p := range a.parts {
		if p.Kind.Measurable() && !s.works([]Part{p}) {
			v.times(a.share(p, &v), "A("+p.ID+")", &factors)
		}
	}
	for _, g := range a.groups() {
		g = s.redundant(g)
		if len(g) == 0 {
			continue
		}
		for _, p := range g {
			a.share(p, &v)
		}
		value, formula := s.expand(g, nil)
		if s.oneIsEnough(g) {
			formula = parallel(g)
		} else if len(factors) > 0 || strings.Contains(formula, "+") {
			formula = "(" + formula + ")"
		}
		v.times(value, formula, &factors)
	}
	v.Formula = strings.Join(factors, " × ")
	if len(v.Missing) > 0 {
		v.Value = 0
	}
	return v
}

func (v *Availability) times(value float64, formula string, factors *[]string) {
	v.Value *= value
	*factors = append(*factors, formula)
}

// share returns the figure of a part, noting a missing one.
func (a *Analysis) share(p Part, v *Availability) float64 {
	share, ok := a.farm.Availability(p)
	if !ok && !slices.ContainsFunc(v.Missing, func(q Part) bool { return q.ID == p.ID }) {
		v.Missing = append(v.Missing, p)
	}
	return share
}

// groups returns sets of parts that stand in for each other: the nodes of a web farm, the report servers, and all that decides who serves
// the databases. Sets that share a part are one.
func (a *Analysis) groups() [][]Part {
	f := a.farm
	var sets [][]Part
	pick := func(take func(Part) bool) {
		var set []Part
		for _, p := range a.parts {
			if take(p) {
				set = append(set, p)
			}
		}
		sets = append(sets, set)
	}
	for _, w := range f.Webs {
		pick(func(p Part) bool {
			return p.Host != nil && slices.ContainsFunc(w.Nodes, func(n *farm.Node) bool { return n.Host == p.Host }) || p.Node != nil && p.Web == w
		})
	}
	if f.Reporting != nil {
		pick(func(p Part) bool { return p.Host != nil && p.Host.Reports() })
	}
	pick(func(p Part) bool {
		return p.Host != nil && p.Host.SQL() || p.Kind == farm.KindWitness || p.Instance != nil || a.holdsWitness(p)
	})
	// Join until no two sets share a part.
	for i := 0; i < len(sets); i++ {
		for k := i + 1; k < len(sets); k++ {
			if !slices.ContainsFunc(sets[i], func(p Part) bool { return slices.ContainsFunc(sets[k], func(q Part) bool { return q.ID == p.ID }) }) {
				continue
			}
			for _, q := range sets[k] {
				if !slices.ContainsFunc(sets[i], func(p Part) bool { return p.ID == q.ID }) {
					sets[i] = append(sets[i], q)
				}
			}
			sets = slices.Delete(sets, k, k+1)
			i, k = 0, 0
		}
	}
	for _, s := range sets {
		slices.SortFunc(s, func(p, q Part) int { return cmp.Compare(a.index(p), a.index(q)) })
	}
	return sets
}

func (a *Analysis) holdsWitness(p Part) bool {
	return a.farm.Cluster != nil && p.Host != nil && a.witnessHost() == p.Host
}

// structure asks one service whether it is there.
type structure struct {
	a    *Analysis
	need int
}

// works reports whether the service is there while the parts are away.
func (s structure) works(away []Part) bool {
	return s.a.together(away)[s.need].State < Manual
}

// redundant returns the parts of a group whose failure alone the service survives, but not that of all of them; none when all may fail.
func (s structure) redundant(group []Part) []Part {
	list := slices.DeleteFunc(slices.Clone(group), func(p Part) bool { return !s.works([]Part{p}) })
	if s.works(list) {
		return nil
	}
	return slices.DeleteFunc(list, func(p Part) bool { return !s.matters(p, list, nil) })
}

// matters reports whether the service hangs on a part in some state of the others.
func (s structure) matters(p Part, others, away []Part) bool {
	var rest []Part
	for _, q := range others {
		if q.ID != p.ID {
			rest = append(rest, q)
		}
	}
	if !s.works(away) || s.works(append(append(slices.Clone(away), rest...), p)) {
		return false
	}
	if !s.works(append(slices.Clone(away), p)) {
		return true
	}
	for i, q := range rest {
		if s.matters(p, rest[i+1:], append(slices.Clone(away), q)) {
			return true
		}
	}
	return false
}

// expand computes the share of time in which a group serves, by taking its parts as up and down one after the other (Shannon's
// expansion), and writes the formula of it.
func (s structure) expand(list, away []Part) (float64, string) {
	if !s.works(away) {
		return 0, "0"
	}
	if s.works(append(slices.Clone(away), list...)) {
		return 1, "1"
	}
	p := list[0]
	share, _ := s.a.farm.Availability(p)
	up, ifUp := s.expand(list[1:], away)
	down, ifDown := s.expand(list[1:], append(slices.Clone(away), p))
	if up == down && ifUp == ifDown {
		return up, ifUp
	}
	terms := []string{product("A("+p.ID+")", ifUp)}
	if ifDown != "0" {
		terms = append(terms, product("(1 − A("+p.ID+"))", ifDown))
	}
	return share*up + (1-share)*down, strings.Join(terms, " + ")
}

func product(a, b string) string {
	switch {
	case b == "1":
		return a
	case strings.Contains(b, "+"):
		return a + " × (" + b + ")"
	default:
		return a + " × " + b
	}
}

// oneIsEnough reports whether any one of the parts carries the service.
func (s structure) oneIsEnough(list []Part) bool {
	for i := range list {
		if !s.works(slices.Delete(slices.Clone(list), i, i+1)) {
			return false
		}
	}
	return true
}

func parallel(list []Part) string {
	var factors []string
	for _, p := range list {
		factors = append(factors, fmt.Sprintf("(1 − A(%s))", p.ID))
	}
	return "(1 − " + strings.Join(factors, " × ") + ")"
}
