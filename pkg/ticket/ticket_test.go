package ticket_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/pkg/ticket"
)

func testKeys(t testing.TB) secrets.File {
	t.Helper()
	f, err := secrets.New(rand.NewChaCha8([32]byte{7}))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func exampleNames(t testing.TB) []string {
	t.Helper()
	list, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(list) == 0 {
		t.Fatal(err, list)
	}
	return list
}

func example(t testing.TB, name string) string {
	t.Helper()
	data, err := fs.ReadFile(examples.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func compiler(overlay fs.FS) *compile.Compiler {
	c, problems, err := compile.New(overlay)
	if err != nil || len(problems) > 0 {
		panic(fmt.Sprint(err, problems))
	}
	return c
}

var builtIn = sync.OnceValue(func() *compile.Compiler { return compiler(nil) })

// made is a ticket with what it was made from.
type made struct {
	ticket *ticket.Ticket
	about  artifact.About
	real   func(o render.Options) *artifact.Tree
}

func (m made) files(t testing.TB) map[string][]byte {
	t.Helper()
	out, err := m.ticket.Tree(m.about)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range out.Files() {
		files[f.Path] = f.Data
	}
	return files
}

// build makes the ticket of a topology. keys are nil where no secrets file is there; overlay and former may be nil.
func build(t testing.TB, text string, keys *secrets.File, overlay fs.FS, former *ticket.Former) made {
	t.Helper()
	loaded, f, found := compile.Topology("farm.yaml", []byte(text))
	found, waivers := check.Waive(loaded, found, time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))
	if f == nil || found.Errors() > 0 {
		t.Fatalf("%+v", found)
	}
	c := builtIn()
	if overlay != nil {
		c = compiler(overlay)
	}
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	var problems diag.List
	rendered := func(o render.Options) *artifact.Tree {
		o.Topology, o.Waivers = "farm.yaml", waivers
		tree, problems, err := c.Tree(p, o)
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		return tree
	}
	o := render.Options{Secrets: secrets.Redacted(), Topology: "farm.yaml", Waivers: waivers}
	if keys != nil {
		o.Secrets = secrets.Redact(*keys)
	}
	sum := sha256.Sum256([]byte(text))
	m := made{real: rendered, about: artifact.About{
		Tool: "test", Redacted: true, Unsupported: f.Stamp(), Topology: artifact.Topology{Name: f.Name, SHA256: hex.EncodeToString(sum[:])},
	}}
	m.ticket, problems, err = c.Ticket(p, compile.TicketInput{Loaded: loaded, Findings: found, Options: o, About: m.about, Former: former})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return m
}

// whole is the ticket of an example, with keys, made once for all tests.
type whole struct {
	made
	files map[string][]byte
}

var (
	wholes  = map[string]whole{}
	wholeMu sync.Mutex
)

func ticketOf(t testing.TB, name string) whole {
	t.Helper()
	wholeMu.Lock()
	defer wholeMu.Unlock()
	w, ok := wholes[name]
	if !ok {
		keys := testKeys(t)
		w.made = build(t, example(t, name), &keys, nil, nil)
		w.files = w.made.files(t)
		wholes[name] = w
	}
	return w
}

// TestNoKey searches every byte of every ticket for the keys that its placeholders stand for.
func TestNoKey(t *testing.T) {
	keys := testKeys(t)
	leaks := indexed(needles(t, keys))
	for _, name := range exampleNames(t) {
		m := ticketOf(t, name)
		files := m.files
		for p, data := range files {
			for _, found := range leaks.search(t, p, data) {
				t.Errorf("%s: %s", name, found)
			}
		}
		if name == examples.Default && !strings.Contains(string(files["attachments/web/WEB1/install/680-machine-key.machineKey.config"]), "REDACTED-VALIDATION-KEY-"+keys.Fingerprint()) {
			t.Errorf("%s: the placeholder does not name the fingerprint", name)
		}
	}
}

// TestDigestsAreThoseOfTheRealFiles renders with real keys and compares what the ticket says of each file.
func TestDigestsAreThoseOfTheRealFiles(t *testing.T) {
	keys := testKeys(t)
	for _, name := range exampleNames(t) {
		for what, known := range map[string]*secrets.File{"with a secrets file": &keys, "without": nil} {
			m := build(t, example(t, name), known, nil, nil)
			real := map[string]artifact.ManifestFile{}
			for _, f := range m.real(render.Options{Secrets: keys}).Manifest(m.about).Files {
				real[f.Path] = f
			}
			if len(m.ticket.Request.Attachments) != len(real) {
				t.Errorf("%s %s: %d attachments of %d files", name, what, len(m.ticket.Request.Attachments), len(real))
			}
			redacted := 0
			for _, a := range m.ticket.Request.Attachments {
				f := real[a.Path]
				if a.Real != (a.SHA256 == f.SHA256) {
					t.Errorf("%s %s: %s is said to be as run: %v", name, what, a.Path, a.Real)
				}
				if f.Secret && a.Real {
					t.Errorf("%s %s: the secret file %s is said to be as run", name, what, a.Path)
				}
				if !a.Real {
					redacted++
				}
				if known != nil && a.Real == f.Secret {
					t.Errorf("%s %s: %s: redacted without a secret in it", name, what, a.Path)
				}
			}
			if name == examples.Default && redacted == 0 {
				t.Errorf("%s %s: nothing is redacted", name, what)
			}
		}
	}
}

// TestSums reads SHA256SUMS as sha256sum does, and compares it with the files beside it.
func TestSums(t *testing.T) {
	files := build(t, example(t, examples.Default), nil, nil, nil).files(t)
	n, after, redacted := 0, false, 0
	for line := range strings.Lines(string(files[ticket.SumsName])) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			after = after || strings.Contains(line, "Redacted")
			continue
		}
		sum, p, ok := strings.Cut(line, "  ")
		got := sha256.Sum256(files[ticket.AttachmentFolder+p])
		if !ok || hex.EncodeToString(got[:]) != sum {
			t.Errorf("%q does not hold", line)
		}
		n++
		if after {
			redacted++
		}
	}
	attached := 0
	for p := range files {
		if strings.HasPrefix(p, ticket.AttachmentFolder) {
			attached++
		}
		if !ticket.Writes(p) {
			t.Errorf("a ticket does not write %s", p)
		}
	}
	if n != attached-1 || redacted != 9 {
		t.Errorf("%d lines for %d files, %d of them redacted", n, attached-1, redacted)
	}
}

func TestSameBytesTwice(t *testing.T) {
	for _, name := range exampleNames(t) {
		keys := testKeys(t)
		first, second := ticketOf(t, name).files, build(t, example(t, name), &keys, nil, nil).files(t)
		if len(first) != len(second) {
			t.Errorf("%s: %d files, then %d", name, len(first), len(second))
		}
		for p := range first {
			if !bytes.Equal(first[p], second[p]) {
				t.Errorf("%s: %s differs", name, p)
			}
		}
	}
}

// TestArchive holds the archive against the folder.
func TestArchive(t *testing.T) {
	files := ticketOf(t, examples.Default).files
	z, err := zip.NewReader(bytes.NewReader(files[ticket.ZipName]), int64(len(files[ticket.ZipName])))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != len(files) { // without itself, with a manifest
		t.Errorf("%d entries for %d files", len(z.File), len(files))
	}
	var names []string
	for _, f := range z.File {
		if !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) || len(f.Extra) > 0 {
			t.Errorf("%s has a time or an extra field", f.Name)
		}
		if f.Name == artifact.ManifestName {
			continue
		}
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(r); err != nil || !bytes.Equal(data, files[f.Name]) {
			t.Errorf("%s is another one in the archive, %v", f.Name, err)
		}
	}
	if !slices.IsSorted(names) {
		t.Error("the archive is not sorted")
	}
}

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile("../../docs/ticket.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("ticket.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("ticket.schema.json")
}

func validate(t testing.TB, s *jsonschema.Schema, name string, data []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err == nil {
		err = s.Validate(value)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestSchema validates change-request.json of every example, and holds that the schema refuses another form.
func TestSchema(t *testing.T) {
	s := schema(t)
	for _, name := range exampleNames(t) {
		data := ticketOf(t, name).files[ticket.JSONName]
		validate(t, s, name, data)
		for _, break_ := range [][2]string{{`"schema": 1`, `"schema": 2`}, {`"fileNumber": `, `"number": `}, {`"asRun": true`, `"asRun": "yes"`}} {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(string(data), break_[0], break_[1], 1)))
			if err != nil {
				t.Fatal(err)
			}
			if s.Validate(value) == nil {
				t.Errorf("%s: the schema takes %s", name, break_[1])
			}
		}
	}
}

// TestFields holds the planning texts within what trackers take.
func TestFields(t *testing.T) {
	for _, name := range exampleNames(t) {
		r := ticketOf(t, name).ticket.Request
		if n := utf8.RuneCountInString(r.Fields.ShortDescription); n == 0 || n > ticket.ShortLength {
			t.Errorf("%s: the short description has %d characters", name, n)
		}
		texts, err := json.Marshal(r.Fields)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]string
		if err := json.Unmarshal(texts, &fields); err != nil {
			t.Fatal(err)
		}
		for field, text := range fields {
			if text == "" {
				t.Errorf("%s: %s is empty", name, field)
			}
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if n := utf8.RuneCountInString(line); n > ticket.Column && field != "short_description" && strings.Contains(strings.TrimSpace(line[:ticket.Column]), " ") && len(strings.Fields(line)) > 2 {
					t.Errorf("%s: %s has a line of %d characters: %s", name, field, n, line)
				}
				if line != strings.TrimRight(line, " ") {
					t.Errorf("%s: %s has a line that ends in blanks: %q", name, field, line)
				}
			}
		}
	}
}

// TestContoso holds the ticket of the built-in example against what its plan is known to ask for.
func TestContoso(t *testing.T) {
	keys := testKeys(t)
	m := ticketOf(t, examples.Default)
	r := m.ticket.Request
	if want := "Build the MBAM 2.5 SP1 farm contoso-alwayson: 3 database servers, 1 report server, 2 web nodes, mbam.contoso.com"; r.Fields.ShortDescription != want {
		t.Errorf("summary %q", r.Fields.ShortDescription)
	}
	if first := r.HandOffs[0]; first.Team != "domain administrator" || first.Next != r.HandOffs[1].Team || !slices.Equal(first.Steps, []int{1, 2, 3, 4, 5, 6}) {
		t.Errorf("first turn %+v", first)
	}
	if last := r.HandOffs[len(r.HandOffs)-1]; last.Next != "" {
		t.Errorf("last turn %+v", last)
	}
	seen := 0
	for i, s := range r.Steps {
		if s.Order != i+1 {
			t.Errorf("step %d is the %dth", s.Order, i+1)
		}
		for _, before := range s.After {
			if before >= s.Order {
				t.Errorf("step %d comes after %d", s.Order, before)
			}
		}
	}
	for _, h := range r.HandOffs {
		seen += len(h.Steps)
	}
	if seen != len(r.Steps) {
		t.Errorf("the turns hold %d of %d steps", seen, len(r.Steps))
	}
	if r.Risk.Suggestion.Level != "high" || !strings.Contains(r.Risk.Suggestion.Reason, "cannot be taken back by a script") {
		t.Errorf("risk %+v", r.Risk.Suggestion)
	}
	if !slices.IsSortedFunc(r.Backout.Steps, func(a, b int) int { return r.Steps[b-1].Number - r.Steps[a-1].Number }) || len(r.Backout.Steps) < 40 {
		t.Errorf("the way back is not from the highest number down: %v", r.Backout.Steps)
	}
	if !strings.Contains(r.Fields.ImplementationPlan, "310  Open the ports of SQL Server in the Windows firewall: SQL1, SQL2, SQL3\n") {
		t.Errorf("the firewall step is not one line for three servers:\n%s", r.Fields.ImplementationPlan)
	}
	if r.KeyFingerprint != keys.Fingerprint() || len(r.Services) != 6 || len(r.Servers) != 6 || len(r.OwnTemplates) != 0 {
		t.Errorf("fingerprint %q, %d services, %d servers, own templates %v", r.KeyFingerprint, len(r.Services), len(r.Servers), r.OwnTemplates)
	}
	text := string(m.files["change-request.md"])
	for _, want := range []string{
		"Never tried on real servers", "Justification", "Affected services and servers", "Schedule and hand-offs", "Implementation plan", "Risk and impact", "Test plan", "Backout plan",
		"Waivers and open findings", "what this rests on", "Attachments", "Approvals", "Hand over to: PKI team.", "Points of no return",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q", want)
		}
	}
}

// TestExisting keeps apart what is built and what is only looked at, where one step does both.
func TestExisting(t *testing.T) {
	plan := ticketOf(t, "existing-to-alwayson.yaml").ticket.Request.Fields.ImplementationPlan
	for _, want := range []string{
		"205  Install the Windows features of the web node: WEB2 [may need a restart of the server]\n",
		"205  Install the Windows features of the web node: WEB1 [there already: only verified]\n",
		"215  Install MBAM's server software: RPT1, WEB1 [there already: only verified]\n",
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan lacks %q", want)
		}
	}
	if strings.Contains(plan, "WEB1, WEB2 [there already") || strings.Contains(plan, "WEB2, WEB1 [there already") {
		t.Error("what is installed on WEB2 is said to be there")
	}
	if t.Failed() {
		t.Log(plan)
	}
}

// TestMarks holds what must be said of a plan that is not like others.
func TestMarks(t *testing.T) {
	own := fstest.MapFS{
		"web/own/step.yaml":        {Data: []byte("number: 999\ntitle: Do our own\nactor: web administrator\nscope: node\nsources: [house]\nevidence: field\n")},
		"web/own/install.ps1.tmpl": {Data: []byte("    Write-Unchanged 'nothing'\n")},
		"sources.yaml":             {Data: []byte("sources:\n  house: {title: House rules, grade: field}\n")},
	}
	unsupported := strings.NewReplacer(
		"  media:", "  acceptUnsupported: true\n  media:", "edition: Standard", "edition: Enterprise", "  MBAMWEB: {", "  SQL2: {address: 10.20.0.12/24}\n  MBAMWEB: {",
		"  MBAMDB:\n\n", "  MBAMDB:\n  SQL2:\n\ncluster: {name: CLU1}\n",
		"databases: {kind: standalone, instance: MBAMDB}", `AG: {kind: availabilityGroup, replicas: [MBAMDB, SQL2], listener: {name: LSN, addresses: [10.20.0.50/24]}, backupShare: '\\fs1\seed'}`,
		"compliance: databases", "compliance: AG", "recovery: databases", "recovery: AG",
	).Replace(example(t, "mbam20-two-servers.yaml"))
	for _, c := range []struct {
		name, text string
		overlay    fs.FS
		everywhere []string // in every text of the ticket
	}{
		{"own templates", example(t, examples.Default), own, []string{"web/own/install.ps1.tmpl"}},
		{"durations", example(t, examples.Default) + "durations: {database/alwayson-feature: 25m}\n", nil, []string{"25 minutes"}},
		{"MBAM 2.0", unsupported, nil, []string{"UNSUPPORTED: MBAM 2.0 with an availability group", "no document supports the plan"}},
		{"waived", strings.Replace(waived, "WAIVERS", "waivers:\n  - {code: MBP1404, reason: tested in the lab, who: Jo Berg, until: \"2026-06-30\"}\n", 1), nil, []string{"Jo Berg", "tested in the lab", "2026-06-30"}},
	} {
		m := build(t, c.text, nil, c.overlay, nil)
		files := m.files(t)
		validate(t, schema(t), c.name, files[ticket.JSONName])
		for _, p := range []string{"change-request.md", "change-request.html", ticket.JSONName} {
			for _, want := range c.everywhere {
				if !bytes.Contains(files[p], []byte(want)) {
					t.Errorf("%s: %s has no %q", c.name, p, want)
				}
			}
		}
	}
}

const waived = `schema: 1
name: waived
mbam: {release: 2.5 SP1}
domain: {dns: contoso.com, netbios: CONTOSO}
accounts: {pool: svc-pool, reports: svc-ro}
groups: {advancedHelpdesk: A, helpdesk: B, reports: C}
hosts: {SQL1: "2019", WEB1: "2019"}
instances: {SQL1: {version: "2019", edition: Standard}}
placements: {db: {kind: standalone, instance: SQL1}}
databases: {compliance: db, recovery: db}
reports: {hosts: SQL1, version: "2019", edition: Standard}
web: {farms: [{host: mbam.contoso.com, nodes: [WEB1]}]}
WAIVERS`

func TestGeneralText(t *testing.T) {
	for _, c := range []struct{ text, name, want string }{
		{"features of WEB1: all", "WEB1", "features of X: all"},
		{"WEB1", "WEB1", "X"},
		{"WEB1 and WEB10, WEB1.contoso.com and WEB1. OLDWEB1", "WEB1", "X and WEB10, WEB1.contoso.com and X. OLDWEB1"},
		{`WEB1\NAMED, WEB1$ and WEB1-OLD`, "WEB1", `WEB1\NAMED, WEB1$ and WEB1-OLD`},
		{"nothing", "", "nothing"},
		{"äWEB1 WEB1ö (WEB1)", "WEB1", "äWEB1 WEB1ö (X)"},
	} {
		if got := ticket.ReplaceWord(c.text, c.name, "X"); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	var p ticket.Prose
	p.Line("110  ", strings.Repeat("word ", 30))
	p.Line("- ", strings.Repeat("x", 120)+" end")
	want := "110  " + strings.TrimSpace(strings.Repeat("word ", 19)) + "\n     " + strings.TrimSpace(strings.Repeat("word ", 11)) + "\n- " + strings.Repeat("x", 120) + "\n  end"
	if p.Text() != want {
		t.Errorf("got\n%s\nwant\n%s", p.Text(), want)
	}
	if got := ticket.Clip(strings.Repeat("ä", 200)); utf8.RuneCountInString(got) != ticket.ShortLength || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
}

// folder writes a tree as render or ticket do and returns where.
func folder(t testing.TB, tree *artifact.Tree, about artifact.About) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	if _, err := (artifact.Dir{Path: dir}).Write(t.Context(), tree, about); err != nil {
		t.Fatal(err)
	}
	return dir
}

func formerOf(t testing.TB, dir string) *ticket.Former {
	t.Helper()
	f, err := ticket.ReadFormer(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSince compares with each kind of former output: real, redacted, and a ticket; with the secrets file and without.
func TestSince(t *testing.T) {
	keys := testKeys(t)
	leaks := indexed(needles(t, keys))
	before := example(t, examples.Default)
	after := strings.NewReplacer("RPT1", "RPT9", "10.1.0.21/24", "10.1.0.29/24").Replace(before)
	for _, known := range []*secrets.File{&keys, nil} {
		old := build(t, before, known, nil, nil)
		realAbout, shown := old.about, render.Options{Secrets: secrets.Redacted(), Redacted: true}
		realAbout.Redacted, realAbout.SecretsFingerprint = false, keys.Fingerprint()
		if known != nil {
			shown.Secrets = secrets.Redact(keys)
		}
		ticketTree, err := old.ticket.Tree(old.about)
		if err != nil {
			t.Fatal(err)
		}
		for what, dir := range map[string]string{
			"a render":          folder(t, old.real(render.Options{Secrets: keys}), realAbout),
			"a redacted render": folder(t, old.real(shown), old.about),
			"a ticket":          folder(t, ticketTree, old.about),
		} {
			what = fmt.Sprintf("%s, keys known: %v", what, known != nil)
			former := formerOf(t, dir)
			same := build(t, before, known, nil, former).ticket.Request
			if same.Changes.Any() || same.Changes.Attached != 0 || len(same.Attachments) != 0 {
				t.Errorf("%s: nothing changed, and it says %+v", what, same.Changes.Files)
			}
			m := build(t, after, known, nil, former)
			c := m.ticket.Request.Changes
			kinds := map[string]map[string]int{"new": {}, "changed": {}, "removed": {}}
			for _, f := range c.Files {
				kinds[f.What][f.Server]++
			}
			if kinds["new"]["RPT9"] == 0 || kinds["removed"]["RPT1"] != kinds["new"]["RPT9"] || kinds["new"]["RPT1"]+kinds["removed"]["RPT9"] > 0 || kinds["changed"]["WEB1"] == 0 {
				t.Errorf("%s: %v", what, kinds)
			}
			if !strings.Contains(c.Diff, "RPT9") || !strings.Contains(c.Diff, "Only in the former output: reports/RPT1/") {
				t.Errorf("%s: the difference does not show it", what)
			}
			if len(m.ticket.Request.Attachments) != c.Attached || c.Attached+c.AsBefore != len(m.real(render.Options{Secrets: keys}).Files()) {
				t.Errorf("%s: %d attached, %d as before, %d files", what, c.Attached, c.AsBefore, len(m.real(render.Options{Secrets: keys}).Files()))
			}
			for _, s := range m.ticket.Request.Steps {
				if len(s.Files) == 0 {
					t.Errorf("%s: the step %d %s has no changed file", what, s.Number, s.Where)
				}
				if s.Number == 325 || s.Number == 720 {
					t.Errorf("%s: the step %d %s did not change", what, s.Number, s.Where)
				}
			}
			files := m.files(t)
			validate(t, schema(t), what, files[ticket.JSONName])
			if string(files[ticket.DiffName]) != c.Diff || !strings.Contains(string(files["change-request.md"]), "What changed") {
				t.Errorf("%s: the difference is missing", what)
			}
			for p, data := range files {
				for _, found := range leaks.search(t, p, data) {
					t.Errorf("%s: %s", what, found)
				}
			}
			part, err := m.ticket.Tree(m.about)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ticket.ReadFormer(folder(t, part, m.about)); err == nil || !strings.Contains(err.Error(), "holds only what had changed") {
				t.Errorf("%s: a part is taken for the whole: %v", what, err)
			}
		}
	}
}

// TestSinceOtherKeys shows a new machine key as a change of the files that carry it.
func TestSinceOtherKeys(t *testing.T) {
	keys := testKeys(t)
	other, err := secrets.New(rand.NewChaCha8([32]byte{8}))
	if err != nil {
		t.Fatal(err)
	}
	text := example(t, examples.Default)
	old := build(t, text, &keys, nil, nil)
	about := old.about
	about.Redacted, about.SecretsFingerprint = false, keys.Fingerprint()
	former := formerOf(t, folder(t, old.real(render.Options{Secrets: keys}), about))
	c := build(t, text, &other, nil, former).ticket.Request.Changes
	var paths []string
	for _, f := range c.Files {
		paths = append(paths, f.Path+" "+f.What)
	}
	want := []string{"START-HERE.html changed"} // it remembers ticks by the digests of scripts
	for _, node := range []string{"WEB1", "WEB2"} {
		want = append(want, "web/"+node+"/install/680-machine-key.machineKey.config changed", "web/"+node+"/verify/680-machine-key.compareKey.txt changed",
			"web/"+node+"/verify/680-machine-key.ps1 changed", "web/"+node+"/verify/690-node-check.ps1 changed")
	}
	if !slices.Equal(paths, want) {
		t.Errorf("%q", paths)
	}
	if strings.Contains(c.Diff, "REDACTED-VALIDATION-KEY") || !strings.Contains(c.Diff, "Secret file differs: web/WEB1/install/680-machine-key.machineKey.config") {
		t.Error("the difference of a secret file is shown, or it is not named")
	}
}

// TestSinceEdited does not take what somebody wrote into a former file for ours.
func TestSinceEdited(t *testing.T) {
	text := example(t, examples.Default)
	old := build(t, text, nil, nil, nil)
	dir := folder(t, old.real(render.Options{Secrets: secrets.Redacted(), Redacted: true}), old.about)
	edited, gone := "database/SQL1/install/325-endpoint.sql", "database/SQL2/install/325-endpoint.sql"
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(edited)), []byte("the words of another\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(gone))); err != nil {
		t.Fatal(err)
	}
	if c := build(t, text, nil, nil, formerOf(t, dir)).ticket.Request.Changes; c.Any() {
		t.Errorf("by the manifest nothing changed: %+v", c.Files)
	}
	c := build(t, strings.Replace(text, "    backupShare:", "    endpoint: {port: 5099}\n    backupShare:", 1), nil, nil, formerOf(t, dir)).ticket.Request.Changes
	notes := map[string]string{}
	for _, f := range c.Files {
		notes[f.Path] = f.Note
	}
	if !strings.Contains(notes[edited], "edited by hand") || !strings.Contains(notes[gone], "is gone") || notes["database/SQL3/install/325-endpoint.sql"] != "" || strings.Contains(c.Diff, "words of another") {
		t.Errorf("%q %q", notes[edited], notes[gone])
	}
}

func TestReadFormerRefuses(t *testing.T) {
	empty := t.TempDir()
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, artifact.ManifestName), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{empty: "no output folder of mbamplan", filepath.Join(empty, "none"): "no output folder", damaged: "cannot be used"} {
		if _, err := ticket.ReadFormer(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
}
