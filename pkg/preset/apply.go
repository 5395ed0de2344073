package preset

import (
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// Answers are values by the path of a question. An empty value leaves an optional one out; a value that is not answered
// keeps the preset's own, with the names in it changed as the other answers say.
type Answers map[string]string

// Options say how a topology is written.
type Options struct {
	// File is the name of the file that is written; comments that name the preset's file name this one.
	File string
	// Schema, when set, goes into a first line that tells editors where the JSON Schema of the file is.
	Schema string
}

// Default returns the value that a question has when it is not answered: the preset's own, with the names in it changed.
// ok is false when that value is only an example that nobody should keep unseen.
func (p *Preset) Default(q Question, a Answers) (value string, ok bool) {
	if v, answered := a[q.Path]; answered {
		return v, true
	}
	r := p.renaming(a, Options{})
	switch q.Path {
	case "domain.dns":
		return q.Example, false
	case "domain.netbios":
		value = r.newNetBIOS
	case Company:
		value = r.newCompany
	case "name":
		value = r.words[strings.ToLower(q.Example)]
	default:
		value = p.value(q.Path, q.Example, q.field, nil, r)
	}
	return value, q.suggest || !q.Optional && value != q.Example || q.Text == ""
}

// value returns the value of a leaf.
func (p *Preset) value(path, old string, f decode.Field, a Answers, r *renaming) string {
	if v, ok := a[path]; ok {
		return v
	}
	if path == "domain.dns" || path == "domain.netbios" {
		return r.apply(old)
	}
	switch f.Type {
	case decode.TypeInt, decode.TypeInts, decode.TypeBool:
		return old
	}
	if len(f.Enum) > 0 {
		return old
	}
	if n, ok := r.exact[strings.ToLower(old)]; ok {
		return n
	}
	return r.apply(old)
}

// renaming gathers the names that the answers change.
func (p *Preset) renaming(a Answers, o Options) *renaming {
	d := p.file.Domain
	r := &renaming{
		words: map[string]string{}, exact: map[string]string{},
		domain: strings.ToLower(d.DNS), newDomain: strings.ToLower(d.DNS),
		netbios: d.NetBIOS, newNetBIOS: d.NetBIOS, company: title(d.NetBIOS), newCompany: title(d.NetBIOS),
	}
	if dns, ok := a["domain.dns"]; ok {
		r.newDomain = dns
		if !strings.EqualFold(dns, d.DNS) {
			r.newNetBIOS = netBIOSOf(dns)
		}
	}
	if n, ok := a["domain.netbios"]; ok {
		r.newNetBIOS = n
	}
	if r.newNetBIOS != d.NetBIOS {
		r.newCompany = title(r.newNetBIOS)
	}
	if c, ok := a[Company]; ok {
		r.newCompany = c
	}
	name := p.file.Name
	if slug := strings.Replace(strings.ToLower(name), strings.ToLower(d.NetBIOS), strings.ToLower(r.newNetBIOS), 1); r.newNetBIOS != d.NetBIOS && isSlug(p, slug) {
		name = slug
	}
	if n, ok := a["name"]; ok {
		name = n
	}
	r.words[strings.ToLower(p.file.Name)] = name
	if o.File != "" {
		r.words[strings.ToLower(p.Name)+".yaml"] = o.File
	}
	if s := p.fileServer(); s != "" && a[FileServer] != "" {
		r.words[strings.ToLower(s)] = a[FileServer]
		short, _, dotted := strings.Cut(s, ".")
		if dotted {
			r.words[strings.ToLower(short)] = a[FileServer]
		}
	}
	for _, l := range p.leaves {
		n, ok := a[l.path]
		if !ok || n == "" {
			continue
		}
		key := strings.ToLower(l.value)
		switch l.field.Path {
		case "hosts.<name>":
			r.words[key] = n
		case "instances.<name>":
			r.exact[key] = n
			old, _, _ := strings.Cut(l.value, `\`)
			network, _, _ := strings.Cut(n, `\`)
			if !p.isHost(old) {
				r.words[strings.ToLower(old)] = network
			}
		case "placements.<name>":
			r.exact[key] = n
		case "cluster.name", "placements.<name>.listener.name", "accounts.pool", "accounts.reports", "web.farms[].host":
			r.words[key] = n
		}
	}
	return r
}

func isSlug(p *Preset, s string) bool {
	f, _ := decode.FieldAt(p.fields, "name")
	_, expected := f.Fit(s)
	return expected == ""
}

// netBIOSOf proposes the NetBIOS name of a domain: the first label of its DNS name, as Windows set-up does.
func netBIOSOf(dns string) string {
	label, _, _ := strings.Cut(dns, ".")
	if r := []rune(label); len(r) > 15 {
		label = string(r[:15])
	}
	return strings.ToUpper(label)
}

// Apply returns the preset's text with the answers in it. The answers must fit their questions; whether they fit each
// other is for package check to say of the result.
func (p *Preset) Apply(a Answers, o Options) []byte {
	r := p.renaming(a, o)
	e := newEditor(p.lines, p.root)
	at := map[diag.Pos]leaf{}
	gone := map[diag.Pos]string{}
	for _, l := range p.leaves {
		if l.name {
			if v := p.value(l.path, l.value, l.field, a, r); v != l.value {
				e.replace(p.origins.Key(l.path), v)
			}
			continue
		}
		pos := p.origins.At(l.path)
		at[pos] = l
		if v, ok := a[l.path]; ok && v == "" {
			gone[pos] = l.field.Key
		}
	}
	visit(p.root, func(n *yamlsrc.Node, key bool) {
		if key || n.Kind != yamlsrc.Scalar || gone[n.Pos] != "" {
			return
		}
		l := at[n.Pos]
		if v := p.value(l.path, n.Value, l.field, a, r); v != n.Value {
			e.replace(n.Pos, v)
		}
	})
	e.remove(p.root, gone)
	text := e.text(r.apply)
	if o.Schema != "" {
		text = "# yaml-language-server: $schema=" + o.Schema + "\n" + text
	}
	return []byte(text)
}

// Unanswered lists what a person would be asked and has not answered, without what has a good default: these values are
// still the example's.
func (p *Preset) Unanswered(a Answers) []Question {
	var out []Question
	for _, q := range p.Questions() {
		if _, ok := a[q.Path]; !ok && q.Text != "" && !q.suggest && q.Path != "domain.netbios" {
			out = append(out, q)
		}
	}
	return out
}
