package decode

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// testFarm has every type and tag of the package.
type testFarm struct {
	Name       string          `key:"name" req:"true" is:"sqlname" doc:"name of the farm" eg:"Contoso"`
	Version    string          `key:"version" is:"version" eg:"2.5"`
	Mode       string          `key:"mode" enum:"async|sync" def:"sync" why:"no data loss"`
	Switch     string          `key:"switch" enum:"on|off"`
	Remark     string          `key:"remark" is:"text"`
	Windows    *testWindows    `key:"windows" doc:"maintenance windows"`
	Ports      testPorts       `key:"ports"`
	Hosts      []testHost      `key:"hosts" req:"true"`
	Placements []testPlacement `key:"placements"`
	Names      []string        `key:"names" is:"fqdn|dnslabel"`
	Numbers    []int           `key:"numbers"`
	Sites      []string        `key:"sites" def:"main|spare" why:"two sites are usual"`
	Strict     bool            `key:"strict" def:"true" why:"safe"`
	Ask        *bool           `key:"ask"`
	Tune       *bool           `key:"tune" def:"true" why:"faster"`
	Steps      []testStep      `key:"steps"`
	Untouched  int
}

type testWindows struct {
	Start  string `key:"start" req:"true"`
	Length int    `key:"length" is:"minutes" def:"90" why:"as in the handbook"`
}

type testPorts struct {
	SQL int `key:"sql" is:"port" def:"1433" why:"SQL Server's own"`
	Web int `key:"web" is:"port" def:"443" why:"https"`
}

type testHost struct {
	_          struct{} `short:"address"`
	Name       string   `name:"true" is:"dnslabel" doc:"computer name" eg:"SQL1"`
	Address    string   `key:"address" is:"ipv4"`
	Thumbprint string   `key:"thumbprint" is:"thumbprint"`
	Owner      string   `key:"owner" is:"account"`
	Ou         string   `key:"ou" is:"dn"`
}

type testPlacement struct {
	_        struct{}     `short:"replicas"`
	Name     string       `name:"true"`
	Replicas []string     `key:"replicas" req:"true" is:"instance"`
	Listener testListener `key:"listener"`
}

type testListener struct {
	_     struct{} `short:"name"`
	Name  string   `key:"name" req:"true" is:"dnslabel" eg:"SQLAG"`
	Port  int      `key:"port" is:"port" def:"1433" why:"the usual one"`
	Share string   `key:"share" is:"unc"`
	Path  string   `key:"path" is:"winpath"`
	URL   string   `key:"url" is:"url"`
	Nets  []string `key:"nets" is:"cidr4"`
	Realm string   `key:"realm" is:"netbios"`
	Extra string   `key:"extra"`
	More  string   `key:"more"`
}

type testStep struct {
	_     struct{}   `short:"run"`
	Run   string     `key:"run" req:"true"`
	Steps []testStep `key:"steps"`
}

// result is what testdata/*.out holds: the findings, then, when there is no error, every leaf with its origin.
func result(name string, data []byte) string {
	var b strings.Builder
	doc, found := yamlsrc.Parse(name, data)
	var farm testFarm
	origins, more := Into(doc, &farm)
	found = append(found, more...)
	found.Sort()
	if err := diag.WriteText(&b, found, func(string) []string { return doc.Lines() }, false); err != nil {
		return err.Error()
	}
	if found.Errors() == 0 {
		Walk(&farm, origins, func(path, value string, origin Origin) {
			from := origin.Pos.String()
			if origin.Default != "" {
				from = "default: " + origin.Default
			}
			fmt.Fprintf(&b, "%s = %s (%s)\n", path, value, from)
		})
	}
	return b.String()
}

func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	used := map[string]bool{}
	for _, file := range files {
		name := filepath.Base(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := result(name, data)
		for _, c := range Codes() {
			used[c.ID] = used[c.ID] || strings.Contains(got, "["+c.ID+"]")
		}
		out := strings.TrimSuffix(file, ".yaml") + ".out"
		if *update {
			if err := os.WriteFile(out, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s: got:\n%s\nwant:\n%s", name, got, want)
		}
		if crlf := result(name, []byte(strings.ReplaceAll(string(data), "\n", "\r\n"))); crlf != got {
			t.Errorf("%s with CR LF: got:\n%s\nwant:\n%s", name, crlf, got)
		}
	}
	for _, c := range Codes() {
		if !used[c.ID] {
			t.Errorf("no file in testdata shows %s (%s)", c.ID, c.Title)
		}
	}
}

func into(t *testing.T, text string) (testFarm, *Origins, diag.List) {
	t.Helper()
	doc, found := yamlsrc.Parse("f.yaml", []byte(text))
	if len(found) > 0 {
		t.Fatalf("%q: %v", text, found)
	}
	var farm testFarm
	o, l := Into(doc, &farm)
	return farm, o, l
}

func TestInto(t *testing.T) {
	farm, o, l := into(t, `name: Contoso
windows: {start: "22:00"}
hosts:
  SQL2: 10.0.0.2
  SQL1:
  sql.3: {}
placements:
  AG: [SQL1, SQL2]
  B:
    replicas: SQL2
    listener: L1
numbers: 5
ask: false
steps:
  - one
  - {run: two, steps: three}
`)
	// The dot makes sql.3 no host name; the rest is right.
	if l.Errors() != 1 || l[0].Code != CodeShape {
		t.Fatalf("findings: %v", l)
	}
	no, yes := false, true
	want := testFarm{
		Name: "Contoso", Mode: "sync",
		Windows: &testWindows{"22:00", 90},
		Ports:   testPorts{1433, 443},
		Hosts:   []testHost{{Name: "SQL2", Address: "10.0.0.2"}, {Name: "SQL1"}, {}},
		Placements: []testPlacement{
			{Name: "AG", Replicas: []string{"SQL1", "SQL2"}, Listener: testListener{Port: 1433}},
			{Name: "B", Replicas: []string{"SQL2"}, Listener: testListener{Name: "L1", Port: 1433}},
		},
		Numbers: []int{5}, Sites: []string{"main", "spare"}, Strict: true, Ask: &no, Tune: &yes,
		Steps: []testStep{{Run: "one"}, {Run: "two", Steps: []testStep{{Run: "three"}}}},
	}
	if !reflect.DeepEqual(farm, want) {
		t.Errorf("got  %+v\nwant %+v", farm, want)
	}
	places := []struct {
		path    string
		at, key diag.Pos
	}{
		{path: "name", at: diag.Pos{Line: 1, Col: 7, Len: 7}, key: diag.Pos{Line: 1, Col: 1, Len: 4}},
		{path: "hosts.SQL2", at: diag.Pos{Line: 4, Col: 9, Len: 8}, key: diag.Pos{Line: 4, Col: 3, Len: 4}},
		{path: "hosts.SQL2.address", at: diag.Pos{Line: 4, Col: 9, Len: 8}, key: diag.Pos{Line: 4, Col: 9, Len: 8}},
		{path: `hosts["sql.3"]`, at: diag.Pos{Line: 6, Col: 10, Len: 1}, key: diag.Pos{Line: 6, Col: 3, Len: 5}},
		{path: `hosts["sql.3"].owner`, at: diag.Pos{Line: 6, Col: 10, Len: 1}, key: diag.Pos{Line: 6, Col: 3, Len: 5}},
		{path: "placements.AG.replicas[1]", at: diag.Pos{Line: 8, Col: 14, Len: 4}, key: diag.Pos{Line: 8, Col: 14, Len: 4}},
		{path: "placements.AG.listener.port", at: diag.Pos{Line: 8, Col: 7, Len: 1}, key: diag.Pos{Line: 8, Col: 3, Len: 2}},
		{path: "placements.B.listener.name", at: diag.Pos{Line: 11, Col: 15, Len: 2}, key: diag.Pos{Line: 11, Col: 15, Len: 2}},
		{path: "placements.B.listener.port", at: diag.Pos{Line: 11, Col: 15, Len: 2}, key: diag.Pos{Line: 11, Col: 5, Len: 8}},
		{path: "numbers[0]", at: diag.Pos{Line: 12, Col: 10, Len: 1}, key: diag.Pos{Line: 12, Col: 1, Len: 7}},
		{path: "steps[1].steps[0].run", at: diag.Pos{Line: 16, Col: 23, Len: 5}, key: diag.Pos{Line: 16, Col: 23, Len: 5}},
		{path: "nowhere.at[3].all", at: diag.Pos{}, key: diag.Pos{}},
		{path: "", at: diag.Pos{}, key: diag.Pos{}},
	}
	for _, p := range places {
		if at, key := o.At(p.path), o.Key(p.path); at != p.at || key != p.key {
			t.Errorf("%s: At %v Key %v, want %v and %v", p.path, at, key, p.at, p.key)
		}
	}
}

func TestOrigins(t *testing.T) {
	_, o, _ := into(t, "name: x\nhosts: {A: }\n")
	if got, ok := o.Lookup("ports.web"); !ok || got.Default != "https" || got.Pos != (diag.Pos{}) {
		t.Errorf("ports.web: %v %v", got, ok)
	}
	if got, ok := o.Lookup("name"); !ok || got.Default != "" || got.Pos.Line != 1 {
		t.Errorf("name: %v %v", got, ok)
	}
	if _, ok := o.Lookup("remark"); ok {
		t.Error("remark has an origin")
	}
	o.Set("hosts.A.address", "asked the DNS")
	if got, ok := o.Lookup("hosts.A.address"); !ok || got.Default != "asked the DNS" {
		t.Errorf("hosts.A.address: %v %v", got, ok)
	}
	if at := o.At("hosts.A.address"); at.Line != 2 {
		t.Errorf("a computed default hides the place above it: %v", at)
	}
	var none *Origins
	if _, ok := none.Lookup("x"); ok || none.At("x.y") != (diag.Pos{}) || none.Key("x") != (diag.Pos{}) {
		t.Error("a nil Origins knows something")
	}
}

func TestPaths(t *testing.T) {
	tests := []struct {
		path string
		want []string
	}{
		{"", nil},
		{"a", []string{"a"}},
		{"a.b[0].c", []string{"a.b[0].c", "a.b[0]", "a.b", "a"}},
		{`a["x.y"].z`, []string{`a["x.y"].z`, `a["x.y"]`, "a"}},
		{`a["x\"]y"][2]`, []string{`a["x\"]y"][2]`, `a["x\"]y"]`, "a"}},
		{`a["x`, []string{`a["x`, "a"}},
		{`a[`, []string{`a[`, "a"}},
		{`.`, []string{"."}},
	}
	for _, tt := range tests {
		var got []string
		parents(tt.path, func(p string) bool { got = append(got, p); return false })
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.path, got, tt.want)
		}
	}
	if got := Item(Child(Child("", "a"), `x"].y`), 3); got != `a["x\"].y"][3]` {
		t.Errorf("built path is %s", got)
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	a, _, _ := into(t, "name: x\nhosts: {A: }\n")
	a.Sites[0] = "changed"
	*a.Tune = false
	b, _, _ := into(t, "name: x\nhosts: {A: }\n")
	if b.Sites[0] != "main" || !*b.Tune {
		t.Error("a caller changed the default of all")
	}
}

func TestUnquoted(t *testing.T) {
	type one struct {
		V string `key:"v"`
	}
	tests := []struct {
		text string
		ok   bool
	}{
		{"2019", true},
		{"443", true},
		{"-5", true},
		{"2.5", true},
		{"15.5", true},
		{"1234567.5", true},
		{"true", true},
		{"false", true},
		{"18446744073709551615", true},
		{"10.0.0.1", true},
		{"12:30", true},
		{"1F3A", true},
		{"yesterday", true},
		{"13.0.5026.0", true},
		{"15.10", false},
		{"15.0", false},
		{"12345E10", false},
		{"1e3", false},
		{"0123", false},
		{"089", false},
		{"1_000", false},
		{"+5", false},
		{"0x1F", false},
		{"0o17", false},
		{"0b11", false},
		{"-0b11", false},
		{"-0", false},
		{".5", false},
		{"5.", false},
		{".inf", false},
		{"-.INF", false},
		{".nan", false},
		{"yes", false},
		{"No", false},
		{"ON", false},
		{"off", false},
		{"True", false},
		{"FALSE", false},
		{"~", false},
		{"null", false},
		{"Null", false},
		{"2026-11-22", false},
		{"2026-11-22 10:00:00", false},
		{"12345678901234567890123456789012345678E1", false},
		{"1234567890123456789012345678901234567890", false},
	}
	for _, tt := range tests {
		for _, form := range []string{tt.text, `"` + tt.text + `"`, "'" + tt.text + "'", "!!str " + tt.text} {
			doc, found := yamlsrc.Parse("f", []byte("v: "+form+"\n"))
			var v one
			_, more := Into(doc, &v)
			found = append(found, more...)
			if form != tt.text || tt.ok {
				if len(found) > 0 || v.V != tt.text {
					t.Errorf("%s: %q %v", form, v.V, found)
				}
			} else if len(found) != 1 || found[0].Code != CodeUnquoted || v.V != "" {
				t.Errorf("%s: %q %v", form, v.V, found)
			}
		}
	}
}

func TestShapes(t *testing.T) {
	tests := []struct {
		shape     string
		good, bad []string
	}{
		{"account", []string{`CONTOSO\svc-mbam`, "svc", `CONTOSO\gmsa$`, `NT AUTHORITY\SYSTEM`, `NT SERVICE\MSSQL$MBAM`, `CONTOSO\O'Brien X`}, []string{"", "a@b.c", `A\B\C`, `\x`, `A\`, `A\b/c`, `A.B\c`, "a b ", "x.", `A\x"y`, `BAD NAME\x`}},
		{"cidr4", []string{"10.0.0.0/8", "10.1.2.3/32"}, []string{"", "10.0.0.0", "10.0.0.0/33", "::/0", "10.0.0.0/08"}},
		{"dn", []string{"DC=com", "OU=A B,DC=x,DC=y", `CN=Smith\, John,OU=x`, `CN=a\2Cb`, "1.2=x", "CN=a=b", `CN=x\ `}, []string{"", "DC=", "=x", "OU", "OU=a,", "OU=a,,DC=b", "OU= a", "OU=a ,DC=b", `OU=a\`, "OU=a+CN=b", `OU=a"b`, "OU=#12", "OU=a, DC=b", `OU=a\zb`}},
		{"dnslabel", []string{"SQL1", "a", "1a", "ABCDEFGHIJKLMNO"}, []string{"", "ABCDEFGHIJKLMNOP", "-a", "a-", "a.b", "a_b", "123", "größe", "a b"}},
		{"duration", []string{"20m", "2h", "1h30m", "1h5m", "999m", "99h"}, []string{"", "20", "0m", "m", "1.5h", "30m1h", "1h60m", "1000m", "20m ", "1d", "90s"}},
		{"fqdn", []string{"a.b", "sql1.contoso.com", "1.2.c"}, []string{"", "a", "a.", ".a", "a..b", "1.2.3.4", "a_b.c", strings.Repeat("a.", 128) + "a", strings.Repeat("a", 64) + ".b"}},
		{"instance", []string{"SQL1", `SQL1\MBAM`, `SQL1\_A$1`}, []string{"", `SQL1\`, `\MBAM`, `SQL1\MSSQLSERVER`, `SQL1\Default`, `SQL1\1A`, `SQL1\ABCDEFGHIJKLMNOPQ`, `SQL1\A\B`, "SQL1,1433", "SQL1.contoso.com"}},
		{"ipv4", []string{"10.0.0.1", "0.0.0.0"}, []string{"", "10.0.0", "10.0.0.256", "010.0.0.1", "::1", "::ffff:1.2.3.4", "10.0.0.1/8"}},
		{"minutes", []string{"1", "525600"}, []string{"", "0", "-1", "525601", "1.5", "01"}},
		{"netbios", []string{"CONTOSO", "A-B", "MÜLLER"}, []string{"", "CONTOSO.COM", "A B", "ABCDEFGHIJKLMNOP", `A\B`, "1234", "A@B"}},
		{"percent", []string{"99.9", "0.000001", "50", "99.999999"}, []string{"", "0", "0.0", "100", "99.", ".5", "-1", "99,9", "99.9%", "1e1", "99.9999999"}},
		{"port", []string{"1", "65535"}, []string{"", "0", "65536", "+1", "0443"}},
		{"slug", []string{"a", "contoso-mbam", "A.b_c-1"}, []string{"", "-a", ".a", "a b", "ä", strings.Repeat("x", 61)}},
		{"sqlname", []string{"MBAM Recovery", "a]b'c", strings.Repeat("x", 128), strings.Repeat("😀", 64)}, []string{"", " a", "a ", strings.Repeat("x", 129), strings.Repeat("😀", 65), "a\x01b"}},
		{"text", []string{"", "a\nb"}, nil},
		{"thumbprint", []string{strings.Repeat("0F", 20)}, []string{"", strings.Repeat("0F", 19), strings.Repeat("0G", 20), strings.Repeat("0f", 20), strings.Repeat("0F", 21)}},
		{"unc", []string{`\\s\h`, `\\fs1.contoso.com\mbam$\a b`}, []string{"", `\\s`, `\\s\`, `\s\h`, `\\s\h\`, `\\s\\h`, `\\s\h"x`, `\\?\C:\x`, `//s/h`, `\\s\h\x.`}},
		{"url", []string{"https://h", "http://h:8080/p?q=1#f"}, []string{"", "h", "ftp://h", "https://", "https:///x", "https://u@h", "https://h x", "https://h:", "https://h:0", "https://h:99999", "https:h"}},
		{"version", []string{"2.5", "13.0.5026.0"}, []string{"", "2", "2.", "2.5.1.0.1", "v2.5", "2.5-rc"}},
		{"winpath", []string{`C:\`, `d:\Backup`, `D:\a b\c.d`}, []string{"", "C:", "C:x", `C:\x\`, `\x`, `C:\a"b`, `C:\a\\b`, `C:/x`, `C:\a:b`, `1:\x`, `C:\a*`, `C:\a `, `\\s\h`}},
	}
	if len(tests) != len(Shapes()) {
		t.Errorf("%d shapes are tested, there are %d", len(tests), len(Shapes()))
	}
	for i, s := range Shapes() {
		if s.Name != tests[i].shape {
			t.Fatalf("shape %s stands where %s was expected", s.Name, tests[i].shape)
		}
		for _, v := range append(tests[i].good, s.Example) {
			if !s.fits(v) {
				t.Errorf("%s refuses %q", s.Name, v)
			}
		}
		for _, v := range tests[i].bad {
			if s.fits(v) {
				t.Errorf("%s accepts %q", s.Name, v)
			}
		}
	}
}

func TestFields(t *testing.T) {
	var got strings.Builder
	for _, f := range Fields(&testFarm{}) {
		fmt.Fprintf(&got, "%s|%s|%s|%s|%v|%s|%s|%v|%v|%s|%s\n", f.Path, f.Key, f.Type, f.Doc, f.Enum, f.Default, f.Why, f.Required, f.Shape, f.Example, f.Short)
	}
	const out = "testdata/fields.txt"
	if *update {
		if err := os.WriteFile(out, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestWrongTagsPanic(t *testing.T) {
	for _, v := range []any{
		&struct {
			A float64 `key:"a"`
		}{},
		&struct {
			A string `key:"a" is:"nothing"`
		}{},
		&struct {
			A string `key:"a" def:"x"`
		}{},
		&struct {
			A int `key:"a" def:"x" why:"y"`
		}{},
		&struct {
			A int `key:"a" is:"port" def:"0" why:"y"`
		}{},
		&struct {
			A string `key:"a" enum:"x|y" def:"z" why:"y"`
		}{},
		&struct {
			A string `key:"a"`
			B string `key:"a"`
		}{},
		&struct {
			_ struct{} `short:"b"`
			A string   `key:"a"`
		}{},
		&struct {
			A int `name:"true"`
		}{},
		&struct {
			a string `key:"a"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T is accepted", v)
				}
			}()
			Fields(v)
		}()
	}
}

func TestWalkWithoutOrigins(t *testing.T) {
	var got []string
	Walk(testFarm{Hosts: []testHost{{Name: "A"}, {Name: "B.C", Address: "10.0.0.1"}}, Ports: testPorts{SQL: 1}}, nil, func(path, value string, _ Origin) {
		got = append(got, path+"="+value)
	})
	want := []string{"ports.sql=1", "hosts.A=A", `hosts["B.C"].address=10.0.0.1`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzInto(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		doc, _ := yamlsrc.Parse("f", data)
		var farm testFarm
		o, found := Into(doc, &farm)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		lines := doc.Lines()
		inside := func(p diag.Pos) bool {
			if p.Line == 0 {
				return true
			}
			return p.Line <= len(lines) && p.Col >= 1 && p.Len >= 1 && p.Col+p.Len-1 <= max(len([]rune(lines[p.Line-1])), 1)
		}
		for _, d := range found {
			if !inside(d.Pos) {
				t.Errorf("finding outside the file: %+v", d)
			}
		}
		Walk(&farm, o, func(path, value string, origin Origin) {
			if !inside(o.At(path)) || !inside(o.Key(path)) {
				t.Errorf("%s stands outside the file", path)
			}
		})
	})
}

func benchmarkDocument() []byte {
	var b strings.Builder
	b.WriteString("name: Contoso\nnames: [a.b, c.d]\nhosts:\n")
	for i := range 20 {
		fmt.Fprintf(&b, "  SQL%d:\n    address: 10.0.0.%d\n    owner: CONTOSO\\svc-%d\n    ou: OU=Servers,DC=contoso,DC=com\n", i, i, i)
	}
	b.WriteString("placements:\n  AG:\n    replicas: [SQL1, SQL2]\n    listener:\n      name: L1\n      port: 5022\n")
	return []byte(b.String())
}

func BenchmarkInto(b *testing.B) {
	doc, found := yamlsrc.Parse("f", benchmarkDocument())
	if len(found) > 0 {
		b.Fatal(found)
	}
	b.ReportAllocs()
	for b.Loop() {
		var farm testFarm
		if _, l := Into(doc, &farm); len(l) > 0 {
			b.Fatal(l)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	data := benchmarkDocument()
	b.ReportAllocs()
	for b.Loop() {
		if _, l := yamlsrc.Parse("f", data); len(l) > 0 {
			b.Fatal(l)
		}
	}
}
