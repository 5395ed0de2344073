package rehearsal

import (
	"fmt"
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

// TestSQLEveryLaterLogIsNamed backs a log up a hundred times behind the seed backups. The message tells the administrator to restore the
// files that stand above it, and PRINT shows no more than 4,000 characters: https://learn.microsoft.com/sql/t-sql/language-elements/print-transact-sql
func TestSQLEveryLaterLogIsNamed(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	var seed Script
	for _, s := range append(before(n.Scripts("install")), databaseFiles(n, "install")...) {
		if s.Item.Step.Number > 350 {
			break
		}
		play(t, n, []Script{s}, Options{}, 0)
		seed = s
	}
	database := seed.Item.Database.Name
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "BACKUP LOG [%s] TO DISK = N'\\\\fs1.contoso.com\\mbam-backup\\a-folder-with-a-long-name.%03d.trn' WITH NOINIT;\n", database, i)
	}
	session := n.Machine(seed).Start("admin")
	if out, code, err := n.Farm.RunSQL(session, seed.Item.Instance.SQLCmdServer(), "backups.sql", []byte(text.String()), nil); code != 0 || err != nil {
		t.Fatalf("%d, %v: %s", code, err, out)
	}
	run, err := n.Run(seed, Options{})
	if err != nil || run.ExitCode != 1 {
		t.Fatalf("%d, %v: %s", run.ExitCode, err, run.Text())
	}
	at := 0
	for i := range 100 {
		name := fmt.Sprintf("a-folder-with-a-long-name.%03d.trn", i)
		next := strings.Index(run.Text()[at:], name)
		if next < 0 {
			t.Fatalf("%s is not named in its order:\n%s", name, run.Text())
		}
		at += next
	}
}
