package contract

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// secretSources are functions of the library whose output is a key.
var secretSources = []string{"Get-MachineKey", "Read-CompareKey", "ConvertFrom-SecureString"}

// secretMembers are members whose value is a secret. Password of a credential is not: it is enciphered.
var secretMembers = []string{"GetNetworkCredential", "SecureStringToBSTR", "PtrToStringBSTR", "PtrToStringAuto", "ValidationKey", "DecryptionKey"}

// digests turn a secret into something that may be shown.
var digests = []string{"Get-KeyFingerprint", "Get-FileDigest", "Test-AccountPassword"}

// telling are members that say about a secret what may be known: how long it is, whether it is there, who it is for.
var telling = []string{
	"ComputeHash", "Length", "Count", "StartsWith", "EndsWith", "Contains", "Exists", "UserName", "Domain", "Success", "ValidateCredentials", "IsMatch",
	"GetType", "Dispose", "ExitCode",
}

// speaking are commands that show or record what they are given.
var speaking = []string{
	"Add-Check", "Add-Info", "Add-MbamTest", "Stop-Step", "Write-Changed", "Write-Unchanged", "Write-Skipped", "Write-Output", "Write-Warning",
	"Write-Verbose", "Write-Debug", "Write-Information", "Write-Host", "Write-Error", "Out-File", "Out-String", "Out-Host", "Set-Content", "Add-Content",
	"Invoke-Native", "Start-Process", "Write-EventLog", "New-EventLog",
}

// silentMethods are methods that give nothing back.
var silentMethods = []string{"SetAttribute", "SetEnvironmentVariable", "SetValue", "WriteAllText", "WriteAllBytes", "AppendAllText", "Save"}

// passing are commands whose output is made of what they are given; what any other command gives back is its own.
var passing = []string{"ForEach-Object", "Select-Object", "Sort-Object", "Write-Output", "New-Object", "Out-String", "ConvertTo-Json", "ConvertTo-Xml"}

// setupLine is the one function that may put a password into a command line: setup of MBAM 2.0 takes it in no other way.
const setupLine = "Invoke-MbamSetup"

// secrets checks that nothing secret is shown, recorded, or given to a program. It follows values through variables,
// functions and what they return, without looking at the order in which things run.
type secrets struct {
	c       *checker
	tainted map[*psverify.Function]map[string]bool // variables by function, nil for the script
	returns map[*psverify.Function]bool            // functions whose output is secret
	changed bool
}

func (c *checker) secrets() {
	w := &secrets{c: c, tainted: map[*psverify.Function]map[string]bool{}, returns: map[*psverify.Function]bool{}}
	for w.changed = true; w.changed; {
		w.changed = false
		w.spread()
	}
	w.judge()
}

func (w *secrets) mark(fn *psverify.Function, v string) {
	if w.tainted[fn] == nil {
		w.tainted[fn] = map[string]bool{}
	}
	if v != "" && !w.tainted[fn][v] {
		w.tainted[fn][v] = true
		w.changed = true
	}
}

func (w *secrets) spread() {
	for _, a := range w.c.file.Assignments {
		// An object is not secret because one of its members is; a table or list with a secret element is.
		if member := a.Target.Node.Unwrap().Kind == "member_access"; member || a.Variable == "result" || !w.secret(a.Node.Children[len(a.Node.Children)-1], a.Function) {
			continue
		}
		if strings.HasPrefix(a.Variable, "script:") {
			w.mark(nil, strings.TrimPrefix(a.Variable, "script:"))
		} else {
			w.mark(a.Function, a.Variable)
		}
	}
	for n := range w.c.file.Root.All() {
		if n.Kind != "foreach_statement" {
			continue
		}
		if list, v := n.Child("pipeline"), n.Child("variable"); list != nil && v != nil && w.secret(list, w.c.enclosing(n)) {
			w.mark(w.c.enclosing(n), name(v))
		}
	}
	for _, call := range w.c.file.Commands {
		fn := w.c.function(call)
		if fn == nil || fn.Param == nil {
			continue
		}
		named, positional := call.Bind(func(p string) bool { return isSwitch(fn, p) })
		for _, a := range named {
			if a.Has && w.secret(a.Value.Node, call.Function) {
				w.mark(fn, strings.ToLower(a.Name))
			}
		}
		for i, v := range positional {
			if i < len(fn.Param.Parameters) && w.secret(v.Node, call.Function) {
				w.mark(fn, strings.ToLower(fn.Param.Parameters[i].Name))
			}
		}
	}
	for _, fn := range w.c.file.Functions {
		if !w.returns[fn] && !is(fn.Name, digests...) && slices.ContainsFunc(w.outputs(fn), func(n *psverify.Node) bool { return w.secret(n, fn) }) {
			w.returns[fn], w.changed = true, true
		}
	}
}

func isSwitch(fn *psverify.Function, parameter string) bool {
	return slices.ContainsFunc(fn.Param.Parameters, func(p psverify.Parameter) bool { return p.Switch && strings.EqualFold(p.Name, parameter) })
}

// outputs are the statements of a function, of the script for nil, whose value goes to the pipeline.
func (w *secrets) outputs(fn *psverify.Function) []*psverify.Node {
	root := w.c.file.Root
	if fn != nil {
		root = fn.Node
	}
	var out []*psverify.Node
	for n := range root.All() {
		if w.c.enclosing(n) != fn || n.Ancestor("script_block_expression", "array_expression", "sub_expression", "parenthesized_expression", "param_block") != nil {
			continue
		}
		switch n.Kind {
		case "pipeline":
			if n.Parent.Kind == "statement_list" && n.Ancestor("assignment_expression") == nil && !silent(n) {
				out = append(out, n)
			}
		case "flow_control_statement":
			if strings.EqualFold(n.Children[0].Text(), "return") && len(n.Children) > 1 {
				out = append(out, n.Children[1])
			}
		}
	}
	return out
}

// silent tells whether nothing of a statement reaches the pipeline.
func silent(n *psverify.Node) bool {
	text := strings.TrimSpace(n.Text())
	if strings.HasPrefix(strings.ToLower(text), "[void]") || strings.HasSuffix(text, "| Out-Null") {
		return true
	}
	inner := n.Unwrap()
	if inner.Kind == "pipeline_chain" && len(inner.Children) == 1 {
		inner = inner.Children[0].Unwrap()
	}
	return inner.Kind == "assignment_expression"
}

// secret tells whether an expression of a function may give something secret.
func (w *secrets) secret(n *psverify.Node, fn *psverify.Function) bool {
	if n == nil {
		return false
	}
	switch n.Kind {
	case "variable":
		v := name(n)
		if w.tainted[fn][v] {
			return true
		}
		_, isOwn := w.tainted[fn][v]
		return !isOwn && fn != nil && !parameter(fn, v) && !w.local(fn, v) && w.tainted[nil][strings.TrimPrefix(v, "script:")]
	case "comparison_expression":
		// What compares says yes or no; -replace and -split do not compare.
		op := strings.ToLower(n.Child("comparison_operator").Text())
		if !strings.Contains(op, "replace") && !strings.Contains(op, "split") && !strings.Contains(op, "join") && !strings.Contains(op, "-as") {
			return false
		}
	case "member_access", "invocation_expression":
		if len(n.Children) > 2 {
			member := strings.TrimSpace(n.Children[2].Text())
			if is(member, telling...) || is(member, silentMethods...) {
				return false
			}
			if is(member, secretMembers...) {
				return true
			}
			if is(member, "ReadAllText", "ReadAllLines", "ReadAllBytes") && keyFile(n.Child("argument_list")) {
				return true
			}
		}
	case "element_access":
		// The first and the third of a machine key's four values are the names of its algorithms.
		if len(n.Children) > 2 && is(strings.TrimSpace(n.Children[2].Text()), "0", "2") {
			return false
		}
	case "command":
		call := w.c.calls[n]
		if is(call.Name, digests...) {
			return false
		}
		if is(call.Name, secretSources...) {
			return true
		}
		if own := w.c.function(call); own != nil {
			return w.returns[own]
		}
		if call.Name != "" && !is(call.Name, passing...) {
			return false
		}
	case "script_block_expression", "type_literal", "statement_block":
		return n.Kind == "statement_block" && slices.ContainsFunc(n.Children, func(c *psverify.Node) bool { return w.secret(c, fn) })
	case "if_statement":
		for _, c := range n.Children {
			if c.Kind != "pipeline" && w.secret(c, fn) {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(n.Children, func(c *psverify.Node) bool { return w.secret(c, fn) })
}

func parameter(fn *psverify.Function, v string) bool {
	return fn.Param != nil && slices.ContainsFunc(fn.Param.Parameters, func(p psverify.Parameter) bool { return strings.EqualFold(p.Name, v) })
}

// local tells whether a function sets a variable of that name itself.
func (w *secrets) local(fn *psverify.Function, v string) bool {
	return slices.ContainsFunc(w.c.file.Assignments, func(a *psverify.Assignment) bool { return a.Function == fn && a.Whole && a.Variable == v })
}

// keyFile tells whether a path is that of a file with a key. A method that is named and not called has no arguments.
func keyFile(args *psverify.Node) bool {
	if args == nil {
		return false
	}
	text := strings.ToLower(args.Text())
	return strings.Contains(text, "keyfile") || strings.Contains(text, "machinekey") || strings.Contains(text, "comparekey")
}

func (w *secrets) judge() {
	report := func(n *psverify.Node, what string) {
		w.c.report(n, "PSC028", "a secret may reach %s", what)
	}
	for _, call := range w.c.file.Commands {
		if call.Name == "" && call.Operator == "&" || is(call.Name, speaking...) {
			for _, e := range call.Elements {
				if e.Value.Node != nil && w.secret(e.Value.Node, call.Function) {
					report(e.Value.Node, "what "+orProgram(call.Name)+" shows or records")
				}
			}
		}
	}
	for _, a := range w.c.file.Assignments {
		target := strings.ToLower(strings.TrimSpace(a.Target.Text()))
		shown := a.Variable == "result" || a.Variable == "script:result"
		line := !a.Whole && strings.HasSuffix(target, ".arguments") && (a.Function == nil || !is(a.Function.Name, setupLine))
		if (shown || line) && w.secret(a.Node.Children[len(a.Node.Children)-1], a.Function) {
			what := "the result file"
			if line {
				what = "a command line"
			}
			report(a.Node, what)
		}
	}
	for n := range w.c.file.Root.All() {
		if n.Kind == "flow_control_statement" && strings.EqualFold(n.Children[0].Text(), "throw") && w.secret(n, w.c.enclosing(n)) {
			report(n, "a message")
		}
	}
	for _, n := range w.outputs(nil) {
		if w.secret(n, nil) {
			report(n, "the console and the transcript")
		}
	}
}

func orProgram(command string) string {
	if command == "" {
		return "a program"
	}
	return command
}
