package compile_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
)

func paths(t *artifact.Tree) map[string]string {
	out := map[string]string{}
	for _, f := range t.Files() {
		out[f.Path] = string(f.Data)
	}
	return out
}

// TestRenameHost renames every server of the default example in turn, and all servers of every example at once. Renaming
// must do nothing else than put the new name where the old one stood: in paths, and in lines that have the name in some
// form. That is more than leaving files alone that do not mention the server.
func TestRenameHost(t *testing.T) {
	c := newCompiler(t, keyed)
	for _, name := range exampleNames(t) {
		text := example(t, name)
		_, f, _ := compile.Topology(name, []byte(text))
		before := paths(tree(t, c, name, text, render.Options{Secrets: testKeys(t)}))
		// The new names are longer and sort the other way round.
		all := map[string]string{}
		for i, h := range f.Hosts {
			all[h.Name] = fmt.Sprintf("ZNEW%d", 90-i)
			if name == examples.Default {
				renamed(t, c, name, text, before, map[string]string{h.Name: "ANEW7"})
			}
		}
		renamed(t, c, name, text, before, all)
	}
}

// renamed renders the topology under the new names and compares it with the tree before.
func renamed(t *testing.T, c *compile.Compiler, name, text string, before map[string]string, names map[string]string) {
	t.Helper()
	var pairs []string
	var patterns []string
	for old, now := range names {
		pairs = append(pairs, old, now, strings.ToLower(old), strings.ToLower(now))
		patterns = append(patterns, regexp.QuoteMeta(old))
	}
	// A name that begins with another one must be found first.
	slices.SortFunc(patterns, func(a, b string) int { return len(b) - len(a) })
	word := regexp.MustCompile(`(?i)\b(` + strings.Join(patterns, "|") + `)\b`)
	replaced := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		replaced[pairs[i]] = pairs[i+1]
	}
	subst := func(s string) string {
		return word.ReplaceAllStringFunc(s, func(m string) string {
			if now, ok := replaced[m]; ok {
				return now
			}
			return m
		})
	}
	after := paths(tree(t, c, name, subst(text), render.Options{Secrets: testKeys(t)}))
	if len(after) != len(before) {
		t.Errorf("%s: renaming %v changes the number of files from %d to %d", name, names, len(before), len(after))
	}
	touched := 0
	for path, old := range before {
		now, ok := after[subst(path)]
		if !ok {
			t.Errorf("%s: renaming %v loses %s", name, names, path)
			continue
		}
		if old != now {
			touched++
		}
		if path == render.Start {
			continue // it breaks lines in its diagram by their length, and holds digests; runbook.md has the same order
		}
		if msg := onlyRenamed(old, now, subst); msg != "" {
			t.Errorf("%s: renaming %v changes %s: %s", name, names, path, msg)
		}
	}
	if touched == 0 {
		t.Errorf("%s: renaming %v changes no file", name, names)
	}
}

// onlyRenamed compares line by line.
func onlyRenamed(old, now string, subst func(string) string) string {
	a, b := strings.Split(old, "\n"), strings.Split(now, "\n")
	if len(a) != len(b) {
		return fmt.Sprintf("%d lines became %d", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] && subst(a[i]) != b[i] {
			return fmt.Sprintf("line %d\n-%s\n+%s", i+1, a[i], b[i])
		}
	}
	return ""
}

var (
	token  = regexp.MustCompile(`[A-Za-z0-9_.$-]+`)
	number = regexp.MustCompile(`^[0-9]{1,3}$`)
)

// words are the words of a line without small numbers, which count things or number rows.
func words(line string) []string {
	var out []string
	for _, w := range token.FindAllString(line, -1) {
		if !number.MatchString(w) {
			out = append(out, w)
		}
	}
	return out
}

// within reports whether all of old stands in now in its order, with anything between.
func within(old, now []string) bool {
	for _, w := range now {
		if len(old) > 0 && old[0] == w {
			old = old[1:]
		}
	}
	return len(old) == 0
}

// lost returns the first line of old that has no line in now, in order, with all of its words; "" when there is none.
func lost(old, now string) string {
	lines := strings.Split(now, "\n")
	for line := range strings.SplitSeq(old, "\n") {
		for i := 0; ; i++ {
			if i == len(lines) {
				return line
			}
			if lines[i] == line || within(words(line), words(lines[i])) && len(words(line)) > 0 {
				lines = lines[i+1:]
				break
			}
		}
	}
	return ""
}

// TestLost shows what counts as lost.
func TestLost(t *testing.T) {
	for _, c := range []struct{ old, now, want string }{
		{"a\nlist: a, b\nc", "a\nlist: a, x, b\nnew\nc", ""},
		{"3 replicas", "4 replicas", ""},
		{"list: a, b", "list: a, x", "list: a, b"},
		{"a b", "b a", "a b"},
		{"one\ntwo", "two\none", "two"},
	} {
		if got := lost(c.old, c.now); got != c.want {
			t.Errorf("lost(%q, %q) = %q, want %q", c.old, c.now, got, c.want)
		}
	}
}

// TestAddServers adds a replica, a web node and a report server to the example. Everything that was planned for the
// others must still be there: lists grow, counts change, no line goes.
func TestAddServers(t *testing.T) {
	const name = "contoso-alwayson.yaml"
	for _, c := range []struct {
		what  string
		edits []string
		same  string // files below do not change at all
	}{
		{
			"a replica",
			[]string{
				"hosts:\n", "hosts:\n  SQL4: {site: DR, address: 10.2.0.14/24}\n",
				"  SQL3:\n", "  SQL3:\n  SQL4:\n",
				"availability: asynchronous}]", "availability: asynchronous}, {instance: SQL4, availability: asynchronous}]",
			},
			"web/WEB", // the nodes' own; a script bound to no server names every server, to refuse them
		},
		{
			"a replica that comes second",
			[]string{
				"hosts:\n", "hosts:\n  SQL4: {site: HQ, address: 10.1.0.14/24}\n",
				"  SQL3:\n", "  SQL3:\n  SQL4:\n",
				"{instance: SQL3,", "{instance: SQL4, failover: manual}, {instance: SQL3,",
			},
			"web/WEB", // the nodes' own; a script bound to no server names every server, to refuse them
		},
		{
			"a web node",
			[]string{
				"  WEB2: {site: HQ, address: 10.1.0.32/24}\n", "  WEB2: {site: HQ, address: 10.1.0.32/24}\n  WEB3: {site: HQ, address: 10.1.0.33/24}\n",
				"nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2, WEB3]",
			},
			"",
		},
	} {
		text := example(t, name)
		before := paths(tree(t, newCompiler(t, nil), name, text, render.Options{Secrets: testKeys(t)}))
		for i := 0; i < len(c.edits); i += 2 {
			if strings.Count(text, c.edits[i]) != 1 {
				t.Fatalf("%q occurs %d times", c.edits[i], strings.Count(text, c.edits[i]))
			}
			text = strings.Replace(text, c.edits[i], c.edits[i+1], 1)
		}
		after := paths(tree(t, newCompiler(t, nil), name, text, render.Options{Secrets: testKeys(t)}))
		if len(after) <= len(before) {
			t.Errorf("%s adds no files", c.what)
		}
		for path, old := range before {
			now, ok := after[path]
			if path == render.Start {
				continue // it numbers, counts and draws the servers; runbook.md has the same order
			}
			if !ok {
				t.Errorf("adding %s loses %s", c.what, path)
			} else if line := lost(old, now); line != "" {
				t.Errorf("adding %s loses from %s: %s", c.what, path, line)
			} else if c.same != "" && strings.HasPrefix(path, c.same) && old != now {
				t.Errorf("adding %s changes %s", c.what, path)
			}
		}
	}
}

// leftover is text that a template or a number format leaves when it was given the wrong thing.
var leftover = regexp.MustCompile(`\{\{|\}\}|<no value>|%!\w?\(|<nil>|0xc0[0-9a-f]{8}`)

// TestLeftovers looks for unexpanded templates in every file. "{{" begins nothing in the languages of the tree but
// "${{name}", which no step uses; nested PowerShell blocks are written apart.
func TestLeftovers(t *testing.T) {
	c := newCompiler(t, nil)
	for _, name := range exampleNames(t) {
		for path, text := range paths(tree(t, c, name, example(t, name), render.Options{Secrets: testKeys(t)})) {
			if !leftover.MatchString(text) {
				continue
			}
			for i, line := range strings.Split(text, "\n") {
				if m := leftover.FindString(line); m != "" {
					t.Errorf("%s: %s:%d: %q in %s", name, path, i+1, m, line)
				}
			}
		}
	}
}
