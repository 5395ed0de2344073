package ticket

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	doc "github.com/mbamplan/mbamplan/pkg/document"
	"github.com/mbamplan/mbamplan/pkg/impact"
	"github.com/mbamplan/mbamplan/pkg/runbook"
)

// maxDiffLines bounds the difference that the documents show; changes.diff has all of it.
const maxDiffLines = 400

// blank is where people write.
const blank = "________"

// writer collects the blocks of the document.
type writer struct {
	*Ticket
	blocks []doc.Block
}

func (w *writer) add(b ...doc.Block) { w.blocks = append(w.blocks, b...) }

func (w *writer) heading(level int, text, anchor string) {
	w.add(doc.Heading{Level: level, Text: text, Anchor: anchor})
}

func (w *writer) say(text string) { w.add(doc.Paragraph{Text: doc.Plain(text)}) }

func (w *writer) list(items []string) {
	l := doc.List{}
	for _, s := range items {
		l.Items = append(l.Items, doc.Plain(s))
	}
	w.add(l)
}

// document is what people read.
func (t *Ticket) document() *doc.Document {
	w := &writer{Ticket: t}
	w.boxes()
	w.add(doc.Contents{})
	w.overview()
	if t.Request.Changes != nil {
		w.changes()
	}
	w.justify()
	w.affected()
	if len(t.steps) > 0 {
		w.schedule()
		w.plan()
	} else {
		w.heading(1, "Implementation plan", "plan")
		w.say(nothingToRun)
	}
	w.risks()
	if len(t.steps) > 0 {
		w.tests()
	}
	w.backout()
	w.accepted()
	w.evidence()
	w.attachments()
	w.approvals()
	if t.Request.Changes != nil {
		w.details()
	}
	return &doc.Document{
		Title: "Change request: " + t.Request.Farm, Subject: t.Request.Fields.ShortDescription, Language: "en-GB", Notice: t.Request.Unsupported, Blocks: w.blocks,
	}
}

// boxes are what has to be known before anything else.
func (w *writer) boxes() {
	w.add(doc.Paragraph{Boxed: true, Text: doc.Join(doc.Strong("Never tried on real servers by the makers of mbamplan. "), doc.Plain("See "), doc.Link("evidence", "#evidence"), doc.Plain(". Rehearse in a test domain first."))})
	if own := w.Request.OwnTemplates; len(own) > 0 {
		w.add(doc.Paragraph{Boxed: true, Text: doc.Join(doc.Strong("Not all of it comes from mbamplan. "),
			doc.Plain("Files come from templates of your own, which mbamplan does not answer for: "+strings.Join(own, ", ")+"."))})
	}
}

func pair(name string, value ...doc.Text) []doc.Cell {
	return []doc.Cell{{doc.Strong(name)}, value}
}

func (w *writer) overview() {
	r := w.Request
	w.heading(1, "Summary", "summary")
	w.say(w.purpose())
	rows := [][]doc.Cell{
		pair("Short description", doc.Plain(r.Fields.ShortDescription)),
		pair("Type", doc.Plain("Normal (standard or emergency only where your process says so)")),
		pair("Risk, suggested", doc.Join(doc.Plain(capital(r.Risk.Suggestion.Level)+": "+r.Risk.Suggestion.Reason+". See "), doc.Link("risk and impact", "#risk"), doc.Plain("."))),
		pair("Work", doc.Plain(fmt.Sprintf("%s, %s by %s", counted(len(rows(w.steps)), "step"), counted(len(w.turns), "turn"), counted(w.working(), "team")))),
		pair("Users notice", w.noticed()),
		pair("Way back", w.wayBack()),
		pair("Requested by", doc.Plain(blank)),
		pair("Made from", doc.Join(doc.Plain("topology "), doc.Mono(r.Topology.Name), doc.Plain(" with the SHA-256 "), doc.Mono(r.Topology.SHA256), doc.Plain(", by mbamplan "+r.Tool))),
	}
	if r.KeyFingerprint != "" {
		rows = append(rows, pair("Machine key", doc.Join(doc.Plain("fingerprint "), doc.Mono(r.KeyFingerprint), doc.Plain("; the key itself is in no file of this request"))))
	}
	w.add(doc.Table{Caption: "The change at a glance", Columns: []doc.Column{{Title: "Field", Width: 2}, {Title: "Value", Width: 8}}, Rows: rows})
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// working counts the teams that run steps.
func (w *writer) working() int {
	n := 0
	for _, t := range w.Request.Teams {
		if len(t.Steps) > 0 {
			n++
		}
	}
	return n
}

func (w *writer) noticed() doc.Text {
	n := 0
	for _, d := range w.Request.Risk.During {
		if isNoticed(d.Downtime) {
			n++
		}
	}
	if n == 0 {
		return doc.Plain("nothing, as far as the steps name it")
	}
	return doc.Join(doc.Plain(counted(n, "step")+": see "), doc.Link("while the change is made", "#during"))
}

func (w *writer) wayBack() doc.Text {
	text := counted(len(rows(w.back)), "step") + " with a rollback script"
	if n := len(rows(w.noReturn)); n > 0 {
		text += ", " + counted(n, "point") + " of no return"
	}
	return doc.Join(doc.Plain(text+": see "), doc.Link("backout plan", "#backout"))
}

func (w *writer) justify() {
	w.heading(1, "Justification", "justification")
	w.add(doc.Paragraph{Text: doc.Join(doc.Strong("Business reason: "), doc.Plain(blank+" (to be filled in by whoever asks for the change)"))})
	if len(w.book.Survives) > 0 {
		w.say("What the farm survives when it is built as planned:")
		w.list(w.book.Survives)
	}
}

func (w *writer) affected() {
	w.heading(1, "Affected services and servers", "affected")
	var services []string
	for _, s := range w.Request.Services {
		services = append(services, capital(s.Title))
	}
	w.say("Services: " + strings.Join(services, "; ") + ".")
	var table [][]doc.Cell
	for _, s := range w.Request.Servers {
		place := []string{}
		for _, p := range []string{s.Site, s.Address} {
			if p != "" {
				place = append(place, p)
			}
		}
		restart := map[string]string{"none": "no", "service": "of a service", "server": "may be needed"}[s.Restart]
		table = append(table, []doc.Cell{
			{doc.Strong(s.Name), doc.Plain(s.FQDN)}, doc.Line(strings.Join(s.Roles, ", ")), doc.Line("Windows Server " + s.Windows), doc.Line(strings.Join(place, ", ")), doc.Line(strconv.Itoa(len(s.Steps))), doc.Line(restart),
		})
	}
	if len(table) > 0 {
		w.add(doc.Table{
			Caption: "Servers, to be linked to the configuration items of your database",
			Columns: []doc.Column{{Title: "Server", Width: 5}, {Title: "Role", Width: 3}, {Title: "System", Width: 4}, {Title: "Site, address", Width: 3}, {Title: "Steps", Width: 2}, {Title: "Restart", Width: 3}},
			Rows:    table,
		})
	}
	if seen := w.onlySeen(); len(seen) > 0 {
		w.say("There already, and only looked at:")
		var items []string
		for _, r := range seen {
			items = append(items, r.title()+": "+r.where())
		}
		w.list(items)
	}
}

func (w *writer) schedule() {
	w.heading(1, "Schedule and hand-offs", "schedule")
	w.say("Each team has one or more turns. A turn is a stop point: the next one begins when every step of this one is done and verified. Dates are for you to fill in. Where the topology says how long a step takes, that stands with the step; nothing is assumed for the others.")
	var table [][]doc.Cell
	for _, h := range w.Request.HandOffs {
		next := "the change is done"
		if h.Next != "" {
			next = h.Next
		}
		table = append(table, []doc.Cell{
			doc.Line("☐ " + strconv.Itoa(h.Turn)), doc.Line(h.Team), doc.Line(strings.Join(h.Servers, ", ")), doc.Line(strconv.Itoa(len(h.Steps))), doc.Line(next), doc.Line(blank), doc.Line(blank),
		})
	}
	w.add(doc.Table{
		Caption: "Turns, in order",
		Columns: []doc.Column{{Title: "Turn", Width: 3}, {Title: "Team", Width: 6}, {Title: "Where", Width: 7}, {Title: "Steps", Width: 3}, {Title: "Hands over to", Width: 6}, {Title: "Start", Width: 4}, {Title: "End", Width: 4}},
		Rows:    table,
	})
	w.add(doc.Paragraph{Text: doc.Plain("Change window: " + blank + "   Meeting of the change advisory board: " + blank)})
}

func (w *writer) plan() {
	w.heading(1, "Implementation plan", "plan")
	w.say("File numbers are the same on all servers: everything of one number is done on every server before anything of the next. A path stands below the folder of the server or team in the attachments; change-request.json and the runbook have every command in full.")
	w.add(doc.Paragraph{Text: doc.Join(doc.Plain("A script is started in a 64-bit Windows PowerShell as administrator, first with "), doc.Mono("-WhatIf"), doc.Plain(", which changes nothing: "),
		doc.Mono(`powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File .\install\NNN-name.ps1 -WhatIf`),
		doc.Plain(". T-SQL files run through the runner in the instance's folder: "), doc.Mono(`.\300-sql-runner.ps1 -Number NNN`), doc.Plain("."))})
	var before [][]doc.Cell
	for _, team := range w.Request.Teams {
		for _, s := range team.Prepare {
			before = append(before, []doc.Cell{doc.Line("☐"), doc.Line(team.Name), doc.Line(s)})
		}
	}
	if len(before) > 0 {
		w.heading(2, "Before the start", "")
		w.add(doc.Table{Caption: "What must be there before the first step", Columns: []doc.Column{{Title: "Done", Width: 4}, {Title: "Team", Width: 9}, {Title: "What", Width: 35}}, Rows: before})
	}
	w.heading(2, "Turns", "")
	for i, one := range w.turns {
		w.heading(3, fmt.Sprintf("Turn %d: %s", i+1, one.team), "")
		var table [][]doc.Cell
		for _, r := range rows(one.steps) {
			what := doc.Cell{doc.Strong(r.title())}
			if text := r.text(changes); text != "" && !r.VerifyOnly {
				what = append(what, doc.Plain("Changes "+text))
			}
			if notes := r.notes(); len(notes) > 0 {
				what = append(what, doc.Plain(capital(strings.Join(notes, "; "))+"."))
			}
			table = append(table, []doc.Cell{doc.Line("☐ " + strconv.Itoa(r.Number)), what, doc.Line(r.where()), toRun(r)})
		}
		w.add(doc.Table{
			Caption: fmt.Sprintf("Steps of turn %d, %s", i+1, one.team),
			Columns: []doc.Column{{Title: "No.", Width: 4}, {Title: "Step", Width: 20}, {Title: "Where", Width: 8}, {Title: "Files to run", Width: 15}}, Rows: table,
		})
		if next := w.Request.HandOffs[i].Next; next != "" {
			w.add(doc.Paragraph{Text: doc.Join(doc.Plain("☐ "), doc.Strong("Hand over to: "+next+"."), doc.Plain(" Every step above is done and verified."))})
		}
	}
}

// scripts are the files of the kinds that the row's steps have, without the folders of the servers.
func scripts(r row, kinds ...string) doc.Cell {
	var out doc.Cell
	var seen []string
	for _, kind := range kinds {
		for _, s := range r.all {
			for _, list := range [][]runbook.Command{s.Look, s.Do, s.Check, s.Back} {
				for _, c := range list {
					for _, f := range c.Files {
						name := strings.TrimPrefix(f, s.Folder+"/")
						// A call of the runner may run files of other steps of the same number too.
						if c.Kind == kind && !slices.Contains(seen, name) && slices.Contains(files(s), f) {
							seen = append(seen, name)
							out = append(out, doc.Mono(name))
						}
					}
				}
			}
		}
	}
	return out
}

// toRun are the files with which a step is done, or looked at when there is nothing to do.
func toRun(r row) doc.Cell {
	if out := scripts(r, "preflight", "install", "tool"); out != nil {
		return out
	}
	if out := scripts(r, "verify"); out != nil {
		return out
	}
	return doc.Line("by hand: see the runbook")
}

func (w *writer) risks() {
	w.heading(1, "Risk and impact", "risk")
	s := w.Request.Risk.Suggestion
	w.add(doc.Paragraph{Text: doc.Join(doc.Strong("Suggested risk: "+s.Level+". "), doc.Plain(capital(s.Reason)+". The rule: high with a step that no script takes back, an unsupported plan or a waived finding; "+
		"moderate when users notice something or a server may have to be restarted; low otherwise. The change manager decides."))})
	w.heading(2, "While the change is made", "during")
	if len(w.Request.Risk.During) == 0 {
		w.say("No step names a downtime or a restart.")
	} else {
		var table [][]doc.Cell
		for _, d := range w.Request.Risk.During {
			table = append(table, []doc.Cell{doc.Line(d.Title), doc.Line(d.Where), doc.Line(d.text())})
		}
		w.add(doc.Table{Caption: "What is noticed while a step runs", Columns: []doc.Column{{Title: "Step", Width: 5}, {Title: "Where", Width: 3}, {Title: "What is noticed", Width: 6}}, Rows: table})
	}
	w.failures()
}

// failures is the analysis of the farm as it is after the change.
func (w *writer) failures() {
	risk := w.Request.Risk
	if len(risk.Parts) == 0 {
		return
	}
	w.heading(2, "When one part fails after the change", "fails")
	w.add(doc.Paragraph{Text: doc.Join(
		doc.Strong("auto"), doc.Plain(": away for moments, back without help. "), doc.Strong("degraded"), doc.Plain(": it serves, but not as planned. "),
		doc.Strong("manual"), doc.Plain(": away until somebody acts. "), doc.Strong("down"), doc.Plain(": away until what failed is repaired. A dash: users notice nothing. "+
			"change-request.json says for each what users notice, who does what, and why."))})
	services := w.Request.Services
	columns := []doc.Column{{Title: "When this fails", Width: 9}}
	for _, s := range services {
		columns = append(columns, doc.Column{Title: shortService(s.ID), Width: 4})
	}
	var table, data [][]doc.Cell
	for _, p := range risk.Parts {
		cells := []doc.Cell{doc.Line(p.Title)}
		lost := []string{}
		for _, s := range services {
			state := impact.Up
			for _, e := range p.Effect {
				if e.Service == s.ID {
					state = e.State
					if e.DataAtRisk != "" && !slices.Contains(lost, e.DataAtRisk) {
						lost = append(lost, e.DataAtRisk)
					}
				}
			}
			cells = append(cells, stateCell(state))
		}
		table = append(table, cells)
		if len(lost) > 0 {
			data = append(data, []doc.Cell{doc.Line(p.Title), doc.Line(strings.Join(lost, " "))})
		}
	}
	w.add(doc.Table{Caption: "What becomes of each service when one part fails", Columns: columns, Rows: table})
	if len(data) > 0 {
		w.add(doc.Table{Caption: "Data at risk", Columns: []doc.Column{{Title: "When this fails", Width: 2}, {Title: "Which data, and why", Width: 5}}, Rows: data})
	}
	if len(risk.Single) > 0 {
		w.heading(2, "Single points of failure", "")
		var list [][]doc.Cell
		for i, s := range risk.Single {
			var names []string
			for _, one := range s.Services {
				names = append(names, shortService(one))
			}
			if len(names) == len(services) {
				names = []string{"all"}
			}
			list = append(list, []doc.Cell{doc.Line(strconv.Itoa(i + 1)), doc.Line(s.Title), stateCell(s.Worst), doc.Line(strings.Join(names, ", ")), doc.Line(s.Remedy)})
		}
		w.add(doc.Table{
			Caption: "Parts whose failure alone takes a service away, the most urgent first",
			Columns: []doc.Column{{Title: "Rank", Width: 2}, {Title: "Part", Width: 6}, {Title: "Worst", Width: 3}, {Title: "Services", Width: 5}, {Title: "Cheapest remedy", Width: 9}}, Rows: list,
		})
	}
}

func shortService(s impact.Service) string {
	switch s {
	case impact.Escrow:
		return "Key escrow"
	case impact.Status:
		return "Status"
	case impact.Helpdesk:
		return "Help desk"
	case impact.Reports:
		return "Reports"
	case impact.SelfService:
		return "Self-service"
	case impact.Administration:
		return "Admin"
	}
	return string(s)
}

func stateCell(s impact.State) doc.Cell {
	switch s {
	case impact.Up:
		return doc.Line("–")
	case impact.Automatic:
		return doc.Line("auto")
	case impact.Manual, impact.Down:
		return doc.Cell{doc.Strong(s.String())}
	}
	return doc.Line(s.String())
}

func (w *writer) tests() {
	w.heading(1, "Test plan", "tests")
	w.say("Every check is run when its step is done, and all of them again at the end. A check changes nothing. It ends with exit code 0, or with 4 and what it expected and found; the result is left on the server for the record.")
	var table [][]doc.Cell
	for _, r := range w.checks() {
		table = append(table, []doc.Cell{doc.Line("☐ " + strconv.Itoa(r.Number)), doc.Line(r.title()), doc.Line(r.where()), doc.Line(expected(r)), scripts(r, "verify", "preflight")})
	}
	w.add(doc.Table{
		Caption: "Checks, in order",
		Columns: []doc.Column{{Title: "No.", Width: 4}, {Title: "Of step", Width: 9}, {Title: "Where", Width: 7}, {Title: "Expected", Width: 14}, {Title: "File", Width: 11}}, Rows: table,
	})
	if len(w.Request.Drills) > 0 {
		w.heading(2, "Drills, after the farm is in use", "")
		var drills [][]doc.Cell
		for _, d := range w.Request.Drills {
			drills = append(drills, []doc.Cell{doc.Line("☐ " + strconv.Itoa(d.Number)), doc.Line(d.Title), doc.Line(d.Where), doc.Line(d.Team)})
		}
		w.add(doc.Table{Caption: "Drills and maintenance", Columns: []doc.Column{{Title: "No.", Width: 3}, {Title: "What", Width: 12}, {Title: "Where", Width: 8}, {Title: "Team", Width: 6}}, Rows: drills})
	}
}

func (w *writer) backout() {
	w.heading(1, "Backout plan", "backout")
	for _, s := range backoutRules {
		w.say(s)
	}
	if w.Request.Backout.Repeated != "" {
		w.add(doc.Paragraph{Boxed: true, Text: doc.Plain(w.Request.Backout.Repeated)})
	}
	if len(w.noReturn) > 0 {
		var table [][]doc.Cell
		for _, r := range rows(w.noReturn) {
			table = append(table, []doc.Cell{doc.Line(strconv.Itoa(r.Number)), {doc.Strong(r.title())}, doc.Line(r.where()), doc.Line(r.text(undo))})
		}
		w.add(doc.Table{Caption: "Points of no return: no script takes these back", Columns: []doc.Column{{Title: "No.", Width: 3}, {Title: "Step", Width: 11}, {Title: "Where", Width: 6}, {Title: "Instead", Width: 15}}, Rows: table})
	}
	if len(w.back) == 0 {
		w.say("No step of this request has a rollback script.")
		return
	}
	var table [][]doc.Cell
	for _, r := range rows(w.back) {
		what := doc.Cell{doc.Strong(r.title())}
		if text := r.text(undo); text != "" {
			what = append(what, doc.Plain(text))
		}
		if text := r.text(leaves); text != "" {
			what = append(what, doc.Plain("Leaves behind: "+text))
		}
		table = append(table, []doc.Cell{doc.Line("☐ " + strconv.Itoa(r.Number)), what, doc.Line(r.where()), scripts(r, "rollback")})
	}
	w.add(doc.Table{
		Caption: "The way back, the last step first",
		Columns: []doc.Column{{Title: "No.", Width: 4}, {Title: "Take back", Width: 20}, {Title: "Where", Width: 8}, {Title: "File", Width: 15}}, Rows: table,
	})
}

func (w *writer) accepted() {
	w.heading(1, "Waivers and open findings", "waivers")
	r := w.Request
	if len(r.Waivers)+len(r.Warnings) == 0 {
		w.say("The plan was checked; nothing was found, and nothing is waived.")
		return
	}
	if len(r.Waivers) > 0 {
		var table [][]doc.Cell
		for _, v := range r.Waivers {
			what := doc.Cell{doc.Strong(v.Title)}
			for _, f := range v.Findings {
				what = append(what, doc.Plain(f))
			}
			table = append(table, []doc.Cell{{doc.Mono(v.Code)}, what, doc.Line(v.Reason), doc.Line(v.Who), doc.Line(v.Until)})
		}
		w.add(doc.Table{Caption: "Waivers: findings that somebody answers for", Columns: []doc.Column{{Title: "Rule", Width: 3}, {Title: "What was found", Width: 10}, {Title: "Why it is accepted", Width: 6}, {Title: "Who", Width: 4}, {Title: "Until", Width: 4}}, Rows: table})
	}
	if len(r.Warnings) > 0 {
		var table [][]doc.Cell
		for _, f := range r.Warnings {
			table = append(table, []doc.Cell{{doc.Mono(f.Code)}, doc.Line(f.Severity), doc.Line(f.Text), doc.Line(f.Fix)})
		}
		w.add(doc.Table{Caption: "Findings that nobody has waived", Columns: []doc.Column{{Title: "Rule", Width: 3}, {Title: "Severity", Width: 3}, {Title: "What was found", Width: 12}, {Title: "Fix", Width: 8}}, Rows: table})
	}
}

func (w *writer) evidence() {
	w.heading(1, "Evidence: what this rests on", "evidence")
	e := w.Request.Evidence
	w.add(doc.Paragraph{Boxed: true, Text: doc.Plain(e.NeverTried)})
	var grades []string
	for _, g := range []struct{ name, text string }{
		{"documented", "rest on a vendor's or standard's text"}, {"field", "rest on public scripts or threads at the weakest"}, {"inferred", "rest on a fact that no document states"},
	} {
		if n := e.Grades[g.name]; n > 0 {
			grades = append(grades, fmt.Sprintf("%s (%s): they %s", counted(n, "step"), g.name, g.text))
		}
	}
	w.list(grades)
	if len(e.Inferred) > 0 {
		var table [][]doc.Cell
		for _, i := range e.Inferred {
			table = append(table, []doc.Cell{doc.Line(numberList(i.Numbers)), doc.Line(i.Text)})
		}
		w.add(doc.Table{Caption: "Facts that no document states, and what proves them on your machines", Columns: []doc.Column{{Title: "No.", Width: 1}, {Title: "Fact; proof", Width: 8}}, Rows: table})
	}
	if len(e.Sources) > 0 {
		counts := map[string]int{}
		for _, s := range e.Sources {
			counts[s.Grade]++
		}
		w.say(fmt.Sprintf("The steps name %s: %d documented, %d from the field, %d our own reasoning. change-request.json and the runbook list them with their addresses; each script names its own in its header.",
			counted(len(e.Sources), "source"), counts["documented"], counts["field"], counts["inferred"]))
	}
}

func numberList(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}

func (w *writer) attachments() {
	w.heading(1, "Attachments", "attachments")
	w.add(doc.Paragraph{Text: doc.Join(doc.Plain("The folder "), doc.Mono(attachmentFolder), doc.Plain(" and the archive "), doc.Mono(zipName), doc.Plain(" hold every file, with the digests in "), doc.Mono(path.Base(sumsName)),
		doc.Plain(". A file that carries no secret has the same digest as the one that is run. Where mail or the tracker blocks scripts, keep them on a share and attach the list of digests: "+blank))})
	var folders []string
	count, redacted := map[string]int{}, map[string]int{}
	var list doc.List
	for _, a := range w.Request.Attachments {
		name := folderOf(a.Path, a.Server)
		if count[name] == 0 {
			folders = append(folders, name)
		}
		count[name]++
		if !a.Real {
			redacted[name]++
			list.Items = append(list.Items, doc.Mono(a.Path))
		}
	}
	slices.Sort(folders)
	var table [][]doc.Cell
	for _, name := range folders {
		table = append(table, []doc.Cell{{doc.Mono(name)}, doc.Line(strconv.Itoa(count[name])), doc.Line(strconv.Itoa(count[name] - redacted[name])), doc.Line(strconv.Itoa(redacted[name]))})
	}
	w.add(doc.Table{Caption: "Attached files", Columns: []doc.Column{{Title: "Folder", Width: 8}, {Title: "Files", Width: 2}, {Title: "Same digest as run", Width: 4}, {Title: "Redacted", Width: 3}}, Rows: table})
	if len(list.Items) > 0 {
		w.say("Redacted: these carry a secret, or what follows from one, when they are run. Here they hold placeholders, and their digests are those of the text with placeholders:")
		w.add(list)
	}
}

func (w *writer) approvals() {
	w.heading(1, "Approvals", "approvals")
	var table [][]doc.Cell
	for _, a := range w.Request.Approvals {
		table = append(table, []doc.Cell{doc.Line(capital(a.Role)), doc.Line(""), doc.Line("☐ yes   ☐ no"), doc.Line(""), doc.Line("")})
	}
	w.add(doc.Table{Caption: "To be filled in", Columns: []doc.Column{{Title: "Role", Width: 5}, {Title: "Name", Width: 5}, {Title: "Approved", Width: 4}, {Title: "Date", Width: 3}, {Title: "Signature", Width: 5}}, Rows: table})
	w.say("After the change: close code " + blank + ", record as executed (mbamplan report) attached ☐, servers compared (mbamplan compare) ☐.")
}

// changes says what is not as it was, by the folders that people know.
func (w *writer) changes() {
	c := w.Request.Changes
	w.heading(1, "What changed", "changes")
	w.add(doc.Paragraph{Text: doc.Join(doc.Plain("Compared with the output for the farm "), doc.Mono(c.Farm), doc.Plain(", made by mbamplan "+c.Tool+" from a topology with the SHA-256 "), doc.Mono(c.Topology),
		doc.Plain(". Every file and the difference stand "), doc.Link("at the end", "#details"), doc.Plain(", all of the difference in "), doc.Mono(diffName), doc.Plain("."))})
	var folders []string
	counts := map[string]map[string]int{}
	gone := false
	for _, f := range c.Files {
		name := folderOf(f.Path, f.Server)
		if counts[name] == nil {
			counts[name] = map[string]int{}
			folders = append(folders, name)
		}
		counts[name][f.What]++
		gone = gone || f.What == removed
	}
	slices.Sort(folders)
	var table [][]doc.Cell
	for _, name := range folders {
		table = append(table, []doc.Cell{{doc.Mono(name)}, doc.Line(strconv.Itoa(counts[name][added])), doc.Line(strconv.Itoa(counts[name][changed])), doc.Line(strconv.Itoa(counts[name][removed]))})
	}
	w.add(doc.Table{Caption: "Files that are not as they were", Columns: []doc.Column{{Title: "Folder", Width: 6}, {Title: "New", Width: 2}, {Title: "Changed", Width: 2}, {Title: "Removed", Width: 2}}, Rows: table})
	if gone {
		w.add(doc.Paragraph{Boxed: true, Text: doc.Plain("Files that are removed belong to steps which the plan no longer has, or has for other servers. Nothing in this request takes back what those steps did: their rollback files are in the former output only. Keep it.")})
	}
	if len(c.Uncompared) > 0 {
		w.say("Not compared, because the file that is run carries a secret or what follows from one, and the two outputs do not show the same of it. Their templates are the same:")
		var l doc.List
		for _, p := range c.Uncompared {
			l.Items = append(l.Items, doc.Mono(p))
		}
		w.add(l)
	}
}

// folderOf is the folder that a person gets: that of a server, or of a role for steps bound to none.
func folderOf(p, server string) string {
	top, rest, below := strings.Cut(p, "/")
	if !below {
		return "documents"
	}
	if server == "" {
		return top
	}
	second, _, _ := strings.Cut(rest, "/")
	return top + "/" + second
}

// details are every file that changed, and the difference.
func (w *writer) details() {
	c := w.Request.Changes
	w.heading(1, "What changed, in detail", "details")
	var table [][]doc.Cell
	for _, f := range c.Files {
		name := doc.Cell{doc.Mono(f.Path)}
		if f.Note != "" {
			name = append(name, doc.Plain(f.Note))
		}
		table = append(table, []doc.Cell{doc.Line(f.What), name, doc.Line(f.Step)})
	}
	w.add(doc.Table{Caption: "Every file that is not as it was", Columns: []doc.Column{{Title: "What", Width: 2}, {Title: "File", Width: 10}, {Title: "Step", Width: 5}}, Rows: table})
	lines := strings.Split(strings.TrimRight(c.Diff, "\n"), "\n")
	w.heading(2, "Difference", "")
	if len(lines) > maxDiffLines {
		w.add(doc.Paragraph{Text: doc.Join(doc.Plain(fmt.Sprintf("The first %d of %d lines; all of them are in ", maxDiffLines, len(lines))), doc.Mono(diffName), doc.Plain("."))})
		lines = lines[:maxDiffLines]
	}
	w.add(doc.Code{Text: strings.Join(lines, "\n")})
}
