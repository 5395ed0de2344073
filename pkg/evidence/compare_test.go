package evidence_test

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mbamplan/mbamplan/pkg/evidence"
)

// alike is a set in which every check found the same on every node.
func alike(t testing.TB, name string) *set {
	s := perfect(t, name)
	leads := map[string]bool{} // by group and subject, the first
	for _, f := range s.m.Files {
		if f.Kind != "verify" || f.Result == "" {
			continue
		}
		r, step := s.runs[f.Path][0], s.m.Steps[f.Order-1]
		role := "2"
		if key := step.Step + step.Group; !leads[key] {
			leads[key], role = true, "1"
		}
		switch f.Step {
		case "web/node-check":
			r.Facts = map[string]any{
				"Software version": "2.5.1147.0", "ComplianceDBConnectionString": "Data Source=MBAM-SQL", "RecoveryDBConnectionString": "Data Source=MBAM-SQL",
				"Applications": "HelpDesk, SelfService", "Bindings": "https *:443:mbam.contoso.com", "Machine key": strings.Repeat("AB", 32),
				"Pool MBAM": `SpecificUser CONTOSO\svc-mbam v4.0`, "Here Windows version": "10.0." + step.Server,
			}
		case "database/mbam-logins":
			r.Facts = map[string]any{"build of the instance": "13.0.5026.0", "collation of the instance": "SQL_Latin1_General_CP1_CI_AS"}
			r.Checks = []evidence.Check{{Name: `login of CONTOSO\x`, OK: true, Expected: "1", Actual: "1"}}
		case "database/failover-settings":
			r.Facts = map[string]any{
				"role in the group (1 primary, 2 secondary)": role, "copy of MBAM, health (2 healthy)": "2", "copy of MBAM, synchronization (1 synchronizing, 2 synchronized)": role,
				"owner of MBAM (matters after a failover)": "0x" + step.Server,
			}
		case "database/mirroring-settings":
			r.Facts = map[string]any{"session of MBAM, role (1 principal, 2 mirror)": role, "session of MBAM, state (4 synchronized)": "4"}
		}
	}
	return s
}

func differences(c *evidence.Comparison) []string {
	out := []string{}
	for _, f := range c.Findings {
		out = append(out, strings.Join(strings.Fields(f.Code+" "+f.Group+" "+f.Server+" "+f.Fact), " "))
	}
	slices.Sort(out)
	return out
}

func TestAlike(t *testing.T) {
	for name, groups := range map[string][]string{
		example:              {"databases MBAM-AG 3", "web farm web 2"},
		"split-portals":      {"databases MBAM-AG 2", "reports  2", "web farm portals 2", "web farm agents 2"},
		"basic-groups":       {"databases MBAM-STATUS 2", "databases MBAM-KEYS 2", "web farm web 2"},
		"adatum-mirroring":   {"databases MBAM-MIRROR 2", "web farm web 2"},
		"mbam20-two-servers": {},
	} {
		t.Run(name, func(t *testing.T) {
			s := alike(t, name)
			for p, list := range s.runs {
				if strings.Contains(p, "520-enable-reports") && strings.Contains(p, "/verify/") {
					list[0].Facts = map[string]any{"Version of the report server": "2016"}
				}
			}
			c := evidence.Compare(s.m, s.collect())
			if got := differences(c); len(got) > 0 || !c.AsOne() {
				t.Error(got)
			}
			got := []string{}
			for _, g := range c.Groups {
				got = append(got, g.Kind+" "+g.Name+" "+string(rune('0'+len(g.Nodes))))
				if len(g.Facts) == 0 {
					t.Errorf("%s %s has no facts", g.Kind, g.Name)
				}
			}
			slices.Sort(got)
			slices.Sort(groups)
			if diff := cmp.Diff(groups, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDrift(t *testing.T) {
	const check = "WEB2/verify/690-node-check.ps1"
	for _, c := range []struct {
		name string
		on   string // example; "" the default one
		edit func(s *set)
		want []string
		says string
	}{
		{
			name: "one of two web nodes has another pool identity",
			edit: func(s *set) { s.of(check).Facts["Pool MBAM"] = `SpecificUser CONTOSO\other v4.0` },
			want: []string{"drift web farm web Pool MBAM"},
			says: `no value has a majority: WEB1: SpecificUser CONTOSO\svc-mbam v4.0; WEB2: SpecificUser CONTOSO\other v4.0`,
		},
		{
			name: "one of three instances has another build",
			edit: func(s *set) { s.of("SQL2/verify/390-mbam-logins.sql").Facts["build of the instance"] = "13.0.4001.0" },
			want: []string{"drift databases MBAM-AG SQL2 build of the instance"},
			says: "13.0.4001.0; 2 of 3 nodes have 13.0.5026.0",
		},
		{
			name: "one of three web nodes lacks an application", on: "existing-attach-only",
			edit: func(s *set) { delete(s.of("WEB3/verify/690-node-check.ps1").Facts, "Applications") },
			want: []string{"drift web farm web WEB3 Applications"},
			says: "(not shown); 2 of 3 nodes have HelpDesk, SelfService",
		},
		{
			name: "case does not count, as on the machine",
			edit: func(s *set) { s.of(check).Facts["Pool MBAM"] = `SpecificUser contoso\SVC-MBAM v4.0` },
			want: []string{},
		},
		{
			name: "what begins with Here is a node's own",
			edit: func(s *set) { s.of(check).Facts["Here VSS writer of MBAM"] = "registered" },
			want: []string{},
		},
		{
			name: "a login that is missing on one instance",
			edit: func(s *set) {
				r := s.of("SQL3/verify/390-mbam-logins.sql").fail(4, "1 of 2 checks failed.")
				r.Checks = []evidence.Check{{Name: `login of CONTOSO\x`, Expected: "1", Actual: "0"}}
			},
			want: []string{"checks-failed databases MBAM-AG SQL3", `drift databases MBAM-AG SQL3 login of CONTOSO\x`},
		},
		{
			name: "the machine key was not looked at",
			edit: func(s *set) { s.of(check).Facts["Machine key"] = "not compared" },
			want: []string{"not-compared web farm web Machine key"},
			says: "WEB2 did not look",
		},
		{
			name: "nobody shows the machine key",
			edit: func(s *set) {
				delete(s.of(check).Facts, "Machine key")
				delete(s.of("WEB1/verify/690-node-check.ps1").Facts, "Machine key")
			},
			want: []string{"not-compared web farm web Machine key"},
			says: "shown by no node",
		},
		{
			name: "two primaries",
			edit: func(s *set) {
				s.of("SQL2/verify/395-failover-settings.sql").Facts["role in the group (1 primary, 2 secondary)"] = "1"
			},
			want: []string{"roles databases MBAM-AG role in the group (1 primary, 2 secondary)"},
			says: "one node has 1; found SQL1: 1; SQL2: 1; SQL3: 2",
		},
		{
			name: "a copy that is not healthy",
			edit: func(s *set) {
				s.of("SQL3/verify/395-failover-settings.sql").Facts["copy of MBAM, health (2 healthy)"] = "0"
			},
			want: []string{"drift databases MBAM-AG SQL3 copy of MBAM, health (2 healthy)"},
		},
		{
			name: "a mirror that is not synchronized", on: "adatum-mirroring",
			edit: func(s *set) {
				for p, list := range s.runs {
					if strings.Contains(p, "SQL2/verify/425-") {
						list[0].Facts["session of MBAM, state (4 synchronized)"] = "1"
					}
				}
			},
			want: []string{"drift databases MBAM-MIRROR session of MBAM, state (4 synchronized)"},
		},
		{
			name: "a node without a record",
			edit: func(s *set) { delete(s.runs, s.path(check)) },
			want: []string{"missing web farm web WEB2"},
			says: "no record of 690 web/node-check",
		},
		{
			name: "a check that stopped before it looked",
			edit: func(s *set) { s.of(check).fail(2, "The module is missing.").Facts = map[string]any{} },
			want: []string{"checks-failed web farm web WEB2"},
		},
		{
			name: "a newer check counts",
			edit: func(s *set) {
				old := *s.of(check)
				old.Facts = maps.Clone(old.Facts)
				old.Facts["Bindings"] = "http *:80:"
				s.runs[s.path(check)] = []*rec{&old, s.of(check).at(s.of(check).start().Add(time.Hour))}
			},
			want: []string{},
		},
		{
			name: "changed after its check",
			edit: func(s *set) {
				const key = "WEB1/install/680-machine-key.ps1"
				s.add(key, s.run(key).at(begin.Add(300*time.Hour)))
			},
			want: []string{"stale web farm web WEB1"},
			says: "web.machine-key.install changed something at 2026-06-13T20:01:00Z: run 690 again",
		},
		{
			name: "maintenance after its check",
			edit: func(s *set) {
				const change = "WEB1/maintenance/982-pool-password-change.ps1"
				s.add(change, s.run(change).at(begin.Add(300*time.Hour)))
			},
			want: []string{"stale web farm web WEB1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			on := c.on
			if on == "" {
				on = example
			}
			s := alike(t, on)
			c.edit(s)
			out := evidence.Compare(s.m, s.collect())
			if diff := cmp.Diff(c.want, differences(out)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if c.says != "" && !slices.ContainsFunc(out.Findings, func(f evidence.NodeFinding) bool { return strings.Contains(f.Message, c.says) }) {
				t.Errorf("no message says %q: %+v", c.says, out.Findings)
			}
			if out.AsOne() != (len(c.want) == 0) {
				t.Errorf("as one: %v", out.AsOne())
			}
		})
	}
}

// TestPrintComparison prints what servers may send, in the form of the schema.
func TestPrintComparison(t *testing.T) {
	s := alike(t, example)
	s.of("WEB2/verify/690-node-check.ps1").Facts[hostile] = hostile
	empty := evidence.Compare(s.m, &evidence.Collection{})
	form := schema(t, "compare.schema.json")
	for _, c := range []*evidence.Comparison{evidence.Compare(s.m, s.collect()), empty} {
		var b bytes.Buffer
		if err := c.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		valid(t, form, b.Bytes())
		b.Reset()
		if err := c.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r < ' ' && r != '\n' || r == '\u202e' {
				t.Fatalf("%U in %s", r, b.String())
			}
		}
	}
	if len(empty.Findings) != 8 { // WEB1, WEB2, and SQL1 to SQL3 twice
		t.Errorf("without records: %v", differences(empty))
	}
	if err := empty.WriteText(io.Discard); err != nil {
		t.Error(err)
	}
}
