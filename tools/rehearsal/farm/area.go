package farm

import "github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"

// An area is a part of the world that a session reaches: it knows some commands, types and programs, and is asked for each in turn. Names
// come in lower case, types without System.
type area struct {
	command func(s *Session, name string) *pwsh.Command
	static  func(s *Session, member string, args []any, call bool) (any, bool) // "type::member"
	object  func(s *Session, typ string, args []any) (any, bool)
	cast    func(s *Session, typ string, v any) (any, bool)
	// items does what a command with a path (Test-Path, Get-ItemProperty …, in lower case) does on a drive that is no file system: "HKLM:", "IIS:".
	items func(s *Session, command, path string, c *pwsh.Call) ([]any, bool)
	// feature is told of a feature of Windows that came or went.
	feature func(m *Machine, name string, there bool)
	// cim answers Get-CimInstance on a machine; namespace (with backslashes) and class come in lower case.
	cim     func(s *Session, m *Machine, namespace, class, filter string) ([]any, bool)
	program func(s *Session, name string, args []string) ([]string, int, bool) // "setspn.exe"
}

// areas are all areas, in the order in which they are asked.
func areas() []area {
	return []area{systemArea(), databaseArea(), webArea(), mbamArea(), balancerArea(), policyArea()}
}
