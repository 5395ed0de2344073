package templates_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mbamplan/mbamplan/docs"
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/templates"
)

// The built-in templates are inspected here once, not at every start.
func TestNoValueIsUnquoted(t *testing.T) {
	seen := map[quote.Language]int{}
	for _, d := range inspected(t, templates.FS, func(a *catalog.Artifact) bool { seen[a.Language]++; return true }) {
		t.Errorf("%s:%d:%d: %s: %s", d.File, d.Pos.Line, d.Pos.Col, d.Code, d.Message)
	}
	for language, least := range map[quote.Language]int{
		quote.LangPowerShell: 140, quote.LangSQL: 60, quote.LangMarkdown: 10, quote.LangHTML: 1, quote.LangHAProxy: 1, quote.LangXML: 1,
	} {
		if seen[language] < least {
			t.Errorf("%d templates of %s were inspected, there are %d at the least", seen[language], language, least)
		}
	}
}

// What the test above would find: a built-in template, a library and a document that print a value as it is.
func TestUnquotedValuesAreFound(t *testing.T) {
	for _, c := range []struct{ artifact, file, old, new, want string }{
		{"web/node-check/verify.ps1.tmpl", "web/node-check/verify.ps1.tmpl", "", "    $x = {{.Web.Name}}\n", catalog.CodeUnquoted},
		{"web/node-check/verify.ps1.tmpl", "web/node-check/verify.ps1.tmpl", "", "    $x = '{{ps .Web.Name}}'\n", catalog.CodeContext},
		{"backup/native-backup-job/verify.sql.tmpl", "backup/native-backup-job/verify.sql.tmpl", "", "SELECT {{int $.Farm.LogWindow}};\n", catalog.CodeUnquoted},
		{"backup/native-backup-job/verify.sql.tmpl", "backup/native-backup-job/verify.sql.tmpl", "", "SELECT N'{{sqlInt $.Farm.LogWindow}}';\n", catalog.CodeContext},
		{"web/node-check/verify.ps1.tmpl", "_lib/ps1/web.tmpl", "{{- ps $file}}", "{{- $file}}", catalog.CodeUnquoted},
		{"_documents/START-HERE.html.tmpl", "_documents/START-HERE.html.tmpl", "", "{{.Farm.Name}}", catalog.CodeUnquoted},
	} {
		files := fstest.MapFS{}
		err := fs.WalkDir(templates.FS, ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(templates.FS, p)
			files[p] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil || files[c.file] == nil {
			t.Fatal(c.file, err)
		}
		files[c.file].Data = []byte(strings.Replace(string(files[c.file].Data), c.old, c.new, 1))
		found := inspected(t, files, func(a *catalog.Artifact) bool { return a.Path == c.artifact })
		if len(found) != 1 || found[0].Code != c.want || found[0].File != "templates/"+c.file {
			t.Errorf("%s with %s: want one %s, got %v", c.file, c.new, c.want, found)
		}
	}
}

func inspected(t *testing.T, files fs.FS, take func(*catalog.Artifact) bool) diag.List {
	t.Helper()
	c, found := catalog.Load(files, docs.Sources, nil)
	if len(found) > 0 {
		t.Fatal(found)
	}
	return c.Inspect(take)
}

// What stands under failures is read at night: short, each sign once, an order at its end, and beside what success looks like.
func TestFailuresCanBeReadAtNight(t *testing.T) {
	c, found := catalog.Load(templates.FS, docs.Sources, nil)
	if len(found) > 0 {
		t.Fatal(found)
	}
	steps := 0
	for _, s := range c.Steps {
		signs := map[string]bool{}
		for _, f := range s.Failures {
			if signs[f.Sign] {
				t.Errorf("%s: %q stands twice", s.ID, f.Sign)
			}
			signs[f.Sign] = true
			for what, text := range map[string]string{"sign": f.Sign, "cause": f.Cause, "do": f.Do} {
				if len(text) < 5 || len(text) > 240 || strings.HasSuffix(text, ".") || strings.TrimSpace(text) != text {
					t.Errorf("%s: %s is too short, too long or ends in a full stop: %q", s.ID, what, text)
				}
			}
		}
		if len(s.Failures) == 0 {
			continue
		}
		steps++
		data, err := fs.ReadFile(templates.FS, s.ID+"/step.yaml")
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, line := range strings.Split(string(data), "\n") {
			if key, _, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "-") {
				keys = append(keys, key)
			}
		}
		if i := slices.Index(keys, "failures"); i < 1 || keys[i-1] != "success" {
			t.Errorf("%s: failures do not stand behind success", s.ID)
		}
	}
	if steps < 40 {
		t.Errorf("only %d steps say how they fail", steps)
	}
}
