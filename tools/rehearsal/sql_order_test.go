package rehearsal

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// clients are the ways to run a file: sqlcmd that leaves with the statement that fails, sqlcmd when the server runs on to the end of the
// batch before it notices, and Management Studio, which goes on with the next batch.
var clients = []client{{"sqlcmd", tsql.Options{StopOnError: true}}, {"sqlcmd, late", tsql.Options{StopOnError: true, Late: true}}, {"Management Studio", tsql.Options{Studio: true}}}

type client struct {
	name    string
	options tsql.Options
}

// runBy runs a T-SQL file by one of clients and gives what was printed.
func runBy(t *testing.T, n *Night, s Script, server string, o tsql.Options) (out []string, code int) {
	t.Helper()
	m := n.Machine(s)
	data, ok := m.Files.Read(folder + `\` + strings.ReplaceAll(s.Path, "/", `\`))
	in := n.Farm.SQL(server)
	if !ok || in == nil {
		t.Fatalf("%s or %s is not there", s.Path, server)
	}
	session, err := in.Open(n.Farm.Directory.NetBIOS + `\` + m.Start("admin").User)
	if err != nil {
		t.Fatal(err)
	}
	code, err = tsql.Run(session, s.Path, data, o)
	if err != nil {
		t.Fatal(err)
	}
	n.Farm.SQLNetwork().Settle()
	return session.Output, code
}

// numbered are the files of a kind from one number to another, in the order of the plan.
func numbered(n *Night, kind string, from, to int) []Script {
	return slices.DeleteFunc(n.Files(kind), func(s Script) bool {
		number := s.Item.Step.Number
		return number < from || number > to
	})
}

// attempt runs files and goes on whatever they end with; it counts the T-SQL files that printed an error.
func attempt(t *testing.T, n *Night, scripts []Script, o tsql.Options) (refused int) {
	t.Helper()
	for _, s := range scripts {
		if !strings.HasSuffix(s.Path, ".sql") {
			if _, err := n.Run(s, Options{}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		out, _ := runBy(t, n, s, s.Item.Instance.SQLCmdServer(), o)
		if slices.ContainsFunc(out, func(l string) bool { return strings.HasPrefix(l, "Msg ") }) {
			refused++
		}
	}
	return refused
}

var stamp = regexp.MustCompile(`[0-9]{8}-[0-9]{6}Z`)

// timeless is the state of the instances and of their shares, without the times in names of backup files, and without the record of who
// made the logins: when 340 was left out it finds those of 390.
func timeless(n *Night) string {
	lines := strings.Split(stamp.ReplaceAllString(n.Farm.State(), "then"), "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool {
		return !strings.HasPrefix(l, "sql ") && !strings.HasPrefix(l, "group ") && !strings.HasPrefix(l, "file: (share)") || strings.Contains(l, "property mbamplan/login/")
	}), "\n")
}

// TestSQLStepLeftOut leaves one step out after the other. Whoever goes on regardless is refused or does nothing that a second go in the
// right order does not mend: it ends in the same farm, and the way back ends where the right night's does.
func TestSQLStepLeftOut(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	all(t, n, numbered(n, "install", 0, 299), Options{}, 0)
	install := numbered(n, "install", 300, 460)
	right := n.Clone()
	all(t, right, install, Options{}, 0)
	done := timeless(right)
	all(t, right, reversed(numbered(n, "rollback", 300, 460)), Options{}, 0)
	back := timeless(right)
	var left []string
	for _, s := range install {
		if !slices.Contains(left, s.Item.Step.ID) {
			left = append(left, s.Item.Step.ID)
		}
	}
	for _, id := range left {
		for _, c := range clients[1:] { // the first is between the two
			leaveOut(t, n.Clone(), id, c, done, back)
		}
	}
}

func leaveOut(t *testing.T, n *Night, id string, c client, done, back string) {
	t.Helper()
	install := numbered(n, "install", 300, 460)
	refused := attempt(t, n, slices.DeleteFunc(slices.Clone(install), func(s Script) bool { return s.Item.Step.ID == id }), c.options)
	t.Logf("%s left out, %s: %d files refused", id, c.name, refused)
	all(t, n, install, Options{}, 0)
	all(t, n, numbered(n, "verify", 300, 460), Options{}, 0)
	if d := differs(done, timeless(n)); d != "" {
		t.Errorf("%s left out, %s, then the whole night:\n%s", id, c.name, d)
	}
	all(t, n, reversed(numbered(n, "rollback", 300, 460)), Options{}, 0)
	if d := differs(back, timeless(n)); d != "" {
		t.Errorf("%s left out, %s, then the whole night and back:\n%s", id, c.name, d)
	}
}

// TestSQLWrongInstance runs every file on another instance: nothing changes, by no client.
func TestSQLWrongInstance(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	start := n.Farm.State()
	for _, kind := range []string{"preflight", "install", "verify", "rollback", "drill"} {
		for _, s := range n.Files(kind) {
			if !strings.HasSuffix(s.Path, ".sql") {
				continue
			}
			for _, in := range n.Farm.SQLNetwork().Instances {
				if strings.EqualFold(in.Name, s.Item.Instance.Name) {
					continue
				}
				for _, c := range clients {
					out, code := runBy(t, n, s, in.Name, c.options)
					if text := strings.Join(out, "\n"); !strings.Contains(text, "Wrong instance. Wanted "+s.Item.Instance.Name+", connected to "+in.Name) || code == 0 && !c.options.Studio {
						t.Errorf("%s on %s by %s ended with %d:\n%s", s.Path, in.Name, c.name, code, text)
					}
				}
			}
		}
	}
	if d := differs(start, n.Farm.State()); d != "" {
		t.Errorf("something changed:\n%s", d)
	}
}

// TestSQLEveryLaterLogIsNamed backs a log up a hundred times behind the seed backups. The message tells the administrator to restore the
// files that stand above it, and PRINT shows no more than 4,000 characters: https://learn.microsoft.com/sql/t-sql/language-elements/print-transact-sql
func TestSQLEveryLaterLogIsNamed(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	var seed Script
	for _, s := range numbered(n, "install", 0, 350) {
		all(t, n, []Script{s}, Options{}, 0)
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
