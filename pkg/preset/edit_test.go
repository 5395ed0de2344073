package preset

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// FuzzScalar reads what is written: in brackets, in a block and as a key the value is itself.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{"a", "", "it's", `"`, `a\b`, "a: b", "a #b", "yes", "0x10", "2019-01-01", "{x}", "*a", "&a", "!t", "- a", "?", "|", "%a", "@", "`", "a, b", "null", "~", "é\u00a0", "1_000", "<<", " a "} {
		for _, old := range []string{"plain", "'single'", `"double"`, "1433"} {
			f.Add(old, s)
		}
	}
	f.Fuzz(func(t *testing.T, old, value string) {
		for _, r := range value {
			if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\uFFFE' || r == '\uFFFF' || r == '\uFEFF' {
				return
			}
		}
		if !utf8.ValidString(value) || len(value) > 200 {
			return
		}
		s := scalar(old, value)
		for i, text := range []string{"a: {b: " + s + ", c: d}\n", "a:\n  b: " + s + "   # note\n  c: d\n", "a:\n  " + s + ": x\n  c c c: d\n"} {
			doc, found := yamlsrc.Parse("", []byte(text))
			if i == 2 && value == "c c c" {
				return
			}
			if found.Errors() > 0 || doc.Root == nil {
				t.Fatalf("%q: %+v", text, found)
			}
			pair := doc.Root.Pairs[0].Value.Pairs[0]
			got := pair.Value
			if i == 2 {
				got = pair.Key
			}
			if got.Value != value || got.Kind != yamlsrc.Scalar {
				t.Fatalf("%q: read %q", text, got.Value)
			}
		}
	})
}

func TestRename(t *testing.T) {
	r := &renaming{
		words:  map[string]string{"sql1": "DB1", "fs1.contoso.com": "filer", "fs1": "filer", "contoso-small.yaml": "farm.yaml"},
		domain: "contoso.com", newDomain: "ad.example.org", netbios: "CONTOSO", newNetBIOS: "AD", company: "Contoso", newCompany: "Example",
	}
	parent := &renaming{domain: "corp.fabrikam.com", newDomain: "ad.example.org"}
	for in, want := range map[string]string{"of fabrikam.com that": "of ad.example.org that", "com": "com", "x.com": "x.com"} {
		if got := parent.apply(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"":                          "",
		"SQL1":                      "DB1",
		"sql1":                      "db1",
		"SQL1, SQL10, MySQL1":       "DB1, SQL10, MySQL1",
		"sql1.contoso.com":          "db1.ad.example.org",
		"SQL1\\MBAM":                "DB1\\MBAM",
		"CONTOSO\\svc-sql":          "AD\\svc-sql",
		"contoso\\svc-sql":          "AD\\svc-sql",
		"for Contoso.":              "for Example.",
		"for contoso.com: a":        "for ad.example.org: a",
		"at mbam.contoso.com.":      "at mbam.ad.example.org.",
		"https://help.contoso.com/": "https://help.ad.example.org/",
		`\\fs1.contoso.com\mbam$`:   `\\filer\mbam$`,
		"OU=A,DC=contoso,DC=com":    "OU=A,DC=ad,DC=example,DC=org",
		"OU=A,dc=Contoso,dc=com":    "OU=A,DC=ad,DC=example,DC=org",
		"OU=A,DC=contoso,DC=comics": "OU=A,DC=contoso,DC=comics",
		"notcontoso.com":            "notcontoso.com",
		"check contoso-small.yaml":  "check farm.yaml",
		"SQL1 – SQL1":               "DB1 – DB1",
	} {
		if got := r.apply(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
