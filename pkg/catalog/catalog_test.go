package catalog

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/weave"
)

const sources = `
sources:
  doc: {title: A document, grade: documented}
`

func step(number, extra string) string {
	return "number: " + number + "\ntitle: Do it\nactor: web administrator\nscope: once\nsources: [doc]\nevidence: documented\n" + extra
}

func load(t *testing.T, files map[string]string) (*Catalog, diag.List) {
	t.Helper()
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(m, []byte(sources), nil)
}

func codes(l diag.List) string {
	var out []string
	for _, d := range l {
		out = append(out, d.Code)
	}
	return strings.Join(out, " ")
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
		text  string
	}{
		{"a folder without step.yaml", map[string]string{"web/a/install.ps1.tmpl": "x"}, CodeBadStep, "needs a step.yaml"},
		{"a missing step", map[string]string{"web/a/step.yaml": step("10", "needs: [web/b]\n")}, CodeNeeds, `"web/b", which does not exist`},
		{"a higher number", map[string]string{
			"web/a/step.yaml": step("10", "needs: [web/b]\n"), "web/b/step.yaml": step("20", ""),
		}, CodeNeeds, "whose number is not lower"},
		{"a cycle by name", map[string]string{
			"web/a/step.yaml": step("10", "needs: [web/b]\n"), "web/b/step.yaml": step("20", "needs: [web/a]\n"),
		}, CodeNeeds, "web/a → web/b → web/a"},
		{"a number twice", map[string]string{
			"web/a/step.yaml": step("10", ""), "web/b/step.yaml": step("10", ""),
		}, CodeBadStep, `is taken by "web/a"`},
		{"an unknown source", map[string]string{"web/a/step.yaml": strings.Replace(step("10", ""), "[doc]", "[dok]", 1)}, CodeSource, `"dok"`},
		{"inferred without a proof", map[string]string{"web/a/step.yaml": strings.Replace(step("10", ""), "evidence: documented", "evidence: inferred", 1)}, CodeBadStep, "which check proves it"},
		{"an unknown key", map[string]string{"web/a/step.yaml": step("10", "neds: []\n")}, "MBP0201", `did you mean "needs"`},
		{"an unknown extension", map[string]string{"web/a/step.yaml": step("10", ""), "web/a/install.vbs.tmpl": "x"}, CodeUnknownFile, "no quoting rules"},
		{"a name that is no kind", map[string]string{"web/a/step.yaml": step("10", ""), "web/a/notes": "x"}, CodeUnknownFile, "is not <kind>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := load(t, c.files)
			for _, d := range found {
				if d.Code == c.want && strings.Contains(d.Message+d.Fix, c.text) {
					return
				}
			}
			t.Errorf("no %s with %q in %+v", c.want, c.text, found)
		})
	}
}

func TestInspectionRefusesAndAllows(t *testing.T) {
	for _, c := range []struct {
		name, ext, text, want string
	}{
		{"a literal", "ps1", "$a = {{ps .Name}}", ""},
		{"a pipeline", "ps1", "$a = {{.Name | lower | ps}}", ""},
		{"a variable", "ps1", "{{$n := .Name}}$a = {{ps $n}}", ""},
		{"control flow", "ps1", "{{if .Name}}$a = {{ps .Name}}{{else}}$a = ''{{end}}", ""},
		{"a loop of literals", "ps1", "{{range .List}}Do-It -Name {{ps .}}\n{{end}}", ""},
		{"a list", "ps1", "$a = @({{range $i, $v := .List}}{{if $i}}, {{end}}{{ps $v}}{{end}})", ""},
		{"a list, the other way", "ps1", "$a = @({{range $i, $v := .List}}{{if $i}}, {{ps $v}}{{else}}{{ps $v}}{{end}}{{end}})", ""},
		{"a list in a list", "ps1", "{{range $i, $v := .List}}{{if $i}}, {{end}}@({{range $j, $w := $v}}{{if $j}}, {{end}}{{ps $w}}{{end}}){{end}}", ""},
		{"a list without commas", "ps1", "$a = @({{range $i, $v := .List}}{{ps $v}}{{end}})", CodeContext},
		{"a list with a comma in the first round", "ps1", "$a = @({{range $i, $v := .List}}{{if $i}}{{else}}, {{end}}{{ps $v}}{{end}})", CodeContext},
		{"a list with a comma by the element", "ps1", "$a = @({{range $i, $v := .List}}{{if $v}}, {{end}}{{ps $v}}{{end}})", CodeContext},
		{"a list with an index that was set", "ps1", "$a = @({{range $i, $v := .List}}{{$i = 0}}{{if $i}}, {{end}}{{ps $v}}{{end}})", CodeContext},
		{"a list by the index of another", "ps1", "$a = @({{range $i, $v := .List}}{{range $i, $w := $v}}{{end}}{{if $i}}, {{end}}{{ps $v}}{{end}})", CodeContext},
		{"a string that the second round closes", "ps1", "{{range $i, $v := .List}}{{if $i}}'{{else}}$a = 'x{{end}}{{end}}", CodeContext},
		{"a value in the string that the first round opens", "ps1", "{{range $i, $v := .List}}{{if $i}}{{ps $v}}{{else}}$a = 'x{{end}}{{end}}'", CodeContext},
		{"a list without some", "ps1", "$a = 1{{range .List}}{{if .}}{{continue}}{{end}}, {{ps .}}{{end}}", ""},
		{"a loop that is left in code", "ps1", "{{range .List}}{{if .}}{{break}}{{end}}'x'; {{end}}", ""},
		{"a loop that is left in a string", "ps1", "{{range .List}}'x{{if .}}{{break}}{{end}}'; {{end}}", CodeContext},
		{"a round that ends in a string", "ps1", "{{range .List}}'x{{if .}}{{continue}}{{end}}'; {{end}}", CodeContext},
		{"a round that ends in a string, in a loop", "ps1", "{{range .List}}'x{{range .}}{{continue}}{{end}}'; {{end}}", ""},
		{"a note", "ps1", "# {{psNote .Name}}\n$a = 1", ""},
		{"a bare field", "ps1", "$a = {{.Name}}", CodeUnquoted},
		{"sprig's quote", "ps1", "$a = {{.Name | upper}}", CodeUnquoted},
		{"another language's function", "ps1", "$a = {{sqlName .Name}}", CodeTemplate},
		{"a literal in a string", "ps1", "$a = 'x {{ps .Name}}'", CodeContext},
		{"a literal in an expandable string", "ps1", "$a = \"x {{ps .Name}}\"", CodeContext},
		{"a literal in a comment", "ps1", "# {{ps .Name}}", CodeContext},
		{"a note in code", "ps1", "$a = {{psNote .Name}}", CodeContext},
		{"a branch that leaves a string open", "ps1", "{{if .Name}}$a = 'x{{else}}$a = 'y'{{end}}\n'", CodeContext},
		{"a loop that opens a comment", "ps1", "{{range .List}}<# {{end}}", CodeContext},
		{"a name", "sql", "ALTER DATABASE {{sqlName .Name}} SET RECOVERY FULL;", ""},
		{"a string", "sql", "SELECT {{sqlString .Name}};", ""},
		{"a string in a string", "sql", "SELECT N'a {{sqlString .Name}}';", CodeContext},
		{"minutes ago", "sql", "SELECT DATEADD(minute, -{{sqlInt 5}}, GETDATE());", ""},
		{"a name behind a minus sign", "sql", "SELECT -{{sqlName .Name}};", CodeContext},
		{"sprig's number", "sql", "SELECT {{int .Name}};", CodeUnquoted},
		{"a name in brackets", "sql", "SELECT [{{sqlName .Name}}];", CodeContext},
		{"a name in a comment", "sql", "/* {{sqlName .Name}} */", CodeContext},
		{"a block of a library that leaks", "sql", `{{define "sql/x"}}{{.}}{{end}}{{template "sql/x" .Name}}`, CodeUnquoted},
		{"a missing block", "sql", `{{template "sql/none" .}}`, CodeTemplate},
		{"a shell word", "md", "{{.Name}}", CodeUnquoted},
		{"text", "md", "{{mdText .Name}}", ""},
		{"a text", "html", "<p>{{htmlText .Name}}</p>", ""},
		{"an attribute", "html", "<p class={{htmlAttr .Name}} id=\"a-{{htmlInt 1}}\">x</p>", ""},
		{"an attribute in a branch", "html", "<p{{if .Name}} class={{htmlAttr .Name}}{{end}}>x</p>", ""},
		{"a loop of rows", "html", "{{range .List}}<tr><td>{{htmlText .}}</td></tr>\n{{end}}", ""},
		{"a link", "html", "<a href={{htmlURL .Name}}>x</a>", ""},
		{"a bare field", "html", "<p>{{.Name}}</p>", CodeUnquoted},
		{"a value without quotes", "html", "<p class={{htmlText .Name}}>", CodeContext},
		{"a value in quotes that brings its own", "html", "<p class=\"{{htmlAttr .Name}}\">", CodeContext},
		{"a script", "html", "<script>x = {{htmlText .Name}}</script>", CodeContext},
		{"a style", "html", "<style>p{color:{{htmlText .Name}}}</style>", CodeContext},
		{"an address that is text", "html", "<a href={{htmlAttr .Name}}>x</a>", CodeContext},
		{"an event handler", "html", "<p onclick={{htmlAttr .Name}}>", CodeContext},
		{"a comment", "html", "<!-- {{htmlText .Name}} -->", CodeContext},
		{"a branch that leaves a tag open", "html", "<p {{if .Name}}class=\"a{{else}}class=\"b\"{{end}}>", CodeContext},
		{"a function that is not pure", "md", `{{env "HOME" | mdText}}`, CodeTemplate},
		{"a clock", "md", `{{now | mdText}}`, CodeTemplate},
	} {
		t.Run(c.name+" in "+c.ext, func(t *testing.T) {
			cat, found := load(t, map[string]string{"web/a/step.yaml": step("10", ""), "web/a/install." + c.ext + ".tmpl": c.text})
			if len(found) > 0 {
				t.Fatal(found)
			}
			got := cat.Inspect(nil)
			if c.want == "" && len(got) > 0 {
				t.Errorf("refused: %v", got)
			}
			if c.want != "" && !strings.Contains(codes(got), c.want) {
				t.Errorf("want %s, got %+v", c.want, got)
			}
			for _, d := range got {
				if d.File != "templates/web/a/install."+c.ext+".tmpl" || d.Pos.Line < 1 {
					t.Errorf("no place: %+v", d)
				}
			}
		})
	}
}

func TestOwnNamesWhatTheOverlayHasAPartIn(t *testing.T) {
	base := fstest.MapFS{
		"web/a/step.yaml":        {Data: []byte(step("10", ""))},
		"web/a/install.ps1.tmpl": {Data: []byte("'a'")},
		"web/a/notes.md.tmpl":    {Data: []byte("a")},
		"web/b/step.yaml":        {Data: []byte(step("20", ""))},
		"web/b/install.sql.tmpl": {Data: []byte("SELECT 1;")},
		"_documents/D.md.tmpl":   {Data: []byte("d")},
	}
	text := &fstest.MapFile{Data: []byte("x")}
	for _, c := range []struct{ file, want string }{
		{"web/a/install.ps1.tmpl", "web/a/install.ps1.tmpl"},
		{"_frame/script.ps1.tmpl", "web/a/install.ps1.tmpl"},
		{"_frame/script.sql.tmpl", "web/b/install.sql.tmpl"},
		{"_lib/ps1/Get-Own.ps1", "web/a/install.ps1.tmpl"},
		{"_lib/sql/own.tmpl", "web/b/install.sql.tmpl"},
		{"_documents/D.md.tmpl", "_documents/D.md.tmpl"},
		{"web/b/step.yaml", "web/b/install.sql.tmpl"},
		{"sources.yaml", ""},
	} {
		over := fstest.MapFS{c.file: text}
		if strings.HasSuffix(c.file, "step.yaml") {
			over[c.file] = &fstest.MapFile{Data: []byte(step("30", ""))}
		}
		cat, _ := Load(base, []byte(sources), over)
		var got []string
		for _, a := range []*Artifact{cat.Documents["D.md"], cat.Step("web/a").Artifacts[0], cat.Step("web/a").Artifacts[1], cat.Step("web/b").Artifacts[0]} {
			switch own := cat.Own(a); {
			case len(own) == 0:
			case len(own) == 1 && own[0] == c.file:
				got = append(got, a.Path)
			default:
				t.Errorf("%s: %s has %v", c.file, a.Path, own)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s has a part in %q, want %q", c.file, got, c.want)
		}
	}
	cat, found := Load(base, []byte(sources), nil)
	if own := cat.Own(cat.Documents["D.md"]); len(found) > 0 || own != nil {
		t.Errorf("no overlay: %v, %v", own, found)
	}
}

func TestOverlayOfLinksIsRefused(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{fs.ModeSymlink: "symbolic link", fs.ModeNamedPipe: "not a regular file"} {
		for _, name := range []string{"web/a/install.ps1.tmpl", "_lib/ps1/Get-Own.ps1", "web/x.go"} {
			over := fstest.MapFS{name: {Data: []byte("target"), Mode: mode | 0o644}}
			_, found := Load(fstest.MapFS{}, []byte(sources), over)
			if !slices.ContainsFunc(found, func(d diag.Diagnostic) bool {
				return strings.Contains(d.Message, want) && strings.Contains(d.Message, name)
			}) {
				t.Errorf("%s: %v", name, found)
			}
			if _, err := fs.ReadFile(Overlaid(fstest.MapFS{}, over), name); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s is read: %v", name, err)
			}
		}
	}
}

func TestWrites(t *testing.T) {
	for p, want := range map[string]bool{
		"web/W1/install/1.ps1": true, "backup/x": true, "START-HERE.md": true, "SHEET.html": true,
		"web": false, "farm.yaml": false, "src/main.go": false, "Web/x": false, "webs/x": false, "docs/README.md": false, "": false, "md": false,
	} {
		if Writes(p) != want {
			t.Errorf("Writes(%q) is not %t", p, want)
		}
	}
	for name, want := range map[string]string{"other/a/step.yaml": CodeBadStep, "_documents/run.cmd.tmpl": CodeUnknownFile} {
		_, found := Load(fstest.MapFS{}, []byte(sources), fstest.MapFS{name: {Data: []byte(step("10", ""))}})
		if codes(found) != want {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestOverlayOverridesAddsAndIsInspected(t *testing.T) {
	base := fstest.MapFS{
		"web/a/step.yaml":        {Data: []byte(step("10", ""))},
		"web/a/install.ps1.tmpl": {Data: []byte("'base'")},
	}
	over := fstest.MapFS{
		"web/a/install.ps1.tmpl":  {Data: []byte("'overlaid'")},
		"web/b/step.yaml":         {Data: []byte(step("20", "needs: [web/a]\n"))},
		"web/b/install.ps1.tmpl":  {Data: []byte("$x = {{.Farm.Name}}")},
		"sources.yaml":            {Data: []byte("sources:\n  own: {title: Our own rules, grade: field}\n")},
		"_documents/MORE.md.tmpl": {Data: []byte("{{mdText .Farm.Name}}")},
	}
	c, found := Load(base, []byte(sources), over)
	if codes(found) != CodeUnquoted {
		t.Fatalf("findings: %v", found)
	}
	if !strings.Contains(found[0].File, "web/b/install.ps1.tmpl") || found[0].Pos.Line != 1 {
		t.Errorf("place: %+v", found[0])
	}
	if c.Step("web/b") == nil || !c.Step("web/b").Overlay || c.Sources["own"].Title == "" || c.Documents["MORE.md"] == nil {
		t.Error("the overlay's step, source and document are not in the catalogue")
	}
	p, more := c.Parse(c.Step("web/a").Artifacts[0])
	if len(more) > 0 {
		t.Fatal(more)
	}
	if text, err := p.Whole(&weave.Run{}, nil); err != nil || string(text) != "'overlaid'" {
		t.Errorf("got %q, %v", text, err)
	}
}

// A template that sorts sorts a list of its own.
func TestSortingLeavesTheList(t *testing.T) {
	list := []string{"b", "a"}
	set := weave.NewSet(functions(quote.LangText))
	if err := set.Parse("main", `{{range sortAlpha .}}{{line .}}{{end}}`); err != nil {
		t.Fatal(err)
	}
	if text, err := set.Text(&weave.Run{}, "main", list); err != nil || text != "ab" || list[0] != "b" {
		t.Error(text, err, list)
	}
}
