package ticket

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/impact"
	"github.com/mbamplan/mbamplan/pkg/runbook"
)

// Bounds of texts in trackers.
const (
	shortLength = 160 // of the short description
	column      = 100 // at which the lines of a text end
)

// summary is the short description: what is done to which farm, at most shortLength characters.
func (t *Ticket) summary() string {
	farm := "the MBAM " + t.Request.Release + " farm " + t.Request.Farm
	if c := t.Request.Changes; c != nil && len(t.steps) == 0 {
		return clip("Change " + farm + ": " + counted(c.Attached, "document") + " changed, " + counted(len(c.Files)-c.Attached, "file") + " gone, nothing has to be run")
	} else if c != nil {
		return clip("Change " + farm + ": " + counted(c.Attached, "file") + " of " + counted(len(rows(t.steps)), "step") + " on " + strings.Join(t.places(), ", "))
	}
	verb := "Build "
	if slices.ContainsFunc(t.steps, func(s *runbook.Step) bool { return s.VerifyOnly }) {
		verb = "Change "
	}
	counts := map[string]int{}
	for _, s := range t.Request.Servers {
		counts[s.Roles[0]]++
	}
	var parts []string
	for _, what := range []string{"database server", "report server", "web node"} {
		if n := counts[what]; n > 0 {
			parts = append(parts, counted(n, what))
		}
	}
	for _, w := range t.farm.Webs {
		parts = append(parts, w.VirtualFQDN(t.farm.Domain))
	}
	return clip(verb + farm + ": " + strings.Join(parts, ", "))
}

// places are where the steps are done.
func (t *Ticket) places() []string {
	var out []string
	for _, s := range t.steps {
		if !slices.Contains(out, s.Where) {
			out = append(out, s.Where)
		}
	}
	return out
}

func clip(s string) string {
	if utf8.RuneCountInString(s) <= shortLength {
		return s
	}
	return string([]rune(s)[:shortLength-1]) + "…"
}

// prose writes plain text in lines of column characters.
type prose struct{ strings.Builder }

// line writes one paragraph; lines after its first are indented as far as its text is behind lead.
func (p *prose) line(lead, text string) {
	width := utf8.RuneCountInString(lead)
	at := width
	p.WriteString(lead)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > column:
			p.WriteString("\n" + strings.Repeat(" ", width))
			at = width
		default:
			p.WriteString(" ")
			at++
		}
		p.WriteString(word)
		at += n
	}
	p.WriteString("\n")
}

func (p *prose) gap() { p.WriteString("\n") }

func (p *prose) text() string { return strings.TrimRight(p.String(), "\n") }

func (t *Ticket) fields() Fields {
	return Fields{
		ShortDescription: t.summary(), Description: t.description(), Type: "normal", Justification: t.justification(), ImplementationPlan: t.implementation(),
		RiskImpactAnalysis: t.riskText(), BackoutPlan: t.backoutText(), TestPlan: t.testText(),
	}
}

func (t *Ticket) description() string {
	var p prose
	if t.Request.Unsupported != "" {
		p.line("", t.Request.Unsupported)
		p.gap()
	}
	p.line("", t.purpose())
	p.gap()
	p.line("", "In scope:")
	for _, s := range t.Request.Servers {
		p.line("- ", s.Name+" ("+s.FQDN+", Windows Server "+s.Windows+"): "+strings.Join(s.Roles, ", "))
	}
	if seen := t.onlySeen(); len(seen) > 0 {
		p.gap()
		p.line("", "There already, and only looked at:")
		for _, r := range seen {
			p.line("- ", r.title()+": "+r.where())
		}
	}
	p.gap()
	p.line("", t.origin())
	return p.text()
}

// purpose says in a sentence what is asked for.
func (t *Ticket) purpose() string {
	if c := t.Request.Changes; c != nil && len(t.steps) == 0 {
		return fmt.Sprintf("The plan of the MBAM %s farm %s has the same scripts as the output that is named under \"What changed\", as far as it has them still. Nothing has to be run: %s changed, %s gone.",
			t.Request.Release, t.Request.Farm, counted(c.Attached, "document"), counted(len(c.Files)-c.Attached, "file"))
	} else if c != nil {
		return fmt.Sprintf("The plan of the MBAM %s farm %s has changed since the output that is named under \"What changed\". This request covers what is new or different: %s of %s. %s of the plan are as they were.",
			t.Request.Release, t.Request.Farm, counted(c.Attached, "file"), counted(len(rows(t.steps)), "step"), counted(c.AsBefore, "file"))
	}
	return fmt.Sprintf("This request covers the MBAM %s farm %s (BitLocker administration and monitoring) in the domain %s, from the directory to the policies of the clients, as far as the plan names them: %s on %s.",
		t.Request.Release, t.Request.Farm, t.farm.Domain.DNS, counted(len(rows(t.steps)), "step"), counted(len(t.Request.Servers), "server"))
}

// origin names what the ticket was made from.
func (t *Ticket) origin() string {
	text := fmt.Sprintf("Made by mbamplan %s from the topology %s with the SHA-256 %s.", t.Request.Tool, t.Request.Topology.Name, t.Request.Topology.SHA256)
	if t.Request.KeyFingerprint != "" {
		text += " The machine key of the farm has the fingerprint " + t.Request.KeyFingerprint + "."
	}
	return text
}

func (t *Ticket) onlySeen() []row {
	return rows(slices.DeleteFunc(slices.Clone(t.steps), func(s *runbook.Step) bool { return !s.VerifyOnly }))
}

func (t *Ticket) justification() string {
	var p prose
	p.line("", "Business reason: to be filled in by whoever asks for the change.")
	if len(t.book.Survives) > 0 {
		p.gap()
		p.line("", "What the farm survives when it is built as planned:")
		for _, s := range t.book.Survives {
			p.line("- ", s)
		}
	}
	return p.text()
}

func (t *Ticket) implementation() string {
	if len(t.steps) == 0 {
		return nothingToRun
	}
	var p prose
	for i, team := range t.Request.Teams {
		if len(team.Prepare) == 0 {
			continue
		}
		if i == 0 {
			p.line("", "BEFORE THE START")
		}
		p.line("", team.Name+":")
		for _, s := range team.Prepare {
			p.line("- ", s)
		}
	}
	for i, one := range t.turns {
		if i > 0 || p.Len() > 0 {
			p.gap()
		}
		p.line(fmt.Sprintf("%d. ", i+1), strings.ToUpper(one.team))
		for _, r := range rows(one.steps) {
			p.line(fmt.Sprintf("%03d  ", r.Number), r.title()+": "+r.where()+r.remarks())
		}
		if h := t.Request.HandOffs[i]; h.Next != "" {
			p.line("", "Hand over to: "+h.Next+", when every step above is done and verified.")
		}
	}
	p.gap()
	p.line("", "The numbers are those of the files: everything of one number is done on every server before anything of the next. The exact commands stand in the attachment change-request.docx and in the runbook.")
	return p.text()
}

// remarks are what is special about a step, in brackets; "" for nothing.
func (r row) remarks() string {
	list := r.notes()
	if len(list) == 0 {
		return ""
	}
	return " [" + strings.Join(list, "; ") + "]"
}

func (r row) notes() []string {
	var out []string
	switch {
	case r.VerifyOnly:
		out = append(out, "there already: only verified")
	case r.Serial && len(r.all) > 1:
		out = append(out, "one server at a time")
	}
	switch r.Restart {
	case "server":
		out = append(out, "may need a restart of the server")
	case "service":
		out = append(out, "restarts the service")
	}
	if r.Duration != "" {
		out = append(out, "expected "+r.Duration+map[bool]string{true: " each", false: ""}[len(r.all) > 1])
	}
	if r.Final {
		out = append(out, "no way back by a script")
	}
	return out
}

func (t *Ticket) riskText() string {
	var p prose
	p.line("", "Suggested risk: "+t.Request.Risk.Suggestion.Level+". Reason: "+t.Request.Risk.Suggestion.Reason+".")
	p.gap()
	p.line("", "While the change is made:")
	for _, d := range t.Request.Risk.During {
		p.line("- ", d.Title+" ("+d.Where+"): "+d.text())
	}
	if len(t.Request.Risk.During) == 0 {
		p.line("- ", "No step names a downtime or a restart.")
	}
	if len(t.Request.Risk.Parts) > 0 {
		p.gap()
		p.line("", "When one part fails after the change (what is not named goes on):")
		for _, f := range t.Request.Risk.Parts {
			p.line("- ", f.Title+": "+strings.Join(f.effects(), "; "))
		}
	}
	if len(t.Request.Risk.Single) > 0 {
		p.gap()
		p.line("", "Single points of failure, the most urgent first:")
		for i, s := range t.Request.Risk.Single {
			p.line(fmt.Sprintf("%d. ", i+1), s.Title+" ("+s.Worst.String()+"). Remedy: "+s.Remedy)
		}
	}
	return p.text()
}

// text says what is noticed.
func (d During) text() string {
	var out []string
	if d.Downtime != "" {
		out = append(out, d.Downtime)
	}
	switch d.Restart {
	case "server":
		out = append(out, "the server may need a restart")
	case "service":
		out = append(out, "the service restarts")
	}
	return strings.Join(out, "; ")
}

// effects are the services that do not simply go on, as "reports down".
func (f PartFailure) effects() []string {
	var out []string
	for _, e := range f.Effect {
		if e.State != impact.Up {
			out = append(out, e.Service.Title()+" "+e.State.String())
		}
	}
	return out
}

func (t *Ticket) backoutText() string {
	var p prose
	for _, s := range backoutRules {
		p.line("", s)
	}
	if t.Request.Backout.Repeated != "" {
		p.line("", t.Request.Backout.Repeated)
	}
	p.gap()
	p.line("", "In this order, the last step first:")
	for _, r := range rows(t.back) {
		p.line(fmt.Sprintf("%03d  ", r.Number), "Take back: "+r.title()+": "+r.where())
	}
	if len(t.back) == 0 {
		p.line("- ", "No step has a rollback script.")
	}
	if len(t.noReturn) > 0 {
		p.gap()
		p.line("", "Points of no return:")
		for _, r := range rows(t.noReturn) {
			p.line(fmt.Sprintf("%03d  ", r.Number), r.title()+": "+r.where()+". "+r.text(undo))
		}
	}
	return p.text()
}

// backoutRules say when and how the way back is taken.
var backoutRules = []string{
	"When: a verification fails (exit code 4), or a script refuses because the servers contradict the plan (exit code 3), and it cannot be mended inside the window. Who decides: to be filled in.",
	"How: rollback files from the highest number to the lowest, each number on every server. A rollback takes back only what its install recorded as its own, and says what it leaves behind. It never drops a database or deletes a recovery key.",
}

// nothingToRun stands in place of plans when only documents changed, or files are gone.
const nothingToRun = "Nothing has to be run."

func (t *Ticket) testText() string {
	if len(t.steps) == 0 {
		return nothingToRun
	}
	var p prose
	p.line("", "Every step has its check; it is run when the step is done, and all of them again at the end. A check ends with exit code 0, or with 4 and what it expected and found.")
	p.gap()
	for _, r := range t.checks() {
		p.line(fmt.Sprintf("%03d  ", r.Number), r.title()+": "+r.where()+". Expected: "+expected(r))
	}
	if len(t.Request.Drills) > 0 {
		p.gap()
		p.line("", "Drills, after the farm is in use:")
		for _, d := range t.Request.Drills {
			p.line(fmt.Sprintf("%03d  ", d.Number), d.Title+": "+d.Where)
		}
	}
	return p.text()
}

// checks are the steps with a check, in the order of the plan.
func (t *Ticket) checks() []row {
	return rows(slices.DeleteFunc(slices.Clone(t.steps), func(s *runbook.Step) bool { return len(s.Check)+len(s.Look) == 0 }))
}

// expected says what one sees when the step worked.
func expected(r row) string {
	return cmp.Or(r.text(success), "exit code 0")
}
