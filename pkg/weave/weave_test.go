package weave_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/mbamplan/mbamplan/pkg/weave"
)

type server struct {
	Name  string
	Port  int
	Next  *server
	Tags  []string
	calls *int
}

func (s *server) FQDN() string {
	if s == nil {
		return "none"
	}
	*s.calls++
	return s.Name + ".contoso.com"
}

func (s *server) With(tag string) string               { *s.calls++; return s.Name + "/" + tag }
func (s *server) Pair(o *server) string                { return s.Name + o.Name }
func (s *server) All(tags ...string) int               { return len(tags) }
func (s server) Short() string                         { return s.Name[:1] }
func (s *server) Fails() (string, error)               { return "", errors.New("it fails") }
func (s *server) Panics() string                       { panic("no") }
func (s *server) Sure() (string, error)                { return "sure", nil }
func (s *server) Any() any                             { return s.Next }
func (s *server) Others(from, to int) (list []*server) { return append(list, s, s.Next)[from:to] }

type address struct{ host, net byte }

func (a address) String() string { return fmt.Sprintf("10.0.%d.%d", a.net, a.host) }

type mask int

func (m *mask) String() string { return fmt.Sprintf("/%d", int(*m)) }

type dot struct {
	*server
	Servers []*server
	Values  []server
	None    []*server
	Map     map[string]any
	Counts  map[string]int
	Any     any
	Nil     *server
	Is, Not bool
	Address address
	Mask    mask
	Float   float64
	Small   uint8
	Empty   string
	hidden  string
}

func functions() map[string]any {
	return map[string]any{
		"q":  func(s string) (string, error) { return "'" + strings.ReplaceAll(s, "'", "''") + "'", nil },
		"up": strings.ToUpper,
		"n":  func(n int) (string, error) { return fmt.Sprint(n), nil },
		"b":  func(b bool) (string, error) { return fmt.Sprint(b), nil },
		"l":  func(l []string) (string, error) { return strings.Join(l, "+"), nil },
		"no": func(string) (string, error) { return "", errors.New("never") },
		"dict": func(v ...any) map[string]any {
			m := map[string]any{}
			for i := 0; i+1 < len(v); i += 2 {
				m[fmt.Sprint(v[i])] = v[i+1]
			}
			return m
		},
		"list":  func(v ...any) []any { return v },
		"twice": func(n int64, s any) string { return fmt.Sprint(n, s, s) },
	}
}

const library = `{{define "lib"}}[{{.}}{{template "hook" .}}]{{end}}{{define "hook"}}library{{end}}{{define "deep"}}{{template "deep" .}}{{end}}`

func example() dot {
	calls := 0
	one, two := &server{Name: "SQL1", Port: 1433, Tags: []string{"a", "b"}, calls: &calls}, &server{Name: "O'NEIL", Port: 300, calls: &calls}
	one.Next = two
	return dot{
		server: one, Servers: []*server{one, two}, Values: []server{*one, *two}, Map: map[string]any{"x": one, "s": "text", "nil": nil},
		Counts: map[string]int{"one": 1}, Any: two, Is: true, Address: address{5, 1}, Mask: 24, Float: 1.5, Small: 7, hidden: "h",
	}
}

// Every text gives what text/template gives, result or error; those of the first list without its help.
func TestAsTextTemplate(t *testing.T) {
	followed := []string{
		``, `plain`, `{{/* comment */}}x`, "a\n{{- \"b\" -}}\nc",
		`{{.Name}} {{.Port}} {{.FQDN}} {{.Next.FQDN}} {{.Next.Name | q}}`,
		`{{q .Name}}{{.Name | up | q}}{{up "x" | q}}{{n .Port}}{{n 7}}{{b .Is}}{{b true}}{{l .Tags}}{{len .Tags | n}}`,
		`{{.With "x"}}{{.With .Name}}{{"y" | .With}}{{.Pair .Next}}{{.Next.Pair $.Next}}{{.All}}{{.All "a" "b"}}{{range .Others 0 2}}{{.Name}}{{end}}`,
		`{{.Sure}}{{.Short}}{{range .Values}}{{.Short}}{{.FQDN}}{{end}}`,
		`{{if .Is}}a{{else}}b{{end}}{{if .Not}}a{{else}}b{{end}}{{if .Empty}}a{{else if .Port}}c{{end}}{{if .Nil}}a{{end}}{{if .Any}}i{{end}}{{if .Float}}f{{end}}{{if .Small}}u{{end}}`,
		`{{if .Map.nil}}a{{else}}b{{end}}{{.Map.s}}{{.Map.x.Name}}{{.Counts.one}}`,
		`{{with .Next}}{{.Name}}{{$.Name}}{{else}}none{{end}}{{with .Nil}}x{{else}}none {{.Name}}{{end}}{{with $x := .Next}}{{$x.Port}}{{end}}`,
		`{{range .Servers}}{{.Name}};{{end}}{{range .None}}x{{else}}none{{end}}{{range $i, $s := .Servers}}{{$i}}={{$s.Name}} {{end}}{{range $s := .Servers}}{{$s.Port}}{{end}}`,
		`{{range $i, $s := .None}}x{{else}}{{len $s}}{{end}}{{range .Any.Tags}}x{{else}}y{{end}}`,
		`{{$x := .Name}}{{range .Servers}}{{$x = .Name}}{{end}}{{$x}}{{if true}}{{$x := "inner"}}{{$x}}{{end}}{{$x}}`,
		`{{$a := 1}}{{with $b := .Next}}{{$a}}{{$b.Name}}{{$c := 3}}{{$c}}{{end}}{{$d := 4}}{{$a}}{{$d}}`,
		`{{template "lib" .Name}}{{define "hook"}} own{{end}}{{define "empty"}}{{end}}{{template "empty"}}`,
		`{{template "me" dict "n" .Name "s" .Next}}{{define "me"}}{{.n}} {{.s.FQDN}} {{$.s.Port}}{{end}}`,
		`{{eq .Name "SQL1"}}{{eq .Port 1 1433}}{{ne .Name "x"}}{{lt .Port 5}}{{le 5 5}}{{gt .Port 5}}{{ge .Port 1433}}{{eq .Is true}}{{eq .Next .Any}}`,
		`{{not .Is}}{{not .Nil}}{{and .Is .Name}}{{and .Not .Nope}}{{or .Empty .Name}}{{or .Is .Nope}}{{if and .Is (not .Not) (gt .Port 5)}}y{{end}}`,
		`{{printf "%-6s|%03d|%v" .Name .Port .Tags}}{{print .Name .Port}}{{len .Name}}{{len .Map}}{{index .Servers 1 | printf "%p" | len}}{{(index .Servers 1).Name}}{{index .Tags 0}}`,
		`{{.Address}}{{.Tags}}{{.Float}}{{.Small}}{{range .Values}}{{.Tags}}{{end}}{{.Is}}`,
		`{{.Nil.FQDN}}{{range list "a" 1 true}}{{.}}{{end}}{{(index (list .Next) 0).Name}}{{.Map.x.Next.Name}}`,
		`{{$m := dict "k" (list 1 2)}}{{range $m.k}}{{.}}{{end}}{{(dict "a" "b").a}}`,
	}
	left := []string{
		`{{break}}`, `{{range .Servers}}{{if .Next}}{{continue}}{{end}}{{.Name}}{{end}}`, `{{range .Servers}}{{break}}{{end}}x`,
		`{{range $k, $v := .Counts}}{{$k}}{{$v}}{{end}}`, `{{range 3}}{{.}}{{end}}`, `{{range .Name}}{{end}}`,
		`{{.Nope}}`, `{{.Nil.Name}}`, `{{.Map.none}}`, `{{.Fails}}`, `{{.Panics}}`, `a{{no .Name}}`, `{{q .Port}}`, `{{n .Name}}`, `{{.hidden}}`,
		`{{q}}`, `{{q .Name .Name}}`, `{{.Name "x"}}`, `{{.With}}`, `{{.With 5}}`, `{{.Others 1}}`, `{{template "none"}}`, `{{template "deep" .}}`,
		`{{index .Counts "one"}}`, `{{index .Tags 9}}`, `{{slice .Name 1}}`, `{{len .Port}}`, `{{eq .Name 5}}`, `{{lt .Name "x"}}`, `{{eq .Float 1.5}}`, `{{println "x"}}`, `{{html "<"}}`, `{{call .Name}}`,
		`{{1.5}}`, `{{0x10}}`, `{{'a'}}`, `{{1e3}}`, `{{print nil}}`, `{{twice 3 .Name}}`, `{{.Nil}}`, `{{index .Servers 1 | q}}`, `{{q .Map.nil}}`,
		`{{$x := 1}}{{range $x = .Tags}}{{end}}{{$x}}`, `{{with .Map.nil}}{{.x}}{{end}}{{.Map.nil.x}}`, `{{template "me"}}{{define "me"}}{{.}}{{end}}`,
	}
	for i, text := range append(followed, left...) {
		set := weave.NewSet(functions())
		if err := set.Parse("library", library); err != nil {
			t.Fatal(err)
		}
		own := set.Over()
		plain := template.Must(template.New("library").Funcs(functions()).Option("missingkey=error").Parse(library))
		plain, err := plain.New("main").Parse(text)
		ownErr := own.Parse("main", text)
		if fmt.Sprint(err) != fmt.Sprint(ownErr) {
			t.Errorf("%s: parse: %v, text/template: %v", text, ownErr, err)
		}
		if err != nil {
			continue
		}
		var want strings.Builder
		err = plain.Execute(&want, example())
		var r weave.Run
		for range 2 { // what the run remembers changes nothing
			got, ownErr := own.Text(&r, "main", example())
			if fmt.Sprint(err) != fmt.Sprint(ownErr) {
				t.Errorf("%s: %v, text/template: %v", text, ownErr, err)
			}
			if err == nil && got != want.String() {
				t.Errorf("%s: %q, text/template: %q", text, got, want.String())
			}
		}
		if i < len(followed) && r.Plain > 0 {
			t.Errorf("%s: was left to text/template", text)
		}
	}
}

func TestRunRemembersMethods(t *testing.T) {
	set := weave.NewSet(functions())
	if err := set.Parse("main", `{{range .Servers}}{{.FQDN}}{{.FQDN}}{{.With "a"}}{{.With "a"}}{{.With "b"}}{{end}}`); err != nil {
		t.Fatal(err)
	}
	d := example()
	var r weave.Run
	for range 3 {
		if _, err := set.Text(&r, "main", d); err != nil {
			t.Fatal(err)
		}
	}
	if *d.calls != 6 {
		t.Errorf("%d calls for three methods of two servers", *d.calls)
	}
}

// An execution that ends in the middle leaves nothing behind, and results live until they are released.
func TestRunIsClean(t *testing.T) {
	set := weave.NewSet(functions())
	for name, text := range map[string]string{
		"bad": `half{{template "worse" .}}`, "worse": `{{range .Servers}}more{{.Nope}}{{end}}`, "good": `{{$x := .Name}}{{$x}}{{.Port}}`,
	} {
		if err := set.Parse(name, text); err != nil {
			t.Fatal(err)
		}
	}
	var r weave.Run
	mark := r.Mark()
	first, err := set.Execute(&r, "good", example())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Execute(&r, "bad", example()); err == nil || !strings.Contains(err.Error(), `template: worse:1:`) {
		t.Error(err)
	}
	for range 100 {
		second, err := set.Execute(&r, "good", example())
		if err != nil || string(second) != "SQL11433" {
			t.Fatal(string(second), err)
		}
	}
	if string(first) != "SQL11433" {
		t.Errorf("%q", first)
	}
	r.Release(mark)
	if r.Mark() != mark {
		t.Error("the run grows")
	}
	if _, err := set.Text(&r, "none", nil); err == nil {
		t.Error("a template that is not there was executed")
	}
}

func TestManyGoroutines(t *testing.T) {
	set := weave.NewSet(functions())
	if err := set.Parse("main", `{{range .Servers}}{{.FQDN}} {{template "x" .Port}}{{end}}{{define "x"}}{{n .}}{{end}}`); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			var r weave.Run
			for range 100 {
				if got, err := set.Text(&r, "main", example()); err != nil || got != "SQL1.contoso.com 1433O'NEIL.contoso.com 300" {
					t.Error(got, err)
				}
			}
		})
	}
	wait.Wait()
}
