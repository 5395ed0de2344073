package contract

import (
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// nativeHelper is the function of the frame that starts programs and returns ExitCode and Text.
const nativeHelper = "Invoke-Native"

// programs checks that the exit code of every program is read: as (Invoke-Native ...).ExitCode, as $run.ExitCode behind
// $run = Invoke-Native ..., or by a function that reads .ExitCode of its parameter. A function that returns the result
// passes the duty on to its callers.
func (c *checker) programs() {
	starts := map[string]bool{strings.ToLower(nativeHelper): true}
	for again := true; again; {
		again = false
		for _, call := range c.file.Commands {
			name := strings.ToLower(call.Name)
			if !starts[name] || call.Function == nil {
				continue
			}
			outer := strings.ToLower(call.Function.Name)
			if !starts[outer] && c.use(call) == passed {
				starts[outer] = true
				again = true
			}
		}
	}
	for _, call := range c.file.Commands {
		if starts[strings.ToLower(call.Name)] && call.Operator == "" && c.use(call) == lost {
			c.report(call.Node, "PSC012", "the exit code of %s is not read", call.Name)
		}
	}
}

type use int

const (
	lost   use = iota // the exit code is dropped
	read              // it is looked at
	passed            // the enclosing function returns it
)

// use finds out what becomes of the result of a call.
func (c *checker) use(call *psverify.Command) use {
	for n := call.Node; n.Parent != nil; n = n.Parent {
		up := n.Parent
		switch up.Kind {
		case "pipeline_chain":
			if len(up.Children) > 1 {
				return lost
			}
		case "pipeline", "unary_expression", "parenthesized_expression", "assignment_value",
			"statement_block", "if_statement", "else_clause", "elseif_clause", "elseif_clauses":
		case "member_access":
			if n == up.Children[0] && is(strings.TrimSpace(up.Children[2].Text()), "ExitCode") {
				return read
			}
			return lost
		case "assignment_expression":
			for _, a := range c.file.Assignments {
				if a.Node == up && a.Whole && a.Variable != "" && c.looked(a) {
					return read
				}
			}
			return lost
		case "command_elements":
			if reader := c.calls[up.Parent]; reader != nil && c.reads(c.function(reader)) {
				return read
			}
			return lost
		case "statement_list":
			// A block that is the value of an if on the right of an assignment hands its output there.
			block := up.Parent
			if block.Kind == "statement_block" {
				if outer := block.Ancestor("assignment_expression", "statement_list"); outer != nil && outer.Kind == "assignment_expression" {
					n = up
					continue
				}
			}
			if call.Function != nil {
				return passed
			}
			return lost
		case "flow_control_statement":
			if call.Function != nil && strings.EqualFold(up.Children[0].Text(), "return") {
				return passed
			}
			return lost
		default:
			return lost
		}
	}
	return lost
}

// reads tells whether a function looks at .ExitCode of one of its parameters.
func (c *checker) reads(fn *psverify.Function) bool {
	if fn == nil || fn.Param == nil {
		return false
	}
	for n := range fn.Node.All() {
		for _, p := range fn.Param.Parameters {
			if exitCodeOf(n, strings.ToLower(p.Name)) {
				return true
			}
		}
	}
	return false
}

func exitCodeOf(n *psverify.Node, variable string) bool {
	if n.Kind != "member_access" || len(n.Children) < 3 || !is(strings.TrimSpace(n.Children[2].Text()), "ExitCode") {
		return false
	}
	v := psverify.ValueOf(n.Children[0])
	return v.Kind == psverify.Variable && v.Literal == variable
}

// looked tells whether $variable.ExitCode is read behind the assignment and ahead of the next one that replaces it.
func (c *checker) looked(a *psverify.Assignment) bool {
	end := len(c.file.Source)
	for _, next := range c.file.Assignments {
		if next.Variable == a.Variable && next.Whole && next.Function == a.Function && next.Node.Start > a.Node.Start && !apart(a.Node, next.Node) {
			end = min(end, next.Node.Start)
		}
	}
	for n := range c.file.Root.All() {
		if n.Start < a.Node.End || n.Start >= end {
			continue
		}
		if exitCodeOf(n, a.Variable) && c.enclosing(n) == a.Function {
			return true
		}
		if call := c.calls[n]; n.Kind == "command" && call.Function == a.Function && c.reads(c.function(call)) {
			for _, e := range call.Elements {
				if e.Value.Kind == psverify.Variable && e.Value.Literal == a.Variable {
					return true
				}
			}
		}
	}
	return false
}

// apart tells whether two nodes stand in different branches, so that only one of them runs.
func apart(a, b *psverify.Node) bool {
	for p := a.Parent; p != nil; p = p.Parent {
		if b.Within(p) {
			return p.Kind == "if_statement" || p.Kind == "elseif_clauses" || p.Kind == "switch_clauses"
		}
	}
	return false
}
