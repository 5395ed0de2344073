package preset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// presetKey is the key that names the preset in a file of answers.
const presetKey = "preset"

// AnswerFile is a file of answers: one YAML mapping of paths to values, and optionally the key preset. What is wrong with
// it is reported under the codes of package decode, which say the same of a topology.
// The zero value has no answers.
type AnswerFile struct {
	doc yamlsrc.Document
}

// ParseAnswers reads a file of answers. The file is not nil; it has no answers when the findings hold an error.
func ParseAnswers(name string, data []byte) (*AnswerFile, diag.List) {
	doc, found := yamlsrc.Parse(name, data)
	f := &AnswerFile{*doc}
	if doc.Root != nil && doc.Root.Kind != yamlsrc.Mapping {
		found = append(found, f.finding(decode.CodeType, doc.Root.Pos, "the file is "+doc.Root.Kind.String()+"; expected a mapping of paths to values", "write lines such as domain.dns: contoso.com"))
		f.doc.Root = nil
	}
	return f, found
}

// Lines returns the lines of the file for messages.
func (f *AnswerFile) Lines() []string { return f.doc.Lines() }

func (f *AnswerFile) finding(code string, pos diag.Pos, message, fix string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, File: f.doc.File, Pos: pos, Message: message, Fix: fix}
}

func (f *AnswerFile) pairs() []yamlsrc.Pair {
	if f.doc.Root == nil {
		return nil
	}
	return f.doc.Root.Pairs
}

// Preset finds the preset of the given name, or of the file's own when the name is "".
func (f *AnswerFile) Preset(name string, list []*Preset) (*Preset, diag.List) {
	var pos diag.Pos
	for _, pair := range f.pairs() {
		if pair.Key.Value == presetKey && name == "" {
			name, pos = pair.Value.Value, pair.Value.Pos
		}
	}
	names := namesOf(list, func(p *Preset) string { return p.Name })
	if i := slices.Index(names, name); i >= 0 {
		return list[i], nil
	}
	if name == "" {
		return nil, diag.List{f.finding(decode.CodeMissingKey, pos, "no preset is named", "add preset: "+names[0]+", or give --preset")}
	}
	fix := "use one of " + strings.Join(names, ", ")
	if s := diag.Suggest(name, names); s != "" {
		fix = fmt.Sprintf("did you mean %q?", s)
	}
	return nil, diag.List{f.finding(decode.CodeEnum, pos, fmt.Sprintf("no preset is called %q", name), fix)}
}

// Answers returns the answers of the file for the questions of a preset.
func (f *AnswerFile) Answers(p *Preset) (Answers, diag.List) {
	questions := p.Questions()
	paths := namesOf(questions, func(q Question) string { return q.Path })
	a := Answers{}
	var found diag.List
	for _, pair := range f.pairs() {
		path := pair.Key.Value
		if path == presetKey {
			continue
		}
		i := slices.Index(paths, path)
		if i < 0 {
			fix := "write the value into the topology instead; mbamplan init --preset " + p.Name + " --list names every answer"
			if s := diag.Suggest(path, paths); s != "" {
				fix = fmt.Sprintf("did you mean %q?", s)
			}
			found = append(found, f.finding(decode.CodeUnknownKey, pair.Key.Pos, fmt.Sprintf("preset %s has no value at %q", p.Name, path), fix))
			continue
		}
		value, missing := pair.Value.Value, pair.Value.Kind == yamlsrc.Null
		if missing {
			value = ""
		} else if pair.Value.Kind != yamlsrc.Scalar {
			found = append(found, f.finding(decode.CodeType, pair.Value.Pos, fmt.Sprintf("%s is %s; expected one value", path, pair.Value.Kind), ""))
			continue
		}
		clean, expected := questions[i].Fit(value)
		if expected != "" {
			found = append(found, f.finding(decode.CodeShape, pair.Value.Pos, fmt.Sprintf("%q does not fit %s; expected %s", value, path, expected), ""))
			continue
		}
		a[path] = clean
	}
	return a, found
}

// Template returns a file of answers that holds the preset's own value for every question, those that a person would be
// asked first.
func (p *Preset) Template() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n# Your names, addresses and accounts. A line that is removed keeps the preset's value.\n", presetKey, p.Name)
	rest := false
	for _, q := range p.Questions() {
		if q.Text == "" && !rest {
			rest = true
			b.WriteString("\n# What can stay as it is.\n")
		}
		key := q.Path
		if strings.ContainsAny(key, `:#`) {
			key = scalar("'", key)
		}
		fmt.Fprintf(&b, "%s: %s\n", key, scalar(q.Example, q.Example))
	}
	return []byte(b.String())
}
