package ticket

import (
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/impact"
)

// Request is change-request.json, for import into a tracker: docs/ticket.schema.json. Names stay; new ones may come. Lists are
// never null.
type Request struct {
	Schema         int               `json:"schema"` // 1
	Tool           string            `json:"tool"`   // version of mbamplan
	Farm           string            `json:"farm"`
	Release        string            `json:"release"` // of MBAM
	Topology       artifact.Topology `json:"topology"`
	Unsupported    string            `json:"unsupported"`    // what no document supports; "" for a supported plan
	KeyFingerprint string            `json:"keyFingerprint"` // of the machine key that placeholders stand for; "" when it is not known
	OwnTemplates   []string          `json:"ownTemplates"`   // templates of the user's own that files come from
	Tried          bool              `json:"triedOnRealServers"`

	Fields       Fields       `json:"fields"`
	Services     []Service    `json:"services"`
	Servers      []Server     `json:"servers"`
	Teams        []Team       `json:"teams"`
	HandOffs     []HandOff    `json:"handOffs"`
	Steps        []Step       `json:"steps"`
	Risk         Risk         `json:"risk"`
	Backout      Backout      `json:"backout"`
	Drills       []Drill      `json:"drills"`
	Schedule     []Slot       `json:"schedule"`
	Approvals    []Approval   `json:"approvals"`
	Waivers      []Waiver     `json:"waivers"`
	Warnings     []Warning    `json:"warnings"`
	Evidence     Evidence     `json:"evidence"`
	Attachments  []Attachment `json:"attachments"`
	Changes      *Changes     `json:"changes"` // null without --since
	Placeholders []string     `json:"placeholders"`
}

// Fields are the texts of a change request under the names that the base system of ServiceNow gives them. They are plain text,
// wrapped at a hundred columns.
type Fields struct {
	ShortDescription   string `json:"short_description"` // at most 160 characters
	Description        string `json:"description"`
	Type               string `json:"type"`
	Justification      string `json:"justification"`
	ImplementationPlan string `json:"implementation_plan"`
	RiskImpactAnalysis string `json:"risk_impact_analysis"`
	BackoutPlan        string `json:"backout_plan"`
	TestPlan           string `json:"test_plan"`
}

// Service is something that people expect of the farm.
type Service struct {
	ID    impact.Service `json:"id"`
	Title string         `json:"title"`
}

// Server is a server on which the change is made, or that belongs to the farm.
type Server struct {
	Name    string   `json:"name"`
	FQDN    string   `json:"fqdn"`
	Windows string   `json:"windows"`
	Site    string   `json:"site"`
	Address string   `json:"address"`
	Roles   []string `json:"roles"`
	Steps   []int    `json:"steps"`   // orders of the steps that are done on it
	Restart string   `json:"restart"` // none, service, server
}

// Team is one of the people or groups who run steps.
type Team struct {
	Name    string   `json:"name"`
	Steps   []int    `json:"steps"`
	Prepare []string `json:"prepare"` // what must be there before the first step
}

// HandOff is a turn of one team; the next begins when every step of this one is done and verified.
type HandOff struct {
	Turn    int      `json:"turn"`
	Team    string   `json:"team"`
	Servers []string `json:"where"`
	Steps   []int    `json:"steps"`
	Next    string   `json:"next"` // "" at the end
}

// Step is one item of the plan.
type Step struct {
	Order      int      `json:"order"`
	Number     int      `json:"fileNumber"`
	ID         string   `json:"step"`
	Title      string   `json:"title"`
	Part       string   `json:"part"` // tells steps of one title on one server apart
	Team       string   `json:"team"`
	Server     string   `json:"server"` // "" when bound to none
	Where      string   `json:"where"`
	After      []int    `json:"after"`
	Changes    string   `json:"changes"`
	Success    string   `json:"success"`
	Downtime   string   `json:"downtime"`
	Restart    string   `json:"restart"`
	Duration   string   `json:"expectedDuration"` // as the topology says it, "20 minutes"; "" when it does not
	OneByOne   bool     `json:"oneServerAtATime"`
	VerifyOnly bool     `json:"verifyOnly"`
	NoReturn   bool     `json:"pointOfNoReturn"`
	Undo       string   `json:"undo"`
	Leaves     string   `json:"leavesBehind"`
	Preflight  []string `json:"preflight"` // commands
	Install    []string `json:"install"`
	Verify     []string `json:"verify"`
	Rollback   []string `json:"rollback"`
	Files      []string `json:"files"`
	Evidence   string   `json:"evidence"`
	Inferred   []string `json:"inferred"`
	Sources    []string `json:"sources"`
}

// Risk is what the change and the changed farm mean for people.
type Risk struct {
	Suggestion Suggestion    `json:"suggestion"`
	During     []During      `json:"duringTheChange"`
	Parts      []PartFailure `json:"whenOneFails"`
	Single     []SinglePoint `json:"singlePointsOfFailure"`
}

// Suggestion is a class of risk by a rule that is printed with it; the change manager decides.
type Suggestion struct {
	Level  string `json:"level"` // low, moderate, high
	Reason string `json:"reason"`
}

// During is what is noticed while a step runs.
type During struct {
	Steps    []int  `json:"steps"`
	Title    string `json:"title"`
	Where    string `json:"where"`
	Downtime string `json:"downtime"`
	Restart  string `json:"restart"`
}

// PartFailure is what becomes of each service when one part fails.
type PartFailure struct {
	Part   string   `json:"part"`
	Title  string   `json:"title"`
	Effect []Effect `json:"effects"`
}

// Effect is what becomes of one service.
type Effect struct {
	Service    impact.Service `json:"service"`
	State      impact.State   `json:"state"`
	Notice     string         `json:"notice"` // what people notice
	Why        string         `json:"why"`
	Actions    []Action       `json:"actions"`
	DataAtRisk string         `json:"dataAtRisk"`
	Grade      impact.Grade   `json:"grade"` // documented, field, inferred; "" while nothing is changed
	Sources    []string       `json:"sources"`
}

// Action is what one person does when a part has failed.
type Action struct {
	Text   string `json:"text"`
	Team   string `json:"team"`
	Step   string `json:"step"`   // the step whose rendered drill does it, "" for none
	Server string `json:"server"` // whose folder has it
}

// SinglePoint is a part whose failure alone takes a service away.
type SinglePoint struct {
	Part     string           `json:"part"`
	Title    string           `json:"title"`
	Worst    impact.State     `json:"worst"`
	Services []impact.Service `json:"services"`
	Remedy   string           `json:"remedy"`
}

// Backout is the way back.
type Backout struct {
	Steps    []int  `json:"steps"`    // orders of the steps with a rollback, in the order in which they are taken back
	NoReturn []int  `json:"noReturn"` // steps that change something and that no script takes back
	Repeated string `json:"repeated"` // what to know about steps that were run before; "" for none
}

// Drill is a file for the time after the change.
type Drill struct {
	Number int      `json:"fileNumber"`
	Title  string   `json:"title"`
	Team   string   `json:"team"`
	Where  string   `json:"where"`
	Files  []string `json:"files"`
}

// Slot is a turn of a team in the calendar; people fill it in.
type Slot struct {
	Turn  int    `json:"turn"`
	Team  string `json:"team"`
	Start string `json:"start"`
	End   string `json:"end"`
}

// Approval is one who decides; people fill it in.
type Approval struct {
	Role     string `json:"role"`
	Name     string `json:"name"`
	Decision string `json:"decision"`
	Date     string `json:"date"`
}

// Waiver is a finding of check that somebody answers for.
type Waiver struct {
	Code     string   `json:"code"`
	Title    string   `json:"title"`
	Who      string   `json:"who"`
	Until    string   `json:"until"` // YYYY-MM-DD
	Reason   string   `json:"reason"`
	Findings []string `json:"findings"`
}

// Warning is a finding of check that is no error and that nobody waived.
type Warning struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Line     int    `json:"line"` // of the topology, 0 for none
	Text     string `json:"text"`
	Fix      string `json:"fix"`
}

// Evidence says what the change rests on.
type Evidence struct {
	NeverTried string         `json:"neverTried"`
	Grades     map[string]int `json:"grades"` // steps by the weakest grade that they rest on
	Inferred   []Inferred     `json:"inferred"`
	Sources    []Source       `json:"sources"`
}

// Inferred is a fact that no document states.
type Inferred struct {
	Text    string `json:"text"`
	Numbers []int  `json:"fileNumbers"`
}

// Source is a document that steps rest on.
type Source struct {
	Key     string `json:"key"`
	Title   string `json:"title"`
	Section string `json:"section"`
	URL     string `json:"url"`
	Grade   string `json:"grade"`
	Numbers []int  `json:"fileNumbers"`
}
