package impact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// Gate is a promise about a farm: no failure of at most Parts parts brings the service to the state or a worse one.
type Gate struct {
	Service Service // "" is any service
	State   State
	Parts   int // 1 or 2
}

// ParseGate reads SERVICE:STATE:PARTS, as "escrow:down:1". SERVICE is a service or "any", STATE one of degraded, manual, down, automatic,
// PARTS 1 or 2.
func ParseGate(text string) (Gate, error) {
	fields := strings.Split(text, ":")
	if len(fields) != 3 {
		return Gate{}, fmt.Errorf("%q is not of the form SERVICE:STATE:PARTS, as escrow:down:1", text)
	}
	g := Gate{}
	if fields[0] != "any" {
		s, err := ParseService(fields[0])
		if err != nil {
			return Gate{}, err
		}
		g.Service = s
	}
	state, ok := ParseState(fields[1])
	if !ok || state == Up {
		return Gate{}, fmt.Errorf("%q is no state of a gate: automatic, degraded, manual or down", fields[1])
	}
	g.State = state
	n, err := strconv.Atoi(fields[2])
	if err != nil || n < 1 || n > 2 || strconv.Itoa(n) != fields[2] {
		return Gate{}, fmt.Errorf("%q is no number of parts: 1 or 2", fields[2])
	}
	g.Parts = n
	return g, nil
}

// String returns the text that ParseGate reads.
func (g Gate) String() string {
	s := string(g.Service)
	if s == "" {
		s = "any"
	}
	return fmt.Sprintf("%s:%s:%d", s, g.State, g.Parts)
}

// ParseService returns the service of a name.
func ParseService(name string) (Service, error) {
	if slices.Contains(AllServices(), Service(name)) {
		return Service(name), nil
	}
	var all []string
	for _, s := range AllServices() {
		all = append(all, string(s))
	}
	return "", fmt.Errorf("no service is called %q: %s", name, strings.Join(all, ", "))
}

// breaks reports whether a scenario breaks the promise.
func (g Gate) breaks(s Scenario) bool {
	if g.Service == "" {
		return s.Worst() >= g.State
	}
	return s.Effect(g.Service).State >= g.State
}

// Broken returns the failures of parts of the kinds, all kinds when none is given, that break the promise. A pair is named only when
// neither of its parts breaks it alone.
func (a *Analysis) Broken(g Gate, kinds ...farm.ComponentKind) []Scenario {
	counts := func(s Scenario) bool {
		return !slices.ContainsFunc(s.Failed, func(p Part) bool { return len(kinds) > 0 && !slices.Contains(kinds, p.Kind) })
	}
	var out []Scenario
	alone := map[string]bool{}
	for _, s := range a.Singles() {
		if counts(s) && g.breaks(s) {
			out = append(out, s)
			alone[s.Failed[0].ID] = true
		}
	}
	if g.Parts < 2 {
		return out
	}
	for _, s := range a.Pairs() {
		if counts(s) && g.breaks(s) && !alone[s.Failed[0].ID] && !alone[s.Failed[1].ID] {
			out = append(out, s)
		}
	}
	return out
}
