package contract

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// ends are the codes that Stop-Step ends a script with: a wrong place or a missing prerequisite, a refusal, a failed check. 0 and 3010 are
// no stops, and 1 is what nobody expected.
var ends = []string{"2", "3", "4"}

// ownCalls checks the calls of the script's own functions: Stop-Step ends with a code of ours, and every parameter that has no default and
// is no switch gets a value. PowerShell would take an empty one and go on.
func (c *checker) ownCalls() {
	for _, call := range c.file.Commands {
		fn := c.function(call)
		if fn == nil || fn.Param == nil {
			continue
		}
		if is(call.Name, stopHelper) && len(call.Elements) > 0 {
			if v := call.Elements[0].Value; v.Kind == psverify.Literal && !slices.Contains(ends, v.Literal) {
				c.report(call.Node, "PSC033", "Stop-Step ends with 2, 3 or 4, not with %s", v.Literal)
			}
		}
		if missing := c.notGiven(call, fn); len(missing) > 0 {
			c.report(call.Node, "PSC034", "%s gets no %s", call.Name, strings.Join(missing, ", "))
		}
	}
}

// notGiven are the parameters without a default and without a value in a call; none when a table is splatted.
func (c *checker) notGiven(call *psverify.Command, fn *psverify.Function) []string {
	switches := map[string]bool{}
	for _, p := range fn.Param.Parameters {
		switches[strings.ToLower(p.Name)] = p.Switch
	}
	named, positional := call.Bind(func(name string) bool { return switches[strings.ToLower(name)] })
	var open []string
	for _, p := range fn.Param.Parameters {
		if p.Switch || slices.ContainsFunc(named, func(a psverify.NamedArgument) bool { return strings.EqualFold(a.Name, p.Name) }) {
			continue
		}
		if len(positional) > 0 {
			positional = positional[1:]
			continue
		}
		if p.Default == nil {
			open = append(open, "-"+p.Name)
		}
	}
	for _, e := range call.Elements {
		if e.Kind == psverify.Splat {
			return nil
		}
	}
	return open
}
