// Package render turns a plan into a tree of files: it executes templates, puts frames and headers around scripts, and sets
// encodings and line ends. It knows nothing of where files go.
package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/runbook"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/pkg/weave"
)

// Options are what a rendering needs besides the plan.
type Options struct {
	Secrets  secrets.File // placeholders when Redacted
	Redacted bool
	Topology string // file name of the topology, for documents
	Waivers  check.Waivers
}

// Engine holds the parsed frames and libraries of a catalogue. It is safe for use by several goroutines once made.
type Engine struct {
	catalog *catalog.Catalog
	frames  *weave.Set
	library *library
	runs    runs
}

// note quotes a text for a comment of a language.
func note(l quote.Language, text string) (string, error) {
	if l == quote.LangSQL {
		return quote.SQLNote(text)
	}
	return quote.PSNote(text)
}

// New reads frames and the PowerShell library from the catalogue's files.
func New(c *catalog.Catalog, files fs.FS) (*Engine, error) {
	e := &Engine{catalog: c, runs: &pool{}}
	if err := e.readFrames(files); err != nil {
		return nil, fmt.Errorf("read script frames: %w", err)
	}
	var err error
	if e.library, err = readLibrary(files); err != nil {
		return nil, fmt.Errorf("read script library: %w", err)
	}
	return e, nil
}

func (e *Engine) readFrames(files fs.FS) error {
	e.frames = weave.NewSet(nil)
	list, err := fs.Glob(files, "_frame/*.tmpl")
	for _, p := range list {
		var data []byte
		if data, err = fs.ReadFile(files, p); err == nil {
			err = e.frames.Parse(path.Base(p), string(data))
		}
		if err != nil {
			return err
		}
	}
	return err
}

// Remember makes the engine keep the results of templates by what they read, for those who render many plans that are
// partly alike. Files of equal content then share memory.
func (e *Engine) Remember() {
	e.runs = &pool{memory: weave.NewMemory()}
}

// runs gives runs to goroutines and takes them back when their plan is done.
type runs interface {
	get() *weave.Run
	put(*weave.Run)
}

// pool keeps runs for the memory that they have grown to.
type pool struct {
	sync.Pool
	memory *weave.Memory
}

func (p *pool) get() *weave.Run {
	if r, ok := p.Get().(*weave.Run); ok {
		return r
	}
	return &weave.Run{Memory: p.memory}
}

func (p *pool) put(r *weave.Run) {
	r.Reset()
	p.Put(r)
}

// Dot is what a template sees: the plan's item with what a rendering adds.
type Dot struct {
	*plan.Item
	Plan    *plan.Plan
	Options Shown

	keys   secrets.File
	secret bool // the file may carry keys
}

// Shown are the options that every template may see.
type Shown struct {
	Redacted bool
	Topology string
}

func newDot(it *plan.Item, p *plan.Plan, o Options, secret bool) *Dot {
	return &Dot{Item: it, Plan: p, Options: Shown{Redacted: o.Redacted, Topology: o.Topology}, keys: o.Secrets, secret: secret}
}

var errNotSecret = errors.New("a key in a file that is not marked secret: list the artifact under secret: in step.yaml")

// Key returns the machine key of the farm, or placeholders in a redacted tree. It is an error to ask for it in a file
// that step.yaml does not list under secret.
func (d Dot) Key() (secrets.MachineKey, error) {
	if !d.secret {
		return secrets.MachineKey{}, errNotSecret
	}
	return d.keys.MachineKey, nil
}

// CompareKey returns the key under which nodes are compared, or a placeholder in a redacted tree; else it is as Key.
func (d Dot) CompareKey() (string, error) {
	if !d.secret {
		return "", errNotSecret
	}
	return d.keys.CompareKey, nil
}

// Fingerprint returns the fingerprint of the machine key for people, which any file may carry.
func (d Dot) Fingerprint() string { return d.keys.Fingerprint() }

// FullFingerprint returns the fingerprint of the machine key as scripts compare it.
func (d Dot) FullFingerprint() string { return d.keys.FullFingerprint() }

// Tree renders every file of the plan. Findings are about templates, with their place.
func (e *Engine) Tree(p *plan.Plan, o Options) (*artifact.Tree, diag.List, error) {
	type job struct {
		item     *plan.Item
		artifact *catalog.Artifact
		file     *artifact.File
		entry    runbook.File
		found    diag.List
		err      error
	}
	var jobs []*job
	for _, it := range p.Items {
		for _, a := range it.Step.Artifacts {
			jobs = append(jobs, &job{item: it, artifact: a})
		}
	}
	// Files are rendered side by side and collected in the order of the plan.
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		wait.Go(func() {
			run := e.runs.get()
			defer e.runs.put(run)
			for i := next.Add(1) - 1; i < int64(len(jobs)); i = next.Add(1) - 1 {
				j := jobs[i]
				j.file, j.found, j.err = e.file(run, p, j.item, j.artifact, o)
				if j.file != nil && j.err == nil {
					j.entry, j.err = e.entry(run, p, j.item, j.artifact, j.file, o)
				}
			}
		})
	}
	wait.Wait()
	t := &artifact.Tree{Steps: steps(p)}
	var found diag.List
	var entries []runbook.File
	for _, j := range jobs {
		found = append(found, j.found...)
		if j.err != nil {
			return nil, found, j.err
		}
		if j.file == nil {
			continue
		}
		if err := t.Add(*j.file); err != nil {
			return nil, found, fmt.Errorf("step %s on %s: %w", j.item.Step.ID, j.item.Folder, err)
		}
		entries = append(entries, j.entry)
	}
	if len(found) > 0 {
		return nil, found, nil
	}
	more, err := e.documents(t, p, o, entries)
	return t, more, err
}

func (e *Engine) meta(it *plan.Item, a *catalog.Artifact, parsed *catalog.Parsed) artifact.Meta {
	origin := "built-in"
	if len(e.catalog.Own(a)) > 0 {
		origin = "overlay"
	}
	m := artifact.Meta{Kind: a.Kind, Template: a.Path, TemplateSHA256: parsed.SHA256, TemplateOrigin: origin}
	if it != nil {
		m.Step, m.Server, m.Role, m.Actor = it.Step.ID, it.Server(), it.Step.Role(), it.Step.Actor
		m.Order, m.Result = it.Order, recordName(it, a)
	} else {
		m.Kind = "document"
	}
	return m
}

// FileName is the path of an artifact below the output folder: <folder>/<kind>/<number>-<step>[.<subject>][.<name>].<ext>.
// Tools lie in the folder itself, so that the person who opens it sees them first.
func FileName(it *plan.Item, a *catalog.Artifact) string {
	name := fmt.Sprintf("%03d-%s", it.Step.Number, it.Step.Short())
	for _, part := range []string{slug(it.Subject), a.Name} {
		if part != "" {
			name += "." + part
		}
	}
	name += "." + a.Ext
	if a.Kind == "tool" {
		return it.Folder + "/" + name
	}
	return it.Folder + "/" + a.Kind + "/" + name
}

// resultName is the base name of result file and transcript, unique on a server.
func resultName(it *plan.Item, a *catalog.Artifact) string {
	name := strings.ReplaceAll(it.Step.ID, "/", ".")
	if it.Instance != nil && it.Instance.Folder() != it.Host.Name {
		name += "." + it.Instance.Folder()
	}
	for _, part := range []string{slug(it.Subject), a.Kind, a.Name} {
		if part != "" {
			name += "." + part
		}
	}
	return name
}

// recordName is the base name of the result file that a run of the file leaves, "" for a file that is no script. The runner of
// T-SQL files makes theirs out of the file's name, where a name of the artifact stands ahead of the kind.
func recordName(it *plan.Item, a *catalog.Artifact) string {
	switch {
	case a.Ext == "ps1":
		return resultName(it, a)
	case a.Ext == "sql" && a.Name != "":
		return strings.TrimSuffix(resultName(it, a), a.Kind+"."+a.Name) + a.Name + "." + a.Kind
	case a.Ext == "sql":
		return resultName(it, a)
	}
	return ""
}

// steps lists the plan for the manifest.
func steps(p *plan.Plan) []artifact.PlannedStep {
	out := make([]artifact.PlannedStep, 0, len(p.Items))
	for _, it := range p.Items {
		s := artifact.PlannedStep{
			Order: it.Order, Number: it.Step.Number, Step: it.Step.ID, Title: it.Title, Actor: it.Step.Actor, Server: it.Server(), Subject: it.Subject,
			Hosts: append([]string{}, it.HostNames()...), After: []int{},
		}
		switch {
		case it.Web != nil:
			s.Group = it.Web.Name
		case it.Placement != nil:
			s.Group = it.Placement.Name
		}
		for _, before := range it.After {
			s.After = append(s.After, before.Order)
		}
		slices.Sort(s.After)
		s.After = slices.Compact(s.After)
		out = append(out, s)
	}
	return out
}

// slug keeps what every file system and every shell takes as it is.
func slug(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		default:
			return '-'
		}
	}, s)
}

// file renders one artifact; nil when the template renders to nothing, which is how an artifact leaves itself out.
func (e *Engine) file(r *weave.Run, p *plan.Plan, it *plan.Item, a *catalog.Artifact, o Options) (*artifact.File, diag.List, error) {
	if it.VerifyOnly && catalog.Builds(a.Kind) {
		return nil, nil, nil
	}
	parsed, found := e.catalog.Parse(a)
	if len(found) > 0 {
		return nil, found, nil
	}
	defer r.Release(r.Mark())
	dot := newDot(it, p, o, a.Secret)
	name := FileName(it, a)
	w := writing{e, r, a, parsed, factsOf(it, a, path.Base(name)), dot}
	type key struct {
		*catalog.Artifact
		facts
	}
	var stopped error
	text, err := r.Remembered(key{a, w.facts}, []any{dot, it}, func() ([]byte, error) {
		body, err := parsed.Body(r, dot)
		if err != nil {
			stopped = err
			return nil, err
		}
		text, err := w.around(body)
		if err != nil || len(text) == 0 {
			return nil, err
		}
		sum := sha256.Sum256(text)
		return hex.AppendEncode(text, sum[:]), nil // a file is remembered with its digest
	})
	switch {
	case stopped != nil:
		return nil, diag.List{executionError(a, stopped)}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("render %s for %s: %w", a.Path, it.Folder, err)
	case len(text) == 0:
		return nil, nil, nil
	}
	end := len(text) - 2*sha256.Size
	return &artifact.File{Path: name, Data: text[:end:end], SHA256: string(text[end:]), Secret: a.Secret, Meta: e.meta(it, a, parsed)}, nil, nil
}

// writing is the making of one file. What it needs of the item beside what templates read are the facts; nothing else may
// reach the file, as files of equal facts whose templates read the same are one for those who remember.
type writing struct {
	*Engine
	run      *weave.Run
	artifact *catalog.Artifact
	parsed   *catalog.Parsed
	facts    facts
	dot      *Dot
}

// facts is what frame and header say without asking a template.
type facts struct {
	file, result                  string
	title, downtime, stamp, where string
	instance                      string // "" without one
	hosts                         string // that may run it, one a line; "" for a step bound to no server
	farmHosts                     string // that may not, for such a step
}

func factsOf(it *plan.Item, a *catalog.Artifact, file string) facts {
	f := facts{
		file: file, result: resultName(it, a), title: it.Title, downtime: it.Downtime, stamp: it.Farm.Stamp(), where: where(it, a.Kind),
	}
	if it.Instance != nil {
		f.instance = it.Instance.Name
	}
	if it.Bound() {
		f.hosts = strings.Join(it.HostNames(), "\n")
	} else {
		f.farmHosts = strings.Join(it.Farm.HostNames(), "\n")
	}
	return f
}

// around returns the file around the body, as it is written; nothing for an empty body.
func (w *writing) around(body []byte) (text []byte, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	switch ext := w.artifact.Ext; ext {
	case "ps1":
		text, err = w.powerShell(body)
	case "sql":
		text, err = w.tsql(body)
	default:
		text, err = stamped(ext, append(body, '\n'), w.stamps(w.facts.stamp, w.artifact)...)
	}
	if err != nil {
		return nil, err
	}
	return encode(w.artifact.Ext, text), nil
}

func executionError(a *catalog.Artifact, err error) diag.Diagnostic {
	return diag.Diagnostic{Code: catalog.CodeTemplate, File: "templates/" + a.Path, Message: err.Error()}
}

// encode sets line ends and byte order mark: Windows files get CRLF; PowerShell and T-SQL a UTF-8 mark when they are not
// pure ASCII, because Windows PowerShell 5.1 and sqlcmd read a file without one in the ANSI code page.
func encode(ext string, text []byte) []byte {
	marked := (ext == "ps1" || ext == "sql") && !ascii(text)
	size := len(text) + 2*sha256.Size // with room for a digest
	if marked {
		size += len(mark)
	}
	windows := false
	switch ext {
	case "ps1", "sql", "cmd", "inf", "dsh", "txt", "config":
		windows = true
		size += bytes.Count(text, []byte{'\n'})
	}
	out := make([]byte, 0, size)
	if marked {
		out = append(out, mark...)
	}
	for windows {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			break
		}
		out = append(out, text[:i]...)
		out = append(out, "\r\n"...)
		text = text[i+1:]
	}
	return append(out, text...)
}

// mark is the byte order mark of UTF-8.
const mark = "\ufeff"

func ascii(s []byte) bool {
	for ; len(s) >= 8; s = s[8:] {
		if binary.LittleEndian.Uint64(s)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, b := range s {
		if b >= 0x80 {
			return false
		}
	}
	return true
}

// frameData is what the frames of scripts are filled with. Every field is quoted already.
type frameData struct {
	Title     string
	Fields    []field
	Help      string
	Example   string // parameters that the call in the help needs, with a blank before them
	File      string
	ReadOnly  bool
	Preflight bool // runs with the rights that its reader has
	Params    string
	Step      string
	Kind      string
	Result    string
	Hosts     string
	FarmHosts string
	Library   string
	Body      weave.Text
	Instance  string
}

// field is a line of a header. The name is as wide as the longest is.
type field struct{ Name, Text string }

func (w *writing) powerShell(body []byte) ([]byte, error) {
	d := frameData{ReadOnly: catalog.ReadOnly(w.artifact.Kind), Preflight: w.artifact.Kind == "preflight", File: w.facts.file, Body: body}
	var err error
	set := func(to *string, f func(string) (string, error), v string) {
		if err == nil {
			*to, err = f(v)
		}
	}
	set(&d.Step, quote.PS, w.artifact.Step.ID)
	set(&d.Kind, quote.PS, w.artifact.Kind)
	set(&d.Result, quote.PS, w.facts.result)
	lines := func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		return quote.PSList(strings.Split(s, "\n"))
	}
	set(&d.Hosts, lines, w.facts.hosts)
	set(&d.FarmHosts, lines, w.facts.farmHosts)
	for block, to := range map[string]*string{"params": &d.Params, "help": &d.Help, "example": &d.Example} {
		if err == nil && w.parsed.Has(block) {
			*to, err = w.parsed.Text(w.run, block, w.dot)
			*to = strings.TrimRight(strings.Trim(*to, "\n"), ", \n")
		}
	}
	if d.Example != "" {
		d.Example = " " + d.Example
	}
	if d.Help != "" {
		d.Help = "\n" + d.Help
	}
	if err == nil {
		d.Title, d.Fields, err = w.header(quote.LangPowerShell)
	}
	if err != nil {
		return nil, err
	}
	d.Library = w.library.needed([]byte(d.Params), body)
	return w.frames.Assemble(w.run, "script.ps1.tmpl", &d)
}

// tsql puts the frame around a body. A block "variables" of the template names the sqlcmd variables that the file needs; the
// runner knows them by the header.
func (w *writing) tsql(body []byte) ([]byte, error) {
	if w.facts.instance == "" {
		return nil, fmt.Errorf("a T-SQL template needs a scope with an instance, not %q", w.artifact.Step.Scope)
	}
	d := frameData{Body: bytes.TrimSuffix(body, []byte("\nGO"))} // the frame ends the last batch itself
	var err error
	if d.Instance, err = quote.SQLString(w.facts.instance); err != nil {
		return nil, err
	}
	if d.Title, d.Fields, err = w.header(quote.LangSQL); err != nil {
		return nil, err
	}
	if w.parsed.Has("variables") {
		names, err := w.parsed.Text(w.run, "variables", w.dot)
		if err != nil {
			return nil, err
		}
		if names = strings.TrimSpace(names); names != "" {
			d.Fields = append(d.Fields, field{"Variables", names})
		}
	}
	return w.frames.Assemble(w.run, "script.sql.tmpl", &d)
}

// header returns title and fields of a script's header, quoted for a comment of its language.
func (w *writing) header(l quote.Language) (string, []field, error) {
	a, s := w.artifact, w.artifact.Step
	title, changes, undo := w.facts.title, s.Changes, s.Undo
	switch a.Kind {
	case "verify":
		title, changes, undo = "Verify: "+lower(w.facts.title), "nothing", "nothing to undo"
	case "preflight":
		title, changes, undo = "Preflight: "+lower(w.facts.title), "nothing", "nothing to undo"
	case "rollback":
		title, undo = "Take back: "+lower(w.facts.title), "run the install script of this step again"
		changes = s.Undo
		if s.Leaves != "" {
			changes += "; leaves behind: " + s.Leaves
		}
	}
	// Only texts of step.yaml hold expressions. A name that looks like one, as {{x}}, is a name.
	success, err := s.Success, error(nil)
	for _, text := range []*string{&changes, &undo, &success} {
		if *text, err = w.dot.Text(w.run, *text); err != nil {
			return "", nil, fmt.Errorf("step.yaml: %w", err)
		}
	}
	raw := make([]field, 0, 10+len(s.Sources)+len(s.Inferred))
	if stamp := w.facts.stamp; stamp != "" {
		raw = append(raw, field{"Support  ", stamp})
	}
	if len(w.catalog.Own(a)) > 0 {
		raw = append(raw, field{"Template ", notOurs})
	}
	raw = append(raw, field{"Step     ", s.ID + ", " + a.Kind + ", file number " + strconv.Itoa(s.Number)})
	raw = append(raw, field{"Run on   ", w.facts.where}, field{"Run by   ", s.Actor}, field{"Changes  ", orNothing(changes)}, field{"Undo     ", orNothing(undo)})
	if w.facts.downtime != "" && !catalog.ReadOnly(a.Kind) {
		raw = append(raw, field{"Downtime ", w.facts.downtime})
	}
	if success != "" && a.Kind != "rollback" {
		raw = append(raw, field{"Success  ", success})
	}
	for i, key := range s.Sources {
		src := w.catalog.Sources[key]
		text := "[" + src.Grade + "] " + src.Title
		if src.Section != "" {
			text += ": " + src.Section
		}
		name := "         "
		if i == 0 {
			name = "Sources  "
		}
		raw = append(raw, field{name, text})
	}
	for _, inf := range s.Inferred {
		text, err := w.dot.Text(w.run, inf.Fact+"; proved by: "+inf.Verified)
		if err != nil {
			return "", nil, fmt.Errorf("step.yaml: inferred: %w", err)
		}
		raw = append(raw, field{"Inferred ", text})
	}
	if a.Secret {
		raw = append(raw, field{"Secret   ", "this file carries a secret: never attach it to a ticket or mail"})
	}
	for i := range raw {
		if raw[i].Text, err = note(l, raw[i].Text); err != nil {
			return "", nil, err
		}
	}
	title, err = note(l, title)
	return strings.TrimSuffix(title, "."), raw, err
}

func where(it *plan.Item, kind string) string {
	rights := "elevated"
	if kind == "preflight" {
		rights = "with or without elevation: what you may not read is reported as not checked"
	}
	switch {
	case it.Host == nil && it.Farm.Domain.Management != "":
		return it.Farm.Domain.Management + " or another management computer, never a server of the farm; 64-bit, " + rights
	case it.Host == nil:
		return "a management computer of the domain, never a server of the farm; 64-bit, " + rights
	}
	var hosts []string
	for _, h := range it.Machines() {
		hosts = append(hosts, h.Name+" ("+h.FQDN+")")
	}
	text := strings.Join(hosts, " or ")
	if it.Instance != nil {
		return "instance " + it.Instance.Name + " on " + text
	}
	return text + ", 64-bit, " + rights
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func lower(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}
