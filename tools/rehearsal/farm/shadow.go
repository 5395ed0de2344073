package farm

import (
	"fmt"
	"sort"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// SetWriter adds a VSS writer or changes its state: 1 is stable. State 0 takes it away.
func (m *Machine) SetWriter(name string, state int) {
	if state == 0 {
		delete(m.system.writers, name)
		return
	}
	m.system.writers[name] = state
}

// The writer of SQL Server, which its service SQLWriter brings.
const sqlWriter = "SqlServerWriter"

func (m *Machine) shownWriters() map[string]int {
	out := copied(m.system.writers)
	if m.Running("SQLWriter") {
		if out[sqlWriter] == 0 {
			out[sqlWriter] = 1
		}
	} else {
		delete(out, sqlWriter)
	}
	return out
}

// OnShadow is called with the drives of a shadow copy for which the writers were asked.
func (m *Machine) OnShadow(f func(*Machine, []string)) { m.system.shadow = f }

// shadowProgram is vssadmin list writers (windows.md 5.1) and diskshadow /s.
func shadowProgram(s *Session, name string, args []string) ([]string, int, bool) {
	m := s.Machine
	switch name {
	case "vssadmin.exe":
		if strings.Join(args, " ") != "list writers" {
			return nil, 0, false
		}
		if !s.Elevated {
			return []string{"Error: You don't have the correct permissions to run this command. Please run this utility from a command", "window that has elevated administrator privileges."}, 2, true
		}
		out := []string{"vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool", "(C) Copyright 2001-2013 Microsoft Corp.", ""}
		all := m.shownWriters()
		var names []string
		for w := range all {
			names = append(names, w)
		}
		sort.Strings(names)
		for _, w := range names {
			text := map[int]string{1: "Stable"}[all[w]]
			if text == "" {
				text = "Failed"
			}
			out = append(out, fmt.Sprintf("Writer name: '%s'", w), "   Writer Id: {a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}", "   Writer Instance Id: {5b5f1a3c-0000-4000-8000-000000000001}", fmt.Sprintf("   State: [%d] %s", all[w], text), "   Last error: No error", "")
		}
		return out, 0, true
	case "diskshadow.exe":
		if len(args) != 2 || args[0] != "/s" {
			return nil, 0, false
		}
		if !s.Elevated {
			return []string{"DiskShadow must be run with administrator privileges."}, 1, true
		}
		data, ok := m.Files.Read(args[1])
		if !ok {
			return []string{"The script file cannot be opened."}, 1, true
		}
		out := []string{"Microsoft DiskShadow version 1.0"}
		var volumes []string
		for _, line := range lines(data) {
			words := strings.Fields(line)
			switch {
			case len(words) == 0 || words[0] == "rem":
			case line == "set verbose on", line == "set context volatile", strings.HasPrefix(line, "set metadata "), line == "reset", line == "exit":
			case strings.HasPrefix(line, "writer verify "):
				if m.shownWriters()[sqlWriter] == 0 {
					return append(out, "The writer was not found."), 2, true
				}
			case strings.HasPrefix(line, "add volume "):
				d := strings.ToUpper(strings.TrimPrefix(line, "add volume "))
				if _, there := m.system.disks[d]; !there {
					return append(out, "The volume was not found: "+d), 2, true
				}
				volumes = append(volumes, d)
			case line == "create":
				if m.shownWriters()[sqlWriter] != 1 {
					return append(out, "A writer reported a failure."), 2, true
				}
				if m.system.shadow != nil {
					m.system.shadow(m, volumes)
				}
				out = append(out, fmt.Sprintf("Number of shadow copies listed: %d", len(volumes)))
			default:
				pwsh.Unknown("the diskshadow command %s", line)
			}
		}
		return out, 0, true
	}
	return nil, 0, false
}
