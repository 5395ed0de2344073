package contract

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// A sample is one section of a file in testdata/rules: "== broken|clean kind", then lines. Lines with - are taken out of
// the frame of that kind and those with + behind them are put in their place; all other lines go into the step.
type sample struct {
	line   int
	broken bool
	kind   Kind
	text   string
}

func samples(t *testing.T, name string) []sample {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	var body []string
	flush := func() {
		if len(out) > 0 {
			out[len(out)-1].text = assemble(t, name, out[len(out)-1], body)
		}
		body = nil
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(src), "\n"), "\n") {
		head, ok := strings.CutPrefix(line, "== ")
		if !ok {
			body = append(body, line)
			continue
		}
		flush()
		state, kind, _ := strings.Cut(head, " ")
		out = append(out, sample{line: i + 1, broken: state == "broken", kind: Kind(kind)})
	}
	flush()
	return out
}

func assemble(t *testing.T, name string, s sample, body []string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "frame", string(s.kind)+".ps1"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	var old, added, step []string
	edit := func() {
		if len(old) == 0 {
			return
		}
		from := strings.Join(old, "\n") + "\n"
		if strings.Count(text, from) == 0 {
			t.Fatalf("%s:%d: the frame has no %q", name, s.line, from)
		}
		to := ""
		if joined := strings.Join(added, "\n"); joined != "" {
			to = joined + "\n"
		}
		text = strings.Replace(text, from, to, 1)
		old, added = nil, nil
	}
	for _, line := range body {
		switch {
		case strings.HasPrefix(line, "-"):
			if len(added) > 0 {
				edit()
			}
			old = append(old, line[1:])
		case strings.HasPrefix(line, "+") && len(old) > 0:
			added = append(added, line[1:])
		default:
			step = append(step, line)
		}
	}
	edit()
	text = strings.Replace(text, "    # STEP\n", strings.Join(step, "\n")+"\n", 1)
	return strings.ReplaceAll(text, "\n", "\r\n")
}

func TestRules(t *testing.T) {
	var names []string
	for i := 1; i <= 34; i++ {
		names = append(names, fmt.Sprintf("PSC%03d", i))
	}
	for _, code := range names {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", "rules", code+".txt")
			broken, clean := 0, 0
			for _, s := range samples(t, file) {
				f := psverify.Parse([]byte(s.text))
				got, err := Check(f, s.kind)
				if err != nil {
					t.Fatal(err)
				}
				has := slices.ContainsFunc(got, func(f psverify.Finding) bool { return f.Code == code })
				switch {
				case s.broken && !has:
					t.Errorf("%s:%d: not found, only %v", file, s.line, got)
				case !s.broken && (len(got) > 0 || len(f.Findings) > 0):
					t.Errorf("%s:%d: unexpected %v %v", file, s.line, got, f.Findings)
				}
				if s.broken {
					broken++
				} else {
					clean++
				}
			}
			if broken == 0 || clean == 0 {
				t.Errorf("%s: %d broken and %d clean samples", file, broken, clean)
			}
		})
	}
}

func TestModels(t *testing.T) {
	for _, name := range []string{"model-spn.ps1", "model-machinekey.ps1"} {
		src, err := os.ReadFile(filepath.Join("testdata", "clean", name))
		if err != nil {
			t.Fatal(err)
		}
		f := psverify.Parse(src)
		got, err := Check(f, Install)
		if err != nil || len(got) != 0 || len(f.Findings) != 0 {
			t.Errorf("%s: %v %v %v", name, got, f.Findings, err)
		}
		// The same script as one that only reads breaks the contract in several ways.
		got, err = Check(f, Verify)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range []string{"PSC002", "PSC005", "PSC011", "PSC025"} {
			if !slices.ContainsFunc(got, func(f psverify.Finding) bool { return f.Code == code }) {
				t.Errorf("%s as verify: no %s in %v", name, code, got)
			}
		}
	}
}

func TestKindOf(t *testing.T) {
	tests := []struct {
		path string
		want Kind
		ok   bool
	}{
		{"out/web/NLB1/install/310-machine-key.ps1", Install, true},
		{`out\web\NLB1\Verify\310.ps1`, Verify, true},
		{"out/install/rollback/310.ps1", Rollback, true},
		{"templates/web/machine-key/verify.ps1", Verify, true},
		{"drill.ps1", Drill, true},
		{"out/web/310-machine-key.ps1", "", false},
		{"verify.d/x.ps1", "", false},
	}
	for _, tt := range tests {
		if got, ok := KindOf(tt.path); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %q %t", tt.path, got, ok)
		}
	}
}
