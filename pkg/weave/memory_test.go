package weave_test

import (
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/mbamplan/mbamplan/pkg/weave"
)

// others are dots that differ from the example in one thing each, and some that only look alike.
func others() map[string]*dot {
	change := func(f func(*dot)) *dot {
		d := example()
		f(&d)
		return &d
	}
	return map[string]*dot{
		"the example":      change(func(*dot) {}),
		"the same again":   change(func(*dot) {}),
		"a name":           change(func(d *dot) { d.Name = "SQL9" }),
		"a number":         change(func(d *dot) { d.Port = 1 }),
		"a truth":          change(func(d *dot) { d.Is = false }),
		"an object":        change(func(d *dot) { o := *d.Next; o.Name = "SQL3"; d.Next = &o }),
		"an equal object":  change(func(d *dot) { o := *d.Next; d.Next = &o }),
		"one object twice": change(func(d *dot) { d.Next = d.server; d.Servers[1] = d.server; d.Any = d.server }),
		"nothing there":    change(func(d *dot) { d.Next, d.Any = nil, nil }),
		"something there":  change(func(d *dot) { d.Nil = d.Next; d.None = d.Servers }),
		"a shorter list":   change(func(d *dot) { d.Servers = d.Servers[:1]; d.Tags = d.Tags[:1]; d.Values = d.Values[1:] }),
		"another order":    change(func(d *dot) { d.Servers[0], d.Servers[1] = d.Servers[1], d.Servers[0] }),
		"an element":       change(func(d *dot) { d.Values[1].Name = "x"; d.Tags = []string{"a", "c"} }),
		"a value":          change(func(d *dot) { d.Address.host = 6; d.Mask = 25; d.Float = 2; d.Small = 8; d.Empty = "not" }),
		"an entry":         change(func(d *dot) { d.Map["s"] = "other"; d.Map["x"] = d.Next; d.Counts["one"] = 2 }),
		"another type":     change(func(d *dot) { d.Any = "text" }),
	}
}

func remembered(set *weave.Set, memory *weave.Memory, d *dot) ([]byte, error) {
	r := &weave.Run{Memory: memory}
	return r.Remembered("main", []any{d}, func() ([]byte, error) { return set.Execute(r, "main", d) })
}

// Whatever was remembered of other dots, a dot gets what text/template says of it.
func TestMemory(t *testing.T) {
	for _, text := range []string{
		`{{.Name}} {{.Port}} {{.FQDN}} {{.Empty}}`, `{{with .Next}}{{.FQDN}}{{with .Next}}{{.Name}}{{end}}{{end}}`,
		`{{.Next.Name}}{{.Servers | len}}{{range .Servers}}{{.Name}}{{range .Tags}}{{.}}{{end}}{{end}}`,
		`{{range .Values}}{{.FQDN}}{{.Short}}{{end}}`, `{{l .Tags}}{{index .Tags 0}}`, `{{if .Is}}{{.Name}}{{else}}{{.Port}}{{end}}`,
		`{{if eq .Next (index .Servers 0)}}same{{else}}different{{end}}{{.Name}}`, `{{with .Next}}{{if eq . $.Any}}same{{end}}{{end}}`,
		`{{range .Servers}}{{if eq . $.Next}}next {{end}}{{if ne . $.Any}}not any {{end}}{{.Port}}{{end}}`,
		`{{$a := .Next}}{{with .Any}}{{.Name}}{{with $a}}{{.Name}}{{.Port}}{{end}}{{end}}`,
		`{{.Address}}{{.Float}}{{.Small}}{{.Mask}}{{if .Nil}}{{.Nil.Name}}{{end}}{{len .None}}`,
		`{{template "me" dict "n" .Next "s" .Servers "v" (index .Values 0) "t" .Tags}}{{define "me"}}{{with .n}}{{.Port}}{{end}}{{len .s}}{{range .s}}{{.Name}}{{end}}{{.v.Short}}{{range .t}}{{.}}{{end}}{{end}}`,
		`{{.Map.s}}{{.Map.x.Name}}{{.Counts.one}}`, `{{range list .Next .Any .Next}}{{with .}}{{.Name}}{{end}}{{end}}`,
		`{{with .Next}}{{$.Pair .}}{{end}}{{.With .Empty}}{{range .Others 0 1}}{{.Name}}{{.Port}}{{end}}`, `{{with .Any}}{{.Name}}{{end}}`,
		`{{printf "%v %s" .Address .Name}}{{.Sure}}`, `{{twice 3 .Port}}{{range $i, $s := .Servers}}{{$i}}{{$s.FQDN}}{{end}}`,
		`{{with .Next}}{{if eq .Name $.Name}}=={{end}}{{end}}{{with index .Servers 0}}{{.Name}}{{end}}{{with .Next}}{{.Tags | len}}{{end}}`,
		`{{with .Next}}{{.Name}}{{end}}{{range .Servers}}{{with .Next}}{{.Name}}{{.Port}}{{end}}{{end}}`,
	} {
		set := weave.NewSet(functions())
		if err := set.Parse("main", text); err != nil {
			t.Fatal(err)
		}
		plain := template.Must(template.New("main").Funcs(functions()).Option("missingkey=error").Parse(text))
		wanted := map[string]string{}
		for name, d := range others() {
			var want strings.Builder
			if err := plain.Execute(&want, d); err == nil {
				wanted[name] = want.String()
			}
		}
		for first := range wanted {
			for second, want := range wanted {
				memory := weave.NewMemory()
				for _, name := range []string{first, second} {
					got, err := remembered(set, memory, others()[name])
					if err != nil || string(got) != wanted[name] {
						t.Fatalf("%s, %s after %s: %q %v, text/template: %q", text, name, first, got, err, want)
					}
				}
			}
		}
	}
}

// A result is made once for all dots that are alike in what it reads, and is then the same memory.
func TestMemoryShares(t *testing.T) {
	calls := 0
	set := weave.NewSet(map[string]any{"q": func(s string) (string, error) { calls++; return s, nil }})
	if err := set.Parse("main", `{{q .Name}}{{range .Servers}}{{q .FQDN}}{{end}}`); err != nil {
		t.Fatal(err)
	}
	memory := weave.NewMemory()
	var first []byte
	for i := range 10 {
		d := example()
		d.Port = i // which nobody reads
		got, err := remembered(set, memory, &d)
		if err != nil || string(got) != "SQL1SQL1.contoso.comO'NEIL.contoso.com" {
			t.Fatal(string(got), err)
		}
		if i == 0 {
			first = got
		}
		if &first[0] != &got[0] {
			t.Error("equal results are two")
		}
	}
	if calls != 3 {
		t.Errorf("%d calls", calls)
	}
}

func TestMemoryOfMany(t *testing.T) {
	set := weave.NewSet(functions())
	if err := set.Parse("main", `{{range .Servers}}{{.FQDN}}{{.Port}}{{end}}{{.Is}}{{with .Next}}{{.Name}}{{end}}`); err != nil {
		t.Fatal(err)
	}
	memory := weave.NewMemory()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				for name, d := range others() {
					want, err := set.Text(&weave.Run{}, "main", d)
					got, again := remembered(set, memory, d)
					if err != nil || again != nil || string(got) != want {
						t.Errorf("%s: %q %v %q %v", name, got, again, want, err)
					}
				}
			}
		})
	}
	wait.Wait()
}

// The key is part of what is remembered, an error is not, and what is assembled of results may be anything.
func TestRemembered(t *testing.T) {
	set := weave.NewSet(functions())
	for name, text := range map[string]string{"body": `{{.Name}}`, "bad": `{{.Fails}}`, "frame": `<{{.Key}}{{.Body}}>`} {
		if err := set.Parse(name, text); err != nil {
			t.Fatal(err)
		}
	}
	type frame struct {
		Key  string
		Body weave.Text
	}
	memory := weave.NewMemory()
	for i, c := range []struct{ key, template, want string }{
		{"a", "body", "<aSQL1>"}, {"b", "body", "<bSQL1>"}, {"a", "body", "<aSQL1>"}, {"c", "bad", ""}, {"c", "body", "<cSQL1>"}, {"c", "bad", "<cSQL1>"},
	} {
		d := example()
		r := &weave.Run{Memory: memory}
		got, err := r.Remembered(c.key, []any{&d}, func() ([]byte, error) {
			body, err := set.Execute(r, c.template, &d)
			if err != nil {
				return nil, err
			}
			return set.Assemble(r, "frame", &frame{c.key, body})
		})
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%d: %q %v", i, got, err)
		}
	}
}
