package contract

import (
	"regexp"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// style checks the rules that look at one place at a time.
func (c *checker) style() {
	for _, call := range c.file.Commands {
		if is(call.Name, "Write-Host", "Write-Error", "Invoke-Expression") {
			c.report(call.Node, "PSC013", "%s is not used: text goes to the pipeline, errors through Stop-Step", call.Name)
		}
		// Add- and Remove-WindowsFeature are cmdlets of 2008 R2 and aliases later; package binding judges them by the target.
		if to := c.table.Alias(call.Name); to != "" && c.function(call) == nil && !is(call.Name, "Add-WindowsFeature", "Remove-WindowsFeature") {
			c.report(call.Node, "PSC014", "%s is an alias of %s", call.Name, to)
		}
		if call.Function == nil || !is(call.Function.Name, nativeHelper) {
			for _, r := range call.Redirections {
				c.report(r.Node, "PSC026", "%s: redirections stand in %s only", r.Text, nativeHelper)
			}
		}
	}
	at := 0
	for n := range c.file.Root.All() {
		switch n.Kind {
		case "comment", "verbatim_string_characters", "verbatim_here_string_characters", "expandable_string_literal", "expandable_here_string_literal":
			c.continuations(at, n.Start)
			at = max(at, n.End)
			if strings.HasPrefix(n.Kind, "expandable") {
				c.expandable(n)
			}
		case "redirections":
			if n.Ancestor("command") == nil {
				c.report(n, "PSC026", "%s: redirections stand in %s only", n.Text(), nativeHelper)
			}
		case "invocation_expression":
			static, member := target(n)
			if static == "console" && strings.HasPrefix(strings.ToLower(member), "write") || strings.HasPrefix(strings.ToLower(n.Text()), "$host.ui.write") {
				c.report(n, "PSC013", "%s is not in the transcript", excerpt(n))
			}
			if static != "" && is(member, "new") {
				c.report(n, "PSC024", "::new() needs PowerShell 5.0: New-Object")
			}
		case "comparison_expression", "comparison_argument_expression":
			c.pattern(n)
		case "switch_parameter":
			if is(n.Text(), "-regex", "-wildcard") {
				c.report(n, "PSC018", "switch compares whole words only: no %s", n.Text())
			}
		case "class_statement", "enum_statement", "using_statement":
			word, _, _ := strings.Cut(strings.TrimSpace(n.Text()), " ")
			c.report(n, "PSC024", "%s needs PowerShell 5.0", word)
		case "file_redirection_operator", "merging_redirection_operator":
			if strings.HasPrefix(n.Text(), "6") {
				c.report(n, "PSC024", "the information stream needs PowerShell 5.0")
			}
		}
	}
	c.continuations(at, len(c.file.Source))
}

func (c *checker) continuations(from, to int) {
	for i := from; i < to; i++ {
		if c.file.Source[i] == '`' && (i+1 == len(c.file.Source) || c.file.Source[i+1] == '\r' || c.file.Source[i+1] == '\n') {
			c.at(i, "PSC015", "a line ends with a backtick: a blank behind it breaks the command")
		}
	}
}

func (c *checker) expandable(n *psverify.Node) {
	if n.Child("sub_expression") != nil {
		c.report(n, "PSC016", "no $( ) in a string: '...{0}...' -f")
	}
	if strings.Contains(n.Text(), "$") {
		c.report(n, "PSC017", "no $ in double quotes: '...{0}...' -f")
	}
}

// pattern checks the right side of the operators that read a pattern.
func (c *checker) pattern(n *psverify.Node) {
	op := n.Child("comparison_operator")
	if op == nil {
		return
	}
	name := strings.ToLower(strings.TrimSpace(op.Text()))
	right := psverify.ValueOf(n.Children[len(n.Children)-1])
	fixed := right.Kind == psverify.Literal
	if right.Kind == psverify.List {
		fixed = true
		for _, item := range right.Items {
			fixed = fixed && item.Kind == psverify.Literal
		}
	}
	kind := strings.TrimPrefix(name, "-")
	bare := strings.TrimPrefix(strings.TrimPrefix(kind, "c"), "i")
	if kind == "contains" || kind == "in" || kind == "is" || kind == "isnot" {
		return
	}
	switch bare {
	case "match", "notmatch":
		switch {
		case kind != "cmatch" && kind != "cnotmatch":
			c.report(op, "PSC018", "%s follows the culture: -c%s with \\A and \\z", name, bare)
		case !fixed || right.Kind != psverify.Literal || !ascii(right.Literal):
			c.report(op, "PSC018", "the pattern of %s is fixed ASCII text", name)
		case !strings.HasPrefix(right.Literal, `\A`) || !strings.HasSuffix(right.Literal, `\z`):
			c.report(op, "PSC018", "the pattern of %s starts with \\A and ends with \\z", name)
		}
	case "like", "notlike", "replace", "split":
		if !fixed {
			c.report(op, "PSC018", "%s with a value: wildcards and $ in it are read; use .Replace(), .Split(), -eq or -contains", name)
		}
	}
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 0x7F })
}

var (
	secret     = regexp.MustCompile(`(?i)(?:password|passwd|passphrase|secret|token|pwd)`)
	key        = regexp.MustCompile(`(?i)keys?$`)
	notSecret  = regexp.MustCompile(`(?i)(?:file|path|name|id|age|length|count|days)$|registrykey$|subkey$|publickey$`)
	safeType   = regexp.MustCompile(`(?i)^(?:System\.)?(?:(?:Management\.Automation\.)?PSCredential|(?:Security\.)?SecureString|switch|bool|int(?:32|64)?|byte(?:\[\])?)$`)
	place      = regexp.MustCompile(`(?i)\$(?:PSScriptRoot|PSCommandPath|MyInvocation)\b`)
	verbNoun   = regexp.MustCompile(`^([A-Z][a-z]+(?:To|From)?)-[A-Z][A-Za-z0-9]*$`)
	ownLine    = regexp.MustCompile(`(?:^|\n)[ \t]*$`)
	firstBreak = regexp.MustCompile(`^[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$|\})`)
)

// approved are the verbs of Get-Verb in Windows PowerShell 4.0.
var approved = strings.Fields(`Add Approve Assert Backup Block Checkpoint Clear Close Compare Complete Compress Confirm
	Connect Convert ConvertFrom ConvertTo Copy Debug Deny Disable Disconnect Dismount Edit Enable Enter Exit Expand Export
	Find Format Get Grant Group Hide Import Initialize Install Invoke Join Limit Lock Measure Merge Mount Move New Open Out
	Ping Pop Protect Publish Push Read Receive Redo Register Remove Rename Repair Request Reset Resize Resolve Restart
	Restore Resume Revoke Save Search Select Send Set Show Skip Split Start Step Stop Submit Suspend Switch Sync Test Trace
	Unblock Undo Uninstall Unlock Unprotect Unpublish Unregister Update Use Wait Watch Write`)

// functions checks declarations: of the script's parameters, and of its functions.
func (c *checker) functions() {
	if c.file.Param != nil {
		for _, p := range c.file.Param.Parameters {
			if m := place.FindString(p.Text); m != "" {
				c.report(p.Default, "PSC019", "%s is empty here under -File on Windows PowerShell: default '' and set it in the body", m)
			}
			c.secret(p)
		}
	}
	for _, fn := range c.file.Functions {
		if m := verbNoun.FindStringSubmatch(fn.Name); m == nil {
			c.report(fn.Node, "PSC022", "%s is not Verb-Noun: an alias of that name would win", fn.Name)
		} else if !is(m[1], approved...) {
			c.report(fn.Node, "PSC022", "%s is not an approved verb", m[1])
		}
		if fn.Param == nil {
			continue
		}
		for _, p := range fn.Param.Parameters {
			c.secret(p)
		}
		block := fn.Param.Node
		before, after := string(c.file.Source[:block.Start]), string(c.file.Source[block.End:])
		if block.Kind != "param_block" || !ownLine.MatchString(before) || !firstBreak.MatchString(after) {
			c.report(block, "PSC020", "param( ) of %s stands on lines of its own", fn.Name)
		}
	}
	c.order()
}

func (c *checker) secret(p psverify.Parameter) {
	if safeType.MatchString(p.Type) || notSecret.MatchString(p.Name) {
		return
	}
	if secret.MatchString(p.Name) || key.MatchString(p.Name) {
		c.findings = append(c.findings, psverify.Finding{
			Line: p.Line, Column: p.Column, Code: "PSC021",
			Message: "$" + p.Name + " looks like a secret: the transcript holds the command line; take it from Get-Credential or a file",
		})
	}
}

// order reports calls at script level of functions that are defined further down, also through other functions.
func (c *checker) order() {
	uses := map[*psverify.Function][]*psverify.Function{}
	for _, call := range c.file.Commands {
		if fn := c.function(call); fn != nil && call.Function != nil {
			uses[call.Function] = append(uses[call.Function], fn)
		}
	}
	for _, call := range c.file.Commands {
		fn := c.function(call)
		if fn == nil || call.Function != nil {
			continue
		}
		seen := map[*psverify.Function]bool{}
		var visit func(fn *psverify.Function)
		visit = func(next *psverify.Function) {
			if seen[next] {
				return
			}
			seen[next] = true
			// A function inside a function is defined when that one runs.
			if next.Outer == nil && next.Node.Start > call.Node.Start {
				c.report(call.Node, "PSC023", "%s is called here and defined in line %d", next.Name, next.Line)
			}
			for _, u := range uses[next] {
				visit(u)
			}
		}
		visit(fn)
	}
}
