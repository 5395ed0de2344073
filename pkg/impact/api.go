package impact

import (
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// Analysis answers questions about one farm. It is read-only and safe for use by several goroutines.
type Analysis struct {
	farm     *farm.Farm
	parts    []Part
	services []Service
}

// Analyze prepares the analysis of a farm.
func Analyze(f *farm.Farm) *Analysis {
	return &Analysis{farm: f, parts: f.Components(), services: AllServices()}
}

// Parts returns what can fail, in the order of farm.Components.
func (a *Analysis) Parts() []Part { return a.parts }

// Services returns the services that the farm has.
func (a *Analysis) Services() []Service { return a.services }

// Singles returns what the failure of each part does, in the order of Parts.
func (a *Analysis) Singles() []Scenario { return nil }

// Pairs returns what the failure of each two parts does, the first part before the second in the order of Parts.
func (a *Analysis) Pairs() []Scenario { return nil }

// Fail returns what the failure of the named parts does, all at once. A name is the ID of a part, or its bare name where only one
// part has it; case does not matter. An error names what is no part, with the nearest one.
func (a *Analysis) Fail(names ...string) (Scenario, error) { return Scenario{}, nil }

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
func (a *Analysis) Matrix(services ...Service) Matrix { return Matrix{} }

// SinglePoint is a part whose failure alone takes a service away until somebody acts, or for longer.
type SinglePoint struct {
	Part     Part
	Rank     int       // 1 is the most urgent
	Worst    State     // Manual or Down
	Services []Service // those that it takes away
	// Advice is what to do where the topology has no place for it: "run it as a pair", "renew it in time". "" when there is a remedy.
	Advice string
	// Remedy is the cheapest change of the topology that helps; nil when the tool knows none that passes its own rules.
	Remedy *Remedy
}

// Remedy is a change of the topology, with the effect that the analysis of the changed topology shows.
type Remedy struct {
	Title   string   // "Give the cluster a witness"
	Edits   []string // what changes in the topology, a line each: `cluster.witness: \\witness.contoso.com\sqlclu1`
	Cost    string   // "a setting", "a file share", "a server" …, the cheapest first
	Effects []Change // services that it changes when the part fails
	Left    int      // single points of failure that are left with it
}

// Change is the state of a service under the same failure without and with a remedy.
type Change struct {
	Service       Service
	Before, After State
}

// SinglePoints returns the single points of failure, the most urgent first: by worst state, then by the number of services, then by
// the order of Parts.
func (a *Analysis) SinglePoints(l *topology.Loaded) []SinglePoint { return nil }
