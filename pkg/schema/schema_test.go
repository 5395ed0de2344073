package schema

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/topology"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// compiled compiles a schema; the compiler holds it against the meta-schema of its draft.
func compiled(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func topologySchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := Topology()
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, text)
}

// value is what a YAML reader hands to a schema: types are guessed from unquoted values, and how they were spelled is lost.
func value(n *yamlsrc.Node) any {
	switch n.Kind {
	case yamlsrc.Null:
		return nil
	case yamlsrc.Mapping:
		m := map[string]any{}
		for _, p := range n.Pairs {
			m[p.Key.Value] = value(p.Value)
		}
		return m
	case yamlsrc.Sequence:
		list := []any{}
		for _, i := range n.Items {
			list = append(list, value(i))
		}
		return list
	}
	if !n.Plain {
		return n.Value
	}
	digits := strings.ReplaceAll(n.Value, "_", "")
	switch n.Tag {
	case "!!int":
		if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
			return i
		}
		if x, err := strconv.ParseFloat(digits, 64); err == nil {
			return x
		}
	case "!!float":
		if x, err := strconv.ParseFloat(digits, 64); err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) {
			return x
		}
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	}
	return n.Value
}

// Where the schema takes what the decoder refuses, and why that cannot be otherwise.
var differences = map[string]string{
	decode.CodeUnquoted: "how an unquoted value was spelled is lost when YAML becomes JSON: 0123, 1e3, True",
	decode.CodeNumber:   "the same: 0x10, 1_000 and 1.0 are whole numbers to JSON",
	decode.CodeSameName: "JSON Schema cannot compare keys with each other",
	decode.CodeShape:    "an unquoted number or truth word stands for a text unchecked; a pattern takes more URLs; length counts characters, not UTF-16 units",
	decode.CodeType:     "~ and nothing are the same null to JSON",
	decode.CodeNoValue:  "the same, and a name may be the empty word ~",
	topology.CodeSchema: "1.0 is the number 1 to JSON",
}

// agree compares the verdict of the decoder with that of the schema and returns what is wrong with it, "" for nothing.
func agree(s *jsonschema.Schema, root *yamlsrc.Node, found diag.List) string {
	err := s.Validate(value(root))
	switch {
	case found.Errors() == 0 && err != nil:
		return fmt.Sprintf("the decoder takes it, the schema does not: %v", err)
	case found.Errors() > 0 && err == nil:
		for _, d := range found {
			if d.Severity == diag.Error && differences[d.Code] == "" {
				return fmt.Sprintf("the schema takes it, the decoder does not: %s %s", d.Code, d.Message)
			}
		}
	}
	return ""
}

func TestExamplesFit(t *testing.T) {
	s := topologySchema(t)
	entries, err := examples.FS.ReadDir(".")
	if err != nil || len(entries) < 2 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		data, err := examples.FS.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		doc, found := yamlsrc.Parse(e.Name(), data)
		if len(found) > 0 {
			t.Fatal(found)
		}
		if err := s.Validate(value(doc.Root)); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}

// full names keys and forms that the examples do not have.
const full = `
schema: 1
name: full
secrets: full.secrets.yaml
mbam: {release: 2.5, mode: standalone, servicing: 2.5, media: 'D:\MBAM\Setup.exe', mvc4: notNeeded, jquery: cdn}
domain: {dns: contoso.com, netbios: CONTOSO, zone: contoso.com, accountOU: "OU=Accounts,DC=contoso,DC=com", forestWideSPN: false}
accounts: {create: true, pool: 'CONTOSO\pool', reports: ro, readWrite: pool, readWriteIs: user, readOnlyIs: user}
groups: {advancedHelpdesk: A, helpdesk: B, reports: C, dataMigration: D}
hosts: {H1: 2019, H2: {windows: 2012 R2, core: true, fqdn: h2.contoso.com, address: 10.0.0.1}, H3: }
instances: {H1: H1, 'H2\X': [H2, H1], H3: {nodes: [H3], port: 1433, version: 2019, edition: Developer, serviceAccount: 5}}
cluster: {name: CLU, addresses: 10.0.0.9, noVote: [H1]}
placements:
  p 1: {kind: standalone, instance: H1, endpoint: {name: E, port: 5022}}
  "2": {kind: mirroring, principal: H1, mirror: 'H2\X', witness: H3, safety: "off"}
  g: {kind: availabilityGroup, replicas: [H1, {instance: H3, readAccess: all, backupPriority: 0, endpointPort: 5023}], listener: {name: L, dhcp: true, hostRecordTTL: 300}}
databases: {createFrom: H1, compliance: g, recovery: {name: R, placement: g, encrypted: true, compatibilityLevel: 130}}
reports: {hosts: [H1, H2], version: 2019, instance: SSRS, url: "https://h1.contoso.com:8443/ReportServer", dataSourceKeywords: none}
web:
  farms:
    - {host: mbam.contoso.com, nodes: H1, port: 8443, certificate: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D, features: agentService}
    - {name: w2, host: mbam2, nodes: [{host: H2, thumbprint: "9f 3c 1a 77 b0 d2 4e 55 86 c1 f0 a9 d3 7e 42 b8 c6 51 0e 2d", priority: 3}, H3], portal: {helpdeskText: "a\tb\nc", noticeFile: 'C:\n.txt'}, balancer: {kind: external, address: 10.0.0.8/24, product: F5, persistenceMinutes: 5}}
clients: {gpo: G, checkMinutes: 90, farm: web}
backup: {folder: '\\fs\b', fullAt: "23:00"}
waivers: [{code: MBP1901, reason: x, who: y, until: "2026-12-31"}]
`

// swaps are put in the place of every value of a document, one at a time.
var swaps = []string{
	`""`, `~`, ``, `x`, `"x"`, `5`, `"5"`, `0`, `70000`, `-1`, `1.0`, `2.5`, `0x10`, `0123`, `1_000`, `1e3`, `2019`, `"2019"`, `true`, `True`, `"true"`,
	`yes`, `2026-11-22`, `[]`, `[x]`, `[5]`, `{}`, `{a: b}`, `"a\nb"`, `"a\u200bb"`, `"a\tb"`, `" x"`, `"x "`, `10.0.0.1`, `10.0.0.1/24`, `10.0.0.256`,
	`10.0.0.1/33`, `'C\s'`, `'NT AUTHORITY\SYSTEM'`, `'1\x'`, `a@b.c`, `'\\a\b'`, `'\\a'`, `'C:\'`, `'C:\a\'`, `'C:\a'`, `https://u@x`, `http://x:99999`, `https://x/y`,
	`"OU=a,DC=b"`, `'SQL1\MSSQLSERVER'`, `'SQL1\A'`, `a-label-of-more-than-15`, `-x`, `12345`, `a.b`, `a.1`, `x.`, `9f3c1a77b0d24e5586c1f0a9d37e42b8c6510e2d`,
	`"9F:3C:1A:77:B0:D2:4E:55:86:C1:F0:A9:D3:7E:42:B8:C6:51:0E:2D"`, `1.2.3.4.5`, `[[x]]`, `[{a: b}]`, `{x: }`, `{SQL1: , sql1: }`,
}

// allMutants runs every swap at every place, which takes a minute; a share of them is run otherwise.
var allMutants = flag.Bool("all-mutants", false, "run every mutant")

// mutants calls f with copies of a document in which one value, key or line is another.
func mutants(text string, f func(what, mutant string)) {
	lines := strings.Split(text, "\n")
	with := func(line int, s string) string {
		out := append([]string(nil), lines...)
		out[line] = s
		return strings.Join(out, "\n")
	}
	replace := func(p diag.Pos, s string) string {
		row := []rune(lines[p.Line-1])
		return with(p.Line-1, string(row[:p.Col-1])+s+string(row[p.Col-1+p.Len:]))
	}
	doc, _ := yamlsrc.Parse("mutant", []byte(text))
	place := 0
	var walk func(n *yamlsrc.Node)
	walk = func(n *yamlsrc.Node) {
		if n.Kind == yamlsrc.Scalar {
			place++
			for i, s := range swaps {
				if (i+place)%7 != 0 && !*allMutants {
					continue
				}
				f(fmt.Sprintf("%s at %s", s, n.Pos), replace(n.Pos, s))
			}
		}
		for _, p := range n.Pairs {
			f("another key at "+p.Key.Pos.String(), replace(p.Key.Pos, "zebra"))
			f("an upper-case key at "+p.Key.Pos.String(), replace(p.Key.Pos, strings.ToUpper(p.Key.Value)))
			walk(p.Value)
		}
		for _, i := range n.Items {
			walk(i)
		}
	}
	walk(doc.Root)
	for i := range lines {
		f(fmt.Sprintf("without line %d", i+1), with(i, ""))
	}
}

// TestTopologyAgreement holds the schema against the decoder on the examples, a topology with other keys, and thousands of
// mutants of them.
func TestTopologyAgreement(t *testing.T) {
	s := topologySchema(t)
	counts := map[bool]int{}
	judge := func(what, text string) {
		doc, found := yamlsrc.Parse("f.yaml", []byte(text))
		if doc.Root == nil || found.Errors() > 0 {
			return // no YAML, or YAML that another reader would read otherwise
		}
		l, found := topology.Load("f.yaml", []byte(text))
		if problem := agree(s, doc.Root, found); problem != "" {
			t.Errorf("%s: %s", what, problem)
		}
		counts[found.Errors() == 0 && l.File != nil]++
	}
	texts := []string{full}
	for _, name := range []string{"contoso-alwayson.yaml", "fabrikam-mirrored.yaml"} {
		data, err := examples.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.ReplaceAll(string(data), "\r\n", "\n"))
	}
	if _, found := topology.Load("full.yaml", []byte(full)); found.Errors() > 0 {
		t.Fatal(found)
	}
	for _, text := range texts {
		judge("unchanged", text)
		mutants(text, judge)
	}
	t.Logf("%d right, %d wrong documents", counts[true], counts[false])
	if counts[true] < 500 || counts[false] < 1000 {
		t.Errorf("%d right and %d wrong documents prove little", counts[true], counts[false])
	}
}

// The types of the fixtures of package decode, whose field table is in its testdata.
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

// TestDecodeFixturesAgree holds a schema against the decoder on the fixtures of package decode and their mutants.
func TestDecodeFixturesAgree(t *testing.T) {
	var table strings.Builder
	for _, f := range decode.Fields(testFarm{}) {
		fmt.Fprintf(&table, "%s|%s|%s|%s|%v|%s|%s|%v|%v|%s|%s\n", f.Path, f.Key, f.Type, f.Doc, f.Enum, f.Default, f.Why, f.Required, f.Shape, f.Example, f.Short)
	}
	want, err := os.ReadFile("../decode/testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	if table.String() != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Fatalf("the types here are no longer those of package decode:\n%s", table.String())
	}
	text, err := of(testFarm{}, head{})
	if err != nil {
		t.Fatal(err)
	}
	s := compiled(t, text)
	files, err := filepath.Glob("../decode/testdata/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	judge := func(what, text string) {
		doc, found := yamlsrc.Parse("f.yaml", []byte(text))
		if doc.Root == nil || found.Errors() > 0 {
			return
		}
		var farm testFarm
		_, found = decode.Into(doc, &farm)
		if problem := agree(s, doc.Root, found); problem != "" && !strings.Contains(problem, ".steps[") {
			// Steps contain steps, which the table and so the schema describe once.
			t.Errorf("%s: %s", what, problem)
		}
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, text := filepath.Base(file), strings.ReplaceAll(string(data), "\r\n", "\n")
		judge(name, text)
		if strings.HasPrefix(name, "ok_") {
			mutants(text, func(what, text string) { judge(name+", "+what, text) })
		}
	}
}

// oneShape returns a type with one text of the shape, and its schema.
func oneShape(t testing.TB, shape string) (reflect.Type, *jsonschema.Schema) {
	t.Helper()
	tag := `key:"a"`
	if shape != "" {
		tag += ` is:"` + shape + `"`
	}
	typ := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(tag)}})
	text, err := of(reflect.New(typ).Elem().Interface(), head{})
	if err != nil {
		t.Fatal(err)
	}
	return typ, compiled(t, text)
}

// TestShapesHaveForms keeps the table of forms complete.
func TestShapesHaveForms(t *testing.T) {
	n := 1 // no shape
	for _, s := range decode.Shapes() {
		n++
		f, ok := forms[s.Name]
		if !ok {
			t.Errorf("shape %s has no form", s.Name)
			continue
		}
		if f.high > 0 {
			continue
		}
		_, schema := oneShape(t, s.Name)
		if err := schema.Validate(map[string]any{"a": s.Example}); err != nil {
			t.Errorf("%s: the example does not fit: %v", s.Name, err)
		}
	}
	if n != len(forms) {
		t.Errorf("%d forms for %d shapes", len(forms), n)
	}
}

// FuzzShapes compares the patterns with the shapes of the decoder on quoted texts.
func FuzzShapes(f *testing.F) {
	for _, s := range decode.Shapes() {
		f.Add(s.Example)
		f.Add(s.Example + "x")
	}
	for _, s := range swaps {
		f.Add(strings.Trim(s, `"'`))
	}
	type shape struct {
		name   string
		typ    reflect.Type
		schema *jsonschema.Schema
	}
	var shapes []shape
	for name, form := range forms {
		if form.high == 0 {
			typ, schema := oneShape(f, name)
			shapes = append(shapes, shape{name, typ, schema})
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc := &yamlsrc.Document{File: "f", Root: &yamlsrc.Node{Kind: yamlsrc.Mapping, Tag: "!!map", Pairs: []yamlsrc.Pair{{
			Key:   &yamlsrc.Node{Value: "a", Tag: "!!str", Plain: true},
			Value: &yamlsrc.Node{Value: text, Tag: "!!str"},
		}}}}
		if strings.ToValidUTF8(text, "") != text {
			t.Skip("no text that a YAML file can hold")
		}
		for _, s := range shapes {
			out := reflect.New(s.typ)
			_, found := decode.Into(doc, out.Interface())
			err := s.schema.Validate(map[string]any{"a": text})
			switch {
			case found.Errors() == 0 && err != nil:
				t.Errorf("%s: the decoder takes %q, the schema does not", s.name, text)
			case found.Errors() > 0 && err == nil && !forms[s.name].inexact && len([]rune(text)) == len(text):
				t.Errorf("%s: the schema takes %q, the decoder does not: %s", s.name, text, found[0].Message)
			}
		}
	})
}

func TestTopologySchemaIsASCIIAndStable(t *testing.T) {
	first, err := Topology()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Topology()
	if err != nil || !bytes.Equal(first, again) {
		t.Error("two schemas differ")
	}
	for i, c := range first {
		if c > 0x7E || c < ' ' && c != '\n' {
			t.Fatalf("byte %d is 0x%02X", i, c)
		}
	}
	for _, want := range []string{`"const": 1`, `"$ref": "#/$defs/fqdn"`, `"examples"`, `"default": 1433`} {
		if !strings.Contains(string(first), want) {
			t.Errorf("no %s", want)
		}
	}
}
