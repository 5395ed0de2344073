package preset_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/preset"
)

func presets(t testing.TB) []*preset.Preset {
	t.Helper()
	list, err := preset.Load(examples.FS)
	if err != nil || len(list) == 0 {
		t.Fatal(err, list)
	}
	return list
}

func example(t testing.TB, p *preset.Preset) string {
	t.Helper()
	data, err := examples.FS.ReadFile(p.Name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// clean fails when a topology has an error.
func clean(t *testing.T, text []byte) {
	t.Helper()
	_, _, found := compile.Topology("farm.yaml", text)
	if found.Errors() > 0 {
		t.Errorf("%+v\n%s", found, text)
	}
}

func TestWithoutAnswersNothingChanges(t *testing.T) {
	for _, p := range presets(t) {
		if got := p.Apply(nil, preset.Options{}); string(got) != example(t, p) {
			t.Errorf("%s changed:\n%s", p.Name, got)
		}
		if p.About == "" || strings.Contains(p.About, ". ") {
			t.Errorf("%s: its first comment begins with no sentence: %q", p.Name, p.About)
		}
	}
}

// The template of answers holds the preset's own values, so that it is read as answers that change nothing.
func TestTemplateIsAFileOfAnswers(t *testing.T) {
	for _, p := range presets(t) {
		f, found := preset.ParseAnswers("answers.yaml", p.Template())
		if len(found) > 0 {
			t.Fatal(found)
		}
		chosen, found := f.Preset("", presets(t))
		if len(found) > 0 || chosen.Name != p.Name {
			t.Fatal(chosen, found)
		}
		a, found := f.Answers(p)
		if len(found) > 0 || len(a) != len(p.Questions()) {
			t.Fatalf("%d of %d answers, %+v", len(a), len(p.Questions()), found)
		}
		if got := p.Apply(a, preset.Options{}); string(got) != example(t, p) {
			t.Errorf("%s changed:\n%s", p.Name, got)
		}
	}
}

var letters = regexp.MustCompile(`[A-Za-z]`)

// other makes an answer that differs from the preset's value and keeps addresses in their subnets.
func other(q preset.Question, i int) string {
	switch {
	case q.Path == "domain.dns":
		return "ad.example.org"
	case q.Path == "domain.netbios":
		return "EXAMPLE"
	case q.Path == preset.FileServer, q.Path == "domain.dnsServer":
		return fmt.Sprintf("filer%d.ad.example.org", i)
	case q.Path == preset.Company:
		return "Example & Söhne's \"AG\""
	case q.Text != "" && strings.HasSuffix(q.Path, "].host"):
		return fmt.Sprintf("keys%d.ad.example.org", i)
	case strings.Contains(q.Path, "OU") || strings.HasSuffix(q.Path, ".ou"):
		return fmt.Sprintf("OU=New %d,DC=ad,DC=example,DC=org", i)
	case strings.Contains(q.Path, "humbprint"):
		return fmt.Sprintf("%040X", i)
	case strings.HasSuffix(q.Path, "rl"):
		return fmt.Sprintf("https://help%d.example.org/?a=1#b", i)
	case strings.HasPrefix(q.Path, "accounts.") || strings.HasSuffix(q.Path, "serviceAccount"):
		return fmt.Sprintf("EXAMPLE\\o'svc-%d", i)
	case strings.HasPrefix(q.Example, "10.") || strings.HasPrefix(q.Example, "192."):
		_, rest, _ := strings.Cut(q.Example, ".")
		return "172." + rest
	case strings.HasSuffix(q.Path, "data") || strings.HasSuffix(q.Path, "log"):
		return fmt.Sprintf(`X:\Söhne's data\%d`, i)
	case strings.HasSuffix(q.Path, "edition"):
		return q.Example
	case strings.HasPrefix(q.Path, "instances.") && strings.Contains(q.Example, `\`):
		return fmt.Sprintf("NEW%d\\INST%d", i, i)
	}
	return ""
}

// Every question that is asked gets another answer: the result passes check and nothing of the example is left in it.
func TestEveryAnswer(t *testing.T) {
	for _, p := range presets(t) {
		t.Run(p.Name, func(t *testing.T) {
			a := preset.Answers{}
			var old []string
			for i, q := range p.Questions() {
				v := other(q, i)
				if q.Text != "" && v == "" && letters.MatchString(q.Example) && strings.Count(q.Path, ".") > 0 {
					switch {
					case strings.HasPrefix(q.Path, "hosts."), strings.HasPrefix(q.Path, "instances."), strings.HasSuffix(q.Path, "cluster.name"), strings.HasSuffix(q.Path, "listener.name"), q.Path == "domain.managementHost":
						v = fmt.Sprintf("NEW%d", i)
						old = append(old, q.Example)
					}
				}
				// An instance that is not clustered is called after its server.
				network, named, ok := strings.Cut(q.Example, `\`)
				if server := a["hosts."+network]; ok && named != "" && server != "" && strings.HasPrefix(q.Path, "instances.") {
					_, named, _ = strings.Cut(v, `\`)
					v = server + `\` + named
				}
				if v == "" {
					continue
				}
				fit, expected := q.Fit(v)
				if expected != "" || fit != v {
					t.Errorf("%s: %q does not fit: %s", q.Path, v, expected)
				}
				a[q.Path] = v
			}
			text := p.Apply(a, preset.Options{File: "farm.yaml"})
			clean(t, text)
			for _, word := range append(old, "contoso", "fabrikam") {
				if regexp.MustCompile(`(?i)(^|[^\pL\pN_$-])` + regexp.QuoteMeta(word) + `($|[^\pL\pN_$-])`).Match(text) {
					t.Errorf("%q is left:\n%s", word, text)
				}
			}
			again, err := preset.New(p.Name, text)
			if err != nil {
				t.Fatal(err)
			}
			before, after := values(p), values(again)
			if len(before) != len(after) {
				t.Fatalf("%d values became %d", len(before), len(after))
			}
			for i, q := range p.Questions() {
				if v, ok := a[q.Path]; ok && q.Path != preset.FileServer && q.Path != preset.Company {
					if got := again.Questions()[i].Example; got != v {
						t.Errorf("%s is %q, answered %q", q.Path, got, v)
					}
				}
			}
		})
	}
}

func values(p *preset.Preset) []string {
	var out []string
	for _, q := range p.Questions() {
		out = append(out, q.Example)
	}
	return out
}

// What may be left out is left out, and the topology still passes check.
func TestLeaveOut(t *testing.T) {
	for _, p := range presets(t) {
		a := preset.Answers{}
		for _, q := range p.Questions() {
			if q.Optional {
				a[q.Path] = ""
			}
		}
		text := p.Apply(a, preset.Options{})
		clean(t, text)
		again, err := preset.New(p.Name, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range again.Questions() {
			if _, ok := a[q.Path]; ok {
				t.Errorf("%s: %s is still %q", p.Name, q.Path, q.Example)
			}
		}
	}
}

const small = `# A small farm. It is for this test.
schema: 1
name: contoso-small   # of contoso.com
mbam: {release: 2.5 SP1}
domain: {dns: contoso.com, netbios: CONTOSO}
accounts: {pool: svc-a, reports: svc-b}
groups: {advancedHelpdesk: A, helpdesk: B, reports: C}
hosts:
  SQL1: {windows: "2019", address: 10.0.0.1}          # SQL1 holds both
  WEB1: {address: 10.0.0.2, windows: "2019"}
instances:
  SQL1: {version: "2019", edition: Standard}
placements:
  db: {kind: standalone, instance: SQL1}
databases: {compliance: db, recovery: db}
reports: {hosts: SQL1, version: "2019", edition: Standard}
web:
  farms:
    - host: mbam.contoso.com
      nodes: WEB1
      certificate:
        thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D   # of the CA
        template: Web
`

func TestApply(t *testing.T) {
	p, err := preset.New("small", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if p.About != "A small farm." {
		t.Error(p.About)
	}
	for _, c := range []struct {
		name  string
		a     preset.Answers
		edits []string // old, new …
	}{
		{"nothing", nil, nil},
		{"host", preset.Answers{"hosts.SQL1": "DATABASE01"}, []string{
			"  SQL1: {windows: \"2019\", address: 10.0.0.1}          # SQL1 holds", "  DATABASE01: {windows: \"2019\", address: 10.0.0.1}    # DATABASE01 holds",
			"  SQL1: {version", "  DATABASE01: {version", "instance: SQL1", "instance: DATABASE01", "hosts: SQL1", "hosts: DATABASE01",
		}},
		{"domain", preset.Answers{"domain.dns": "example.org"}, []string{
			"contoso-small   # of contoso.com", "example-small   # of example.org", "contoso.com, netbios: CONTOSO", "example.org, netbios: EXAMPLE", "mbam.contoso.com", "mbam.example.org",
		}},
		{"swap", preset.Answers{"hosts.SQL1": "WEB1", "hosts.WEB1": "SQL1"}, []string{
			"  SQL1: {windows: \"2019\", address: 10.0.0.1}          # SQL1", "  WEB1: {windows: \"2019\", address: 10.0.0.1}          # WEB1",
			"  WEB1: {address", "  SQL1: {address", "  SQL1: {version", "  WEB1: {version", "instance: SQL1", "instance: WEB1",
			"hosts: SQL1", "hosts: WEB1", "nodes: WEB1", "nodes: SQL1",
		}},
		{"last entry", preset.Answers{"hosts.SQL1.address": ""}, []string{", address: 10.0.0.1}          #", "}                             #"}},
		{"first entry", preset.Answers{"hosts.WEB1.address": ""}, []string{"{address: 10.0.0.2, w", "{w"}},
		{"line", preset.Answers{"web.farms[0].certificate.thumbprint": ""}, []string{
			"        thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D   # of the CA\n", "",
		}},
		{"quotes", preset.Answers{"groups.helpdesk": "yes", "groups.reports": "a: b", "accounts.pool": "it's, so", "placements.db": "1"}, []string{
			"helpdesk: B", "helpdesk: 'yes'", "reports: C", "reports: 'a: b'", "pool: svc-a", "pool: 'it''s, so'",
			"  db: {", "  '1': {", "compliance: db", "compliance: '1'", "recovery: db", "recovery: '1'",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := small
			for i := 0; i < len(c.edits); i += 2 {
				if !strings.Contains(want, c.edits[i]) {
					t.Fatalf("%q does not occur", c.edits[i])
				}
				want = strings.Replace(want, c.edits[i], c.edits[i+1], 1)
			}
			if got := string(p.Apply(c.a, preset.Options{})); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
	got := string(p.Apply(nil, preset.Options{Schema: "mbamplan.schema.json"}))
	if got != "# yaml-language-server: $schema=mbamplan.schema.json\n"+small {
		t.Error(got)
	}
}

func TestAnswers(t *testing.T) {
	p, err := preset.New("small", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, code, message string }{
		{"preset: small\nhosts.SQL1: DB1\n", "", ""},
		{"preset: smal\n", decode.CodeEnum, `no preset is called "smal"`},
		{"hosts.SQL1: DB1\n", decode.CodeMissingKey, "no preset is named"},
		{"preset: small\nhosts.SQL2: DB1\n", decode.CodeUnknownKey, "no value at"},
		{"preset: small\nhosts.SQL1: DB_1\n", decode.CodeShape, "expected a host name"},
		{"preset: small\nhosts.SQL1: ''\n", decode.CodeShape, "expected a value"},
		{"preset: small\nhosts.SQL1: [A]\n", decode.CodeType, "expected one value"},
		{"preset: small\nhosts.SQL1.windows: '2020'\n", decode.CodeShape, "one of 2008 R2"},
		{"- a\n", decode.CodeType, "expected a mapping"},
	} {
		f, found := preset.ParseAnswers("a.yaml", []byte(c.text))
		if len(found) == 0 {
			var chosen *preset.Preset
			if chosen, found = f.Preset("", []*preset.Preset{p}); chosen != nil {
				_, found = f.Answers(chosen)
			}
		}
		if c.code == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || found[0].Code != c.code || !strings.Contains(found[0].Message, c.message) {
			t.Errorf("%q: %+v", c.text, found)
		}
	}
}

func ask(t *testing.T, p *preset.Preset, before preset.Answers, lines ...string) (preset.Answers, string, error) {
	t.Helper()
	var out bytes.Buffer
	a, err := preset.NewPrompter(strings.NewReader(strings.Join(lines, "\n")+"\n"), &out).Ask(t.Context(), p, before)
	return a, out.String(), err
}

func TestAsk(t *testing.T) {
	p, err := preset.New("small", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		"no_domain", "example.org", "", "svc-1", "svc-2",
		"", "DB1", "2016", "-", "W1", "2020", "2019", "",
		"", "", "", "-", "",
	}
	a, out, err := ask(t, p, nil, lines...)
	if err != nil {
		t.Fatal(err, out)
	}
	for path, want := range map[string]string{
		"domain.dns": "example.org", "domain.netbios": "EXAMPLE", "accounts.pool": "svc-1", "hosts.SQL1": "DB1",
		"web.farms[0].host": "mbam.example.org", "web.farms[0].certificate.thumbprint": "",
	} {
		if got, ok := a[path]; !ok || got != want {
			t.Errorf("%s is %q, want %q\n%s", path, got, want, out)
		}
	}
	clean(t, p.Apply(a, preset.Options{}))
	// Asked again, Enter keeps every answer.
	b, _, err := ask(t, p, a, make([]string, 40)...)
	if err != nil || fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v\n%v\n%v", a, b, err)
	}
	if _, _, err := ask(t, p, nil, lines[:4]...); !errors.Is(err, preset.ErrEnded) {
		t.Errorf("input that ends: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waiting, writer := io.Pipe()
	defer writer.Close()
	if _, err := preset.NewPrompter(waiting, io.Discard).Ask(ctx, p, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
}

func TestChoose(t *testing.T) {
	list := presets(t)
	for input, want := range map[string]string{"\n": list[0].Name, "99\nx\n2\n": list[1].Name, strings.ToUpper(list[1].Name) + "\n": list[1].Name} {
		got, err := preset.NewPrompter(strings.NewReader(input), io.Discard).Choose(t.Context(), list)
		if err != nil || got.Name != want {
			t.Errorf("%q: %v, %v", input, got, err)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
	}{{"", ""}, {"a b", "a b"}, {"aaaa bbbb", "aaaa|bbbb"}, {"aaaaaaaaaa b", "aaaaaaaaaa|b"}} {
		if got := strings.Join(preset.Wrap(c.text, 5), "|"); got != c.want {
			t.Errorf("%q: %q", c.text, got)
		}
	}
}
