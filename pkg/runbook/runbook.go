// Package runbook turns a plan and the files rendered from it into what people need who build the farm and never open a
// script: ordered steps with the exact command of each, the places where the work passes from one team to another, the way
// back, and tables of what others have to prepare. The first document of a render and the change ticket print the same
// Runbook.
//
// Everything in it is plain text that still has to be quoted for the language it is printed in. It knows no template, no
// HTML and no output folder, and nothing that is not in the plan, the catalogue or the farm.
//
// The shape, top down:
//
//	Runbook
//	├─ Sections    the order of work, cut where it passes to another team; each is a stop point
//	│  └─ Steps    one item of the plan: server, commands, success, failures, way back
//	├─ Later       drills and maintenance, after the farm is in use
//	├─ Verify      every check, in the order of the plan
//	├─ Backout     the way back: steps with a rollback, last first
//	├─ NoReturn    steps that no script takes back, and why
//	├─ Teams       what each team prepares before the start, and where its turns are
//	├─ Impact      what becomes of each service when one part fails
//	├─ Firewall, Names, Accounts, Memberships, Secrets, Waivers, Sources
//	└─ Diagram     boxes and lines with coordinates, for SVG
package runbook

import (
	"fmt"
	"slices"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/plan"
)

// File is one rendered file of an item of the plan.
type File struct {
	*plan.Item
	Artifact   *catalog.Artifact
	Path       string // below the output folder, with slashes
	Secret     bool
	SHA256     string // lower-case hex of its bytes; "" of a secret file, or where the caller does not know it
	Parameters string // that a call of the script cannot do without, as "-ResultFolder C:\mbam-results"; "" for none
}

// Kind is the kind of the file: preflight, install, verify, rollback, tool, maintenance, drill …
func (f File) Kind() string { return f.Artifact.Kind }

// Later reports whether the file is for the time after the installation: maintenance, drills and whatever kinds an
// overlay adds.
func (f File) Later() bool { return !slices.Contains(buildKinds, f.Kind()) }

var buildKinds = []string{"preflight", "install", "verify", "rollback", "tool"}

// Options are what a runbook needs besides the plan and its files.
type Options struct {
	Sources  map[string]catalog.Source
	Topology string        // file name
	Redacted bool          // files carry placeholders in place of keys
	Waivers  check.Waivers // that hold
}

// Runbook is everything that is printed. Lists are empty, never filled up, when the plan has nothing for them.
type Runbook struct {
	Farm     *farm.Farm
	Name     string // of the farm
	Release  string // of MBAM: "2.5 SP1"
	Topology string // file name of the topology, "" when not known
	Redacted bool
	Stamp    string   // "UNSUPPORTED: …", "" for a supported plan
	Survives []string // what goes on and what stops when a part fails, in sentences; none for 2.0

	Sections []*Section
	Steps    []*Step // those of the sections, in the order of the plan
	Later    []*Step // steps with drills or maintenance files; a step of a section may be here too
	Verify   []*Step // those of Steps with a check
	Backout  []*Step // those of Steps with a rollback file, in the order in which they are taken back
	NoReturn []*Step // those of Steps that change something and have no way back by script

	Teams       []*Team
	Firewall    []farm.Flow
	Names       []ServiceName
	NamesOpen   []string // instances and listeners whose owner of names is not known, with the reason
	Accounts    []farm.Principal
	Memberships []farm.Membership
	Secrets     []SecretFile
	Waivers     []Waiver
	Sources     []Source
	Diagram     *Diagram
	Impact      *Impact // nil when no service can be judged
	// KeysFrom says from when on a way back leaves recovery keys behind, which no script can change.
	KeysFrom string

	ids map[*plan.Item]*Step
}

// Section is a run of consecutive steps of one team. Between two sections the work passes to another team: the next one
// begins when every step of this one is done and verified.
type Section struct {
	Number  int    // 1, 2, …
	Team    string // "database administrator"
	Next    string // the team that takes over, "" at the end
	Steps   []*Step
	Groups  []*Group // the same steps, those of one kind together
	Key     string   // of the section, as Step.Key
	Servers []string // where, each once, in the order of work
	// Waits are steps of other teams that steps of this section are built on, the last of each team, in the order of work.
	Waits []*Step
}

// Team is one of the people or groups who run steps.
type Team struct {
	Name     string
	Sections []*Section
	Steps    int
	Prepare  []string // what must be there before the first step, as far as the plan names it
}

// SecretFile is a file that carries a secret.
type SecretFile struct {
	Path    string
	Server  string
	Removed *Step // the step that deletes it from the server, nil when none does
}

// Waiver is a finding that somebody answers for.
type Waiver struct {
	Code, Title, Reason, Who, Until string
	Findings                        []string // what was found, as sentences
}

// Source is a document that steps of this plan rest on.
type Source struct {
	catalog.Source
	Numbers []int // file numbers of the steps that name it, ascending; none for one that only a table rests on
}

// ServiceName is a service principal name.
type ServiceName struct {
	Name    string // http/mbam.contoso.com
	Account string // that owns it: CONTOSO\svc-mbam-pool
	For     string // "the virtual host name", "instance SQL1"
	Made    bool   // a step of this plan registers it; else it is only checked
}

// New makes the runbook of a plan. Files are those that the plan was rendered to, in the order of the plan. An error is a
// defect of a step.yaml whose text does not evaluate.
func New(p *plan.Plan, files []File, o Options) (*Runbook, error) {
	r := &Runbook{
		Farm: p.Farm, Name: p.Farm.Name, Release: p.Farm.MBAM.Release, Topology: o.Topology, Redacted: o.Redacted, Stamp: p.Farm.Stamp(),
		ids: map[*plan.Item]*Step{},
	}
	if !p.Farm.MBAM.V2() {
		r.Survives = p.Farm.Survives()
	}
	if err := r.steps(p, files); err != nil {
		return nil, fmt.Errorf("runbook: %w", err)
	}
	r.sections()
	flows, err := p.Farm.Flows()
	if err != nil {
		return nil, fmt.Errorf("runbook: firewall: %w", err)
	}
	r.Firewall = flows
	r.tables(o)
	r.secrets(files)
	r.teams()
	r.Diagram = diagram(p.Farm)
	r.Impact = r.impact(p.Farm)
	r.KeysFrom = keysFrom(r)
	return r, nil
}

// Step returns the step of an item of the plan, nil when nothing was rendered for it.
func (r *Runbook) Step(it *plan.Item) *Step { return r.ids[it] }
