// Package plan turns a farm and a catalogue into ordered items: which step runs on which server for which subject, after
// what. It knows scopes, conditions and order; it writes no text.
package plan

import (
	"container/heap"
	"fmt"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/weave"
)

// Item is one step for one server and subject. Templates see it as their dot; fields that the step's scope does not set
// are nil.
type Item struct {
	Farm *farm.Farm
	Step *catalog.Step

	Host      *farm.Host      // the server that runs it; nil for a step bound to no server
	Instance  *farm.Instance  // instance, replica, pair, database … scopes
	Peer      *farm.Instance  // pair: the other instance
	Placement *farm.Placement // every scope below a placement
	Replica   *farm.Replica
	Listener  *farm.Listener
	Database  *farm.Database
	Web       *farm.Web
	Node      *farm.Node

	Title    string // of the step, its expressions filled in
	Downtime string // likewise; "" when users notice nothing
	Restart  string // what it restarts: none, service, server

	VerifyOnly bool // the thing exists already and is only looked at

	Subject string // tells items of one step on one server apart; "" when there is one
	Folder  string // output folder: "directory", "database/SQL1", "web/WEB2"
	Order   int    // 1, 2, … in the plan
	After   []*Item
	rank    int
}

// Server is the name of the item's server or instance, "" for a step bound to none.
func (i *Item) Server() string {
	if _, name, ok := strings.Cut(i.Folder, "/"); ok {
		return name
	}
	return ""
}

// Bound reports whether the item belongs to a server.
func (i *Item) Bound() bool { return i.Host != nil }

// Machines lists the hosts that may run the item: the host, or every possible owner of a clustered instance.
func (i *Item) Machines() []*farm.Host {
	if i.Host == nil {
		return nil
	}
	if i.Instance != nil && i.Instance.Clustered() {
		return i.Instance.Nodes
	}
	return []*farm.Host{i.Host}
}

// HostNames lists the NetBIOS and DNS names of the item's machines.
func (i *Item) HostNames() []string {
	var out []string
	for _, h := range i.Machines() {
		out = append(out, h.Names()...)
	}
	return out
}

// Databases returns the databases that the item's instance holds a copy of, compliance first; in the scopes of a placement
// those of that placement only.
func (i *Item) Databases() []*farm.Database {
	var out []*farm.Database
	for _, d := range i.Farm.Databases() {
		if i.Placement != nil && i.Step.Scope != "instance" && d.Placement != i.Placement {
			continue
		}
		if i.Instance == nil {
			out = append(out, d)
			continue
		}
		for _, inst := range d.Placement.All() {
			if inst == i.Instance {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

// texts holds the parsed texts of the catalogue by name and text: they are the same for every item and every plan.
var texts sync.Map

type source struct{ name, text string }

// plain is the set without functions of its own that all texts lie on.
var plain = sync.OnceValue(func() *weave.Set { return weave.NewSet(nil) })

func compiled(name, text string) (*weave.Set, error) {
	if t, ok := texts.Load(source{name, text}); ok {
		return t.(*weave.Set), nil
	}
	t := plain().Over()
	err := t.Parse(name, text)
	if err == nil {
		texts.Store(source{name, text}, t)
	}
	return t, err
}

// Text fills in the expressions of a text of step.yaml. The result is plain text, to be quoted where it is printed. The run
// is one for this plan.
func (i *Item) Text(r *weave.Run, text string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	t, err := compiled("step.yaml", text)
	if err != nil {
		return "", err
	}
	return t.Text(r, "step.yaml", i)
}

// Plan is the ordered list of items.
type Plan struct {
	Farm  *farm.Farm
	Items []*Item
}

// New makes the plan. An error is a defect of the catalogue (a condition that does not evaluate), never of the topology.
func New(f *farm.Farm, c *catalog.Catalog) (*Plan, error) {
	p := &Plan{Farm: f}
	run := &weave.Run{}
	byStep := map[string][]*Item{}
	for _, s := range c.Steps {
		items, err := expand(run, f, s)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			if it.Title, err = it.Text(run, s.Title); err == nil {
				it.Downtime, err = it.Text(run, s.Downtime)
			}
			if err != nil {
				return nil, fmt.Errorf("step %s: %w", s.ID, err)
			}
			if it.Restart = s.Restart; it.VerifyOnly {
				it.Downtime, it.Restart = "", "none"
			}
		}
		byStep[s.ID] = items
		p.Items = append(p.Items, items...)
	}
	for _, it := range p.Items {
		if it.Step.Scope == setupScope {
			if before := byStep[it.Step.ID]; it.rank > 0 {
				it.After = append(it.After, before[it.rank-1]) // MBAM 2.0 is set up on one server after the other
			}
		}
		for _, n := range it.Step.Needs {
			for _, other := range byStep[n.Step] {
				if n.At == "all" || other.Host == it.Host && other.Host != nil {
					it.After = append(it.After, other)
				}
			}
		}
	}
	sorted, err := order(p.Items)
	if err != nil {
		return nil, err
	}
	p.Items = sorted
	for i, it := range p.Items {
		it.Order = i + 1
	}
	return p, nil
}

// Kinds lists the kinds of artifacts that occur, in the order of use.
func (p *Plan) Kinds() []string {
	var out []string
	seen := map[string]bool{}
	for _, it := range p.Items {
		for _, a := range it.Step.Artifacts {
			if !seen[a.Kind] {
				seen[a.Kind] = true
				out = append(out, a.Kind)
			}
		}
	}
	return out
}

func expand(r *weave.Run, f *farm.Farm, s *catalog.Step) ([]*Item, error) {
	make, ok := scopes[s.Scope]
	if !ok {
		return nil, fmt.Errorf("step %s: scope %q is not known", s.ID, s.Scope)
	}
	if !s.For(f.MBAM.Release) {
		return nil, nil
	}
	holds, err := condition(r, s.ID, "when", s.When, true)
	if err != nil {
		return nil, err
	}
	verifyOnly, err := condition(r, s.ID, "verifyOnly", s.VerifyOnly, false)
	if err != nil {
		return nil, err
	}
	var out []*Item
	for _, it := range make(f) {
		it.Farm, it.Step = f, s
		it.Folder = folder(it)
		ok, err := holds(it)
		if err != nil {
			return nil, err
		}
		if ok {
			if it.VerifyOnly, err = verifyOnly(it); err != nil {
				return nil, err
			}
			it.rank = len(out)
			out = append(out, it)
		}
	}
	return out, nil
}

// folder is where the item's files go. A server has one folder, under its primary role; an instance whose name is not a
// host's has a folder of its own (farm.Instance.Folder). Steps bound to no server share the folder of their role.
func folder(it *Item) string {
	switch {
	case it.Instance != nil && it.Instance.Folder() != it.Host.Name:
		return "database/" + it.Instance.Folder()
	case it.Host != nil:
		return it.Host.Role() + "/" + it.Host.Name
	default:
		return it.Step.Role()
	}
}

// condition compiles a template expression of step.yaml over the item; without one it is always as given.
func condition(r *weave.Run, step, key, expression string, empty bool) (func(*Item) (bool, error), error) {
	if expression == "" {
		return func(*Item) (bool, error) { return empty, nil }, nil
	}
	t, err := compiled(step, "{{if "+expression+"}}yes{{end}}")
	if err != nil {
		return nil, fmt.Errorf("step %s: %s %q: %w", step, key, expression, err)
	}
	return func(it *Item) (bool, error) {
		text, err := t.Text(r, step, it)
		if err != nil {
			return false, fmt.Errorf("step %s: %s %q: %w", step, key, expression, err)
		}
		return text == "yes", nil
	}, nil
}

// order sorts topologically; among items that are free to run it takes the lowest file number, then the order of the
// topology, so the result is stable and reads as the numbers do.
func order(items []*Item) ([]*Item, error) {
	waiting := map[*Item]int{}
	next := map[*Item][]*Item{}
	ready := &queue{}
	for _, it := range items {
		waiting[it] = len(it.After)
		for _, a := range it.After {
			next[a] = append(next[a], it)
		}
		if len(it.After) == 0 {
			heap.Push(ready, it)
		}
	}
	var out []*Item
	for ready.Len() > 0 {
		it := heap.Pop(ready).(*Item)
		out = append(out, it)
		for _, n := range next[it] {
			if waiting[n]--; waiting[n] == 0 {
				heap.Push(ready, n)
			}
		}
	}
	if len(out) < len(items) {
		return nil, fmt.Errorf("the steps' needs form a cycle: %d of %d steps can be ordered", len(out), len(items))
	}
	return out, nil
}

type queue []*Item

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].Step.Number != q[j].Step.Number {
		return q[i].Step.Number < q[j].Step.Number
	}
	return q[i].rank < q[j].rank
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*Item)) }
func (q *queue) Pop() any {
	old := *q
	it := old[len(old)-1]
	*q = old[:len(old)-1]
	return it
}
