package mscheck

import (
	"archive/zip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("mscheck is a Linux program; Windows has no executable bit to set")
	}
	root := t.TempDir()
	inner := filepath.Join(root, "project", "tools", "x")
	beside := filepath.Join(root, "shared", "tools")
	for _, d := range []string{inner, beside} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{filepath.Join(root, "project", "go.mod"), filepath.Join(root, "project", "tools", "go.mod")} {
		if err := os.WriteFile(f, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(EnvPath, "")
	var missing *MissingError
	if _, err := Find(inner); !errors.As(err, &missing) || len(missing.Tried) != 2 {
		t.Errorf("without the program: %v", err)
	}
	program := filepath.Join(beside, "mscheck")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if tool, err := Find(inner); err != nil || filepath.Clean(tool.Path) != program {
		t.Errorf("beside the topmost go.mod: %v %v", tool, err)
	}
	t.Setenv(EnvPath, filepath.Join(root, "nothing"))
	if _, err := Find(inner); !errors.As(err, &missing) {
		t.Errorf("named but missing: %v", err)
	}
	t.Setenv(EnvPath, program)
	if tool, err := Find("/"); err != nil || tool.Path != program {
		t.Errorf("named: %v %v", tool, err)
	}
}

// recorder stands in for a test.
type recorder struct{ skipped, failed []any }

func (r *recorder) Helper()           {}
func (r *recorder) Skip(args ...any)  { r.skipped = args }
func (r *recorder) Fatal(args ...any) { r.failed = args }

func TestRequire(t *testing.T) {
	t.Setenv(EnvPath, filepath.Join(t.TempDir(), "nothing"))
	t.Setenv("CI", "")
	r := &recorder{}
	if Require(r) != nil || len(r.skipped) == 0 || len(r.failed) != 0 {
		t.Errorf("without CI: %+v", r)
	}
	t.Setenv("CI", "true")
	r = &recorder{}
	if Require(r) != nil || len(r.failed) == 0 || len(r.skipped) != 0 {
		t.Errorf("with CI: %+v", r)
	}
}

func TestParseFindings(t *testing.T) {
	out := "a.sql:3:8: Incorrect syntax near FROM.\r\nC:\\x\\b.sql:1:2: first\nsecond\na.docx: broken\n"
	got, err := parseFindings(out, []string{"a.sql", `C:\x\b.sql`, "a.docx"})
	want := []Finding{
		{"a.sql", 3, 8, "Incorrect syntax near FROM."},
		{`C:\x\b.sql`, 1, 2, "first second"},
		{"a.docx", 0, 0, "broken"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := parseFindings("nonsense", []string{"a.sql"}); err == nil {
		t.Error("output that names no file is accepted")
	}
}

func TestTSQL(t *testing.T) {
	tool := Require(t)
	dir := t.TempDir()
	good, bad, newer := filepath.Join(dir, "good.sql"), filepath.Join(dir, "bad.sql"), filepath.Join(dir, "new er.sql")
	for f, text := range map[string]string{good: "SELECT 1;\n", bad: "SELECT 1;\nGO\nSELECT FROM;\n", newer: "DROP TABLE IF EXISTS t;\n"} {
		if err := os.WriteFile(f, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	got, err := tool.TSQL(ctx, 120, good, bad, newer)
	if err != nil || len(got) != 2 || got[0].File != bad || got[0].Line != 3 || got[1].File != newer || got[1].Line != 1 {
		t.Errorf("level 120: %v %v", got, err)
	}
	if got, err := tool.TSQL(ctx, 130, good, newer); err != nil || len(got) != 0 {
		t.Errorf("level 130: %v %v", got, err)
	}
	if _, err := tool.TSQL(ctx, 130, filepath.Join(dir, "nothing.sql")); err == nil {
		t.Error("a missing file is no error")
	}
	many := slices.Repeat([]string{bad}, filesPerRun+1)
	if got, err := tool.TSQL(ctx, 130, many...); err != nil || len(got) != len(many) {
		t.Errorf("%d findings over %d files, %v", len(got), len(many), err)
	}
}

func TestDOCX(t *testing.T) {
	tool := Require(t)
	write := func(body string) string {
		path := filepath.Join(t.TempDir(), "x.docx")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w := zip.NewWriter(f)
		for _, part := range [][2]string{
			{"[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`},
			{"_rels/.rels", `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`},
			{"word/document.xml", `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body + `</w:body></w:document>`},
		} {
			p, err := w.Create(part[0])
			if err == nil {
				_, err = p.Write([]byte(part[1]))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write(`<w:p><w:r><w:t>x</w:t></w:r></w:p>`)
	bad := write(`<w:p><w:r><w:t>x</w:t></w:r><w:pPr/></w:p>`)
	got, err := tool.DOCX(context.Background(), good, bad)
	if err != nil || len(got) == 0 || slices.ContainsFunc(got, func(f Finding) bool { return f.File != bad || f.Message == "" }) {
		t.Errorf("%+v %v", got, err)
	}
}

var connStrings = []struct {
	text string
	says []string // parts of the Framework's problems, in order
	ms   bool     // SqlClient accepts it
}{
	{`Data Source=sql1.contoso.com;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI`, nil, true},
	{`Data Source=mbam-sql.contoso.com,1433;Initial Catalog="a;b ""c""";Integrated Security=SSPI;MultiSubnetFailover=True;`, nil, true},
	{`Data Source=sql1\inst;Failover Partner=sql2\inst;Initial Catalog='MBAM';Integrated Security=true;Connect Timeout=30`, nil, true},
	{`Data Source=a;I Failover Partner=b;Initial Catalog=x`, []string{`"I Failover Partner" is not known`}, false},
	{`Data Source=a;FailoverPartner=b;Initial Catalog=x`, []string{`it is written "Failover Partner"`}, false},
	{`Data Source=a;Multi Subnet Failover=True;Initial Catalog=x`, []string{`it is written "MultiSubnetFailover"`}, false},
	{`Data Source=a;IntegratedSecurity=SSPI;Initial Catalog=x`, []string{`it is written "Integrated Security"`}, false},
	{`Data Source=a;Failover Partner=b;Integrated Security=SSPI`, []string{"Initial Catalog is missing"}, false},
	{`Data Source=a;Failover Partner=b;Initial Catalog=x;MultiSubnetFailover=True`, []string{"exclude each other"}, false},
	{`Data Source=a;Failover Partner=b;Initial Catalog=x;ApplicationIntent=ReadOnly`, []string{"exclude each other"}, false},
	{`Data Source=tcp: a;Initial Catalog=x`, []string{"blank after tcp:"}, true},
	{`Data Source=(local)\i;Initial Catalog=x`, []string{"the machine that reads it"}, true},
	{`Data Source=a;Initial Catalog=x;Password=p;User ID=u`, []string{"Password stands"}, true},
	{`Data Source=a;Initial Catalog="x`, []string{"not closed"}, false},
	{`Data Source=a;Initial Catalog="x"y`, []string{"text after the closing quote"}, false},
	{`Data Source=a;Server=b;Initial Catalog=x`, []string{"Data Source stands twice"}, true},
	{`Data Source=a;Initial Catalog=x;MultiSubnetFailover=perhaps`, []string{"neither true nor false"}, false},
	{`Data Source=a;Initial Catalog=x;Encrypt`, []string{"has no value"}, false},
}

func TestFrameworkProblems(t *testing.T) {
	for _, c := range connStrings {
		got := FrameworkProblems(c.text)
		if len(got) != len(c.says) {
			t.Errorf("%s: %q", c.text, got)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], c.says[i]) {
				t.Errorf("%s: %q does not say %q", c.text, got[i], c.says[i])
			}
		}
	}
}

func TestCheckConnStrings(t *testing.T) {
	tool := Require(t)
	list := []string{"", "a\nb"}
	for _, c := range connStrings {
		list = append(list, c.text)
	}
	results, err := tool.ConnStrings(context.Background(), list)
	if err != nil {
		t.Fatal(err)
	}
	if results[0].OK || results[1].OK {
		t.Errorf("empty or broken over lines: %+v", results[:2])
	}
	for i, c := range connStrings {
		if r := results[i+2]; r.OK != c.ms || r.Input != c.text || !r.OK && r.Error == "" {
			t.Errorf("%+v, want ok %v", r, c.ms)
		}
	}
	problems, err := tool.CheckConnStrings(context.Background(), list)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range connStrings {
		n := len(c.says)
		if !c.ms {
			n++
		}
		got := 0
		for _, p := range problems {
			if p.Index == i+2 {
				got++
			}
		}
		if got != n {
			t.Errorf("%s: %d problems instead of %d in %v", c.text, got, n, problems)
		}
	}
}

func TestExtractConnStrings(t *testing.T) {
	text := "$a = 'Data Source=s;Initial Catalog=\"it''s\"'\n" +
		"<add connectionString=\"Server=s;Database=&quot;a b&quot;;\"/>\n" +
		"$b = \"Data Source=s;Initial Catalog=`\"x`\"\"\n" +
		"'Data Source=alone' 'Address book' 'x'"
	want := []Extracted{
		{1, `Data Source=s;Initial Catalog="it's"`},
		{2, `Server=s;Database="a b";`},
		{3, `Data Source=s;Initial Catalog="x"`},
	}
	if got := ExtractConnStrings(text); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

// FuzzConnString quotes any value the way SqlClient reads it and takes it apart again.
func FuzzConnString(f *testing.F) {
	for _, s := range []string{"a", "a;b", `"`, "'", `a"'b`, " x ", "=", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		pairs, err := ParseConnString(`A="` + strings.ReplaceAll(s, `"`, `""`) + `";B==C = '` + strings.ReplaceAll(s, `'`, `''`) + `' ; `)
		if err != nil || !slices.Equal(pairs, []Pair{{"A", s}, {"B=C", s}}) {
			t.Errorf("%q comes back as %q, %v", s, pairs, err)
		}
		if pairs, err := ParseConnString(s); err != nil && len(pairs) > 0 {
			t.Errorf("%q gives both %q and %v", s, pairs, err)
		}
	})
}
