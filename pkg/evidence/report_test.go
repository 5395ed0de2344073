package evidence_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mbamplan/mbamplan/pkg/evidence"
)

const example = "contoso-alwayson"

// found lists the findings that a set as planned has not, as "code severity file", the file by its end.
func found(r *evidence.Report) []string {
	out := []string{}
	for _, f := range r.Findings {
		if f.Code == evidence.ByHand {
			continue
		}
		where := f.Path
		if parts := strings.Split(where, "/"); len(parts) > 2 {
			where = strings.Join(parts[len(parts)-3:], "/")
		}
		out = append(out, strings.TrimSpace(f.Code+" "+f.Severity+" "+where))
	}
	return out
}

func TestPerfect(t *testing.T) {
	for _, name := range []string{example, "split-portals", "adatum-mirroring", "basic-groups", "multi-subnet-named-instances", "fci", "existing-to-alwayson", "mbam20-two-servers"} {
		t.Run(name, func(t *testing.T) {
			s := perfect(t, name)
			s.full = true
			r := s.judge()
			if got := found(r); len(got) > 0 || !r.AsPlanned() || r.Summary.State != "as planned" || r.Summary.Done != r.Summary.Planned || r.Summary.Planned < 15 {
				t.Errorf("%+v %v", r.Summary, got)
			}
			for _, f := range r.Files {
				if f.State == evidence.Done && (len(f.Runs) != 1 || !f.Runs[0].AsPlanned) {
					t.Errorf("%s: %+v", f.Path, f.Runs)
				}
			}
		})
	}
}

func TestDeviations(t *testing.T) {
	const (
		endpoint = "SQL2/install/325-endpoint.sql"
		spn      = "install/120-service-principal-names.ps1"
		features = "WEB1/install/205-windows-features.ps1"
		key      = "WEB2/install/680-machine-key.ps1"
	)
	later := func(s *set, end string, by time.Duration) time.Time { return s.of(end).start().Add(by) }
	for _, c := range []struct {
		name  string
		edit  func(s *set)
		want  []string
		state map[string]string // of files by the end of their path
		says  string            // in a message
	}{
		{
			name:  "a file without a record",
			edit:  func(s *set) { delete(s.runs, s.path("verify/120-service-principal-names.ps1")) },
			want:  []string{"not-run deviation directory/verify/120-service-principal-names.ps1"},
			state: map[string]string{"verify/120-service-principal-names.ps1": "not run"},
		},
		{
			name: "a T-SQL file without a record may have been run in Management Studio",
			edit: func(s *set) { delete(s.runs, s.path("SQL2/verify/325-endpoint.sql")) },
			want: []string{"not-run deviation SQL2/verify/325-endpoint.sql"},
			says: "Management Studio",
		},
		{
			name: "begun before what it needs was done",
			edit: func(s *set) { s.of(endpoint).at(begin.Add(-time.Hour)) },
			want: []string{"out-of-order deviation SQL2/install/325-endpoint.sql"},
			says: "before 315 on SQL2 was done",
		},
		{
			name: "what it needs was never done",
			edit: func(s *set) {
				delete(s.runs, s.path("SQL2/install/335-alwayson-health.sql"))
				delete(s.runs, s.path(spn))
			},
			want: []string{
				"not-run deviation directory/install/120-service-principal-names.ps1", "not-run deviation SQL2/install/335-alwayson-health.sql",
				"out-of-order deviation WEB1/verify/640-ready-gate.ps1", "out-of-order deviation WEB2/verify/640-ready-gate.ps1",
				"out-of-order deviation directory/verify/850-kerberos-test.ps1", "out-of-order deviation SQL1/install/360-availability-group.sql",
				"out-of-order deviation SQL1/preflight/152-server-preflight.ps1", "out-of-order deviation SQL2/preflight/152-server-preflight.ps1",
				"out-of-order deviation SQL3/preflight/152-server-preflight.ps1", "out-of-order deviation RPT1/preflight/153-server-preflight.ps1",
				"out-of-order deviation WEB1/preflight/154-server-preflight.ps1", "out-of-order deviation WEB2/preflight/154-server-preflight.ps1",
			},
			says: "no record says that what it needs was ever done: 120 on a management computer",
		},
		{
			name: "clocks too close to tell",
			edit: func(s *set) {
				// 365 on SQL2 needs 360 on SQL1.
				s.of("SQL2/install/365-join.sql").at(later(s, "SQL1/install/360-availability-group.sql", -3*time.Minute))
				s.of("SQL2/verify/365-join.sql").at(later(s, "SQL1/install/360-availability-group.sql", 5*time.Minute))
			},
			want: []string{"order-uncertain note SQL2/install/365-join.sql"},
			says: "clocks may be 5m0s apart",
		},
		{
			name: "out of order, then again in order",
			edit: func(s *set) {
				p := s.path(endpoint)
				second := *s.of(endpoint)
				second.Outcome, second.Changed = "unchanged", []string{}
				s.of(endpoint).at(begin.Add(-time.Hour))
				s.runs[p] = append(s.runs[p], &second)
			},
			want: []string{"out-of-order note SQL2/install/325-endpoint.sql", "run-twice note SQL2/install/325-endpoint.sql"},
			says: "it was run again later",
		},
		{
			name: "run twice, and it changed the same again",
			edit: func(s *set) { s.add(spn, s.run(spn).at(later(s, spn, 2*time.Minute))) },
			want: []string{"run-twice deviation directory/install/120-service-principal-names.ps1"},
			says: "so something had undone it: thing of directory.service-principal-names.install",
		},
		{
			name: "run twice, and it changed more",
			edit: func(s *set) {
				r := s.run(spn).at(later(s, spn, 2*time.Minute))
				r.Changed = []string{"http/other"}
				s.add(spn, r)
			},
			want: []string{"run-twice note directory/install/120-service-principal-names.ps1"},
			says: "and it changed more: http/other",
		},
		{
			name: "a tool that runs all day, and one that was called wrongly",
			edit: func(s *set) {
				watch := s.run("WEB1/740-nlb-watch.ps1").at(begin)
				watch.Finished = ""
				s.add("WEB1/740-nlb-watch.ps1", watch)
				s.add("SQL1/300-sql-runner.ps1", s.run("SQL1/300-sql-runner.ps1").at(begin).fail(2, "No file has the number 999."))
			},
			want:  []string{"interrupted note web/WEB1/740-nlb-watch.ps1", "failed note database/SQL1/300-sql-runner.ps1"},
			state: map[string]string{"SQL1/300-sql-runner.ps1": "failed"},
		},
		{
			name: "a verify may be run as often as people like",
			edit: func(s *set) {
				s.add("verify/110-accounts.ps1", s.run("verify/110-accounts.ps1").at(later(s, "verify/110-accounts.ps1", time.Hour)))
			},
			want: []string{},
		},
		{
			name: "another file was run",
			edit: func(s *set) { s.of(spn).Script = strings.Repeat("ab", 32) },
			want: []string{"other-digest deviation directory/install/120-service-principal-names.ps1"},
			says: "A signature in the file is one innocent cause",
		},
		{
			name: "the file of another server was run",
			edit: func(s *set) { s.of(key).Script = sum(s, features) },
			want: []string{"other-digest deviation WEB2/install/680-machine-key.ps1"},
			says: "what was run is web/WEB1/install/205-windows-features.ps1",
		},
		{
			name: "failed, then repeated",
			edit: func(s *set) {
				s.add(spn, s.run(spn).at(later(s, spn, 2*time.Minute)))
				s.of(spn).fail(3, "http/mbam belongs to somebody else.")
			},
			want: []string{"failed-repeated deviation directory/install/120-service-principal-names.ps1"},
			says: "http/mbam belongs to somebody else.",
		},
		{
			name:  "failed, and that was the last word",
			edit:  func(s *set) { s.of(features).fail(1, "Access is denied.") },
			state: map[string]string{features: "failed"},
			want: []string{
				"failed deviation WEB1/install/205-windows-features.ps1", "out-of-order deviation WEB1/install/210-aspnet-mvc4.ps1", "out-of-order deviation WEB1/install/610-user-rights.ps1",
				"out-of-order deviation WEB1/install/630-firewall.ps1",
			},
		},
		{
			name: "a check does not hold",
			edit: func(s *set) {
				r := s.of("WEB2/verify/690-node-check.ps1")
				r.fail(4, "1 of 2 checks failed: Machine key")
				r.Checks = append(r.Checks, evidence.Check{Name: "Machine key", Expected: "the farm's own", Actual: "another one for /"})
			},
			state: map[string]string{"WEB2/verify/690-node-check.ps1": "verify-failed"},
			says:  "Machine key: expected the farm's own, found another one for /",
			want: []string{
				"verify-failed deviation WEB2/verify/690-node-check.ps1", "out-of-order deviation WEB1/install/720-nlb-cluster.ps1",
				"out-of-order deviation WEB1/install/890-remove-secrets.ps1", "out-of-order deviation WEB2/install/890-remove-secrets.ps1",
				"out-of-order deviation WEB2/verify/855-event-proof.ps1", "out-of-order deviation directory/verify/850-kerberos-test.ps1",
				"out-of-order deviation web/verify/860-farm-compare.ps1",
			},
		},
		{
			name: "cut off",
			edit: func(s *set) {
				r := s.of("SQL3/install/450-native-backup-job.sql")
				r.Finished = ""
			},
			state: map[string]string{"SQL3/install/450-native-backup-job.sql": "interrupted"},
			want:  []string{"interrupted deviation SQL3/install/450-native-backup-job.sql", "out-of-order deviation clients/install/910-group-policy.ps1"},
		},
		{
			name: "cut off behind a change that it had recorded ahead",
			edit: func(s *set) {
				r := s.of("install/910-group-policy.ps1")
				r.Finished = ""
				ahead := *r
				ahead.Outcome, ahead.ExitCode, ahead.Message = "failed", 1, ""
				s.files["MGMT1/clients.group-policy.install.result.json"] = line(s.t, ahead)
			},
			state: map[string]string{"install/910-group-policy.ps1": "interrupted"},
			want:  []string{"interrupted deviation clients/install/910-group-policy.ps1"},
		},
		{
			name: "the end of the last run is in the result alone",
			edit: func(s *set) {
				r := s.of("install/910-group-policy.ps1")
				s.files["MGMT1/clients.group-policy.install.result.json"] = line(s.t, *r)
				r.Finished = ""
			},
			want: []string{"history-gap deviation"},
		},
		{
			name: "a rollback that was cut off",
			edit: func(s *set) {
				const back = "clients/rollback/910-group-policy.ps1"
				r := s.run(back).at(later(s, "install/910-group-policy.ps1", time.Hour))
				r.Finished = ""
				s.add(back, r)
			},
			state: map[string]string{"install/910-group-policy.ps1": "rolled-back", "rollback/910-group-policy.ps1": "interrupted"},
			want: []string{
				"interrupted deviation clients/rollback/910-group-policy.ps1", "rolled-back deviation clients/install/910-group-policy.ps1",
				"verify-stale deviation clients/verify/910-group-policy.ps1",
			},
		},
		{
			name: "cut off, then repeated",
			edit: func(s *set) {
				const job = "SQL3/install/450-native-backup-job.sql"
				s.add(job, s.run(job).at(later(s, job, 2*time.Minute)))
				s.of(job).Finished = ""
			},
			want: []string{"failed-repeated deviation SQL3/install/450-native-backup-job.sql"},
			says: "cut off, begun at",
		},
		{
			name: "answered No",
			edit: func(s *set) {
				r := s.of("install/910-group-policy.ps1")
				r.Outcome, r.Changed = "skipped", []string{}
			},
			state: map[string]string{"install/910-group-policy.ps1": "skipped"},
			want:  []string{"skipped deviation clients/install/910-group-policy.ps1"},
		},
		{
			name: "a restart, and a verify behind it",
			edit: func(s *set) { s.of(features).Outcome, s.of(features).ExitCode = "restart", 3010 },
			want: []string{},
		},
		{
			name: "a restart, and nothing behind it",
			edit: func(s *set) {
				s.of(features).Outcome, s.of(features).ExitCode = "restart", 3010
				delete(s.runs, s.path("WEB1/verify/205-windows-features.ps1"))
			},
			state: map[string]string{features: "restart-open"},
			want:  []string{"restart-open deviation WEB1/install/205-windows-features.ps1", "not-run deviation WEB1/verify/205-windows-features.ps1"},
		},
		{
			name: "rolled back",
			edit: func(s *set) {
				const back = "clients/rollback/910-group-policy.ps1"
				s.add(back, s.run(back).at(later(s, "install/910-group-policy.ps1", time.Hour)))
				s.aside[s.path("install/910-group-policy.ps1")] = true
			},
			state: map[string]string{"install/910-group-policy.ps1": "rolled-back", "rollback/910-group-policy.ps1": "run"},
			want:  []string{"rolled-back deviation clients/install/910-group-policy.ps1", "verify-stale deviation clients/verify/910-group-policy.ps1"},
		},
		{
			name: "rolled back, and the record of the rollback was not collected",
			edit: func(s *set) { s.aside[s.path("install/910-group-policy.ps1")] = true },
			want: []string{"rolled-back deviation clients/install/910-group-policy.ps1"},
		},
		{
			name: "rolled back and installed again",
			edit: func(s *set) {
				const back, install, verify = "clients/rollback/910-group-policy.ps1", "install/910-group-policy.ps1", "clients/verify/910-group-policy.ps1"
				s.add(back, s.run(back).at(later(s, install, time.Hour)))
				s.add(install, s.run(install).at(later(s, install, 2*time.Hour)))
				s.add(verify, s.run(verify).at(later(s, install, 3*time.Hour)))
			},
			want: []string{"rolled-back note clients/install/910-group-policy.ps1"},
		},
		{
			name: "taken back under the feet of a later step",
			edit: func(s *set) {
				const install, back = "install/120-service-principal-names.ps1", "rollback/120-service-principal-names.ps1"
				s.add(back, s.run(back).at(later(s, install, 30*time.Minute)))
				s.add(install, s.run(install).at(begin.Add(300*time.Hour)))
				s.add("verify/120-service-principal-names.ps1", s.run("verify/120-service-principal-names.ps1").at(begin.Add(301*time.Hour)))
			},
			want: []string{
				"rolled-back note directory/install/120-service-principal-names.ps1", "out-of-order deviation WEB1/verify/640-ready-gate.ps1", "out-of-order deviation WEB2/verify/640-ready-gate.ps1",
				"out-of-order deviation directory/verify/850-kerberos-test.ps1",
				"out-of-order deviation SQL1/preflight/152-server-preflight.ps1", "out-of-order deviation SQL2/preflight/152-server-preflight.ps1",
				"out-of-order deviation SQL3/preflight/152-server-preflight.ps1", "out-of-order deviation RPT1/preflight/153-server-preflight.ps1",
				"out-of-order deviation WEB1/preflight/154-server-preflight.ps1", "out-of-order deviation WEB2/preflight/154-server-preflight.ps1",
			},
			says: "had been taken back",
		},
		{
			name: "changed after it was verified",
			edit: func(s *set) {
				s.of("WEB1/verify/630-firewall.ps1").at(later(s, "WEB1/install/630-firewall.ps1", -2*time.Minute))
			},
			want: []string{"verify-stale deviation WEB1/verify/630-firewall.ps1"},
		},
		{
			name: "on another server of the farm",
			edit: func(s *set) { s.of("SQL3/verify/325-endpoint.sql").Host = "rpt1.contoso.com" },
			want: []string{"wrong-host deviation", "not-run deviation SQL3/verify/325-endpoint.sql"},
			says: "the plan has it on SQL1, SQL2, SQL3",
		},
		{
			name: "a step of a management computer on a server",
			edit: func(s *set) { s.of("verify/850-kerberos-test.ps1").Host = "web1.contoso.com" },
			want: []string{
				"wrong-host deviation", "not-run deviation directory/verify/850-kerberos-test.ps1", "out-of-order deviation clients/install/910-group-policy.ps1",
				"out-of-order deviation WEB1/verify/855-event-proof.ps1", "out-of-order deviation WEB2/verify/855-event-proof.ps1",
			},
			says: "the plan has it on a management computer",
		},
		{
			name: "of another farm",
			edit: func(s *set) { s.of("SQL3/verify/325-endpoint.sql").Host = "sql9.fabrikam.com" },
			want: []string{"foreign deviation", "not-run deviation SQL3/verify/325-endpoint.sql"},
		},
		{
			name: "of no step of this plan",
			edit: func(s *set) {
				r := s.run(spn).at(begin)
				r.Name, r.Step = "web.other.install", "web/other"
				s.files["MGMT1/web.other.install.result.json"] = line(s.t, *r)
			},
			want: []string{"foreign deviation", "no-history note"},
			says: "what was run is directory/install/120-service-principal-names.ps1",
		},
		{
			name: "the machine has another domain name",
			edit: func(s *set) { s.of(features).Host = "web1.old.contoso.com" },
			want: []string{"host-name deviation WEB1/install/205-windows-features.ps1"},
		},
		{
			name: "in the folder of another server",
			edit: func(s *set) {
				own, moved := s.folds, s.of(features)
				s.folds = func(r *rec) string {
					if r == moved {
						return "batch 1/WEB2"
					}
					return own(r)
				}
			},
			want: []string{"folder-mismatch deviation"},
		},
		{
			name: "ended before it began",
			edit: func(s *set) { r := s.of(features); r.Finished = r.start().Add(-time.Second).Format(form) },
			want: []string{"clock deviation WEB1/install/205-windows-features.ps1"},
		},
		{
			name: "a history that goes backwards",
			edit: func(s *set) {
				const check = "verify/110-accounts.ps1"
				s.add(check, s.run(check).at(later(s, check, -2*time.Minute)))
			},
			want: []string{"clock deviation"},
			says: "its clock was set back, or lines were moved",
		},
		{
			name: "two records of one run disagree",
			edit: func(s *set) {
				forged := *s.of(features)
				forged.Message = "Nothing to see."
				s.files["WEB1/web.windows-features.install.result.json"] = line(s.t, forged)
			},
			want: []string{"conflict deviation"},
			says: "differ in how it ended",
		},
		{
			name: "the history lacks the last run",
			edit: func(s *set) {
				next := *s.of("verify/110-accounts.ps1")
				s.files["MGMT1/directory.accounts.verify.result.json"] = line(s.t, *next.at(begin.Add(400 * time.Hour)))
			},
			want: []string{"history-gap deviation"},
		},
		{
			name: "results without histories",
			edit: func(s *set) { s.full, s.files["WEB1/web.windows-features.install.history.jsonl"] = true, nil },
			want: []string{"no-history note"},
		},
		{
			name: "a torn line of a history",
			edit: func(s *set) {
				r := s.of(features)
				torn := line(s.t, *r)
				good := append(append([]byte("\r\n"), torn[:40]...), "\r\n"...)
				s.files["WEB1/web.windows-features.install.history.jsonl"] = append(good, torn...)
			},
			want: []string{"torn note"},
		},
		{
			name: "zeros that a loss of power left",
			edit: func(s *set) {
				begun := *s.of(features)
				begun.Finished = ""
				zeros := append(append([]byte("\r\n"), line(s.t, begun)...), "\r\n{\"schema\":1,\x00\x00\x00\x00\r\n\x00\x00\r\n"...)
				s.files["WEB1/web.windows-features.install.history.jsonl"] = append(zeros, line(s.t, *s.of(features))...)
			},
			want: []string{"torn note", "torn note"},
		},
		{
			name: "an edited line of a history",
			edit: func(s *set) {
				s.files["WEB1/web.windows-features.install.history.jsonl"] = append(line(s.t, *s.of(features)), "\r\n# cleaned up\r\n"...)
			},
			want: []string{"unreadable deviation"},
			says: "it is no JSON from here [MBP0903]",
		},
		{
			name: "the machine key was set after its node was checked",
			edit: func(s *set) {
				s.of(key).at(later(s, "WEB2/verify/690-node-check.ps1", time.Hour))
				s.of("WEB2/verify/680-machine-key.ps1").at(later(s, "WEB2/verify/690-node-check.ps1", 2*time.Hour))
			},
			want: []string{"out-of-order deviation WEB2/verify/690-node-check.ps1"},
			says: "before 680 on WEB2 was done",
		},
		{
			name: "a result that was being written",
			edit: func(s *set) { s.files["WEB1/web.windows-features.install.result.json.4711.tmp"] = []byte("{") },
			want: []string{"torn note"},
		},
		{
			name: "a drill that failed",
			edit: func(s *set) {
				const drill = "WEB1/drill/978-drill-node-loss.stop.ps1"
				s.add(drill, s.run(drill).at(begin.Add(200*time.Hour)).fail(3, "The other node does not answer."))
			},
			state: map[string]string{"WEB1/drill/978-drill-node-loss.stop.ps1": "failed"},
			want:  []string{"failed deviation WEB1/drill/978-drill-node-loss.stop.ps1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := perfect(t, example)
			c.edit(s)
			r := s.judge()
			got := found(r)
			slices.Sort(got)
			slices.Sort(c.want)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for end, want := range c.state {
				i := slices.IndexFunc(r.Files, func(f evidence.File) bool { return strings.HasSuffix(f.Path, end) })
				if i < 0 || r.Files[i].State != want {
					t.Errorf("%s: state is not %q: %v", end, want, r.Files)
				}
			}
			if !slices.ContainsFunc(r.Findings, func(f evidence.Finding) bool { return strings.Contains(f.Message, c.says) }) {
				t.Errorf("no message says %q: %+v", c.says, r.Findings)
			}
			if deviates := strings.Contains(strings.Join(got, "\n"), evidence.Deviation); deviates == r.AsPlanned() {
				t.Errorf("as planned is %v with %v", r.AsPlanned(), got)
			}
		})
	}
}

// sum is the planned digest of a file.
func sum(s *set, end string) string {
	p := s.path(end)
	for _, f := range s.m.Files {
		if f.Path == p {
			return f.SHA256
		}
	}
	return ""
}
