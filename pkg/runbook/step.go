package runbook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/weave"
)

// Root is the folder on a server below which commands find the files: the folder web/WEB1 of the output is copied to
// C:\mbamplan\web\WEB1.
const Root = `C:\mbamplan`

// Step is one item of the plan as people see it.
type Step struct {
	Item   *plan.Item
	Order  int    // in the plan: 1, 2, …
	Number int    // file number, the same on all servers
	ID     string // "web/machine-key"
	Team   string // "web administrator"
	Server string // server or instance, "" when bound to none
	Where  string // "WEB1", "SQL1 on N1 or N2", "the load balancer", "a management computer"
	Folder string // of its files: web/WEB1
	Title  string
	Part   string // tells steps of one title on one server apart, "" when there is one
	Key    string // of this step and its files, for what a browser remembers: changes when a file changes

	Look   []Command // preflight: changes nothing
	Do     []Command // install
	Check  []Command // verify
	Back   []Command // rollback
	Later  []Command // drills and maintenance
	Papers []string  // files to read or to have at hand, which are not run

	Changes, Success, Undo, Leaves string
	Downtime                       string            // what users notice, "" for nothing
	Restart                        string            // none, service, server
	Serial                         bool              // one server after another
	VerifyOnly                     bool              // the thing is there already and is only looked at
	Final                          bool              // point of no return: it changes something and no script takes it back; Undo says why
	Failures                       []catalog.Failure // what its errors mean and what to do, its expressions filled in
	Duration                       string            // "20 minutes" as the topology expects it, "" when it does not say
	Evidence                       string            // weakest grade it rests on: documented, field, inferred
	Inferred                       []string
	Sources                        []string // keys
	Waits                          []*Step  // that must be done before, whoever does them
}

// Command starts files of a step.
type Command struct {
	Kind  string   // of its files: install, verify …
	Text  string   // to be typed in an elevated Windows PowerShell, "" when the file is opened in another program
	Trial string   // the same with -WhatIf, which changes nothing; "" where there is no such thing
	Files []string // that it runs; T-SQL files of one number on one instance run together
	With  *Step    // an earlier step whose command runs these files already; nil when this is the first
	Open  string   // instance to which Management Studio is connected for a T-SQL file, "" for PowerShell
}

// runner is the step whose tool runs T-SQL files.
const runner = "database/sql-runner"

// steps makes the steps and their commands.
func (r *Runbook) steps(p *plan.Plan, files []File) error {
	byItem := map[*plan.Item][]File{}
	runners := map[string]string{} // folder → path of its runner
	batches := map[batch][]string{}
	for _, f := range files {
		byItem[f.Item] = append(byItem[f.Item], f)
		if f.Item.Step.ID == runner && f.Kind() == "tool" {
			runners[f.Item.Folder] = f.Path
		}
		if f.Artifact.Ext == "sql" {
			b := batch{f.Item.Folder, f.Kind(), f.Item.Step.Number}
			batches[b] = append(batches[b], f.Path)
		}
	}
	run := &weave.Run{}
	c := &commands{runners: runners, batches: batches, first: map[string]*Step{}}
	for _, it := range p.Items {
		list := byItem[it]
		if len(list) == 0 {
			continue
		}
		s, err := newStep(run, it)
		if err != nil {
			return err
		}
		r.ids[it] = s
		c.fill(s, list)
		s.Key = key(p.Farm.Name, s, list)
		for _, a := range it.After {
			if before := r.ids[a]; before != nil {
				s.Waits = append(s.Waits, before)
			}
		}
		s.Final = it.Step.Reversible == "no" && slices.ContainsFunc(list, func(f File) bool { return f.Kind() == "install" })
		if slices.ContainsFunc(list, func(f File) bool { return !f.Later() }) {
			r.Steps = append(r.Steps, s)
			if len(s.Check)+len(s.Look) > 0 {
				r.Verify = append(r.Verify, s)
			}
			if s.Final {
				r.NoReturn = append(r.NoReturn, s)
			}
		}
		if len(s.Later) > 0 || slices.ContainsFunc(list, File.Later) {
			r.Later = append(r.Later, s)
		}
	}
	for _, s := range slices.Backward(r.Steps) {
		if len(s.Back) > 0 {
			r.Backout = append(r.Backout, s)
		}
	}
	slices.SortStableFunc(r.Backout, func(a, b *Step) int { return b.Number - a.Number })
	return nil
}

func newStep(run *weave.Run, it *plan.Item) (*Step, error) {
	s := &Step{
		Item: it, Order: it.Order, Number: it.Step.Number, ID: it.Step.ID, Team: it.Step.Actor, Server: it.Server(), Where: where(it), Folder: it.Folder,
		Title: it.Title, Part: it.Subject, Downtime: it.Downtime, Restart: it.Restart, Serial: it.Step.Serial, VerifyOnly: it.VerifyOnly,
		Duration: spoken(it.Farm.Durations[it.Step.ID]),
		Evidence: it.Step.Evidence, Sources: it.Step.Sources,
		Changes: it.Step.Changes, Success: it.Step.Success, Undo: it.Step.Undo, Leaves: it.Step.Leaves,
	}
	for _, text := range []*string{&s.Changes, &s.Success, &s.Undo, &s.Leaves} {
		var err error
		if *text, err = it.Text(run, *text); err != nil {
			return nil, fmt.Errorf("step %s: step.yaml: %w", s.ID, err)
		}
	}
	for _, f := range it.Step.Failures {
		for _, text := range []*string{&f.Sign, &f.Cause, &f.Do} {
			var err error
			if *text, err = it.Text(run, *text); err != nil {
				return nil, fmt.Errorf("step %s: step.yaml: failures: %w", s.ID, err)
			}
		}
		s.Failures = append(s.Failures, f)
	}
	for _, i := range it.Step.Inferred {
		text, err := it.Text(run, i.Fact+"; proved by: "+i.Verified)
		if err != nil {
			return nil, fmt.Errorf("step %s: step.yaml: inferred: %w", s.ID, err)
		}
		s.Inferred = append(s.Inferred, text)
	}
	return s, nil
}

// spoken writes a duration for people: "1 hour 30 minutes".
func spoken(d string) string {
	if d == "" {
		return ""
	}
	hours, minutes, ok := strings.Cut(d, "h")
	if !ok {
		hours, minutes = "", d
	}
	var out []string
	for _, part := range []struct{ n, unit string }{{hours, "hour"}, {strings.TrimSuffix(minutes, "m"), "minute"}} {
		switch part.n {
		case "", "0":
		case "1":
			out = append(out, "1 "+part.unit)
		default:
			out = append(out, part.n+" "+part.unit+"s")
		}
	}
	return strings.Join(out, " ")
}

// where says on which machine a step is done.
func where(it *plan.Item) string {
	switch {
	case it.Host == nil && it.Step.Where != "":
		return it.Step.Where
	case it.Host == nil && it.Farm.Domain.Management != "":
		return it.Farm.Domain.Management + " or another management computer"
	case it.Host == nil:
		return "a management computer"
	case it.Instance != nil && (it.Instance.Clustered() || it.Instance.Folder() != it.Host.Name):
		var hosts []string
		for _, h := range it.Machines() {
			hosts = append(hosts, h.Name)
		}
		return it.Instance.Name + " on " + strings.Join(hosts, " or ")
	}
	return it.Host.Name
}

// batch are the T-SQL files that one call of a runner runs.
type batch struct {
	folder, kind string
	number       int
}

// commands makes the calls of files.
type commands struct {
	runners map[string]string
	batches map[batch][]string
	first   map[string]*Step // call of a runner → the step that shows it first
}

func (c *commands) fill(s *Step, files []File) {
	install := slices.ContainsFunc(files, func(f File) bool { return f.Kind() == "install" })
	for _, f := range files {
		var to *[]Command
		switch kind := f.Kind(); {
		case f.Later():
			to = &s.Later
		case kind == "preflight":
			to = &s.Look
		case kind == "verify":
			to = &s.Check
		case kind == "rollback":
			to = &s.Back
		case kind == "tool" && install:
			s.Papers = append(s.Papers, f.Path) // the install runs it or says when to
			continue
		default:
			to = &s.Do
		}
		switch f.Artifact.Ext {
		case "ps1":
			*to = append(*to, script(f))
		case "sql":
			*to = c.sql(s, f, *to)
		case "cmd":
			*to = append(*to, Command{Kind: f.Kind(), Text: "& " + literal(onServer(f.Path), true), Files: []string{f.Path}})
		default:
			s.Papers = append(s.Papers, f.Path)
		}
	}
}

const powershell = "powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File "

func script(f File) Command {
	c := Command{Kind: f.Kind(), Text: powershell + literal(onServer(f.Path), false), Files: []string{f.Path}}
	if f.Parameters != "" {
		c.Text += " " + f.Parameters
	}
	if !catalog.ReadOnly(c.Kind) {
		c.Trial = c.Text + " -WhatIf"
	}
	return c
}

// sql adds the call of the runner for a T-SQL file, unless the list has it already for another file of the same number.
func (c *commands) sql(s *Step, f File, list []Command) []Command {
	b := batch{s.Folder, f.Kind(), s.Number}
	tool, ok := c.runners[s.Folder]
	if !ok {
		open := ""
		if f.Item.Instance != nil {
			open = f.Item.Instance.Name
		}
		return append(list, Command{Kind: b.kind, Files: []string{f.Path}, Open: open})
	}
	text := powershell + literal(onServer(tool), false)
	if b.kind != "install" {
		text += " -Kind " + b.kind
	}
	text += fmt.Sprintf(" -Number %d", b.number)
	if slices.ContainsFunc(list, func(o Command) bool { return o.Text == text }) {
		return list
	}
	one := Command{Kind: b.kind, Text: text, Trial: text + " -WhatIf", Files: c.batches[b], With: c.first[text]}
	if c.first[text] == nil {
		c.first[text] = s
	}
	if f.Item.Instance != nil {
		one.Open = f.Item.Instance.Name
	}
	return append(list, one)
}

// onServer is where a file of the output lies on the machine that runs it.
func onServer(p string) string { return Root + `\` + strings.ReplaceAll(p, "/", `\`) }

// Example is the folder of a server of this plan, to show how folders are copied.
func (r *Runbook) Example() string {
	for _, s := range r.Steps {
		if s.Server != "" {
			return s.Folder
		}
	}
	return "directory"
}

// OnServer is where a folder of the output is copied to on the machine that it is for.
func (r *Runbook) OnServer(folder string) string { return onServer(folder) }

// plain reports whether every shell takes a path as it is.
func plain(p string) bool {
	for i := range len(p) {
		c := p[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(`:\._-`, c) >= 0) {
			return false
		}
	}
	return true
}

// literal writes a path for a Windows PowerShell prompt, as it is where every shell takes it.
func literal(p string, always bool) string {
	if plain(p) && !always {
		return p
	}
	quoted, err := quote.PS(p)
	if err != nil {
		return p // paths of the output hold nothing that PowerShell could not quote (artifact.Tree.Add)
	}
	return quoted
}

// key names a step with its files, so that a tick in a browser is forgotten when a file of the step changes.
func key(farm string, s *Step, files []File) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00", farm, s.ID, s.Folder, s.Part)
	for _, f := range files {
		fmt.Fprintf(h, "%s\x00%s\x00", f.Path, f.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Base is the file name of a path of the output.
func Base(p string) string { return path.Base(p) }

// sections cuts the order of work where it passes to another team.
func (r *Runbook) sections() {
	var last *Section
	for _, s := range r.Steps {
		if last == nil || last.Team != s.Team {
			if last != nil {
				last.Next = s.Team
			}
			last = &Section{Number: len(r.Sections) + 1, Team: s.Team}
			r.Sections = append(r.Sections, last)
		}
		last.Steps = append(last.Steps, s)
		if !slices.Contains(last.Servers, s.Where) {
			last.Servers = append(last.Servers, s.Where)
		}
	}
	for _, sec := range r.Sections {
		latest := map[string]*Step{}
		for _, s := range sec.Steps {
			for _, w := range s.Waits {
				if w.Team != sec.Team && (latest[w.Team] == nil || latest[w.Team].Order < w.Order) {
					latest[w.Team] = w
				}
			}
		}
		for _, w := range latest {
			sec.Waits = append(sec.Waits, w)
		}
		slices.SortFunc(sec.Waits, func(a, b *Step) int { return a.Order - b.Order })
		sec.Groups = Groups(sec.Steps)
		h := sha256.New()
		for _, s := range sec.Steps {
			h.Write([]byte(s.Key))
		}
		sec.Key = hex.EncodeToString(h.Sum(nil))[:16]
	}
}
