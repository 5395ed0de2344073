// Package check holds the rules that a planned farm must meet before anything is rendered, one file a family.
//
// A rule sees the resolved farm and the places of its values. It reports; it changes nothing. How findings are printed is
// the business of package diag.
package check

import (
	"fmt"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// Rule is one thing that must hold.
type Rule struct {
	Code     string
	Title    string // what must hold, in one line
	Severity diag.Severity
	Sources  []string // keys of docs/sources.yaml
	// Covers are rows of docs/coverage that the rule catches.
	Covers []string
	// Why says in a few sentences what is wrong with a topology that breaks the rule, and what comes of it.
	Why string
	// Fix says in one sentence how it is mended.
	Fix string
	// Firm says that no waiver accepts a finding of the rule: what it refuses cannot be rendered whole.
	Firm bool
	// Example breaks the rule; `mbamplan explain` and docs/rules.md show it, and a test runs it.
	Example Example
	// Only25 marks a rule about what MBAM 2.0 does not have; it is not asked of a 2.0 farm.
	Only25 bool
	Find   func(*Context)
}

// Example is a small change that makes a clean topology break a rule.
type Example struct {
	// Base is the file in folder examples; "" is the default one.
	Base string
	// Edits are pairs of a text and what stands in its place in the wrong topology; the first occurrence is replaced.
	Edits []string
}

// maxFindings is how many findings of a topology are kept; the first error is kept whatever comes before it.
const maxFindings = 1000

// Context is what a rule sees and reports to.
type Context struct {
	*farm.Farm
	File *topology.File

	loaded *topology.Loaded
	rule   *Rule
	found  diag.List
	// failed says that there is an error among the findings.
	failed bool
	steps  []string
}

// Report adds a finding at a path of the topology (package decode describes paths).
func (c *Context) Report(path, fix, format string, args ...any) {
	c.add(c.rule.Severity, path, fix, nil, format, args...)
}

// Warn adds a finding of lower severity than the rule's own.
func (c *Context) Warn(path, fix, format string, args ...any) {
	c.add(diag.Warning, path, fix, nil, format, args...)
}

// ReportAt adds a finding with a second place that explains it.
func (c *Context) ReportAt(path, fix, other, note, format string, args ...any) {
	c.add(c.rule.Severity, path, fix, []diag.Related{{Pos: c.loaded.Origins.At(other), Message: note}}, format, args...)
}

func (c *Context) add(s diag.Severity, path, fix string, related []diag.Related, format string, args ...any) {
	if len(c.found) >= maxFindings && (s != diag.Error || c.failed) {
		return
	}
	c.failed = c.failed || s == diag.Error
	c.found = append(c.found, diag.Diagnostic{
		Code: c.rule.Code, Severity: s, File: c.loaded.Name, Pos: c.loaded.Origins.At(path),
		Message: fmt.Sprintf(format, args...), Fix: fix, Related: related,
	})
}

// Rules lists every rule in the order of its code. The list is shared: it is not to be changed.
func Rules() []Rule { return rules() }

// rules joins the families once; a thousand topologies are checked with one list.
var rules = sync.OnceValue(func() []Rule {
	var all []Rule
	for _, family := range [][]Rule{scopeRules, nameRules, accountRules, databaseRules, mirroringRules, groupRules, clusterRules, webRules, reportRules, balancerRules, clientRules, shapeRules, textRules, mbam20Rules, existingRules, lifecycleRules, supportRules, servicingRules, availabilityRules, durationRules, backupRules} {
		all = append(all, family...)
	}
	return all
})

// Run applies every rule to a resolved farm. Only the first 1,000 findings are kept. Steps are the IDs of the catalogue's; without
// any nothing is held against them.
func Run(l *topology.Loaded, f *farm.Farm, steps ...string) diag.List {
	c := &Context{Farm: f, File: l.File, loaded: l, steps: steps}
	all := Rules()
	for i := range all {
		c.rule = &all[i]
		if c.rule.Only25 && f.MBAM.V2() {
			continue
		}
		all[i].Find(c)
	}
	c.found.Sort()
	return c.found
}

// placementPath is the path of a placement's value.
func placementPath(p *farm.Placement, key string) string {
	return decode.Child("placements", p.Name) + "." + key
}

func hostPath(h *farm.Host, key string) string { return decode.Child("hosts", h.Name) + "." + key }

func instancePath(i *farm.Instance, key string) string {
	return decode.Child("instances", i.Name) + "." + key
}
