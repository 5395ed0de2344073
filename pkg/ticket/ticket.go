// Package ticket makes a change request from a plan: what a change manager asks for, as a Word document, a page, a wiki text and
// JSON for a tracker, with every script attached, redacted, and an archive of it all.
//
// What it says comes from the runbook, the failure analysis and the findings of check; this package chooses, orders and words
// it. It never has a key: the tree that it is given holds placeholders. It does not know where the files go.
package ticket

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/impact"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/runbook"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// schemaVersion is the version of the form of change-request.json.
const schemaVersion = 1

// Input is what a ticket is made from.
type Input struct {
	Loaded   *topology.Loaded
	Plan     *plan.Plan
	Runbook  *runbook.Runbook
	Findings diag.List // of check; those that are waived are in the runbook
	// Tree holds the files as render writes them, but for placeholders in place of keys.
	Tree *artifact.Tree
	// Fingerprint is that of the farm's keys for people, "" when it is not known or the farm has none.
	Fingerprint string
	Keyed       Keyed // without a fingerprint: what depends on it
	About       artifact.About
	Changes     *Changes // nil for the whole plan
}

// Keyed holds the files whose text depends on keys that are not known, by path, with the text that they have under other
// stand-ins for them: a placeholder, a fingerprint, and what follows from one, as the digest of a script that holds it.
type Keyed map[string][]byte

// Differing compares two renders of a plan that differ in the stand-ins for keys only.
func Differing(a, b *artifact.Tree) Keyed {
	other := map[string][]byte{}
	for _, f := range b.Files() {
		other[f.Path] = f.Data
	}
	out := Keyed{}
	for _, f := range a.Files() {
		if !bytes.Equal(f.Data, other[f.Path]) {
			out[f.Path] = other[f.Path]
		}
	}
	return out
}

// Ticket is a change request.
type Ticket struct {
	Request *Request

	farm     *farm.Farm
	book     *runbook.Runbook
	analysis *impact.Analysis
	steps    []*runbook.Step
	back     []*runbook.Step // with a rollback, in the order in which they are taken back
	noReturn []*runbook.Step
	later    []*runbook.Step
	turns    []turn
	attached []artifact.File
}

// turn is a run of consecutive steps of one team.
type turn struct {
	team  string
	steps []*runbook.Step
}

// row is one step on one or more servers, as tables show it.
type row struct {
	*runbook.Step
	all []*runbook.Step
}

// New makes the ticket.
func New(in Input) (*Ticket, error) {
	t := &Ticket{farm: in.Plan.Farm, book: in.Runbook, analysis: impact.Analyze(in.Plan.Farm)}
	for _, f := range in.Tree.Files() {
		if in.Changes == nil || in.Changes.Has(f.Path) {
			t.attached = append(t.attached, f)
		}
	}
	wanted := func(list []*runbook.Step) []*runbook.Step {
		return slices.DeleteFunc(slices.Clone(list), func(s *runbook.Step) bool { return in.Changes != nil && !touched(s, in.Changes) })
	}
	t.steps, t.back, t.noReturn, t.later = wanted(t.book.Steps), wanted(t.book.Backout), wanted(t.book.NoReturn), wanted(t.book.Later)
	for _, s := range t.steps {
		if n := len(t.turns); n == 0 || t.turns[n-1].team != s.Team {
			t.turns = append(t.turns, turn{team: s.Team})
		}
		last := &t.turns[len(t.turns)-1]
		last.steps = append(last.steps, s)
	}
	t.Request = &Request{
		Schema: schemaVersion, Tool: in.About.Tool, Farm: t.farm.Name, Release: t.farm.MBAM.Release, Topology: in.About.Topology, Unsupported: in.About.Unsupported,
		KeyFingerprint: in.Fingerprint, OwnTemplates: ownTemplates(t.attached), Changes: in.Changes,
		Attachments:  attachments(t.attached, in.Keyed),
		Placeholders: []string{"schedule[].start", "schedule[].end", "approvals[].name", "approvals[].decision", "approvals[].date"},
	}
	r := t.Request
	r.Services = []Service{}
	for _, s := range t.analysis.Services() {
		r.Services = append(r.Services, Service{s, s.Title()})
	}
	r.Servers = t.servers()
	r.Teams, r.HandOffs, r.Schedule, r.Approvals = t.people()
	r.Steps = t.stepList()
	r.Risk = t.risk(in)
	r.Backout = Backout{Steps: orders(t.back), NoReturn: orders(t.noReturn)}
	if in.Changes != nil {
		r.Backout.Repeated = repeated
	}
	r.Drills = t.drills()
	r.Waivers, r.Warnings = t.findings(in.Findings)
	r.Evidence = t.evidence()
	r.Fields = t.fields()
	return t, nil
}

// repeated is what the way back has to know when scripts of a former output ran before.
const repeated = "A step of the former output may have run on these servers already. A rollback takes back what all its runs recorded as their own, not only the last one. " +
	"To return to the former state, run the rollback, then the install of the former output, which is why that output has to be kept."

// neverTried is the plain statement about real servers.
const neverTried = "No script of this plan has run on a real Windows server, SQL Server, domain or MBAM installation by the makers of mbamplan. " +
	"What was tested: the grammar of every script, every command's parameters, T-SQL by SQL Server's own grammar, connection strings by SqlClient's parser. Rehearse in a test domain first."

// touched reports whether a file of the step is new or changed.
func touched(s *runbook.Step, c *Changes) bool {
	return slices.ContainsFunc(files(s), c.Has)
}

// files are the paths that the artifacts of the step would have; one that left itself out is not in the tree.
func files(s *runbook.Step) []string {
	var out []string
	for _, a := range s.Item.Step.Artifacts {
		if s.VerifyOnly && catalog.Builds(a.Kind) {
			continue
		}
		out = append(out, render.FileName(s.Item, a))
	}
	return out
}

// rows puts steps of one number together that follow each other and differ in their servers only.
func rows(list []*runbook.Step) []row {
	var out []row
	for _, s := range list {
		if n := len(out); n > 0 && alikeSteps(out[n-1].Step, s) {
			out[n-1].all = append(out[n-1].all, s)
			continue
		}
		out = append(out, row{s, []*runbook.Step{s}})
	}
	return out
}

// alikeSteps reports whether two steps are the same work on other servers. What is there already on one of them is not.
func alikeSteps(a, b *runbook.Step) bool {
	return a.Number == b.Number && a.VerifyOnly == b.VerifyOnly && a.Final == b.Final && a.Restart == b.Restart && a.Serial == b.Serial && a.Duration == b.Duration &&
		general(a, a.Title) == general(b, b.Title)
}

// general returns a text of the step with "the server" in place of the names of its own server and instance.
func general(s *runbook.Step, text string) string {
	var names []string
	if i := s.Item.Instance; i != nil {
		names = append(names, i.Name, i.FQDN, i.Network)
	}
	for _, h := range s.Item.Machines() {
		names = append(names, h.FQDN, h.Name)
	}
	for _, n := range names {
		text = replaceWord(text, n, "the server")
	}
	return text
}

// replaceWord replaces a name where it is no part of a longer one.
func replaceWord(text, name, by string) string {
	if name == "" {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, name)
		if !found {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		if nameEnds(b.String(), true) || nameEnds(after, false) {
			b.WriteString(name)
		} else {
			b.WriteString(by)
		}
		text = after
	}
}

// nameEnds reports whether a text goes on as a part of a name at its end, or at its beginning.
func nameEnds(text string, atEnd bool) bool {
	r, n := utf8.DecodeRuneInString(text)
	if atEnd {
		r, n = utf8.DecodeLastRuneInString(text)
	} else if r == '.' { // of a longer name, or of a sentence
		r, n = utf8.DecodeRuneInString(text[1:])
	}
	return n > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(`-_\$@`, r))
}

// title is that of the row, without the name of one server when it is for several.
func (r row) title() string {
	if len(r.all) > 1 {
		return general(r.Step, r.Title)
	}
	return r.Title
}

// where names the servers of the row, each once, with the parts of those that have some.
func (r row) where() string {
	var names []string
	parts := map[string][]string{}
	for _, s := range r.all {
		if !slices.Contains(names, s.Where) {
			names = append(names, s.Where)
		}
		if s.Part != "" {
			parts[s.Where] = append(parts[s.Where], s.Part)
		}
	}
	for i, n := range names {
		if p := parts[n]; len(p) > 0 {
			names[i] += " (" + strings.Join(p, ", ") + ")"
		}
	}
	return strings.Join(names, ", ")
}

// texts are the distinct texts of the row's steps; what differs in the name of the server only is one.
func (r row) texts(of func(*runbook.Step) string) []string {
	var out []string
	for _, s := range r.all {
		text := of(s)
		if len(r.all) > 1 {
			text = general(s, text)
		}
		if text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

func (r row) text(of func(*runbook.Step) string) string { return strings.Join(r.texts(of), "; ") }

// The texts of steps that rows show.
func success(s *runbook.Step) string  { return s.Success }
func undo(s *runbook.Step) string     { return s.Undo }
func changes(s *runbook.Step) string  { return s.Changes }
func leaves(s *runbook.Step) string   { return s.Leaves }
func downtime(s *runbook.Step) string { return s.Downtime }

func orders(list []*runbook.Step) []int {
	out := []int{}
	for _, s := range list {
		out = append(out, s.Order)
	}
	return out
}

// ownTemplates lists the templates of the user that files come from, or that files of his are part of.
func ownTemplates(list []artifact.File) []string {
	out := []string{}
	for _, f := range list {
		if f.Meta.TemplateOrigin == "overlay" && !slices.Contains(out, f.Meta.Template) {
			out = append(out, f.Meta.Template)
		}
	}
	slices.Sort(out)
	return out
}

func (t *Ticket) servers() []Server {
	out := []Server{}
	for _, h := range t.farm.Hosts {
		if !h.HasRole() {
			continue
		}
		s := Server{Name: h.Name, FQDN: h.FQDN, Windows: h.Windows, Site: h.Site, Roles: roles(h), Steps: []int{}, Restart: "none"}
		if h.Address.IsValid() {
			s.Address = h.Address.String()
		}
		for _, step := range t.steps {
			if !slices.Contains(step.Item.Machines(), h) {
				continue
			}
			s.Steps = append(s.Steps, step.Order)
			if step.Restart == "server" || step.Restart == "service" && s.Restart == "none" {
				s.Restart = step.Restart
			}
		}
		if t.Request.Changes == nil || len(s.Steps) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func roles(h *farm.Host) []string {
	out := []string{}
	for _, r := range []struct {
		has  bool
		name string
	}{{h.SQL(), "database server"}, {h.Reports(), "report server"}, {h.Web(), "web node"}} {
		if r.has {
			out = append(out, r.name)
		}
	}
	if len(out) == 0 {
		out = append(out, "runs the creation of the databases")
	}
	return out
}

func (t *Ticket) people() ([]Team, []HandOff, []Slot, []Approval) {
	teams, turns, slots := []Team{}, []HandOff{}, []Slot{}
	approvals := []Approval{{Role: "change manager"}, {Role: "service owner"}}
	at := map[string]int{}
	for i, one := range t.turns {
		k, known := at[one.team]
		if !known {
			k = len(teams)
			at[one.team] = k
			teams = append(teams, Team{Name: one.team, Steps: []int{}, Prepare: []string{}})
			approvals = append(approvals, Approval{Role: one.team})
		}
		teams[k].Steps = append(teams[k].Steps, orders(one.steps)...)
		h := HandOff{Turn: i + 1, Team: one.team, Servers: []string{}, Steps: orders(one.steps)}
		for _, s := range one.steps {
			if !slices.Contains(h.Servers, s.Where) {
				h.Servers = append(h.Servers, s.Where)
			}
		}
		if i+1 < len(t.turns) {
			h.Next = t.turns[i+1].team
		}
		turns = append(turns, h)
		slots = append(slots, Slot{Turn: i + 1, Team: one.team})
	}
	// What has to be there before the start was there when the former output was used.
	if t.Request.Changes == nil {
		for _, team := range t.book.Teams {
			k, known := at[team.Name]
			if !known && len(team.Prepare) > 0 {
				k = len(teams)
				teams = append(teams, Team{Name: team.Name, Steps: []int{}})
			}
			if len(team.Prepare) > 0 {
				teams[k].Prepare = team.Prepare
			}
		}
	}
	return teams, turns, slots, approvals
}

func (t *Ticket) stepList() []Step {
	out := []Step{}
	kept := map[string]bool{}
	for _, f := range t.attached {
		kept[f.Path] = true
	}
	for _, s := range t.steps {
		one := Step{
			Order: s.Order, Number: s.Number, ID: s.ID, Title: s.Title, Part: s.Part, Team: s.Team, Server: s.Server, Where: s.Where, After: []int{}, Changes: s.Changes,
			Success: s.Success, Downtime: s.Downtime, Restart: s.Restart, Duration: s.Duration, OneByOne: s.Serial, VerifyOnly: s.VerifyOnly, NoReturn: s.Final, Undo: s.Undo, Leaves: s.Leaves,
			Preflight: commands(s.Look), Install: commands(s.Do), Verify: commands(s.Check), Rollback: commands(s.Back), Files: []string{}, Evidence: s.Evidence,
			Inferred: nonNil(s.Inferred), Sources: nonNil(s.Sources),
		}
		for _, before := range s.Waits {
			if slices.Contains(t.steps, before) {
				one.After = append(one.After, before.Order)
			}
		}
		slices.Sort(one.After)
		for _, p := range files(s) {
			if kept[p] {
				one.Files = append(one.Files, p)
			}
		}
		out = append(out, one)
	}
	return out
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// commands are the texts to be typed; a T-SQL file that no runner starts is opened by hand.
func commands(list []runbook.Command) []string {
	out := []string{}
	for _, c := range list {
		if c.Text == "" {
			c.Text = "open " + strings.Join(c.Files, ", ") + " in SQL Server Management Studio, connected to " + c.Open
		}
		out = append(out, c.Text)
	}
	return out
}

func (t *Ticket) drills() []Drill {
	out := []Drill{}
	for _, r := range rows(t.later) {
		d := Drill{Number: r.Number, Title: r.title(), Team: r.Team, Where: r.where(), Files: []string{}}
		for _, s := range r.all {
			for _, c := range s.Later {
				d.Files = append(d.Files, c.Files...)
			}
			d.Files = append(d.Files, s.Papers...)
		}
		out = append(out, d)
	}
	return out
}

func (t *Ticket) findings(list diag.List) ([]Waiver, []Warning) {
	waivers, warnings := []Waiver{}, []Warning{}
	for _, w := range t.book.Waivers {
		waivers = append(waivers, Waiver{Code: w.Code, Title: w.Title, Who: w.Who, Until: w.Until, Reason: w.Reason, Findings: nonNil(w.Findings)})
	}
	for _, d := range list {
		if d.Waived == nil {
			warnings = append(warnings, Warning{Code: d.Code, Severity: d.Severity.String(), Line: d.Pos.Line, Text: d.Message, Fix: d.Fix})
		}
	}
	return waivers, warnings
}

func (t *Ticket) evidence() Evidence {
	e := Evidence{NeverTried: neverTried, Grades: map[string]int{}, Inferred: []Inferred{}, Sources: []Source{}}
	numbers := map[int]bool{}
	at := map[string]int{}
	for _, s := range append(slices.Clone(t.steps), t.later...) {
		if !numbers[s.Number] {
			e.Grades[s.Evidence]++
		}
		numbers[s.Number] = true
		for _, text := range s.Inferred {
			i, known := at[text]
			if !known {
				i = len(e.Inferred)
				at[text] = i
				e.Inferred = append(e.Inferred, Inferred{Text: text})
			}
			if !slices.Contains(e.Inferred[i].Numbers, s.Number) {
				e.Inferred[i].Numbers = append(e.Inferred[i].Numbers, s.Number)
			}
		}
	}
	for _, s := range t.book.Sources {
		used := slices.DeleteFunc(slices.Clone(s.Numbers), func(n int) bool { return !numbers[n] })
		if len(used) > 0 {
			e.Sources = append(e.Sources, Source{Key: s.Key, Title: s.Title, Section: s.Section, URL: s.URL, Grade: s.Grade, Numbers: used})
		}
	}
	return e
}

func (t *Ticket) risk(in Input) Risk {
	r := Risk{During: []During{}, Parts: []PartFailure{}, Single: []SinglePoint{}}
	restarts, notices := 0, 0
	for _, one := range rows(t.steps) {
		noticed := one.text(downtime)
		if noticed == "" && one.Restart == "none" {
			continue
		}
		if isNoticed(noticed) {
			notices++
		}
		if one.Restart == "server" {
			restarts++
		}
		r.During = append(r.During, During{Steps: orders(one.all), Title: one.title(), Where: one.where(), Downtime: noticed, Restart: one.Restart})
	}
	for _, s := range t.analysis.Singles() {
		if s.Worst() == impact.Up || len(s.Failed) != 1 {
			continue
		}
		p := PartFailure{Part: s.Failed[0].ID, Title: s.Failed[0].Title, Effect: []Effect{}}
		for _, e := range s.Effects {
			one := Effect{
				Service: e.Service, State: e.State, Notice: e.Notice, Why: e.Why, Actions: []Action{}, DataAtRisk: e.DataAtRisk, Grade: e.Grade,
				Sources: append([]string{}, e.Sources...),
			}
			for _, a := range e.Actions {
				act := Action{Text: a.Text, Team: a.Actor}
				if a.Drill != nil {
					act.Step, act.Server = a.Drill.Step, a.Drill.Server
				}
				one.Actions = append(one.Actions, act)
			}
			p.Effect = append(p.Effect, one)
		}
		r.Parts = append(r.Parts, p)
	}
	for _, s := range t.analysis.SinglePoints(in.Loaded) {
		one := SinglePoint{Part: s.Part.ID, Title: s.Part.Title, Worst: s.Worst, Services: append([]impact.Service{}, s.Services...), Remedy: s.Advice}
		if s.Remedy != nil {
			one.Remedy = s.Remedy.Title + " (" + s.Remedy.Cost + "): " + strings.Join(s.Remedy.Edits, "; ")
		}
		r.Single = append(r.Single, one)
	}
	r.Suggestion = t.suggestion(notices, restarts)
	return r
}

// isNoticed reports whether a text on downtime tells of some: one that begins with "none" says when there would be.
func isNoticed(downtime string) bool {
	return downtime != "" && !strings.HasPrefix(downtime, "none")
}

// suggestion classifies the change by a rule that anybody can check: high with a point of no return, an unsupported plan or a
// waived error; moderate when users notice something or a server may have to be restarted; else low.
func (t *Ticket) suggestion(notices, restarts int) Suggestion {
	var high, moderate []string
	if len(t.noReturn) > 0 {
		high = append(high, counted(len(rows(t.noReturn)), "step")+" cannot be taken back by a script")
	}
	if t.Request.Unsupported != "" {
		high = append(high, "no document supports the plan")
	}
	for _, w := range t.book.Waivers {
		high = append(high, w.Code+" is waived by "+w.Who)
	}
	if notices > 0 {
		moderate = append(moderate, "users may notice "+counted(notices, "step"))
	}
	if restarts > 0 {
		moderate = append(moderate, counted(restarts, "step")+" may need a restart of a server")
	}
	switch {
	case len(high) > 0:
		return Suggestion{"high", strings.Join(append(high, moderate...), "; ")}
	case len(moderate) > 0:
		return Suggestion{"moderate", strings.Join(moderate, "; ")}
	}
	return Suggestion{"low", "every step can be taken back by a script, users notice nothing, and no server is restarted"}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
