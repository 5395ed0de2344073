// Package pwsh runs the Windows PowerShell that our templates are written in, over the syntax tree that package psverify
// makes: exactly the constructs that the scripts use, with strict mode 3.0 and $ErrorActionPreference = 'Stop' as the frame
// sets them. What it does not know ends the run with the place in the script; nothing is skipped and nothing guessed.
//
// It knows the language, the commands that only work on values (Where-Object, Select-Object …), and strings, lists, tables,
// dates, patterns, JSON. Whatever reaches outside the script, a command of a module, a program, a file, a .NET type with a machine
// behind it, it asks the Host for. It knows nothing of MBAM, SQL Server or Windows.
package pwsh

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

type nodeRef = *psverify.Node

// A Host is the machine and the session that a script runs in. Names of commands, types and members come as the script
// writes them; a false answer means that the host does not know them, which ends the run.
type Host interface {
	// Command finds a command.
	Command(name string) (*Command, bool)
	// Static reads a static member, or calls it.
	Static(typ, member string, args []any, call bool) (any, bool)
	// New makes an object of a .NET or COM type.
	New(typ string, args []any) (any, bool)
	// Cast turns a value into a type that the language itself does not know.
	Cast(typ string, value any) (any, bool)
	// Program runs a program and gives what it prints and its exit code.
	Program(path string, args []string) (output []string, code int, ok bool)
	// Env reads an environment variable of the process.
	Env(name string) (string, bool)
	// Now is the time of the farm.
	Now() time.Time
	// Sleep lets time pass.
	Sleep(time.Duration)
	// Print takes a line that the console shows. Transcribed says that the transcript holds it too.
	Print(line string, transcribed bool)
	// Step is called ahead of every command and every call that leaves the script, with its name.
	Step(what string)
}

// A Command is a command of the host.
type Command struct {
	Name       string
	Positional []string          // parameters that may be given without a name, in order
	Switches   []string          // parameters without a value
	Pipeline   string            // parameter that takes what flows in, "" for none
	Asks       bool              // asks for confirmation unless -Confirm:$false is given, which nobody answers in an unattended run
	Run        func(*Call) []any // an error is thrown by Throw
}

// A Call is one call of a command.
type Call struct {
	Name   string
	Args   map[string]any // by parameter name in lower case
	Input  []any          // what flowed in
	WhatIf bool
	Line   int
	Interp *Interp
	read   map[string]bool // parameters that the command has looked at
}

// Moot says that parameters make no difference in this world, whatever their value.
func (c *Call) Moot(names ...string) {
	for _, n := range names {
		c.look(n)
	}
}

func (c *Call) look(name string) {
	if c.read != nil {
		c.read[strings.ToLower(name)] = true
	}
}

// unread are the parameters that the command was given and never looked at.
func (c *Call) unread() []string {
	var out []string
	for name := range c.Args {
		if !c.read[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Has reports whether a parameter is given.
func (c *Call) Has(name string) bool {
	c.look(name)
	_, ok := c.Args[strings.ToLower(name)]
	return ok
}

// Value is the value of a parameter, nil when it is not given.
func (c *Call) Value(name string) any {
	c.look(name)
	return plain(c.Args[strings.ToLower(name)])
}

// Text is the value of a parameter as text.
func (c *Call) Text(name string) string { return Text(c.Value(name)) }

// List is the value of a parameter as a list of texts.
func (c *Call) List(name string) []string {
	var out []string
	if v := c.Value(name); v != nil {
		for _, e := range elements(v) {
			out = append(out, Text(e))
		}
	}
	return out
}

// Switch is the value of a switch.
func (c *Call) Switch(name string) bool { return Truth(c.Value(name)) }

// Unsupported says that a script uses something that the evaluator or the host does not know.
type Unsupported struct {
	Script       string
	Line, Column int
	What         string
}

func (u *Unsupported) Error() string {
	return fmt.Sprintf("%s:%d:%d: the rehearsal does not know %s", u.Script, u.Line, u.Column, u.What)
}

// Unknown ends the run because the host does not know something; the evaluator adds the place.
func Unknown(format string, args ...any) { panic(&Unsupported{What: fmt.Sprintf(format, args...)}) }

// Killed ends a run between two commands without a finally block, as a loss of power does.
type Killed struct{}

// The signals that unwind the evaluator.
type (
	thrown struct {
		record *Record
	}
	returned  struct{}
	broken    struct{}
	continued struct{}
	exited    struct{ code int }
	enough    struct{ stage *selectStage }
)

// Throw throws an exception from a command or member of the host.
func Throw(typ, format string, args ...any) {
	panic(&thrown{&Record{Exception: &Exception{Type: typ, Message: fmt.Sprintf(format, args...)}, ID: typ}})
}

// ThrowID is Throw with a FullyQualifiedErrorId of its own.
func ThrowID(typ, id, format string, args ...any) {
	panic(&thrown{&Record{Exception: &Exception{Type: typ, Message: fmt.Sprintf(format, args...)}, ID: id}})
}

// ThrowException throws an exception that the host made.
func ThrowException(e *Exception) { panic(&thrown{&Record{Exception: e, ID: e.Type}}) }

type scope struct {
	vars   map[string]any
	parent *scope
}

func (s *scope) find(name string) (any, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// An Interp runs one script once.
type Interp struct {
	Host   Host
	Script string // path of the script on its machine

	file         *psverify.File
	calls        map[nodeRef]*psverify.Command
	declared     map[nodeRef]*psverify.Function
	functions    map[string]*psverify.Function
	global       *scope
	caught       []*Record
	transcribing bool
	turns, depth int // of all loops so far, of the calls under way
}

// No script of ours comes near these bounds; one that passes them does not end.
const (
	maxTurns = 100_000
	maxDepth = 200
)

// A Result is how a script ended.
type Result struct {
	ExitCode int
	Thrown   *Record // what ended the script, where nothing caught it
	Open     bool    // a transcript was left open
}

// New makes an interpreter for the text of a script.
func New(host Host, path string, source []byte) (*Interp, error) {
	f := parsed(source)
	if len(f.Findings) > 0 {
		return nil, fmt.Errorf("%s:%s", path, f.Findings[0])
	}
	in := &Interp{
		Host: host, Script: path, file: f, calls: map[nodeRef]*psverify.Command{}, functions: map[string]*psverify.Function{},
		declared: map[nodeRef]*psverify.Function{}, global: &scope{vars: map[string]any{}},
	}
	for _, c := range f.Commands {
		in.calls[c.Node] = c
	}
	for _, fn := range f.Functions {
		in.declared[fn.Node] = fn
	}
	return in, nil
}

// Run runs the script with parameters by name. The error is an *Unsupported, or the host's own.
func (in *Interp) Run(params map[string]any) (result Result, err error) {
	in.global.vars["whatifpreference"] = Truth(params["WhatIf"])
	in.global.vars["erroractionpreference"] = "Continue"
	defer func() {
		result.Open = in.transcribing
		switch r := recover().(type) {
		case nil:
		case *exited:
			result.ExitCode = r.code
		case *thrown:
			result.ExitCode, result.Thrown = 1, r.record
			in.print("FAILED: " + r.record.Exception.Message)
		case *returned:
		case *Unsupported:
			err = r
		case error:
			err = r
		default:
			panic(r)
		}
	}()
	given := map[string]any{}
	for k, v := range params {
		if !strings.EqualFold(k, "WhatIf") {
			given[strings.ToLower(k)] = v
		}
	}
	in.bind("the script", in.file.Param, in.global, given, nil, in.file.Root)
	in.statements(in.file.Root, in.global, in.show)
	return result, nil
}

var trees sync.Map // of scripts by their text: a rehearsal starts the same script many times

func parsed(source []byte) *psverify.File {
	if f, ok := trees.Load(string(source)); ok {
		return f.(*psverify.File)
	}
	f := psverify.Parse(source)
	trees.Store(string(source), f)
	return f
}

// ForgetAll lets the trees of all scripts go: those of one topology are a hundred megabytes.
func ForgetAll() { trees.Clear() }

// Forget drops what is kept of the text of a script that will not be started again, and reports whether it was started.
func Forget(source []byte) bool {
	_, was := trees.LoadAndDelete(string(source))
	return was
}

// show takes what reaches the console.
func (in *Interp) show(v any) {
	for _, line := range strings.Split(Text(v), "\n") {
		in.print(strings.TrimRight(line, "\r"))
	}
}

func (in *Interp) print(line string) { in.Host.Print(line, in.transcribing) }

// place fills in where something unknown was met.
func (in *Interp) place(u *Unsupported, n nodeRef) {
	if u.Script == "" {
		u.Script, u.Line, u.Column = in.Script, n.Line(), n.Column()
	}
}

func (in *Interp) unsupported(n nodeRef, format string, args ...any) {
	panic(&Unsupported{Script: in.Script, Line: n.Line(), Column: n.Column(), What: fmt.Sprintf(format, args...)})
}

// throw throws an exception at a node.
func (in *Interp) throw(n nodeRef, typ, id, format string, args ...any) {
	panic(&thrown{&Record{Exception: &Exception{Type: typ, Message: fmt.Sprintf(format, args...)}, ID: id, Line: n.Line(), Text: n.Text()}})
}
