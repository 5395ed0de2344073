// Package catalog reads the step catalogue: folders with a step.yaml and templates, the shared frames and libraries, and
// the list of sources. It refuses a template in which a value could reach a script unquoted.
//
// It knows nothing of plans or output. The embedded catalogue is in folder templates/; a user's own folder may be laid
// over it: the same path overrides, a new path adds.
package catalog

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/weave"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// Codes of findings about the catalogue.
const (
	CodeBadStep     = "MBP0801" // step.yaml says something impossible
	CodeNeeds       = "MBP0802" // needs names a missing step, a later number, or a cycle
	CodeTemplate    = "MBP0803" // a template does not parse
	CodeUnquoted    = "MBP0804" // an action without a quoting function at its end
	CodeContext     = "MBP0805" // a quoting function in a place it does not fit
	CodeSource      = "MBP0806" // a source key that docs/sources.yaml lacks
	CodeUnknownFile = "MBP0807" // a file whose name says no kind or language
)

// Step is one folder of the catalogue.
type Step struct {
	ID string // "directory/service-principal-names"

	Number     int        `key:"number" req:"true" doc:"file number, the same farm-wide; higher than that of every step it needs"`
	Title      string     `key:"title" req:"true" is:"text" doc:"what it does, as an order"`
	Actor      string     `key:"actor" req:"true" enum:"domain administrator|database administrator|web administrator|report administrator|network team|PKI team|client administrator|backup administrator" doc:"who runs it"`
	Scope      string     `key:"scope" req:"true" enum:"once|host|instance|replica|group instance|secondary|pair|database|placement|group|listener|principal|mirror|witness|creator|setup server|report server|web farm|node|first node|other nodes" doc:"for what it is rendered"`
	Where      string     `key:"where" is:"text" doc:"for a step bound to no server: where it is done, when not on a management computer"`
	When       string     `key:"when" doc:"template expression; the step is rendered where it is true"`
	VerifyOnly string     `key:"verifyOnly" doc:"template expression; where it is true the thing exists already, and no install and rollback are rendered"`
	Releases   []string   `key:"releases" enum:"2.5 SP1|2.5|2.0" doc:"releases of MBAM that it is for; left out = 2.5 and 2.5 SP1"`
	Needs      []Need     `key:"needs" doc:"steps that come before"`
	Serial     bool       `key:"serial" doc:"one server after another, each finished before the next begins"`
	Restart    string     `key:"restart" enum:"none|service|server" def:"none" why:"most steps restart nothing" doc:"what it restarts"`
	Downtime   string     `key:"downtime" is:"text" doc:"what users notice; empty for nothing"`
	Reversible string     `key:"reversible" enum:"yes|no|nothing changed" def:"yes" why:"a step should have a way back" doc:"whether a rollback exists"`
	Changes    string     `key:"changes" is:"text" doc:"what the install changes; a template"`
	Undo       string     `key:"undo" is:"text" doc:"how it is taken back; a template"`
	Leaves     string     `key:"leaves" is:"text" doc:"what the rollback leaves behind; a template"`
	Success    string     `key:"success" is:"text" doc:"what one sees when it worked; a template"`
	Failures   []Failure  `key:"failures" doc:"how it fails, as far as the sources name it"`
	Sources    []string   `key:"sources" req:"true" doc:"keys of docs/sources.yaml"`
	Covers     []Cover    `key:"covers" doc:"rows of docs/coverage that a check of the step catches"`
	Evidence   string     `key:"evidence" req:"true" enum:"documented|field|inferred" doc:"the weakest grade that the step rests on"`
	Inferred   []Inferred `key:"inferred" doc:"what is inferred and how the machine proves it"`
	Secret     []string   `key:"secret" doc:"artifacts that carry a secret"`
	Decision   string     `key:"decision" is:"text" doc:"what was decided where the documents are silent or disagree"`

	Artifacts []*Artifact
	Overlay   bool // step.yaml comes from the user's folder
	file      string
}

// Need is one step that comes before.
type Need struct {
	_    struct{} `short:"step"`
	Step string   `key:"step" req:"true" doc:"the step"`
	At   string   `key:"at" enum:"all|same server" def:"all" why:"a step on another server may be part of the ground it stands on" doc:"on every server, or only on the same"`
}

// Cover says which check of a step catches rows of docs/coverage.
type Cover struct {
	Rows []string `key:"row" req:"true" doc:"identifiers of the rows"`
	By   string   `key:"by" req:"true" is:"text" doc:"kind of the artifact, a colon and a piece of the check's name or of the message that it stops with"`
}

// Failure is one way in which a step fails: what is seen, why, and what is done about it.
type Failure struct {
	Sign  string `key:"sign" req:"true" is:"text" doc:"what is seen: the message, number or event; a template"`
	Cause string `key:"cause" req:"true" is:"text" doc:"why; a template"`
	Do    string `key:"do" req:"true" is:"text" doc:"what to do, as an order; a template"`
}

// Inferred is a fact that no document states.
type Inferred struct {
	Fact     string `key:"fact" req:"true" is:"text" doc:"the fact"`
	Verified string `key:"verified" req:"true" is:"text" doc:"the check on the machine that proves it"`
}

// Role is the step's top folder.
func (s *Step) Role() string { role, _, _ := strings.Cut(s.ID, "/"); return role }

// Short is the step's name without its role.
func (s *Step) Short() string { _, name, _ := strings.Cut(s.ID, "/"); return name }

// For reports whether the step is for a release of MBAM. A step that names none is for the 2.5 releases: nothing of theirs
// may reach a 2.0 farm by oversight.
func (s *Step) For(release string) bool {
	if len(s.Releases) == 0 {
		return release != "2.0"
	}
	return slices.Contains(s.Releases, release)
}

// Roles are the top folders of the catalogue and of the output.
var Roles = []string{"directory", "database", "reports", "web", "balancer", "clients", "backup"}

func documentExt(ext string) bool { return ext == "md" || ext == "html" }

// Writes tells whether a render can write a file at this path of the output: below the folder of a role, or as a document.
// It bounds what a render takes for its own when it prunes.
func Writes(p string) bool {
	top, _, below := strings.Cut(p, "/")
	if below {
		return slices.Contains(Roles, top)
	}
	return documentExt(strings.TrimPrefix(path.Ext(p), "."))
}

// Has reports whether the step has an artifact of the kind.
func (s *Step) Has(kind string) bool {
	for _, a := range s.Artifacts {
		if a.Kind == kind {
			return true
		}
	}
	return false
}

// Artifact is one template of a step. Its file name is <kind>[.<name>].<ext>.tmpl.
type Artifact struct {
	Step     *Step
	Kind     string // preflight, install, verify, rollback, drill, maintenance, tool … (an open set)
	Name     string // "" for the main artifact of its kind
	Ext      string
	Language quote.Language
	Path     string // path of the template in the catalogue
	Overlay  bool
	Secret   bool

	once   sync.Once // guards the next two
	parsed *Parsed
	found  diag.List
}

// ReadOnly reports whether artifacts of the kind change nothing.
func ReadOnly(kind string) bool { return kind == "verify" || kind == "preflight" }

// Builds reports whether artifacts of the kind make a thing or take it back.
func Builds(kind string) bool { return kind == "install" || kind == "rollback" }

// Source is one entry of docs/sources.yaml.
type Source struct {
	Key     string `name:"true"`
	Title   string `key:"title" req:"true" is:"text" doc:"title of the document"`
	Section string `key:"section" is:"text" doc:"section in it"`
	URL     string `key:"url" is:"url" doc:"public address"`
	Grade   string `key:"grade" req:"true" enum:"documented|field|inferred" doc:"evidence grade"`
	Note    string `key:"note" is:"text" doc:"what we take from it, or where we differ and why"`
}

type sourceList struct {
	Sources []Source `key:"sources" req:"true"`
}

// Catalog is the whole catalogue.
type Catalog struct {
	Steps     []*Step // by number, then ID
	Sources   map[string]Source
	Documents map[string]*Artifact // by output name, as "START-HERE.html"

	files map[string]file

	parsing sync.Mutex
	bases   map[quote.Language]*weave.Set // libraries, parsed once

	layered bool // there is an overlay
}

type file struct {
	data    string
	from    fs.FS // where data is still to be read; nil when it is there
	overlay bool
}

// text returns what a file of the catalogue holds.
func (c *Catalog) text(p string) string {
	text, _ := c.summed(p)
	return text
}

// buffers are for files on their way into a string.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// summed returns what a file of the catalogue holds, and its digest in lower-case hex.
func (c *Catalog) summed(p string) (text, sum string) {
	f := c.files[p]
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if f.from == nil {
		b.WriteString(f.data)
	} else if err := readInto(b, f.from, p); err != nil {
		panic("catalog: a file of the index is gone: " + err.Error())
	}
	data := normal(b.Bytes())
	digest := sha256.Sum256(data)
	return string(data), hex.EncodeToString(digest[:])
}

func readInto(b *bytes.Buffer, files fs.FS, p string) error {
	f, err := files.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = b.ReadFrom(f)
	return err
}

// foreign tells which files of a folder are not part of the catalogue.
func foreign(p string) bool { return path.Ext(p) == ".go" || path.Base(p) == ".keep" }

// normal has line feeds only, whatever a checkout made of the file.
func normal(data []byte) []byte {
	if !bytes.Contains(data, []byte("\r\n")) {
		return data
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// Load reads the embedded catalogue and lays overlay over it; overlay may be nil. Findings about the embedded
// catalogue are defects of this program and never occur in a release; those about the overlay are the user's.
// Only the overlay's templates are parsed and inspected here, the embedded ones when they are first used; Inspect does all.
// Sources is the text of docs/sources.yaml; an overlay adds to it with a sources.yaml of its own.
func Load(embedded fs.FS, sources []byte, overlay fs.FS) (*Catalog, diag.List) {
	c := newCatalog()
	c.layered = overlay != nil
	var found diag.List
	if err := c.read(embedded, false); err != nil {
		found = append(found, diag.Diagnostic{Code: CodeBadStep, File: "templates", Message: err.Error()})
	}
	if overlay != nil {
		if err := c.read(overlay, true); err != nil {
			found = append(found, diag.Diagnostic{Code: CodeBadStep, File: "templates", Message: err.Error()})
		}
	}
	found = append(found, c.loadSources("docs/sources.yaml", sources)...)
	if own, ok := c.files["sources.yaml"]; ok {
		found = append(found, c.loadSources(display("sources.yaml"), []byte(own.data))...)
	}
	found = append(found, c.loadSteps()...)
	found = append(found, c.checkNeeds()...)
	if overlay != nil {
		found = append(found, c.Inspect(func(a *Artifact) bool { return a.Overlay || c.libOverlaid(a.Language) })...)
	}
	found.Sort()
	return c, found
}

func newCatalog() *Catalog {
	return &Catalog{Sources: map[string]Source{}, Documents: map[string]*Artifact{}, files: map[string]file{}, bases: map[quote.Language]*weave.Set{}}
}

func (c *Catalog) read(f fs.FS, overlay bool) error {
	return fs.WalkDir(f, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		if overlay {
			if err := regular(p, d.Type()); err != nil {
				return err
			}
		}
		if foreign(p) {
			return nil
		}
		data, err := fs.ReadFile(f, p)
		if err != nil {
			return err
		}
		c.files[p] = file{data: string(normal(data)), overlay: overlay}
		return nil
	})
}

// Lines returns the lines of a catalogue file, for findings.
func (c *Catalog) Lines(name string) []string {
	return strings.Split(c.text(strings.TrimPrefix(name, "templates/")), "\n")
}

func (c *Catalog) loadSources(name string, data []byte) diag.List {
	doc, found := yamlsrc.Parse(name, data)
	if doc.Root == nil {
		return found
	}
	var list sourceList
	_, more := decode.Into(doc, &list)
	for _, s := range list.Sources {
		c.Sources[s.Key] = s
	}
	return append(found, more...)
}

func display(p string) string { return "templates/" + p }

// folder is a folder of the catalogue with the names of its files, sorted.
type folder struct {
	name  string
	files []string
}

// folders lists the folders that hold files, sorted.
func (c *Catalog) folders() []folder {
	byName := map[string][]string{}
	for p := range c.files {
		dir := path.Dir(p)
		byName[dir] = append(byName[dir], path.Base(p))
	}
	out := make([]folder, 0, len(byName))
	for name, files := range byName {
		sort.Strings(files)
		out = append(out, folder{name, files})
	}
	slices.SortFunc(out, func(a, b folder) int { return strings.Compare(a.name, b.name) })
	return out
}

func (c *Catalog) loadSteps() diag.List {
	var found diag.List
	for _, f := range c.folders() {
		switch {
		case f.name == "_documents":
			found = append(found, c.loadDocuments(f.files)...)
		case strings.HasPrefix(f.name, "_") || f.name == ".":
		default:
			found = append(found, c.loadStep(f.name, f.files)...)
		}
	}
	c.sortSteps()
	return found
}

func (c *Catalog) sortSteps() {
	slices.SortStableFunc(c.Steps, func(a, b *Step) int { return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.ID, b.ID)) })
}

func (c *Catalog) loadDocuments(names []string) diag.List {
	var found diag.List
	for _, n := range names {
		a, problem := c.artifact(nil, "_documents", n)
		if problem != nil {
			found = append(found, *problem)
			continue
		}
		if !documentExt(a.Ext) {
			found = append(found, diag.Diagnostic{Code: CodeUnknownFile, File: display(a.Path), Message: "a document of the whole farm is .md or .html, found ." + a.Ext})
			continue
		}
		c.Documents[strings.TrimSuffix(n, ".tmpl")] = a
	}
	return found
}

func (c *Catalog) loadStep(dir string, names []string) diag.List {
	stepFile := dir + "/step.yaml"
	src, ok := c.files[stepFile]
	if !ok {
		return diag.List{{Code: CodeBadStep, File: display(dir), Message: "a step folder needs a step.yaml"}}
	}
	doc, found := yamlsrc.Parse(display(stepFile), []byte(src.data))
	if doc.Root == nil {
		return found
	}
	s := &Step{ID: dir, Overlay: src.overlay, file: display(stepFile)}
	origins, more := decode.Into(doc, s)
	found = append(found, more...)
	if !slices.Contains(Roles, s.Role()) {
		found = append(found, diag.Diagnostic{
			Code: CodeBadStep, File: s.file, Message: fmt.Sprintf("the role %q of step %q is none that mbamplan has a folder for", s.Role(), dir),
			Fix: "put the step below one of " + strings.Join(Roles, ", "),
		})
	}
	if strings.Count(dir, "/") != 1 {
		found = append(found, diag.Diagnostic{Code: CodeBadStep, File: s.file, Message: "a step folder is <role>/<name>, found " + dir})
	}
	for i, key := range s.Sources {
		if _, ok := c.Sources[key]; !ok {
			found = append(found, diag.Diagnostic{
				Code: CodeSource, File: s.file, Pos: origins.At(fmt.Sprintf("sources[%d]", i)),
				Message: fmt.Sprintf("source %q is not in sources.yaml", key),
			})
		}
	}
	if s.Evidence == "inferred" && len(s.Inferred) == 0 {
		found = append(found, diag.Diagnostic{
			Code: CodeBadStep, File: s.file, Pos: origins.At("evidence"),
			Message: "a step that rests on an inferred fact says which, and which check proves it",
			Fix:     "add inferred: with fact and verified",
		})
	}
	found = append(found, c.loadArtifacts(s, names)...)
	c.Steps = append(c.Steps, s)
	return found
}

func (c *Catalog) loadArtifacts(s *Step, names []string) diag.List {
	var found diag.List
	for _, n := range names {
		if n == "step.yaml" {
			continue
		}
		a, problem := c.artifact(s, s.ID, n)
		if problem != nil {
			found = append(found, *problem)
			continue
		}
		a.Secret = slices.Contains(s.Secret, strings.TrimSuffix(n, ".tmpl"))
		s.Artifacts = append(s.Artifacts, a)
	}
	slices.SortStableFunc(s.Artifacts, func(a, b *Artifact) int {
		return cmp.Or(cmp.Compare(kindRank(a.Kind), kindRank(b.Kind)), strings.Compare(a.Path, b.Path))
	})
	return found
}

// kindRank orders kinds as they are used; unknown ones come last, by name.
func kindRank(kind string) int {
	if i := slices.Index([]string{"preflight", "install", "verify", "rollback", "maintenance", "drill", "tool"}, kind); i >= 0 {
		return i
	}
	return 99
}

func (c *Catalog) artifact(s *Step, dir, name string) (*Artifact, *diag.Diagnostic) {
	p := dir + "/" + name
	base, ok := strings.CutSuffix(name, ".tmpl")
	parts := strings.Split(base, ".")
	if !ok || len(parts) < 2 {
		return nil, &diag.Diagnostic{
			Code: CodeUnknownFile, File: display(p),
			Message: fmt.Sprintf("file name %q is not <kind>[.<name>].<extension>.tmpl", name),
		}
	}
	ext := parts[len(parts)-1]
	lang, ok := languages[ext]
	if !ok {
		return nil, &diag.Diagnostic{
			Code: CodeUnknownFile, File: display(p),
			Message: fmt.Sprintf("extension %q has no quoting rules", ext),
			Fix:     "use one of " + strings.Join(extensions(), ", "),
		}
	}
	return &Artifact{
		Step: s, Kind: parts[0], Name: strings.Join(parts[1:len(parts)-1], "."), Ext: ext, Language: lang, Path: p, Overlay: c.files[p].overlay,
	}, nil
}

// languages maps file extensions to quoting rules.
var languages = map[string]quote.Language{
	"ps1": quote.LangPowerShell, "sql": quote.LangSQL, "xml": quote.LangXML, "config": quote.LangXML, "cfg": quote.LangHAProxy,
	"md": quote.LangMarkdown, "inf": quote.LangINF, "dsh": quote.LangDiskshadow, "cmd": quote.LangCmd, "txt": quote.LangText,
	"json": quote.LangJSON, "html": quote.LangHTML,
}

func extensions() []string {
	var out []string
	for e := range languages {
		out = append(out, e)
	}
	sort.Strings(out)
	return out
}

// Step returns the step of the ID, nil when there is none.
func (c *Catalog) Step(id string) *Step {
	for _, s := range c.Steps {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// checkNeeds refuses a missing step, and a need whose number is not lower: numbers are the order that people follow, so
// they must be a topological order of the needs. A cycle therefore shows as a number that is not lower.
func (c *Catalog) checkNeeds() diag.List {
	var found diag.List
	numbers := map[int]string{}
	for _, s := range c.Steps {
		if other, ok := numbers[s.Number]; ok {
			found = append(found, diag.Diagnostic{
				Code: CodeBadStep, File: s.file, Message: fmt.Sprintf("number %d of step %q is taken by %q", s.Number, s.ID, other),
				Fix: "take a free number; numbers name files and must be unique",
			})
		}
		numbers[s.Number] = s.ID
		for _, n := range s.Needs {
			switch needed := c.Step(n.Step); {
			case needed == nil:
				var ids []string
				for _, o := range c.Steps {
					ids = append(ids, o.ID)
				}
				fix := ""
				if near := diag.Suggest(n.Step, ids); near != "" {
					fix = fmt.Sprintf("did you mean %q?", near)
				}
				found = append(found, diag.Diagnostic{Code: CodeNeeds, File: s.file, Message: fmt.Sprintf("step %q needs %q, which does not exist", s.ID, n.Step), Fix: fix})
			case needed.Number >= s.Number:
				found = append(found, diag.Diagnostic{
					Code: CodeNeeds, File: s.file,
					Message: fmt.Sprintf("step %q (%d) needs %q (%d), whose number is not lower%s", s.ID, s.Number, n.Step, needed.Number, c.cycle(s)),
					Fix:     "give it a lower number, or drop the need",
				})
			}
		}
	}
	return found
}

// cycle names the steps of a cycle through s, or says nothing.
func (c *Catalog) cycle(s *Step) string {
	var trail []string
	seen := map[string]bool{}
	var walk func(id string) bool
	walk = func(id string) bool {
		if seen[id] {
			return false
		}
		seen[id] = true
		step := c.Step(id)
		if step == nil {
			return false
		}
		for _, n := range step.Needs {
			if n.Step == s.ID || walk(n.Step) {
				trail = append(trail, n.Step)
				return true
			}
		}
		return false
	}
	if !walk(s.ID) {
		return ""
	}
	slices.Reverse(trail)
	return "; they form a cycle: " + s.ID + " → " + strings.Join(trail, " → ")
}
