package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/evidence"
)

// hostile is text that a server may send.
const hostile = "</td><script>alert(1)</script> \"onload=x ' & {{.}} \x1b[31m \u202egnp.exe \r\n\t`"

// deviating is a set with a bit of everything, hostile text in every field that takes any.
func deviating(t testing.TB) *set {
	s := perfect(t, example)
	r := s.of("WEB2/verify/690-node-check.ps1")
	r.fail(4, hostile)
	r.User = hostile
	r.Checks = append(r.Checks, evidence.Check{Name: hostile, Expected: hostile, Actual: hostile})
	r = s.of("install/120-service-principal-names.ps1")
	r.Changed = []string{hostile}
	r.Script = strings.Repeat("ab", 32)
	foreign := *s.run("install/120-service-principal-names.ps1").at(begin)
	foreign.Host, foreign.Name, foreign.Message = hostile, "web.other.install", hostile
	s.files["O'Brien & <b>/web.other.install.result.json"] = line(t, foreign)
	s.files["O'Brien & <b>/x.result.json"] = []byte("{")
	s.of("SQL3/install/450-native-backup-job.sql").Finished = ""
	return s
}

// TestHTML looks at what a browser would make of the page: no element that a record brought, nothing that loads or runs.
func TestHTML(t *testing.T) {
	for _, r := range []*evidence.Report{perfect(t, example).judge(), deviating(t).judge(), evidence.Judge(manifest(t, example), &evidence.Collection{})} {
		var b bytes.Buffer
		if err := r.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		known := strings.Fields("html head meta title style body main h1 h2 p dl dt dd table caption thead tbody tr th td div span code ul li br strong")
		open := map[string]int{}
		for _, m := range regexp.MustCompile(`<(/?)([a-zA-Z0-9]+)([^>]*)>`).FindAllStringSubmatch(page, -1) {
			if !slices.Contains(known, strings.ToLower(m[2])) {
				t.Errorf("an element %s", m[0])
			}
			if regexp.MustCompile(`(?i)\bon[a-z]+\s*=|\b(?:src|href)\s*=|javascript:`).MatchString(m[3]) {
				t.Errorf("an attribute that acts: %s", m[0])
			}
			if m[1] == "/" {
				open[m[2]]--
			} else {
				open[m[2]]++
			}
		}
		for name, n := range open {
			if n != 0 && name != "meta" && name != "br" {
				t.Errorf("%d of <%s> are not closed", n, name)
			}
		}
		for _, c := range page {
			if c < ' ' && c != '\n' || c == '\u202e' {
				t.Errorf("the page holds %U", c)
			}
		}
		for _, bad := range []string{"<script", "url(", "@import", "http:"} {
			if strings.Contains(strings.ToLower(page), bad) {
				t.Errorf("the page holds %s", bad)
			}
		}
	}
	// The style that the policy names is the one that the page has, byte for byte.
	perfectly, rest := new(bytes.Buffer), ""
	if err := perfect(t, example).judge().WriteHTML(perfectly); err != nil {
		t.Fatal(err)
	}
	_, rest, _ = strings.Cut(perfectly.String(), "<style>")
	css, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(html.UnescapeString(perfectly.String()), want) || len(css) < 100 {
		t.Errorf("the policy does not name %s", want)
	}
	var b bytes.Buffer
	r := deviating(t).judge()
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;U&#43;001B&gt;[31m", "&lt;U&#43;202E&gt;gnp.exe", "incomplete;", "verify-failed", "changed: ", "other-digest", strings.Repeat("ab", 32),
		"no end", "Runs that are not in the plan", "Content-Security-Policy", "as planned",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestJSON holds the report against its schema, and the schema against the codes.
func TestJSON(t *testing.T) {
	s := schema(t, "report.schema.json")
	for _, r := range []*evidence.Report{perfect(t, example).judge(), deviating(t).judge(), evidence.Judge(manifest(t, example), &evidence.Collection{})} {
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		valid(t, s, b.Bytes())
		var again evidence.Report
		if err := json.Unmarshal(b.Bytes(), &again); err != nil || again.Summary != r.Summary {
			t.Errorf("%v: %+v, want %+v", err, again.Summary, r.Summary)
		}
	}
	text, err := os.ReadFile("../../docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range append(codesOfSchema(t), evidence.Drift, evidence.Roles, evidence.Missing, evidence.Stale, evidence.ChecksFailed, evidence.NotCompared) {
		if !bytes.Contains(text, []byte("| `"+code+"` |")) {
			t.Errorf("docs/evidence.md says nothing of %s", code)
		}
	}
}

func codesOfSchema(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../docs/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Properties struct {
			Findings struct {
				Items struct {
					Properties struct {
						Code struct{ Enum []string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil || len(doc.Properties.Findings.Items.Properties.Code.Enum) < 20 {
		t.Fatal(err, doc)
	}
	return doc.Properties.Findings.Items.Properties.Code.Enum
}

// TestSameBytes judges and prints the same files twice.
func TestSameBytes(t *testing.T) {
	dir := deviating(t).write()
	var all []string
	for range 2 {
		c, err := evidence.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		r := evidence.Judge(manifest(t, example), c)
		var b bytes.Buffer
		for _, write := range []func(io.Writer) error{r.WriteText, r.WriteJSON, r.WriteHTML} {
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, b.String())
	}
	if all[0] != all[1] {
		t.Error("two reports on the same files differ")
	}
}
