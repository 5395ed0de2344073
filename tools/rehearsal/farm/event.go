package farm

import (
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// An Event is a record of an event log.
type Event struct {
	Log, Source string
	ID          int
	Level       string
	Message     string
	At          time.Time
}

// AddLog makes an event log.
func (m *Machine) AddLog(name string) { m.system.logs[strings.ToLower(name)] = true }

// RemoveLog takes an event log away with its events.
func (m *Machine) RemoveLog(name string) {
	delete(m.system.logs, strings.ToLower(name))
	m.system.events = slices.DeleteFunc(m.system.events, func(e Event) bool { return strings.EqualFold(e.Log, name) })
}

// AddEvent writes an event at the farm's time, when it has none.
func (m *Machine) AddEvent(e Event) {
	if e.At.IsZero() {
		e.At = m.farm.Clock
	}
	m.system.logs[strings.ToLower(e.Log)] = true
	m.system.events = append(m.system.events, e)
}

// Events are all events of a log, oldest first.
func (m *Machine) Events(log string) []Event {
	var out []Event
	for _, e := range m.system.events {
		if strings.EqualFold(e.Log, log) {
			out = append(out, e)
		}
	}
	return out
}

// A Task is a scheduled task.
type Task struct {
	Name, Path string
	Command    string
	Arguments  string
	User       string
	State      string // Ready, Running, Disabled
	LastResult int64
	XML        string
}

// Task finds a scheduled task by its path and name: `\mbamplan\x`; nil when there is none.
func (m *Machine) Task(path string) *Task {
	for _, t := range m.system.tasks {
		if strings.EqualFold(t.Path+t.Name, path) {
			return t
		}
	}
	return nil
}

// RemoveTask takes a task away.
func (m *Machine) RemoveTask(t *Task) {
	m.system.tasks = slices.DeleteFunc(m.system.tasks, func(x *Task) bool { return x == t })
}

func taskObject(t *Task) *pwsh.Object {
	return pwsh.NewObject("TaskName", t.Name, "TaskPath", t.Path, "State", pwsh.Enum{Of: "StateEnum", Name: t.State},
		"Actions", pwsh.NewArray(pwsh.NewObject("Execute", t.Command, "Arguments", t.Arguments)), "Principal", pwsh.NewObject("UserId", t.User))
}

func (s *Session) task(c *pwsh.Call) *Task {
	needs(c, "TaskName")
	path := c.Text("TaskPath")
	if path == "" {
		path = `\`
	}
	t := s.Machine.Task(path + c.Text("TaskName"))
	if t == nil {
		pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "CmdletizationQuery_NotFound_TaskName,"+c.Name, "No MSFT_ScheduledTask objects found with property 'TaskName' equal to '%s'.", c.Text("TaskName"))
	}
	return t
}

func eventCommand(s *Session, name string) *pwsh.Command {
	m := s.Machine
	if strings.Contains(name, "scheduledtask") && m.year() < 2012 {
		return nil
	}
	switch name {
	case "get-winevent":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "FilterHashtable", "MaxEvents")
			filter, ok := c.Value("FilterHashtable").(*pwsh.Hash)
			if !ok {
				pwsh.Unknown("Get-WinEvent without -FilterHashtable")
			}
			var log string
			var ids []string
			var since, until time.Time
			var provider string
			for _, k := range filter.Keys() {
				v, _ := filter.Get(k)
				switch strings.ToLower(k) {
				case "logname":
					log = pwsh.Text(v)
				case "id":
					if a, list := v.(*pwsh.Array); list {
						for _, e := range a.Items {
							ids = append(ids, pwsh.Text(e))
						}
					} else {
						ids = append(ids, pwsh.Text(v))
					}
				case "starttime":
					since, _ = v.(time.Time)
				case "endtime":
					until, _ = v.(time.Time)
				case "providername":
					provider = pwsh.Text(v)
				default:
					pwsh.Unknown("Get-WinEvent with a filter by %s", k)
				}
			}
			if !m.system.logs[strings.ToLower(log)] {
				pwsh.ThrowID("System.Exception", "NoMatchingLogsFound,Microsoft.PowerShell.Commands.GetWinEventCommand", "There is not an event log on the localhost computer that matches \"%s\".", log)
			}
			var out []any
			for i := len(m.system.events) - 1; i >= 0; i-- {
				e := m.system.events[i]
				if !strings.EqualFold(e.Log, log) || len(ids) > 0 && !slices.Contains(ids, pwsh.Text(int64(e.ID))) || e.At.Before(since) || !until.IsZero() && e.At.After(until) || provider != "" && !strings.EqualFold(provider, e.Source) {
					continue
				}
				out = append(out, pwsh.NewObject("Id", int64(e.ID), "TimeCreated", e.At, "Message", e.Message, "ProviderName", e.Source, "LogName", e.Log, "LevelDisplayName", e.Level, "MachineName", m.FQDN))
				if c.Has("MaxEvents") && len(out) == number(c.Value("MaxEvents")) {
					break
				}
			}
			if len(out) == 0 {
				pwsh.ThrowID("System.Exception", "NoMatchingEventsFound,Microsoft.PowerShell.Commands.GetWinEventCommand", "No events were found that match the specified selection criteria.")
			}
			return out
		}}
	case "get-scheduledtask":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "TaskName", "TaskPath")
			if c.Has("TaskName") {
				return []any{taskObject(s.task(c))}
			}
			var out []any
			for _, t := range m.system.tasks {
				out = append(out, taskObject(t))
			}
			return out
		}}
	case "get-scheduledtaskinfo":
		return &pwsh.Command{Pipeline: "InputObject", Run: func(c *pwsh.Call) []any {
			takes(c)
			var out []any
			for _, v := range c.Input {
				o, ok := v.(*pwsh.Object)
				if !ok {
					pwsh.Unknown("Get-ScheduledTaskInfo of something that is no task")
				}
				n, _ := o.Get("TaskName")
				p, _ := o.Get("TaskPath")
				if t := m.Task(pwsh.Text(p) + pwsh.Text(n)); t != nil {
					out = append(out, pwsh.NewObject("TaskName", t.Name, "LastTaskResult", t.LastResult, "LastRunTime", m.farm.Clock))
				}
			}
			return out
		}}
	case "stop-scheduledtask", "unregister-scheduledtask":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "TaskName", "TaskPath")
			s.elevated()
			t := s.task(c)
			if c.WhatIf {
				return nil
			}
			if name == "stop-scheduledtask" {
				if t.State == "Running" {
					t.State = "Ready"
				}
				return nil
			}
			m.RemoveTask(t)
			return nil
		}}
	case "register-scheduledtask":
		return &pwsh.Command{Switches: []string{"Force"}, Run: func(c *pwsh.Call) []any {
			takes(c, "TaskName", "TaskPath", "Xml", "Force")
			needs(c, "TaskName", "Xml")
			s.elevated()
			var doc struct {
				User    string `xml:"Principals>Principal>UserId"`
				Command string `xml:"Actions>Exec>Command"`
				Args    string `xml:"Actions>Exec>Arguments"`
				Enabled string `xml:"Settings>Enabled"`
			}
			text := c.Text("Xml")
			if end := strings.Index(text, "?>"); end >= 0 {
				text = text[end+2:] // the declaration says UTF-16, which a text in memory is not here
			}
			if err := xml.Unmarshal([]byte(text), &doc); err != nil || doc.Command == "" {
				pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x8004131a,Register-ScheduledTask", "The task XML is malformed.")
			}
			path := c.Text("TaskPath")
			if path == "" {
				path = `\`
			}
			old := m.Task(path + c.Text("TaskName"))
			if force := c.Switch("Force"); old != nil && !force {
				pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x800700b7,Register-ScheduledTask", "Cannot create a file when that file already exists.")
			}
			if c.WhatIf {
				return nil
			}
			if old != nil {
				m.RemoveTask(old)
			}
			t := &Task{Name: c.Text("TaskName"), Path: path, Command: doc.Command, Arguments: doc.Args, User: doc.User, State: "Ready", XML: c.Text("Xml")}
			if doc.Enabled == "false" {
				t.State = "Disabled"
			}
			m.system.tasks = append(m.system.tasks, t)
			return []any{taskObject(t)}
		}}
	}
	return nil
}

// eventStatic is System.Diagnostics.EventLog: sources are the machine's, by name without regard to case, and looking for one that is not there
// reads every log, which only administrators may.
func eventStatic(s *Session, what string, args []any) (any, bool) {
	member, ok := strings.CutPrefix(what, "diagnostics.eventlog::")
	if !ok {
		if what == "diagnostics.eventlogentrytype::warning" {
			return pwsh.Enum{Of: "EventLogEntryType", Name: "Warning", Value: 2}, true
		}
		return nil, false
	}
	m := s.Machine
	source := strings.ToLower(str(args, 0))
	_, there := m.system.sources[source]
	if !there && !s.Elevated {
		pwsh.Throw("System.Security.SecurityException", "The source was not found, but some or all event logs could not be searched. Inaccessible logs: Security.")
	}
	switch member {
	case "sourceexists":
		return there, true
	case "createeventsource":
		if there {
			pwsh.Throw("System.ArgumentException", "Source %s already exists on the local computer.", str(args, 0))
		}
		m.system.sources[source] = str(args, 1)
		m.AddLog(str(args, 1))
		return pwsh.Void, true
	case "deleteeventsource":
		if !there {
			pwsh.Throw("System.ArgumentException", "The event log source '%s' cannot be deleted, because it's not registered on the local computer.", str(args, 0))
		}
		delete(m.system.sources, source)
		return pwsh.Void, true
	case "writeentry":
		if !there {
			m.system.sources[source] = "Application"
		}
		e := Event{Log: m.system.sources[source], Source: str(args, 0), Message: str(args, 1), Level: "Information"}
		if len(args) > 2 {
			e.Level = str(args, 2)
		}
		if len(args) > 3 {
			e.ID = number(args[3])
		}
		m.AddEvent(e)
		return pwsh.Void, true
	}
	return nil, false
}
