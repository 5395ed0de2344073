package evidence_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/evidence"
)

func schema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t testing.TB, s *jsonschema.Schema, data []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err == nil {
		err = s.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s: %v", data, err)
	}
}

// TestBuiltSet holds what the tests build against the schema of results, and the loader against what they build.
func TestBuiltSet(t *testing.T) {
	s := perfect(t, example)
	s.full = true
	s.of("install/120-service-principal-names.ps1").Facts = map[string]any{"a list": []string{"x", "y"}, "a text": "z"}
	dir := s.write()
	results := schema(t, "result.schema.json")
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, l := range bytes.Split(data, []byte("\r\n")) {
			if len(l) > 0 {
				valid(t, results, l)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := evidence.Load(dir)
	if err != nil || len(c.Bad) > 0 || len(c.Runs) != len(s.runs) || c.Files != 2*len(s.runs) {
		t.Fatalf("%v %v: %d runs of %d files", err, c.Bad, len(c.Runs), c.Files)
	}
	for _, r := range c.Runs {
		if r.Name == "directory.service-principal-names.install" {
			if got := fmt.Sprint(r.Facts); got != "[{a list [\"x\",\"y\"]} {a text z}]" || r.Source != "MGMT1/directory.service-principal-names.install.history.jsonl:3" {
				t.Errorf("%s of %s", got, r.Source)
			}
		}
	}
}

// TestBadFiles gives the loader what servers should not hold.
func TestBadFiles(t *testing.T) {
	good := line(t, *perfect(t, example).of("install/120-service-principal-names.ps1"))
	with := func(old, new string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("no %s in %s", old, good)
		}
		return bytes.Replace(good, []byte(old), []byte(new), 1)
	}
	pretty := func(data []byte) []byte {
		var b bytes.Buffer
		if err := json.Indent(&b, data, "", "  "); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		name string
		data []byte
		want string // code, place and text of the finding
	}{
		{"x.result.json", good[:100], "MBP0903 1:101 it ends in the middle of its JSON"},
		{"x.result.json", nil, "MBP0903 1:1 it ends in the middle of its JSON"},
		{"x.result.json", []byte("{\r\n  \"schema\": 1,\r\n  oops\r\n}"), "MBP0903 3:3 it is no JSON from here"},
		{"x.result.json", []byte("\xff\xfe{\x00}\x00"), "MBP0903 1:1 it is UTF-16"},
		{"x.result.json", append(append([]byte{}, good...), " {}"...), "it is no JSON from here"},
		{"x.result.json", []byte("[]"), "MBP0904 1:1 the whole is a array"},
		{"x.result.json", []byte("{}"), `MBP0904 1:1 "step" is missing`},
		{"x.result.json", pretty(with(`"exitCode":0`, `"exitCode":"0"`)), `MBP0904 12:17 "exitCode" is a string`},
		{"x.result.json", pretty(with(`"outcome":"changed"`, `"outcome":"great"`)), `MBP0904 11:3 "outcome" has a value that no script writes`},
		{"x.result.json", with(`"schema":1`, `"schema":2`), `"schema" is not 1`},
		{"x.result.json", with(`"started":"2026`, `"started":"20x6`), `"started" is no time`},
		{"x.result.json", with(`"started":"2026`, `"started":"0026`), `"started" is no time`},
		{"x.result.json", with(`directory.service-principal-names.install`, `../../etc/passwd`), `"name" has a form that no script writes`},
		{"x.result.json", with(`"host":"mgmt1.contoso.com"`, `"host":""`), `"host" is empty`},
		{"x.result.json", with(`"checks":[]`, `"checks":null`), `or another list is missing`},
		{"x.result.json", bytes.Repeat([]byte("["), 20_000), "MBP0903"},
		{"x.history.jsonl", []byte("\r\n{\"schema\":1\r\n"), "MBP0903 2:12 it ends in the middle of its JSON"},
	} {
		t.Run(c.want, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.name), c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := evidence.Load(dir)
			if err != nil || len(got.Bad) != 1 || len(got.Runs) != 0 {
				t.Fatalf("%v %v %v", err, got.Bad, got.Runs)
			}
			d := got.Bad[0]
			if text := fmt.Sprintf("%s %s %s", d.Code, d.Pos, d.Message); !strings.Contains(text, c.want) || d.File != filepath.Join(dir, c.name) {
				t.Errorf("%s: %s", d.File, text)
			}
		})
	}
}

// TestOtherFiles leaves alone what is no record, and takes a record under any name.
func TestOtherFiles(t *testing.T) {
	good := line(t, *perfect(t, example).of("install/120-service-principal-names.ps1"))
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"manifest.json": []byte(`{"schema":1,"files":[]}`), "notes.json": []byte("no JSON"), "backup/web.config": []byte("<key/>"), "a.log": nil,
		"from MGMT1.json": append([]byte("\xef\xbb\xbf"), good...), "copy/UPPER.RESULT.JSON": good,
	} {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := evidence.Load(dir)
	if err != nil || len(c.Bad) > 0 || len(c.Runs) != 1 || c.Files != 2 || c.Ignored != 4 {
		t.Errorf("%v %v: %d runs, %d files, %d ignored", err, c.Bad, len(c.Runs), c.Files, c.Ignored)
	}
}

// TestLinks follows none, into the folder or out of it.
func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs a right on Windows")
	}
	good := line(t, *perfect(t, example).of("install/120-service-principal-names.ps1"))
	outside := filepath.Join(t.TempDir(), "x.result.json")
	if err := os.WriteFile(outside, good, 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, to := range map[string]string{"a.result.json": outside, "folder": filepath.Dir(outside), "b.history.jsonl": "/dev/zero"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := evidence.Load(dir)
	if err != nil || len(c.Runs) != 0 || len(c.Bad) != 3 || c.Bad.Errors() != 2 {
		t.Errorf("%v: %d runs, %v", err, len(c.Runs), c.Bad)
	}
}

// TestLimits stops at a depth and a size that no farm leaves.
func TestLimits(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, strings.Repeat("d/", 12))
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := evidence.Load(dir)
	if err != nil || len(c.Bad) != 1 || c.Bad[0].Code != evidence.CodeLimit {
		t.Errorf("%v %v", err, c.Bad)
	}
	dir = t.TempDir()
	f, err := os.Create(filepath.Join(dir, "x.history.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil {
		t.Skip("no sparse files here")
	}
	c, err = evidence.Load(dir)
	if err != nil || len(c.Bad) != 1 || c.Bad[0].Code != evidence.CodeLimit || len(c.Runs) != 0 {
		t.Errorf("%v %v", err, c.Bad)
	}
}

// TestManyRuns judges a history that a hostile machine filled to the brim, with a rollback between each two runs.
func TestManyRuns(t *testing.T) {
	s := perfect(t, example)
	const install, back = "install/910-group-policy.ps1", "clients/rollback/910-group-policy.ps1"
	at := s.of(install).start()
	for i := range 4000 {
		s.add(back, s.run(back).at(at.Add(time.Duration(2*i+1)*time.Minute)))
		s.add(install, s.run(install).at(at.Add(time.Duration(2*i+2)*time.Minute)))
	}
	start := time.Now()
	r := s.judge()
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	if r.Input.Runs != len(s.runs)-1+8000 {
		t.Errorf("%d runs", r.Input.Runs)
	}
	for i := range 2000 {
		s.add(install, s.run(install).at(at.Add(time.Duration(9000+i)*time.Minute)))
	}
	if c := s.collect(); len(c.Bad) != 1 || c.Bad[0].Code != evidence.CodeLimit {
		t.Errorf("12,000 records of one script: %v", c.Bad)
	}
}

// FuzzLoad reads any text as a result and as a history; what is read can be judged and printed.
func FuzzLoad(f *testing.F) {
	m := &artifact.Manifest{
		Steps: []artifact.PlannedStep{{Order: 1, Number: 120, Step: "directory/names", Title: "Names", Actor: "domain administrator"}},
		Files: []artifact.ManifestFile{
			{Path: "directory/install/120-names.ps1", SHA256: strings.Repeat("0", 64), Kind: "install", Order: 1, Result: "directory.names.install"},
			{Path: "directory/verify/120-names.ps1", SHA256: strings.Repeat("1", 64), Kind: "verify", Order: 1, Result: "directory.names.verify"},
		},
	}
	good := line(f, rec{
		Schema: 1, Step: "directory/names", Kind: "install", Name: "directory.names.install", Script: strings.Repeat("0", 64), Host: "mgmt1", User: `X\y`,
		Started: "2026-06-01T08:00:00Z", Finished: "2026-06-01T08:01:00Z", Outcome: "changed", Changed: []string{"x"}, Checks: []evidence.Check{{Name: "a"}},
		Facts: map[string]any{"b": 1},
	})
	f.Add(good)
	f.Add([]byte("{\"schema\":1}\r\n" + string(good)))
	f.Add([]byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		for _, name := range []string{"a.result.json", "b.history.jsonl", "c.json"} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c, err := evidence.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		r := evidence.Judge(m, c)
		var b bytes.Buffer
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		for i, c := range b.Bytes() {
			if c < ' ' && c != '\n' || c == 0x7F {
				t.Fatalf("byte %#x at %d", c, i)
			}
		}
		if err := r.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
	})
}
