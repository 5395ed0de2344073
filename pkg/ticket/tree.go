package ticket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/artifact"
)

// The files of a ticket.
const (
	jsonName         = "change-request.json"
	zipName          = "change-request.zip"
	diffName         = "changes.diff"
	attachmentFolder = "attachments/"
	sumsName         = attachmentFolder + "SHA256SUMS"
)

// Writes tells whether a ticket can write a file at this path of its folder. It bounds what a run takes for its own when it
// prunes.
func Writes(p string) bool {
	switch p {
	case "change-request.docx", "change-request.html", "change-request.md", jsonName, zipName, diffName:
		return true
	}
	return strings.HasPrefix(p, attachmentFolder)
}

// Tree returns every file of the ticket, and of the archive that holds them all.
func (t *Ticket) Tree(about artifact.About) (*artifact.Tree, error) {
	out := &artifact.Tree{}
	add := func(name, kind string, data []byte) error {
		return out.Add(artifact.File{Path: name, Data: data, Meta: artifact.Meta{Kind: kind}})
	}
	d := t.document()
	for _, w := range []struct {
		name  string
		write func() ([]byte, error)
	}{
		{"change-request.docx", d.DOCX},
		{"change-request.html", d.HTML},
		{"change-request.md", d.Markdown},
		{jsonName, t.json},
	} {
		data, err := w.write()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		if err := add(w.name, "document", data); err != nil {
			return nil, err
		}
	}
	if t.Request.Changes != nil {
		if err := add(diffName, "document", []byte(t.Request.Changes.Diff)); err != nil {
			return nil, err
		}
	}
	for _, f := range t.attached {
		// What would be secret holds placeholders here. Nothing is run from a ticket: its manifest plans no steps.
		f.Path, f.Secret, f.Meta.Order, f.Meta.Result = attachmentFolder+f.Path, false, 0, ""
		if err := out.Add(f); err != nil {
			return nil, err
		}
	}
	if err := add(sumsName, "attachment", t.sums()); err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	if _, err := (artifact.Zip{W: &archive}).Write(context.Background(), out, about); err != nil {
		return nil, err
	}
	return out, add(zipName, "archive", archive.Bytes())
}

func (t *Ticket) json() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(t.Request); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Attachment is a file of the plan below attachments/.
type Attachment struct {
	Path   string `json:"path"` // below attachments/, and below the folder that render writes
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	// Real tells whether the file that is run has the same digest. Where it is false the file here has placeholders in place
	// of a secret, or of what follows from one.
	Real   bool   `json:"asRun"`
	Kind   string `json:"kind"`
	Step   string `json:"step"`
	Server string `json:"server"`
	Team   string `json:"team"`
}

func attachments(files []artifact.File, keyed Keyed) []Attachment {
	out := []Attachment{}
	for _, f := range files {
		sum := sha256.Sum256(f.Data)
		_, open := keyed[f.Path]
		out = append(out, Attachment{
			Path: f.Path, SHA256: hex.EncodeToString(sum[:]), Size: len(f.Data), Real: !f.Secret && !open,
			Kind: f.Meta.Kind, Step: f.Meta.Step, Server: f.Meta.Server, Team: f.Meta.Actor,
		})
	}
	return out
}

// sums lists the digests in the form that sha256sum -c reads; it passes over lines that begin with #.
func (t *Ticket) sums() []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if t.Request.Unsupported != "" {
		line("# %s", t.Request.Unsupported)
	}
	line("# SHA-256 of the files below this folder; to check them: sha256sum -c SHA256SUMS")
	line("# The files that are run have the same digests: those that render writes, by its manifest.json.")
	var redacted []Attachment
	for _, a := range t.Request.Attachments {
		if !a.Real {
			redacted = append(redacted, a)
			continue
		}
		line("%s  %s", a.SHA256, a.Path)
	}
	if len(redacted) > 0 {
		line("# Redacted: the files that are run carry a secret, or what follows from one. These digests are of the text here, with placeholders;")
		line("# those of the files that are run stand in the manifest.json of the render that wrote them.")
		for _, a := range redacted {
			line("%s  %s", a.SHA256, a.Path)
		}
	}
	return []byte(b.String())
}
