// Package preset turns an example topology into a farm's own: the names, addresses and accounts of the example are
// replaced where they stand, comments and layout stay.
//
// What may be replaced is found, not listed: every value of the file can be answered by its path, as `mbamplan show`
// prints it, and a name that changes (a server, the domain) changes wherever it is a word of its own, in values and in
// comments. Which of the values a person is asked for is said in question.go.
package preset

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/topology"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// Preset is an example topology that a farm can start from. It is not changed after [Load].
type Preset struct {
	// Name is the file name of the example without .yaml.
	Name string
	// About is the first sentence of the example's first comment.
	About string

	file    *topology.File
	origins *decode.Origins
	root    *yamlsrc.Node
	lines   []string
	fields  []decode.Field
	leaves  []leaf
}

// Load reads every *.yaml of a folder as a preset, in the order of their names. The examples must be free of errors.
func Load(fsys fs.FS) ([]*Preset, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list presets: %w", err)
	}
	var out []*Preset
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read preset: %w", err)
		}
		p, err := New(strings.TrimSuffix(name, ".yaml"), data)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// New makes a preset from the text of a topology.
func New(name string, data []byte) (*Preset, error) {
	file := name + ".yaml"
	loaded, found := topology.Load(file, data)
	doc, more := yamlsrc.Parse(file, data)
	if found = append(found, more...); found.Errors() > 0 {
		return nil, fmt.Errorf("preset %s: line %s: %s", name, found[0].Pos, found[0].Message)
	}
	p := &Preset{
		Name: name, About: about(loaded.Lines), file: loaded.File, origins: loaded.Origins, root: doc.Root,
		lines: doc.Lines(), fields: decode.Fields(topology.File{}),
	}
	p.leaves = p.findLeaves()
	return p, nil
}

// about returns the first sentence of the comment that begins a file.
func about(lines []string) string {
	var words []string
	for _, l := range lines {
		text, ok := strings.CutPrefix(l, "#")
		if !ok || strings.TrimSpace(text) == "" {
			break
		}
		words = append(words, strings.Fields(text)...)
	}
	s := strings.Join(words, " ")
	if i := strings.Index(s, ". "); i >= 0 {
		s = s[:i+1]
	}
	return s
}

// leaf is one value of the preset's file.
type leaf struct {
	path  string
	value string
	field decode.Field
	// name says that the leaf is the key of a mapping of names.
	name bool
}

// findLeaves lists the values that stand in the file, in the order of the declarations, each name before what belongs
// to it.
func (p *Preset) findLeaves() []leaf {
	var out []leaf
	named := map[string]bool{}
	decode.Walk(p.file, p.origins, func(path, value string, origin decode.Origin) {
		for _, n := range p.namesAbove(path) {
			if !named[n.path] {
				named[n.path] = true
				out = append(out, n)
			}
		}
		if origin.Pos.Line == 0 || named[path] {
			return
		}
		if f, ok := decode.FieldAt(p.fields, path); ok {
			out = append(out, leaf{path: path, value: value, field: f})
		}
	})
	return out
}

// namesAbove returns the named elements that a path lies in, or is.
func (p *Preset) namesAbove(path string) []leaf {
	var out []leaf
	for _, section := range []struct {
		key   string
		names []string
	}{
		{"hosts", namesOf(p.file.Hosts, func(h topology.Host) string { return h.Name })},
		{"instances", namesOf(p.file.Instances, func(i topology.Instance) string { return i.Name })},
		{"placements", namesOf(p.file.Placements, func(p topology.Placement) string { return p.Name })},
	} {
		for _, name := range section.names {
			at := decode.Child(section.key, name)
			if rest, ok := strings.CutPrefix(path, at); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				f, _ := decode.FieldAt(p.fields, at)
				out = append(out, leaf{path: at, value: name, field: f, name: true})
			}
		}
	}
	return out
}

func namesOf[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = name(e)
	}
	return out
}
