package contract

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

const (
	stopHelper     = "Stop-Step"          // of the frame: ends the script with a code
	elevatedHelper = "Test-Elevated"      // of the frame
	preflightEnd   = "Complete-Preflight" // of the library: the table and the verdict of a preflight
)

// rights checks who may run the script. All kinds but preflights refuse to run without elevation. A preflight runs with
// the rights that its reader has: what it cannot read it reports and goes on, so that nothing stops it behind the frame
// but its own end.
func (c *checker) rights() {
	demanded := false
	for _, call := range c.file.Commands {
		if is(call.Name, stopHelper) && c.underElevation(call.Node) {
			demanded = true
			if c.kind == Preflight {
				c.report(call.Node, "PSC031", "a script of kind %s runs without elevation too: what it cannot read then is not checked", c.kind)
			}
		}
	}
	if c.kind != Preflight {
		if !demanded {
			c.at(0, "PSC031", "a script of kind %s stops unless %s", c.kind, elevatedHelper)
		}
		return
	}
	stops := c.stopping()
	ends := 0
	for _, call := range c.file.Commands {
		if call.Function != nil || c.inFrame(call.Node) {
			continue
		}
		switch name := strings.ToLower(call.Name); {
		case name == strings.ToLower(preflightEnd):
			ends++
		case stops[name] && !c.inTry(call.Node):
			c.report(call.Node, "PSC032", "%s may stop the preflight: put it in a try, and what it could not read under notChecked", call.Name)
		}
	}
	if ends != 1 {
		c.at(0, "PSC032", "a preflight ends in one call of %s", preflightEnd)
	}
}

// stopping are the names of Stop-Step and of the functions that call it outside a try, in lower case; the end of a
// preflight is none of them.
func (c *checker) stopping() map[string]bool {
	stops := map[string]bool{strings.ToLower(stopHelper): true}
	for again := true; again; {
		again = false
		for _, call := range c.file.Commands {
			if call.Function == nil || is(call.Function.Name, preflightEnd) || !stops[strings.ToLower(call.Name)] || c.inTry(call.Node) {
				continue
			}
			if name := strings.ToLower(call.Function.Name); !stops[name] {
				stops[name] = true
				again = true
			}
		}
	}
	return stops
}

// underElevation tells whether a node stands in the branch of an if that asks for elevation.
func (c *checker) underElevation(n *psverify.Node) bool {
	for p := n; p.Parent != nil; p = p.Parent {
		if p.Parent.Kind != "if_statement" || p.Kind != "statement_block" {
			continue
		}
		condition := p.Parent.Child("pipeline")
		if condition == nil {
			continue
		}
		for asked := range condition.All() {
			if call := c.calls[asked]; call != nil && is(call.Name, elevatedHelper) {
				return true
			}
		}
	}
	return false
}

// inTry tells whether a catch of the same function, or of the step, takes what a node throws. That of the frame ends the
// script.
func (c *checker) inTry(n *psverify.Node) bool {
	for p := n; p.Parent != nil; p = p.Parent {
		up := p.Parent
		if p.Kind == "statement_block" && up.Kind == "try_statement" && up.Child("catch_clauses") != nil {
			frame := up.Ancestor("function_statement") == nil && slices.ContainsFunc(c.frame, func(r [2]int) bool { return r[0] <= up.Start && up.Start < r[1] })
			return !frame
		}
		if up.Kind == "function_statement" {
			return false
		}
	}
	return false
}
