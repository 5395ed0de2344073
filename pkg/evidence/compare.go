package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/artifact"
)

// The codes of findings about nodes side by side. They are stable.
const (
	Drift        = "drift"         // a fact that has to be the same differs
	Roles        = "roles"         // not exactly one node leads
	Missing      = "missing"       // a node has no record of the check
	Stale        = "stale"         // the node was changed after its check
	ChecksFailed = "checks-failed" // the node's own check did not pass
	NotCompared  = "not-compared"  // no node shows the fact, or one says that it did not look
)

// The classes of a fact.
const (
	Same  = "same"   // on every node
	One   = "leader" // 1 on exactly one node
	Apart = "own"    // each node's own; shown and not judged
)

// Comparison is the nodes of a farm side by side (docs/compare.schema.json).
type Comparison struct {
	Schema   int           `json:"schema"`
	Plan     About         `json:"plan"`
	Until    string        `json:"until"` // time of the last record, "" without any
	Drift    int           `json:"drift"` // findings
	Groups   []Group       `json:"groups"`
	Findings []NodeFinding `json:"findings"`
	Input    Input         `json:"input"`
}

// Group is a web farm, the instances of a placement, or the report servers.
type Group struct {
	Kind  string      `json:"kind"` // "web farm", "databases" or "reports"
	Name  string      `json:"name"` // of the farm or placement; "" where the topology names none
	Nodes []Node      `json:"nodes"`
	Facts []FactTable `json:"facts"`
}

// Node is one server or instance of a group.
type Node struct {
	Server  string   `json:"server"`
	Records []Origin `json:"records"`
}

// Origin is the record that a node's facts are from.
type Origin struct {
	Step     string `json:"step"`
	Host     string `json:"host"` // "" when there is none
	Started  string `json:"started"`
	Outcome  string `json:"outcome"`
	ExitCode int    `json:"exitCode"`
	Source   string `json:"source"`
}

// FactTable is one fact on every node of a group.
type FactTable struct {
	Step   string  `json:"step"`
	Name   string  `json:"name"`
	Class  string  `json:"class"`
	Values []Value `json:"values"` // in the order of the nodes
	Differ bool    `json:"differ"` // against its class
	// Majority is the value of most nodes, "" when no value has more than half of them.
	Majority string `json:"majority"`
}

// Value is a fact on one node.
type Value struct {
	Server string `json:"server"`
	Shown  bool   `json:"shown"`
	Value  string `json:"value"`
	Odd    bool   `json:"odd"` // not the majority's, where one has to be
}

// NodeFinding is one thing that keeps the nodes from being alike.
type NodeFinding struct {
	Code    string `json:"code"`
	Group   string `json:"group"` // as "web farm portals"
	Server  string `json:"server,omitempty"`
	Step    string `json:"step"`
	Fact    string `json:"fact,omitempty"`
	Message string `json:"message"`
}

// AsOne reports whether nothing sets the nodes apart.
func (c *Comparison) AsOne() bool { return c.Drift == 0 }

// A lookup is a check whose facts are put side by side.
type lookup struct {
	step, kind string
	group      string // kind of group
	checks     bool   // what the checks found counts as facts too, where they have a class
	classes    []class
	otherwise  string   // class of every other fact
	wanted     []string // facts that some node has to show
	unread     string   // value that says that nobody looked
}

// class is that of the facts whose name holds a part.
type class struct{ part, class string }

// lookups agree with templates/web/farm-compare, which does the same on a machine: there everything is the same on every node
// but what begins with "Here".
var lookups = []lookup{
	{
		step: "web/node-check", kind: "verify", group: "web farm", classes: []class{{"Here ", Apart}}, otherwise: Same, unread: "not compared",
		wanted: []string{"Software version", "ComplianceDBConnectionString", "RecoveryDBConnectionString", "Applications", "Bindings", "Machine key"},
	},
	{
		step: "database/mbam-logins", kind: "verify", group: "databases", checks: true, otherwise: Apart, wanted: []string{"build of the instance"},
		classes: []class{{"login of ", Same}, {"CONNECT SQL denied to ", Same}, {"build of ", Same}, {"collation of ", Same}},
	},
	{
		step: "database/failover-settings", kind: "verify", group: "databases", otherwise: Apart, wanted: []string{"role in the group (1 primary, 2 secondary)"},
		classes: []class{{"role in the group", One}, {", health (2 healthy)", Same}, {"compatibility level of ", Same}, {"ownership chaining and broker of ", Same}},
	},
	{
		step: "database/mirroring-settings", kind: "verify", group: "databases", otherwise: Apart,
		classes: []class{{", role (1 principal, 2 mirror)", One}, {", state (4 synchronized)", Same}, {"ownership chaining and broker of ", Same}},
	},
	{
		step: "reports/enable-reports", kind: "verify", group: "reports", otherwise: Apart, wanted: []string{"Version of the report server"},
		classes: []class{{"Version of the report server", Same}},
	},
}

func (l *lookup) class(fact string) string {
	for _, c := range l.classes {
		if strings.Contains(fact, c.part) {
			return c.class
		}
	}
	return l.otherwise
}

// Compare puts the nodes of each web farm, placement and set of report servers side by side, where it has more than one.
func Compare(m *artifact.Manifest, c *Collection) *Comparison {
	// Runs find their places in the plan as for a report; what else a report says is not asked for.
	j := &judge{plan: m, c: c, names: map[string][]*unit{}, hosts: map[string]string{}, out: &Report{}}
	j.arrange()
	j.assign()
	j.close()
	out := &Comparison{
		Schema: 1, Plan: About{Name: m.Topology.Name, SHA256: m.Topology.SHA256, Tool: m.Tool, Redacted: m.Redacted, Unsupported: m.Unsupported},
		Until: j.out.Until, Groups: []Group{}, Findings: []NodeFinding{}, Input: j.out.Input,
	}
	out.Input.Unreadable = len(c.Bad)
	type key struct{ kind, name string }
	var keys []key
	jobs := map[key][]*job{}
	for _, job := range j.jobs {
		if i := slices.IndexFunc(lookups, func(l lookup) bool { return l.step == job.Step }); i >= 0 {
			k := key{lookups[i].group, job.Group}
			if jobs[k] == nil {
				keys = append(keys, k)
			}
			jobs[k] = append(jobs[k], job)
		}
	}
	for _, k := range keys {
		s := side{j: j, out: out, group: Group{Kind: k.kind, Name: k.name, Facts: []FactTable{}}}
		s.compare(jobs[k])
	}
	out.Drift = len(out.Findings)
	return out
}

// side works on one group.
type side struct {
	j     *judge
	out   *Comparison
	group Group
}

func (s *side) find(code, server, step, fact, format string, args ...any) {
	s.out.Findings = append(s.out.Findings, NodeFinding{
		Code: code, Group: strings.TrimSpace(s.group.Kind + " " + s.group.Name), Server: server, Step: step, Fact: fact, Message: fmt.Sprintf(format, args...),
	})
}

func (s *side) compare(jobs []*job) {
	for _, job := range jobs {
		if !slices.ContainsFunc(s.group.Nodes, func(n Node) bool { return n.Server == job.Server }) {
			s.group.Nodes = append(s.group.Nodes, Node{Server: job.Server, Records: []Origin{}})
		}
	}
	if len(s.group.Nodes) < 2 {
		return
	}
	for i := range lookups {
		l := &lookups[i]
		if l.group == s.group.Kind && slices.ContainsFunc(jobs, func(job *job) bool { return job.Step == l.step }) {
			s.step(l, jobs)
		}
	}
	s.out.Groups = append(s.out.Groups, s.group)
}

// step compares what one check found on the nodes.
func (s *side) step(l *lookup, jobs []*job) {
	shown := make([]map[string]string, len(s.group.Nodes)) // by node; nil without a record
	names := map[string]bool{}
	for i := range s.group.Nodes {
		node := &s.group.Nodes[i]
		at := slices.IndexFunc(jobs, func(job *job) bool { return job.Step == l.step && job.Server == node.Server })
		if at < 0 {
			continue
		}
		r := newest(jobs[at], l.kind)
		if r == nil {
			node.Records = append(node.Records, Origin{Step: l.step})
			s.find(Missing, node.Server, l.step, "", "no record of %03d %s", jobs[at].Number, l.step)
			continue
		}
		node.Records = append(node.Records, Origin{Step: l.step, Host: r.Host, Started: stamp(r.Started), Outcome: r.Outcome, ExitCode: r.ExitCode, Source: r.Source})
		if !r.OK() {
			s.find(ChecksFailed, node.Server, l.step, "", "%s", ending(r))
		}
		if later := s.j.changedSince(jobs[at], r); later != nil {
			s.find(Stale, node.Server, l.step, "", "the check is of %s, and %s changed something at %s: run %03d again", stamp(r.Started), later.Name, stamp(later.seen()), jobs[at].Number)
		}
		shown[i] = map[string]string{}
		for _, f := range r.Facts {
			shown[i][f.Name] = f.Value
		}
		for _, c := range r.Checks {
			if l.checks && l.class(c.Name) != Apart {
				shown[i][c.Name] = c.Actual
			}
		}
		if len(shown[i]) == 0 {
			shown[i] = nil // it stopped before it looked
		}
		for name := range shown[i] {
			names[name] = true
		}
	}
	if !slices.ContainsFunc(shown, func(m map[string]string) bool { return m != nil }) {
		return
	}
	for _, name := range l.wanted {
		if !names[name] {
			s.find(NotCompared, "", l.step, name, "shown by no node")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s.fact(l, name, shown)
	}
}

// fact compares one fact.
func (s *side) fact(l *lookup, name string, shown []map[string]string) {
	t := FactTable{Step: l.step, Name: name, Class: l.class(name), Values: []Value{}}
	number, judged := map[string]int{}, 0 // nodes by folded value
	leaders := []string{}
	unread := []string{}
	for i, n := range s.group.Nodes {
		v := Value{Server: n.Server}
		v.Value, v.Shown = shown[i][name]
		t.Values = append(t.Values, v)
		if shown[i] == nil {
			continue
		}
		judged++
		number[fold(v)]++
		if v.Value == "1" {
			leaders = append(leaders, n.Server)
		}
		if l.unread != "" && v.Value == l.unread {
			unread = append(unread, n.Server)
		}
	}
	most := 0
	for _, v := range t.Values {
		if n := number[fold(v)]; v.Shown && n > most && 2*n > judged {
			most, t.Majority = n, v.Value
		}
	}
	switch {
	case t.Class == One && len(leaders) != 1:
		t.Differ = true
		s.find(Roles, "", l.step, name, "one node has 1; found %s", s.told(t, shown))
	case t.Class == Same && len(unread) > 0:
		t.Differ = true
		s.find(NotCompared, "", l.step, name, "%s did not look: the check needs the compare key beside it", strings.Join(unread, ", "))
	case t.Class == Same && len(number) > 1:
		t.Differ = true
		odd := 0
		for i := range t.Values {
			t.Values[i].Odd = shown[i] != nil && fold(t.Values[i]) != fold(Value{Shown: most > 0, Value: t.Majority})
			if t.Values[i].Odd {
				odd++
			}
		}
		if most == 0 {
			s.find(Drift, "", l.step, name, "no value has a majority: %s", s.told(t, shown))
			break
		}
		for _, v := range t.Values {
			if v.Odd {
				s.find(Drift, v.Server, l.step, name, "%s; %d of %d nodes have %s", say(v), judged-odd, judged, t.Majority)
			}
		}
	}
	s.group.Facts = append(s.group.Facts, t)
}

// fold is what values are compared by: as Windows PowerShell compares texts, without regard to case.
func fold(v Value) string {
	if !v.Shown {
		return "\x00"
	}
	return strings.ToLower(strings.ToUpper(v.Value))
}

func say(v Value) string {
	switch {
	case !v.Shown:
		return "(not shown)"
	case v.Value == "":
		return "(empty)"
	}
	return v.Value
}

// told lists the values of the nodes that have a record.
func (s *side) told(t FactTable, shown []map[string]string) string {
	var out []string
	for i, v := range t.Values {
		if shown[i] != nil {
			out = append(out, v.Server+": "+say(v))
		}
	}
	return strings.Join(out, "; ")
}

// newest is the last run of a kind that ended.
func newest(job *job, kind string) *Run {
	var last *Run
	for _, u := range job.of(kind) {
		for _, r := range u.runs {
			if r.Ended() && (last == nil || r.Started.After(last.Started)) {
				last = r
			}
		}
	}
	return last
}

// changedSince finds the last run on the same machine that changed something which a check rests on, after the check: an
// install of what its step needs, or any rollback or maintenance. What the plan does later is no reason to check again.
func (j *judge) changedSince(of *job, check *Run) *Run {
	needed := map[int]bool{}
	var add func(order int)
	add = func(order int) {
		if !needed[order] {
			needed[order] = true
			for _, before := range j.jobs[order-1].After {
				add(before)
			}
		}
	}
	add(of.Order)
	var last *Run
	for _, job := range j.jobs {
		for _, u := range job.units {
			if kind := u.file.Kind; !(kind == "install" && needed[job.Order] || kind == "rollback" || kind == "maintenance") {
				continue
			}
			for _, r := range u.runs {
				if strings.EqualFold(r.Host, check.Host) && r.touched() && r.seen().After(check.Started) && (last == nil || r.seen().After(last.seen())) {
					last = r
				}
			}
		}
	}
	return last
}
