// Package artifact holds rendered files.
package artifact

import "sort"

type Meta struct {
	Step, Kind, Server, Role, Actor, Template, TemplateSHA256, TemplateOrigin string
}
type File struct {
	Path   string
	Data   []byte
	Secret bool
	Meta   Meta
}
type Tree struct{ files []File }

func (t *Tree) Add(f File) error { t.files = append(t.files, f); return nil }
func (t *Tree) Files() []File {
	sort.Slice(t.files, func(i, j int) bool { return t.files[i].Path < t.files[j].Path })
	return t.files
}
