package rehearsal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
)

const records = `C:\ProgramData\mbamplan\`

// A record is what a run says of itself: docs/result.schema.json.
type record struct {
	Schema   int             `json:"schema"`
	Step     string          `json:"step"`
	Kind     string          `json:"kind"`
	Name     string          `json:"name"`
	Script   string          `json:"script"`
	Host     string          `json:"host"`
	User     string          `json:"user"`
	Started  string          `json:"started"`
	Finished string          `json:"finished"`
	Outcome  string          `json:"outcome"`
	ExitCode int             `json:"exitCode"`
	Message  string          `json:"message"`
	Changed  []string        `json:"changed"`
	Checks   []check         `json:"checks"`
	Notes    []check         `json:"notes"`
	Unseen   json.RawMessage `json:"notChecked"`
	Facts    json.RawMessage `json:"facts"`
}

type check struct {
	Name     string `json:"name"`
	Ok       bool   `json:"ok"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	Remedy   string `json:"remedy"`
}

// A moment is what was there ahead of a run.
type moment struct {
	state   string
	all     string // all records of all machines, where -WhatIf may leave none
	result  []byte
	history []byte
	files   []string
}

// about is what the tree says of a script.
func (n *Night) about(s Script) artifact.Meta {
	for _, f := range n.Tree.Files() {
		if f.Path == s.Path {
			return f.Meta
		}
	}
	return artifact.Meta{}
}

func (n *Night) look(m *farm.Machine, name string, whatIf bool) moment {
	b := moment{state: n.Farm.State(), files: m.Files.List()}
	if whatIf {
		b.all = n.Farm.Records()
	}
	b.result, _ = m.Files.Read(records + name + ".result.json")
	b.history, _ = m.Files.Read(records + name + ".history.jsonl")
	return b
}

// judge holds a run against what every script promises (docs/script-contract.md), whatever it is about: what it says of itself, to the
// console and in its records, is what it did.
func (n *Night) judge(m *farm.Machine, script []byte, r Run, o Options, b moment) error {
	about := n.about(r.Script)
	name := about.Result
	r.Kind = about.Kind // the runner of T-SQL runs files of any kind
	var problems []string
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	state := n.Farm.State()
	if state != b.state && r.ExitCode != 0 && strings.Contains(r.Text(), "Nothing was changed") {
		bad("it says that nothing was changed, and something was: %s", unlike(b.state, state))
	}
	if o.WhatIf {
		if state != b.state || n.Farm.Records() != b.all {
			bad("-WhatIf changed something or left a record")
		}
		return joined(r, problems)
	}
	if r.Open {
		bad("the transcript was left open")
	}
	result, _ := m.Files.Read(records + name + ".result.json")
	history, _ := m.Files.Read(records + name + ".history.jsonl")
	if bytes.Equal(result, b.result) && bytes.Equal(history, b.history) {
		if state != b.state {
			bad("it changed something and kept no record")
		}
		if r.ExitCode != 1 && r.ExitCode != 2 {
			bad("it kept no record")
		}
		return joined(r, problems)
	}
	if strings.Contains(r.Text(), "could not be written: ") {
		if r.ExitCode == 0 {
			bad("it could not write its record and ended with 0")
		}
		return joined(r, problems)
	}
	for _, f := range m.Files.List() {
		if strings.HasPrefix(f, records) && strings.HasSuffix(f, ".tmp") && !slices.Contains(b.files, f) {
			bad("it left %s", f)
		}
	}
	var kept, end, begin record
	if err := strict(result, &kept); err != nil {
		bad("result: %v", err)
	}
	lines := bytes.Fields(bytes.TrimPrefix(history, b.history))
	if len(b.history) > 1<<20 { // it made way
		lines = bytes.Split(bytes.TrimSpace(history), []byte("\r\n"))
	} else if !bytes.HasPrefix(history, b.history) {
		bad("the history lost lines")
	} else {
		lines = bytes.Split(bytes.TrimSpace(bytes.TrimPrefix(history, b.history)), []byte("\r\n"))
	}
	if len(lines) != 2 {
		bad("%d lines were added to the history, not 2", len(lines))
		return joined(r, problems)
	}
	if err := errors.Join(strict(lines[0], &begin), strict(lines[1], &end)); err != nil {
		bad("history: %v", err)
		return joined(r, problems)
	}
	if begin.Finished != "" || begin.Outcome != "failed" || begin.ExitCode != 1 || len(begin.Changed)+len(begin.Checks) > 0 {
		bad("the line of the beginning is %s", lines[0])
	}
	digest := sha256.Sum256(script)
	for _, one := range []record{begin, end, kept} {
		if one.Schema != 1 || one.Step != about.Step || one.Kind != r.Kind || one.Name != name {
			bad("the record is of %s %s %s", one.Step, one.Kind, one.Name)
		}
		if one.Script != hex.EncodeToString(digest[:]) || !strings.EqualFold(one.Host, m.FQDN) || !strings.HasSuffix(one.User, `\admin`) || strings.HasPrefix(one.User, `\`) {
			bad("the record is of script %s on %s by %s", one.Script, one.Host, one.User)
		}
		if _, err := time.Parse(time.RFC3339Nano, one.Started); err != nil || one.Started != begin.Started {
			bad("started %s, and by the history %s", one.Started, begin.Started)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, end.Finished); err != nil || end.Finished < end.Started || end.Finished != kept.Finished {
		bad("finished %s, and by the history %s", kept.Finished, end.Finished)
	}
	if end.ExitCode != r.ExitCode || kept.ExitCode != r.ExitCode {
		bad("exit code %d, by the record %d and by the history %d", r.ExitCode, kept.ExitCode, end.ExitCode)
	}
	if kept.Outcome != end.Outcome || kept.Message != end.Message || len(kept.Checks) != len(end.Checks) {
		bad("result and history differ: %s %s", result, lines[1])
	}
	if end.Message == "" || !strings.Contains(r.Text(), end.Message) {
		bad("the message is not on the console: %q", end.Message)
	}
	for _, c := range kept.Changed {
		if strings.TrimSpace(c) == "" {
			bad("an empty change is on record")
		}
	}
	var was record
	json.Unmarshal(b.result, &was) // one that cannot be read is the test's own
	if r.Kind == "install" {       // a rollback reads what all runs of the install changed
		if bytes.Contains(script, []byte("$Earlier = @($Earlier | Where-Object")) {
			was.Changed = nil // it strikes out what is gone by now
		}
		for _, c := range slices.Concat(was.Changed, end.Changed) {
			if !slices.Contains(kept.Changed, c) {
				bad("%q was changed by this run or an earlier one and is not in the result", c)
			}
		}
		if was.Changed != nil && len(kept.Changed) > len(was.Changed)+len(end.Changed) {
			bad("the result lists changes that no run made: %q", kept.Changed)
		}
	}
	n.outcome(r, end, state != b.state, was.Started != "" && was.Finished == "", bad)
	log := slices.IndexFunc(m.Files.List(), func(f string) bool {
		return strings.HasPrefix(f, records+name+".") && path.Ext(f) == ".log" && !slices.Contains(b.files, f)
	})
	if log < 0 {
		bad("there is no transcript")
	} else if text, _ := m.Files.Read(m.Files.List()[log]); !strings.Contains(string(text), firstLine(end.Message)) {
		bad("the transcript does not hold the message")
	}
	return joined(r, problems)
}

// outcome holds the outcome of a run against how it ended and what was changed. A run that finishes one that was cut off may find done what it does.
func (n *Night) outcome(r Run, end record, changed, finishes bool, bad func(string, ...any)) {
	failed := 0
	for _, c := range end.Checks {
		mark := fmt.Sprintf("[ok]   %s: %s", c.Name, c.Actual)
		if !c.Ok {
			failed++
			mark = fmt.Sprintf("[FAIL] %s: expected %s, found %s", c.Name, c.Expected, c.Actual)
		}
		if r.Kind != "preflight" && !strings.Contains(r.Text(), mark) {
			bad("the check is not on the console: %s", mark)
		}
		if c.Name == "" || c.Expected == "" || c.Actual == "" {
			bad("a check without name, expectation or finding: %+v", c)
		}
	}
	want := []string{"failed"}
	switch {
	case r.ExitCode == 3010:
		want = []string{"restart"}
	case r.ExitCode != 0 && len(end.Changed) > 0:
		want = []string{"partial"}
	case r.ExitCode == 0 && (r.Kind == "verify" || r.Kind == "preflight"):
		want = []string{"verified"}
		if len(end.Checks) == 0 {
			bad("it passed and checked nothing")
		}
	case r.ExitCode == 0:
		want = []string{"changed", "unchanged", "skipped", "verified"}
	}
	if !slices.Contains(want, end.Outcome) {
		bad("outcome %s, exit code %d, changed %q", end.Outcome, r.ExitCode, end.Changed)
	}
	if slices.Contains([]string{"unchanged", "skipped", "verified", "failed"}, end.Outcome) && (r.Kind == "install" || r.Kind == "rollback") && (changed || len(end.Changed) > 0) {
		bad("outcome %s, and something was changed: %q", end.Outcome, end.Changed)
	}
	if r.Kind == "verify" && len(end.Changed) > 0 { // that the farm changes may be what it proves: a request stops a pool
		bad("a verify lists changes: %q", end.Changed)
	}
	if end.Outcome == "changed" && r.Kind == "install" && !finishes && !(changed && len(end.Changed) > 0) {
		bad("outcome changed, and nothing was: %q", end.Changed)
	}
	if r.ExitCode == 0 && failed > 0 || r.ExitCode == 4 && r.Kind == "verify" && failed == 0 {
		bad("exit code %d with %d failed checks", r.ExitCode, failed)
	}
}

// unlike shows the lines in which two states differ.
func unlike(was, is string) string {
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	var out []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.TrimSpace(s)
}

// strict reads a record that holds the fields of the schema and no other.
func strict(data []byte, out *record) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	for _, name := range []string{"schema", "step", "kind", "name", "script", "host", "user", "started", "finished", "outcome", "exitCode", "message", "changed", "checks", "facts"} {
		if v := fields[name]; v == nil || string(v) == "null" {
			return fmt.Errorf("no %s in %s", name, data)
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(out)
}

func joined(r Run, problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s, which ended with %d: %s\n%s", r.Path, r.ExitCode, strings.Join(problems, "; "), r.Text())
}
