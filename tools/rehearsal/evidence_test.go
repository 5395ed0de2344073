package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/evidence"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// collect copies the records of a machine as docs/evidence.md says, and holds them against the plan.
func collect(t *testing.T, n *Night, m *farm.Machine) (*evidence.Collection, *evidence.Report) {
	t.Helper()
	dir := t.TempDir()
	for _, p := range m.Files.List() {
		low := strings.ToLower(p)
		base := p[strings.LastIndexByte(p, '\\')+1:]
		if !strings.HasPrefix(low, `c:\programdata\mbamplan\`) || !strings.HasSuffix(low, ".result.json") && !strings.HasSuffix(low, ".history.jsonl") && !strings.HasSuffix(low, ".rolled-back.json") {
			continue
		}
		data, _ := m.Files.Read(p)
		if err := os.WriteFile(filepath.Join(dir, base), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := evidence.Load(dir)
	if err != nil || len(c.Bad) > 0 {
		t.Fatal(err, c.Bad)
	}
	return c, evidence.Judge(n.Tree.Manifest(artifact.About{Tool: "rehearsal"}), c)
}

// told lists what a report finds, but for files that were not run: the rehearsal has no preflight, and what needs it says so.
func told(r *evidence.Report) []string {
	out := []string{}
	for _, f := range r.Findings {
		unready := f.Code == evidence.OutOfOrder && strings.Contains(f.Message, "was ever done: 100 on a management computer")
		if f.Code != evidence.NotRun && f.Code != evidence.ByHand && !unready {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Code, f.Severity, f.Path)))
		}
	}
	slices.Sort(out)
	return out
}

// TestEvidence reads the records that the scripts' own frame writes: a night as planned, then one on which much went wrong.
func TestEvidence(t *testing.T) {
	n := night(t, directoryExample)
	install, verify, rollback := before(n.Scripts("install")), before(n.Scripts("verify")), before(n.Scripts("rollback"))
	for _, s := range verify {
		// In the order of the plan: what a step installs, then its verify.
		for _, i := range install {
			if i.Item == s.Item {
				all(t, n, []Script{i}, Options{}, 0)
			}
		}
		all(t, n, []Script{s}, Options{}, 0)
	}
	c, r := collect(t, n, n.Desk)
	if got := told(r); len(got) > 0 || r.Summary.Done != len(install)+len(verify) || c.Files != 2*r.Summary.Done {
		t.Fatalf("%v: %d done of %d and %d, %d files", got, r.Summary.Done, len(install), len(verify), c.Files)
	}

	n = night(t, directoryExample)
	name, record := named(t, install, "/120-service-principal-names.ps1"), named(t, install, "/130-dns-record.ps1")
	all(t, n, []Script{named(t, verify, "/110-accounts.ps1")}, Options{}, 0)
	// Somebody else has the name: refused, mended, repeated.
	d := n.Farm.Directory
	other := d.AddUser("somebody-else")
	other.SPNs = append(other.SPNs, "http/"+n.Plan.Farm.Webs[0].Host)
	all(t, n, []Script{name}, Options{}, 3)
	other.SPNs = nil
	all(t, n, []Script{name}, Options{}, 0)
	// Cut off at the first change; the file was edited before the second run, and the third is one too many.
	cut, err := n.Run(record, Options{Session: func(session *farm.Session) {
		session.Before = func(what string) {
			if strings.HasPrefix(what, "Add-DnsServerResourceRecord") {
				panic(pwsh.Killed{})
			}
		}
	}})
	if err != nil || !cut.Killed {
		t.Fatal(err, cut.Killed, cut.Text())
	}
	_, r = collect(t, n, n.Desk)
	if got := told(r); !slices.Contains(got, "interrupted deviation directory/install/130-dns-record.ps1") {
		t.Errorf("cut off: %v", got)
	}
	at := folder + `\directory\install\130-dns-record.ps1`
	data, _ := n.Desk.Files.Read(at)
	n.Desk.Files.Put(at, append(slices.Clone(data), "\r\n# edited\r\n"...))
	all(t, n, []Script{record, record}, Options{}, 0)
	// The names are taken back in the end.
	all(t, n, []Script{named(t, rollback, "/120-service-principal-names.ps1")}, Options{}, 0)
	_, r = collect(t, n, n.Desk)
	want := []string{
		"failed-repeated deviation directory/install/120-service-principal-names.ps1",
		"failed-repeated deviation directory/install/130-dns-record.ps1",
		"other-digest deviation directory/install/130-dns-record.ps1",
		"rolled-back deviation directory/install/120-service-principal-names.ps1",
		"run-twice note directory/install/130-dns-record.ps1",
	}
	if got := told(r); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestHistoryMakesWay fills a history: the next run starts a new one and keeps the old one beside it, in place of an older one.
func TestHistoryMakesWay(t *testing.T) {
	n := night(t, directoryExample)
	s := named(t, before(n.Scripts("verify")), "/110-accounts.ps1")
	const history, old = `C:\ProgramData\mbamplan\directory.accounts.verify.history.jsonl`, `C:\ProgramData\mbamplan\directory.accounts.verify.history.old.jsonl`
	all(t, n, []Script{s}, Options{}, 0)
	one, ok := n.Desk.Files.Read(history)
	if !ok || n.Desk.Files.Exists(old) {
		t.Fatal("no history, or an old one from the beginning")
	}
	full := []byte(strings.Repeat(string(one), 1<<20/len(one)+1))
	n.Desk.Files.Put(history, full)
	n.Desk.Files.Put(old, []byte("older"))
	all(t, n, []Script{s}, Options{}, 0)
	after, _ := n.Desk.Files.Read(history)
	kept, _ := n.Desk.Files.Read(old)
	if string(kept) != string(full) || len(after) == 0 || len(after) > 2*len(one) {
		t.Errorf("%d bytes kept of %d, %d in the new history", len(kept), len(full), len(after))
	}
}
