package rehearsal

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/plan"
)

var rewrite = flag.Bool("update", false, "write what the scripts of a night change anew, to be reviewed")

const changesFile = "testdata/changes.txt"

// A stage is a turn at its moment of the night.
type stage struct {
	turn
	night *Night // ahead of it
	early *Night // of a verify: ahead of the install of its item, nil when it has none
	back  *turn  // of an install: what takes it back
}

func (s stage) title() string { return strings.NewReplacer("/", ".", " ", "_").Replace(s.String()) }

// stages are all turns of the base example's night, forward and then back.
var stages = sync.OnceValues(func() ([]stage, error) {
	text, err := os.ReadFile("../../examples/" + directoryExample)
	if err != nil {
		return nil, err
	}
	n, err := New(directoryExample, text)
	if err != nil {
		return nil, err
	}
	took := func(x turn) error {
		r, err := start(n, x, Options{})
		if err != nil {
			return err
		}
		if r.ExitCode != 0 && r.ExitCode != 3010 {
			return fmt.Errorf("%s ended with %d:\n%s", x, r.ExitCode, r.Text())
		}
		if r.ExitCode == 3010 {
			restarted(n)
		}
		return nil
	}
	backs := turns(n, "rollback")
	began := n.Clone()
	early := map[*plan.Item]*Night{}
	var out []stage
	for _, x := range turns(n, "install", "verify") {
		s := stage{turn: x, night: n.Clone()}
		if x.Kind == "verify" {
			s.early = early[x.Item]
		} else {
			if early[x.Item] == nil {
				early[x.Item] = s.night
			}
			if i := slices.IndexFunc(backs, func(b turn) bool { return b.Item == x.Item }); i >= 0 {
				one := backs[i]
				s.back = &one
			}
		}
		if err := took(x); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.Reverse(backs)
	gone := false
	for _, x := range backs {
		if !gone && x.Item.Step.Number < 300 {
			uninstalled(n, began)
			gone = true
		}
		out = append(out, stage{turn: x, night: n.Clone()})
		if err := took(x); err != nil {
			return nil, err
		}
	}
	return out, nil
})

// what a clock or a counter makes is not compared.
var volatile = regexp.MustCompile(`\d{8}T\d{6,}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?|[0-9a-f]{8}-5eed-4000-8000-[0-9a-f]{12}|\b20\d{12}\b`)

// described is what a run did, in a few lines: how it ended, what it checked, and what is otherwise than before.
func described(title string, r Run, err error, was, is string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", title)
	if err != nil {
		text, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Fprintf(&b, "%s\n", text)
		return b.String()
	}
	fmt.Fprintf(&b, "%d\n", r.ExitCode)
	for _, l := range r.Console {
		if strings.HasPrefix(l, "[ok]") || strings.HasPrefix(l, "[FAIL]") || strings.HasPrefix(l, "[done]") || strings.HasPrefix(l, "[same]") || strings.HasPrefix(l, "FAILED (") {
			fmt.Fprintf(&b, "  %s\n", brief(l))
		}
	}
	for _, l := range strings.Split(unlike(was, is), "\n") {
		if l != "" {
			fmt.Fprintf(&b, "  %s\n", brief(l))
		}
	}
	return b.String()
}

// brief is a line without what changes with the clock, cut short; what was cut off still counts.
func brief(l string) string {
	l = strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(volatile.ReplaceAllString(l, "…"))
	if r := []rune(l); len(r) > 200 {
		h := fnv.New32a()
		h.Write([]byte(l))
		l = fmt.Sprintf("%s … %08x", string(r[:180]), h.Sum32())
	}
	return l
}

// lives runs a turn as people do who are careful, and gives what came of it.
func lives(t *testing.T, s stage) string {
	t.Helper()
	// The night was made without a mutant: its files come from a new one.
	fresh := func(from *Night) *Night {
		n := from.Clone()
		if exchange != nil {
			if err := n.exchange(directoryExample); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	var b strings.Builder
	n := fresh(s.night)
	was := n.Farm.State()
	if s.Kind != "verify" {
		r, err := start(n, s.turn, Options{WhatIf: true})
		b.WriteString(described("with -WhatIf", r, err, was, n.Farm.State()))
	}
	r, err := start(n, s.turn, Options{})
	is := n.Farm.State()
	b.WriteString(described("run", r, err, was, is))
	if s.Kind != "verify" && r.ExitCode != 3010 {
		r, err := start(n, s.turn, Options{})
		b.WriteString(described("run again", r, err, is, n.Farm.State()))
	}
	if s.back != nil {
		r, err := start(n, *s.back, Options{})
		b.WriteString(described("taken back at once", r, err, was, n.Farm.State()))
	}
	if s.early != nil {
		n := fresh(s.early)
		was := n.Farm.State()
		r, err := start(n, s.turn, Options{})
		b.WriteString(described("ahead of the install", r, err, was, n.Farm.State()))
	}
	return b.String()
}

// TestChanges holds every turn of the base example's night against a file that was reviewed: how it ends, what its checks say, and what it
// changes in the farm; run again, with -WhatIf, and taken back at once; a verify also ahead of the install that it is about.
func TestChanges(t *testing.T) {
	list, err := stages()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(changesFile)
	if err != nil && !*rewrite {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, section := range strings.Split(string(text), "\n== ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		want[title] = body + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "What the scripts of %s do, each at its moment of the night. Written by go test ./rehearsal -run TestChanges -update.\n", directoryExample)
	for _, s := range list {
		t.Run(s.title(), func(t *testing.T) {
			got := lives(t, s)
			fmt.Fprintf(&b, "\n== %s\n%s", s.title(), got)
			if !*rewrite && strings.TrimSpace(got) != strings.TrimSpace(want[s.title()]) {
				t.Errorf("%s\n%s", s, unlike(strings.TrimSpace(want[s.title()]), strings.TrimSpace(got)))
			}
		})
	}
	if *rewrite {
		if err := os.WriteFile(changesFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// titleOf is the pattern of the subtest of TestChanges that runs a file.
func titleOf(file, kind string) string {
	if path.Ext(file) != ".sql" {
		return regexp.QuoteMeta(strings.ReplaceAll(file, "/", "."))
	}
	number, _, _ := strings.Cut(path.Base(file), "-")
	return regexp.QuoteMeta(strings.ReplaceAll(path.Dir(path.Dir(file)), "/", ".")+".300-sql-runner.ps1_-Kind_"+kind+"_-Number_") + strings.TrimLeft(number, "0")
}
