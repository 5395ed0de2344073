package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// schema is the version of the manifest's form.
const schema = 1

// About is what the manifest says of the whole render.
type About struct {
	Tool               string // version of mbamplan
	Topology           Topology
	Redacted           bool   // placeholders stand in place of secrets
	SecretsFingerprint string // of the machine key in the files; empty without one
	Unsupported        string // what of the plan no document supports, as it stands in every file; empty for a supported plan
}

// Topology names the input.
type Topology struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of the file's bytes, lower-case hex
}

// Manifest is manifest.json: every file of an output folder that mbamplan wrote, and its digest, by which a later run
// tells its own files from foreign and edited ones. The digest of a secret file stands there as of any other: it covers
// 96 random bytes of key at least, and nobody can guess those to compare.
type Manifest struct {
	Schema             int      `json:"schema"`
	Tool               string   `json:"tool"`
	Topology           Topology `json:"topology"`
	Redacted           bool     `json:"redacted"`
	SecretsFingerprint string   `json:"secretsFingerprint"`
	Unsupported        string   `json:"unsupported,omitempty"`
	// Steps are what is planned, in order. Manifests of before mbamplan report have none.
	Steps []PlannedStep  `json:"steps,omitempty"`
	Files []ManifestFile `json:"files"`
	// Stale are files of earlier renders that were left in place. They are no part of the plan; they are listed so that a
	// later run can still prune them.
	Stale []ManifestFile `json:"stale,omitempty"`
}

// ManifestFile is one file of a Manifest.
type ManifestFile struct {
	Path           string `json:"path"`
	SHA256         string `json:"sha256"`
	Size           int    `json:"size"`
	Step           string `json:"step"`
	Kind           string `json:"kind"`
	Server         string `json:"server"`
	Role           string `json:"role"`
	Actor          string `json:"actor"`
	Secret         bool   `json:"secret"`
	Template       string `json:"template"`
	TemplateSHA256 string `json:"templateSha256"`
	TemplateOrigin string `json:"templateOrigin"`
	Order          int    `json:"order,omitempty"`  // of its step; 0 for files of the whole farm
	Result         string `json:"result,omitempty"` // base name of the result file that a run leaves
}

// PlannedStep is one step on one server, as the plan orders it.
type PlannedStep struct {
	Order   int      `json:"order"` // 1, 2, …
	Number  int      `json:"number"`
	Step    string   `json:"step"`
	Title   string   `json:"title"`
	Actor   string   `json:"actor"`
	Server  string   `json:"server"`            // server or instance; empty for a step bound to none
	Subject string   `json:"subject,omitempty"` // tells steps of one server apart
	Group   string   `json:"group,omitempty"`   // web farm or placement
	Hosts   []string `json:"hosts"`             // NetBIOS and DNS names of the machines that may run it; empty: a management computer
	After   []int    `json:"after"`             // orders of the steps that it needs, ascending
}

func (s PlannedStep) equal(o PlannedStep) bool {
	return s.Order == o.Order && s.Number == o.Number && s.Step == o.Step && s.Title == o.Title && s.Actor == o.Actor && s.Server == o.Server &&
		s.Subject == o.Subject && s.Group == o.Group && slices.Equal(s.Hosts, o.Hosts) && slices.Equal(s.After, o.After)
}

// Manifest returns the manifest of the tree, sorted by path.
func (t *Tree) Manifest(about About) *Manifest {
	m := &Manifest{
		Schema: schema, Tool: about.Tool, Topology: about.Topology, Redacted: about.Redacted,
		SecretsFingerprint: about.SecretsFingerprint, Unsupported: about.Unsupported, Steps: t.Steps, Files: []ManifestFile{},
	}
	for _, f := range t.Files() {
		m.Files = append(m.Files, ManifestFile{
			Path: f.Path, SHA256: f.SHA256, Size: len(f.Data),
			Step: f.Meta.Step, Kind: f.Meta.Kind, Server: f.Meta.Server, Role: f.Meta.Role, Actor: f.Meta.Actor,
			Secret: f.Secret, Template: f.Meta.Template, TemplateSHA256: f.Meta.TemplateSHA256, TemplateOrigin: f.Meta.TemplateOrigin,
			Order: f.Meta.Order, Result: f.Meta.Result,
		})
	}
	return m
}

func (m *Manifest) equal(o *Manifest) bool {
	return m.Schema == o.Schema && m.Tool == o.Tool && m.Topology == o.Topology && m.Redacted == o.Redacted &&
		m.SecretsFingerprint == o.SecretsFingerprint && m.Unsupported == o.Unsupported && slices.EqualFunc(m.Steps, o.Steps, PlannedStep.equal) &&
		slices.Equal(m.Files, o.Files) && slices.Equal(m.Stale, o.Stale)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Encode returns the manifest as JSON: two blanks of indentation, line feeds, one at the end.
func (m *Manifest) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	return b.Bytes(), nil
}

// ReadManifest reads the manifest of the output folder dir. Without a manifest, or without the folder, it returns nil and
// no error. A damaged manifest is an error that says what to do: without it, nobody can tell whose the files are.
func ReadManifest(dir string) (*Manifest, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the output folder %s: %w", dir, err)
	}
	defer root.Close()
	return readManifest(root, nil)
}

// maxManifest bounds what is read; a manifest of 100,000 files has 50 MB.
const maxManifest = 256 << 20

func readManifest(root *os.Root, own func(string) bool) (*Manifest, error) {
	name := filepath.Join(root.Name(), ManifestName)
	info, err := root.Lstat(ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the manifest %s: %w", name, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxManifest {
		return nil, damaged(name, errors.New("it is not a file of reasonable size"))
	}
	data, err := root.ReadFile(ManifestName)
	if err != nil {
		return nil, fmt.Errorf("read the manifest %s: %w", name, err)
	}
	m, err := parseManifest(data, own)
	if err != nil {
		return nil, damaged(name, err)
	}
	return m, nil
}

func damaged(name string, err error) error {
	return fmt.Errorf("the manifest %s cannot be used: %w; restore it from your backup or version control, or render into another folder", name, err)
}

// parseManifest reads a manifest and refuses one whose paths could lead a run to files that are not its own.
func parseManifest(data []byte, own func(string) bool) (*Manifest, error) {
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("it is no JSON manifest: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind its end")
	}
	if m.Schema != schema {
		return nil, fmt.Errorf("its schema is %d, this version of mbamplan knows %d", m.Schema, schema)
	}
	for i, s := range m.Steps {
		if s.Order != i+1 {
			return nil, fmt.Errorf("its step %d has the order %d", i+1, s.Order)
		}
		for _, before := range s.After {
			if before < 1 || before > len(m.Steps) {
				return nil, fmt.Errorf("step %d needs a step %d that is not there", s.Order, before)
			}
		}
	}
	for _, f := range m.Files {
		if f.Order < 0 || f.Order > len(m.Steps) {
			return nil, fmt.Errorf("file %q is of a step %d that is not there", f.Path, f.Order)
		}
	}
	seen := map[string]bool{}
	for _, list := range [][]ManifestFile{m.Files, m.Stale} {
		for _, f := range list {
			if err := checkPath(f.Path); err != nil {
				return nil, fmt.Errorf("file %q: %w", f.Path, err)
			}
			folded := fold(f.Path)
			if own != nil && !own(f.Path) {
				return nil, fmt.Errorf("file %q lies where no render writes", f.Path)
			}
			if seen[folded] || folded == ManifestName {
				return nil, fmt.Errorf("file %q is listed twice or is mbamplan's own", f.Path)
			}
			seen[folded] = true
			if _, err := hex.DecodeString(f.SHA256); err != nil || len(f.SHA256) != sha256.Size*2 || f.Size < 0 {
				return nil, fmt.Errorf("file %q has no usable digest or size", f.Path)
			}
		}
	}
	return &m, nil
}
