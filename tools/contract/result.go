package contract

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// resultKeys are the keys of the result file.
var resultKeys = []string{"schema", "step", "script", "host", "user", "started", "finished", "outcome", "exitCode", "message", "changed", "facts"}

// preflightKeys are those that the result of a preflight has besides.
var preflightKeys = []string{"notes", "notChecked"}

// result checks the use of $Result, which becomes the result file. Under strict mode a key that is not there throws.
func (c *checker) result() {
	var made *psverify.Assignment
	outcome := false
	for _, a := range c.file.Assignments {
		if a.Variable != "result" {
			continue
		}
		if a.Whole {
			if made != nil || a.Function != nil {
				c.report(a.Node, "PSC025", "$Result is made once, in the frame")
			} else {
				made = a
			}
			continue
		}
		key := member(a.Target.Node.Unwrap())
		if c.inFrame(a.Node) && (a.Function == nil || !c.fromStep(a.Function)) {
			continue
		}
		switch key {
		case "outcome":
			outcome = true
			if c.kind.ReadOnly() && is(a.Value.Literal, "changed", "partial") {
				c.report(a.Node, "PSC025", "a script of kind %s cannot have the outcome %s", c.kind, a.Value.Text())
			}
		case "changed":
			if c.kind.ReadOnly() {
				c.report(a.Node, "PSC025", "a script of kind %s changes nothing", c.kind)
			}
		}
	}
	if made == nil {
		c.at(0, "PSC025", "$Result is not made")
		return
	}
	if made.Value.Kind != psverify.Hash {
		c.report(made.Node, "PSC025", "$Result is a literal [ordered]@{ }")
		return
	}
	var have []string
	for _, e := range made.Value.Entries {
		have = append(have, e.Key)
	}
	want := resultKeys
	if c.kind == Preflight {
		want = slices.Concat(resultKeys, preflightKeys)
	}
	for _, key := range want {
		if !slices.Contains(have, key) {
			c.report(made.Node, "PSC025", "$Result has no key %s", key)
		}
	}
	if !outcome {
		c.report(made.Node, "PSC025", "the step never sets $Result.outcome")
	}
	for n := range c.file.Root.All() {
		if n.Kind != "member_access" || len(n.Children) < 3 {
			continue
		}
		if v := psverify.ValueOf(n.Children[0]); v.Kind != psverify.Variable || v.Literal != "result" {
			continue
		}
		if key := strings.TrimSpace(n.Children[2].Text()); !slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, key) }) {
			c.report(n, "PSC025", "$Result has no key %s: facts of the step go into $Result.facts", key)
		}
	}
}

// history checks that the frame keeps every run: the result file holds only the last one, and none of a run that was cut off.
func (c *checker) history() {
	begins, ends := false, false
	for _, call := range c.file.Commands {
		if !strings.EqualFold(call.Name, historyHelper) || !c.inFrame(call.Node) {
			continue
		}
		begins = begins || call.Function == nil
		ends = ends || call.Function != nil && strings.EqualFold(call.Function.Name, "Save-Result")
	}
	if !begins {
		c.at(0, "PSC029", "the frame calls no %s when the run begins", historyHelper)
	}
	if !ends {
		c.at(0, "PSC029", "Save-Result calls no %s", historyHelper)
	}
}

// historyHelper is the function of the frame that keeps a record of each run.
const historyHelper = "Add-History"

// fromStep tells whether a function is called outside the frame; helpers such as Write-Changed are defined in it.
func (c *checker) fromStep(fn *psverify.Function) bool {
	return slices.ContainsFunc(c.file.Commands, func(call *psverify.Command) bool {
		return c.function(call) == fn && !c.inFrame(call.Node)
	})
}

// member is the name right behind the variable in $x.name.more, or "".
func member(n *psverify.Node) string {
	for {
		if (n.Kind != "member_access" && n.Kind != "element_access") || len(n.Children) < 3 {
			return ""
		}
		below := n.Children[0].Unwrap()
		if below.Kind == "variable" {
			return strings.ToLower(strings.TrimSpace(n.Children[2].Text()))
		}
		n = below
	}
}
