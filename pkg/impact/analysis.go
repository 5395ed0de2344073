package impact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// Analysis answers questions about one farm. It is read-only and safe for use by several goroutines.
type Analysis struct {
	farm     *farm.Farm
	sites    []string
	location []int // by Host.Index: its site's index in sites, the number of sites for a server without one
	parts    []Part
	needs    []need
	services []Service
	singles  [][]Effect // what each part alone does
}

// Analyze prepares the analysis of a farm and computes every single failure.
func Analyze(f *farm.Farm) *Analysis {
	a := &Analysis{farm: f, parts: f.Components(), needs: needs(f)}
	a.sites, _ = f.Sites()
	for _, h := range f.Hosts {
		l := slices.IndexFunc(a.sites, func(s string) bool { return strings.EqualFold(s, h.Site) })
		if l < 0 {
			l = len(a.sites)
		}
		a.location = append(a.location, l)
	}
	for _, n := range a.needs {
		a.services = append(a.services, n.service)
	}
	for i := range a.parts {
		a.singles = append(a.singles, a.together(a.parts[i:i+1]))
	}
	return a
}

// Parts returns what can fail, in the order of farm.Components.
func (a *Analysis) Parts() []Part { return a.parts }

// Services returns the services that the farm has.
func (a *Analysis) Services() []Service { return a.services }

// Singles returns what the failure of each part does, in the order of Parts.
func (a *Analysis) Singles() []Scenario {
	out := make([]Scenario, len(a.parts))
	for i := range a.parts {
		out[i] = Scenario{Failed: a.parts[i : i+1 : i+1], Effects: a.singles[i]}
	}
	return out
}

// Pairs returns what the failure of each two parts does, the first part before the second in the order of Parts.
func (a *Analysis) Pairs() []Scenario {
	var out []Scenario
	for i := range a.parts {
		for k := i + 1; k < len(a.parts); k++ {
			failed := []Part{a.parts[i], a.parts[k]}
			effects := harder(a.together(failed), a.singles[i], a.parts[i:i+1])
			out = append(out, Scenario{Failed: failed, Effects: harder(effects, a.singles[k], a.parts[k:k+1])})
		}
	}
	return out
}

// together computes what the failure of the parts in one instant does, in the worst of the ways in which the cluster can split.
func (a *Analysis) together(parts []Part) []Effect {
	w := a.fail(parts)
	var out []Effect
	for _, owner := range w.owners() {
		w.quorum, w.placed = owner, nil
		effects := w.effects()
		if out == nil {
			out = effects
			continue
		}
		for i := range effects {
			if effects[i].State > out[i].State {
				out[i] = effects[i]
			}
		}
	}
	return out
}

// harder returns the effects of a failure, but where some of the failed parts alone are worse for a service, what they do. Parts rarely
// fail in one instant, and a second failure can hide what the first has done: a server that is cut off and still gets users is worse
// than the same server switched off.
func harder(all, some []Effect, parts []Part) []Effect {
	for i, e := range some {
		if e.State <= all[i].State {
			continue
		}
		var names []string
		for _, p := range parts {
			names = append(names, p.ID)
		}
		e.Why = joined(e.Why, "So it is with "+strings.Join(names, ", ")+" alone.")
		all[i] = e
	}
	return all
}

// maxParts bounds Fail, which looks at every selection of the parts.
const maxParts = 10

// Fail returns what the failure of the named parts does; see Part for names.
func (a *Analysis) Fail(names ...string) (Scenario, error) {
	var failed []Part
	for _, n := range names {
		p, err := a.Part(n)
		if err != nil {
			return Scenario{}, err
		}
		if !slices.ContainsFunc(failed, func(q Part) bool { return q.ID == p.ID }) {
			failed = append(failed, p)
		}
	}
	if len(failed) > maxParts {
		return Scenario{}, fmt.Errorf("%d parts at once are too many, at most %d", len(failed), maxParts)
	}
	slices.SortFunc(failed, func(p, q Part) int { return a.index(p) - a.index(q) })
	s := Scenario{Failed: failed, Effects: a.together(failed)}
	for set := 1; set < 1<<len(failed)-1; set++ {
		var some []Part
		for i, p := range failed {
			if set&(1<<i) != 0 {
				some = append(some, p)
			}
		}
		s.Effects = harder(s.Effects, a.together(some), some)
	}
	return s, nil
}

func (a *Analysis) index(p Part) int {
	return slices.IndexFunc(a.parts, func(q Part) bool { return q.ID == p.ID })
}

// Part returns the part that a name means; see farm.Find. An error names what is no part, with the nearest one, or what it may be.
func (a *Analysis) Part(name string) (Part, error) {
	found := farm.Find(a.parts, name)
	if len(found) == 1 {
		return found[0], nil
	}
	var ids []string
	for _, p := range found {
		ids = append(ids, p.ID)
	}
	if len(found) > 1 {
		return Part{}, fmt.Errorf("%q may be %s", name, strings.Join(ids, " or "))
	}
	for _, p := range a.parts {
		ids = append(ids, p.ID)
	}
	if near := diag.Suggest(name, ids); near != "" {
		return Part{}, fmt.Errorf("no part is called %q; did you mean %q?", name, near)
	}
	return Part{}, fmt.Errorf("no part is called %q", name)
}

// Matrix is the analysis in numbers, for a heat map.
type Matrix struct {
	Parts    []Part
	Services []Service
	// Single[p][s] is the state of Services[s] when Parts[p] fails.
	Single [][]State
	// Pair[p][q] is the worst state of the services when Parts[p] and Parts[q] fail; it is symmetric, and its diagonal holds the
	// worst state of the single failure.
	Pair [][]State
}

// Matrix returns the states for the given services, for all of the farm when none is given.
func (a *Analysis) Matrix(services ...Service) Matrix {
	if len(services) == 0 {
		services = a.services
	}
	m := Matrix{Parts: a.parts, Services: services}
	row := func(effects []Effect) []State {
		s := Scenario{Effects: effects}
		out := make([]State, len(services))
		for i, of := range services {
			out[i] = s.Effect(of).State
		}
		return out
	}
	for i := range a.parts {
		m.Single = append(m.Single, row(a.singles[i]))
		m.Pair = append(m.Pair, make([]State, len(a.parts)))
		m.Pair[i][i] = slices.Max(append(m.Single[i], Up))
	}
	pairs := a.Pairs()
	for i := range a.parts {
		for k := i + 1; k < len(a.parts); k++ {
			m.Pair[i][k] = slices.Max(append(row(pairs[0].Effects), Up))
			m.Pair[k][i] = m.Pair[i][k]
			pairs = pairs[1:]
		}
	}
	return m
}
