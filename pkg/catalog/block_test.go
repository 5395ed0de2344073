package catalog

import (
	"testing"
	"testing/fstest"

	"github.com/mbamplan/mbamplan/docs"
	"github.com/mbamplan/mbamplan/templates"
)

// The help and the example of a script stand inside its header's comment, which a value could end.
func TestHelpIsInspected(t *testing.T) {
	for body, refused := range map[string]bool{
		`{{define "help"}}{{.Farm.Name}}{{end}}'x'`:           true,
		`{{define "example"}}-A {{.Farm.Name}}{{end}}'x'`:     true,
		`{{define "help"}}{{psNote .Farm.Name}}{{end}}'x'`:    false,
		`{{define "example"}}-A {{psNote "x"}}{{end}}'x'`:     false,
		`{{define "example"}}-Folder C:\results{{end}}'x'`:    false,
		`{{define "params"}}    {{psNote .Farm.Name}}{{end}}`: true,
	} {
		overlay := fstest.MapFS{"directory/dns-record/verify.ps1.tmpl": &fstest.MapFile{Data: []byte(body)}}
		_, found := Load(templates.FS, docs.Sources, overlay)
		if (len(found) > 0) != refused {
			t.Errorf("%s: %v", body, found)
		}
	}
}
