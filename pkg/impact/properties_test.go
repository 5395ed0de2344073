package impact_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/impact"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

func exampleNames(t testing.TB) []string {
	t.Helper()
	files, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	return files
}

// stretches are edits that put servers of an example into several sites.
func stretches(t testing.TB) map[string][]string {
	return map[string][]string{
		"contoso-alwayson":             {"SQL2: {site: HQ", "SQL2: {site: DR", "WEB2: {site: HQ", "WEB2: {site: ROOM2"},
		"adatum-mirroring":             {"SQL2: {site: HQ", "SQL2: {site: DR", "WIT1: {site: HQ", "WIT1: {site: THIRD", "WEB2: {site: HQ", "WEB2: {site: DR"},
		"litware-two-mirrors":          {"DB2: {site: HQ", "DB2: {site: DR", "NODE2: {site: HQ", "NODE2: {site: DR"},
		"multi-subnet-named-instances": {"CLUB: {site: HQ", "CLUB: {site: DR", "WEB2: {site: HQ, ", "WEB2: {"},
	}
}

// everyFarm calls f for each example, and for some with their servers in several sites.
func everyFarm(t testing.TB, f func(name string, edits []string)) {
	for _, name := range exampleNames(t) {
		f(name, nil)
		if edits := stretches(t)[name]; edits != nil {
			f(name, edits)
		}
	}
}

// A failure of more parts is for no service better than the failure of some of them.
func TestMoreFailuresAreNeverBetter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	everyFarm(t, func(name string, edits []string) {
		a := analyze(t, name, edits...)
		parts := a.Parts()
		for range 60 {
			var set []string
			for _, i := range random.Perm(len(parts))[:4] {
				set = append(set, parts[i].ID)
			}
			for n := 1; n < len(set); n++ {
				fewer, err := a.Fail(set[:n]...)
				if err != nil {
					t.Fatal(err)
				}
				more, err := a.Fail(set[:n+1]...)
				if err != nil {
					t.Fatal(err)
				}
				worseOrEqual(t, name, fewer, more)
			}
		}
	})
}

func worseOrEqual(t *testing.T, name string, fewer, more impact.Scenario) {
	t.Helper()
	for _, e := range fewer.Effects {
		if got := more.Effect(e.Service).State; got < e.State {
			t.Errorf("%s: %s is %s when %v fail, and %s when %v fail", name, e.Service, e.State, ids(fewer), got, ids(more))
		}
	}
}

func ids(s impact.Scenario) []string {
	var out []string
	for _, p := range s.Failed {
		out = append(out, p.ID)
	}
	return out
}

// What is added for redundancy makes no service worse under any failure of one or two of the parts that were there before.
func TestRedundancyNeverHarms(t *testing.T) {
	for _, tt := range []struct {
		name, example string
		before, add   []string
	}{
		{"a web node", "contoso-alwayson", nil, []string{"  WEB2: {", "  WEB3: {site: HQ, address: 10.1.0.33/24}\n  WEB2: {", "nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2, WEB3]"}},
		{"a web node behind HAProxy", "fabrikam-mirrored", nil, []string{
			"  NODE2: {", "  NODE3: {address: 192.168.10.33/24}\n  NODE2: {",
			"      certificate: {request", "        - {host: NODE3, thumbprint: 3333F2B7C0D94E5586C1F0A9D37E42B8C6510E2D}\n      certificate: {request",
		}},
		{"a synchronous replica", "contoso-alwayson", nil, []string{"  SQL2: {", "  SQL4: {site: HQ, address: 10.1.0.14/24}\n  SQL2: {", "  SQL3:\n", "  SQL3:\n  SQL4:\n", "replicas: [SQL1, SQL2,", "replicas: [SQL1, SQL2, SQL4,"}},
		{"a witness of the cluster", "contoso-alwayson", noWitness, []string{"  name: SQLCLU1\n", "  name: SQLCLU1\n  witness: disk\n"}},
		{"a witness of three votes", "contoso-alwayson", both(noWitness, allVote), []string{"  name: SQLCLU1\n", "  name: SQLCLU1\n  witness: disk\n"}},
		{"a witness of three votes in 2012", "contoso-alwayson", both(noWitness, allVote, old), []string{"  name: SQLCLU1\n", "  name: SQLCLU1\n  witness: disk\n"}},
		{"a witness of the mirror", "adatum-mirroring", []string{"    witness: WIT1  ", "    #"}, []string{"    mirror: SQL2\n", "    mirror: SQL2\n    witness: WIT1\n"}},
		{"automatic failover", "contoso-alwayson", manual, []string{"{instance: SQL2, failover: manual}", "SQL2"}},
		{"a node of the clustered instance", "fci", nil, []string{"  NODE2: {", "  NODE3: {address: 10.30.0.13/24}\n  NODE2: {", "nodes: [NODE1, NODE2]", "nodes: [NODE1, NODE2, NODE3]"}},
		{"a report server", "split-portals", []string{"hosts: [RPT1, RPT2]", "hosts: [RPT1]"}, []string{"hosts: [RPT1]", "hosts: [RPT1, RPT2]"}},
	} {
		before, after := analyze(t, tt.example, tt.before...), analyze(t, tt.example, both(tt.before, tt.add)...)
		for _, s := range append(before.Singles(), before.Pairs()...) {
			if tt.name == "a witness of the mirror" && slices.Contains(ids(s), "WIT1") {
				continue // the idle server that becomes the witness was nothing that could be missed
			}
			now, err := after.Fail(ids(s)...)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			for _, e := range now.Effects {
				if was := s.Effect(e.Service).State; e.State > was {
					t.Errorf("%s: %s was %s when %v fail, and is %s with it: %s", tt.name, e.Service, was, ids(s), e.State, e.Why)
				}
			}
		}
	}
}

// Nodes that nothing tells apart have the same results, alone and together with any other part.
func TestSymmetricNodes(t *testing.T) {
	for _, tt := range []struct{ example, a, b string }{
		{"contoso-alwayson", "WEB1", "WEB2"},
		{"adatum-mirroring", "WEB1", "WEB2"},
		{"basic-groups", "WEB1", "WEB2"},
		{"split-portals", "AGENT1", "AGENT2"},
		{"split-portals", "PORTAL1", "PORTAL2"},
		{"split-portals", "RPT1", "RPT2"},
		{"fabrikam-mirrored", "NODE1", "NODE2"},
		{"existing-attach-only", "WEB2", "WEB3"},
	} {
		a := analyze(t, tt.example)
		for _, other := range a.Parts() {
			if strings.Contains(other.ID, tt.a) || strings.Contains(other.ID, tt.b) {
				continue
			}
			x, err1 := a.Fail(tt.a, other.ID)
			y, err2 := a.Fail(tt.b, other.ID)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if letters(x) != letters(y) {
				t.Errorf("%s: %s and %s differ beside %s: %s, %s", tt.example, tt.a, tt.b, other.ID, letters(x), letters(y))
			}
		}
	}
	// Two synchronous replicas change places with their order.
	a, b := analyze(t, "contoso-alwayson"), analyze(t, "contoso-alwayson", "replicas: [SQL1, SQL2", "replicas: [SQL2, SQL1")
	swap := strings.NewReplacer("SQL1", "SQL2", "SQL2", "SQL1")
	for _, s := range append(a.Singles(), a.Pairs()...) {
		var names []string
		for _, id := range ids(s) {
			names = append(names, swap.Replace(id))
		}
		if got, err := b.Fail(names...); err != nil || letters(got) != letters(s) {
			t.Errorf("%v is %s, with the replicas exchanged %v is %s (%v)", ids(s), letters(s), names, letters(got), err)
		}
	}
}

// dump writes everything of an analysis.
func dump(a *impact.Analysis) string {
	var b strings.Builder
	for _, s := range append(a.Singles(), a.Pairs()...) {
		fmt.Fprintln(&b, ids(s))
		for _, p := range s.Failed {
			fmt.Fprintln(&b, p.Title)
		}
		for _, e := range s.Effects {
			fmt.Fprintf(&b, "%s %s %s|%s|%s|%v %s\n", e.Service, e.State, e.Notice, e.Why, e.DataAtRisk, e.Sources, e.Grade)
			for _, act := range e.Actions {
				fmt.Fprintf(&b, "%s: %s %+v\n", act.Actor, act.Text, act.Drill)
			}
			fmt.Fprintf(&b, "%+v\n", e.Rehearsal)
		}
	}
	return b.String()
}

// Renaming a server puts the new name where the old one stood and changes nothing else.
func TestRename(t *testing.T) {
	for _, name := range exampleNames(t) {
		data, err := fs.ReadFile(examples.FS, name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		_, f := load(t, name)
		var pairs []string
		for i, h := range f.Hosts {
			now := fmt.Sprintf("ZQ%dX", 90-i)
			pairs = append(pairs, h.Name, now, strings.ToLower(h.Name), strings.ToLower(now))
		}
		// The longer names first, as one can begin with another.
		order := make([]int, len(pairs)/2)
		for i := range order {
			order[i] = 2 * i
		}
		slices.SortStableFunc(order, func(a, b int) int { return len(pairs[b]) - len(pairs[a]) })
		var sorted []string
		for _, i := range order {
			sorted = append(sorted, pairs[i], pairs[i+1])
		}
		rename := strings.NewReplacer(sorted...)
		l, found := topology.Load(name, []byte(rename.Replace(string(data))))
		if found.Errors() > 0 {
			t.Fatal(found)
		}
		renamed, found := farm.New(name, l.File, l.Origins)
		if renamed == nil {
			t.Fatal(found)
		}
		if got, want := dump(impact.Analyze(renamed)), rename.Replace(dump(impact.Analyze(f))); got != want {
			g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
			for i := range g {
				if i >= len(w) || g[i] != w[i] {
					t.Errorf("%s, line %d:\n got %s\nwant %s", name, i+1, g[i], w[min(i, len(w)-1)])
					break
				}
			}
		}
	}
}

func TestSameTwice(t *testing.T) {
	everyFarm(t, func(name string, edits []string) {
		one, two := dump(analyze(t, name, edits...)), dump(analyze(t, name, edits...))
		if one != two {
			t.Errorf("%s %v: two runs differ", name, edits)
		}
	})
}

// Every file that an effect names is in the plan, every source in docs/sources.yaml, every Up is silent, and everything else tells what
// is noticed, why, and where that stands.
func TestEffectsAreWhole(t *testing.T) {
	c, _, err := compile.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	everyFarm(t, func(name string, edits []string) {
		_, f := load(t, name, edits...)
		p, err := c.Plan(f)
		if err != nil {
			t.Fatal(err)
		}
		planned := map[impact.Drill]bool{}
		for _, it := range p.Items {
			planned[impact.Drill{Step: it.Step.ID, Server: it.Server()}] = true
		}
		a := impact.Analyze(f)
		for _, s := range append(a.Singles(), a.Pairs()...) {
			for _, e := range s.Effects {
				drills := []*impact.Drill{e.Rehearsal}
				for _, act := range e.Actions {
					drills = append(drills, act.Drill)
					if act.Actor == "" || !strings.HasSuffix(act.Text, ".") {
						t.Errorf("%s %v %s: %+v", name, ids(s), e.Service, act)
					}
				}
				for _, d := range drills {
					if d != nil && !planned[*d] {
						t.Errorf("%s %v: %s: the plan has no %+v", name, ids(s), e.Service, *d)
					}
				}
				for _, key := range e.Sources {
					if _, ok := c.Catalog.Sources[key]; !ok {
						t.Errorf("%s: no source %s", name, key)
					}
				}
				if e.State == impact.Up && (e.Notice != "" || len(e.Actions) > 0 || e.DataAtRisk != "") {
					t.Errorf("%s %v %s: up, but %+v", name, ids(s), e.Service, e)
				}
				if e.State > impact.Up && (e.Notice == "" || e.Why == "" || len(e.Sources) == 0) {
					t.Errorf("%s %v %s: %s without words: %+v", name, ids(s), e.Service, e.State, e)
				}
				if e.State == impact.Manual && len(e.Actions) == 0 {
					t.Errorf("%s %v %s: manual, and nothing to do", name, ids(s), e.Service)
				}
			}
		}
	})
}

func TestMatrix(t *testing.T) {
	a := analyze(t, "contoso-alwayson")
	m := a.Matrix()
	if !reflect.DeepEqual(m.Parts, a.Parts()) || len(m.Single) != len(m.Parts) || len(m.Pair) != len(m.Parts) {
		t.Fatal("the matrix has other parts than the analysis")
	}
	index := func(id string) int {
		return slices.IndexFunc(m.Parts, func(p impact.Part) bool { return p.ID == id })
	}
	sql1, sql2, web1, web2 := index("SQL1"), index("SQL2"), index("WEB1"), index("WEB2")
	for _, tt := range []struct {
		a, b int
		want impact.State
	}{
		{sql1, sql1, impact.Automatic},
		{sql1, sql2, impact.Manual},
		{web1, web2, impact.Down},
		{sql2, sql2, impact.Up},
		{web1, sql2, impact.Automatic},
	} {
		if got := m.Pair[tt.a][tt.b]; got != tt.want || m.Pair[tt.b][tt.a] != tt.want {
			t.Errorf("%s and %s: %s, want %s", m.Parts[tt.a].ID, m.Parts[tt.b].ID, got, tt.want)
		}
	}
	only := a.Matrix(impact.Reports)
	if got := only.Pair[web1][web2]; got != impact.Degraded || len(only.Single[web1]) != 1 {
		t.Errorf("reports alone: %s, %v", got, only.Single[web1])
	}
}

func TestFailNames(t *testing.T) {
	a := analyze(t, "contoso-alwayson")
	for _, tt := range []struct{ names, want string }{
		{"sql1", ""},
		{"SITE:hq", ""},
		{"HQ", ""},
		{"SQL1,SQL1", ""},
		{"witness,DNS", ""},
		{"account", `"account" may be account:pool or account:reports`},
		{"SQL4", `no part is called "SQL4"; did you mean "SQL1"?`},
		{"mbam.contoso.com", `"mbam.contoso.com" may be name:mbam.contoso.com or certificate:web or machineKey:web`},
		{"SQL1,SQL2,SQL3,RPT1,WEB1,WEB2,site:HQ,site:DR,directory,dns,witness", "11 parts at once are too many, at most 10"},
	} {
		_, err := a.Fail(strings.Split(tt.names, ",")...)
		if got := fmt.Sprint(err); tt.want == "" && err != nil || tt.want != "" && got != tt.want {
			t.Errorf("%s: %s, want %s", tt.names, got, tt.want)
		}
	}
}

// large is a farm of 32 servers: 8 replicas would be more than MBAM knows, so 5, and 26 web nodes.
func large(t testing.TB) *farm.Farm {
	var hosts, nodes strings.Builder
	for i := 3; i <= 26; i++ {
		fmt.Fprintf(&hosts, "  WEB%d: {site: HQ, address: 10.1.0.%d/24}\n", i, 100+i)
		fmt.Fprintf(&nodes, ", WEB%d", i)
	}
	for i := 4; i <= 5; i++ {
		fmt.Fprintf(&hosts, "  SQL%d: {site: HQ, address: 10.1.0.%d/24}\n", i, 20+i)
	}
	_, f := load(t, "contoso-alwayson", "  WEB2: {site", hosts.String()+"  WEB2: {site", "nodes: [WEB1, WEB2", "nodes: [WEB1, WEB2"+nodes.String(),
		"  SQL3:\n", "  SQL3:\n  SQL4:\n  SQL5:\n", "replicas: [SQL1, SQL2,", "replicas: [SQL1, SQL2, SQL4, SQL5,")
	return f
}

func BenchmarkPairs(b *testing.B) {
	f := large(b)
	if len(f.Hosts) != 32 {
		b.Fatal(len(f.Hosts))
	}
	for b.Loop() {
		impact.Analyze(f).Pairs()
	}
}

// Words that a person reads in the night.
func TestWords(t *testing.T) {
	slow := analyze(t, "contoso-alwayson", "SQL2: {site: HQ, address: 10.1.0.12/24}", "SQL2: {site: HQ, address: 10.2.0.12/24}", "listener: {name: MBAM-SQL,", "listener: {name: MBAM-SQL, registerAllProvidersIP: false, hostRecordTTL: 300,")
	if s, err := slow.Fail("SQL1"); err != nil || !strings.HasSuffix(s.Effects[0].Why, "clients may keep the old one for 300 seconds (hostRecordTTL). The cluster SQLCLU1 goes on; with one node less it may stop.") {
		t.Error(s.Effects[0].Why, err)
	}
	for _, tt := range []struct{ example, fail, want string }{
		{"contoso-alwayson", "witness", "The cluster SQLCLU1 goes on; with one node less it may stop."},
		{"contoso-alwayson", "SQL2", "SQL1 goes on, and nothing takes over for it without loss until another synchronous copy is back."},
		{"contoso-alwayson", "SQL1,witness", "(1 of 3 votes are left) and stops on every node; it might have gone on, had they failed one after the other"},
		{"contoso-alwayson", "SQL1,SQL2", "(1 of 3 votes are left) and stops on every node."},
		{"adatum-mirroring", "SQL2", "SQL1 goes on without a mirror."},
		{"adatum-mirroring", "WIT1", "without the witness WIT1 the mirror does not take over by itself"},
		{"multi-subnet-named-instances", "witness", ""}, // three nodes can lose one
		{"split-portals", "AGENT1", "the balancer's probes fail and it is taken out, and AGENT2 serves mbam-agent.litware.com."},
		{"standalone-two-servers", "KEYS1", "KEYS1 is down, and nothing takes over for KEYS1."},
	} {
		s, err := analyze(t, tt.example).Fail(strings.Split(tt.fail, ",")...)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Effect(impact.Escrow).Why; !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s, %s: %q, want …%s…", tt.example, tt.fail, got, tt.want)
		}
	}
}
