// Package evidence holds what the scripts of a farm left behind against what was planned: it reads collected result files and
// histories, writes the as-executed record of a plan, and puts the nodes of a farm side by side.
//
// It knows the manifest of a render and the form of a result (docs/result.schema.json). It knows no topology, renders nothing,
// and reads no clock: the time of a report is that of its last record. What it reads comes from servers and is trusted in
// nothing: sizes, depth and numbers are bounded, links are not followed, and no text of a record reaches a reader before its
// control characters were made visible.
package evidence

import (
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// Run is one run of a script or T-SQL file, joined from every record of it.
type Run struct {
	Step, Kind string
	Name       string // base name of its records, unique on a machine
	Script     string // SHA-256 of what was run, lower-case hex
	Host       string // DNS name of the machine, by itself
	User       string // DOMAIN\name
	Started    time.Time
	Finished   time.Time // zero when no record says that the run ended
	Outcome    string
	ExitCode   int
	Message    string
	Changed    []string // by this run; by earlier ones too when the history was not collected
	Checks     []Check
	Facts      []Fact // sorted by name
	Source     string // where its best record stands: path below the folder, with the line in a history
	SetAside   bool   // a rollback put its result aside

	folder  string // of Source
	history bool   // a history holds its beginning or its end
	gap     bool   // a history holds its beginning, and only the result file its end
	result  bool   // a result file holds it
}

// Check is what a script looked at and judged.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

// Fact is what a script looked at and did not judge.
type Fact struct{ Name, Value string }

// The outcomes of docs/result.schema.json.
const (
	changed   = "changed"
	unchanged = "unchanged"
	skipped   = "skipped"
	verified  = "verified"
	restart   = "restart"
	partial   = "partial"
	failed    = "failed"
)

// Ended reports whether a record says how the run ended.
func (r *Run) Ended() bool { return !r.Finished.IsZero() }

// OK reports whether the run did what the script is for.
func (r *Run) OK() bool {
	return r.Ended() && r.ExitCode == 0 && (r.Outcome == changed || r.Outcome == unchanged || r.Outcome == verified)
}

// served reports whether later steps may build on the run: it is OK, or all that is missing is a restart of Windows.
func (r *Run) served() bool { return r.OK() || r.Ended() && r.Outcome == restart && r.ExitCode == 3010 }

// touched reports whether the run changed something, as far as it could say.
func (r *Run) touched() bool {
	return r.Outcome == changed || r.Outcome == partial || r.Outcome == restart || !r.Ended()
}

// seen is the last time at which a record shows the run.
func (r *Run) seen() time.Time {
	if r.Ended() {
		return r.Finished
	}
	return r.Started
}

// FailedChecks are the checks that did not hold.
func (r *Run) FailedChecks() []Check {
	var out []Check
	for _, c := range r.Checks {
		if !c.OK {
			out = append(out, c)
		}
	}
	return out
}

// The codes of findings about collected files.
const (
	CodeLimit  = "MBP0901"
	CodeAccess = "MBP0902"
	CodeJSON   = "MBP0903"
	CodeRecord = "MBP0904"
)

// Codes returns every code of this package with its title, in order.
func Codes() []diag.Code {
	return []diag.Code{
		{ID: CodeLimit, Title: "collected result files exceed what is read"},
		{ID: CodeAccess, Title: "a collected file cannot be read, or is a link"},
		{ID: CodeJSON, Title: "a result file is no JSON, or is cut off"},
		{ID: CodeRecord, Title: "a result file does not hold what a script writes"},
	}
}

// stamp prints a time for reports, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// label is the first part of a DNS name.
func label(host string) string {
	first, _, _ := strings.Cut(host, ".")
	return first
}
