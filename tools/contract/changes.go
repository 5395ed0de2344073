package contract

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/psverify"
)

// changing are verbs of commands that change something, whether or not they take -WhatIf.
var changing = []string{
	"Add", "Backup", "Block", "Clear", "Complete", "Copy", "Disable", "Dismount", "Enable", "Export", "Grant", "Import",
	"Install", "Invoke", "Lock", "Mount", "Move", "New", "Publish", "Register", "Remove", "Rename", "Repair", "Reset",
	"Restart", "Restore", "Resume", "Revoke", "Save", "Send", "Set", "Start", "Stop", "Submit", "Suspend", "Switch", "Sync",
	"Unblock", "Undo", "Uninstall", "Unlock", "Unregister", "Update",
}

// harmless are commands with such a verb, or with -WhatIf, that change nothing outside the running script. What a block
// given to ForEach-Object or Invoke-Command does is checked in the block.
var harmless = []string{
	"Add-Member", "Add-Type", "ForEach-Object", "Import-Clixml", "Import-Csv", "Import-Module", "Invoke-Command", "Invoke-Expression",
	"Invoke-History", "New-CimSession", "New-CimSessionOption", "New-NlbClusterIpv6Address", "New-Object", "New-PSDrive",
	"New-PSSession", "New-ScheduledTaskAction", "New-ScheduledTaskPrincipal", "New-ScheduledTaskSettingsSet",
	"New-ScheduledTaskTrigger", "New-TimeSpan", "New-WebServiceProxy", "Remove-CimSession", "Remove-PSDrive",
	"Remove-PSSession", "Set-Location", "Set-StrictMode", "Set-Variable", "Start-Sleep", "Start-Transcript", "Stop-Transcript",
}

// harmful are commands that change something though neither verb nor -WhatIf says so.
var harmful = []string{"Get-Certificate", "Tee-Object", "Write-MbamComputerUser", "Write-MbamRecoveryInformation", "Write-MbamTPMInformation"}

// readers are the methods of [IO.File] and [IO.Directory] that change nothing.
var readers = regexp.MustCompile(`(?i)^(?:Read\w*|Exists|OpenRead|OpenText|Get\w*|Enumerate\w*)$`)

// writers are methods of objects that change something outside the script.
var writers = []string{
	"Alter", "ChangePassword", "CommitChanges", "CopyTo", "CreateSubKey", "Delete", "DeleteSubKey", "DeleteSubKeyTree", "DeleteTree",
	"DeleteValue", "ExecuteNonQuery", "Kill", "MoveTo", "Put", "Save", "SetAccessControl", "SetInfo", "SetPassword", "SetValue",
}

// An operation is one thing that changes something.
type operation struct {
	node     *psverify.Node
	function *psverify.Function
	what     string
	guarded  bool
	own      bool // on a file that the script made itself: below $WorkDir, or a temporary one
	passing  bool // on a temporary file that a finally block of the same function deletes
}

// A duty is what a function leaves to its callers to guard.
type duty struct {
	what string
	own  bool // nothing but files of its own, for which -WhatIf has to be looked at and nobody asked
}

// changes checks that every change is guarded, or that there is none.
func (c *checker) changes() {
	var all []operation
	for n := range c.file.Root.All() {
		switch n.Kind {
		case "command":
			if op, ok := c.command(c.calls[n]); ok {
				all = append(all, op)
			}
		case "invocation_expression":
			if static, member := target(n); static == "" && strings.EqualFold(member, "ShouldProcess") && c.kind.ReadOnly() {
				c.report(n, "PSC011", "a script of kind %s changes nothing and has nothing to ask", c.kind)
			}
			if op, ok := c.method(n); ok {
				all = append(all, op)
			}
		}
	}
	all = slices.DeleteFunc(all, func(op operation) bool { return op.passing })
	if c.kind.ReadOnly() {
		for _, op := range all {
			if !op.own {
				c.report(op.node, "PSC011", "%s changes something, and a script of kind %s only reads", op.what, c.kind)
			}
		}
		return
	}
	// A function that changes something without a guard of its own passes the duty on to its callers.
	duties := map[*psverify.Function]duty{}
	owe := func(fn *psverify.Function, d duty) bool {
		if have, ok := duties[fn]; ok && (!have.own || d.own) {
			return false
		}
		duties[fn] = d
		return true
	}
	done := func(n *psverify.Node, guarded, own bool) bool { return guarded || own && c.whatIfGuard(n) }
	for _, op := range all {
		if op.function != nil && !done(op.node, op.guarded, op.own) {
			owe(op.function, duty{op.what, op.own})
		}
	}
	called := map[*psverify.Function]bool{}
	for again := true; again; {
		again = false
		for _, call := range c.file.Commands {
			fn := c.function(call)
			if fn == nil {
				continue
			}
			called[fn] = true
			if d, ok := duties[fn]; ok && call.Function != nil && call.Function != fn && !done(call.Node, c.guarded(call.Node), d.own) {
				again = owe(call.Function, d) || again
			}
		}
	}
	for _, op := range all {
		if !done(op.node, op.guarded, op.own) && (op.function == nil || !called[op.function]) {
			c.report(op.node, "PSC010", "%s stands outside if ($PSCmdlet.ShouldProcess(...))", op.what)
		}
	}
	for _, call := range c.file.Commands {
		fn := c.function(call)
		if d, ok := duties[fn]; fn != nil && ok && !done(call.Node, c.guarded(call.Node), d.own) && (call.Function == nil || !called[call.Function]) {
			c.report(call.Node, "PSC010", "%s does %s and stands outside if ($PSCmdlet.ShouldProcess(...))", fn.Name, d.what)
		}
	}
}

// command tells whether a call of a command changes something.
func (c *checker) command(call *psverify.Command) (operation, bool) {
	op := operation{node: call.Node, function: call.Function, what: call.Name, guarded: c.guarded(call.Node)}
	if is(call.Name, nativeHelper) {
		op.what = "a program"
		return op, binding.NativeChanges(c.file, call)
	}
	if call.Name == "" || c.function(call) != nil {
		return op, false
	}
	verb, _, _ := strings.Cut(call.Name, "-")
	_, entry := c.table.Lookup(call.Name)
	switch {
	case is(call.Name, "New-Object"):
		// A writer opens its file at once.
		op.what = "New-Object StreamWriter"
		if name, ok := first(call, "TypeName"); !ok || !strings.HasSuffix(strings.ToLower(name.Literal), "streamwriter") {
			return op, false
		}
		c.place(&op, call.Node)
		return op, true
	case is(call.Name, "Invoke-Sqlcmd"):
		query, ok := first(call, "Query")
		return op, !ok || query.Kind != psverify.Literal || !binding.OnlySelects(query.Literal)
	case is(call.Name, "Invoke-WebRequest", "Invoke-RestMethod"):
		method, ok := argument(call, "Method")
		_, file := argument(call, "OutFile")
		return op, file || ok && !is(method.Literal, "Get", "Head", "Options")
	case is(call.Name, harmless...):
		return op, false
	case is(call.Name, harmful...), is(verb, changing...) && strings.Contains(call.Name, "-"):
	case entry == nil || !entry.ShouldProcess || is(verb, "Get", "Test", "Show"):
		return op, false
	}
	if entry != nil && entry.ShouldProcess {
		op.guarded = op.guarded || c.whatIf(call)
	}
	for _, name := range []string{"LiteralPath", "Path", "FilePath"} {
		if v, ok := first(call, name); ok && is(call.Name, "Remove-Item", "Set-Content", "Add-Content", "Out-File", "Export-Csv", "New-Item") {
			c.place(&op, v.Node)
		}
	}
	return op, true
}

// whatIf tells whether a call hands -WhatIf on.
func (c *checker) whatIf(call *psverify.Command) bool {
	for _, e := range call.Elements {
		switch e.Kind {
		case psverify.Named:
			if is(e.Name, "WhatIf") && e.Colon && e.Value.Kind == psverify.Variable && e.Value.Literal == "whatifpreference" {
				return true
			}
		case psverify.Splat:
			entries, _ := c.file.Entries(call, e)
			for _, entry := range entries {
				if is(entry.Key, "WhatIf") && entry.Value.Kind == psverify.Variable && entry.Value.Literal == "whatifpreference" && !entry.Maybe {
					return true
				}
			}
		}
	}
	return false
}

// method tells whether a call of a .NET method changes something.
func (c *checker) method(n *psverify.Node) (operation, bool) {
	static, member := target(n)
	op := operation{node: n, function: c.enclosing(n), what: excerpt(n), guarded: c.guarded(n)}
	args := n.Child("argument_list")
	switch static {
	case "io.file", "io.directory":
		c.place(&op, args)
		return op, !readers.MatchString(member)
	case "registry":
		return op, is(member, "SetValue")
	case "environment":
		return op, is(member, "SetEnvironmentVariable")
	case "":
		if is(member, "Open") && args != nil && strings.Contains(strings.ToLower(args.Text()), "readwrite") {
			return op, true
		}
		return op, is(member, writers...)
	}
	return op, false
}

// target takes a method call apart: the type in lower case, without "system." and cut to what tells types apart, or ""
// for a method of an object; and the name of the method.
func target(n *psverify.Node) (static, member string) {
	if len(n.Children) < 3 {
		return "", ""
	}
	member = strings.TrimSpace(n.Children[2].Text())
	if n.Children[0].Kind != "type_literal" {
		return "", member
	}
	static = strings.ToLower(strings.Trim(n.Children[0].Text(), "[] "))
	static = strings.TrimPrefix(static, "system.")
	static = strings.TrimPrefix(static, "microsoft.win32.")
	return static, member
}

// guarded tells whether a node stands in the branch that ShouldProcess opens, in the same function.
func (c *checker) guarded(n *psverify.Node) bool {
	for p := n; p.Parent != nil; p = p.Parent {
		up := p.Parent
		switch up.Kind {
		case "function_statement":
			return false
		case "if_statement", "elseif_clause":
			if p.Kind == "statement_block" && holds(up.Child("pipeline"), isAsking) {
				return true
			}
		}
	}
	return false
}

// holds tells whether a condition is, or joins by -and, an expression of the wanted sort.
func holds(condition *psverify.Node, wanted func(*psverify.Node) bool) bool {
	if condition == nil {
		return false
	}
	n := condition.Unwrap()
	if n.Kind == "logical_expression" && len(n.Children) == 3 && strings.EqualFold(n.Children[1].Text(), "-and") {
		return holds(n.Children[0], wanted) || holds(n.Children[2], wanted)
	}
	return wanted(n)
}

// isAsking recognises $PSCmdlet.ShouldProcess(...).
func isAsking(n *psverify.Node) bool {
	if n.Kind != "invocation_expression" {
		return false
	}
	static, member := target(n)
	return static == "" && strings.EqualFold(member, "ShouldProcess") && strings.EqualFold(n.Children[0].Text(), "$PSCmdlet")
}

// isActing recognises -not $WhatIfPreference.
func isActing(n *psverify.Node) bool {
	return is(squeeze(n), "-not$whatifpreference", "!$whatifpreference")
}

// whatIfGuard accepts the two ways in which -WhatIf keeps a script from writing files of its own: inside
// if (-not $WhatIfPreference), and in a function that starts with if ($WhatIfPreference) { return }.
func (c *checker) whatIfGuard(n *psverify.Node) bool {
	for p := n; p.Parent != nil; p = p.Parent {
		up := p.Parent
		if (up.Kind == "if_statement" || up.Kind == "elseif_clause") && p.Kind == "statement_block" && holds(up.Child("pipeline"), isActing) {
			return true
		}
		if up.Kind == "function_statement" {
			for first := range up.All() {
				if first.Kind != "statement_list" {
					continue
				}
				return len(first.Children) > 0 && first.Children[0].Kind == "if_statement" &&
					squeeze(first.Children[0]) == "if($whatifpreference){return}"
			}
			return false
		}
	}
	return false
}

func squeeze(n *psverify.Node) string {
	if n == nil {
		return ""
	}
	return strings.ToLower(strings.Join(strings.Fields(n.Text()), ""))
}

var (
	temporary = []string{"::gettempfilename(", "::gettemppath("}
	workFiles = []string{"$workdir", "$script:workdir"}
)

// place fills in whose file an operation works on.
func (c *checker) place(op *operation, path *psverify.Node) {
	temp := c.below(path, temporary, 0)
	op.own = temp || c.below(path, workFiles, 0)
	op.passing = temp && c.cleansUp(op.node)
}

// cleansUp tells whether a finally block of the same function deletes a temporary file or folder: then what was written
// there is gone, and the function only reads, as with an export that has to go through a file.
func (c *checker) cleansUp(n *psverify.Node) bool {
	for other := range c.file.Root.All() {
		if other.Kind != "invocation_expression" || other.Ancestor("finally_clause") == nil || c.enclosing(other) != c.enclosing(n) {
			continue
		}
		static, member := target(other)
		if is(static, "io.file", "io.directory") && is(member, "Delete") && c.below(other.Child("argument_list"), temporary, 0) {
			return true
		}
	}
	return false
}

// below tells whether an expression names a path that starts from one of the signs, also through variables.
func (c *checker) below(n *psverify.Node, signs []string, depth int) bool {
	if n == nil || depth > 3 {
		return false
	}
	text := strings.ToLower(n.Text())
	for _, sign := range signs {
		if strings.Contains(text, sign) {
			return true
		}
	}
	for part := range n.All() {
		if part.Kind != "variable" {
			continue
		}
		// The first path decides; what follows are contents or encodings.
		name := psverify.ValueOf(part).Literal
		for fn := c.enclosing(part); ; fn = fn.Outer {
			found := false
			for _, a := range c.file.Assignments {
				if a.Whole && a.Variable == name && a.Function == fn {
					if !c.below(a.Value.Node, signs, depth+1) {
						return false
					}
					found = true
				}
			}
			if found || fn == nil {
				return found
			}
		}
	}
	return false
}

// argument is the value of a named argument.
func argument(call *psverify.Command, name string) (psverify.Value, bool) {
	named, _ := call.Bind(func(string) bool { return false })
	for _, a := range named {
		if is(a.Name, name) {
			return a.Value, true
		}
	}
	return psverify.Value{}, false
}

// first is the value of a named argument, or the first one without a name.
func first(call *psverify.Command, name string) (psverify.Value, bool) {
	if v, ok := argument(call, name); ok {
		return v, true
	}
	for i, e := range call.Elements {
		if e.Kind == psverify.Argument && (i == 0 || call.Elements[i-1].Kind != psverify.Named) {
			return e.Value, true
		}
	}
	return psverify.Value{}, false
}

func excerpt(n *psverify.Node) string {
	text, _, _ := strings.Cut(n.Text(), "(")
	return strings.Join(strings.Fields(text), " ")
}
