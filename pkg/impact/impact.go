// Package impact says what stops and what goes on when parts of a planned farm fail: for each service that people know, whether
// it goes on, comes back by itself, needs somebody, or stays away; what users notice; what is at risk; and who does what then.
//
// It knows which service needs what, how SQL Server and the failover cluster decide who serves a database, and nothing of
// templates, files or terminals. The topology alone decides: docs/impact.md names the assumptions.
package impact

import (
	"slices"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// Service is something that people expect of the farm. The first four are the points that MBAM's own planning page asks about
// (mbam20-ha).
type Service string

// The services. A farm may lack some: reports without report servers, status with Configuration Manager, which takes it itself.
const (
	Escrow         Service = "escrow"         // new drives encrypt, and their recovery keys are stored
	Status         Service = "status"         // clients report their compliance
	Helpdesk       Service = "helpdesk"       // the help desk reads recovery keys
	Reports        Service = "reports"        // the compliance reports can be read, and are current
	SelfService    Service = "selfservice"    // users read their own key
	Administration Service = "administration" // TPM and drive management in the website, configuration by MBAM's cmdlets
)

// Title names the service for people: "drive encryption and key escrow".
func (s Service) Title() string { return titles[s] }

var titles = map[Service]string{
	Escrow:         "drive encryption and key escrow",
	Status:         "compliance status upload",
	Helpdesk:       "help-desk key access",
	Reports:        "reports",
	SelfService:    "Self-Service Portal",
	Administration: "administration",
}

// AllServices are the services in the order in which they are shown.
func AllServices() []Service {
	return []Service{Escrow, Status, Helpdesk, Reports, SelfService, Administration}
}

// State is what becomes of a service, better ones first: what people are without, and for how long.
type State int

const (
	// Up: users notice nothing.
	Up State = iota
	// Automatic: away for seconds to a few minutes, and back without anybody's help.
	Automatic
	// Degraded: it serves, but not as planned: some requests fail, or what it shows is stale.
	Degraded
	// Manual: away until a person acts. What has failed need not be repaired first.
	Manual
	// Down: away until what has failed is repaired, replaced or restored.
	Down
)

var stateNames = [...]string{"up", "automatic", "degraded", "manual", "down"}

// String returns the name that JSON, --fail-on and tables use: up, automatic, degraded, manual, down.
func (s State) String() string { return stateNames[s] }

// MarshalText returns the name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseState returns the state of a name.
func ParseState(name string) (State, bool) {
	i := slices.Index(stateNames[:], name)
	return State(max(i, 0)), i >= 0
}

// Part is something that can fail; see farm.Component. Its ID is what --fail takes.
type Part = farm.Component

// Grade says how sure an effect is, as docs/sources.yaml grades sources.
type Grade string

const (
	Documented Grade = "documented" // the named source says it
	Inferred   Grade = "inferred"   // our reasoning from the named source; see docs/impact.md
)

// Action is something that one person does after a failure.
type Action struct {
	Text  string // whole sentences
	Actor string // domain administrator, database administrator, web administrator, network team, PKI team …
	Drill *Drill // the rendered file for it, nil when there is none
}

// Drill is a step that the plan renders.
type Drill struct {
	Step   string // id of the step: "database/drill-forced-failover"
	Server string // folder of the server or instance below its role, as plan.Item.Server returns it: "SQL2"
}

// Effect is what becomes of one service.
type Effect struct {
	Service Service
	State   State
	// Notice is what users and the help desk notice, in whole sentences; "" when they notice nothing.
	Notice string
	// Why names the chain from what failed to the service, in whole sentences; "" while nothing is changed.
	Why string
	// Actions are what has to be done, each by one person; none when nothing has to be done.
	Actions []Action
	// Rehearsal is the rendered drill of what happens by itself, nil when there is none.
	Rehearsal *Drill
	// DataAtRisk says which data may be lost and why; "" when none are.
	DataAtRisk string
	// Sources are keys of docs/sources.yaml, the one for what happens first; none while nothing is changed. Grade is how sure the state is.
	Sources []string
	Grade   Grade
}

// Scenario is what the failure of some parts does to every service of the farm, in the order of Analysis.Services.
type Scenario struct {
	Failed  []Part
	Effects []Effect
}

// Worst returns the worst state of all services.
func (s Scenario) Worst() State {
	worst := Up
	for _, e := range s.Effects {
		worst = max(worst, e.State)
	}
	return worst
}

// Effect returns what becomes of the service. A service that the farm does not have is Up.
func (s Scenario) Effect(of Service) Effect {
	for _, e := range s.Effects {
		if e.Service == of {
			return e
		}
	}
	return Effect{Service: of}
}
