package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// The codes of findings about what was done. They are stable; docs/evidence.md says what each means and what closes it.
const (
	NotRun         = "not-run"         // no record of a planned file
	Failed         = "failed"          // the last run did not succeed
	VerifyFailed   = "verify-failed"   // a check of a verify or preflight does not hold
	Interrupted    = "interrupted"     // a run began and never ended
	Skipped        = "skipped"         // somebody answered No
	RestartOpen    = "restart-open"    // the last run asks for a restart, and nothing says what came of it
	RolledBack     = "rolled-back"     // what was installed was taken back
	OutOfOrder     = "out-of-order"    // began before what it needs was done
	OrderUncertain = "order-uncertain" // clocks of two machines are too close to tell
	RunTwice       = "run-twice"       // run again after a success
	Repeated       = "failed-repeated" // failed, then repeated
	OtherDigest    = "other-digest"    // another file than the planned one was run
	VerifyStale    = "verify-stale"    // something was changed after it was verified
	WrongHost      = "wrong-host"      // on a server of the farm that the plan does not name for it
	Foreign        = "foreign"         // nothing of this plan
	HostName       = "host-name"       // a planned machine under another domain name
	FolderMismatch = "folder-mismatch" // collected in the folder of another server
	Clock          = "clock"           // times that cannot be
	Torn           = "torn"            // a record that was cut off
	Conflict       = "conflict"        // two records of one run disagree
	HistoryGap     = "history-gap"     // a result whose history lacks the run
	NoHistory      = "no-history"      // only last runs are known
	ByHand         = "by-hand"         // a planned file that leaves no record
	RedactedPlan   = "redacted-plan"   // the manifest is that of a redacted render
	Unreadable     = "unreadable"      // a collected file that could not be read
)

// The severities of a finding.
const (
	Deviation = "deviation" // reality is not the plan
	Remark    = "note"      // as planned, and worth saying
)

// The states of a planned file.
const (
	Done        = "done"
	RunState    = "run" // a file that nobody has to run was run
	NotRunState = "not run"
	ByHandState = "by hand"
)

// clockSkew is how far clocks of one domain may be apart before Kerberos refuses (its default); closer times of two machines
// order nothing.
const clockSkew = 5 * time.Minute

// forever is behind every time that a record can hold.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Report is the as-executed record of a plan. Field names and codes are stable (docs/report.schema.json).
type Report struct {
	Schema  int     `json:"schema"`
	Plan    About   `json:"plan"`
	Until   string  `json:"until"` // time of the last record, "" without any
	Summary Summary `json:"summary"`
	// Findings are in the order of the plan, those about no file first.
	Findings []Finding `json:"findings"`
	Files    []File    `json:"files"`
	// Unplanned are runs that belong to no file of the plan, or ran on a machine that is not theirs.
	Unplanned []Entry `json:"unplanned"`
	Input     Input   `json:"input"`
}

// About names the plan.
type About struct {
	Name        string `json:"name"`
	SHA256      string `json:"sha256"` // of the topology
	Tool        string `json:"tool"`   // version that rendered
	Redacted    bool   `json:"redacted"`
	Unsupported string `json:"unsupported,omitempty"`
}

// Summary is the first line of the report.
type Summary struct {
	State      string `json:"state"`      // "as planned", "complete, with deviations" or "incomplete"
	Planned    int    `json:"planned"`    // files that have to be run
	Done       int    `json:"done"`       // of them
	ByHand     int    `json:"byHand"`     // files that people follow and that leave no record
	Deviations int    `json:"deviations"` // findings, those of files that are not done included
	Notes      int    `json:"notes"`
}

// Input says what was read.
type Input struct {
	Files      int `json:"files"`
	Runs       int `json:"runs"`
	Ignored    int `json:"ignored"`
	Unreadable int `json:"unreadable"`
}

// Finding is one difference between plan and reality.
type Finding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Order    int    `json:"order,omitempty"` // in the plan
	Path     string `json:"path,omitempty"`  // planned file
	Host     string `json:"host,omitempty"`
	Source   string `json:"source,omitempty"` // collected file
	Message  string `json:"message"`
}

// File is a planned file and what became of it.
type File struct {
	Order  int     `json:"order"`
	Number int     `json:"number"`
	Step   string  `json:"step"`
	Title  string  `json:"title"`
	Kind   string  `json:"kind"`
	Server string  `json:"server"`
	Actor  string  `json:"actor"`
	Path   string  `json:"path"`
	SHA256 string  `json:"sha256"`
	State  string  `json:"state"`
	Runs   []Entry `json:"runs"`
}

// Entry is one run in the report.
type Entry struct {
	Name         string   `json:"name"`
	Step         string   `json:"step"`
	Kind         string   `json:"kind"`
	Host         string   `json:"host"`
	User         string   `json:"user"`
	Started      string   `json:"started"`
	Finished     string   `json:"finished"` // "" when nothing says that it ended
	Outcome      string   `json:"outcome"`
	ExitCode     int      `json:"exitCode"`
	Script       string   `json:"script"`
	AsPlanned    bool     `json:"asPlanned"` // Script is the planned digest
	Message      string   `json:"message"`
	Changed      []string `json:"changed"`
	Checks       int      `json:"checks"`
	FailedChecks []Check  `json:"failedChecks"`
	Source       string   `json:"source"`
}

// AsPlanned reports whether everything was done, and nothing else.
func (r *Report) AsPlanned() bool {
	return r.Summary.Deviations == 0 && r.Summary.Done == r.Summary.Planned
}

// unit is a planned file with its runs.
type unit struct {
	file artifact.ManifestFile
	step *artifact.PlannedStep
	runs []*Run      // by start
	ends []time.Time // of the runs on which later steps could build, sorted
}

// expected reports whether the plan asks that the file is run.
func (u *unit) expected() bool {
	return u.file.Kind == "preflight" || u.file.Kind == "install" || u.file.Kind == "verify"
}

// firstServed is the first run on which later steps could build, nil for none.
func (u *unit) firstServed() *Run {
	for _, r := range u.runs {
		if r.served() {
			return r
		}
	}
	return nil
}

// job is one planned step on one server with its files.
type job struct {
	*artifact.PlannedStep
	units []*unit
	back  []*Run // of a rollback, that took something away, or may have before they were cut off; by start
}

// prepare sorts the runs, so that looking into them costs little however many a history holds.
func (j *job) prepare() {
	byStart := func(a, b *Run) int { return a.Started.Compare(b.Started) }
	for _, u := range j.units {
		slices.SortStableFunc(u.runs, byStart)
		for _, r := range u.runs {
			if r.served() {
				u.ends = append(u.ends, r.Finished)
			}
			if u.file.Kind == "rollback" && r.touched() {
				j.back = append(j.back, r)
			}
		}
		slices.SortFunc(u.ends, time.Time.Compare)
	}
	slices.SortStableFunc(j.back, byStart)
}

// takenBack is the first run of a rollback that began behind a time, and not behind another; nil without one.
func (j *job) takenBack(behind, until time.Time) *Run {
	i, _ := slices.BinarySearchFunc(j.back, behind, func(b *Run, t time.Time) int {
		if b.Started.After(t) {
			return 1
		}
		return -1
	})
	if i < len(j.back) && !j.back[i].Started.After(until) {
		return j.back[i]
	}
	return nil
}

func (j *job) of(kind string) []*unit {
	var out []*unit
	for _, u := range j.units {
		if u.file.Kind == kind {
			out = append(out, u)
		}
	}
	return out
}

// main are the scripts that tell whether the step is done: those that install, else those that verify or look ahead. A step
// that people do by hand is done when its verify passes.
func (j *job) main() []*unit {
	for _, kind := range []string{"install", "verify", "preflight"} {
		if list := slices.DeleteFunc(j.of(kind), func(u *unit) bool { return u.file.Result == "" }); len(list) > 0 {
			return list
		}
	}
	return nil
}

// held reports whether the step was done, and not taken back, at a time.
func (j *job) held(at time.Time) bool {
	for _, u := range j.main() {
		i, _ := slices.BinarySearchFunc(u.ends, at, func(end, t time.Time) int {
			if end.After(t) {
				return 1
			}
			return -1
		})
		if i == 0 || j.takenBack(u.ends[i-1], at) != nil {
			return false
		}
	}
	return true
}

// doneBy is the run with which the step was done the first time, nil when it never was.
func (j *job) doneBy() *Run {
	var last *Run
	for _, u := range j.main() {
		r := u.firstServed()
		if r == nil {
			return nil
		}
		if last == nil || r.Finished.After(last.Finished) {
			last = r
		}
	}
	return last
}

func (j *job) where() string {
	if j.Server == "" {
		return "a management computer"
	}
	return j.Server
}

type judge struct {
	plan  *artifact.Manifest
	c     *Collection
	jobs  []*job
	names map[string][]*unit // by result name, folded
	hosts map[string]string  // every name of a server of the farm, folded → as the plan spells it
	alone []*Run             // nothing of the plan
	out   *Report
}

// Judge compares what was planned with what was recorded. The manifest has to name its steps (artifact.Manifest.Steps).
func Judge(m *artifact.Manifest, c *Collection) *Report {
	j := &judge{plan: m, c: c, names: map[string][]*unit{}, hosts: map[string]string{}, out: &Report{
		Schema: 1, Plan: About{Name: m.Topology.Name, SHA256: m.Topology.SHA256, Tool: m.Tool, Redacted: m.Redacted, Unsupported: m.Unsupported},
		Findings: []Finding{}, Files: []File{}, Unplanned: []Entry{},
	}}
	j.arrange()
	j.assign()
	j.input()
	for _, job := range j.jobs {
		for _, u := range job.units {
			j.file(job, u)
		}
		j.order(job)
		j.verified(job)
	}
	j.close()
	return j.out
}

// arrange sorts the files of the manifest by step and kind.
func (j *judge) arrange() {
	for i := range j.plan.Steps {
		s := &j.plan.Steps[i]
		j.jobs = append(j.jobs, &job{PlannedStep: s})
		for _, h := range s.Hosts {
			j.hosts[strings.ToLower(h)] = h
		}
	}
	for _, f := range j.plan.Files {
		if f.Order == 0 {
			continue
		}
		job := j.jobs[f.Order-1]
		u := &unit{file: f, step: job.PlannedStep}
		job.units = append(job.units, u)
		if f.Result != "" {
			key := strings.ToLower(f.Result)
			j.names[key] = append(j.names[key], u)
		}
	}
	for _, job := range j.jobs {
		slices.SortStableFunc(job.units, func(a, b *unit) int {
			return cmp.Or(kindRank(a.file.Kind)-kindRank(b.file.Kind), strings.Compare(a.file.Path, b.file.Path))
		})
	}
}

func kindRank(kind string) int {
	if i := slices.Index([]string{"tool", "preflight", "install", "verify", "rollback"}, kind); i >= 0 {
		return i
	}
	return 9
}

func (j *judge) find(code, severity string, u *unit, r *Run, format string, args ...any) {
	f := Finding{Code: code, Severity: severity, Message: fmt.Sprintf(format, args...)}
	if u != nil {
		f.Order, f.Path = u.file.Order, u.file.Path
	}
	if r != nil {
		f.Host, f.Source = r.Host, r.Source
	}
	j.out.Findings = append(j.out.Findings, f)
}

// ofFarm is a server of the farm by one of its names, or by the first part of a DNS name.
func (j *judge) ofFarm(host string) (string, bool) {
	if name, ok := j.hosts[strings.ToLower(host)]; ok {
		return name, true
	}
	name, ok := j.hosts[strings.ToLower(label(host))]
	return name, ok
}

// runsOn reports whether the plan has the step on that machine.
func (j *judge) runsOn(s *artifact.PlannedStep, host string) bool {
	if len(s.Hosts) == 0 {
		_, of := j.ofFarm(host)
		return !of
	}
	return slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, host) || strings.EqualFold(h, label(host)) })
}

// assign gives every run to the file it is a run of.
func (j *judge) assign() {
	for _, r := range j.c.Runs {
		named := j.names[strings.ToLower(r.Name)]
		i := slices.IndexFunc(named, func(u *unit) bool { return j.runsOn(u.step, r.Host) })
		if i < 0 {
			j.alone = append(j.alone, r)
			continue
		}
		named[i].runs = append(named[i].runs, r)
	}
	for _, job := range j.jobs {
		job.prepare()
	}
}

// input reports what is wrong with the collected files themselves and with runs that are nobody's.
func (j *judge) input() {
	if j.plan.Redacted {
		j.find(RedactedPlan, Remark, nil, nil, "the manifest is that of a redacted render: scripts that name the fingerprint of the machine key have other digests there than in the tree that was run. Take the manifest of the tree that was run.")
	}
	for _, d := range j.c.Bad {
		j.out.Input.Unreadable++
		if d.Severity != diag.Error {
			continue // a line that was cut off is a remark below, a link that is not followed hides no record by its name
		}
		at := ""
		if p := d.Pos.String(); p != "" {
			at = ":" + p
		}
		f := Finding{Code: Unreadable, Severity: Deviation, Source: j.c.below(d.File) + at, Message: d.Message + " [" + d.Code + "]"}
		j.out.Findings = append(j.out.Findings, f)
	}
	for _, m := range j.c.remarks {
		severity := Deviation
		if m.code == Torn {
			severity = Remark // the run that was cut off is a finding of its own
		}
		f := Finding{Code: m.code, Severity: severity, Source: m.source, Message: m.message}
		if m.run != nil {
			f.Host = m.run.Host
		}
		j.out.Findings = append(j.out.Findings, f)
	}
	for _, r := range j.alone {
		j.out.Unplanned = append(j.out.Unplanned, entry(r, ""))
		named := j.names[strings.ToLower(r.Name)]
		home, of := j.ofFarm(r.Host)
		switch {
		case len(named) > 0 && of:
			where := "a management computer"
			if hosts := named[0].step.Hosts; len(hosts) > 0 {
				where = servers(named)
			}
			j.find(WrongHost, Deviation, nil, r, "%s ran on %s; the plan has it on %s", r.Name, home, where)
		case len(named) > 0:
			j.find(Foreign, Deviation, nil, r, "%s ran on %s, which is no server of this plan: a result of another farm, or of a machine with another name", r.Name, r.Host)
		default:
			j.find(Foreign, Deviation, nil, r, "%s is nothing of this plan: a result of another farm, or of another render of this one%s", r.Name, j.sameDigest(r))
		}
	}
	j.folders()
	j.histories()
}

func servers(units []*unit) string {
	var out []string
	for _, u := range units {
		if !slices.Contains(out, u.step.Server) {
			out = append(out, u.step.Server)
		}
	}
	return strings.Join(out, ", ")
}

// sameDigest names the planned file whose digest a run shows.
func (j *judge) sameDigest(r *Run) string {
	for _, f := range j.plan.Files {
		if f.SHA256 == r.Script {
			return "; what was run is " + f.Path
		}
	}
	return ""
}

// folders looks whether results lie in the folder of the machine that they are from.
func (j *judge) folders() {
	for _, r := range j.c.Runs {
		parts := strings.Split(r.folder, "/")
		for _, part := range slices.Backward(parts) {
			name, ok := j.hosts[strings.ToLower(part)]
			if !ok {
				continue
			}
			if own, of := j.ofFarm(r.Host); !of || !strings.EqualFold(label(own), label(name)) {
				j.find(FolderMismatch, Deviation, nil, r, "it says that it is from %s and lies in the folder of %s", r.Host, name)
			}
			break
		}
	}
}

// histories looks for results whose history was not collected, or lacks them.
func (j *judge) histories() {
	kept := map[string]bool{} // machine and name of which a history was collected
	key := func(r *Run) string { return strings.ToLower(r.Host + "\x00" + r.Name) }
	for _, r := range j.c.Runs {
		if r.history {
			kept[key(r)] = true
		}
	}
	without := 0
	for _, r := range j.c.Runs {
		switch {
		case !r.result || r.SetAside || r.history && !r.gap:
		case kept[key(r)]:
			j.find(HistoryGap, Deviation, nil, r, "the result of %s is there and its history lacks that run or its end: lines were removed, the disk was full, or the files were collected at different times", r.Name)
		default:
			without++
		}
	}
	if without > 0 {
		j.find(NoHistory, Remark, nil, nil, "%d results came without their history: of those only the last run is known", without)
	}
}

// file reports on one planned file and its runs.
func (j *judge) file(job *job, u *unit) {
	if !u.expected() && len(u.runs) == 0 {
		return
	}
	f := File{
		Order: job.Order, Number: job.Number, Step: job.Step, Title: job.Title, Kind: u.file.Kind, Server: job.Server, Actor: job.Actor, Path: u.file.Path,
		SHA256: u.file.SHA256, Runs: []Entry{},
	}
	if u.file.Result == "" {
		// A file beside a script is read by it; one that stands alone is for a person.
		if len(job.of("install")) > 0 && slices.ContainsFunc(job.of("install"), func(o *unit) bool { return o.file.Result != "" }) || u.file.Kind != "install" {
			return
		}
		f.State = ByHandState
		j.out.Summary.ByHand++
		j.find(ByHand, Remark, u, nil, "it leaves no record: the %s says in the ticket that it was done", job.Actor)
		j.out.Files = append(j.out.Files, f)
		return
	}
	for _, r := range u.runs {
		f.Runs = append(f.Runs, entry(r, u.file.SHA256))
	}
	j.runs(job, u)
	if u.expected() {
		j.out.Summary.Planned++
		if f.State = j.state(job, u); f.State == Done {
			j.out.Summary.Done++
		}
	} else {
		f.State = j.extra(u)
	}
	j.out.Files = append(j.out.Files, f)
}

// extra tells what became of a file that nobody has to run and somebody did. A tool is no part of the work: what a runner's last
// call failed with stands in the record of the file that it ran, and a watch runs all day.
func (j *judge) extra(u *unit) string {
	severity := Deviation
	if u.file.Kind == "tool" {
		severity = Remark
	}
	switch last := u.runs[len(u.runs)-1]; {
	case !last.Ended():
		j.find(Interrupted, severity, u, last, "it began at %s and nothing says how it ended", stamp(last.Started))
		return Interrupted
	case !last.OK() && last.Outcome != skipped && last.Outcome != restart:
		j.find(Failed, severity, u, last, "%s", ending(last))
		return Failed
	}
	return RunState
}

// state tells what became of a file that has to be run, and reports when that is not "done".
func (j *judge) state(job *job, u *unit) string {
	if len(u.runs) == 0 {
		more := ""
		if strings.HasSuffix(u.file.Path, ".sql") {
			more = ", or it was run in Management Studio, which leaves none"
		}
		j.find(NotRun, Deviation, u, nil, "no record%s", more)
		return NotRunState
	}
	last := u.runs[len(u.runs)-1]
	if u.file.Kind == "install" {
		back := job.takenBack(last.Started, forever)
		switch {
		case back != nil:
			j.find(RolledBack, Deviation, u, back, "what it installed was taken back at %s by %s", stamp(back.Started), back.User)
			return RolledBack
		case last.SetAside:
			j.find(RolledBack, Deviation, u, last, "a rollback set its result aside")
			return RolledBack
		case job.takenBack(u.runs[0].Started, forever) != nil || slices.ContainsFunc(u.runs, func(r *Run) bool { return r.SetAside }):
			j.find(RolledBack, Remark, u, last, "it was taken back once and is installed again")
		}
	}
	switch {
	case last.OK():
		return Done
	case !last.Ended():
		j.find(Interrupted, Deviation, u, last, "the last run began at %s and nothing says how it ended: it was cut off, or still ran when this was collected", stamp(last.Started))
		return Interrupted
	case last.Outcome == restart:
		for _, v := range job.of("verify") {
			if n := len(v.runs); n > 0 && v.runs[n-1].OK() && v.runs[n-1].Started.After(last.Finished) {
				return Done
			}
		}
		j.find(RestartOpen, Deviation, u, last, "it asked for a restart of Windows, and no later run of it or of its verify says that all is well")
		return RestartOpen
	case last.Outcome == skipped:
		if slices.ContainsFunc(u.runs, (*Run).OK) {
			return Done
		}
		j.find(Skipped, Deviation, u, last, "somebody answered No, and nothing was done")
		return Skipped
	}
	code := Failed
	if len(last.FailedChecks()) > 0 {
		code = VerifyFailed
	}
	j.find(code, Deviation, u, last, "%s", ending(last))
	return code
}

// ending tells how a run failed.
func ending(r *Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "the last run ended at %s with %d (%s): %s", stamp(r.Finished), r.ExitCode, r.Outcome, r.Message)
	for _, c := range r.FailedChecks() {
		fmt.Fprintf(&b, "; %s: expected %s, found %s", c.Name, c.Expected, c.Actual)
	}
	return b.String()
}

// runs reports on the runs of a file one by one, whatever the last of them says.
func (j *judge) runs(job *job, u *unit) {
	severity := Remark
	if u.file.Kind == "install" {
		severity = Deviation
	}
	var other []*Run
	bad := 0
	var done *Run
	did := map[string]bool{} // what the runs up to done changed
	for _, r := range u.runs {
		if done != nil && job.takenBack(done.Finished, r.Started) != nil {
			done, did = nil, map[string]bool{}
		}
		if r.Script != u.file.SHA256 {
			other = append(other, r)
		}
		if r.Ended() && r.Finished.Before(r.Started) {
			j.find(Clock, Deviation, u, r, "it ended at %s, before it began at %s: the clock of %s was set meanwhile", stamp(r.Finished), stamp(r.Started), r.Host)
		}
		switch {
		case !u.expected():
		case r.OK() && done != nil && u.file.Kind == "install":
			again := slices.DeleteFunc(slices.Clone(r.Changed), func(c string) bool { return !did[c] })
			where := fmt.Sprintf("run again at %s after it was done at %s", stamp(r.Started), stamp(done.Finished))
			switch {
			case len(again) > 0:
				j.find(RunTwice, Deviation, u, r, "%s, and it changed the same again, so something had undone it: %s", where, strings.Join(again, ", "))
			case r.Outcome == changed:
				j.find(RunTwice, Remark, u, r, "%s, and it changed more: %s", where, strings.Join(r.Changed, ", "))
			default:
				j.find(RunTwice, Remark, u, r, "%s; it found everything in place", where)
			}
		case r.OK() && bad > 0 && done == nil:
			j.find(Repeated, severity, u, r, "failed or cut off %d times before it succeeded at %s; the first: %s", bad, stamp(r.Finished), first(u.runs))
		}
		switch {
		case r.OK():
			done = r
		case r.Outcome != restart && r.Outcome != skipped:
			bad++
		}
		for _, c := range r.Changed {
			did[c] = true
		}
		if r.SetAside {
			done, did = nil, map[string]bool{}
		}
	}
	if i := slices.IndexFunc(u.runs, func(r *Run) bool { return j.hosts[strings.ToLower(r.Host)] == "" }); i >= 0 && len(u.step.Hosts) > 0 {
		j.find(HostName, Deviation, u, u.runs[i], "the machine calls itself %s; the plan says %s", u.runs[i].Host, strings.Join(u.step.Hosts, " / "))
	}
	if len(other) > 0 {
		j.find(OtherDigest, Deviation, u, other[len(other)-1], "%d of %d runs were of another file than the planned one (%s…, planned %s…)%s. A signature in the file is one innocent cause, another render a second; otherwise the file was edited.",
			len(other), len(u.runs), other[len(other)-1].Script[:12], u.file.SHA256[:12], j.sameDigest(other[len(other)-1]))
	}
}

// first tells how the first run that failed ended.
func first(runs []*Run) string {
	for _, r := range runs {
		switch {
		case !r.Ended():
			return "cut off, begun at " + stamp(r.Started)
		case !r.OK() && r.Outcome != restart && r.Outcome != skipped:
			return fmt.Sprintf("%s with %d: %s", stamp(r.Finished), r.ExitCode, r.Message)
		}
	}
	return ""
}

// order looks whether what a step needs was done when it began.
func (j *judge) order(job *job) {
	for _, u := range job.main() {
		var fit []*Run
		for _, r := range u.runs {
			if r.served() {
				fit = append(fit, r)
			}
		}
		for i, r := range fit {
			last := i == len(fit)-1
			if j.early(job, u, r, last) && !last {
				break // one finding about what was mended is enough
			}
		}
	}
	for _, p := range job.of("preflight") {
		ready := p.firstServed()
		for _, u := range job.of("install") {
			if len(u.runs) > 0 && ready != nil && u.runs[0].Started.Before(ready.Finished) {
				j.find(OutOfOrder, Deviation, u, u.runs[0], "it began at %s, before its preflight %s had passed at %s", stamp(u.runs[0].Started), p.file.Path, stamp(ready.Finished))
			}
		}
	}
}

// early reports what a run needed and did not have, and whether there was something.
func (j *judge) early(job *job, u *unit, r *Run, last bool) bool {
	severity, more := Deviation, ""
	if !last {
		severity, more = Remark, "; it was run again later"
	}
	var never []string
	found := false
	for _, order := range job.After {
		need := j.jobs[order-1]
		if len(need.main()) == 0 || need.held(r.Started) {
			continue
		}
		found = true
		by := need.doneBy()
		switch {
		case by == nil:
			never = append(never, fmt.Sprintf("%03d on %s", need.Number, need.where()))
		case by.Finished.After(r.Started) && by.Finished.Sub(r.Started) <= clockSkew && !strings.EqualFold(by.Host, r.Host):
			j.find(OrderUncertain, Remark, u, r, "it began at %s by the clock of %s, and %03d on %s was done at %s by that of %s: clocks may be %s apart, so nobody can say which came first",
				stamp(r.Started), r.Host, need.Number, need.where(), stamp(by.Finished), by.Host, clockSkew)
		case by.Finished.After(r.Started):
			j.find(OutOfOrder, severity, u, r, "it began at %s, before %03d on %s was done at %s%s", stamp(r.Started), need.Number, need.where(), stamp(by.Finished), more)
		default:
			j.find(OutOfOrder, severity, u, r, "it began at %s, when %03d on %s had been taken back%s", stamp(r.Started), need.Number, need.where(), more)
		}
	}
	if len(never) > 0 {
		j.find(OutOfOrder, severity, u, r, "it began at %s, and no record says that what it needs was ever done: %s%s", stamp(r.Started), strings.Join(never, ", "), more)
	}
	return found
}

// verified looks whether the last word about a step came after the last change of it.
func (j *judge) verified(job *job) {
	var change *Run
	for _, u := range append(job.of("install"), job.of("rollback")...) {
		for _, r := range u.runs {
			if r.touched() && (change == nil || r.seen().After(change.seen())) {
				change = r
			}
		}
	}
	if change == nil {
		return
	}
	for _, u := range job.of("verify") {
		for _, r := range slices.Backward(u.runs) {
			if !r.OK() {
				continue
			}
			if r.Started.Before(change.seen()) {
				j.find(VerifyStale, Deviation, u, r, "it passed at %s, and %s changed something later, at %s", stamp(r.Finished), change.Name, stamp(change.seen()))
			}
			break
		}
	}
}

func (j *judge) close() {
	o := j.out
	o.Input.Files, o.Input.Runs, o.Input.Ignored = j.c.Files, len(j.c.Runs), j.c.Ignored
	slices.SortStableFunc(o.Findings, func(a, b Finding) int {
		return cmp.Or(a.Order-b.Order, strings.Compare(a.Path, b.Path), strings.Compare(a.Severity, b.Severity), strings.Compare(a.Code, b.Code), strings.Compare(a.Source, b.Source))
	})
	for _, f := range o.Findings {
		if f.Severity == Deviation {
			o.Summary.Deviations++
		} else {
			o.Summary.Notes++
		}
	}
	var until time.Time
	for _, r := range j.c.Runs {
		for _, t := range []time.Time{r.Started, r.Finished} {
			if t.After(until) {
				until = t
			}
		}
	}
	o.Until = stamp(until)
	switch {
	case o.Summary.Done < o.Summary.Planned:
		o.Summary.State = "incomplete"
	case o.Summary.Deviations > 0:
		o.Summary.State = "complete, with deviations"
	default:
		o.Summary.State = "as planned"
	}
}

func entry(r *Run, planned string) Entry {
	e := Entry{
		Name: r.Name, Step: r.Step, Kind: r.Kind, Host: r.Host, User: r.User, Started: stamp(r.Started), Finished: stamp(r.Finished), Outcome: r.Outcome,
		ExitCode: r.ExitCode, Script: r.Script, AsPlanned: r.Script == planned, Message: r.Message, Changed: r.Changed, Checks: len(r.Checks),
		FailedChecks: r.FailedChecks(), Source: r.Source,
	}
	if !r.Ended() {
		e.Outcome = Interrupted
		e.Message = ""
	}
	if e.Changed == nil {
		e.Changed = []string{}
	}
	if e.FailedChecks == nil {
		e.FailedChecks = []Check{}
	}
	return e
}
