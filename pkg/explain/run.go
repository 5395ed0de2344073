package explain

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/docs"
	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/templates"
)

// Day is the day on which examples are checked; it decides which waivers have expired.
var Day = time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)

// Outcome is an input and what is found in it.
type Outcome struct {
	Text  string
	Found diag.List
	// Lines returns the lines of a file that findings name.
	Lines func(file string) []string
}

// Run checks the right and the wrong input of an example. The error says that an edit does not fit its base, which is a
// mistake in this program.
func (e Example) Run() (right, wrong Outcome, err error) {
	good, bad, err := e.texts()
	if err != nil {
		return right, wrong, err
	}
	if right, err = e.run(good); err != nil {
		return right, wrong, err
	}
	wrong, err = e.run(bad)
	return right, wrong, err
}

func (e Example) texts() (right, wrong string, err error) {
	base := overlay
	if !e.Overlay {
		data, err := fs.ReadFile(examples.FS, e.file())
		if err != nil {
			return "", "", fmt.Errorf("read example: %w", err)
		}
		base = strings.ReplaceAll(string(data), "\r\n", "\n")
	}
	if right, err = edit(base, e.Right); err != nil || e.Whole != "" {
		return right, e.Whole, err
	}
	wrong, err = edit(right, e.Wrong)
	return right, wrong, err
}

func (e Example) file() string {
	if e.Base == "" {
		return examples.Default
	}
	return e.Base
}

// edit replaces the first occurrence of each old text.
func edit(text string, pairs []string) (string, error) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			return "", fmt.Errorf("example: %q does not occur", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text, nil
}

func (e Example) run(text string) (Outcome, error) {
	if e.Overlay {
		files, err := folder(text)
		if err != nil {
			return Outcome{}, err
		}
		c, found := catalog.Load(templates.FS, docs.Sources, files)
		return Outcome{text, found, c.Lines}, nil
	}
	loaded, _, found := compile.Topology(e.file(), []byte(text))
	found, _ = check.Waive(loaded, found, Day)
	return Outcome{text, found, func(string) []string { return loaded.Lines }}, nil
}

// folder makes a folder of a text in which a line "-- name --" begins each file. A zip archive is the file system that
// the standard library keeps in memory.
func folder(text string) (fs.FS, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	file := func(string) error { return nil }
	for line := range strings.Lines(text) {
		if name, ok := header(line); ok {
			w, err := z.Create(name)
			if err != nil {
				return nil, fmt.Errorf("example: %w", err)
			}
			file = func(s string) error { _, err := w.Write([]byte(s)); return err }
			continue
		}
		if err := file(line); err != nil {
			return nil, fmt.Errorf("example: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("example: %w", err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, fmt.Errorf("example: %w", err)
	}
	return r, nil
}

// header returns the name in a line "-- name --".
func header(line string) (string, bool) {
	name, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, " --")
}
