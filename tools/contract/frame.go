package contract

import (
	"regexp"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

var (
	field    = regexp.MustCompile(`^(Step|Run on|Run by|Changes|Undo|Sources|Exit)(?:[ \t]+(\S.*))?$`)
	fields   = []string{"Step", "Run on", "Run by", "Changes", "Undo", "Sources", "Exit"}
	requires = regexp.MustCompile(`(?im)^[ \t]*#requires\b[^\r\n]*`)
)

// help checks the comment that the script starts with.
func (c *checker) help() {
	var first *psverify.Node
	for n := range c.file.Root.All() {
		if n.Kind == "comment" {
			first = n
			break
		}
	}
	if first == nil || first.Start != 0 || !strings.HasPrefix(first.Text(), "<#") {
		c.at(0, "PSC001", "the script starts with a help block <# ... #>")
		return
	}
	section := ""
	found := map[string]string{}
	filled := map[string]bool{}
	for _, line := range strings.Split(first.Text(), "\n") {
		line = strings.TrimRight(line, "\r \t")
		switch {
		case strings.HasPrefix(line, "."):
			section, _, _ = strings.Cut(line, " ")
		case strings.TrimSpace(line) != "":
			filled[section] = true
			if m := field.FindStringSubmatch(line); m != nil && section == ".DESCRIPTION" {
				found[m[1]] = m[2]
			}
		}
	}
	for _, section := range []string{".SYNOPSIS", ".DESCRIPTION"} {
		if !filled[section] {
			c.at(0, "PSC001", "the help block has no %s", section)
		}
	}
	for _, name := range fields {
		if found[name] == "" {
			c.at(0, "PSC002", "the help block does not fill the field %q", name)
		}
	}
	for _, name := range []string{"Changes", "Undo"} {
		if !c.kind.ReadOnly() && strings.EqualFold(strings.TrimRight(found[name], ". "), "nothing") {
			c.at(0, "PSC003", "%s of a script of kind %s is not \"nothing\"", name, c.kind)
		}
	}
	// The field starts with the step and the kind; more may follow behind a comma.
	parts := strings.Split(found["Step"], ", ")
	for _, a := range c.file.Assignments {
		if !a.Whole || a.Value.Kind != psverify.Literal || found["Step"] == "" {
			continue
		}
		switch {
		case a.Variable == "stepname" && parts[0] != a.Value.Literal,
			a.Variable == "stepname" && (len(parts) < 2 || parts[1] != string(c.kind)),
			a.Variable == "stepkind" && a.Value.Literal != string(c.kind):
			c.report(a.Node, "PSC002", "the help block says %q, the frame %s, and the kind is %s", found["Step"], a.Value.Text(), c.kind)
		}
	}
}

// frameRules checks what the frame of every script does.
func (c *checker) frameRules() {
	f := c.file
	all := requires.FindAllIndex(f.Source, -1)
	for i, at := range all {
		if text := strings.TrimRight(string(f.Source[at[0]:at[1]]), " \t"); text != "#Requires -Version 4.0" || i > 0 {
			c.at(at[0], "PSC004", "one line #Requires -Version 4.0 and no other: prerequisites are tested by code")
		}
	}
	if len(all) == 0 {
		c.at(0, "PSC004", "#Requires -Version 4.0 is missing")
	}
	switch {
	case f.Param == nil:
		c.at(0, "PSC005", "the script has no param block")
	case !f.Param.CmdletBinding:
		c.report(f.Param.Node, "PSC005", "the param block has no CmdletBinding")
	case f.Param.SupportsShouldProcess && c.kind.ReadOnly():
		c.report(f.Param.Node, "PSC005", "a script of kind %s changes nothing: [CmdletBinding()]", c.kind)
	case !f.Param.SupportsShouldProcess && !c.kind.ReadOnly():
		c.report(f.Param.Node, "PSC005", "a script of kind %s needs [CmdletBinding(SupportsShouldProcess = $true)]", c.kind)
	}
	c.strictness()
	c.exit()
	c.transcript()
}

func (c *checker) strictness() {
	first := true
	strict := false
	for _, call := range c.file.Commands {
		if call.Function != nil || call.Node.Ancestor("param_block") != nil {
			continue
		}
		if strings.EqualFold(call.Name, "Set-StrictMode") {
			e := call.Elements
			if len(e) != 2 || e[0].Kind != psverify.Named || !strings.EqualFold(e[0].Name, "Version") || e[1].Value.Text() != "3.0" {
				c.report(call.Node, "PSC006", "Set-StrictMode -Version 3.0: other versions find less, Latest moves with the engine")
			}
			if !first {
				c.report(call.Node, "PSC006", "Set-StrictMode stands ahead of every other command")
			}
			strict = true
		}
		first = false
	}
	if !strict {
		c.at(0, "PSC006", "Set-StrictMode -Version 3.0 is missing")
	}
	stop := false
	for _, a := range c.file.Assignments {
		if a.Variable != "erroractionpreference" {
			continue
		}
		switch {
		case a.Function != nil && strings.EqualFold(a.Function.Name, nativeHelper):
		case a.Value.Kind == psverify.Literal && a.Value.Literal == "Stop":
			stop = stop || a.Function == nil && a.Operator == "="
		default:
			c.report(a.Node, "PSC007", "$ErrorActionPreference stays 'Stop' outside %s", nativeHelper)
		}
	}
	if !stop {
		c.at(0, "PSC007", "$ErrorActionPreference = 'Stop' is missing")
	}
}

func (c *checker) exit() {
	var exits []*psverify.Node
	for n := range c.file.Root.All() {
		switch n.Kind {
		case "flow_control_statement":
			if len(n.Children) > 0 && strings.EqualFold(n.Children[0].Text(), "exit") {
				exits = append(exits, n)
			}
		case "invocation_expression":
			if static, member := target(n); static == "environment" && is(member, "Exit", "FailFast") {
				c.report(n, "PSC008", "exit stands once, as the last statement")
			}
		}
	}
	list := c.file.Root.Child("statement_list")
	for _, n := range exits {
		last := list != nil && n.Parent == list
		if last {
			for _, after := range list.Children {
				if after.Start > n.Start && after.Kind != "comment" && after.Kind != "empty_statement" {
					last = false
				}
			}
		}
		if !last {
			c.report(n, "PSC008", "exit stands once, as the last statement")
		} else if len(n.Children) < 2 {
			c.report(n, "PSC008", "exit without a code")
		}
	}
	if len(exits) == 0 {
		c.at(max(len(c.file.Source)-1, 0), "PSC008", "the last statement is not exit $ExitCode")
	}
}

func (c *checker) transcript() {
	stopped := false
	for _, call := range c.file.Commands {
		stopped = stopped || strings.EqualFold(call.Name, "Stop-Transcript") && call.Node.Ancestor("finally_clause") != nil
	}
	for _, call := range c.file.Commands {
		if strings.EqualFold(call.Name, "Start-Transcript") && !stopped {
			c.report(call.Node, "PSC009", "no finally block stops the transcript")
		}
	}
}
