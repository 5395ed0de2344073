package rendered

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/tools/cfgverify"
	"github.com/mbamplan/mbamplan/tools/hostile"
	"github.com/mbamplan/mbamplan/tools/psverify"
)

// tagged puts a mark before and behind what a field is given, by which it is found again.
func tagged(i int, inner string) string { return fmt.Sprintf("q%02dz%sz%02dq", i, inner, i) }

// put writes values into contoso-alwayson.
func put(t testing.TB, text string, values map[int]string) string {
	t.Helper()
	out, err := hostile.Put(text, hostile.Contoso, values)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tree renders a topology without errors; the error says what a person would see in place of a finding.
func tree(c *compile.Compiler, text string) (compiled, error) {
	_, f, found := compile.Topology("hostile.yaml", []byte(text))
	if f == nil || found.Errors() > 0 {
		return compiled{}, fmt.Errorf("refused: %+v", found)
	}
	p, err := c.Plan(f)
	if err != nil {
		return compiled{}, fmt.Errorf("plan: %w", err)
	}
	key, err := secrets.New(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		return compiled{}, err
	}
	out, found, err := c.Tree(p, render.Options{Secrets: key, Topology: "hostile.yaml"})
	if err == nil && len(found) > 0 {
		err = errors.New(found[0].File + ": " + found[0].Message)
	}
	return compiled{f, out}, err
}

// names reports whether one of the findings leads to the field: by its place, or by its key in the message.
func names(found diag.List, text string, i int) bool {
	f := hostile.Contoso[i]
	key := f.Path[strings.LastIndexByte(f.Path, '.')+1:]
	lines := strings.Split(text, "\n")
	for _, d := range found {
		if d.Pos.Line > 0 && strings.Contains(lines[d.Pos.Line-1], fmt.Sprintf("q%02dz", i)) || strings.Contains(d.Message, key) {
			return true
		}
	}
	return false
}

// accepted returns, for each field, the atoms that the checks let pass. Every other one is refused by a finding that
// leads to the field.
func accepted(t *testing.T, base string) map[int][]string {
	t.Helper()
	out := map[int][]string{}
	for i, f := range hostile.Contoso {
		for _, atom := range hostile.Atoms {
			text := put(t, base, map[int]string{i: tagged(i, atom)})
			found := hostile.Errors(text)
			if len(found) == 0 {
				out[i] = append(out[i], atom)
			} else if !names(found, text, i) {
				t.Errorf("%s: %q is refused by a finding that leads elsewhere: %+v", f.Path, atom, found)
			}
		}
	}
	return out
}

// joined puts as many of the atoms into one value as the checks let pass together: a name has its length.
func joined(t *testing.T, base string, i int, list []string) (string, bool) {
	t.Helper()
	fits := func(inner string) bool {
		return len(hostile.Errors(put(t, base, map[int]string{i: tagged(i, inner)}))) == 0
	}
	// The checkers look for expressions that a template left; a name that looks like one is rendered by itself.
	list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "{{x}}" })
	inner := strings.Join(list, "")
	if !fits(inner) {
		inner = ""
		for _, atom := range list {
			if fits(inner + atom) {
				inner += atom
			}
		}
	}
	return tagged(i, inner), fits(inner)
}

// TestHostileNames gives every field every atom that the checks let pass. The tree is rendered, every checker passes, and
// every value comes out of every literal as it went in.
func TestHostileNames(t *testing.T) {
	base := exampleText(t, "contoso-alwayson.yaml")
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	pass := accepted(t, base)
	for g, group := range hostile.Groups(hostile.Contoso) {
		t.Run(fmt.Sprintf("topology %d", g+1), func(t *testing.T) {
			values := map[int]string{}
			for _, i := range group {
				if v, ok := joined(t, base, i, pass[i]); ok {
					values[i] = v
				}
			}
			out, err := tree(c, put(t, base, values))
			if err != nil {
				t.Errorf("values that the checks let pass fail in the render: %v", err)
				values = withoutFailing(t, c, base, values, pass)
				if out, err = tree(c, put(t, base, values)); err != nil {
					t.Fatalf("fields fail together only: %v", err)
				}
			}
			verify(t, out)
			arrives(t, out.tree, values)

			expressions := map[int]string{}
			for _, i := range group {
				if slices.Contains(pass[i], "{{x}}") {
					expressions[i] = tagged(i, "{{x}}")
				}
			}
			if out, err = tree(c, put(t, base, expressions)); err != nil {
				t.Errorf("a name that looks like an expression is taken for one: %v", err)
			} else {
				arrives(t, out.tree, expressions)
			}
		})
	}
}

// withoutFailing finds out which fields and atoms fail in the render, and leaves the fields out.
func withoutFailing(t *testing.T, c *compile.Compiler, base string, values map[int]string, pass map[int][]string) map[int]string {
	t.Helper()
	out := map[int]string{}
	for i, f := range hostile.Contoso {
		v, ok := values[i]
		if !ok {
			continue
		}
		if _, err := tree(c, put(t, base, map[int]string{i: v})); err == nil {
			out[i] = v
			continue
		}
		var good []string
		for _, atom := range pass[i] {
			if _, err := tree(c, put(t, base, map[int]string{i: tagged(i, atom)})); err != nil {
				t.Errorf("%s: %q passes the checks and fails in the render: %v", f.Path, atom, err)
			} else {
				good = append(good, atom)
			}
		}
		if v, ok := joined(t, base, i, good); ok {
			out[i] = v
		}
	}
	return out
}

// TestNamesAtTheEdge renders names that are as long as they may be, and names whose ends or whole mean something to a
// language. They bear no marks, so only the checkers judge.
func TestNamesAtTheEdge(t *testing.T) {
	base := exampleText(t, "contoso-alwayson.yaml")
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	for _, values := range []map[string]string{
		{
			"databases.compliance.name": strings.Repeat("]", 128), "databases.recovery.name": strings.Repeat("'", 128), "placements": strings.Repeat("\U0001F600", 64),
			"placements.MBAM-AG.endpoint.name": "GO", "clients.gpo": "-Name", "web.farms[0].portal.companyName": `\`, "web.farms[0].portal.helpdeskText": "$",
			"web.farms[0].certificate.template": `"`, "web.farms[0].balancer.interface": "'", "groups.helpdesk": "#", "groups.reports": "(", "accounts.readWrite": "-", "accounts.readOnly": "`",
		},
		{
			"databases.compliance.name": "NULL", "databases.recovery.name": "[dbo]", "placements": "/*", "placements.MBAM-AG.endpoint.name": strings.Repeat("\u2019", 128),
			"clients.gpo": "@{}", "web.farms[0].portal.companyName": "#>", "web.farms[0].portal.helpdeskText": "--%", "web.farms[0].balancer.interface": "*",
			"web.farms[0].certificate.template": ";", "groups.helpdesk": "$true", "groups.reports": "%", "accounts.readWrite": "{0}", "accounts.readOnly": "&&",
		},
	} {
		byIndex := map[int]string{}
		for i, f := range hostile.Contoso {
			if v, ok := values[f.Path]; ok {
				byIndex[i] = v
			}
		}
		if len(byIndex) != len(values) {
			t.Fatal("a field is not known")
		}
		for i, v := range byIndex {
			if found := hostile.Errors(put(t, base, map[int]string{i: v})); len(found) > 0 {
				t.Logf("%s: %q is refused: %s", hostile.Contoso[i].Path, v, found[0].Message)
				delete(byIndex, i)
			}
		}
		if len(byIndex) < 10 {
			t.Errorf("only %d of %d values are taken", len(byIndex), len(values))
		}
		out, err := tree(c, put(t, base, byIndex))
		if err != nil {
			t.Errorf("a value fails in the render: %v", err)
			continue
		}
		verify(t, out)
	}
}

// arrives looks into every literal of every file. A mark that stands there must be followed by the rest of the value in a
// form that some language asks for, up to the mark at its end.
func arrives(t *testing.T, tree *artifact.Tree, values map[int]string) {
	t.Helper()
	forms := map[int][]string{}
	seen := map[int]bool{}
	for i, v := range values {
		forms[i] = encodings(v)
	}
	for _, f := range tree.Files() {
		for _, text := range literals(t, f) {
			for i, v := range values {
				open, end := v[:4], v[len(v)-4:]
				for rest := text; ; {
					k := strings.Index(rest, open)
					if k < 0 {
						break
					}
					rest = rest[k:]
					e := strings.Index(rest, end)
					if e < 0 {
						t.Errorf("%s: %s is cut short: %q", f.Path, hostile.Contoso[i].Path, rest)
						break
					}
					if got := rest[:e+4]; !slices.Contains(forms[i], got) {
						t.Errorf("%s: %s became %q, was %q", f.Path, hostile.Contoso[i].Path, got, v)
					}
					seen[i] = true
					rest = rest[e+4:]
				}
			}
		}
	}
	for i := range values {
		if !seen[i] && !unprinted[hostile.Contoso[i].Path] {
			t.Errorf("%s stands in no file", hostile.Contoso[i].Path)
		}
	}
}

// unprinted are fields that rules use and no file repeats.
var unprinted = map[string]bool{"hosts.WEB1.site": true}

// encodings are the forms in which a value may stand inside a literal: as it is, and as a part of another language.
func encodings(v string) []string {
	double := func(q string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(s, q, q+q) }
	}
	kinds := []func(string) string{
		double("'"), double(`"`), double("]"), strings.ToLower, strings.ToUpper,
		func(s string) string { e, _ := quote.DNValue(s); return e },
		func(s string) string { e, _ := quote.LDAPFilter(s); return e },
		func(s string) string { e, _ := quote.XMLText(s); return e },
		func(s string) string { e, _ := quote.MDText(s); return e },
		func(s string) string { return (&url.URL{Path: s}).EscapedPath() },
		fileName,
		func(s string) string { e, _ := quote.PS(s); return strings.TrimSuffix(strings.TrimPrefix(e, "'"), "'") },
	}
	out := []string{v}
	for _, a := range kinds {
		out = append(out, a(v))
		for _, b := range kinds {
			out = append(out, b(a(v)))
		}
	}
	return out
}

// fileName is the form that farm gives a name in the name of a file: other characters than these become hyphens.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, s)
}

// literals returns the values of the literals of a file, quotes and escapes resolved by the rules of its language.
func literals(t *testing.T, f artifact.File) []string {
	t.Helper()
	var out []string
	switch path.Ext(f.Path) {
	case ".ps1":
		for n := range psverify.Parse(f.Data).Root.All() {
			if v := psverify.ValueOf(n); v.Kind == psverify.Literal && v.Quoted && len(n.Children) == 0 {
				out = append(out, v.Literal)
			}
		}
	case ".sql":
		out = sqlLiterals(string(f.Data))
	case ".xml", ".config":
		d := xml.NewDecoder(bytes.NewReader(f.Data))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", f.Path, err)
			}
			switch x := token.(type) {
			case xml.CharData:
				out = append(out, string(x))
			case xml.StartElement:
				for _, a := range x.Attr {
					out = append(out, a.Value)
				}
			}
		}
	case ".inf":
		sections, _ := cfgverify.INF(f.Path, f.Data)
		for _, s := range sections {
			for _, item := range s.Items {
				out = append(out, item.Value)
			}
		}
	case ".cfg":
		out = haproxyWords(string(f.Data))
	case ".md":
		out = strings.Split(string(f.Data), "\n")
	case ".dsh":
		out = strings.Fields(string(f.Data))
	}
	return out
}

// sqlLiterals returns names in brackets and literals in apostrophes. Comments nest.
func sqlLiterals(s string) []string {
	var out []string
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "--"):
			i += strings.IndexByte(s[i:]+"\n", '\n')
		case strings.HasPrefix(s[i:], "/*"):
			for depth := 0; i < len(s); i++ {
				if strings.HasPrefix(s[i:], "/*") {
					depth++
					i++
				} else if strings.HasPrefix(s[i:], "*/") {
					i++
					if depth--; depth == 0 {
						break
					}
				}
			}
		case s[i] == '\'' || s[i] == '[':
			end := byte('\'')
			if s[i] == '[' {
				end = ']'
			}
			var b strings.Builder
			for i++; i < len(s); i++ {
				if s[i] == end {
					if i+1 == len(s) || s[i+1] != end {
						break
					}
					i++
				}
				b.WriteByte(s[i])
			}
			out = append(out, b.String())
		}
	}
	return out
}

// haproxyWords returns the words of a configuration: blanks part them, a backslash takes the next character as it is.
func haproxyWords(s string) []string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		var b strings.Builder
		for i := 0; i < len(line); i++ {
			switch {
			case line[i] == '\\' && i+1 < len(line):
				i++
				b.WriteByte(line[i])
			case line[i] == '#':
				i = len(line)
			case line[i] == ' ' || line[i] == '\t' || line[i] == '\r':
				out = append(out, b.String())
				b.Reset()
			default:
				b.WriteByte(line[i])
			}
		}
		out = append(out, b.String())
	}
	return out
}

// TestLiterals shows that literals are read by the rules of their language.
func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a.sql", "SELECT N'a''b', [c]]d] -- 'no'\n/* 'no' /* [no] */ 'no' */ N'e'", []string{"a'b", "c]d", "e"}},
		{"a.ps1", "$x = 'a''b'\r\n$y = @('c', 'd\u2019\u2019e')\r\n# 'no'\r\n", []string{"a'b", "c", "d\u2019e"}},
		{"a.cfg", `server a\ b c\#d # no`, []string{"server", "a b", "c#d", ""}},
		{"a.xml", `<a b="c&amp;d">e&lt;f</a>`, []string{"c&d", "e<f"}},
	} {
		if got := literals(t, artifact.File{Path: c.name, Data: []byte(c.text)}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
