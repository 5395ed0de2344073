// Package render turns a plan into a tree of files: it executes templates, puts frames and headers around scripts, and sets
// encodings and line ends. It knows nothing of where files go.
package render

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/template"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/runbook"
	"github.com/mbamplan/mbamplan/pkg/secrets"
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
	frames  *template.Template
	library map[string]*function // of PowerShell, by name
	names   []string             // sorted function names
	mu      sync.Mutex
	notes   map[note]string // quoted header texts; most headers share most of their lines
}

// function is one function of the PowerShell library.
type function struct {
	text  string
	calls map[string]bool // other functions of the library
}

// note is a text for a comment of a language.
type note struct {
	language quote.Language
	text     string
}

// note quotes a text for a comment.
func (e *Engine) note(l quote.Language, text string) (string, error) {
	key := note{l, text}
	e.mu.Lock()
	quoted, ok := e.notes[key]
	e.mu.Unlock()
	if ok {
		return quoted, nil
	}
	f := quote.PSNote
	if l == quote.LangSQL {
		f = quote.SQLNote
	}
	quoted, err := f(text)
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	e.notes[key] = quoted
	e.mu.Unlock()
	return quoted, nil
}

// New reads frames and the PowerShell library from the catalogue's files.
func New(c *catalog.Catalog, files fs.FS) (*Engine, error) {
	e := &Engine{catalog: c, library: map[string]*function{}, notes: map[note]string{}}
	frames, err := template.New("frames").Option("missingkey=error").ParseFS(files, "_frame/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read script frames: %w", err)
	}
	e.frames = frames
	list, err := fs.Glob(files, "_lib/ps1/*.ps1")
	if err != nil {
		return nil, fmt.Errorf("read script library: %w", err)
	}
	for _, p := range list {
		data, err := fs.ReadFile(files, p)
		if err != nil {
			return nil, fmt.Errorf("read script library: %w", err)
		}
		name := strings.TrimSuffix(path.Base(p), ".ps1")
		e.library[name] = &function{text: strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") + "\n"}
		e.names = append(e.names, name)
	}
	sort.Strings(e.names)
	for name, f := range e.library {
		f.calls = e.calls(f.text)
		delete(f.calls, name)
	}
	return e, nil
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

func newDot(it *plan.Item, p *plan.Plan, o Options, secret bool) Dot {
	return Dot{Item: it, Plan: p, Options: Shown{Redacted: o.Redacted, Topology: o.Topology}, keys: o.Secrets, secret: secret}
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
			for i := next.Add(1) - 1; i < int64(len(jobs)); i = next.Add(1) - 1 {
				j := jobs[i]
				j.file, j.found, j.err = e.file(p, j.item, j.artifact, o)
			}
		})
	}
	wait.Wait()
	t := &artifact.Tree{}
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
		entry, err := e.entry(p, j.item, j.artifact, j.file, o)
		if err != nil {
			return nil, found, err
		}
		entries = append(entries, entry)
	}
	if len(found) > 0 {
		return nil, found, nil
	}
	more, err := e.documents(t, p, o, entries)
	return t, more, err
}

func (e *Engine) parse(a *catalog.Artifact) (*catalog.Parsed, diag.List) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.catalog.Parse(a)
}

func (e *Engine) meta(it *plan.Item, a *catalog.Artifact) artifact.Meta {
	origin := "built-in"
	if len(e.catalog.Own(a)) > 0 {
		origin = "overlay"
	}
	m := artifact.Meta{Kind: a.Kind, Template: a.Path, TemplateSHA256: a.SHA256, TemplateOrigin: origin}
	if it != nil {
		m.Step, m.Server, m.Role, m.Actor = it.Step.ID, it.Server(), it.Step.Role(), it.Step.Actor
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
func (e *Engine) file(p *plan.Plan, it *plan.Item, a *catalog.Artifact, o Options) (*artifact.File, diag.List, error) {
	if it.VerifyOnly && catalog.Builds(a.Kind) {
		return nil, nil, nil
	}
	parsed, found := e.parse(a)
	if len(found) > 0 {
		return nil, found, nil
	}
	dot := newDot(it, p, o, a.Secret)
	body, err := parsed.Execute("", dot)
	if err != nil {
		return nil, diag.List{executionError(a, err)}, nil
	}
	if strings.TrimSpace(body) == "" {
		return nil, nil, nil
	}
	text := strings.Trim(body, "\n") + "\n"
	switch a.Ext {
	case "ps1":
		text, err = e.powerShell(it, a, parsed, dot, body)
	case "sql":
		text, err = e.tsql(it, a, parsed, dot, body)
	default:
		text, err = stamped(a.Ext, text, e.stamps(it.Farm.Stamp(), a)...)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("render %s for %s: %w", a.Path, it.Folder, err)
	}
	return &artifact.File{Path: FileName(it, a), Data: encode(a.Ext, text), Secret: a.Secret, Meta: e.meta(it, a)}, nil, nil
}

func executionError(a *catalog.Artifact, err error) diag.Diagnostic {
	return diag.Diagnostic{Code: catalog.CodeTemplate, File: "templates/" + a.Path, Message: err.Error()}
}

// encode sets line ends and byte order mark: Windows files get CRLF; PowerShell and T-SQL a UTF-8 mark when they are not
// pure ASCII, because Windows PowerShell 5.1 and sqlcmd read a file without one in the ANSI code page.
func encode(ext, text string) []byte {
	switch ext {
	case "ps1", "sql", "cmd", "inf", "dsh", "txt", "config":
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if (ext == "ps1" || ext == "sql") && !ascii(text) {
		text = "\ufeff" + text
	}
	return []byte(text)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
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
	Params    string
	Step      string
	Kind      string
	Result    string
	Hosts     string
	FarmHosts string
	Library   string
	Body      string
	Instance  string
}

type field struct{ Name, Text string }

func (e *Engine) powerShell(it *plan.Item, a *catalog.Artifact, parsed *catalog.Parsed, dot Dot, body string) (string, error) {
	d := frameData{ReadOnly: catalog.ReadOnly(a.Kind), File: path.Base(FileName(it, a)), Body: strings.Trim(body, "\n")}
	var err error
	set := func(to *string, f func(string) (string, error), v string) {
		if err == nil {
			*to, err = f(v)
		}
	}
	set(&d.Step, quote.PS, it.Step.ID)
	set(&d.Kind, quote.PS, a.Kind)
	set(&d.Result, quote.PS, resultName(it, a))
	if err == nil && it.Bound() {
		d.Hosts, err = quote.PSList(it.HostNames())
	}
	if err == nil {
		d.FarmHosts, err = quote.PSList(it.Farm.HostNames())
	}
	for block, to := range map[string]*string{"params": &d.Params, "help": &d.Help, "example": &d.Example} {
		if err == nil && parsed.Has(block) {
			*to, err = parsed.Execute(block, dot)
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
		d.Title, d.Fields, err = e.header(it, a, quote.LangPowerShell)
	}
	if err != nil {
		return "", err
	}
	d.Library = e.functions(d.Params + "\n" + d.Body)
	return e.frame("script.ps1.tmpl", d)
}

// tsql puts the frame around a body. A block "variables" of the template names the sqlcmd variables that the file needs; the
// runner knows them by the header.
func (e *Engine) tsql(it *plan.Item, a *catalog.Artifact, parsed *catalog.Parsed, dot Dot, body string) (string, error) {
	if it.Instance == nil {
		return "", fmt.Errorf("a T-SQL template needs a scope with an instance, not %q", it.Step.Scope)
	}
	d := frameData{Body: strings.TrimSuffix(strings.Trim(body, "\n"), "\nGO")} // the frame ends the last batch itself
	var err error
	if d.Instance, err = quote.SQLString(it.Instance.Name); err != nil {
		return "", err
	}
	if d.Title, d.Fields, err = e.header(it, a, quote.LangSQL); err != nil {
		return "", err
	}
	if parsed.Has("variables") {
		names, err := parsed.Execute("variables", dot)
		if err != nil {
			return "", err
		}
		if names = strings.TrimSpace(names); names != "" {
			d.Fields = append(d.Fields, field{"Variables", names})
		}
	}
	return e.frame("script.sql.tmpl", d)
}

func (e *Engine) frame(name string, d frameData) (string, error) {
	var b strings.Builder
	if err := e.frames.ExecuteTemplate(&b, name, d); err != nil {
		return "", err
	}
	return b.String(), nil
}

// functions returns the library functions that the text calls, and those that they call, in alphabetical order of a
// callee-before-caller walk: a function stands before its first use.
func (e *Engine) functions(text string) string {
	var out strings.Builder
	done := map[string]bool{}
	var add func(called map[string]bool)
	add = func(called map[string]bool) {
		for _, n := range e.names {
			if called[n] && !done[n] {
				done[n] = true
				add(e.library[n].calls)
				out.WriteString(e.library[n].text)
			}
		}
	}
	add(e.calls(text))
	return out.String()
}

// calls returns the names of library functions that occur in text as whole words.
func (e *Engine) calls(text string) map[string]bool {
	found := map[string]bool{}
	for i := 0; i < len(text); {
		if !wordByte(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && wordByte(text[i]) {
			i++
		}
		if _, ok := e.library[text[start:i]]; ok {
			found[text[start:i]] = true
		}
	}
	return found
}

func wordByte(b byte) bool {
	return b == '-' || b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// header returns title and fields of a script's header, quoted for a comment of its language.
func (e *Engine) header(it *plan.Item, a *catalog.Artifact, l quote.Language) (string, []field, error) {
	s := it.Step
	title, changes, undo := it.Title, s.Changes, s.Undo
	switch a.Kind {
	case "verify":
		title, changes, undo = "Verify: "+lower(it.Title), "nothing", "nothing to undo"
	case "preflight":
		title, changes, undo = "Preflight: "+lower(it.Title), "nothing", "nothing to undo"
	case "rollback":
		title, undo = "Take back: "+lower(it.Title), "run the install script of this step again"
		changes = s.Undo
		if s.Leaves != "" {
			changes += "; leaves behind: " + s.Leaves
		}
	}
	// Only texts of step.yaml hold expressions. A name that looks like one, as {{x}}, is a name.
	success, err := s.Success, error(nil)
	for _, text := range []*string{&changes, &undo, &success} {
		if *text, err = it.Text(*text); err != nil {
			return "", nil, fmt.Errorf("step.yaml: %w", err)
		}
	}
	var raw []field
	if stamp := it.Farm.Stamp(); stamp != "" {
		raw = append(raw, field{"Support", stamp})
	}
	if len(e.catalog.Own(a)) > 0 {
		raw = append(raw, field{"Template", notOurs})
	}
	raw = append(raw, field{"Step", s.ID + ", " + a.Kind + ", file number " + strconv.Itoa(s.Number)})
	raw = append(raw, field{"Run on", where(it)}, field{"Run by", s.Actor}, field{"Changes", orNothing(changes)}, field{"Undo", orNothing(undo)})
	if it.Downtime != "" && !catalog.ReadOnly(a.Kind) {
		raw = append(raw, field{"Downtime", it.Downtime})
	}
	if success != "" && a.Kind != "rollback" {
		raw = append(raw, field{"Success", success})
	}
	for i, key := range s.Sources {
		src := e.catalog.Sources[key]
		text := "[" + src.Grade + "] " + src.Title
		if src.Section != "" {
			text += ": " + src.Section
		}
		name := ""
		if i == 0 {
			name = "Sources"
		}
		raw = append(raw, field{name, text})
	}
	for _, inf := range s.Inferred {
		text, err := it.Text(inf.Fact + "; proved by: " + inf.Verified)
		if err != nil {
			return "", nil, fmt.Errorf("step.yaml: inferred: %w", err)
		}
		raw = append(raw, field{"Inferred", text})
	}
	if a.Secret {
		raw = append(raw, field{"Secret", "this file carries a secret: never attach it to a ticket or mail"})
	}
	for i := range raw {
		if raw[i].Text, err = e.note(l, raw[i].Text); err != nil {
			return "", nil, err
		}
	}
	title, err = e.note(l, title)
	return strings.TrimSuffix(title, "."), raw, err
}

func where(it *plan.Item) string {
	switch {
	case it.Host == nil && it.Farm.Domain.Management != "":
		return it.Farm.Domain.Management + " or another management computer, never a server of the farm; 64-bit, elevated"
	case it.Host == nil:
		return "a management computer of the domain, never a server of the farm; 64-bit, elevated"
	}
	var hosts []string
	for _, h := range it.Machines() {
		hosts = append(hosts, h.Name+" ("+h.FQDN+")")
	}
	text := strings.Join(hosts, " or ")
	if it.Instance != nil {
		return "instance " + it.Instance.Name + " on " + text
	}
	return text + ", 64-bit, elevated"
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
