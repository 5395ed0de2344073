// Package contract checks the rules that every rendered PowerShell script keeps: the help block that says who runs it
// where, strictness, one way out, nothing changed outside ShouldProcess, exit codes read, values never inside double
// quotes. The rules come from the project's house style of scripts, each verified there on a real engine.
//
// Codes:
//
//	PSC001  help block at the start with .SYNOPSIS and .DESCRIPTION
//	PSC002  fields of the help block: Step, Run on, Run by, Changes, Undo, Sources, Exit
//	PSC003  Changes and Undo of a script that changes something say what
//	PSC004  #Requires -Version 4.0, once, and nothing else required
//	PSC005  CmdletBinding with SupportsShouldProcess where something changes, without it where nothing does
//	PSC006  Set-StrictMode -Version 3.0 ahead of every other command
//	PSC007  $ErrorActionPreference = 'Stop'
//	PSC008  exit once, as the last statement
//	PSC009  the transcript is stopped in a finally block
//	PSC010  a change stands inside if ($PSCmdlet.ShouldProcess(...)) or carries -WhatIf:$WhatIfPreference
//	PSC011  no change and no ShouldProcess in a script that only reads
//	PSC012  the exit code of every program is read
//	PSC013  no Write-Host, Write-Error, Invoke-Expression, no writing to the console
//	PSC014  no aliases
//	PSC015  no backtick at the end of a line
//	PSC016  no subexpression in a string
//	PSC017  no $ in double quotes
//	PSC018  patterns are fixed text, matched by -cmatch with \A and \z
//	PSC019  no $PSScriptRoot, $PSCommandPath or $MyInvocation in the default of a parameter
//	PSC020  param( ) of a function on lines of its own
//	PSC021  no secret as a parameter
//	PSC022  functions named by an approved verb and a noun
//	PSC023  no function called ahead of its definition
//	PSC024  nothing newer than Windows PowerShell 4.0
//	PSC025  the result: its keys, an outcome, nothing changed by a script that only reads
//	PSC026  no redirection outside Invoke-Native
//	PSC027  every variable set, on every way, before it is read
//	PSC028  no secret in a message, the result, the console or a command line
//	PSC029  the history: a line when the run begins, and one when it ends
//	PSC030  an install records a change ahead of making it
//	PSC031  elevation is demanded, but by no preflight
//	PSC032  a preflight stops at its end only: Complete-Preflight, once
//	PSC033  Stop-Step ends with 2, 3 or 4
//	PSC034  a function of the script gets every parameter that has no default
package contract

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/psverify"
)

// A Kind is what a script is for; it is also the name of the folder or file that holds the script.
type Kind string

// The kinds of scripts.
const (
	Preflight   Kind = "preflight"
	Install     Kind = "install"
	Verify      Kind = "verify"
	Rollback    Kind = "rollback"
	Drill       Kind = "drill"
	Maintenance Kind = "maintenance"
	Tool        Kind = "tool"
)

// Kinds are all kinds.
var Kinds = []Kind{Preflight, Install, Verify, Rollback, Drill, Maintenance, Tool}

// ReadOnly tells whether scripts of the kind change nothing.
func (k Kind) ReadOnly() bool { return k == Preflight || k == Verify }

// KindOf finds the kind in a path: the last folder named after one, else a file named after one, as verify.ps1.
func KindOf(name string) (Kind, bool) {
	parts := strings.Split(path.Clean(strings.ReplaceAll(name, `\`, "/")), "/")
	for _, part := range slices.Backward(parts[:len(parts)-1]) {
		if k := Kind(strings.ToLower(part)); slices.Contains(Kinds, k) {
			return k, true
		}
	}
	base, _, _ := strings.Cut(strings.ToLower(parts[len(parts)-1]), ".")
	k := Kind(base)
	return k, slices.Contains(Kinds, k)
}

// Check checks a script of one kind. Kinds are an open set; one that is not read-only may change things. It fails when
// the command table cannot be read.
func Check(f *psverify.File, kind Kind) ([]psverify.Finding, error) {
	table, err := binding.Commands()
	if err != nil {
		return nil, fmt.Errorf("checking the contract: %w", err)
	}
	c := &checker{
		file: f, kind: kind, table: table,
		own: map[string]*psverify.Function{}, calls: map[*psverify.Node]*psverify.Command{},
	}
	for _, fn := range f.Functions {
		if name := strings.ToLower(fn.Name); c.own[name] == nil {
			c.own[name] = fn
		}
	}
	for _, call := range f.Commands {
		c.calls[call.Node] = call
	}
	c.regions()
	c.help()
	c.frameRules()
	c.changes()
	c.programs()
	c.style()
	c.functions()
	c.result()
	c.history()
	c.record()
	c.flow()
	c.secrets()
	c.rights()
	c.ownCalls()
	return psverify.Sort(c.findings), nil
}

type checker struct {
	file     *psverify.File
	kind     Kind
	table    *binding.Table
	own      map[string]*psverify.Function // by name in lower case
	calls    map[*psverify.Node]*psverify.Command
	frame    [][2]int // byte ranges of the regions that the generator owns
	findings []psverify.Finding
}

func (c *checker) report(n *psverify.Node, code, format string, args ...any) {
	c.findings = append(c.findings, psverify.At(n, code, format, args...))
}

func (c *checker) at(offset int, code, format string, args ...any) {
	line, column := c.file.Position(offset)
	c.findings = append(c.findings, psverify.Finding{Line: line, Column: column, Code: code, Message: fmt.Sprintf(format, args...)})
}

// regions finds the parts between #region frame and #endregion.
func (c *checker) regions() {
	from := -1
	for n := range c.file.Root.All() {
		if n.Kind != "comment" {
			continue
		}
		switch text := strings.TrimSpace(n.Text()); {
		case text == "#region frame":
			from = n.Start
		case strings.HasPrefix(text, "#endregion") && from >= 0:
			c.frame = append(c.frame, [2]int{from, n.End})
			from = -1
		}
	}
}

func (c *checker) inFrame(n *psverify.Node) bool {
	return slices.ContainsFunc(c.frame, func(r [2]int) bool { return r[0] <= n.Start && n.End <= r[1] })
}

// function is the function of the script that a call names, or nil.
func (c *checker) function(call *psverify.Command) *psverify.Function {
	if call.Operator != "" {
		return nil
	}
	return c.own[strings.ToLower(call.Name)]
}

// enclosing is the function that a node stands in, or nil.
func (c *checker) enclosing(n *psverify.Node) *psverify.Function {
	outer := n.Ancestor("function_statement")
	for _, fn := range c.file.Functions {
		if fn.Node == outer && outer != nil {
			return fn
		}
	}
	return nil
}

func is(name string, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
