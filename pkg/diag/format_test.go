package diag

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "rewrite the expected reports in testdata")

const sourceText = "name: farm\nhosts:\n  SQL 1: {windows: \"2025\"}\n\nnote: a%b: c, d\n"

func sample() Report {
	r := Report{
		Version: "1.2.3", Files: []string{"plans/farm one.yaml", "clean.yaml"},
		Lines: func(file string) []string {
			if file == "clean.yaml" {
				return nil
			}
			return strings.Split(sourceText, "\n")
		},
		Rule: func(code string) (Rule, bool) {
			if code != "MBP1901" {
				return Rule{}, false
			}
			return Rule{Code: Code{ID: code, Title: "in the matrix: yes, 100%"}, Severity: Warning, Why: "Why it matters.", Fix: "Use 2019."}, true
		},
		List: List{
			{Code: "MBP0202", File: "plans/farm one.yaml", Message: `required key "schema" is missing at the top level`, Fix: `add "schema: 1"`},
			{Code: "MBP0201", File: "plans/farm one.yaml", Pos: Pos{3, 3, 5}, Message: "100% <wrong>, a\u202eb\nand more: \x01", Related: []Related{{Pos{1, 1, 4}, "first, here"}, {Pos{}, "somewhere"}}},
			{Code: "MBP1901", Severity: Warning, File: "plans/farm one.yaml", Pos: Pos{5, 0, 0}, Message: "outside"},
			{Code: "MBP1901", Severity: Note, File: "plans/farm one.yaml", Pos: Pos{4, 1, 1}, Message: "waived", Waived: &Waived{Warning, "Jo", "2026-12-31", "bought, it's in use"}},
			{Code: "MBP1106", Severity: Warning, File: "other.yaml", Pos: Pos{99, 2, 1}, Message: "behind the end"},
		},
	}
	return r
}

func write(t *testing.T, format string, r Report) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, format, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	for _, format := range Formats() {
		got := write(t, format, sample())
		if again := write(t, format, sample()); again != got {
			t.Errorf("%s differs from run to run", format)
		}
		file := "testdata/report." + format
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s: got:\n%s\nwant:\n%s", format, got, want)
		}
		if err := Write(brokenWriter{}, format, sample()); err == nil {
			t.Errorf("%s: the writer's error is lost", format)
		}
	}
	if err := Write(io.Discard, "xml", Report{}); err == nil || !strings.Contains(err.Error(), "text, json, sarif, junit, github") {
		t.Errorf("an unknown format: %v", err)
	}
}

// sarifSchema compiles the schema of OASIS. It is no part of this repository; MBAMPLAN_SARIF_SCHEMA names the file, or it
// lies in ../shared/data beside the project.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	path := os.Getenv("MBAMPLAN_SARIF_SCHEMA")
	if path == "" {
		path = "../../../shared/data/sarif-schema-2.1.0.json"
	}
	f, err := os.Open(filepath.FromSlash(path))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the SARIF schema is missing: %v", err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSARIFFitsItsSchema(t *testing.T) {
	s := sarifSchema(t)
	absolute := sample()
	absolute.List[0].File, absolute.Files = filepath.Join(t.TempDir(), "a%b c.yaml"), nil
	for name, r := range map[string]Report{"empty": {}, "sample": sample(), "absolute": absolute, "no sources": {List: sample().List}} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(write(t, FormatSARIF, r)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(write(t, FormatSARIF, sample()), `"startLine": 3`, `"startLine": 0`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if s.Validate(broken) == nil {
		t.Error("the schema takes line 0, so the check checks nothing")
	}
}

func TestSARIFSaysWhatViewersNeed(t *testing.T) {
	var log sarifLog
	if err := json.Unmarshal([]byte(write(t, FormatSARIF, sample())), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if run.Tool.Driver.Version != "1.2.3" {
		t.Errorf("version %q", run.Tool.Driver.Version)
	}
	for i, result := range run.Results {
		if run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
			t.Errorf("result %d points at another rule", i)
		}
		for _, l := range append(result.Locations, result.Related...) {
			p := l.Physical
			if p.Region.StartLine < 1 || p.Artifact.URI == "" || strings.ContainsAny(p.Artifact.URI, " \\") {
				t.Errorf("result %d: %+v", i, p)
			}
			for _, s := range []*sarifText{p.Region.Snippet} {
				if s != nil && strings.TrimSpace(s.Text) == "" {
					t.Errorf("result %d has an empty snippet", i)
				}
			}
			if p.Region.StartColumn > 0 && p.Region.EndColumn <= p.Region.StartColumn {
				t.Errorf("result %d: %+v", i, p.Region)
			}
		}
	}
}

func TestURI(t *testing.T) {
	root := t.TempDir()
	r := Report{Root: root}
	slash := filepath.ToSlash(root)
	if !strings.HasPrefix(slash, "/") {
		slash = "/" + slash
	}
	for _, tt := range []struct{ file, want string }{
		{"farm.yaml", "farm.yaml"},
		{"./plans//farm.yaml", "plans/farm.yaml"},
		{"../farm.yaml", "../farm.yaml"},
		{"a b#c%.yaml", "a%20b%23c%25.yaml"},
		{"größe.yaml", "gr%C3%B6%C3%9Fe.yaml"},
		{"a:b.yaml", "./a:b.yaml"},
		{filepath.Join(root, "x", "farm.yaml"), "x/farm.yaml"},
		{filepath.Join(filepath.Dir(root), "farm.yaml"), "file://" + slash[:strings.LastIndex(slash, "/")] + "/farm.yaml"},
	} {
		if got := r.uri(tt.file); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.file, got, tt.want)
		}
	}
}

func TestLongLinesAreNotRepeated(t *testing.T) {
	r := Report{
		List:  List{{Code: "C", File: "f", Pos: Pos{1, 1, 1 << 20}, Message: "m"}},
		Lines: func(string) []string { return []string{strings.Repeat("x", 1<<20)} },
	}
	for _, format := range Formats() {
		if n := len(write(t, format, r)); n > 4000 {
			t.Errorf("%s: %d bytes for one finding", format, n)
		}
	}
}

func FuzzFormats(f *testing.F) {
	f.Add("f.yaml", "a: b", "m\nx", 1, 1, 1)
	f.Add("a b/%\\:,.yaml", "\u202e\xff\x00]]>", "::error::%0A", 1, 2, 90)
	f.Fuzz(func(t *testing.T, file, line, message string, row, col, length int) {
		if len(line) > 1000 || len(message) > 1000 || len(file) > 1000 {
			t.Skip("long input only costs time")
		}
		r := Report{
			Files: []string{file}, List: List{{Code: "C", File: file, Pos: Pos{row, col, length}, Message: message, Fix: message}},
			Lines: func(string) []string { return []string{line} },
		}
		for _, format := range []string{FormatJSON, FormatSARIF} {
			if !json.Valid([]byte(write(t, format, r))) {
				t.Errorf("%s is not JSON", format)
			}
		}
		var suites junitSuites
		if err := xml.Unmarshal([]byte(write(t, FormatJUnit, r)), &suites); err != nil || suites.Failures != 1 {
			t.Errorf("junit: %v, %d failures", err, suites.Failures)
		}
		out := write(t, FormatGitHub, r)
		if strings.Count(out, "\n") != 1 || strings.ContainsRune(out, '\r') {
			t.Errorf("github: not one line: %q", out)
		}
		properties, data, ok := strings.Cut(strings.TrimPrefix(out, "::error "), "::")
		unescape := strings.NewReplacer("%3A", ":", "%2C", ",", "%0D", "\r", "%0A", "\n", "%25", "%")
		if want := Visible(message) + "\nfix: " + Visible(message) + "\n"; message != "" && (!ok || unescape.Replace(data) != want) {
			t.Errorf("github: message %q, want %q (%q)", unescape.Replace(data), want, properties)
		}
	})
}
