package ticket

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/artifact"
)

// Former is an output folder of an earlier render or ticket, by its manifest. Nothing in it is changed, and no file of it
// that carries a secret is read.
type Former struct {
	dir      string
	manifest *artifact.Manifest
	prefix   string // what stands before the paths of the plan's files: attachmentFolder in a ticket
}

// ReadFormer reads the manifest of an output folder. A folder without one, or a ticket that holds only what had changed, is
// an error.
func ReadFormer(dir string) (*Former, error) {
	m, err := artifact.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fmt.Errorf("%s is no output folder of mbamplan: it has no %s", dir, artifact.ManifestName)
	}
	f := &Former{dir: dir, manifest: m}
	if !slices.ContainsFunc(m.Files, func(f artifact.ManifestFile) bool { return f.Path == jsonName }) {
		return f, nil
	}
	f.prefix = attachmentFolder
	text, err := f.read(jsonName)
	if err != nil {
		return nil, err
	}
	var request struct {
		Changes json.RawMessage `json:"changes"`
	}
	if err := json.Unmarshal(text, &request); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, jsonName), err)
	}
	if c := strings.TrimSpace(string(request.Changes)); c != "" && c != "null" {
		return nil, fmt.Errorf("%s holds only what had changed when it was made, not the whole plan", dir)
	}
	return f, nil
}

// Shown reports whether the folder is a render with --redact, whose documents say so.
func (f *Former) Shown() bool { return f.manifest.Redacted && f.prefix == "" }

// Name is the name of the farm that the folder was made for.
func (f *Former) Name() string { return f.manifest.Topology.Name }

// maxText bounds what is read of a file for a diff.
const maxText = 16 << 20

// read reads a plain file below the folder.
func (f *Former) read(p string) ([]byte, error) {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("open the former output: %w", err)
	}
	defer root.Close()
	name := filepath.Join(f.dir, filepath.FromSlash(p))
	info, err := root.Lstat(p)
	if err != nil {
		return nil, fmt.Errorf("read the former output: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxText {
		return nil, fmt.Errorf("read the former output: %s is not a file of reasonable size", name)
	}
	data, err := root.ReadFile(p)
	if err != nil {
		return nil, fmt.Errorf("read the former output: %w", err)
	}
	return data, nil
}

// The kinds of changes.
const (
	added      = "new"
	changed    = "changed"
	removed    = "removed"
	uncertain  = "not compared" // nobody can tell without the secret
	noDiffHere = "the file carries a secret: no difference is shown"
)

// Change is one file that is not as it was.
type Change struct {
	Path   string `json:"path"`
	What   string `json:"what"` // new, changed, removed
	Step   string `json:"step"`
	Kind   string `json:"kind"`
	Server string `json:"server"`
	Note   string `json:"note,omitempty"` // why no difference is shown
}

// Changes is what differs from a former output.
type Changes struct {
	Tool        string   `json:"tool"`           // version that made the former output
	Farm        string   `json:"farm"`           // name of the farm in it
	Topology    string   `json:"topologySha256"` // of its topology file
	Files       []Change `json:"files"`          // by path
	Uncompared  []string `json:"notCompared"`    // paths that cannot be compared without the secret
	Attached    int      `json:"attached"`       // files of this plan that are new or changed
	AsBefore    int      `json:"asBefore"`       // files of this plan that are as they were
	Diff        string   `json:"-"`              // unified diff of all files
	differences map[string]bool
}

// Any reports whether anything differs.
func (c *Changes) Any() bool { return len(c.Files) > 0 }

// Has reports whether a file of the plan is new or changed.
func (c *Changes) Has(p string) bool { return c.differences[p] }

// Compare compares a tree with the former output. The tree is rendered as the former output was, but for placeholders in place
// of keys; fingerprint is that of the farm's keys for people, "" when it is not known; keyed holds what depends on it then.
func (f *Former) Compare(t *artifact.Tree, keyed Keyed, fingerprint string) (*Changes, error) {
	c := &Changes{
		Tool: f.manifest.Tool, Farm: f.manifest.Topology.Name, Topology: f.manifest.Topology.SHA256,
		Files: []Change{}, Uncompared: []string{}, differences: map[string]bool{},
	}
	before := map[string]artifact.ManifestFile{}
	for _, m := range f.manifest.Files {
		if p, ok := strings.CutPrefix(m.Path, f.prefix); ok && p != path.Base(sumsName) {
			before[p] = m
		}
	}
	var diff strings.Builder
	files := t.Files()
	// Scripts first: the documents repeat what changed in them, in long lines.
	slices.SortStableFunc(files, func(a, b artifact.File) int { return cmp.Compare(documents(a), documents(b)) })
	for _, file := range files {
		old, known := before[file.Path]
		delete(before, file.Path)
		one := Change{Path: file.Path, What: added, Step: file.Meta.Step, Kind: file.Meta.Kind, Server: file.Meta.Server}
		if known {
			switch f.same(file, old, keyed, fingerprint) {
			case "":
				c.AsBefore++
				continue
			case uncertain:
				c.AsBefore++
				c.Uncompared = append(c.Uncompared, file.Path)
				continue
			}
			one.What = changed
		}
		c.Attached++
		c.differences[file.Path] = true
		if err := f.show(&diff, &one, &old, file.Data, file.Secret); err != nil {
			return nil, err
		}
		c.Files = append(c.Files, one)
	}
	for p, old := range before {
		c.Files = append(c.Files, Change{Path: p, What: removed, Step: old.Step, Kind: old.Kind, Server: old.Server})
	}
	slices.SortFunc(c.Files, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	for _, one := range c.Files {
		if one.What == removed {
			fmt.Fprintf(&diff, "Only in the former output: %s\n", one.Path)
		}
	}
	c.Diff = diff.String()
	return c, nil
}

// same compares a file of the tree with the former one: "" when it is as it was, changed, or uncertain.
func (f *Former) same(file artifact.File, old artifact.ManifestFile, keyed Keyed, fingerprint string) string {
	sum := sha256.Sum256(file.Data)
	other, open := keyed[file.Path]
	switch secret := file.Secret || old.Secret; {
	case hex.EncodeToString(sum[:]) == old.SHA256:
		return ""
	case !secret && !open:
		return changed
	case !secret:
		if text, err := f.read(old.Path); err != nil || !alike(text, file.Data, other) {
			return changed
		}
		return uncertain
	case f.manifest.Redacted && !open:
		return changed
	// One of both has a key and the other has not: the digests differ in any case.
	case file.Meta.TemplateSHA256 != old.TemplateSHA256, fingerprint != "" && f.manifest.SecretsFingerprint != "" && fingerprint != f.manifest.SecretsFingerprint:
		return changed
	}
	return uncertain
}

// documents is 1 for a document of the whole farm, 0 for a file of a step.
func documents(f artifact.File) int {
	if f.Meta.Step == "" {
		return 1
	}
	return 0
}

// alike reports whether a former text differs from the present one only in lines that depend on keys: those in which the text
// differs from the same under other stand-ins.
func alike(former, text, other []byte) bool {
	a, b, c := bytes.Split(former, []byte("\n")), bytes.Split(text, []byte("\n")), bytes.Split(other, []byte("\n"))
	if len(a) != len(b) || len(b) != len(c) {
		return false
	}
	for i := range a {
		if bytes.Equal(b[i], c[i]) && !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// show adds the difference of a file to the diff, or says why there is none.
func (f *Former) show(diff *strings.Builder, c *Change, old *artifact.ManifestFile, after []byte, secret bool) error {
	if secret || old.Secret {
		c.Note = noDiffHere
		fmt.Fprintf(diff, "Secret file differs: %s\n", c.Path)
		return nil
	}
	from, before := "/dev/null", []byte(nil)
	if c.What == changed {
		from = "a/" + c.Path
		text, err := f.read(old.Path)
		sum := sha256.Sum256(text)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.Note = "the former file is gone from its folder: no difference is shown"
		case err != nil:
			return err
		case hex.EncodeToString(sum[:]) != old.SHA256:
			c.Note = "the former file was edited by hand: no difference is shown"
		}
		if c.Note != "" {
			fmt.Fprintf(diff, "Differs, but %s: %s\n", c.Note, c.Path)
			return nil
		}
		before = text
	}
	diff.WriteString(artifact.Unified(from, "b/"+c.Path, bytes.TrimPrefix(before, mark), bytes.TrimPrefix(after, mark)))
	return nil
}

// mark is the byte order mark of UTF-8, which scripts with other characters than ASCII begin with.
var mark = []byte("\ufeff")
